"""Standard errors of anything that is computed from paired trials: statistics as means over batches of trials.

A batch is a replicate of the sampler or, for independent draws, one of 32 equal parts of the trials.  Batches are
independent and alike, so the spread of a statistic's *parts* (its linearised value in each batch, which is a mean
over the batch's trials) gives its error; for a difference of statistics, the spread of the difference of their parts,
which is paired because strategies share their draws.

References: Schmeiser, "Batch size effects in the analysis of simulation output", Operations Research 30, 1982, for
batch means; L'Ecuyer, Nakayama, Owen, Tuffin, "Confidence intervals for randomized quasi-Monte Carlo estimators",
Winter Simulation Conference 2023; Rockafellar and Uryasev, Journal of Risk 2, 2000, for expected shortfall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.spread import spread_error
from simengine.sampling.design import DEFAULT_REPLICATES, Design

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batches:
    """How trials are divided: batch b holds trials edges[b] to edges[b + 1] - 1."""

    edges: Ints

    @classmethod
    def of(cls, design: Design) -> Batches:
        """The replicates of a design, or equal parts of independent trials."""
        trials = design.trials
        if design.replicated:
            starts = np.arange(0, trials, design.size, dtype=np.int64)
            return cls(np.append(starts, np.int64(trials)))
        parts = min(DEFAULT_REPLICATES, trials)
        return cls(np.array([trials * b // parts for b in range(parts + 1)], np.int64))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.edges) - 1

    @property
    def sizes(self) -> Array:
        """Trials of each, (batches,)."""
        return np.diff(self.edges).astype(np.float64)

    def means(self, values: Array) -> Array:
        """The mean of values (..., trials) in each batch, shape (batches, ...)."""
        sums = np.add.reduceat(values, self.edges[:-1], axis=-1)
        return np.moveaxis(sums / self.sizes, -1, 0)

    def error(self, parts: Array) -> Array:
        """The standard error of what has these parts (batches, ...), shape (...)."""
        return spread_error(parts, self.sizes)

    def pooled(self, parts: Array) -> Array:
        """The mean of parts (batches, ...) over all trials, shape (...)."""
        weights = self.sizes / self.sizes.sum()
        return np.asarray(np.tensordot(weights, parts, axes=1))
