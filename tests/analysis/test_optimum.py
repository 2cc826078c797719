"""The search for the best decision: known optima, constraints, frontier, correct selection, planted faults."""

import math

import numpy as np
import pytest
from scipy import stats

from simengine.aggregate.batches import Batches
from simengine.analysis.decisions import selection
from simengine.analysis.decisions.constraints import read_constraint
from simengine.analysis.decisions.evaluate import evaluator
from simengine.analysis.decisions.optimum import Aim, find_optimum
from simengine.analysis.decisions.variables import read_range, variables_of
from simengine.analysis.measures import read_measure
from simengine.analysis.variants import Draws
from simengine.deal.expand import expand
from simengine.errors import InvalidInput, NonFiniteOutcome
from simengine.plan.draws import addresses_of
from simengine.report.optimum import optimum_csv, optimum_object, optimum_report
from simengine.report.text import Style
from simengine.sampling.design import Design
from simengine.scenario import loads

NEWSVENDOR = """
[scenario]
name = "newsvendor"
[inputs]
demand = { dist = "normal", mean = 100, sd = 20 }
[decisions]
order = { min = 0, max = 200 }
[model]
T = "5 * min(demand, order) - 2 * order"
"""
"""Best order: the quantile (5 - 2) / 5 of the demand, 100 + 20 * 0.25335; profit 3 * 100 - 5 * 20 * phi(0.25335)."""


def setup(text, ranges=(), *, trials=8192, sampler="sobol", seed=1):
    scenario = loads(text)
    models = {model.strategy: model for model in expand(scenario)}
    variables = {name: variables_of(scenario, name, [read_range(r) for r in ranges]) for name in models}
    draws = Draws(trials, seed, sampler, addresses_of(list(models.values())))
    return models, variables, draws


def search(text, objective="mean", constraints=(), *, ranges=(), maximise=None, **how):
    given = {key: how.pop(key) for key in ("trials", "sampler", "seed") if key in how}
    models, variables, draws = setup(text, ranges, **given)
    measure = read_measure(objective, ["T"])
    minimise = measure.less_is_better if maximise is None else not maximise
    aim = Aim(measure, minimise, tuple(read_constraint(text, ["T"]) for text in constraints))
    return find_optimum(models, variables, aim, draws, **how)


def test_the_newsvendor_orders_the_critical_quantile():
    found = search(NEWSVENDOR)
    z = stats.norm.ppf(0.6)
    assert found.best.setting["order"] == pytest.approx(100 + 20 * z, abs=0.5)
    exact = 300 - 100 * stats.norm.pdf(z)
    for measured, batches in ((found.best.measured, found.batches), (found.fresh, found.fresh_batches)):
        error = float(measured[0].error(batches))
        assert error < 0.05
        assert abs(measured.value[0] - exact) < 4 * error


def test_the_best_percentile_is_another_order():
    """P10 of T is 5 min(q10, order) - 2 order: rising up to the tenth percentile of the demand, falling beyond it."""
    found = search(NEWSVENDOR, "P10")
    assert found.best.setting["order"] == pytest.approx(100 + 20 * stats.norm.ppf(0.1), abs=0.5)


def test_steps_and_choices_are_all_tried():
    text = NEWSVENDOR.replace("max = 200", "max = 200, step = 5")
    found = search(text)
    assert found.searched["base"].method == "all combinations"
    assert found.searched["base"].evaluations == 41
    assert found.best.setting["order"] == 105.0
    assert found.indifference == 0.0
    assert found.chance > 0.999
    few = search(NEWSVENDOR.replace("min = 0, max = 200", "choices = [60, 140, 90]"))
    assert few.best.setting["order"] == 90.0


def test_mixed_variables_and_many_combinations_go_to_the_optimiser():
    """T = -(x - 3)**2 - (n - 17)**2 - (m - 4)**2, with n whole, m of choices, and x continuous."""
    text = """
[scenario]
name = "mixed"
[inputs]
e = { dist = "normal", mean = 0, sd = 1 }
[decisions]
x = { min = -10, max = 10 }
n = { min = 0, max = 100, step = 1 }
m = { choices = [1, 2, 4, 8, 16] }
[model]
T = "e - (x - 3)**2 - (n - 17)**2 - (m - 4)**2"
"""
    found = search(text, trials=1024, evaluations=1200)
    assert found.best.setting["n"] == 17.0 and found.best.setting["m"] == 4.0
    assert found.best.setting["x"] == pytest.approx(3.0, abs=0.01)
    assert found.searched["base"].evaluations <= 1200


