"""Passes over the trials of a run that tornado, decisions and conditional means are read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.aggregate.grid import BINS, PILOT_TRIALS, Grid
from simengine.analysis.drivers.cells import Division
from simengine.analysis.drivers.ranks import RankRow
from simengine.engine.outcomes import Outcomes
from simengine.engine.schedule import Progress, map_fold
from simengine.engine.tasks import Range
from simengine.kernels import cpu
from simengine.kernels.ranks import LANES, add_totals, tabulate
from simengine.kernels.source import Source
from simengine.sampling.design import TILE

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

CLASSES = 256
"""Classes of about equal probability that the trials of an outcome are divided into for its ranks."""
RANKED_TRIALS = 1 << 17
"""At most so many trials are ranked, evenly from all batches: a rank correlation is then known to 0.003 or better."""
_PILOT = 16_384


@dataclass(frozen=True, eq=False)
class Tables:
    """Sums of each batch of trials; values are less a shift of their row, ranks less their mean.

    What a pass does not ask for has no rows.

    batches: trials of each that count (where an outcome is not finite, the trial is left out of all).  outcomes: how
    many rows are outcomes.
    by_class: (batches, outcomes, classes, rank rows); class_counts: (batches, outcomes, classes).
    by_cell: (batches, divisions, cells, rows); cell_counts: (batches, divisions, cells); cells beyond those of a
    division are empty.  sums, squares: (batches, rows); rank_sums, rank_squares: (batches, rank rows).  Rows are
    the outcomes, then the best strategy in each trial for every contest.
    """

    batches: Batches
    outcomes: int
    shift: Array
    by_class: Array
    class_counts: Ints
    by_cell: Array
    cell_counts: Ints
    sums: Array
    squares: Array
    rank_sums: Array
    rank_squares: Array

    @property
    def trials(self) -> float:
        """Trials that count."""
        return float(self.batches.sizes.sum())

    def means(self) -> Array:
        """Means of all rows, (rows,), less their shift."""
        return np.asarray(self.sums.sum(axis=0) / self.trials)

    def variances(self) -> Array:
        """Variances of all rows, (rows,)."""
        return np.asarray(np.maximum(self.squares.sum(axis=0) / self.trials - self.means() ** 2, 0.0))


@dataclass(frozen=True)
class Contest:
    """Strategies that report the same outcome: their rows, and the row of the best of them in each trial."""

    output: str
    rows: tuple[int, ...]
    best: int


@dataclass(frozen=True, eq=False)
class _Layout:
    """Everything that :func:`simengine.kernels.ranks.tabulate` needs besides the trials."""

    outcomes: Outcomes
    ranks: Source | None
    contests: tuple[Contest, ...]
    shift: Array
    rank_mean: Array
    grid: Grid
    classes: NDArray[np.int16]
    members: tuple[Ints, Ints, Ints, Array, Ints]
    cells: int

    @property
    def rows(self) -> int:
        return len(self.shift)


@dataclass(frozen=True, eq=False)
class _Part:
    """The tables of some batches, in order."""

    batches: tuple[tuple[np.ndarray, ...], ...]

    def merge(self, other: _Part) -> _Part:
        return _Part(self.batches + other.batches)


@dataclass(frozen=True)
class Ranks:
    """Where ranks are drawn, and what is known of each row."""

    source: Source
    rows: tuple[RankRow, ...]


def totals(outcomes: Outcomes, contests: Sequence[Contest], threads: int) -> Tables:
    """Sums of outcomes and of the best strategy over all trials, and nothing else."""
    return _tabulated(_layout(outcomes, None, (), contests, 0), _ranges(outcomes.batches), threads, None, "")


def cell_tables(
    outcomes: Outcomes,
    ranks: Ranks,
    divisions: Sequence[Division],
    contests: Sequence[Contest],
    threads: int,
    progress: Progress | None = None,
    *,
    ranked_only: bool = False,
) -> Tables:
    """Sums of outcomes, in all and by cells of inputs, over all trials or over those that are ranked."""
    layout = _layout(outcomes, ranks, divisions, contests, 0)
    ranges = _ranked(outcomes.batches) if ranked_only else _ranges(outcomes.batches)
    return _tabulated(layout, ranges, threads, progress, "averaging by input")


def class_tables(outcomes: Outcomes, ranks: Ranks, threads: int, progress: Progress | None = None) -> Tables:
    """Sums of the ranks of inputs by classes of outcomes, over the trials that are ranked."""
    layout = _layout(outcomes, ranks, (), (), len(outcomes.source.plan.outputs))
    return _tabulated(layout, _ranked(outcomes.batches), threads, progress, "ranking inputs")


def _ranked(batches: Batches) -> list[Range]:
    """The first trials of every batch: the first 2**k points of a replicate are themselves a replicate."""
    most = max(1, RANKED_TRIALS // batches.count)
    each = 1 << (most.bit_length() - 1)
    return [Range(part.first, min(part.size, each)) for part in _ranges(batches)]


def _ranges(batches: Batches) -> list[Range]:
    return [Range(int(a), int(b - a)) for a, b in pairwise(batches.edges)]


def _tabulated(layout: _Layout, ranges: Sequence[Range], threads: int, progress: Progress | None, stage: str) -> Tables:
    part = map_fold(lambda one: _Part((_batch(layout, one),)), ranges, threads, progress, stage)
    return _gathered(layout, part.batches)


def _layout(
    outcomes: Outcomes,
    ranks: Ranks | None,
    divisions: Sequence[Division],
    contests: Sequence[Contest],
    classed: int,
) -> _Layout:
    pilot = _pilot(outcomes) if classed else _pilot(outcomes)[:, :PILOT_TRIALS]
    grid = Grid.from_pilot(pilot[:, :PILOT_TRIALS])
    shift = np.concatenate([grid.centre, [grid.centre[list(contest.rows)].max() for contest in contests]])
    cells = max((division.cells for division in divisions), default=1)
    return _Layout(
        outcomes=outcomes,
        ranks=ranks.source if ranks is not None else None,
        contests=tuple(contests),
        shift=shift,
        rank_mean=np.array([row.mean for row in ranks.rows] if ranks is not None else []),
        grid=grid,
        classes=_classes(grid, pilot[:classed]),
        members=_members(divisions),
        cells=cells,
    )


def _pilot(outcomes: Outcomes) -> Array:
    """The first outcomes of a run, (outcomes, trials)."""
    found, size = [], 0
    for _, strip in outcomes.strips():
        found.append(strip[:, : _PILOT - size])
        size += found[-1].shape[1]
        if size >= _PILOT:
            break
    return np.concatenate(found, axis=1)


def _classes(grid: Grid, pilot: Array) -> NDArray[np.int16]:
    """The class of every bin of the grid: by the share of pilot trials that lie below its middle."""
    found = np.empty((len(pilot), BINS), np.int16)
    for k, row in enumerate(pilot):
        finite = row[np.isfinite(row)]
        counts = np.bincount(grid.bins_of(k, finite), minlength=BINS) if finite.size else np.zeros(BINS, np.int64)
        middle = (np.cumsum(counts) - counts / 2) / max(finite.size, 1)
        found[k] = np.minimum(middle * CLASSES, CLASSES - 1)
    return found


def _members(divisions: Sequence[Division]) -> tuple[Ints, Ints, Ints, Array, Ints]:
    members = [member for division in divisions for member in division.members]
    ends = np.cumsum([0] + [len(division.members) for division in divisions]).astype(np.int64)
    cut_ends = np.cumsum([0] + [len(member.cuts) for member in members]).astype(np.int64)
    return (
        np.array([member.row for member in members], np.int64),
        np.array([member.levels for member in members], np.int64),
        np.stack([cut_ends[:-1], cut_ends[1:]], axis=1),
        np.array([cut for member in members for cut in member.cuts], np.float64),
        np.stack([ends[:-1], ends[1:]], axis=1),
    )


def _batch(layout: _Layout, batch: Range) -> tuple[np.ndarray, ...]:
    """The tables of one batch, and the number of trials that count."""
    outcomes, ranks = len(layout.classes), len(layout.rank_mean)
    divisions = len(layout.members[-1])
    deep, wide = -(-ranks // LANES) * LANES, -(-layout.rows // LANES) * LANES
    by_class, class_counts = np.zeros((outcomes, CLASSES, deep)), np.zeros((outcomes, CLASSES), np.int64)
    by_cell, cell_counts = np.zeros((divisions, layout.cells, wide)), np.zeros((divisions, layout.cells), np.int64)
    x_sums, u_sums = np.zeros((2, wide)), np.zeros((2, deep))
    counted, end = 0, batch.first + batch.size
    if layout.ranks is None:
        counted = _add_totals(layout, batch, x_sums)
        return by_class, class_counts, by_cell, cell_counts, x_sums, u_sums, np.array(counted)
    for tile in range(batch.first // TILE * TILE, end, TILE):
        low, high = max(tile, batch.first), min(tile + TILE, end)
        x, u = _trials(layout, low, high)
        counted += x.shape[1]
        tabulate(
            *(x, u, layout.shift, layout.rank_mean, layout.grid.centre, layout.grid.scale, layout.classes),
            *(by_class, class_counts, *layout.members, by_cell, cell_counts, x_sums, u_sums),
        )
    return by_class, class_counts, by_cell, cell_counts, x_sums, u_sums, np.array(counted)


def _add_totals(layout: _Layout, batch: Range, sums: Array) -> int:
    """Add the sums of one batch, and say how many trials count."""
    kept = layout.outcomes.kept
    outcomes, end = kept.shape[1], batch.first + batch.size
    ends = np.cumsum([0] + [len(contest.rows) for contest in layout.contests]).astype(np.int64)
    contests = np.stack([ends[:-1], ends[1:]], axis=1)
    rows = np.array([row for contest in layout.contests for row in contest.rows], np.int64)
    counted, low = 0, batch.first
    while low < end:
        strip, place = divmod(low, kept.shape[2])
        size = min(kept.shape[2] - place, end - low)
        found = np.zeros((2, layout.rows))
        add_totals(kept[strip], place, size, layout.shift, contests, rows, found)
        if not np.isfinite(found[0, :outcomes]).all():
            x = kept[strip, :, place : place + size]
            x = np.ascontiguousarray(x[:, np.isfinite(x).all(axis=0)])
            found[:], size = 0.0, x.shape[1]
            add_totals(x, 0, size, layout.shift, contests, rows, found)
        sums[:, : layout.rows] += found
        counted, low = counted + size, low + min(kept.shape[2] - place, end - low)
    return counted


def _trials(layout: _Layout, low: int, high: int) -> tuple[Array, Array]:
    """Rows and ranks of trials low to high - 1, which lie in one tile; those that are not finite are left out."""
    kept = layout.outcomes.kept
    strip, place = divmod(low, kept.shape[2])
    x = np.empty((layout.rows, high - low))
    outcomes = kept.shape[1]
    x[:outcomes] = kept[strip, :, place : place + high - low]
    for contest in layout.contests:
        np.max(x[list(contest.rows)], axis=0, out=x[contest.best])
    first = low // cpu.BLOCK * cpu.BLOCK
    assert layout.ranks is not None  # totals need none
    u = cpu.values(layout.ranks, first, high - first)[:, low - first :]
    finite = np.isfinite(x).all(axis=0)
    if finite.all():
        return x, np.ascontiguousarray(u)
    return np.ascontiguousarray(x[:, finite]), np.ascontiguousarray(u[:, finite])


def _gathered(layout: _Layout, parts: Sequence[tuple[np.ndarray, ...]]) -> Tables:
    held = [part for part in parts if part[-1]]
    by_class, class_counts, by_cell, cell_counts, x_sums, u_sums, counted = (
        np.stack(column) for column in zip(*held, strict=True)
    )
    rows, ranks = layout.rows, len(layout.rank_mean)
    return Tables(
        batches=Batches(np.concatenate([[0], np.cumsum(counted)]).astype(np.int64)),
        outcomes=len(layout.grid.centre),
        shift=layout.shift,
        by_class=by_class[..., :ranks],
        class_counts=class_counts,
        by_cell=by_cell[..., :rows],
        cell_counts=cell_counts,
        sums=x_sums[:, 0, :rows],
        squares=x_sums[:, 1, :rows],
        rank_sums=u_sums[:, 0, :ranks],
        rank_squares=u_sums[:, 1, :ranks],
    )
