"""Costs, grants, insurance, discounting, and the measures of a cash flow, against independent code."""

from __future__ import annotations

import numpy as np
import pytest
from deal_cases import deal, deals, sales_of, scenario
from hypothesis import given, settings
from hypothesis import strategies as st

VALUE = "[deal]\nmode='value'\n"


def costs_of(text: str, horizon: int = 4, period: float = 1.0, more: str = ""):
    return deal(scenario(VALUE, text, more, horizon=horizon, period=period))


COSTS = [
    ("annual = 3", 0, (3, 3, 3, 3)),
    ("annual = [1, 2, 3, 4]", 0, (1, 2, 3, 4)),
    ("upfront = 5\nannual = 3", 5, (3, 3, 3, 3)),
    ("annual = 10\ngrowth = 0.1", 0, (10, 11, 12.1, 13.31)),
    ("annual = 10\ngrowth = -0.5", 0, (10, 5, 2.5, 1.25)),
    ("share_of_sales = 0.02", 0, (2, 2, 2, 2)),
    ("annual = 3\nstarts = 1", 0, (0, 3, 3, 3)),
    ("annual = 3\nstarts = 1.25", 0, (0, 2.25, 3, 3)),
    ("annual = 3\nyears = 2.5", 0, (3, 3, 1.5, 0)),
    ("annual = 4\nstarts = 0.5\nyears = 2", 0, (2, 4, 2, 0)),
    ("annual = 4\nstarts = 2.25\nyears = 0.5", 0, (0, 0, 2, 0)),
    ("annual = 10\nshare_of_sales = 0.02\nstarts = 2\ngrowth = 0.1", 0, (0, 0, 14.1, 15.31)),
]


@pytest.mark.parametrize("table", ["costs", "grants"])
@pytest.mark.parametrize(("item", "initial", "running"), COSTS)
def test_costs_and_grants_by_hand(table, item, initial, running):
    found = costs_of(f"[{table}.item]\n{item}\n")
    sign = 1 if table == "grants" else -1
    assert found.one("initial_cash_flow") == sign * initial
    assert np.array(found.path("cash_flow")) == pytest.approx(100 + sign * np.array(running))


def test_plain_costs_are_paid_at_the_signing():
    found = costs_of("[costs]\nfiling = 3\nadvice = '1 to 2'\n[costs.support]\nannual = 1\n")
    assert found.one("initial_cash_flow") == -(3 + found.one("costs_advice"))
    assert found.path("running_costs") == [1, 1, 1, 1]


def test_costs_a_year_in_quarters():
    found = costs_of("[costs.item]\nannual = 8\ngrowth = 0.21\nstarts = 0.125\n", horizon=4, period=0.25)
    expected = [2 * 0.5, 2 * 1.21**0.25, 2 * 1.21**0.5, 2 * 1.21**0.75]
    assert found.path("running_costs") == pytest.approx(expected)


def test_measures_cost_what_they_say_where_they_act():
    text = scenario(
        VALUE,
        "[mitigations.watermark]\nupfront = 2\nannual = 1\n[strategies.plain]\n"
        "[strategies.careful]\nmitigations = ['watermark']\n",
    )
    found = deals(text)
    assert found["plain"].one("npv") == 300 and found["careful"].one("npv") == 300 - 2 - 3


def test_a_measure_may_lower_a_plain_cost():
    text = scenario(
        VALUE,
        "[costs]\nfiling = 8\n[mitigations.counsel]\nupfront = 1\nreduces = { 'costs.filing' = 0.5 }\nalways = true\n",
    )
    assert deal(text).one("initial_cash_flow") == -(4 + 1)


def test_our_share_of_the_stages():
    text = scenario(
        "[deal]\nmode='joint-development'\nrevenue_share=0.1\n",
        "[development]\nour_share = 0.25\nstages = [{ cost = 8, years = 1 }, { cost = 4, years = 0.5 }]\n",
    )
    found = deal(text)
    assert found.one("initial_cash_flow") == -2
    assert found.path("running_costs") == [1, 0, 0]  # the second stage begins when the first year ends
    assert found.path("claim") == pytest.approx([0, 5, 10])