def test_a_chance_constraint_binds_where_it_should():
    """P(T < 0) = P(demand < 0.4 order) < 0.1 %: order < (100 - 20 * 3.0902) / 0.4 = 95.5."""
    found = search(NEWSVENDOR, constraints=["P(T < 0) <= 0.1 %"], trials=65536)
    assert found.best.setting["order"] == pytest.approx((100 + 20 * stats.norm.ppf(0.001)) / 0.4, abs=2.0)
    (margin,) = found.margins
    assert margin.binds and margin.value <= 0.001
    slack = search(NEWSVENDOR, constraints=["P(T < 0) <= 30 %"])
    assert not slack.margins[0].binds and slack.margins[0].holds_afresh


def test_constraints_that_cannot_be_met_say_which_and_how_near():
    with pytest.raises(InvalidInput, match=r"mean of T > 400: no candidate of [\d,]+ meets it; the nearest is 261"):
        search(NEWSVENDOR, constraints=["mean > 400", "P(T < 0) < 50 %"])
    with pytest.raises(InvalidInput, match=r"each can be met, but not together; .* misses"):
        search(NEWSVENDOR, constraints=["mean > 261", "P(T < 0) < 0.01 %"])


def test_losses_and_spreads_are_minimised():
    text = NEWSVENDOR.replace("min = 0, max = 200", "min = 10, max = 200, step = 10")
    assert search(text, "CVaR95").best.setting["order"] in (50.0, 60.0)
    assert search(text, "sd").best.setting["order"] == 10.0
    worst = search(text, "mean", maximise=False).best
    assert worst.setting["order"] == 10.0 and worst.measured.value[0] == pytest.approx(30.0, abs=0.01)


def test_the_strategy_is_chosen_with_its_values():
    text = NEWSVENDOR + '[strategies.near]\n[strategies.far]\nmodel.T = "5 * min(demand, order) - 1 * order"\n'
    found = search(text)
    assert found.best.strategy == "far"
    assert found.best.setting["order"] == pytest.approx(100 + 20 * stats.norm.ppf(0.8), abs=0.6)
    assert {candidate.strategy for candidate in found.candidates} == {"near", "far"}


def test_numbers_of_the_scenario_are_varied_by_path():
    text = NEWSVENDOR + "[costs]\nfee = 3\n[strategies.a]\n[strategies.b]\ninputs.demand = 120\n"
    text = text.replace("- 2 * order", "- 2 * order - costs_fee**2 + 10 * costs_fee")
    found = search(text, ranges=["costs.fee=0:20:1", "decisions.order=80:130:10"])
    assert found.best.strategy == "b"
    assert found.best.setting == {"order": 120.0, "costs_fee": 5.0}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("costs.fe=0:1", "did you mean costs.fee"),
        ("inputs.demand.mean=0:1", "inputs.demand is a distribution"),
        ("strategies.c.costs.fee=0:1", "there is no such strategy"),
        ("costs.fee=1:0", "bounds are reversed"),
        ("costs.fee=a:b", "is not a range"),
        ("costs.fee", "is not a range"),
        ("costs.fee=0:1:5", "does not divide"),
    ],
)
def test_what_cannot_be_varied_is_explained(path, said):
    text = NEWSVENDOR + "[costs]\nfee = 3\n[strategies.a]\n"
    text = text.replace("- 2 * order", "- 2 * order - costs_fee")
    with pytest.raises(InvalidInput, match=said):
        search(text, ranges=[path])


def test_candidates_have_the_bits_of_runs_with_their_values():
    from simengine.engine.run import run
    from simengine.plan.compile import build_plan

    models, variables, draws = setup(NEWSVENDOR, trials=5000, sampler="random", seed=9)
    one = evaluator(models["base"], variables["base"], [read_measure("mean", ["T"]), read_measure("P10", ["T"])], draws)
    points = [[order] for order in (0.0, 60.0, 105.0, 200.0)]
    found = one.at(points)
    assert one.at(points) == found and len(one.candidates) == 4
    for candidate, (order,) in zip(found, points, strict=True):
        text = NEWSVENDOR.replace("max = 200", f"max = 200, value = {order}")
        (exact,) = run(build_plan(expand(loads(text))), trials=5000, seed=9, percentiles=(10.0,)).outcomes
        assert candidate.measured.value[0] == pytest.approx(exact.mean, rel=1e-13)
        assert candidate.measured.value[1] == exact.quantiles[0]


