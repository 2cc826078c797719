"""What would change the decision: the value of information, and where an input makes another strategy the best.

More of an outcome is taken to be better, and strategies are judged by its mean.

References: Raiffa and Schlaifer, "Applied Statistical Decision Theory", 1961; Strong and Oakley, Medical Decision
Making 33, 2013, and Strong, Oakley, Brennan, Medical Decision Making 34, 2014, for conditional means from one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers.tables import Contest, Tables
from simengine.analysis.drivers.tornado import Estimates

Array = NDArray[np.float64]

CLEAR = 3.0
"""Standard errors by which a strategy must lead among some cells to count as the best one there."""
_NEIGHBOURS = 4
"""Cells on either side that a straight line is fitted to: through a switch, and to choose a policy."""


def perfect_information(tables: Tables, contests: Sequence[Contest]) -> Estimates:
    """E[max of strategies] - max of E, one of each contest: what it is worth to know everything."""
    values, parts = [], []
    for contest in contests:
        rows = list(contest.rows)
        means = tables.sums[:, rows].sum(axis=0) / tables.trials + tables.shift[rows]
        first = rows[int(np.argmax(means))]
        lines = (tables.sums[:, contest.best] - tables.sums[:, first]) / tables.batches.sizes
        parts.append(lines + tables.shift[contest.best] - tables.shift[first])
        values.append(float(tables.batches.pooled(parts[-1])))
    stacked = np.stack(parts, axis=1) if parts else np.zeros((tables.batches.count, 0))
    return Estimates.of(tables.batches, np.array(values), stacked)


@dataclass(frozen=True, eq=False)
class Information:
    """What it is worth to learn a factor, (contests, factors).

    value: with the policy of each batch chosen on all others, which takes off the optimism of a policy that is judged
    by the trials that chose it.  raw: with that optimism, and cell by cell.  null: raw of a draw that nothing depends
    on.
    """

    value: Estimates
    raw: Array
    null: Array


def partial_information(
    tables: Tables,
    contests: Sequence[Contest],
    matters: NDArray[np.bool_],
    smooth: NDArray[np.bool_],
    decoys: Sequence[int],
) -> Information:
    """E[max of E[. | factor]] - max of E.

    matters: (contests, factors), whether any strategy can depend on the factor.  smooth: (factors,), whether cells
    are neighbours on one scale, so that means may be smoothed along them to choose a policy.  decoys: for every
    factor, the division of a draw that nothing depends on.
    """
    shape = matters.shape
    value, raw, null = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    parts = np.zeros((tables.batches.count, *shape))
    for c, contest in enumerate(contests):
        baselines: dict[int, float] = {}
        for f in range(shape[1]):
            if not matters[c, f]:
                continue
            sums, counts = _sums(tables, contest, f), tables.cell_counts[:, f].astype(np.float64)
            value[c, f], parts[:, c, f] = _learned(sums, counts, tables, _smoother(counts) if smooth[f] else None)
            raw[c, f] = _optimistic(sums, tables)
            decoy = decoys[f]
            if decoy not in baselines:
                baselines[decoy] = _optimistic(_sums(tables, contest, decoy), tables)
            null[c, f] = baselines[decoy]
    return Information(Estimates.of(tables.batches, value, parts), raw, null)


def _sums(tables: Tables, contest: Contest, division: int) -> Array:
    """Sums of the strategies in each cell, (batches, cells, strategies)."""
    rows = list(contest.rows)
    counts = tables.cell_counts[:, division, :, None]
    return np.asarray(tables.by_cell[:, division][:, :, rows] + counts * tables.shift[rows])


def _optimistic(sums: Array, tables: Tables) -> float:
    """The gain of the policy that turned out best, judged by the trials that chose it."""
    pooled = sums.sum(axis=0)
    return float((pooled.max(axis=1).sum() - pooled.sum(axis=0).max()) / tables.trials)


def _learned(sums: Array, counts: Array, tables: Tables, smoother: Array | None) -> tuple[float, Array]:
    """The gain of a policy on trials that had no part in choosing it, and the parts (batches,) of its error."""
    pooled, total = sums.sum(axis=0), counts.sum(axis=0)
    cells = np.arange(len(total))

    def gain(own: Array, others: Array, number: Array) -> float:
        policy, first = _policy(others, number, smoother), int(np.argmax(others.sum(axis=0)))
        return float((own[cells, policy] - own[cells, first]).sum())

    chosen = np.array([gain(own, pooled, total) for own in sums])
    if len(sums) == 1:
        return float(chosen.sum() / tables.trials), chosen / tables.batches.sizes
    held_out = sum(gain(own, pooled - own, total - mine) for own, mine in zip(sums, counts, strict=True))
    return held_out / tables.trials, chosen / tables.batches.sizes


def _policy(sums: Array, counts: Array, smoother: Array | None) -> NDArray[np.int64]:
    """The best strategy in each cell."""
    if smoother is None:
        return np.asarray(np.argmax(sums, axis=1), np.int64)
    means = sums[: len(smoother)] / np.maximum(counts[: len(smoother), None], 1.0)
    found = np.zeros(len(sums), np.int64)
    found[: len(smoother)] = np.argmax(smoother @ means, axis=1)
    return found


def _smoother(counts: Array) -> Array:
    """The matrix that puts a straight line through each cell and its neighbours: means vary by chance, less so then."""
    cells = int(np.flatnonzero(counts.sum(axis=0)).max()) + 1
    found = np.zeros((cells, cells))
    place = np.arange(cells, dtype=np.float64)
    for c in range(cells):
        low, high = max(0, c - _NEIGHBOURS), min(cells, c + _NEIGHBOURS + 1)
        along = place[low:high] - place[low:high].mean()
        spread = float((along**2).sum())
        tilt = (c - place[low:high].mean()) * along / spread if spread else 0.0
        found[c, low:high] = 1.0 / (high - low) + tilt
    return found


@dataclass(frozen=True)
class Switch:
    """A place on an input's scale of probability where the best strategy changes, with its standard error."""

    contest: int
    factor: int
    below: int
    above: int
    at: float
    se: float


