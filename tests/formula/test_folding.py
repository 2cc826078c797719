"""Constants: folded to the nearest float on every platform, and refused where they are no number."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.formula import constant_problems, constant_value, parse
from simengine.formula.arithmetic import FLOATS

_any = st.floats(allow_nan=True, allow_infinity=True)


def nearest_float(x: mpmath.mpf) -> float:
    """Rounded once, subnormal numbers included (mpmath's own conversion rounds twice there)."""
    sign, mantissa, exponent, _ = x._mpf_
    exact = Fraction(int(mantissa)) * (Fraction(2) ** int(exponent))
    try:
        return float(-exact if sign else exact)
    except OverflowError:
        return -math.inf if sign else math.inf


@settings(max_examples=50, deadline=None)
@given(st.floats(-740, 709))
def test_exp_is_correctly_rounded(x: float) -> None:
    with mpmath.workprec(300):
        assert FLOATS.exp(x) == nearest_float(mpmath.exp(mpmath.mpf(x)))


@settings(max_examples=50, deadline=None)
@given(st.floats(5e-324, 1.7e308))
def test_log_is_correctly_rounded(x: float) -> None:
    with mpmath.workprec(300):
        assert FLOATS.log(x) == nearest_float(mpmath.log(mpmath.mpf(x)))


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-100, 1e100), st.floats(-3, 3))
def test_power_is_correctly_rounded(x: float, y: float) -> None:
    with mpmath.workprec(400):
        assert FLOATS.power(x, y) == nearest_float(mpmath.power(mpmath.mpf(x), mpmath.mpf(y)))


@settings(max_examples=50, deadline=None)
@given(_any, _any)
def test_power_has_the_special_cases_of_ieee(x: float, y: float) -> None:
    import numpy as np

    with np.errstate(all="ignore"):
        expected = float(np.power(np.float64(x), np.float64(y)))
    found = FLOATS.power(x, y)
    if math.isnan(expected) or math.isinf(expected) or expected == 0.0:
        assert math.isnan(found) if math.isnan(expected) else found.hex() == expected.hex()
    else:
        assert found == pytest.approx(expected, rel=1e-15, abs=5e-324)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, -1.0, math.inf),
        (-0.0, -1.0, -math.inf),
        (-0.0, -2.0, math.inf),
        (-8.0, 1 / 3, math.nan),
        (-2.0, 3.0, -8.0),
        (-2.0, 1024.0, math.inf),
        (-2.0, 1025.0, -math.inf),
        (math.nan, 0.0, 1.0),
        (1.0, math.nan, 1.0),
        (-1.0, math.inf, 1.0),
    ],
)
def test_power_edges(x: float, y: float, expected: float) -> None:
    found = FLOATS.power(x, y)
    assert math.isnan(found) if math.isnan(expected) else found.hex() == expected.hex()


@settings(max_examples=50, deadline=None)
@given(_any, _any)
def test_division_never_raises(x: float, y: float) -> None:
    import numpy as np

    with np.errstate(all="ignore"):
        expected = float(np.float64(x) / np.float64(y))
    found = FLOATS.divide(x, y)
    assert math.isnan(found) if math.isnan(expected) else found.hex() == expected.hex()


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.floats(-40, 40), st.floats(-1e-3, 1e-3), st.sampled_from([-5.0, 5.0, -38.4, -38.5, 0.0])))
def test_normal_cdf_is_correctly_rounded(x: float) -> None:
    with mpmath.workprec(400):
        assert FLOATS.normal_cdf(x) == nearest_float(mpmath.ncdf(mpmath.mpf(x)))


def test_normal_cdf_edges() -> None:
    assert FLOATS.normal_cdf(0.0) == 0.5 and FLOATS.normal_cdf(math.inf) == 1.0 and FLOATS.normal_cdf(1e300) == 1.0
    assert FLOATS.normal_cdf(-math.inf) == 0.0 and math.isnan(FLOATS.normal_cdf(math.nan))
    assert FLOATS.normal_cdf(-38.0) > 0.0 == FLOATS.normal_cdf(-39.0)


def test_exp_and_log_edges() -> None:
    assert FLOATS.exp(1e300) == math.inf and FLOATS.exp(709.9) == math.inf and FLOATS.exp(-1e300) == 0.0
    assert FLOATS.exp(-math.inf) == 0.0 and math.isnan(FLOATS.exp(math.nan))
    assert FLOATS.log(0.0) == -math.inf and math.isnan(FLOATS.log(-1.0)) and FLOATS.log(math.inf) == math.inf
    assert math.isnan(FLOATS.sqrt(-1.0)) and FLOATS.sqrt(-0.0).hex() == (-0.0).hex()


def test_minimum_keeps_what_is_undefined() -> None:
    for least in (FLOATS.minimum, FLOATS.maximum):
        assert math.isnan(least(math.nan, 1.0)) and math.isnan(least(1.0, math.nan))


def test_constant_value() -> None:
    assert constant_value(parse("2 * k + pi - pi"), {"k": 3.0}) == 6.0
    assert constant_value(parse("2 * k + V"), {"k": 3.0}) is None
    assert constant_value(parse("where(k > 1, 5, 6)"), {"k": 3.0}) == 5.0


@pytest.mark.parametrize(
    ("text", "spans", "reason"),
    [
        ("9**9**9", [(0, 7)], "is infinite"),
        ("V * (1 / 0)", [(4, 11)], "divides by 0"),
        ("V + log(-1) + log(0)", [(4, 11), (14, 20)], "is not defined"),
        ("1 / (pi - pi)", [(0, 13)], "divides by 0"),
        ("V / k", [], ""),
        ("1 / k", [(0, 5)], "divides by 0"),
        ("exp(1000) * 0", [(0, 9)], "is infinite"),
        ("(-8) ** (1/3)", [(0, 13)], "is not defined"),
        ("V / (2 - 2)", [], ""),
        ("where(V > 0, 1 / V, 0)", [], ""),
    ],
)
def test_constants_that_are_no_number(text: str, spans: list[tuple[int, int]], reason: str) -> None:
    found = constant_problems(parse(text), text, {"k": 0.0})
    assert [problem.span for problem in found] == spans
    assert not found or reason in found[0].reason