def test_an_outcome_that_is_not_finite_names_the_candidate():
    text = NEWSVENDOR.replace("- 2 * order", "- 2 * order + log(order - 10)")
    with pytest.raises(NonFiniteOutcome, match="where it was searched: order = "):
        search(text, evaluations=40)


def test_the_same_search_gives_the_same_digits_and_another_number_of_threads_too():
    first, again = search(NEWSVENDOR, evaluations=120), search(NEWSVENDOR, evaluations=120)
    assert optimum_object(first, "") == optimum_object(again, "")


def test_the_frontier_is_efficient():
    gains, losses = np.array([1.0, 2.0, 3.0, 3.0, 0.0]), np.array([1.0, 0.5, 3.0, 2.0, 4.0])
    assert selection.efficient(gains, losses) == [1, 3]
    found = search(NEWSVENDOR.replace("max = 200", "max = 200, step = 5"))
    values = [candidate.measured.value[-2:] for candidate in found.frontier]
    for k, (mean, loss) in enumerate(values):
        assert not any(m >= mean and c <= loss and (m > mean or c < loss) for m, c in values[:k] + values[k + 1 :])
    orders = [candidate.setting["order"] for candidate in found.frontier]
    assert min(orders) == pytest.approx(60.0, abs=10.0) and max(orders) == 105.0  # from least loss to greatest mean


def test_the_optimisers_curse_is_seen_on_the_draws_of_the_search_and_not_on_fresh_ones():
    """Twenty strategies of equal worth: the best of them looks better than 0 by about 1.87 standard errors."""
    names = [f"s{k}" for k in range(20)]
    text = '[scenario]\nname = "equal"\n[decisions]\nx = { choices = [0] }\n[inputs]\n'
    text += "".join(f'{name} = {{ dist = "normal", mean = 0, sd = 1 }}\n' for name in names)
    text += '[model]\nT = "s0 + x"\n' + "".join(f'[strategies.of{n}]\nmodel.T = "{n} + x"\n' for n in names)
    selected, fresh, chances = [], [], []
    for seed in range(16):
        found = search(text, trials=1024, sampler="random", seed=seed)
        selected.append(found.best.measured.value[0] * 32)
        fresh.append(found.fresh.value[0] * 32)
        chances.append(found.chance)
    assert np.mean(selected) == pytest.approx(1.867, abs=0.5)
    assert abs(np.mean(fresh)) < 4 / math.sqrt(16)
    assert np.mean(chances) < 0.2


def test_the_chance_of_correct_selection_is_a_lower_bound_that_holds():
    """Two normal candidates a known distance apart: the frequency of the right choice is at least the mean bound."""
    text = '[scenario]\nname = "two"\n[inputs]\na = { dist = "normal", mean = 0, sd = 1 }\n'
    text += 'b = { dist = "normal", mean = 0, sd = 1 }\n[decisions]\nx = { choices = [0, 1] }\n'
    text += '[model]\nT = "where(x, b + 0.06, a)"\n'
    right, chances = [], []
    for seed in range(80):
        found = search(text, trials=1024, sampler="random", seed=seed)
        right.append(found.best.setting["x"] == 1.0)
        chances.append(found.chance)
    exact = stats.norm.cdf(0.06 / math.sqrt(2 / 1024))
    assert np.mean(right) == pytest.approx(exact, abs=0.11)
    assert np.mean(chances) < np.mean(right) + 0.08
    assert np.mean(chances) > 0.75


CONSTRAINED = """
[scenario]
name = "constrained"
[inputs]
V = { dist = "normal", mean = 0, sd = 1 }
[decisions]
x = { choices = [1, 1.2, 1.4, 1.6, 1.8, 2] }
[model]
T = "x + 2 * x * V"
"""
"""The mean rises with x, and so does P(T < -3) = Phi((-3 - x) / 2 x)."""


@pytest.mark.parametrize("at", [1.6, 1.7])
def test_the_chance_of_correct_selection_knows_that_constraints_have_errors(at):
    """The limit is that of x = ``at``, so 1.6 is right; of 1,024 draws every second search finds another."""
    limit = stats.norm.cdf((-3 - at) / (2 * at)) + 1e-9
    right, chances = [], []
    for seed in range(60):
        found = search(CONSTRAINED, constraints=[f"P(T < -3) <= {limit:.9f}"], trials=1024, sampler="random", seed=seed)
        right.append(found.best.setting["x"] == 1.6)
        chances.append(found.chance)
    assert 0.3 < np.mean(right) < 0.8
    assert np.mean(chances) <= np.mean(right) + 0.02


