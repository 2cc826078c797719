"""The outcomes of all trials and nothing else, for searches that look at many variants of one deal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from simengine.engine.limits import DEFAULT_MEMORY, check_limits
from simengine.engine.outcomes import Outcomes
from simengine.errors import InvalidInput, NonFiniteOutcome, Problem
from simengine.kernels import cpu
from simengine.kernels.machine import evaluate
from simengine.kernels.source import Source
from simengine.sampling.design import DEFAULT_REPLICATES


def sample(source: Source, threads: int, memory_budget: int = DEFAULT_MEMORY) -> Outcomes:
    """The outcomes of every trial of ``source``: the bits that :func:`~simengine.engine.run.run_and_keep` keeps.

    Raises
    ------
    InvalidInput
        If trials or threads are out of range, or the outcomes do not fit into ``memory_budget``.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    plan, trials = source.plan, source.design.trials
    check_limits(plan, trials, source.seed, threads, memory_budget, DEFAULT_REPLICATES)
    strip, outcomes = cpu.strip_trials(plan), len(plan.outputs)
    strips = -(-trials // strip)
    needed = strips * strip * outcomes * 8
    if needed > memory_budget:
        reason = f"{trials:,} trials of {outcomes:,} outcomes take {needed / 2**20:,.0f} MiB at once"
        raise InvalidInput(Problem(reason, allowed=f"{memory_budget / 2**20:,.0f} MiB", hint="ask for fewer trials"))
    kept = np.empty((strips, outcomes, strip))
    arguments = source.arguments()

    def work(place: int) -> None:
        size = min(strip, trials - place * strip)
        evaluate(place * strip, size, kept[place], *arguments)
        kept[place, :, size:] = 0.0

    if threads > 1 and strips > 1:
        with ThreadPoolExecutor(min(threads, strips)) as pool:
            list(pool.map(work, range(strips)))
    else:
        for place in range(strips):
            work(place)
    _check_finite(source, kept)
    return Outcomes(source, kept)


def _check_finite(source: Source, kept: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    wrong = ~np.isfinite(kept)
    if not wrong.any():
        return
    place, outcome, trial = (int(found[0]) for found in np.nonzero(wrong))
    output = source.plan.outputs[outcome]
    raise NonFiniteOutcome(
        f"{output.name} of {output.strategy} is not a finite number in trial {place * kept.shape[2] + trial}\n"
        f"hint: values are compared trial by trial here, so none may be left out; where(condition, a, b) in the "
        f"formula gives such trials a value"
    )
