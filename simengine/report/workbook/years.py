"""The sheet Years: every number of every outcome that is reported by period, one a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simengine.report.statistics import statistics_of_year, yearly_places
from simengine.report.workbook.grid import Cell, Number, Rows, TableColumn, table_sheet
from simengine.report.workbook.names import CellNames
from simengine.report.workbook.percentiles import NAME
from simengine.report.workbook.style import Formats, statistic_shapes
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

SHEET = "Years"
_VALUE = 5
"""The column of the values."""


def write_years(book: Workbook, record: Record, names: CellNames, formats: Formats) -> None:
    """The table of all statistics by period; nothing where no outcome is reported by period."""
    rows: Rows = []
    for s, o, years in yearly_places(record):
        for y in years:
            _add_year(rows, record, (s, o, y), names)
    columns = [
        *(TableColumn("Strategy", 30), TableColumn("Outcome", 24), TableColumn("Unit", 16)),
        *(TableColumn("Year", 10, True), TableColumn("Statistic", 22)),
        *(TableColumn("Value", 18, True), TableColumn("Standard error", 20, True), NAME),
    ]
    if rows:
        table_sheet(book, SHEET, columns, rows, formats, landscape=True, filtered=True)


def _add_year(rows: Rows, record: Record, place: tuple[int, int, int], names: CellNames) -> None:
    """Statistic, value and standard error of one period, and the name of the cell."""
    s, o, y = place
    output, year = record.yearly_outputs[o], float(record["year"][y])
    labels: list[Cell] = [record.strategies[s], output, str(record["yearly_unit"][o]), Number(year, "General")]
    faults = int(record["yearly_faults"][place])
    if faults:
        rows.append([*labels, "not finite, trials", Number(float(faults), "#,##0"), None, ""])
    entries = statistics_of_year(record, s, o, y)
    for entry in entries:
        value, error = statistic_shapes(entry if entry.se is not None else entries[0])
        name = names.put((s, output), entry, (SHEET, len(rows) + 1, _VALUE), year=year) if names.by_year else ""
        se = None if entry.se is None else Number(entry.se, error, error=True)
        rows.append([*labels, entry.label, Number(entry.value, value), se, name])
