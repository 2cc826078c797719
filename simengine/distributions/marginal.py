"""The one shape that every distribution takes before it reaches the plan: a quantile function with its facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simengine.errors import Problem

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

SMALLEST_TAIL = 2.0**-54
"""The smallest tail probability that a draw can ask for."""


@dataclass(frozen=True)
class Pieces:
    """A quantile function that is linear between knots (steps are pieces of slope 0), hence exact.

    ``starts[k]`` is the probability at which piece k begins (``starts[0] == 0``, strictly increasing, below 1);
    on it ``x = values[k] + slopes[k] * (u - starts[k])``.  All three have shape ``(pieces,)``.
    """

    starts: Array
    values: Array
    slopes: Array


@dataclass(frozen=True)
class Part:
    """A component of a mixture whose components do not overlap: it holds the probability from ``start`` on."""

    start: float
    marginal: Marginal


@dataclass(frozen=True)
class Marginal:
    """A one-dimensional distribution given by its quantile function in both tails.

    ``low(q)`` is the value below which a share ``q`` of the probability lies and ``high(q)`` the value above
    which a share ``q`` lies, for ``0 < q <= 0.5``: two functions, because ``1 - q`` loses the upper tail.
    ``cdf`` and ``sf`` are their inverses.  All four are vectorised over float64 arrays of any shape and never
    warn; ``low`` and ``high`` are finite for every ``2**-54 <= q <= 0.5``, with the one exception of
    ``positive_tail``.

    ``kinks`` are the probabilities at which the quantile function is not smooth (a triangular mode, the seam of
    a mixture, the edges of an atom); tables place a segment boundary on each.  ``pieces`` is set instead where
    the quantile function is exactly piecewise linear or a step function (discrete and empirical data); then
    no table is built and the values are exact.
    ``positive_tail`` says that the quantile function spans so many orders of magnitude towards 0 or infinity
    that its logarithm should be tabulated.  Then ``log_low`` and ``log_high`` are set: the logarithms of ``low``
    and ``high``, finite even where the values themselves leave the range of float64 (0 or infinity).  Other
    distributions of positive values may have them as well.
    ``mean`` and ``variance`` are exact, or NaN where they do not exist (infinite or undefined) or overflow.
    ``digest_key`` is a JSON-able value that identifies the distribution completely: equal keys mean equal bits.
    """

    family: str
    low: Function
    high: Function
    cdf: Function
    sf: Function
    support: tuple[float, float]
    mean: float
    variance: float
    digest_key: object
    kinks: tuple[float, ...] = ()
    pieces: Pieces | None = None
    constant: float | None = None
    positive_tail: bool = False
    slow: bool = False
    """Quantiles cost more than a few microseconds each (numerical inversion): prefer the smaller z table."""
    notes: tuple[Problem, ...] = ()
    """Warnings and notes for the user, keys relative to the specification."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """The canonical parameters as resolved, for ``check`` and ``explain``."""
    parts: tuple[Part, ...] = ()
    """Set where the distribution is a row of components, in order; a draw then uses the component's own table."""
    log_low: Function | None = None
    log_high: Function | None = None

    @property
    def discrete(self) -> bool:
        """Whether the distribution consists of atoms only."""
        return self.pieces is not None and not np.any(self.pieces.slopes)

    @property
    def description(self) -> str:
        """One line of text: the family and its canonical parameters."""
        listed = ", ".join(f"{name} {_brief(value)}" for name, value in self.parameters.items())
        return f"{self.family}: {listed}" if listed else self.family

    def quantile(self, probability: Array | float) -> Array:
        """Quantiles at ``probability`` in (0, 1), any shape."""
        u = np.asarray(probability, dtype=np.float64)
        upper = u > 0.5
        out = np.empty(u.shape)
        out[~upper] = self.low(u[~upper])
        out[upper] = self.high(1.0 - u[upper])
        return out


def quiet(function: Callable[[Array], object]) -> Function:
    """The function over float64 arrays of any shape, without floating-point warnings."""

    def call(argument: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(np.asarray(argument, dtype=np.float64)), dtype=np.float64)

    return call


def finite_or_nan(moment: float) -> float:
    """A moment as :class:`Marginal` holds it: NaN where it is infinite or overflows."""
    return moment if math.isfinite(moment) else math.nan


def _brief(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} {_brief(item)}" for name, item in value.items()) + "}"
    return str(value)
