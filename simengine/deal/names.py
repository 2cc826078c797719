"""Names in a deal over years: those that its tables become are known only here, so they are looked up here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from simengine.deal.model import NamedFormula, UncertainInput
from simengine.errors import InvalidInput, Problem
from simengine.formula import name_spans
from simengine.formula.problems import problem_at
from simengine.formula.shapes import shape_problems
from simengine.scenario import names
from simengine.scenario.definition import Definition
from simengine.scenario.terms import Term


def check_names(
    definition: Definition,
    inputs: Mapping[str, UncertainInput],
    drawn: Mapping[str, UncertainInput],
    formulas: Mapping[str, NamedFormula],
) -> None:
    """Check that every name means one thing, and that formulas and outcomes use names that mean something.

    Raises
    ------
    InvalidInput
        With all problems; keys are those of the scenario.
    """
    problems = [
        *_clashes(inputs, drawn, formulas),
        *_unknown(definition, {*inputs, *drawn, *formulas}, formulas),
        *_outcomes(definition, formulas),
    ]
    if problems:
        raise InvalidInput(problems)


def check_periods(definition: Definition, formulas: Mapping[str, NamedFormula]) -> None:
    """Check that formulas in the place of one value for all periods have no value for each period.

    Raises
    ------
    InvalidInput
        With all problems; keys are those of the scenario.
    """
    terms = definition.terms.values.values() if definition.terms is not None else ()
    problems = [
        Problem(
            "the formula has a value for each period, and one for all periods is needed",
            key=term.key,
            hint="sum(...) or at(..., year) gives a single value",
        )
        for term in terms
        if term.formula and not term.by_year and term.name in formulas and formulas[term.name].yearly
    ]
    if problems:
        raise InvalidInput(problems)


def placed(problem: Problem, term: Term) -> Problem:
    """A problem of a formula in the place of a value, where that stands in the text that was written."""
    span = None if problem.span is None else (problem.span[0] + term.start, problem.span[1] + term.start)
    return replace(problem, span=span).under(term.key)


def _clashes(
    inputs: Mapping[str, UncertainInput], drawn: Mapping[str, UncertainInput], formulas: Mapping[str, NamedFormula]
) -> Iterator[Problem]:
    for name, entry in inputs.items():
        if name in drawn or name in formulas:
            other = drawn[name].key if name in drawn else formulas[name].key
            reason = f"{name} is a quantity of the deal already, from [{other.partition('.')[0]}]"
            yield Problem(reason, key=entry.key, allowed="another name")


def _unknown(definition: Definition, known: set[str], formulas: Mapping[str, NamedFormula]) -> Iterator[Problem]:
    written = {name: f"model.{name}" for name in definition.model}
    terms = definition.terms.values if definition.terms is not None else {}
    written |= {term.name: term.key for term in terms.values() if term.formula}
    for name, key in written.items():
        formula = formulas.get(name)
        for used, spans in name_spans(formula.expression).items() if formula is not None else ():
            if used not in known:
                hint = names.suggest(used, sorted(known))
                problem = problem_at(formula.text, spans[0], f"nothing is called {used}", hint=hint)  # type: ignore[union-attr]
                yield placed(problem, terms[key]) if key in terms else problem.under(key)


def _outcomes(definition: Definition, formulas: Mapping[str, NamedFormula]) -> Iterator[Problem]:
    for output in definition.outputs:
        if output.name not in formulas:
            hint = names.suggest(output.name, formulas)
            allowed = names.list_names(formulas)
            yield Problem("is not an outcome of this deal", f"outputs.{output.name}", output.name, allowed, hint)


def check_shapes(definition: Definition, formulas: Mapping[str, NamedFormula]) -> None:
    """Check that formulas of the user fit the periods, and that targets belong to single values.

    Raises
    ------
    InvalidInput
        With all problems; keys are those of the scenario.
    """
    yearly = {name: formula.yearly for name, formula in formulas.items()}
    problems = []
    for formula in formulas.values():
        if formula.section == "model":
            found = shape_problems(formula.expression, formula.text, definition.grid, yearly)
            problems += [problem.under(formula.key) for problem in found]
    for output in definition.outputs:
        if output.targets and yearly.get(output.name):
            reason = f"a target needs a single value, and {output.name} has one for each period"
            hint = f"report sum({output.name}) or lowest({output.name}) under a name of its own"
            problems.append(Problem(reason, f"outputs.{output.name}", hint=hint))
    if problems:
        raise InvalidInput(problems)
