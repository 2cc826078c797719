"""An examination of this installation: what it runs on, and whether it computes known answers."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simengine import settings
from simengine.plan.ops import Op
from simengine.plan.plan import Plan, PlanOutput

Verdict = Literal["fine", "note", "wrong"]

_REQUIRED = ("simengine", "numpy", "numba", "llvmlite", "scipy", "dask", "xarray", "h5netcdf", "h5py", "pydantic")
_OPTIONAL = ("resvg-py", "pyarrow", "distributed")
_FEATURES = ("avx2", "avx512f", "fma", "neon", "sve")

KNOWN_WORDS = (0xE169C58D6627E8D5, 0x9B00DBD8BC57AC4C)
"""Philox4x32-10 of counter 0 and key 0, as two 64-bit words (Random123, kat_vectors)."""

_KNOWN_DEAL = """\
[scenario]
name = "known-answer"
[inputs]
V = 1000
D = 0.8
R = 0.9
L = 0.05
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``wrong`` means that this installation must not be trusted."""

    subject: str
    verdict: Verdict
    text: str


def examine() -> tuple[Finding, ...]:
    """Look at everything; takes a second or two, and longer when kernels have yet to be compiled."""
    from simengine.analysis.doctor_gpu import gpu_findings

    surroundings = (*_programs(), _processor(), _threads(), _cache(), *_optional())
    return (*surroundings, _known_words(), _same_words(), _known_deal(), *gpu_findings())


def _programs() -> Iterator[Finding]:
    yield Finding("python", "fine", f"{platform.python_version()} ({sys.executable})")
    for name in _REQUIRED:
        version = _version(name)
        yield Finding(name, "fine" if version else "note", version or "not installed as a package")


def _processor() -> Finding:
    import llvmlite.binding

    features = llvmlite.binding.get_host_cpu_features()
    present = [name for name in _FEATURES if features.get(name)]
    name = llvmlite.binding.get_host_cpu_name()
    return Finding(
        "processor", "fine", f"{platform.machine()} {name}, with {', '.join(present) or 'no known extensions'}"
    )


def _threads() -> Finding:
    return Finding("threads", "fine", f"{settings.read().threads} processors may be used")


def _cache() -> Finding:
    from simengine.kernels.cache import has_kernels
    from simengine.kernels.jit import cache_folder

    base, folder = settings.read().cache, cache_folder()
    if base is None:
        return Finding("cache", "note", "switched off: the kernel is compiled in every run, which takes about 10 s")
    if folder is None:
        text = f"{base} cannot be used: the kernel is compiled in every run, which takes about 10 s"
        return Finding("cache", "note", text)
    size = sum(path.stat().st_size for path in base.rglob("*") if path.is_file())
    state = f"{base}, {size / 1e6:.1f} MB, kernel {'compiled' if has_kernels(folder) else 'not compiled yet'}"
    return Finding("cache", "fine", state)


def _optional() -> Iterator[Finding]:
    for name in _OPTIONAL:
        version = _version(name)
        yield Finding(name, "fine" if version else "note", version or "not installed (optional)")


def _known_words() -> Finding:
    """The published vector, through the compiled kernel: the words of trials 0 and 256 of stream 0, seed 0."""

    def check() -> str | None:
        from simengine.kernels import cpu

        found = cpu.values(cpu.Source.of(_word_plan(), 0, 512), 0, 512)[0, [0, 256]]
        expected = [(word >> 11) * 2.0**-53 for word in KNOWN_WORDS]
        return None if np.abs(found - expected).max() <= 2.0**-52 else f"{found.tolist()} instead of {expected}"

    return _timed("random numbers", check, "published vector of Philox4x32-10")


def _same_words() -> Finding:
    """The kernel draws what the readable definition says."""

    def check() -> str | None:
        from simengine.kernels import cpu
        from simengine.sampling.address import words

        trials = np.arange(2048)
        found = cpu.values(cpu.Source.of(_word_plan(), 20260101, trials.size), 0, trials.size)[0]
        expected = words(20260101, 0, trials) * 2.0**-64
        different = int((np.abs(found - expected) > 2.0**-52).sum())
        return f"{different} of {trials.size} draws differ from their definition" if different else None

    return _timed("draws", check, "2,048 draws of the kernel against their definition")


def _known_deal() -> Finding:
    def check() -> str | None:
        from simengine.deal.expand import expand
        from simengine.engine.run import run
        from simengine.plan.compile import build_plan
        from simengine.scenario import loads

        outcome = run(build_plan(expand(loads(_KNOWN_DEAL))), trials=1000, seed=1, device="cpu").outcomes[0]
        values = (outcome.minimum, outcome.mean, outcome.maximum)
        return None if values == (684.0, 684.0, 684.0) else f"{values} instead of 684"

    return _timed("a known deal", check, "1000 * 0.8 * 0.9 * (1 - 0.05) = 684, exactly")


def _timed(subject: str, check: Callable[[], str | None], meaning: str) -> Finding:
    began = time.perf_counter()
    wrong = check()
    if wrong is not None:
        return Finding(subject, "wrong", f"{meaning}: {wrong}")
    return Finding(subject, "fine", f"{meaning} ({time.perf_counter() - began:.2g} s)")


def _word_plan() -> Plan:
    """One outcome: the word of stream 0 as a fraction of 2**64, by a quantile function of one linear piece."""
    tape = np.array([[Op.PHILOX, 0, 0, 0, 0], [Op.PIECES, 1, 0, 0, 0], [Op.TALLY, 0, 1, 0, 0]], np.int64)
    none = np.empty(0)
    return Plan(
        tape=tape,
        registers=2,
        constants=none,
        streams=np.zeros(1, np.uint64),
        table_rows=np.empty((0, 6)),
        table_places=np.empty((0, 5), np.int64),
        table_steps=none,
        kinks=np.empty(0, np.int64),
        piece_ends=np.array([[0, 1]], np.int64),
        piece_cuts=np.zeros(1, np.uint64),
        piece_values=np.zeros(1),
        piece_slopes=np.array([2.0**-64]),
        outputs=(PlanOutput("base", "word"),),
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
