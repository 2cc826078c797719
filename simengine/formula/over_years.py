"""What the functions over years are built of: each takes a :class:`~simengine.formula.axis.YearlyArithmetic`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Any

from simengine.formula.axis import Yearly, YearlyArithmetic

On = YearlyArithmetic[Any]

IRR_LOWEST, IRR_HIGHEST = -0.99, 10.0
"""The range of internal rates of return that are looked for."""

_BISECTIONS, _NEWTON_STEPS = 12, 5


def folded(step: str) -> Callable[..., Any]:
    """All periods to one value, from the first to the last: a sum, a largest value."""

    def lower(on: On, x: Any) -> Any:
        return reduce(getattr(on.base, step), on.periods_of(x))

    return lower


def running(step: str) -> Callable[..., Any]:
    """The same up to each period: a running sum, a largest value so far."""

    def lower(on: On, x: Any) -> Any:
        return Yearly(tuple(accumulate(on.periods_of(x), getattr(on.base, step))))

    return lower


def lag(on: On, x: Any, first: Any = None) -> Any:
    """The value of the period before; ``first`` (0) in the first."""
    first = on.constant(0.0) if first is None else on.periods_of(first)[0]
    return Yearly((first, *on.periods_of(x)[:-1]))


def running_in_year(on: On, x: Any) -> Any:
    """The running sum since the year began, see :attr:`~simengine.formula.axis.Grid.begins_year`."""
    held: list[Any] = []
    for begins, value in zip(on.grid.begins_year, on.periods_of(x), strict=True):
        held.append(value if begins else on.base.add(held[-1], value))
    return Yearly(tuple(held))


def lag_in_year(on: On, x: Any) -> Any:
    """The value of the period before; 0 in the first of every year."""
    zero = on.constant(0.0)
    before = (zero, *on.periods_of(x)[:-1])
    return Yearly(tuple(zero if begins else value for begins, value in zip(on.grid.begins_year, before, strict=True)))


def year_total(on: On, x: Any) -> Any:
    """The sum of each year in its last period, 0 in the others; the horizon closes a year that has begun."""
    ends = (*on.grid.begins_year[1:], True)
    zero = on.constant(0.0)
    held = on.periods_of(running_in_year(on, x))
    return Yearly(tuple(value if last else zero for last, value in zip(ends, held, strict=True)))


def by_year(on: On, *values: Any) -> Any:
    """The values of the periods in turn; the last one goes on, period by period where it is itself yearly."""
    columns = [on.periods_of(value) for value in values]
    last = len(columns) - 1
    return Yearly(tuple(columns[min(k, last)][k] for k in range(on.grid.periods)))


def at_year(on: On, x: Any, time: Any) -> Any:
    """The value in the period that holds a point in time; 0 before the first and after the last.

    A period holds its end, not its start.  A time that is no number gives a value that is none.
    """
    base, ends, zero = on.base, on.grid.ends, on.constant(0.0)
    found = base.select(base.less(on.constant(ends[-1]), time), zero, on.constant(math.nan))
    for end, value in zip(reversed(ends), reversed(on.periods_of(x)), strict=True):
        found = base.select(base.less_equal(time, on.constant(end)), value, found)
    return base.select(base.less_equal(time, zero), zero, found)


def carried(on: On, x: Any, keep: Any, start: Any = None) -> Any:
    """Stock from flows: what is kept of the stock of the period before, plus the flow."""
    stock = on.constant(0.0) if start is None else start
    held = []
    for flow, kept in zip(on.periods_of(x), on.periods_of(keep), strict=True):
        stock = on.base.add(on.base.multiply(stock, kept), flow)
        held.append(stock)
    return Yearly(tuple(held))


def present_value(on: On, rate: Any, flow: Any, early: Any = None) -> Any:
    """Flows at the ends of the periods, or ``early`` periods before, discounted at a yearly rate."""
    growth = on.add(on.constant(1.0), rate)
    when = on.named("year")
    if early is not None:
        when = on.subtract(when, on.multiply(early, on.named("period")))
    return folded("add")(on, on.multiply(flow, on.power(growth, on.negate(when))))


def payback(on: On, initial: Any, flow: Any) -> Any:
    """Years after which the running sum stays at 0 or above, on straight lines between the ends of periods."""
    base, zero = on.base, on.constant(0.0)
    held, years = initial, zero
    ends = on.grid.ends
    for end, total in zip(ends, on.periods_of(running("add")(on, flow)), strict=True):
        reached = base.add(initial, total)
        over = base.divide(reached, base.subtract(reached, held))
        back = base.subtract(on.constant(end), base.multiply(over, on.constant(on.grid.length)))
        years = base.select(base.less(held, zero), back, years)  # where it goes on below, the next period says when
        held = reached
    years = base.select(base.less(held, zero), on.constant(on.grid.horizon + on.grid.length), years)
    return base.add(years, _nothing(on, held))


def internal_rate(on: On, initial: Any, flow: Any, early: Any = None, final: Any = None) -> Any:
    """The yearly rate at which the value of all flows is 0: halved brackets, then Newton steps that stay inside.

    Flows are at the ends of periods, or ``early`` periods before as in :func:`present_value`; ``final`` is one more,
    at the horizon.  The unknown is the discount factor of one period.  The bracket keeps a value below 0 at one end
    and one that is not at the other; where both ends of the range have the same sign it closes on the end that the
    sign speaks for, unless it meets the other sign on its way.
    """
    base = on.base
    zero = on.constant(0.0)
    flows = [initial, *on.periods_of(flow)]
    if final is not None:
        flows = [*flows, final] if early is not None else [*flows[:-1], base.add(flows[-1], final)]
    lowest = on.constant((1.0 + IRR_HIGHEST) ** -on.grid.length)
    highest = on.constant((1.0 + IRR_LOWEST) ** -on.grid.length)
    first = base.less(_worth(on, flows, lowest, early), zero)
    last = base.less(_worth(on, flows, highest, early), zero)
    alike = base.equal(first, last)
    rising = base.select(alike, on.constant(1.0), first)
    low, high = lowest, highest
    middle = base.sqrt(base.multiply(low, high))
    for halving in range(_BISECTIONS + _NEWTON_STEPS):
        newton = halving >= _BISECTIONS
        value, slope = _with_slope(on, flows, middle, early) if newton else (_worth(on, flows, middle, early), None)
        below = base.equal(base.less(value, zero), rising)
        low, high = base.select(below, middle, low), base.select(below, high, middle)
        # geometric halving: rates near 0 and rates near the end of the range are found equally well
        halved = base.sqrt(base.multiply(low, high))
        if not newton:
            middle = halved
            continue
        step = base.subtract(middle, base.divide(value, slope))  # undefined on a flat 0, and then not inside
        inside = base.select(base.less_equal(low, step), base.less_equal(step, high), zero)
        middle = base.select(inside, step, halved)
    rate = base.subtract(base.power(middle, on.constant(-1.0 / on.grid.length)), on.constant(1.0))
    rate = base.select(base.select(alike, base.equal(low, lowest), zero), on.constant(IRR_HIGHEST), rate)
    rate = base.select(base.select(alike, base.equal(high, highest), zero), on.constant(IRR_LOWEST), rate)
    return base.add(rate, _nothing(on, reduce(base.minimum, flows)))


def _nothing(on: On, x: Any) -> Any:
    """0 where x is a finite number, else undefined: what comparisons have hidden comes to light again."""
    return on.base.subtract(x, x)


def _between(on: On, count: int, x: Any, early: Any) -> list[tuple[Any, Any]]:
    """The factors from each of so many flows to the next, and their derivatives, for a factor x of one period.

    With flows ``early`` periods before the ends of periods the first one is as much nearer to the signing, and what
    comes at the horizon as much after the last one.
    """
    base, one = on.base, on.constant(1.0)
    whole = (x, one)
    if early is None:
        return [whole] * (count - 1)
    if early == on.constant(0.5):  # the same number or node: a square root is far cheaper than two powers
        half = base.sqrt(x)
        start = end = (half, base.divide(on.constant(0.5), half))
    else:
        start, end = (
            (factor := base.power(x, part), base.divide(base.multiply(part, factor), x))
            for part in (base.subtract(one, early), early)
        )
    steps = [start, *[whole] * (on.grid.periods - 1), end]
    return steps[: count - 1]


def _worth(on: On, flows: list[Any], x: Any, early: Any) -> Any:
    """The value of flows at the signing, by Horner's rule; x is the discount factor of one period."""
    base = on.base
    value = flows[-1]
    for flow, (factor, _) in zip(flows[-2::-1], reversed(_between(on, len(flows), x, early)), strict=True):
        value = base.add(base.multiply(value, factor), flow)
    return value


