"""What each measure costs and brings: in strategies that use it, and what it would in those that do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from simengine.aggregate.linearised import Linearised
from simengine.analysis.pinned import holds, pinned
from simengine.analysis.register.conditional import ratio
from simengine.deal.expand import model_of
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.scenario.definition import Definition
from simengine.scenario.terms import Terms

_COSTS = ("upfront", "annual")
"""Keys of a measure that are what it costs."""


@dataclass(frozen=True, eq=False)
class MeasureVariants:
    """A measure and the models that tell what it does: with it, with it for nothing, and without it.

    used: whether the strategy has it.  The model of the strategy as it is is called ``base``.
    """

    name: str
    title: str
    used: bool
    with_it: str
    for_nothing: str
    without: str
    variants: Mapping[str, Model]


@dataclass(frozen=True, eq=False)
class Effect:
    """What a measure does to a strategy, each a paired difference.

    cost: what its own cost takes from the mean, after tax; 0 where it costs nothing.  benefit: what it adds to the mean
    before that.  changes: (measures,), the strategy with it less the strategy without it; the first is the net benefit.
    per_cost: net benefit for a unit of cost; None where it costs nothing.
    """

    name: str
    title: str
    used: bool
    cost: Linearised
    benefit: Linearised
    changes: Linearised
    per_cost: Linearised | None


def models_of(definition: Definition, model: Model) -> tuple[list[MeasureVariants], list[Problem]]:
    """The measures of the scenario with the models they need, and what stands against some of them."""
    terms = definition.terms
    found: list[MeasureVariants] = []
    problems: list[Problem] = []
    for place, (name, table) in enumerate(terms.tables.mitigations.items() if terms is not None else ()):
        assert terms is not None
        used = name in terms.mitigations
        kept = tuple(one for one in terms.mitigations if one != name) if used else (*terms.mitigations, name)
        try:
            other = model_of(replace(definition, terms=replace(terms, mitigations=kept)))
        except InvalidInput as failure:
            said = "; ".join(problem.reason for problem in failure.problems)
            reason = f"what it brings to {definition.strategy} cannot be told, for a formula is not valid: {said}"
            problems.append(Problem(reason, f"mitigations.{name}", severity="warning"))
            continue
        key = f"measure {place}"
        having = model if used else other
        variants = {f"{key} other": other}
        with_it, without = ("base", f"{key} other") if used else (f"{key} other", "base")
        free = with_it
        costs = _costs(terms, name, having)
        if costs:
            free = f"{key} for nothing"
            variants[free] = pinned(having, dict.fromkeys(costs, 0.0))
        found.append(MeasureVariants(name, table.title, used, with_it, free, without, variants))
    return found, problems


def _costs(terms: Terms, name: str, model: Model) -> list[str]:
    """The names of what a measure costs."""
    keys = [f"mitigations.{name}.{part}" for part in _COSTS]
    named = [terms.values[key].name for key in keys if key in terms.values]
    return [one for one in named if holds(model, one)]


def effects_of(measures: Sequence[MeasureVariants], summaries: Mapping[str, Linearised]) -> tuple[Effect, ...]:
    """What the measures do, from the statistics (measures,) of every model; the first statistic is the mean."""
    found = []
    for one in measures:
        with_it, free, without = (summaries[key] for key in (one.with_it, one.for_nothing, one.without))
        cost, changes = (free - with_it)[0], with_it - without
        per_cost = ratio(changes[0], cost) if float(cost.value) > 0.0 else None
        found.append(
            Effect(one.name, one.title, one.used, cost, (free - without)[0], changes, per_cost),
        )
    return tuple(found)
