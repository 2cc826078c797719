"""A model as lines that a person can read: what ``explain`` prints, as plain data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simengine.deal.model import SECTIONS, Dependence, Model, NamedFormula, UncertainInput
from simengine.deal.term_sheet import term_sheet
from simengine.formula import Grid, Node, names_in, to_text
from simengine.formula.arithmetic import FLOATS
from simengine.formula.axis import ONE_PERIOD, Yearly, YearlyArithmetic
from simengine.formula.nodes import Number, Operation, postorder, substitute
from simengine.formula.shapes import lower_over_years
from simengine.scenario.definition import Definition

MAX_EXPANDED = 200
"""Numbers, names and operators up to which a formula is also shown with all others put into it."""

MAX_EXPANDED_OVER_YEARS = 24
"""The same in deals over years, whose formulas stand by section and are read one by one."""

MAX_VALUES = 8
"""Values by year that are shown; of longer lists the first and last."""


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
    table: str
    """The table of the scenario that it belongs to."""
    used: bool = True
    """Whether a reported outcome of the strategy depends on it."""


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
    Long lists of values by year are shortened in the texts.
    """

    name: str
    text: str
    expanded: str | None
    unit: str
    title: str
    key: str
    outcome: bool
    targets: tuple[float, ...]
    section: str = "model"
    yearly: bool = False
    initial: str = ""
    """The formula that is its value at year 0, where it is reported with one."""
    values: tuple[float, ...] = ()
    """The value of each period, where they are the same in every trial and do not stand in the text."""
    figures: str | None = None
    """A clause of a deal with its figures: what is fixed as numbers, where that says more and is not too long."""
    used: bool = True
    """Whether a reported outcome of the strategy depends on it."""


@dataclass(frozen=True)
class Explanation:
    """All lines of one strategy; formulas stand after those that they use."""

    strategy: str
    title: str
    inputs: tuple[InputLine, ...]
    dependences: tuple[DependenceLine, ...]
    formulas: tuple[FormulaLine, ...]
    grid: Grid = ONE_PERIOD
    terms: tuple[str, ...] = ()
    """The terms of a deal over years in words, ``heading: text`` each."""

    @property
    def sections(self) -> dict[str, list[FormulaLine]]:
        """The formulas by part of the deal, parts in the order in which they are read; one part in plain models."""
        found: dict[str, list[FormulaLine]] = {section: [] for section in SECTIONS}
        for line in self.formulas:
            found.setdefault(line.section, []).append(line)
        return {section: lines for section, lines in found.items() if lines}


def explain(model: Model, definition: Definition | None = None, used: Collection[str] | None = None) -> Explanation:
    """What a strategy was resolved to; with its definition, the terms of a deal stand first in words.

    ``used`` are the names that its outcomes depend on, all without it; lines of other names are marked.
    """
    by_section = any(formula.section != "model" for formula in model.formulas.values())
    most = MAX_EXPANDED_OVER_YEARS if by_section or model.grid.periods > 1 else MAX_EXPANDED
    values = _same_in_every_trial(model)
    whole: dict[str, Node] = {}  # formulas over inputs alone, where they are short enough
    lines = []
    for formula in model.formulas.values():
        expanded = _expanded(formula, whole, model, most)
        if expanded is not None:
            whole[formula.name] = expanded
        lines.append(_formula_line(formula, expanded, values.get(formula.name), model))
    known = {*model.inputs, *model.formulas} if used is None else used
    lines = [replace(line, used=line.name in known) for line in lines]
    return Explanation(
        strategy=model.strategy,
        title=model.title,
        inputs=tuple(replace(_input_line(entry), used=name in known) for name, entry in model.inputs.items()),
        dependences=tuple(map(_dependence_line, model.dependences)),
        formulas=tuple(lines),
        grid=model.grid,
        terms=() if definition is None else term_sheet(definition),
    )


