"""Ranges within a table: percentiles and mean of each row on a scale that all rows share."""

from __future__ import annotations

from dataclasses import dataclass

from simengine.report.language import Words
from simengine.report.page.markup import Markup, text

_WIDTH, _HEIGHT, _MARGIN = 160.0, 16.0, 4.0


@dataclass(frozen=True)
class Range:
    """Four percentiles in order, the mean, both ends of the scale, and the same in words."""

    points: tuple[float, float, float, float]
    mean: float
    scale: tuple[float, float]
    words: str

    def place(self, value: float) -> str:
        """Where a value stands across the picture."""
        share = (min(max(value, self.scale[0]), self.scale[1]) - self.scale[0]) / (self.scale[1] - self.scale[0])
        return f"{_MARGIN + share * (_WIDTH - 2.0 * _MARGIN):.1f}"


def range_chart(one: Range, said: Words) -> Markup:
    """A line between the outer percentiles, a bar between the inner ones, a dot for the mean."""
    low, inner_low, inner_high, high = map(one.place, one.points)
    middle = f"{_HEIGHT / 2.0:g}"
    zero = ""
    if one.scale[0] < 0.0 < one.scale[1]:
        origin = one.place(0.0)
        zero = f'<line class="zero" x1="{origin}" x2="{origin}" y1="0" y2="{_HEIGHT:g}"/>'
    return Markup(
        f'<svg class="rangechart" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{text(one.words)}">'
        f"<title>{text(one.words)}</title>{zero}"
        f'<line class="outer" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>'
        f'<line class="inner" x1="{inner_low}" x2="{inner_high}" y1="{middle}" y2="{middle}"/>'
        f'<circle cx="{one.place(one.mean)}" cy="{middle}" r="3.2"/></svg>'
    )
