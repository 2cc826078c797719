"""Models and drawn formulas that the tests of both machines share."""

from __future__ import annotations

from hypothesis import strategies as st

from simengine.deal.model import Model, NamedFormula, Output, UncertainInput
from simengine.distributions import resolve
from simengine.formula import parse


def model_of(inputs, formulas, dependences=()):
    """A model from distributions and formulas as text; every formula is reported."""
    entries = {name: UncertainInput(name, resolve(spec), f"inputs.{name}") for name, spec in inputs.items()}
    named = {name: NamedFormula(name, text, parse(text), f"model.{name}") for name, text in formulas.items()}
    return Model("base", entries, dependences, named, tuple(Output(name) for name in named))


def formulas(large):
    """Formulas over all operations and the inputs A, B, C; ``large``: the text of a large constant."""
    names = st.sampled_from(["A", "B", "C", "0", "1", "-2.5", large, "0.1"])

    def grow(children):
        pair = st.tuples(children, children)
        operators = st.sampled_from(["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or"])
        return st.one_of(
            st.tuples(pair, operators).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
            pair.map(lambda p: f"min({p[0]}, {p[1]})"),
            pair.map(lambda p: f"max({p[0]}, {p[1]})"),
            st.tuples(children, pair).map(lambda t: f"where({t[0]}, {t[1][0]}, {t[1][1]})"),
            children.map(lambda c: f"abs({c})"),
            children.map(lambda c: f"-({c})"),
            children.map(lambda c: f"sqrt({c})"),
            children.map(lambda c: f"({c})**3"),
            children.map(lambda c: f"(not ({c}))"),
        )

    return st.recursive(names, grow, max_leaves=12)
