"""Demand, revenue, segments and development of deals over years, against closed forms and plain arithmetic."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from deal_trials import models_of, near, trials
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.errors import InvalidInput


def head(periods=1, length=1.0, discount=""):
    return f'[scenario]\nname = "test"\nhorizon = {periods}\nperiod = {length}\n{discount}\n'


PLAIN = """
[inputs]
V = { dist = "lognormal", mu = 6.9, sigma = 0.5 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1 }
R = { dist = "beta", alpha = 18, beta = 2 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
[deal]
mode = "value"
"""

# ---- §2.3: the deal reduces to V * D * R * (1 - L) ----


def test_one_period_is_the_plain_formula_bit_by_bit():
    npv, v, d, r, share, flow = trials(head() + PLAIN, "npv", "V", "D", "R", "L", "cash_flow")
    assert np.array_equal(npv, v * d * r * (1 - share))
    assert np.array_equal(flow, npv)


def test_published_worked_examples_are_exact():
    for d, r, expected in ((0.8, 0.9, 684.0), (0.9, 0.95, 812.25), (0.7, 0.85, 565.25)):
        text = head() + f"[inputs]\nV = 1000\nD = {d}\nR = {r}\nL = 0.05\n[deal]\nmode = 'value'\n"
        assert trials(text, "npv", n=2)[0] == 1000 * d * r * (1 - 0.05) == pytest.approx(expected, rel=1e-15)


@settings(max_examples=15, deadline=None)
@given(
    weights=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=12),
    length=st.sampled_from([0.25, 0.5, 1.0, 1 / 3]),
)
def test_any_allocation_of_the_value_gives_the_plain_formula(weights, length):
    shares = [weight / sum(weights) for weight in weights]
    text = head(len(weights), length) + PLAIN + f"[demand]\nallocation = {shares}\n"
    npv, v, d, r, share = trials(text, "npv", "V", "D", "R", "L", n=300)
    assert np.allclose(npv, v * d * r * (1 - share), rtol=1e-12, atol=0)


@pytest.mark.parametrize("demand", ["", '[demand]\nmodel = "bass"\np = 0.03\nq = 0.38\n'])
def test_even_and_adopted_value_add_up_to_the_plain_formula(demand):
    npv, v, d, r, share = trials(head(10) + PLAIN + demand, "npv", "V", "D", "R", "L", n=2000)
    assert np.allclose(npv, v * d * r * (1 - share), rtol=1e-12, atol=0)


# ---- demand ----

SALE = "[inputs]\nV = 1000\n"


def sales(text, periods=4, length=1.0, expression="sales", **more):
    return trials(head(periods, length) + text, expression, **{"n": 2, **more})


def test_growth_begins_in_the_second_year():
    found = sales(SALE + '[demand]\nmodel = "growth"\ngrowth = 0.1\n')[0]
    assert np.allclose(found, 250 * 1.1 ** np.arange(4), rtol=1e-14)


def test_growth_of_half_years_compounds_to_that_of_years():
    found = sales(SALE + '[demand]\nmodel = "growth"\ngrowth = 0.21\n', 4, 0.5)[0]
    assert np.allclose(found, 250 * 1.1 ** np.arange(4), rtol=1e-14)


def test_a_table_of_demand_and_an_allocation_multiply():
    found = sales(SALE + '[demand]\nmodel = "table"\nindex = [1, 1.5, 2, 0]\nallocation = [0.1, 0.2, 0.3, 0.4]\n')[0]
    assert np.allclose(found, [100, 300, 600, 0], rtol=1e-14)


@pytest.mark.parametrize("length", [1.0, 0.5])
def test_random_demand_has_the_mean_and_variance_of_geometric_brownian_motion(length):
    mu, sigma = 0.08, 0.3
    text = SALE + f'[demand]\nmodel = "gbm"\ndrift = {mu}\nvolatility = {sigma}\n'
    index = sales(text, 4, length, "demand_index", n=100_000)
    for k, t in enumerate(length * np.arange(1, 5)):
        near(index[:, k], math.exp(mu * t))
        assert np.var(np.log(index[:, k])) == pytest.approx(sigma**2 * t, rel=0.03)
    steps = np.diff(np.log(index), axis=1)
    assert abs(np.corrcoef(steps[:, 0], steps[:, 1])[0, 1]) < 0.02, "steps are independent"


def test_adoption_by_the_closed_form():
    """PUB-17: p = .03, q = .38 (Bass 1969): F(5) = .331199, F(10) = .812803, peak at 6.19262 years."""
    text = '[inputs]\nV = 1\n[demand]\nmodel = "bass"\np = 0.03\nq = 0.38\n'
    total = "cumsum(sales) * bass(horizon, demand_p, demand_q)"
    found = sales(text, 10, expression=total)[0]
    assert found[4] == pytest.approx(0.331199, abs=5e-7)
    assert found[9] == pytest.approx(0.812803, abs=5e-7)
    fine = sales(text, 500, 0.02)[0]
    assert 0.02 * (np.argmax(fine) + 0.5) == pytest.approx(6.19262, abs=0.011)
    assert fine.max() * trials(head(500, 0.02) + text, "bass(horizon, 0.03, 0.38)", n=2)[0] / 0.02 == pytest.approx(
        0.110592, abs=1e-6
    )


def test_halving_the_period_leaves_adoption_where_it_was():
    text = '[inputs]\nV = 1\n[demand]\nmodel = "bass"\np = 0.03\nq = 0.38\n'
    years, halves = sales(text, 6)[0], sales(text, 12, 0.5)[0]
    assert np.allclose(years, halves.reshape(6, 2).sum(axis=1), rtol=1e-13)


def test_a_late_launch_takes_the_sales_before_it():
    stages = "[development]\nstages = [{ years = 0.5 }, { years = 1 }]\n"
    assert np.allclose(sales(SALE + stages)[0], [0, 125, 250, 250], rtol=1e-14)
    adopted = SALE + stages + '[demand]\nmodel = "bass"\np = 0.03\nq = 0.38\n'
    found = sales(adopted)[0]

    def adopters(t):
        decayed = math.exp(-0.41 * max(t, 0))
        return (1 - decayed) / (1 + 0.38 / 0.03 * decayed)

    expected = [1000 * (adopters(k - 0.5) - adopters(k - 1.5)) / adopters(4) for k in range(4)]
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


# ---- revenue ----


def revenue(lines, periods=4, length=1.0, expression="sales", before="", **more):
    return trials(head(periods, length) + before + "[revenue]\n" + lines, expression, **{"n": 2, **more})


def test_subscribers_come_and_go():
    lines = 'model = "subscription"\nsubscribers = 1000\nadditions = [500, 400, 0, 100]\nchurn = 0.2\nfee = 12\n'
    held, expected = 1000.0, []
    for new in (500, 400, 0, 100):
        held = held * 0.8 + new
        expected.append(held * 12)
    assert np.allclose(revenue(lines)[0], expected, rtol=1e-14)


def test_churn_of_half_years_compounds_to_that_of_years():
    lines = 'model = "subscription"\nsubscribers = 1000\nchurn = 0.36\nfee = 10\n'
    assert np.allclose(revenue(lines, 2, 0.5)[0], [1000 * 0.8 * 5, 1000 * 0.64 * 5], rtol=1e-14)


def test_only_those_who_convert_pay_and_all_are_served():
    lines = 'model = "subscription"\nsubscribers = 1000\nfee = 10\nconversion = [0.001, 0.01, 0.01, 0.02]\ncost = 2\n'
    assert np.allclose(revenue(lines)[0], [10, 100, 100, 200], rtol=1e-14)
    assert np.allclose(revenue(lines, expression="serving_cost")[0], [2000] * 4, rtol=1e-14)
    calls = 'model = "api"\ncalls = 1000\nprice = 2\nconversion = 0.25\n'
    assert np.allclose(revenue(calls)[0], [500] * 4, rtol=1e-14)


def test_prices_that_fall_tenfold_a_year():
    lines = 'model = "api"\ncalls = 1000\nprice = 2\nprice_decline = 0.9\n'
    found = revenue(lines)[0]
    assert np.allclose(found, 2000 * 10.0 ** -(np.arange(4) + 0.5), rtol=1e-13)
    assert np.allclose(found[1:] / found[:-1], 0.1, rtol=1e-13)
    continuous = revenue(lines.replace("price_decline = 0.9", f"price_erosion = {math.log(10)}"))[0]
    assert np.allclose(found, continuous, rtol=1e-13)


def test_calls_cost_what_is_sold():
    lines = 'model = "api"\ncalls = 1000\nprice = 2\ncost = 0.5\ncost_decline = 0.5\ngrowth = 1\n'
    index = '[inputs]\nD = 0.8\n[demand]\nmodel = "table"\nindex = [1, 1, 0.5, 0]\n'
    sold, cost, flow = trials(head(4) + index + "[revenue]\n" + lines, "sales", "running_costs", "cash_flow", n=2)
    volume = 1000 * 2.0 ** np.arange(4) * 0.8 * np.array([1, 1, 0.5, 0])
    assert np.allclose(sold[0], volume * 2, rtol=1e-14)
    assert np.allclose(cost[0], volume * 0.5 * 0.5 ** (np.arange(4) + 0.5), rtol=1e-14)
    assert np.allclose(flow, sold - cost, rtol=1e-14)


def test_lost_customers_are_not_served():
    lines = '[revenue]\nmodel = "api"\ncalls = 10\nprice = 3\ncost = 1\n'
    rival = "[risks.rival]\nprobability = 1\nseverity = 0.25\nprice_erosion = 0.1\n"
    sold, cost = trials(head(2) + lines + rival, "sales", "serving_cost", n=2)
    assert np.allclose(cost[0], [7.5, 7.5], rtol=1e-14)
    assert np.allclose(sold[0], 7.5 * 3 * np.exp(-0.1 * np.array([0.5, 1.5])), rtol=1e-14)


def test_units_bring_maintenance_for_those_sold_before():
    lines = 'model = "units"\nunits = [10, 20, 0, 5]\nprice = 100\nmaintenance = 0.2\n'
    assert np.allclose(revenue(lines)[0], [1000, 2000 + 200, 600, 500 + 600], rtol=1e-14)


def test_units_sold_late_bring_maintenance_late():
    lines = 'model = "units"\nunits = 10\nprice = 100\nmaintenance = 0.2\n'
    before = "[development]\nstages = [{ years = 1.5 }]\n"
    assert np.allclose(revenue(lines, before=before)[0], [0, 500, 1000 + 100, 1000 + 300], rtol=1e-14)


def test_subscribers_come_after_the_launch():
    lines = 'model = "subscription"\nadditions = 100\nfee = 1\n'
    before = "[development]\nstages = [{ years = 1.5 }]\n"
    found = revenue(lines, before=before, expression="subscribers")[0]
    assert np.allclose(found, [0, 50, 150, 250], rtol=1e-14)


def test_subscribers_pay_from_the_launch_on():
    lines = 'model = "subscription"\nsubscribers = 100\nfee = 2\ncost = 1\n'
    before = "[development]\nstages = [{ years = 1.5 }]\n"
    sold, cost = trials(head(4) + before + "[revenue]\n" + lines, "sales", "serving_cost", n=1)
    assert np.allclose(sold[0], [0, 100, 200, 200], rtol=1e-14) and np.allclose(cost, sold / 2)


def test_days_of_work_and_commission():
    lines = 'model = "service"\ndays = 200\nday_rate = 1000\nutilisation = [0.5, 0.6, 0.7, 0.8]\n'
    assert np.allclose(revenue(lines)[0], 2e5 * np.array([0.5, 0.6, 0.7, 0.8]), rtol=1e-14)
    lines = 'model = "commission"\nvolume = 1000\ncommission = 0.03\ngrowth = 0.5\n'
    assert np.allclose(revenue(lines)[0], 30 * 1.5 ** np.arange(4), rtol=1e-14)
    assert np.allclose(revenue(lines, 2, 0.5)[0], [15, 15 * math.sqrt(1.5)], rtol=1e-14)


def test_segments_add_up():
    text = """
[segments.large-companies]
V = "500 to 900"
D = { dist = "uniform", min = 0.2, max = 0.8 }
[segments."小企业"]
V = 300
D = 0.5
price = 0.7
"""
    sold, v, d = trials(head(2) + text, "sum(sales)", "large_companies_V", "large_companies_D", n=500)
    assert np.allclose(sold, v * d + 300 * 0.5 * 0.7, rtol=1e-13)
    assert trials(head(2) + text, "小企业_price", n=1)[0] == 0.7


def test_a_formula_of_the_user_replaces_the_market():
    text = '[inputs]\nbase = 50\n[model]\nmarket = "base * year"\n'
    text += "[risks.rival]\nprobability = 1\ntime = 1\nseverity = 0.5\n"
    assert np.allclose(sales(text, 3)[0], [50, 50, 75], rtol=1e-14)


# ---- development ----

STAGES = """
[inputs]
V = 900
[development]
stages = [
  { name = "phase II", cost = 20, success = 0.7 },
  { name = "phase III", cost = 100, success = 0.5 },
  { name = "launch", cost = 650 },
]
"""


def enumerated(text, successes, value="npv", n=1):
    """The exact mean over outcomes of stages: each is made certain in turn, and weighted with its probability."""
    total = np.zeros(n)
    for outcome in itertools.product((0, 1), repeat=len(successes)):
        weight = math.prod(p if happened else 1 - p for p, happened in zip(successes, outcome, strict=True))
        changed = text
        for p, happened in zip(successes, outcome, strict=True):
            changed = changed.replace(f"success = {p}", f"success = {happened}", 1)
        total += weight * trials(head() + changed, value, n=n)
    return float(np.mean(total))


def test_the_published_staged_development_comes_out_exactly():
    """PUB-10: phase II 20 (.7), phase III 100 (.5), launch 650, revenue 900: rNPV -2.5."""
    assert enumerated(STAGES, [0.7, 0.5]) == pytest.approx(-2.5, abs=1e-12)
    near(trials(head() + STAGES, "npv", n=100_000), -2.5)


def test_a_stage_that_is_paid_without_being_reached_would_be_noticed():
    wrong = 'stage_3_initial_cost = "development_stages_3_cost"'
    assert enumerated(STAGES + f"[model]\n{wrong}\n", [0.7, 0.5]) < -300


def test_stages_come_one_after_another():
    done = trials(head() + STAGES, "stage_1_done", "stage_2_reached", "stage_2_done", "technical_success", n=20_000)
    assert np.array_equal(done[0], done[1]) and np.array_equal(done[2], done[3])
    near(done[0], 0.7)
    near(done[3], 0.35)
    assert np.all(done[3] <= done[0])


def test_costs_of_stages_fall_when_the_stages_begin():
    text = SALE + (
        "[development]\n"
        "stages = [{ cost = 5, years = 0 }, { cost = 3, years = 1.5 }, { cost = 2, years = 9 }, { cost = 1 }]\n"
    )
    start, later, sold = trials(head(4) + text, "initial_costs", "running_costs", "sales", n=2)
    assert start[0] == 8
    assert np.array_equal(later[0], [0, 2, 0, 0]), "the last stage begins after the horizon"
    assert np.all(sold == 0)


def test_an_uncertain_time_of_0_still_pays_the_next_stage():
    text = (
        SALE
        + '[development]\nstages = [{ years = { dist = "discrete", values = [0, 2], weights = [0.5, 0.5] } },\n'
        + "{ cost = 2 }]\n"
    )
    near(trials(head(4) + text, "sum(running_costs)", n=500), 2.0)


def test_we_pay_our_share_of_the_stages():
    text = STAGES.replace("[development]", "[development]\nour_share = 0.25")
    assert enumerated(text, [0.7, 0.5], "initial_costs") == pytest.approx(0.25 * (20 + 70 + 0.35 * 650))


def test_a_project_is_given_up_where_its_condition_fails():
    text = """
[inputs]
V = { dist = "uniform", min = 0, max = 200 }
[development]
stages = [{ cost = 10 }, { cost = 60, proceed_if = "V > 60" }]
"""
    npv, v, goes = trials(head() + text, "npv", "V", "stage_2_proceeds")
    assert np.array_equal(npv, np.where(v > 60, v - 60, 0.0) * 1.0 - 10.0)
    assert np.array_equal(goes, (v > 60) * 1.0)
    option = 140**2 / 400 - 10
    near(npv, option)
    always = trials(head() + text.replace(', proceed_if = "V > 60"', ""), "npv")
    assert option > 100 - 70 and abs(always.mean() - 30) < 2, "the right to give up is worth something"


def test_conditions_that_are_numbers_count_as_true_where_they_are_not_0():
    text = '[inputs]\nV = { dist = "discrete", values = [0, 7], weights = [0.5, 0.5] }\n'
    text += '[development]\nstages = [{ cost = 10, proceed_if = "V" }]\n'
    npv, v = trials(head() + text, "npv", "V", n=100)
    assert np.array_equal(npv, np.where(v > 0, -3.0, 0.0))


def test_approval_decides_over_everything():
    text = SALE + "[crossborder]\napproval = 0.6\napproval_years = 1\n[deal]\nmode = 'value'\n"
    sold, approved = trials(head(4) + text, "sales", "approved")
    near(approved, 0.6)
    assert np.allclose(sold, approved[:, None] * np.array([0, 250, 250, 250]), rtol=1e-14)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("V >", "formula ends"),
        ("V < 3 < 4", "chain"),
        ("Vv > 3", "did you mean V?"),
        ("year > 3", "one value for all"),
        ("sales > 3", "need each other"),
    ],
)
def test_wrong_conditions_are_found_where_they_stand(condition, said):
    text = (
        head(2)
        + SALE
        + f'[development]\nstages = [\n  {{ cost = 1 }},\n  {{ cost = 2, proceed_if = "{condition}" }},\n]\n'
    )
    with pytest.raises(InvalidInput) as refused:
        models_of(text)
    problem = refused.value.problems[0]
    assert (problem.line, problem.key) == (
        text.split("proceed_if")[0].count("\n") + 1,
        "development.stages[1].proceed_if",
    )
    assert said in str(problem)
