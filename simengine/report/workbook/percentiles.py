"""The sheets Percentiles and Statistics: every number of every outcome, one a row, with its error and its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simengine.report.statistics import Statistic, reported_pairs, statistics_of
from simengine.report.workbook.grid import Cell, Number, Rows, TableColumn, table_sheet
from simengine.report.workbook.names import CellNames
from simengine.report.workbook.style import Formats, statistic_shapes
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

_LABELS = (TableColumn("Strategy", 34), TableColumn("Outcome", 24), TableColumn("Unit", 18))
_NUMBERS = (TableColumn("Value", 18, True), TableColumn("Standard error", 20, True))
NAME = TableColumn("Name of the cell", 44)


def write_percentiles(book: Workbook, record: Record, names: CellNames, formats: Formats) -> None:
    """Every percentile of every outcome, each with the digits that its standard error allows."""
    rows: Rows = []
    for s, o in reported_pairs(record):
        for entry in statistics_of(record, s, o):
            if entry.group == "percentile":
                labels: list[Cell] = [record.strategies[s], record.outputs[o], str(record["unit"][o])]
                name = names.put((s, record.outputs[o]), entry, ("Percentiles", len(rows) + 1, 4))
                rows.append([*labels, Number(entry.level or 0.0, "General"), *estimate_cells(entry), name])
    columns = [*_LABELS, TableColumn("Percentile", 15, True), *_NUMBERS, NAME]
    table_sheet(book, "Percentiles", columns, rows, formats, landscape=True, filtered=True)


def write_statistics(book: Workbook, record: Record, names: CellNames, formats: Formats) -> None:
    """Everything else that is reported of every outcome: moments, range, shape, probabilities, tail."""
    rows: Rows = []
    for s, o in reported_pairs(record):
        for entry in statistics_of(record, s, o):
            if entry.group != "percentile":
                unit = entry.unit_beside(str(record["unit"][o]))
                labels: list[Cell] = [record.strategies[s], record.outputs[o], unit, entry.label]
                name = names.put((s, record.outputs[o]), entry, ("Statistics", len(rows) + 1, 4))
                rows.append([*labels, *estimate_cells(entry), name])
    columns = [*_LABELS, TableColumn("Statistic", 30), *_NUMBERS, NAME]
    table_sheet(book, "Statistics", columns, rows, formats, landscape=True, filtered=True)


def estimate_cells(entry: Statistic) -> list[Cell]:
    """A value and its standard error, empty where none belongs to it."""
    value, error = statistic_shapes(entry)
    return [Number(entry.value, value), None if entry.se is None else Number(entry.se, error, error=True)]
