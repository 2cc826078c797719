"""What moves the mean of an outcome: a bar for each input, from its 10th to its 90th percentile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simengine.errors import InvalidInput, Problem
from simengine.report.brief_numbers import brief
from simengine.report.figures.asked import Asked, place_of
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import MARGIN, Frame, bottom_axis, value_axis
from simengine.report.figures.inputs import full_name, is_clock, known_titles, probability_of, short_names
from simengine.report.figures.lettering import lines_of, text_length
from simengine.report.figures.marks import SMALL, bar, label, rule
from simengine.report.figures.scale import Scale, padded
from simengine.report.figures.sentences import amount
from simengine.report.figures.svg import INK, MUTED, Element, Paint, group
from simengine.report.numbers import significant
from simengine.results.record import Record

_ROW, _FOOT = 38.0, 50.0
_MOST_ROWS = 12
_LABEL_SHARE = 0.3
_NORMAL_95 = 1.959964
_NOTED = 0.02
"""Rank correlation from which on an input without a bar is mentioned."""
_WHETHER = "whether "
"""How the engine's titles of what happens or does not begin; such an input is 1 or 0."""
UP, DOWN = Paint("1"), Paint("2")


@dataclass(frozen=True)
class Bar:
    """One input: what it is called, what it does to the mean, and its values at both ends.

    An event goes from what does not happen to what does, at no percentiles.
    """

    name: str
    change: float
    error: float
    low: str
    high: str
    unit: str
    event: bool = False

    @property
    def reach(self) -> float:
        """The end of its bar, or of the interval around it where that reaches farther."""
        if not math.isfinite(self.error):
            return self.change
        return self.change + math.copysign(_NORMAL_95 * self.error, self.change)

    @property
    def start(self) -> float:
        """The other end: 0, or that of the interval where it holds 0."""
        other = 2.0 * self.change - self.reach
        return other if other * self.change < 0.0 else 0.0


def drivers_of(asked: Asked, section: str) -> Record:
    """The drivers of the dossier, with a section.

    Raises
    ------
    InvalidInput
        When the dossier has none, or they were computed without that section.
    """
    drivers = asked.dossier.drivers
    if drivers is None or section not in drivers.document("sections"):
        what = "drivers" if drivers is None else f"the section {section!r} of drivers"
        hint = f"`simengine drivers SCENARIO --{section} --out RESULT` leaves them beside the result"
        raise InvalidInput(Problem(f"a {asked.kind} needs {what}, which the result has not", hint=hint))
    return drivers


def driver_places(asked: Asked, drivers: Record) -> tuple[int, int]:
    """Places of the strategy and the outcome among the drivers; those of the result where none are named."""
    output = asked.outcome()
    strategy = asked.one_strategy(output)
    return (
        place_of("strategy among the drivers", asked.record.strategies[strategy], drivers.strategies),
        place_of("outcome among the drivers", asked.record.outputs[output], drivers.outputs),
    )


def tornado(asked: Asked) -> Figure:
    """The inputs that move the mean of one outcome of one strategy, the strongest first."""
    drivers, words = drivers_of(asked, "tornado"), asked.words
    output = asked.outcome()
    strategy = asked.one_strategy(output)
    bars = _bars(asked, drivers)
    if not bars:
        reason = f"nothing uncertain moves {asked.record.outputs[output]!r} of {asked.record.strategies[strategy]!r}"
        raise InvalidInput(Problem(reason, hint="a constant has no tornado"))
    shown, unit = bars[:_MOST_ROWS], asked.unit(output)
    names = [min(text_length(one.name, SMALL), asked.width * _LABEL_SHARE) for one in shown]
    frame = Frame(MARGIN + max(names) + 10.0, 10.0, asked.width - MARGIN, 10.0 + _ROW * len(shown))
    across = _scale(frame, shown)
    points = drivers["swing_point"].tolist()
    title = words.with_unit(words.tornado_axis.format(low=f"{points[0]:g}", high=f"{points[-1]:g}"), unit)
    note = _note(asked, drivers, points)
    if any(one.event for one in shown):
        note = _sentences(asked, words.events_note, note)
    elements = [
        bottom_axis(frame, value_axis(across, unit, asked.lang, title)),
        *(_row(one, frame, across, frame.top + _ROW * k) for k, one in enumerate(shown)),
        rule((across.at(0.0), frame.top), (across.at(0.0), frame.bottom), INK),
    ]
    lines = lines_of(note, asked.width - 2.0 * MARGIN, SMALL, 3) if note else []
    foot = frame.bottom + _FOOT
    for k, text in enumerate(lines):
        elements.append(label(MARGIN, foot + 12.0 + 16.0 * k, text, paint=MUTED, tooltip=note))
    return Figure(
        kind="tornado",
        title=asked.headline(words.tornado, output),
        subtitle=asked.subtitle(
            *(asked.strategy_name(strategy), unit, largest(asked, len(shown), len(bars))),
            trials=drivers.integer("trials"),
        ),
        description=_sentences(asked, _said(asked, bars, output, points), note),
        header=(
            *(words.input, words.from_input, words.to_input),
            *(words.with_unit(words.change, unit), words.error),
        ),
        rows=[
            (
                *(one.name, _behind(one.low, one.unit), _behind(one.high, one.unit)),
                *_with_error(one),
            )
            for one in bars
        ],
        width=asked.width,
        height=foot + (16.0 * len(lines) + 10.0 if lines else 0.0),
        elements=tuple(elements),
        lang=asked.lang,
    )


