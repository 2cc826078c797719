"""The distribution of a sum of a random number of losses, as a piecewise linear quantile function.

Sums of atoms are found exactly on their lattice.  Where losses are continuous, one loss alone is followed by its own
distribution function, two and more on a ladder of grids (:mod:`.spectrum`); knots are then placed so that lines
between them err by less than 1e-8 in probability.  In the far upper tail one large loss and many ordinary ones make
a large sum, and the ordinary ones are extrapolated from where the grids end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simengine.distributions.families.frequency import Frequency
from simengine.distributions.families.lattice import common_step, lattice_sum
from simengine.distributions.families.severity import Severity
from simengine.distributions.families.spectrum import MOST_GRIDS, RATIO, Grid, grid
from simengine.distributions.marginal import SMALLEST_TAIL, Array, Pieces
from simengine.distributions.pieces import cumulate, lines, steps
from simengine.distributions.scores import below as normal_below
from simengine.distributions.values import brief
from simengine.errors import InvalidInput, Problem

TAIL = 1e-10
"""Upper tail probability at which the grids end."""
_LEAST_POINTS = 1 << 13
_LARGEST_POINTS = 1 << 17
_JUMP_POINTS = 1 << 14
"""Points where the density of a loss may jump, which makes the error fall with the square of their distance only."""
_PER_LOSS = 256
"""Points of the finest grid over a typical loss."""
_SMALLEST = 2e-4
"""Share of losses that are smaller than four steps of the finest grid."""
_PER_SPREAD = 768
"""Points below the mean of the sum for each standard deviation in it, fewer by the ratio of the grids at worst."""
_PER_FEW = 192
"""The same for sums of so few losses that their numbers can be told apart."""
_FINEST = 18
"""Losses are not resolved below a grid that so many steps of the ladder widen to the largest sums."""
_ROUNDED_POINTS = 1 << 16
"""Sums of atoms that have no common step are rounded to so many values."""
_MOST_KNOTS = 1 << 16
_LINE_ERROR = 3e-9
"""Knots are so close that a line between two errs by no more in probability: an eighth of h**2 times f'."""
_TAIL_SHARE = 0.01
"""Weight of the logarithms of the tails against the curvature of the distribution function in placing knots."""
_SCORES = 8.3
_LAST = SMALLEST_TAIL / 4
_TAIL_KNOTS = 512
ACCURACY = 1e-8


def aggregate(frequency: Frequency, severity: Severity) -> tuple[Pieces, tuple[Problem, ...]]:
    """The quantile function of the sum, and what is to be said about its accuracy.

    Raises
    ------
    InvalidInput
        If no grid resolves both one loss and the sum: so many losses, or so narrow ones.
    OverflowError
        If sums leave the range of float64.
    """
    with np.errstate(all="ignore"):  # what leaves the range of float64 is refused in the end
        pieces, notes = _aggregate(frequency, severity)
    if not (np.all(np.isfinite(pieces.values)) and np.all(np.isfinite(pieces.slopes))):
        raise OverflowError
    return pieces, notes


def _aggregate(frequency: Frequency, severity: Severity) -> tuple[Pieces, tuple[Problem, ...]]:
    sums, masses, notes = _of_atoms(frequency, severity)
    if not severity.mass:
        from_below, from_above = cumulate(masses), cumulate(masses[::-1])[::-1]
        seams = np.where(from_below[:-1] <= 0.5, from_below[:-1], 1.0 - from_above[1:])
        return steps(sums, np.maximum.accumulate(seams)), notes
    if _Whole(frequency, severity, sums, masses, ()).several < TAIL:
        return _of_one_loss(frequency, severity), (*notes, _accuracy())
    whole = _Whole(frequency, severity, sums, masses, _ladder(frequency, severity))
    return _lines(whole), (*notes, _accuracy())


def _accuracy() -> Problem:
    reason = f"is computed by Fourier transform and drawn from lines, accurate to {brief(ACCURACY)} in probability"
    return Problem(reason, "dist", '"compound"', severity="note")


def _of_one_loss(frequency: Frequency, severity: Severity) -> Pieces:
    """Where two losses are next to impossible: nothing, or one loss."""
    nothing = float(frequency.generating(0.0))
    z = np.linspace(-_SCORES, _SCORES, 1 << 14)
    tail = np.clip(normal_below(-np.abs(z)), SMALLEST_TAIL, 0.5)
    values = np.where(z < 0, severity.low(tail), severity.high(tail))
    levels = nothing + (1.0 - nothing) * np.where(z < 0, tail, 1.0 - tail)
    levels[-1] = 1.0
    return lines(np.maximum.accumulate(np.concatenate(([0.0, 0.0], values))), np.concatenate(([0.0, nothing], levels)))


