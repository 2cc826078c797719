"""Scales: where a value stands on the page, round ticks, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from simengine.report.numbers import rounded

_NICE, _FINE = (1.0, 2.0, 5.0, 10.0), (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGE = 1e6
"""From here on ticks are written with a word for their size, unless the unit has one already."""
_ENGLISH = ((1e12, "T"), (1e9, "bn"), (1e6, "M"))
_CHINESE = ((1e12, "万亿"), (1e8, "亿"), (1e4, "万"))
_BEYOND_WORDS = 1e15
_SMALLEST_PLAIN = 1e-6
_WORDS_OF_SIZE = frozenset(("thousand", "million", "billion", "k", "M", "bn", "10k", "100k"))
_SIGNS_OF_SIZE = frozenset("千万亿")


@dataclass(frozen=True)
class Scale:
    """A straight line from values (``low`` to ``high``) to places on the page (``start`` to ``end``)."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def value(self, place: float) -> float:
        """The value at a place."""
        return self.low + (place - self.start) / (self.end - self.start) * (self.high - self.low)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the scale."""
        return self.low <= value <= self.high

    def kept(self, value: float) -> float:
        """The nearest value that lies on the scale."""
        return min(max(value, self.low), self.high)


def padded(low: float, high: float, share: float = 0.04) -> tuple[float, float]:
    """A range with some room at both ends; one without width is widened."""
    if not high > low:
        room = max(abs(low) * 0.1, 1e-9 if low else 1.0)
        return low - room, high + room
    room = (high - low) * share
    return low - room, high + room


def nice_step(width: float, most: int, *, quarters: bool = False) -> float:
    """The smallest of 1, 2, 5 times a power of ten of which ``most`` cover ``width``; with ``quarters`` also 2.5."""
    least = width / max(most, 1)
    power = 10.0 ** math.floor(math.log10(least))
    return clean(next(m * power for m in (_FINE if quarters else _NICE) if m * power >= least * (1.0 - 1e-9)))


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round values between ``low`` and ``high``, both included, about ``most`` of them."""
    if not (math.isfinite(high - low) and high > low):
        return [low]
    step = nice_step(high - low, most, quarters=True)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [clean(k * step) for k in range(first, last + 1)]


def tick_labels(ticks: list[float], unit: str, lang: str) -> list[str]:
    """Ticks as text, all in the same form: with separators, with a word for their size, or as powers of ten."""
    top = max((abs(tick) for tick in ticks), default=0.0)
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=top)
    if top >= _BEYOND_WORDS or 0.0 < step < _SMALLEST_PLAIN:
        return [_scientific(tick) for tick in ticks]
    if top >= _LARGE and not _says_size(unit):
        size, word = next((size, word) for size, word in (_CHINESE if lang == "zh" else _ENGLISH) if top >= size)
        return [f"{_plain(tick / size, step / size)}{word if tick else ''}" for tick in ticks]
    return [_plain(tick, step) for tick in ticks]


def clean(value: float) -> float:
    """A value without the last bits that a multiplication leaves: 0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}")


def _plain(value: float, step: float) -> str:
    if value == 0.0:
        return "0"
    places = 0
    while step > 0.0 and places < 12 and abs(step * 10**places - round(step * 10**places)) > 1e-6 * step * 10**places:
        places += 1
    return rounded(value, -places).replace("-", "−")


def _says_size(unit: str) -> bool:
    """Whether a unit has a size of its own, such as million USD or 万元."""
    words = {word for part in unit.split() for word in part.split("/")}
    return bool(words & _WORDS_OF_SIZE) or any(sign in unit for sign in _SIGNS_OF_SIZE)


def _scientific(value: float) -> str:
    if value == 0.0:
        return "0"
    mantissa, _, power = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}".replace("-", "−")
