"""The measures of a strategy at given values of its variables, on the same draws every time.

Variables are parameters of a plan, so a new value is a new constant and nothing is compiled again.  A plan holds
several lanes, copies of the strategy with parameters of their own, which share all that does not depend on them.
Where terms of a deal over years are varied the formulas may change with them: then each point has a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.decisions.variables import Variable, setting_text
from simengine.analysis.measures import Array, Measure, measures_of
from simengine.analysis.variants import Draws, reporting
from simengine.deal.model import Model
from simengine.engine.sample import sample
from simengine.errors import NonFiniteOutcome
from simengine.kernels.source import Source
from simengine.plan.compile import build_plan, parameter_of

LANES = 16
"""Candidates that are simulated together."""


ModelsAt = Callable[[Mapping[str, float]], Mapping[str, Model]]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A strategy with values of its variables, and what it is worth: ``measured`` (measures,)."""

    strategy: str
    setting: Mapping[str, float]
    measured: Linearised


@dataclass(eq=False)
class Evaluator:
    """Evaluates a strategy at points (one value for each variable); equal points are evaluated once."""

    model: Model
    variables: Sequence[Variable]
    measures: Sequence[Measure]
    draws: Draws
    candidates: dict[tuple[float, ...], Candidate] = field(default_factory=dict)
    batches: Batches | None = None
    models_at: ModelsAt | None = None
    """The models by strategy with numbers at dotted paths set, for variables that are ``resolved``."""
    _sources: dict[int, Source] = field(default_factory=dict)

    def at(self, points: Sequence[Sequence[float]]) -> list[Candidate]:
        """The candidates at points, in their order.

        Raises
        ------
        NonFiniteOutcome
            If an outcome is not a finite number somewhere in the range of the variables.
        """
        keys = [tuple(float(x) for x in point) for point in points]
        new = list(dict.fromkeys(key for key in keys if key not in self.candidates))
        for first in range(0, len(new), LANES):
            part = new[first : first + LANES]
            for key, measured in zip(part, self._evaluated(part), strict=True):
                self.candidates[key] = Candidate(self.model.strategy, self.setting(key), measured)
        return [self.candidates[key] for key in keys]

    def setting(self, point: Sequence[float]) -> dict[str, float]:
        """A point as values by name."""
        return {variable.name: float(x) for variable, x in zip(self.variables, point, strict=True)}

    def _evaluated(self, points: Sequence[tuple[float, ...]]) -> list[Linearised]:
        lanes = 1 if len(points) == 1 else LANES
        filled = [*points, *[points[-1]] * (lanes - len(points))]
        source = self._resolved(points) if self._is_resolved else self._source(lanes)
        values = {
            parameter_of(str(lane), name): value
            for lane, point in enumerate(filled)
            for name, value in self.setting(point).items()
        }
        try:
            outcomes = sample(replace(source, plan=source.plan.setting(values)), self.draws.threads)
        except NonFiniteOutcome as error:
            among = "; ".join(setting_text(self.setting(point)) for point in points[:4])
            raise NonFiniteOutcome(f"{error}\nwhere it was searched: {among}") from None
        self.batches = outcomes.batches
        names = [output.name for output in self.model.outputs]

        def measured(lane: int) -> Linearised:
            values = {name: outcomes.of(outcomes.index(str(lane), name)) for name in names}
            return self._measured(values, outcomes.batches)

        if self.draws.threads == 1 or len(points) == 1:
            return [measured(lane) for lane in range(len(points))]
        with ThreadPoolExecutor(self.draws.threads) as pool:
            return list(pool.map(measured, range(len(points))))

    def _measured(self, values: Mapping[str, Array], batches: Batches) -> Linearised:
        """The measures in their order, those of one outcome computed together."""
        places: dict[str, list[int]] = {}
        for place, measure in enumerate(self.measures):
            places.setdefault(str(measure.output), []).append(place)
        value = np.empty(len(self.measures))
        parts = np.empty((batches.count, len(self.measures)))
        for name, those in places.items():
            found = measures_of(values[name], [self.measures[place] for place in those], batches)
            value[those], parts[:, those] = found.value, found.parts
        return Linearised(value, parts)

    @property
    def _is_resolved(self) -> bool:
        return any(variable.resolved for variable in self.variables)

    def _resolved(self, points: Sequence[tuple[float, ...]]) -> Source:
        """A plan of the models at the points, each read again with the terms of its point."""
        assert self.models_at is not None
        outputs = [output.name for output in self.model.outputs]
        models = []
        for point in points:
            pairs = zip(self.variables, point, strict=True)
            terms = {variable.resolved: float(x) for variable, x in pairs if variable.resolved}
            models.append(reporting(self.models_at(terms)[self.model.strategy], outputs))
        return self._built(models)

    def _source(self, lanes: int) -> Source:
        if lanes not in self._sources:
            self._sources[lanes] = self._built([self.model] * lanes)
        return self._sources[lanes]

    def _built(self, models: Sequence[Model]) -> Source:
        names = [variable.name for variable in self.variables if not variable.resolved]
        copies = [replace(model, strategy=str(lane)) for lane, model in enumerate(models)]
        draws = self.draws
        plan = build_plan(copies, sampler=draws.sampler, addresses=draws.addresses, parameters=names)
        return Source.of(plan, draws.seed, draws.trials, draws.replicates)


def evaluator(
    model: Model,
    variables: Sequence[Variable],
    measures: Sequence[Measure],
    draws: Draws,
    models_at: ModelsAt | None = None,
) -> Evaluator:
    """The evaluator of a strategy that computes only the outcomes that are measured."""
    outputs = list(dict.fromkeys(str(measure.output) for measure in measures))
    return Evaluator(reporting(model, outputs), variables, measures, draws, models_at=models_at)
