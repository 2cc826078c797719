"""The sheets Drivers and Tornado: what moves every outcome, as one table and as charts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simengine.report.drivers_names import factor_name
from simengine.report.numbers import level, significant
from simengine.report.workbook.charts import axis_looks, set_title, small_font
from simengine.report.workbook.curves import axis_over
from simengine.report.workbook.grid import Cell, Number, Rows, TableColumn, table_sheet
from simengine.report.workbook.pages import PIXEL, chart_rows, page_scale, page_setup
from simengine.report.workbook.style import (
    PLAIN_HEIGHT,
    Formats,
    cell_text,
    estimate_shapes,
    number_shape,
    one_line,
    write_number,
)
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET, CHARTS = "Drivers", "Tornado"

_MOST_BARS, _LEAST = 10, 0.01
_MOST_CHARTS = 60
_WIDTHS = (38.0, 16.0, 13.0, 2.0)
_CHART = (700, 320)
_HEADING = 100
_BLOCKS_OF_A_PAGE = 2
_UP, _DOWN = "#1F4E79", "#C55A11"
_NOTE = (
    "Change of the mean: of the outcome, between the input at its P10 and at its P90, all others as they are drawn; "
    "of an event, as it strikes rather than not. Blue: more of the input raises the outcome; orange: it lowers it."
)
_Place = tuple[int, int, int]


def write_drivers(book: Workbook, drivers: Record, note: str, formats: Formats) -> None:
    """The tornado of every outcome of every strategy; no sheet where drivers were asked for without it.

    ``note`` says what the numbers rest on.
    """
    if "tornado" not in drivers.document("sections"):
        return
    rows: Rows = [_row(drivers, place) for s, o in _pairs(drivers) for place in _by_change(drivers, s, o)]
    low, high = (level(point) for point in drivers["swing_point"].tolist())
    columns = [
        *(TableColumn("Strategy", 18), TableColumn("Outcome", 12), TableColumn("Unit", 12)),
        *(TableColumn("Driver", 24), TableColumn("Title", 30)),
        *(TableColumn("Change of mean", 8.5, True), TableColumn("± change", 8, True)),
        *(TableColumn("Rank correlation", 10, True), TableColumn("± rank", 8, True)),
        *(TableColumn("Share", 8, True), TableColumn("± share", 8, True)),
        *(TableColumn(f"Outcome at its P{point}", 8.5, True) for point in (low, high)),
        *(TableColumn(f"Input at P{point}", 8, True) for point in (low, high)),
        TableColumn("Unit of input", 13),
    ]
    if rows:
        table_sheet(book, SHEET, columns, rows, formats, landscape=True, note=note)
        _write_tornado(book, drivers, note, formats)


def _pairs(drivers: Record) -> Iterator[tuple[int, int]]:
    """Places of strategy and outcome, outcome by outcome."""
    for o in range(len(drivers.outputs)):
        yield from ((s, o) for s in range(len(drivers.strategies)) if drivers["reported"][s, o])


def _by_change(drivers: Record, strategy: int, output: int) -> list[_Place]:
    """What an outcome depends on, single inputs and events, the largest change of the mean first."""
    found = [
        (strategy, output, f)
        for f, kind in enumerate(drivers["factor_kind"])
        if kind != "risk" and drivers["linked"][strategy, output, f]
        if math.isfinite(drivers["spearman"][strategy, output, f])
    ]
    return sorted(found, key=lambda place: -_size(float(drivers["mean_change"][place])))


def _size(value: float) -> float:
    return abs(value) if math.isfinite(value) else -1.0


def _row(drivers: Record, place: _Place) -> list[Cell]:
    s, o, f = place
    texts = [drivers.strategies[s], drivers.outputs[o], str(drivers["unit"][o]), factor_name(drivers, f)]
    numbers = [*_cells(drivers, "mean_change", place), *_cells(drivers, "spearman", place)]
    numbers += _cells(drivers, "contribution", place, percent=True)
    points = [float(value) for name in ("swing", "swing_input") for value in drivers[name][place]]
    exact = [Number(value, number_shape(significant(value, 5))) if math.isfinite(value) else None for value in points]
    return [*texts, str(drivers["factor_title"][f]), *numbers, *exact, str(drivers["factor_unit"][f])]


def _cells(drivers: Record, name: str, place: _Place, *, percent: bool = False) -> list[Cell]:
    value, se = float(drivers[name][place]), float(drivers[f"{name}_se"][place])
    if not math.isfinite(value):
        return [None, None]
    shape, error = estimate_shapes(value, se, percent=percent)
    return [Number(value, shape), Number(se, error, error=True)]


# ---- charts ----


def _write_tornado(book: Workbook, drivers: Record, note: str, formats: Formats) -> None:
    """For each outcome of each strategy its largest drivers, as numbers and as bars beside them."""
    blocks = [places for s, o in _pairs(drivers) if (places := _drawn(drivers, s, o))][:_MOST_CHARTS]
    if not blocks:
        return
    sheet = book.add_worksheet(CHARTS)
    page_setup(sheet, landscape=True)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, _NOTE, formats.note)
    sheet.write_string(1, 0, note, formats.note)
    row, breaks = 2, []
    for k, places in enumerate(blocks):
        breaks += [row] if k and k % _BLOCKS_OF_A_PAGE == 0 else []
        _write_block(book, sheet, drivers, places, row, formats)
        row += max(chart_rows(_CHART[1]), 3 + len(places)) + 1
    sheet.set_h_pagebreaks(breaks)
    width = (sum(7 * width + 5 for width in _WIDTHS) + _CHART[0]) * PIXEL
    height = PLAIN_HEIGHT * (2 + _BLOCKS_OF_A_PAGE * (chart_rows(_CHART[1]) + 2))
    sheet.set_print_scale(page_scale(width, [height]))


def _drawn(drivers: Record, strategy: int, output: int) -> list[_Place]:
    """What gets a bar: the largest, down to a hundredth of the largest of all."""
    places = _by_change(drivers, strategy, output)
    sizes = {place: _size(float(drivers["mean_change"][place])) for place in places}
    least = _LEAST * max(sizes.values(), default=0.0)
    return [place for place in places if sizes[place] > 0.0 and sizes[place] >= least][:_MOST_BARS]


def _write_block(
    book: Workbook, sheet: Worksheet, drivers: Record, places: list[_Place], row: int, formats: Formats
) -> None:
    s, o, _ = places[0]
    unit = str(drivers["unit"][o])
    heading = f"{drivers.outputs[o]}{f' [{unit}]' if unit else ''}: {drivers.strategies[s]}"
    sheet.set_row(row, 20.0)
    sheet.write_string(row, 0, one_line(heading, _HEADING), formats.heading)
    sheet.write_string(row + 1, 0, "driver", formats.header)
    sheet.write_string(row + 1, 1, "change of mean", formats.header_right)
    sheet.write_string(row + 1, 2, "± s.e.", formats.header_right)
    for k, place in enumerate(places, row + 2):
        value, se = float(drivers["mean_change"][place]), float(drivers["mean_change_se"][place])
        shape, error = estimate_shapes(value, se)
        sheet.write_string(k, 0, cell_text(factor_name(drivers, place[2])), formats.text)
        write_number(sheet, k, 1, value, formats.number(shape))
        write_number(sheet, k, 2, se, formats.error(error))
    chart = _bars(book, drivers, places, row + 2)
    if chart is not None:
        what = f"Tornado of {drivers.outputs[o]} of {drivers.strategies[s]}: change of its mean by driver"
        sheet.insert_chart(row + 1, len(_WIDTHS), chart, {"object_position": 3, "description": cell_text(what)})


def _bars(book: Workbook, drivers: Record, places: list[_Place], first: int) -> Chart | None:
    s, o, _ = places[0]
    changes = [float(drivers["mean_change"][place]) for place in places]
    axis = axis_over(min(0.0, *changes), max(0.0, *changes))
    if axis is None:
        return None
    chart = book.add_chart({"type": "bar"})
    colours = [{"fill": {"color": _UP if change >= 0.0 else _DOWN}} for change in changes]
    chart.add_series(
        {
            "name": "change of the mean",
            "categories": [CHARTS, first, 0, first + len(places) - 1, 0],
            "values": [CHARTS, first, 1, first + len(places) - 1, 1],
            "points": colours,
            "fill": {"color": _UP},
            "gap": 40,
        }
    )
    set_title(chart, f"Change of the mean of {drivers.outputs[o]}: {drivers.strategies[s]}")
    categories = {"interval_unit": 1, "label_position": "low", "num_font": small_font(), "line": {"color": "#7F7F7F"}}
    chart.set_y_axis({**categories, "reverse": True, "major_gridlines": {"visible": False}})
    limits = {"min": axis.low, "max": axis.high, "major_unit": axis.step}
    chart.set_x_axis({**axis_looks(axis.shape), **limits, "label_position": "high"})
    chart.set_legend({"none": True})
    chart.set_size({"width": _CHART[0], "height": _CHART[1]})
    return chart
