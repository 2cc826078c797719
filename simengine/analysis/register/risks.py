"""The risks of a strategy: how each shows in its formulas, and what they are without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from simengine.analysis.pinned import NEVER, holds
from simengine.deal.book import Book, identifier
from simengine.deal.model import Model
from simengine.scenario.definition import PLAIN_INPUTS, Definition
from simengine.scenario.risk_tables import Event
from simengine.scenario.terms import Terms

Kind = Literal["event", "losses", "risk", "default", "collection", "failure", "approval"]


@dataclass(frozen=True)
class Risk:
    """One risk of a strategy.

    happens: the formula of whether it happens within the horizon, 0 to 1; "" where it is no event.  time: the formula
    of when, in years, where it happens; "" where it has no time.  absent: what quantities of the model are without it.
    """

    key: str
    kind: Kind
    title: str
    absent: Mapping[str, float | str] = field(hash=False)
    happens: str = ""
    time: str = ""

    @property
    def name(self) -> str:
        """Its name in the file, where that tells it apart."""
        return self.key.removeprefix("risks.")


def risks_of(definition: Definition, model: Model) -> tuple[Risk, ...]:
    """The risks that act in a strategy, in the order of the file; those that a measure rules out are not among them."""
    terms = definition.terms
    avoided = (
        set()
        if terms is None
        else {risk for name in terms.mitigations for risk in terms.tables.mitigations[name].avoids}
    )
    found = [risk for risk in _plain(definition) if risk.name not in avoided]
    if terms is None:
        if definition.plain:
            found += _collected(definition, model)
        return tuple(found)
    events = ((name, event) for name, event in terms.events.items() if name not in avoided)
    found += [risk for name, event in events for risk in _event(name, event, model)]
    found += _stages(definition, terms, model)
    found += _partner(terms, model) or _collected(definition, model)
    return tuple(found)


def _plain(definition: Definition) -> Iterator[Risk]:
    for risk in definition.risks.values():
        yield Risk(risk.key, "risk", risk.title, {risk.name: 0.0, risk.strikes: 0.0}, risk.strikes)


def _event(risk: str, event: Event, model: Model) -> Iterator[Risk]:
    """A risk that happens in time, that brings losses again and again, or both."""
    name = identifier(risk)
    occurrences = [name, *(f"{name}_{k}" for k in range(2, event.entrants + 1))]
    absent: dict[str, float | str] = {f"{one}_time": NEVER for one in occurrences if holds(model, f"{one}_time")}
    happens, times = [], []
    if absent:
        if event.probability is not None and holds(model, f"{name}_strikes"):
            absent[f"{name}_strikes"] = 0.0
        happens.append(f"{name}_time <= horizon")
        times.append(f"{name}_time")
    if holds(model, f"{name}_loss"):  # not where the frequency is 0
        kind: Kind = "event" if absent else "losses"
        absent[f"{name}_loss"] = 0.0
        happens.append(f"sum({name}_losses > 0) > 0")
        times.append(f"sum(period * (cumsum({name}_losses) <= 0)) + period / 2")
    else:
        kind = "event"
    if absent:
        whether = happens[0] if len(happens) == 1 else f"({happens[0]}) or ({happens[1]})"
        when = times[0] if len(times) == 1 else f"min({times[0]}, {times[1]})"
        yield Risk(f"risks.{risk}", kind, event.title, absent, whether, when)


def _stages(definition: Definition, terms: Terms, model: Model) -> Iterator[Risk]:
    """Stages that may fail, and the approval."""
    book = Book(definition, terms)
    ends: list[str] = []
    stages = terms.tables.development.stages if terms.tables.development is not None else ()
    for index, stage in enumerate(stages):
        key, name = f"development.stages[{index}]", f"stage_{index + 1}"
        if f"{key}.years" in book:
            ends.append(book[f"{key}.years"])
        if holds(model, f"{name}_succeeds"):
            begun = f"{name}_reached * " if holds(model, f"{name}_reached") else ""
            when = book.total(ends)
            failed = f"{begun}(1 - {name}_succeeds) * ({when} <= horizon)"
            title = f"failure of {stage.name}" if stage.name else ""
            yield Risk(key, "failure", title, {f"{name}_succeeds": 1.0}, failed, when)
    if holds(model, "approved"):
        when = book.get("crossborder.approval_years", "0")
        refused = f"(1 - approved) * ({when} <= horizon)"
        yield Risk("crossborder.approval", "approval", "refusal of the authorities", {"approved": 1.0}, refused, when)


def _partner(terms: Terms, model: Model) -> list[Risk]:
    """Defaults of the partner or the partners."""
    named = [(f"partners.{name}", identifier(name), f"default of {name}") for name in terms.tables.partners]
    if not named:
        named = [("partner", "partner", "default of the partner")]
    found = []
    for key, name, title in named:
        time = f"{name}_default_time"
        if holds(model, time):
            found.append(Risk(key, "default", title, {time: NEVER}, f"{time} <= horizon", time))
    if not found and holds(model, "default_share"):
        share = "sum(where(year >= horizon, default_share, 0))"
        found.append(Risk("partner", "default", "default of partners in a pool", {"default_share": 0.0}, share))
    return found


def _collected(definition: Definition, model: Model) -> list[Risk]:
    """The share that is collected, where R is one."""
    r = PLAIN_INPUTS[2]
    uses = definition.plain or holds(model, "collection")
    if not uses or r not in definition.inputs or definition.inputs[r].marginal.constant == 1.0:
        return []
    return [Risk(f"inputs.{r}", "collection", "what the partner does not pay", {r: 1.0})]