def switches(tables: Tables, contest: Contest, number: int, factor: int, edges: Array, exact: bool) -> list[Switch]:
    """Where, as one input rises and all else is drawn, another strategy gets the highest mean.

    A strategy that is best in some neighbouring cells counts only where it beats those on either side of it by
    :data:`CLEAR` standard errors; so chance makes no switches of strategies that are nearly equal.  ``below`` and
    ``above`` are places among the strategies of the contest.
    """
    sums = _sums(tables, contest, factor)[:, : len(edges) - 1]
    pooled = sums.sum(axis=0)
    counts = tables.cell_counts[:, factor, : len(edges) - 1].astype(np.float64)
    winners = np.where(counts.sum(axis=0) > 0, np.argmax(pooled, axis=1), int(np.argmax(pooled.sum(axis=0))))
    _settle(winners, sums, tables)
    found, runs = [], _runs(winners)
    for (first, border), (_, last) in pairwise(runs):
        below, above = int(winners[first]), int(winners[border])
        if exact:
            at, se = float(edges[border]), 0.0
        else:
            low, high = max(first, border - _NEIGHBOURS), min(last, border + _NEIGHBOURS)
            gap = sums[:, low:high, above] - sums[:, low:high, below]
            at, se = _crossing(gap, counts[:, low:high], edges[low : high + 1], tables)
        found.append(Switch(number, factor, below, above, at, se))
    return found


