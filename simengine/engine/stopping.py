"""Running until a criterion is met: looks that are fixed in advance, each a whole run of its own.

A look is exactly the run with that number of trials, so the last one is bit for bit what ``--trials`` gives.  The
sizes do not depend on what is seen, which only decides where to stop and which looks would be wasted.  Stopping on an
error that happens to look small would overstate; so a criterion compares an *upper confidence bound* of the standard
error with what is asked for, and counts the events that a probability or a percentile rests on.

References: Glynn and Whitt, "The asymptotic validity of sequential stopping rules for stochastic simulation", Annals
of Applied Probability 2, 1992; Hickernell, Jiang, Liu, Owen, "Guaranteed conservative fixed width confidence
intervals via Monte Carlo sampling", 2013, for bounds of the variance from the fourth moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from simengine.aggregate.replicates import FEW
from simengine.aggregate.spread import interval_factor
from simengine.aggregate.statistics import OutcomeStatistics, RunStatistics
from simengine.errors import InvalidInput, Problem

FIRST_LOOK = 1 << 14
DEFAULT_LIMIT = 10**8
"""Trials at which a run stops at the latest, unless another limit is given."""
FEWEST_EVENTS = 50
"""Trials on the rarer side below which no relative error of a probability or a percentile is believed."""
Z95_ONE_SIDED = 1.6448536269514722
_STD_DOUBT = 0.2
"""Relative error of the error of a standard deviation, where as few trials decide it as are admitted."""
_FASTEST = 1.5
"""Power of the number of trials with which an error can fall: smooth outcomes of Sobol points."""

Kind = Literal["mean", "std", "quantile", "loss", "below", "var", "cvar"]


@dataclass(frozen=True)
class Finding:
    """What a look says of one thing that is asked for.

    bound: 95 % upper bound of the standard error.  asked: what it is to be at most, in the unit of the value; share:
    the share of the value that is asked for, 0 where a number is.  needed: trials at which it is foreseen to hold, None
    where nothing can be foreseen; surely: trials below which there is no use in looking.
    """

    name: str
    strategy: str
    value: float
    se: float
    bound: float
    asked: float
    share: float
    met: bool
    needed: float | None
    surely: float
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a criterion holds, and what it says of each thing that is asked for."""

    met: bool
    findings: tuple[Finding, ...]

    @property
    def needed(self) -> float | None:
        """Trials at which all of it is foreseen to hold; None where something cannot be foreseen."""
        each = [finding.needed for finding in self.findings]
        return None if None in each else max((n for n in each if n is not None), default=0.0)

    @property
    def surely(self) -> float:
        """Trials below which there is no use in looking."""
        return max((finding.surely for finding in self.findings), default=0.0)


class Criterion(Protocol):
    """Judges the looks so far, the last of which is the current one."""

    def judge(self, looks: Sequence[RunStatistics]) -> Verdict:
        """Whether the criterion holds for the last look, and what is foreseen."""


@dataclass(frozen=True)
class Look:
    """A run and what was said of it."""

    statistics: RunStatistics
    verdict: Verdict


def look_sizes(limit: int, first: int = FIRST_LOOK) -> Iterator[int]:
    """The numbers of trials at which a run is looked at: doubling from the first, and the limit."""
    size = first
    while size < limit:
        yield size
        size *= 2
    yield limit


def run_until(
    run: Callable[[int], RunStatistics],
    criterion: Criterion,
    limit: int = DEFAULT_LIMIT,
    first: int = FIRST_LOOK,
    notice: Callable[[Look], None] | None = None,
) -> tuple[Look, ...]:
    """Look until the criterion holds or the limit is reached; the last look is the result.

    ``run`` simulates a number of trials.  Sizes at which the criterion surely does not hold are left out.
    """
    looks: list[Look] = []
    surely = 0.0
    for size in look_sizes(limit, first):
        if size < min(surely, limit):
            continue
        statistics = run(size)
        verdict = criterion.judge([*(look.statistics for look in looks), statistics])
        looks.append(Look(statistics, verdict))
        if notice is not None:
            notice(looks[-1])
        if verdict.met:
            break
        surely = verdict.surely
    return tuple(looks)


