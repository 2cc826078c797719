"""Walk-away price: the value of one number of a scenario at which two strategies tie, or one reaches a target.

Both sides are measured on the same draws at every value, so their difference is a smooth function of it wherever the
deal is, and a root of it is found to any accuracy; what the draws leave open is its interval, by the delta method.

References: Brent, Algorithms for Minimization without Derivatives, 1973, chapter 4, for the root; Rubinstein and
Shapiro, Discrete Event Systems, 1993, for roots of sample averages on common random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.aggregate.spread import Z95
from simengine.analysis.measures import Array, Measure
from simengine.analysis.variants import Draws, Progress, measured, reporting, variant_key
from simengine.deal.model import Model

LOOKS = 33
"""Values of a first look at the range, which shows how often the sign changes."""

_ROOT_TOLERANCE = 1e-9
"""Of the range, to which roots are found."""

ModelsAt = Callable[[float], Mapping[str, Model]]
"""The models of the strategies with the number set to a value."""


@dataclass(frozen=True)
class Root:
    """A value at which the difference is 0: its standard error and 95 % interval, and the slope there.

    ``jumps`` says that the difference changes its sign without being 0, as it does for percentiles of outcomes that
    have few values; then nothing is known of an interval.  ``located`` is False where the draws do not tell the slope
    from 0, or the interval covers the whole range: then the place is noise.  ``clipped`` says that the interval was
    cut off at an end of the range.
    """

    value: float
    se: float
    low: float
    high: float
    slope: float
    jumps: bool = False
    located: bool = True
    clipped: bool = False


@dataclass(frozen=True, eq=False)
class Tie:
    """All that `simengine breakeven` reports: the roots, rising, and the difference over the range.

    ``at``, ``differences`` and ``errors``: (looks,).  ``constant`` says that the difference is the same everywhere.
    """

    first: str
    second: str | None
    target: float | None
    measure: Measure
    roots: tuple[Root, ...]
    at: Array
    differences: Array
    errors: Array
    constant: bool

    @property
    def bounds(self) -> tuple[float, float]:
        """The range that was looked at."""
        return float(self.at[0]), float(self.at[-1])

    @property
    def may_touch(self) -> float | None:
        """Where the difference comes within its error of 0 without changing its sign; None where it does not."""
        if self.roots or self.constant:
            return None
        ratio = np.abs(self.differences) / np.where(self.errors > 0.0, self.errors, np.inf)
        near = int(np.argmin(np.abs(self.differences)))
        return float(self.at[near]) if 0.0 < ratio[near] <= Z95 else None


@dataclass(eq=False)
class _Difference:
    """The difference as a function of the number; every value is simulated once."""

    models_at: ModelsAt
    first: str
    second: str | None
    target: float
    measure: Measure
    draws: Draws
    found: dict[float, Linearised] = field(default_factory=dict)
    batches: Batches | None = None

    def at(self, values: Sequence[float]) -> list[Linearised]:
        names = [self.first] if self.second is None else [self.first, self.second]
        output = str(self.measure.output)
        keys: dict[tuple[float, str], str] = {}
        distinct: dict[str, Model] = {}
        new = [value for value in dict.fromkeys(values) if value not in self.found]
        for value in new:
            models = self.models_at(value)
            for name in names:
                model = reporting(models[name], [output])
                key = keys[value, name] = variant_key(model)
                distinct.setdefault(key, model)
        if distinct:
            measures, self.batches = measured(distinct, [self.measure], self.draws)
            for value in new:
                sides = [measures[keys[value, name]][output][0] for name in names]
                level = np.asarray(self.target)
                zero = Linearised(level, np.broadcast_to(level, sides[0].parts.shape))
                self.found[value] = sides[0] - (sides[1] if len(sides) == 2 else zero)
        return [self.found[value] for value in values]

    def value(self, x: float) -> float:
        return float(self.at([float(x)])[0].value)

    def error(self, x: float) -> float:
        assert self.batches is not None
        return float(self.at([x])[0].error(self.batches))

    def step(self, left: float, right: float) -> tuple[float, float]:
        """How much more it is at right than at left, and the standard error of that, paired."""
        assert self.batches is not None
        ends = self.at([left, right])
        change = ends[1] - ends[0]
        return float(change.value), float(change.error(self.batches))


def find_tie(
    models_at: ModelsAt,
    strategies: tuple[str, str | None],
    measure: Measure,
    bounds: tuple[float, float],
    draws: Draws,
    *,
    target: float = 0.0,
    progress: Progress | None = None,
) -> Tie:
    """Every value between the bounds at which the measure of two strategies is equal, or that of one is ``target``.

    Roots that lie closer together than a 32nd of the range, two by two, are not seen.

    Raises
    ------
    InvalidInput
        If the scenario is not valid somewhere in the range.
    NonFiniteOutcome
        If an outcome is not a finite number.
    """
    low, high = bounds
    first, second = strategies
    difference = _Difference(models_at, first, second, target, measure, draws)
    at = np.linspace(low, high, LOOKS)
    found = Linearised.stack(difference.at([float(x) for x in at]))
    assert difference.batches is not None
    values, errors = np.asarray(found.value), found.error(difference.batches)
    if progress is not None:
        progress(1, 2, "first look")
    constant = bool(np.all(found.parts == found.parts[:, :1]) and np.all(values == values[0]))
    roots = () if constant else tuple(_roots(difference, at, values, bounds))
    if progress is not None:
        progress(2, 2, "roots")
    return Tie(first, second, None if second else target, measure, roots, at, values, errors, constant)


def _roots(difference: _Difference, at: Array, values: Array, bounds: tuple[float, float]) -> list[Root]:
    roots: list[Root] = []
    for k in range(len(at)):
        if values[k] == 0.0:
            if not (k and values[k - 1] == 0.0):  # of a stretch of ties, its beginning
                roots.append(_described(difference, float(at[k]), bounds, jumps=False))
        elif k + 1 < len(at) and values[k] * values[k + 1] < 0.0:
            roots.append(_root_between(difference, float(at[k]), float(at[k + 1]), bounds))
    return roots


def _root_between(difference: _Difference, left: float, right: float, bounds: tuple[float, float]) -> Root:
    from scipy.optimize import brentq

    step = abs(difference.value(right) - difference.value(left))
    tolerance = _ROOT_TOLERANCE * (bounds[1] - bounds[0])
    root = float(brentq(difference.value, left, right, xtol=tolerance, rtol=8.9e-16))
    return _described(difference, root, bounds, jumps=abs(difference.value(root)) > 1e-3 * step)


def _described(difference: _Difference, root: float, bounds: tuple[float, float], *, jumps: bool) -> Root:
    """A root with its error: that of the difference over the slope, the slope taken over the interval itself."""
    error, width = difference.error(root), bounds[1] - bounds[0]
    if jumps:
        return Root(root, math.nan, math.nan, math.nan, math.nan, jumps=True)
    reach = width / 200.0
    for _ in range(2):
        left, right = max(bounds[0], root - reach), min(bounds[1], root + reach)
        step, step_error = difference.step(left, right)
        slope = step / (right - left)
        if slope == 0.0 or not math.isfinite(error):
            return Root(root, math.nan, math.nan, math.nan, slope)
        reach = min(max(Z95 * error / abs(slope), width * 1e-4), width / 20.0)
    se = error / abs(slope)
    low, high = root - Z95 * se, root + Z95 * se
    if abs(step) <= Z95 * step_error or (low <= bounds[0] and high >= bounds[1]):
        return Root(root, math.nan, math.nan, math.nan, slope, located=False)
    clipped = low < bounds[0] or high > bounds[1]
    return Root(root, se, max(low, bounds[0]), min(high, bounds[1]), slope, clipped=clipped)
