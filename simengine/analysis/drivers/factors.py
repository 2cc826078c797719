"""Factors: what drivers are named by.  Every uncertain input is one, and every risk with several inputs is one.

Whether a risk strikes is an event, whichever way it is drawn: at once where the probability is a number, and else by
comparing the draw ``NAME_chance`` with the probability.  People see the event, not the draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from simengine.deal.model import Dependence, Model, UncertainInput
from simengine.formula import names_in

MOST_PARTS = 8
"""Factors that one risk may consist of to be a factor itself: each needs two levels, and cells are 2 to their number.

Losses that are drawn anew for many years have more.
"""


@dataclass(frozen=True)
class Factor:
    """One input, the event that a risk strikes, or the inputs of one risk (whether it strikes, how severe) together.

    members: names of the inputs that are drawn for it.  parts: of a risk, the factors that it consists of.
    """

    name: str
    kind: Literal["input", "event", "risk"]
    members: tuple[str, ...]
    unit: str = ""
    title: str = ""
    parts: tuple[str, ...] = ()

    def drawn_in(self, model: Model) -> str:
        """The input that a model draws for it, empty where there is none."""
        return next((name for name in self.members if is_uncertain(model, name)), "")


def factors_of(models: Sequence[Model]) -> tuple[Factor, ...]:
    """Inputs that are uncertain in some strategy, in order of appearance, then risks that have several of them."""
    inputs: dict[str, Factor] = {}
    risks: dict[str, dict[str, None]] = {}
    titles: dict[str, str] = {}
    for model in models:
        for name, entry in model.inputs.items():
            if entry.marginal.constant is not None:
                continue
            risk = _risk_of(entry)
            event = bool(risk) and entry.stream == f"{risk}_strikes"
            factor = entry.stream if event else name
            known = inputs.get(factor)
            members = tuple(dict.fromkeys((*(known.members if known else ()), name)))
            first = known or Factor(factor, "event" if event else "input", members, entry.unit, entry.title)
            inputs[factor] = replace(first, members=members)
            if risk:
                risks.setdefault(risk, {}).setdefault(factor)
                titles[risk] = titles.get(risk) or entry.title
    groups = []
    for name, parts in risks.items():
        members = tuple(member for part in parts for member in inputs[part].members)
        groups.append(Factor(name, "risk", members, "", titles[name], tuple(parts)))
    return (*inputs.values(), *(group for group in groups if 1 < len(group.parts) <= MOST_PARTS))


def _risk_of(entry: UncertainInput) -> str:
    """The risk that an input belongs to, or nothing."""
    parts = entry.key.split(".")
    return parts[1] if parts[0] == "risks" and len(parts) > 1 else ""


def probability_of(model: Model, event: Factor) -> float | None:
    """How probable an event is in a model that draws it.

    None where its probability is correlated with the draw that decides, or is itself the outcome of a formula, so that
    only the trials can say.
    """
    drawn = event.drawn_in(model)
    if drawn == event.name or _is_event(model.inputs[drawn]):
        return model.inputs[drawn].marginal.mean
    users = [formula for formula in model.formulas.values() if drawn in names_in(formula.expression)]
    others = [name for formula in users for name in names_in(formula.expression) if name != drawn]
    if len(others) != 1 or others[0] not in model.inputs or others[0] in companions(model)[drawn]:
        return None
    return model.inputs[others[0]].marginal.mean


def _is_event(entry: UncertainInput) -> bool:
    """Whether an input is 0 or 1."""
    pieces = entry.marginal.pieces
    return entry.marginal.discrete and pieces is not None and set(pieces.values.tolist()) <= {0.0, 1.0}


def acts_by_striking(model: Model, name: str) -> bool:
    """Whether an input is used only to decide whether a risk strikes, and nothing is correlated with it.

    Then, once it is known whether the risk strikes, the input says nothing more about any outcome.
    """
    users = [formula for formula in model.formulas.values() if name in names_in(formula.expression)]
    deciding = len(users) == 1 and f"{_risk_of(model.inputs[name])}_strikes" == users[0].name
    return deciding and companions(model)[name] == {name}


def used_inputs(model: Model, output: str) -> frozenset[str]:
    """The uncertain inputs that an outcome is computed from."""
    needed = {output}
    for formula in reversed(list(model.formulas.values())):  # every formula stands after those that it uses
        if formula.name in needed:
            needed.update(names_in(formula.expression))
    return frozenset(name for name in needed if is_uncertain(model, name))


def is_uncertain(model: Model, name: str) -> bool:
    """Whether a model draws an input of this name."""
    return name in model.inputs and model.inputs[name].marginal.constant is None


def companions(model: Model) -> Mapping[str, frozenset[str]]:
    """For every uncertain input, the inputs that it depends on, itself included."""
    found = {name: frozenset((name,)) for name in model.inputs if is_uncertain(model, name)}
    for group in model.dependences:
        for joined in _connected(group, [name for name in group.names if name in found]):
            for name in joined:
                found[name] = frozenset(joined)
    return found


def _connected(group: Dependence, names: Sequence[str]) -> list[set[str]]:
    """Sets of inputs that correlations join; a t copula joins all, whatever its correlations."""
    if group.dof is not None:
        return [set(names)]
    place = {name: group.names.index(name) for name in names}
    sets: list[set[str]] = []
    for name in names:
        touching = [s for s in sets if any(group.matrix[place[name], place[other]] != 0.0 for other in s)]
        sets = [s for s in sets if s not in touching] + [{name}.union(*touching)]
    return sets


@dataclass(frozen=True, eq=False)
class Links:
    """What depends on what: rows are the outcomes of all strategies, columns the factors.

    used: whether the outcome is computed from the factor.  linked: whether it can depend on it at all, by use or by
    a correlation with what is used; where it cannot, its indices are 0 and not estimated.  present: whether the
    strategy has the factor.  correlated: (outcomes,), whether inputs that the outcome uses depend on each other.
    """

    used: np.ndarray
    linked: np.ndarray
    present: np.ndarray
    correlated: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[Model, str]], factors: Sequence[Factor]) -> Links:
        """The links of outcomes, given by model and name."""
        shape = (len(rows), len(factors))
        used, linked, present = (np.zeros(shape, bool) for _ in range(3))
        correlated = np.zeros(len(rows), bool)
        for k, (model, output) in enumerate(rows):
            inputs, others = used_inputs(model, output), companions(model)
            reached = frozenset[str]().union(*(others[name] for name in inputs))
            correlated[k] = any(len(others[name] & inputs) > 1 for name in inputs)
            for f, factor in enumerate(factors):
                used[k, f] = not inputs.isdisjoint(factor.members)
                linked[k, f] = not reached.isdisjoint(factor.members)
                present[k, f] = any(is_uncertain(model, name) for name in factor.members)
        return cls(used, linked, present, correlated)
