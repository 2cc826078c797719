"""Two outcomes, or one outcome of two strategies, trial by trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.asked import Asked, place_of
from simengine.report.figures.distribution import Array
from simengine.report.figures.draws import Draws
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN, Axis, Frame, bottom_axis, left_axis, value_axis, value_ticks
from simengine.report.figures.marks import cloud, label, rule
from simengine.report.figures.scale import Scale, padded
from simengine.report.figures.svg import INK, MUTED, Element, group, series
from simengine.report.numbers import significant

_HEIGHT, _FOOT = 340.0, 50.0
_TAIL = 0.002
"""Share of the points at each end of an axis that may lie beyond it."""
_TICKS = 6
_TABLE_ROWS = 20


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called, alone and with its unit, and its values."""

    name: str
    heading: str
    unit: str
    values: Array


def draws_of(asked: Asked) -> Draws:
    """The draws that the picture needs.

    Raises
    ------
    InvalidInput
        When none were given.
    """
    if asked.draws is None:
        hint = "`simengine plot` draws them again; in Python give draws=redrawn(record, kind)"
        raise InvalidInput(Problem(f"the kind {asked.kind} needs trials, which a stored result has not", hint=hint))
    return asked.draws


def scatter(asked: Asked) -> Figure:
    """The first trials as points: one outcome across, another (or another strategy) upward."""
    draws, words = draws_of(asked), asked.words
    first, second, subtitle, rivals = _sides(asked, draws)
    both = np.isfinite(first.values) & np.isfinite(second.values)
    x, y = first.values[both], second.values[both]
    if x.size < 2:
        raise InvalidInput(Problem("fewer than two trials have finite values of both"))
    (left, right), (low, high) = (_ends(values) for values in ((x, y) if not rivals else (np.append(x, y),) * 2))
    ticks, labels = value_ticks(low, high, _TICKS, second.unit, asked.lang)
    room = Axis(Frame(0, 0, 1, 1).upward(0, 1), ticks, labels).label_room
    frame = Frame(MARGIN + room + 10.0, 30.0, asked.width - MARGIN - 6.0, 30.0 + _HEIGHT)
    across, upward = frame.across(left, right), frame.upward(low, high)
    kept = (x >= left) & (x <= right) & (y >= low) & (y <= high)
    points = [(across.at(float(a)), upward.at(float(b))) for a, b in zip(x[kept], y[kept], strict=True)]
    value = rank_correlation(x, y)
    shown = "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
    elements: list[Element] = [
        bottom_axis(frame, value_axis(across, first.unit, asked.lang, first.heading)),
        left_axis(frame, Axis(upward, ticks, labels, second.heading)),
    ]
    for scale, upright in ((across, True), (upward, False)):
        if scale.low < 0.0 < scale.high:
            place = scale.at(0.0)
            ends = (
                ((place, frame.top), (place, frame.bottom)) if upright else ((frame.left, place), (frame.right, place))
            )
            elements.append(rule(*ends, MUTED))
    elements.append(group("points", [cloud(points, series(0), radius=2.0, opacity=0.5)]))
    if rivals:
        elements += _diagonal(max(left, low), min(right, high), across, upward)
    text = words.correlation_coefficient.format(value=shown)
    elements.append(label(frame.right, frame.top - 10.0, text, anchor="end", paint=INK, halo=True))
    some = words.shown_trials.format(count=f"{first.values.size:,}", all=f"{asked.record.integer('trials'):,}")
    return Figure(
        kind="scatter",
        title=words.scatter.format(first=first.name, second=second.name),
        subtitle=f"{subtitle} · {some}",
        description=words.scatter_said.format(count=f"{x.size:,}", first=first.name, second=second.name, value=shown),
        header=(first.heading, second.heading),
        rows=[(_plain(a), _plain(b)) for a, b in zip(x[:_TABLE_ROWS], y[:_TABLE_ROWS], strict=True)],
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def rank_correlation(x: Array, y: Array) -> float:
    """Spearman's rank correlation, ties sharing their middle rank; NaN where one does not vary."""
    a, b = standard_ranks(x), standard_ranks(y)
    return float(a @ b) if a.any() and b.any() else float("nan")


def standard_ranks(values: Array) -> Array:
    """Ranks less their mean, with a sum of squares of 1; zeros where all values are one.  Ties share a rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    ranks = ranks - ranks.mean() if ranks.size else ranks
    size = float(np.sqrt(ranks @ ranks))
    return ranks / size if size > 0.0 else np.zeros_like(ranks)


def _sides(asked: Asked, draws: Draws) -> tuple[Side, Side, str, bool]:
    """What stands across and upward, what both have in common, and whether they are strategies of one outcome."""
    record = asked.record
    output = asked.outcome()
    strategy = asked.one_strategy(output)

    def side(s: int, o: int, name: str) -> Side:
        key = record.strategies[s], record.outputs[o]
        if key not in draws.outcomes:
            raise InvalidInput(Problem(f"the draws given have no {key[1]!r} of {key[0]!r}"))
        unit = asked.unit(o)
        return Side(name, asked.words.with_unit(name, unit), unit, draws.outcomes[key])

    if asked.other is None:
        others = [o for o in range(len(record.outputs)) if o != output and record["reported"][strategy, o]]
        if others:
            return _two_outcomes(asked, side, strategy, output, others[0])
        rivals = [s for s in range(len(record.strategies)) if s != strategy and record["reported"][s, output]]
        if not rivals:
            raise InvalidInput(Problem("there is one outcome of one strategy only", hint="a scatter needs two"))
        return _two_strategies(asked, side, strategy, rivals[0], output)
    if asked.other in record.outputs:
        other = record.outputs.index(asked.other)
        if not record["reported"][strategy, other]:
            raise InvalidInput(Problem(f"{record.strategies[strategy]!r} does not report {asked.other!r}"))
        return _two_outcomes(asked, side, strategy, output, other)
    place = place_of("other outcome or strategy", asked.other, (*record.outputs, *record.strategies))
    rival = place - len(record.outputs)
    if not record["reported"][rival, output]:
        raise InvalidInput(Problem(f"{asked.other!r} does not report {record.outputs[output]!r}"))
    return _two_strategies(asked, side, strategy, rival, output)


def _two_outcomes(
    asked: Asked, side: Callable[[int, int, str], Side], strategy: int, first: int, second: int
) -> tuple[Side, Side, str, bool]:
    names = asked.outcome_name(first), asked.outcome_name(second)
    return side(strategy, first, names[0]), side(strategy, second, names[1]), asked.strategy_name(strategy), False


def _two_strategies(
    asked: Asked, side: Callable[[int, int, str], Side], first: int, second: int, output: int
) -> tuple[Side, Side, str, bool]:
    names = asked.strategy_name(first), asked.strategy_name(second)
    return side(first, output, names[0]), side(second, output, names[1]), asked.outcome_name(output), True


def _ends(values: Array) -> tuple[float, float]:
    low, high = np.quantile(values, [_TAIL, 1.0 - _TAIL])
    return padded(float(low), float(high))


def _diagonal(low: float, high: float, across: Scale, upward: Scale) -> list[Element]:
    """Where both are equal."""
    if not high > low:
        return []
    return [rule((across.at(low), upward.at(low)), (across.at(high), upward.at(high)), INK, dash="4 3")]


def _plain(value: float) -> str:
    return significant(float(value), 5).replace("-", "−")