@settings(max_examples=20, deadline=None)
@given(deductible=st.floats(0, 5), limit=st.floats(0, 10), share=st.floats(0, 1), period=st.sampled_from([0.5, 1.0]))
def test_insurance_pays_its_layer(deductible, limit, share, period):
    text = scenario(
        VALUE,
        "[risks.breach]\nrate = 1\ncost = { dist = 'uniform', min = 0, max = 10 }\n"
        "[risks.outage]\nrate = 1\ncost = { dist = 'uniform', min = 0, max = 5 }\n[mitigations.policy]\n"
        f"insurance = {{ covers = ['breach', 'outage'], deductible = {deductible!r}, limit = {limit!r},"
        f" share = {share!r} }}\nalways = true\n",
        period=period,
    )
    found = deal(text, trials=50)
    losses = found.yearly("breach_costs") + found.yearly("outage_costs")
    assert losses.max() > 5
    payout = np.zeros_like(losses)
    lost = paid = np.zeros(losses.shape[1])
    for k in range(losses.shape[0]):
        if k * period % 1 == 0:  # a year of the policy begins
            lost = paid = np.zeros(losses.shape[1])
        lost = lost + losses[k]
        due = share * np.minimum(np.maximum(lost - deductible, 0), limit)
        payout[k], paid = due - paid, due
    assert np.allclose(found.yearly("policy_payout"), payout, atol=1e-12)
    assert np.allclose(found.yearly("cash_flow"), 100 - losses + payout, atol=1e-12)
    assert np.all(payout <= losses + 1e-12) and payout.min() >= -1e-12


@pytest.mark.parametrize("period", [1.0, 0.5, 0.25])
def test_what_a_policy_pays_does_not_depend_on_the_period(period):
    """One loss of 5 at a rate of 0.3 over 4 years: 3 of it are paid, whenever it happens."""
    text = scenario(
        VALUE,
        "[risks.b]\nrate = 0.3\ncost = 5\n[mitigations.policy]\nalways = true\n"
        "insurance = { covers = ['b'], deductible = 1, limit = 3 }\n",
        horizon=round(4 / period),
        period=period,
    )
    found = deal(text, trials=20_000)
    paid = found.yearly("policy_payout").sum(axis=0)
    assert np.allclose(paid, 3 * found["b_strikes"])
    assert paid.mean() == pytest.approx(3 * (1 - np.exp(-1.2)), abs=5 * paid.std() / 20_000**0.5)  # 2.096


@pytest.mark.parametrize("period", [0.5, 0.25])
def test_two_policies_pay_in_short_periods_what_they_pay_in_a_year(period):
    """Several losses within a year; the second policy pays what the first one leaves."""
    text = (
        "[risks.b]\nrate = 1.5\nentrants = 4\ncost = { dist = 'uniform', min = 0, max = 10 }\n"
        "[mitigations.first]\nalways = true\ninsurance = { covers = ['b'], deductible = 4, limit = 9, share = 0.8 }\n"
        "[mitigations.second]\nalways = true\ninsurance = { covers = ['b'], share = 0.5 }\n"
    )
    whole = deal(scenario(VALUE, text, horizon=2), trials=500)
    short = deal(scenario(VALUE, text, horizon=round(2 / period), period=period), trials=500)
    for name in ("b_costs", "first_payout", "second_payout"):
        yearly = short.yearly(name).reshape(2, -1, 500).sum(axis=1)
        assert np.allclose(yearly, whole.yearly(name), atol=1e-9), name
    assert (short.yearly("second_payout") < 0.5 * short.yearly("b_costs") - 1e-6).any()


def test_a_period_of_two_years_has_the_layers_of_two():
    text = (
        "[risks.b]\nprobability = 1\ncost = 20\n[mitigations.policy]\nalways = true\n"
        "insurance = { covers = ['b'], deductible = 1, limit = 3 }\n"
    )
    assert deal(scenario(VALUE, text, horizon=2, period=2.0)).path("policy_payout") == [6, 0]


