"""Quantile tables: piecewise polynomials of a quantile function, over words or over scores.

A *word table* maps a 64-bit word to x.  Its top bit chooses the half, the next 52 bits are an exact tail
probability q = (m + 1/2) / 2**53; the segments divide every octave of q evenly, so both tails are resolved down to
2**-54.  A *score table* maps a score z (after correlation) to x in uniform steps.  Polynomials have degree 5, in
the local coordinate of the segment.  A kink of the quantile function cuts its segment in two, so nothing is
smoothed away.  Tables are refined until their error in probability is at most :data:`TOLERANCE` (or the value is
within 4 units in the last place); what was reached is measured and reported.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.marginal import Marginal
from simengine.plan.axes import (
    OCTAVES,
    WORD,
    Array,
    Axis,
    Indices,
    NormalScore,
    ScoreAxis,
    TScore,
    WordAxis,
    word_of,
)
from simengine.plan.chebyshev import chebyshev_coefficients, chebyshev_nodes, powers

Values = Callable[[Indices, Array], Array]
"""Exact values at local coordinates of segments."""

__all__ = [
    "MAX_KINKS",
    "ORDER",
    "TOLERANCE",
    "WORD",
    "NormalScore",
    "QuantileTable",
    "ScoreAxis",
    "TScore",
    "WordAxis",
    "build_table",
    "word_of",
]

ORDER = 6
"""Coefficients of a segment."""
TOLERANCE = 1e-11
"""Largest error in probability that is accepted without further refinement."""
REFUSED = 1e-6
"""A distribution whose best table has a larger error is refused rather than drawn wrongly."""
ULPS = 4
"""A value within this many units in the last place of the exact one counts as exact."""
MAX_KINKS = 4000
"""More kinks than this would make every draw slow; the distribution is refused."""

_NODES = 2 * ORDER
_OCTAVE_NODES = 24
_WORD_REFINEMENTS = (5, 6, 7)
_SCORE_REFINEMENTS = (16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class QuantileTable:
    """A table ready for a plan.

    rows: ``(segments, 6)`` coefficients in increasing power of the local coordinate.  kinks: sorted keys; the
    row is that of the uncut axis plus the number of kinks not above the word or score.  log: the table holds
    log x.  error: largest measured error in probability.  floor, ceiling: ends of the support that rounding could
    overstep (a beta that is steep at 1), to which the plan then clamps; None where that cannot happen.
    """

    axis: WordAxis | ScoreAxis
    rows: Array
    kinks: Indices
    log: bool
    error: float
    kink_probabilities: tuple[float, ...] = ()
    floor: float | None = None
    ceiling: float | None = None

    @property
    def half(self) -> int:
        """Segments in one half of the uncut axis."""
        return self.axis.half

    @property
    def sub_bits(self) -> int:
        """log2 of the segments of an octave (0 for score tables)."""
        return self.axis.sub_bits if isinstance(self.axis, WordAxis) else 0

    @property
    def steps_per_unit(self) -> float:
        """Segments for each unit of score (0 for word tables)."""
        return float(self.axis.steps_per_unit) if isinstance(self.axis, ScoreAxis) else 0.0

    def at(self, q: Array, upper: NDArray[np.bool_]) -> Array:
        """The table's x at tail probabilities q, as the kernel gives it up to the rounding of fma."""
        segment, local = self.axis.place(q, upper)
        for kink in self.kink_probabilities:
            segment = segment + np.where(upper, q <= 1 - kink, q >= kink)
        x = np.zeros(q.shape)
        for coefficients in self.rows.T[::-1]:
            x = x * local + coefficients[segment]
        with np.errstate(over="ignore", under="ignore"):  # beyond float64 a value is infinite or 0
            x = np.exp(x) if self.log else x
        if self.floor is not None:
            x = np.maximum(x, self.floor)
        return x if self.ceiling is None else np.minimum(x, self.ceiling)

    def quantile(self, probability: Array | float) -> Array:
        """The table's x at probabilities in (0, 1)."""
        u = np.atleast_1d(np.asarray(probability, np.float64))
        upper = u > 0.5
        return self.at(np.where(upper, 1 - u, u), upper)


def build_table(marginal: Marginal, axis: WordAxis | ScoreAxis) -> QuantileTable:
    """The coarsest table on this kind of axis that reaches :data:`TOLERANCE`, else the best one found.

    Raises
    ------
    ValueError
        If the quantile function has more than :data:`MAX_KINKS` kinks, or no table comes within :data:`REFUSED`.
    """
    if len(marginal.kinks) > MAX_KINKS:
        raise ValueError(f"a quantile function with {len(marginal.kinks)} kinks; at most {MAX_KINKS}")
    scales = (False, True) if marginal.log_low is not None else (False,)
    best: QuantileTable | None = None
    for log in sorted(scales, reverse=marginal.positive_tail):  # a logarithm costs an exponential at every draw
        for refined in _refinements(axis):
            table = _measured(_fit(marginal, refined, log), marginal)
            if best is None or table.error < best.error:
                best = table
            if table.error <= TOLERANCE:
                return table
    assert best is not None
    if best.error > REFUSED:
        raise ValueError(
            f"its quantiles cannot be tabulated: the best table is wrong by {best.error:.1g} in probability "
            "(components much narrower than the whole, or a shape too extreme)"
        )
    return best


