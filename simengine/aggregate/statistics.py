"""What is reported of one outcome, each number with its standard error."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OutcomeStatistics:
    """Statistics of one outcome of one strategy over its finite trials.

    Losses are ``-x``: ``var_loss`` and ``cvar_loss`` are positive when money is lost.  ``*_se`` are standard
    errors, NaN where the trials do not suffice to estimate one.  quantiles: shape ``(percentiles,)``, true
    order statistics (Hyndman and Fan type 7).  prob_below: shape ``(targets,)``, P(x < target).  var_loss,
    cvar_loss: shape ``(tail levels,)``.  histogram: counts ``(bins,)`` between edges ``(bins + 1,)``.
    """

    strategy: str
    output: str
    finite: int
    faults: int
    first_fault: int
    mean: float
    mean_se: float
    std: float
    std_se: float
    skewness: float
    kurtosis: float
    """Excess kurtosis."""
    minimum: float
    maximum: float
    quantiles: Array
    quantiles_se: Array
    prob_loss: float
    prob_loss_se: float
    prob_below: Array
    prob_below_se: Array
    var_loss: Array
    var_loss_se: Array
    cvar_loss: Array
    cvar_loss_se: Array
    histogram_edges: Array
    histogram_counts: NDArray[np.int64]


@dataclass(frozen=True)
class RunStatistics:
    """What the engine returns: one entry for each of ``plan.outputs``, in the same order.

    ``percentiles`` are in percent, ``tail_levels`` fractions.  ``passes`` counts how often the trials were
    drawn (1 when the values were kept, more when they were drawn again to select exact percentiles).
    ``timings`` are seconds by stage.  ``replicates``: independent replicates that the standard errors follow from, 0
    where they follow from independent trials.  ``differences``: (outcomes, 2), the largest and the mean difference
    from float64 arithmetic on the same words over the pilot trials, in standard deviations; 0 for float64 itself.
    ``device``: ``cpu``, or the name of the GPU that computed it.  ``notes``: what a reader should know of how it was.
    """

    outcomes: tuple[OutcomeStatistics, ...]
    trials: int
    seed: int
    percentiles: tuple[float, ...]
    tail_levels: tuple[float, ...]
    passes: int
    timings: dict[str, float]
    summary_digest: str
    """SHA-256 of counts, sums and order statistics: equal digests mean equal bits."""
    replicates: int = 0
    differences: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    device: str = "cpu"
    notes: tuple[str, ...] = ()
