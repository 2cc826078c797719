"""Stopping on the decision: simulate until the best strategy is told apart from all others, or trials run out.

Looks are fixed beforehand: the first has some number of trials, each further one twice as many, the last the limit.
At a look the best strategy is *separated* where it is ahead of every other by more than a limit of paired standard
errors.  The limit shares the error probability among the looks and the strategies (Bonferroni), and is Student's,
for errors come from few batches; so a tie is taken for a decision, or the wrong strategy for the best, in no more
than 5 % of runs, however many looks there are.  Two strategies without any difference are never told apart, nor are
two whose difference is the same in every trial, or hangs on few trials: what would turn it round may not have
been drawn.  Where the formulas say that the difference is a constant, it is known without trials.

References: Jennison and Turnbull, Group Sequential Methods, 2000, chapter 2, for repeated looks; Kim and Nelson,
"Selecting the best system", Handbooks in Operations Research 13, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.concentration import FEWEST_FOR_MEAN, skewness_factor
from simengine.aggregate.spread import interval_factor
from simengine.analysis.measures import Array, Measure
from simengine.analysis.variants import Draws, Progress, reporting
from simengine.deal.model import Model
from simengine.engine.outcomes import Outcomes
from simengine.engine.sample import sample
from simengine.errors import InvalidInput, Problem
from simengine.kernels.source import Source
from simengine.plan.compile import build_plan

FIRST_LOOK = 1 << 13
CONFIDENCE = 0.95
_ROUNDING = 64 * np.finfo(np.float64).eps
"""Of the largest value, up to which differences are rounding errors."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What one look shows: the best strategy, how far the others are behind, and whether all are separated.

    gaps, errors: (others,), how much worse each of ``others`` is and the paired standard error, NaN where the trials
    do not tell it (:func:`trusted_error`); such a gap separates nothing.  limit: how many errors a gap must exceed.
    """

    trials: int
    best: str
    others: tuple[str, ...]
    gaps: Array
    errors: Array
    limit: float

    @property
    def separated(self) -> tuple[bool, ...]:
        """Which of the others are told apart from the best."""
        return tuple(bool(gap > self.limit * error) for gap, error in zip(self.gaps, self.errors, strict=True))

    @property
    def decided(self) -> bool:
        """Whether the best is told apart from all others."""
        return all(self.separated)


@dataclass(frozen=True, eq=False)
class Decision:
    """The verdicts of all looks that were taken, and how many there could have been."""

    looks: tuple[Verdict, ...]
    planned: tuple[int, ...]
    measure: Measure
    confidence: float

    @property
    def last(self) -> Verdict:
        """The verdict at the end."""
        return self.looks[-1]

    @property
    def decided(self) -> bool:
        """Whether the best strategy was separated; otherwise the limit of trials was reached."""
        return self.last.decided

    def document(self) -> dict[str, Any]:
        """Everything as plain values, as it is stored; None for errors that are not known."""
        return {
            "decided": self.decided,
            "reached": "decision" if self.decided else "trial limit",
            "best": self.last.best,
            "trials": self.last.trials,
            "statistic": self.measure.label,
            "share": self.measure.share,
            "confidence": self.confidence,
            "looks_planned": list(self.planned),
            "looks": [_look(look) for look in self.looks],
        }


def _look(look: Verdict) -> dict[str, Any]:
    return {
        "trials": look.trials,
        "best": look.best,
        "limit": _known(look.limit),
        "others": {
            name: {"value": _known(gap), "se": _known(error), "told_apart": apart}
            for name, gap, error, apart in zip(look.others, look.gaps, look.errors, look.separated, strict=True)
        },
    }


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def planned_looks(first: int, most: int) -> tuple[int, ...]:
    """Trials of each look: first, 2 first, 4 first, ..., and most.

    Raises
    ------
    InvalidInput
        If there is no trial, or the first look is longer than the last.
    """
    if not 1 <= first <= most:
        raise InvalidInput(Problem("the first look is out of range", value=f"{first:,}", allowed=f"1 to {most:,}"))
    looks = [first]
    while looks[-1] * 2 < most:
        looks.append(looks[-1] * 2)
    return tuple(dict.fromkeys([*looks, most]))


def verdict(
    outcomes: Outcomes,
    strategies: Sequence[str],
    measure: Measure,
    *,
    looks: int = 1,
    confidence: float = CONFIDENCE,
    minimise: bool | None = None,
) -> Verdict:
    """What paired outcomes say of which strategy is best by a measure, as one of ``looks`` fixed looks."""
    batches = outcomes.batches
    rows = [outcomes.index(name, str(measure.output)) for name in strategies]
    less = measure.less_is_better if minimise is None else minimise
    sign = 1.0 if less else -1.0
    found = [measure.of(outcomes.of(row), batches) for row in rows]
    best = int(np.argmin([sign * float(one.value) for one in found]))
    rest = [k for k in range(len(found)) if k != best]
    kinds = [outcomes.source.plan.outputs[row].kind for row in rows]
    influence = _influence(outcomes.of(rows[best]), measure)
    gaps, errors = [], []
    for k in rest:
        difference = (found[k] - found[best]) * sign
        error = float(difference.error(batches))
        if kinds[k] == kinds[best] and not measure.share:  # they differ by a constant, by their formulas
            error = 0.0
        else:
            other = _influence(outcomes.of(rows[k]), measure)
            error = trusted_error(float(difference.value), error, influence, other)
        gaps.append(float(difference.value))
        errors.append(error)
    return Verdict(
        trials=int(batches.sizes.sum()),
        best=strategies[best],
        others=tuple(strategies[k] for k in rest),
        gaps=np.array(gaps),
        errors=np.array(errors),
        limit=limit_of(batches, (1.0 - confidence) / (looks * len(found))),
    )


def _influence(values: Array, measure: Measure) -> Array:
    """What each trial adds to a measure of values (trials,), shape (trials,): its parts for batches of one trial."""
    return measure.of(values, Batches(np.arange(len(values) + 1))).parts


def trusted_error(gap: float, error: float, one: Array, other: Array) -> float:
    """The error of a difference of uncertain outcomes, NaN where the trials do not tell it.

    one, other: (trials,), what each trial adds to the two.  They do not tell an error that is 0, for what would make
    one may not have been drawn yet, unless nothing differs at all (a gap of 0); nor one that few trials decide.

    References: see :mod:`simengine.aggregate.concentration`.
    """
    apart = other - one
    centred = apart - apart.mean()
    m2 = float((centred**2).mean())
    rounding = _ROUNDING * max(float(np.abs(one).max()), float(np.abs(other).max()))
    if error == 0.0 or math.sqrt(m2) <= rounding:
        return 0.0 if gap == 0.0 else math.nan
    skewness = float((centred**3).mean()) / m2**1.5
    return error * skewness_factor(skewness**2 / len(apart), FEWEST_FOR_MEAN)


def limit_of(batches: Batches, probability: float) -> float:
    """How many standard errors (which are Student's at 95 %) a mean exceeds with this probability, one-sided."""
    from scipy.special import stdtrit

    freedom = _freedom(batches)
    if freedom < 1.0:
        return math.inf  # one batch tells no error
    return float(stdtrit(freedom, 1.0 - probability)) / interval_factor(freedom)


def tail_of(batches: Batches, limit: float) -> float:
    """The probability with which a mean exceeds so many standard errors, one-sided: the inverse of limit_of."""
    from scipy.special import stdtr

    freedom = _freedom(batches)
    return float(stdtr(freedom, -limit * interval_factor(freedom))) if freedom >= 1.0 else 0.5


def _freedom(batches: Batches) -> float:
    weights = batches.sizes / batches.sizes.sum()
    return 1.0 / float((weights**2).sum()) - 1.0


def until_decided(
    models: Mapping[str, Model],
    measure: Measure,
    draws: Draws,
    *,
    first: int = FIRST_LOOK,
    confidence: float = CONFIDENCE,
    minimise: bool | None = None,
    progress: Progress | None = None,
    watch: Callable[[Verdict], None] | None = None,
) -> Decision:
    """Look at growing numbers of trials, up to ``draws.trials``, until the best strategy is separated.

    Each look has the trials of a run of its length, so the numbers of the last one are those of ``run --trials N``.

    Raises
    ------
    InvalidInput
        If there are fewer than two strategies, or the first look is out of range.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    if len(models) < 2:
        hint = "simulate two strategies or more"
        raise InvalidInput(Problem("there is nothing to decide between", "--until-decided", hint=hint))
    planned = planned_looks(min(first, draws.trials), draws.trials)
    compared = [reporting(model, [str(measure.output)]) for model in models.values()]
    plan = build_plan(compared, sampler=draws.sampler, addresses=draws.addresses)
    taken: list[Verdict] = []
    for trials in planned:
        source = Source.of(plan, draws.seed, trials, draws.replicates)
        found = verdict(
            sample(source, draws.threads),
            list(models),
            measure,
            looks=len(planned),
            confidence=confidence,
            minimise=minimise,
        )
        taken.append(found)
        if watch is not None:
            watch(found)
        if progress is not None:
            progress(trials, draws.trials, "looks")
        if found.decided:
            break
    return Decision(tuple(taken), planned, replace(measure), confidence)
