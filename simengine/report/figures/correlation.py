"""Rank correlations of the inputs of a strategy, and of each with the outcome, as a heat map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.asked import Asked
from simengine.report.figures.distribution import Array
from simengine.report.figures.draws import Joined, Variable
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN
from simengine.report.figures.inputs import chances, known_titles, short_names
from simengine.report.figures.lettering import text_length
from simengine.report.figures.marks import SMALL, bar, label
from simengine.report.figures.scatter import draws_of, standard_ranks
from simengine.report.figures.svg import INK, MUTED, Element, Paint, Value, group
from simengine.results.record import Record

_MOST = 10
_CELL = 32.0
_NARROWEST_CELL = 36.0
_NOTHING = 1e-9
_LABEL_SHARE = 0.34
_SAID = 0.1
"""A correlation below this is written in a fainter colour: most of them are chance."""
_STRONGEST = 0.55
"""Opacity of a correlation of 1: text stays readable on it."""
UP, DOWN = Paint("1"), Paint("2")


def correlation(asked: Asked) -> Figure:
    """Inputs that the scenario joins first, then those that go most with the outcome; the outcome last."""
    record, words = asked.record, asked.words
    draws = draws_of(asked)
    output = asked.outcome()
    strategy = asked.one_strategy(output)
    key = record.strategies[strategy], record.outputs[output]
    if key not in draws.outcomes or key[0] not in draws.inputs:
        raise InvalidInput(Problem(f"the draws given have no inputs of {key[0]!r}"))
    groups = draws.joined.get(key[0], ())
    most = min(_MOST, int((asked.width * (1.0 - _LABEL_SHARE) - 2.0 * MARGIN) / _NARROWEST_CELL))
    shown = _chosen(_of_strategy(record, key[0], draws.inputs[key[0]], groups), groups, draws.outcomes[key], most)
    if not shown:
        raise InvalidInput(Problem(f"nothing uncertain goes into {key[1]!r} of {key[0]!r}"))
    inputs = [one.name for one in shown]
    titles = known_titles(record, inputs, [one.title for one in shown], asked.lang)
    short = short_names(inputs, titles, asked.lang)
    names = [*short, asked.outcome_name(output)]
    pairs = _pairs([*shown, Variable(key[1], "", draws.outcomes[key])], groups)
    elements, height = _map(asked, names, pairs)
    some = words.shown_trials.format(count=f"{shown[0].values.size:,}", all=f"{record.integer('trials'):,}")
    return Figure(
        kind="correlation",
        title=words.correlation.format(outcome=asked.outcome_name(output)),
        subtitle=f"{asked.strategy_name(strategy)} · {some}",
        description=words.correlation_said.format(
            first=names[pairs[0].column], second=names[pairs[0].row], value=_text(pairs[0].drawn)
        ),
        header=(words.first, words.second, words.requested, words.drawn),
        rows=[(names[one.column], names[one.row], _text(one.requested), _text(one.drawn)) for one in pairs],
        width=asked.width,
        height=height,
        elements=tuple(elements),
        lang=asked.lang,
    )


@dataclass(frozen=True)
class Pair:
    """Two variables by place, the rank correlation that the scenario asks for (or NaN), and that of the draws."""

    row: int
    column: int
    requested: float
    drawn: float


def _of_strategy(record: Record, strategy: str, inputs: Sequence[Variable], groups: Sequence[Joined]) -> list[Variable]:
    """The inputs that a strategy uses, without the draws behind events, unless the scenario joins them."""
    joined = {name for one in groups for name in one.names}
    listed = zip(record["input_name"].tolist(), record["input_strategies"].tolist(), strict=True)
    used = {str(name) for name, strategies in listed if strategy in str(strategies).split(", ")}
    behind = chances(record, "en")
    return [one for one in inputs if one.name in joined | used and (one.name in joined or one.name not in behind)]


def _chosen(inputs: Sequence[Variable], groups: Sequence[Joined], outcome: Array, most: int) -> list[Variable]:
    """At most so many inputs: those that are joined, then the others from the one that goes most with the outcome."""
    joined = {name for one in groups for name in one.names}
    kept = np.isfinite(outcome)
    of_outcome = standard_ranks(outcome[kept])
    strength = {one.name: abs(float(standard_ranks(one.values[kept]) @ of_outcome)) for one in inputs}
    moving = [one for one in inputs if one.name in joined or strength[one.name] > _NOTHING]
    ordered = sorted(moving, key=lambda one: (one.name not in joined, -strength[one.name]))[:most]
    return [one for one in inputs if one in ordered]


def _pairs(variables: Sequence[Variable], groups: Sequence[Joined]) -> list[Pair]:
    """All pairs, the strongest correlation first."""
    kept = np.all([np.isfinite(one.values) for one in variables], axis=0)
    ranks = np.array([standard_ranks(one.values[kept]) for one in variables])
    drawn = ranks @ ranks.T
    found = [
        Pair(i, j, _requested(groups, one.name, other.name), float(drawn[i, j]))
        for i, one in enumerate(variables)
        for j, other in enumerate(variables[:i])
    ]
    return sorted(found, key=lambda pair: -abs(pair.drawn))


def _requested(groups: Sequence[Joined], one: str, other: str) -> float:
    for joined in groups:
        if one in joined.names and other in joined.names:
            return float(joined.ranks[joined.names.index(one), joined.names.index(other)])
    return math.nan


def _map(asked: Asked, names: Sequence[str], pairs: Sequence[Pair]) -> tuple[list[Element], float]:
    """The lower triangle: rows with names, columns with their numbers; frames around what the scenario asks for."""
    numbered = [f"{k + 1}  {name}" for k, name in enumerate(names)]
    room = min(max(text_length(text, SMALL) for text in numbered), asked.width * _LABEL_SHARE)
    left, top = MARGIN + room + 10.0, 8.0
    across = (asked.width - MARGIN - left) / (len(names) - 1)
    parts = [label(MARGIN, top + _CELL * (k + 0.5) + 4.0, text, room=room) for k, text in enumerate(numbered)]
    for k in range(len(names) - 1):
        parts.append(
            label(
                left + across * (k + 0.5), top + _CELL * k + _CELL / 2.0 + 4.0, str(k + 1), paint=MUTED, anchor="middle"
            )
        )
    cells: list[Element] = []
    for pair in sorted(pairs, key=lambda pair: (pair.row, pair.column)):
        x, y = left + across * pair.column, top + _CELL * pair.row
        tip = f"{names[pair.column]}, {names[pair.row]}: {_text(pair.drawn)}"
        if math.isfinite(pair.requested) and pair.requested != 0.0:
            tip += f" ({asked.words.requested}: {_text(pair.requested)})"
        paint = UP if pair.drawn >= 0.0 else DOWN
        strength = round(_STRONGEST * abs(pair.drawn), 3)
        cells.append(bar(x + 1.0, y + 1.0, across - 2.0, _CELL - 2.0, paint, opacity=strength, tooltip=tip))
        if math.isfinite(pair.requested) and pair.requested != 0.0:
            looks: dict[str, Value] = {
                "x": x + 1.75,
                "y": y + 1.75,
                "width": across - 3.5,
                "height": _CELL - 3.5,
                "fill": "none",
            }
            cells.append(Element("rect", {**looks, "stroke": INK, "stroke-width": 1.5}))
        strong = abs(pair.drawn) >= _SAID
        cells.append(
            label(
                x + across / 2.0,
                y + _CELL / 2.0 + 4.0,
                _text(pair.drawn),
                anchor="middle",
                paint=INK if strong else MUTED,
            )
        )
    return [group("names", parts), group("cells", cells)], top + _CELL * len(names) + 14.0


def _text(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−") if math.isfinite(value) else ""
