"""A model as lines that a person can read: what ``explain`` prints, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from simengine.deal.model import Dependence, Model, NamedFormula, UncertainInput
from simengine.formula import Node, names_in, to_text
from simengine.formula.nodes import postorder, substitute

MAX_EXPANDED = 200
"""Numbers, names and operators up to which a formula is also shown with all others put into it."""


@dataclass(frozen=True)
class InputLine:
    """An uncertain input: its distribution in words, whether it is the same in every trial, and where it stands."""

    name: str
    distribution: str
    constant: bool
    unit: str
    title: str
    source: str
    key: str


@dataclass(frozen=True)
class DependenceLine:
    """A group of inputs that are drawn together; ``pairs`` are the correlations of normal scores that are not 0."""

    names: tuple[str, ...]
    copula: str
    pairs: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class FormulaLine:
    """A formula in canonical text, and with all other formulas put into it where that is another, not too long one.

    ``outcome`` says whether it is reported, ``targets`` the thresholds x for which P(outcome < x) is.
    """

    name: str
    text: str
    expanded: str | None
    unit: str
    title: str
    key: str
    outcome: bool
    targets: tuple[float, ...]


@dataclass(frozen=True)
class Explanation:
    """All lines of one strategy; formulas stand after those that they use."""

    strategy: str
    title: str
    inputs: tuple[InputLine, ...]
    dependences: tuple[DependenceLine, ...]
    formulas: tuple[FormulaLine, ...]


def explain(model: Model) -> Explanation:
    """What a strategy was resolved to."""
    targets = {output.name: output.targets for output in model.outputs}
    whole: dict[str, Node] = {}  # formulas over inputs alone, where they are short enough
    lines = []
    for formula in model.formulas.values():
        expanded = _expanded(formula, whole, model)
        if expanded is not None:
            whole[formula.name] = expanded
        lines.append(_formula_line(formula, expanded, targets))
    return Explanation(
        strategy=model.strategy,
        title=model.title,
        inputs=tuple(map(_input_line, model.inputs.values())),
        dependences=tuple(map(_dependence_line, model.dependences)),
        formulas=tuple(lines),
    )


def _input_line(entry: UncertainInput) -> InputLine:
    return InputLine(
        name=entry.name,
        distribution=entry.marginal.description,
        constant=entry.marginal.constant is not None,
        unit=entry.unit,
        title=entry.title,
        source=entry.source,
        key=entry.key,
    )


def _dependence_line(group: Dependence) -> DependenceLine:
    names = group.names
    pairs = tuple(
        (names[j], names[i], float(group.matrix[i, j]))
        for i in range(len(names))
        for j in range(i)
        if group.matrix[i, j] != 0.0
    )
    copula = "Gaussian copula" if group.dof is None else f"t copula, {group.dof:g} degrees of freedom"
    return DependenceLine(names, copula, pairs)


def _formula_line(formula: NamedFormula, expanded: Node | None, targets: dict[str, tuple[float, ...]]) -> FormulaLine:
    text = to_text(formula.expression)
    whole = None if expanded is None else to_text(expanded)
    return FormulaLine(
        name=formula.name,
        text=text,
        expanded=None if whole == text else whole,
        unit=formula.unit,
        title=formula.title,
        key=formula.key,
        outcome=formula.name in targets,
        targets=targets.get(formula.name, ()),
    )


def _expanded(formula: NamedFormula, whole: dict[str, Node], model: Model) -> Node | None:
    """The formula over inputs alone; None where it would be longer than :data:`MAX_EXPANDED`."""
    used = [name for name in names_in(formula.expression) if name in model.formulas]
    if any(name not in whole for name in used):
        return None
    expanded = substitute(formula.expression, {name: whole[name] for name in used})
    return expanded if sum(1 for _ in postorder(expanded)) <= MAX_EXPANDED else None
