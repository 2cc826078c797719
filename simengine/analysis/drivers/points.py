"""Outcomes at points: one input at a quantile and all others at their medians.  Exact, since nothing is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.deal.model import Model
from simengine.distributions.marginal import Marginal
from simengine.formula.axis import YearlyArithmetic
from simengine.formula.shapes import lower_over_years
from simengine.plan.draws import identity

Array = NDArray[np.float64]

SWING = (10.0, 90.0)
"""Percentiles of an input between which its swing is measured."""
SPIDER = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0)
"""Percentiles of an input along a line of the spider."""


class ArrayArithmetic:
    """The arithmetic of formulas on float64 arrays, one entry a point; infinities and NaN as IEEE 754 says."""

    def constant(self, value: float) -> Array:
        """A number."""
        return np.float64(value)  # type: ignore[return-value]  # broadcasts like an array

    def add(self, x: Array, y: Array) -> Array:
        """x + y."""
        return x + y

    def subtract(self, x: Array, y: Array) -> Array:
        """x - y."""
        return x - y

    def multiply(self, x: Array, y: Array) -> Array:
        """x * y."""
        return x * y

    def divide(self, x: Array, y: Array) -> Array:
        """x / y."""
        return np.asarray(np.divide(x, y))

    def negate(self, x: Array) -> Array:
        """-x."""
        return -x

    def absolute(self, x: Array) -> Array:
        """The size of x."""
        return np.asarray(np.abs(x))

    def minimum(self, x: Array, y: Array) -> Array:
        """The smaller one; NaN when either is."""
        return np.asarray(np.minimum(x, y))

    def maximum(self, x: Array, y: Array) -> Array:
        """The larger one; NaN when either is."""
        return np.asarray(np.maximum(x, y))

    def less(self, x: Array, y: Array) -> Array:
        """1 if x < y, else 0."""
        return np.asarray(np.less(x, y), np.float64)

    def less_equal(self, x: Array, y: Array) -> Array:
        """1 if x <= y, else 0."""
        return np.asarray(np.less_equal(x, y), np.float64)

    def equal(self, x: Array, y: Array) -> Array:
        """1 if x == y, else 0."""
        return np.asarray(np.equal(x, y), np.float64)

    def not_equal(self, x: Array, y: Array) -> Array:
        """1 if x != y, else 0."""
        return np.asarray(np.not_equal(x, y), np.float64)

    def select(self, condition: Array, x: Array, y: Array) -> Array:
        """x where the condition is not 0, else y."""
        return np.where(condition != 0.0, x, y)

    def truth(self, x: Array) -> Array:
        """1 if x is not 0, else 0."""
        return np.asarray(x != 0.0, np.float64)

    def exp(self, x: Array) -> Array:
        """e to the power x."""
        return np.asarray(np.exp(x))

    def log(self, x: Array) -> Array:
        """Natural logarithm."""
        return np.asarray(np.log(x))

    def sqrt(self, x: Array) -> Array:
        """Square root."""
        return np.asarray(np.sqrt(x))

    def power(self, x: Array, y: Array) -> Array:
        """x to the power y."""
        return np.asarray(np.power(x, y))

    def normal_cdf(self, x: Array) -> Array:
        """The probability that a standard normal number lies below x."""
        from scipy.special import ndtr

        return np.asarray(ndtr(x))


def outcomes_at(
    model: Model, inputs: Mapping[str, Array], pinned: Mapping[str, Array] | None = None
) -> dict[str, Array]:
    """The outcomes of a model at points, (points,) each; ``inputs`` has an entry for every input.

    ``pinned`` are values of formulas where they are not as the formula says; NaN where they are.
    """
    arithmetic = YearlyArithmetic(ArrayArithmetic(), model.grid)
    values: dict[str, Any] = dict(inputs)
    with np.errstate(all="ignore"):
        for name, formula in model.formulas.items():
            values[name] = lower_over_years(formula.expression, arithmetic, values.__getitem__)
            if pinned is not None and name in pinned:
                values[name] = np.where(np.isnan(pinned[name]), values[name], pinned[name])
    shape = np.broadcast_shapes(*(np.shape(value) for value in inputs.values()))
    return {output.name: np.broadcast_to(values[output.name], shape) for output in model.outputs}


class Quantiles:
    """Quantiles of inputs at some percentiles and at the median, each distribution once for all strategies."""

    def __init__(self, percentiles: Sequence[float]):
        self._levels = np.append(np.asarray(percentiles) / 100.0, 0.5)
        self._found: dict[str, Array] = {}

    def event(self, probability: float) -> Array:
        """Those of an event, 1 where it happens."""
        return np.where(np.isnan(probability), np.nan, (self._levels > 1.0 - probability).astype(np.float64))

    def of(self, marginal: Marginal) -> Array:
        """Those of a distribution, the median last."""
        key = identity(marginal)
        if key not in self._found:
            constant = marginal.constant
            shape = self._levels.shape
            self._found[key] = marginal.quantile(self._levels) if constant is None else np.full(shape, constant)
        return self._found[key]


def one_at_a_time(
    model: Model, names: Sequence[str], quantiles: Quantiles, events: Mapping[str, float]
) -> tuple[Array, Array]:
    """Each named input at each percentile, the others at their medians, whatever correlates with what.

    ``events`` are the probabilities of the names that are formulas: whether a risk strikes.
    Returns the outcomes (outputs, names, percentiles) and the values of the inputs (names, percentiles).
    """
    each = {name: quantiles.of(entry.marginal) for name, entry in model.inputs.items()}
    own = np.array([(quantiles.event(events[n]) if n in events else each[n])[:-1] for n in names])
    shape = own.shape
    points = {name: np.full(own.size, found[-1]) for name, found in each.items()}
    pinned = {name: np.full(own.size, np.nan) for name in events}
    for k, name in enumerate(names):
        (pinned if name in events else points)[name].reshape(shape)[k] = own[k]
    found = outcomes_at(model, points, pinned)
    return np.array([found[output.name].reshape(shape) for output in model.outputs]), own
