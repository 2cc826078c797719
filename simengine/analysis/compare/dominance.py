"""Stochastic dominance between strategies on all trials: exact, though hardly any value is sorted.

A dominates B in the first order when F_A(z) <= F_B(z) everywhere, and in the second when the integral of F_A - F_B
from the left is nowhere positive.  The almost-dominance ratio is the part of the area between the two curves that
contradicts: 0 is dominance, 1/2 says nothing.  Counts and sums on a fine grid give the areas exactly in every bin in
which the curves cannot cross; the values of the few others are picked, sorted and walked one by one.

References: Hadar and Russell, American Economic Review 59, 1969; Leshno and Levy, "Preferred by all and preferred by
most decision makers: almost stochastic dominance", Management Science 48, 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.paired import COARSE, Paired
from simengine.engine.joint import Shared
from simengine.engine.outcomes import Outcomes
from simengine.kernels import paired as kernels

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ROUNDING = 1e-12
"""Areas below this share of the whole area are rounding."""


@dataclass(frozen=True, eq=False)
class Dominance:
    """All of (strategies, strategies), the first against the second.

    first_order, second_order: whether it dominates on these trials.  ratio, second_ratio: the almost-dominance ratios
    of the first and of the second order, with their standard errors; NaN where two are equal everywhere.  An error is
    unknown (NaN) where no batch of trials differs from the others and the two are not certain.
    """

    first_order: Flags
    second_order: Flags
    ratio: Array
    ratio_se: Array
    second_ratio: Array
    second_ratio_se: Array


def dominance(outcomes: Outcomes, rows: Sequence[int], grid: Shared, found: Paired, threads: int) -> Dominance:
    """Dominance of all pairs of the outcomes ``rows``; ``found`` holds their counts on ``grid``."""
    return _Curves(outcomes, tuple(rows), grid, found).dominance(threads)


@dataclass(frozen=True, eq=False)
class _Curves:
    """The distribution functions of strategies on a common grid."""

    outcomes: Outcomes
    rows: tuple[int, ...]
    grid: Shared
    found: Paired

    @cached_property
    def _counts(self) -> Ints:
        """Values in each bin, (strategies, bins)."""
        return self.found.sums.bins[:, :, 0].astype(np.int64)

    def dominance(self, threads: int) -> Dominance:
        count = len(self.rows)
        pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
        crossing = np.zeros((len(pairs), self.grid.bins), np.uint8)
        out = np.zeros((len(pairs), 8))
        for k, pair in enumerate(pairs):
            self._sweep(pair, None, crossing[k], out[k])
        wanted = np.zeros((count, self.grid.bins), np.uint8)
        for k, (a, b) in enumerate(pairs):
            wanted[a] |= crossing[k]
            wanted[b] |= crossing[k]
        with ThreadPoolExecutor(max(1, min(threads, count))) as pool:
            values = list(pool.map(lambda s: self._sorted(s, wanted[s]), range(count)))
        starts = np.zeros((count, self.grid.bins), np.int64)
        starts[:, 1:] = np.cumsum(self._counts * wanted, axis=1)[:, :-1]
        result = _empty(count)
        for k, (a, b) in enumerate(pairs):
            self._sweep((a, b), (values, starts), crossing[k], out[k])
            _enter(result, a, b, out[k])
        self._errors(result, pairs)
        return result

    def _sweep(
        self, pair: tuple[int, int], sorted_values: tuple[list[Array], Ints] | None, crossing: NDArray[np.uint8],
        out: Array,
    ) -> None:  # fmt: skip
        a, b = pair
        bins, nothing, nowhere = self.found.sums.bins, np.empty(0), np.empty(0, np.int64)
        values, starts = sorted_values if sorted_values is not None else ([nothing] * (b + 1), [nowhere] * (b + 1))
        kernels.sweep(
            self.grid.edges,
            bins[a],
            bins[b],
            self.grid.centre,
            values[a],
            starts[a],
            values[b],
            starts[b],
            sorted_values is not None,
            crossing,
            out,
        )

    def _sorted(self, strategy: int, wanted: NDArray[np.uint8]) -> Array:
        held = int(self._counts[strategy] @ wanted)
        room = np.empty(held + 1)
        kernels.pick_bins(
            self.outcomes.kept,
            self.rows[strategy],
            self.outcomes.trials,
            self.grid.centre,
            self.grid.scale,
            self.grid.lowest,
            wanted,
            room,
        )
        return np.sort(room[:held])

    def _errors(self, result: Dominance, pairs: Sequence[tuple[int, int]]) -> None:
        """Errors of the ratios: the areas of each batch, with signs as they are over all trials."""
        batches, areas = self.found.batches, self._areas()
        overall = batches.pooled(areas)
        parts = np.stack([_parts(areas[:, a] - areas[:, b], overall[a] - overall[b]) for a, b in pairs], axis=1)
        whole, mean = parts[:, :, :2].sum(axis=2, keepdims=True), batches.pooled(parts)
        size = mean[:, :2].sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):  # of two that are equal everywhere there is no ratio
            error = batches.error((parts - mean / size * whole) / size)
        error[~(error > _ROUNDING)] = np.nan  # no batch differs: what others would is not known
        settled = self.found.exact & ~self.found.identical
        error[[bool(settled[pair]) for pair in pairs]] = 0.0
        for (a, b), (above, below, above_twice, below_twice) in zip(pairs, error, strict=True):
            result.ratio_se[a, b], result.ratio_se[b, a] = above, below
            result.second_ratio_se[a, b], result.second_ratio_se[b, a] = above_twice, below_twice

    def _areas(self) -> Array:
        """The integral of each batch's distribution function over each coarse bin, (batches, strategies, bins)."""
        batches, edges = self.found.batches, self.grid.edges[::COARSE]
        counts, about = np.moveaxis(self.found.sums.coarse, -1, 0)
        before = np.cumsum(counts, axis=2) - counts
        areas = before * np.diff(edges) + counts * (edges[1:] - self.grid.centre) - about
        return np.asarray(areas / batches.sizes[:, None, None])


def _parts(difference: Array, pooled: Array) -> Array:
    """What of the area between two curves is positive, negative, and either with the same sign from the left.

    difference: (batches, bins), pooled: (bins,), which gives the signs; the result is (batches, 4).
    """
    from_left = np.cumsum(pooled)
    above, below = pooled > 0.0, pooled < 0.0
    masks = np.stack([above, -1.0 * below, above & (from_left > 0.0), -1.0 * (below & (from_left < 0.0))], axis=1)
    return np.asarray(np.einsum("bk,km->bm", difference, masks))


def _empty(count: int) -> Dominance:
    flags = np.zeros((2, count, count), np.bool_)
    return Dominance(flags[0], flags[1], *np.full((4, count, count), np.nan))


def _enter(result: Dominance, a: int, b: int, out: Array) -> None:
    """Both directions of a pair from what the sweep found of F_a - F_b."""
    above, below, above_twice, below_twice, highest, lowest, often_above, often_below = out.tolist()
    area = above + below
    if area == 0.0:
        return
    result.ratio[a, b], result.ratio[b, a] = above / area, below / area
    result.second_ratio[a, b], result.second_ratio[b, a] = above_twice / area, below_twice / area
    result.first_order[a, b], result.first_order[b, a] = often_above == 0, often_below == 0
    result.second_order[a, b] = highest <= _ROUNDING * area
    result.second_order[b, a] = -lowest <= _ROUNDING * area
