"""What a comparison is asked for, besides the scenarios."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from simengine.engine.devices import Choice, DeviceChoice

DEFAULT_LEVELS = (10.0, 50.0, 90.0)
"""Percentiles at which strategies are always compared."""


@dataclass(frozen=True)
class Question:
    """Options of a comparison; None leaves the choice to the first scenario (or to :mod:`simengine.analysis.compare`).

    baseline: the strategy that the others are held against, by default the first.  outputs: outcomes to compare, by
    default T, or the first outcome that two strategies report.  percentiles: beside P10, P50 and P90, in percent.
    risk_tolerance: of the exponential utility, in the unit of the outcome.  wealth, risk_aversion: of constant
    relative risk aversion, both or none.  device: cpu, gpu or auto, on which trials are computed; what is compared
    trial by trial is compared by processors.  chosen: told which device was chosen.  data: folders of data files too
    large to be stored with a result.
    until_decided: the measure by which the best strategy is to be told apart, at ``max_trials`` at the latest (by
    default the trials of the first scenario); instead of ``trials``.
    """

    baseline: str | None = None
    outputs: Sequence[str] | None = None
    trials: int | None = None
    seed: int | None = None
    sampler: str | None = None
    replicates: int | None = None
    strategies: Sequence[str] | None = None
    percentiles: Sequence[float] | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    risk_tolerance: float | None = None
    wealth: float | None = None
    risk_aversion: float | None = None
    threads: int | None = None
    memory: int | None = None
    device: DeviceChoice = None
    chosen: Callable[[Choice], None] | None = None
    data: Sequence[Path] = ()
    command: str = ""
    until_decided: str | None = None
    max_trials: int | None = None

    @property
    def levels(self) -> tuple[float, ...]:
        """All percentiles at which strategies are compared, in percent, rising."""
        return tuple(sorted({*DEFAULT_LEVELS, *(self.percentiles or ())}))

    def check(self) -> None:
        """Refuse what no scenario makes sense of.

        Raises
        ------
        InvalidInput
            With every such problem.
        """
        problems = []
        if self.risk_tolerance is not None and not 0.0 < self.risk_tolerance < math.inf:
            allowed = "a positive amount, in the unit of the outcome"
            problems.append(Problem("out of range", "risk-tolerance", f"{self.risk_tolerance:g}", allowed))
        if self.risk_aversion is not None and not 0.0 <= self.risk_aversion <= 100.0:
            problems.append(Problem("out of range", "risk-aversion", f"{self.risk_aversion:g}", "0 to 100"))
        if self.wealth is not None and not math.isfinite(self.wealth):
            problems.append(Problem("is not a finite number", "wealth", f"{self.wealth:g}"))
        problems += self._stopping_problems()
        if (self.wealth is None) != (self.risk_aversion is None):
            given, missing = ("wealth", "risk-aversion") if self.risk_aversion is None else ("risk-aversion", "wealth")
            problems.append(Problem(f"needs {missing} beside it", given))
        if problems:
            raise InvalidInput(problems)

    def _stopping_problems(self) -> list[Problem]:
        problems = []
        if self.until_decided is not None and self.trials is not None:
            hint = "give the most trials by --max-trials"
            problems.append(
                Problem("how many trials are needed is what --until-decided finds out", "trials", hint=hint)
            )
        if self.until_decided is None and self.max_trials is not None:
            problems.append(Problem("is the limit of --until-decided, which is not asked for", "max-trials"))
        if (self.until_decided or "").strip().lower() == "ce" and self.risk_tolerance is None:
            hint = "give --risk-tolerance too, or write CE(200)"
            problems.append(Problem("a certainty equivalent needs a risk tolerance", "until-decided", "ce", hint=hint))
        return problems
