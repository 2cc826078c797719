"""The shorthand ``"600 to 1600"``: a 90 % interval."""

from __future__ import annotations

import math
import re

from simengine.distributions.scores import score
from simengine.distributions.values import number_hint, number_in, show
from simengine.errors import InvalidInput, Problem

_SPAN = 2 * score(0.95)
_TO = re.compile(r"(.+?)\s+to\s+(.+)", re.IGNORECASE)
_NUMBER = r"[+-]?[\d.,_]+(?:[eE][+-]?\d+)?\s*%?"
_OTHER = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|—|~|\.\.+|…|;|bis|until|,\s)\s*({_NUMBER})\s*")


def read_interval(text: str) -> tuple[str, dict[str, float], tuple[Problem, ...]] | None:
    """Family, parameters and notes of ``"LOW to HIGH"``; None where the text is no interval.

    The interval holds 90 % of the probability, 5 % lie on either side: lognormal where both ends are positive,
    else normal.

    Raises
    ------
    InvalidInput
        If it looks like an interval and is not one.
    """
    matched = _TO.fullmatch(text.strip())
    if matched is None:
        other = _OTHER.fullmatch(text)
        if other and number_in(text) is None and number_hint(text) is None:
            hint = f'write "{other[1].strip()} to {other[2].strip()}" for a 90 % interval'
            raise InvalidInput(Problem("is not an interval", "", show(text), hint=hint))
        return None
    low, high = (_end(part.strip(), text) for part in matched.groups())
    if not low < high:
        hint = f'write "{matched[2].strip()} to {matched[1].strip()}"' if low > high else "write one number"
        raise InvalidInput(Problem("the first number is not below the second", "", show(text), hint=hint))
    if low > 0:
        mu = (math.log(low) + math.log(high)) / 2
        return "lognormal", {"mu": mu, "sigma": (math.log(high) - math.log(low)) / _SPAN}, ()
    mean = low + (high - low) / 2
    notes: tuple[Problem, ...] = ()
    if low == 0:
        reason = "an interval that begins at 0 is normal, so 5 % of its values are negative"
        hint = "begin above 0 for a lognormal, or give a distribution with bounds"
        notes = (Problem(reason, "", show(text), hint=hint, severity="warning"),)
    return "normal", {"mean": mean, "sd": (high - low) / _SPAN}, notes


def _end(part: str, text: str) -> float:
    number = number_in(part)
    if number is None:
        hint = number_hint(part) or 'write "600 to 1600"'
        raise InvalidInput(Problem(f"{show(part)} is not a number", "", show(text), hint=hint))
    if not math.isfinite(number):
        raise InvalidInput(Problem(f"{part} is beyond the largest number, 1.8e308", "", show(text)))
    return number
