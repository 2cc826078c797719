"""The frame of a picture: where the marks stand, axes with round ticks, and the legend above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simengine.report.figures.lettering import cut, text_length
from simengine.report.figures.marks import SMALL, TEXT, bar, diamond, label, rule
from simengine.report.figures.scale import Scale, nice_ticks, tick_labels
from simengine.report.figures.svg import GRID, INK, MUTED, Element, Paint, group
from simengine.report.language import Words

WIDTH = 640.0
"""Width of a picture in its own unit, where nothing else is asked for."""
MARGIN = 16.0
_TICK_GAP, _TITLE_GAP = 18.0, 38.0
_ROOM_OF_A_TICK = 70.0
_ROW = 19.0
_SWATCH = 20.0


@dataclass(frozen=True)
class Frame:
    """The rectangle in which marks are drawn."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    def across(self, low: float, high: float) -> Scale:
        """A scale from left to right."""
        return Scale(low, high, self.left, self.right)

    def upward(self, low: float, high: float) -> Scale:
        """A scale from bottom to top."""
        return Scale(low, high, self.bottom, self.top)


@dataclass(frozen=True)
class Axis:
    """Ticks, their labels, and what the axis measures."""

    scale: Scale
    ticks: list[float]
    labels: list[str]
    title: str = ""

    @property
    def label_room(self) -> float:
        """Width of the longest label."""
        return max((text_length(text, SMALL) for text in self.labels), default=0.0)


def value_ticks(low: float, high: float, most: int, unit: str, lang: str) -> tuple[list[float], list[str]]:
    """Round ticks of values in a unit, and their labels."""
    ticks = nice_ticks(low, high, most)
    return ticks, tick_labels(ticks, unit, lang)


def share_ticks(low: float, high: float, words: Words, most: int = 5) -> tuple[list[float], list[str]]:
    """Round ticks of probabilities, and their labels in percent."""
    ticks = nice_ticks(low, high, most)
    return ticks, [words.percent(text) for text in tick_labels([100.0 * tick for tick in ticks], "", "en")]


def value_axis(scale: Scale, unit: str, lang: str, title: str = "") -> Axis:
    """The axis of an outcome, with as many ticks as there is room for."""
    most = max(int(abs(scale.end - scale.start) / _ROOM_OF_A_TICK), 3)
    return Axis(scale, *value_ticks(scale.low, scale.high, most, unit, lang), title)


def bottom_axis(frame: Frame, axis: Axis, *, grid: bool = True) -> Element:
    """A horizontal axis under the frame, with faint lines through it; its title stands below, at the right end."""
    parts: list[Element] = []
    for tick, text in zip(axis.ticks, axis.labels, strict=True):
        x = axis.scale.at(tick)
        if grid:
            parts.append(rule((x, frame.top), (x, frame.bottom), GRID))
        half = text_length(text, SMALL) / 2.0
        place = min(max(x, half + 2.0), frame.right + MARGIN - half - 2.0)
        parts.append(label(place, frame.bottom + _TICK_GAP, text, paint=MUTED, anchor="middle"))
    parts.append(rule((frame.left, frame.bottom), (frame.right, frame.bottom), MUTED))
    if axis.title:
        parts.append(
            label(
                frame.right, frame.bottom + _TITLE_GAP, axis.title, paint=MUTED, anchor="end", room=frame.right - MARGIN
            )
        )
    return group("x-axis", parts)


def left_axis(frame: Frame, axis: Axis, *, grid: bool = True) -> Element:
    """A vertical axis left of the frame, with faint lines through it; its title stands above."""
    parts: list[Element] = []
    for tick, text in zip(axis.ticks, axis.labels, strict=True):
        y = axis.scale.at(tick)
        if grid:
            parts.append(rule((frame.left, y), (frame.right, y), GRID))
        parts.append(label(frame.left - 8.0, y + 4.0, text, paint=MUTED, anchor="end"))
    if axis.title:
        parts.append(label(MARGIN, frame.top - 10.0, axis.title, paint=MUTED, room=frame.right - MARGIN))
    return group("y-axis", parts)


def zero_rule(frame: Frame, scale: Scale, *, upright: bool, named: bool = False) -> list[Element]:
    """A line where the outcome is 0, if that lies inside; among other lines it is broken, and ``named``."""
    if not scale.low < 0.0 < scale.high:
        return []
    place = scale.at(0.0)
    ends = ((place, frame.top), (place, frame.bottom)) if upright else ((frame.left, place), (frame.right, place))
    if not named:
        return [rule(*ends, INK, width=1.0)]
    name = label(place + 4.0, frame.top + 11.0, "0", paint=MUTED, halo=True)
    return [rule(*ends, MUTED, width=1.0, dash="6 4"), name]


@dataclass(frozen=True)
class Entry:
    """One line of a legend; ``swatch`` is drawn for it at a place, (x, y) of its middle left."""

    text: str
    paint: Paint
    dash: str = ""
    shape: str = "line"
    opacity: float = 1.0


def legend(entries: Sequence[Entry], left: float, top: float, right: float) -> tuple[Element, float]:
    """Entries one after the other, in as many rows as they need; and the height that they take."""
    parts: list[Element] = []
    x, y = left, top
    for entry in entries:
        room = right - left - _SWATCH - 6.0
        text = cut(entry.text, room, TEXT)
        width = _SWATCH + 6.0 + text_length(text, TEXT)
        if x > left and x + width > right:
            x, y = left, y + _ROW
        parts += _swatch(entry, x, y + _ROW / 2.0)
        parts.append(
            label(
                x + _SWATCH + 6.0,
                y + _ROW / 2.0 + 4.5,
                text,
                size=TEXT,
                tooltip=entry.text if text != entry.text else "",
            )
        )
        x += width + 18.0
    return group("legend", parts), (y - top + _ROW if entries else 0.0)


def _swatch(entry: Entry, x: float, y: float) -> list[Element]:
    if entry.shape == "band":
        return [bar(x, y - 6.0, _SWATCH - 2.0, 12.0, entry.paint, opacity=entry.opacity)]
    if entry.shape == "diamond":
        return [diamond(x + _SWATCH / 2.0 - 2.0, y, 5.0, entry.paint)]
    return [rule((x, y), (x + _SWATCH, y), entry.paint, width=2.5, dash=entry.dash)]
