"""Functions over years against references written plainly in NumPy, and against published values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yearly_values import FLOWS, LENGTHS, NUMBERS, same, value

from simengine.formula import Grid

# ---- along the axis ----


@given(FLOWS)
def test_running_values_are_those_of_numpy(x: list[float]) -> None:
    n = len(x)
    same(value("cumsum(x)", n, x=x), np.cumsum(x))
    same(value("cumprod(x)", n, x=x), np.cumprod(x))
    same(value("cummax(x)", n, x=x), np.maximum.accumulate(x))
    same(value("cummin(x)", n, x=x), np.minimum.accumulate(x))
    same(value("sum(x)", n, x=x), np.cumsum(x)[-1])
    same(value("highest(x)", n, x=x), max(x))
    same(value("lowest(x)", n, x=x), min(x))


@given(FLOWS, NUMBERS)
def test_lag_moves_by_one_period(x: list[float], first: float) -> None:
    same(value("lag(x, first)", len(x), x=x, first=first), [first, *x[:-1]])
    same(value("lag(x)", len(x), x=x), [0.0, *x[:-1]])
    same(value("lag(lag(x))", len(x), x=x), [0.0, 0.0, *x[:-2]][: len(x)])
    same(value("lag(first, 7)", len(x), first=first), [7.0, *[first] * (len(x) - 1)])


@given(FLOWS, st.floats(0, 1), NUMBERS)
def test_a_stock_is_what_is_kept_and_what_is_added(x: list[float], keep: float, start: float) -> None:
    stock, expected = start, []
    for flow in x:
        stock = stock * keep + flow
        expected.append(stock)
    same(value("accumulate(x, keep, start)", len(x), x=x, keep=keep, start=start), expected)
    same(value("accumulate(x, 1)", len(x), x=x), np.cumsum(x))
    shrinking = [1.0 / (k + 1) for k in range(len(x))]
    same(value("accumulate(1, keep, 1)", len(x), keep=shrinking)[0], 2.0)


@given(FLOWS, st.integers(1, 14))
def test_values_by_year_go_on(x: list[float], periods: int) -> None:
    text = f"by_year({', '.join(f'x{k}' for k in range(len(x)))})"
    found = value(text, periods, **{f"x{k}": part for k, part in enumerate(x)})
    same(found, (x + [x[-1]] * periods)[:periods])


def test_a_yearly_value_goes_on_year_by_year() -> None:
    same(value("by_year(0, 5, year)", 5), [0, 5, 3, 4, 5])
    same(value("by_year(year)", 3), [1, 2, 3])
    same(value("by_year(year, year, year)", 2), [1, 2])


@given(FLOWS, LENGTHS, st.floats(-1, 30))
def test_the_value_at_a_time_is_that_of_the_period_that_ends_last(x: list[float], length: float, time: float) -> None:
    ends = np.array(Grid(len(x), length).ends)
    place = int(np.searchsorted(ends, time))  # the first end that is not before the time
    expected = x[place] if time > 0.0 and place < len(x) else 0.0
    assert value("at(x, t)", len(x), length, x=x, t=time) == expected


@given(FLOWS, LENGTHS)
def test_the_end_of_a_period_belongs_to_it(x: list[float], length: float) -> None:
    for end, expected in zip(Grid(len(x), length).ends, x, strict=True):
        assert value("at(x, t)", len(x), length, x=x, t=end) == expected
        later = math.nextafter(end, math.inf)
        assert value("at(year, t)", len(x), length, t=later) in (0.0, pytest.approx(end + length))
    assert value("at(x, t)", len(x), length, x=x, t=0.0) == 0.0
    assert math.isnan(value("at(x, t)", len(x), length, x=x, t=math.nan))


# ---- within the year ----


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.sampled_from([1 / 12, 0.1, 0.25, 0.3, 1 / 3, 0.5, 0.7, 1.0, 2.5]))
def test_years_begin_anew(x: list[float], length: float) -> None:
    """A period counts in the year in which it ends; a longer one is settled by itself."""
    n = len(x)
    years = [k if length >= 1.0 else math.floor((k + 1) * length - 1e-6) for k in range(n)]
    so_far = [math.fsum(x[j] for j in range(k + 1) if years[j] == years[k]) for k in range(n)]
    last = [k == n - 1 or years[k + 1] != years[k] for k in range(n)]
    size = 1e-12 * (1.0 + max(map(abs, x))) * n
    np.testing.assert_allclose(value("cumsum_in_year(x)", n, length, x=x), so_far, rtol=0.0, atol=size)
    totals = [total if ends else 0.0 for total, ends in zip(so_far, last, strict=True)]
    np.testing.assert_allclose(value("year_total(x)", n, length, x=x), totals, rtol=0.0, atol=size)
    before = [x[k - 1] if k and years[k - 1] == years[k] else 0.0 for k in range(n)]
    same(value("lag_in_year(x)", n, length, x=x), before)


def test_years_of_quarters_and_of_periods_that_do_not_divide_one() -> None:
    same(value("cumsum_in_year(1)", 6, 0.25), [1, 2, 3, 4, 1, 2])
    same(value("year_total(1)", 6, 0.25), [0, 0, 0, 4, 0, 2])
    same(value("lag_in_year(year)", 6, 0.25), [0, 0.25, 0.5, 0.75, 0, 1.25])
    same(value("cumsum_in_year(1)", 10, 0.3), [1, 2, 3, 1, 2, 3, 1, 2, 3, 4])  # the tenth ends with the third year
    same(value("cumsum_in_year(1)", 20, 0.1), [*range(1, 11)] * 2)
    same(value("year_total(year)", 3, 2.0), [2, 4, 6])


# ---- single and yearly values together ----


def test_the_axis() -> None:
    same(value("year", 3), [1, 2, 3])
    same(value("year", 4, 0.25), [0.25, 0.5, 0.75, 1.0])
    assert value("period", 3, 0.5) == 0.5 and value("horizon", 3, 0.5) == 1.5


@given(FLOWS, NUMBERS, NUMBERS)
def test_single_values_stand_for_themselves_in_every_period(x: list[float], a: float, b: float) -> None:
    n, wide = len(x), np.array(x)
    given_values = {"x": x, "a": a, "b": b}
    same(value("x + a", n, **given_values), wide + a)
    same(value("a - x * b", n, **given_values), a - wide * b)
    same(value("where(x > a, b, x)", n, **given_values), np.where(wide > a, b, wide))
    same(value("where(a > b, x, year)", n, **given_values), wide if a > b else np.arange(1, n + 1))
    same(value("max(a, x, b)", n, **given_values), np.maximum(np.maximum(a, wide), b))
    same(value("cap(x, a) + floor(x, a)", n, **given_values), np.minimum(wide, a) + np.maximum(wide, a))
    same(value("x > a and not x > b", n, **given_values), (wide > a) & ~(wide > b))
    same(value("sum(a)", n, **given_values), np.cumsum([a] * n)[-1])
    same(value("cumsum(a)", n, **given_values), np.cumsum([a] * n))


# ---- clauses ----


@given(NUMBERS, st.lists(st.floats(-100, 1e5), min_size=2, max_size=4))
def test_bounds_that_cross_count_nothing_twice(base: float, bounds: list[float]) -> None:
    """All tiers at one rate are that rate on the whole base, whatever the order of the bounds."""
    names = {f"u{k}": bound for k, bound in enumerate(bounds)}
    found = value(f"tiers(base, {', '.join(f'{name}, 0.5' for name in names)}, 0.5)", base=base, **names)
    assert found == pytest.approx(0.5 * max(base, 0.0), rel=1e-12, abs=1e-9)


def test_a_tier_whose_bound_lies_below_the_one_before_is_empty() -> None:
    assert value("tiers(100, a, 0.1, b, 0.2, 0.3)", a=50, b=20) == pytest.approx(50 * 0.1 + 50 * 0.3)
    assert value("tiers(40, a, 0.1, b, 0.2, 0.3)", a=50, b=20) == pytest.approx(4)


def _tiers(base: float, bounds: Sequence[float], rates: Sequence[float]) -> float:
    """Tier by tier: what lies between its bounds, at its rate."""
    edges = [0.0, *bounds, math.inf]
    parts = [
        max(0.0, min(base, high) - low) * rate for low, high, rate in zip(edges[:-1], edges[1:], rates, strict=True)
    ]
    return math.fsum(parts)


@given(NUMBERS, st.lists(st.floats(1, 1e5), min_size=0, max_size=4, unique=True).map(sorted), st.data())
def test_tiers_are_marginal(base: float, bounds: list[float], data: st.DataObject) -> None:
    rates = data.draw(st.lists(st.floats(0, 1), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    steps = [str(part) for pair in zip(bounds, rates, strict=False) for part in pair]
    found = value(f"tiers(base, {', '.join([*steps, repr(rates[-1])])})", base=base)
    assert found == pytest.approx(_tiers(base, bounds, rates), rel=1e-12, abs=1e-9)
    assert base > 0 or found == 0.0


def test_tiers_by_year() -> None:
    same(value("tiers(s, 100, 0.05, 200, 0.04, 0.03)", 4, s=[-5, 50, 150, 300]), [0, 2.5, 7, 12], rel=1e-12)


@settings(deadline=None)
@given(
    st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=2, max_size=6, unique=True).map(sorted),
    st.data(),
)
def test_interpolation_is_that_of_numpy(places: list[float], data: st.DataObject) -> None:
    heights = data.draw(st.lists(st.floats(-1e3, 1e3), min_size=len(places), max_size=len(places)))
    x = data.draw(st.one_of(st.floats(-150, 150), st.sampled_from(places)))
    names = {f"x{k}": v for k, v in enumerate(places)} | {f"y{k}": v for k, v in enumerate(heights)}
    table = ", ".join(f"x{k}, y{k}" for k in range(len(places)))
    found = value(f"interp(x, {table})", x=x, **names)
    size = max(map(abs, heights))
    assert found == pytest.approx(np.interp(x, places, heights), rel=1e-12, abs=1e-12 * size + 1e-300)


def test_bass_has_its_published_values() -> None:
    """p = 0.03, q = 0.38: the peak of sales at 6.19 years, and adoption there and at 5 and 10 years."""
    p, q = 0.03, 0.38
    peak = math.log(q / p) / (p + q)
    assert peak == pytest.approx(6.19262, abs=5e-6)
    for time, share in ((peak, 0.460526), (5.0, 0.331199), (10.0, 0.812803)):
        assert value("bass(t, p, q)", t=time, p=p, q=q) == pytest.approx(share, abs=5e-7)
    step = 1e-5
    density = (value("bass(t, .03, .38)", t=peak + step) - value("bass(t, .03, .38)", t=peak - step)) / (2 * step)
    assert density == pytest.approx(0.110592, abs=5e-7)
    assert value("bass(-3, 0.03, 0.38)") == 0.0 == value("bass(5, 0, 0.38)")


def test_adopters_of_half_periods_add_up_to_those_of_whole_ones() -> None:
    text = "bass(year, 0.03, 0.38) - bass(year - period, 0.03, 0.38)"
    yearly, halves = value(text, 10, 1.0), value(text, 20, 0.5)
    same(halves[::2] + halves[1::2], yearly, rel=1e-12)
