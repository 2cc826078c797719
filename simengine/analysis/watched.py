"""What a scenario says now against what it said before, on the same draws: for a person who is editing it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.difference.changes import Change, changes_between
from simengine.analysis.measures import Measure
from simengine.analysis.variants import Draws, DrawsAsked, measured, reporting, variant_key
from simengine.deal.expand import expand
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.scenario import Scenario
from simengine.scenario.names import list_names, suggest

MEASURES = (
    Measure("mean"),
    Measure("percentile", 10.0),
    Measure("percentile", 50.0),
    Measure("percentile", 90.0),
    Measure("below", 0.0),
)
"""What is watched: mean, P10, P50, P90 and P(loss)."""

MOST_TRIALS = 1 << 17
"""Trials where none are asked for, unless the file asks for fewer: a redraw should take less than a second."""

USUAL_OUTPUTS = 3
"""Outcomes that are shown of each strategy where none are named."""


@dataclass(frozen=True, eq=False)
class Movement:
    """One outcome of one strategy: its measures (measures,) now, and before where there was such a thing."""

    strategy: str
    output: str
    unit: str
    now: Linearised
    before: Linearised | None

    @property
    def change(self) -> Linearised | None:
        """How far the measures moved; its error is that of differences on common draws."""
        return None if self.before is None else self.now - self.before


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen after a save.

    changes: what was edited since the scenario that it is held against, None where there is none or it counts in other
    money.  gone: strategies and outcomes that were there before, as ``outcome of strategy``.
    """

    scenario: Scenario
    changes: tuple[Change, ...] | None
    movements: tuple[Movement, ...]
    gone: tuple[str, ...]
    batches: Batches
    draws: Draws


def look(scenario: Scenario, before: Scenario | None, asked: DrawsAsked, outputs: Collection[str] = ()) -> Look:
    """Simulate a scenario, and the one before it, on the same draws.

    outputs: names of the outcomes that are watched; without any the first :data:`USUAL_OUTPUTS` of each strategy.

    Raises
    ------
    InvalidInput
        If no strategy reports an outcome that was named, or the scenario cannot be simulated.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    now = expand(scenario)
    earlier = expand(before) if before is not None and _same_money(scenario, before) else []
    wanted = {model.strategy: _wanted(model, outputs) for model in now}
    _check_known(outputs, now)
    shown = [reporting(model, wanted[model.strategy]) for model in now if wanted[model.strategy]]
    held = {model.strategy: _shared(model, wanted.get(model.strategy, ())) for model in earlier}
    against = [reporting(model, held[model.strategy]) for model in earlier if held[model.strategy]]
    draws = asked.draws(scenario, [*earlier, *now], MOST_TRIALS)
    values, batches = measured({variant_key(model): model for model in (*shown, *against)}, MEASURES, draws)
    past = {model.strategy: values[variant_key(model)] for model in against}
    units = {(model.strategy, output.name): output.unit for model in now for output in model.outputs}
    movements = [
        Movement(
            model.strategy,
            output.name,
            units[model.strategy, output.name],
            values[variant_key(model)][output.name],
            past.get(model.strategy, {}).get(output.name),
        )
        for model in shown
        for output in model.outputs
    ]
    return Look(
        scenario=scenario,
        changes=changes_between(before, scenario) if before is not None and earlier else None,
        movements=tuple(movements),
        gone=_gone(earlier, now),
        batches=batches,
        draws=draws,
    )


def _same_money(one: Scenario, other: Scenario) -> bool:
    return one.header.money == other.header.money


def _names(model: Model) -> list[str]:
    """Outcomes that are one number a trial."""
    return [output.name for output in model.outputs]


def _wanted(model: Model, outputs: Collection[str]) -> tuple[str, ...]:
    names = _names(model)
    return tuple(name for name in names if name in outputs) if outputs else tuple(names[:USUAL_OUTPUTS])


def _shared(model: Model, wanted: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in _names(model) if name in wanted)


def _check_known(outputs: Collection[str], models: Sequence[Model]) -> None:
    known = list(dict.fromkeys(name for model in models for name in _names(model)))
    problems = [
        Problem("no strategy reports such an outcome", "--output", name, list_names(known), suggest(name, known))
        for name in outputs
        if name not in known
    ]
    if problems:
        raise InvalidInput(problems)


def _gone(earlier: Sequence[Model], now: Sequence[Model]) -> tuple[str, ...]:
    there: Mapping[str, list[str]] = {model.strategy: _names(model) for model in now}
    found = []
    for model in earlier:
        if model.strategy not in there:
            found.append(f"strategy {model.strategy}")
        else:
            found += [f"{name} of {model.strategy}" for name in _names(model) if name not in there[model.strategy]]
    return tuple(found)
