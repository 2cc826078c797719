"""What an event costs us against the course without it, what courts make good of that, and what ends with the deal."""

from __future__ import annotations

import numpy as np
import pytest
from deal_cases import deal, sales_of, scenario

from simengine.deal.expand import expand
from simengine.engine.run import draw
from simengine.errors import InvalidInput
from simengine.plan.compile import build_plan, everything
from simengine.scenario import loads

LEAK = "[risks.leak]\nrate = 0.6\nseverity = { dist = 'beta', alpha = 2, beta = 2 }\nprice_erosion = 0.05\n"
SUIT = "litigation = { recovery = 1 }\n"
"""A court that makes good all at once: certain, full, immediate."""
API = "[revenue]\nmodel = 'api'\ncalls = 100\nprice = 1\ncost = 0.9\n"

RIVAL = "[risks.rival]\nrate = 0.3\nseverity = 0.3\nlegal_share = 0.2\nclaim_cut = 0.1\n"
BORDER = "[crossborder]\ncurrency = 'EUR'\nrate = 1.2\nvolatility = 0.1\nwithholding = 0.1\nvat = 0.06\n"
SURVIVAL = "[partner]\nmode = 'survival'\nannual_default = 0.2\nrecovery = 0.3\n"
COSTS = (
    "[costs.support]\nannual = 1\nshare_of_sales = 0.02\n[grants.region]\nshare_of_sales = 0.01\n"
    "[mitigations.watch]\nannual = 0.5\nalways = true\n"
)
TERMS = {
    "value": "",
    "licence": "royalty = { tiers = [{ up_to = 60, rate = 0.04 }, { rate = 0.09 }], minimum = 1, lifetime_cap = 30 }\n"
    "fee = 0.5\nmilestones = [{ sales_above = 250, amount = 3 }, { year = 3.5, amount = 2 }]",
    "sale": "price = 9\nearn_out = { share = 0.1, years = 3 }",
    "joint-venture": "equity = 0.4\ncapital = 6\ncapital_annual = 1\nmargin = 0.6\nopex = 20\nexit_multiple = 2\n"
    "fee = 1",
    "cooperation": "profit_share = { share = 0.3, cost_ratio = 0.5, cost = 4 }\nminimum_commitment = 2",
}

# ---- awards ----


@pytest.mark.parametrize("mode", TERMS)
@pytest.mark.parametrize("ending", ["", "terminates = 0.5\nlegal_share = 0.1\n"])
def test_a_certain_full_and_immediate_award_restores_the_value(mode, ending):
    """Whatever the terms, taxes on payments, defaults, other risks: with the award the deal is worth what it was."""

    def text(risk: str) -> str:
        return scenario(
            f"[deal]\nmode = '{mode}'\n{TERMS[mode]}\n",
            risk,
            RIVAL,
            BORDER + ("dividend_withholding = 0.05\n" if mode == "joint-venture" else ""),
            SURVIVAL,
            COSTS,
            API.replace("calls = 100", "calls = '60 to 140'").replace("cost = 0.9", "cost = 0.2"),
            horizon=5,
            head="discount = { rate = 0.1 }\n",
            market="[inputs]\nL = 0.05\n",
        )

    restored, free = deal(text(LEAK + ending + SUIT), trials=400), deal(text(""), trials=400)
    bare = deal(text(LEAK + ending), trials=400)
    assert np.array_equal(free["rival_time"], restored["rival_time"])
    cheaper = bare["npv"] < free["npv"] - 1e-9
    assert 0.3 < cheaper.mean() < 1
    assert np.allclose(restored["npv"][cheaper], free["npv"][cheaper], rtol=1e-10, atol=1e-10)
    assert np.allclose(restored["npv"][~cheaper], bare["npv"][~cheaper]), "nothing lost, nothing awarded"


def test_an_award_leaves_the_partners_decision_as_it_was():
    """Where the partner launches all the same, an award restores the value; where it walks away there is none."""

    def text(risk: str) -> str:
        return scenario(
            "[development]\nstages = [{ years = 1, success = 0.8 }]\n",
            "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1, minimum = 3 }\n",
            "[partner]\nmargin = 0.4\nlaunch_cost = 40\nwalk_away = true\nmode = 'survival'\nannual_default = 0.1\n",
            risk,
            horizon=5,
            head="discount = { rate = 0.1 }\n",
            market="[inputs]\nV = { dist = 'uniform', min = 100, max = 800 }\nD = 1\n",
        )

    restored, free = deal(text(LEAK + SUIT), trials=400), deal(text(""), trials=400)
    launched = restored["launched"] == 1
    assert 0.2 < launched.mean() < 0.9 and np.all(free["launched"][launched] == 1)
    assert np.allclose(restored["npv"][launched], free["npv"][launched])
    assert np.all(restored["npv"] <= free["npv"] + 1e-9)


