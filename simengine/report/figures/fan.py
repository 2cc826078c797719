"""An outcome by period: the median, the mean, and bands of percentiles around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.asked import Asked, place_of
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
from simengine.report.figures.marks import area, line, point
from simengine.report.figures.scale import nice_ticks, padded, tick_labels
from simengine.report.figures.sentences import amount
from simengine.report.figures.svg import Element, Paint, group
from simengine.report.language import outcome_title
from simengine.report.statistics import yearly_places
from simengine.report.text import printable
from simengine.results.record import Record

_HEIGHT, _FOOT = 270.0, 50.0
_BODY, _MEAN = Paint("1"), Paint("2")
_TICKS = 6
_BAND = 0.2
"""Opacity of one band; those inside others add up."""


@dataclass(frozen=True)
class Years:
    """What is drawn: places of strategy, outcome and periods, and which percentiles are pairs, the widest first."""

    strategy: int
    output: int
    years: list[int]
    pairs: list[tuple[int, int]]
    middle: int | None


def fan(asked: Asked) -> Figure:
    """A yearly outcome of one strategy."""
    record, words = asked.record, asked.words
    shown = _shown(asked)
    s, o, years = shown.strategy, shown.output, shown.years
    name = outcome_title(record.yearly_outputs[o], str(record["yearly_title"][o]), asked.lang)
    own = name == printable(record.yearly_outputs[o])
    unit = asked.unit_said(str(record["yearly_unit"][o]))
    times = record["year"][years]
    quantiles, mean = record["yearly_quantiles"][s, o, years], record["yearly_mean"][s, o, years]
    ends = padded(*ends_of(record, o, [s, *asked.places_beside()]))
    ticks, labels = value_ticks(*ends, _TICKS, unit, asked.lang)
    levels = record["quantile"].tolist()
    entries = [
        Entry(f"P{levels[a]:g} – P{levels[b]:g}", _BODY, shape="band", opacity=1.0 - (1.0 - _BAND) ** (depth + 1))
        for depth, (a, b) in enumerate(shown.pairs)
    ]
    if shown.middle is not None:
        entries.append(Entry(f"P{levels[shown.middle]:g}", _BODY))
    entries.append(Entry(words.mean, _MEAN, "6 4"))
    drawn, height = legend(entries, MARGIN, 6.0, asked.width - MARGIN)
    axis_room = Axis(Frame(0, 0, 1, 1).upward(0, 1), ticks, labels).label_room
    frame = Frame(MARGIN + axis_room + 10.0, 16.0 + height, asked.width - MARGIN - 6.0, 16.0 + height + _HEIGHT)
    across = frame.across(*padded(float(times[0]), float(times[-1]), 0.0))
    upward = frame.upward(*ends)

    def points(values: Array) -> list[tuple[float, float]]:
        kept = np.isfinite(values)
        return [(across.at(float(t)), upward.at(float(v))) for t, v in zip(times[kept], values[kept], strict=True)]

    bands = []
    for a, b in shown.pairs:
        shape = [*points(quantiles[:, a]), *reversed(points(quantiles[:, b]))]
        bands.append(area(shape, _BODY, opacity=_BAND, tooltip=f"P{levels[a]:g} – P{levels[b]:g}"))
    lines: list[Element] = []
    if shown.middle is not None:
        lines.append(line(points(quantiles[:, shown.middle]), _BODY, width=2.5))
    lines.append(line(points(mean), _MEAN, dash="6 4"))
    most = max(int(frame.width / 46.0), 2)
    year_ticks = nice_ticks(float(times[0]), float(times[-1]), min(most, len(times)))
    elements = [
        drawn,
        bottom_axis(
            frame, Axis(across, year_ticks, tick_labels(year_ticks, "", asked.lang), words.fan_axis), grid=False
        ),
        left_axis(frame, Axis(upward, ticks, labels)),
        group("bands", bands),
        *zero_rule(frame, upward, upright=False),
        group("lines", lines),
        group("marks", _dots(asked, shown, times, quantiles, points)),
    ]
    return Figure(
        kind="fan",
        title=words.fan.format(outcome=name if own else name[:1].upper() + name[1:]),
        subtitle=asked.subtitle(asked.strategy_name(s), unit),
        description=_said(asked, shown, name, unit),
        header=(words.year.capitalize(), words.with_unit(words.mean_of, unit), *(f"P{level:g}" for level in levels)),
        rows=_rows(asked, shown),
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def ends_of(record: Record, output: int, strategies: Sequence[int]) -> tuple[float, float]:
    """The range that holds 0, and means and percentiles of all periods of strategies."""
    shown = [0.0]
    for s, o, years in yearly_places(record):
        if o == output and s in strategies:
            for name in ("yearly_quantiles", "yearly_mean"):
                shown += record[name][s, o, years].ravel().tolist()
    finite = [value for value in shown if math.isfinite(value)]
    return min(finite), max(finite)


def _shown(asked: Asked) -> Years:
    record = asked.record
    if not record.yearly_outputs:
        hint = "give the scenario a horizon, and name the outcome in [outputs]"
        raise InvalidInput(Problem("no outcome of the result is reported period by period", hint=hint))
    if asked.output is not None and asked.output in record.outputs and asked.output not in record.yearly_outputs:
        allowed = ", ".join(record.yearly_outputs)
        raise InvalidInput(Problem(f"{asked.output!r} is one number, not one for each period", allowed=allowed))
    output = 0 if asked.output is None else place_of("yearly outcome", asked.output, record.yearly_outputs)
    named_strategy = asked.strategy if asked.strategy is not None else (asked.strategies or (None,))[0]
    places = {s: years for s, o, years in yearly_places(record) if o == output}
    if not places:
        raise InvalidInput(Problem(f"no strategy reports {record.yearly_outputs[output]!r}"))
    if named_strategy is None:
        strategy = next(iter(places))
    else:
        strategy = place_of("strategy", named_strategy, record.strategies)
        if strategy not in places:
            allowed = ", ".join(record.strategies[s] for s in places)
            reason = f"the strategy {named_strategy!r} does not report {record.yearly_outputs[output]!r}"
            raise InvalidInput(Problem(reason, allowed=allowed))
    years = places[strategy]
    if len(years) < 2:
        raise InvalidInput(Problem(f"{record.yearly_outputs[output]!r} is reported for one period only"))
    levels = record["quantile"].tolist()
    pairs = [(k, levels.index(100.0 - p)) for k, p in enumerate(levels) if p < 50.0 and 100.0 - p in levels]
    return Years(strategy, output, years, pairs, levels.index(50.0) if 50.0 in levels else None)


def _dots(asked: Asked, shown: Years, times: Array, quantiles: Array, points: object) -> list[Element]:
    """The median of every period as a dot whose tooltip has all percentiles."""
    if shown.middle is None:
        return []
    assert callable(points)
    record = asked.record
    levels = record["quantile"].tolist()
    rows = _rows(asked, shown)
    return [
        point(
            x,
            y,
            3.5,
            _BODY,
            tooltip=f"{asked.words.year.capitalize()} {times[k]:g}: {asked.words.mean} {rows[k][1]}, "
            + ", ".join(f"P{level:g} {text}" for level, text in zip(levels, rows[k][2:], strict=True)),
        )
        for k, (x, y) in enumerate(points(quantiles[:, shown.middle]))
    ]


def _rows(asked: Asked, shown: Years) -> list[tuple[str, ...]]:
    record = asked.record
    s, o = shown.strategy, shown.output
    rows: list[tuple[str, ...]] = []
    for y in shown.years:
        mean = amount(float(record["yearly_mean"][s, o, y]), float(record["yearly_mean_se"][s, o, y]))
        values, errors = record["yearly_quantiles"][s, o, y], record["yearly_quantiles_se"][s, o, y]
        texts = [amount(float(value), float(error)) for value, error in zip(values, errors, strict=True)]
        rows.append((f"{record['year'][y]:g}", mean, *texts))
    return rows


def _said(asked: Asked, shown: Years, name: str, unit: str) -> str:
    rows = _rows(asked, shown)
    levels = asked.record["quantile"].tolist()
    middle = shown.middle if shown.middle is not None else len(levels) // 2
    low, high = shown.pairs[0] if shown.pairs else (0, len(levels) - 1)
    quantiles = asked.record["yearly_quantiles"][shown.strategy, shown.output, shown.years]
    widest = int(np.nanargmax(quantiles[:, high] - quantiles[:, low]))
    return asked.words.fan_said.format(
        middle=f"P{levels[middle]:g}",
        outcome=name,
        first=rows[0][2 + middle],
        start=rows[0][0],
        last=rows[-1][2 + middle],
        end=rows[-1][0],
        unit=unit,
        low=rows[widest][2 + low],
        high=rows[widest][2 + high],
        widest=rows[widest][0],
    )
