"""Probabilities along the values of an outcome: of that value or less, or of more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simengine.report.figures.asked import Asked
from simengine.report.figures.distribution import Array, Distribution, common_view
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import (
    MARGIN,
    Axis,
    Entry,
    Frame,
    bottom_axis,
    left_axis,
    legend,
    share_ticks,
    value_axis,
    zero_rule,
)
from simengine.report.figures.lettering import text_length
from simengine.report.figures.marks import DASHES, SMALL, area, label, line, point, rule, thinned, under
from simengine.report.figures.scale import Scale, nice_ticks, padded, tick_labels
from simengine.report.figures.sentences import amount, beside_sentence, loss_sentence, percent, spread_sentence
from simengine.report.figures.svg import INK, MUTED, Element, Point, group, series
from simengine.report.numbers import significant

_HEIGHT, _FOOT = 250.0, 50.0
_MOST_SERIES = 8
_TABLE_ROWS = 20
_LABEL_ROOM = 56.0


def cdf(asked: Asked) -> Figure:
    """The probability of each value or less."""
    return _cumulative(asked, more=False)


def exceedance(asked: Asked) -> Figure:
    """The probability of more than each value."""
    return _cumulative(asked, more=True)


def _cumulative(asked: Asked, *, more: bool) -> Figure:
    record, words = asked.record, asked.words
    output = asked.outcome()
    places, some = asked.first_of(output, _MOST_SERIES)
    found = [Distribution.of(record, s, output) for s in places]
    unit = asked.unit(output)
    targets = _targets(asked, places[0], output)
    low, high = common_view(found)
    entries = [Entry(asked.strategy_name(s), series(k), DASHES[k]) for k, s in enumerate(places)]
    drawn, height = legend(entries if len(entries) > 1 else [], MARGIN, 6.0, asked.width - MARGIN)
    frame = Frame(MARGIN + _LABEL_ROOM, 20.0 + height, asked.width - MARGIN, 20.0 + height + _HEIGHT)
    across, upward = frame.across(*padded(low, high, 0.02)), frame.upward(0.0, 1.0)
    curves = [_points(one, across, upward, more) for one in found]
    elements = [
        drawn,
        bottom_axis(frame, value_axis(across, unit, asked.lang, unit)),
        left_axis(frame, Axis(upward, *share_ticks(0.0, 1.0, asked.words))),
        *zero_rule(frame, across, upright=True),
    ]
    if len(places) == 1:
        elements.append(group("fill", [area(under(curves[0], frame.bottom), series(0), opacity=0.1)]))
    lines = [
        line(curve, entry.paint, dash=entry.dash, width=2.25, tooltip=entry.text)
        for curve, entry in zip(curves, entries, strict=True)
    ]
    elements.append(group("curves", lines))
    if len(places) == 1:
        spots = _spots(asked, places[0], output, targets, more=more)
        elements.append(group("marks", _spot_marks(spots, across, upward, more=more)))
    at = np.array(nice_ticks(across.low, across.high, _TABLE_ROWS))
    heading = words.more_than if more else words.at_most
    names = [asked.strategy_name(s) for s in places]
    title = words.exceedance_of if more else words.cdf
    return Figure(
        kind="exceedance" if more else "cdf",
        title=asked.headline(title, output),
        subtitle=asked.subtitle(names[0] if len(names) == 1 else some, unit),
        description=_said(asked, places, output, targets, found, more),
        header=(words.with_unit(words.values, unit), *(f"{name}: {heading}" for name in names)),
        rows=_rows(at, found, more),
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def _points(found: Distribution, across: Scale, upward: Scale, more: bool) -> list[Point]:
    """The curve within the frame; probability concentrated on a value is a step."""
    inside = (found.values > across.low) & (found.values < across.high)
    values = np.concatenate([[across.low], found.values[inside], [across.high]])
    ends = found.probability(np.array([across.low, across.high]))
    below = np.concatenate([[ends[0]], found.below[inside], [ends[1]]])
    shares = 1.0 - below if more else below
    return thinned([(across.at(float(x)), upward.at(float(y))) for x, y in zip(values, shares, strict=True)])


def _targets(asked: Asked, strategy: int, output: int) -> list[tuple[float, float, float]]:
    """Thresholds that the scenario asks for: value, probability below, and its error."""
    record = asked.record
    values = record["target_value"][strategy, output]
    places = [k for k in range(len(values)) if math.isfinite(values[k])]
    below, error = record["prob_below"][strategy, output], record["prob_below_se"][strategy, output]
    return [(float(values[k]), float(below[k]), float(error[k])) for k in places]


@dataclass(frozen=True)
class Spot:
    """A point of the curve with what is written beside it."""

    value: float
    share: float
    text: str
    target: bool


def _spots(
    asked: Asked, strategy: int, output: int, targets: Sequence[tuple[float, float, float]], *, more: bool
) -> list[Spot]:
    """Thresholds that were asked for, then percentiles: in the order in which they may be labelled."""
    record = asked.record
    sign = "≥" if more else "<"
    found = []
    for value, below, error in targets:
        share = 1.0 - below if more else below
        text = f"P({sign} {significant(value, 6)}) = {percent(asked, share, error)}".replace("-", "−")
        found.append(Spot(value, share, text, True))
    levels = record["quantile"].tolist()
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    for k in sorted(range(len(levels)), key=lambda k: (levels[k] != 50.0, -abs(levels[k] - 50.0))):
        share = 1.0 - levels[k] / 100.0 if more else levels[k] / 100.0
        text = f"P{levels[k]:g} {amount(float(values[k]), float(errors[k]))}"
        found.append(Spot(float(values[k]), share, text, False))
    return found


def _spot_marks(spots: Sequence[Spot], across: Scale, upward: Scale, *, more: bool) -> list[Element]:
    """Points on the curve, labelled beside it where that touches no other label."""
    parts: list[Element] = []
    taken: list[tuple[float, float, float]] = []
    for spot in spots:
        if not across.holds(spot.value):
            continue
        x, y = across.at(spot.value), upward.at(spot.share)
        if spot.target:
            parts.append(rule((x, upward.start), (x, y), MUTED, dash="4 3"))
        parts.append(point(x, y, 4.5, INK if spot.target else series(0), tooltip=spot.text))
        width = text_length(spot.text, SMALL)
        right = (more and x + 9.0 + width < across.end) or x - 9.0 - width < across.start
        left = x + 9.0 if right else x - 9.0 - width
        baseline = y - 5.0 if right == more else y + 13.0
        if any(abs(baseline - line_) < 15.0 and left < b and left + width > a for a, b, line_ in taken):
            continue
        taken.append((left, left + width, baseline))
        parts.append(label(left, baseline, spot.text, halo=True, bold=spot.target))
    return parts


def _said(
    asked: Asked,
    places: list[int],
    output: int,
    targets: Sequence[tuple[float, float, float]],
    found: Sequence[Distribution],
    more: bool,
) -> str:
    parts = [spread_sentence(asked, places[0], output), loss_sentence(asked, places[0], output)]
    if len(places) > 1:
        parts = [beside_sentence(asked, s, output) for s in places]
    for value, below, error in targets if len(places) == 1 else ():
        sign = "≥" if more else "<"
        parts.append(f"P({sign} {significant(value, 6)}) = {percent(asked, 1.0 - below if more else below, error)}.")
    return " ".join(part for part in parts if part)


def _rows(at: Array, found: Sequence[Distribution], more: bool) -> list[tuple[str, ...]]:
    columns = [1.0 - one.probability(at) if more else one.probability(at) for one in found]
    texts = tick_labels(at.tolist(), "million", "en")
    return [(text, *(f"{100.0 * column[k]:.2f}" for column in columns)) for k, text in enumerate(texts)]
