"""Results as CSV: tidy or wide tables, text that no spreadsheet takes for a formula.

How numbers look is a matter of the place where a file is opened, not of the table: every table is made of texts and
numbers, and a :class:`CsvStyle` writes them.
"""

from __future__ import annotations

import csv as _csv
import io
import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simengine.errors import Problem
from simengine.report.numbers import level, plain
from simengine.report.statistics import (
    Statistic,
    reported_pairs,
    statistics_of,
    statistics_of_year,
    yearly_places,
)
from simengine.report.text import TURNING
from simengine.results.record import Record

Cell = str | float | None
"""Text as it is to stand in the file, a number, or nothing."""

PERCENTILE_COLUMNS = ("strategy", "output", "unit", "percentile", "value", "se")
SUMMARY_COLUMNS = ("strategy", "output", "unit", "statistic", "value", "se")
YEARS_COLUMNS = ("strategy", "output", "unit", "year", "statistic", "value", "se")
WIDE_COLUMNS = ("strategy", "output", "unit", "trials", "faults")
WIDE_YEARS_COLUMNS = ("strategy", "output", "unit", "year", "faults")
_RISKY = ("=", "+", "-", "@")
_CONTROLS = "".join(map(chr, (*range(9), *range(10, 32), *range(127, 160))))
_HIDDEN = str.maketrans(dict.fromkeys(_CONTROLS + TURNING, "\N{REPLACEMENT CHARACTER}"))


@dataclass(frozen=True)
class CsvStyle:
    """How a CSV file is written: with a byte order mark or without, with a decimal point or a decimal comma.

    A decimal comma goes with semicolons between the cells, as spreadsheets save and expect it where numbers are
    written so.  Thousands are never separated.
    """

    bom: bool = False
    decimal_comma: bool = False

    @property
    def separator(self) -> str:
        """What stands between two cells."""
        return ";" if self.decimal_comma else ","

    @property
    def encoding(self) -> str:
        """UTF-8, after a byte order mark where one is wanted."""
        return "utf-8-sig" if self.bom else "utf-8"

    def number(self, value: float) -> str:
        """A number with the digits that identify it; empty for NaN."""
        text = plain(value)
        return text.replace(".", ",") if self.decimal_comma else text


PLAIN = CsvStyle()
"""What programs read: no byte order mark, commas between cells, a decimal point."""
FOR_CSV = "is a way to write CSV"
"""Why a decimal comma and a byte order mark are refused for other files."""


def style_problems(style: CsvStyle, suffix: str) -> list[Problem]:
    """What of a style says nothing about a file with this suffix."""
    given = {"bom": style.bom, "decimal_comma": style.decimal_comma}
    return [Problem(FOR_CSV, key, allowed=".csv") for key, there in given.items() if there and suffix != ".csv"]


def percentiles_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """All percentiles, one a row: columns strategy, output, unit, percentile, value, se."""
    rows: list[list[Cell]] = [
        [*_labels(record, s, o), _short(entry.level or 0.0), entry.value, entry.se or 0.0]
        for s, o in reported_pairs(record)
        for entry in statistics_of(record, s, o)
        if entry.group == "percentile"
    ]
    return encode(PERCENTILE_COLUMNS, rows, style)


def summary_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """All other statistics, one a row: columns strategy, output, unit, statistic, value, se.

    Probabilities and shape numbers have the unit 1; the column ``se`` is empty where no error is known.
    """
    rows: list[list[Cell]] = []
    for s, o in reported_pairs(record):
        strategy, output, unit = _labels(record, s, o)
        rows.append([strategy, output, "1", "trials", record.integer("trials"), None])
        rows.append([strategy, output, "1", "faults", int(record["faults"][s, o]), None])
        for entry in statistics_of(record, s, o):
            if entry.group != "percentile":
                rows.append([strategy, output, entry.unit_beside(unit), entry.key, entry.value, entry.se])
    return encode(SUMMARY_COLUMNS, rows, style)


def years_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """All statistics of outcomes by period, one a row: strategy, output, unit, year, statistic, value, se.

    ``year`` is the end of the period, 0 the signing.  Statistics are named as in the summary, percentiles ``p5``.
    """
    rows: list[list[Cell]] = []
    for s, o, years in yearly_places(record):
        strategy, output, unit = _yearly_labels(record, s, o)
        for y in years:
            year = _short(float(record["year"][y]))
            rows.append([strategy, output, "1", year, "faults", int(record["yearly_faults"][s, o, y]), None])
            for entry in statistics_of_year(record, s, o, y):
                rows.append([strategy, output, entry.unit_beside(unit), year, entry.key, entry.value, entry.se])
    return encode(YEARS_COLUMNS, rows, style)


