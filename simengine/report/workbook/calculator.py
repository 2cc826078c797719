"""The sheet Calculator: live formulas for what a reader types, a percentage or a target.

Both interpolate between the points of the cumulative curve on the sheet Curves: the edges of the histogram and the
percentiles, at each of which the share of the trials is known.  So the true number of these trials lies between the
two points around it, and the sheet shows both beside every answer.  The answers are written into the file as well, as
office programs would compute them: whoever opens it without recalculating reads the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simengine.report.cell_names import distinct_names
from simengine.report.numbers import significant
from simengine.report.workbook.curves import SHEET as CURVES
from simengine.report.workbook.curves import OutcomeCurves, outcome_label
from simengine.report.workbook.names import CellNames
from simengine.report.workbook.pages import sheet_setup
from simengine.report.workbook.style import Formats, cell_text, one_line, row_height, spread_shape, with_unit
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

Array = NDArray[np.float64]

SHEET = "Calculator"
_HEADING = 100
"""Characters of a heading, which is larger than the text below it."""
_SHARE = 0.1
"""The probability that stands in the sheet before anybody types another one."""
_WIDTHS = (34.0, 18.0, 18.0, 18.0, 3.0, 18.0, 18.0, 18.0, 3.0, 8.0, 8.0)
_NOTES = (
    "Type into the yellow cells: a probability from 0 % to 100 %, and a target.",
    "The answers interpolate along the curve of each strategy on the sheet Curves. The number of these trials lies "
    "between the two beside each answer: so far may the interpolation be off, besides the error of the simulation.",
)
_ASK_SHARE, _ASK_TARGET = "type a number from 0 % to 100 %", "type a number"


@dataclass(frozen=True)
class Answer:
    """The point of a curve before which something lies (counted from 1), the interpolated number, and its bounds."""

    place: int
    value: float
    low: float
    high: float


def value_at(share: float, values: Array, shares: Array) -> Answer:
    """The value that lies at a ``share`` of the trials, along a curve that rises from 0 to 1; at these its ends."""
    k = int(min(np.count_nonzero(shares <= share), np.count_nonzero(shares < 1.0)))
    low, high, before, after = (float(x) for x in (values[k - 1], values[k], shares[k - 1], shares[k]))
    return Answer(k, low + (high - low) * (share - before) / (after - before), low, high)


def share_above(target: float, values: Array, shares: Array) -> Answer:
    """The share of the trials that lie above ``target``."""
    k = int(np.count_nonzero(values <= target))
    if k in (0, values.size):
        outside = 1.0 if k == 0 else 0.0
        return Answer(k, outside, outside, outside)
    low, high, before, after = (float(x) for x in (values[k - 1], values[k], shares[k - 1], shares[k]))
    below = before + (after - before) * (target - low) / (high - low)
    return Answer(k, 1.0 - below, 1.0 - after, 1.0 - before)


def write_calculator(
    book: Workbook, record: Record, curves: Sequence[OutcomeCurves], names: CellNames, formats: Formats
) -> None:
    """A block for each outcome that has curves: two cells to type into, and a row of answers for each strategy."""
    if not curves:
        return
    sheet = book.add_worksheet(SHEET)
    sheet_setup(sheet, _WIDTHS, landscape=True)
    sheet.set_row(0, 24.0)
    sheet.write_string(0, 0, "What if?", formats.title)
    for row, note in enumerate(_NOTES, 1):
        sheet.merge_range(row, 0, row, 7, "", formats.sentence)
        sheet.set_row(row, row_height([(note, sum(_WIDTHS[:8]))]))
        sheet.write_string(row, 0, note, formats.sentence)
    sheet.freeze_panes(len(_NOTES) + 1, 1)
    row = len(_NOTES) + 2
    asked = distinct_names([("ask", record.outputs[one.output]) for one in curves])
    for one, name in zip(curves, asked, strict=True):
        _Block(sheet, record, one, formats, row).write(names, name)
        row += 5 + len(one.strategies)


def _formulas_of_value(x: str, p: str, typed: str, k: str) -> tuple[str, str, str, str]:
    """Formulas as :func:`value_at`: the point (which stands in the cell ``k``), the value, and its bounds.

    The point is counted and not looked up: MATCH leaves open which of equal entries it finds.
    """
    found = f"MIN(SUMPRODUCT(--({p}<={typed})),SUMPRODUCT(--({p}<1)))"
    point = f"IF(AND(ISNUMBER({typed}),{typed}>=0,{typed}<=1),{found},0)"
    before, after, low, high = f"INDEX({p},{k})", f"INDEX({p},{k}+1)", f"INDEX({x},{k})", f"INDEX({x},{k}+1)"
    value = f"{low}+({high}-{low})*({typed}-{before})/({after}-{before})"
    return point, f'IF({k}=0,"{_ASK_SHARE}",{value})', f'IF({k}=0,"",{low})', f'IF({k}=0,"",{high})'


def _formulas_of_share(x: str, p: str, typed: str, k: str, size: int) -> tuple[str, str, str, str]:
    """Formulas as :func:`share_above`: the point, the share, and its bounds; ``size`` is the number of points."""
    point = f"IF(ISNUMBER({typed}),SUMPRODUCT(--({x}<={typed})),-1)"
    before, after, low, high = f"INDEX({p},{k})", f"INDEX({p},{k}+1)", f"INDEX({x},{k})", f"INDEX({x},{k}+1)"
    share = f"1-({before}+({after}-{before})*({typed}-{low})/({high}-{low}))"

    def whole(formula: str, wrong: str) -> str:
        return f'IF({k}<0,"{wrong}",IF({k}=0,1,IF({k}={size},0,{formula})))'

    return point, whole(share, _ASK_TARGET), whole(f"1-{after}", ""), whole(f"1-{before}", "")


@dataclass(frozen=True)
class _Block:
    """The cells of one outcome, from the row of its heading on."""

    sheet: Worksheet
    record: Record
    curves: OutcomeCurves
    formats: Formats
    row: int

    def write(self, names: CellNames, ask: str) -> None:
        sheet, formats = self.sheet, self.formats
        target = self._first_target()
        shape = with_unit(self._shape(), str(self.record["unit"][self.curves.output]))
        sheet.set_row(self.row, 20.0)
        sheet.write_string(
            self.row, 0, one_line(outcome_label(self.record, self.curves.output), _HEADING), formats.heading
        )
        asked = self.row + 1
        sheet.write_string(asked, 0, "probability, target", formats.text)
        sheet.write_number(asked, 1, _SHARE, formats.typed("0.0###%"))
        sheet.write_number(asked, 5, target, formats.typed(shape))
        names.put_cell(f"{ask}_probability", (SHEET, asked, 1))
        names.put_cell(f"{ask}_target", (SHEET, asked, 5))
        self._validate(asked)
        heads = ["strategy", "value at that probability", "at least", "at most", "", "probability of more than that"]
        heads += ["at least", "at most", "", "point", "point"]
        sheet.set_row(asked + 1, row_height((text, 18.0) for text in heads))
        for column, text in enumerate(heads):
            sheet.write_string(asked + 1, column, text, formats.header_right if column else formats.header)
        for k, strategy in enumerate(self.curves.strategies):
            sheet.write_string(asked + 2 + k, 0, cell_text(self.record.strategies[strategy]), formats.text)
            self._answers(k, asked + 2 + k, asked, target, shape)

    def _answers(self, k: int, row: int, asked: int, target: float, shape: str) -> None:
        """Formulas of one strategy, each with its result: points in columns J and K, answers in B to D and F to H."""
        values, shares = self.curves.cumulative[k]
        at, above = value_at(_SHARE, values, shares), share_above(target, values, shares)
        numbers, percent, point = self.formats.number(shape), self.formats.number("0.00%"), self.formats.error("0")
        ranges = self._range(k, 0), self._range(k, 1)
        found, *formulas = _formulas_of_value(*ranges, f"$B${asked + 1}", f"$J{row + 1}")
        self._write(row, 9, found, point, at.place)
        for column, formula, value in zip((1, 2, 3), formulas, (at.value, at.low, at.high), strict=True):
            self._write(row, column, formula, numbers, value)
        found, *formulas = _formulas_of_share(*ranges, f"$F${asked + 1}", f"$K{row + 1}", values.size)
        self._write(row, 10, found, point, above.place)
        for column, formula, value in zip((5, 6, 7), formulas, (above.value, above.low, above.high), strict=True):
            self._write(row, column, formula, percent, value)

    def _write(self, row: int, column: int, formula: str, looks: Any, value: float) -> None:
        self.sheet.write_formula(row, column, f"={formula}", looks, value)

    def _range(self, k: int, column: int) -> str:
        """Cells of the curve of the ``k``-th strategy: its values, or the shares of trials up to each."""
        from xlsxwriter.utility import xl_range_abs

        place = self.curves.value_column(k) + column
        last = self.curves.first + self.curves.cumulative[k][0].size - 1
        return f"{CURVES}!{xl_range_abs(self.curves.first, place, last, place)}"

    def _validate(self, asked: int) -> None:
        whole = {"error_type": "stop", "error_title": "simengine"}
        share = {"validate": "decimal", "criteria": "between", "minimum": 0.0, "maximum": 1.0}
        help_ = {"input_title": "Probability", "input_message": "of an outcome this low or lower, such as 10 %"}
        sheet = self.sheet
        sheet.data_validation(asked, 1, asked, 1, {**share, **whole, **help_, "error_message": _ASK_SHARE})
        number = {"validate": "decimal", "criteria": "between", "minimum": -1e300, "maximum": 1e300}
        help_ = {"input_title": "Target", "input_message": "a value that the outcome should exceed"}
        sheet.data_validation(asked, 5, asked, 5, {**number, **whole, **help_, "error_message": _ASK_TARGET})

    def _first_target(self) -> float:
        """The first threshold of the scenario, or the median of the first strategy drawn, rounded."""
        output, first = self.curves.output, self.curves.strategies[0]
        for target in self.record["target_value"][first, output].tolist():
            if math.isfinite(target):
                return float(target)
        values, shares = self.curves.cumulative[0]
        return float(significant(value_at(0.5, values, shares).value, 2).replace(",", ""))

    def _shape(self) -> str:
        """Digits of the answers: three of the spread of the outcome."""
        output, first = self.curves.output, self.curves.strategies[0]
        mean, spread = float(self.record["mean"][first, output]), float(self.record["std"][first, output])
        return spread_shape(mean, spread / 10.0)
