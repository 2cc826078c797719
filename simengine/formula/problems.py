"""How a formula's problems are worded and placed."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from simengine.errors import Problem
from simengine.formula.nodes import Span

_SHOWN = 60
"""Characters of a formula that a problem quotes."""

_EXCERPT = 40
"""Characters of a part of a formula that a sentence quotes."""


def problem_at(text: str, span: Span, reason: str, *, hint: str | None = None, allowed: str | None = None) -> Problem:
    """A problem at a span of the formula ``text``, quoting the formula around it."""
    return Problem(reason=reason, value=quoted(text, span), span=span, hint=hint, allowed=allowed)


def quoted(text: str, span: Span) -> str:
    """The formula, or the part of a long one around ``span``; unprintable characters become escapes."""
    start = 0 if len(text) <= _SHOWN else max(0, min(span[0] - _SHOWN // 3, len(text) - _SHOWN))
    piece = text[start : start + _SHOWN]
    before, after = "..." if start else "", "..." if start + _SHOWN < len(text) else ""
    return '"' + before + "".join(c if c.isprintable() else escape(c) for c in piece) + after + '"'


def excerpt(text: str, span: Span) -> str:
    """A part of a formula in quotes, as the subject of a sentence; the end of a long one is left out."""
    piece = text[span[0] : span[1]]
    return f"'{piece}'" if len(piece) <= _EXCERPT else f"'{piece[: _EXCERPT - 3]}...'"


def escape(character: str) -> str:
    """The escape of a character, as TOML writes it."""
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def named(character: str) -> str:
    """A character as a person can recognise it: as it stands, with its code and name beyond ASCII."""
    if character.isascii() and character.isprintable():
        return f"'{character}'"
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    label = f"{code} {name.lower()}" if name else code
    return f"'{character}' ({label})" if character.isprintable() and not character.isspace() else label


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be, if any comes near."""
    candidates = list(known)
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    found = difflib.get_close_matches(word[:200], candidates, n=1, cutoff=0.6)
    return found[0] if found else None
