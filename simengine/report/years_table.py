"""Outcomes by period as text: a row for each period, and for each strategy its mean, percentiles, and a bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simengine.report.descriptions import discounting_in_words, outcome_heading
from simengine.report.numbers import alone, digits_place, exact, interval, level, rounded
from simengine.report.text import Style, pad, printable, text_width
from simengine.results.record import Record

_MOST_ROWS = 40
"""Periods beyond which only some are printed."""
_MOST_DIGITS = 5
"""Digits of the largest number of a table: whoever compares years reads no more; files have all."""
_BAR = 17
_GAP = "   "
_LOW, _MIDDLE, _HIGH = 10.0, 50.0, 90.0


@dataclass(frozen=True)
class _Shown:
    """What a table shows of an outcome: its place, those of the periods and percentiles, and the scale of the bars.

    ``top`` is the exponent of the largest number.
    """

    output: int
    years: tuple[int, ...]
    levels: tuple[int, ...]
    scale: tuple[float, float]
    top: int


def years_table(record: Record, output: int, style: Style) -> list[str]:
    """The lines of one yearly outcome: its heading, then a row for each period.

    Strategies that do not fit side by side follow below each other.
    """
    alike = _alike(record, output)
    shown = _shown(record, output, [mine[0] for mine in alike])
    title, unit = str(record["yearly_title"][output]), str(record["yearly_unit"][output])
    lines = [style.bold(outcome_heading(record.yearly_outputs[output], title, unit))]
    size, bars = _layout(record, shown, alike, style)
    for first in range(0, len(alike), size):
        lines += ["", *_group(record, shown, alike[first : first + size], style, bars=bars)][first == 0 :]
    return lines


def years_notes(record: Record, style: Style) -> list[str]:
    """What has to be said once, below all tables."""
    if not record.yearly_outputs:
        return []
    notes = ["A year is the period that ends then, 0 the signing. Percentiles of different years do not add."]
    notes += [words] if (words := discounting_in_words(record.text("resolved_text"))) else []
    for output in range(len(record.yearly_outputs)):
        shown, there = len(_periods(record, output)), len(_reported(record, output))
        if shown < there:
            notes.append(f"{shown} of {there} periods are shown; --out and --json have all.")
            break
    faults = record["yearly_faults"]
    for strategy, output in zip(*np.nonzero(faults.any(axis=2)), strict=True):
        years = np.flatnonzero(faults[strategy, output])
        ends = [level(float(record["year"][y])) for y in (years[0], years[-1])]
        span = f"year {ends[0]}" if len(years) == 1 else f"years {ends[0]} to {ends[1]}"
        most = int(faults[strategy, output].max())
        trials = f"{'up to ' if len(years) > 1 else ''}{exact(float(most))} trial{'' if most == 1 else 's'}"
        first = int(record["yearly_first_fault"][strategy, output, years].min())
        notes.append(
            f"Left out in {span}: {trials} of {printable(record.strategies[strategy])} whose "
            f"{record.yearly_outputs[output]} was not finite; the first is trial {first}."
        )
    return notes


def central_levels(levels: Sequence[float]) -> tuple[int, ...]:
    """Places of P10, P50 and P90, or of the lowest, the middle and the highest percentile where one is missing."""
    wanted = [place for place, value in enumerate(levels) if value in (_LOW, _MIDDLE, _HIGH)]
    if len(wanted) < 3:
        wanted = [0, len(levels) // 2, len(levels) - 1]
    return tuple(dict.fromkeys(wanted))


def _alike(record: Record, output: int) -> list[list[int]]:
    """The strategies that report an outcome; those that have the same numbers in all periods together."""
    found: dict[bytes, list[int]] = {}
    for s in range(len(record.strategies)):
        if record["yearly_reported"][s, output].any():
            numbers = (record[f"yearly_{name}"][s, output].tobytes() for name in ("mean", "std", "quantiles"))
            found.setdefault(b"".join(numbers), []).append(s)
    return list(found.values())


def _shown(record: Record, output: int, strategies: Sequence[int]) -> _Shown:
    levels = central_levels(record["quantile"].tolist())
    years = _periods(record, output)
    values = record["yearly_quantiles"][:, output][strategies][:, years][..., levels]
    means = record["yearly_mean"][:, output][strategies][:, years]
    finite = values[~(values != values)]  # no NaN
    ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    largest = max((abs(float(x)) for x in (*finite, *means.ravel()) if math.isfinite(x)), default=0.0)
    return _Shown(output, tuple(years), levels, ends, math.floor(math.log10(largest)) if largest else 0)


def _periods(record: Record, output: int) -> list[int]:
    """Places of the periods to print: all, or every few of them so that the last one is there, and the signing."""
    years = _reported(record, output)
    step = -(-len(years) // _MOST_ROWS)
    if step == 1:
        return years
    length = float(record["year"][years[-1]] - record["year"][years[-2]])
    whole = round(1.0 / length) if length < 1.0 else 1
    step = -(-step // whole) * whole  # whole years read best
    start = [years[0]] if record["year"][years[0]] == 0.0 else []
    return [*start, *years[len(start) :][::-1][::step][::-1]]


def _reported(record: Record, output: int) -> list[int]:
    """Places of the periods for which any strategy reports an outcome."""
    places: list[int] = np.flatnonzero(record["yearly_reported"][:, output].any(axis=0)).tolist()
    return places


def _layout(record: Record, shown: _Shown, alike: list[list[int]], style: Style) -> tuple[int, bool]:
    """How many strategies stand side by side, and whether they have bars: all of them, and then bars, if they fit."""
    plain = replace(style, color=False)
    for size in range(len(alike), 0, -1):
        for bars in (True, False) if len(shown.levels) > 1 else (False,):
            groups = [alike[k : k + size] for k in range(0, len(alike), size)]
            lines = [line for group in groups for line in _group(record, shown, group, plain, bars=bars)]
            if max(map(text_width, lines)) <= style.width:
                return size, bars
    return 1, False


def _group(record: Record, shown: _Shown, alike: list[list[int]], style: Style, *, bars: bool) -> list[str]:
    """Some strategies side by side: a line of their names, one of what stands in the columns, and the periods."""
    labels = ["year", *(level(float(record["year"][y])) for y in shown.years)]
    width = max(map(len, labels))
    blocks = [_block(record, shown, mine[0], style, bars=bars) for mine in alike]
    names = [_name(record, mine) for mine in alike]
    widths = [max(len(block[0]), text_width(name)) for block, name in zip(blocks, names, strict=True)]
    blocks = [[pad(line, room) for line in block] for block, room in zip(blocks, widths, strict=True)]
    heads = [_over(name, room, style) for name, room in zip(names, widths, strict=True)]
    lines = [" " * (width + 2) + _GAP.join(heads)]
    for row, label in enumerate([*labels, *([""] if bars else [])]):
        line = (pad(label, width, "right") + "  " + _GAP.join(block[row] for block in blocks)).rstrip()
        lines.append(style.bold(line) if row == 0 else line)
    return lines


def _name(record: Record, alike: list[int]) -> str:
    """The names of strategies that have the same numbers."""
    if len(alike) == len(record.strategies) > 1:
        return "all strategies"
    return printable(", ".join(record.strategies[s] for s in alike))


def _over(name: str, width: int, style: Style) -> str:
    """A name and a rule as wide as its columns."""
    rule = width - text_width(name) - 1
    return style.bold(name) + (" " + style.rule(rule) if rule > 0 else "")


def _block(record: Record, shown: _Shown, strategy: int, style: Style, *, bars: bool) -> list[str]:
    """The columns of one strategy: a header, a line for each period, with bars a line for the ends of their scale."""
    at = (strategy, shown.output)
    columns = [_column("mean", record["yearly_mean"][at], record["yearly_mean_se"][at], shown)]
    for k in shown.levels:
        name = f"P{level(float(record['quantile'][k]))}"
        values, errors = (record[f"yearly_{which}"][at][:, k] for which in ("quantiles", "quantiles_se"))
        columns.append(_column(name, values, errors, shown))
    if bars:
        quantiles = record["yearly_quantiles"][at][list(shown.years)][:, list(shown.levels)].tolist()
        low, high = interval(*shown.scale)
        drawn = [_bar(row, shown.scale, style) for row in quantiles]
        names = [level(float(record["quantile"][k])) for k in (shown.levels[0], shown.levels[-1])]
        columns = [[*column, " " * len(column[0])] for column in columns]
        columns.append([pad(f"P{names[0]} to P{names[1]}", _BAR), *drawn, low + high.rjust(_BAR - len(low))])
    return ["  ".join(cells) for cells in zip(*columns, strict=True)]


def _column(name: str, values: Sequence[float], errors: Sequence[float], shown: _Shown) -> list[str]:
    """A header and numbers with their points below each other."""
    texts = [_text(float(values[y]), float(errors[y]), shown.top) for y in shown.years]
    behind = max(len(text.partition(".")[2]) + ("." in text) for text in texts)
    aligned = [text + " " * (behind - len(text.partition(".")[2]) - ("." in text)) for text in texts]
    width = max(len(name), *map(len, aligned))
    return [cell.rjust(width) for cell in (name, *aligned)]


def _text(value: float, se: float, top: int) -> str:
    """A number as its error allows, with at most as many digits as a table has room for."""
    place = digits_place(value, se)
    least = min(top - _MOST_DIGITS + 1, 0)
    if place is None or place >= least:
        return alone(value, se)
    return rounded(value, least)


def _bar(percentiles: Sequence[float], scale: tuple[float, float], style: Style) -> str:
    """From the low to the high percentile with a sign for one between them, and one for 0 where that is inside."""
    low, *middle, high = percentiles
    if not math.isfinite(sum(percentiles)) or not 0.0 < scale[1] - scale[0] < math.inf:
        return " " * _BAR
    line, point, origin = ("─", "●", "┊") if style.unicode else ("-", "o", ":")

    def cell(value: float) -> int:
        return round((value - scale[0]) / (scale[1] - scale[0]) * (_BAR - 1))

    signs = [" "] * _BAR
    if scale[0] < 0.0 < scale[1]:
        signs[cell(0.0)] = origin
    signs[cell(low) : cell(high) + 1] = line * (cell(high) - cell(low) + 1)
    for value in middle:
        signs[cell(value)] = point
    return "".join(signs)
