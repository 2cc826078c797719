"""Tornado: rank correlation of every input with every outcome, its share, and means given an input.

References: Spearman, Am. J. Psychol. 15, 1904; Kruskal, JASA 53, 1958; for the influence of one trial on a rank
correlation, Croux and Dehon, Statistical Methods & Applications 19, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.analysis.drivers.tables import Tables

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Values and their standard errors, of the same shape."""

    value: Array
    se: Array

    @classmethod
    def of(cls, batches: Batches, value: Array, parts: Array) -> Estimates:
        """A value whose linearised parts are (batches, ...)."""
        return cls(np.asarray(value), batches.error(parts))


@dataclass(frozen=True, eq=False)
class Correlations:
    """rho: (outcomes, factors), 0 where an outcome cannot depend on the input and NaN where it has none.

    share: the square over the sum of squares, NaN where the sum may be chance alone.
    bound: (outcomes,), how far classes can move a rho at most.
    """

    rho: Estimates
    share: Estimates
    bound: Array


def correlations(tables: Tables, rows: NDArray[np.int64], linked: NDArray[np.bool_]) -> Correlations:
    """Spearman correlations; rows (outcomes, factors) are rank rows, -1 where there is none.

    The rank of an input is that of its distribution; the rank of an outcome is the middle of its class, with the
    classes as they turned out over all trials.  The error contains that of the ranks themselves.
    """
    outcomes, factors = rows.shape
    count = tables.batches.sizes
    rho, parts = np.full((outcomes, factors), np.nan), np.zeros((len(count), outcomes, factors))
    for k in range(outcomes):
        its_rho, its_parts = _rank_correlations(tables, k, count)
        held = (rows[k] >= 0) & linked[k]
        rho[k, held], parts[:, k, held] = its_rho[rows[k, held]], its_parts[:, rows[k, held]]
        rho[k, (rows[k] >= 0) & ~linked[k]] = 0.0
    shares = tables.class_counts.sum(axis=0) / tables.trials
    batches = tables.batches
    found = Estimates.of(batches, rho, np.where(np.isnan(rho), np.nan, parts))
    share, share_parts = _shares(rho, parts)
    share[within_noise(found)] = np.nan
    return Correlations(
        found,
        Estimates.of(batches, share, np.where(np.isnan(share), np.nan, share_parts)),
        np.sqrt((shares**3).sum(axis=1)),
    )


def _rank_correlations(tables: Tables, k: int, count: Array) -> tuple[Array, Array]:
    """The rank correlation of outcome k with every rank row, and its parts (batches, rank rows)."""
    n = tables.trials
    in_class = tables.class_counts[:, k].astype(np.float64)
    share = in_class.sum(axis=0) / n
    rank = np.cumsum(share) - share / 2 - 0.5
    mean = tables.rank_sums.sum(axis=0) / n
    spread = tables.rank_squares.sum(axis=0) / n - mean**2
    sums = tables.by_class[:, k] - in_class[:, :, None] * mean  # of ranks less their mean
    covariance = np.einsum("c,bcr->br", rank, sums)
    pooled = sums.sum(axis=0) / n
    above = np.cumsum(pooled[::-1], axis=0)[::-1] - pooled / 2  # E[rank of the input, where the outcome is higher]
    moved = np.einsum("bc,cr->br", in_class, above)
    variance = (1.0 - (share**3).sum()) / 12.0
    varied = -0.25 * np.einsum("bc,c->b", in_class, share**2)
    squares = tables.rank_squares - 2 * mean * tables.rank_sums + count[:, None] * mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(spread * variance)
        rho = np.where(scale > 0, covariance.sum(axis=0) / n / scale, 0.0)
        parts = (covariance + moved) / scale - rho / 2 * (squares / spread + varied[:, None] / variance)
    return rho, np.where(scale > 0, parts / count[:, None], 0.0)


def within_noise(rho: Estimates) -> NDArray[np.bool_]:
    """Whether chance alone makes correlations (outcomes, factors) whose squares have such a sum, (outcomes,).

    Seen as chi-square with as many degrees of freedom as there are correlations with an error: beyond its 99.9 %
    point, by the approximation of Wilson and Hilferty, the sum counts.
    """
    counted = np.nan_to_num(rho.se) > 0.0
    freedom = np.maximum(counted.sum(axis=1), 1)
    limit = (1.0 - 2.0 / (9 * freedom) + 3.09 * np.sqrt(2.0 / (9 * freedom))) ** 3
    total, chance = (np.nan_to_num(rho.value) ** 2).sum(axis=1), (np.nan_to_num(rho.se) ** 2).sum(axis=1)
    return np.asarray(total < limit * chance)


def _shares(rho: Array, parts: Array) -> tuple[Array, Array]:
    squares = np.nan_to_num(rho) ** 2
    total = squares.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.isnan(rho) | (total == 0.0), np.nan, squares / total)
        change = 2 * np.nan_to_num(rho) * parts
        share_parts = (change - np.nan_to_num(share) * change.sum(axis=2, keepdims=True)) / total
    return share, np.where(np.isnan(share), np.nan, share_parts)


def conditional_means(
    tables: Tables, factor: int, weights: Array, strikes: NDArray[np.bool_] | None = None
) -> Estimates:
    """Means of all outcomes given an input, weighted over its cells: (outcomes, points) of weights (points, cells).

    Weights of a point add up to 1 for a mean, and to 0 for a difference of means.  With ``strikes``, (cells,), they
    are those of two classes: the cells in which an event does not happen, and those in which it does.  NaN where a
    class that counts has no trial.
    """
    cells = weights.shape[1] if strikes is None else len(strikes)
    outcomes = tables.outcomes
    in_cell = tables.cell_counts[:, factor, :cells].astype(np.float64)
    sums = tables.by_cell[:, factor, :cells, :outcomes]
    if strikes is not None:
        in_cell = np.stack([in_cell[:, ~strikes].sum(axis=1), in_cell[:, strikes].sum(axis=1)], axis=1)
        sums = np.stack([sums[:, ~strikes].sum(axis=1), sums[:, strikes].sum(axis=1)], axis=1)
    total = in_cell.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums.sum(axis=0) / total[:, None]
        parts = (sums - in_cell[:, :, None] * mean) / total[:, None] * tables.trials
    shift = np.outer(tables.shift[:outcomes], np.round(weights.sum(axis=1)))
    value = np.einsum("pc,ck->kp", weights, np.nan_to_num(mean)) + shift
    value[:, ((weights != 0.0) & (total == 0.0)).any(axis=1)] = np.nan
    lines = np.einsum("pc,bck->bkp", weights, np.nan_to_num(parts)) / tables.batches.sizes[:, None, None]
    return Estimates.of(tables.batches, value, lines)


def interpolation(edges: Array, at: Array) -> Array:
    """Weights of cells (points, cells) that draw straight lines between the middles of cells of equal width."""
    cells = len(edges) - 1
    weights = np.zeros((len(at), cells))
    equal = cells >= 4 and bool(np.allclose(np.diff(edges), 1.0 / cells))
    for p, u in enumerate(at):
        inside = min(int(np.searchsorted(edges, u, side="right")) - 1, cells - 1)
        if not equal:
            weights[p, inside] = 1.0
            continue
        place = min(max(u * cells - 0.5, 0.0), cells - 1.0)
        low = min(int(place), cells - 2)
        weights[p, low + 1] = place - low
        weights[p, low] = 1.0 - weights[p, low + 1]
    return weights
