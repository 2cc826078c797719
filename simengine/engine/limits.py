"""What a run will cost, judged from its plan alone, and what is refused before it starts."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.plan.ops import Op
from simengine.plan.plan import Plan
from simengine.sampling.design import FEWEST_REPLICATES, MOST_REPLICATES

MOST_TRIALS = 10**12
MOST_SEED = 2**64 - 1
DEFAULT_MEMORY = 2**30
"""Bytes of outcomes that are kept so that percentiles need no second pass."""
YEARLY_MEMORY = 160 * 2**20
"""The same where outcomes are reported period by period: there are many, and drawing again is as fast as keeping."""
SCHEDULERS = ("sync", "threads", "processes")
"""Schedulers that have a name; others have an address."""
DEVICES = ("auto", "cpu", "gpu")
"""Devices that have a name."""
_SELECTION_SHARE, _YEARLY_SHARE = 4, 2
"""One part in so many of the memory budget may be filled by the values that a selection pass picks: more of the smaller
budget, since each further pass draws all trials again."""

_NANOSECONDS = {
    Op.PHILOX: 1.0,
    Op.SOBOL: 0.3,
    Op.LHS: 2.5,
    Op.ANTITHETIC: 1.1,
    Op.WORD_TO_X: 1.2,
    Op.SCORE_TO_X: 1.2,
    Op.PIECES: 6.0,
    Op.EXP: 1.8,
    Op.LOG: 1.5,
    Op.POW: 6.0,
    Op.DIVIDE: 0.6,
    Op.SQRT: 0.8,
    Op.TALLY: 4.0,
}
_OTHER_NANOSECONDS = 0.35


def seconds_estimate(plan: Plan, trials: int, threads: int) -> float:
    """Seconds that ``trials`` trials take on a processor of 2024, from the cost of the operations of the tape."""
    counts = np.bincount(plan.tape[:, 0], minlength=64)
    cost = sum(float(count) * _NANOSECONDS.get(op, _OTHER_NANOSECONDS) for op in Op if (count := counts[op]))
    return trials * cost * 1e-9 / threads


def default_memory(plan: Plan) -> int:
    """Bytes of outcomes that are kept where nobody says how many; it changes the time a run takes, never a digit."""
    return YEARLY_MEMORY if _yearly(plan) else DEFAULT_MEMORY


def selection_room(plan: Plan, memory: int) -> int:
    """How many values a selection pass may pick."""
    return max(4096, memory // (8 * (_YEARLY_SHARE if _yearly(plan) else _SELECTION_SHARE)))


def _yearly(plan: Plan) -> bool:
    return any(output.year is not None for output in plan.outputs)


def readable_time(seconds: float) -> str:
    """A duration as a person says it."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.1f} seconds" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def check_limits(plan: Plan, trials: int, seed: int, threads: int, memory: int, replicates: int) -> None:
    """Refuse what cannot be run.

    Raises
    ------
    InvalidInput
        With every setting that is out of range; for too many trials, with the time they would take.
    """
    problems = []
    if not trials >= 1:
        problems.append(Problem("a run needs at least one trial", "trials", str(trials), f"1 to {MOST_TRIALS:,}"))
    elif trials > MOST_TRIALS:
        time = readable_time(seconds_estimate(plan, trials, threads))
        problems.append(
            Problem(
                f"{trials:,} trials would take about {time} on {threads} threads",
                "trials",
                str(trials),
                f"1 to {MOST_TRIALS:,}",
                "1,000,000 trials give percentiles to about 0.1 % of the spread",
            )
        )
    if not plan.outputs:
        hint = "let [outputs] name a formula that is one number a trial, such as sum(cash_flow)"
        problems.append(Problem("every outcome has a value for each period, none is one number", "outputs", hint=hint))
    if not 0 <= seed <= MOST_SEED:
        problems.append(Problem("the seed is out of range", "seed", str(seed), "0 to 2**64 - 1"))
    if not 1 <= threads <= 1024:
        problems.append(Problem("the number of threads is out of range", "threads", str(threads), "1 to 1024"))
    if not FEWEST_REPLICATES <= replicates <= MOST_REPLICATES:
        allowed = f"{FEWEST_REPLICATES} to {MOST_REPLICATES:,}"
        problems.append(Problem("the number of replicates is out of range", "replicates", str(replicates), allowed))
    if memory < 0:
        problems.append(Problem("the memory budget is negative", "memory", str(memory), "0 or more bytes"))
    if problems:
        raise InvalidInput(problems)