def _with_slope(on: On, flows: list[Any], x: Any, early: Any) -> tuple[Any, Any]:
    """The same and its derivative by x."""
    base = on.base
    value, slope = flows[-1], None
    for flow, (factor, change) in zip(flows[-2::-1], reversed(_between(on, len(flows), x, early)), strict=True):
        grown = base.multiply(value, change)
        slope = grown if slope is None else base.add(base.multiply(slope, factor), grown)
        value = base.add(base.multiply(value, factor), flow)
    return value, slope


def tiers(on: On, base: Any, *steps: Any) -> Any:
    """Marginal tiers: ``tiers(s, u1, r1, u2, r2, r)`` is r1 on s up to u1, r2 from there to u2, r on the rest.

    A bound that lies below the one before it, as uncertain ones may, leaves nothing between the two.
    """
    zero = on.constant(0.0)
    *bounded, last = steps
    total, start = None, zero
    for limit, rate in zip(bounded[::2], bounded[1::2], strict=True):
        inside = on.maximum(on.subtract(on.minimum(base, limit), start), zero)
        part = on.multiply(inside, rate)
        total = part if total is None else on.add(total, part)
        start = on.maximum(start, limit)
    part = on.multiply(on.maximum(on.subtract(base, start), zero), last)
    return part if total is None else on.add(total, part)


def interpolated(on: On, x: Any, *points: Any) -> Any:
    """Straight lines between points (x1, y1), (x2, y2), ... with rising x; constant beyond the ends."""
    places, heights = points[::2], points[1::2]
    value = heights[0]
    for place, following, height, after in zip(places, places[1:], heights, heights[1:], strict=False):
        inside = on.maximum(on.subtract(on.minimum(x, following), place), on.constant(0.0))
        slope = on.divide(on.subtract(after, height), on.subtract(following, place))
        value = on.add(value, on.multiply(inside, slope))
    return value


def bass(on: On, time: Any, p: Any, q: Any) -> Any:
    """The share of the market that has adopted by a time since launch, in closed form; 0 before it.

    References
    ----------
    Bass, F. M. (1969): A new product growth for model consumer durables. Management Science 15 (5), 215-227.
    """
    one = on.constant(1.0)
    decayed = on.exp(on.negate(on.multiply(on.add(p, q), on.maximum(time, on.constant(0.0)))))
    return on.divide(on.subtract(one, decayed), on.add(one, on.multiply(on.divide(q, p), decayed)))
