"""Stress and reverse stress tests of a study, put into the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.analysis.drivers.build import Builder
from simengine.analysis.drivers.conditions import Condition, Events
from simengine.analysis.drivers.ranks import values_plan
from simengine.analysis.drivers.stress import POINTS, TAIL, Tail, measure, measure_tail, paired_change
from simengine.analysis.drivers.study import Study
from simengine.deal.model import Model
from simengine.distributions import Marginal, resolve
from simengine.engine.schedule import map_fold
from simengine.engine.tasks import Range, ranges_of
from simengine.errors import InvalidInput, Problem
from simengine.kernels import cpu
from simengine.kernels.source import Source

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_TRIALS = 32
"""Fewer trials than this are no basis for a statistic of what is left."""
_RANGE = 1 << 16


def fill_stress(study: Study, builder: Builder, conditions: Sequence[Condition]) -> None:
    """Statistics of every outcome where all conditions hold, over all trials, and the change.

    Raises
    ------
    InvalidInput
        When a strategy has (nearly) no trial left.
    """
    masks = _masks(study, conditions)
    _check_left(study, conditions, masks)
    batches = _finite_batches(study)
    for k, (model, output) in enumerate(study.rows):
        place = builder.strategies.index(model.strategy), builder.outputs.index(output)
        values, held = study.outcomes.of(k)[study.finite], masks[model.strategy][study.finite]
        under, everywhere = measure(values, held, batches), measure(values, np.ones(len(values), bool), batches)
        change, change_se = paired_change(under, everywhere, batches)
        builder.values["stress_trials"][place] = int(held.sum())
        for name, value, se in (
            ("stress", under.value, under.error(batches)),
            ("stress_base", everywhere.value, everywhere.error(batches)),
            ("stress_change", change, change_se),
        ):
            builder.values[name][place] = value
            builder.values[f"{name}_se"][place] = se


def _masks(study: Study, conditions: Sequence[Condition]) -> dict[str, Mask]:
    """By strategy, the trials in which all conditions hold."""
    events = Events(conditions, study.models)
    trials = study.outcomes.trials
    ranks = np.empty((0, trials))
    if events.ranks.rows:
        source = study.source_of(events.ranks)
        everything = np.arange(len(events.ranks.rows))
        ranks = _drawn(study, source, [(everything, np.arange(trials))])[0]
    found = {}
    for model in study.models:
        outcomes = {
            name: study.outcomes.of(k)
            for k, (other, name) in enumerate(study.rows)
            if other is model and any(condition.name == name for condition in conditions)
        }
        found[model.strategy] = events.mask(model.strategy, ranks, outcomes, trials) & study.finite
    return found


def _check_left(study: Study, conditions: Sequence[Condition], masks: dict[str, Mask]) -> None:
    said = " and ".join(condition.text for condition in conditions)
    problems = []
    for strategy, mask in masks.items():
        left = int(mask.sum())
        if left < FEWEST_TRIALS:
            words = f"{left:,} of {study.outcomes.trials:,} trials" if left else "no trial"
            hint = "widen it, or draw more trials"
            problems.append(Problem(f"{words} of {strategy} left by the condition", "stress", said, hint=hint))
    if problems:
        raise InvalidInput(problems)


def _finite_batches(study: Study) -> Batches:
    """The batches of the trials that count."""
    edges = study.outcomes.batches.edges
    counted = np.concatenate([[0], np.cumsum(study.finite)])[edges]
    return Batches(np.unique(counted).astype(np.int64))


def fill_reverse(study: Study, builder: Builder) -> None:
    """What the inputs look like in the worst 5 % of every outcome, beside their whole distribution."""
    names = [[study.factors[f].name for f in study.inputs if study.factors[f].drawn_in(m)] for m in study.models]
    plan = values_plan(study.models, names, study.prepared.plan.sampler, study.prepared.addresses)
    of_model = {model.strategy: mine for model, mine in zip(study.models, names, strict=True)}
    prepared, batches = study.prepared, _finite_batches(study)
    source = Source.of(plan, prepared.seed, prepared.trials, prepared.replicates)
    recorded = {(entry.strategy, entry.name): row for row, entry in enumerate(plan.outputs)}
    counted = np.flatnonzero(study.finite)
    tails, wanted = [], []
    for k, (model, _) in enumerate(study.rows):
        tails.append(Tail.of(study.outcomes.of(k)[study.finite]))
        rows = np.array([recorded[model.strategy, name] for name in of_model[model.strategy]], np.int64)
        wanted.append((rows, counted[tails[-1].trials]))
    drawn = _drawn(study, source, wanted)
    for (model, output), tail, inputs in zip(study.rows, tails, drawn, strict=True):
        s, o = builder.strategies.index(model.strategy), builder.outputs.index(output)
        builder.values["tail_trials"][s, o] = len(tail.trials)
        if len(tail.trials) < FEWEST_TRIALS:
            study.notes.append(
                f"{model.strategy}: the worst 5 % of {output} are {len(tail.trials):,} trials, too few to say what "
                f"they have in common; draw at least {round(FEWEST_TRIALS / TAIL):,} trials."
            )
            continue
        mine = [f for f in study.inputs if study.factors[f].drawn_in(model)]
        for f, values in zip(mine, inputs, strict=True):
            marginal = _marginal(study, model, f)
            sd = float(np.sqrt(marginal.variance))
            found, errors = measure_tail(values, tail, batches, (marginal.mean, sd))
            builder.values["tail"][s, o, f], builder.values["tail_se"][s, o, f] = found[:-1], errors[:-1]
            builder.values["tail_shift"][s, o, f], builder.values["tail_shift_se"][s, o, f] = found[-1], errors[-1]
            builder.values["tail_base"][s, o, f] = [marginal.mean, *marginal.quantile(np.array(POINTS))]


def _marginal(study: Study, model: Model, f: int) -> Marginal:
    """The distribution of an input, or of the event that a risk of uncertain probability strikes."""
    name = study.factors[f].name
    if name in model.inputs:
        return model.inputs[name].marginal
    return resolve({"dist": "bernoulli", "p": study.probability(model, f)})


@dataclass(frozen=True, eq=False)
class _Picked:
    """Values of the wanted rows in the wanted trials of a range, one array (rows, hits) for each wish."""

    values: tuple[tuple[Array, ...], ...]

    def merge(self, other: _Picked) -> _Picked:
        return _Picked(tuple(a + b for a, b in zip(self.values, other.values, strict=True)))


def _drawn(study: Study, source: Source, wanted: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> list[Array]:
    """Outcomes of a source drawn again: for each wish (rows, trials in order) an array of that shape."""

    def work(part: Range) -> _Picked:
        values = cpu.values(source, part.first, part.size)
        found = []
        for rows, trials in wanted:
            low, high = np.searchsorted(trials, [part.first, part.first + part.size])
            found.append((values[np.ix_(rows, trials[low:high] - part.first)],))
        return _Picked(tuple(found))

    ranges = ranges_of(study.outcomes.trials, cpu.BLOCK, _RANGE)
    picked = map_fold(work, ranges, study.threads, study.progress, "drawing inputs")
    return [np.concatenate(parts, axis=1) for parts in picked.values]
