"""How many trials a comparison needs: fixed looks until its best strategy is told apart from all others."""

from __future__ import annotations

from collections.abc import Callable

from simengine.analysis.compare.gather import Gathered
from simengine.analysis.compare.question import Question
from simengine.analysis.decisions.decided import Decision, Verdict, until_decided
from simengine.analysis.measures import Measure, read_measure
from simengine.analysis.variants import Draws, Progress
from simengine.errors import InvalidInput, Problem

_BYTES = 8
"""Of an outcome of one trial."""


def decide(
    gathered: Gathered,
    question: Question,
    progress: Progress | None = None,
    watch: Callable[[Verdict], None] | None = None,
) -> Decision:
    """Look at growing numbers of trials, up to ``question.max_trials``, until the best strategy is told apart.

    The last look has the draws of a comparison of its length.

    Raises
    ------
    InvalidInput
        If the criterion is none, fewer than two strategies report its outcome, or so many outcomes do not fit into
        memory.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    from simengine import settings
    from simengine.engine.limits import DEFAULT_MEMORY
    from simengine.kernels.cpu import strip_trials

    measure = _measure(gathered, question)
    most = question.max_trials if question.max_trials is not None else gathered.trials
    budget = question.memory if question.memory is not None else DEFAULT_MEMORY
    strip, of_trial = strip_trials(gathered.plan), _BYTES * len(gathered.plan.outputs)
    needed = -(-most // strip) * strip * of_trial  # as much as the comparison keeps, which follows the looks
    if needed > budget:
        fit = budget // (strip * of_trial) * strip
        reason = f"the outcomes of {most:,} trials take {needed:,} bytes, and may take {budget:,}"
        raise InvalidInput(Problem(reason, "max-trials", f"{most:,}", f"up to {fit:,}", "or give more --memory"))
    reporting = {
        model.strategy: model for model in gathered.models if any(o.name == measure.output for o in model.outputs)
    }
    draws = Draws(
        trials=most,
        seed=gathered.seed,
        sampler=gathered.plan.sampler,
        addresses=gathered.addresses,
        replicates=gathered.replicates,
        threads=question.threads if question.threads is not None else settings.read().threads,
    )
    return until_decided(reporting, measure, draws, progress=progress, watch=watch)


def _measure(gathered: Gathered, question: Question) -> Measure:
    text = str(question.until_decided).strip()
    if text.lower() == "ce":
        text = f"CE({question.risk_tolerance!r})"
    return read_measure(text, gathered.outputs, option="until-decided")
