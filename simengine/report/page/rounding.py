"""Numbers of the page: at most five digits, no more than their errors allow, and alike within a column.

The tables of all statistics have every digit that :mod:`simengine.report.numbers` allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simengine.report.numbers import UNDEFINED, Estimate, digits_place, estimate, rounded, share
from simengine.report.page.markup import Markup, aligned, number

_MOST_DIGITS = 5
_DIGITS_IN_TEXT = 3
_TENTH = -1
_LONGEST_ERROR = 7
"""Characters of an error, beyond which it is written with a power of ten."""
_NOISE = 1e-12
"""Of a value, below which its error is that of rounding."""

Pair = tuple[float, float]
"""A number and its standard error."""


def brief(value: float, se: float) -> Estimate:
    """A number of at most five digits, and no more than its error allows, with that error."""
    if 0.0 < se < _NOISE * abs(value):
        se = 0.0
    place = _place(value, se)
    whole = estimate(value, se)
    error = f"{se:.0e}".replace("e-0", "e-") if len(whole.error) > _LONGEST_ERROR else whole.error
    return Estimate(whole.value if place is None else rounded(value, place), error)


def brief_share(value: float, se: float) -> Estimate:
    """A probability in percent, to a tenth where its error allows; those very close to 0 or 1 have two digits."""
    place = _place_of_share(value, se)
    whole = share(value, se)
    return whole if place is None else Estimate(rounded(100.0 * value, place), whole.error)


def alike(numbers: Sequence[Pair]) -> list[str]:
    """Numbers that are read together, without their errors: to the same place if that leaves each three digits."""
    place = _common([_place(*one) for one in numbers], numbers, 1.0, _DIGITS_IN_TEXT)
    return [brief(*one).value if place is None else rounded(one[0], place) for one in numbers]


def column(numbers: Sequence[Pair | None], *, signed: bool = False) -> list[Markup]:
    """The cells of a column, all to the place of the least certain one if that leaves each a digit."""
    places = [_place(*one) if one is not None else None for one in numbers]
    place = _common(places, numbers)
    shown = []
    for one in numbers:
        text = Estimate(UNDEFINED) if one is None else brief(*one)
        if one is not None and place is not None and _place(*one) is not None:
            text = Estimate(rounded(one[0], place), text.error)
        plus = signed and one is not None and one[0] > 0.0 and text.value[:1].isdigit()
        shown.append(Estimate(f"+{text.value}", text.error) if plus else text)
    return aligned(shown)


def column_of_shares(numbers: Sequence[Pair | None], sign: str) -> list[Markup]:
    """The cells of a column of probabilities, each followed by ``sign``."""
    places = [_place_of_share(*one) if one is not None else None for one in numbers]
    place = _common(places, numbers, 100.0)
    shown = []
    for one, own in zip(numbers, places, strict=True):
        text = Estimate(UNDEFINED) if one is None else brief_share(*one)
        if one is not None and place is not None and own is not None:
            text = Estimate(rounded(100.0 * one[0], place), text.error)
        shown.append(text)
    return [number(one, sign=sign) for one in shown]


def _common(
    places: Sequence[int | None], numbers: Sequence[Pair | None], factor: float = 1.0, fewest: int = 1
) -> int | None:
    """The place of the least certain number; None where rounding there leaves another fewer than ``fewest`` digits.

    Numbers without an error say nothing about the place, and 0 has none.
    """
    known = [(place, *one) for place, one in zip(places, numbers, strict=True) if place is not None and one]
    coarsest = max((place for place, _, se in known if se > 0.0), default=None)
    if coarsest is None or any(abs(factor * value) < 10.0 ** (coarsest + fewest - 1) for _, value, _ in known):
        return None
    return coarsest


def _place(value: float, se: float) -> int | None:
    """The exponent of the last digit; None where a number is written in another way."""
    place = digits_place(value, 0.0 if 0.0 < se < _NOISE * abs(value) else se)
    if place is None or value == 0.0:
        return None
    place = max(place, math.floor(math.log10(abs(value))) - _MOST_DIGITS + 1)
    return place if place >= -9 else None


def _place_of_share(value: float, se: float) -> int | None:
    if not 0.0 < value < 1.0:
        return None
    place = digits_place(100.0 * value, 100.0 * se)
    far = 100.0 * min(value, 1.0 - value)
    finest = _TENTH if far >= 0.1 else math.floor(math.log10(far)) - 1
    return None if place is None else max(place, finest)
