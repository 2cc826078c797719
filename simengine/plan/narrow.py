"""Quantile tables of the float32 mode: made from the float64 tables, which are exact beside them.

A 32-bit word is read like one of 64 bits: its top bit chooses the half and 31 bits are a tail probability
q = (m + 1/2) / 2**32, here rounded to the 24 bits of a float32.  Segments lie as in :mod:`simengine.plan.axes`, but
fewer and longer: an octave in one segment of degree 6, half a unit of score in one of degree 4, so that the 32 rows in
the middle, which serve nearly all values, fit two registers of AVX-512 for each coefficient.  Tables are refined until
their error in probability is at most :data:`NARROW_TOLERANCE` (or the value is within 4 units in the last place of
float32); what was reached is measured on float32 arithmetic and reported.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simengine.plan.axes import Array, Indices, WordAxis
from simengine.plan.chebyshev import chebyshev_coefficients, chebyshev_nodes, powers
from simengine.plan.tables import ULPS, QuantileTable

Singles = NDArray[np.float32]
Words32 = NDArray[np.uint32]

NARROW_TOLERANCE = 1e-6
"""Largest error in probability that is accepted without further refinement."""
NARROW_REFUSED = 1e-4
"""A distribution whose best table has a larger error is refused rather than drawn wrongly."""
WIDTH = 8
"""Coefficients of a row; those beyond the order of a table are 0."""
WORD_ORDER, SCORE_ORDER = 7, 5
NARROW_OCTAVES = 32
SCORE_LIMIT = 7.5
"""Scores beyond are clamped; P(|z| > 7.5) is 6e-14, far less than a word resolves."""

_WORD_REFINEMENTS = (0, 1, 2, 3, 4, 5, 6, 7)
_SCORE_REFINEMENTS = (2, 4, 8, 16, 32, 64, 128, 256, 512)
_PROBES = 2_000
_CLOSER = 6
"""Halvings, on a logarithmic scale, of the range in which the error of a table is sought."""
_T_DENSITY = 0.75
"""The density of t scores is at least so much of the normal one wherever it matters."""


@dataclass(frozen=True)
class NarrowTable:
    """A table ready for a float32 plan.

    rows: float32 ``(segments, 8)``, coefficients in increasing power of the local coordinate.  kinks: sorted 32-bit
    words, or the bits of float32 scores in the order of the scores, as int64.  sub_bits: log2 of the segments of an
    octave, -1 for scores.  error: largest measured error in probability.
    """

    rows: Singles
    kinks: Indices
    half: int
    sub_bits: int
    steps_per_unit: float
    error: float = math.inf


def narrow_table(wide: QuantileTable) -> NarrowTable:
    """The coarsest float32 table that comes within :data:`NARROW_TOLERANCE` of a table, else the best one found.

    Raises
    ------
    ValueError
        If the values leave the range of float32, or no table comes within :data:`NARROW_REFUSED`.
    """
    judge = _Judge.of(wide)
    best: tuple[NarrowTable, float] | None = None
    for refinement in _WORD_REFINEMENTS if isinstance(wide.axis, WordAxis) else _SCORE_REFINEMENTS:
        table = _fit_words(wide, refinement) if isinstance(wide.axis, WordAxis) else _fit_scores(wide, refinement)
        if not np.isfinite(table.rows).all():
            raise ValueError("its values leave the range of float32")
        error = judge.error(table)
        if error <= NARROW_TOLERANCE:
            return replace(table, error=error)
        if best is None or error < best[1]:
            best = table, error
    assert best is not None
    if best[1] > NARROW_REFUSED:
        raise ValueError(f"its quantiles cannot be tabulated in float32: the best table is wrong by {best[1]:.1g} in "
                         "probability")  # fmt: skip
    return replace(best[0], error=best[1])


def word32_of(word: int) -> int:
    """The first 32-bit word whose middle, as a 64-bit word, is at least ``word``; 2**32 - 1 beyond the last one."""
    return min(max(-((2**31 - word) >> 32), 0), 2**32 - 1)


def widened(words: Words32) -> NDArray[np.uint64]:
    """The 64-bit words in the middle of the cells of 32-bit words."""
    wide: NDArray[np.uint64] = (words.astype(np.uint64) << np.uint64(32)) | np.uint64(2**31)
    return wide


# ---- the float64 table as a function ----


def _wide_word(wide: QuantileTable, q: Array, upper: NDArray[np.bool_]) -> Array:
    """The table's polynomials (not yet exponentiated or clamped) at tail probabilities."""
    segment, local = wide.axis.place(q, upper)
    segment = segment + np.searchsorted(wide.kink_probabilities, np.where(upper, 1.0 - q, q), side="right")
    return _horner(wide.rows, segment, local)


def _wide_score(wide: QuantileTable, score: Array) -> Array:
    y = np.clip(score * wide.steps_per_unit, -wide.half, wide.half)
    nearest = np.rint(y)
    segment = nearest.astype(np.int64) + wide.half
    segment = segment + np.searchsorted(wide.kinks.view(np.float64), score, side="right")
    return _horner(wide.rows, segment, y - nearest)


