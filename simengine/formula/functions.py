"""The one table of operators and functions: parser, printer, compiler and documentation all read it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any, Literal

from simengine.formula import over_years
from simengine.formula.arithmetic import Arithmetic
from simengine.formula.axis import AXIS_NAMES

Lowering = Callable[..., Any]
"""Builds the value of an operation: ``lower(arithmetic, *operands)``."""

Steps = Arithmetic[Any]


@dataclass(frozen=True)
class Operator:
    """An operator: a higher ``precedence`` binds tighter; ``operands`` is 1 for a prefix, 2 for an infix."""

    symbol: str
    operands: int
    precedence: int
    doc: str
    lower: Lowering
    right: bool = False
    """Whether a chain of it groups from the right, as ``**`` does."""
    chains: bool = True
    """Whether it may follow itself without parentheses; comparisons may not."""


@dataclass(frozen=True)
class Function:
    """A function: takes ``least`` to ``most`` values (any number when ``most`` is None)."""

    name: str
    parameters: str
    least: int
    most: int | None
    doc: str
    lower: Lowering
    axis: Literal["along", "across"] | None = None
    """Functions over years: one that gives a value for each period, or one that gives a single value of all."""
    parity: Literal["even", "odd"] | None = None
    """Where values come in pairs: whether their number must be even or odd."""
    single: tuple[int, ...] = ()
    """Places of the operands that cannot differ from period to period."""

    @property
    def group(self) -> str:
        """Where it stands in the table of functions."""
        if self.axis is not None:
            return "a value for each period" if self.axis == "along" else "one value of all periods"
        return "numbers" if self.name in ONLY_FUNCTIONS else "clauses and curves"

    @property
    def usage(self) -> str:
        """How it is written, such as ``clip(x, low, high)``."""
        return f"{self.name}({self.parameters})"

    @property
    def arity(self) -> str:
        """How many values it takes, in words."""
        if self.parity is not None:
            return f"an {self.parity} number of values, {self.least} or more"
        if self.most is None:
            return f"{self.least} or more values"
        few = f"{self.least} or " if self.least < self.most else ""
        return "1 value" if self.most == 1 else f"{few}{self.most} values"

    def takes(self, count: int) -> bool:
        """Whether it can be given this many values."""
        if count < self.least or (self.most is not None and count > self.most):
            return False
        return self.parity is None or count % 2 == (self.parity == "odd")


def _swapped(step: str) -> Lowering:
    return lambda on, x, y: getattr(on, step)(y, x)


def _step(name: str) -> Lowering:
    return lambda on, *operands: getattr(on, name)(*operands)


def _and(on: Steps, x: Any, y: Any) -> Any:
    return on.select(x, on.truth(y), on.constant(0.0))


def _or(on: Steps, x: Any, y: Any) -> Any:
    return on.select(x, on.constant(1.0), on.truth(y))


def _not(on: Steps, x: Any) -> Any:
    return on.equal(x, on.constant(0.0))


def _min(on: Steps, *values: Any) -> Any:
    """The first of equal values, as Python's ``min`` returns it: later ones must be below what is held."""
    return reduce(lambda held, value: on.minimum(value, held), values)


def _max(on: Steps, *values: Any) -> Any:
    return reduce(lambda held, value: on.maximum(value, held), values)


def _clip(on: Steps, x: Any, low: Any, high: Any) -> Any:
    return _min(on, _max(on, x, low), high)


_OPERATORS = (
    Operator("or", 2, 1, "1 if either is not 0, else 0", _or),
    Operator("and", 2, 2, "1 if both are not 0, else 0", _and),
    Operator("not", 1, 3, "1 if 0, else 0", _not, right=True),
    Operator("<", 2, 4, "1 if below, else 0", _step("less"), chains=False),
    Operator("<=", 2, 4, "1 if not above, else 0", _step("less_equal"), chains=False),
    Operator(">", 2, 4, "1 if above, else 0", _swapped("less"), chains=False),
    Operator(">=", 2, 4, "1 if not below, else 0", _swapped("less_equal"), chains=False),
    Operator("==", 2, 4, "1 if equal, else 0", _step("equal"), chains=False),
    Operator("!=", 2, 4, "1 if different, else 0", _step("not_equal"), chains=False),
    Operator("+", 2, 5, "sum", _step("add")),
    Operator("-", 2, 5, "difference", _step("subtract")),
    Operator("*", 2, 6, "product", _step("multiply")),
    Operator("/", 2, 6, "quotient", _step("divide")),
    Operator("-", 1, 7, "the opposite number", _step("negate"), right=True),
    Operator("+", 1, 7, "the number itself", lambda on, x: x, right=True),
    Operator("**", 2, 8, "power; groups from the right, and -x**2 is -(x**2)", _step("power"), right=True),
)

