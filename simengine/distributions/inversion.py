"""Inverting rising functions: a bracketing solver for whole arrays, and for one number."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from simengine.distributions.marginal import Array, Function

_STEPS = 500
_PATIENCE = 8
"""Steps after which a bracket that still spans orders of magnitude is divided by ratio."""


def invert(rising: Function, target: Array, low: Array, high: Array) -> Array:
    """The points at which a rising function reaches ``target``, each between its ``low`` and ``high``.

    All arrays have one shape, which the result shares.  Where the function jumps over the target, the point of
    the jump is returned (to rounding); where it stays on one side, the end nearer to the target.

    References
    ----------
    Chandrupatla (1997), Advances in Engineering Software 28: bisection mixed with inverse quadratic
    interpolation.  Brackets over many orders of magnitude are halved by ratio instead, so that a solution near
    0 is found to relative accuracy.
    """
    with np.errstate(all="ignore"):
        goal = np.ravel(target).astype(np.float64)
        start, end = (np.ravel(v).astype(np.float64) for v in (low, high))
        f_start, f_end = rising(start) - goal, rising(end) - goal
        out = np.where(f_start >= 0, start, end)
        live = np.flatnonzero((f_start < 0) & (f_end > 0))
        goal = goal[live]
        a, fa, b, fb = end[live], f_end[live], start[live], f_start[live]  # a is the latest point
        share = np.full(live.size, 0.5)
        for step in range(_STEPS):
            if not live.size:
                break
            point = a + share * (b - a)
            if step > _PATIENCE:
                point = _by_ratio(a, b, point)
            value = rising(point) - goal
            same = (value > 0) == (fa > 0)
            c, fc = np.where(same, a, b), np.where(same, fa, fb)
            b, fb = np.where(same, b, a), np.where(same, fb, fa)
            a, fa = point, value
            best = np.where(np.abs(fa) < np.abs(fb), a, b)
            tolerance = np.spacing(np.abs(best))
            done = (np.abs(b - a) <= 2 * tolerance) | (fa == 0)
            out[live] = best
            keep = ~done
            live, goal = live[keep], goal[keep]
            a, b, c, fa, fb, fc, tolerance = (v[keep] for v in (a, b, c, fa, fb, fc, tolerance))
            share = _next_share(a, b, c, fa, fb, fc, tolerance / np.abs(b - a))
    return out.reshape(np.shape(target))


class Inverse:
    """The inverse of a rising function, bracketed between knots at which the function is computed once.

    ``knots`` gives points among which all answers lie, sorted; it is called when the first answer is asked for.
    Rounding may make the function fall by a little between knots, so brackets reach one knot further.
    """

    def __init__(self, rising: Function, knots: Callable[[], Array]):
        self._rising = rising
        self._make_knots = knots

    @cached_property
    def _known(self) -> tuple[Array, Array]:
        knots = self._make_knots()
        with np.errstate(all="ignore"):
            values = np.nan_to_num(self._rising(knots), nan=-np.inf)
        return knots, np.maximum.accumulate(values)

    def __call__(self, target: Array) -> Array:
        """The points at which the function reaches each target, any shape; the ends of the knots beyond them."""
        knots, values = self._known
        k = np.searchsorted(values, target)
        last = knots.size - 1
        return invert(self._rising, target, knots[np.clip(k - 2, 0, last)], knots[np.clip(k + 1, 0, last)])


def solve(rising: Callable[[float], float], low: float, high: float, slack: float = 0.0) -> float | None:
    """The number between low and high at which a rising function is 0; None where it does not change sign.

    An end at which the function misses 0 by no more than ``slack`` counts as the answer.
    """
    ends = rising(low), rising(high)
    if math.isnan(ends[0]) or math.isnan(ends[1]):
        return None
    for end, value in zip((low, high), ends, strict=True):
        if slack and abs(value) <= slack:
            return end
    if not (ends[0] <= 0 <= ends[1]):
        return None

    def of_array(points: Array) -> Array:
        return np.array([rising(float(point)) for point in points])

    return float(invert(of_array, np.zeros(1), np.array([low]), np.array([high]))[0])


def least_squares(rows: list[list[float]], targets: list[float]) -> list[float]:
    """The x for which the rows times x come closest to the targets, by Householder reflections.

    Written out in plain arithmetic: library routines round differently from one processor to the next.
    """
    count = len(rows[0])
    return solved(triangular(rows, targets), count, count)


def triangular(rows: list[list[float]], targets: list[float]) -> list[list[float]]:
    """Rows and targets (as the last column) reflected until nothing is left below the diagonal."""
    a = [[*row, target] for row, target in zip(rows, targets, strict=True)]
    count = len(rows[0])
    for k in range(count):
        length = math.hypot(*(row[k] for row in a[k:]))
        if a[k][k] > 0:
            length = -length
        v = [row[k] for row in a[k:]]
        v[0] -= length
        size = math.fsum(x * x for x in v)
        for j in range(k, count + 1):
            share = 2 * math.fsum(x * row[j] for x, row in zip(v, a[k:], strict=True)) / size if size else 0.0
            for x, row in zip(v, a[k:], strict=True):
                row[j] -= share * x
    return a


def solved(triangle: list[list[float]], columns: int, count: int) -> list[float]:
    """The solution with the first ``count`` of the ``columns`` unknowns, the others 0."""
    found = [0.0] * count
    for k in reversed(range(count)):
        rest = math.fsum(triangle[k][j] * found[j] for j in range(k + 1, count))
        found[k] = (triangle[k][columns] - rest) / triangle[k][k]
    return found


def _by_ratio(a: Array, b: Array, point: Array) -> Array:
    """The point at which to divide brackets that hold 0 or span more than two orders of magnitude."""
    straddling = (a < 0) & (b > 0) | (a > 0) & (b < 0)
    from_zero = (a == 0) | (b == 0)
    smaller, larger = np.minimum(np.abs(a), np.abs(b)), np.maximum(np.abs(a), np.abs(b))
    wide = ~straddling & ~from_zero & (larger > 100 * smaller)
    sign = np.sign(a + b)
    point = np.where(straddling, 0.0, point)
    point = np.where(from_zero, sign * larger * 2.0**-16, point)
    return np.where(wide, sign * np.sqrt(smaller) * np.sqrt(larger), point)


def _next_share(a: Array, b: Array, c: Array, fa: Array, fb: Array, fc: Array, least: Array) -> Array:
    """Where between a and b to look next: the interpolated root where that is safe, else the middle."""
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    root = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    share = np.where(safe & np.isfinite(root), root, 0.5)
    return np.clip(share, np.minimum(least, 0.5), np.maximum(1 - least, 0.5))