def test_costs_that_were_saved_are_no_loss():
    leak = "[risks.leak]\nprobability = 1\nseverity = 1\nlitigation = { recovery = 1 }\n"
    assert deal(scenario(API, leak, market="")).one("npv") == pytest.approx(30)
    dear = deal(scenario(API.replace("0.9", "1.2"), leak, market=""))
    assert dear.one("leak_award") == 0, "what was not worth selling is not paid for"


def test_a_delayed_award_is_carried_forward():
    leak = "[risks.leak]\nprobability = 1\ntime = 0.5\nseverity = 1\nlitigation = { recovery = 0.5, delay_years = 2 }\n"
    found = deal(scenario(leak, head="discount = { rate = 0.1, timing = 'end' }\n"))
    worth = 50 / 1.1 + 100 / 1.1**2 + 100 / 1.1**3
    assert found.one("leak_award") == pytest.approx(worth / 2)
    assert found.path("leak_recovered") == pytest.approx([0, 0, worth / 2 * 1.1**3])


def test_two_suits_do_not_claim_one_loss():
    """Without either event the milestone would have been reached: both claim it, and it is paid for once."""
    risks = "".join(
        f"[risks.{n}]\nprobability = 1\nseverity = 0.1\nlitigation = {{ recovery = 1 }}\n" for n in ("leak", "copy")
    )
    terms = "[deal]\nmode = 'licence'\nmilestones = [{ sales_above = 260, amount = 10 }]\n"
    found = deal(scenario(terms, risks))
    assert found.path("milestones") == [0, 0, 0]
    assert found.one("leak_award") == found.one("copy_award") == 10
    assert found.one("npv") == pytest.approx(10)


def test_two_suits_over_all_that_they_cost_restore_it():
    risks = "".join(f"{LEAK.replace('leak', n)}{SUIT}" for n in ("leak", "copy"))
    found = deal(scenario(risks, head="discount = { rate = 0.1 }\n"), trials=500)
    free = deal(scenario(head="discount = { rate = 0.1 }\n"))
    assert np.all(found["npv"] <= free.one("npv") + 1e-9)
    one = (found["leak_time"] > 3) != (found["copy_time"] > 3)
    assert 0.1 < one.mean() < 0.9 and np.allclose(found["npv"][one], free.one("npv"))


# ---- a venture ----

VENTURE = "[deal]\nmode = 'joint-venture'\nequity = 0.4\nmargin = 0.5\nopex = 80\nexit_multiple = 1\n"


def test_losses_of_a_venture_are_borne_in_full():
    found = deal(scenario(VENTURE, market="[inputs]\nV = 300\nD = 1\nR = 0.5\nL = 0.2\n"))
    assert found.path("receipts") == pytest.approx([0.4 * -30] * 3)
    profit = deal(scenario(VENTURE.replace("80", "20"), market="[inputs]\nV = 300\nD = 1\nR = 0.5\nL = 0.2\n"))
    assert profit.path("receipts") == pytest.approx([0.4 * 30 * 0.5 * 0.8] * 3)


def test_a_cut_takes_of_profits_and_not_of_losses():
    dispute = "[risks.dispute]\nprobability = 1\nclaim_cut = 0.5\n"
    assert deal(scenario(VENTURE, dispute)).path("receipts") == pytest.approx([-12] * 3)
    assert deal(scenario(VENTURE.replace("80", "20"), dispute)).path("receipts") == pytest.approx([6] * 3)


def test_a_venture_that_is_ended_is_worth_nothing_to_either_side():
    ends = "[risks.dispute]\nprobability = 1\ntime = 1.5\nterminates = 1\n"
    venture = VENTURE.replace("80", "20") + "capital_annual = 10\n"
    found = deal(scenario(venture, ends))
    assert found.path("cash_flow") == pytest.approx([0.4 * 20, 0.4 * 10, 0])
    assert found.path("partner_cash_flow") == pytest.approx([0.6 * 20, 0.6 * 10, 0])
    late = deal(scenario(venture, ends.replace("1.5", "2.9")))
    assert late.path("exit_value") == [0, 0, 0], "what counts is whether it stands at the horizon"


def test_a_default_ends_a_venture_for_both():
    venture = VENTURE.replace("80", "20") + "capital_annual = 10\n"
    found = deal(scenario(venture, SURVIVAL.replace("recovery = 0.3\n", "")), trials=300)
    time, end = found["partner_default_time"], np.arange(1.0, 4.0)[:, None]
    runs, pays = time > end - 1, time > end
    assert 0.2 < (time < 3).mean() < 0.8
    leave = 100 * (end == 3) * pays
    assert np.allclose(found.yearly("cash_flow"), 0.4 * (30 * pays - 10 * runs + leave))
    assert np.allclose(found.yearly("partner_cash_flow"), 30 * runs - 12 * pays - 6 * runs + 0.6 * leave)


