"""The numbers of a comparison: one run of all strategies, one pass over what it kept, all pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.linearised import Linearised, Power, certainty_equivalent_of, check_wealth, counting_limit
from simengine.aggregate.order import COVERAGE_Z
from simengine.aggregate.paired import Known, Paired
from simengine.aggregate.statistics import OutcomeStatistics, RunStatistics
from simengine.analysis.compare.dominance import Dominance, dominance
from simengine.analysis.compare.gather import Gathered
from simengine.analysis.compare.question import Question
from simengine.engine.joint import Asked, Shared, paired_sums
from simengine.engine.outcomes import Outcomes

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Numbers and their standard errors, of one shape; ``bounds`` are limits that no such number passes."""

    value: Array
    se: Array
    bounds: tuple[float, float] = (-math.inf, math.inf)


@dataclass(frozen=True, eq=False)
class OutcomeComparison:
    """All that is found about one outcome of the strategies ``members`` (places in the list of all strategies).

    ``single`` are by strategy (members, ...), ``pairs`` by first and second strategy (members, members, ...),
    the first less the second where they are differences.
    """

    output: str
    members: tuple[int, ...]
    tolerance: float
    single: dict[str, Estimates]
    pairs: dict[str, Estimates]
    evpi: Estimates
    identical: Flags
    dominance: Dominance
    efficient: Flags
    efficient_clear: Flags


@dataclass(frozen=True, eq=False)
class Measured:
    """The comparison of every outcome, and the run that it comes from."""

    outcomes: tuple[OutcomeComparison, ...]
    statistics: RunStatistics
    levels: tuple[float, ...]
    tail_levels: tuple[float, ...]


def measure(gathered: Gathered, question: Question, progress: Progress | None = None) -> Measured:
    """Simulate all strategies and compare them.

    Raises
    ------
    InvalidInput
        When trials, seed, threads or memory are out of range, the outcomes do not fit into memory, or wealth is used
        up in some trial.
    NonFiniteOutcome
        When an outcome was not finite in some trial.
    """
    from simengine import settings
    from simengine.engine.limits import DEFAULT_MEMORY
    from simengine.engine.run import run_and_keep

    tail_levels = tuple(sorted(gathered.first.simulate.tail_levels))
    plan = _Levels(max(gathered.trials, 1), question.levels, tail_levels)  # the run itself refuses less
    threads = question.threads if question.threads is not None else settings.read().threads
    statistics, outcomes = run_and_keep(
        gathered.plan,
        trials=gathered.trials,
        seed=gathered.seed,
        percentiles=plan.all(),
        tail_levels=tail_levels,
        threads=question.threads,
        device=question.device,
        chosen=question.chosen,
        memory_budget=question.memory if question.memory is not None else DEFAULT_MEMORY,
        progress=progress,
        replicates=gathered.replicates,
    )
    strategies = tuple(model.strategy for model in gathered.models)
    found = tuple(
        _Outcome(name, strategies, gathered.baseline, statistics, outcomes, plan, question).compared(threads, progress)
        for name in gathered.outputs
    )
    return Measured(found, statistics, question.levels, tail_levels)


@dataclass(frozen=True)
class _Levels:
    """Percentiles that the run is asked for: those compared, the ends of their intervals, and ranks of the tails."""

    trials: int
    levels: tuple[float, ...]
    tails: tuple[float, ...]

    def all(self) -> tuple[float, ...]:
        more = [end for level in self.levels for end in self.ends(level) or ()]
        more += [rank for tail in self.tails if (rank := self.rank(tail)) is not None]
        return tuple(sorted({*self.levels, *more}))

    def half(self, level: float) -> float:
        """Half the width, in probability, of the interval that a percentile's slope is read from."""
        p = level / 100.0
        return COVERAGE_Z * math.sqrt(p * (1.0 - p) / self.trials)

    def ends(self, level: float) -> tuple[float, float] | None:
        """The ends of that interval in percent, None where it leaves the sample."""
        half = 100.0 * self.half(level)
        low, high = level - half, level + half
        return (low, high) if low > 0.0 and high < 100.0 else None

    def rank(self, tail: float) -> float | None:
        """The percentile of the first value that is not wholly inside a tail, None for the smallest value."""
        rank = min(math.floor((1.0 - tail) * self.trials), self.trials - 1)
        return 100.0 * rank / (self.trials - 1) if 0 < rank < self.trials - 1 else None


