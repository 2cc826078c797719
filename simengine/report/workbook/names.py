"""Names of cells: what another workbook links to once, and finds again after every run.

A number is called ``STRATEGY_OUTCOME_STATISTIC``, one of a period ``STRATEGY_OUTCOME_Yyear_STATISTIC``, and its
standard error the same with ``_se``: ``licence_T_P50``, ``licence_T_P50_se``, ``licence_cash_flow_Y3_mean``.
Statistics are named as in files (``mean``, ``prob_loss``, ``cvar95_loss``), percentiles with a capital ``P``.

Excel allows fewer names than a scenario does.  The rule, which depends on nothing but the labels and their order:

1.  Of ``STRATEGY_OUTCOME``, composed (Unicode NFC), every character that is not a letter or a digit of the Basic
    Multilingual Plane, an underscore or a period becomes an underscore: ``licence-protected`` reads
    ``licence_protected``.  Chinese letters stay; emoji do not.
2.  What begins with a digit or a period, or reads as the address of a cell (``T1``, ``R1C1``, ``R``) or as a truth
    value, gets an underscore in front.
3.  What is longer than 180 characters keeps its first 171, an underscore, and the first 8 hexadecimal digits of the
    SHA-256 of the whole: no name is longer than the 255 characters that Excel allows.
4.  Excel does not tell capitals from small letters, nor forms of the same letter (Unicode NFKC).  Of labels that become
    equal the first keeps its name, and the others get ``_2``, ``_3``, … behind the outcome: ``a-b`` and ``a_b`` give
    ``a_b_T_P50`` and ``a_b_T_2_P50``.  A whole name that is taken already gets its number at the end.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simengine.report.numbers import level
from simengine.report.statistics import Statistic, reported_pairs, yearly_places
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

TABLES = ("Percentiles", "Statistics", "Compare", "Years", "Drivers", "Risks", "Measures", "Inputs", "Formulas",
          "Provenance")  # fmt: skip
"""Names of Excel tables, which share one space with names of cells."""
MOST_BY_YEAR = 5_000
"""Names of periods beyond which there are none: a list of names that nobody can look through helps nobody."""

_LONGEST_STEM = 180
_DIGITS_OF_DIGEST = 8
_ADDRESS = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*([Cc][0-9]*)?|[Cc][0-9]*|TRUE|FALSE", re.IGNORECASE)


def excel_name(text: str) -> str:
    """The legal name that stands for ``text``: rules 1 to 3; other texts may have the same."""
    composed = unicodedata.normalize("NFC", text)
    name = "".join(char if _is_allowed(char) else "_" for char in composed)
    if not name or name[0].isdigit() or name[0] == "." or _ADDRESS.fullmatch(name):
        name = f"_{name}"
    if len(name) > _LONGEST_STEM:
        digest = hashlib.sha256(composed.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS_OF_DIGEST]
        name = f"{name[: _LONGEST_STEM - _DIGITS_OF_DIGEST - 1]}_{digest}"
    return name


Cell = tuple[str, int, int]
"""Sheet, row and column, both counted from 0."""


class CellNames:
    """The names of the cells of one workbook, and where they stand."""

    def __init__(self, record: Record):
        self._record = record
        self._taken = {_folded(name) for name in TABLES}
        self._stems: dict[tuple[int, str], str] = {}
        self._cells: dict[str, Cell] = {}
        found: set[str] = set()
        pairs = [(s, record.outputs[o]) for s, o in reported_pairs(record)]
        pairs += [(s, record.yearly_outputs[o]) for s, o, _ in yearly_places(record)]
        for s, output in dict.fromkeys(pairs):
            stem = _free(excel_name(f"{record.strategies[s]}_{output}"), found)
            found.add(_folded(stem))
            self._stems[s, output] = stem
        per_year = 2 * (1 + record["quantile"].size)
        self.by_year = per_year * sum(len(years) for *_, years in yearly_places(record)) <= MOST_BY_YEAR

    def put(self, place: tuple[int, str], entry: Statistic, cell: Cell, *, year: float | None = None) -> str:
        """Name the cell of a number, and the next one where it has a standard error; returns the name.

        ``place``: the place of the strategy and the name of the outcome.  ``year`` is the end of the period.
        """
        period = "" if year is None else f"_Y{level(year)}"
        key = f"P{entry.key[1:]}" if entry.group == "percentile" else entry.key
        wanted = self._stems[place] + re.sub(r"[^\w.]", "_", f"{period}_{key}")
        ends = ("",) if entry.se is None else ("", "_se")
        name, k = wanted, 2
        while any(_folded(name + end) in self._taken for end in ends):
            name, k = f"{wanted}_{k}", k + 1
        sheet, row, column = cell
        for shift, end in enumerate(ends):
            self._taken.add(_folded(name + end))
            self._cells[name + end] = (sheet, row, column + shift)
        return name

    def put_cell(self, wanted: str, cell: Cell) -> str:
        """Name a cell that holds something else, such as one to type into."""
        name = _free(excel_name(wanted), self._taken)
        self._taken.add(_folded(name))
        self._cells[name] = cell
        return name

    def define(self, book: Workbook) -> None:
        """Write all names into the workbook."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        for name, (sheet, row, column) in self._cells.items():
            book.define_name(name, f"={sheet}!{xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)}")


def _free(name: str, taken: Iterable[str]) -> str:
    """``name``, or with the first number behind it that makes it a new one."""
    known, found, k = set(taken), name, 2
    while _folded(found) in known:
        found, k = f"{name}_{k}", k + 1
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _is_allowed(char: str) -> bool:
    return char in "_." or (ord(char) < 0x10000 and unicodedata.category(char)[0] == "L") or char in "0123456789"
