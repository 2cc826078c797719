"""The summary of a range of trials: a small value that merges, in any order, to the same bits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import BINS
from simengine.aggregate.replicates import ReplicateCounts
from simengine.aggregate.sums import SumTree

NO_TRIAL = np.iinfo(np.int64).max
"""Stands for 'none' in first_fault."""


@dataclass(frozen=True, eq=False)
class Summary:
    """Counts and sums of every outcome over some trials.

    trials: how many.  counts: (outcomes, bins) int64.  below: (thresholds,) int64, values under each threshold.
    minimum, maximum: (outcomes,), inf and -inf where no value is finite.  faults: (outcomes,) values that are not
    finite; first_fault: (outcomes,) the first such trial.  sums: a tree over tiles of (outcomes, 4), the first four
    powers of x - centre over finite values.  replicates: counts of each replicate, empty for independent draws.
    """

    trials: int
    counts: NDArray[np.int64]
    below: NDArray[np.int64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    faults: NDArray[np.int64]
    first_fault: NDArray[np.int64]
    sums: SumTree
    replicates: ReplicateCounts = field(default_factory=ReplicateCounts)

    @classmethod
    def empty(cls, outcomes: int, thresholds: int) -> Summary:
        """The summary of no trials."""
        return cls(
            trials=0,
            counts=np.zeros((outcomes, BINS), np.int64),
            below=np.zeros(thresholds, np.int64),
            minimum=np.full(outcomes, np.inf),
            maximum=np.full(outcomes, -np.inf),
            faults=np.zeros(outcomes, np.int64),
            first_fault=np.full(outcomes, NO_TRIAL, np.int64),
            sums=SumTree(),
        )

    def merge(self, other: Summary) -> Summary:
        """The summary of the trials of both, which must not overlap."""
        return Summary(
            trials=self.trials + other.trials,
            counts=self.counts + other.counts,
            below=self.below + other.below,
            minimum=np.minimum(self.minimum, other.minimum),
            maximum=np.maximum(self.maximum, other.maximum),
            faults=self.faults + other.faults,
            first_fault=np.minimum(self.first_fault, other.first_fault),
            sums=self.sums.merge(other.sums),
            replicates=self.replicates.merge(other.replicates),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Summary):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, part.name), getattr(other, part.name))
            if isinstance(getattr(self, part.name), np.ndarray)
            else getattr(self, part.name) == getattr(other, part.name)
            for part in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]

    def digest(self) -> str:
        """SHA-256 over all counts and sums."""
        state = hashlib.sha256(str(self.trials).encode())
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                state.update(np.ascontiguousarray(value).data)
        for node in sorted(self.sums.nodes):
            state.update(str(node).encode() + np.ascontiguousarray(self.sums.nodes[node]).tobytes())
        self.replicates.update(state)
        return state.hexdigest()
