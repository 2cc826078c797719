"""The sheets Inputs and Formulas: what a result was computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simengine.report.workbook.grid import Number, Rows, TableColumn, table_sheet
from simengine.report.workbook.style import Formats, spread_shape
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook


def write_inputs(book: Workbook, record: Record, formats: Formats) -> None:
    """The uncertain inputs with their exact moments and percentiles."""
    everywhere = ", ".join(record.strategies)
    rows: Rows = []
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

    rows: Rows = [
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
