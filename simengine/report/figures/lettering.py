"""Text in pictures: how wide it is, where it is cut, and which language of a title is shown."""

from __future__ import annotations

import unicodedata

from simengine.report.text import printable, text_width

ELLIPSIS = "…"
_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_WIDE = frozenset("mwMW%@—")


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
    """``text`` in at most ``most`` lines, broken at spaces or between wide characters; the last one may be cut."""
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


def in_language(text: str, lang: str) -> str:
    """The half of a title ``中文 / English`` that is in the language; the whole where it has no two such halves."""
    shown = printable(text)
    first, sign, second = shown.partition(" / ")
    if not sign or _is_chinese(first) == _is_chinese(second):
        return shown
    return first if _is_chinese(first) == (lang == "zh") else second


def named(name: str, title: str, lang: str) -> str:
    """What a thing is called: by its title in the language, or by its name where it has none."""
    return in_language(title, lang).strip() or printable(name)


def _is_chinese(text: str) -> bool:
    return any("\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003ffff" for char in text)


def _pieces(text: str) -> list[str]:
    """Words with the space behind them, and wide characters each alone."""
    found = [""]
    for char in text:
        if text_width(char) > 1:
            found += [char, ""]
        elif char == " ":
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
    return 0.66 if char.isupper() else 0.57
