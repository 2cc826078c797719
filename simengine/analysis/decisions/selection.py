"""How sure the choice is: the chance that the selected candidate is the best, and which ones are as good as it.

References: Chen, Lin, Yucesan and Chick, "Simulation budget allocation for further enhancing the efficiency of ordinal
optimization", Discrete Event Dynamic Systems 10, 2000, for the Bonferroni bound (APCS-B); Bechhofer, Santner and
Goldsman, Design and Analysis of Experiments for Statistical Selection, 1995, for the indifference zone; Smith and
Winkler, "The optimizer's curse", Management Science 52, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.analysis.decisions.evaluate import Candidate
from simengine.analysis.measures import Array


def gaps_to(best: Candidate, others: Sequence[Candidate], sign: float, batches: Batches) -> tuple[Array, Array]:
    """By how much each candidate is worse in the first measure (others,), and the paired standard errors.

    ``sign`` is 1 where less is better and -1 where more is.
    """
    gaps = np.array([sign * float(other.measured.value[0] - best.measured.value[0]) for other in others])
    parts = np.array([other.measured.parts[:, 0] - best.measured.parts[:, 0] for other in others]).T
    errors = batches.error(parts.reshape(batches.count, len(others)))
    return gaps, errors


def chance_of_best(gaps: Array, errors: Array, indifference: float) -> float:
    """At least the chance that no candidate is better by more than ``indifference``.

    The normal bound of Bonferroni: 1 less the sum, over the others, of the chance that each is better.  A candidate
    whose outcomes differ in no trial is no other.
    """
    reach = gaps + indifference
    other = (errors > 0.0) | (reach < 0.0)
    if np.isnan(errors).any():
        return math.nan
    chances = [
        0.5 * math.erfc(reach_one / (error * math.sqrt(2.0))) if error > 0.0 else 1.0
        for reach_one, error in zip(reach[other], errors[other], strict=True)
    ]
    return max(0.0, 1.0 - math.fsum(chances))


def indistinguishable(gaps: Array, errors: Array, level: float = 0.95) -> Array:
    """Which candidates the draws do not tell apart from the best, with a family-wise error of 1 - ``level``."""
    from scipy.special import ndtri

    limit = float(ndtri(1.0 - (1.0 - level) / max(1, len(gaps))))
    return np.asarray(~(gaps > limit * errors))


def efficient(gains: Array, losses: Array) -> list[int]:
    """Places of candidates for which no other has at least the gain and at most the loss, and one of them better.

    They come in order of rising gain; of equal candidates the first is kept.
    """
    order = sorted(range(len(gains)), key=lambda k: (-gains[k], losses[k], k))
    kept: list[int] = []
    least = math.inf
    for k in order:
        if losses[k] < least:
            kept.append(k)
            least = float(losses[k])
    return kept[::-1]