def best_of_classes(tables: Tables, contest: Contest, factor: int, cells: int) -> dict[int, int]:
    """The best strategy, its place in the contest, in every class (a cell) of an event that has trials.

    Where no strategy leads by :data:`CLEAR` standard errors, that of the whole is said to be best.
    """
    sums = _sums(tables, contest, factor)[:, :cells]
    held = np.flatnonzero(tables.cell_counts[:, factor, :cells].sum(axis=0))
    pooled = sums.sum(axis=0)
    winners = np.argmax(pooled, axis=1)
    if cells == 2 and len(held) == 2:
        _settle(winners, sums, tables)
        return {int(cell): int(winners[cell]) for cell in held}
    first = int(np.argmax(pooled.sum(axis=0)))
    for cell in held:
        gain = (sums[:, cell, winners[cell]] - sums[:, cell, first]) / tables.batches.sizes
        if not float(tables.batches.pooled(gain)) > CLEAR * float(tables.batches.error(gain)):
            winners[cell] = first
    return {int(cell): int(winners[cell]) for cell in held}


def _settle(winners: NDArray[np.int64], sums: Array, tables: Tables) -> None:
    """Give cells to the winner beside them, the least clear ones first, until every winner is clear."""
    while True:
        runs = _runs(winners)
        doubtful = []
        for k, (first, last) in enumerate(runs):
            for beside in (k - 1, k + 1):
                if 0 <= beside < len(runs):
                    own, other = winners[first], winners[runs[beside][0]]
                    gain = (sums[:, first:last, own] - sums[:, first:last, other]).sum(axis=1) / tables.batches.sizes
                    se = float(tables.batches.error(gain))
                    lead = float(tables.batches.pooled(gain)) / se if se > 0.0 else np.inf
                    if not lead > CLEAR:
                        doubtful.append((lead, last - first, first, last, int(other)))
        if not doubtful:
            return
        _, _, first, last, other = min(doubtful)
        winners[first:last] = other


def _runs(winners: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last + 1 of the cells in a row that have the same winner."""
    changes = [0, *(np.flatnonzero(np.diff(winners)) + 1).tolist(), len(winners)]
    return list(pairwise(changes))


def _crossing(gap: Array, counts: Array, edges: Array, tables: Tables) -> tuple[float, float]:
    """Where the straight line through differences of means is 0, and its error; gap: sums (batches, cells).

    The error contains how far off a parabola through the same cells is 0: what the line misses where it is curved.
    """
    middle = (edges[:-1] + edges[1:]) / 2
    total = counts.sum(axis=0)
    mean = gap.sum(axis=0) / total
    weight = total / total.sum()
    centre = float((weight * middle).sum())
    along = middle - centre
    spread = float((weight * along**2).sum())
    level, slope = float((weight * mean).sum()), float((weight * along * mean).sum()) / spread
    if slope == 0.0:
        return float(edges[len(edges) // 2]), float("nan")
    at = centre - level / slope
    residual = (gap - counts * mean) / total * tables.trials / tables.batches.sizes[:, None]
    change = residual @ (weight * (1.0 + (at - centre) * along / spread))  # of the line at the crossing
    se = float(tables.batches.error(change)) / abs(slope)
    off = at - curved_crossing(mean, weight, edges, at)
    return float(np.clip(at, edges[0], edges[-1])), float(np.hypot(se, off))


def curved_crossing(mean: Array, weight: Array, edges: Array, near: float) -> float:
    """Where a parabola, whose means in cells these are, is 0: the place nearest to ``near``.

    Where it does not reach 0, the place where it comes nearest to it.  Two cells have no parabola: then a cell's
    width over the square root of 12 away, as if the place could be anywhere in a cell.
    """
    width = np.diff(edges)
    if len(mean) < 3:
        return near + float(width.max()) / float(np.sqrt(12.0))
    away = (edges[:-1] + edges[1:]) / 2 - near
    columns = np.stack([np.ones_like(away), away, away**2 + width**2 / 12], axis=1)
    scale = np.sqrt(weight)
    level, slope, curve = np.linalg.lstsq(columns * scale[:, None], mean * scale, rcond=None)[0].tolist()
    inside = slope**2 - 4 * curve * level
    if inside <= 0.0:
        return float(near - slope / (2 * curve)) if curve else near
    # the root of the smaller size, in the form that does not cancel
    return float(near - 2 * level / (slope + np.copysign(np.sqrt(inside), slope)))
