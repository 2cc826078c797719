"""The sheet Outcomes: for each outcome a page with its statistics and its charts, strategy by strategy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simengine.report.descriptions import draws_in_words
from simengine.report.statistics import Statistic, statistics_of
from simengine.report.workbook.charts import cumulative_chart, density_chart
from simengine.report.workbook.curves import OutcomeCurves
from simengine.report.workbook.pages import PAGE_HEIGHT, PIXEL, page_scale, page_setup
from simengine.report.workbook.style import (
    PLAIN_HEIGHT,
    Formats,
    cell_text,
    one_line,
    row_height,
    statistic_shapes,
    write_number,
)
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_NAMES = {"std": "Standard deviation", "mean": "Mean", "min": "Smallest", "max": "Largest"}
_LABEL, _ERROR = 22.0, 13.0
_MOST_CHARACTERS, _NARROWEST, _WIDEST = 180.0, 26.0, 40.0
"""Characters across the sheet, and of the two columns of a strategy."""
_TITLE, _HEADING = 85, 110
"""Characters of a title and of a heading, which are larger than the text below them."""
_CHART_HEIGHT = 310
_CHART_ROWS = 17
_GAP = 10
_LEAST_WIDTH = 1300
NOTES = (
    "± s.e. is one standard error of the simulation: with more trials it becomes smaller.",
    "VaR and CVaR are losses: positive when money is lost. CVaR is the mean of the worst outcomes.",
    "Percentiles of different outcomes or strategies do not add up; differences of strategies share their draws.",
)


@dataclass
class _Page:
    """The sheet as it is written: the next row, and how high the rows are, in points."""

    sheet: Worksheet
    strategies: int
    row: int = 0
    height: float = 0.0

    def set_row(self, height: float = PLAIN_HEIGHT) -> int:
        """The next row, with its height; returns its number."""
        self.sheet.set_row(self.row, height)
        self.row, self.height = self.row + 1, self.height + height
        return self.row - 1


def write_outcomes(book: Workbook, record: Record, curves: Sequence[OutcomeCurves], formats: Formats) -> None:
    """One page an outcome: statistics in rows, each strategy with its standard errors beside it, and charts."""
    sheet = book.add_worksheet("Outcomes")
    page_setup(sheet, landscape=True)
    sheet.set_column(0, 0, _LABEL)
    for k in range(len(record.strategies)):
        sheet.set_column(1 + 2 * k, 1 + 2 * k, _pair_width(len(record.strategies)) - _ERROR)
        sheet.set_column(2 + 2 * k, 2 + 2 * k, _ERROR)
    page = _Page(sheet, len(record.strategies))
    title = one_line(record.text("title") or record.text("scenario"), _TITLE)
    sheet.write_string(page.set_row(24.0), 0, title, formats.title)
    drawn_from = draws_in_words(record.text("sampler"))
    run = f"{record.integer('trials'):,} trials, seed {record.integer('seed')}, {drawn_from}"
    sheet.write_string(page.set_row(), 0, run, formats.note)
    sheet.repeat_rows(0, 1)
    top, drawn = page.height, {one.output: one for one in curves}
    width = max(_table_width(len(record.strategies)), _LEAST_WIDTH if curves else 0)
    blocks: list[tuple[int, float, int, float]] = []  # row and height of the table, row and height of the charts
    for output in range(len(record.outputs)):
        row, page.height = page.row, 0.0
        page.set_row(8.0)
        _block(page, record, output, formats)
        table_height, chart_row, page.height = page.height, page.row, 0.0
        if output in drawn:
            _charts(book, page, record, drawn[output], width)
        blocks.append((row, table_height, chart_row, page.height))
    page.height = 0.0
    page.set_row(8.0)
    for line in NOTES:
        sheet.write_string(page.set_row(), 0, line, formats.note)
    if blocks:
        _paginate(sheet, blocks, top, page.height, width)
    if len(record.strategies) > 4:
        sheet.freeze_panes(0, 1)


def _paginate(
    sheet: Worksheet, blocks: Sequence[tuple[int, float, int, float]], top: float, notes: float, width: int
) -> None:
    """A page for each outcome.

    Excel ignores breaks between pages when it is told to fit a sheet to a width: so the scale is set instead.
    """
    ends = [0.0] * (len(blocks) - 1) + [notes]
    heights = [top + table + charts + end for (_, table, _, charts), end in zip(blocks, ends, strict=True)]
    scale = page_scale(PIXEL * width, heights)
    room = PAGE_HEIGHT * 100.0 / scale
    breaks: list[int] = []
    for k, (row, _, chart_row, charts) in enumerate(blocks):
        breaks += [row] if k else []
        breaks += [chart_row] if charts and heights[k] > room else []
    sheet.set_print_scale(scale)
    sheet.set_h_pagebreaks(breaks)


def _block(page: _Page, record: Record, output: int, formats: Formats) -> None:
    sheet = page.sheet
    strategies = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    title, unit = str(record["output_title"][output]), str(record["unit"][output])
    heading = f"{record.outputs[output]}: {title}" if title else record.outputs[output]
    sheet.write_string(
        page.set_row(20.0), 0, one_line(f"{heading} [{unit}]" if unit else heading, _HEADING), formats.heading
    )
    _header(page, record, strategies, formats)
    rows: dict[str, dict[int, Statistic]] = {}
    for k, s in enumerate(strategies):
        for entry in statistics_of(record, s, output):
            if entry.group != "shape":
                rows.setdefault(_NAMES.get(entry.key, entry.label), {})[k] = entry  # P(T < 0) once
    for label, entries in rows.items():
        place = page.set_row(row_height([(label, _LABEL)]))
        sheet.write_string(
            place, 0, cell_text(label), formats.wrapped if "\n" in label or len(label) > _LABEL else formats.text
        )
        for k, entry in entries.items():
            value, error = statistic_shapes(entry if entry.se is not None else rows[_NAMES["mean"]][k])
            write_number(sheet, place, 1 + 2 * k, entry.value, formats.number(value))
            write_number(sheet, place, 2 + 2 * k, entry.se, formats.error(error))
    page.set_row(8.0)


def _header(page: _Page, record: Record, strategies: Sequence[int], formats: Formats) -> None:
    """Names of the strategies, their titles where they have any, and what stands in the columns."""
    names = [record.strategies[s] for s in strategies]
    titles = [str(record["strategy_title"][s]) for s in strategies]
    _across(page, names, formats.strategy, formats)
    if any(titles):
        _across(page, titles, formats.strategy_title, formats)
    place = page.set_row()
    page.sheet.write_string(place, 0, "", formats.header)
    for k in range(len(strategies)):
        page.sheet.write_string(place, 1 + 2 * k, "value", formats.header_right)
        page.sheet.write_string(place, 2 + 2 * k, "± s.e.", formats.header_right)


def _across(page: _Page, texts: Sequence[str], looks: Any, formats: Formats) -> None:
    """A row of texts, each over the two columns of a strategy."""
    place = page.set_row(row_height((text, _pair_width(page.strategies)) for text in texts))
    page.sheet.write_string(place, 0, "", formats.corner)
    for k, text in enumerate(texts):
        page.sheet.merge_range(place, 1 + 2 * k, place, 2 + 2 * k, "", looks)
        page.sheet.write_string(place, 1 + 2 * k, cell_text(text), looks)


def _charts(book: Workbook, page: _Page, record: Record, curves: OutcomeCurves, width: int) -> None:
    """Cumulative probability and, where it shows something, the histogram beside it."""
    name, row = record.outputs[curves.output], page.row
    charts = [cumulative_chart(book, record, curves)]
    if curves.shares.size:
        charts.append(density_chart(book, record, curves))
    size = int((width - _GAP) / 2)
    for k, chart in enumerate(charts):
        chart.set_size({"width": size, "height": _CHART_HEIGHT})
        what = ("Cumulative probability of", "Histogram of")[k]
        place = {"x_offset": k * (size + _GAP), "object_position": 2, "description": f"{what} {name} by strategy"}
        page.sheet.insert_chart(row, 0, chart, place)
    for _ in range(_CHART_ROWS):
        page.set_row()


def _table_width(strategies: int) -> int:
    """Width of the columns in pixels, with 7 pixels a character and 5 around them."""
    return math.ceil(7 * _LABEL + 5 + strategies * (7 * _pair_width(strategies) + 10))


def _pair_width(strategies: int) -> float:
    """Width of the two columns of a strategy, in characters."""
    return min(max((_MOST_CHARACTERS - _LABEL) // strategies, _NARROWEST), _WIDEST)
