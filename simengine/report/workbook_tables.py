"""The sheets of a workbook that are tables: Percentiles, Inputs and Formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simengine.report.statistics import reported_pairs, statistics_of
from simengine.report.text import text_width
from simengine.report.workbook_style import (
    Formats,
    cell_text,
    row_height,
    sheet_setup,
    spread_shape,
    statistic_shapes,
    write_number,
)
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_NARROWEST = 8
_ONE_LINE = 20.0
"""Rows that are no higher hold one line."""


@dataclass(frozen=True)
class TableColumn:
    """A column: as wide as its texts, up to ``widest`` characters; numbers have a fixed width."""

    header: str
    widest: float = 12.0
    number: bool = False


@dataclass(frozen=True)
class Number:
    """A number with the format of its cell."""

    value: float
    shape: str
    error: bool = False


def write_percentiles(book: Workbook, record: Record, formats: Formats) -> None:
    """Every percentile of every outcome, each with the digits that its standard error allows."""
    rows: list[list[str | Number]] = []
    for s, o in reported_pairs(record):
        for entry in statistics_of(record, s, o):
            if entry.group == "percentile":
                value, error = statistic_shapes(entry)
                se = entry.se if entry.se is not None else 0.0
                numbers = [Number(entry.level or 0.0, "General"), Number(entry.value, value)]
                labels = [record.strategies[s], record.outputs[o], str(record["unit"][o])]
                rows.append([*labels, *numbers, Number(se, error, error=True)])
    columns = [
        *(TableColumn("Strategy", 34), TableColumn("Outcome", 24), TableColumn("Unit", 18)),
        *(TableColumn("Percentile", 15, True), TableColumn("Value", 18, True), TableColumn("Standard error", 20, True)),
    ]
    table_sheet(book, "Percentiles", columns, rows, formats, landscape=False, filtered=True)


def write_inputs(book: Workbook, record: Record, formats: Formats) -> None:
    """The uncertain inputs with their exact moments and percentiles."""
    everywhere = ", ".join(record.strategies)
    rows: list[list[str | Number]] = []
    for k in range(record["input_name"].size):
        strategies = str(record["input_strategies"][k])
        named = {name: str(record[f"input_{name}"][k]) for name in ("name", "title", "description", "unit", "source")}
        named["strategies"] = "all" if strategies == everywhere else strategies
        spread = float(record["input_sd"][k])
        values = [float(record[f"input_{name}"][k]) for name in ("mean", "sd", "p5", "p50", "p95")]
        rows.append(
            [
                *[named[name] for name in ("name", "title", "strategies", "description", "unit")],
                *[Number(value, spread_shape(value, spread)) for value in values],
                named["source"],
            ]
        )
    columns = [
        *(
            TableColumn("Input", 20),
            TableColumn("Title", 26),
            TableColumn("Strategies", 18),
            TableColumn("Distribution", 26),
        ),
        TableColumn("Unit", 10),
        *(TableColumn("Mean", 9, True), TableColumn("Std dev", 9, True)),
        *(TableColumn("P5", 9, True), TableColumn("P50", 9, True), TableColumn("P95", 9, True)),
        TableColumn("Source", 46),
    ]
    table_sheet(book, "Inputs", columns, rows, formats, landscape=True)


def write_formulas(book: Workbook, record: Record, formats: Formats) -> None:
    """The formulas, and how inputs depend on each other; no sheet where there is neither."""
    everywhere = ", ".join(record.strategies)

    def named(strategies: object) -> str:
        return "all" if str(strategies) == everywhere else str(strategies)

    rows: list[list[str | Number]] = [
        [
            *[str(record[f"formula_{column}"][k]) for column in ("name", "text", "unit")],
            named(record["formula_strategies"][k]),
            str(record["formula_title"][k]),
        ]
        for k in range(record["formula_name"].size)
    ]
    rows += [
        ["dependence", str(record["dependence_text"][k]), "", named(record["dependence_strategies"][k]), ""]
        for k in range(record["dependence_text"].size)
    ]
    columns = [TableColumn("Name", 22), TableColumn("Formula", 68), TableColumn("Unit", 14)]
    if rows:
        columns += [TableColumn("Strategies", 24), TableColumn("Title", 28)]
        table_sheet(book, "Formulas", columns, rows, formats, landscape=True)


def table_sheet(
    book: Workbook,
    name: str,
    columns: Sequence[TableColumn],
    rows: Sequence[Sequence[str | Number]],
    formats: Formats,
    *,
    landscape: bool,
    filtered: bool = False,
) -> Worksheet:
    """A sheet with an Excel table: the header frozen and printed on every page, rows as high as their texts."""
    sheet = book.add_worksheet(name)
    widths = [_width(column, [row[k] for row in rows]) for k, column in enumerate(columns)]
    sheet_setup(sheet, widths, landscape=landscape)
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 18.0)
    for place, row in enumerate(rows, 1):
        texts = [(cell, width) for cell, width in zip(row, widths, strict=True) if isinstance(cell, str)]
        height = row_height(texts)
        sheet.set_row(place, height)
        top = height > _ONE_LINE
        for k, cell in enumerate(row):
            if isinstance(cell, str):
                looks = formats.wrapped if top else formats.text
                looks = formats.indented if k and columns[k - 1].number else looks
                sheet.write_string(place, k, cell_text(cell), looks)
            else:
                looks = formats.error(cell.shape) if cell.error else formats.number(cell.shape, top=top)
                write_number(sheet, place, k, cell.value, looks)
    options = {
        "name": name,
        "columns": [
            {"header": column.header, "header_format": _header_format(columns, k, formats, filtered)}
            for k, column in enumerate(columns)
        ],
        "style": "Table Style Light 1",
        "autofilter": filtered,
    }
    sheet.add_table(0, 0, max(len(rows), 1), len(columns) - 1, options)
    sheet.repeat_rows(0)
    return sheet


def _width(column: TableColumn, cells: Sequence[str | Number]) -> float:
    if column.number:
        return column.widest
    longest = max((text_width(cell[:200]) for cell in cells if isinstance(cell, str)), default=0)
    return min(max(longest + 2, text_width(column.header) + 4, _NARROWEST), column.widest)


def _header_format(columns: Sequence[TableColumn], k: int, formats: Formats, filtered: bool) -> Any:
    """Headers stand over their cells; one with a filter leaves room for its button."""
    if columns[k].number:
        return formats.header_filter if filtered else formats.header_right
    return formats.header_indented if k and columns[k - 1].number else formats.header