def names_of(asked: Asked, drivers: Record) -> list[str]:
    """What every factor is called: by its title, and by its name too where it shares that."""
    names, lang = [str(x) for x in drivers["factor"]], asked.lang
    titles = known_titles(asked.record, names, [str(x) for x in drivers["factor_title"]], lang)
    kinds = [str(kind) for kind in drivers["factor_kind"]]
    barred = [f for f, kind in enumerate(kinds) if kind != "risk"]  # a risk has the title of its event
    short = short_names([names[f] for f in barred], [titles[f] for f in barred], lang)
    shown = dict(zip(barred, short, strict=True))
    return [shown.get(f) or full_name(names[f], titles[f], lang) for f in range(len(names))]


def _bars(asked: Asked, drivers: Record) -> list[Bar]:
    s, o = driver_places(asked, drivers)
    found = []
    names = names_of(asked, drivers)
    still = set(_without_swing(drivers, s, o))
    for f, kind in enumerate(drivers["factor_kind"]):
        change, error = float(drivers["mean_change"][s, o, f]), float(drivers["mean_change_se"][s, o, f])
        if kind == "risk" or not drivers["linked"][s, o, f] or not math.isfinite(change) or f in still:
            continue
        if kind == "event":
            ends, unit = (asked.words.spared, _strikes(asked, str(drivers["factor"][f]))), ""
        elif is_clock(str(drivers["factor"][f]), str(drivers["factor_title"][f])):
            ends, unit = (asked.words.early, asked.words.late), ""
        else:
            unit = asked.unit_said(str(drivers["factor_unit"][f]))
            low, high = (float(drivers["swing_input"][s, o, f, end]) for end in (0, -1))
            switch = (low, high) == (0.0, 1.0) and str(drivers["factor_title"][f]).startswith(_WHETHER)
            ends = (asked.words.no, asked.words.yes) if switch else (_input(low), _input(high))
        found.append(Bar(names[f], change, error, *ends, unit, event=kind == "event"))
    return sorted(found, key=lambda one: -abs(one.change))


def _with_error(one: Bar) -> tuple[str, str]:
    """The change of the mean and its standard error, to the same place."""
    found = brief(one.change, one.error)
    return found.value.replace("-", "−"), found.error.replace("-", "−")


def _strikes(asked: Asked, event: str) -> str:
    """That something happens, and how probable that is where the result has it."""
    words = asked.words
    chance = probability_of(asked.record, asked.one_strategy(asked.outcome()), event)
    if not math.isfinite(chance):
        return words.strikes
    return words.strikes_with.format(share=words.percent(significant(100.0 * chance, 2)))


def largest(asked: Asked, shown: int, bars: int) -> str:
    """What is said where there are more inputs than the picture has room for."""
    return asked.words.largest_of.format(count=shown, all=bars) if bars > shown else ""


def _sentences(asked: Asked, *said: str) -> str:
    return ("" if asked.lang == "zh" else " ").join(one for one in said if one)


def _without_swing(drivers: Record, strategy: int, output: int) -> list[int]:
    """Inputs that are the same at both percentiles, such as one that is 1 in all but 5 % of the trials."""
    ends = drivers["swing_input"][strategy, output]
    return [
        f
        for f, kind in enumerate(drivers["factor_kind"])
        if kind == "input" and drivers["linked"][strategy, output, f] and ends[f, 0] == ends[f, -1]
    ]


