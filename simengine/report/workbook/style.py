"""The looks of a workbook: fonts, number formats, texts, and heights of rows."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simengine.report.numbers import MISSING, estimate, exact, share, significant
from simengine.report.statistics import Statistic
from simengine.report.text import TURNING, text_width, wrap

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FONT = {"font_name": "Arial", "font_size": 10}
"""Arial has a substitute of the same widths in every office program: heights of rows stay right."""

PLAIN_HEIGHT = 15.0
"""Height of a row of one line, in points."""

_LONGEST_TEXT = 32_000
"""A cell holds 32,767 units of UTF-16."""
LONGEST_UNIT = 14
"""Columns of a unit that a cell has room for behind its number."""
_HIGHEST_ROW = 409.0
_MOST_DIGITS = 15
"""Excel keeps 15 digits of a number."""

_READABLE, _MOST_READ = (1e-4, 1e9), 8
"""Sizes of numbers that are written without a power of ten, and the digits they have at most."""

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
        self.header_indented = add(bold=True, bottom=1, text_wrap=True, valign="top", indent=1, **fill)
        self.text = add(align="left", valign="vcenter")
        self.text_right = add(align="right", valign="vcenter")
        self.wrapped = add(align="left", valign="top", text_wrap=True)
        self.indented = add(align="left", valign="vcenter", indent=1)
        self.wrapped_indented = add(align="left", valign="top", text_wrap=True, indent=1)
        self.sentence = add(align="left", valign="top", text_wrap=True)
        self.verdict = add(bold=True, align="left", valign="top", text_wrap=True)
        self.strong = add(bold=True, align="left", valign="vcenter", text_wrap=True)
        self.middle = add(align="left", valign="vcenter", text_wrap=True)
        self.code = add(font_name="Courier New", font_size=9, text_wrap=True, valign="top")

    def number(self, shape: str, *, top: bool = False) -> Any:
        """A number in the given Excel number format; at the ``top`` of a row of several lines."""
        looks = {"align": "right", "valign": "top" if top else "vcenter"}
        return self._of(shape, f"value {top}", looks)

    def error(self, shape: str, *, top: bool = False) -> Any:
        """A standard error: as a number, but grey."""
        looks = {"align": "right", "valign": "top" if top else "vcenter", "font_color": "#7F7F7F"}
        return self._of(shape, f"error {top}", looks)

    def fact(self, shape: str) -> Any:
        """A number in a column of texts: at the left."""
        return self._of(shape, "fact", {"align": "left", "valign": "top"})

    def typed(self, shape: str) -> Any:
        """A cell to type into."""
        looks = {"align": "right", "valign": "vcenter", "bg_color": "#FFF2CC", "border": 1, "border_color": "#BF9000"}
        return self._of(shape, "typed", looks)

    def _of(self, shape: str, use: str, looks: Mapping[str, object]) -> Any:
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


def shown_width(value: float, shape: str) -> int:
    """Characters that a number takes in a number format that :func:`number_shape` gave, or one with a unit behind."""
    if not math.isfinite(value):
        return len(MISSING)
    plain, _, behind = shape.partition('"')
    unit = behind.rstrip('"')
    decimals = len(plain.partition(".")[2].rstrip("%").partition("E")[0])
    if "E" in plain:
        return len(f"{value:.{decimals}e}") + text_width(unit)
    if plain == "General":
        return len(f"{value:.9g}")
    percent = plain.endswith("%")
    number = f"{100.0 * value if percent else value:{',' if '#,' in plain else ''}.{decimals}f}"
    return len(number) + percent + text_width(unit)


def estimate_shapes(value: float, se: float, *, percent: bool = False) -> tuple[str, str]:
    """Number formats of a value and of its error, for columns that should stay narrow.

    Shares of next to nothing read 0.0000 %, and what is known to more digits than anybody reads has eight.
    """
    text = share(value, se) if percent else estimate(value, se)
    if percent:
        value_shape, error_shape = (
            "0.0000%" if "e" in part else number_shape(part, percent=True) for part in (text.value, text.error)
        )
        return value_shape, error_shape
    shown = text.value
    if "e" in shown and _READABLE[0] <= abs(value) < _READABLE[1]:
        shown = significant(value, _MOST_READ)
    return number_shape(shown), number_shape(text.error)


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
    """``text`` as it may stand in a cell: not too long, and without characters that steer or that XML cannot hold."""
    if text.isascii() and text.isprintable() and len(text) <= _LONGEST_TEXT:
        return text
    kept = "".join("\N{REPLACEMENT CHARACTER}" if _steers(char) else char for char in text)
    units = kept.encode("utf-16-le")
    if len(units) <= 2 * _LONGEST_TEXT:
        return kept
    return units[: 2 * _LONGEST_TEXT].decode("utf-16-le", "ignore") + " (cut)"


def one_line(text: str, width: float) -> str:
    """``text`` as a heading that cannot wrap: one line, cut where it is wider than ``width`` characters."""
    shown = cell_text(text).replace("\n", " ").replace("\t", " ")
    if text_width(shown) <= width:
        return shown
    kept = itertools.accumulate(text_width(char) for char in shown)
    return shown[: sum(1 for used in kept if used <= width - 1)] + "…"


def with_unit(shape: str, unit: str) -> str:
    """The number format ``shape`` with a unit behind the number; without it where the unit is long or empty."""
    shown = one_line(unit, LONGEST_UNIT).replace('"', "").strip()
    return shape if shown in ("", "1") or shown.endswith("…") else f'{shape}" {shown}"'


def row_height(cells: Iterable[tuple[str, float]], density: float = TEXT_DENSITY) -> float:
    """Height in points of a row whose ``cells`` are texts wrapped in columns of a width in characters.

    Office programs do not fit the rows of a file that they did not write.  Wide characters count double.
    """
    height = PLAIN_HEIGHT
    for text, width in cells:
        wide = 0 if text.isascii() else text_width(text) - len(text)  # characters that take two columns
        average = (2 * wide + density * (len(text) - wide)) / max(len(text) + wide, 1) if wide else density
        room = max(int((width - 1.0) / average), 1)
        if not wide and len(text) <= room and "\n" not in text:
            continue
        shown = text[: 40 * room]  # more lines than the highest row holds
        lines = [line for part in shown.splitlines() or [""] for line in wrap(part, room)]
        height = max(height, sum(_LINE if line.isascii() else _WIDE_LINE for line in lines) + 2.2)
    return min(height, _HIGHEST_ROW)


def write_number(sheet: Worksheet, row: int, column: int, value: float | None, shape: Any) -> None:
    """A number as a number; one that is not finite as ``n/a``; None leaves the cell empty."""
    if value is None:
        return
    if math.isfinite(value):
        sheet.write_number(row, column, value, shape)
    else:
        sheet.write_string(row, column, MISSING, shape)


def _steers(char: str) -> bool:
    """Whether a character is a control, turns the direction of text, or is none at all."""
    if char in "\t\n":
        return False
    return unicodedata.category(char) in ("Cc", "Cs", "Cn", "Zl", "Zp") or char in TURNING


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
