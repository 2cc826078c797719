"""The names of the cells of one workbook: what another workbook links to once, and finds again after every run.

Which number has which name is the rule of :mod:`simengine.report.cell_names`; where it stands is known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simengine.report.cell_names import named_numbers
from simengine.report.statistics import Statistic
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

MOST_BY_YEAR = 10_000
"""Names of periods beyond which no cell has one: a list of names that nobody can look through helps nobody."""

Cell = tuple[str, int, int]
"""Sheet, row and column, both counted from 0."""
_Key = tuple[int, str, float | None, str, float | None]
"""Strategy, outcome, end of the period, key and level of the statistic."""


class CellNames:
    """The names of the cells of one workbook, and where they stand."""

    def __init__(self, record: Record):
        numbers = named_numbers(record)
        self._names: dict[_Key, str] = {
            _key(number.strategy, number.output, number.statistic, number.year): number.name
            for number in numbers
            if not number.error
        }
        self._cells: dict[str, Cell] = {}
        self.by_year = sum(number.year is not None for number in numbers) <= MOST_BY_YEAR

    def put(self, place: tuple[int, str], entry: Statistic, cell: Cell, *, year: float | None = None) -> str:
        """Name the cell of a number, and the next one where it has a standard error; returns the name.

        ``place``: the place of the strategy and the name of the outcome.  ``year`` is the end of the period.
        """
        name = self._names[_key(*place, entry, year)]
        sheet, row, column = cell
        for shift, end in enumerate(("",) if entry.se is None else ("", "_se")):
            self._cells[name + end] = (sheet, row, column + shift)
        return name

    def put_cell(self, name: str, cell: Cell) -> None:
        """Name a cell that holds something else, such as one to type into, by a name that ends as none of a number."""
        self._cells[name] = cell

    def define(self, book: Workbook) -> None:
        """Write all names into the workbook."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        for name, (sheet, row, column) in self._cells.items():
            book.define_name(name, f"={sheet}!{xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)}")


def _key(strategy: int, output: str, entry: Statistic, year: float | None) -> _Key:
    """What tells a number from all others; its value does not, which may be no number."""
    return strategy, output, year, entry.key, entry.level
