"""How one outcome is distributed: histogram, smooth density, percentiles and mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simengine.report.figures.asked import Asked
from simengine.report.figures.distribution import Array, Distribution, common_view
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN, Frame, bottom_axis, value_axis, zero_rule
from simengine.report.figures.lettering import text_length
from simengine.report.figures.marks import SMALL, area, bar, diamond, label, line, rule, thinned, under
from simengine.report.figures.scale import Scale, padded
from simengine.report.figures.sentences import amount, loss_sentence, spread_sentence
from simengine.report.figures.svg import INK, MUTED, Element, Paint, Point, group
from simengine.report.numbers import significant

_TOP, _HEIGHT, _FOOT = 58.0, 248.0, 50.0
_TALLEST = 1.7
"""A bar more than this many times the next highest is cut, and says its share."""
_NEAR = 6.0
"""A label whose middle is farther from its line is joined to it."""
_COLUMN = 0.32
"""Half the width of the column of a single value, in the distance of its neighbours."""
_MOST_NUMBERS = 26
"""Rows of the table behind the picture."""
_MARKED = (5.0, 50.0, 95.0)
BODY, LOSS = Paint("1"), Paint("2")


@dataclass(frozen=True)
class Mark:
    """A statistic to be marked: where, and what is written."""

    value: float
    text: str
    mean: bool = False


def density(asked: Asked) -> Figure:
    """The distribution of one outcome of one strategy."""
    record, words = asked.record, asked.words
    output = asked.outcome()
    strategy = asked.one_strategy(output)
    found, unit = Distribution.of(record, strategy, output), asked.unit(output)
    marks = marks_of(asked, strategy, output)
    shared = asked.compared(output)
    low, high = _whole_range(asked, shared or [strategy], output)
    if found.fixed:
        low, high = padded(low, high)
    own = max(low, min(found.minimum, high)), min(high, max(found.maximum, low))
    edges, shares = found.bars(*own) if not found.lattice else columns(found, low, high)
    frame = Frame(MARGIN, _TOP, asked.width - MARGIN, _TOP + _HEIGHT)
    ends = (low, high) if shared else (min(low, float(edges[0])), max(high, float(edges[-1])))
    across = frame.across(*padded(*ends, 0.02))
    width = float(edges[1] - edges[0])
    tallest = limit(shares) if found.atoms else float(shares.max())
    curve = None if found.atoms else found.curve(across.low, across.high)
    top = max(tallest / width, 0.0 if curve is None else float(curve[1].max())) * 1.06
    upward = frame.upward(0.0, top)
    elements = [
        bottom_axis(frame, value_axis(across, unit, asked.lang, unit)),
        group("bars", _bars(asked, found, edges, shares, across, upward, tallest)),
    ]
    if curve is not None:
        elements.append(group("curve", _curve(*curve, across, upward)))
    elements.append(
        group("marks", [*zero_rule(frame, across, upright=True, named=True), *_rules(frame, across, marks)])
    )
    return Figure(
        kind="density",
        title=asked.headline(words.density, output),
        subtitle=asked.subtitle(asked.strategy_name(strategy), unit),
        description=" ".join(
            part for part in (spread_sentence(asked, strategy, output), loss_sentence(asked, strategy, output)) if part
        ),
        header=(words.with_unit(words.values, unit), words.share_of_trials),
        rows=_numbers(found, edges, shares),
        width=asked.width,
        height=frame.bottom + _FOOT,
        elements=tuple(elements),
        lang=asked.lang,
    )


def _numbers(found: Distribution, edges: Array, shares: Array) -> list[tuple[str, ...]]:
    """Shares of the trials as they were counted: of single values, or between edges of the stored histogram."""
    if found.lattice:
        return [(_said_of(found, edges, k), f"{100.0 * share:.2f}") for k, share in enumerate(shares) if share > 0.0]
    known = [one for one in found.known_bins(_MOST_NUMBERS) if one[2] > 0.0]
    usual = float(np.median([high - low for low, high, _ in known]))
    return [(_range(low, high, usual / 100.0), f"{100.0 * share:.2f}") for low, high, share in known]


def _whole_range(asked: Asked, strategies: Sequence[int], output: int) -> tuple[float, float]:
    """The range that holds the views of strategies and what is marked of them."""
    low, high = common_view([Distribution.of(asked.record, s, output) for s in strategies])
    marked = [mark.value for s in strategies for mark in marks_of(asked, s, output)]
    return min([low, *marked]), max([high, *marked])


def marks_of(asked: Asked, strategy: int, output: int) -> list[Mark]:
    """P5, P50, P95 (or the nearest that were asked of the run) and the mean, as they are marked."""
    record = asked.record
    levels = record["quantile"].tolist()
    chosen = sorted({min(range(len(levels)), key=lambda k: abs(levels[k] - level)) for level in _MARKED})
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    by_value: dict[float, list[int]] = {}
    for k in chosen:
        if np.isfinite(values[k]):
            by_value.setdefault(float(values[k]), []).append(k)
    marks = [
        Mark(value, f"{' = '.join(f'P{levels[k]:g}' for k in places)} {amount(value, float(errors[places[0]]))}")
        for value, places in by_value.items()
    ]
    mean, error = float(record["mean"][strategy, output]), float(record["mean_se"][strategy, output])
    if np.isfinite(mean):
        marks.append(Mark(mean, f"{asked.words.mean} {amount(mean, error)}", mean=True))
    return marks


def limit(shares: Array) -> float:
    """The share that the highest bar shows: its own, or less where it towers over all others."""
    ordered = np.sort(shares[shares > 0.0])
    if ordered.size < 3 or ordered[-1] <= 2.5 * ordered[-2]:
        return float(ordered[-1]) if ordered.size else 1.0
    return float(_TALLEST * ordered[-2])


def _bars(
    asked: Asked, found: Distribution, edges: Array, shares: Array, across: Scale, upward: Scale, tallest: float
) -> list[Element]:
    width = float(edges[1] - edges[0])
    low, high = found.quantile(0.05), found.quantile(0.95)
    parts: list[Element] = []
    for k, share in enumerate(shares):
        if share <= 0.0:
            continue
        shown = min(float(share), tallest)
        left, right = (across.at(across.kept(float(edge))) for edge in edges[k : k + 2])
        gap = 0.5 if right - left > 4.0 else 0.0
        paint = LOSS if edges[k + 1] <= 1e-9 * width else BODY
        counted = asked.words.percent(f"{100.0 * share:.2f}")
        tip = f"{_said_of(found, edges, k)}: {counted if found.lattice else asked.words.about.format(value=counted)}"
        y = upward.at(shown / width)
        ends = (across.at(low), across.at(high)) if not found.lattice else _whole(found, edges, k, left, right)
        for start, end, opacity in _shades(left + gap, right - gap, *ends):
            parts.append(bar(start, y, end - start, upward.start - y, paint, opacity=opacity, tooltip=tip))
        if shown < share:
            parts.append(rule((left - 2.0, y + 12.0), (right + 2.0, y + 6.0), Paint("paper"), width=4.0))
            text = asked.words.percent(significant(100.0 * float(share), 3))
            parts.append(label(right + 4.0, y + 10.0, text, halo=True, tooltip=tip))
    return parts


def _whole(found: Distribution, edges: Array, k: int, left: float, right: float) -> tuple[float, float]:
    """The places between which a column is strong: all of it where its value lies within the percentiles, or none."""
    inside = found.quantile(0.05) <= (edges[k] + edges[k + 1]) / 2.0 <= found.quantile(0.95)
    return (left, right) if inside else (right + 1.0, right + 1.0)


def _shades(start: float, end: float, low: float, high: float) -> list[tuple[float, float, float]]:
    """A bar from start to end in parts with their opacities: stronger between the places ``low`` and ``high``."""
    cuts = [start, *(place for place in (low, high) if start < place < end), end]
    return [(a, b, 0.45 if low <= (a + b) / 2.0 <= high else 0.2) for a, b in pairwise(cuts)]


def _curve(values: Array, heights: Array, across: Scale, upward: Scale) -> list[Element]:
    """The smooth density, in another colour where the outcome is a loss."""
    points = [(across.at(float(x)), upward.at(float(y))) for x, y in zip(values, heights, strict=True)]
    if not values[0] < 0.0 < values[-1]:
        return [line(thinned(points), LOSS if values[-1] <= 0.0 else BODY)]
    at_zero = (across.at(0.0), upward.at(float(np.interp(0.0, values, heights))))
    split = int(np.searchsorted(values, 0.0))
    return [line(thinned([*points[:split], at_zero]), LOSS), line(thinned([at_zero, *points[split:]]), BODY)]


def _rules(frame: Frame, across: Scale, marks: list[Mark]) -> list[Element]:
    """Percentiles as lines with their values above, the mean as a diamond with its value in a row of its own."""
    parts: list[Element] = []
    for row, mine in enumerate(([m for m in marks if m.mean], [m for m in marks if not m.mean])):
        baseline = frame.top - (36.0 if row == 0 else 15.0)
        places = spread_out([(across.at(m.value), text_length(m.text, SMALL)) for m in mine], frame.left, frame.right)
        for mark, place in zip(mine, places, strict=True):
            x = across.at(mark.value)
            apart = abs(place - x) > _NEAR
            if apart:  # the label stands aside: a line leads to it
                parts.append(rule((x, frame.top - 2.0), (place, baseline + 4.0), MUTED, width=0.8))
            if mark.mean:
                parts.append(
                    rule((x, frame.top - 2.0 if apart else baseline + 5.0), (x, frame.bottom), MUTED, dash="2 3")
                )
                parts.append(diamond(x, frame.bottom, 5.5, INK, tooltip=mark.text))
            else:
                parts.append(rule((x, frame.top - 2.0), (x, frame.bottom), INK, width=1.2, tooltip=mark.text))
            parts.append(
                label(place, baseline, mark.text, anchor="middle", paint=MUTED if mark.mean else INK, halo=True)
            )
    return parts


def spread_out(wanted: list[tuple[float, float]], left: float, right: float, gap: float = 10.0) -> list[float]:
    """Middles of labels (wanted middle, width) that stand in order in one row without touching, as near as can be.

    Labels that would touch form a block around the mean of where they want to be.

    References: Barlow et al., "Statistical Inference under Order Restrictions", 1972 (pooling of adjacent violators).
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k][0])
    offsets = [0.0]
    for before, after in pairwise(order):
        offsets.append(offsets[-1] + (wanted[before][1] + wanted[after][1]) / 2.0 + gap)
    blocks: list[tuple[float, int]] = []
    for k, offset in zip(order, offsets, strict=False):
        place, count = wanted[k][0] - offset, 1
        while blocks and blocks[-1][0] > place:
            other, more = blocks.pop()
            place, count = (place * count + other * more) / (count + more), count + more
        blocks.append((place, count))
    starts = [place for place, count in blocks for _ in range(count)]
    middles = [0.0] * len(wanted)
    for k, offset, start in zip(order, offsets, starts, strict=False):
        least, most = left + wanted[order[0]][1] / 2.0, right - wanted[order[-1]][1] / 2.0 - offsets[-1]
        middles[k] = max(min(start, most), least) + offset
    return middles