def _horner(rows: Array, segment: Indices, local: Array) -> Array:
    x = np.zeros(local.shape)
    for coefficients in rows.T[::-1]:
        x = x * local + coefficients[segment]
    return x


# ---- fitting ----


def _fit_words(wide: QuantileTable, sub_bits: int) -> NarrowTable:
    sub = 1 << sub_bits
    half, radius = NARROW_OCTAVES * sub, 0.5 / sub

    def values_at(segment: Indices, local: Array) -> Array:
        upper = segment >= half
        j = np.where(upper, 2 * half - 1 - segment, segment)
        q = np.exp2(j // sub - NARROW_OCTAVES - 1.0) * (1 + (j % sub + 0.5) / sub + local)
        q, upper = np.broadcast_arrays(np.clip(q, 2.0**-53, 0.5), upper)
        return _wide_word(wide, q, upper)

    kinks = [k for k in wide.kink_probabilities if 2.0**-32 < k < 1 - 2.0**-32]
    cuts: dict[int, list[float]] = {}
    for kink in kinks:
        q = min(kink, 1 - kink)
        mantissa, exponent = math.frexp(q)
        within = (2 * mantissa - 1) * sub
        j = min((exponent + NARROW_OCTAVES) * sub + math.floor(within), half - 1)
        local = radius if q == 0.5 else (within - math.floor(within) - 0.5) / sub
        cuts.setdefault(2 * half - 1 - j if kink > 0.5 else j, []).append(local)
    rows = _fit(values_at, 2 * half, radius, WORD_ORDER, cuts, falling_from=half)
    keys = [word32_of(int(key) % 2**64) for key in wide.kinks[np.isin(wide.kink_probabilities, kinks)]]
    return NarrowTable(rows, np.array(keys, np.int64), half, sub_bits, 0.0)


def _fit_scores(wide: QuantileTable, steps: int) -> NarrowTable:
    half = int(min(SCORE_LIMIT, wide.half / wide.steps_per_unit) * steps)

    def values_at(segment: Indices, local: Array) -> Array:
        return _wide_score(wide, (segment - half + local) / steps)

    kinks = [score for score in wide.kinks.view(np.float64) if abs(score) * steps < half]
    cuts: dict[int, list[float]] = {}
    for score in kinks:
        nearest = round(score * steps)
        cuts.setdefault(nearest + half, []).append(score * steps - nearest)
    rows = _fit(values_at, 2 * half + 1, 0.5, SCORE_ORDER, cuts, falling_from=2 * half + 1)
    keys = np.array(kinks, np.float32).view(np.int32).astype(np.int64)
    return NarrowTable(rows, keys, half, -1, float(steps))


def _fit(
    values_at: Callable[[Indices, Array], Array],
    count: int,
    radius: float,
    order: int,
    cuts: dict[int, list[float]],
    falling_from: int,
) -> Singles:
    """Coefficients of all segments, those with kinks cut into their pieces in order of u."""
    values = values_at(np.arange(count)[:, None], radius * chebyshev_nodes(2 * order))
    fitted = powers(chebyshev_coefficients(values.T, order), order) / radius ** np.arange(order)[:, None]
    rows = list(np.ascontiguousarray(fitted.T))
    for flat in np.flatnonzero(np.all(values == values[:, :1], axis=1)):
        rows[flat] = np.pad(values[flat, :1], (0, order - 1))
    for segment in sorted(cuts, reverse=True):
        edges = sorted([-radius, radius, *cuts[segment]])
        pieces = [_piece(values_at, segment, radius, order, *ends) for ends in itertools.pairwise(edges)]
        rows[segment : segment + 1] = pieces[::-1] if segment >= falling_from else pieces
    with np.errstate(over="ignore"):
        return np.pad(np.array(rows), ((0, 0), (0, WIDTH - order))).astype(np.float32)


def _piece(
    values_at: Callable[[Indices, Array], Array], segment: int, radius: float, order: int, begin: float, end: float
) -> Array:
    """One piece of a cut segment; of low order when it is tiny, where high terms would only be rounding noise."""
    share = (end - begin) / (2 * radius)
    terms = next((n for least, n in ((0.25, order), (0.02, 4), (1e-3, 3)) if share >= least), 2)
    middle, width = (begin + end) / 2, max((end - begin) / 2, 1e-9 * radius)
    values = values_at(np.full(4 * order, segment), middle + width * chebyshev_nodes(4 * order))
    if np.all(values == values[0]):
        return np.pad(values[:1], (0, order - 1))
    unit = powers(chebyshev_coefficients(values[:, None], terms), order)[:, 0]
    row = np.zeros(order)
    for coefficient in unit[::-1]:  # substitute (local - middle) / width for the unit coordinate
        row = np.append(coefficient, row[:-1] / width) - row * (middle / width)
    return row


# ---- float32 arithmetic, as the kernel has it up to the rounding of fma ----


def at_words(table: NarrowTable, words: Words32) -> Singles:
    """The table's polynomials at 32-bit words."""
    sub = 1 << table.sub_bits
    upper = words >= np.uint32(2**31)
    tail = np.where(upper, ~words, words).astype(np.float32) + np.float32(0.5)
    mantissa, octave = np.frexp(np.minimum(tail, np.float32(2147483520.0)))
    within = (2 * mantissa - 1) * np.float32(sub)
    part = np.floor(within)
    local = (within - part - np.float32(0.5)) / np.float32(sub)
    segment = octave.astype(np.int64) * sub + part.astype(np.int64)
    row = np.where(upper, 2 * table.half - 1 - segment, segment)
    row += np.searchsorted(table.kinks, words.astype(np.int64), side="right")
    return _horner32(table.rows, row, local)


def at_scores(table: NarrowTable, scores: Singles) -> Singles:
    """The table's polynomials at float32 scores."""
    half = np.float32(table.half)
    y = np.clip(scores * np.float32(table.steps_per_unit), -half, half)
    nearest = np.rint(y)
    row = nearest.astype(np.int64) + table.half
    row += np.searchsorted(table.kinks.astype(np.int32).view(np.float32), scores, side="right")
    return _horner32(table.rows, row, y - nearest)


def _horner32(rows: Singles, row: Indices, local: Singles) -> Singles:
    x = np.zeros(local.shape, np.float32)
    with np.errstate(under="ignore"):
        for coefficients in rows.T[::-1]:
            x = x * local + coefficients[row]
    return x


# ---- measuring ----


@dataclass(frozen=True)
class _Judge:
    """Probes of a table and the exact values around them.

    words, scores: where the table is tried, one of them empty.  u: the exact probabilities of the words.
    """

    wide: QuantileTable
    words: Words32
    u: Array
    scores: Singles

    @classmethod
    def of(cls, wide: QuantileTable) -> _Judge:
        draw = np.random.default_rng(7)
        kinks = np.array(wide.kink_probabilities[:: max(1, len(wide.kink_probabilities) // 40)])
        if isinstance(wide.axis, WordAxis):
            q = np.concatenate([draw.random(_PROBES), 10 ** draw.uniform(-9.5, -0.31, _PROBES)])
            q = np.where(draw.random(q.size) < 0.5, q, 1.0 - q)
            near = kinks[:, None] + (1 - 2 * draw.random(200)) * 10 ** draw.uniform(-9, -1.5, 200)
            q = np.concatenate([q, near.ravel()])
            words = np.floor(np.clip(q, 0.0, 1.0 - 2.0**-53) * 2.0**32).astype(np.uint32)
            return cls(wide, words, (words + 0.5) * 2.0**-32, np.empty(0, np.float32))
        scores = np.concatenate([draw.normal(size=_PROBES), draw.uniform(-6.5, 6.5, _PROBES)])
        near = wide.kinks.view(np.float64)[:: max(1, len(wide.kinks) // 40), None]
        scores = np.concatenate([scores, (near + draw.normal(size=200) * 10 ** draw.uniform(-7, -0.5, 200)).ravel()])
        return cls(wide, np.empty(0, np.uint32), np.empty(0), scores.astype(np.float32))

    def error(self, table: NarrowTable) -> float:
        """About the largest error in probability over the probes, not below it."""
        low, high = math.log2(NARROW_TOLERANCE) - 10.0, math.log2(NARROW_TOLERANCE)
        if not self.accepts(table, 2.0**high):
            low, high = high, 0.0
        for _ in range(_CLOSER):
            middle = (low + high) / 2
            low, high = (low, middle) if self.accepts(table, 2.0**middle) else (middle, high)
        return float(2.0**high)

    def accepts(self, table: NarrowTable, error: float) -> bool:
        """Whether every value of the table lies between the quantiles at an error below and above its probability.

        A value within a few units in the last place of the exact one counts as exact.
        """
        with np.errstate(all="ignore"):
            x = at_words(table, self.words) if self.words.size else at_scores(table, self.scores)
            x = self._finished(x.astype(np.float64)).astype(np.float32)
            slack = np.where(np.isfinite(x), ULPS * np.spacing(np.abs(x)).astype(np.float64), 0.0)
            below, above = self._moved(-error), self._moved(error)
            return bool(np.all((below - slack <= x) & (x <= above + slack)))

    def _moved(self, error: float) -> Array:
        """The exact quantiles at probabilities that are off by so much."""
        if not self.words.size:
            z = self.scores.astype(np.float64)
            density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
            t_like = getattr(self.wide.axis, "dof", None) is not None
            return self._finished(_wide_score(self.wide, z + error / density * (_T_DENSITY if t_like else 1.0)))
        u = self.u + error
        upper = u > 0.5
        q = np.clip(np.where(upper, 1.0 - u, u), 2.0**-53, 0.5)
        x = self._finished(_wide_word(self.wide, q, upper))
        return np.where(u <= 0.0, -np.inf, np.where(u >= 1.0, np.inf, x))

    def _finished(self, x: Array) -> Array:
        """Values from what a table holds: exponentials of logarithms, clamped to the support."""
        x = np.exp(x) if self.wide.log else x
        if self.wide.floor is not None:
            x = np.maximum(x, self.wide.floor)
        return x if self.wide.ceiling is None else np.minimum(x, self.wide.ceiling)
