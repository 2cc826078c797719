"""Elements of SVG as values, and their text: colours are names until it is known where the picture will stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from simengine.report.text import printable

Point = tuple[float, float]


@dataclass(frozen=True)
class Paint:
    """A colour by name: ink, muted, grid, paper, or the number of a series, 1 to 8."""

    name: str


INK, MUTED, GRID, PAPER = Paint("ink"), Paint("muted"), Paint("grid"), Paint("paper")


def series(place: int) -> Paint:
    """The colour of the series at a place, counted from 0; after the eighth they begin again."""
    return Paint(str(place % 8 + 1))


Value = str | float | Paint


@dataclass(frozen=True)
class Element:
    """One element: attributes in their order, a text or children, and a tooltip.

    Texts and attributes are kept as they are and escaped when they are written.
    """

    tag: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    text: str = ""
    children: Sequence[Element] = ()
    tooltip: str = ""

    def written(self, colour: Callable[[Paint], str], more: Callable[[Mapping[str, Value]], str]) -> str:
        """The element as text; ``colour`` says what paints are, ``more`` adds attributes that depend on them."""
        said = "".join(f" {name}={quoteattr(_value(value, colour))}" for name, value in self.attributes.items())
        head = f"<{self.tag}{said}{more(self.attributes)}"
        inside = f"<title>{escaped(self.tooltip)}</title>" if self.tooltip else ""
        inside += escaped(self.text) + "".join(child.written(colour, more) for child in self.children)
        return f"{head}>{inside}</{self.tag}>" if inside else f"{head}/>"


def group(name: str, children: Iterable[Element], **attributes: Value) -> Element:
    """Elements that belong together, under a class that says what they are."""
    return Element("g", {"class": f"sim-{name}", **attributes}, children=tuple(children))


def escaped(text: str) -> str:
    """A text as it may stand in markup: one line, without control characters."""
    return escape(printable(text)) if text else ""


def number(value: float) -> str:
    """A coordinate to a hundredth."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def path_of(points: Iterable[Point], *, closed: bool = False) -> str:
    """A line through points, as the attribute ``d``; equal neighbours once."""
    steps: list[str] = []
    for x, y in points:
        step = f"{number(x)},{number(y)}"
        if not steps or steps[-1] != step:
            steps.append(step)
    return ("M" + "L".join(steps) if steps else "") + ("Z" if closed else "")


def _value(value: Value, colour: Callable[[Paint], str]) -> str:
    if isinstance(value, Paint):
        return colour(value)
    return value if isinstance(value, str) else number(value)
