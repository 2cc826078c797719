"""What the first trials say before the others are drawn: where the grid lies, and what float32 costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import PILOT_TRIALS, Grid
from simengine.errors import InvalidInput, Problem
from simengine.kernels.family import Family
from simengine.kernels.source import Source
from simengine.plan.plan import Plan

_MOST_DIFFERENCE = 1e-4
"""Mean difference of float32 from float64, in standard deviations, beyond which its error bars would not be true."""


def pilot(family: Family, source: Source) -> tuple[Grid, NDArray[np.float64]]:
    """The grid that suits the first trials, and how far their outcomes are from float64 arithmetic, (outcomes, 2).

    Raises
    ------
    InvalidInput
        With every outcome for which float32 is no fast way to the same answer.
    """
    outcomes = family.values(source, 0, min(source.design.trials, PILOT_TRIALS))
    grid = Grid.from_pilot(outcomes)
    if source.plan.precision == "float64":
        return grid, np.zeros((len(outcomes), 2))
    differences = family.differences(source, outcomes)
    if (differences[:, 1] > _MOST_DIFFERENCE).any():
        raise InvalidInput(_too_coarse(source.plan, differences))
    return grid, differences


def _too_coarse(plan: Plan, differences: NDArray[np.float64]) -> list[Problem]:
    """The outcomes that are out of float32's range, or lost in its rounding."""
    return [
        Problem(
            f"float32 moves {output.place} of strategy {output.strategy} by {gap:.1g} standard deviations on average",
            "precision",
            "float32",
            f"outcomes that it moves by at most {_MOST_DIFFERENCE:g}",
            "say precision = float64: the numbers are too large, too small or too close together for float32",
        )
        for output, gap in zip(plan.outputs, differences[:, 1].tolist(), strict=True)
        if gap > _MOST_DIFFERENCE
    ]
