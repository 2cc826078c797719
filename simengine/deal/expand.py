"""Strategies as the scenario describes them to models: risks, costs and the plain deal become formulas.

Everything that is derived here is text of the formula language, read by the same parser as the formulas of
``[model]``, so ``explain`` can print it and there is nothing that a user could not have written.
"""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np

from simengine.deal import years
from simengine.deal.book import Book
from simengine.deal.kinds import inferred, known_kinds, units_of
from simengine.deal.model import Dependence, Model, NamedFormula, Output, UncertainInput, YearlyOutput
from simengine.deal.names import check_names, check_shapes, check_single, placed
from simengine.distributions import resolve
from simengine.errors import InvalidInput, Problem
from simengine.formula import constant_problems, is_yearly, names_in, parse
from simengine.formula.printer import number_text
from simengine.scenario.definition import (
    LEAK_ALIAS,
    PLAIN_INPUTS,
    PLAIN_OUTCOME,
    Definition,
    InputSpec,
    RiskSpec,
)
from simengine.scenario.outputs import PENDING
from simengine.scenario.scenario import Scenario


def expand(scenario: Scenario) -> tuple[Model, ...]:
    """The models of a scenario, one a strategy, in order.

    Raises
    ------
    InvalidInput
        If a formula holds a constant that is no finite number; with file and line.
    """
    models: list[Model] = []
    problems: dict[Problem, None] = {}  # strategies share formulas, and so their problems
    for definition in scenario.strategies.values():
        try:
            models.append(model_of(definition))
        except InvalidInput as failure:
            located = (scenario.locate(problem, definition.strategy) for problem in failure.problems)
            problems.update(dict.fromkeys(located))
    if problems:
        raise InvalidInput(problems)
    return tuple(models)


def model_of(definition: Definition) -> Model:
    """The model of one strategy.

    Raises
    ------
    InvalidInput
        If a formula holds a constant that is no finite number; the keys are those of the scenario.
    """
    problems = [
        problem.under(f"model.{name}")
        for name, text in definition.model.items()
        for problem in constant_problems(definition.expressions[name], text, definition.constants)
    ]
    for term in definition.terms.values.values() if definition.terms is not None else ():
        if term.tree is not None:
            problems += (placed(p, term) for p in constant_problems(term.tree, term.formula, definition.constants))
    if problems:
        raise InvalidInput(problems)
    inputs = {entry.name: entry for entry in _inputs(definition)}
    dependences = [Dependence(group.names, group.matrix, group.dof) for group in definition.groups]
    named = {formula.name: formula for formula in _formulas(definition)}
    book = None
    single: Collection[str] = ()
    if definition.terms is not None:
        book = years.written(definition, definition.terms)
        named = {**book.formulas, **named}  # a formula of the user replaces one of the deal
        check_names(definition, inputs, book.inputs, book.formulas, named)
        inputs |= book.inputs
        single = book.single
        dependences = [*_of_inputs(dependences, inputs), *book.dependences]
    formulas = _shaped(_in_order(named))
    kinds, contradictions = inferred(formulas, known_kinds(definition, formulas))
    if contradictions:
        raise InvalidInput(contradictions)
    check_single(definition, single, formulas)
    if book is not None:
        check_shapes(definition, formulas)
        units = units_of(definition, kinds)
        formulas = {name: replace(entry, unit=entry.unit or units.get(name, "")) for name, entry in formulas.items()}
        inputs = {name: replace(entry, unit=entry.unit or units.get(name, "")) for name, entry in inputs.items()}
    outputs, yearly_outputs = _outputs(definition, book, formulas)
    return Model(
        strategy=definition.strategy,
        inputs=inputs,
        dependences=tuple(dependences),
        formulas=formulas,
        outputs=outputs,
        title=definition.title,
        grid=definition.grid,
        yearly_outputs=yearly_outputs,
    )


def _outputs(
    definition: Definition, book: Book | None, formulas: Mapping[str, NamedFormula]
) -> tuple[tuple[Output, ...], tuple[YearlyOutput, ...]]:
    """What is reported, in single values and by period; a deal reports its value whatever else is asked for."""
    if book is not None and not definition.outputs:
        return years.default_outputs(book), years.default_yearly(book)
    single, yearly = [], []
    for asked in definition.outputs:
        formula = formulas[asked.name]
        unit = formula.unit if asked.unit == PENDING else asked.unit
        title = asked.title or (formula.title if book is not None else "")
        if formula.yearly:
            initial = years.INITIAL.get(asked.name, "") if book is not None else ""
            yearly.append(YearlyOutput(asked.name, unit, title, initial))
        else:
            single.append(Output(asked.name, unit, title, asked.targets))
    if book is not None and not single:
        single = [years.default_outputs(book)[0]]
    return tuple(single), tuple(yearly)


def _of_inputs(groups: list[Dependence], inputs: Mapping[str, UncertainInput]) -> Iterator[Dependence]:
    """Groups without those members that the strategy does not draw: values of measures that it does not take."""
    for group in groups:
        kept = [k for k, name in enumerate(group.names) if name in inputs]
        if len(kept) > 1:
            yield Dependence(tuple(group.names[k] for k in kept), group.matrix[np.ix_(kept, kept)], group.dof)


# ---- inputs ----