def check_reports(percentiles: Sequence[float], tail_levels: Sequence[float], nonfinite: str) -> None:
    """Refuse statistics that do not exist.

    Raises
    ------
    InvalidInput
        If a percentile is outside (0, 100) or a tail level outside (0, 1), or ``nonfinite`` is no known policy.
    """
    problems = [
        Problem("is no percentile", "percentiles", str(p), "numbers above 0 and below 100, or 0 and 100 themselves")
        for p in percentiles
        if not 0 <= p <= 100
    ]
    problems += [
        Problem("is no tail level", "tail_levels", str(level), "numbers above 0 and below 1")
        for level in tail_levels
        if not 0 < level < 1
    ]
    if nonfinite not in ("error", "exclude"):
        problems.append(Problem("is no policy", "nonfinite", nonfinite, '"error" or "exclude"'))
    if problems:
        raise InvalidInput(problems)


def is_address(scheduler: str) -> bool:
    """Whether a text is an address as dask writes them: tcp://10.0.0.1:8786."""
    return re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", scheduler) is not None


def scheduler_problem(scheduler: object, threads: int | None = None) -> Problem | None:
    """What is wrong with a choice of scheduler, and of a number of threads beside it; None if nothing is."""
    allowed = f"{', '.join(SCHEDULERS)}, or the address of a dask scheduler, such as tcp://127.0.0.1:8786"
    if isinstance(scheduler, str) and scheduler not in SCHEDULERS and not is_address(scheduler):
        hint = f"write tcp://{scheduler}" if re.fullmatch(r"[\w.-]+:[0-9]+", scheduler) else None
        return Problem("there is no such scheduler", "scheduler", repr(scheduler), allowed, hint)
    if scheduler is not None and not isinstance(scheduler, str) and not hasattr(scheduler, "fold"):
        distributed = sys.modules.get("distributed")
        if distributed is None or not isinstance(scheduler, distributed.Client):
            return Problem("is no scheduler", "scheduler", repr(scheduler), f"{allowed}, or a distributed.Client")
        if scheduler.asynchronous:
            return Problem("is an asynchronous client", "scheduler", repr(scheduler), "a client that waits for results")
    if threads is not None and threads > 1 and scheduler == "sync":
        return Problem("uses one thread", "scheduler", "'sync'", hint="leave out threads")
    if threads is not None and scheduler not in (None, *SCHEDULERS):
        return Problem("has threads of its own", "scheduler", str(scheduler), hint="leave out threads")
    return None


def is_cluster(scheduler: object) -> bool:
    """Whether a scheduler is the address of a cluster, or a client of one."""
    if isinstance(scheduler, str):
        return is_address(scheduler)
    return scheduler is not None and not hasattr(scheduler, "fold")


def device_problem(device: object, scheduler: object = None) -> Problem | None:
    """What is wrong with a choice of device, and of a scheduler beside it; None if nothing is."""
    allowed = ", ".join(DEVICES)
    if isinstance(device, str) and device not in DEVICES:
        return Problem("there is no such device", "device", repr(device), allowed)
    if device is None or device in ("auto", "cpu"):
        return None
    if not isinstance(device, str) and not hasattr(device, "compile") and not hasattr(device, "summarise"):
        return Problem("is no device", "device", repr(device), allowed)
    if is_cluster(scheduler):
        if isinstance(device, str):
            return None
        return Problem("cannot be sent to a cluster", "device", repr(device), allowed)
    if scheduler is not None:
        hint = "leave out the scheduler, or name a cluster whose workers have GPUs"
        return Problem(
            f"is not used by the scheduler {scheduler!r}, which is one of processors", "device", str(device), hint=hint
        )
    return None