def filled(values: Array, heights: Array, across: Scale, upward: Scale, paint: Paint, opacity: float) -> Element:
    """The area under a density."""
    points: list[Point] = [(across.at(float(x)), upward.at(float(y))) for x, y in zip(values, heights, strict=True)]
    return area(under(thinned(points), upward.start), paint, opacity=opacity)


def columns(found: Distribution, low: float, high: float) -> tuple[Array, Array]:
    """Edges around the single values of an outcome, and the share of each; shares of the gaps between are 0."""
    kept = [(value, share) for value, share in found.lattice if low <= value <= high] or list(found.lattice)
    values = np.array([value for value, _ in kept])
    half = (high - low) / 40.0
    if values.size > 1:
        half = min(_COLUMN * float(np.diff(values).min()), float(values[-1] - values[0]) / 14.0)
    edges = np.column_stack((values - half, values + half)).ravel()
    shares = np.zeros(edges.size - 1)
    shares[::2] = [share for _, share in kept]
    return edges, shares


def _said_of(found: Distribution, edges: Array, k: int) -> str:
    """The range of a bin as text, or the single value that it stands for."""
    if found.lattice:
        return significant(float((edges[k] + edges[k + 1]) / 2.0), 6).replace("-", "−")
    return _range(float(edges[k]), float(edges[k + 1]), float(edges[1] - edges[0]))


def _range(low: float, high: float, width: float) -> str:
    digits = max(0, -int(np.floor(np.log10(width) + 1e-9))) if 1e-9 < width < 1e15 else 3
    texts = [f"{value:,.{min(digits, 9)}f}" if abs(value) < 1e15 else f"{value:.3g}" for value in (low, high)]
    return " – ".join(text.replace("-", "−") for text in texts)
