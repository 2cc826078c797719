"""From names of statistics, as files and JSON call them, to their places in the results of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simengine.engine.stopping import Kind, Target
from simengine.errors import InvalidInput, Problem
from simengine.plan.plan import Plan, PlanOutput
from simengine.scenario.names import list_names, suggest
from simengine.scenario.targets import TargetError, read_targets

KEY = "target_se"
_Place = tuple[Kind, int, float]
"""Kind of a statistic, which one of that kind, and the share of trials on its rarer side."""


def targets_of(
    asked: Mapping[str, object], plan: Plan, percentiles: Sequence[float], tail_levels: Sequence[float]
) -> tuple[Target, ...]:
    """The statistics that are asked for, for each strategy that reports them.

    Raises
    ------
    InvalidInput
        With every name that is not that of a reported statistic, and every amount that cannot be asked for.
    """
    found, problems = read_targets(asked, KEY)
    targets: dict[tuple[int, Kind, int], Target] = {}
    for entry in found:
        mine, problem = _resolved(entry, plan, percentiles, tail_levels)
        if problem is not None:
            problems.append(problem)
        for target in mine:
            place = target.outcome, target.kind, target.item
            if place in targets and targets[place].name == target.name:
                problems.append(Problem("is asked for twice", KEY, entry.name))
            # what names a strategy says more than what holds for all
            if place not in targets or entry.strategy is not None:
                targets[place] = target
    if problems:
        raise InvalidInput(problems)
    return tuple(targets.values())


def _resolved(
    entry: TargetError, plan: Plan, percentiles: Sequence[float], tail_levels: Sequence[float]
) -> tuple[list[Target], Problem | None]:
    def wrong(what: str, name: str, known: Sequence[str]) -> tuple[list[Target], Problem]:
        problem = Problem(f"there is no {what} {name!r}", KEY, entry.name, list_names(known, 30), suggest(name, known))
        return [], problem

    if entry.strategy is not None and entry.strategy not in plan.strategies:
        return wrong("strategy", entry.strategy, plan.strategies)
    mine = [k for k, output in enumerate(plan.outputs) if entry.strategy in (None, output.strategy)]
    places = [k for k in mine if plan.outputs[k].year is None]
    outcomes = tuple(dict.fromkeys(plan.outputs[k].name for k in places))
    if entry.outcome not in outcomes and any(plan.outputs[k].name == entry.outcome for k in mine):
        reason = f"{entry.outcome} has a value for each period, and a standard error can be asked of one number only"
        hint = (
            f"ask it of {list_names(outcomes, 3)}" if outcomes else f"report one number, such as sum({entry.outcome})"
        )
        return [], Problem(reason, KEY, entry.name, hint=hint)
    if entry.outcome not in outcomes:
        return wrong("reported outcome", entry.outcome, outcomes)
    found, names = [], dict[str, None]()
    for k in places:
        output = plan.outputs[k]
        if output.name != entry.outcome:
            continue
        known = statistic_places(output, percentiles, tail_levels)
        names |= dict.fromkeys(known)
        place = known.get(_spelt(entry.statistic))
        if place is not None:
            found.append(Target(entry.name, output.strategy, k, *place, entry.asked, entry.relative))
    return (found, None) if found else wrong("statistic", entry.statistic, tuple(names))


def _spelt(name: str) -> str:
    """Percentiles may be written P5, as on screen, and the standard deviation sd."""
    if name == "sd":
        return "std"
    return f"p{name[1:]}" if name[:1] == "P" else name


def statistic_places(
    output: PlanOutput, percentiles: Sequence[float], tail_levels: Sequence[float]
) -> dict[str, _Place]:
    """Every statistic of an outcome that has a standard error, by its name in CSV and JSON."""
    found: dict[str, _Place] = {"mean": ("mean", 0, 0.0), "std": ("std", 0, 0.0)}
    for k, p in enumerate(percentiles):
        found[f"p{p:.12g}"] = "quantile", k, min(p, 100.0 - p) / 100.0
    found["prob_loss"] = "loss", 0, 0.0
    for k, threshold in enumerate(output.targets):
        found[f"prob_below_{threshold:.12g}"] = "below", k, 0.0
    for k, level in enumerate(tail_levels):
        name = f"{round(100.0 * level, 9):.12g}"
        found[f"var{name}_loss"] = "var", k, 1.0 - level
        found[f"cvar{name}_loss"] = "cvar", k, 1.0 - level
    return found
