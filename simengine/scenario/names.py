"""What inputs, risks, formulas and strategies may be called, and what a misspelt name was meant to be."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from itertools import islice

from simengine.errors import Problem
from simengine.formula.functions import RESERVED
from simengine.formula.problems import named
from simengine.formula.problems import nearest as nearest_of
from simengine.formula.tokens import is_name_part
from simengine.scenario.syntax import printable

MAX_NAME = 128

_MAX_CANDIDATES = 2_000
_IDENTIFIER = "a letter or _, then letters, digits and _"
SLUG = "letters, digits, - and _"

_LATIN_TWINS = dict(
    zip("АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧον", "ABESIJKMHOPCTYXaesijopcyxdqwABEZHIKMNOPTYXov", strict=True)
)
"""Cyrillic and Greek letters that look like a Latin one in most fonts."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be, if any comes near."""
    return nearest_of(word, islice(known, _MAX_CANDIDATES))


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known word, or None."""
    found = nearest(word, known)
    return f"did you mean {found}?" if found else None


def nearest_first(word: str, known: Iterable[str]) -> list[str]:
    """The known words, those most like ``word`` first."""
    matcher = SequenceMatcher(b=word[:MAX_NAME].casefold(), autojunk=False)
    likeness = {}
    for candidate in islice(known, _MAX_CANDIDATES):
        matcher.set_seq1(candidate[-MAX_NAME:].casefold())
        likeness[candidate] = matcher.ratio()
    return sorted(likeness, key=lambda candidate: -likeness[candidate])


def list_names(names: Iterable[str], most: int = 12) -> str:
    """Names in a sentence, the tail of a long list left out."""
    names = list(names)
    return ", ".join(names[:most]) + (f", and {len(names) - most} more" if len(names) > most else "")


def as_identifier(name: str) -> str:
    """The name of an entry as a part of names in formulas: characters that may not stand there become _."""
    text = "".join(c if is_name_part(c) else "_" for c in name)
    return text if text.isidentifier() else f"_{text}"


def check_identifier(name: str, what: str) -> Problem | None:
    """Why ``name`` cannot be the name of an input, a risk, a constant or a formula; None when it can.

    ``what`` says what it would be the name of, such as "an input".
    """
    doubtful = _check_characters(name)
    if doubtful:
        return doubtful
    wrong = next((c for c in name if not is_name_part(c)), None)
    if wrong or not name.isidentifier():
        reason = f"{named(wrong)} may not stand in" if wrong else f"{named(name[0])} may not begin"
        candidate = "".join(c if is_name_part(c) else "_" for c in name)
        candidate = candidate if candidate.isidentifier() else f"_{candidate}"
        return Problem(
            f"{reason} the name of {what}", value=printable(name), allowed=_IDENTIFIER, hint=f"write {candidate}"
        )
    if name in RESERVED:
        return Problem(
            f"{name} is a word of the formula language",
            value=name,
            allowed="any other name",
            hint=f"write {name}_",
        )
    return None


def check_slug(name: str, what: str) -> Problem | None:
    """Why ``name`` cannot be the name of a strategy or a scenario; None when it can."""
    doubtful = _check_characters(name)
    if doubtful:
        return doubtful
    wrong = next((c for c in name if not (c in "-_" or c.isalnum() or f"a{c}".isidentifier())), None)
    if wrong or name[0] in "-":
        reason = f"{named(wrong or '-')} may not {'stand in' if wrong else 'begin'} the name of {what}"
        slug = "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-")
        hint = f"write {slug}" if slug else None
        return Problem(reason, value=printable(name), allowed=SLUG, hint=hint)
    return None


def _check_characters(name: str) -> Problem | None:
    if not name:
        return Problem("the name is empty", allowed=f"1 to {MAX_NAME} characters")
    if len(name) > MAX_NAME:
        return Problem(
            f"the name has {len(name):,} characters", value=printable(name), allowed=f"at most {MAX_NAME} characters"
        )
    for character in name:
        # Cc control, Cf format (zero-width, bidirectional), Co private, Cs surrogate, Zl and Zp separators
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"):
            return Problem(
                f"the name holds an invisible character, {named(character)}",
                value=printable(name),
                allowed="letters that can be seen",
                hint="type the name again",
            )
    plain = unicodedata.normalize("NFKC", name)
    if plain != name:
        return Problem("the name is not in its plain Unicode form (NFKC)", value=printable(name), hint=f"write {plain}")
    return None


def same_name(names: Iterable[str]) -> dict[str, str]:
    """Names that another one before them equals but for capitals, each with that first one."""
    first: dict[str, str] = {}
    doubles: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            doubles[name] = other
    return doubles


def look_alikes(names: Mapping[str, str]) -> list[Problem]:
    """Warnings about names that read as another one or mix letters of two alphabets that look the same.

    ``names`` maps each name to the dotted key where it is given.
    """
    seen = {name: name for name in names if name.isascii()}
    warnings = []
    for name, key in names.items():
        if name.isascii():
            continue
        twin = next((c for c in name if c in _LATIN_TWINS), None)
        skeleton = "".join(_LATIN_TWINS.get(c, c) for c in name)
        other = seen.setdefault(skeleton, name)
        if twin and other != name:
            reason = f"{name} looks like {other} but is spelt with {named(twin)}"
        elif twin and any(c.isascii() and c.isalpha() for c in name):
            reason = f"the name mixes Latin letters with {named(twin)}, which looks like {_LATIN_TWINS[twin]}"
        else:
            continue
        warnings.append(Problem(reason, key=key, severity="warning", hint="use letters of one alphabet"))
    return warnings
