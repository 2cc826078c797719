"""The mean of an outcome along the percentiles of each input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.asked import Asked
from simengine.report.figures.distribution import Array
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import (
    MARGIN,
    Axis,
    Entry,
    Frame,
    bottom_axis,
    left_axis,
    legend,
    value_ticks,
    zero_rule,
)
from simengine.report.figures.marks import DASHES, line, point, rule
from simengine.report.figures.scale import padded
from simengine.report.figures.sentences import amount
from simengine.report.figures.svg import MUTED, Element, group, series
from simengine.report.figures.tornado import driver_places, drivers_of, largest, names_of
from simengine.results.record import Record

_HEIGHT, _FOOT = 270.0, 50.0
_MOST_LINES = 6
_TICKS = 6


@dataclass(frozen=True)
class Line:
    """One input: its name in short and in full, the mean at each percentile, and its standard error."""

    name: str
    means: Array
    errors: Array

    @property
    def range(self) -> float:
        """How far the mean moves along the line."""
        return float(np.nanmax(self.means) - np.nanmin(self.means))


def spider(asked: Asked) -> Figure:
    """The inputs along which the mean of one outcome moves most."""
    drivers, words = drivers_of(asked, "spider"), asked.words
    output = asked.outcome()
    strategy = asked.one_strategy(output)
    lines = _lines(asked, drivers)
    if not lines:
        reason = f"nothing uncertain moves {asked.record.outputs[output]!r} of {asked.record.strategies[strategy]!r}"
        raise InvalidInput(Problem(reason, hint="a constant has no spider"))
    shown, unit = lines[:_MOST_LINES], asked.unit(output)
    levels = drivers["spider_point"].tolist()
    s, o = driver_places(asked, drivers)
    mean = float(drivers["mean"][s, o])
    values = np.concatenate([one.means[np.isfinite(one.means)] for one in shown] + [np.array([mean])])
    entries = [Entry(one.name, series(k), DASHES[k]) for k, one in enumerate(shown)]
    drawn, height = legend(entries, MARGIN, 6.0, asked.width - MARGIN)
    low, high = padded(float(values.min()), float(values.max()))
    ticks, labels = value_ticks(low, high, _TICKS, unit, asked.lang)
    room = Axis(Frame(0, 0, 1, 1).upward(0, 1), ticks, labels).label_room
    top = 20.0 + height
    frame = Frame(MARGIN + room + 10.0, top, asked.width - MARGIN - 8.0, top + _HEIGHT)
    across, upward = frame.across(0.0, 100.0), frame.upward(low, high)
    ranks = [level for level in levels if 5.0 <= level <= 95.0 or level in (levels[0], levels[-1])]
    elements: list[Element] = [
        drawn,
        bottom_axis(frame, Axis(across, _spaced(ranks), [f"P{x:g}" for x in _spaced(ranks)], words.spider_axis)),
        left_axis(frame, Axis(upward, ticks, labels)),
        *zero_rule(frame, upward, upright=False),
        rule((frame.left, upward.at(mean)), (frame.right, upward.at(mean)), MUTED, dash="4 3", tooltip=words.mean),
    ]
    for entry, one in zip(entries, shown, strict=True):
        places = [
            (across.at(level), upward.at(float(value)), level, float(value), float(error))
            for level, value, error in zip(levels, one.means, one.errors, strict=True)
            if np.isfinite(value)
        ]
        parts = [line([(x, y) for x, y, *_ in places], entry.paint, dash=entry.dash, tooltip=one.name)]
        for x, y, level, value, error in places:
            parts.append(point(x, y, 3.5, entry.paint, tooltip=f"{one.name}, P{level:g}: {amount(value, error)}"))
        elements.append(group("line", parts))
    return Figure(
        kind="spider",
        title=asked.headline(words.spider, output),
        subtitle=asked.subtitle(
            *(asked.strategy_name(strategy), unit, largest(asked, len(shown), len(lines))),
            trials=drivers.integer("trials"),
        ),
        description=_said(asked, lines[0], output, unit),
        header=(words.input, *(words.mean_at.format(level=f"{level:g}") for level in levels)),
        rows=[
            (one.name, *(amount(float(v), float(e)) for v, e in zip(one.means, one.errors, strict=True)))
            for one in lines
        ],
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def _lines(asked: Asked, drivers: Record) -> list[Line]:
    s, o = driver_places(asked, drivers)
    names = names_of(asked, drivers)
    found = []
    for f, kind in enumerate(drivers["factor_kind"]):
        means, errors = drivers["spider_mean"][s, o, f], drivers["spider_mean_se"][s, o, f]
        if kind != "input" or not drivers["linked"][s, o, f] or np.isfinite(means).sum() < 2:
            continue
        found.append(Line(names[f], means, errors))
    return sorted(found, key=lambda one: -one.range)


def _spaced(levels: list[float]) -> list[float]:
    """Percentiles far enough apart for their labels."""
    kept: list[float] = []
    for level in levels:
        if not kept or level - kept[-1] >= 8.0:
            kept.append(level)
    return kept


def _said(asked: Asked, one: Line, output: int, unit: str) -> str:
    low, high = int(np.nanargmin(one.means)), int(np.nanargmax(one.means))
    return asked.words.spider_said.format(
        first=one.name,
        outcome=asked.outcome_name(output),
        low=amount(float(one.means[low]), float(one.errors[low])),
        high=amount(float(one.means[high]), float(one.errors[high])),
        unit=unit,
    )