@dataclass(frozen=True)
class Target:
    """A standard error that one statistic of one outcome is to have.

    outcome: its place in the results; item: which percentile, threshold or level.  tail: the share of trials on the
    rarer side of a percentile, 0 for other statistics.  asked: a share of the value where ``relative``.
    """

    name: str
    strategy: str
    outcome: int
    kind: Kind
    item: int
    tail: float
    asked: float
    relative: bool


@dataclass(frozen=True)
class StandardErrors:
    """The criterion that all targets hold."""

    targets: tuple[Target, ...]

    def judge(self, looks: Sequence[RunStatistics]) -> Verdict:
        """Whether every target holds at the last look.

        Raises
        ------
        InvalidInput
            When a share is asked for of values that are exactly 0.
        """
        findings = tuple(_finding(target, looks) for target in self.targets)
        zero = [finding for finding in findings if finding.share and finding.value == 0.0 == finding.se]
        if zero:
            hint = "ask for an error in its unit, or leave it out"
            raise InvalidInput(
                Problem(
                    f"is exactly 0 in {finding.strategy}, and so is every share of it",
                    "target_se",
                    finding.name,
                    hint=hint,
                )
                for finding in zero
            )
        return Verdict(all(finding.met for finding in findings), findings)


def _finding(target: Target, looks: Sequence[RunStatistics]) -> Finding:
    run = looks[-1]
    outcome = run.outcomes[target.outcome]
    value, se = read(outcome, target.kind, target.item)
    bound = upper_bound(run, target)
    asked, share = target.asked, target.asked if target.relative else 0.0
    if target.relative:
        # the value is known to its own error only; it is taken where the asked share of it is least
        asked *= max(abs(value) - Z95_ONE_SIDED * bound, 0.0) if math.isfinite(bound) else math.nan
    events = _events(outcome, target, value)
    enough = not target.relative or events >= FEWEST_EVENTS or se == 0.0
    met = bound <= asked and enough
    n, finite = run.trials, max(outcome.finite, 1)
    if met:
        return Finding(target.name, target.strategy, value, se, bound, asked, share, True, float(n), float(n))
    why = ""
    # a share is foreseen for the value as it is, and looks are left out for the largest value it may have
    likely, most = asked, asked
    if share:
        likely = share * abs(value) * max(1.0 - Z95_ONE_SIDED * share, 0.1)
        most = share * (abs(value) + Z95_ONE_SIDED * bound)
    told = asked > 0 and math.isfinite(bound)
    needed = n * max(bound / likely, 1.05) ** (1.0 / _rate(looks, target)) if told else None
    surely = n * (bound / most) ** (1.0 / (_FASTEST if run.replicates else 0.5)) if told else 0.0
    if outcome.finite == 0:
        why = "no trial was finite"
    elif not enough:
        why = f"rests on {events:,.0f} trials"
        needed = max(needed or 0.0, n * FEWEST_EVENTS / events) if events else None
        surely = max(surely if events else 0.0, n * FEWEST_EVENTS / _most_events(events))
    elif not math.isfinite(bound):
        why = "its error cannot be told: too few trials decide it"
    elif needed is None:
        why = "cannot be told from 0; ask for an error in its unit"
    return Finding(
        target.name, target.strategy, value, se, bound, asked, share, False, needed, surely * n / finite, why
    )


def read(outcome: OutcomeStatistics, kind: Kind, item: int) -> tuple[float, float]:
    """A statistic and its standard error."""
    if kind == "mean":
        return outcome.mean, outcome.mean_se
    if kind == "std":
        return outcome.std, outcome.std_se
    if kind == "loss":
        return outcome.prob_loss, outcome.prob_loss_se
    values, errors = {
        "quantile": (outcome.quantiles, outcome.quantiles_se),
        "below": (outcome.prob_below, outcome.prob_below_se),
        "var": (outcome.var_loss, outcome.var_loss_se),
        "cvar": (outcome.cvar_loss, outcome.cvar_loss_se),
    }[kind]
    return float(values[item]), float(errors[item])


