"""The looks of a workbook: fonts, number formats, widths, and how a sheet prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_LONGEST_TEXT = 32_000
"""A cell holds 32,767 characters."""


class Formats:
    """The cell formats of one workbook; number formats are made when they are first asked for."""

    def __init__(self, book: Workbook):
        self._book = book
        self._numbers: dict[tuple[str, bool], Any] = {}
        grey = "#595959"
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.heading = book.add_format({"bold": True, "font_size": 12})
        self.note = book.add_format({"font_color": grey, "italic": True})
        self.header = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F2F2F2"})
        self.header_right = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F2F2F2", "align": "right"})
        self.text = book.add_format({"align": "left", "valign": "top"})
        self.left = book.add_format({"align": "left", "valign": "top", "num_format": "General"})
        self.wrapped = book.add_format({"align": "left", "valign": "top", "text_wrap": True})
        self.code = book.add_format({"font_name": "Consolas", "font_size": 9})

    def number(self, shape: str) -> Any:
        """A number in the given Excel number format."""
        return self._of(shape, is_error=False)

    def error(self, shape: str) -> Any:
        """A standard error: as a number, but grey."""
        return self._of(shape, is_error=True)

    def _of(self, shape: str, *, is_error: bool) -> Any:
        key = (shape, is_error)
        if key not in self._numbers:
            looks: dict[str, Any] = {"num_format": shape, "valign": "top", "align": "right"}
            if is_error:
                looks["font_color"] = "#7F7F7F"
            self._numbers[key] = self._book.add_format(looks)
        return self._numbers[key]


def amount_format(size: float) -> str:
    """The Excel number format for amounts of about ``size``: thousands separators, about five digits."""
    if size == 0.0 or not math.isfinite(size):
        return "#,##0.0###"
    exponent = math.floor(math.log10(abs(size)))
    if exponent < -6 or exponent > 14:
        return "0.0000E+00"
    decimals = min(max(3 - exponent, 0), 9)
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def cell_text(text: str) -> str:
    """``text`` as it may stand in a cell: not too long, and without characters that XML cannot hold."""
    kept = "".join(char if char >= " " or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
    kept = kept.translate({0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD})
    return kept if len(kept) <= _LONGEST_TEXT else kept[:_LONGEST_TEXT] + " (cut)"


def sheet_setup(sheet: Worksheet, widths: Sequence[float], *, landscape: bool) -> None:
    """Column widths, and printing on A4, one page wide."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&F&R&P / &N")
