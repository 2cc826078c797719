"""Text of a formula to tokens, with a helpful answer to what other languages and keyboards would write."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from simengine.errors import InvalidInput, Problem
from simengine.formula.functions import KEYWORDS
from simengine.formula.nodes import Span
from simengine.formula.problems import named, problem_at

MAX_TEXT = 20_000
"""Characters of a formula."""

MAX_NAME = 128
"""Characters of a name."""

Kind = Literal["number", "name", "operator", "end", "bad"]

OPERATOR_SIGNS = ("**", "<=", ">=", "==", "!=", "+", "-", "*", "/", "(", ")", ",", "<", ">")
"""Longest first."""

_SPACE = " \t\r\n"
_DIGITS = r"[0-9](?:_?[0-9])*"
_NUMBER = re.compile(rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_TEXT = re.compile(r"(?P<quote>\"\"\"|'''|[\"'`])(?s:.)*?(?:(?P=quote)|\Z)")

_MEANT = {
    "^": ("**", "a power is written **"),
    "=": ("==", "to compare, write =="),
    "===": ("==", None),
    "=>": (">=", None),
    "=<": ("<=", None),
    "<>": ("!=", None),
    "&": ("and", None),
    "&&": ("and", None),
    "|": ("or", None),
    "||": ("or", None),
    "~": ("not", None),
    "!": ("not", None),
    "·": ("*", None),
    "×": ("*", None),
    "∙": ("*", None),
    "⋅": ("*", None),
    "∗": ("*", None),
    "÷": ("/", None),
    "∕": ("/", None),
    "⁄": ("/", None),
    "−": ("-", None),
    "–": ("-", None),
    "—": ("-", None),
    "≤": ("<=", None),
    "≥": (">=", None),
    "≠": ("!=", None),
    "、": (",", None),
}
"""What a sign was meant to be, with a hint where "write ..." does not say enough."""

_FOREIGN = {
    "//": "divide by /",
    ":=": "a formula has a name of its own in [model]",
    "%": "a share is written as 0.05, not 5 %",
    ";": "values are separated by commas",
    "[": "formulas have no lists and no subscripts",
    "]": "formulas have no lists and no subscripts",
    "{": "formulas have no sets and no tables",
    "}": "formulas have no sets and no tables",
    ".": "formulas have no attributes; a decimal point stands between digits",
    "$": "names stand as they are, without signs",
    "?": "to choose, write where(condition, a, b)",
    ":": "to choose, write where(condition, a, b)",
    "@": "a product is written *",
    "\\": "a quotient is written /",
    "#": "comments stand outside the text of a formula",
}
"""Signs that have no meaning here, and what to write instead."""

_SIGNS = sorted({*OPERATOR_SIGNS, *_MEANT, *_FOREIGN}, key=len, reverse=True)


@dataclass(frozen=True)
class Token:
    """A number, a name, an operator (``and``, ``or``, ``not``, brackets and commas among them), or the end.

    A token of kind ``bad`` is where reading had to stop; it holds the problem.
    """

    kind: Kind
    text: str
    span: Span
    value: float = 0.0
    problem: Problem | None = None


def tokenise(text: str) -> tuple[list[Token], list[Problem]]:
    """The tokens of a formula, the last one of kind ``end`` or ``bad``, and the problems that were read past.

    Raises
    ------
    InvalidInput
        When the text is longer than :data:`MAX_TEXT`.
    """
    if len(text) > MAX_TEXT:
        reason = f"the formula has {len(text):,} characters"
        hint = "split it into several formulas of [model]"
        raise InvalidInput(problem_at(text, (0, 1), reason, allowed=f"at most {MAX_TEXT:,}", hint=hint))
    tokens: list[Token] = []
    problems: list[Problem] = []
    position = 0
    while position < len(text):
        if text[position] in _SPACE:
            position += 1
            continue
        token = (
            _number(text, position, problems)
            or _name(text, position, problems)
            or _sign(text, position, problems)
            or _odd(text, position, problems)
        )
        tokens.append(token)
        if token.kind == "bad":
            return tokens, problems
        position = token.span[1]
    tokens.append(Token("end", "", (len(text), len(text))))
    return tokens, problems


def is_name_part(character: str) -> bool:
    """Whether a character may stand inside a name."""
    return ("_" + character).isidentifier() and character not in _MEANT


def _number(text: str, start: int, problems: list[Problem]) -> Token | None:
    found = _NUMBER.match(text, start)
    if found is None:
        return None
    end = found.end()
    value = float(found.group())
    if end < len(text) and (is_name_part(text[end]) or text[end] == "."):
        return _malformed(text, start, end, problems)
    if math.isinf(value):
        problems.append(problem_at(text, (start, end), "the number is too large", allowed="up to 1.797e308"))
    elif value == 0.0 and re.search("[1-9]", re.split("[eE]", found.group())[0]):
        problems.append(problem_at(text, (start, end), "the number is too small", allowed="from 4.94e-324 up"))
    return Token("number", found.group(), (start, end), value)


def _malformed(text: str, start: int, end: int, problems: list[Problem]) -> Token:
    """A number that runs into letters or a second point; read to its end so that reading can go on."""
    digits = text[start:end]
    while end < len(text) and (is_name_part(text[end]) or text[end] == "."):
        end += 1
    whole = text[start:end]
    rest = whole[len(digits) :]
    hint = "numbers are written like 0.35, 1_000 or 1.5e6"
    if rest.isidentifier() and not re.fullmatch("[xXbBoOjJeE_][0-9a-fA-F_]*|[kKmM]", rest):
        hint = f"to multiply, write {digits} * {rest}"
    problems.append(problem_at(text, (start, end), f"'{whole}' is not a number", hint=hint))
    return Token("number", whole, (start, end), 1.0)


def _name(text: str, start: int, problems: list[Problem]) -> Token | None:
    if not text[start].isidentifier() or text[start] in _MEANT:
        return None
    end = start + 1
    while end < len(text) and is_name_part(text[end]):
        end += 1
    if text[start:end] in KEYWORDS:
        return Token("operator", text[start:end], (start, end))
    if end - start > MAX_NAME:
        reason = f"a name of {end - start} characters"
        problems.append(problem_at(text, (start, end), reason, allowed=f"at most {MAX_NAME}"))
    return Token("name", unicodedata.normalize("NFKC", text[start:end]), (start, end))


def _sign(text: str, start: int, problems: list[Problem]) -> Token | None:
    """An operator, or what was meant by a sign that is none."""
    sign = next((sign for sign in _SIGNS if text.startswith(sign, start)), None)
    if sign is None:
        sign = unicodedata.normalize("NFKC", text[start])  # full-width forms
        if sign not in _SIGNS:
            return None
        return _meant(text, start, text[start], sign, f"write {sign}", problems)
    if sign in OPERATOR_SIGNS:
        return Token("operator", sign, (start, start + len(sign)))
    meant, hint = _MEANT.get(sign, (sign, _FOREIGN.get(sign)))
    return _meant(text, start, sign, meant, hint or f"write {meant}", problems)


def _meant(text: str, start: int, sign: str, meant: str, hint: str, problems: list[Problem]) -> Token:
    """The operator that was meant, its problem noted; bad when there is none."""
    span = (start, start + len(sign))
    if meant in _FOREIGN:
        return _bad(text, span, f"'{sign}' has no meaning in a formula", _FOREIGN[meant])
    shown = named(sign) if len(sign) == 1 else f"'{sign}'"
    problems.append(problem_at(text, span, f"{shown} is not an operator", hint=hint))
    return Token("operator", _MEANT[meant][0] if meant in _MEANT else meant, span)


def _odd(text: str, start: int, problems: list[Problem]) -> Token:
    """Quoted text, digits of another script, invisible characters and the rest."""
    character = text[start]
    quoted = _TEXT.match(text, start)
    if quoted is not None:
        return _bad(text, quoted.span(), "formulas have no text", "a formula gives a number")
    end = start
    while end < len(text) and text[end].isdecimal():
        end += 1
    if end > start:
        plain = "".join(str(unicodedata.digit(c)) for c in text[start:end])
        reason = f"'{text[start:end]}' is not in plain digits"
        problems.append(problem_at(text, (start, end), reason, hint=f"write {plain}"))
        return Token("number", text[start:end], (start, end), 1.0)
    hint = None
    if character.isspace():
        hint = "write an ordinary space"
    elif unicodedata.category(character) in ("Cc", "Cf"):
        hint = "remove this invisible character"
    elif character.isdigit():
        hint = f"a power is written **{unicodedata.digit(character)}"
    return _bad(text, (start, start + 1), f"{named(character)} in a formula", hint)


def _bad(text: str, span: Span, reason: str, hint: str | None) -> Token:
    """The end of what can be read: the meaning of the rest cannot be told."""
    return Token("bad", text[span[0] : span[1]], span, problem=problem_at(text, span, reason, hint=hint))
