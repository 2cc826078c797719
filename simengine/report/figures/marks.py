"""Marks: lines, areas, bars, points, rules and labels at places on the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simengine.report.figures.lettering import cut
from simengine.report.figures.svg import INK, PAPER, Element, Paint, Point, Value, path_of

TEXT, SMALL = 13.0, 12.0
"""Sizes of text; a picture 640 wide shrinks to three fifths on a phone."""
_UNSEEN = 0.05
"""Distance from a line, in the unit of the picture, that nobody sees."""
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "12 3", "1 2", "6 2 1 2")
"""Lines of several series differ in their dashes too, for those who do not see the colours."""


def thinned(points: Sequence[Point], within: float = _UNSEEN) -> list[Point]:
    """The same line with fewer points: those left out lie no farther than ``within`` from it.

    References: Douglas and Peucker, Cartographica 10, 1973.
    """
    if len(points) < 3:
        return list(points)
    kept = {0, len(points) - 1}
    open_stretches = [(0, len(points) - 1)]
    while open_stretches:
        first, last = open_stretches.pop()
        between = range(first + 1, last)
        away, place = max(((_distance(points, k, first, last), k) for k in between), default=(0.0, first))
        if away > within:
            kept.add(place)
            open_stretches += [(first, place), (place, last)]
    return [points[k] for k in sorted(kept)]


def _distance(points: Sequence[Point], k: int, first: int, last: int) -> float:
    """From a point to the stretch between two others."""
    (x, y), (ax, ay), (bx, by) = points[k], points[first], points[last]
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    share = min(max(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0) if square > 0.0 else 0.0
    return math.hypot(x - ax - share * dx, y - ay - share * dy)


def line(points: Sequence[Point], paint: Paint, *, width: float = 2.0, dash: str = "", tooltip: str = "") -> Element:
    """A line through points."""
    looks: dict[str, Value] = {"d": path_of(points), "fill": "none", "stroke": paint, "stroke-width": width}
    looks |= {"stroke-linejoin": "round", "stroke-linecap": "round" if not dash else "butt"}
    if dash:
        looks["stroke-dasharray"] = dash
    return Element("path", looks, tooltip=tooltip)


def area(points: Sequence[Point], paint: Paint, *, opacity: float, tooltip: str = "") -> Element:
    """A filled shape."""
    looks: dict[str, Value] = {"d": path_of(points, closed=True), "fill": paint, "fill-opacity": f"{opacity:g}"}
    return Element("path", looks, tooltip=tooltip)


def under(points: Sequence[Point], base: float) -> list[Point]:
    """The shape between a line and a horizontal one at ``base``."""
    return [(points[0][0], base), *points, (points[-1][0], base)] if points else []


def bar(
    x: float, y: float, width: float, height: float, paint: Paint, *, opacity: float = 1.0, tooltip: str = ""
) -> Element:
    """A rectangle; negative widths and heights lie on the other side."""
    looks: dict[str, Value] = {"x": min(x, x + width), "y": min(y, y + height)}
    looks |= {"width": abs(width), "height": abs(height), "fill": paint}
    if opacity < 1.0:
        looks["fill-opacity"] = f"{opacity:g}"
    return Element("rect", looks, tooltip=tooltip)


def rule(
    a: Point, b: Point, paint: Paint, *, width: float = 1.0, dash: str = "", cap: str = "", tooltip: str = ""
) -> Element:
    """A straight line from a to b."""
    looks: dict[str, Value] = {"x1": a[0], "y1": a[1], "x2": b[0], "y2": b[1], "stroke": paint, "stroke-width": width}
    if dash:
        looks["stroke-dasharray"] = dash
    if cap:
        looks["stroke-linecap"] = cap
    return Element("line", looks, tooltip=tooltip)


def point(x: float, y: float, radius: float, paint: Paint, *, edge: Paint = PAPER, tooltip: str = "") -> Element:
    """A disc with a thin edge, so that it stands out on lines."""
    looks: dict[str, Value] = {"cx": x, "cy": y, "r": radius, "fill": paint, "stroke": edge, "stroke-width": 1.5}
    return Element("circle", looks, tooltip=tooltip)


def diamond(x: float, y: float, radius: float, paint: Paint, *, edge: Paint = PAPER, tooltip: str = "") -> Element:
    """A square on its corner: the mean, wherever one is marked."""
    corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
    looks: dict[str, Value] = {"d": path_of(corners, closed=True), "fill": paint, "stroke": edge, "stroke-width": 1.5}
    return Element("path", looks, tooltip=tooltip)


def cloud(points: Sequence[Point], paint: Paint, *, radius: float, opacity: float) -> Element:
    """Many dots as one element."""
    looks: dict[str, Value] = {"d": "".join(f"M{path_of([place])[1:]}h0" for place in points), "stroke": paint}
    looks |= {"stroke-width": 2.0 * radius, "stroke-linecap": "round", "stroke-opacity": f"{opacity:g}", "fill": "none"}
    return Element("path", looks)


def label(
    x: float,
    y: float,
    text: str,
    *,
    size: float = SMALL,
    paint: Paint = INK,
    anchor: str = "start",
    bold: bool = False,
    room: float = math.inf,
    halo: bool = False,
    tooltip: str = "",
) -> Element:
    """A line of text on the baseline y, cut to ``room`` with the whole in its tooltip; with a halo over marks."""
    shown = cut(text, room, size)
    looks: dict[str, Value] = {"x": x, "y": y, "font-size": size, "fill": paint}
    if anchor != "start":
        looks["text-anchor"] = anchor
    if bold:
        looks["font-weight"] = "600"
    if halo:
        looks |= {"stroke": PAPER, "stroke-width": 3.0, "stroke-linejoin": "round", "paint-order": "stroke"}
    return Element("text", looks, text=shown, tooltip=tooltip or (text if shown != text else ""))
