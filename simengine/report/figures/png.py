"""PNG of a picture, by the optional wheel resvg-py and the fonts of this machine."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from simengine.errors import InvalidInput, Problem

_FALLBACK = "sans-serif"
_NOBODY = "\U0010fffd"
"""A character for private use, which no font of general use has: what is drawn for it is the box for missing ones."""
_INSTALL_WHEEL = "pip install 'simengine[report]', or write .svg, which needs nothing"
_INSTALL_FONT = (
    "install a font that has them, for Chinese Noto Sans CJK (Debian and Ubuntu: fonts-noto-cjk; Fedora: "
    "google-noto-sans-cjk-fonts), or write .svg, which is shown with the reader's own fonts"
)
_MOST_NAMED = 8


def rendered(svg: str, width: int) -> bytes:
    """A standalone picture as PNG, ``width`` pixels wide; the same picture gives the same bytes on one machine.

    Raises
    ------
    InvalidInput
        When the wheel is not installed, or no font of this machine has a character of the text.
    """
    draw = _renderer()
    missing = missing_characters(svg)
    if missing:
        named = ", ".join(f"{char} (U+{ord(char):04X})" for char in missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        reason = f"no font of this machine has {named}{more}: the picture would show empty boxes"
        raise InvalidInput(Problem(reason, hint=_INSTALL_FONT))
    return bytes(draw(svg_string=svg, width=width))


def missing_characters(text: str) -> list[str]:
    """Characters of a text that no installed font has, in order; without the wheel nothing can be said.

    Raises
    ------
    InvalidInput
        When the wheel is not installed.
    """
    _renderer()
    return [char for char in sorted(set(text)) if _is_drawn(char) and _drawn(char) in (_drawn(" "), _drawn(_NOBODY))]


def _is_drawn(char: str) -> bool:
    """Whether a character should leave a mark; of plain letters one stands for all."""
    if char.isascii():
        return char == "x"
    return unicodedata.category(char)[0] not in "ZCM"


@cache
def _drawn(char: str) -> bytes:
    """One character as a small picture."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">'
        f'<text x="2" y="18" font-size="16" font-family="{_FALLBACK}">{escape(char)}</text></svg>'
    )
    return bytes(_renderer()(svg_string=svg))


def _renderer() -> Any:
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise InvalidInput(
            Problem("PNG needs the wheel resvg-py, which is not installed", hint=_INSTALL_WHEEL)
        ) from error
    return svg_to_bytes
