"""The matrix of reproducibility: plans, ways to run them, and processes that compute as another machine would.

Run as a program it prints the digests of the plans in a file as JSON, and which registers the compiled kernel uses.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import pickle
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disturbed import CALM, DELAYED, FAILING, REPEATED, Disturbed, Shuffled
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.engine.cluster import Cluster
from simengine.engine.processes import Processes
from simengine.engine.run import run
from simengine.engine.schedule import InProcess
from simengine.sampling.design import SAMPLERS

MIXED = """
[inputs]
X = { dist = "pareto", alpha = 0.7, min = 1 }
N = { dist = "normal", mean = 0, sd = 1 }
K = { dist = "poisson", mean = 3 }
[model]
heavy = "X * N"
atom = "max(N, 0)"
whole = "K"
fixed = "7"
[outputs]
heavy = { target = -3 }
atom = { targets = [0, 1] }
whole = true
fixed = true
"""
"""Heavy tails, both signs, atoms and a constant: what is hard to bin."""

TEXTS = {"reference deal": REFERENCE_DEAL, "mixed outcomes": MIXED}
TRIALS, SEED = 150_000, 9
TASKS = {"shortest": 1, "40,000": 40_000, "one": 10**6}
"""Trials of a task."""
BUDGETS = {"kept": 2**27, "drawn again": 3 * 10**6, "windows": 0}
"""Memory for outcomes, by how percentiles are found with it; nothing is kept outside this process."""
LOOPBACK = {"protocol": "tcp", "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
"""Any free ports, which no other machine sees: a cluster left to itself serves its status on all interfaces."""


@dataclass(frozen=True)
class Way:
    """One way to run a plan: who computes, and what happens meanwhile."""

    scheduler: str
    threads: int
    happening: str
    executor: Any


def plans(names: tuple[str, ...] = tuple(TEXTS)) -> dict[tuple[str, str], Any]:
    """Plans by the name of their text and sampler."""
    return {(name, sampler): plan_of(TEXTS[name], sampler=sampler) for name in names for sampler in SAMPLERS}


def digest(plan, scheduler=None, *, budget=2**27, task=None, trials=TRIALS, progress=None, threads=None) -> str:
    """The summary digest of one run."""
    options = {"memory_budget": budget, "task_trials": task, "scheduler": scheduler, "progress": progress}
    return run(plan, trials=trials, seed=SEED, percentiles=(1.0, 50.0, 99.9), threads=threads, **options).summary_digest


@contextlib.contextmanager
def cluster_of(workers: int, **options) -> Iterator[Any]:
    """A client of a new cluster on this machine, with ports that other machines do not see."""
    from distributed import Client, LocalCluster

    named = {"threads_per_worker": 1, "silence_logs": logging.CRITICAL, **LOOPBACK, **options}
    with LocalCluster(n_workers=workers, **named) as cluster, Client(cluster, set_as_default=False) as client:
        yield client


def ways(folder: Path, processes: Processes, client: Any) -> Iterator[Way]:
    """Every scheduler, each with everything that may happen to its tasks without killing anybody."""
    marks = (folder / str(number) for number in itertools.count())
    for threads, happening in itertools.product((1, 2, 3), (CALM, DELAYED, REPEATED)):
        name = "sync" if threads == 1 else "threads"
        yield Way(name, threads, happening, Disturbed(InProcess(threads), happening, next(marks), threads))
    for seed in range(3):
        yield Way("sync", 1, "shuffled", Shuffled(seed))
    for happening in (CALM, DELAYED, REPEATED, FAILING):
        yield Way("processes", 2, happening, Disturbed(processes, happening, next(marks)))
        with contextlib.closing(Cluster(client)) as cluster:
            yield Way("distributed", 2, happening, Disturbed(cluster, happening, next(marks)))


def environments() -> dict[str, dict[str, str]]:
    """Environment variables by what they make of this machine: one without AVX-512, without FMA, another NumPy."""
    found = {"this processor": {}, "a generic processor": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}}
    if platform.machine().lower() in ("x86_64", "amd64"):
        name = {"NUMBA_CPU_NAME": "generic"}
        found["AVX2 and FMA, no AVX-512"] = {**name, "NUMBA_CPU_FEATURES": "+avx2,+fma"}
        found["AVX, no FMA"] = {**name, "NUMBA_CPU_FEATURES": "+avx"}
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    switched = " ".join(feature for feature in __cpu_dispatch__ if __cpu_features__.get(feature))
    if switched:
        found["NumPy without vector extensions"] = {"NPY_DISABLE_CPU_FEATURES": switched}
    return found


def start(environment: dict[str, str], folder: Path) -> subprocess.Popen:
    """A process that runs all plans in another environment, its kernels compiled into a cache of its own.

    It gets the plans as the worker of a cluster does: some tables are fitted with NumPy's functions, whose last bits
    may differ between processors, so that a plan made elsewhere may be another plan.
    """
    folder.mkdir()
    file = folder / "plans.pickle"
    file.write_bytes(pickle.dumps(list(plans().values())))
    root = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join([str(root), str(root / "tests")])
    surroundings = {**os.environ, "PYTHONPATH": paths, "SIMENGINE_CACHE": str(folder / "cache"), **environment}
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), str(file)], env=surroundings, stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen) -> dict[str, Any]:
    """What such a process found: digests by plan digest, registers, and whether it has fused multiply-add."""
    out, _ = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"the process ended with status {process.returncode}")
    return json.loads(out)


def main() -> None:
    from simengine.kernels.machine import evaluate

    found = {plan.digest: digest(plan) for plan in pickle.loads(Path(sys.argv[1]).read_bytes())}
    code = "".join(evaluate.inspect_asm().values())
    registers = sorted(set(re.findall(r"\b[xyz]mm(?=\d)|\bv(?=\d+\.2d)", code)))
    print(json.dumps({"digests": found, "registers": registers, "fused": "vfmadd" in code or "fmla" in code}))


if __name__ == "__main__":
    main()
