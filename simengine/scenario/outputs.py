"""Reading ``[outputs]``: which outcomes are reported, in which unit, against which targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from simengine.distributions.values import show
from simengine.errors import Problem
from simengine.formula import names_in
from simengine.formula.shapes import yearly_formulas
from simengine.scenario import names
from simengine.scenario.definition import PLAIN_OUTCOME, OutputSpec
from simengine.scenario.document import Document
from simengine.scenario.formulas import Formulas
from simengine.scenario.positions import Path
from simengine.scenario.report import Report, validate
from simengine.scenario.schema import OutputTable

PENDING = "?"
"""The unit of an outcome of a deal over years, until its formula is known."""


def read_outputs(
    document: Document,
    formulas: Formulas,
    units: Mapping[str, str],
    report: Report,
    yearly: Mapping[str, bool] = MappingProxyType({}),
    *,
    deal: bool = False,
) -> tuple[OutputSpec, ...]:
    """What is reported; what is wrong is reported and left out.

    ``units`` maps each outcome that may be reported to the unit that it has unless its entry says another;
    ``yearly`` says which outcomes that are no formulas of ``[model]`` have a value for each period.  In a deal over
    years any name may be that of a formula that its tables become; none are asked for where [outputs] is missing.
    """
    shapes = {**yearly, **yearly_formulas(formulas.trees, yearly)}
    asked = document.data.get("outputs")
    if asked is None and deal:
        return ()
    if asked is None:
        return tuple(OutputSpec(name, units[name], "", (), "outputs") for name in _default(formulas, units))
    if not isinstance(asked, list | dict):
        allowed = "a list of names, or a table with an entry for each"
        report.add(Problem("is not a list", value=show(asked), allowed=allowed), document, ("outputs",))
        return ()
    outputs: dict[str, OutputSpec] = {}
    entries = list(_entries(asked))
    for path, name, raw in entries:
        if isinstance(name, str) and name in outputs:
            report.add(Problem("is named twice", value=show(name)), document, path)
        known = {**units, name: units.get(name, PENDING)} if deal and isinstance(name, str) else units
        output = _output(document, path, name, raw, known, report)
        if output is not None:
            outputs[output.name] = output
            _check_single(document, path, output, shapes, report)
    if all(raw is False for _, _, raw in entries):
        choices = f"at least one of {names.list_names(units)}" if units else None
        report.add(Problem("no outcome is asked for", allowed=choices), document, ("outputs",))
    return tuple(outputs.values())


def _check_single(
    document: Document, path: Path, output: OutputSpec, yearly: Mapping[str, bool], report: Report
) -> None:
    if output.targets and yearly.get(output.name):
        reason = f"a target needs a single value, and {output.name} has one for each period"
        hint = f"report a formula of its own against it, such as sum({output.name}) or lowest({output.name})"
        report.add(Problem(reason, hint=hint), document, path)


def _default(formulas: Formulas, units: Mapping[str, str]) -> list[str]:
    """T, unless there are other formulas and no T among them; then those that no other formula uses."""
    if PLAIN_OUTCOME in units and (PLAIN_OUTCOME in formulas.names or not formulas.names):
        return [PLAIN_OUTCOME]
    used = {name for tree in formulas.trees.values() for name in names_in(tree)}
    return [name for name in formulas.names if name not in used]


def _entries(asked: list[object] | dict[str, object]) -> Iterator[tuple[Path, object, object]]:
    if isinstance(asked, list):
        for index, name in enumerate(asked):
            yield ("outputs", index), name, True
    else:
        for name, raw in asked.items():
            yield ("outputs", name), name, raw


def _output(
    document: Document, path: Path, name: object, raw: object, units: Mapping[str, str], report: Report
) -> OutputSpec | None:
    if not isinstance(name, str) or name not in units:
        hint = names.suggest(name, units) if isinstance(name, str) else None
        problem = Problem("is not an outcome", value=show(name), allowed=names.list_names(units), hint=hint)
        report.add(problem, document, path, of_key=True)
        return None
    if raw is False:
        return None
    if raw is True:
        return OutputSpec(name, units[name], "", (), "outputs")
    if not isinstance(raw, dict):
        allowed = "true, false, or a table such as { target = 500 }"
        report.add(Problem("is neither true nor a table", value=show(raw), allowed=allowed), document, path)
        return None
    table = validate(OutputTable, raw, document, path, report)
    if table is None:
        return None
    if table.target is not None and table.targets is not None:
        report.add(Problem("both target and targets are given", allowed="one"), document, (*path, "targets"))
    targets = table.targets or (() if table.target is None else (table.target,))
    unit = units[name] if table.unit is None else table.unit
    return OutputSpec(name, unit, table.title, targets, f"outputs.{name}")
