"""Outcomes that are reported period by period: their statistics as arrays over strategies, outcomes and years."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.statistics import OutcomeStatistics, RunStatistics
from simengine.plan.plan import Plan, PlanOutput
from simengine.results.record import texts

_NUMBERS = ("mean", "std", "prob_loss", "quantiles")
"""Statistics that have a standard error."""

_Place = tuple[int, int, int]


def yearly_values(statistics: RunStatistics, plan: Plan) -> dict[str, NDArray[Any]]:
    """The variables of the part ``years`` of a result; none where no outcome is reported period by period.

    Arrays have the shape (strategies, outcomes, years), percentiles a fourth axis.  Years are those of any outcome,
    in order; where a strategy does not report an outcome for a year, numbers are NaN and ``yearly_reported`` is false.
    """
    rows = [k for k, output in enumerate(plan.outputs) if output.year is not None]
    if not rows:
        return {}
    reported = [plan.outputs[k] for k in rows]
    names = tuple(dict.fromkeys(output.name for output in reported))
    years = sorted({_year_of(output) for output in reported})
    described = {output.name: output for output in reversed(reported)}
    places = [
        (plan.strategies.index(output.strategy), names.index(output.name), years.index(_year_of(output)))
        for output in reported
    ]
    outcomes, shape = [statistics.outcomes[k] for k in rows], (len(plan.strategies), len(names), len(years))

    def of(read: Callable[[OutcomeStatistics], object], empty: float | int | bool) -> NDArray[Any]:
        return _placed([np.asarray(read(outcome)) for outcome in outcomes], places, shape, empty)

    values: dict[str, NDArray[Any]] = {
        "yearly": texts(names),
        "year": np.array(years, np.float64),
        "yearly_title": texts(described[name].title for name in names),
        "yearly_unit": texts(described[name].unit for name in names),
        "yearly_reported": of(lambda o: np.bool_(True), False),
        "yearly_finite": of(lambda o: np.int64(o.finite), 0),
        "yearly_faults": of(lambda o: np.int64(o.faults), 0),
        "yearly_first_fault": of(lambda o: np.int64(o.first_fault if o.faults else -1), -1),
    }
    for name in (*_NUMBERS, *(f"{name}_se" for name in _NUMBERS), "minimum", "maximum"):
        values[f"yearly_{name}"] = of(attrgetter(name), math.nan)
    for column, name in enumerate(("precision_gap", "precision_gap_mean")):
        gaps = [np.asarray(gap) for gap in statistics.differences[rows, column]]
        values[f"yearly_{name}"] = _placed(gaps, places, shape, math.nan)
    return values


def _year_of(output: PlanOutput) -> float:
    assert output.year is not None, f"{output.name} belongs to no period"
    return output.year


def _placed(
    rows: Sequence[NDArray[Any]], places: Sequence[_Place], shape: _Place, empty: float | int | bool
) -> NDArray[Any]:
    """Equally long rows put at their (strategy, outcome, year), and ``empty`` everywhere else."""
    found = np.full((*shape, *rows[0].shape), empty, dtype=rows[0].dtype)
    for row, place in zip(rows, places, strict=True):
        found[place] = row
    return found
