"""Distributions and draws in words, as a person reads them: the digits that were written, and no digests."""

from __future__ import annotations

import re
import tomllib

from simengine.distributions.values import brief
from simengine.report.language import Words, words
from simengine.report.text import printable

_DIGITS = 6
_LARGEST_WHOLE = 1e12
_DIGEST = re.compile(r", sha256 [0-9a-f]{64}\b")
_NUMBER = re.compile(r"(?<![\w./])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?=$|[\s,;\]})])")


def described(description: str) -> str:
    """The description of a distribution with at most 6 significant digits a number, and without digests of files.

    Whole numbers keep all their digits: ``[0.19999999999999996, 1500000.0]`` reads ``[0.2, 1500000]``.
    """
    return _NUMBER.sub(lambda found: _short(found.group()), _DIGEST.sub("", description))


def draws_in_words(sampler: str) -> str:
    """What a sampler draws, as a heading says it."""
    return words().draws_of(sampler)


def outcome_heading(name: str, title: str, unit: str) -> str:
    """An outcome as a heading names it: ``T: transfer value [USD 10k]``."""
    title, unit = printable(title), printable(unit)
    text = f"{name}: {title}" if title and title != name else name
    return f"{text} [{unit}]" if unit else text


def discounting_in_words(resolved_text: str, said: Words | None = None) -> str:
    """How a scenario values money of later periods: by which rate, in the middle of a period or at its end.

    ``said`` are the phrases of a language, English ones by default.
    """
    said = said or words()
    rule = tomllib.loads(resolved_text).get("scenario", {}).get("discount", {})
    rate = rule.get("rate")
    if rate is None:
        return ""
    shown = said.discount_rate.format(rate=f"{100 * rate:g}") if isinstance(rate, int | float) else said.uncertain_rate
    when = said.at_the_end if rule.get("timing") == "end" else said.in_the_middle
    return said.discounted.format(rate=shown, when=when)


def _short(text: str) -> str:
    number = float(text)
    if "." not in text and "e" not in text:
        return text
    if number.is_integer() and abs(number) < _LARGEST_WHOLE:
        return f"{number:.0f}"
    return brief(float(f"{number:.{_DIGITS}g}"))
