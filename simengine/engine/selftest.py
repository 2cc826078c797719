"""Does a GPU compute what the processors compute: every operation, from every source of draws, compared bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simengine.errors import DeviceLost
from simengine.kernels.family import CPU, Family
from simengine.kernels.source import Source
from simengine.plan.plan import Plan
from simengine.sampling.design import PRECISIONS, SAMPLERS

TRIALS = 20_000
"""Several tiles and, for points, several replicates; less than a whole number of either."""
_SEED = 20260101

SCENARIO = """\
[scenario]
name = "self-test"
[inputs]
V = { dist = "lognormal", mean = 1000, sd = 400 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = { dist = "normal", mean = 0.9, sd = 0.3 }
U = { dist = "uniform", min = -1, max = 1 }
W = { dist = "discrete", values = [1, 2, 5], weights = [0.5, 0.3, 0.2] }
[risks.leak]
probability = 0.3
severity = { dist = "beta", alpha = 2, beta = 5 }
[[correlations]]
between = ["V", "D"]
normal = 0.5
[[correlations]]
between = ["D", "R"]
normal = 0.3
[[correlations]]
between = ["R", "W"]
normal = 0.4
[model]
sums = "V * D * R - W + U / (1 + D)"
roots = "sqrt(V) + abs(U) - min(R, D) * max(U, 0) + (-U)"
powers = "exp(U) + log(V) + V ** (0.3 * D) + D ** 3"
choices = "where(R < 0.8, V, V + where(W <= 2, D, -D)) + (W == 2) + (R != 0.5) + where(D > 0.7, 1, 0) + leak"
faint = "U * 1e-40 + exp(U - 95)"
lifted = "V + (U * 1e-160 * 1e-150 + exp(U - 720)) * 1e38 * 1e38 * 1e38 * 1e38 * 1e38 * 1e38 * 1e38 * 1e38"
[outputs]
sums = true
roots = true
powers = { targets = [10, 12] }
choices = true
faint = true
lifted = true
"""
"""Formulas in which every operation of a tape occurs; the operations that draw follow from the sampler.

Two are subnormal numbers on their way, ``faint`` in float32 and ``lifted`` in float64: a device that takes these for 0
is found out.
"""


@dataclass(frozen=True)
class Compared:
    """One plan on both: how many outcomes differ, and the digests of a whole run."""

    precision: str
    sampler: str
    outcomes: int
    different: int
    digests: tuple[str, str]

    @property
    def agrees(self) -> bool:
        """Whether every bit is the same."""
        return not self.different and self.digests[0] == self.digests[1]

    def __str__(self) -> str:
        what = "agrees" if self.agrees else f"differs in {self.different:,} of {self.outcomes:,} outcomes"
        if not self.agrees and not self.different:
            what = "has the same outcomes and differs in their summary"
        return f"{self.precision}, {self.sampler}: {what}"


def plan_of(precision: str, sampler: str) -> Plan:
    """The plan of the self-test."""
    from simengine.deal.expand import expand
    from simengine.plan.compile import build_plan
    from simengine.scenario import loads

    return build_plan(expand(loads(SCENARIO)), precision=precision, sampler=sampler)


def compare(family: Family) -> Iterator[Compared]:
    """Every precision and sampler, outcome by outcome and as whole runs.

    Raises
    ------
    DeviceError
        When the device fails.
    """
    for precision in PRECISIONS:
        for sampler in SAMPLERS:
            yield _compared(family, precision, sampler)


def check(family: Family, precisions: Sequence[str] = PRECISIONS, sampler: str = "random") -> None:
    """Look at the outcomes of one plan in some precisions, which takes a moment.

    Raises
    ------
    DeviceLost
        When the device fails, or computes other numbers than the processors.
    """
    for precision in precisions:
        source = Source.of(plan_of(precision, sampler), _SEED, TRIALS)
        different = _different(family, source)
        if different:
            raise DeviceLost(
                f"{family.name} computes other numbers than the CPU for {different:,} of "
                f"{TRIALS * len(source.plan.outputs):,} outcomes ({precision}, {sampler}); "
                "hint: `simengine doctor` says where"
            )


def _compared(family: Family, precision: str, sampler: str) -> Compared:
    from simengine.engine.run import run

    plan = plan_of(precision, sampler)
    source = Source.of(plan, _SEED, TRIALS)
    here, there = (
        run(plan, trials=TRIALS, seed=_SEED, memory_budget=0, device=device).summary_digest
        for device in ("cpu", family)
    )
    return Compared(precision, sampler, TRIALS * len(plan.outputs), _different(family, source), (here, there))


def _different(family: Family, source: Source) -> int:
    """How many outcomes differ in any bit; one NaN is like another."""
    here, there = (one.values(source, 0, source.design.trials) for one in (CPU, family))
    same = (here.view(np.int64) == there.view(np.int64)) | (np.isnan(here) & np.isnan(there))
    return int((~same).sum())
