"""The reference deal, the unit of work of every benchmark: its scenario files, and how it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simengine.aggregate.statistics import RunStatistics
    from simengine.plan.plan import Plan
    from simengine.sampling.design import Sampler

_HERE = Path(__file__).resolve().parent
REFERENCE_DEAL = _HERE / "reference_deal.toml"
"""Four inputs, two risks of uncertain severity, and a Gaussian copula that joins three inputs."""
INDEPENDENT_DEAL = _HERE / "reference_deal_independent.toml"
"""The same without the copula: what the NumPy script computes."""

PERCENTILES = tuple(float(percent) for percent in range(101))
"""All of them exact; 0 and 100 are the smallest and the largest outcome."""
TAIL_LEVELS = (0.95,)

Simulate = Callable[[int, int], "RunStatistics"]
"""Runs a number of trials on a number of threads."""


@dataclass(frozen=True)
class Variant:
    """A way to run the engine: in which numbers it computes, and where draws come from."""

    precision: str
    sampler: Sampler

    def __str__(self) -> str:
        return f"{self.precision}, {self.sampler}"


VARIANTS = (
    Variant("float64", "random"),
    Variant("float64", "sobol"),
    Variant("float32", "random"),
    Variant("float32", "sobol"),
)
"""What is compared with NumPy, in the order of the table."""


def plan_of(variant: Variant, scenario: Path = REFERENCE_DEAL) -> Plan:
    """The plan of a deal for a variant."""
    from simengine.deal.expand import expand
    from simengine.plan.compile import build_plan
    from simengine.scenario import load

    return build_plan(expand(load(scenario)), sampler=variant.sampler, precision=variant.precision)


def simulation(variant: Variant, scenario: Path = REFERENCE_DEAL) -> Simulate:
    """What runs a deal with 101 exact percentiles, a probability and a tail; the plan is built once, here."""
    from simengine.engine.run import run

    plan = plan_of(variant, scenario)

    def simulate(trials: int, threads: int) -> RunStatistics:
        return run(plan, trials=trials, seed=1, percentiles=PERCENTILES, tail_levels=TAIL_LEVELS, threads=threads)

    return simulate
