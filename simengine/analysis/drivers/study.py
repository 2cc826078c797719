"""A study: one run of a scenario with all its outcomes kept, and what every question about its drivers needs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simengine import settings
from simengine.analysis.direction import less_is_better
from simengine.analysis.drivers.cells import Division, decoys_of, divisions_of
from simengine.analysis.drivers.designs import Setting
from simengine.analysis.drivers.factors import Factor, Links, factors_of, probability_of
from simengine.analysis.drivers.ranks import RankPlan
from simengine.analysis.drivers.tables import Contest, Ranks, Tables, cell_tables, class_tables, totals
from simengine.deal.model import Model
from simengine.engine.outcomes import Outcomes
from simengine.engine.run import run_and_keep
from simengine.engine.schedule import Progress
from simengine.errors import InvalidInput, NonFiniteOutcome, Problem
from simengine.kernels.source import Source
from simengine.results.compute import Prepared

Array = NDArray[np.float64]

DRIVERS_MEMORY = 1 << 30
"""Bytes of outcomes that are kept, unless a request says otherwise."""


@dataclass(eq=False)
class Study:
    """``outcomes`` row k is outcome ``rows[k]`` (model, name); ``notes`` are what a reader of the numbers must know."""

    prepared: Prepared
    outcomes: Outcomes
    factors: tuple[Factor, ...]
    links: Links
    threads: int
    progress: Progress | None
    notes: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, prepared: Prepared, progress: Progress | None = None) -> Study:
        """Run a prepared scenario.

        Raises
        ------
        InvalidInput
            When nothing is uncertain, or the outcomes do not fit into the memory.
        """
        factors = factors_of(prepared.models)
        if not factors:
            reason = "nothing is uncertain: every input is a number, so nothing drives the outcome"
            raise InvalidInput(Problem(reason, "inputs", hint="give an input a distribution or a range"))
        request, simulate = prepared.request, prepared.scenario.simulate
        began = time.perf_counter()
        statistics, outcomes = run_and_keep(
            prepared.plan,
            trials=prepared.trials,
            seed=prepared.seed,
            percentiles=(50.0,),
            tail_levels=(),
            threads=request.threads,
            device=request.device,
            chosen=request.chosen,
            memory_budget=request.memory if request.memory is not None else DRIVERS_MEMORY,
            nonfinite=simulate.nonfinite,
            progress=progress,
            replicates=prepared.replicates,
        )
        rows = [(model, output.name) for model in prepared.models for output in model.outputs]
        threads = request.threads if request.threads is not None else settings.read().threads
        study = cls(prepared, outcomes, factors, Links.of(rows, factors), threads, progress)
        study.notes.extend(statistics.notes)
        study.timings["simulate"] = time.perf_counter() - began
        if simulate.nonfinite != "error" and not study.finite.any():
            raise NonFiniteOutcome("no trial has a finite number for every outcome, so nothing can be compared")
        return study

    @property
    def models(self) -> tuple[Model, ...]:
        """The strategies."""
        return self.prepared.models

    @cached_property
    def rows(self) -> list[tuple[Model, str]]:
        """Model and name of every outcome, in the order of the plan."""
        return [(model, output.name) for model in self.models for output in model.outputs]

    @property
    def inputs(self) -> list[int]:
        """Places of the factors that are one input or one event."""
        return [f for f, factor in enumerate(self.factors) if factor.kind != "risk"]

    def probability(self, model: Model, f: int) -> float:
        """How probable an event is in a model that draws it."""
        found = probability_of(model, self.factors[f])
        if found is not None:
            return found
        counts = self.ranked_by_cell.cell_counts[:, f].sum(axis=0)
        strikes = self.divisions[f].strikes.get(model.strategy)
        return float("nan") if strikes is None else float(counts[: len(strikes)][strikes].sum() / counts.sum())

    @cached_property
    def contests(self) -> tuple[Contest, ...]:
        """Outcomes that several strategies report and of which more is better: by the others nobody chooses."""
        found: list[Contest] = []
        for name in dict.fromkeys(name for _, name in self.rows):
            mine = tuple(k for k, (_, other) in enumerate(self.rows) if other == name)
            if len(mine) > 1 and not less_is_better(self.models, name):
                found.append(Contest(name, mine, len(self.rows) + len(found)))
        return tuple(found)

    @cached_property
    def _divided(self) -> tuple[RankPlan, list[Division], list[int]]:
        ranks = RankPlan(self.models)
        own = divisions_of(self.factors, self.models, ranks, self.outcomes.trials)
        decoys, places = decoys_of(own, ranks)
        return ranks, [*own, *decoys], [len(own) + place for place in places]

    @property
    def divisions(self) -> list[Division]:
        """How factors are divided into cells, then the decoys."""
        return self._divided[1]

    @property
    def decoys(self) -> list[int]:
        """For every factor, the division of a draw that nothing depends on."""
        return self._divided[2]

    @cached_property
    def _ranked(self) -> tuple[RankPlan, NDArray[np.int64]]:
        ranks = RankPlan(self.models)
        found = np.full((len(self.rows), len(self.factors)), -1)
        for k, (model, _) in enumerate(self.rows):
            for f in self.inputs:
                name, drawn = self.factors[f].name, self.factors[f].drawn_in(model)
                if drawn:
                    row = ranks.mid_rank if drawn == name else ranks.formula
                    found[k, f] = row(model.strategy, name)
        return ranks, found

    @property
    def rank_rows(self) -> NDArray[np.int64]:
        """The rank row of every input in the strategy of every outcome, (outcomes, factors); -1 where there is none."""
        return self._ranked[1]

    @cached_property
    def by_class(self) -> Tables:
        """Ranks of inputs by classes of outcomes."""
        return class_tables(self.outcomes, self._drawn_again(self._ranked[0]), self.threads, self.progress)

    @cached_property
    def by_cell(self) -> Tables:
        """Outcomes, in all and by cells of inputs."""
        ranks = self._drawn_again(self._divided[0])
        return cell_tables(self.outcomes, ranks, self.divisions, self.contests, self.threads, self.progress)

    @cached_property
    def ranked_by_cell(self) -> Tables:
        """The same over the trials that are ranked."""
        ranks = self._drawn_again(self._divided[0])
        return cell_tables(self.outcomes, ranks, self.divisions, (), self.threads, self.progress, ranked_only=True)

    @cached_property
    def totals(self) -> Tables:
        """Outcomes in all."""
        return totals(self.outcomes, self.contests, self.threads)

    def _drawn_again(self, ranks: RankPlan) -> Ranks:
        return Ranks(self.source_of(ranks), tuple(ranks.rows))

    def source_of(self, ranks: RankPlan) -> Source:
        """Where ranks are drawn: the draws of the run."""
        prepared = self.prepared
        plan = ranks.plan(prepared.plan.sampler, prepared.addresses)
        return Source.of(plan, prepared.seed, prepared.trials, prepared.replicates)

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """Trials in which every outcome is a finite number."""
        found = np.ones(self.outcomes.trials, bool)
        for first, strip in self.outcomes.strips():
            found[first : first + strip.shape[1]] = np.isfinite(strip).all(axis=0)
        return found

    def setting(self, points: int) -> Setting:
        """How a design of so many points is drawn."""
        prepared = self.prepared
        sampler, replicates = prepared.plan.sampler, prepared.replicates
        drawn = (prepared.seed, points, replicates, prepared.addresses)
        return Setting(sampler, *drawn, self.threads, self.progress)

    def tape_rows(self, models: Sequence[Model]) -> int:
        """About how many operations the models take."""
        share = len(models) / max(len(self.models), 1)
        return max(1, int(len(self.prepared.plan.tape) * share))