def test_a_launch_is_worth_what_the_exit_brings():
    partner = "[partner]\nmargin = 1\nwalk_away = true\n"
    assert deal(scenario(VENTURE, partner)).one("launch_value") == pytest.approx(0.6 * (-90 + 100))
    assert deal(scenario(VENTURE, partner)).one("launched") == 1
    assert deal(scenario(VENTURE.replace("exit_multiple = 1\n", ""), partner)).one("launched") == 0


# ---- after a default ----


def test_a_bankrupt_partner_sells_nothing_and_uses_up_no_cap():
    text = scenario(
        "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1, minimum = 4, lifetime_cap = 25 }\n"
        "milestones = [{ sales_above = 280, amount = 7 }]\n",
        "[partner]\nmode = 'survival'\nannual_default = 0.4\nreplacement = { years = 1 }\n",
        "[costs.support]\nshare_of_sales = 0.01\n[risks.law]\nprobability = 1\ntime = 3.5\nfine = 0.1\n",
        horizon=6,
    )
    found = deal(text, trials=400)
    time, end = found["partner_default_time"], np.arange(1.0, 7.0)[:, None]
    gap = (end - 1 >= time) & (end - 1 < time + 1)
    sold = 100.0 * ~gap
    assert gap.any() and np.allclose(found.yearly("sales"), sold)
    owed = np.diff(np.minimum(np.cumsum(10.0 * ~gap, axis=0), 25), axis=0, prepend=0)
    reached = np.diff(np.cumsum(sold, axis=0) >= 280, axis=0, prepend=False)
    assert np.allclose(found.yearly("claim"), owed + 7 * reached)
    fined = 0.1 * sold * (end == 4)
    assert np.allclose(found.yearly("running_costs"), 0.01 * sold + fined)


def test_sales_of_a_formula_are_not_owed_by_partners_that_are_gone():
    text = scenario(
        "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1 }\n"
        "[partners.north]\nshare = 0.6\nannual_default = 0.3\n[partners.south]\nshare = 0.4\nannual_default = 0.2\n",
        market=sales_of(100, 200, 300),
    )
    found = deal(text, trials=200)
    end, sold = np.arange(1.0, 4.0)[:, None], np.array([[100.0], [200], [300]])
    paying = sum(s * (end < found[f"{n}_default_time"]) for n, s in (("north", 0.6), ("south", 0.4)))
    assert np.allclose(found.yearly("receipts"), 0.1 * sold * paying)


# ---- what ends, and when ----


def test_a_fine_is_a_share_of_the_sales_that_the_ban_takes():
    ban = "[risks.ban]\nprobability = 1\ntime = 0.5\nseverity = 1\nduration_years = 1\nfine = 0.1\n"
    assert deal(scenario(ban)).path("ban_costs") == pytest.approx([10, 0, 0])


def test_the_end_of_a_deal_ends_its_costs():
    text = scenario(
        "[deal]\nmode = 'sharing'\ncost_avoided = 8\nfee = 3\n[costs.support]\nannual = 2\nshare_of_sales = 0.01\n",
        "[grants.region]\nannual = 0.5\n[mitigations.watch]\nannual = 1\nalways = true\n",
        "[risks.dispute]\nprobability = 1\ntime = 1.5\nterminates = 1\ncost = 4\n",
        "[risks.breach]\nprobability = 1\ntime = 2.5\ncost = 100\n",
    )
    found = deal(text)
    assert found.path("cash_flow") == pytest.approx([7.5, 3.75 - 4, 0]), "nor does anything happen to it afterwards"


def test_running_the_business_ourselves_ends_with_the_deal():
    ends = "[risks.dispute]\nprobability = 1\ntime = 1\nterminates = 1\n"
    assert deal(scenario(API, ends, market="")).path("cash_flow") == pytest.approx([10, 0, 0])


def test_spending_ends_with_the_stage_that_fails():
    stages = "[development]\nstages = [{ years = 1, success = 0.5 }, { years = 2, success = 0.5 }]\n"
    found = deal(scenario(stages, "[costs.support]\nannual = 2\n", horizon=5), trials=200)
    first, both = found["stage_1_succeeds"], found["technical_success"]
    assert 0 < both.mean() < first.mean() < 1
    after = [1 + 0 * first, first, first, both, both]
    assert np.allclose(found.yearly("running_costs"), 2 * np.array(after))


