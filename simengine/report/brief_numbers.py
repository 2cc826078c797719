"""Numbers of page and pictures: rounded by their own standard errors as everywhere, and to at most five digits.

A number beside its error ends at the second significant digit of the error, or at its own fifth digit where that is
coarser; the error ends at the same place, and one below that place says only so: ``488.66 ± 0.10``, ``398.50 ± <0.01``.
A number alone ends at the first digit of its error, or at its own fourth.  Either is shown to within half of its
standard error, or half of its last digit.  The tables of all statistics have every digit that
:mod:`simengine.report.numbers` allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from simengine.report.numbers import Estimate, digits_place, estimate, rounded, share, significant

MOST_DIGITS, MOST_ALONE = 5, 4
"""Digits of a number beside its error, and of one that stands alone."""
_TENTH = -1
_FINEST_PLACE, _LARGEST_PLAIN = -9, 15
_NOISE = 1e-12
"""Of a value, below which its error is that of rounding."""


def brief(value: float, se: float) -> Estimate:
    """A number of at most five digits, and no more than its error allows, with that error."""
    se = _heard(value, se)
    return _to_place(value, se, _cap(value), _second_digit)


def brief_share(value: float, se: float) -> Estimate:
    """A probability in percent, to a tenth where its error allows; those very close to 0 or 1 have two digits."""
    if not 0.0 < value < 1.0:
        return share(value, se)
    found = _to_place(100.0 * value, 100.0 * se, _cap_of_share(value), _second_digit)
    return share(value, se) if float(found.value.replace(",", "")) in (0.0, 100.0) else found


def alone(value: float, se: float) -> str:
    """A number that is read without its error."""
    se = _heard(value, se)
    return _to_place(value, se, _cap(value, MOST_ALONE), _first_digit, MOST_ALONE).value


def alone_share(value: float, se: float) -> str:
    """A probability in percent that is read without its error: to a tenth, or as far as its error allows."""
    if not 0.0 < value < 1.0:
        return share(value, se).value
    found = _to_place(100.0 * value, 100.0 * se, _cap_of_share(value), _first_digit).value
    return share(value, se).value if float(found.replace(",", "")) in (0.0, 100.0) else found


def _to_place(value: float, se: float, cap: int, wanted: Callable[[float], int], most: int = MOST_DIGITS) -> Estimate:
    """A number to the place that its error wants, or to ``cap`` where that is coarser; its error to the same place."""
    if not math.isfinite(value) or not math.isfinite(se):
        return estimate(value, se)
    if se == 0.0:
        place = digits_place(value, se)
        if value == 0.0 or place is None:
            return Estimate(significant(value, most))
        return Estimate(rounded(value, max(place, cap)))
    place = max(wanted(se), cap) if value != 0.0 else wanted(se)
    top = max(abs(value), se)
    if place < _FINEST_PLACE or math.log10(top) > _LARGEST_PLAIN:
        found = estimate(value, se)
        long = sum(character.isdigit() for character in found.value.partition("e")[0]) > most
        return Estimate(significant(value, most), found.error) if long else found
    error = rounded(se, place)
    if not any(digit in error for digit in "123456789"):
        error = f"<{rounded(10.0**place, place)}"
    return Estimate(rounded(value, place), error)


def _heard(value: float, se: float) -> float:
    """The standard error; 0 where it is that of rounding."""
    return 0.0 if 0.0 < se < _NOISE * abs(value) else se


def _second_digit(se: float) -> int:
    return int(f"{se:.1e}".partition("e")[2]) - 1


def _first_digit(se: float) -> int:
    return math.floor(math.log10(se))


def _cap(value: float, most: int = MOST_DIGITS) -> int:
    """The place of the last of so many digits."""
    if value == 0.0 or not math.isfinite(value):
        return -most
    return int(f"{value:e}".partition("e")[2]) - most + 1


def _cap_of_share(value: float) -> int:
    """The place of a tenth of a percent, or of the second digit of what is left to 0 or 100 percent."""
    far = 100.0 * min(value, 1.0 - value)
    return _TENTH if far >= 0.1 else math.floor(math.log10(far)) - 1
