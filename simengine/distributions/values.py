"""Reading one value of a specification: numbers, lists, texts; what is wrong with it is said in full."""

from __future__ import annotations

import datetime
import difflib
import json
import math
import numbers
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simengine.errors import InvalidInput, Problem

LARGEST_INTEGER = 2**63 - 1
"""TOML promises whole numbers of 64 bits."""
_SHOWN = 60
_CURRENCY = re.compile(
    r"^(?:[$€£¥₩₹]|(?:USD|EUR|GBP|CNY|RMB|JPY|CHF)\b)\s*(?=[+\-.\d])|(?<=\d)\s*(?:[$€£¥₩₹元]|(?:USD|EUR|GBP|CNY|RMB|JPY|CHF))$"
)
"""The sign or code of a currency before or behind a number."""
_NUMBER = re.compile(r"[+-]?(\d+(_\d+)*)?(\.\d+(_\d+)*)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Bounds:
    """An interval of allowed numbers; an open end is itself not allowed."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def hold(self, number: float) -> bool:
        """Whether the number lies in the interval."""
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below

    def __str__(self) -> str:
        if self.low > -math.inf and self.high < math.inf and not (self.low_open or self.high_open):
            return f"{brief(self.low)} to {brief(self.high)}"
        low = f"{'>' if self.low_open else '>='} {brief(self.low)}" if self.low > -math.inf else ""
        high = f"{'<' if self.high_open else '<='} {brief(self.high)}" if self.high < math.inf else ""
        return " and ".join(part for part in (low, high) if part) or "any finite number"


ANY = Bounds()
POSITIVE = Bounds(low=0, low_open=True)
NOT_NEGATIVE = Bounds(low=0)
PROBABILITY = Bounds(0, 1)
SHAPE = Bounds(1e-8, 1e8)
"""Shape parameters beyond are refused: quantiles could not be computed accurately."""


def brief(number: float) -> str:
    """A number with up to 12 significant digits, as short as possible: ``1e8``, ``0.35``, ``1000``."""
    plain = _short(f"{number:.12g}")
    mantissa, _, exponent = f"{number:.11e}".partition("e")
    compact = _short(f"{mantissa.rstrip('0').rstrip('.')}e{exponent}")
    return compact if len(compact) < len(plain) - 1 else plain


def _short(text: str) -> str:
    return re.sub(r"e([+-])0*(\d)", lambda m: "e" + m[1].replace("+", "") + m[2], text)


def show(raw: object) -> str:
    """A value as it stands in a scenario, cut to a line's length."""
    if isinstance(raw, bool):
        text = "true" if raw else "false"
    elif isinstance(raw, numbers.Integral):
        text = f"{int(raw):d}" if int(raw).bit_length() < 200 else "a very large whole number"
    elif isinstance(raw, numbers.Real):
        text = repr(float(raw))
    elif isinstance(raw, str):
        text = json.dumps(raw[: 2 * _SHOWN], ensure_ascii=False)
    elif isinstance(raw, (datetime.date, datetime.time)):
        text = raw.isoformat()
    elif isinstance(raw, Mapping):
        text = "{" + ", ".join(f"{toml_key(str(k))} = {show(v)}" for k, v in list(raw.items())[:4]) + "}"
    elif isinstance(raw, Iterable):
        items = list(raw)
        text = "[" + ", ".join(show(item) for item in items[:4]) + (", ..." if len(items) > 4 else "") + "]"
    else:
        text = str(raw)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def toml_key(name: str) -> str:
    """The name as a TOML key, in quotes where it needs them (``"p99.9"``)."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the known name closest to ``name``; None where none is close."""
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f'did you mean "{found[0]}"?' if found else None


def number_in(text: str) -> float | None:
    """The number that the whole text is, as TOML would read it; None where it is no number."""
    stripped = text.strip()
    if not re.match(r"[+-]?\.?[0-9]", stripped) or not _NUMBER.fullmatch(stripped):
        return None
    return float(stripped.replace("_", ""))


def number_hint(text: str) -> str | None:
    """How to write what a text seems to mean as a number: percent, decimal comma, thousands, full width."""
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = "digits and signs of half width: " if plain != text.strip() else ""
    if plain.endswith("%"):
        value = number_in(plain[:-1].replace(",", "."))
        return f"write {digits}{brief(value / 100)}" if value is not None else None
    bare = _CURRENCY.sub("", plain)
    if bare != plain and bare:
        number = bare if number_in(bare) is not None else None
        hint = f"write {number}" if number else number_hint(bare)
        return f"{hint}; leave the currency out" if hint else None
    if number_in(plain) is not None:
        return f"write {digits}{plain}" if digits else f"write {plain} without quotes"
    if re.fullmatch(r"[+-]?\d{1,3}([, ']\d{3})+(\.\d+)?", plain):
        joined = re.sub(r"[, ']", "", plain)
        either = plain.count(",") == 1 and "." not in plain
        decimal = f" (or {plain.replace(',', '.')} if the comma is a decimal sign)" if either else ""
        return f"write {joined} without separators{decimal}"
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", plain):
        return f"write {plain.replace('.', '').replace(',', '.')}: the decimal sign is a point"
    if re.fullmatch(r"[+-]?\d*,\d+", plain):
        return f"write {plain.replace(',', '.')}: the decimal sign is a point"
    return None


def read_number(raw: object, key: str, bounds: Bounds = ANY) -> float:
    """A finite number within bounds.

    Raises
    ------
    InvalidInput
        With one problem, its key as given.
    """
    number = _finite(raw, key, bounds)
    if not bounds.hold(number):
        hint = None
        if bounds.high == 1 and 2 <= number <= 100:
            hint = f"did you mean {brief(number / 100)}? percentages are written as fractions"
        raise wrong(raw, key, _why_outside(number, bounds), bounds, hint)
    return number + 0.0  # -0.0 becomes 0.0, so that equal numbers have equal digests


def read_integer(raw: object, key: str, bounds: Bounds = ANY) -> int:
    """A whole number within bounds; ``10.0`` counts as whole. Raises as :func:`read_number`."""
    number = _finite(raw, key, bounds)
    if number != math.floor(number):
        raise wrong(raw, key, "is not a whole number", bounds, f"write {math.floor(number)} or {math.ceil(number)}")
    read_number(raw, key, bounds)
    return int(number)


def read_numbers(raw: object, key: str, bounds: Bounds = ANY) -> list[float]:
    """A list of finite numbers, not empty. Raises :class:`InvalidInput` with a problem for each bad item."""
    if not isinstance(raw, Sequence) or isinstance(raw, (str, bytes)):
        raise wrong(raw, key, "is not a list of numbers", None, f"write {key} = [1, 2, 3]")
    if not raw:
        raise wrong(raw, key, "is empty", None, None)
    found: list[float] = []
    problems: list[Problem] = []
    for index, item in enumerate(raw):
        try:
            found.append(read_number(item, f"{key}[{index}]", bounds))
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return found


def read_text(raw: object, key: str) -> str:
    """A text that is not empty. Raises :class:`InvalidInput`."""
    if not isinstance(raw, str):
        raise wrong(raw, key, "is not a text", None, "write it in quotes")
    if not raw.strip() or "\0" in raw:
        raise wrong(raw, key, "is empty" if not raw.strip() else "contains a NUL character", None, None)
    return raw


def read_flag(raw: object, key: str) -> bool:
    """True or false. Raises :class:`InvalidInput`."""
    if not isinstance(raw, bool):
        raise wrong(raw, key, "is neither true nor false", None, "write true or false, without quotes")
    return raw


def read_choice(raw: object, key: str, choices: Sequence[str]) -> str:
    """One of several words. Raises :class:`InvalidInput`."""
    if not isinstance(raw, str) or raw not in choices:
        allowed = " or ".join(show(choice) for choice in choices)
        hint = nearest(raw, choices) if isinstance(raw, str) else None
        raise InvalidInput(Problem("is not one of the choices", key, show(raw), allowed, hint))
    return raw


def wrong(raw: object, key: str, reason: str, allowed: Bounds | None, hint: str | None) -> InvalidInput:
    """An error with the one problem of one value."""
    return InvalidInput(Problem(reason, key, show(raw), str(allowed) if allowed is not None else None, hint))


def _finite(raw: object, key: str, bounds: Bounds) -> float:
    if isinstance(raw, bool):
        raise wrong(raw, key, "is true or false where a number is expected", bounds, f"write {int(raw)}")
    if isinstance(raw, str):
        raise wrong(raw, key, "is text where a number is expected", bounds, number_hint(raw))
    if isinstance(raw, (datetime.date, datetime.time)):
        raise wrong(raw, key, "is a date or time where a number is expected", bounds, None)
    if isinstance(raw, numbers.Integral):
        if abs(int(raw)) > LARGEST_INTEGER:
            hint = "write it with a point or an exponent, such as 1e19"
            raise wrong(raw, key, "is a whole number of more than 64 bits", bounds, hint)
        return float(raw)
    if not isinstance(raw, numbers.Real):
        kind = "a table" if isinstance(raw, Mapping) else "a list" if isinstance(raw, Iterable) else "no number"
        raise wrong(raw, key, f"is {kind} where a number is expected", bounds, None)
    number = float(raw)
    if math.isnan(number):
        raise wrong(raw, key, "is not a number (nan)", bounds, None)
    if math.isinf(number):
        raise wrong(raw, key, "is infinite, or beyond the largest number, 1.8e308", bounds, None)
    return number


def _why_outside(number: float, bounds: Bounds) -> str:
    if number <= bounds.low:
        if bounds.low >= 0 and number <= 0:
            return "is negative" if number < 0 else "must be greater than 0"
        return "is too small"
    return "is too large"
