"""``--until-decided``: the option and what it does, for the commands that compare strategies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from simengine.analysis.decisions.decided import Decision
    from simengine.results.compute import Prepared

Function = TypeVar("Function", bound=Callable[..., object])


def until_decided_option(function: Function) -> Function:
    """The criterion by which the best strategy is to be told apart, None where nobody asks."""
    return click.option(
        "--until-decided",
        "until_decided",
        metavar="MEASURE",
        help="Stop once the best strategy by mean, P10 or CE(200) is told apart at 95 %, at --trials at the latest.",
    )(function)


def decide(prepared: Prepared, criterion: str, progress: Callable[[int, int, str], None] | None = None) -> Decision:
    """Look at growing numbers of trials of a prepared scenario until its best strategy is told apart.

    ``prepared.trials`` is the limit; the last look has the draws of a run of its length.

    Raises
    ------
    InvalidInput
        If the criterion is none, or there are not two strategies that report its outcome.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    from simengine import settings
    from simengine.analysis.decisions.decided import until_decided
    from simengine.analysis.measures import read_measure
    from simengine.analysis.variants import Draws

    lists = [[output.name for output in model.outputs] for model in prepared.models]
    outputs = [name for name in lists[0] if all(name in names for names in lists)] or lists[0]
    measure = read_measure(criterion, outputs, option="--until-decided")
    threads = prepared.request.threads
    draws = Draws(
        trials=prepared.trials,
        seed=prepared.seed,
        sampler=prepared.plan.sampler,
        addresses=prepared.addresses,
        replicates=prepared.replicates,
        threads=threads if threads is not None else settings.read().threads,
    )
    reporting = {
        model.strategy: model for model, names in zip(prepared.models, lists, strict=True) if measure.output in names
    }
    return until_decided(reporting, measure, draws, progress=progress)
