"""A picture: what it shows in words and numbers, and its marks; written as SVG for a page or a file, or as PNG."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.lettering import lines_of
from simengine.report.figures.marks import TEXT, label
from simengine.report.figures.palette import (
    FONTS,
    LIGHT,
    PALETTES,
    THEMES,
    by_property,
    classes,
    dark_style,
    literal,
    no_classes,
)
from simengine.report.figures.svg import MUTED, PAPER, Element, escaped, group, number

SUFFIXES = (".svg", ".png")
NARROWEST, WIDEST = 160, 8_000
"""Widths of a written picture, in pixels."""
_PNG_SCALE = 2.0
"""Pixels of a PNG for each unit of the picture, where no width is asked for: sharp on fine screens."""
_TITLE = 17.0
_SIDE = 16.0


@dataclass(frozen=True)
class Figure:
    """A picture of a result.

    title, subtitle: what is shown, of what.  description: what is seen, in a sentence or two with the key numbers.
    header, rows: the numbers behind it, as text.  width, height: of the drawing, without the title.
    """

    kind: str
    title: str
    subtitle: str
    description: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    width: float
    height: float
    elements: tuple[Element, ...]
    lang: str = "en"

    def svg(self, inline: bool = False, *, theme: str = "auto", width: int | None = None) -> str:
        """The picture as SVG.

        ``inline``: an element for a page that has a title of its own and says the colours by custom properties,
        ``--sim-ink``, ``--sim-muted``, ``--sim-grid``, ``--sim-paper``, ``--sim-1`` to ``--sim-8``.  Else a file of its
        own, with its title drawn, light, dark, or as the reader prefers; ``width`` is its width in pixels.

        Raises
        ------
        InvalidInput
            When there is no such theme, or the width is out of range.
        """
        _check(theme, width)
        if inline:
            body = "".join(element.written(by_property, no_classes) for element in self.elements)
            return self._wrapped(body, 0.0, None)
        head, top = self._head()
        paper = Element("rect", {"x": 0.0, "y": -top, "width": self.width, "height": self.height + top, "fill": PAPER})
        palette = PALETTES.get(theme, LIGHT)
        more = classes if theme == "auto" else no_classes
        body = "".join(element.written(literal(palette), more) for element in (paper, head, *self.elements))
        style = f"<style>{dark_style()}</style>" if theme == "auto" else ""
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + self._wrapped(style + body, top, width) + "\n"

    def png(self, *, theme: str = "light", width: int | None = None) -> bytes:
        """The picture as PNG, light or dark; ``width`` in pixels.

        Raises
        ------
        InvalidInput
            When there is no such theme, the width is out of range, the wheel resvg-py is not installed, or no
            installed font has the characters.
        """
        from simengine.report.figures.png import rendered

        _check(theme, width)
        plain = "light" if theme == "auto" else theme
        pixels = width if width is not None else round(self.width * _PNG_SCALE)
        return rendered(_latin(self.svg(theme=plain), self.lang), pixels)

    def save(self, path: str | Path, *, theme: str = "auto", width: int | None = None, force: bool = False) -> Path:
        """Write the picture into a file, whole or not at all; its suffix says how: .svg or .png.

        Raises
        ------
        InvalidInput
            When the suffix is neither, or as :meth:`svg` and :meth:`png`.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        from simengine.results.files import write_file

        target = Path(path)
        problem = suffix_problem(target)
        if problem is not None:
            raise InvalidInput(problem)
        if target.suffix.lower() == ".png":
            content = self.png(theme=theme, width=width)
        else:
            content = self.svg(theme=theme, width=width).encode()
        write_file(target, content, force=force)
        return target

    def _repr_svg_(self) -> str:
        return self.svg(theme="auto").partition("\n")[2]

    def _head(self) -> tuple[Element, float]:
        """The title as it is drawn above, and its height."""
        room = self.width - 2.0 * _SIDE
        lines = lines_of(self.title, room, _TITLE, 2)
        small = lines_of(self.subtitle, room, TEXT, 2) if self.subtitle else []
        height = 14.0 + 22.0 * len(lines) + 18.0 * len(small)
        y = -height + 30.0 - 2.0
        parts = []
        for text in lines:
            parts.append(label(_SIDE, y, text, size=_TITLE, bold=True, tooltip=self.title if len(lines) > 1 else ""))
            y += 22.0
        y -= 2.0
        for text in small:
            whole = self.subtitle if text != self.subtitle else ""
            parts.append(label(_SIDE, y, text, size=TEXT, paint=MUTED, tooltip=whole))
            y += 18.0
        return group("head", parts), height

    def _wrapped(self, body: str, top: float, width: int | None) -> str:
        """The element svg around everything, with the title and description that are read aloud."""
        name = hashlib.sha256("\0".join((self.title, self.subtitle, self.description, body)).encode()).hexdigest()[:12]
        title, about = f"sim-{self.kind}-{name}-t", f"sim-{self.kind}-{name}-d"
        full = self.height + top
        size = (self.width, full) if width is None else (float(width), width * full / self.width)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {number(-top)} {number(self.width)} {number(full)}" '
            f'width="{number(size[0])}" height="{number(size[1])}" role="img" aria-labelledby="{title} {about}" '
            f'lang="{"zh-CN" if self.lang == "zh" else "en"}" font-family="{FONTS}">'
            f'<title id="{title}">{escaped(self.title)}</title><desc id="{about}">{escaped(self.description)}</desc>'
            f"{body}</svg>"
        )


def _latin(svg: str, lang: str) -> str:
    """A picture in English without curly quotes, which a font with Chinese characters would set as wide as those."""
    return svg if lang == "zh" else svg.replace("“", "&quot;").replace("”", "&quot;").replace("’", "&apos;")


def suffix_problem(target: Path) -> Problem | None:
    """What is wrong with the name of a file, if it is not that of a picture."""
    if target.suffix.lower() in SUFFIXES:
        return None
    said = f"no picture of type {target.suffix!r} can be written" if target.suffix else "the name has no suffix"
    return Problem(said, value=target.name, allowed=", ".join(SUFFIXES))


def _check(theme: str, width: int | None) -> None:
    problems = []
    if theme not in THEMES:
        problems.append(Problem("there is no such theme", "theme", theme, ", ".join(THEMES)))
    if width is not None and not NARROWEST <= width <= WIDEST:
        allowed = f"{NARROWEST} to {WIDEST:,} pixels"
        problems.append(Problem("out of range", "width", str(width), allowed))
    if problems:
        raise InvalidInput(problems)
