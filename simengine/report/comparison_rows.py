"""Every number of a comparison as a list: one place for names and order in CSV, JSON and tables of Python."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from simengine.report.numbers import Estimate, estimate, exact, level, share, tail_name
from simengine.results.record import Record

SHARES = frozenset({"prob_best", "prob_beats"})
"""Probabilities: printed in percent."""


@dataclass(frozen=True)
class Number:
    """One number of a comparison: ``key`` names it; se, low and high are NaN where its error is unknown.

    ``against`` is empty for what belongs to one strategy, and ``strategy`` too for what belongs to all of them.
    ``unit`` is 1 for shares, ratios and flags.  ``kind``: plain numbers and flags (1 for yes) have no error.
    """

    strategy: str
    against: str
    output: str
    unit: str
    key: str
    value: float
    se: float = math.nan
    low: float = math.nan
    high: float = math.nan
    kind: Literal["estimate", "plain", "flag"] = "estimate"

    @property
    def estimate(self) -> Estimate:
        """The number as text, rounded to what its error allows; probabilities are in percent."""
        if self.key in SHARES:
            return share(self.value, self.se)
        if self.kind != "estimate":
            return Estimate(exact(self.value))
        return estimate(self.value, self.se)


def numbers_of(record: Record) -> Iterator[Number]:
    """All numbers: for each outcome those of all strategies, of each strategy, and of each pair."""
    strategies = record.strategies
    for o in range(len(record.outputs)):
        members = [s for s in range(len(strategies)) if record["reported"][s, o]]
        yield from of_all(record, o)
        for s in members:
            yield from of_strategy(record, s, o)
        for s in members:
            for a in members:
                if s != a:
                    yield from of_pair(record, s, a, o)


def of_all(record: Record, output: int) -> Iterator[Number]:
    """What belongs to the outcome itself."""
    view = _View(record, (output,), "", "", output)
    yield view.estimated("evpi", "evpi")
    if not math.isnan(record["risk_tolerance"][output]):
        yield view.plain("risk_tolerance", "risk_tolerance", view.unit)


def of_strategy(record: Record, strategy: int, output: int) -> Iterator[Number]:
    """What belongs to one strategy."""
    view = _View(record, (strategy, output), record.strategies[strategy], "", output)
    yield view.estimated("mean", "mean")
    for k, percent in enumerate(record["quantile"].tolist()):
        yield view.estimated("quantiles", f"p{level(percent)}", k)
    for k, tail in enumerate(record["level"].tolist()):
        yield view.estimated("cvar_loss", f"cvar{tail_name(tail)}_loss", k)
    yield view.estimated("prob_best", "prob_best", unit="1")
    yield view.estimated("regret", "regret")
    for name in ("ce_exponential", "ce_power"):
        if view.has(name):
            yield view.estimated(name, name)
    for k, tail in enumerate(record["level"].tolist()):
        yield view.plain("efficient", f"efficient{tail_name(tail)}", "1", k)
        yield view.plain("efficient_clear", f"efficient{tail_name(tail)}_clear", "1", k)


def of_pair(record: Record, strategy: int, against: int, output: int) -> Iterator[Number]:
    """What belongs to one strategy against another: differences are those of the first less the second."""
    names = record.strategies
    view = _View(record, (strategy, against, output), names[strategy], names[against], output)
    yield view.estimated("prob_beats", "prob_beats", unit="1")
    yield view.estimated("mean_difference", "mean_difference")
    for k, percent in enumerate(record["quantile"].tolist()):
        yield view.estimated("quantiles_difference", f"p{level(percent)}_difference", k)
    for k, tail in enumerate(record["level"].tolist()):
        yield view.estimated("cvar_difference", f"cvar{tail_name(tail)}_loss_difference", k)
    for name in ("ce_exponential_difference", "ce_power_difference"):
        if view.has(name):
            yield view.estimated(name, name)
    if view.has("dominance_ratio"):
        yield view.estimated("dominance_ratio", "dominance_ratio", unit="1")
        yield view.estimated("second_order_ratio", "second_order_ratio", unit="1")
    for name in ("first_order", "second_order", "identical", "different"):
        yield view.plain(name, name, "1")


@dataclass(frozen=True)
class _View:
    """The numbers at one place of a record."""

    record: Record
    place: tuple[int, ...]
    strategy: str
    against: str
    output: int

    @property
    def unit(self) -> str:
        return str(self.record["unit"][self.output])

    def has(self, name: str) -> bool:
        return not math.isnan(self.record[name][self.place])

    def estimated(self, name: str, key: str, *more: int, unit: str | None = None) -> Number:
        value, se, low, high = (
            float(self.record[name + end][(*self.place, *more)]) for end in ("", "_se", "_low", "_high")
        )
        return Number(*self._labels(unit), key, value, se, low, high)

    def plain(self, name: str, key: str, unit: str, *more: int) -> Number:
        array = self.record[name]
        kind: Literal["plain", "flag"] = "flag" if array.dtype.kind == "b" else "plain"
        return Number(*self._labels(unit), key, float(array[(*self.place, *more)]), kind=kind)

    def _labels(self, unit: str | None) -> tuple[str, str, str, str]:
        output = self.record.outputs[self.output]
        return self.strategy, self.against, output, self.unit if unit is None else unit
