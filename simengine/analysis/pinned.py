"""Models in which some quantities are something else, with all draws in place.

A quantity is *pinned*: a formula stands under its name, and what stood there keeps its draws under the name that
:func:`as_written` gives.  No input is added, removed or drawn from another address, and no copula loses a member, so a
pinned model has the draws of the model, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simengine.deal.expand import arranged
from simengine.deal.model import Model, NamedFormula
from simengine.formula import parse
from simengine.formula.printer import number_text

NEVER = "2 * horizon + 1"
"""A time after everything."""


def as_written(name: str) -> str:
    """What a pinned quantity is called where a formula wants it as the scenario gives it."""
    return f"{name}_as_written"


def holds(model: Model, name: str) -> bool:
    """Whether a model has a quantity of this name."""
    return name in model.inputs or name in model.formulas


def pinned(model: Model, values: Mapping[str, float | str]) -> Model:
    """The model with quantities pinned to numbers, or to formulas.

    Raises
    ------
    KeyError
        If it has no quantity of such a name.
    """
    inputs, formulas = dict(model.inputs), dict(model.formulas)
    renamed: dict[str, str] = {}
    for name, value in values.items():
        kept = as_written(name)
        yearly = False
        if name in inputs:
            entry = inputs.pop(name)
            inputs[kept] = replace(entry, name=kept, address=entry.stream)
            renamed[name] = kept
        else:
            formula = formulas[name]
            yearly = formula.yearly
            formulas[kept] = replace(formula, name=kept)
        text = value if isinstance(value, str) else _number(value, yearly=yearly)
        formulas[name] = NamedFormula(name, text, parse(text), name)
    groups = tuple(
        replace(group, names=tuple(renamed.get(name, name) for name in group.names)) for group in model.dependences
    )
    return replace(model, inputs=inputs, dependences=groups, formulas=arranged(formulas))


def _number(value: float, *, yearly: bool) -> str:
    """A number as a formula of the shape of what it stands for."""
    return f"{number_text(value)} + 0 * year" if yearly else number_text(value)


def with_formulas(model: Model, texts: Mapping[str, str]) -> Model:
    """The model with more formulas; their names need not be words, for no other formula uses them."""
    more = {name: NamedFormula(name, text, parse(text), "") for name, text in texts.items()}
    return replace(model, formulas=arranged({**model.formulas, **more}))