def _refinements(axis: WordAxis | ScoreAxis) -> list[WordAxis | ScoreAxis]:
    if isinstance(axis, WordAxis):
        return [WordAxis(bits) for bits in _WORD_REFINEMENTS]
    return [replace(axis, steps_per_unit=steps) for steps in _SCORE_REFINEMENTS]


def _fit(marginal: Marginal, axis: WordAxis | ScoreAxis, log: bool) -> QuantileTable:
    nodes = chebyshev_nodes(_NODES)

    def values_at(segment: Indices, local: Array) -> Array:
        return axis.evaluate(marginal, segment, local, log)

    if isinstance(axis, WordAxis):
        values = _values_by_octave(axis, values_at, nodes, marginal.kinks)
    else:
        values = values_at(np.arange(axis.count)[:, None], axis.radius * nodes)
    fitted = powers(chebyshev_coefficients(values.T, ORDER), ORDER) / axis.radius ** np.arange(ORDER)[:, None]
    fitted = np.ascontiguousarray(fitted.T)
    flat = np.all(values == values[:, :1], axis=1)
    fitted[flat] = 0.0
    fitted[flat, 0] = values[flat, 0]
    kinks = sorted(k for k in marginal.kinks if 2.0**-53 < k < 1 - 2.0**-53)
    rows = _cut(values_at, axis, list(fitted), kinks)
    keys = np.array([axis.kink_key(k) for k in kinks], np.int64)
    table = np.array(rows)
    floor, ceiling = _ends(table, axis, marginal, log)
    return QuantileTable(axis, table, keys, log, np.inf, tuple(kinks), floor, ceiling)


