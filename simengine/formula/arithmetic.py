"""What operators and functions are made of: a small arithmetic, and its meaning for plain floats.

A formula is lowered to these steps over any kind of value.  The plan compiler supplies graph nodes; here the
values are float64 numbers, which is what constants are folded with.
"""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from typing import Protocol, TypeVar

V = TypeVar("V")

FOLDING_DIGITS = 40
"""Decimal digits that exp, log and pow of constants are computed with, so that no C library decides a bit."""


class Arithmetic(Protocol[V]):
    """The steps that every function of the language is built from."""

    def constant(self, value: float) -> V:
        """A number."""

    def add(self, x: V, y: V) -> V:
        """x + y."""

    def subtract(self, x: V, y: V) -> V:
        """x - y."""

    def multiply(self, x: V, y: V) -> V:
        """x * y."""

    def divide(self, x: V, y: V) -> V:
        """x / y; infinite or undefined when y is 0, never an exception."""

    def negate(self, x: V) -> V:
        """-x."""

    def absolute(self, x: V) -> V:
        """The size of x."""

    def minimum(self, x: V, y: V) -> V:
        """x if x < y, else y; undefined when either is undefined."""

    def maximum(self, x: V, y: V) -> V:
        """x if x > y, else y; undefined when either is undefined."""

    def less(self, x: V, y: V) -> V:
        """1 if x < y, else 0."""

    def less_equal(self, x: V, y: V) -> V:
        """1 if x <= y, else 0."""

    def equal(self, x: V, y: V) -> V:
        """1 if x == y, else 0."""

    def not_equal(self, x: V, y: V) -> V:
        """1 if x != y, else 0."""

    def select(self, condition: V, x: V, y: V) -> V:
        """x where the condition is not 0, else y."""

    def truth(self, x: V) -> V:
        """1 if x is not 0, else 0."""

    def exp(self, x: V) -> V:
        """e to the power x."""

    def log(self, x: V) -> V:
        """Natural logarithm."""

    def sqrt(self, x: V) -> V:
        """Square root."""

    def power(self, x: V, y: V) -> V:
        """x to the power y."""

    def normal_cdf(self, x: V) -> V:
        """The probability that a standard normal number lies below x."""


class FloatArithmetic:
    """IEEE 754 arithmetic on Python floats that never raises; exp, log and pow correctly rounded."""

    def constant(self, value: float) -> float:
        """A number."""
        return value

    def add(self, x: float, y: float) -> float:
        """x + y."""
        return x + y

    def subtract(self, x: float, y: float) -> float:
        """x - y."""
        return x - y

    def multiply(self, x: float, y: float) -> float:
        """x * y."""
        return x * y

    def divide(self, x: float, y: float) -> float:
        """x / y, with infinities and NaN as IEEE 754 says."""
        if y != 0.0:
            return x / y
        if x == 0.0 or math.isnan(x):
            return math.nan
        return math.copysign(1.0, x) * math.copysign(1.0, y) * math.inf

    def negate(self, x: float) -> float:
        """-x."""
        return -x

    def absolute(self, x: float) -> float:
        """The size of x."""
        return math.fabs(x)

    def minimum(self, x: float, y: float) -> float:
        """x if x < y, else y; NaN when either is."""
        return x if x < y or math.isnan(x) else y

    def maximum(self, x: float, y: float) -> float:
        """x if x > y, else y; NaN when either is."""
        return x if x > y or math.isnan(x) else y

    def less(self, x: float, y: float) -> float:
        """1 if x < y, else 0."""
        return float(x < y)

    def less_equal(self, x: float, y: float) -> float:
        """1 if x <= y, else 0."""
        return float(x <= y)

    def equal(self, x: float, y: float) -> float:
        """1 if x == y, else 0."""
        return float(x == y)

    def not_equal(self, x: float, y: float) -> float:
        """1 if x != y, else 0."""
        return float(x != y)

    def select(self, condition: float, x: float, y: float) -> float:
        """x where the condition is not 0, else y."""
        return x if condition != 0.0 else y

    def truth(self, x: float) -> float:
        """1 if x is not 0, else 0."""
        return float(x != 0.0)

    def exp(self, x: float) -> float:
        """e to the power x, correctly rounded."""
        if math.isnan(x):
            return x
        if x > 710.0:
            return math.inf
        if x < -746.0:
            return 0.0
        return float(Decimal(x).exp(_context()))

    def log(self, x: float) -> float:
        """Natural logarithm, correctly rounded; -inf at 0 and NaN below."""
        if math.isnan(x) or x < 0.0:
            return math.nan
        if x == 0.0:
            return -math.inf
        return x if x == math.inf else float(Decimal(x).ln(_context()))

    def sqrt(self, x: float) -> float:
        """Square root; NaN below 0."""
        return math.sqrt(x) if x >= 0.0 else math.nan

    def power(self, x: float, y: float) -> float:
        """x to the power y, correctly rounded, with the special cases of IEEE 754 ``pow``."""
        try:
            rough = math.pow(x, y)
        except OverflowError:
            return -math.inf if x < 0.0 and y % 2.0 == 1.0 else math.inf
        except ValueError:  # 0 to a negative power, or a negative number to a broken one
            if x != 0.0:
                return math.nan
            return math.copysign(math.inf, x) if y % 2.0 == 1.0 else math.inf
        if not math.isfinite(rough) or rough == 0.0 or not math.isfinite(y) or x == 1.0 or y == 0.0:
            return rough
        with localcontext(_context()):
            exact = float(Decimal(abs(x)) ** Decimal(y))
        return math.copysign(exact, rough)

    def normal_cdf(self, x: float) -> float:
        """The probability that a standard normal number lies below x, correctly rounded."""
        if math.isnan(x):
            return x
        if abs(x) > 40.0:
            return float(x > 0.0)
        with localcontext(Context(prec=2 * FOLDING_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)):
            z = abs(Decimal(x))
            density = (-z * z / 2).exp() / (2 * _PI).sqrt()
            tail = density * _mills(z) if z > _FAR else Decimal("0.5") - density * _odd_series(z)
            return float(tail if x < 0.0 else 1 - tail)


_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")

_FAR = 5
"""Normal scores beyond which the tail is computed by itself, not as what is missing from one half."""


def _odd_series(z: Decimal) -> Decimal:
    """The integral of exp(-t^2 / 2) from 0 to z, divided by exp(-z^2 / 2): z + z^3/3 + z^5/15 + ..."""
    term = total = z
    n = 1
    while term > total.scaleb(-2 * FOLDING_DIGITS):
        n += 2
        term *= z * z / n
        total += term
    return total


def _mills(z: Decimal) -> Decimal:
    """Tail over density of the normal distribution beyond 5, by Laplace's continued fraction.

    Cut after n terms it is off by a factor of about 1 + exp(-2 z sqrt(2 n)): 10^-106 at z = 5.
    """
    fraction = z
    for n in range(300, 0, -1):
        fraction = z + n / fraction
    return 1 / fraction


def _context() -> Context:
    return Context(prec=FOLDING_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)


FLOATS = FloatArithmetic()
"""The arithmetic of floats; it holds no state."""
