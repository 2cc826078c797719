"""Outcomes without formulas for the kernels that count and select, and what the CPU finds for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from cuda_devices import device as usual_device
from cuda_devices import put
from numpy.typing import NDArray
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.kernels import cpu
from simengine.kernels.cuda.device import Device
from simengine.kernels.cuda.gpu import Gpu
from simengine.kernels.source import Source
from simengine.plan.plan import PlanOutput
from simengine.sampling.design import Design

TARGETS = ((), (0.5, 200.0), (-1.0,), ())


class Given:
    """Stands for the evaluator of a source: its outcomes (outcomes, trials) are given, not computed."""

    def __init__(self, outcomes: NDArray[Any]):
        self.outcomes = outcomes
        self.filled: list[tuple[int, int]] = []

    def __call__(self, device: Device, source: Source) -> Given:
        return self

    def fill(self, first_trial: int, count: int, out: Any, room: int) -> None:
        self.filled.append((first_trial, count))
        for k, row in enumerate(self.outcomes):
            put(out[k * room : k * room + count], row[first_trial : first_trial + count])


class OnCpu:
    """The same for a plan that the CPU's kernel computes."""

    def __init__(self, device: Device, source: Source):
        self.source = source

    def fill(self, first_trial: int, count: int, out: Any, room: int) -> None:
        for k, row in enumerate(cpu.values(self.source, first_trial, count)):
            put(out[k * room : k * room + count], row)


def drawn(trials: int, *, seed: int = 1, spoiled: bool = False, single: bool = False) -> NDArray[Any]:
    """Four outcomes: skewed, with atoms, a sum of both beyond the last bins, and one that is constant."""
    draw = np.random.default_rng(seed)
    skewed, steps = draw.lognormal(5.4, 0.5, trials), np.floor(draw.normal(0.0, 3.0, trials))
    atoms = np.where(draw.random(trials) < 0.7, -0.0, steps)
    x = np.stack([skewed, atoms, steps * skewed**3 - 3.0, np.full(trials, 17.25)])
    if spoiled:
        x[0, [0, trials // 2]] = np.nan, np.inf
        x[2, draw.integers(0, trials, 1 + trials // 50)] = -np.inf
        x[1, trials - 1] = np.nan
        x[3] = np.nan
    return x.astype(np.float32 if single else np.float64)


def source_of(trials: int, sampler: str = "random", replicates: int = 32, *, single: bool = False) -> Source:
    """A source of four outcomes with targets; only its layout and its outputs matter."""
    plan = plan_of(REFERENCE_DEAL, precision="float32" if single else "float64")
    outputs = tuple(PlanOutput("s", f"x{k}", targets=targets) for k, targets in enumerate(TARGETS))
    return Source(
        replace(plan, outputs=outputs), 7, Design.of(sampler, trials, replicates), np.empty((0, 0, 0), np.int64)
    )


def grid_of(outcomes: NDArray[Any]) -> Grid:
    return Grid.from_pilot(outcomes[:, :8192].astype(np.float64))


def summary_of(
    source: Source, outcomes: NDArray[Any], grid: Grid, first: int = 0, trials: int | None = None
) -> Summary:
    """What the CPU's tally finds."""
    size = outcomes.shape[1] - first if trials is None else trials
    kernels = cpu._kernels(source.plan.precision)
    tallies = cpu._Tallies(len(outcomes), size, source.design, grid, *cpu.thresholds_of(source.plan), kernels)
    tallies.add(np.ascontiguousarray(outcomes[:, first : first + size]), size, first, 0)
    return tallies.summary(first)


def strips_of(source: Source, outcomes: NDArray[Any]) -> NDArray[Any]:
    """The outcomes as the CPU keeps them."""
    strip = cpu.strip_trials(source.plan)
    strips = -(-outcomes.shape[1] // strip)
    padded = np.full((len(outcomes), strips * strip), 12345.0, outcomes.dtype)
    padded[:, : outcomes.shape[1]] = outcomes
    return np.ascontiguousarray(padded.reshape(len(outcomes), strips, strip).swapaxes(0, 1))


def wanted_of(outcomes: NDArray[Any], grid: Grid, levels: int = 2) -> Wanted:
    """Some bins of every outcome, and limits inside and outside of what was drawn."""
    flags = np.zeros((len(outcomes), BINS + 1), np.uint8)
    flags[:, :BINS:11] = 1
    flags[1, grid.bins_of(1, np.array([0.0, -2.0]))] = 1
    wide = outcomes.astype(np.float64)
    announced = [int(flags[k, grid.bins_of(k, row[np.isfinite(row)])].sum()) for k, row in enumerate(wide)]
    limits = np.array([[150.3, 400.0, -np.inf], [-1.0, 2.0, 9.0], [-1e6, 0.0, np.inf], [17.25, 18.0, 17.0]])
    return Wanted(flags, np.ascontiguousarray(limits[:, :levels]), np.array(announced, np.int64))


def windows_of(outcomes: NDArray[Any]) -> Windows:
    """Two or three windows of most outcomes, one of them an atom, one below zero; the last outcome has none."""
    low = 120.0, 300.0
    rows = [
        *((0, low[0], 140.5, 10, 50), (0, low[1], 301.0, 700, 9)),
        *((1, -3.0, -1.5, 3, 8), (1, 0.0, np.nextafter(0.0, 1.0), 20, 99), (1, 1.0, 4.0, 200, 7)),
        *((2, -1e9, -1e7, 0, 5), (2, -1e5, 1e5, 20, 70)),
    ]
    return Windows.between(len(outcomes), rows)


def gpu_of(outcomes: NDArray[Any], device: Device | None = None) -> Gpu:
    return Gpu(device or usual_device(), Given(outcomes))
