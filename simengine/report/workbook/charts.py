"""Native charts of one outcome, all strategies in one picture, and the looks that all charts share.

No title or label begins with a text of the scenario: none can be taken for a formula.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simengine.report.workbook.curves import SHEET, OutcomeCurves, legend_label, outcome_label
from simengine.report.workbook.style import one_line
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook

COLOURS = ("#1F4E79", "#C55A11", "#548235", "#7F3F98", "#B8860B", "#C00000", "#008080", "#7F7F7F")
_DASHES = ("solid", "dash", "round_dot", "long_dash_dot")
_SPIKE = 3.0
"""How much higher than the next one a peak may be without being cut off."""
_NEARLY_ALL = 0.8
"""A peak from which the axis goes to 100 %: left alone, programs take it to 120 %."""
_LONGEST_TITLE, _LONGEST_LABEL = 130, 80


def set_title(chart: Chart, title: str) -> None:
    """The title above a chart; a very long one is cut."""
    chart.set_title(
        {
            "name": one_line(title, _LONGEST_TITLE),
            "overlay": False,
            "name_font": {"name": "Arial", "size": 11, "bold": True},
        }
    )


def small_font() -> dict[str, Any]:
    """The font of labels at axes and in legends."""
    return {"name": "Arial", "size": 9, "bold": False}


def axis_looks(shape: str) -> dict[str, Any]:
    """What all axes of values share; ``shape`` is the number format of the ticks."""
    return {
        "num_format": shape,
        "num_font": {"name": "Arial", "size": 9},
        "major_gridlines": {"visible": True, "line": {"color": "#E0E0E0", "width": 0.5}},
        "line": {"color": "#7F7F7F"},
    }


def cumulative_chart(book: Workbook, record: Record, curves: OutcomeCurves) -> Chart:
    """The probability of each value or less."""
    return _probability(book, record, curves, 1, "probability of this value or less")


def exceedance_chart(book: Workbook, record: Record, curves: OutcomeCurves) -> Chart:
    """The probability of more than each value."""
    return _probability(book, record, curves, 2, "probability of more than this value")


def density_chart(book: Workbook, record: Record, curves: OutcomeCurves) -> Chart:
    """The share of trials in steps of one width; a peak that dwarfs the others is cut off, and the title says so."""
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    for k in range(len(curves.strategies)):
        _add_line(chart, curves, k, (curves.middle_column, curves.middle_column + 1 + k), curves.shares.shape[1])
    step = float(f"{curves.edges[1] - curves.edges[0]:.6g}")
    title = f"{record.outputs[curves.output]}: share of the trials in steps of {step:g}"
    peaks = curves.shares.max(axis=1)
    order = np.argsort(-peaks, kind="stable")
    axis: dict[str, Any] = {"min": 0}
    top = float(peaks.max())
    if peaks.size > 1 and top > _SPIKE * float(peaks[order[1]]) > 0.0:
        name = record.strategies[curves.strategies[int(order[0])]]
        title += f" (the peak of {name}, {top:.0%}, is cut off)"
        top = float(f"{1.5 * float(peaks[order[1]]):.1g}")
        axis["max"] = top
    elif top > _NEARLY_ALL:
        axis["max"] = 1
    _dress(chart, record, curves, title)
    chart.set_y_axis({**axis_looks("0%" if top >= 0.05 else "0.0%"), **axis})
    return chart


def _probability(book: Workbook, record: Record, curves: OutcomeCurves, column: int, what: str) -> Chart:
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    for k, (values, _) in enumerate(curves.cumulative):
        first = curves.value_column(k)
        _add_line(chart, curves, k, (first, first + column), values.size)
    _dress(chart, record, curves, f"{record.outputs[curves.output]}: {what}")
    chart.set_y_axis({**axis_looks("0%"), "min": 0, "max": 1, "major_unit": 0.2})
    return chart


def _add_line(chart: Chart, curves: OutcomeCurves, k: int, columns: tuple[int, int], size: int) -> None:
    (x, y), first, last = columns, curves.first, curves.first + size - 1
    looks = {"color": COLOURS[k % len(COLOURS)], "width": 1.75}
    looks["dash_type"] = _DASHES[k // len(COLOURS) % len(_DASHES)]
    chart.add_series(
        {
            "name": [SHEET, curves.head + 1, curves.value_column(k)],
            "categories": [SHEET, first, x, last, x],
            "values": [SHEET, first, y, last, y],
            "line": looks,
            "marker": {"type": "none"},
        }
    )


def _dress(chart: Chart, record: Record, curves: OutcomeCurves, title: str) -> None:
    axis = curves.axis
    set_title(chart, title)
    chart.set_x_axis(
        {
            **axis_looks(axis.shape),
            **{"min": axis.low, "max": axis.high, "major_unit": axis.step, "crossing": axis.low},
            "name": one_line(outcome_label(record, curves.output), _LONGEST_LABEL),
            "name_font": small_font(),
        }
    )
    longest = max(len(legend_label(record, s)) for s in curves.strategies)
    size = 9 if longest * len(curves.strategies) < 150 else 8
    chart.set_legend({"position": "bottom", "font": {"name": "Arial", "size": size}})