def _values_by_octave(axis: WordAxis, values_at: Values, nodes: Array, kinks: tuple[float, ...]) -> Array:
    """Values at the nodes of all segments, by interpolation over whole octaves of the tail probability.

    The nearest singularity of a quantile function without kinks is at tail probability 0, as far from an octave as
    the octave is long, so 24 Chebyshev nodes an octave are exact to the last digits (the error falls as 5.8**-24)
    and spare 15 of 16 quantiles.  Octaves with a kink, and all tables that miss the tolerance so, are fitted to
    quantiles themselves.
    """
    sub = 1 << axis.sub_bits
    octaves = np.arange(2 * OCTAVES)
    coarse = 0.5 + 0.5 * chebyshev_nodes(_OCTAVE_NODES)
    within = np.floor(coarse * sub).astype(np.int64)
    segments = np.where(octaves[:, None] < OCTAVES, octaves[:, None] * sub + within, 0)
    mirrored = axis.count - 1 - ((octaves[:, None] - OCTAVES) * sub + within)
    segments = np.where(octaves[:, None] < OCTAVES, segments, mirrored)
    exact = values_at(segments, coarse - (within + 0.5) / sub)
    targets = ((np.arange(sub) + 0.5) / sub)[:, None] + axis.radius * nodes
    middle = exact[:, _OCTAVE_NODES // 2 : _OCTAVE_NODES // 2 + 1]
    found = np.zeros((len(octaves), targets.size))
    for weight, column in zip(_interpolation(coarse, targets.ravel()), (exact - middle).T, strict=True):
        found += column[:, None] * weight
    lower, upper = (found + middle).reshape(2, OCTAVES * sub, len(nodes))
    values = np.concatenate([lower, upper[::-1]])
    for kink in kinks:
        octave = int(np.frexp(min(kink, 1 - kink))[1]) + 53
        for near in {max(octave - 1, 0), octave, min(octave + 1, OCTAVES - 1)}:
            touched = np.arange(near * sub, (near + 1) * sub)
            touched = axis.count - 1 - touched if kink > 0.5 else touched
            values[touched] = values_at(touched[:, None], axis.radius * nodes)
    return values


def _interpolation(nodes: Array, targets: Array) -> list[Array]:
    """Weights of each node at the targets: the barycentric formula at Chebyshev nodes of the first kind."""
    count = len(nodes)
    signs = [(-1.0) ** k * math.sin(math.pi * (k + 0.5) / count) for k in range(count)]
    apart = [targets - node for node in nodes]
    shares = [sign / np.where(gap == 0.0, 1e-300, gap) for sign, gap in zip(signs, apart, strict=True)]
    total = np.zeros_like(targets)
    for share in shares:
        total = total + share
    return [share / total for share in shares]


def _ends(rows: Array, axis: Axis, marginal: Marginal, log: bool) -> tuple[float | None, float | None]:
    """The ends of the support that the polynomials come within a few units in the last place of."""
    local = np.linspace(-axis.radius, axis.radius, 9)
    x = np.zeros((len(rows), len(local)))
    for coefficient in rows.T[::-1]:
        x = x * local + coefficient[:, None]
    with np.errstate(over="ignore", under="ignore"):
        x = np.exp(x) if log else x
    low, high = marginal.support
    at_low = np.isfinite(low) and x.min() <= low + ULPS * np.spacing(abs(low))
    at_high = np.isfinite(high) and x.max() >= high - ULPS * np.spacing(abs(high))
    return (float(low) if at_low else None), (float(high) if at_high else None)


def _cut(values_at: Values, axis: Axis, rows: list[Array], kinks: list[float]) -> list[Array]:
    """Replace every segment that holds kinks by its pieces, in order of u."""
    places = [axis.place(np.array([min(k, 1 - k)]), np.array([k > 0.5])) for k in kinks]
    cuts: dict[int, list[float]] = {}
    for segment, local in places:
        cuts.setdefault(int(segment[0]), []).append(float(local[0]))
    for segment_of in sorted(cuts, reverse=True):
        edges = sorted([-axis.radius, axis.radius, *cuts[segment_of]])
        pieces = [_piece(values_at, axis, segment_of, begin, end) for begin, end in itertools.pairwise(edges)]
        rows[segment_of : segment_of + 1] = pieces[::-1] if axis.falling(segment_of) else pieces
    return rows


def _piece(values_at: Values, axis: Axis, segment: int, begin: float, end: float) -> Array:
    """One piece of a cut segment; of low order when it is tiny, where high terms would only be rounding noise."""
    share = (end - begin) / (2 * axis.radius)
    terms = next((n for least, n in ((0.25, ORDER), (0.02, 4), (1e-3, 3)) if share >= least), 2)
    middle, width = (begin + end) / 2, max((end - begin) / 2, 1e-13 * axis.radius)
    nodes = chebyshev_nodes(4 * ORDER)
    values = values_at(np.full(len(nodes), segment), middle + width * nodes)
    if np.all(values == values[0]):
        return np.pad(values[:1], (0, ORDER - 1))
    unit = powers(chebyshev_coefficients(values[:, None], terms), ORDER)[:, 0]
    row = np.zeros(ORDER)
    for coefficient in unit[::-1]:  # substitute (local - middle) / width for the unit coordinate
        row = np.append(coefficient, row[:-1] / width) - row * (middle / width)
    return row


def probe_points(kinks: tuple[float, ...], count: int = 12_000) -> tuple[Array, NDArray[np.bool_]]:
    """Tail probabilities of 53-bit words that try a table: the middle, the tails to 1e-15 and around each kink."""
    draw = np.random.default_rng(5)
    q = np.concatenate([draw.random(count) / 2, 10 ** draw.uniform(-15, -0.31, count // 2)])
    upper = draw.random(q.size) < 0.5
    for kink in kinks[:: max(1, len(kinks) // 40)]:
        near = kink + (1 - 2 * draw.random(300)) * 10 ** draw.uniform(-9, -1.5, 300)
        near = near[(near > 0) & (near < 1)]
        q, upper = np.append(q, np.minimum(near, 1 - near)), np.append(upper, near > 0.5)
    return (np.clip(np.floor(q * 2.0**53), 0, 2.0**52 - 1) + 0.5) * 2.0**-53, upper


def _measured(table: QuantileTable, marginal: Marginal) -> QuantileTable:
    """The table with its error."""
    return replace(table, error=_largest_error(table, marginal))


def _largest_error(table: QuantileTable, marginal: Marginal) -> float:
    """The largest |F(x) - u| over probes, where a value within a few ulp of the exact one counts as exact."""
    q, upper = probe_points(marginal.kinks, 1_500 if marginal.slow else 5_000)
    x = table.at(q, upper)
    low, high = marginal.support

    def gap(at: Array) -> Array:
        inside = np.clip(at, low, high)
        out = np.empty(q.shape)
        out[upper], out[~upper] = q[upper] - marginal.sf(inside[upper]), marginal.cdf(inside[~upper]) - q[~upper]
        out = np.where(at < low, np.where(upper, q - 1.0, -q), out)
        return np.where(at > high, np.where(upper, q, 1.0 - q), out)

    with np.errstate(all="ignore"):
        here = gap(x)
        error = np.abs(here)
        if np.nanmax(error) > TOLERANCE or np.isnan(error).any():
            ulp = ULPS * np.spacing(np.abs(x))
            below, above = gap(x - ulp), gap(x + ulp)
            exact = (below <= 0) & (above >= 0)
            error = np.where(exact, 0.0, np.minimum(error, np.minimum(np.abs(below), np.abs(above))))
    return float(np.max(np.where(np.isnan(error), np.inf, error)))
