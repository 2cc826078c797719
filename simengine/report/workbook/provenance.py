"""The sheet Provenance: where a result comes from, one fact a row, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from simengine.report.numbers import plain
from simengine.report.stopping import stopping_lines
from simengine.report.workbook.pages import sheet_setup
from simengine.report.workbook.studies import study_facts
from simengine.report.workbook.style import Formats, cell_text, row_height
from simengine.results.dossier import Dossier
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

SHEET = "Provenance"
_LABEL_WIDTH, _VALUE_WIDTH = 30.0, 76.0
_MOST_DIGITS = 1e15
"""Excel keeps 15 digits of a number; longer ones are written as text."""

_Fact = tuple[str, str | int | float, str]
"""Label, value, and the number format of a value that is a number."""

_LABELS: Mapping[str, str] = {
    "title": "",
    "scenario": "",
    "description": "",
    "money_unit": "unit of amounts",
    "scenario_file": "",
    "selected_strategies": "strategies asked for",
    "overrides": "values set for this run",
    "warnings": "warnings",
    "nonfinite": "outcomes that are not finite",
    "trials": "",
    "stopping": "standard error asked for",
    "seed": "",
    "sampler": "draws",
    "device": "",
    "precision": "",
    "passes": "passes over the trials",
    "worst_table_error": "largest error of a quantile table, in probability",
    "command": "",
    "created": "created (UTC)",
    "timings": "",
    "versions": "",
    "schema_version": "version of the result's layout",
    "stream_version": "version of the rule for draws",
    "plan_digest": "SHA-256 of the compiled scenario",
    "summary_digest": "SHA-256 of counts, sums, order statistics",
}
"""Attributes in the order of the sheet, with labels where the name does not say it."""

_HANDLING = {"error": "stop the run", "exclude": "are left out"}


def write_provenance(book: Workbook, dossier: Dossier, formats: Formats) -> None:
    """One row a fact, of the run and of what was computed beside it; lists are spread over rows of their own."""
    sheet = book.add_worksheet(SHEET)
    sheet_setup(sheet, [_LABEL_WIDTH, _VALUE_WIDTH], landscape=False)
    facts = [*_facts(dossier.record), *((label, value, "#,##0") for label, value in study_facts(dossier))]
    columns = [{"header": header, "header_format": formats.header} for header in ("Fact", "Value")]
    options = {"name": SHEET, "columns": columns, "style": "Table Style Light 1", "autofilter": False}
    sheet.add_table(0, 0, len(facts), 1, options)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for row, (label, value, shape) in enumerate(facts, 1):
        text = value if isinstance(value, str) else str(value)
        sheet.set_row(row, row_height([(label, _LABEL_WIDTH), (text, _VALUE_WIDTH)]))
        sheet.write_string(row, 0, cell_text(label), formats.wrapped)
        if isinstance(value, str) or abs(value) >= _MOST_DIGITS:
            sheet.write_string(row, 1, cell_text(text), formats.wrapped)
        else:
            sheet.write_number(row, 1, value, formats.fact(shape))


def in_words(value: object) -> str:
    """A value of a scenario without the signs of a data format: ``dist = pert, min = 3``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return plain(float(value)) if isinstance(value, float) else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_inner(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_inner(part) for part in value) or "none"
    return str(value)


def _inner(value: object) -> str:
    return f"({in_words(value)})" if isinstance(value, Mapping | list | tuple) else in_words(value)


def _facts(record: Record) -> Iterator[_Fact]:
    for name, label in _LABELS.items():
        label = label or name.replace("_", " ")
        if name == "selected_strategies":
            chosen = record.document(name)
            yield label, "all" if chosen is None else in_words(chosen), ""
        elif name == "overrides":
            values = record.document(name)
            yield from ((f"set: {path}", in_words(value), "") for path, value in values.items())
            if not values:
                yield label, "none", ""
        elif name == "warnings":
            found = record.document(name)
            yield from (("warning", in_words(warning), "") for warning in found)
            if not found:
                yield label, "none", ""
        elif name == "timings":
            yield from (
                (f"time: {stage}", float(seconds), '0.000" s"') for stage, seconds in record.document(name).items()
            )
        elif name == "versions":
            yield from ((f"version: {part}", in_words(version), "") for part, version in record.document(name).items())
        elif name == "stopping":
            yield from ((label, line, "") for line in stopping_lines(record, "±"))
        elif name == "nonfinite":
            yield label, _HANDLING.get(record.text(name), record.text(name)), ""
        else:
            value = record.attrs[name]
            grouped = "#,##0" if name == "trials" else "0"
            yield label, value, "0.0E+00" if isinstance(value, float) else grouped
    for source in record.document("sources"):
        yield f"file {source['name']}", f"SHA-256 {source['sha256']}", ""
