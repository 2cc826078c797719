"""The outcomes of all trials of a run, kept in memory for questions that need them trial by trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.kernels.source import Source

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Values of every outcome of ``source.plan`` in every trial.

    kept: (strips, outcomes, strip trials), in order of trial; what lies beyond the last trial has no meaning.
    Row k of every strip is ``source.plan.outputs[k]``; strategies stand in the same trial, so differences are paired.
    """

    source: Source
    kept: Array

    @property
    def trials(self) -> int:
        """Trials of the run."""
        return self.source.design.trials

    @cached_property
    def batches(self) -> Batches:
        """The independent parts of the run from which errors are read."""
        return Batches.of(self.source.design)

    def index(self, strategy: str, output: str) -> int:
        """The row of an outcome of a strategy.

        Raises
        ------
        KeyError
            If the strategy does not report the outcome.
        """
        for k, entry in enumerate(self.source.plan.outputs):
            if (entry.strategy, entry.name) == (strategy, output):
                return k
        raise KeyError((strategy, output))

    def of(self, index: int) -> Array:
        """All values of one outcome in order of trial, shape (trials,): a copy."""
        return np.ascontiguousarray(self.kept[:, index]).reshape(-1)[: self.trials]

    def strips(self) -> Iterator[tuple[int, Array]]:
        """First trial and values (outcomes, size) of each strip, without copying."""
        size = self.kept.shape[2]
        for place, strip in enumerate(self.kept):
            first = place * size
            yield first, strip[:, : min(size, self.trials - first)]
