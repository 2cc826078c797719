"""Results as CSV: tidy tables, one number a row, text that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv as _csv
import io
from collections.abc import Iterable, Sequence

from simengine.report.numbers import level, plain
from simengine.report.statistics import reported_pairs, statistics_of, statistics_of_year, yearly_places
from simengine.results.record import Record

PERCENTILE_COLUMNS = ("strategy", "output", "unit", "percentile", "value", "se")
SUMMARY_COLUMNS = ("strategy", "output", "unit", "statistic", "value", "se")
YEARS_COLUMNS = ("strategy", "output", "unit", "year", "statistic", "value", "se")
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def percentiles_csv(record: Record, *, bom: bool = False) -> bytes:
    """All percentiles: columns strategy, output, unit, percentile, value, se; UTF-8, with a BOM on request."""
    rows = [
        [*_labels(record, s, o), level(entry.level or 0.0), plain(entry.value), plain(entry.se or 0.0)]
        for s, o in reported_pairs(record)
        for entry in statistics_of(record, s, o)
        if entry.group == "percentile"
    ]
    return encode(PERCENTILE_COLUMNS, rows, bom=bom)


def summary_csv(record: Record, *, bom: bool = False) -> bytes:
    """All other statistics: columns strategy, output, unit, statistic, value, se.

    Probabilities and shape numbers have the unit 1; the column ``se`` is empty where no error is known.
    """
    rows = []
    for s, o in reported_pairs(record):
        strategy, output, unit = _labels(record, s, o)
        rows.append([strategy, output, "1", "trials", str(record.integer("trials")), ""])
        rows.append([strategy, output, "1", "faults", str(int(record["faults"][s, o])), ""])
        for entry in statistics_of(record, s, o):
            if entry.group != "percentile":
                own = "1" if entry.share or entry.group == "shape" else unit
                se = "" if entry.se is None else plain(entry.se)
                rows.append([strategy, output, own, entry.key, plain(entry.value), se])
    return encode(SUMMARY_COLUMNS, rows, bom=bom)


def years_csv(record: Record, *, bom: bool = False) -> bytes:
    """All statistics of outcomes by period: columns strategy, output, unit, year, statistic, value, se.

    ``year`` is the end of the period, 0 the signing.  Statistics are named as in the summary, percentiles ``p5``.
    """
    rows = []
    for s, o, years in yearly_places(record):
        labels = text_cell(record.strategies[s]), text_cell(record.yearly_outputs[o])
        unit = text_cell(str(record["yearly_unit"][o]))
        for y in years:
            year = level(float(record["year"][y]))
            rows.append([*labels, "1", year, "faults", str(int(record["yearly_faults"][s, o, y])), ""])
            for entry in statistics_of_year(record, s, o, y):
                se = "" if entry.se is None else plain(entry.se)
                rows.append([*labels, "1" if entry.share else unit, year, entry.key, plain(entry.value), se])
    return encode(YEARS_COLUMNS, rows, bom=bom)


def text_cell(text: str) -> str:
    """``text`` such that a spreadsheet shows it and never evaluates it: prefixed by ' where it could.

    Line breaks become spaces, so that a row is a line.
    """
    line = text.replace("\r", " ").replace("\n", " ")
    return f"'{line}" if text.startswith(_RISKY) else line


def _labels(record: Record, strategy: int, output: int) -> tuple[str, str, str]:
    unit = str(record["unit"][output])
    return text_cell(record.strategies[strategy]), text_cell(record.outputs[output]), text_cell(unit)


def encode(header: Sequence[str], rows: Iterable[Sequence[str]], *, bom: bool) -> bytes:
    """A table as CSV: a header and rows of text, in UTF-8, after a byte order mark on request."""
    text = io.StringIO(newline="")
    writer = _csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def rows_csv(header: Sequence[str], rows: Iterable[Sequence[str | float]], *, bom: bool = False) -> bytes:
    """Any tidy table as UTF-8 CSV; numbers with all their digits, texts that no spreadsheet evaluates."""
    cells = ([text_cell(cell) if isinstance(cell, str) else plain(cell) for cell in row] for row in rows)
    return encode(header, cells, bom=bom)
