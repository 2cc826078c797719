"""The densities of all strategies on one scale."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simengine.report.figures.asked import Asked
from simengine.report.figures.density import columns, filled, limit
from simengine.report.figures.distribution import Array, Distribution, common_view
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN, Entry, Frame, bottom_axis, legend, value_axis, zero_rule
from simengine.report.figures.marks import DASHES, line, point, rule, thinned
from simengine.report.figures.scale import Scale, padded
from simengine.report.figures.sentences import amount, beside_sentence
from simengine.report.figures.svg import Element, Point, group, series

_HEIGHT, _FOOT = 250.0, 50.0
_MOST_SERIES = 8
_TOWERS, _CUT = 2.5, 1.8
"""A density this many times as high as the next is cut where it is that many times as high; its line is open there."""


def overlay(asked: Asked) -> Figure:
    """The strategies' densities of one outcome."""
    record, words = asked.record, asked.words
    output = asked.outcome()
    places, some = asked.first_of(output, _MOST_SERIES)
    found = [Distribution.of(record, s, output) for s in places]
    unit = asked.unit(output)
    entries = [Entry(asked.strategy_name(s), series(k), DASHES[k]) for k, s in enumerate(places)]
    drawn, height = legend(entries, MARGIN, 6.0, asked.width - MARGIN)
    frame = Frame(MARGIN, 18.0 + height, asked.width - MARGIN, 18.0 + height + _HEIGHT)
    across = frame.across(*padded(*common_view(found), 0.02))
    shapes = [_shape(one, across) for one in found]
    upward = frame.upward(0.0, _highest([peak for _, _, peak in shapes]) * 1.06)
    fills, curves, medians = [], [], []
    for entry, one, (values, heights, _), s in zip(entries, found, shapes, places, strict=True):
        shown = np.minimum(heights, upward.high)
        fills.append(filled(values, shown, across, upward, entry.paint, 0.1))
        for start, end in _visible(heights, upward.high):
            points: list[Point] = [
                (across.at(float(x)), upward.at(float(y)))
                for x, y in zip(values[start:end], shown[start:end], strict=True)
            ]
            curves.append(line(thinned(points), entry.paint, dash=entry.dash, tooltip=entry.text))
        medians += _median(asked, one, s, output, entry, across, upward, (values, shown))
    elements = [
        drawn,
        bottom_axis(frame, value_axis(across, unit, asked.lang, unit)),
        group("fills", fills),
        *zero_rule(frame, across, upright=True),
        group("curves", curves),
        group("marks", medians),
    ]
    return Figure(
        kind="overlay",
        title=asked.headline(words.overlay, output),
        subtitle=asked.subtitle(some, unit),
        description=" ".join(beside_sentence(asked, s, output) for s in places),
        header=(words.strategy.capitalize(), words.mean_of, *(f"P{level:g}" for level in record["quantile"].tolist())),
        rows=[statistics_row(asked, s, output) for s in places],
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def statistics_row(asked: Asked, strategy: int, output: int) -> tuple[str, ...]:
    """A strategy's name, mean and percentiles as text."""
    record = asked.record
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    mean = amount(float(record["mean"][strategy, output]), float(record["mean_se"][strategy, output]))
    percentiles = (amount(float(value), float(error)) for value, error in zip(values, errors, strict=True))
    return (asked.strategy_name(strategy), mean, *percentiles)


def _shape(found: Distribution, across: Scale) -> tuple[Array, Array, float]:
    """A smooth density, or the outline of the histogram where values come up again and again; and its height."""
    if not found.atoms:
        values, heights = found.curve(across.low, across.high)
        return values, heights, float(heights.max())
    edges, shares = columns(found, across.low, across.high) if found.lattice else found.bars(across.low, across.high)
    heights = shares / np.diff(edges)
    values = np.clip(np.repeat(edges, 2)[1:-1], across.low, across.high)
    return values, np.repeat(heights, 2), limit(shares) / float(edges[1] - edges[0])


def _visible(heights: Array, highest: float) -> list[tuple[int, int]]:
    """Stretches of points that are not above the frame, each with one point of the cut at either end."""
    above = heights > highest
    if not above.any():
        return [(0, heights.size)]
    turns = np.flatnonzero(np.diff(above.astype(int))) + 1
    ends = [0, *turns.tolist(), heights.size]
    return [(max(a - 1, 0), min(b + 1, heights.size)) for a, b in pairwise(ends) if not above[a]]


def _highest(peaks: list[float]) -> float:
    """The height of the frame: of the highest density, unless it towers over the next."""
    ordered = sorted((peak for peak in peaks if peak > 0.0), reverse=True)
    if not ordered:
        return 1.0
    return ordered[0] if len(ordered) < 2 or ordered[0] <= _TOWERS * ordered[1] else _CUT * ordered[1]


def _median(
    asked: Asked,
    found: Distribution,
    strategy: int,
    output: int,
    entry: Entry,
    across: Scale,
    upward: Scale,
    shape: tuple[Array, Array],
) -> list[Element]:
    """The median as a dot on the curve and a line down to the axis."""
    value = found.quantile(0.5)
    if not across.holds(value):
        return []
    x, y = across.at(value), upward.at(float(np.interp(value, *shape)))
    tip = beside_sentence(asked, strategy, output)
    line_down = rule((x, upward.start), (x, y), entry.paint, width=1.0, dash="2 3", tooltip=tip)
    cut = y <= upward.end
    return [line_down] if cut else [line_down, point(x, y, 4.5, entry.paint, tooltip=tip)]
