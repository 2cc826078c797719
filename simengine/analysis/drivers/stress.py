"""Stress tests (outcomes where conditions hold) and reverse stress tests (inputs where outcomes are worst)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import quantile_slope

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
    """Statistics, their linearised parts (batches, statistics), and the least that their errors can be."""

    value: Array
    parts: Array
    least: Array

    def error(self, batches: Batches) -> Array:
        """The standard errors, (statistics,)."""
        return np.maximum(batches.error(self.parts), self.least)


def measure(values: Array, held: Mask, batches: Batches) -> Measured:
    """The :data:`STATISTICS` of the values that are held, which are at least one."""
    chosen = values[held]
    share = len(chosen) / len(values)
    mean = float(chosen.mean())
    ordered = np.sort(chosen)
    points = np.quantile(ordered, POINTS)
    slopes = [quantile_slope(ordered, level) for level in POINTS]
    loss = float((chosen < 0.0).mean())
    rows = [np.where(held, values - mean, 0.0)]
    rows += [(p - (values <= q)) * slope * held for p, q, slope in zip(POINTS, points, slopes, strict=True)]
    rows.append(((values < 0.0) - loss) * held)
    parts = np.stack([batches.means(row) for row in rows], axis=-1) / share
    return Measured(np.array([mean, *points, loss]), parts, np.array([0.0, *_least(slopes, len(chosen), batches), 0.0]))


def _least(slopes: Sequence[float], count: int, batches: Batches) -> Array:
    """The least standard errors of quantiles of ``count`` values, where quantile functions rise by these slopes.

    Stratified draws may have just the same number of values below a quantile in every batch; between whole numbers
    each batch then still hides 1/12 of a variance.
    """
    return np.asarray(np.array(slopes) * np.sqrt(batches.count / 12.0) / count, np.float64)


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
    found, slopes, ordered = [mean], [], np.sort(inputs)
    parts = [sums(inputs - mean) - (float(inputs[last].mean()) - mean) * (inside - share)]
    for level in POINTS:
        point = float(np.quantile(inputs, level))
        below = (inputs <= point).astype(np.float64)
        line = sums(below - level) - (float(below[last].mean()) - level) * (inside - share)
        found.append(point)
        slopes.append(quantile_slope(ordered, level))
        parts.append(-line * slopes[-1])
    centre, sd = moments
    errors = batches.error(np.stack(parts, axis=-1) / share)
    errors[1:] = np.maximum(errors[1:], _least(slopes, len(inputs), batches))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.divide(mean - centre, sd)
        return np.append(found, shift), np.append(errors, np.divide(errors[0], sd))


def paired_change(one: Measured, other: Measured, batches: Batches) -> tuple[Array, Array]:
    """The difference of two measurements of the same trials and its error."""
    change = one.value - other.value
    least = np.where(change != 0.0, np.hypot(one.least, other.least), 0.0)
    return change, np.maximum(batches.error(one.parts - other.parts), least)
