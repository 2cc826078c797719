"""Factors: what drivers are named by.  Every uncertain input is one, and every risk with several inputs is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simengine.deal.model import Dependence, Model
from simengine.formula import names_in


@dataclass(frozen=True)
class Factor:
    """One input, or the inputs of one risk (whether it strikes, how severe it is) together."""

    name: str
    kind: Literal["input", "risk"]
    members: tuple[str, ...]
    unit: str = ""
    title: str = ""


def factors_of(models: Sequence[Model]) -> tuple[Factor, ...]:
    """Inputs that are uncertain in some strategy, in order of appearance, then risks that have several of them."""
    inputs: dict[str, Factor] = {}
    risks: dict[str, dict[str, None]] = {}
    titles: dict[str, str] = {}
    for model in models:
        for name, entry in model.inputs.items():
            if entry.marginal.constant is None:
                inputs.setdefault(name, Factor(name, "input", (name,), entry.unit, entry.title))
                parts = entry.key.split(".")
                if parts[0] == "risks" and len(parts) > 1:
                    risks.setdefault(parts[1], {}).setdefault(name)
                    titles[parts[1]] = titles.get(parts[1]) or entry.title
    groups = [Factor(name, "risk", tuple(members), "", titles[name]) for name, members in risks.items()]
    return (*inputs.values(), *(group for group in groups if len(group.members) > 1))


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