def test_a_project_that_is_given_up_is_not_paid_for_any_longer():
    stages = "[development]\nstages = [{ years = 1 }, { years = 2, proceed_if = 'V > 150' }]\n"
    market = "[inputs]\nV = { dist = 'uniform', min = 100, max = 200 }\nD = 1\n"
    found = deal(scenario(stages, "[costs.support]\nannual = 2\n", market=market, horizon=4), trials=200)
    on = 1.0 * (found["V"] > 150)
    assert np.allclose(found.yearly("running_costs"), 2 * np.array([1 + 0 * on, on, on, on]))


def test_in_a_licence_the_partner_bears_the_cost_of_serving():
    found = deal(
        scenario(
            API,
            "[deal]\nmode = 'licence'\nroyalty = { rate = 0.05 }\n[partner]\nmargin = 1\nwalk_away = true\n",
            market="",
        )
    )
    assert found.one("launch_value") == pytest.approx(300 - 270 - 15)
    assert found.path("partner_cash_flow") == pytest.approx([5] * 3) and found.path("cash_flow") == pytest.approx(
        [5] * 3
    )


@pytest.mark.parametrize(("years", "end", "launched"), [(1, 5, 1), (3.5, 5, 0), (1, 0.5, 0)])
def test_no_launch_after_the_horizon_or_the_end_of_the_deal(years, end, launched):
    text = scenario(
        f"[development]\nstages = [{{ years = {years} }}]\n[deal]\nmode = 'licence'\nroyalty = {{ rate = 0.1 }}\n",
        "[partner]\nmargin = 0.4\nwalk_away = true\n",
        f"[risks.dispute]\nprobability = 1\ntime = {end}\nterminates = 1\n",
    )
    assert deal(text).one("launched") == launched


@pytest.mark.parametrize(
    ("course", "paid"),
    [
        ("", 5.0),
        ("duration_years = 1\n", 10.0),
        ("duration_years = 2\n", 5.0),
        ("ramp_years = 2\n", 5 + 5 * np.exp(-0.75)),
    ],
)
def test_a_milestone_is_cut_by_the_terms_of_the_time_when_it_is_due(course, paid):
    terms = "[deal]\nmode = 'licence'\nmilestones = [{ year = 1.5, amount = 20 }, { year = 3, amount = 10 }]\n"
    text = scenario(terms, f"[risks.dispute]\nprobability = 1\ntime = 1.5\nclaim_cut = 0.5\n{course}")
    first = 20 if "ramp" in course else 10
    assert deal(text).path("claim") == pytest.approx([0, first, paid])


@pytest.mark.parametrize(("launch", "years", "sold"), [(2.8, 2.5, 0), (2.2, 2.6, 40), (0.5, 2.5, 200), (1, 9, 200)])
def test_a_term_ends_what_is_sold_after_a_launch_in_the_same_period(launch, years, sold):
    terms = f"[deal]\nmode = 'licence'\nroyalty = {{ rate = 0.1, years = {years} }}\n"
    stages = f"[development]\nstages = [{{ years = {launch} }}]\n"
    assert sum(deal(scenario(terms, stages)).path("royalty")) == pytest.approx(0.1 * sold)


def test_adoption_needs_someone_who_begins():
    with pytest.raises(InvalidInput, match="above 0") as refused:
        deal(scenario("[demand]\nmodel = 'bass'\np = 0\nq = 0.4\n"))
    assert refused.value.problems[0].key == "demand.p"
    assert loads(scenario("[demand]\nmodel = 'bass'\np = 0.01\nq = 0.4\n")) is not None


OWN_SALES = """
[scenario]
name = "own-sales"
horizon = 4
[model]
sales = "100"
[partner]
mode = "survival"
annual_default = 0.9999
margin = 0.5
[risks.fined]
probability = 1
time = 2.5
fine = 0.1
[deal]
mode = "licence"
royalty = { rate = 0.1 }
"""


def test_sales_of_a_formula_end_with_the_default_too() -> None:
    model = expand(loads(OWN_SALES))[0]
    values = draw(build_plan([model], record="everything", years=True), 1, 0, 64)
    names = [(output.name, output.year) for output in everything(model)]
    found = dict(zip(names, values, strict=True))
    early = found["partner_default_time", None] <= 1.0
    assert early.mean() > 0.9
    for year in (2.0, 3.0, 4.0):
        assert np.all(found["partner_cash_flow", year][early] == 0.0)
        assert np.all(found["fined_costs", year][early] == 0.0)


def test_a_launch_is_not_decided_on_sales_of_a_formula() -> None:
    text = OWN_SALES.replace('mode = "survival"\nannual_default = 0.9999\n', "walk_away = true\n")
    with pytest.raises(InvalidInput, match="write the formula market instead"):
        loads(text)