def test_the_chance_is_high_where_constraints_and_objective_leave_no_doubt():
    text = CONSTRAINED.replace("[1, 1.2, 1.4, 1.6, 1.8, 2]", "[1, 1.5, 3]")
    found = search(text, constraints=["P(T < -3) <= 10 %"], trials=8192, sampler="random")
    assert found.best.setting["x"] == 1.5 and found.chance > 0.99
    text = optimum_report(found, "", "", Style())
    assert "that it meets the constraints and that none of the 3 candidates" in " ".join(text.split())


def test_a_constraint_that_nothing_uncertain_touches_is_exact_and_one_that_was_never_tested_is_unknown():
    text = CONSTRAINED + 'cost = "10 * x"\n[outputs.T]\n[outputs.cost]\n'
    models, variables, draws = setup(text, trials=8192)
    aim = Aim(read_measure("mean", ["T"]), False, (read_constraint("mean of cost <= 16", ["T", "cost"]),))
    found = find_optimum(models, variables, aim, draws)
    assert found.best.setting["x"] == 1.6 and found.chance > 0.99
    never = search(CONSTRAINED, constraints=["P(T < -1000) <= 0 %"], trials=8192)
    assert never.chance == 0.0  # seen at its limit: whether it holds is open
    rare = search(CONSTRAINED, constraints=["P(T < -1000) <= 1 %"], trials=8192)
    assert rare.chance > 0.99


def test_a_rare_event_that_was_not_drawn_leaves_the_chance_unknown():
    text = '[scenario]\nname = "rare"\n[risks.crash]\nprobability = 0.00001\nseverity = 1.0\n'
    text += '[decisions]\nx = { choices = [0, 1] }\n[model]\nT = "10 + x * (1 - 200000 * crash)"\n'
    found = search(text, trials=1024, sampler="random")
    assert found.best.setting["x"] == 1.0 and math.isnan(found.chance)
    assert "Chance of correct selection: unknown" in optimum_report(found, "", "", Style())


@pytest.mark.parametrize("others", [1, 50, 800])
def test_what_is_as_good_goes_by_students_limits(others):
    """The errors contain Student's factor at 95 % already; with normal limits too many are told apart."""
    batches = Batches.of(Design.of("random", 3200))
    limit = stats.t.ppf(1 - 0.05 / others, 31) / stats.t.ppf(0.975, 31) * stats.norm.ppf(0.975)
    gaps = np.full(others, limit * 1.002)
    assert not selection.indistinguishable(gaps, np.ones(others), batches).any()
    assert selection.indistinguishable(gaps * 0.995, np.ones(others), batches).all()


def test_a_planted_fault_in_the_pairing_is_seen(monkeypatch):
    """Were errors of differences those of independent samples, neighbours would not be told apart."""
    text = NEWSVENDOR.replace("max = 200", "max = 200, step = 5")
    true = search(text, sampler="random")
    original = selection.gaps_to

    def unpaired(best, others, sign, batches):
        gaps, _ = original(best, others, sign, batches)
        own = float(best.measured[0].error(batches))
        return gaps, np.array([math.hypot(own, float(o.measured[0].error(batches))) for o in others])

    monkeypatch.setattr("simengine.analysis.decisions.optimum.gaps_to", unpaired)
    assert search(text, sampler="random").chance < true.chance - 0.1


def test_the_report_says_it_all():
    found = search(NEWSVENDOR, constraints=["P(T < 0) <= 0.1 %"], evaluations=200)
    text = optimum_report(found, "A newsvendor", "USD", Style())
    for piece in ("largest mean of T [USD]", "subject to P(T < 0) <= 0.1 %", "binds", "fresh draws", "change from now",
                  "Chance of correct selection", "Efficient frontier"):  # fmt: skip
        assert piece in text, piece
    lines = optimum_csv(found).decode().splitlines()
    assert len(lines) == 1 + len(found.candidates)
    assert sum(line.endswith(",1") for line in lines) == 1
    assert optimum_object(found, "x")["best"]["order"] == found.best.setting["order"]