def _same_in_every_trial(model: Model) -> dict[str, Any]:
    """The values of fixed inputs and of formulas that use nothing else."""
    on = YearlyArithmetic(FLOATS, model.grid)
    found: dict[str, Any] = {
        name: entry.marginal.constant for name, entry in model.inputs.items() if entry.marginal.constant is not None
    }
    for name, formula in model.formulas.items():
        if all(used in found for used in names_in(formula.expression)):
            found[name] = lower_over_years(formula.expression, on, found.__getitem__)
    return found


def _input_line(entry: UncertainInput) -> InputLine:
    return InputLine(
        name=entry.name,
        distribution=entry.marginal.description,
        constant=entry.marginal.constant is not None,
        unit=entry.unit,
        title=entry.title,
        source=entry.source,
        key=entry.key,
        table=entry.key.partition(".")[0],
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


def _formula_line(formula: NamedFormula, expanded: Node | None, value: object, model: Model) -> FormulaLine:
    text = to_text(formula.expression, most=MAX_VALUES)
    whole = None if expanded is None else to_text(expanded, most=MAX_VALUES)
    targets = {output.name: output.targets for output in model.outputs}
    initial = {output.name: output.initial for output in model.yearly_outputs}
    return FormulaLine(
        name=formula.name,
        text=text,
        expanded=None if whole == text else whole,
        unit=formula.unit,
        title=formula.title,
        key=formula.key,
        outcome=formula.name in targets or formula.name in initial,
        targets=targets.get(formula.name, ()),
        section=formula.section,
        yearly=formula.yearly,
        initial=initial.get(formula.name, ""),
        figures=_with_figures(formula, model),
        values=_worth_showing(formula.expression, value),
    )


def _with_figures(formula: NamedFormula, model: Model) -> str | None:
    """A clause with the numbers of the deal in it; None for plain formulas, and where nothing is fixed."""
    if formula.section == "model":
        return None
    fixed = {
        name: model.inputs[name].marginal.constant for name in names_in(formula.expression) if name in model.inputs
    }
    figures: dict[str, Node] = {name: Number(value) for name, value in fixed.items() if value is not None}
    if not figures or sum(1 for _ in postorder(formula.expression)) > MAX_EXPANDED_OVER_YEARS:
        return None
    figures |= {"period": Number(model.grid.length), "horizon": Number(model.grid.horizon)}
    return to_text(_without_ones(substitute(formula.expression, figures)), most=MAX_VALUES)


def _without_ones(node: Node) -> Node:
    """A formula without factors and divisors of 1."""
    built: list[Node] = []
    for part in postorder(node):
        if not isinstance(part, Operation):
            built.append(part)
            continue
        operands = tuple(built[len(built) - len(part.operands) :])
        del built[len(built) - len(part.operands) :]
        match part.symbol, operands:
            case ("*" | "/", (left, Number(1.0))):
                built.append(left)
            case ("*", (Number(1.0), right)):
                built.append(right)
            case _:
                built.append(replace(part, operands=operands))
    return built.pop()


def _worth_showing(expression: Node, value: object) -> tuple[float, ...]:
    """Values by year that a reader would have to compute; those of a list of numbers stand in its text already."""
    listed = isinstance(expression, Operation) and all(isinstance(part, Number) for part in expression.operands)
    if listed or not isinstance(value, Yearly) or not all(map(math.isfinite, value.values)):
        return ()
    return tuple(value.values)


def _expanded(formula: NamedFormula, whole: Mapping[str, Node], model: Model, most: int) -> Node | None:
    """The formula over inputs alone; None where it would be longer than ``most`` numbers, names and operators."""
    used = [name for name in names_in(formula.expression) if name in model.formulas]
    if any(name not in whole for name in used):
        return None
    expanded = substitute(formula.expression, {name: whole[name] for name in used})
    return expanded if sum(1 for _ in postorder(expanded)) <= most else None
