"""Where a run's trials come from: the plan, the seed, the layout, and the numbers that randomise its replicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.plan.plan import Plan
from simengine.sampling import lhs, sobol
from simengine.sampling.design import DEFAULT_REPLICATES, Design


@dataclass(frozen=True, eq=False)
class Source:
    """What determines the outcomes of every trial.

    lattice: int64 ``(replicates, draws, numbers)``, see :mod:`simengine.sampling.sobol` and
    :mod:`simengine.sampling.lhs`; empty for samplers that need none.
    """

    plan: Plan
    seed: int
    design: Design
    lattice: NDArray[np.int64]

    @classmethod
    def of(cls, plan: Plan, seed: int, trials: int, replicates: int = DEFAULT_REPLICATES) -> Source:
        """The source of a run of ``trials`` trials."""
        design = Design.of(plan.sampler, trials, replicates)
        lattice = np.empty((0, 0, 0), np.int64)
        if plan.sampler == "sobol":
            lattice = sobol.lattice(seed, plan.streams, plan.dimensions, design.replicates, design.bits)
        elif plan.sampler == "lhs":
            lattice = lhs.keys(seed, plan.streams, design.replicates)
        return cls(plan, seed, design, lattice)

    def arguments(self) -> tuple[Any, ...]:
        """The source as :func:`simengine.kernels.machine.evaluate` takes it."""
        plan = self.plan
        return (
            *(plan.tape, plan.registers, plan.constants, plan.streams),
            *(plan.table_rows, plan.table_places, plan.table_steps, plan.kinks),
            *(plan.piece_ends, plan.piece_cuts, plan.piece_values, plan.piece_slopes),
            np.uint64(self.seed & 0xFFFFFFFF),
            np.uint64(self.seed >> 32),
            self.design.bits,
            self.lattice,
        )
