"""Names in a deal over years: those that its tables become are known only here, so they are looked up here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from simengine.deal.model import NamedFormula, UncertainInput
from simengine.errors import InvalidInput, Problem
from simengine.formula import name_spans, names_in
from simengine.formula.problems import problem_at
from simengine.formula.shapes import shape_problems
from simengine.scenario import names
from simengine.scenario.definition import Definition
from simengine.scenario.terms import Term


def check_names(
    definition: Definition,
    inputs: Mapping[str, UncertainInput],
    drawn: Mapping[str, UncertainInput],
    generated: Mapping[str, NamedFormula],
    formulas: Mapping[str, NamedFormula],
) -> None:
    """Check that every name means one thing, and that formulas and outcomes use names that mean something.

    Raises
    ------
    InvalidInput
        With all problems; keys are those of the scenario.
    """
    problems = [
        *_clashes(definition, inputs, drawn, generated, formulas),
        *_unknown(definition, {*inputs, *drawn, *formulas}, generated, formulas),
        *_outcomes(definition, formulas),
    ]
    if problems:
        raise InvalidInput(problems)


def placed(problem: Problem, term: Term) -> Problem:
    """A problem of a formula in the place of a value, where that stands in the text that was written."""
    span = None if problem.span is None else (problem.span[0] + term.start, problem.span[1] + term.start)
    return replace(problem, span=span).under(term.key)


def _clashes(
    definition: Definition,
    inputs: Mapping[str, UncertainInput],
    drawn: Mapping[str, UncertainInput],
    generated: Mapping[str, NamedFormula],
    formulas: Mapping[str, NamedFormula],
) -> Iterator[Problem]:
    """Names of the scenario that its tables give to something too; formulas of [model] may replace formulas."""
    for name, entry in inputs.items():
        if name in drawn or name in formulas:
            other = drawn[name].key if name in drawn else formulas[name].key
            yield Problem(f"{name} is a quantity of the deal already, from {other}", entry.key, allowed="another name")
    for name in definition.constants:
        if name in drawn or name in generated:
            other = drawn[name].key if name in drawn else generated[name].key
            key = f"{'decisions' if name in definition.decisions else 'constants'}.{name}"
            yield Problem(f"{name} is a quantity of the deal already, from {other}", key, allowed="another name")
    for name in definition.model:
        if name in drawn:
            hint = f'write {drawn[name].key} = "= {definition.model[name]}"'
            yield Problem(f"{name} is a value of the deal, not a formula", key=f"model.{name}", hint=hint)


def _unknown(
    definition: Definition,
    known: set[str],
    generated: Mapping[str, NamedFormula],
    formulas: Mapping[str, NamedFormula],
) -> Iterator[Problem]:
    written = {name: f"model.{name}" for name in definition.model}
    terms = definition.terms.values if definition.terms is not None else {}
    written |= {term.name: term.key for term in terms.values() if term.formula}
    written |= {name: formula.key for name, formula in generated.items() if formula.key.endswith(".proceed_if")}
    for name, key in written.items():
        formula = formulas.get(name)
        for used, spans in name_spans(formula.expression).items() if formula is not None else ():
            if used not in known:
                hint = names.suggest(used, sorted(known))
                own = (*definition.inputs, *definition.constants, *definition.model)  # before those of the tables
                others = [one for one in dict.fromkeys((*own, *sorted(known))) if one in known and one != name]
                allowed = None if hint else names.list_names(others)
                reason, text = f"nothing is called {used}", formula.text  # type: ignore[union-attr]
                problem = problem_at(text, spans[0], reason, hint=hint, allowed=allowed)
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


def check_single(definition: Definition, single: Collection[str], formulas: Mapping[str, NamedFormula]) -> None:
    """Check that no value differs between periods where one for all of them is needed.

    ``formulas`` stand in order and know whether they have a value for each period.

    Raises
    ------
    InvalidInput
        With all problems; keys are those of the scenario.
    """
    terms = definition.terms.values.values() if definition.terms is not None else ()
    written = {term.name: term.key for term in terms if term.tree is not None}
    problems: dict[str, Problem] = {}
    blamed: set[str] = set()
    for name, formula in formulas.items():
        used = names_in(formula.expression)
        if name not in single or not formula.yearly:
            continue
        if not blamed.isdisjoint(used):
            blamed.add(name)
            continue
        blamed.add(name)
        key = next((written[other] for other in used if other in written and formulas[other].yearly), formula.key)
        reason = f"differs between periods, and {name} needs one value for all of them"
        problems[key] = Problem(reason, key=key, hint="sum, highest, lowest and at make one value of many")
    if problems:
        raise InvalidInput(problems.values())
