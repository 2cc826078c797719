"""Stress tests (outcomes where conditions hold) and reverse stress tests (inputs where outcomes are worst)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STATISTICS = ("mean", "p10", "p50", "p90", "prob_loss")
"""What is compared of an outcome with and without conditions."""
POINTS = (0.1, 0.5, 0.9)
REVERSE = ("mean", "p10", "p50", "p90")
"""What is told of an input where an outcome is worst."""
TAIL = 0.05
"""The share of trials that a reverse stress test looks at."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Statistics and their linearised parts, (batches, statistics)."""

    value: Array
    parts: Array


def measure(values: Array, held: Mask, batches: Batches) -> Measured:
    """The :data:`STATISTICS` of the values that are held, which are at least one."""
    chosen = values[held]
    share = len(chosen) / len(values)
    mean = float(chosen.mean())
    points = np.quantile(chosen, POINTS)
    loss = float((chosen < 0.0).mean())
    rows = [np.where(held, values - mean, 0.0)]
    rows += [_quantile_influence(values, chosen, q, p) * held for q, p in zip(points, POINTS, strict=True)]
    rows.append(((values < 0.0) - loss) * held)
    parts = np.stack([batches.means(row) for row in rows], axis=-1) / share
    return Measured(np.array([mean, *points, loss]), parts)


def _quantile_influence(values: Array, chosen: Array, quantile: float, level: float) -> Array:
    """The influence of each value on a quantile of the chosen ones, but for the share that is chosen."""
    return np.asarray((level - (values <= quantile)) * slope_at(chosen, level), np.float64)


def slope_at(values: Array, level: float) -> float:
    """How fast the quantile function of values rises at a level: one over the density there."""
    reach = min(0.5 * min(level, 1.0 - level), max(len(values), 1) ** -0.25)
    low, high = np.quantile(values, [level - reach, level + reach])
    return float((high - low) / (2 * reach))


@dataclass(frozen=True, eq=False)
class Tail:
    """The trials in which an outcome is worst, in order, and its values there."""

    trials: NDArray[np.int64]
    values: Array

    @classmethod
    def of(cls, values: Array) -> Tail:
        """The worst :data:`TAIL` of the trials: all up to the type 7 percentile."""
        limit = np.quantile(values, TAIL)
        found = np.flatnonzero(values <= limit)
        return cls(found, values[found])


def measure_tail(inputs: Array, tail: Tail, batches: Batches, moments: tuple[float, float]) -> tuple[Array, Array]:
    """The :data:`REVERSE` statistics of an input in the tail and its shift in standard deviations, and the errors.

    inputs: values in the trials of the tail.  moments: mean and standard deviation of the input.  An error contains
    that of where the tail ends: the trials at its end are seen as those in its upper tenth.
    """
    share = len(tail.trials) / float(batches.edges[-1])
    last = tail.values >= np.quantile(tail.values, 0.9)
    batch = np.searchsorted(batches.edges, tail.trials, side="right") - 1
    sizes = batches.sizes

    def sums(values: Array) -> Array:
        return np.bincount(batch, weights=values, minlength=batches.count) / sizes

    inside = sums(np.ones(len(inputs)))
    mean = float(inputs.mean())
    found = [mean]
    parts = [sums(inputs - mean) - (float(inputs[last].mean()) - mean) * (inside - share)]
    for level in POINTS:
        point = float(np.quantile(inputs, level))
        below = (inputs <= point).astype(np.float64)
        line = sums(below - level) - (float(below[last].mean()) - level) * (inside - share)
        found.append(point)
        parts.append(-line * slope_at(inputs, level))
    centre, sd = moments
    errors = batches.error(np.stack(parts, axis=-1) / share)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.divide(mean - centre, sd)
        return np.append(found, shift), np.append(errors, np.divide(errors[0], sd))


def paired_change(one: Measured, other: Measured, batches: Batches) -> tuple[Array, Array]:
    """The difference of two measurements of the same trials and its error."""
    return one.value - other.value, batches.error(one.parts - other.parts)
