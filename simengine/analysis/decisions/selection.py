"""How sure the choice is: the chance that the selected candidate is the best, and which ones are as good as it.

References: Chen, Lin, Yucesan and Chick, "Simulation budget allocation for further enhancing the efficiency of ordinal
optimization", Discrete Event Dynamic Systems 10, 2000, for the Bonferroni bound (APCS-B); Andradottir and Kim, "Fully
sequential procedures for comparing constrained systems via simulation", Naval Research Logistics 57, 2010, for what is
correct under constraints; Bechhofer, Santner and Goldsman, Design and Analysis of Experiments for Statistical
Selection, 1995, for the indifference zone; Smith and Winkler, "The optimizer's curse", Management Science 52, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.analysis.decisions.constraints import Constraint
from simengine.analysis.decisions.decided import limit_of, tail_of
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


def chance_of_correct(
    best: Candidate,
    others: Sequence[Candidate],
    gaps: Array,
    errors: Array,
    constraints: Sequence[Constraint],
    batches: Batches,
    certain: Mapping[str, Sequence[bool]],
    indifference: float,
) -> float:
    """At least the chance that ``best`` meets the constraints, and no other that does is better by more than allowed.

    Bonferroni's bound: 1 less the chances that ``best`` misses each constraint, and that each of ``others`` (those that
    seem to miss a constraint among them) is better and meets them all.  ``gaps`` and ``errors`` are those of
    :func:`gaps_to`; ``certain`` says by strategy which measures have no error, the objective first and then the
    constraints.  NaN where an error that matters is unknown; of two that differ, an error of 0 is.
    """
    missed = [_chance_beyond(*_room(best, k, one, batches, certain)) for k, one in enumerate(constraints)]
    beaten = []
    for other, gap, error in zip(others, gaps.tolist(), errors.tolist(), strict=True):
        exact = certain[best.strategy][0] and certain[other.strategy][0]
        if gap == 0.0 and error == 0.0:  # the same in every batch: no better and no worse
            continue
        chances = [_chance_beyond(gap + indifference, error, batches, exact)]
        for k, one in enumerate(constraints):
            room, error, _, exact = _room(other, k, one, batches, certain)
            chances.append(_chance_beyond(-room, error, batches, exact))
        known = [chance for chance in chances if not math.isnan(chance)]  # all must be so: the least is a bound
        beaten.append(min(known, default=math.nan))
    return max(0.0, 1.0 - math.fsum([*missed, *beaten])) if not np.isnan([*missed, *beaten]).any() else math.nan


def _room(
    candidate: Candidate, k: int, constraint: Constraint, batches: Batches, certain: Mapping[str, Sequence[bool]]
) -> tuple[float, float, Batches, bool]:
    """How far a candidate is on the right side of constraint k, the error of it, and whether that is exact."""
    measured = candidate.measured[1 + k]
    error = float(measured.error(batches))
    if error == 0.0 and constraint.measure.share:  # in no trial, or in all: what the limit itself would leave open
        error = math.sqrt(constraint.limit * (1.0 - constraint.limit) / float(batches.sizes.sum()))
    return -constraint.excess(float(measured.value)), error, batches, certain[candidate.strategy][1 + k]


def _chance_beyond(distance: float, error: float, batches: Batches, exact: bool) -> float:
    """The chance that something is on the other side of 0 although it was seen at ``distance``; NaN if unknown.

    Student's, of both tails.  What is selected is on the right side by selection, whichever side is true: one tail
    would promise 75 % where two candidates of equal worth are ordered rightly half of the time.
    """
    if distance <= 0.0 and not (exact and distance == 0.0):
        return 1.0
    if exact:
        return 0.0
    if not error > 0.0:
        return math.nan
    return min(1.0, 2.0 * tail_of(batches, distance / error))


def indistinguishable(gaps: Array, errors: Array, batches: Batches, level: float = 0.95) -> Array:
    """Which candidates the draws do not tell apart from the best, with a family-wise error of 1 - ``level``."""
    limit = limit_of(batches, (1.0 - level) / max(1, len(gaps)))
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
