"""Numbers as text, with no digit that they do not deserve.

An estimate is rounded where its standard error has its second significant digit: 732.2351 with a standard error
of 0.4248 reads ``732.24 ± 0.42``.  A number printed without its error ends at the last digit that is at least
half a standard error: 732.  An exact number (standard error 0) is printed as it is.

References: JCGM 100:2008 (GUM), 7.2.6; Flegal, Haran, Jones, "Markov chain Monte Carlo: can we trust the third
significant figure?", Statistical Science 23 (2008).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

_CONTEXT = Context(prec=800, rounding=ROUND_HALF_EVEN)
_LARGEST_PLAIN = 15
_SMALLEST_PLAIN = -9
_UNKNOWN_ERROR_DIGITS = 3

UNKNOWN_ERROR = "?"
"""What is printed for a standard error that cannot be estimated."""
UNDEFINED = "–"
"""What is printed for a number that so few trials do not have, such as the spread of one trial."""
MISSING = "n/a"
"""What is printed where there is no number."""


@dataclass(frozen=True)
class Estimate:
    """A number and its standard error as text; ``error`` is empty for an exact number."""

    value: str
    error: str = ""

    def text(self, plus_minus: str = "±") -> str:
        """Both in one line."""
        return f"{self.value} {plus_minus} {self.error}" if self.error else self.value


def estimate(value: float, se: float) -> Estimate:
    """``value`` and its standard error, both rounded to the second significant digit of the error.

    An unknown standard error (NaN) gives the value to three significant digits and ``?``.
    """
    if not math.isfinite(value):
        return Estimate(MISSING)
    if se == 0.0:
        return Estimate(exact(value))
    if not math.isfinite(se):
        return Estimate(significant(value, _UNKNOWN_ERROR_DIGITS), UNKNOWN_ERROR)
    place = _place(se, 2)
    top = max(_exponent(value), _exponent(se))
    if top > _LARGEST_PLAIN or place < _SMALLEST_PLAIN:
        digits = max(top - place, 0)
        return Estimate(_scientific(value, digits), _scientific(se, 1))
    return Estimate(rounded(value, place), rounded(se, place))


def digits_place(value: float, se: float) -> int | None:
    """The exponent of the last digit of a number that is printed without its error; None where that is not rounded."""
    if not math.isfinite(value) or not math.isfinite(se):
        return None
    if se == 0.0:
        text = exact(value)
        return None if "e" in text else -len(text.partition(".")[2])
    place = math.ceil(math.log10(se / 2))
    return None if max(_exponent(value), place) > _LARGEST_PLAIN or place < _SMALLEST_PLAIN else place


def alone(value: float, se: float) -> str:
    """``value`` without its error: the last digit is worth at least half a standard error."""
    if not math.isfinite(value):
        return MISSING
    if se == 0.0:
        return exact(value)
    if not math.isfinite(se):
        return significant(value, _UNKNOWN_ERROR_DIGITS)
    place = math.ceil(math.log10(se / 2))
    if max(_exponent(value), place) > _LARGEST_PLAIN or place < _SMALLEST_PLAIN:
        return _scientific(value, max(_exponent(value) - place, 0))
    return rounded(value, place)


def share(value: float, se: float) -> Estimate:
    """A probability and its standard error in percent, without the sign.

    One that was never or always observed has no decimals.
    """
    if value in (0.0, 1.0):
        return Estimate("0" if value == 0.0 else "100", _brief_error(100.0 * se))
    return estimate(100.0 * value, 100.0 * se)


def exact(value: float) -> str:
    """A number that has no error, to at most 12 significant digits, with thousands separators."""
    return significant(value, 12)


def significant(value: float, digits: int) -> str:
    """``value`` to ``digits`` significant digits, without trailing zeros behind the decimal point."""
    if not math.isfinite(value):
        return MISSING
    if value == 0.0:
        return "0"
    exponent = _exponent(value)
    if exponent > _LARGEST_PLAIN or exponent < _SMALLEST_PLAIN:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + f"e{int(power)}"
    text = rounded(value, exponent - digits + 1)
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: float, place: int) -> str:
    """``value`` rounded (half to even) at 10**place, with thousands separators."""
    number = _CONTEXT.quantize(Decimal(repr(float(value))), Decimal(1).scaleb(place))
    if number == 0:
        number = abs(number)
    return f"{number:,.{max(-place, 0)}f}"


def interval(low: float, high: float) -> tuple[str, str]:
    """Two ends of a scale, with about three digits of their distance."""
    width = abs(high - low)
    if not math.isfinite(width) or width == 0.0:
        return significant(low, 3), significant(high, 3)
    place = _exponent(width) - 1
    if max(_exponent(low), _exponent(high)) > _LARGEST_PLAIN or place < _SMALLEST_PLAIN:
        return significant(low, 3), significant(high, 3)
    return rounded(low, place), rounded(high, place)


def level(value: float) -> str:
    """A percentile or a threshold as short as it was written: 5, 99.9, 500."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def tail_name(tail_level: float) -> str:
    """The confidence level of a tail measure in percent, as it stands in names: ``95``, ``99.9``."""
    return level(round(100.0 * tail_level, 9))


def plain(value: float) -> str:
    """A number for machines: the shortest digits that identify the float64, no separators; empty for NaN."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 0.1:
        return f"{1000.0 * seconds:.0f} ms"
    if seconds < 120.0:
        return f"{significant(seconds, 2 if seconds < 99.5 else 3)} s"
    for unit, size in (("years", 31_557_600.0), ("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2.0 * size:
            return f"{significant(seconds / size, 2)} {unit}"
    return f"{seconds / 60.0:.0f} minutes"


def _place(se: float, digits: int) -> int:
    """The exponent of the last of ``digits`` significant digits of ``se``, after rounding to them."""
    return int(f"{se:.{digits - 1}e}".partition("e")[2]) - digits + 1


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2]) if value and math.isfinite(value) else 0


def _brief_error(se: float) -> str:
    if not math.isfinite(se):
        return UNKNOWN_ERROR
    return significant(se, 1) if se else ""


def _scientific(value: float, digits: int) -> str:
    mantissa, _, power = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(power)}"
