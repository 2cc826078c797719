"""The other side of the table: both values add up to that of the project, and the right to walk away."""

from __future__ import annotations

import numpy as np
import pytest
from deal_cases import deal, sales_of, scenario
from hypothesis import given, settings
from hypothesis import strategies as st

DISCOUNT = "discount = { rate = 0.1, timing = 'end' }\n"


def factors(rate: float, periods: int, length: float = 1.0, early: float = 0.0):
    return (1 + rate) ** -(length * (np.arange(1, periods + 1) - early))[:, None]


def test_the_partners_value_by_hand():
    text = scenario(
        "[deal]\nmode='licence'\nupfront=5\nroyalty={rate=0.1}\n"
        "[partner]\nmargin=0.4\nlaunch_cost=20\nannual_cost=3\ndiscount_rate=0.2\n",
        head=DISCOUNT,
        market=sales_of(40, 120, 200),
    )
    found = deal(text)
    assert found.path("partner_cash_flow") == pytest.approx([16 - 3 - 4, 48 - 3 - 12, 80 - 3 - 20])
    assert found.one("partner_npv") == pytest.approx(-25 + 9 / 1.2 + 33 / 1.44 + 57 / 1.728)
    assert found.one("npv") == pytest.approx(5 + 4 / 1.1 + 12 / 1.21 + 20 / 1.331)


def test_without_a_rate_of_its_own_the_partner_discounts_as_we_do():
    text = scenario("[deal]\nmode='licence'\nroyalty={rate=0.1}\n[partner]\nmargin=0.4\n", head=DISCOUNT)
    assert deal(text).one("partner_npv") == pytest.approx(30 * sum(1.1**-t for t in (1, 2, 3)))
    plain = scenario("[deal]\nmode='licence'\nroyalty={rate=0.1}\n[partner]\nmargin=0.4\n")
    assert deal(plain).one("partner_npv") == pytest.approx(90)


STAGES = (
    "[development]\nour_share = 0.3\nstages = [{ name = 'II', cost = 4, years = 0.5, success = 0.7 },"
    " { name = 'III', cost = '5 to 9', years = { dist = 'uniform', min = 0, max = 2 }, success = 0.8 }]\n"
)
BORDER = (
    "[crossborder]\ncurrency = 'EUR'\nrate = 1.2\ndrift = 0.02\nvolatility = 0.1\n"
    "approval = 0.9\napproval_years = 0.3\n"
)
COSTS = "[costs]\nfiling = 1.5\n[costs.support]\nannual = '0.5 to 1'\n[grants.region]\nupfront = 0.4\nannual = 0.2\n"
SURVIVAL = "mode = 'survival'\nannual_default = 0.2\nrecovery = 0.3\n"
TERMS = {
    "value": "upfront = 2",
    "licence": "upfront = 2\nroyalty = { rate = 0.06, minimum = 4, lifetime_cap = 15 }\nfee = 0.5\n"
    "milestones = [{ year = 1, amount = 1, probability = 0.6 }, { year = 3, amount = 2 },"
    " { stage = 'II', amount = 1.5 }, { sales_above = 150, amount = 3 }]",
    "sale": "price = 20\nearn_out = { share = 0.1, years = 2 }",
    "joint-venture": "equity = 0.4\ncapital = 6\ncapital_annual = 1\nmargin = 0.5\nopex = 5\nexit_multiple = 2\n"
    "upfront = 1",
    "joint-development": "revenue_share = 0.15\nminimum_commitment = 5",
    "cooperation": "profit_share = { share = 0.3, cost_ratio = 0.5, cost = 4 }\ndemand_uplift = 1.3",
}


