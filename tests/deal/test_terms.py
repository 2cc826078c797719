"""The terms of a deal, clause by clause, against amounts computed by hand or written again in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from deal_cases import deal, sales_of, scenario
from hypothesis import given, settings
from hypothesis import strategies as st

STAGED = (
    "[development]\nstages = [{ name = 'II', years = 1, success = 0.5 }, { name = 'III', years = 1, success = 0.5 }]\n"
)


def licence(*clauses: str, market: str | None = None, more: str = "", horizon: int = 3, period: float = 1.0):
    """The deal of these clauses, in one trial."""
    return deal(licence_text(*clauses, market=market, more=more, horizon=horizon, period=period))


def licence_text(*clauses: str, market=None, more="", horizon=3, period=1.0, mode="licence") -> str:
    table = "\n".join([f"[deal]\nmode = '{mode}'", *clauses]) + "\n"
    return scenario(table, more, market=market, horizon=horizon, period=period)


# ---- royalty ----

SALES = (40.0, 120.0, 200.0)
ROYALTIES = [
    ("{ rate = 0.05 }", (2, 6, 10)),
    ("{ rate = [0.05, 0.04, 0.03] }", (2, 4.8, 6)),
    ("{ rate = 0.05, deductions = 0.1 }", (1.8, 5.4, 9)),
    ("{ tiers = [{ up_to = 50, rate = 0.05 }, { up_to = 150, rate = 0.08 }, { rate = 0.1 }] }", (2, 8.1, 15.5)),
    ("{ tiers = [{ up_to = 50, rate = 0.05 }, { rate = 0.08 }], base = 'cumulative' }", (2, 0.5 + 8.8, 16)),
    ("{ tiers = [{ up_to = 50, rate = 0.05 }, { rate = 0.08 }], deductions = 0.5 }", (1, 2.5 + 0.8, 2.5 + 4)),
    ("{ rate = 0.05, minimum = 3 }", (3, 6, 10)),
    ("{ rate = 0.05, minimum = [1, 7, 0] }", (2, 7, 10)),
    ("{ rate = 0.05, cap = 7 }", (2, 6, 7)),
    ("{ rate = 0.05, minimum = 3, cap = 7 }", (3, 6, 7)),
    ("{ rate = 0.05, years = 2 }", (2, 6, 0)),
    ("{ rate = 0.05, years = 1.25 }", (2, 1.5, 0)),
    ("{ rate = 0.05, minimum = 8, years = 1.5 }", (8, 4, 0)),
    ("{ rate = 0.05, lifetime_cap = 9 }", (2, 6, 1)),
    ("{ rate = 0.05, minimum = 3, cap = 7, years = 2.5, lifetime_cap = 11 }", (3, 6, 2)),
    ("{ rate = 0, minimum = 4, lifetime_cap = 10 }", (4, 4, 2)),
]


@pytest.mark.parametrize(("royalty", "expected"), ROYALTIES)
def test_a_royalty_by_hand(royalty, expected):
    found = licence(f"royalty = {royalty}", market=sales_of(*SALES))
    assert found.path("royalty") == pytest.approx(expected, abs=1e-12)
    assert found.path("claim") == found.path("royalty")
    assert found.one("npv") == pytest.approx(sum(expected))


def test_steps_of_the_royalty_in_their_order():
    """Each order of any two neighbouring steps would give another amount, so a wrong order fails here."""
    found = licence(
        "royalty = { tiers = [{ up_to = 50, rate = 0.1 }, { rate = 0.2 }], deductions = 0.5, minimum = 6,"
        " cap = 10, years = 2.5, lifetime_cap = 17 }",
        market=sales_of(40, 300, 200),
    )
    # base 20, 150, 100; tiers 2, 25, 15; minimum 6, 25, 15; cap 6, 10, 10; term 6, 10, 5; all together at most 17
    assert found.path("royalty_by_tiers") == pytest.approx([2, 25, 15])
    assert found.path("royalty_owed") == pytest.approx([6, 10, 5])
    assert found.path("royalty") == pytest.approx([6, 10, 1])


def test_amounts_a_year_in_shorter_periods():
    """Half-years owe half of the minimum, the cap, the fee and the bounds of tiers on the sales of a period."""
    half = licence(
        "royalty = { tiers = [{ up_to = 50, rate = 0.05 }, { rate = 0.1 }], minimum = 4, cap = 8 }\nfee = 3",
        market=sales_of(20, 60, 120, 300),
        horizon=4,
        period=0.5,
    )
    assert half.path("royalty") == pytest.approx([2, 4, 4, 4])
    assert half.path("royalty_by_tiers") == pytest.approx([1, 1.25 + 3.5, 1.25 + 9.5, 1.25 + 27.5])
    assert half.path("fee") == pytest.approx([1.5] * 4)


@settings(max_examples=40, deadline=None)
@given(
    sales=st.lists(st.floats(0, 500), min_size=4, max_size=4),
    bounds=st.lists(st.floats(1, 400), min_size=2, max_size=2, unique=True).map(sorted),
    rates=st.lists(st.floats(0, 0.5), min_size=3, max_size=3),
    minimum=st.floats(0, 20),
    above=st.floats(0, 60),
    years=st.floats(0, 5),
    lifetime=st.floats(0, 100),
    cumulative=st.booleans(),
)
def test_royalties_are_what_a_loop_says(sales, bounds, rates, minimum, above, years, lifetime, cumulative):
    tiers = ", ".join(f"{{ up_to = {b!r}, rate = {r!r} }}" for b, r in zip(bounds, rates, strict=False))
    base = "cumulative" if cumulative else "period"
    text = (
        f"royalty = {{ tiers = [{tiers}, {{ rate = {rates[2]!r} }}], base = '{base}', minimum = {minimum!r},"
        f" cap = {minimum + above!r}, years = {years!r}, lifetime_cap = {lifetime!r} }}"
    )
    found = licence(text, market=sales_of(*map(repr, sales)), horizon=4)

    def owed(amount):
        edges = [0.0, *bounds, np.inf]
        return sum(
            rate * max(min(amount, high) - low, 0) for low, high, rate in zip(edges[:-1], edges[1:], rates, strict=True)
        )

    paid, so_far, expected = 0.0, 0.0, []
    for k, sold in enumerate(sales):
        earned = owed(so_far + sold) - owed(so_far) if cumulative else owed(sold)
        so_far += sold
        earned = min(max(earned, minimum), minimum + above) * min(max(years - k, 0), 1)
        earned = min(earned, lifetime - paid)
        paid += earned
        expected.append(earned)
    assert found.path("royalty") == pytest.approx(expected, abs=1e-9)


# ---- other running payments ----

RUNNING = [
    ("revenue_share = 0.2", (8, 24, 40)),
    ("revenue_share = [0.2, 0.1, 0]", (8, 12, 0)),
    ("profit_share = { share = 0.5, cost = 100 }", (0, 10, 50)),
    ("profit_share = { share = 0.5, cost_ratio = 0.6 }", (8, 24, 40)),
    ("profit_share = { share = 0.5, cost_ratio = 0.6, cost = 30 }", (0, 9, 25)),
    ("cost_plus = { cost = 10, markup = 0.2 }\n[costs.work]\nannual = 10", (12, 12, 12)),
    ("cost_plus = { cost = [10, 0, 5], markup = 1.5 }\n[costs.work]\nannual = 10", (25, 0, 12.5)),
    ("fee = 3", (3, 3, 3)),
    ("royalty = { rate = 0.05 }\nfee = 3", (5, 9, 13)),
    ("minimum_commitment = 5", (5, 5, 5)),
    ("royalty = { rate = 0.05 }\nfee = 1\nminimum_commitment = 5", (5, 7, 11)),
]


@pytest.mark.parametrize("mode", ["licence", "joint-development", "sharing", "cooperation"])
@pytest.mark.parametrize(("clauses", "expected"), RUNNING)
def test_running_payments_by_hand(mode, clauses, expected):
    found = deal(licence_text(clauses, mode=mode, market=sales_of(*SALES)))
    assert found.path("claim") == pytest.approx(expected, abs=1e-12)


def test_upfront_is_paid_at_the_signing_and_not_discounted():
    found = deal(
        scenario("[deal]\nmode='licence'\nupfront=5\nroyalty={rate=0.1}\n", head="discount = { rate = 0.1 }\n")
    )
    assert found.one("initial_cash_flow") == 5
    assert found.one("npv") == pytest.approx(5 + 10 * sum(1.1**-t for t in (0.5, 1.5, 2.5)))


def test_value_keeps_all_sales():
    found = deal(scenario("[deal]\nmode='value'\nupfront=1\nmilestones=[{year=2, amount=7}]\n"))
    assert found.path("claim") == [100, 107, 100] and found.one("npv") == 308


def test_a_sale_at_a_price_with_an_earn_out():
    text = scenario("[deal]\nmode='sale'\nprice=28\n", market=sales_of(*SALES))
    assert deal(text).one("npv") == 28 and deal(text).path("claim") == [0, 0, 0]
    text = scenario("[deal]\nmode='sale'\nprice=28\nearn_out={share=0.1, years=1.5}\n", market=sales_of(*SALES))
    assert deal(text).path("earn_out") == pytest.approx([4, 6, 0])
    assert deal(text).one("npv") == pytest.approx(38)


def test_a_joint_venture_by_hand():
    text = scenario(
        "[deal]\nmode='joint-venture'\nequity=0.4\nmargin=0.5\nopex=30\ncapital=10\ncapital_annual=5\nexit_multiple=3\n",
        head="discount = { rate = 0.1, timing = 'mid' }\n",
        market=sales_of(*SALES),
    )
    found = deal(text)
    assert found.path("venture_cash_flow") == [-10, 30, 70]
    assert found.path("distribution") == pytest.approx([-4, 12, 28])
    assert found.one("initial_cash_flow") == -4
    assert found.path("operating_cash_flow") == pytest.approx([-6, 10, 26])
    assert found.path("exit_value") == pytest.approx([0, 0, 240])
    expected = -4 - 6 * 1.1**-0.5 + 10 * 1.1**-1.5 + 26 * 1.1**-2.5 + 240 * 1.1**-3
    assert found.one("npv") == pytest.approx(expected, rel=1e-12)


def test_an_exit_is_a_multiple_of_the_sales_of_a_year():
    text = scenario(
        "[deal]\nmode='joint-venture'\nequity=0.5\nexit_multiple=2\n",
        market=sales_of(10, 10, 10, 20),
        horizon=4,
        period=0.5,
    )
    assert deal(text).path("exit_value") == [0, 0, 0, 40]


def test_sharing_saves_cost_and_cooperation_lifts_demand():
    sharing = deal(scenario("[deal]\nmode='sharing'\ncost_avoided=[1, 2, 3]\n"))
    assert sharing.path("recoveries") == [1, 2, 3] and sharing.one("npv") == 6
    lifted = deal(scenario("[deal]\nmode='cooperation'\ndemand_uplift=1.2\nrevenue_share=0.1\n"))
    assert lifted.path("claim") == pytest.approx([12, 12, 12])


# ---- milestones ----


def test_milestones_in_their_periods():
    found = licence(
        "milestones = [{ year = 1, amount = 1 }, { year = 1.01, amount = 2 }, { year = 3, amount = 4 }]",
        market=sales_of(*SALES),
    )
    assert found.path("milestones") == [1, 2, 4]
    halves = licence("milestones = [{ year = 0.2, amount = 1 }, { year = 1.5, amount = 2 }]", horizon=4, period=0.5)
    assert halves.path("milestones") == [1, 0, 2, 0]


def test_a_milestone_of_sales_is_paid_once_when_they_are_reached():
    found = licence(
        "milestones = [{ sales_above = 160, amount = 7 }, { sales_above = 0, amount = 1 }]", market=sales_of(*SALES)
    )
    assert found.path("milestones") == [1, 7, 0]
    never = licence("milestones = [{ sales_above = 361, amount = 7 }]", market=sales_of(*SALES))
    assert never.path("milestones") == [0, 0, 0]


def test_milestones_in_turn_and_independent_ones():
    text = licence_text(
        "milestones = [{ name = 'a', year = 1, amount = 1, probability = 0.8 },"
        " { year = 2, amount = 1, probability = 0.5 },"
        " { year = 3, amount = 1, probability = 0.4, independent = true },"
        " { year = 3, amount = 10 }, { sales_above = 250, amount = 100 }]"
    )
    found = deal(text, trials=40_000)
    paid = found.yearly("milestones")
    first, second = found["milestone_1_met"], found["milestone_2_met"]
    assert np.array_equal(paid[0], first)
    assert np.array_equal(paid[1], first * second)
    assert np.array_equal(paid[2], found["milestone_3_met"] + 10 * first * second + 100)
    for sample, p in ((paid[0], 0.8), (paid[1], 0.4), (paid[2] - 100 >= 10, 0.4), (found["milestone_3_met"], 0.4)):
        assert sample.mean() == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / 40_000))


def test_uncertain_times_and_amounts_of_milestones():
    text = licence_text("milestones = [{ year = { dist = 'uniform', min = 0, max = 5 }, amount = '1 to 2' }]")
    found = deal(text, trials=2_000)
    year, amount = found["deal_milestones_1_year"], found["deal_milestones_1_amount"]
    expected = np.zeros((3, 2_000))
    inside = year <= 3
    expected[np.ceil(year[inside]).astype(int) - 1, np.nonzero(inside)[0]] = amount[inside]
    assert np.array_equal(found.yearly("milestones"), expected)


# ---- development, approval, and what ends a deal ----


def test_nothing_is_owed_before_the_launch_or_without_success():
    text = licence_text(
        "royalty = { rate = 0.05, minimum = 3 }\nfee = 1\nmilestones = [{ year = 1, amount = 10 },"
        " { year = 2, amount = 20 }, { stage = 'II', amount = 100 }, { stage = 'III', amount = 1000 }]",
        more=STAGED + "[costs.support]\nannual = 2\n",
        horizon=4,
    )
    found = deal(text, trials=400)
    success, second = found["technical_success"], found["stage_1_succeeds"]
    assert 0 < success.mean() < second.mean() < 1
    expected = np.zeros((4, 400))
    expected[0] = 10 + 100 * second
    expected[1] = 20 * success + 1000 * success
    expected[2:] = success * (5 + 1)
    assert np.array_equal(found.yearly("claim"), expected)
    # support is paid until a stage fails, and after the launch only where there is something to support
    assert np.array_equal(found.yearly("running_costs"), 2 * np.array([1 + 0 * success, second, success, success]))


def test_a_minimum_is_owed_for_the_part_of_a_year_after_the_launch():
    text = licence_text(
        "royalty = { rate = 0, minimum = 8 }", more="[development]\nstages = [{ name = 'pilot', years = 1.25 }]\n"
    )
    assert deal(text).path("royalty") == pytest.approx([0, 6, 8])


def test_without_approval_nothing_is_paid_and_nothing_sold():
    text = licence_text(
        "upfront = 5\nroyalty = { rate = 0.05, minimum = 1 }\nmilestones = [{ year = 2, amount = 3 }]",
        more="[crossborder]\napproval = 0.6\n[costs]\nfiling = 1\n[costs.support]\nannual = 2\n",
    )
    found = deal(text, trials=500)
    approved = found["approved"]
    assert 0.4 < approved.mean() < 0.8
    for name, amount in (("sales", 100), ("claim", 5), ("running_costs", 2)):
        assert np.array_equal(found.yearly(name)[0], amount * approved), name
    assert np.array_equal(found["initial_cash_flow"], 5 * approved - 1)  # the filing is paid either way
    assert np.array_equal(found["npv"], approved * (5 + 15 + 3 - 6) - 1)


def test_payments_after_the_end_of_a_deal():
    text = licence_text(
        "fee = 4\nmilestones = [{ year = 1, amount = 10 }, { year = 1.5, amount = 20 },"
        " { sales_above = 250, amount = 40 }]",
        more="[risks.dispute]\nrate = 0.5\nterminates = 0.5\n",
    )
    found = deal(text, trials=300)
    end = np.where(found["dispute_ends"], found["dispute_time"], 9.0)
    assert 0.2 < (end < 3).mean() < 0.6
    within = np.clip(end - np.arange(3.0)[:, None], 0, 1)
    lumps = np.array([10 * (end > 1), 20 * (end > 1.5), 40 * within[2]])
    assert np.allclose(found.yearly("claim"), 4 * within + lumps, atol=1e-12)


def test_new_terms_cut_all_payments():
    text = licence_text(
        "fee = 4\nmilestones = [{ year = 3, amount = 10 }]",
        more="[risks.dispute]\nrate = 0.5\nclaim_cut = 0.25\n",
    )
    found = deal(text, trials=100)
    time = found["dispute_time"]
    cut = 0.25 * np.clip(np.arange(1.0, 4.0)[:, None] - time, 0, 1)
    # a milestone is due at a point in time: before the new terms it is paid in full
    due = np.array([0 * time, 0 * time, 10 * np.where(time <= 3, 0.75, 1)])
    assert np.allclose(found.yearly("claim"), 4 * (1 - cut) + due, atol=1e-12)


def test_an_award_makes_good_what_the_end_of_the_deal_cost():
    text = licence_text(
        "fee = 4\nroyalty = { rate = 0.1 }\nmilestones = [{ year = 3, amount = 6 }]",
        more="[risks.leak]\nrate = 0.5\nseverity = 0.5\nterminates = 0.5\nlitigation = { recovery = 0.8 }\n",
    )
    found = deal(text, trials=200)
    lost = np.array([[14], [14], [20]]) - found.yearly("claim")
    struck = found["leak_time"] <= 3
    assert 0.5 < struck.mean() < 1 and np.all(lost >= 0) and np.all(lost[:, ~struck] == 0)
    assert np.allclose(found.yearly("leak_recovered").sum(axis=0), 0.8 * lost.sum(axis=0))
    assert np.all(found.yearly("leak_recovered").sum(axis=0) <= lost.sum(axis=0))


# ---- the partner who does not pay ----


def test_a_defaulted_partner_pays_no_minimum():
    text = scenario(
        "[deal]\nmode='licence'\nroyalty={rate=0.05, minimum=8}\n"
        "[partner]\nmode='survival'\nannual_default=0.3\nrecovery=0.25\n"
    )
    found = deal(text, trials=300)
    time = found["partner_default_time"]
    end = np.arange(1.0, 4.0)[:, None]
    share = np.where(time > end, 1, np.where(time > end - 1, 0.25, 0))
    assert 0.2 < (time < 3).mean() < 0.9
    assert np.array_equal(found.yearly("receipts"), 8 * share)


# ---- formulas as values ----


def test_terms_may_be_formulas_of_anything_in_the_deal():
    text = scenario(
        "[deal]\nmode='licence'\nupfront='= 0.1 * V * D'\nroyalty={rate='= where(sales > 100, 0.1, 0.05)'}\n",
        market="[inputs]\nV = 300\nD = 1\n[demand]\nallocation=[0.2, 0.3, 0.5]\n",
    )
    found = deal(text)
    assert found.one("initial_cash_flow") == 30 and found.path("royalty") == pytest.approx([3, 4.5, 15])