def _of_atoms(frequency: Frequency, severity: Severity) -> tuple[Array, Array, tuple[Problem, ...]]:
    """The sums of atoms alone and their probabilities."""
    step = common_step(severity.values)
    found = None if step is None else lattice_sum(frequency, severity.values, severity.masses, step)
    if found is not None:
        return (*found, ())
    second = math.fsum((severity.masses * severity.values**2).tolist())
    reach = 10.0 * math.sqrt((frequency.mean + frequency.variance) * second) + float(severity.values[-1])
    for size in (_ROUNDED_POINTS, _ROUNDED_POINTS // 4, _ROUNDED_POINTS // 16, _ROUNDED_POINTS // 64):
        exponent = math.floor(math.log10(reach / size))
        width = next(m for m in (1, 2, 5, 10) if m * 10.0**exponent >= reach / size)
        rational = (width * 10**exponent, 1) if exponent >= 0 else (width, 10**-exponent)
        unit = rational[0] / rational[1]
        found = lattice_sum(frequency, *_rounded(severity, unit), rational)
        if found is not None:
            hint = "give severities that are multiples of a coarser step to have exact sums"
            reason = f"sums of severities are rounded to multiples of {brief(unit)}, keeping the mean"
            return (*found, (Problem(reason, "severity", hint=hint, severity="note"),))
    raise _too_many(frequency)


def _rounded(severity: Severity, unit: float) -> tuple[Array, Array]:
    """Atoms moved to the multiples around them, each in two parts that keep its mean."""
    place = severity.values / unit
    lower = np.floor(place)
    share = place - lower
    where = np.concatenate((lower, lower + 1))
    distinct, index = np.unique(where, return_inverse=True)
    masses = np.bincount(index, weights=np.concatenate((severity.masses * (1 - share), severity.masses * share)))
    return distinct * unit, masses.astype(np.float64)


def _too_many(frequency: Frequency) -> InvalidInput:
    shown = f"a mean of {brief(float(f'{frequency.mean:.6g}'))}"
    reason = "has so many events that their sum cannot be resolved together with one of them"
    hint = "a sum of so many losses is normal: give that with mean = events * mean loss"
    return InvalidInput(Problem(reason, "frequency", shown, hint=hint))


_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


@dataclass(frozen=True)
class _Whole:
    """The sum: its atoms, the part of it that is one continuous loss, and the grids for the rest."""

    frequency: Frequency
    severity: Severity
    sums: Array
    masses: Array
    grids: tuple[Grid, ...]

    @property
    def single(self) -> float:
        """The weight of one loss alone: G'(P(X = 0))."""
        return self.frequency.slope(self.severity.nothing)

    @property
    def several(self) -> float:
        """The probability of two losses or more, not all atoms."""
        atomic = math.fsum(self.severity.masses.tolist())
        whole = 1.0 - float(self.frequency.generating(atomic))
        return max(whole - self.single * self.severity.mass, 0.0)

    def of_several(self, x: Array) -> Array:
        """P(S <= x) for the rest."""
        out = np.empty(x.shape)
        ends = np.array([each.end for each in self.grids])
        number = np.minimum(np.searchsorted(ends, x), ends.size - 1)
        for k, each in enumerate(self.grids):
            mine = number == k
            out[mine] = each.at(x[mine])
        half = np.array([self.grids[0].step / 2])
        near = x < half[0]
        if np.any(near):  # sums so small are as likely as that all losses are
            small = self._all_below(x[near]) / np.maximum(self._all_below(half), 1e-300)
            out[near] = self.grids[0].at(half)[0] * np.clip(small, 0.0, 1.0)
        return np.clip(out, 0.0, self.several)

    def _all_below(self, x: Array) -> Array:
        """The probability of two losses or more, none of them above x."""
        none = self.severity.nothing
        below = self.severity.tails(x)[0]
        generating = self.frequency.generating
        return np.asarray(generating(none + below) - generating(np.float64(none)) - self.single * below)

    def tails(self, x: Array) -> tuple[Array, Array]:
        """P(S <= x) and P(S > x), atoms left out."""
        rest = self.of_several(x)
        below, above = self.severity.tails(x)
        return self.single * below + rest, self.single * above + (self.several - rest)

    def atoms_above(self, x: Array) -> Array:
        """P(S > x and S is a sum of atoms)."""
        return self._atoms_from(x, "right")

    def _atoms_from(self, x: Array, side: Literal["left", "right"]) -> Array:
        from_above = np.append(np.cumsum(self.masses[::-1])[::-1], 0.0)
        return np.asarray(from_above[np.searchsorted(self.sums, x, side=side)])

    def levels(self, x: Array) -> tuple[Array, Array, Array]:
        """P(S < x) and P(S <= x), each found from the smaller tail, and P(S > x)."""
        below, above = self.tails(x)
        from_below = np.append(0.0, np.cumsum(self.masses))
        out = []
        for side in _SIDES:
            atoms = from_below[np.searchsorted(self.sums, x, side=side)]
            under, over = below + atoms, above + self._atoms_from(x, side)
            out.append(np.where(under <= 0.5, under, 1.0 - over))
        return out[0], out[1], above + self.atoms_above(x)


def _quantile(severity: Severity, u: float) -> float:
    q = np.array([min(u, 1.0 - u)])
    return float((severity.low if u <= 0.5 else severity.high)(q)[0])


def _ladder(frequency: Frequency, severity: Severity) -> tuple[Grid, ...]:
    """Grids from the smallest losses that matter to where the upper tail is :data:`TAIL`."""
    none = severity.nothing
    events = frequency.mean * (1.0 - none)

    def of_loss(u: float) -> float:
        """The quantile of a loss that is not 0."""
        return max(_quantile(severity, min(none + (1.0 - none) * u, 1.0 - 1e-15)), 1e-300)

    typical, far = of_loss(0.5), of_loss(1.0 - min(TAIL / max(events, 1.0), 0.1) / (1.0 - none))
    if not math.isfinite(far):
        raise OverflowError
    spread = of_loss(0.75) - of_loss(0.25)
    fine = min(typical, 2.0 * spread if spread > 0 else typical, far / 32.0) / _PER_LOSS
    points = _points(frequency, severity)
    negligible = far * max(events, 1.0) / points / float(RATIO) ** _FINEST
    step = max(min(of_loss(_SMALLEST) / 4.0, fine), min(negligible, typical / _PER_LOSS))
    step = _aligned(severity, step)
    whole = _Whole(frequency, severity, np.empty(0), np.empty(0), ())
    jump = float(np.max(severity.bends, initial=0.0))
    found: list[Grid] = []
    while len(found) < MOST_GRIDS:
        more = max(points, _JUMP_POINTS) if step * points < 8.0 * jump else points
        found.append(grid(frequency, severity, step, more, found[-1] if found else None))
        end = np.array([found[-1].end])
        above = whole.single * severity.tails(end)[1][0] + whole.several - float(found[-1].at(end)[0])
        if above <= TAIL / 2:
            return tuple(found)
        step *= RATIO
    reason = "spans so many orders of magnitude that sums cannot be resolved"
    raise InvalidInput(Problem(reason, "severity", hint="check its parameters, or truncate it"))


def _points(frequency: Frequency, severity: Severity) -> int:
    """The points of a grid: enough where the sum, or a sum of as few losses as can be told apart, is narrow."""
    mean, variance = severity.mean, severity.variance
    if not (math.isfinite(mean) and math.isfinite(variance) and variance > 0):
        return _LEAST_POINTS
    total = frequency.mean * variance + frequency.variance * mean**2
    narrow = mean * mean / variance
    apart = min(frequency.mean + 3.0 * math.sqrt(frequency.variance), narrow / 4.0)
    of_sum, of_few = frequency.mean * mean / math.sqrt(total), math.sqrt(narrow * apart)
    wanted = max(_PER_SPREAD * of_sum, _PER_FEW * of_few, _LEAST_POINTS)
    if wanted <= _LARGEST_POINTS:
        return int(2 ** math.ceil(math.log2(wanted)))
    if of_sum < of_few:
        share = brief(float(f"{math.sqrt(1.0 / narrow):.2g}"))
        reason = f"has a standard deviation of only {share} times its mean, too narrow to be resolved in a sum"
        raise InvalidInput(Problem(reason, "severity", hint="a constant severity describes it as well"))
    raise _too_many(frequency)


def _aligned(severity: Severity, step: float) -> float:
    """A step no larger, of which the ends of the loss are multiples on as many grids as matter."""
    ends = severity.bends[(severity.bends > 0) & np.isfinite(severity.bends)]
    common = common_step(ends)
    if common is None or not ends.size:
        return step
    unit = common[0] / common[1]
    return unit / float(RATIO) ** math.ceil(math.log(unit / step, RATIO))


def _lines(whole: _Whole) -> Pieces:
    """Lines between knots that are placed where the distribution function bends, and evenly along its tails."""
    x = _knots(whole)
    below, upto, over = whole.levels(x)
    levels = np.column_stack((below, upto)).ravel()
    values = np.repeat(x, 2)
    tail_levels, tail_values = _far_tail(whole, x, over)
    levels = np.concatenate((levels, tail_levels))
    values = np.concatenate((values, tail_values))
    levels = np.maximum.accumulate(np.clip(levels, 0.0, 1.0))
    levels[0], levels[-1] = 0.0, 1.0
    return lines(np.maximum.accumulate(values), levels)


def _knots(whole: _Whole) -> Array:
    """Values between 0 and where the upper tail is :data:`TAIL`."""
    x = _candidates(whole)
    below, above = whole.tails(x)
    above_all = above + whole.atoms_above(x)
    last = int(np.argmax(above_all <= TAIL)) if np.any(above_all <= TAIL) else x.size - 1
    x, below, above = x[: last + 1], below[: last + 1], above[: last + 1]
    width = np.diff(x)
    rise = np.where(below[1:] <= above[1:], np.diff(below), -np.diff(above))
    density = np.maximum(rise, 0.0) / width
    bend = np.abs(np.gradient(density))
    with np.errstate(divide="ignore"):
        depth = np.abs(np.diff(np.log(np.maximum(below, 1e-12)))) + np.abs(np.diff(np.log(np.maximum(above, 1e-12))))
    monitor = np.sqrt(bend * width) + _TAIL_SHARE * depth
    along = np.append(0.0, np.cumsum(monitor))
    count = min(math.ceil(float(along[-1]) / math.sqrt(8.0 * _LINE_ERROR)) + 2, _MOST_KNOTS)
    found = np.interp(np.linspace(0.0, along[-1], count), along, x)
    special = np.concatenate((whole.sums, whole.severity.bends, [0.0]))
    return np.unique(np.concatenate((found, special[special <= x[-1]])))


def _candidates(whole: _Whole) -> Array:
    """Points at which the distribution function is looked at first: those of the grids, and smaller losses."""
    parts, start = [], 0.0
    for each in whole.grids:
        x = each.step * (np.arange(round(each.end / each.step)) + 0.5)
        parts.append(x[x > start])
        start = each.end
    none = whole.severity.nothing
    u = none + (1.0 - none) * 2.0 ** -np.arange(40.0, 1.0, -0.5)
    small = np.where(u <= 0.5, whole.severity.low(np.minimum(u, 0.5)), whole.severity.high(np.minimum(1 - u, 0.5)))
    small = small[(small > 0) & (small < parts[0][0])]
    return np.unique(np.concatenate(([0.0], small, *parts)))


def _far_tail(whole: _Whole, x: Array, over: Array) -> tuple[Array, Array]:
    """Levels and values beyond the grids: the largest loss, plus what others add to it.

    What they add is the gap between the quantile of the sum and that of the loss at 1 / E N of its probability;
    it hardly grows where losses have heavy tails, and is extrapolated along the logarithm of the probability.
    """
    top, above = x[-1], max(float(over[-1]), 2.0 * _LAST)
    q = np.exp(np.linspace(math.log(above), math.log(_LAST), _TAIL_KNOTS))
    support = whole.severity.support[1] * whole.frequency.most if whole.frequency.most < math.inf else math.inf

    def of_loss(tail: Array) -> Array:
        return whole.severity.high(np.clip(tail / whole.frequency.mean, SMALLEST_TAIL / 64, 0.5))

    depth = np.array([0.0, 4.0, 8.0])
    tails = above * np.exp(depth)
    at = np.interp(-np.log(tails), -np.log(np.maximum(over, 1e-300)), x)
    gap = at - of_loss(tails)
    t = -np.log(q / above)
    first, second = (gap[0] - gap[1]) / 4.0, (gap[0] - 2 * gap[1] + gap[2]) / 16.0
    added = gap[0] + t * first + t * (t + 4.0) * second / 2.0
    values = np.maximum.accumulate(np.clip(of_loss(q) + added, top, support))
    return 1.0 - q, values
