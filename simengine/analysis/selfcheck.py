"""The built-in check of a run: simulated means and standard deviations against closed forms.

Every uncertain input with known moments is checked, and every formula over independent inputs that has a closed
form, such as the outcome of the plain model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simengine.aggregate.statistics import OutcomeStatistics
from simengine.analysis.moments import Moments, exact_moments
from simengine.deal.model import Model
from simengine.engine.devices import DeviceChoice
from simengine.engine.run import run
from simengine.engine.schedule import Scheduler
from simengine.errors import Mismatch
from simengine.plan.compile import build_plan
from simengine.sampling.design import DEFAULT_REPLICATES

LIMIT = 5.0
"""Standard errors by which a simulated number may differ from its closed form."""

ROUNDING = {"float64": 1e-12, "float32": 1e-5}
"""Relative difference that is due to rounding, for quantities without (much) uncertainty."""
_HEAVIEST = 1e-3
"""Excess kurtosis per trial above which a few trials decide a standard deviation, so that its error is unknown."""


@dataclass(frozen=True)
class Comparison:
    """One number: ``difference`` is in standard errors.  The first of ``strategies`` stands for all of them."""

    strategies: tuple[str, ...]
    name: str
    kind: Literal["input", "formula"]
    measure: Literal["mean", "sd"]
    exact: float
    simulated: float
    se: float
    rounding: float = ROUNDING["float64"]
    slack: float = 0.0
    """What even points may miss however small the error is that the spread between replicates tells."""

    @property
    def difference(self) -> float:
        """Simulated minus exact, in standard errors; 0 when they agree up to rounding."""
        gap = self.simulated - self.exact
        if abs(gap) <= self.rounding * max(abs(self.exact), abs(self.simulated)) + self.slack:
            return 0.0
        return gap / self.se if self.se > 0.0 else math.copysign(math.inf, gap)

    @property
    def passed(self) -> bool:
        """Whether they agree within the limit."""
        return abs(self.difference) <= LIMIT


@dataclass(frozen=True)
class SelfCheck:
    """All comparisons, and the reported outcomes for which no closed form is known."""

    trials: int
    comparisons: tuple[Comparison, ...]
    without_closed_form: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every comparison agrees."""
        return all(entry.passed for entry in self.comparisons)

    def raise_if_failed(self) -> None:
        """Raise when something differs.

        Raises
        ------
        Mismatch
            With every number that differs by more than :data:`LIMIT` standard errors.
        """
        failed = [entry for entry in self.comparisons if not entry.passed]
        if failed:
            lines = [
                f"{entry.measure} of {entry.name} ({', '.join(entry.strategies)}): simulated {entry.simulated:.12g}, "
                f"exact {entry.exact:.12g}, {entry.difference:+.1f} standard errors"
                for entry in failed
            ]
            raise Mismatch("\n".join(["the self-check failed:", *lines]))


def selfcheck(
    models: Sequence[Model],
    *,
    trials: int,
    seed: int,
    sampler: str = "random",
    replicates: int = DEFAULT_REPLICATES,
    precision: str = "float64",
    threads: int | None = None,
    scheduler: Scheduler | None = None,
    device: DeviceChoice = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> SelfCheck:
    """Simulate every input and formula and compare mean and standard deviation with their closed forms.

    Raises
    ------
    InvalidInput
        When the models cannot be compiled or run.
    DeviceError
        When a cluster or a GPU cannot be reached or used.
    """
    plan = build_plan(models, record="everything", sampler=sampler, precision=precision)
    found = run(
        plan,
        trials=trials,
        seed=seed,
        percentiles=(50.0,),
        threads=threads,
        scheduler=scheduler,
        device=device,
        nonfinite="exclude",
        progress=progress,
        replicates=replicates,
    )
    simulated = {(outcome.strategy, outcome.output): outcome for outcome in found.outcomes}
    merged: dict[Comparison, list[str]] = {}
    without: dict[str, list[str]] = {}
    for model in models:
        exact = exact_moments(model)
        for name, moments in exact.items():
            outcome = simulated[model.strategy, name]
            kind: Literal["input", "formula"] = "input" if name in model.inputs else "formula"
            even = 0 if sampler == "random" else trials // max(1, found.replicates)
            for entry in _comparisons(name, kind, moments, outcome, trials, even, ROUNDING[precision]):
                merged.setdefault(entry, []).append(model.strategy)
        for output in model.outputs:
            if output.name not in exact:
                without.setdefault(output.name, []).append(model.strategy)
    comparisons = [replace(entry, strategies=tuple(names)) for entry, names in merged.items()]
    named = tuple(f"{name} of {', '.join(strategies)}" for name, strategies in without.items())
    return SelfCheck(trials, tuple(comparisons), named)


def _comparisons(
    name: str,
    kind: Literal["input", "formula"],
    exact: Moments,
    outcome: OutcomeStatistics,
    trials: int,
    even: int,
    rounding: float,
) -> list[Comparison]:
    """Mean and standard deviation, as far as both sides are known and the error of the simulation is, too.

    ``even`` is the number of trials of a replicate of even points, 0 for independent draws.  Such points may hold the
    same number of events in every replicate, one near the expected one: the spread between replicates then is 0, but
    the probability is right to an event in a replicate only.  Their sd is that of the distribution itself, which n - 1
    in the place of n makes larger by a share of 1 / 2n.
    """
    if not math.isfinite(exact.mean) or not math.isfinite(exact.variance) or outcome.faults or trials < 2:
        return []
    sd = math.sqrt(max(exact.variance, 0.0))
    by_events = exact.event or outcome.mean_se == 0.0
    missed = 2.0 / even * (outcome.maximum - outcome.minimum) if even and by_events else 0.0
    found = []
    if math.isfinite(outcome.mean_se):
        found.append(Comparison((), name, kind, "mean", exact.mean, outcome.mean, outcome.mean_se, rounding, missed))
    heavy = math.isfinite(outcome.kurtosis) and outcome.kurtosis > _HEAVIEST * trials
    if not heavy and math.isfinite(outcome.std_se):
        reach = outcome.maximum - outcome.minimum
        slack = sd / trials + (missed * reach / (2.0 * sd) if sd > 0.0 else 0.0) if even else 0.0
        found.append(Comparison((), name, kind, "sd", sd, outcome.std, outcome.std_se, rounding, slack))
    return found
