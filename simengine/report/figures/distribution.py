"""An outcome as its stored histogram and percentiles tell it: probabilities, a smooth density, and atoms.

The density is the average of a kernel over the trials, with what the kernel carries beyond the smallest and the largest
outcome reflected there: it integrates to 1, and is 0 where no trial was.  The trials of a bin are spread evenly, those
of a wide outermost bin so that their density falls from that of its neighbour: a tail is not flat.

References: Silverman, "Density Estimation for Statistics and Data Analysis", 1986, 2.10 (reflection), 3.4 (width).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simengine.report.figures.scale import nice_step
from simengine.report.histogram import common_scale
from simengine.report.workbook.curves import counted_below, cumulative_points
from simengine.results.record import Record

Array = NDArray[np.float64]

_ATOM_SHARE, _ATOM_TIMES = 0.02, 4.0
"""A bin with this share, and this many times that of its neighbours, holds a value that comes up again and again."""
_SOME = 25.0
"""Trials in a bin from which on it says something about the shape of the distribution."""
_NARROWER = 0.6
"""Of the width that suits a normal outcome, for those with several peaks; the usual choice is 0.9."""
_MOST_VALUES = 40
_LATTICE_SHARE = 0.6
"""Of the trials that values towering over their neighbours make up, where the outcome has single values only."""
_ONE_VALUE = 1e-9
"""Relative range below which an outcome is a constant with rounding errors."""
_WIDE = 1.2
"""Times the usual width, from which on an outermost bin holds a tail."""
_TAIL_STEPS = 24
_KERNEL_WIDTH = 3.0
"""Half the base of the kernel (1 - u^2)^3, in its standard deviations."""
_FARTHEST = 1.5
"""How far a view reaches beyond the 5th and 95th percentile, in their distance."""
_SHORT_REST = 0.08
_MOST_BARS = 70
_CURVE_POINTS = 220


@dataclass(frozen=True, eq=False)
class Distribution:
    """One outcome of one strategy.

    values, below: increasing values and the probability of that value or less, shape (points,); ``edges`` and
    ``counts`` as stored, without the NaN behind the last edge.
    """

    values: Array
    below: Array
    edges: Array
    counts: NDArray[np.int64]
    trials: int
    minimum: float
    maximum: float

    @classmethod
    def of(cls, record: Record, strategy: int, output: int) -> Distribution:
        """The distribution that a record stores."""
        edges = record["histogram_edges"][strategy, output]
        counts = record["histogram_counts"][strategy, output]
        known = edges[np.isfinite(edges)]
        counts = counts[: known.size - 1]
        percentiles = record["quantiles"][strategy, output], record["quantile"]
        values, below = _stepped(known, counts, *percentiles, counted_below(record, strategy, output))
        values, below = _with_tails(values, below, known)
        low, high = float(record["minimum"][strategy, output]), float(record["maximum"][strategy, output])
        return cls(values, below, known, counts, int(counts.sum()), low, high)

    def probability(self, at: Array | Sequence[float], *, strict: bool = False) -> Array:
        """The probability of a value or less; with ``strict`` of less, which differs where values come up again."""
        asked = np.asarray(at, np.float64)
        found = np.interp(asked, self.values, self.below, left=0.0, right=1.0)
        places = np.searchsorted(self.values, asked, side="left" if strict else "right") - (0 if strict else 1)
        places = np.clip(places, 0, self.values.size - 1)
        shares: Array = np.where(self.values[places] == asked, self.below[places], found)
        return shares

    def quantile(self, share: float) -> float:
        """The value below which lies a share of the trials."""
        return float(np.interp(share, self.below, self.values))

    @cached_property
    def fixed(self) -> bool:
        """Whether all values are one, to the digits that a scale can show."""
        return self.maximum - self.minimum <= _ONE_VALUE * max(abs(self.minimum), abs(self.maximum))

    @cached_property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        """Values that come up again and again, with their shares: where two percentiles are one, or a bin towers."""
        if self.fixed:
            return ((self.quantile(0.5), 1.0),)
        found: dict[float, float] = {}
        for place in np.flatnonzero(np.diff(self.values) == 0.0):
            value = float(self.values[place])
            found[value] = found.get(value, 0.0) + float(self.below[place + 1] - self.below[place])
        found = {value: share for value, share in found.items() if share > _ATOM_SHARE}
        shares = self.counts / self.trials
        for k in np.flatnonzero((shares > _ATOM_SHARE) & (self.counts >= _SOME)).tolist():
            near = np.concatenate([shares[max(k - 1, 0) : k], shares[k + 1 : k + 2]])
            held = any(self.edges[k] <= value <= self.edges[k + 1] for value in found)
            towers = bool(near.size) and shares[k] > _ATOM_TIMES * near.max()
            if towers and not held and np.unique(self._points_within(k)).size <= 1:
                found[float((self.edges[k] + self.edges[k + 1]) / 2.0)] = float(shares[k])
        return tuple(sorted(found.items()))

    @cached_property
    def lattice(self) -> tuple[tuple[float, float], ...]:
        """All values with their shares, where the outcome has a few single values only; else empty.

        A value is known to the bin that it lies in: it is taken to be a percentile there, or else the whole number.
        """
        if self.fixed:
            return self.atoms
        held = np.flatnonzero(self.counts)
        alone = [k for k in held if not self.counts[max(k - 1, 0) : k + 2].sum() > self.counts[k]]
        inner = [k for k in held if 0 < k < self.counts.size - 1]
        if not 0 < held.size <= _MOST_VALUES or any(k not in alone for k in inner):
            return ()
        if sum(share for _, share in self.atoms) < _LATTICE_SHARE:
            return ()
        ends = {0: self.minimum, self.counts.size - 1: self.maximum}
        return tuple((ends.get(int(k), self._value_within(int(k))), float(self.counts[k] / self.trials)) for k in held)

    def _value_within(self, bin_: int) -> float:
        low, high = float(self.edges[bin_]), float(self.edges[bin_ + 1])
        points = np.unique(self._points_within(bin_))
        if points.size == 1:
            return float(points[0])
        whole = float(np.round((low + high) / 2.0))
        return whole if low <= whole <= high else (low + high) / 2.0

    def _points_within(self, bin_: int) -> Array:
        inner = (self.values > self.edges[bin_]) & (self.values < self.edges[bin_ + 1])
        found: Array = self.values[inner]
        return found

    @cached_property
    def radius(self) -> float:
        """Half the base of the kernel, wide enough for the bins that it smooths."""
        spread = (self.quantile(0.75) - self.quantile(0.25)) / 1.349
        if not spread > 0.0:
            spread = (self.quantile(0.95) - self.quantile(0.05)) / 3.29
        low, high = self.quantile(0.05), self.quantile(0.95)
        widths = np.diff(self.values[(self.values >= low) & (self.values <= high)])
        coarse = float(np.median(widths)) if widths.size else 0.0
        return _KERNEL_WIDTH * max(_NARROWER * spread * math.pow(self.trials, -0.2), 0.6 * coarse)

    @cached_property
    def support(self) -> tuple[float, float]:
        """Where the density is: from the smallest outcome to the largest."""
        return float(self.values[0]), float(self.values[-1])

    def density(self, at: Array) -> Array:
        """The smooth density at values: what the kernel carries over an end of the outcome is reflected there."""
        steps = np.diff(self.values)
        wide = steps > 0.0
        radius = self.radius
        if not (radius > 0.0 and wide.any()):
            return np.zeros_like(at)
        mass = np.diff(self.below)[wide]
        heights = mass / mass.sum() / steps[wide]
        edges = np.append(self.values[:-1][wide], self.values[-1])
        low, high = self.support
        found = _smoothed(at, edges, heights, radius)
        for end in (low, high):
            near = np.abs(at - end) < radius
            found[near] += _smoothed(2.0 * end - at[near], edges, heights, radius)
        return np.where((at >= low) & (at <= high), found, 0.0)

    def view(self) -> tuple[float, float]:
        """The range to look at: all but half a percent at either end, and never far beyond the percentiles.

        Where what would be left out at an end takes little room, it is shown.
        """
        if self.fixed:
            return self.quantile(0.5), self.quantile(0.5)
        low, high = common_scale([self.edges], [self.counts])
        least, most = self.quantile(0.05), self.quantile(0.95)
        reach = _FARTHEST * (most - least)
        if reach > 0.0:
            low, high = max(low, least - reach), min(high, most + reach)
        room = _SHORT_REST * (high - low)
        return (
            self.minimum if low - self.minimum < room else low,
            self.maximum if self.maximum - high < room else high,
        )

    def bars(self, low: float, high: float) -> tuple[Array, Array]:
        """Round edges over a range and the share of the trials in each bin; bins no finer than the trials allow."""
        spread = self.quantile(0.75) - self.quantile(0.25)
        rule = 2.0 * spread * math.pow(self.trials, -1.0 / 3.0)
        native = np.diff(self.edges[(self.edges >= low) & (self.edges <= high)])
        coarse = float(np.median(native)) if native.size else 0.0
        width = nice_step(max(rule, coarse, (high - low) / _MOST_BARS), 1)
        first, last = math.floor(low / width + 1e-9), math.ceil(high / width - 1e-9)
        edges = np.array([float(f"{k * width:.12g}") for k in range(first, last + 1)])
        reached = self.probability(edges, strict=True)
        reached[-1] = self.probability(edges[-1:])[0]
        return edges, np.diff(reached)

    def known_bins(self, most: int) -> list[tuple[float, float, float]]:
        """Ranges between stored edges with the share of the trials in each, which is exact: about ``most`` of them.

        The outermost bins stand alone, as they may be wide; those between are put together.
        """
        bins = int(self.counts.size)
        step = max(1, math.ceil((bins - 2) / max(most - 2, 1)))
        cuts = sorted({0, *range(1, bins - 1, step), max(bins - 1, 0), bins})
        return [
            (float(self.edges[a]), float(self.edges[b]), float(self.counts[a:b].sum() / self.trials))
            for a, b in pairwise(cuts)
        ]

    def curve(self, low: float, high: float) -> tuple[Array, Array]:
        """The smooth density as points over a range, as far as there are outcomes."""
        at = np.linspace(max(low, self.support[0]), min(high, self.support[1]), _CURVE_POINTS)
        return at, self.density(at)


def _with_tails(values: Array, below: Array, edges: Array) -> tuple[Array, Array]:
    """The same probabilities with more points in wide outermost bins, where the density falls away from the middle."""
    widths = np.diff(edges)
    if widths.size < 3:
        return values, below
    usual = float(np.median(widths[1:-1]))
    if widths[-1] > _WIDE * usual:
        values, below = _tail(values, below, float(edges[-2]))
    if widths[0] > _WIDE * usual:
        turned, above = _tail(-values[::-1], 1.0 - below[::-1], -float(edges[1]))
        values, below = -turned[::-1], 1.0 - above[::-1]
        below[0] = 0.0 if below[0] < 1e-15 else below[0]
    return values, below


def _tail(values: Array, below: Array, start: float) -> tuple[Array, Array]:
    """Stretches from ``start`` on, each with a density that falls exponentially from that at the end of the last."""
    first = int(np.searchsorted(values, start))
    if not 0 < first < values.size - 1 or not values[first] > values[first - 1]:
        return values, below
    height = float((below[first] - below[first - 1]) / (values[first] - values[first - 1]))
    places, reached = list(values[: first + 1]), list(below[: first + 1])
    for k in range(first, values.size - 1):
        width, mass = float(values[k + 1] - values[k]), float(below[k + 1] - below[k])
        fall = _fall(mass / (height * width)) if width > 0.0 and height > 0.0 else 0.0
        if fall > 0.0:
            share = np.linspace(0.0, 1.0, _TAIL_STEPS + 1)[1:-1]
            places += (values[k] + share * width).tolist()
            reached += (below[k] + mass * np.expm1(-fall * share) / math.expm1(-fall)).tolist()
        places.append(float(values[k + 1]))
        reached.append(float(below[k + 1]))
        if width > 0.0:
            height = height * math.exp(-fall) if fall > 0.0 else mass / width
    return np.array(places), np.array(reached)


def _fall(share: float) -> float:
    """The rate at which a density falls over a unit of width so that it keeps a share of what it would hold level."""
    if not 0.0 < share < 1.0:
        return 0.0
    low, high = 0.0, 1.0 / share + 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if -math.expm1(-middle) / middle > share else (low, middle)
    return high


def common_view(found: Sequence[Distribution]) -> tuple[float, float]:
    """The range that holds the views of all."""
    views = [one.view() for one in found]
    return min(low for low, _ in views), max(high for _, high in views)


def _smoothed(at: Array, edges: Array, heights: Array, radius: float) -> Array:
    """A histogram of densities (bins,) between edges (bins + 1,), averaged by the kernel at values (points,)."""
    below = _kernel_below((at[:, None] - edges) / radius)
    found: Array = (below[:, :-1] - below[:, 1:]) @ heights
    return found


def _kernel_below(u: Array) -> Array:
    """The integral of the kernel 35/32 (1 - u^2)^3 up to u."""
    v = np.clip(u, -1.0, 1.0)
    square = v * v
    return 0.5 + 35.0 / 32.0 * v * (1.0 - square * (1.0 - square * (0.6 - square / 7.0)))


def _stepped(
    edges: Array, counts: NDArray[np.int64], quantiles: Array, levels: Array, counted: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The points of the cumulative curve, with steps as high as the values that come up again and again probably are.

    Percentiles that are equal say that a step is there, and how high it is at least; of the rest of the bin around it
    that part is laid beside the step which the bins next to it suggest.
    """
    values, below = cumulative_points(edges, counts, quantiles, levels, counted)
    known = np.concatenate(([0.0], np.cumsum(counts))) / counts.sum()
    widths, held = np.diff(edges), np.diff(known)
    density = np.concatenate(([0.0], np.divide(held, widths, out=np.zeros_like(held), where=widths > 0.0), [0.0]))
    more = []
    for value in np.unique(values[:-1][np.diff(values) == 0.0]):
        k = int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, edges.size - 2))
        least, most = below[values == value].min(), below[values == value].max()
        before = min(known[k] + density[k] * (value - edges[k]), least)
        after = max(known[k + 1] - density[k + 2] * (edges[k + 1] - value), most)
        more += [(value, before), (value, after)]
    points = np.unique(np.concatenate([np.column_stack((values, below)), np.array(more).reshape(-1, 2)]), axis=0)
    return points[:, 0], np.maximum.accumulate(points[:, 1])
