"""How an outcome settles: its mean and outer percentiles from runs of more and more trials, with their error bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.asked import Asked
from simengine.report.figures.draws import Look
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN, Axis, Frame, bottom_axis, left_axis, value_ticks
from simengine.report.figures.marks import area, label, line, point, rule
from simengine.report.figures.scale import Scale, padded
from simengine.report.figures.scatter import draws_of
from simengine.report.figures.sentences import amount
from simengine.report.figures.svg import GRID, MUTED, Element, Paint, group
from simengine.report.numbers import estimate

_PANEL, _GAP, _FOOT = 92.0, 30.0, 50.0
_BAND = 1.959964
_TICKS = 4
_PAINT = Paint("1")


@dataclass(frozen=True)
class Statistic:
    """One statistic in runs of more and more trials."""

    name: str
    trials: list[int]
    values: list[float]
    errors: list[float]

    @property
    def ends(self) -> tuple[float, float]:
        """A range that holds the values with their error bars."""
        known = [e if math.isfinite(e) else 0.0 for e in self.errors]
        pairs = list(zip(self.values, known, strict=True))
        return padded(min(v - _BAND * e for v, e in pairs), max(v + _BAND * e for v, e in pairs), 0.08)


def convergence(asked: Asked) -> Figure:
    """The mean and the outermost percentiles of one outcome of one strategy against the number of trials."""
    record, words = asked.record, asked.words
    output = asked.outcome()
    strategy = asked.one_strategy(output)
    key = record.strategies[strategy], record.outputs[output]
    looks = [*draws_of(asked).looks.get(key, ()), _last(asked, strategy, output)]
    if len(looks) < 3:
        reason = f"a run of {record.integer('trials'):,} trials is too short to show how it settles"
        raise InvalidInput(Problem(reason, hint="run 1,024 trials or more"))
    unit = asked.unit(output)
    shown = _statistics(asked, looks)
    ticked = [value_ticks(*one.ends, _TICKS, unit, asked.lang) for one in shown]
    room = max(Axis(Frame(0, 0, 1, 1).upward(0, 1), *pair).label_room for pair in ticked)
    left, right = MARGIN + room + 10.0, asked.width - MARGIN - 10.0
    elements: list[Element] = []
    top = 26.0
    for one, (ticks, labels) in zip(shown, ticked, strict=True):
        frame = Frame(left, top, right, top + _PANEL)
        across = frame.across(math.log2(looks[0].trials), math.log2(looks[-1].trials))
        elements.append(group("panel", _panel(one, frame, across, ticks, labels)))
        top += _PANEL + _GAP
    powers = range(math.ceil(across.low), math.floor(across.high) + 1)
    step = max(1, math.ceil(len(powers) * 62.0 / frame.width))
    shown_powers = [float(power) for power in powers[::step]]
    texts = [f"{2 ** int(power):,}" for power in shown_powers]
    elements.append(bottom_axis(frame, Axis(across, shown_powers, texts, words.convergence_axis), grid=False))
    return Figure(
        kind="convergence",
        title=asked.headline(words.convergence, output),
        subtitle=asked.subtitle(asked.strategy_name(strategy), unit),
        description=_said(asked, looks, output, unit),
        header=(words.trials_column, *(words.with_unit(one.name, unit) for one in shown)),
        rows=[
            (f"{look.trials:,}", *(estimate(one.values[k], one.errors[k]).text().replace("-", "−") for one in shown))
            for k, look in enumerate(looks)
        ],
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def _last(asked: Asked, strategy: int, output: int) -> Look:
    """The run itself."""
    record = asked.record
    return Look(
        record.integer("trials"),
        float(record["mean"][strategy, output]),
        float(record["mean_se"][strategy, output]),
        record["quantiles"][strategy, output],
        record["quantiles_se"][strategy, output],
    )


def _statistics(asked: Asked, looks: Sequence[Look]) -> list[Statistic]:
    """The highest percentile, the mean, and the lowest percentile, from top to bottom."""
    levels = asked.record["quantile"].tolist()
    trials = [look.trials for look in looks]

    def percentile(k: int) -> Statistic:
        values, errors = [float(x.quantiles[k]) for x in looks], [float(x.quantiles_se[k]) for x in looks]
        return Statistic(f"P{levels[k]:g}", trials, values, errors)

    mean = Statistic(asked.words.mean, trials, [x.mean for x in looks], [x.mean_se for x in looks])
    found = [percentile(len(levels) - 1), mean, *([percentile(0)] if len(levels) > 1 else [])]
    return [one for one in found if np.isfinite(one.values).all()]


def _panel(one: Statistic, frame: Frame, across: Scale, ticks: list[float], labels: list[str]) -> list[Element]:
    """One statistic: a line with a band of 95 %, and the value of the whole run as a dashed line."""
    upward = frame.upward(*one.ends)
    known = [e if math.isfinite(e) else 0.0 for e in one.errors]
    places = [across.at(math.log2(trials)) for trials in one.trials]
    lower = [(x, upward.at(v - _BAND * e)) for x, v, e in zip(places, one.values, known, strict=True)]
    upper = [(x, upward.at(v + _BAND * e)) for x, v, e in zip(places, one.values, known, strict=True)]
    middle = [(x, upward.at(v)) for x, v in zip(places, one.values, strict=True)]
    final = upward.at(one.values[-1])
    parts = [
        left_axis(frame, Axis(upward, ticks, labels)),
        label(frame.left, frame.top - 8.0, one.name, bold=True),
        rule((frame.left, frame.bottom), (frame.right, frame.bottom), GRID),
        area([*lower, *reversed(upper)], _PAINT, opacity=0.2),
        rule((frame.left, final), (frame.right, final), MUTED, dash="4 3"),
        line(middle, _PAINT),
    ]
    for (x, y), trials, value, error in zip(middle, one.trials, one.values, one.errors, strict=True):
        parts.append(point(x, y, 3.5, _PAINT, tooltip=f"{one.name}, {trials:,}: {estimate(value, error).text()}"))
    return parts


def _said(asked: Asked, looks: Sequence[Look], output: int, unit: str) -> str:
    first, last = looks[0], looks[-1]

    def width(look: Look) -> str:
        return estimate(look.mean, _BAND * look.mean_se).error or "0"

    return asked.words.convergence_said.format(
        outcome=asked.outcome_name(output),
        few=f"{first.trials:,}",
        early=amount(first.mean, first.mean_se),
        early_error=width(first),
        many=f"{last.trials:,}",
        late=amount(last.mean, last.mean_se),
        late_error=width(last),
        unit=unit,
    ).replace("  ", " ")
