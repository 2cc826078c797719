"""Results as an Excel workbook: a summary a manager can read, and everything behind it.

Numbers are written as numbers and texts as texts: nothing that a scenario says can become a formula or a link.
The same result gives the same bytes.
"""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simengine.report.statistics import Statistic, reported_pairs, statistics_of
from simengine.report.text import text_width
from simengine.report.workbook_style import Formats, amount_format, cell_text, sheet_setup
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "use_future_functions": True,
    "remove_timezone": True,
}
_FIXED_DATE = datetime.datetime(2020, 1, 1)
_LINES_OF_SCENARIO = 20_000

_LONG = frozenset({"scenario_text", "resolved_text", "sources"})
"""Attributes that are no line: the scenario has a sheet of its own."""
_SUMMARY_LABELS = {"std": "Standard deviation", "mean": "Mean", "min": "Smallest", "max": "Largest"}


def workbook_bytes(record: Record) -> bytes:
    """The workbook: sheets Summary, Percentiles, Inputs, Formulas, Provenance and Scenario."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties({"title": cell_text(_title(record)), "created": _FIXED_DATE})
        formats = Formats(book)
        _summary(book, record, formats)
        _percentiles(book, record, formats)
        _inputs(book, record, formats)
        _formulas(book, record, formats)
        _provenance(book, record, formats)
        _scenario(book, record, formats)
    return buffer.getvalue()


def _summary(book: Workbook, record: Record, formats: Formats) -> None:
    """One block an outcome: statistics in rows; each strategy has a column and its standard error beside it."""
    sheet = book.add_worksheet("Summary")
    columns = 1 + 2 * len(record.strategies)
    widths = [width for name in record.strategies for width in (max(14, text_width(name) + 2), 11)]
    sheet_setup(sheet, [26, *widths], landscape=columns > 5)
    sheet.write_string(0, 0, cell_text(_title(record)), formats.title)
    run = f"{record.integer('trials'):,} trials, seed {record.integer('seed')}, {record.text('sampler')} draws"
    sheet.write_string(1, 0, run, formats.note)
    row = 3
    for output in range(len(record.outputs)):
        row = _summary_block(book, sheet, record, output, row, formats) + 2
    for line in (
        "± is one standard error of the simulation: with more trials it becomes smaller.",
        "VaR and CVaR are losses: positive when money is lost. CVaR is the mean of the worst outcomes.",
        "Percentiles of different outcomes or strategies do not add up; differences of strategies share their draws.",
    ):
        sheet.write_string(row, 0, line, formats.note)
        row += 1


def _summary_block(book: Workbook, sheet: Worksheet, record: Record, output: int, row: int, formats: Formats) -> int:
    strategies = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    name, title, unit = record.outputs[output], record["output_title"][output], record["unit"][output]
    heading = f"{name}: {title}" if title else name
    sheet.write_string(row, 0, cell_text(f"{heading} [{unit}]" if unit else heading), formats.heading)
    head = row + 1
    sheet.write_string(head, 0, "", formats.header)
    rows: dict[str, tuple[str, dict[int, Statistic]]] = {}
    for k, s in enumerate(strategies):
        sheet.write_string(head, 1 + 2 * k, cell_text(record.strategies[s]), formats.header_right)
        sheet.write_string(head, 2 + 2 * k, "±", formats.header_right)
        for entry in statistics_of(record, s, output):
            if entry.group != "shape":
                label = _SUMMARY_LABELS.get(entry.key, entry.label)
                rows.setdefault(entry.key, (label, {}))[1][k] = entry
    place = head + 1
    for place, (label, entries) in enumerate(rows.values(), head + 1):
        sheet.write_string(place, 0, cell_text(label), formats.text)
        for k, entry in entries.items():
            number = formats.number("0.0000%" if entry.share else amount_format(_scale(record, output)))
            error = formats.error("0.0000%" if entry.share else amount_format(entry.se or 0.0))
            _number(sheet, place, 1 + 2 * k, entry.value, number)
            _number(sheet, place, 2 + 2 * k, entry.se, error)
    return _chart(book, sheet, record, output, strategies, head, list(rows), place + 2)


def _chart(
    book: Workbook,
    sheet: Worksheet,
    record: Record,
    output: int,
    strategies: Sequence[int],
    head: int,
    keys: Sequence[str],
    row: int,
) -> int:
    """Percentiles of all strategies side by side, as a native chart; returns the row below it."""
    levels = [key for key in keys if key.startswith("p") and key[1:2].isdigit()]
    if len(levels) < 2:
        return row
    first, last = head + 1 + keys.index(levels[0]), head + 1 + keys.index(levels[-1])
    chart = book.add_chart({"type": "line"})
    for k in range(len(strategies)):
        chart.add_series(
            {
                "name": ["Summary", head, 1 + 2 * k],
                "categories": ["Summary", first, 0, last, 0],
                "values": ["Summary", first, 1 + 2 * k, last, 1 + 2 * k],
                "marker": {"type": "automatic"},
            }
        )
    unit = str(record["unit"][output])
    chart.set_title({"name": cell_text(f"Percentiles of {record.outputs[output]}"), "overlay": False})
    chart.set_x_axis({"name": "percentile"})
    chart.set_y_axis({"name": cell_text(unit) or None, "num_format": amount_format(_scale(record, output))})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 640, "height": 320})
    sheet.insert_chart(row, 0, chart, {"description": f"Percentiles of {record.outputs[output]} by strategy"})
    return row + 17


def _percentiles(book: Workbook, record: Record, formats: Formats) -> None:
    rows: list[list[Any]] = []
    for s, o in reported_pairs(record):
        labels = [record.strategies[s], record.outputs[o], str(record["unit"][o])]
        rows += [
            [*labels, entry.level, entry.value, entry.se]
            for entry in statistics_of(record, s, o)
            if entry.group == "percentile"
        ]
    amounts = amount_format(max((abs(row[4]) for row in rows if math.isfinite(row[4])), default=0.0))
    headers = {"Strategy": "", "Outcome": "", "Unit": "", "Percentile": "General", "Value": amounts}
    errors = amount_format(max((row[5] for row in rows if math.isfinite(row[5])), default=0.0))
    _table(book, "Percentiles", {**headers, "Standard error": errors}, rows, formats)


def _inputs(book: Workbook, record: Record, formats: Formats) -> None:
    texts = ("name", "title", "strategies", "description", "unit")
    numbers = ("mean", "sd", "p5", "p50", "p95", "table_error")
    headers = {"Input": "", "Title": "", "Strategies": "", "Distribution": "", "Unit": ""}
    headers |= {"Mean": "#,##0.0###", "Standard deviation": "#,##0.0###", "P5": "#,##0.0###"}
    headers |= {"P50": "#,##0.0###", "P95": "#,##0.0###", "Table error": "0.0E+00"}
    headers |= {"Source": "", "Place in the scenario": ""}
    rows = [
        [
            *[str(record[f"input_{name}"][k]) for name in texts],
            *[float(record[f"input_{name}"][k]) for name in numbers],
            str(record["input_source"][k]),
            str(record["input_key"][k]),
        ]
        for k in range(record["input_name"].size)
    ]
    _table(book, "Inputs", headers, rows, formats)


def _formulas(book: Workbook, record: Record, formats: Formats) -> None:
    rows = [
        [str(record[f"formula_{column}"][k]) for column in ("name", "text", "unit", "strategies", "title")]
        for k in range(record["formula_name"].size)
    ]
    rows += [
        ["dependence", str(record["dependence_text"][k]), "", str(record["dependence_strategies"][k]), ""]
        for k in range(record["dependence_text"].size)
    ]
    headers = dict.fromkeys(("Name", "Formula", "Unit", "Strategies", "Title"), "")
    _table(book, "Formulas", headers, rows, formats)


def _provenance(book: Workbook, record: Record, formats: Formats) -> None:
    from simengine.results.variables import ATTRIBUTES

    sheet = book.add_worksheet("Provenance")
    sheet_setup(sheet, [24, 90], landscape=False)
    sheet.write_row(0, 0, ["Fact", "Value"], formats.header)
    sheet.freeze_panes(1, 0)
    facts = [(name, record.attrs[name]) for name in ATTRIBUTES if name not in _LONG]
    files = [(f"file {source['name']}", f"SHA-256 {source['sha256']}") for source in record.document("sources")]
    for row, (name, value) in enumerate([*facts, *files], 1):
        sheet.write_string(row, 0, cell_text(name), formats.text)
        if isinstance(value, str) or abs(value) >= 1e15:  # Excel keeps 15 digits of a number
            sheet.write_string(row, 1, cell_text(str(value)), formats.wrapped)
        else:
            sheet.write_number(row, 1, value, formats.left)


def _scenario(book: Workbook, record: Record, formats: Formats) -> None:
    sheet = book.add_worksheet("Scenario")
    sheet_setup(sheet, [120], landscape=True)
    for row, line in enumerate(record.text("scenario_text").splitlines()[:_LINES_OF_SCENARIO]):
        sheet.write_string(row, 0, cell_text(line.expandtabs(4)), formats.code)


def _table(
    book: Workbook, name: str, headers: Mapping[str, str], rows: Sequence[Sequence[Any]], formats: Formats
) -> None:
    """A sheet with an Excel table: ``headers`` maps titles to number formats, empty for texts."""
    sheet = book.add_worksheet(name)
    columns = list(headers)
    widths = [
        min(max([text_width(title) + 3] + [text_width(str(row[k])) + 1 for row in rows if headers[title] == ""]), 60)
        for k, title in enumerate(columns)
    ]
    sheet_setup(sheet, [max(width, 12) for width in widths], landscape=True)
    sheet.freeze_panes(1, 1)
    for place, row in enumerate(rows, 1):
        for k, value in enumerate(row):
            shape = headers[columns[k]]
            if shape:
                _number(sheet, place, k, value, formats.number(shape))
            else:
                sheet.write_string(place, k, cell_text(str(value)), formats.wrapped)
    options = {
        "name": name,
        "columns": [{"header": title, "header_format": formats.header} for title in columns],
        "style": "Table Style Light 1",
    }
    sheet.add_table(0, 0, max(len(rows), 1), len(columns) - 1, options)
    sheet.repeat_rows(0)


def _number(sheet: Worksheet, row: int, column: int, value: float | None, shape: Any) -> None:
    if value is None:
        return
    if math.isfinite(value):
        sheet.write_number(row, column, value, shape)
    else:
        sheet.write_string(row, column, "n/a", shape)


def _scale(record: Record, output: int) -> float:
    """A typical size of an outcome, which decides how many decimals are shown."""
    sizes = [abs(float(value)) for value in record["mean"][:, output] if math.isfinite(value)]
    return max(sizes, default=0.0)


def _title(record: Record) -> str:
    return record.text("title") or record.text("scenario")
