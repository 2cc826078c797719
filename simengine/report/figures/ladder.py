"""The percentiles of every strategy as boxes and whiskers on one scale."""

from __future__ import annotations

import math

import numpy as np

from simengine.report.figures.asked import Asked
from simengine.report.figures.density import spread_out
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN, Frame, bottom_axis, value_axis, zero_rule
from simengine.report.figures.lettering import text_length
from simengine.report.figures.marks import SMALL, TEXT, bar, diamond, label, rule
from simengine.report.figures.overlay import statistics_row
from simengine.report.figures.scale import Scale, padded
from simengine.report.figures.sentences import amount, beside_sentence
from simengine.report.figures.svg import INK, MUTED, PAPER, Element, group, series

_ROW, _FOOT = 66.0, 50.0
_THICK = 20.0
_MOST_ROWS = 16


def ladder(asked: Asked) -> Figure:
    """Percentiles, median and mean of one outcome, a row for each strategy."""
    record, words = asked.record, asked.words
    output = asked.outcome()
    places, some = asked.first_of(output, _MOST_ROWS)
    unit = asked.unit(output)
    quantiles = record["quantiles"][places, output]
    means = record["mean"][places, output]
    finite = np.concatenate([quantiles[np.isfinite(quantiles)], means[np.isfinite(means)]])
    frame = Frame(MARGIN, 8.0, asked.width - MARGIN, 8.0 + _ROW * len(places))
    across = frame.across(*padded(float(finite.min()), float(finite.max()), 0.06))
    rows = [_row(asked, s, output, across, frame.top + _ROW * k) for k, s in enumerate(places)]
    return Figure(
        kind="ladder",
        title=asked.headline(words.ladder, output),
        subtitle=asked.subtitle(some, unit),
        description=" ".join(beside_sentence(asked, s, output) for s in places),
        header=(words.strategy.capitalize(), words.mean_of, *(f"P{level:g}" for level in record["quantile"].tolist())),
        rows=[statistics_row(asked, s, output) for s in places],
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=(
            bottom_axis(frame, value_axis(across, unit, asked.lang, unit)),
            *(
                part
                for k in range(len(places))
                for part in zero_rule(_of_bars(frame, frame.top + _ROW * k), across, upright=True)
            ),
            *rows,
        ),
        lang=asked.lang,
    )


def _row(asked: Asked, strategy: int, output: int, across: Scale, top: float) -> Element:
    """The name above; below it nested bars of pairs of percentiles, the median as a gap, the mean as a diamond."""
    record = asked.record
    levels = record["quantile"].tolist()
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    y, paint = top + 36.0, series(0)
    parts = [label(across.start, top + 18.0, asked.strategy_name(strategy), size=TEXT, bold=True, halo=True,
                   room=across.end - across.start)]  # fmt: skip
    pairs = [
        (k, levels.index(100.0 - level)) for k, level in enumerate(levels) if level < 50.0 and 100.0 - level in levels
    ]
    if not pairs and len(levels) > 1:
        pairs = [(0, len(levels) - 1)]
    for depth, (a, b) in enumerate(pairs):
        low, high = across.at(float(values[a])), across.at(float(values[b]))
        thick = _thickness(depth, len(pairs))
        opacity = 1.0 if depth == len(pairs) - 1 and len(pairs) > 1 else 0.55 if depth else 0.9
        tip = f"P{levels[a]:g} – P{levels[b]:g}: {_text(values, errors, a)} – {_text(values, errors, b)}"
        parts.append(bar(low, y - thick / 2.0, max(high - low, 1.0), thick, paint, opacity=opacity, tooltip=tip))
    if 50.0 in levels:
        k = levels.index(50.0)
        x = across.at(float(values[k]))
        tip = f"P50 {_text(values, errors, k)}"
        parts.append(rule((x, y - _THICK / 2.0), (x, y + _THICK / 2.0), PAPER, width=3.0, tooltip=tip))
    mean = float(record["mean"][strategy, output])
    if math.isfinite(mean):
        text = f"{asked.words.mean} {amount(mean, float(record['mean_se'][strategy, output]))}"
        parts.append(diamond(across.at(mean), y, 5.5, INK, tooltip=text))
    parts += _labels(levels, values, errors, across, y)
    return group("row", parts)


def _of_bars(frame: Frame, top: float) -> Frame:
    """Where the bars of a row are, below its name and above its labels."""
    return Frame(frame.left, top + 36.0 - 0.6 * _THICK, frame.right, top + 36.0 + 0.6 * _THICK)


def _thickness(depth: int, pairs: int) -> float:
    """The outermost pair is a line, the innermost a box."""
    if pairs == 1:
        return _THICK
    return 2.0 + (_THICK - 2.0) * depth / (pairs - 1)


def _labels(levels: list[float], values: np.ndarray, errors: np.ndarray, across: Scale, y: float) -> list[Element]:
    """The outermost percentiles and the median, in order below the bar."""
    middle = levels.index(50.0) if 50.0 in levels else len(levels) // 2
    shown = sorted({0, middle, len(levels) - 1})
    texts = [f"P{levels[k]:g} {_text(values, errors, k)}" for k in shown]
    wanted = [(across.at(float(values[k])), text_length(text, SMALL)) for k, text in zip(shown, texts, strict=True)]
    return [
        label(x, y + 24.0, text, anchor="middle", paint=MUTED, halo=True)
        for x, text in zip(spread_out(wanted, across.start, across.end), texts, strict=True)
    ]


def _text(values: np.ndarray, errors: np.ndarray, k: int) -> str:
    return amount(float(values[k]), float(errors[k]))
