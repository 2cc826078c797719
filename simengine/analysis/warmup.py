"""Compile every kernel into the cache, so that the next run begins at once: for images, clusters and classrooms."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEAL = """\
[scenario]
name = "warm-up"
[inputs]
N = { dist = "normal", mean = 0, sd = 1 }
X = { dist = "pareto", alpha = 0.2, min = 1 }
[model]
flat = "max(N, 0)"
far = "X"
[outputs]
flat = true
far = true
"""
_PAIR = """\
[strategies.one]
[strategies.other]
"inputs.N.mean" = 1
"""
"""With these the deal is compared, too."""
_TRIALS = 40_000
"""``flat`` has more equal values than a budget of nothing may hold, so that windows are narrowed; the windows of
``far``, in its open bin, still hold several values then, which are picked."""


@dataclass(frozen=True)
class WarmUp:
    """What was done: kernels by name, how many of them had to be compiled, seconds, and where they are kept."""

    kernels: tuple[str, ...]
    compiled: int
    seconds: float
    folder: Path | None


def warm_up() -> WarmUp:
    """Run a small deal in every way that selects percentiles, and compare two: that compiles, or loads, all kernels."""
    began = time.perf_counter()
    from simengine.analysis.compare.build import compare
    from simengine.analysis.compare.question import Question as Comparing
    from simengine.analysis.drivers.compute import DEFAULT_SECTIONS, Question, drivers_of
    from simengine.deal.expand import expand
    from simengine.engine.run import run
    from simengine.kernels.jit import cache_folder
    from simengine.plan.compile import build_plan
    from simengine.results.compute import Request, prepare
    from simengine.sampling.design import PRECISIONS
    from simengine.scenario import loads

    deal = loads(_DEAL)
    models = expand(deal)
    for precision in PRECISIONS:
        plan = build_plan(models, precision=precision)
        for budget in (_TRIALS * 100, _TRIALS * 15, 0):  # kept; drawn again and selected from bins; from windows
            run(plan, trials=_TRIALS, seed=1, memory_budget=budget, threads=1)
    drivers_of(prepare(deal, Request(trials=_TRIALS, threads=1), years=False), Question(DEFAULT_SECTIONS))
    compare([loads(_DEAL + _PAIR)], Comparing(outputs=("flat",), trials=_TRIALS, seed=1, threads=1))
    found = dict(compiled_functions())
    compiled = sum(sum(kernel.stats.cache_misses.values()) for kernel in found.values())
    ready = tuple(name for name, kernel in found.items() if kernel.signatures)
    return WarmUp(ready, compiled, time.perf_counter() - began, cache_folder())


def compiled_functions() -> Iterator[tuple[str, Any]]:
    """Every entry point of the kernels by name."""
    from simengine import kernels

    for module in pkgutil.iter_modules(kernels.__path__, f"{kernels.__name__}."):
        for name, value in sorted(vars(importlib.import_module(module.name)).items()):
            mine = getattr(value, "__module__", "") == module.name
            if mine and getattr(value, "targetoptions", {}).get("nogil"):
                yield f"{module.name.rpartition('.')[2]}.{name}", value
