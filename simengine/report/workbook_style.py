"""The looks of a workbook: fonts, number formats, heights of rows, and how a sheet prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from simengine.report.numbers import MISSING, exact, significant
from simengine.report.statistics import Statistic
from simengine.report.text import text_width, wrap

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FONT = {"font_name": "Arial", "font_size": 10}
"""Arial has a substitute of the same widths in every office program: heights of rows stay right."""

PLAIN_HEIGHT = 15.0
"""Height of a row of one line, in points."""

_LONGEST_TEXT = 32_000
"""A cell holds 32,767 characters."""
_HIGHEST_ROW = 409.0
_MOST_DIGITS = 15
"""Excel keeps 15 digits of a number."""

TEXT_DENSITY = 0.9
"""Average width of a character of a text, in widths of a digit; those of code are all a little wider."""
CODE_DENSITY = 1.06
_LINE, _WIDE_LINE = 12.8, 15.0
_GREY = "#595959"


class Formats:
    """The cell formats of one workbook; number formats are made when they are first asked for."""

    def __init__(self, book: Workbook):
        self._book = book
        self._numbers: dict[tuple[str, str], Any] = {}

        def add(**looks: object) -> Any:
            return book.add_format({**FONT, **looks})

        fill: dict[str, object] = {"bg_color": "#F2F2F2"}
        centred: dict[str, object] = {**fill, "align": "center", "valign": "vcenter", "text_wrap": True}
        centred |= {"left": 1, "left_color": "#BFBFBF"}
        self.title = add(bold=True, font_size=16)
        self.heading = add(bold=True, font_size=12)
        self.note = add(font_color=_GREY, italic=True)
        self.header = add(bold=True, bottom=1, text_wrap=True, valign="top", **fill)
        self.header_right = add(bold=True, bottom=1, text_wrap=True, valign="top", align="right", **fill)
        self.header_filter = add(bold=True, bottom=1, align="right", valign="top", indent=2, **fill)
        self.strategy = add(bold=True, **centred)
        self.strategy_title = add(font_color=_GREY, **centred)
        self.corner = add(**fill)
        self.header_indented = add(bold=True, bottom=1, valign="top", indent=1, **fill)
        self.text = add(align="left", valign="vcenter")
        self.wrapped = add(align="left", valign="top", text_wrap=True)
        self.indented = add(align="left", valign="top", text_wrap=True, indent=1)
        self.code = add(font_name="Courier New", font_size=9, text_wrap=True, valign="top")

    def number(self, shape: str, *, top: bool = False) -> Any:
        """A number in the given Excel number format; at the ``top`` of a row of several lines."""
        looks = {"align": "right", "valign": "top" if top else "vcenter"}
        return self._of(shape, f"value {top}", looks)

    def error(self, shape: str) -> Any:
        """A standard error: as a number, but grey."""
        return self._of(shape, "error", {"align": "right", "valign": "vcenter", "font_color": "#7F7F7F"})

    def fact(self, shape: str) -> Any:
        """A number in a column of texts: at the left."""
        return self._of(shape, "fact", {"align": "left", "valign": "top"})

    def _of(self, shape: str, use: str, looks: dict[str, str]) -> Any:
        if (shape, use) not in self._numbers:
            self._numbers[shape, use] = self._book.add_format({**FONT, "num_format": shape, **looks})
        return self._numbers[shape, use]


def number_shape(text: str, *, percent: bool = False) -> str:
    """The Excel number format that shows a number just as ``text`` shows it: the same decimals.

    ``text`` comes from :mod:`simengine.report.numbers`, so that a workbook shows the digits of the console;
    it is in percent when ``percent`` is given.
    """
    mantissa, power, _ = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    shape = ("0" if power or percent else "#,##0") + ("." + "0" * decimals if decimals else "")
    return shape + ("E+00" if power else "") + ("%" if percent else "")


def statistic_shapes(entry: Statistic) -> tuple[str, str]:
    """Number formats of a statistic and of its standard error, which decides the digits of both."""
    text = entry.estimate
    value = text.value
    if sum(char.isdigit() for char in value) > _MOST_DIGITS:  # an error of rounding only
        value = exact(100.0 * entry.value if entry.share else entry.value)
    return number_shape(value, percent=entry.share), number_shape(text.error, percent=entry.share)


def spread_shape(value: float, spread: float) -> str:
    """Number format of an exact ``value``: three digits of the ``spread`` it has, or six of its own."""
    if not math.isfinite(spread) or spread <= 0.0:
        return number_shape(significant(value, 6))
    top, size = _exponent(spread), _exponent(value)
    if max(top, size) > 14 or top < -7:
        return "0.0000E+00"
    return number_shape(f"{0.0:.{max(2 - top, 0)}f}")


def cell_text(text: str) -> str:
    """``text`` as it may stand in a cell: not too long, and without characters that XML cannot hold."""
    kept = "".join(char if char >= " " or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
    kept = kept.translate({0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD})
    return kept if len(kept) <= _LONGEST_TEXT else kept[:_LONGEST_TEXT] + " (cut)"


def row_height(cells: Iterable[tuple[str, float]], density: float = TEXT_DENSITY) -> float:
    """Height in points of a row whose ``cells`` are texts wrapped in columns of a width in characters.

    Office programs do not fit the rows of a file that they did not write.  Wide characters count double.
    """
    height = PLAIN_HEIGHT
    for text, width in cells:
        wide = text_width(text) > len(text)
        room = max(int((width - 1.0) / (1.0 if wide else density)), 1)
        shown = text[: 40 * room]  # more lines than the highest row holds
        lines = sum(len(wrap(line, room)) for line in shown.splitlines() or [""])
        height = max(height, lines * (_WIDE_LINE if wide else _LINE) + 2.2)
    return min(height, _HIGHEST_ROW)


def sheet_setup(sheet: Worksheet, widths: Sequence[float], *, landscape: bool) -> None:
    """Column widths, and printing on A4, one page wide."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    page_setup(sheet, landscape=landscape)
    sheet.fit_to_pages(1, 0)


def page_setup(sheet: Worksheet, *, landscape: bool) -> None:
    """A4, narrow margins, file name and page number at the foot."""
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.set_footer("&L&F: &A&R&P / &N")


def write_number(sheet: Worksheet, row: int, column: int, value: float | None, shape: Any) -> None:
    """A number as a number; one that is not finite as ``n/a``; None leaves the cell empty."""
    if value is None:
        return
    if math.isfinite(value):
        sheet.write_number(row, column, value, shape)
    else:
        sheet.write_string(row, column, MISSING, shape)


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
