"""How a sheet prints: A4, one page wide, and charts in rows that no page cuts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simengine.report.workbook.style import PLAIN_HEIGHT

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

PAGE_WIDTH, PAGE_HEIGHT = 715.0, 490.0
"""What fits on A4 landscape at 100 %, in points, between the margins: columns may turn out 5 % wider."""
PIXEL = 0.75
"""Points."""
_SMALLEST_SCALE = 0.6
_GAP = 10


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


def page_scale(width: float, heights: Sequence[float]) -> int:
    """Percent at which a page of ``width`` points and pages of ``heights`` points fit on A4 landscape.

    Pages that are much too high are cut instead of made illegible: their charts go to the next page.
    """
    by_height = max(min(1.0, PAGE_HEIGHT / max(heights)), _SMALLEST_SCALE)
    return max(int(100.0 * min(by_height, PAGE_WIDTH / width)), 10)


def chart_rows(height: int) -> int:
    """Rows of plain height that a chart of ``height`` pixels covers, and one below it."""
    return int(height * PIXEL / PLAIN_HEIGHT) + 2


def place_charts(
    sheet: Worksheet, charts: Sequence[tuple[Chart, str]], row: int, size: tuple[int, int], across: int
) -> int:
    """Charts of ``size`` pixels, ``across`` side by side, from ``row`` on; returns the first row below them.

    ``charts``: each with the description that a screen reader says.
    """
    width, height = size
    for k, (chart, description) in enumerate(charts):
        chart.set_size({"width": width, "height": height})
        place = {"x_offset": k % across * (width + _GAP), "object_position": 3, "description": description}
        sheet.insert_chart(row + k // across * chart_rows(height), 0, chart, place)
    return row + -(-len(charts) // across) * chart_rows(height)