def test_two_policies_never_pay_more_than_is_lost():
    policy = "insurance = {{ covers = ['breach'], share = {share} }}\nalways = true\n"
    text = scenario(
        VALUE,
        "[risks.breach]\nprobability = 1\ncost = 8\n",
        "[mitigations.first]\n" + policy.format(share=0.75),
        "[mitigations.second]\n" + policy.format(share=0.75),
    )
    found = deal(text)
    assert found.path("first_payout") == [6, 0, 0] and found.path("second_payout") == [2, 0, 0]


# ---- discounting and what a cash flow is worth ----


def test_first_factors_in_the_middle_and_at_the_end():
    for timing, expected in (("mid", 0.953463), ("end", 0.909091)):
        found = deal(scenario(VALUE, head=f"discount = {{ rate = 0.1, timing = '{timing}' }}\n"))
        assert found.path("discount_factor")[0] == pytest.approx(expected, abs=5e-7)
    assert "discount_factor" not in deal(scenario(VALUE))


@pytest.mark.parametrize(("timing", "early"), [("mid", 0.5), ("end", 0.0)])
@pytest.mark.parametrize("period", [0.25, 1.0, 2.0])
def test_factors_of_any_period(timing, early, period):
    text = scenario(VALUE, head=f"discount = {{ rate = 0.08, timing = '{timing}' }}\n", horizon=5, period=period)
    times = period * (np.arange(1, 6) - early)
    assert deal(text).path("discount_factor") == pytest.approx(1.08**-times)
    assert deal(text).one("npv") == pytest.approx(float(np.sum(100 * 1.08**-times)))


def test_an_uncertain_discount_rate():
    text = scenario(VALUE, head="discount = { rate = { dist = 'uniform', min = 0.05, max = 0.15 }, timing = 'end' }\n")
    found = deal(text, trials=20)
    rate = found["discount_rate"]
    assert np.allclose(found["npv"], sum(100 * (1 + rate) ** -t for t in (1, 2, 3)))


def roots(initial: float, flows: list[float]) -> list[float]:
    found = np.roots([*flows[::-1], initial])  # in the discount factor
    real = found[(abs(found.imag) < 1e-9) & (found.real > 0)].real
    return sorted(1 / x - 1 for x in real)


def start_and_running(start: float, running: list[float]) -> float:
    """The present value at 10 % of what is paid at the signing and at the ends of years."""
    return start + sum(cost / 1.1 ** (k + 1) for k, cost in enumerate(running))


@settings(max_examples=40, deadline=None)
@given(
    upfront=st.floats(0, 30),
    paid=st.floats(0, 60),
    sales=st.lists(st.floats(0, 50), min_size=5, max_size=5),
    running=st.lists(st.floats(0, 30), min_size=5, max_size=5),
)
def test_measures_of_a_cash_flow_are_what_loops_say(upfront, paid, sales, running):
    table = f"[deal]\nmode='value'\nupfront={upfront!r}\n[costs]\nstart={paid!r}\n[costs.support]\nannual={running!r}\n"
    found = deal(
        scenario(table, horizon=5, head="discount={rate=0.1, timing='end'}\n", market=sales_of(*map(repr, sales)))
    )
    initial, flows = upfront - paid, [s - c for s, c in zip(sales, running, strict=True)]
    balance, lowest = initial, min(initial, 0.0)
    years, held = 0.0, initial
    for k, flow in enumerate(flows):
        balance += flow
        lowest = min(lowest, balance)
        if held < 0 <= balance:
            years = k + -held / flow
        held = balance
    if held < 0:
        years = 6.0
    assert found.one("npv") == pytest.approx(initial + sum(f / 1.1 ** (k + 1) for k, f in enumerate(flows)), abs=1e-9)
    assert found.one("peak_funding") == pytest.approx(-lowest, abs=1e-9)
    assert found.one("ever_negative") == float(found.one("peak_funding") > 0)
    assert found.one("payback") == pytest.approx(years, abs=1e-6)
    paid = start_and_running(paid, running)
    assert found.one("roi") == pytest.approx(found.one("npv") / paid if paid > 0 else 0.0, rel=1e-9, abs=1e-9)
    rates = roots(initial, flows) if initial < 0 and all(f > 0 for f in flows) else []
    if len(rates) == 1 and -0.9 < rates[0] < 9:
        assert found.one("irr") == pytest.approx(rates[0], abs=1e-6)