_FUNCTIONS = (
    Function("min", "a, b, ...", 1, None, "the smallest value", _min),
    Function("max", "a, b, ...", 1, None, "the largest value", _max),
    Function("abs", "x", 1, 1, "the size of x without its sign", _step("absolute")),
    Function("exp", "x", 1, 1, "e to the power x", _step("exp")),
    Function("log", "x", 1, 1, "natural logarithm; undefined below 0", _step("log")),
    Function("sqrt", "x", 1, 1, "square root; undefined below 0", _step("sqrt")),
    Function("pow", "x, y", 2, 2, "x to the power y, the same as x**y", _step("power")),
    Function("where", "condition, a, b", 3, 3, "a where the condition is not 0, else b", _step("select")),
    Function("clip", "x, low, high", 3, 3, "x, but not below low nor above high", _clip),
    Function("cap", "x, most", 2, 2, "x, but not above most", _min),
    Function("floor", "x, least", 2, 2, "x, but not below least", _max),
    Function("normcdf", "x", 1, 1, "probability that a standard normal number lies below x", _step("normal_cdf")),
    Function(
        "tiers",
        "base, up_to, rate, ..., rate",
        2,
        None,
        "marginal tiers: each rate applies to the part of the base up to its bound, the last one to the rest",
        over_years.tiers,
        parity="even",
    ),
    Function(
        "interp",
        "x, x1, y1, x2, y2, ...",
        5,
        None,
        "straight lines between the points of a table with rising x; constant beyond its ends",
        over_years.interpolated,
        parity="odd",
    ),
    Function(
        "bass", "t, p, q", 3, 3, "share of the market that has adopted by time t since launch (Bass)", over_years.bass
    ),
    Function("sum", "x", 1, 1, "total over all periods", over_years.folded("add"), "across"),
    Function("highest", "x", 1, 1, "largest value of all periods", over_years.folded("maximum"), "across"),
    Function("lowest", "x", 1, 1, "smallest value of all periods", over_years.folded("minimum"), "across"),
    Function("cumsum", "x", 1, 1, "running total up to each period", over_years.running("add"), "along"),
    Function("cumprod", "x", 1, 1, "running product up to each period", over_years.running("multiply"), "along"),
    Function("cummax", "x", 1, 1, "largest value up to each period", over_years.running("maximum"), "along"),
    Function("cummin", "x", 1, 1, "smallest value up to each period", over_years.running("minimum"), "along"),
    Function("lag", "x, first", 1, 2, "value of the period before; first, or 0, in the first", over_years.lag, "along"),
    Function(
        "cumsum_in_year",
        "x",
        1,
        1,
        "running total since the year began; x itself for periods of a year or more",
        over_years.running_in_year,
        "along",
    ),
    Function(
        "lag_in_year",
        "x",
        1,
        1,
        "value of the period before within the same year; 0 in the first of every year",
        over_years.lag_in_year,
        "along",
    ),
    Function(
        "year_total",
        "x",
        1,
        1,
        "total of every year in its last period, 0 in the others; x itself for periods of a year or more",
        over_years.year_total,
        "along",
    ),
    Function(
        "accumulate",
        "flow, keep, start",
        2,
        3,
        "stock of each period: keep times the stock before (start, or 0, at first) plus the flow",
        over_years.carried,
        "along",
        single=(2,),
    ),
    Function(
        "by_year",
        "x1, x2, ...",
        1,
        None,
        "these values in turn, one for each period; the last one goes on",
        over_years.by_year,
        "along",
    ),
    Function(
        "at",
        "x, time",
        2,
        2,
        "value of the period that holds a point in time, in years; 0 outside the horizon",
        over_years.at_year,
        "across",
        single=(1,),
    ),
    Function(
        "npv",
        "rate, flow, early",
        2,
        3,
        "present value of flows at the ends of periods, or early periods before them (0.5: in the middle)",
        over_years.present_value,
        "across",
    ),
    Function(
        "irr",
        "initial, flow, early, final",
        2,
        4,
        "internal rate of return a year of flows at the ends of periods, or early periods before them as in npv, "
        "and of a final amount at the horizon; "
        "where there is none from -0.99 to 10: 10 if the value is above 0, else -0.99",
        over_years.internal_rate,
        "across",
        single=(0, 2, 3),
    ),
    Function(
        "payback",
        "initial, flow",
        2,
        2,
        "years after which the running total stays at 0 or above; 0 where it is never below, one period more than the "
        "horizon where it ends below",
        over_years.payback,
        "across",
        single=(0,),
    ),
)

OPERATORS: Mapping[tuple[str, int], Operator] = MappingProxyType(
    {(operator.symbol, operator.operands): operator for operator in _OPERATORS}
)
"""Operators by symbol and number of operands."""

FUNCTIONS: Mapping[str, Function] = MappingProxyType({function.name: function for function in _FUNCTIONS})
"""Functions by name."""

CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi})
"""Names with a fixed value."""

KEYWORDS = frozenset({"and", "or", "not"})
"""Operators that are words."""

FOREIGN_WORDS = frozenset(
    {
        *("as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else"),
        *("except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal"),
        *("pass", "raise", "return", "try", "while", "with", "yield", "True", "False", "None"),
    }
)
"""Words of programming languages that have no meaning here; no input or formula may be called so."""

ONLY_FUNCTIONS = frozenset({"min", "max", "abs", "exp", "log", "sqrt", "pow", "where", "clip"})
"""Functions whose names mean nothing else; ``npv``, ``floor`` and other words of deals may be names as well."""

RESERVED = KEYWORDS | FOREIGN_WORDS | ONLY_FUNCTIONS | frozenset(CONSTANTS) | AXIS_NAMES
"""Words that no input, constant or formula may be called."""