def project_value(found, *, periods: int, venture: bool, walks: bool, survives: bool):
    """Sales less all that both sides pay to others, from the sales and draws alone."""
    factor, end = factors(0.1, periods), np.arange(1.0, periods + 1)[:, None]
    fx = found.yearly("exchange_rate") if "exchange_rate" in found else 1.0
    spot = 1.2 if "exchange_rate" in found else 1.0
    ready = found.get("launch_time", 0.0)
    lives = found.get("technical_success", 1.0)
    lives = lives * found.get("approved", 1.0)
    signed = found.get("approved", 1.0)
    launched = found["launched"] if walks else lives
    after = np.clip(end - ready, 0, 1)
    active, stands = 1.0, 1.0
    if survives:
        time = found["partner_default_time"]
        active, stands = np.where(time > end - 1, 1.0, 0.0), time > periods
    # the project ends when a stage fails, or at the launch, which waits for the approval after them
    over = np.where(found.get("stage_2_done", 1.0) == 1, ready, ready - 0.3)
    over = np.where(found.get("stage_1_done", 1.0) == 1, over, 0.5)
    on = 1 - np.clip(end - over, 0, 1) * (1 - launched)
    if venture:
        earned = found.yearly("sales") * 0.5 - 5 * after * launched
    else:
        earned = found.yearly("sales") * 0.4 - 2 * after * launched
    begins = np.where((end >= ready) & (end - 1 < ready) | ((ready == 0) & (end == 1)), 1.0, 0.0)
    staged = "launch_time" in found
    if staged:
        earned = earned - 10 * launched * begins
    value = np.sum(earned * active * fx * factor, axis=0)
    if not staged:
        value = value - 10 * launched * spot
    if venture:
        value = value - 6 * signed * spot - np.sum(1 * on * active * fx * factor, axis=0)
        value = value + 2 * found.yearly("sales")[-1] * stands * (fx[-1] if staged else 1.0) * 1.1**-periods
    for name in ("stage_1_initial_cost", "stage_2_initial_cost"):
        value = value - found.get(name, 0.0)
    for name in ("stage_1_cost", "stage_2_cost"):
        value = value - np.sum(found.yearly(name) * factor, axis=0)
    net = (0.2 - found["costs_support_annual"]) * on
    return value - 1.5 + 0.4 + np.sum(net * factor, axis=0)


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from(sorted(TERMS)),
    staged=st.booleans(),
    walks=st.booleans(),
    standing=st.sampled_from(["", "R = 0.8\n", SURVIVAL]),
    seed=st.integers(1, 1000),
)
def test_both_sides_add_up_to_the_project(mode, staged, walks, standing, seed):
    """Whatever is paid between the two leaves the sum alone: for all forms, risks, currencies and launches."""
    survives = standing == SURVIVAL
    walks = walks and mode != "value"  # where all sales are ours, there is nothing to launch for
    terms = TERMS[mode]
    if not staged:
        terms = terms.replace("{ stage = 'II', amount = 1.5 }, ", "")
    partner = f"[partner]\nmargin = 0.4\nlaunch_cost = 10\nannual_cost = 2\nwalk_away = {str(walks).lower()}\n"
    text = scenario(
        f"[deal]\nmode = '{mode}'\n{terms}\n{partner}{SURVIVAL if survives else ''}",
        STAGES + BORDER if staged else "",
        COSTS,
        horizon=5,
        head=DISCOUNT,
        market="[inputs]\nV = '100 to 500'\nD = 0.8\n" + ("" if survives else standing),
    )
    found = deal(text, trials=64, seed=seed)
    project = project_value(found, periods=5, venture=mode == "joint-venture", walks=walks, survives=survives)
    assert np.allclose(found["npv"] + found["partner_npv"], project, atol=1e-9)
    if walks:
        assert set(np.unique(found["launched"])) <= {0.0, 1.0}
        assert np.all(found.yearly("sales")[:, found["launched"] == 0] == 0)


def test_a_partner_that_walks_away_sells_and_owes_nothing():
    text = scenario(
        "[deal]\nmode='licence'\nroyalty={rate=0.1, minimum=5}\nmilestones=[{year=2, amount=3}]\n"
        "[partner]\nmargin=0.4\nlaunch_cost=60\nwalk_away=true\n",
        market="[inputs]\nV = { dist = 'uniform', min = 0, max = 600 }\nD = 1\n",
    )
    found = deal(text, trials=500)
    sold = found["V"] / 3
    owed = np.array([np.maximum(sold * 0.1, 5)] * 3) + np.array([[0], [3], [0]])
    worth = 0.4 * found["V"] - owed.sum(axis=0) - 60
    assert np.allclose(found["launch_value"], worth)
    launched = worth >= 0
    assert 0.2 < launched.mean() < 0.8
    assert np.allclose(found.yearly("claim"), owed * launched)
    assert np.allclose(found.yearly("sales"), sold * launched)
    assert np.allclose(found["partner_npv"], np.maximum(worth, 0))


