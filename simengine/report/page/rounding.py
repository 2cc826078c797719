"""Columns of numbers, each rounded by its own standard error, with their decimal points below each other."""

from __future__ import annotations

from collections.abc import Sequence

from simengine.report.brief_numbers import brief, brief_share
from simengine.report.numbers import UNDEFINED, Estimate
from simengine.report.page.markup import Markup, aligned, number

Pair = tuple[float, float]
"""A number and its standard error."""


def column(numbers: Sequence[Pair | None], *, signed: bool = False) -> list[Markup]:
    """The cells of a column, each to the digits that its own error allows, decimal points below each other."""
    shown = []
    for one in numbers:
        text = Estimate(UNDEFINED) if one is None else brief(*one)
        plus = signed and one is not None and one[0] > 0.0 and any(digit in text.value for digit in "123456789")
        shown.append(Estimate(f"+{text.value}", text.error) if plus else text)
    return aligned(shown)


def column_of_shares(numbers: Sequence[Pair | None], sign: str) -> list[Markup]:
    """The cells of a column of probabilities, each followed by ``sign``."""
    return [number(Estimate(UNDEFINED) if one is None else brief_share(*one), sign=sign) for one in numbers]
