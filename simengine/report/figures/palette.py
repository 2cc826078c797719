"""Colours for light and dark, chosen so that series stay apart for colour-blind readers.

The first series are close to the set of Okabe and Ito; lightness differs where hues coincide for deuteranopia and
protanopia.  Tests hold them to a distance there, text to a contrast of 4.5 and series to 3 against the paper.

References: Okabe and Ito, "Color Universal Design", 2008; WCAG 2.2, 1.4.3 and 1.4.11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from simengine.report.figures.svg import Paint, Value

Theme = Literal["light", "dark", "auto"]
THEMES: tuple[str, ...] = ("light", "dark", "auto")

FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
)
"""The reader's own fonts; those with Chinese characters last."""


@dataclass(frozen=True)
class Palette:
    """Colours of text, grid and paper, and of the series in their order."""

    ink: str
    muted: str
    grid: str
    paper: str
    series: tuple[str, ...]

    @property
    def by_name(self) -> Mapping[str, str]:
        """Every colour by the name of its paint: ink, muted, grid, paper, 1 to 8."""
        named = {"ink": self.ink, "muted": self.muted, "grid": self.grid, "paper": self.paper}
        return named | {str(k): colour for k, colour in enumerate(self.series, 1)}


LIGHT = Palette(
    ink="#1b2128",
    muted="#57606a",
    grid="#e4e8ec",
    paper="#ffffff",
    series=("#0072b2", "#e0640a", "#179b7a", "#9b2f86", "#6b4a00", "#4496e6", "#2c2570", "#59616b"),
)
DARK = Palette(
    ink="#e9ecef",
    muted="#a5afba",
    grid="#2b323a",
    paper="#14181d",
    series=("#56b4e9", "#ee7733", "#35c9a0", "#c45ba0", "#f7e36a", "#5f78e8", "#f4f4f4", "#8c8c8c"),
)
PALETTES: Mapping[str, Palette] = {"light": LIGHT, "dark": DARK}


def by_property(paint: Paint) -> str:
    """A colour that the page decides: the custom property of its name."""
    return f"var(--sim-{paint.name})"


def literal(palette: Palette) -> Callable[[Paint], str]:
    """Colours of one palette."""
    named = palette.by_name
    return lambda paint: named[paint.name]


def no_classes(attributes: Mapping[str, Value]) -> str:
    """For pictures in one set of colours."""
    return ""


def classes(attributes: Mapping[str, Value]) -> str:
    """The class attribute that lets a style sheet replace the colours of an element."""
    found = [f"sim-{role[0]}-{paint.name}" for role, paint in attributes.items() if isinstance(paint, Paint)]
    return f' class="{" ".join(found)}"' if found else ""


def dark_style() -> str:
    """The style sheet that replaces every colour where the reader prefers dark."""
    rules = [
        f".sim-{role[0]}-{name}{{{role}:{colour}}}"
        for name, colour in DARK.by_name.items()
        for role in ("fill", "stroke")
    ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