@settings(max_examples=20, deadline=None)
@given(
    rate=st.floats(0, 0.6),
    cost=st.floats(0, 100),
    annual=st.floats(0, 10),
    own=st.sampled_from(["", "discount_rate=0.2\n"]),
)
def test_the_right_to_walk_away_is_never_worth_less_than_nothing(rate, cost, annual, own):
    def text(walks: str) -> str:
        return scenario(
            f"[deal]\nmode='licence'\nroyalty={{rate={rate!r}, minimum=2}}\n"
            "milestones=[{year=1, amount=1}, {year=3, amount=4}]\n"
            f"[partner]\nmargin=0.4\nlaunch_cost={cost!r}\nannual_cost={annual!r}\nwalk_away={walks}\n{own}",
            "[development]\nstages=[{cost=1, years=1.5, success=0.6}]\n",
            market="[inputs]\nV = '50 to 500'\nD = 1\n",
            head=DISCOUNT,
            horizon=5,
        )

    free, bound = deal(text("true"), trials=200), deal(text("false"), trials=200)
    assert np.all(free["partner_npv"] >= bound["partner_npv"] - 1e-9)
    launched = free["launched"] == 1
    assert np.allclose(free["partner_npv"][launched], bound["partner_npv"][launched])
    # what it owed before the launch it pays either way
    assert np.array_equal(free.yearly("claim")[0], np.ones(200)) and np.array_equal(
        bound.yearly("claim")[0], np.ones(200)
    )


def test_a_launch_is_decided_on_money_of_the_same_time():
    """A launch cost that is due in year 4 is not compared undiscounted with discounted profits."""
    text = scenario(
        "[deal]\nmode='licence'\nroyalty={rate=0}\n[partner]\nmargin=1\nlaunch_cost=150\nwalk_away=true\n",
        "[development]\nstages=[{years=3.5}]\n",
        horizon=6,
        head="discount = { rate = 0.5, timing = 'end' }\n",
    )
    found = deal(text)
    expected = (50 - 150) / 1.5**4 + 100 / 1.5**5 + 100 / 1.5**6
    assert found.one("launch_value") == pytest.approx(expected) and expected > 0
    assert found.one("partner_npv") == pytest.approx(expected)


def test_a_default_ends_the_business_and_the_payments():
    text = scenario(
        "[deal]\nmode='licence'\nroyalty={rate=0.1}\n[partner]\nmargin=0.5\nmode='survival'\nannual_default=0.3\nrecovery=0.4\n"
        "replacement={years=1, share=0.8}\n",
        horizon=5,
    )
    found = deal(text, trials=300)
    time, end = found["partner_default_time"], np.arange(1.0, 6.0)[:, None]
    running, dying = end - 1 < time, (end - 1 < time) & (time <= end)
    again = 0.8 * (end - 1 >= time + 1)
    paid = 10 * (np.where(dying, 0.4, running) + again)
    assert np.allclose(found.yearly("receipts"), paid)
    assert np.allclose(found.yearly("partner_cash_flow"), 50 * (running + again) - paid)


def test_several_partners_each_run_their_share():
    text = scenario(
        "[deal]\nmode='licence'\nroyalty={rate=0.1}\n[partner]\nmargin=0.5\n"
        "[partners.north]\nshare=0.6\nannual_default=0.3\n[partners.south]\nshare=0.4\nannual_default=0.1\n",
    )
    found = deal(text, trials=200)
    end = np.arange(1.0, 4.0)[:, None]
    active = sum(s * (end - 1 < found[f"{n}_default_time"]) for n, s in (("north", 0.6), ("south", 0.4)))
    paying = sum(s * (end < found[f"{n}_default_time"]) for n, s in (("north", 0.6), ("south", 0.4)))
    assert np.allclose(found.yearly("partner_cash_flow"), 50 * active - 10 * paying)


def test_the_partners_money_is_reported_in_the_money_of_the_scenario():
    text = scenario(
        "[deal]\nmode='licence'\nupfront=5\nroyalty={rate=0.1}\n[partner]\nmargin=0.4\nlaunch_cost=20\n",
        "[crossborder]\ncurrency='EUR'\nrate=1.5\ndrift=0.1\n",
    )
    found = deal(text)
    rates = [1.5 * np.exp(0.1 * t) for t in (1, 2, 3)]
    assert found.path("exchange_rate") == pytest.approx(rates)
    assert found.one("npv") == pytest.approx(7.5 + 10 * sum(rates))
    assert found.one("partner_npv") == pytest.approx(-25 * 1.5 + 30 * sum(rates))