def test_the_exit_is_discounted_at_the_horizon_whatever_the_timing():
    for timing, early in (("mid", 0.5), ("end", 0.0)):
        text = scenario(
            "[deal]\nmode='joint-venture'\nequity=0.5\nexit_multiple=2\n",
            head=f"discount={{rate=0.1, timing='{timing}'}}\n",
        )
        flows = sum(50 * 1.1 ** -(t - early) for t in (1, 2, 3))
        assert deal(text).one("npv") == pytest.approx(flows + 100 * 1.1**-3)


@settings(max_examples=30, deadline=None)
@given(
    timing=st.sampled_from(["mid", "end"]),
    period=st.sampled_from([0.25, 1.0, 2.0]),
    capital=st.floats(60, 400),
    multiple=st.one_of(st.none(), st.floats(0, 5)),
)
def test_the_value_at_the_internal_rate_is_0(timing, period, capital, multiple):
    """The rate is that of npv: flows at its times, the exit at the horizon."""
    exits = "" if multiple is None else f"exit_multiple={multiple!r}\n"
    terms = f"[deal]\nmode='joint-venture'\nequity=0.5\ncapital={capital!r}\n{exits}"
    horizon = 4
    rate = deal(scenario(terms, horizon=horizon, period=period, head=f"discount={{timing='{timing}'}}\n")).one("irr")
    if not -0.98 < rate < 9.9:
        return
    early = 0.5 if timing == "mid" else 0.0
    times = period * (np.arange(1, horizon + 1) - early)
    value = 50 * np.sum((1 + rate) ** -times) - 0.5 * capital
    value += 50 * (multiple or 0) / period * (1 + rate) ** (-horizon * period)
    assert value == pytest.approx(0, abs=1e-7 * capital * (1 + rate) ** period)


def test_the_internal_rate_of_money_in_the_middle_of_a_year():
    text = scenario("[deal]\nmode='value'\n[costs]\nstart=100\n", horizon=1, market=sales_of(110))
    assert deal(text).one("irr") == pytest.approx(0.21)
    at_that_rate = scenario(
        "[deal]\nmode='value'\n[costs]\nstart=100\n", horizon=1, market=sales_of(110), head="discount={rate=0.21}\n"
    )
    assert deal(at_that_rate).one("npv") == pytest.approx(0, abs=1e-12)


def test_money_that_is_short_later_is_not_paid_back_before():
    text = scenario("[deal]\nmode='value'\n[costs.plant]\nannual=[50, 0, 0, 0]\n", horizon=4, market=sales_of(10))
    found = deal(text)
    assert found.path("cash_flow") == [-40, 10, 10, 10]
    assert found.one("payback") == 5 and found.one("ever_negative") == 1


def test_the_return_on_what_is_paid():
    head = "discount={rate=0.1, timing='end'}\n"
    text = scenario("[deal]\nmode='value'\n[costs]\nstart=20\n[costs.support]\nannual=11\n", horizon=1, head=head)
    found = deal(text)
    assert found.one("discounted_costs") == pytest.approx(20 + 10)
    assert found.one("roi") == pytest.approx((100 / 1.1 - 30) / 30)
    assert deal(scenario(VALUE)).one("roi") == 0
    free = scenario("[deal]\nmode='value'\n[costs]\nstart=0\n", "[outputs]\nroi = true\n")
    assert deal(free).one("roi") == 0