@dataclass(frozen=True, eq=False)
class _Outcome:
    """One outcome, while it is compared."""

    name: str
    strategies: tuple[str, ...]
    baseline: str
    statistics: RunStatistics
    outcomes: Outcomes
    levels: _Levels
    question: Question

    def compared(self, threads: int, progress: Progress | None) -> OutcomeComparison:
        reported = {o.strategy: k for k, o in enumerate(self.outcomes.source.plan.outputs) if o.name == self.name}
        members = tuple(place for place, name in enumerate(self.strategies) if name in reported)
        rows = [reported[self.strategies[place]] for place in members]
        entries = [self.statistics.outcomes[row] for row in rows]
        known = self._known(entries, rows)
        tolerance = self._tolerance(entries)
        grid = Shared.of(self.outcomes, rows, float(known.least.min()), float(known.greatest.max()))
        levels = np.array(self.levels.levels) / 100.0
        limits = counting_limit(known.quantile, known.slope, levels, self.outcomes.batches)
        held = tolerance if math.isfinite(tolerance) else 0.0
        asked = Asked(known.mean, limits, known.limit, held, known.least)
        sums = paired_sums(self.outcomes, rows, grid, asked, threads, progress)
        paired = Paired(self.outcomes.batches, sums, known, grid.scale)
        single, pairs = self._estimates(paired, entries, rows, tolerance)
        least = int(np.argmin(paired.regret().value))
        regret = single["regret"]
        evpi = Estimates(np.asarray(regret.value[least]), np.asarray(regret.se[least]), regret.bounds)
        efficient, clear = _efficient(paired, pairs)
        curves = dominance(self.outcomes, rows, grid, paired, threads)
        pairs["dominance_ratio"] = Estimates(curves.ratio, curves.ratio_se, (0.0, 1.0))
        pairs["second_order_ratio"] = Estimates(curves.second_ratio, curves.second_ratio_se, (0.0, 1.0))
        return OutcomeComparison(
            output=self.name,
            members=members,
            tolerance=tolerance,
            single=single,
            pairs=pairs,
            evpi=evpi,
            identical=paired.identical,
            dominance=curves,
            efficient=efficient,
            efficient_clear=clear,
        )

    def _known(self, entries: Sequence[OutcomeStatistics], rows: Sequence[int]) -> Known:
        outputs = self.outcomes.source.plan.outputs
        quantile, slope, limit = [], [], []
        for entry in entries:
            by_level = dict(zip(self.statistics.percentiles, entry.quantiles.tolist(), strict=True))
            quantile.append([by_level[level] for level in self.levels.levels])
            slope.append([self._slope(level, by_level) for level in self.levels.levels])
            ranks = [self.levels.rank(tail) for tail in self.levels.tails]
            limit.append([entry.minimum if rank is None else by_level[rank] for rank in ranks])
        return Known(
            mean=np.array([entry.mean for entry in entries]),
            least=np.array([entry.minimum for entry in entries]),
            greatest=np.array([entry.maximum for entry in entries]),
            certain=np.array([outputs[row].certain for row in rows]),
            kind=np.array([outputs[row].kind for row in rows], np.int64),
            quantile=np.array(quantile),
            slope=np.array(slope),
            limit=np.array(limit),
            shortfall=np.array([entry.cvar_loss for entry in entries]),
            tails=1.0 - np.array(self.levels.tails),
        )

    def _slope(self, level: float, values: dict[float, float]) -> float:
        ends = self.levels.ends(level)
        return math.nan if ends is None else (values[ends[1]] - values[ends[0]]) / (2.0 * self.levels.half(level))

    def _tolerance(self, entries: Sequence[OutcomeStatistics]) -> float:
        """The risk tolerance asked for, else half of the baseline's mean (its sd, if larger), to two digits."""
        if self.question.risk_tolerance is not None:
            return self.question.risk_tolerance
        held = next((entry for entry in entries if entry.strategy == self.baseline), entries[0])
        size = max(abs(held.mean), held.std if math.isfinite(held.std) else 0.0) / 2.0
        return float(f"{size:.1e}") if 0.0 < size < math.inf else math.nan

    def _estimates(
        self, paired: Paired, entries: Sequence[OutcomeStatistics], rows: Sequence[int], tolerance: float
    ) -> tuple[dict[str, Estimates], dict[str, Estimates]]:
        """Numbers by strategy and by pair of strategies."""
        certain = paired.known.certain
        places = [self.statistics.percentiles.index(level) for level in self.levels.levels]
        tails_se = np.array([entry.cvar_loss_se for entry in entries])
        unknown = np.where(certain, 0.0, math.nan)[:, None]
        mean, quantiles, shortfall = paired.mean(), paired.quantiles(), paired.shortfall()
        regret, best, beats = paired.regret(), paired.best(), paired.beats()
        exact, settled = paired.exact, np.asarray(paired.exact.all(axis=1))
        single = {
            "mean": Estimates(mean.value, np.array([entry.mean_se for entry in entries])),
            "quantiles": Estimates(quantiles.value, np.array([entry.quantiles_se[places] for entry in entries])),
            "cvar_loss": Estimates(shortfall.value, np.where(tails_se > 0.0, tails_se, unknown)),
            "regret": Estimates(
                regret.value,
                np.where(settled, 0.0, paired.error(regret, np.abs(mean.value).max(), settled)),
                (0.0, math.inf),
            ),
            "prob_best": Estimates(best.value, paired.share_error(best, settled), (0.0, 1.0)),
        }
        pairs = {
            "mean_difference": _differences(mean, paired, paired.difference_factors()),
            "quantiles_difference": _of_quantiles(quantiles, paired),
            "cvar_difference": _differences(shortfall, paired, _known(tails_se)),
            "prob_beats": Estimates(beats.value, paired.share_error(beats, exact), (0.0, 1.0)),
        }
        for name, equivalent in (
            ("ce_exponential", paired.exponential(tolerance) if math.isfinite(tolerance) else None),
            ("ce_power", self._power(paired, rows)),
        ):
            if equivalent is not None:
                single[name] = Estimates(equivalent.value, paired.error(equivalent, np.abs(equivalent.value), certain))
                # only an exponential utility moves with the outcome by a constant
                same = None if name == "ce_exponential" else paired.identical | (certain[:, None] & certain)
                pairs[f"{name}_difference"] = _differences(equivalent, paired, exact=same)
        return single, pairs

    def _power(self, paired: Paired, rows: Sequence[int]) -> Linearised | None:
        """Certainty equivalents with wealth, where they are asked for."""
        wealth, aversion = self.question.wealth, self.question.risk_aversion
        if wealth is None or aversion is None:
            return None
        utility = Power(aversion, wealth)
        for row, least in zip(rows, paired.known.least, strict=True):
            if wealth + least <= 0.0:
                ruined = int(np.count_nonzero(self.outcomes.of(row) + wealth <= 0.0))
                check_wealth(ruined, self.outcomes.trials, utility)
        entries = [certainty_equivalent_of(self.outcomes.of(row), utility, paired.batches) for row in rows]
        return Linearised.stack(entries)


