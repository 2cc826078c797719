"""The statistics of one outcome as a list: one place for their names, order and labels in every form of output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simengine.report.numbers import MISSING, Estimate, estimate, level, share, significant, tail_name
from simengine.results.record import Record

Group = Literal["moment", "range", "shape", "percentile", "below", "tail"]


@dataclass(frozen=True)
class Statistic:
    """One number that is reported of an outcome.

    ``key`` names it in files (``mean``, ``p5``, ``cvar95_loss``), ``level`` is the percentile or the threshold
    of groups ``percentile`` and ``below``.  ``se`` is None where no standard error belongs to it.  ``share``
    says that it is a probability.
    """

    key: str
    label: str
    value: float
    se: float | None
    group: Group
    level: float | None = None
    share: bool = False

    def unit_beside(self, unit: str) -> str:
        """Its unit, beside an outcome that is counted in ``unit``: 1 for probabilities and numbers of the shape."""
        return "1" if self.share or self.group == "shape" else unit

    @property
    def heading(self) -> str:
        """The label for a row of text: with the sign of percent, which the numbers leave out."""
        return f"{self.label}, %" if self.share else self.label

    @property
    def estimate(self) -> Estimate:
        """The number as text, rounded to what its error allows; probabilities are in percent."""
        if self.share:
            return share(self.value, self.se if self.se is not None else 0.0)
        if self.se is None:
            return Estimate(significant(self.value, 6) if math.isfinite(self.value) else MISSING)
        return estimate(self.value, self.se)


def statistics_of(record: Record, strategy: int, output: int) -> list[Statistic]:
    """All statistics of one outcome of one strategy (both given by their place), in the order of reports.

    A target of 0 is not listed by itself: that probability is ``prob_loss``, to the bit.
    """
    name = record.outputs[output]

    def number(variable: str, *more: int) -> float:
        return float(record[variable][(strategy, output, *more)])

    rows = [
        Statistic("mean", "mean", number("mean"), number("mean_se"), "moment"),
        Statistic("std", "standard deviation", number("std"), number("std_se"), "moment"),
        Statistic("skewness", "skewness", number("skewness"), None, "shape"),
        Statistic("kurtosis", "excess kurtosis", number("kurtosis"), None, "shape"),
        Statistic("min", "smallest", number("minimum"), None, "range"),
        Statistic("max", "largest", number("maximum"), None, "range"),
    ]
    for k, percent in enumerate(record["quantile"].tolist()):
        key = level(percent)
        value, se = number("quantiles", k), number("quantiles_se", k)
        rows.append(Statistic(f"p{key}", f"P{key}", value, se, "percentile", percent))
    loss = number("prob_loss"), number("prob_loss_se")
    rows.append(Statistic("prob_loss", f"P({name} < 0)", *loss, "below", 0.0, share=True))
    for k, target in enumerate(record["target_value"][strategy, output].tolist()):
        if not math.isnan(target) and target != 0.0:
            below = number("prob_below", k), number("prob_below_se", k)
            label = f"P({name} < {significant(target, 12)})"
            rows.append(Statistic(f"prob_below_{level(target)}", label, *below, "below", target, share=True))
    for k, tail in enumerate(record["level"].tolist()):
        key = tail_name(tail)
        var = number("var_loss", k), number("var_loss_se", k)
        cvar = number("cvar_loss", k), number("cvar_loss_se", k)
        rows.append(Statistic(f"var{key}_loss", f"VaR {key} % (loss)", *var, "tail"))
        rows.append(Statistic(f"cvar{key}_loss", f"CVaR {key} % (loss)", *cvar, "tail"))
    return rows


def statistics_of_year(record: Record, strategy: int, output: int, year: int) -> list[Statistic]:
    """The statistics of a yearly outcome of one strategy in one period (all given by their place), in order."""

    def number(variable: str, *more: int) -> float:
        return float(record[f"yearly_{variable}"][(strategy, output, year, *more)])

    rows = [
        Statistic("mean", "mean", number("mean"), number("mean_se"), "moment"),
        Statistic("std", "standard deviation", number("std"), number("std_se"), "moment"),
        Statistic("min", "smallest", number("minimum"), None, "range"),
        Statistic("max", "largest", number("maximum"), None, "range"),
    ]
    for k, percent in enumerate(record["quantile"].tolist()):
        key = level(percent)
        value, se = number("quantiles", k), number("quantiles_se", k)
        rows.append(Statistic(f"p{key}", f"P{key}", value, se, "percentile", percent))
    loss = number("prob_loss"), number("prob_loss_se")
    return [*rows, Statistic("prob_loss", "P(< 0)", *loss, "below", 0.0, share=True)]


def yearly_places(record: Record) -> list[tuple[int, int, list[int]]]:
    """Places (strategy, yearly outcome, years) of all outcomes by period, strategy by strategy; years in order."""
    if not record.yearly_outputs:
        return []
    reported = record["yearly_reported"]
    found = [
        (s, o, [int(y) for y in reported[s, o].nonzero()[0]])
        for s in range(reported.shape[0])
        for o in range(reported.shape[1])
    ]
    return [place for place in found if place[2]]


def reported_pairs(record: Record) -> list[tuple[int, int]]:
    """Places (strategy, output) of all outcomes that are reported, strategy by strategy."""
    reported = record["reported"]
    return [(s, o) for s in range(reported.shape[0]) for o in range(reported.shape[1]) if reported[s, o]]


def largest_gap(record: Record, name: str) -> float:
    """The largest of the differences from float64, ``precision_gap`` or ``precision_gap_mean``, over all outcomes."""
    gaps = [record[name][record["reported"]]]
    if record.yearly_outputs:
        gaps.append(record[f"yearly_{name}"][record["yearly_reported"]])
    return float(np.max(np.concatenate(gaps), initial=0.0))