def upper_bound(run: RunStatistics, target: Target) -> float:
    """The 95 % upper confidence bound of a standard error; NaN where it cannot be told."""
    outcome = run.outcomes[target.outcome]
    value, se = read(outcome, target.kind, target.item)
    if se == 0.0 or not math.isfinite(se):
        return se
    n = float(outcome.finite)
    if target.kind in ("loss", "below"):
        events = min(value, 1.0 - value) * n
        share = min(_most_events(events) / n, 0.5)
        counted = math.sqrt(share * (1.0 - share) / n)
        if not run.replicates:
            return counted
        spread = se * _spread_factor(run.replicates)
        return max(spread, counted) if events < FEW else spread
    if target.kind in ("quantile", "var"):  # from spacings of order statistics, and the spread of a share
        spacings = 2.0 * 1.96 * math.sqrt(n * target.tail * (1.0 - target.tail))
        doubt = 1.0 / _least_chi_square(2.0 * spacings) - 1.0
        return se * (1.0 + math.hypot(doubt, _spread_factor(run.replicates) - 1.0))
    if run.replicates and target.kind != "cvar":
        return se * _spread_factor(run.replicates)
    doubt = Z95_ONE_SIDED * _doubt(outcome, target, n)
    return se * (1.0 + math.hypot(doubt, _spread_factor(run.replicates) - 1.0))


def _doubt(outcome: OutcomeStatistics, target: Target, n: float) -> float:
    """The relative error of a standard error for independent draws."""
    if target.kind == "mean":
        return outcome.std_se / outcome.std
    if target.kind == "std":
        return _STD_DOUBT
    return math.sqrt(2.0 / (target.tail * n))  # of expected shortfall: squares of a tail as of an exponential


def _spread_factor(replicates: int) -> float:
    """From an error with Student's factor to the upper bound of the error; 1 without replicates."""
    freedom = replicates - 1
    if freedom < 1:
        return 1.0
    return max(1.0, 1.0 / (math.sqrt(_least_chi_square(freedom)) * interval_factor(freedom)))


def _least_chi_square(freedom: float) -> float:
    """The 5 % point of chi-square over its degrees of freedom (Wilson and Hilferty; to 0.3 % from 7 on)."""
    part = 2.0 / (9.0 * freedom)
    return max(1.0 - part - Z95_ONE_SIDED * math.sqrt(part), 0.05) ** 3


def _events(outcome: OutcomeStatistics, target: Target, value: float) -> float:
    """Trials on the rarer side of what the statistic is about; infinitely many for moments."""
    if target.kind in ("loss", "below"):
        return min(value, 1.0 - value) * outcome.finite
    return target.tail * outcome.finite if target.tail else math.inf


def _most_events(events: float) -> float:
    """A 95 % upper bound of the expected number of events, of which so many were seen."""
    return (math.sqrt(events + 1.0) + Z95_ONE_SIDED / 2.0) ** 2


def _rate(looks: Sequence[RunStatistics], target: Target) -> float:
    """The power of the number of trials with which the error falls, from the first look to the last."""
    if len(looks) < 2 or not looks[-1].replicates:
        return 0.5
    errors = [read(look.outcomes[target.outcome], target.kind, target.item)[1] for look in (looks[0], looks[-1])]
    if not all(error > 0.0 and math.isfinite(error) for error in errors):
        return 0.5
    slope = math.log(errors[0] / errors[1]) / math.log(looks[-1].trials / looks[0].trials)
    return min(max(slope, 0.5), _FASTEST)


def stopping_document(looks: Sequence[Look], criterion: str, limit: int) -> Mapping[str, object]:
    """What is stored of how a run was stopped: plain values, None for numbers that are not known."""
    verdict = looks[-1].verdict
    return {
        "criterion": criterion,
        "reached": verdict.met,
        "limit": limit,
        "looks": [look.statistics.trials for look in looks],
        "forecasts": [_known(look.verdict.needed) for look in looks],
        "targets": [
            {
                "name": finding.name,
                "strategy": finding.strategy,
                "value": _known(finding.value),
                "se": _known(finding.se),
                "se_bound": _known(finding.bound),
                "asked": _known(finding.asked),
                "share": finding.share,
                "reached": finding.met,
                "trials_needed": _known(finding.needed),
                "why": finding.why,
            }
            for finding in verdict.findings
        ],
    }


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
