"""Present values, internal rates and paybacks against SciPy, loops, and answers known by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from yearly_values import FLOWS, LENGTHS, value

from simengine.formula.over_years import IRR_HIGHEST, IRR_LOWEST


def test_present_value_at_the_end_and_in_the_middle_of_periods() -> None:
    assert value("npv(0.1, 1)", 1) == pytest.approx(0.909091, abs=5e-7)
    assert value("npv(0.1, 1, 0.5)", 1) == pytest.approx(0.953463, abs=5e-7)
    assert value("npv(0.1, 1, 1)", 1) == 1.0


@given(FLOWS, LENGTHS, st.floats(-0.5, 3), st.sampled_from([0.0, 0.5, 1.0]))
def test_present_value_is_the_discounted_sum(x: list[float], length: float, rate: float, early: float) -> None:
    years = (np.arange(1, len(x) + 1) - early) * length
    parts = np.array(x) * (1.0 + rate) ** -years
    found = value("npv(rate, x, early)", len(x), length, x=x, rate=rate, early=early)
    assert found == pytest.approx(math.fsum(parts), rel=1e-12, abs=1e-12 * float(np.abs(parts).sum()))


def test_rates_may_differ_from_year_to_year() -> None:
    assert value("npv(r, 1)", 2, r=[0.1, 0.2]) == pytest.approx(1 / 1.1 + 1 / 1.44, rel=1e-15)


def _worth(rate: float, flows: Sequence[float], length: float) -> float:
    return math.fsum(flow * (1.0 + rate) ** (-k * length) for k, flow in enumerate(flows))


AMOUNTS = st.floats(0.01, 1e6)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(AMOUNTS, min_size=1, max_size=4),
    st.lists(st.one_of(st.just(0.0), AMOUNTS), min_size=1, max_size=20),
    LENGTHS,
    st.sampled_from([1.0, -1.0]),
)
@example([100.0], [121.0], 1.0, 1.0)
@example([1.0], [100.0], 1.0, 1.0)
@example([1.0], [100.0], 1.0, -1.0)
@example([100.0], [1.0], 1.0, 1.0)
@example([11.0], [121.0], 1.0, 1.0)  # the root is the end of the range
@example([1.0], [0.0] * 19 + [3.0], 1.0, 1.0)
def test_internal_rate_against_brentq(costs: list[float], gains: list[float], length: float, sign: float) -> None:
    """Conventional flows of an investment, and of a loan (signs turned), have one rate of return."""
    flows = [-sign * cost for cost in costs] + [sign * gain for gain in gains]
    found = value("irr(a, x)", len(flows) - 1, length, a=flows[0], x=flows[1:])
    low, high = _worth(IRR_LOWEST, flows, length), _worth(IRR_HIGHEST, flows, length)
    if low * high < 0.0:
        factor = brentq(
            lambda x: math.fsum(flow * x**k for k, flow in enumerate(flows)),
            (1 + IRR_HIGHEST) ** -length,
            (1 + IRR_LOWEST) ** -length,
            xtol=1e-300,
            rtol=1e-15,
            maxiter=500,
        )
        assert found == pytest.approx(factor ** (-1 / length) - 1, rel=1e-9, abs=1e-9)
    elif low * high > 0.0:
        assert found == (IRR_HIGHEST if low > 0.0 else IRR_LOWEST)


def test_internal_rate_known_answers() -> None:
    assert value("irr(-100, x)", 3, x=[0, 0, 133.1]) == pytest.approx(0.1, abs=1e-14)
    assert value("irr(-100, x)", 2, 0.5, x=[0, 121]) == pytest.approx(0.21, abs=1e-13)
    assert value("irr(-100, 10)", 10) == pytest.approx(0.0, abs=1e-14)
    assert value("irr(-100, x)", 2, x=[50, -1]) == pytest.approx(_largest_rate([-100, 50, -1]), abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(
    st.floats(1, 1000),
    st.lists(st.floats(0, 500), min_size=1, max_size=12),
    st.floats(0, 2000),
    LENGTHS,
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
@example(100.0, [0.0], 110.0, 1.0, 0.5)
def test_the_present_value_at_the_internal_rate_is_0(
    cost: float, x: list[float], final: float, length: float, early: float
) -> None:
    """With the times of npv, and what comes at the horizon at the horizon."""
    names: dict[str, Any] = {"a": -cost, "x": x, "e": final, "early": early}
    rate = value("irr(a, x, early, e)", len(x), length, **names)
    worth = value("a + npv(r, x, early) + e * (1 + r) ** -horizon", len(x), length, r=rate, **names)
    if IRR_LOWEST < rate < IRR_HIGHEST:
        scale = (1 + rate) ** (2 * length) + (1 + rate) ** -(length * len(x))  # slope, and factors at low rates
        assert worth == pytest.approx(0.0, abs=1e-8 * (cost + sum(x) + final) * scale)
        assert rate == pytest.approx(value(f"irr(a, x, {early}, e)", len(x), length, **names), abs=1e-9)
    else:
        assert worth >= 0.0 if rate == IRR_HIGHEST else worth <= 0.0


def test_internal_rate_of_flows_in_the_middle() -> None:
    assert value("irr(-100, 110, 0.5)", 1) == pytest.approx(0.21, abs=1e-13)  # 110 after half a year
    assert value("irr(-100, 0, 0.5, 110)", 1) == pytest.approx(0.1, abs=1e-13)
    assert value("irr(-100, x, 0, 110)", 2, x=[10, 0]) == value("irr(-100, x)", 2, x=[10, 110])
    assert value("irr(-100, x, 0.5, 10)", 2, x=[110, 0]) == pytest.approx(_rate_by_halves(-100, 110, 10), abs=1e-12)


def _rate_by_halves(start: float, after_half: float, after_two: float) -> float:
    """In the factor of half a year the value is a polynomial."""
    (factor,) = [z.real for z in np.roots([after_two, 0, 0, after_half, start]) if abs(z.imag) < 1e-12 and z.real > 0]
    return factor**-2 - 1


def _largest_rate(flows: Sequence[float]) -> float:
    factors = [root.real for root in np.roots(flows[::-1]) if abs(root.imag) < 1e-12 and root.real > 0]
    return max(1 / factor - 1 for factor in factors)


@pytest.mark.parametrize(
    ("initial", "flow", "expected"),
    [
        (5.0, 1.0, IRR_HIGHEST),
        (5.0, 0.0, IRR_HIGHEST),
        (0.0, 0.0, IRR_HIGHEST),
        (0.0, 1.0, IRR_HIGHEST),
        (-5.0, 0.0, IRR_LOWEST),
        (-5.0, -1.0, IRR_LOWEST),
        (0.0, -1.0, IRR_LOWEST),
        (-1e-12, 1e12, IRR_HIGHEST),
        (-1e300, 1e-300, IRR_LOWEST),
    ],
)
@pytest.mark.parametrize("periods", [1, 2, 30, 600])
def test_internal_rate_where_there_is_none(initial: float, flow: float, expected: float, periods: int) -> None:
    if (initial, flow, periods) != (-1e300, 1e-300, 600):  # in 600 years 1e-300 grows to anything
        assert value("irr(a, x)", periods, a=initial, x=[flow] * periods) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.just(0.0), st.floats(-1e150, 1e150)), min_size=2, max_size=8), LENGTHS)
def test_internal_rate_and_payback_are_always_numbers(x: list[float], length: float) -> None:
    """Flat zeros give 0/0 on the way, and changing signs no or many rates; the answers stay inside their ranges."""
    periods = len(x) - 1
    rate = value("irr(a, x)", periods, length, a=x[0], x=x[1:])
    assert IRR_LOWEST - 1e-12 <= rate <= IRR_HIGHEST + 1e-12
    years = value("payback(a, x)", periods, length, a=x[0], x=x[1:])
    assert 0.0 <= years <= periods * length + length


def test_what_is_no_number_stays_visible() -> None:
    for text in ("irr(a, x)", "payback(a, x)"):
        assert math.isnan(value(text, 2, a=-1.0, x=[math.nan, 3.0]))
        assert math.isnan(value(text, 2, a=math.nan, x=[1.0, 3.0]))


@given(st.floats(-1e6, 1e6), FLOWS, LENGTHS)
@example(0.0, [-40.0, 10.0, 10.0, 10.0], 1.0)
@example(5.0, [-40.0, 10.0, 50.0], 0.25)
def test_payback_is_when_the_running_sum_is_below_0_for_the_last_time(
    initial: float, x: list[float], length: float
) -> None:
    held = initial + np.cumsum([0.0, *x])
    below = np.flatnonzero(held < 0.0)
    if not below.size:
        expected = 0.0
    elif (k := int(below[-1])) == len(x):
        expected = len(x) * length + length
    else:
        expected = float(np.interp(0.0, held[k : k + 2], [k * length, (k + 1) * length]))
    found = value("payback(a, x)", len(x), length, a=initial, x=x)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_payback_known_answers() -> None:
    assert value("payback(-10, 4)", 5) == 2.5
    assert value("payback(-10, 4)", 10, 0.5) == 1.25
    assert value("payback(-10, 1)", 5) == 6.0
    assert value("payback(-10, x)", 4, x=[12, -20, 3, 40]) == pytest.approx(3 + 15 / 40)
    assert value("payback(0, -1)", 5) == 6.0
    assert value("payback(0, x)", 4, x=[-40, 10, 10, 10]) == 5.0
    assert value("payback(0, x)", 4, x=[-40, 10, 20, 20]) == 3.5
    assert value("payback(0, x)", 2, x=[5, -5]) == 0.0
    assert value("payback(-10, 5)", 2) == 2.0
