"""Where monotone functions of one number cross 0, many at a time: all of them are evaluated together.

A function is looked at from 0 upwards.  Its root is bracketed by doubling, then found by false position with the
weights of the Illinois rule, which is exact at once where the function is a straight line, as the value of a payment
mostly is, and does not care where tax makes it bend.

Reference: Dowell and Jarratt, BIT 11, 1971.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Literal

Search = Generator[float, float, tuple[float, "Where"]]
"""Asks for values of a function one after another; in the end it says where the root is."""
Where = Literal["root", "below", "above"]
"""A root, or that the function crosses 0 below 0 only, or nowhere as far as was looked."""

_DOUBLINGS = 50
_STEPS = 100
_CLOSE = 4e-15
"""Of the larger of two ends, the distance at which a bracket is narrow enough."""


def search(step: float) -> Search:
    """The root of a function that rises, at 0 or above; ``step`` is the first distance that is tried."""
    low, below = 0.0, (yield 0.0)
    if below == 0.0:
        return 0.0, "root"
    if below > 0.0:
        return math.nan, "below"
    high = step
    for _ in range(_DOUBLINGS):
        above = yield high
        if above >= 0.0:
            break
        low, below, high = high, above, 2.0 * high
    else:
        return math.nan, "above"
    return (yield from _between(low, below, high, above)), "root"


def _between(low: float, below: float, high: float, above: float) -> Generator[float, float, float]:
    side = 0
    weight_low, weight_high = below, above
    for _ in range(_STEPS):
        if above == 0.0:
            return high
        if high - low <= _CLOSE * high:
            break
        middle = high - weight_high * (high - low) / (weight_high - weight_low)
        if not low < middle < high:
            middle = low + (high - low) / 2.0
        if middle in (low, high):
            break
        value = yield middle
        if value >= 0.0:
            high = middle
            above = weight_high = value
            weight_low = weight_low / 2.0 if side == 1 else weight_low
            side = 1
        else:
            low = middle
            below = weight_low = value
            weight_high = weight_high / 2.0 if side == -1 else weight_high
            side = -1
    return high if above <= -below else low


def found(
    searches: Sequence[Search], evaluate: Callable[[Sequence[tuple[int, float]]], Sequence[float]]
) -> list[tuple[float, Where]]:
    """The ends of all searches.

    ``evaluate`` gives the values of the functions at (number of the search, argument), as many as are asked for.
    """
    ends: dict[int, tuple[float, Where]] = {}
    asked = {number: next(one) for number, one in enumerate(searches)}
    while asked:
        values = evaluate(list(asked.items()))
        following: dict[int, float] = {}
        for number, value in zip(asked, values, strict=True):
            try:
                following[number] = searches[number].send(value)
            except StopIteration as stop:
                ends[number] = stop.value
        asked = following
    return [ends[number] for number in range(len(searches))]
