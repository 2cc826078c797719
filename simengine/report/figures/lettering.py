"""Text in pictures: how wide it is, and where it is cut or broken."""

from __future__ import annotations

import unicodedata

from simengine.report.text import text_width

ELLIPSIS = "…"
_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_WIDE = frozenset("mwMW%@—")
_ENDS_PIECE = frozenset(" _/")


def text_length(text: str, size: float) -> float:
    """About how long a line of text is at a size, both in the unit of the picture; wide characters are square."""
    return size * sum(_share(char) for char in text)


def cut(text: str, room: float, size: float) -> str:
    """``text`` as far as it fits into ``room``, with an ellipsis where something is left out."""
    if text_length(text, size) <= room:
        return text
    used, kept = text_length(ELLIPSIS, size), ""
    for char in text:
        used += size * _share(char)
        if used > room:
            break
        kept += char
    return kept.rstrip() + ELLIPSIS


def lines_of(text: str, room: float, size: float, most: int) -> list[str]:
    """``text`` in at most ``most`` lines, broken behind words and wide characters; the last one may be cut."""
    lines: list[str] = []
    line = ""
    pieces = _pieces(text)
    for k, piece in enumerate(pieces):
        if line and text_length((line + piece).rstrip(), size) > room:
            if len(lines) == most - 1:
                return [*lines, cut(line + "".join(pieces[k:]), room, size)]
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, cut(line.strip(), room, size)]


def _pieces(text: str) -> list[str]:
    """Words with what ends them behind them, a space or as in ``market_value``; and wide characters each alone."""
    found = [""]
    for char in text:
        if text_width(char) > 1:
            found += [char, ""]
        elif char in _ENDS_PIECE:
            found[-1] += char
            found.append("")
        else:
            found[-1] += char
    return [piece for piece in found if piece]


def _share(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if text_width(char) > 1:
        return 1.0
    if char in _NARROW:
        return 0.32
    if char in _WIDE:
        return 0.9
    return 0.68 if char.isupper() else 0.6
