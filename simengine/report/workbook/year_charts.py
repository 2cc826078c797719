"""The sheets Year charts and Year curves: a fan chart of every outcome and strategy, and the numbers behind it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simengine.report.numbers import level
from simengine.report.statistics import yearly_places
from simengine.report.workbook.charts import axis_looks, set_title, small_font
from simengine.report.workbook.curves import Axis, axis_over, strategy_label
from simengine.report.workbook.pages import PIXEL, chart_rows, page_scale, page_setup, place_charts, sheet_setup
from simengine.report.workbook.style import PLAIN_HEIGHT, Formats, one_line, write_number
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook

SHEET, CURVES_SHEET = "Year charts", "Year curves"

_MOST_BANDS = 2
_WIDTH, _HEIGHT = 620, 330
_ROWS_OF_A_PAGE = 2
"""Rows of charts that a page holds."""
_MOST_CHARTS = 60
_FILLS = ("#DDEBF7", "#9DC3E6")
_MEDIAN, _MEAN = "#1F4E79", "#C55A11"
_COLUMN, _HEADING = 12.0, 65
_FIRST_ROW = 2


@dataclass(frozen=True)
class Fan:
    """The percentiles of an outcome of one strategy by year, and where they stand on the sheet of curves.

    ``years``: places of the periods.  ``levels``: places of the percentiles from the lowest to the highest, in pairs
    around the middle one where there is one.  ``head`` is the row of the heading.
    """

    strategy: int
    output: int
    years: tuple[int, ...]
    levels: tuple[int, ...]
    axis: Axis
    head: int

    @property
    def first(self) -> int:
        """The first row of numbers."""
        return self.head + 2

    @property
    def last(self) -> int:
        """The last row of numbers."""
        return self.first + len(self.years) - 1


def write_year_charts(book: Workbook, record: Record, formats: Formats) -> list[Fan]:
    """Charts of one outcome after the other, strategies beside each other; nothing where nothing can be drawn."""
    fans = fans_of(record)
    if not fans:
        return []
    sheet = book.add_worksheet(SHEET)
    page_setup(sheet, landscape=True)
    across, row = min(2, len(record.strategies)), 0
    breaks: list[int] = []
    for output in dict.fromkeys(fan.output for fan in fans):
        mine = [fan for fan in fans if fan.output == output]
        for start in range(0, len(mine), across * _ROWS_OF_A_PAGE):
            breaks += [row] if row else []
            sheet.set_row(row, 20.0)
            sheet.write_string(row, 0, one_line(f"{_outcome(record, output)} by year", _HEADING), formats.heading)
            some = mine[start : start + across * _ROWS_OF_A_PAGE]
            charts = [(_chart(book, record, fan), f"Chart of {_words(record, fan)}") for fan in some]
            row = place_charts(sheet, charts, row + 1, (_WIDTH, _HEIGHT), across)
    sheet.set_h_pagebreaks(breaks)
    height = 20.0 + _ROWS_OF_A_PAGE * chart_rows(_HEIGHT) * PLAIN_HEIGHT
    sheet.set_print_scale(page_scale(across * (_WIDTH + 10) * PIXEL, [height]))
    return fans


def _words(record: Record, fan: Fan) -> str:
    return f"{record.yearly_outputs[fan.output]} of {record.strategies[fan.strategy]} by year"


def fans_of(record: Record) -> list[Fan]:
    """What is drawn: every outcome of every strategy with a scale, up to 60 of them."""
    levels = fan_levels(record["quantile"].tolist())
    axes: dict[int, Axis | None] = {}
    fans: list[Fan] = []
    row = _FIRST_ROW
    for s, o, years in yearly_places(record):
        if o not in axes:
            shown = np.concatenate(
                [record["yearly_quantiles"][:, o][..., levels].ravel(), record["yearly_mean"][:, o].ravel()]
            )
            finite = shown[np.isfinite(shown)]
            axes[o] = axis_over(float(finite.min()), float(finite.max())) if finite.size else None
        axis = axes[o]
        if axis is not None and len(years) > 1 and len(fans) < _MOST_CHARTS:
            fans.append(Fan(s, o, tuple(years), levels, axis, row))
            row = fans[-1].last + 2
    return fans


def fan_levels(levels: list[float]) -> tuple[int, ...]:
    """Places of the percentiles that make a fan: up to two pairs around the middle, the widest, and the median."""
    pairs = [(k, levels.index(100.0 - p)) for k, p in enumerate(levels) if p < 50.0 and 100.0 - p in levels]
    pairs = pairs[:_MOST_BANDS]
    middle = [levels.index(50.0)] if 50.0 in levels else []
    return (*(low for low, _ in pairs), *middle, *(high for _, high in reversed(pairs)))


def write_year_curves(book: Workbook, record: Record, fans: list[Fan], formats: Formats) -> None:
    """The sheet with the numbers of the charts of years; none where nothing is drawn."""
    if not fans:
        return
    sheet = book.add_worksheet(CURVES_SHEET)
    sheet_setup(sheet, [_COLUMN] * (2 + 2 * len(fans[0].levels)), landscape=True)
    sheet.write_string(0, 0, "The numbers behind the charts of the years", formats.heading)
    for fan in fans:
        heading = f"{_outcome(record, fan.output)}, {strategy_label(record, fan.strategy)}"
        sheet.write_string(fan.head, 0, one_line(heading, _HEADING), formats.heading)
        shape = formats.number(axis_numbers(fan.axis))
        for column, (name, numbers) in enumerate(_columns(record, fan)):
            sheet.write_string(fan.head + 1, column, name, formats.header_right)
            for k, number in enumerate(numbers):
                write_number(sheet, fan.first + k, column, number, formats.number("General") if column == 0 else shape)


def axis_numbers(axis: Axis) -> str:
    """The number format of values on an axis: two digits more than its ticks."""
    return Axis(axis.low, axis.high, axis.step / 100.0).shape


def _columns(record: Record, fan: Fan) -> list[tuple[str, list[float]]]:
    """Years, mean, percentiles, and the widths of the bands between them, which a chart stacks."""
    years, at = list(fan.years), (fan.strategy, fan.output)
    values: NDArray[np.float64] = record["yearly_quantiles"][at][years][:, list(fan.levels)]
    names = [f"P{level(float(record['quantile'][k]))}" for k in fan.levels]
    found = [("year", record["year"][years].tolist()), ("mean", record["yearly_mean"][at][years].tolist())]
    found += [(name, values[:, k].tolist()) for k, name in enumerate(names)]
    edges = _edges(record, fan)
    for low, high in itertools.pairwise(edges):
        found.append((f"{names[low]} to {names[high]}", (values[:, high] - values[:, low]).tolist()))
    return found


def _edges(record: Record, fan: Fan) -> list[int]:
    """The percentiles that bound bands: all but the median."""
    return [k for k, place in enumerate(fan.levels) if record["quantile"][place] != 50.0]


def _chart(book: Workbook, record: Record, fan: Fan) -> Chart:
    """Bands between percentiles, stacked on the lowest one, and lines of the median and the mean over them."""
    names = [name for name, _ in _columns(record, fan)]
    lines = book.add_chart({"type": "line"})
    if "P50" in names:
        lines.add_series(_series(fan, names, "P50", line={"color": _MEDIAN, "width": 2.25}, marker=_no_marker()))
    dashed = {"color": _MEAN, "width": 1.5, "dash_type": "dash"}
    lines.add_series(_series(fan, names, "mean", line=dashed, marker=_no_marker()))
    bands = names[2 + len(fan.levels) :]
    chart = book.add_chart({"type": "area", "subtype": "stacked"}) if bands else lines
    if bands:
        chart.add_series(_series(fan, names, names[2], fill={"none": True}, line={"none": True}))
        for k, band in enumerate(bands):
            inner = min(k, len(bands) - 1 - k)
            fill = _FILLS[-1] if len(bands) == 1 else _FILLS[min(inner, 1)]
            chart.add_series(_series(fan, names, band, fill={"color": fill}, line={"none": True}))
        chart.combine(lines)
    set_title(chart, f"By year: {_outcome(record, fan.output)}, {strategy_label(record, fan.strategy)}")
    years = {**axis_looks("General"), "major_gridlines": {"visible": False}, "label_position": "low"}
    chart.set_x_axis({**years, "name": "year", "name_font": small_font(), "position_axis": "on_tick"})
    axis = {"min": fan.axis.low, "max": fan.axis.high, "major_unit": fan.axis.step}
    chart.set_y_axis({**axis_looks(fan.axis.shape), **axis})
    hidden = {"delete_series": [0]} if bands else {}
    chart.set_legend({"position": "bottom", "font": small_font(), **hidden})
    return chart


def _series(fan: Fan, names: list[str], name: str, **looks: Any) -> dict[str, Any]:
    """A series of a chart: one column of the sheet of curves over the years."""
    column = names.index(name)
    return {
        "name": [CURVES_SHEET, fan.head + 1, column],
        "categories": [CURVES_SHEET, fan.first, 0, fan.last, 0],
        "values": [CURVES_SHEET, fan.first, column, fan.last, column],
        **looks,
    }


def _no_marker() -> dict[str, str]:
    return {"type": "none"}


def _outcome(record: Record, output: int) -> str:
    """The name of a yearly outcome with its unit."""
    unit = str(record["yearly_unit"][output])
    return f"{record.yearly_outputs[output]} [{unit}]" if unit else record.yearly_outputs[output]
