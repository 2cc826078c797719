"""Tidy tables: a sheet each, an Excel table with the name of the sheet, its header frozen, one page wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simengine.report.text import text_width
from simengine.report.workbook.pages import sheet_setup
from simengine.report.workbook.style import Formats, cell_text, row_height, shown_width, write_number

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_NARROWEST = 8
_ONE_LINE = 20.0
"""Rows that are no higher hold one line."""


@dataclass(frozen=True)
class TableColumn:
    """A column: as wide as its texts, up to ``widest`` characters; of numbers at least as wide, and wide enough."""

    header: str
    widest: float = 12.0
    number: bool = False


@dataclass(frozen=True)
class Number:
    """A number with the format of its cell."""

    value: float
    shape: str
    error: bool = False


Cell = str | Number | None
"""What a cell of a table holds; None leaves it empty."""
Rows = list[list[Cell]]


def table_sheet(
    book: Workbook,
    name: str,
    columns: Sequence[TableColumn],
    rows: Sequence[Sequence[Cell]],
    formats: Formats,
    *,
    landscape: bool,
    filtered: bool = False,
    note: str = "",
) -> Worksheet:
    """A sheet with an Excel table: the header frozen and printed on every page, rows as high as their texts.

    ``note`` is a line above the table, which is frozen and printed too.
    """
    sheet = book.add_worksheet(name)
    widths = [_width(column, [row[k] for row in rows]) for k, column in enumerate(columns)]
    sheet_setup(sheet, widths, landscape=landscape)
    top_row = 1 if note else 0
    if note:
        sheet.write_string(0, 0, cell_text(note), formats.note)
    sheet.freeze_panes(top_row + 1, 1)
    sheet.set_row(
        top_row,
        max(row_height((column.header, width) for column, width in zip(columns, widths, strict=True)) + 3.0, 18.0),
    )
    for place, row in enumerate(rows, top_row + 1):
        texts = [(cell, width) for cell, width in zip(row, widths, strict=True) if isinstance(cell, str)]
        height = row_height(texts)
        sheet.set_row(place, height)
        top = height > _ONE_LINE
        for k, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(place, k, cell_text(cell), _text_format(columns, k, formats, top=top))
            elif cell is not None:
                looks = formats.error(cell.shape, top=top) if cell.error else formats.number(cell.shape, top=top)
                write_number(sheet, place, k, cell.value, looks)
    options = {
        "name": name,
        "columns": [
            {"header": column.header, "header_format": _header_format(columns, k, formats, filtered)}
            for k, column in enumerate(columns)
        ],
        "style": "Table Style Light 1",
        "autofilter": filtered,
    }
    sheet.add_table(top_row, 0, top_row + max(len(rows), 1), len(columns) - 1, options)
    sheet.repeat_rows(0, top_row)
    return sheet


def _text_format(columns: Sequence[TableColumn], k: int, formats: Formats, *, top: bool) -> Any:
    """A text among numbers stands at the right, one behind numbers keeps its distance from them."""
    if columns[k].number:
        return formats.text_right
    if k and columns[k - 1].number:
        return formats.wrapped_indented if top else formats.indented
    return formats.wrapped if top else formats.text


def _width(column: TableColumn, cells: Sequence[Cell]) -> float:
    if column.number:
        needed = max((shown_width(cell.value, cell.shape) for cell in cells if isinstance(cell, Number)), default=0)
        return max(column.widest, needed + 1.5)
    longest = max((text_width(cell[:200]) for cell in cells if isinstance(cell, str)), default=0)
    return min(max(longest + 2, text_width(column.header) + 4, _NARROWEST), column.widest)


def _header_format(columns: Sequence[TableColumn], k: int, formats: Formats, filtered: bool) -> Any:
    """Headers stand over their cells; one with a filter leaves room for its button."""
    if columns[k].number:
        return formats.header_filter if filtered else formats.header_right
    return formats.header_indented if k and columns[k - 1].number else formats.header
