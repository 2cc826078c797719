"""Names of spreadsheet cells for the numbers of a result: one rule for the workbooks we write and those we fill.

A name is ``STRATEGY_OUTPUT_KEY``: ``licence_T_P50``, ``licence_T_mean_se``, ``licence_cash_flow_Y3_P50``.  The key is
that of the statistic (mean, sd, min, max, P5, prob_loss, var95_loss, ...), with ``_se`` for its standard error; what
belongs to a period has ``Y`` and the year before it.  Characters that a name may not have become ``_``.  A spreadsheet
does not tell upper from lower case: names that differ in nothing else are numbered, ``_2`` for the second.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from simengine.report.numbers import level
from simengine.report.statistics import (
    Statistic,
    reported_pairs,
    statistics_of,
    statistics_of_year,
    yearly_places,
)
from simengine.results.record import Record

LONGEST_NAME = 255
"""Characters that a name may have."""
_DIGEST = 8
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576
_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_ROW_COLUMN = re.compile(r"[Rr](\d+)?([Cc](\d+)?)?|[Cc](\d+)?")
_KEY = re.compile(
    r".+_(?:mean|sd|skewness|kurtosis|min|max|p[0-9][0-9.]*|prob_loss|prob_below_.+|c?var[0-9.]+_loss)(?:_se)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class NamedNumber:
    """A number of a result with the name of its cell.

    ``error`` says that it is the standard error of ``statistic``; ``year`` is None where it belongs to no period.
    """

    name: str
    strategy: str
    output: str
    statistic: Statistic
    error: bool
    year: float | None
    value: float


def named_numbers(record: Record) -> list[NamedNumber]:
    """Every statistic of every outcome and its standard error, named, in the order of reports."""
    found: list[NamedNumber] = []
    taken: set[str] = set()
    for strategy, output, year, entry in _entries(record):
        for error, value in ((False, entry.value), (True, entry.se)):
            if value is not None:
                wanted = cell_name(strategy, output, statistic_key(entry, error=error, year=year))
                name = _free(wanted, taken)
                taken.add(name.casefold())
                found.append(NamedNumber(name, strategy, output, entry, error, year, value))
    return found


def statistic_key(entry: Statistic, *, error: bool = False, year: float | None = None) -> str:
    """The last part of a name: ``P50``, ``mean_se``, ``Y3_P50``."""
    key = {"moment": "sd" if entry.key == "std" else entry.key, "percentile": f"P{entry.key[1:]}"}.get(
        entry.group, entry.key
    )
    return ("" if year is None else f"Y{level(year)}_") + key + ("_se" if error else "")


def cell_name(*parts: str) -> str:
    """A legal name of a cell made of ``parts``: letters and digits of any script, dots and underscores."""
    name = "".join(char if _allowed(char) else "_" for char in unicodedata.normalize("NFC", "_".join(parts)))
    if not name or not (name[0].isalpha() or name[0] == "_") or _is_reference(name):
        name = f"_{name}"
    if len(name) > LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
        name = f"{name[: LONGEST_NAME - _DIGEST - 1]}_{digest}"
    return name


def looks_like_ours(name: str) -> bool:
    """Whether a name ends as those of results do, so that it was probably meant to be filled."""
    return _KEY.fullmatch(name) is not None and name.count("_") >= 2


def _entries(record: Record) -> Iterator[tuple[str, str, float | None, Statistic]]:
    for s, o in reported_pairs(record):
        for entry in statistics_of(record, s, o):
            yield record.strategies[s], record.outputs[o], None, entry
    for s, o, years in yearly_places(record):
        for y in years:
            for entry in statistics_of_year(record, s, o, y):
                yield record.strategies[s], record.yearly_outputs[o], float(record["year"][y]), entry


def _free(name: str, taken: set[str]) -> str:
    """``name``, numbered where another number has it already."""
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        found = f"{name[: LONGEST_NAME - len(str(number)) - 1]}_{number}"
    return found


def _allowed(char: str) -> bool:
    return char in "_." or unicodedata.category(char)[0] == "L" or unicodedata.category(char) == "Nd"


def _is_reference(name: str) -> bool:
    """Whether a spreadsheet reads the name as a cell: ``T50``, ``R1C1``, and the letters R and C alone."""
    if _ROW_COLUMN.fullmatch(name):
        return True
    found = _CELL.fullmatch(name)
    if found is None:
        return False
    column = 0
    for letter in found[1].upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    return column <= _LAST_COLUMN and 1 <= int(found[2]) <= _LAST_ROW
