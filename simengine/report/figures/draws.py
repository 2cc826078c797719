"""Trials drawn again from the scenario that a result stores, for pictures that need them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simengine.errors import InvalidInput, Mismatch
from simengine.plan.plan import STREAM_VERSION
from simengine.results.record import Record

if TYPE_CHECKING:
    from simengine.results.compute import Prepared

Array = NDArray[np.float64]

TRIALS = 2_000
"""The first trials of the run that are drawn again: a picture shows no more points."""
FIRST_LOOK, LAST_LOOK = 8, 17
"""Runs from 2^8 to 2^17 trials show how an outcome settles."""


@dataclass(frozen=True, eq=False)
class Variable:
    """An uncertain input of a strategy: its title, and its values in the trials."""

    name: str
    title: str
    values: Array


@dataclass(frozen=True, eq=False)
class Joined:
    """Inputs that the scenario joins: rank correlations (inputs, inputs) that it asks for, NaN where not known."""

    names: tuple[str, ...]
    ranks: Array


@dataclass(frozen=True, eq=False)
class Look:
    """What a run of so many trials finds of an outcome: mean and percentiles, each with its standard error."""

    trials: int
    mean: float
    mean_se: float
    quantiles: Array
    quantiles_se: Array


@dataclass(frozen=True, eq=False)
class Draws:
    """What was drawn again.

    outcomes: the values of the first trials by strategy and outcome, shape (trials,).  inputs, joined: those of each
    strategy.  looks: shorter runs by strategy and outcome, the shortest first.
    """

    outcomes: Mapping[tuple[str, str], Array] = field(default_factory=dict)
    inputs: Mapping[str, Sequence[Variable]] = field(default_factory=dict)
    joined: Mapping[str, Sequence[Joined]] = field(default_factory=dict)
    looks: Mapping[tuple[str, str], Sequence[Look]] = field(default_factory=dict)


def redrawn(
    record: Record, kind: str, *, strategies: Sequence[str] | None = None, data: Sequence[Path] = ()
) -> Draws | None:
    """The draws that a kind of picture needs, from the scenario and the seed that ``record`` stores; None for none.

    ``strategies``: those that are needed; all by default.  ``data``: folders in which data files are looked for that
    are too large to be stored with a result.

    Raises
    ------
    FileProblem
        When a data file is not stored with the result and not found in ``data``.
    Mismatch
        When the stored scenario is not valid any more, or its draws follow another rule.
    """
    if kind not in _MAKERS:
        return None
    if record.integer("stream_version") != STREAM_VERSION:
        raise Mismatch(
            f"the result was made with stream version {record.attrs['stream_version']}, not {STREAM_VERSION}"
        )
    with _prepared(record, strategies, data) as prepared:
        return _MAKERS[kind](record, prepared)


@contextmanager
def _prepared(record: Record, strategies: Sequence[str] | None, data: Sequence[Path]) -> Iterator[Prepared]:
    """The stored scenario, compiled as it was for the run."""
    from simengine.results.compute import Request, prepare
    from simengine.results.sources import Source, data_folder, data_names
    from simengine.scenario import loads

    text = record.text("resolved_text")
    request = Request(
        trials=record.integer("trials"),
        seed=record.integer("seed"),
        sampler=record.text("sampler"),
        replicates=record.integer("replicates"),
        precision=record.text("precision"),
        strategies=strategies if strategies is not None else record.document("selected_strategies"),
        percentiles=record["quantile"].tolist(),
    )
    sources = [Source(**entry) for entry in record.document("sources")]
    with data_folder(sources, data_names(text), data) as folder:
        try:
            prepared = prepare(loads(text, file=record.text("scenario_file"), folder=folder), request, years=False)
        except (InvalidInput, ValueError, TypeError) as error:
            raise Mismatch(f"the scenario stored in the result cannot be run: {error}") from error
        yield prepared


def _outcomes(record: Record, prepared: Prepared) -> Draws:
    from simengine.engine.run import draw

    trials = prepared.trials
    values = draw(prepared.plan, prepared.seed, 0, min(TRIALS, trials), trials=trials, replicates=prepared.replicates)
    return Draws(
        outcomes={
            (output.strategy, output.name): values[k].astype(np.float64)
            for k, output in enumerate(prepared.plan.outputs)
        }
    )


def _inputs(record: Record, prepared: Prepared) -> Draws:
    """Inputs and outcomes on the same draws."""
    from simengine.analysis.drivers.ranks import values_plan
    from simengine.engine.run import draw

    drawn = [
        [name for name, entry in model.inputs.items() if entry.marginal.constant is None] for model in prepared.models
    ]
    trials, count = prepared.trials, min(TRIALS, prepared.trials)
    plan = values_plan(prepared.models, drawn, record.text("sampler"), prepared.addresses)
    values = draw(plan, prepared.seed, 0, count, trials=trials, replicates=prepared.replicates)
    rows = iter(values.astype(np.float64))
    inputs = {
        model.strategy: [Variable(name, model.inputs[name].title, next(rows)) for name in names]
        for model, names in zip(prepared.models, drawn, strict=True)
    }
    joined = {
        model.strategy: [
            Joined(group.names, _rank_correlations(group.matrix, group.dof)) for group in model.dependences
        ]
        for model in prepared.models
    }
    return Draws(_outcomes(record, prepared).outcomes, inputs, joined)


def _rank_correlations(scores: Array, dof: float | None) -> Array:
    """Spearman's rank correlations of a Gaussian copula by those of its normal scores; NaN for a t copula.

    References: Kruskal, JASA 53, 1958: 6 / pi arcsin(r / 2).
    """
    if dof is not None:
        return np.full_like(scores, np.nan)
    found: Array = 6.0 / np.pi * np.arcsin(scores / 2.0)
    return found


def _looks(record: Record, prepared: Prepared) -> Draws:
    from simengine.engine.run import run

    found: dict[tuple[str, str], list[Look]] = {}
    for power in range(FIRST_LOOK, LAST_LOOK + 1):
        trials = 1 << power
        if trials >= prepared.trials:
            break
        statistics = run(
            prepared.plan,
            trials=trials,
            seed=prepared.seed,
            percentiles=prepared.percentiles,
            nonfinite=record.text("nonfinite"),
            replicates=prepared.replicates,
        )
        for outcome in statistics.outcomes:
            look = Look(trials, outcome.mean, outcome.mean_se, outcome.quantiles, outcome.quantiles_se)
            found.setdefault((outcome.strategy, outcome.output), []).append(look)
    return Draws(looks=found)


_MAKERS: Mapping[str, Callable[[Record, Prepared], Draws]] = {
    "scatter": _outcomes,
    "convergence": _looks,
    "correlation": _inputs,
}
"""How the draws of each kind of picture that needs them are made."""
