"""Sobol indices of outcomes whose inputs are independent: first order by Saltelli's design, total by Jansen's.

References: Saltelli, Annoni, Azzini, Campolongo, Ratto, Tarantola, "Variance based sensitivity analysis of model
output", Computer Physics Communications 181, 2010; Jansen, "Analysis of variance designs for model output", Computer
Physics Communications 117, 1999.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers.designs import Setting, chunks, evaluated, redrawn
from simengine.analysis.drivers.factors import Factor
from simengine.analysis.drivers.tornado import Estimates
from simengine.deal.model import Model

Array = NDArray[np.float64]

_PILOT = 4096


def sobol_indices(
    models: Sequence[Model], factors: Sequence[Factor], linked: NDArray[np.bool_], rows: int, setting: Setting
) -> tuple[Estimates, Estimates]:
    """First-order and total indices of every outcome of all models, (outcomes, factors) each.

    Rows of ``linked`` are the outcomes; those of models with correlated inputs have no meaning.  ``rows``: of the
    tape of the models.  Factors that no outcome uses have 0, and are not evaluated.
    """
    shape = linked.shape
    varied = np.flatnonzero(linked.any(axis=0))
    first, total = np.zeros(shape), np.zeros(shape)
    first_parts: Array | None = None
    total_parts: Array | None = None
    batches = None
    both = [*models, *(redrawn(model, list(model.inputs)) for model in models)]
    centre = _centre(both, setting)
    for chunk in chunks(len(varied), rows):
        mine = varied[list(chunk)]
        design = [redrawn(model, factors[f].members) for f in mine for model in models]
        batches, parts = evaluated([*both, *design], setting, _Reduced(len(mine), centre), "Sobol indices")
        if first_parts is None or total_parts is None:
            first_parts, total_parts = (np.zeros((batches.count, *shape)) for _ in range(2))
        values, lines = _indices(batches.pooled(parts), parts)
        first[:, mine], total[:, mine] = values
        first_parts[:, :, mine], total_parts[:, :, mine] = lines[0], lines[1]
    if batches is None or first_parts is None or total_parts is None:
        none = Estimates(first, np.zeros(shape))
        return none, none
    certain = ~np.isfinite(centre)
    for value in (first, total):
        value[~linked] = 0.0
        value[certain] = np.nan
    first_parts[:, ~linked], total_parts[:, ~linked] = 0.0, 0.0
    return Estimates.of(batches, first, first_parts), Estimates.of(batches, total, total_parts)


def _centre(both: Sequence[Model], setting: Setting) -> Array:
    """About the mean of every outcome: what is subtracted before products are formed, (outcomes,)."""
    few = replace(setting, points=min(setting.points, _PILOT))
    _, means = evaluated(both, few, lambda values: np.asarray(values.mean(axis=1)), "Sobol indices")
    pooled = means.mean(axis=0)
    half = len(pooled) // 2
    return np.asarray((pooled[:half] + pooled[half:]) / 2)


class _Reduced:
    """Means over one batch: (2 + 2 * factors, outcomes), see :func:`_indices`."""

    def __init__(self, factors: int, centre: Array):
        self._factors, self._centre = factors, centre

    def __call__(self, values: Array) -> Array:
        outcomes = len(self._centre)
        shaped = values.reshape(2 + self._factors, outcomes, -1) - self._centre[:, None]
        a, b, mixed = shaped[0], shaped[1], shaped[2:]
        found = np.empty((2 + 2 * self._factors, outcomes))
        found[0] = (a + b).mean(axis=1) / 2
        found[1] = (a * a + b * b).mean(axis=1) / 2
        found[2 : 2 + self._factors] = (b * (mixed - a)).mean(axis=2)
        found[2 + self._factors :] = ((a - mixed) ** 2).mean(axis=2) / 2
        return found


def _indices(pooled: Array, parts: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """First and total indices (outcomes, factors), and their parts (batches, outcomes, factors)."""
    factors = (len(pooled) - 2) // 2
    mean, square = pooled[0], pooled[1]
    variance = square - mean**2
    varied = parts[:, 1] - 2 * mean * parts[:, 0] + mean**2  # of the variance, one of each batch
    with np.errstate(divide="ignore", invalid="ignore"):
        both = pooled[2:] / variance
        lines = (parts[:, 2:] - both * varied[:, None]) / variance
    lines, both = np.moveaxis(lines, 1, 2), both.T
    return (both[:, :factors], both[:, factors:]), (lines[..., :factors], lines[..., factors:])
