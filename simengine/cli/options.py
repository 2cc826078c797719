"""Values of options as people write them: 1e6 trials, 2GiB, KEY=VALUE.  Every problem is collected."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from simengine.errors import InvalidInput, Problem

_MOST_DIGITS = 30
_UNITS = {"": 1, "B": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_BINARY = {"KI": 1024, "MI": 1024**2, "GI": 1024**3, "TI": 1024**4}
_ABBREVIATIONS = {"k": 1000, "m": 1000**2, "b": 1000**3}
_SIZE = re.compile(r"^\s*([0-9][0-9_]*\.?[0-9]*(?:[eE][0-9]{1,2})?)\s*([KMGT]?I?)B?\s*$", re.IGNORECASE)


class Options:
    """Reads option values and keeps what is wrong with them until :meth:`check` raises all of it at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def check(self) -> None:
        """Stop when any value was wrong.

        Raises
        ------
        InvalidInput
            With the problem of every option read so far.
        """
        if self._problems:
            raise InvalidInput(self._problems)

    def require(self, problem: Problem | None) -> None:
        """Add a problem that was found elsewhere, if there is one."""
        if problem is not None:
            self._problems.append(problem)

    def whole(self, name: str, text: str | None, low: int, high: int, *, accepted: int | None = None) -> int | None:
        """A whole number such as 1000000, 1_000_000 or 1e6, from ``low`` to ``high``.

        Numbers up to ``accepted`` are taken too, where what uses them has more to say about them.
        """
        if text is None:
            return None
        allowed = f"a whole number from {_brief(low)} to {_brief(high)}"
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            self._wrong(name, text, "not a number", allowed, _whole_hint(text))
            return None
        if not number.is_finite():
            self._wrong(name, text, "not a finite number", allowed)
            return None
        if number and number.adjusted() > _MOST_DIGITS:
            self._wrong(name, text, "far too large", allowed)
            return None
        if number != number.to_integral_value():
            self._wrong(name, text, "not a whole number", allowed, _whole_hint(text))
            return None
        if not low <= number <= (high if accepted is None else accepted):
            self._wrong(name, text, "out of range", allowed)
            return None
        return int(number)

    def number(self, name: str, text: str | None, *, percent: bool = False) -> float | None:
        """Any finite number, such as 0.05, -3 or 1_000; with ``percent`` also 10 % for 0.1."""
        if text is None:
            return None
        plain = text.rstrip()
        is_percent = percent and plain.endswith("%")
        try:
            value = float(plain[:-1]) / 100.0 if is_percent else float(text)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
        self._wrong(name, text, "not a finite number", "a number, such as 0.05", _whole_hint(text))
        return None

    def size(self, name: str, text: str | None) -> int | None:
        """A number of bytes such as 500MB, 2GiB or 1e9."""
        if text is None:
            return None
        match = _SIZE.match(text)
        if match is None:
            self._wrong(name, text, "not a size", "a number with a unit, such as 500MB or 2GiB")
            return None
        number, unit = Decimal(match[1]), match[2].upper()
        return int(number * (_UNITS | _BINARY).get(unit, 1))

    def percentiles(self, name: str, text: str | None) -> tuple[float, ...] | None:
        """Percentile levels separated by commas, such as 5,50,99.9, in increasing order and without repeats."""
        if text is None:
            return None
        allowed = "numbers between 0 and 100, separated by commas"
        levels: list[float] = []
        for part in text.split(","):
            try:
                level = float(part)
            except ValueError:
                self._wrong(name, text, f"{part.strip()!r} is not a number", allowed)
                continue
            if not 0.0 < level < 100.0:
                self._wrong(name, text, f"{part.strip()} is out of range", allowed)
            elif level in levels:
                self._wrong(name, text, f"{part.strip()} stands there twice", allowed)
            levels.append(level)
        return tuple(sorted(levels))

    def scheduler(self, name: str, text: str | None, threads: int | None) -> str | None:
        """sync, threads, processes, or the address of a dask scheduler."""
        from simengine.engine.limits import scheduler_problem

        problem = scheduler_problem(text, threads)
        if problem is not None:
            self._problems.append(replace(problem, key=name, value=text))
        return text

    def device(self, name: str, text: str | None, scheduler: str | None) -> str | None:
        """auto, cpu or gpu, beside what computes the trials."""
        from simengine.engine.limits import device_problem, scheduler_problem

        problem = device_problem(text, scheduler) if scheduler_problem(scheduler) is None else None
        if problem is not None:
            self._problems.append(replace(problem, key=name, value=text))
        return text

    def settings(self, name: str, texts: Sequence[str]) -> dict[str, str]:
        """``KEY=VALUE`` pairs by key, the values still as text."""
        found: dict[str, str] = {}
        for text in texts:
            key, sign, value = text.partition("=")
            key = key.strip()
            if not sign or not key:
                self._wrong(name, text, "not of the form KEY=VALUE", "such as inputs.D.mode=0.7")
            elif key in found:
                self._wrong(name, text, f"{key} is set twice", "each key once")
            else:
                found[key] = value.strip()
        return found

    def _wrong(self, name: str, text: str, reason: str, allowed: str, hint: str | None = None) -> None:
        self._problems.append(Problem(reason, name, text, allowed, hint))


def _whole_hint(text: str) -> str | None:
    """How to write a number with separators or an abbreviation: 1,000 is 1_000, and 10k is 10_000."""
    plain = text.strip()
    if re.fullmatch(r"\d{1,3}([,. '’]\d{3})+", plain):
        return f"write {int(re.sub(r'[^0-9]', '', plain)):_}"
    short = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([kKmMbB])", plain)
    if short is None:
        return "write it without separators, or as 1_000_000" if re.fullmatch(r"\d[\d,. ]*", plain) else None
    number = Decimal(short[1]) * _ABBREVIATIONS[short[2].lower()]
    return f"write {int(number):_}" if number == number.to_integral_value() else None


def _brief(number: int) -> str:
    if number == 2**63 - 1:
        return "2**63 - 1"
    return f"{number:,}"