def _note(asked: Asked, drivers: Record, points: list[float]) -> str:
    """What is said of inputs that have no bar and still go with the outcome; empty where there are none."""
    s, o = driver_places(asked, drivers)
    ranks, names = drivers["spearman"][s, o], names_of(asked, drivers)
    quiet = [f for f in _without_swing(drivers, s, o) if abs(float(ranks[f])) >= _NOTED]
    if not quiet:
        return ""
    quiet.sort(key=lambda f: -abs(float(ranks[f])))
    listed = [f"{names[f]} ({float(ranks[f]):.2f})".replace("-", "−") for f in quiet]
    joined = ("、" if asked.lang == "zh" else ", ").join(listed)
    return asked.words.without_bar.format(names=joined, low=f"{points[0]:g}", high=f"{points[-1]:g}")


def _input(value: float) -> str:
    return significant(value, 3).replace("-", "−") if math.isfinite(value) else "?"


def _behind(text: str, unit: str) -> str:
    """A number with its unit, where it has one."""
    return f"{text} {unit}" if unit and unit != "1" else text


def _scale(frame: Frame, bars: Sequence[Bar]) -> Scale:
    """A scale with room for the labels of the inputs at both ends of every bar."""
    ends = [0.0, *(end for one in bars for end in (one.start, one.reach))]
    low, high = min(ends), max(ends)
    low, high = padded(low, high, 0.02)
    for _ in range(3):
        across = frame.across(low, high)
        before = after = 0.0
        for one in bars:
            start, tip = text_length(one.low, SMALL) + 8.0, text_length(one.high, SMALL) + 8.0
            zero, end = across.at(one.start), across.at(one.reach)
            left, right = (zero - start, end + tip) if one.change >= 0.0 else (end - tip, zero + start)
            before, after = max(before, frame.left - left), max(after, right - frame.right)
        unit = (high - low) / frame.width
        low, high = low - before * unit, high + after * unit
    return frame.across(low, high)


def _row(one: Bar, frame: Frame, across: Scale, top: float) -> Element:
    """The name at the left; the bar from 0, its 95 % interval, and the values of the input at its ends."""
    middle = top + _ROW / 2.0
    zero, end = across.at(0.0), across.at(one.change)
    ahead = one.change >= 0.0
    tip = f"{one.name}: {one.low} → {_behind(one.high, one.unit)}: {amount(one.change, one.error)}"
    parts = []
    lines = lines_of(one.name, frame.left - MARGIN - 8.0, SMALL, 2)
    for k, text in enumerate(lines):
        y = middle + 4.0 + (k - (len(lines) - 1) / 2.0) * 14.5
        parts.append(label(frame.left - 10.0, y, text, anchor="end", tooltip=one.name))
    parts.append(bar(zero, middle - 10.0, end - zero, 20.0, UP if ahead else DOWN, opacity=0.85, tooltip=tip))
    if math.isfinite(one.error) and one.error > 0.0:
        ends = [across.at(across.kept(one.change + sign * _NORMAL_95 * one.error)) for sign in (-1.0, 1.0)]
        if abs(ends[1] - ends[0]) > 3.0:
            parts.append(rule((ends[0], middle), (ends[1], middle), INK, width=1.5))
    side = ("end", -6.0), ("start", 6.0)
    at_zero, at_end = (side[0], side[1]) if ahead else (side[1], side[0])
    parts.append(
        label(across.at(one.start) + at_zero[1], middle + 4.0, one.low, anchor=at_zero[0], paint=MUTED, halo=True)
    )
    parts.append(label(across.at(one.reach) + at_end[1], middle + 4.0, one.high, anchor=at_end[0], halo=True))
    return group("row", parts)


def _said(asked: Asked, bars: list[Bar], output: int, points: list[float]) -> str:
    words, unit = asked.words, asked.unit(output)
    more = ""
    if len(bars) > 1:
        joiner = "；其次是{name}（{change}）" if asked.lang == "zh" else ", then {name} by {change}"
        more = joiner.format(name=bars[1].name, change=amount(bars[1].change, bars[1].error))
    return words.tornado_said.format(
        low=f"{points[0]:g}",
        high=f"{points[-1]:g}",
        first=bars[0].name,
        outcome=asked.outcome_name(output),
        change=amount(bars[0].change, bars[0].error),
        unit=unit,
        second=more,
    ).replace(" .", ".")
