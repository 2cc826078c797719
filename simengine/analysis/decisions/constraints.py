"""Chance constraints and other limits: a measure that must lie on one side of a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from simengine.analysis.measures import Measure, read_measure
from simengine.errors import InvalidInput, Problem

_CONSTRAINT = re.compile(
    r"^(?P<measure>.*[^\s<>=])\s*(?P<sign><=|>=|<|>)\s*(?P<limit>[+-]?[\d_.]+(?:[eE][+-]?\d+)?)\s*(?P<percent>%?)\s*$",
    re.DOTALL,
)
_ALLOWED = 'such as "P(T < 0) < 10 %", "P10 >= 50" or "mean of sales > 400"'


@dataclass(frozen=True)
class Constraint:
    """``measure sign limit``."""

    measure: Measure
    sign: Literal["<", "<=", ">", ">="]
    limit: float

    @property
    def label(self) -> str:
        """As people write it."""
        limit = f"{100 * self.limit:g} %" if self.measure.share else f"{self.limit:g}"
        return f"{self.measure.label} {self.sign} {limit}"

    def excess(self, value: float) -> float:
        """How far a value is on the wrong side; negative where there is room, NaN for a value that is none."""
        return value - self.limit if self.sign in ("<", "<=") else self.limit - value

    def holds(self, value: float) -> bool:
        """Whether a value meets it."""
        excess = self.excess(value)
        return excess < 0.0 or (excess == 0.0 and "=" in self.sign)


def read_constraint(
    text: str, outputs: Sequence[str], default: str | None = None, formulas: Collection[str] = ()
) -> Constraint:
    """The constraint that a person wrote.

    Raises
    ------
    InvalidInput
        If it is none, or can never hold or fail.
    """
    option = "--subject-to"
    found = _CONSTRAINT.match(text.strip())
    if found is None:
        raise InvalidInput(Problem("is not a constraint", option, text, _ALLOWED))
    measure = read_measure(found["measure"], outputs, default, option, formulas)
    try:
        limit = float(found["limit"].replace("_", ""))
    except ValueError:
        raise InvalidInput(Problem("has no number on its right side", option, text, _ALLOWED)) from None
    if found["percent"]:
        if not measure.share:
            raise InvalidInput(Problem("is given in percent but is no probability", option, text, "P(T < 0) < 10 %"))
        limit /= 100.0
    if measure.share and not 0.0 <= limit <= 1.0:
        hint = f"write {limit:g} %" if 1.0 < limit <= 100.0 else None
        raise InvalidInput(Problem("a probability lies between 0 and 1", option, text, "0 to 1, or 0 % to 100 %", hint))
    sign = found["sign"]
    assert sign in ("<", "<=", ">", ">=")
    return Constraint(measure, sign, limit)  # type: ignore[arg-type]
