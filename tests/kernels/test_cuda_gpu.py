"""The whole GPU kernel on plans: evaluated, summed up and selected on a device, it is the CPU's kernel to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from scenario_plans import REFERENCE_DEAL, plan_of
from shim_device import ShimDevice, needs_compiler

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.kernels import cpu
from simengine.kernels.cuda.gpu import Gpu
from simengine.kernels.source import Source

pytestmark = needs_compiler
TRIALS = 12_500


@pytest.fixture(scope="module")
def gpu():
    return Gpu(ShimDevice())


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_a_plan_is_summed_up_and_selected_as_on_the_cpu(gpu, sampler, precision):
    source = Source.of(plan_of(REFERENCE_DEAL, sampler=sampler, precision=precision), 5, TRIALS, 8)
    pilot = cpu.values(source, 0, 8192)
    assert np.array_equal(gpu.values(source, 0, 8192), pilot)
    assert np.array_equal(gpu.trial_values(source, TRIALS - 1), cpu.trial_values(source, TRIALS - 1))
    grid = Grid.from_pilot(pilot)
    gpu._division(source).chunk = 4096
    kept = gpu.keep(source, TRIALS, 1)
    summary = gpu.summarise(source, 0, TRIALS, grid, kept)
    assert summary.digest() == cpu.summarise(source, 0, TRIALS, grid).digest()
    flags = np.zeros((len(pilot), BINS + 1), np.uint8)
    flags[:, :BINS:7] = 1
    wanted = Wanted(flags, np.full((len(pilot), 1), 300.0), np.full(len(pilot), TRIALS))
    expected = cpu.pick(source, 0, TRIALS, grid, wanted)
    for way in (kept, None):
        picked = gpu.pick(source, 0, TRIALS, grid, wanted, way)
        assert [one.tobytes() for one in picked.values] == [one.tobytes() for one in expected.values]
        assert picked.tails == expected.tails


def test_few_sources_stay_on_the_device(gpu):
    plan = plan_of(REFERENCE_DEAL)
    for seed in range(6):
        gpu.values(Source.of(plan, seed, 1024), 0, 100)
    assert len(gpu._loaded) == 4
    assert [key[1] for key in gpu._loaded] == [2, 3, 4, 5]


@pytest.mark.parametrize(("trials", "replicates"), [(1000, 32), (10**6, 1024), (10**8, 32), (10**10, 32)])
@pytest.mark.parametrize("sampler", ["random", "antithetic"])
def test_ranges_are_multiples_of_the_unit(gpu, sampler, trials, replicates):
    source = Source.of(plan_of(REFERENCE_DEAL, sampler=sampler), 1, trials, replicates)
    assert gpu.range_trials(source) % gpu.unit_trials(source) == 0
    assert gpu.range_trials(source) <= 1 << 30
