"""First-order effects from the trials of a run: the share of variance that the mean, given a factor, has.

A factor's probability is divided into cells.  What the means of cells differ by is most of the effect; the rest is
how the mean moves inside a cell, taken as a straight line in the input's own value through the neighbouring cells,
whose variance inside a cell its distribution tells, far tails included.  What means differ by chance is taken off
with their variance between batches, which holds for any sampler.

References: Plischke, Borgonovo, Smith, European J. of Operational Research 226, 2013, for effects from given data;
Miller, Biometrika 61, 1974, for the jackknife.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers.cells import Division
from simengine.analysis.drivers.factors import is_uncertain
from simengine.analysis.drivers.tables import Tables
from simengine.analysis.drivers.tornado import Estimates
from simengine.deal.model import Model

Array = NDArray[np.float64]

_NODES = 8
_TAIL_NODES = 64
_FARTHEST = 1e-15
"""The probability beyond which a tail is left out."""
LEFTOVER = 3.0
"""How many times the change by half as many cells counts as error: in a tail, more cells help slowly."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One direction of a grid of cells: mean (levels,) of an input in each level, and its variance there.

    levels: how many.  An input that takes one value in each level, or is not known, has variance 0.
    """

    mean: Array
    variance: Array
    weight: Array

    @classmethod
    def of(cls, quantile: Callable[[Array], Array], edges: Array) -> Axis:
        """The levels of an input with this quantile function; edges: (levels + 1,) from 0 to 1."""
        at, weights = _quadrature(edges)
        values = np.asarray(quantile(at.ravel()), np.float64).reshape(at.shape)
        mean = (weights * values).sum(axis=1)
        return cls(mean, (weights * (values - mean[:, None]) ** 2).sum(axis=1), np.diff(edges))

    @classmethod
    def exact(cls, levels: int) -> Axis:
        """Levels inside of which nothing moves."""
        return cls(np.arange(levels, dtype=np.float64), np.zeros(levels), np.ones(levels))

    @property
    def levels(self) -> int:
        """How many there are."""
        return len(self.mean)

    def halved(self) -> Axis:
        """Two levels at a time together."""
        starts = np.arange(0, self.levels, 2)
        weight = np.add.reduceat(self.weight, starts)
        mean = np.add.reduceat(self.weight * self.mean, starts) / weight
        square = np.add.reduceat(self.weight * (self.variance + self.mean**2), starts) / weight
        return Axis(mean, np.maximum(square - mean**2, 0.0), weight)


def _quadrature(edges: Array) -> tuple[Array, Array]:
    """Probabilities (levels, nodes) and their weights in each level; the outermost levels reach far into the tails."""
    levels = len(edges) - 1
    place, share = np.polynomial.legendre.leggauss(_NODES)
    at = np.full((levels, _TAIL_NODES), 0.5)
    weights = np.zeros_like(at)
    at[:, :_NODES] = edges[:-1, None] + np.diff(edges)[:, None] * (place + 1) / 2
    weights[:, :_NODES] = share / 2
    if levels < 2:
        return at, weights
    place, share = np.polynomial.legendre.leggauss(_TAIL_NODES)
    for level, width in ((0, edges[1]), (levels - 1, 1.0 - edges[-2])):
        reach = np.log(width / _FARTHEST)
        depth = reach * (place + 1) / 2
        beyond = width * np.exp(-depth)
        at[level] = beyond if level == 0 else 1.0 - beyond
        weights[level] = share * np.exp(-depth)
        weights[level] /= weights[level].sum()
    return at, weights


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a factor as one outcome sees them; the last axis moves fastest."""

    axes: tuple[Axis, ...]
    smooth: tuple[bool, ...]

    def halved(self) -> Grid | None:
        """A grid of half as many levels along the inputs that are divided, or None where all is exact."""
        if not any(self.smooth):
            return None
        axes = tuple(a.halved() if smooth else a for a, smooth in zip(self.axes, self.smooth, strict=True))
        return Grid(axes, self.smooth)

    def merged(self, values: Array) -> Array:
        """Sums (..., cells) of this grid as sums of the halved one."""
        shape = [axis.levels for axis in self.axes]
        found = values.reshape(*values.shape[:-1], *shape)
        for place, smooth in enumerate(self.smooth):
            if smooth:
                found = np.add.reduceat(found, np.arange(0, shape[place], 2), axis=place - len(shape))
        return np.asarray(found.reshape(*values.shape[:-1], -1))

    def spread(self, means: Array, share: Array) -> Array:
        """The variance (...) of what has these means (..., cells) in cells of these shares (cells,)."""
        gaps = means - (means @ share)[..., None]
        found = gaps**2 @ share
        shape = [axis.levels for axis in self.axes]
        cube, weight = means.reshape(*means.shape[:-1], *shape), share.reshape(shape)
        for place, axis in enumerate(self.axes):
            if axis.levels > 1 and axis.variance.any():
                slope = _slopes(np.moveaxis(cube, place - len(shape), -1), axis.mean)
                inside = slope**2 * (np.moveaxis(weight, place, -1) * axis.variance)
                found = found + inside.sum(axis=tuple(range(-len(shape), 0)))
        return np.asarray(found)