def _inputs(definition: Definition) -> Iterator[UncertainInput]:
    periods = definition.grid.periods
    for spec in definition.inputs.values():
        yield from _each_period(spec, "inputs", periods) if spec.yearly else [_input(spec)]
    for risk in definition.risks.values() if definition.terms is None else ():  # a deal over years writes its own
        yield from (replace(entry, table="risks") for entry in _risk_inputs(risk))
    for cost in definition.costs.values():
        yield from _each_period(cost, "costs", periods) if cost.yearly else [replace(_input(cost), table="costs")]


def _each_period(spec: InputSpec, table: str, periods: int) -> Iterator[UncertainInput]:
    """An input that is drawn anew for every period: one draw for each."""
    for k in range(1, periods + 1):
        yield replace(_input(spec), name=f"{spec.name}_{k}", table=table)


def _input(spec: InputSpec) -> UncertainInput:
    return UncertainInput(spec.name, spec.marginal, spec.key, spec.unit, spec.title, spec.source)


def _risk_inputs(risk: RiskSpec) -> Iterator[UncertainInput]:
    """Whether a risk strikes, drawn at once where its probability is certain, and its severity."""
    chance, probability = risk.probability, risk.certain_probability
    if probability is not None:
        strikes = resolve({"dist": "bernoulli", "p": probability})
        yield UncertainInput(risk.strikes, strikes, chance.key, "", risk.title, chance.source or risk.source)
    else:
        yield _input(chance)
        uniform = resolve({"dist": "uniform", "min": 0.0, "max": 1.0})
        yield UncertainInput(risk.chance, uniform, risk.key, "", risk.title, risk.source, risk.strikes)
    yield _input(risk.severity)


# ---- formulas ----


def _formulas(definition: Definition) -> Iterator[NamedFormula]:
    """Constants, risks, the plain outcome and the formulas of ``[model]``."""
    for name, value in definition.constants.items():
        table = "decisions" if name in definition.decisions else "constants"
        yield _derived(name, number_text(value), f"{table}.{name}")
    for spec in (*definition.inputs.values(), *definition.costs.values()):
        if spec.yearly:
            values = ", ".join(f"{spec.name}_{k}" for k in range(1, definition.grid.periods + 1))
            yield _derived(spec.name, f"by_year({values})", spec.key, spec.unit, spec.title)
    for risk in definition.risks.values() if definition.terms is None else ():
        yield from _risk_formulas(risk)
    leak, ip_leak = LEAK_ALIAS
    if ip_leak in definition.risks and any(leak in names_in(tree) for tree in definition.expressions.values()):
        taken = leak in definition.inputs or leak in definition.constants or leak in definition.model
        if not taken and leak not in definition.risks:
            yield _derived(leak, ip_leak, definition.risks[ip_leak].key)
    if definition.plain:
        yield _derived(PLAIN_OUTCOME, plain_text(definition), "inputs", *_labels(definition, PLAIN_OUTCOME))
    for name, text in definition.model.items():
        labels = _labels(definition, name)
        yield NamedFormula(name, text, definition.expressions[name], f"model.{name}", *labels)


def _labels(definition: Definition, name: str) -> tuple[str, str]:
    """Unit and title of a formula that is reported."""
    return next(((o.unit, o.title) for o in definition.outputs if o.name == name), ("", ""))


def _risk_formulas(risk: RiskSpec) -> Iterator[NamedFormula]:
    """The share that a risk takes in a trial: its severity where it strikes, else 0."""
    if risk.certain_probability is None:
        yield _derived(risk.strikes, f"{risk.chance} > 1 - {risk.probability.name}", risk.probability.key)
    yield _derived(risk.name, f"where({risk.strikes}, {risk.severity.name}, 0)", risk.key, "", risk.title)


def plain_text(definition: Definition) -> str:
    """The formula of T: value, demand and partner, less the legal share, the risks in their order, and the costs."""
    v, d, r, share = PLAIN_INPUTS
    factors = [v, d, r, f"(1 - {share})", *(f"(1 - {name})" for name in definition.risks)]
    return " - ".join([" * ".join(factors), *(cost.name for cost in definition.costs.values())])


def _derived(name: str, text: str, key: str, unit: str = "", title: str = "") -> NamedFormula:
    return NamedFormula(name, text, parse(text), key, unit, title)


def arranged(formulas: Mapping[str, NamedFormula]) -> dict[str, NamedFormula]:
    """The formulas, each after those that it uses and told whether it has a value for each period.

    Raises
    ------
    InvalidInput
        If formulas need each other; the circle is printed.
    """
    return _shaped(_in_order(formulas))


def _in_order(formulas: Mapping[str, NamedFormula]) -> dict[str, NamedFormula]:
    """The formulas, each after those that it uses, otherwise in the given order.

    Raises
    ------
    InvalidInput
        If formulas need each other; the circle is printed.
    """
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for name, formula in formulas.items():
        sorter.add(name, *(used for used in names_in(formula.expression) if used in formulas))
    try:
        return {name: formulas[name] for name in sorter.static_order()}
    except graphlib.CycleError as failure:
        circle = list(reversed(failure.args[1]))
        reason = f"formulas need each other: {' -> '.join(circle)}"
        raise InvalidInput(Problem(reason, key=formulas[circle[0]].key)) from failure


def _shaped(formulas: Mapping[str, NamedFormula]) -> dict[str, NamedFormula]:
    """The formulas, each told whether it has a value for each period."""
    yearly: dict[str, bool] = {}
    for name, formula in formulas.items():
        yearly[name] = is_yearly(formula.expression, yearly)
    return {name: replace(formula, yearly=yearly[name]) for name, formula in formulas.items()}
