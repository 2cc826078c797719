"""Whole runs on a device: the shim executes the CUDA C that a GPU would, and every digest is the processors'.

Where there is a GPU (tests marked ``gpu``) the same runs are computed on it, too.
"""

from __future__ import annotations

import itertools
import platform
from pathlib import Path

import numpy as np
import pytest
from cuda_devices import KINDS, choose
from cuda_devices import device as usual_device
from reproducibility_cases import MIXED
from scenario_plans import REFERENCE_DEAL, plan_of
from shim_device import ShimDevice, needs_compiler

from simengine.deal.expand import expand
from simengine.engine import selftest
from simengine.engine.run import draw, replay_trial, run, run_and_keep
from simengine.errors import DeviceLost, DeviceWarning, NonFiniteOutcome
from simengine.kernels.cuda.family import OnDevice
from simengine.plan.compile import build_plan
from simengine.sampling.design import PRECISIONS, SAMPLERS
from simengine.scenario import load

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PERCENTILES = (1.0, 50.0, 99.9)
TRIALS, SEED = 20_000, 11
BUDGETS = {"kept": 2**27, "windows": 0}

UNDEFINED = """
[inputs]
N = { dist = "normal", mean = 0, sd = 1 }
[model]
root = "sqrt(N + 3)"
plain = "N"
[outputs]
root = true
plain = true
"""
STRATEGIES = """
[scenario]
name = "strategies"
[inputs]
V = { dist = "lognormal", mean = 1000, sd = 400 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = { dist = "beta", alpha = 18, beta = 2 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
[risks.leak]
probability = 0.2
severity = { dist = "beta", alpha = 2, beta = 5 }
[strategies.licence]
inputs.R = 0.8
[strategies.sale]
inputs.V.mean = 900
[strategies.venture]
inputs.D = { dist = "uniform", min = 0.2, max = 1.0 }
"""


@pytest.fixture(scope="module", params=KINDS)
def device(request):
    """One for all tests, which compiles no kernel twice."""
    choose(request.param)
    yield OnDevice(usual_device())
    choose("shim")


QUICK = {("float64", "random", "windows"), ("float32", "random", "kept")}
CASES = [
    case if case in QUICK else pytest.param(*case, marks=pytest.mark.slow)  # a CPU stands for the GPU
    for case in itertools.product(PRECISIONS, SAMPLERS, BUDGETS)
]


def runs(plan, device, *, trials=TRIALS, budget=2**27, **options):
    """The same run by processors and by a device."""
    asked = {"trials": trials, "seed": SEED, "percentiles": PERCENTILES, "memory_budget": budget, **options}
    return run(plan, device="cpu", **asked), run(plan, device=device, **asked)


def bits(statistics):
    """Everything that is reported, to the bit."""
    parts = [statistics.summary_digest, statistics.differences.tobytes()]
    for outcome in statistics.outcomes:
        parts += [value.tobytes() if isinstance(value, np.ndarray) else repr(value) for value in vars(outcome).values()]
    return parts


@pytest.mark.parametrize(("precision", "sampler", "budget"), CASES)
def test_every_operation_from_every_source_of_draws(device, precision, sampler, budget):
    here, there = runs(selftest.plan_of(precision, sampler), device, budget=BUDGETS[budget])
    assert bits(here) == bits(there)
    assert there.device == device.name


@pytest.mark.slow
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("text", [REFERENCE_DEAL, MIXED, STRATEGIES], ids=["reference deal", "mixed", "strategies"])
def test_scenarios(device, text, budget):
    here, there = runs(plan_of(text, sampler="sobol"), device, budget=BUDGETS[budget])
    assert bits(here) == bits(there)


@pytest.mark.slow
def test_outcomes_of_every_year(device):
    plan = build_plan(expand(load(SCENARIOS / "medical_imaging_licence.toml")), years=True, sampler="sobol")
    here, there = runs(plan, device, trials=9_000)
    assert bits(here) == bits(there)


@pytest.mark.parametrize("trials", [1, 511, 4_096, 8_193, pytest.param(300_001, marks=pytest.mark.slow)])
def test_any_number_of_trials(device, trials):
    here, there = runs(plan_of(REFERENCE_DEAL), device, trials=trials)
    assert bits(here) == bits(there)


@pytest.mark.parametrize("precision", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_undefined_outcomes_are_counted_alike(device, precision):
    plan = plan_of(UNDEFINED, precision=precision)
    here, there = runs(plan, device, nonfinite="exclude")
    assert bits(here) == bits(there) and here.outcomes[0].faults > 0
    with pytest.raises(NonFiniteOutcome, match="first in trial"):
        run(plan, trials=TRIALS, seed=SEED, device=device)


@pytest.mark.parametrize("precision", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_outcomes_that_are_kept_and_single_trials(device, precision):
    plan = plan_of(REFERENCE_DEAL, precision=precision)
    kept = [run_and_keep(plan, trials=TRIALS, seed=SEED, device=each)[1] for each in ("cpu", device)]
    assert np.array_equal(kept[0].of(0), kept[1].of(0))
    assert np.array_equal(*(replay_trial(plan, SEED, 33_333, device=each) for each in ("cpu", device)))
    assert np.array_equal(*(draw(plan, SEED, 5_000, 300, device=each) for each in ("cpu", device)))


def test_the_self_test_agrees(device):
    selftest.check(device)


@needs_compiler
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the shim flushes by the SSE unit's mode")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_self_test_finds_a_device_that_flushes_subnormal_numbers(precision):
    """What CuPy's own compilation makes of a kernel (-ftz=true) must not pass."""
    with pytest.raises(DeviceLost, match=rf"other numbers than the CPU for .* \({precision}, random\)"):
        selftest.check(OnDevice(ShimDevice(flags=("-DSIM_FLUSHED",))), (precision,))


@needs_compiler
def test_memory_is_given_back_at_the_end_of_a_run():
    shim = ShimDevice()
    run(plan_of(REFERENCE_DEAL), trials=TRIALS, seed=SEED, device=OnDevice(shim))
    assert shim.releases == 1
    with pytest.raises(NonFiniteOutcome):
        run(plan_of(UNDEFINED), trials=TRIALS, seed=SEED, device=OnDevice(shim))
    assert shim.releases == 2


@needs_compiler
def test_a_device_with_little_memory_splits_the_work():
    plan = plan_of(REFERENCE_DEAL)
    small = ShimDevice(memory=2 << 20)
    here, there = runs(plan, OnDevice(small), trials=100_000)
    assert bits(here) == bits(there)
    assert small.launches.count("evaluate") > 2


@needs_compiler
def test_a_device_with_no_memory_to_speak_of_is_an_error_or_a_reason_to_go_on(monkeypatch):
    plan = plan_of(REFERENCE_DEAL)
    with pytest.raises(DeviceLost, match=r"no room|out of memory") as lost:
        run(plan, trials=TRIALS, seed=SEED, device=OnDevice(ShimDevice(memory=1 << 18)))
    assert lost.value.exit_code == 3
    monkeypatch.setattr("simengine.engine.devices.WORTH_A_GPU", 0.0)
    monkeypatch.setattr("simengine.engine.devices.has_cupy", lambda: True)
    monkeypatch.setattr("simengine.engine.devices.gpu_of_this_process", lambda: OnDevice(ShimDevice(memory=1 << 18)))
    with pytest.warns(DeviceWarning, match=r"no room|out of memory"):
        found = run(plan, trials=TRIALS, seed=SEED)
    assert found.device == "cpu"
