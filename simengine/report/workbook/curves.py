"""The curves of an outcome: cumulative probability and histogram of every strategy, as numbers behind the charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simengine.report.histogram import common_scale, rebin
from simengine.report.workbook.pages import sheet_setup
from simengine.report.workbook.style import Formats, number_shape, one_line, row_height
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

Array = NDArray[np.float64]

SHEET = "Curves"
_MOST_BINS = 50
_TICKS = 8
_ONE_SPIKE = 0.5
"""A histogram with more than this share in one bin says nothing as a curve."""
_FIRST_ROW = 2
_HEADER_ROWS = 3
_COLUMN = 11.5
_LEGEND = 60


@dataclass(frozen=True)
class Axis:
    """A scale of values with round ends and steps."""

    low: float
    high: float
    step: float

    @property
    def shape(self) -> str:
        """The number format of its ticks."""
        if max(abs(self.low), abs(self.high)) >= 1e12 or self.step < 1e-7:
            return "0.0E+00"
        return number_shape(f"{0.0:.{max(-_exponent(self.step), 0)}f}")


@dataclass(frozen=True)
class OutcomeCurves:
    """The curves of one outcome and where they stand on the sheet.

    ``strategies``: places of the strategies drawn; ``cumulative``: for each of them values and the probability
    of that value or less; ``edges`` ``(bins + 1,)`` and ``shares`` ``(strategies, bins)``: histograms on common
    bins, empty where they would show nothing.  ``head`` is the row of the heading.
    """

    output: int
    strategies: tuple[int, ...]
    axis: Axis
    cumulative: tuple[tuple[Array, Array], ...]
    edges: Array
    shares: Array
    head: int

    @property
    def first(self) -> int:
        """The first row of numbers."""
        return self.head + 1 + _HEADER_ROWS

    @property
    def rows(self) -> int:
        """Rows of numbers."""
        return max([values.size for values, _ in self.cumulative] + [self.shares.shape[1]])

    def value_column(self, k: int) -> int:
        """The column of the values of the ``k``-th strategy; P(≤ value) and P(> value) are in the next ones."""
        return 3 * k

    @property
    def middle_column(self) -> int:
        """The column of the middles of the bins; the shares of the strategies follow."""
        return 3 * len(self.strategies) + 1


def outcome_curves(record: Record) -> list[OutcomeCurves]:
    """The curves of all outcomes that have a finite scale."""
    found: list[OutcomeCurves] = []
    row = _FIRST_ROW
    for output in range(len(record.outputs)):
        curves = _curves_of(record, output, row)
        if curves:
            found.append(curves)
            row = curves.first + curves.rows + 1
    return found


def cumulative_points(
    edges: Array,
    counts: NDArray[np.int64],
    quantiles: Array,
    levels: Array,
    counted: tuple[Array, Array] = (np.empty(0), np.empty(0)),
) -> tuple[Array, Array]:
    """Values and the probability of each or less, from the bins of a histogram, the percentiles and counted thresholds.

    ``counted``: thresholds, and the probabilities of less than each, see :func:`counted_below`.

    Where several percentiles are equal, probability is concentrated on one value: the curve steps there from the lowest
    of their levels to the highest.  How much of the rest of the bin around it is that value too is not known.

    NaN edges after the last bin are allowed.
    """
    known = np.isfinite(edges)
    places = edges[known]
    below = (np.concatenate(([0.0], np.cumsum(counts))) / counts.sum())[: known.size][known]
    finite = np.isfinite(quantiles)
    new = ~np.isin(counted[0], places)  # at an edge the bins say it already
    values, shares = [places, quantiles[finite], counted[0][new]], [below, levels[finite] / 100.0, counted[1][new]]
    points = np.unique(np.column_stack((np.concatenate(values), np.concatenate(shares))), axis=0)
    return points[:, 0], np.maximum.accumulate(points[:, 1])


def counted_below(record: Record, strategy: int, output: int) -> tuple[Array, Array]:
    """Thresholds at which trials were counted, 0 among them, and the share of the trials below each."""
    targets, shares = record["target_value"][strategy, output], record["prob_below"][strategy, output]
    values = np.concatenate(([0.0], targets))
    below = np.concatenate((record["prob_loss"][strategy, output : output + 1], shares))
    known = np.isfinite(values) & np.isfinite(below)
    inside = known & (values >= record["minimum"][strategy, output]) & (values <= record["maximum"][strategy, output])
    return values[inside], below[inside]


def axis_over(low: float, high: float) -> Axis | None:
    """A scale that holds ``low`` and ``high``; None where they are too far apart for float64."""
    if high <= low:
        low, high = low - max(abs(low) * 0.1, 1.0), high + max(abs(high) * 0.1, 1.0)
    if not math.isfinite(high - low) or high - low < 1e-12 * max(abs(low), abs(high)):
        return None
    step = _round_step((high - low) / _TICKS)
    return Axis(_clean(math.floor(low / step) * step), _clean(math.ceil(high / step) * step), step)


def write_curves(book: Workbook, record: Record, curves: Sequence[OutcomeCurves], formats: Formats) -> None:
    """The sheet with the numbers of all charts; none where nothing is drawn."""
    if not curves:
        return
    sheet = book.add_worksheet(SHEET)
    columns = max(one.middle_column + 1 + len(one.strategies) for one in curves)
    sheet_setup(sheet, [_COLUMN] * columns, landscape=True)
    sheet.write_string(0, 0, "The numbers behind the charts of the outcomes and behind the calculator", formats.heading)
    for one in curves:
        _write_block(sheet, record, one, formats)


def strategy_label(record: Record, strategy: int) -> str:
    """The title of a strategy, or its name where it has none."""
    return str(record["strategy_title"][strategy]) or record.strategies[strategy]


def legend_label(record: Record, strategy: int) -> str:
    """The same as it stands in legends and above columns: one line, cut where it is long."""
    return one_line(strategy_label(record, strategy), _LEGEND)


def outcome_label(record: Record, output: int) -> str:
    """The name of an outcome with its unit."""
    unit = str(record["unit"][output])
    return f"{record.outputs[output]} [{unit}]" if unit else record.outputs[output]


def _curves_of(record: Record, output: int, row: int) -> OutcomeCurves | None:
    counts = record["histogram_counts"][:, output]
    edges = record["histogram_edges"][:, output]
    drawn = [s for s in range(len(record.strategies)) if record["reported"][s, output] and counts[s].sum() > 0]
    drawn = [s for s in drawn if np.isfinite(edges[s]).sum() > 1]
    if not drawn:
        return None
    axis = axis_over(*common_scale([edges[s] for s in drawn], [counts[s] for s in drawn]))
    if axis is None:
        return None
    lines = tuple(
        cumulative_points(
            edges[s], counts[s], record["quantiles"][s, output], record["quantile"], counted_below(record, s, output)
        )
        for s in drawn
    )
    bins = _common_bins([edges[s] for s in drawn], axis)
    shares = np.array([rebin(edges[s], counts[s], bins) / counts[s].sum() for s in drawn])
    if shares.max(axis=1).min() > _ONE_SPIKE:
        shares = np.empty((len(drawn), 0))
    return OutcomeCurves(output, tuple(drawn), axis, lines, bins, shares, row)


def _common_bins(edges: Sequence[Array], axis: Axis) -> Array:
    """Bins of one round width over the axis, none narrower than the bins that the counts were taken in."""
    native = [np.diff(places[(places >= axis.low) & (places <= axis.high)]) for places in edges]
    coarsest = max((float(np.median(widths)) for widths in native if widths.size), default=0.0)
    width = _round_step(max(coarsest, (axis.high - axis.low) / _MOST_BINS))
    first, last = math.floor(axis.low / width), math.ceil(axis.high / width)
    return np.array([_clean(k * width) for k in range(first, last + 1)])


def _write_block(sheet: Worksheet, record: Record, curves: OutcomeCurves, formats: Formats) -> None:
    head, middle = curves.head, curves.middle_column
    sheet.set_row(head, 20.0)
    sheet.write_string(head, 0, one_line(outcome_label(record, curves.output), 60), formats.heading)
    labels = [legend_label(record, s) for s in curves.strategies]
    sheet.set_row(head + 1, row_height((text, 3 * _COLUMN) for text in labels))
    sheet.set_row(head + 2, row_height((text, _COLUMN) for text in labels) if curves.shares.size else 15.0)
    numbers = formats.number(_finer(curves.axis).shape)
    for k, (label, (values, shares)) in enumerate(zip(labels, curves.cumulative, strict=True)):
        column = curves.value_column(k)
        sheet.merge_range(head + 1, column, head + 2, column + 2, "", formats.strategy)
        sheet.write_string(head + 1, column, label, formats.strategy)
        sheet.write_string(head + 3, column, "value", formats.header_right)
        sheet.write_string(head + 3, column + 1, "P(≤ value)", formats.header_right)
        sheet.write_string(head + 3, column + 2, "P(> value)", formats.header_right)
        sheet.write_column(curves.first, column, values.tolist(), numbers)
        sheet.write_column(curves.first, column + 1, shares.tolist(), formats.number("0.00%"))
        sheet.write_column(curves.first, column + 2, (1.0 - shares).tolist(), formats.number("0.00%"))
    if not curves.shares.size:
        return
    width = curves.edges[1] - curves.edges[0]
    text = f"share of trials in steps of {_clean(width):g}"
    sheet.merge_range(head + 1, middle, head + 1, middle + len(labels), text, formats.strategy)
    sheet.write_string(head + 2, middle, "", formats.corner)
    sheet.write_string(head + 3, middle, "middle", formats.header_right)
    sheet.write_column(curves.first, middle, ((curves.edges[1:] + curves.edges[:-1]) / 2.0).tolist(), numbers)
    for k, label in enumerate(labels):
        sheet.write_string(head + 2, middle + 1 + k, label, formats.strategy)
        sheet.write_string(head + 3, middle + 1 + k, "share", formats.header_right)
        sheet.write_column(curves.first, middle + 1 + k, curves.shares[k].tolist(), formats.number("0.00%"))


def _finer(axis: Axis) -> Axis:
    return Axis(axis.low, axis.high, axis.step / 100.0)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return _clean(next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= least * (1.0 - 1e-9)))


def _clean(value: float) -> float:
    return float(f"{value:.12g}")


def _exponent(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)
