"""Drivers of scenarios given as text, and of models built by hand, for the tests."""

from __future__ import annotations

from collections.abc import Sequence

from simengine import scenario
from simengine.analysis.drivers.compute import Question, drivers, drivers_of
from simengine.deal.model import Model
from simengine.plan.compile import build_plan
from simengine.plan.draws import addresses_of
from simengine.results.compute import Prepared, Request
from simengine.results.record import Record

HEAD = '[scenario]\nname = "case"\n'


def record_of(
    text: str, *sections: str, stress: Sequence[str] = (), points: int | None = None, **options: object
) -> Record:
    """The drivers of a scenario given as text; options are those of a request."""
    settings = {"trials": 100_000, "seed": 20260101, "sampler": "random", **options}
    request = Request(**settings)  # type: ignore[arg-type]
    return drivers(scenario.loads(HEAD + text), request, Question.of(sections, stress, points))


def record_of_models(
    models: Sequence[Model], *sections: str, points: int | None = None, trials: int = 20_000, sampler: str = "random"
) -> Record:
    """The same of models."""
    loaded = scenario.loads(HEAD + "[inputs]\nV = 1\nD = 1\nR = 1\nL = 0\n")
    addresses = addresses_of(models)
    plan = build_plan(models, sampler=sampler, addresses=addresses)
    prepared = Prepared(loaded, Request(), tuple(models), plan, trials, 1, 32, addresses, (50.0,), (), {})
    return drivers_of(prepared, Question.of(sections, (), points))


def by_factor(record: Record, variable: str, strategy: str = "base", output: str = "T") -> dict[str, float]:
    """A variable of one outcome by the name of the factor."""
    s, o = record.strategies.index(strategy), record.outputs.index(output)
    return dict(zip(record["factor"].tolist(), record[variable][s, o].tolist(), strict=True))


def learned(record: Record, variable: str = "evppi", output: str = "T") -> dict[str, float]:
    """A variable of the value of information by the name of the factor."""
    return dict(zip(record["factor"].tolist(), record[variable][record.outputs.index(output)].tolist(), strict=True))