def _slopes(means: Array, at: Array) -> Array:
    """Slopes of straight lines through the neighbours along the last axis, whose places are ``at``."""
    level = np.arange(len(at))
    low, high = np.maximum(level - 1, 0), np.minimum(level + 1, len(at) - 1)
    run = at[high] - at[low]
    rise = means[..., high] - means[..., low]
    return np.divide(rise, run, out=np.zeros_like(rise), where=np.broadcast_to(run > 0.0, rise.shape))


def grids_of(divisions: Sequence[Division], model: Model) -> list[Grid]:
    """The cells of every factor as the outcomes of a strategy see them."""
    found: list[Grid] = []
    for division in divisions:
        smooth = tuple(bool(member.name) for member in division.members)
        axes = tuple(
            Axis.of(model.inputs[member.name].marginal.quantile, np.array(member.edges))
            if member.name and is_uncertain(model, member.name)
            else Axis.exact(member.levels)
            for member in division.members
        )
        found.append(Grid(axes, smooth))
    return found


def first_order(tables: Tables, factor: int, grid: Grid, row: int) -> tuple[float, float]:
    """The share of an outcome's variance that its mean, given a factor, has, and the standard error.

    The estimate of a factor that has no effect is 0 on average, and can be below.  The error contains what cells are
    too wide for, told by cells twice as wide.  NaN for an outcome that does not vary.
    """
    cells = int(np.prod([axis.levels for axis in grid.axes]))
    sums = tables.by_cell[:, factor, :cells, row]
    counts = tables.cell_counts[:, factor, :cells].astype(np.float64)
    totals = np.stack([tables.sums[:, row], tables.squares[:, row]], axis=-1)
    value, parts = _jackknifed(sums, counts, totals, grid, tables.batches.sizes)
    se = float(tables.batches.error(parts))
    coarse = grid.halved()
    if coarse is not None:
        wide = _share(grid.merged(sums), grid.merged(counts), totals, coarse, tables.batches.sizes)
        se = float(np.hypot(se, LEFTOVER * (value - wide)))
    return value, se


def _jackknifed(sums: Array, counts: Array, totals: Array, grid: Grid, sizes: Array) -> tuple[float, Array]:
    """The share, and pseudo-values (batches,) that tell how it varies."""
    value, batches = _share(sums, counts, totals, grid, sizes), len(sizes)
    if batches < 2:
        return value, np.full(batches, value)
    kept = [np.delete(np.arange(batches), b) for b in range(batches)]
    without = np.array([_share(sums[k], counts[k], totals[k], grid, sizes[k]) for k in kept])
    times = sizes.sum() / sizes
    return value, times * value - (times - 1.0) * without


def _share(sums: Array, counts: Array, totals: Array, grid: Grid, sizes: Array) -> float:
    """The share from sums and counts (batches, cells); totals: sums and sums of squares (batches, 2)."""
    n = float(sizes.sum())
    mean, square = totals.sum(axis=0) / n
    variance = float(square - mean**2)
    if not variance > 0.0:
        return float("nan")
    total = counts.sum(axis=0)
    held = total > 0.0
    share = total / n
    level = np.where(held, sums.sum(axis=0) / np.maximum(total, 1.0), mean)
    found = float(grid.spread(level, share))
    return (found - _chance(sums, counts, level, variance - found, grid)) / variance


def _chance(sums: Array, counts: Array, level: Array, inside: float, grid: Grid) -> float:
    """What the spread of the means (cells,) contains by chance; inside: the variance within cells.

    From how means differ between batches; one batch alone says nothing, and is seen as independent trials.
    """
    total = counts.sum(axis=0)
    share = total / total.sum()
    if len(counts) < 2:
        used = int((total > 0).sum())
        return (used - 1) * max(inside, 0.0) / max(float(total.sum()) - used, 1.0)
    part = counts / np.maximum(total, 1.0)
    freedom = 1.0 - (part**2).sum(axis=0)
    scale = np.divide(1.0, np.sqrt(freedom), out=np.zeros_like(freedom), where=freedom > 1e-12)
    moved = (sums - counts * level) / np.maximum(total, 1.0) * scale
    return float(grid.spread(moved, share).sum())


def given_data_effects(
    tables: Tables,
    divisions: Sequence[Division],
    models: Sequence[Model],
    linked: NDArray[np.bool_],
) -> Estimates:
    """First-order effects (outcomes, factors); models: that of each outcome.  0 where nothing links them."""
    value, se = np.zeros(linked.shape), np.zeros(linked.shape)
    grids: dict[str, list[Grid]] = {}
    for k, model in enumerate(models):
        if model.strategy not in grids:
            grids[model.strategy] = grids_of(divisions, model)
        for f in np.flatnonzero(linked[k]).tolist():
            value[k, f], se[k, f] = first_order(tables, f, grids[model.strategy][f], k)
    return Estimates(value, se)
