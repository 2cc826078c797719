"""What is said of a run once its trials are counted: statistics, one digest of all bits, and what was not finite."""

from __future__ import annotations

import hashlib

from simengine.aggregate.finalise import outcome_statistics
from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Ranks
from simengine.aggregate.replicates import replicated
from simengine.aggregate.statistics import OutcomeStatistics
from simengine.aggregate.summary import Summary
from simengine.engine.selection import Selected
from simengine.kernels import cpu
from simengine.plan.plan import Plan


def finalised(
    plan: Plan,
    grid: Grid,
    summary: Summary,
    ranks: list[Ranks | None],
    selected: Selected,
    tail_levels: tuple[float, ...],
    percentiles: tuple[float, ...],
) -> tuple[OutcomeStatistics, ...]:
    """The statistics of every outcome, in the order of the plan."""
    _, ends = cpu.thresholds_of(plan)
    sums = summary.sums.by_replicate()
    return tuple(
        outcome_statistics(
            output,
            k,
            summary,
            summary.below[ends[k] : ends[k + 1]],
            grid,
            ranks[k],
            selected.found[k],
            selected.tails[k],
            tail_levels,
            percentiles,
            replicated(
                summary.replicates,
                sums,
                selected.replicate_tails,
                selected.tail_limits,
                k,
                slice(int(ends[k]), int(ends[k + 1])),
                float(grid.centre[k]),
            ),
        )
        for k, output in enumerate(plan.outputs)
    )


def describe_faults(plan: Plan, summary: Summary) -> str:
    """Which outcomes were not finite, how often, where first, and what can be done about it."""
    lines = []
    places: dict[tuple[str, str], list[int]] = {}
    for k, output in enumerate(plan.outputs):
        if summary.faults[k]:
            places.setdefault((output.strategy, output.name), []).append(k)
    for (strategy, _), mine in places.items():
        k = mine[0]
        more = f", and in {len(mine) - 1} later period{'s' if len(mine) > 2 else ''}" if len(mine) > 1 else ""
        lines.append(
            f"{plan.outputs[k].place} of strategy {strategy} is not a finite number in {int(summary.faults[k]):,} "
            f"of {summary.trials:,} trials, first in trial {int(summary.first_fault[k])}{more}"
        )
    trial = int(summary.first_fault.min())
    lines.append(
        f"hint: 'simengine run SCENARIO --trial {trial}' prints every draw and formula of that trial; "
        'simulate.nonfinite = "exclude" reports the finite trials only'
    )
    return "\n".join(lines)


def digest(summary: Summary, selected: Selected) -> str:
    """SHA-256 of counts, sums and order statistics."""
    state = hashlib.sha256(summary.digest().encode())
    for found in selected.found:
        state.update(repr([(rank, value.hex()) for rank, value in sorted(found.items())]).encode())
    return state.hexdigest()
