"""Many variants of a deal on the same draws: what they share is computed once, whatever order they are asked for.

Variants become strategies of one plan, as many at a time as fit into memory.  The dimensions of Sobol points are
fixed by the addresses given, so a variant has the same draws in any company.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.measures import Array, Measure, measures_of
from simengine.deal.model import Model, Output
from simengine.engine.outcomes import Outcomes
from simengine.engine.sample import sample
from simengine.errors import Problem
from simengine.formula.nodes import structure
from simengine.kernels.source import Source
from simengine.plan.compile import build_plan, needed_names
from simengine.plan.draws import addresses_of, identity
from simengine.sampling.design import DEFAULT_REPLICATES
from simengine.scenario import Scenario

_MOST_BYTES = 1 << 27
"""Outcomes that are held at once."""
_MOST_TOGETHER = 64
"""Variants of one plan: beyond this, sharing saves little and the plan grows."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Draws:
    """Which trials all variants see: how many, from which seed and sampler, in which order of dimensions."""

    trials: int
    seed: int
    sampler: str
    addresses: tuple[str, ...]
    replicates: int = DEFAULT_REPLICATES
    threads: int = 1


@dataclass(frozen=True)
class DrawsAsked:
    """What a person asks of the draws; None takes what the scenario says."""

    trials: int | None = None
    seed: int | None = None
    sampler: str | None = None
    replicates: int | None = None
    threads: int | None = None

    def draws(self, scenario: Scenario, models: Sequence[Model], most: int) -> Draws:
        """The trials of all variants: where none are asked for those of the scenario, at most ``most``."""
        from simengine import settings

        said = scenario.simulate
        return Draws(
            trials=self.trials if self.trials is not None else min(said.trials, most),
            seed=self.seed if self.seed is not None else said.seed,
            sampler=self.sampler or said.sampler,
            addresses=addresses_of(models),
            replicates=self.replicates if self.replicates is not None else said.replicates,
            threads=self.threads if self.threads is not None else settings.read().threads,
        )


def variant_key(model: Model) -> str:
    """A text that is equal for models that give equal outcomes, whatever their titles."""
    inputs = sorted((entry.name, entry.stream, identity(entry.marginal)) for entry in model.inputs.values())
    groups = [(group.names, group.matrix.tolist(), group.dof) for group in model.dependences]
    formulas = sorted((formula.name, structure(formula.expression)) for formula in model.formulas.values())
    grid = [model.grid.periods, model.grid.length]
    return json.dumps([inputs, groups, formulas, [output.name for output in model.outputs], grid])


def reporting(model: Model, outputs: Sequence[str]) -> Model:
    """The model with these outcomes, and no thresholds."""
    return replace(model, outputs=tuple(Output(name) for name in outputs))


def only_needed(model: Model) -> Model:
    """The model with only those inputs and formulas that its outcomes depend on, to be compared with others."""
    needed = needed_names(model, [output.name for output in model.outputs])
    inputs = {name: entry for name, entry in model.inputs.items() if name in needed}
    formulas = {name: formula for name, formula in model.formulas.items() if name in needed}
    return replace(model, inputs=inputs, formulas=formulas)


def doubtful_moments(models: Iterable[Model], measure: Measure) -> list[Problem]:
    """Notes on inputs without a mean (for sd: without a variance), whose outcomes may have none either."""
    if measure.kind in ("percentile", "below", "above"):
        return []
    moment = "variance" if measure.kind == "sd" else "mean"
    found: dict[str, Problem] = {}
    for model in models:
        needed = needed_names(model, [str(measure.output)])
        for entry in model.inputs.values():
            if entry.name in needed and not math.isfinite(getattr(entry.marginal, moment)):
                reason = f"has no {moment}, so {measure.label} may be infinite or undefined and its error mean nothing"
                hint = "go by a percentile, or truncate the input"
                found.setdefault(entry.key, Problem(reason, entry.key, hint=hint, severity="warning"))
    return list(found.values())


def measured(
    models: Mapping[str, Model],
    measures: Sequence[Measure],
    draws: Draws,
    progress: Progress | None = None,
) -> tuple[dict[str, dict[str, Linearised]], Batches]:
    """The measures (measures,) of every outcome of every model, by the model's key and the outcome's name.

    Raises
    ------
    InvalidInput
        If a distribution cannot be tabulated, or trials are out of range.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    found: dict[str, dict[str, Linearised]] = {}
    batches: Batches | None = None
    for part, outcomes in sampled(models, draws, progress):
        batches = outcomes.batches
        values = summarised(outcomes, measures, draws.threads)
        for output, value in zip(outcomes.source.plan.outputs, values, strict=True):
            found.setdefault(part[int(output.strategy)], {})[output.name] = value
    assert batches is not None
    return found, batches


def sampled(
    models: Mapping[str, Model], draws: Draws, progress: Progress | None = None
) -> Iterator[tuple[list[str], Outcomes]]:
    """The outcomes of all models, as many at a time as fit into memory: their keys, and outcomes.

    Strategies of the outcomes are called by their place among the keys: ``"0"``, ``"1"`` and so on.

    Raises
    ------
    InvalidInput
        If a distribution cannot be tabulated, or trials are out of range.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    keys = list(models)
    outcomes = max((len(model.outputs) for model in models.values()), default=1)
    together = max(1, min(_MOST_TOGETHER, _MOST_BYTES // (8 * draws.trials * max(1, outcomes))))
    for first in range(0, len(keys), together):
        part = keys[first : first + together]
        named = [replace(models[key], strategy=str(number)) for number, key in enumerate(part)]
        plan = build_plan(named, sampler=draws.sampler, addresses=draws.addresses)
        source = Source.of(plan, draws.seed, draws.trials, draws.replicates)
        yield part, sample(source, draws.threads)
        if progress is not None:
            progress(first + len(part), len(keys), "variants")


def summarised(outcomes: Outcomes, measures: Sequence[Measure], threads: int) -> list[Linearised]:
    """The measures (measures,) of every outcome in turn."""
    batches = outcomes.batches

    def work(index: int) -> Linearised:
        values: Array = outcomes.of(index)
        return measures_of(values, measures, batches)

    count = len(outcomes.source.plan.outputs)
    if threads > 1 and count > 1:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, range(count)))
    return [work(index) for index in range(count)]