def wide_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """One row an outcome and strategy, one column a statistic: mean, mean_se, std, std_se, ..., p5, p5_se, ...

    ``unit`` is that of the amounts; probabilities are shares of 1.  A statistic that an outcome does not have is empty.
    """
    labels: list[list[Cell]] = []
    listed = []
    for s, o in reported_pairs(record):
        labels.append([*_labels(record, s, o), record.integer("trials"), int(record["faults"][s, o])])
        listed.append(statistics_of(record, s, o))
    return encode(*_spread(WIDE_COLUMNS, labels, listed), style)


def wide_years_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """One row an outcome, strategy and period, one column a statistic."""
    labels: list[list[Cell]] = []
    listed = []
    for s, o, years in yearly_places(record):
        for y in years:
            year = _short(float(record["year"][y]))
            labels.append([*_yearly_labels(record, s, o), year, int(record["yearly_faults"][s, o, y])])
            listed.append(statistics_of_year(record, s, o, y))
    return encode(*_spread(WIDE_YEARS_COLUMNS, labels, listed), style)


def text_cell(text: str) -> str:
    """``text`` such that a spreadsheet shows it and never evaluates it: prefixed by ' where it could.

    It could where a formula begins, spaces or characters without a width before it included, also in full-width signs.
    Line breaks become spaces, so that a row is a line; control characters and signs that turn the direction of text
    are replaced, since they would show another text than there is.
    """
    line = text.replace("\r", " ").replace("\n", " ").translate(_HIDDEN)
    return f"'{line}" if _may_be_evaluated(text) else line


def encode(header: Sequence[str], rows: Iterable[Sequence[Cell]], style: CsvStyle = PLAIN) -> bytes:
    """A table as CSV: a header, and rows of cells whose texts are written as they are."""
    text = io.StringIO(newline="")
    writer = _csv.writer(text, lineterminator="\n", delimiter=style.separator)
    writer.writerow(header)
    writer.writerows([_written(cell, style) for cell in row] for row in rows)
    return text.getvalue().encode(style.encoding)


def rows_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], style: CsvStyle = PLAIN) -> bytes:
    """Any table as CSV; numbers with all their digits, texts that no spreadsheet evaluates."""
    return encode(header, ([text_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows), style)


def _may_be_evaluated(text: str) -> bool:
    """Whether a spreadsheet might read a formula: some skip what stands before it, and read ＝ as =."""
    if text.startswith(("\t", "\r")):
        return True
    shown = itertools.dropwhile(lambda char: char.isspace() or unicodedata.category(char) in ("Cc", "Cf"), text)
    return unicodedata.normalize("NFKC", next(shown, "")).startswith(_RISKY)


def _written(cell: Cell, style: CsvStyle) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return style.number(float(cell))


def _spread(
    header: Sequence[str], labels: Sequence[Sequence[Cell]], listed: Sequence[Sequence[Statistic]]
) -> tuple[list[str], list[list[Cell]]]:
    """Header and rows of a wide table: the statistics of every row under their keys, errors beside them."""
    columns: dict[str, None] = {}
    found: list[dict[str, Cell]] = []
    for entries in listed:
        row: dict[str, Cell] = {}
        for entry in entries:
            row[entry.key] = entry.value
            if entry.se is not None:
                row[f"{entry.key}_se"] = entry.se
        columns |= dict.fromkeys(row)
        found.append(row)
    rows = [[*own, *(row.get(key) for key in columns)] for own, row in zip(labels, found, strict=True)]
    return [*header, *columns], rows


def _short(value: float) -> float:
    """A level or a year with the digits it was written with."""
    return float(level(value))


def _labels(record: Record, strategy: int, output: int) -> tuple[str, str, str]:
    unit = str(record["unit"][output])
    return text_cell(record.strategies[strategy]), text_cell(record.outputs[output]), text_cell(unit)


def _yearly_labels(record: Record, strategy: int, output: int) -> tuple[str, str, str]:
    unit = str(record["yearly_unit"][output])
    return text_cell(record.strategies[strategy]), text_cell(record.yearly_outputs[output]), text_cell(unit)
