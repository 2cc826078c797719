"""Reading ``[model]``: formulas, the names that they use, formulas that need each other."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic_core import PydanticCustomError

from simengine.errors import InvalidInput, Problem
from simengine.formula import FUNCTIONS, Grid, Node, constant_problems, name_spans, names_in, parse
from simengine.formula.problems import problem_at
from simengine.formula.shapes import shape_problems, yearly_formulas
from simengine.scenario import names
from simengine.scenario.definition import LEAK_ALIAS, PLAIN_INPUTS, PLAIN_OUTCOME
from simengine.scenario.document import Document
from simengine.scenario.positions import Path
from simengine.scenario.quantities import Reader
from simengine.scenario.report import Report
from simengine.scenario.tables import FORMULA

MAX_TOGETHER = 100_000
"""Characters of all formulas of one strategy."""


@dataclass(frozen=True)
class Formulas:
    """The formulas of ``[model]`` as text and as trees."""

    texts: Mapping[str, str]
    trees: Mapping[str, Node]
    names: tuple[str, ...]
    """All names, those of formulas that could not be parsed among them."""


def read_formulas(document: Document, reader: Reader) -> Formulas:
    """The table ``[model]``; what cannot be parsed is reported and left out."""
    table = reader.table(document, "model")
    length = sum(len(text) for text in table.values() if isinstance(text, str))
    if length > MAX_TOGETHER:
        problem = Problem(f"the formulas have {length:,} characters together", allowed=f"at most {MAX_TOGETHER:,}")
        reader.report.add(problem, document, ("model",))
        reader.report.close()

    def formula(path: Path, raw: object) -> Node | None:
        try:
            return parse(FORMULA.read(raw))
        except PydanticCustomError as error:
            context = error.context or {}
            problem = Problem(context["reason"], allowed=context["allowed"], hint=_formula_hint(raw))
            reader.report.add(problem, document, path)
        except InvalidInput as error:
            reader.report.extend(error, document, path)
        return None

    trees: dict[str, Node] = reader.read_all(document, "model", formula)
    return Formulas({name: str(table[name]) for name in trees}, trees, tuple(table))


def _formula_hint(raw: object) -> str | None:
    return 'a number is given in [constants], or as a text: "1.5"' if isinstance(raw, int | float) else None


def check_formulas(
    document: Document,
    formulas: Formulas,
    known: Mapping[str, Path],
    constants: Mapping[str, float],
    grid: Grid,
    report: Report,
    yearly: Mapping[str, bool] = MappingProxyType({}),
    *,
    deal: bool = False,
) -> None:
    """Report unknown names, formulas that need each other, constants that are no number, what does not fit the periods.

    ``yearly`` says which of the known names that are no formulas of ``[model]`` have a value for each period.  In a
    deal over years names may also be those of formulas that its tables become; the deal looks them up.
    """
    shapes = {**yearly, **yearly_formulas(formulas.trees, yearly)}
    aliases = {LEAK_ALIAS[0]} if LEAK_ALIAS[1] in known else set()
    for name, tree in formulas.trees.items():
        for used, spans in name_spans(tree).items():
            if used not in known and used not in aliases and not deal:
                hint = _missing_plain_hint(used, known) or _function_hint(used) or names.suggest(used, known)
                allowed = None if hint else names.list_names(other for other in known if other != name)
                reason = f"nothing is called {used}"
                problem = problem_at(formulas.texts[name], spans[0], reason, hint=hint, allowed=allowed)
                report.add(problem, document, ("model", name))
        found = constant_problems(tree, formulas.texts[name], constants)
        unfit = [] if deal else shape_problems(tree, formulas.texts[name], grid, shapes)
        for problem in (*found, *unfit):
            report.add(problem, document, ("model", name))
    needs = {name: [used for used in names_in(tree) if used in formulas.trees] for name, tree in formulas.trees.items()}
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        circle = list(reversed(error.args[1]))
        shown = circle if len(circle) <= 12 else [*circle[:8], "...", *circle[-2:]]
        reason = f"formulas need each other: {' -> '.join(shown)}"
        report.add(Problem(reason, value=f'"{formulas.texts[circle[0]]}"'), document, ("model", circle[0]))


def _missing_plain_hint(name: str, known: Mapping[str, Path]) -> str | None:
    missing = [needed for needed in PLAIN_INPUTS if needed not in known]
    if name != PLAIN_OUTCOME or not missing:
        return None
    return f"T is the outcome of the plain model, and that needs {', '.join(missing)} in [inputs]"


def _function_hint(name: str) -> str | None:
    return f"{name} is a function: write {FUNCTIONS[name].usage}" if name in FUNCTIONS else None


def plain_is_needed(document: Document, formulas: Formulas) -> bool:
    """Whether the outcome T of the plain model is to be generated: no formula T, and something asks for T."""
    if PLAIN_OUTCOME in formulas.names:
        return False
    if not formulas.names:
        return True
    asked = document.data.get("outputs")
    if isinstance(asked, list | dict) and PLAIN_OUTCOME in asked:
        return True
    used = {name for tree in formulas.trees.values() for name in names_in(tree)}
    inputs = document.data.get("inputs")
    return PLAIN_OUTCOME in used and isinstance(inputs, dict) and all(name in inputs for name in PLAIN_INPUTS)
