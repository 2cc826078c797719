"""The axis ``year``: values that differ from period to period, and arithmetic on them.

A quantity is either one number a trial, or one number for each period of the horizon (:class:`Yearly`).  The two mix:
a single number stands for itself in every period.  Periods are unrolled: nothing below the formula language knows
of years.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from simengine.formula.arithmetic import Arithmetic

V = TypeVar("V")

AXIS_NAMES = frozenset({"year", "period", "horizon"})
"""Names of the axis: the end of each period, its length, and the end of the last one, all in years."""


@dataclass(frozen=True)
class Grid:
    """The horizon: how many periods, and how many years each of them is long."""

    periods: int = 1
    length: float = 1.0

    @property
    def ends(self) -> tuple[float, ...]:
        """The end of each period, in years from the signing."""
        return tuple((k + 1) * self.length for k in range(self.periods))

    @property
    def horizon(self) -> float:
        """The end of the last period, in years."""
        return self.periods * self.length

    @property
    def begins_year(self) -> tuple[bool, ...]:
        """Whether each period is the first one of a year, for what is settled once a year.

        A period counts in the year in which it ends; where the length does not divide a year, years have a period
        more or less.  A period of a year or more is settled by itself.
        """
        if self.length >= 1.0:
            return (True,) * self.periods
        years = [math.ceil(round(end, 9)) for end in self.ends]  # ten tenths are one year, whatever their sum
        return tuple(year != before for year, before in zip(years, (0, *years), strict=False))


ONE_PERIOD = Grid()
"""The grid of the plain model."""


@dataclass(frozen=True)
class Yearly(Generic[V]):
    """One value for each period."""

    values: tuple[V, ...]


class YearlyArithmetic(Generic[V]):
    """Arithmetic on single and yearly values, from an arithmetic of single values.

    Every step of ``base`` works here too, period by period; the functions of the axis use :meth:`periods_of`.
    """

    def __init__(self, base: Arithmetic[V], grid: Grid) -> None:
        self.base = base
        self.grid = grid

    def constant(self, value: float) -> V:
        """A number."""
        return self.base.constant(value)

    def named(self, name: str) -> V | Yearly[V]:
        """The value of a name of the axis."""
        match name:
            case "year":
                return Yearly(tuple(self.constant(end) for end in self.grid.ends))
            case "period":
                return self.constant(self.grid.length)
        return self.constant(self.grid.horizon)

    def periods_of(self, value: V | Yearly[V]) -> list[V]:
        """The value in each period, in order."""
        return list(value.values) if isinstance(value, Yearly) else [value] * self.grid.periods

    def __getattr__(self, step: str) -> Callable[..., V | Yearly[V]]:
        """A step of the base arithmetic, taken in every period where any operand is yearly."""
        single = getattr(self.base, step)

        def lifted(*operands: V | Yearly[V]) -> V | Yearly[V]:
            if not any(isinstance(operand, Yearly) for operand in operands):
                value: V = single(*operands)
                return value
            columns = [self.periods_of(operand) for operand in operands]
            return Yearly(tuple(single(*row) for row in zip(*columns, strict=True)))

        setattr(self, step, lifted)
        return lifted