def _differences(
    found: Linearised, paired: Paired, factors: Array | float = 1.0, exact: Flags | None = None
) -> Estimates:
    """The first less the second, for all pairs of (strategies, ...): an array (strategies, strategies, ...).

    Errors are wider by ``factors`` of that shape, and unknown where these are NaN, but for pairs that are exact.
    """
    size, value = np.abs(found.value), found.value[:, None] - found.value[None, :]
    exact = (paired.exact if exact is None else exact).reshape(*value.shape[:2], *([1] * (value.ndim - 2)))
    rows = [
        paired.error(Linearised(value[a], found.parts[:, a, None] - found.parts), np.maximum(size[a], size), exact[a])
        for a in range(len(value))
    ]
    return Estimates(value, np.where(exact, 0.0, np.stack(rows) * factors))


def _of_quantiles(found: Linearised, paired: Paired) -> Estimates:
    """Differences of quantiles.

    That of two atoms is exact as far as the intervals of both go, which hold one value each.
    """
    between, atom = _differences(found, paired), paired.known.slope == 0.0
    return Estimates(between.value, np.where(atom[:, None] & atom[None, :], 0.0, between.se))


def _known(errors: Array) -> Array:
    """1 where the errors (strategies, ...) of both are known, else NaN: an array (strategies, strategies, ...)."""
    known = np.isfinite(errors)
    return np.where(known[:, None] & known[None, :], 1.0, math.nan)


def _efficient(paired: Paired, pairs: dict[str, Estimates]) -> tuple[Flags, Flags]:
    """Which strategies no other one betters in both mean and expected shortfall, (strategies, tails); which surely."""
    from simengine.aggregate.spread import Z95

    mean, shortfall = pairs["mean_difference"], pairs["cvar_difference"]
    gain, gain_se = mean.value[:, :, None], Z95 * mean.se[:, :, None]
    saved, saved_se = -shortfall.value, Z95 * shortfall.se
    with np.errstate(invalid="ignore"):
        betters = (gain >= 0.0) & (saved >= 0.0) & ((gain > 0.0) | (saved > 0.0))
        surely = (gain - gain_se >= 0.0) & (saved - saved_se >= 0.0) & betters
        never = (gain + gain_se < 0.0) | (saved + saved_se < 0.0)
    identical = paired.identical[:, :, None]
    efficient = ~betters.any(axis=0)
    clear = np.where(efficient, (never | identical).all(axis=0), surely.any(axis=0))
    return np.asarray(efficient), np.asarray(clear, np.bool_)
