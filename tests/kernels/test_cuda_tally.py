"""The tally of the GPU finds what that of the CPU finds, to the bit, however blocks, threads and chunks divide it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cuda_devices import device as usual_device
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_plans import REFERENCE_DEAL, plan_of
from shim_device import ShimDevice
from tally_cases import OnCpu, drawn, gpu_of, grid_of, source_of, summary_of

from simengine.errors import DeviceError
from simengine.kernels import cpu
from simengine.kernels.cuda import texts
from simengine.kernels.cuda.gpu import Gpu
from simengine.kernels.source import Source

pytestmark = pytest.mark.usefixtures("each_device")
CASES = [
    *((1, "random", 32), (20_001, "random", 32), (12_288, "sobol", 2), (20_001, "sobol", 8)),
    *((1201, "antithetic", 16), (300, "lhs", 10)),
]


@pytest.mark.parametrize("spoiled", [False, True], ids=["finite", "spoiled"])
@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize(("trials", "sampler", "replicates"), CASES)
def test_the_summary_is_that_of_the_cpu(trials, sampler, replicates, single, spoiled):
    outcomes = drawn(trials, spoiled=spoiled, single=single)
    source, grid = source_of(trials, sampler, replicates, single=single), grid_of(outcomes)
    expected = summary_of(source, outcomes, grid)
    found = gpu_of(outcomes).summarise(source, 0, trials, grid)
    assert found == expected
    assert found.digest() == expected.digest()
    assert found.counts.sum() + found.faults.sum() == outcomes.size
    assert bool(found.faults.any()) == spoiled


class _Of(ShimDevice):
    """A device with another number of multiprocessors: other runs of tiles."""

    def __init__(self, multiprocessors: int, **options):
        super().__init__(**options)
        self.multiprocessors = multiprocessors


@pytest.fixture(scope="module")
def case():
    outcomes = drawn(50_001, spoiled=True)
    source, grid = source_of(50_001, "sobol", 4), grid_of(outcomes)
    return outcomes, source, grid, summary_of(source, outcomes, grid)


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize(
    ("device", "chunk", "section"),
    [
        (_Of(1), 1 << 20, 1 << 20),
        (_Of(1000), 1 << 20, 1 << 20),
        (_Of(2), 4096, 1 << 20),
        (_Of(1), 8192, 16384),
        (ShimDevice(flags=("-DSIM_REVERSED",)), 16384, 1 << 20),
    ],
    ids=["few blocks", "many blocks", "small chunks", "small sections", "threads reversed"],
)
def test_no_division_of_the_work_shows(case, device, chunk, section):
    outcomes, source, grid, expected = case
    gpu = gpu_of(outcomes, device)
    gpu._division(source).chunk, gpu._division(source).section = chunk, section
    assert gpu.summarise(source, 0, 50_001, grid).digest() == expected.digest()


@pytest.mark.usefixtures("on_shim")
@settings(max_examples=12, deadline=None)
@given(
    trials=st.integers(1, 9000),
    layout=st.sampled_from([("random", 32), ("sobol", 2), ("lhs", 8), ("antithetic", 20)]),
    multiprocessors=st.integers(1, 9),
    chunk=st.sampled_from([4096, 8192]),
    single=st.booleans(),
    spoiled=st.booleans(),
)
def test_any_layout_on_any_device(trials, layout, multiprocessors, chunk, single, spoiled):
    outcomes = drawn(trials, seed=trials, single=single, spoiled=spoiled)
    source, grid = source_of(trials, *layout, single=single), grid_of(outcomes)
    gpu = gpu_of(outcomes, _Of(multiprocessors))
    gpu._division(source).chunk = chunk
    assert gpu.summarise(source, 0, trials, grid).digest() == summary_of(source, outcomes, grid).digest()


def test_ranges_merge_in_any_order(case):
    outcomes, source, grid, expected = case
    gpu, cuts = gpu_of(outcomes), [0, 4096, 28_672, 50_001]
    parts = [gpu.summarise(source, a, b - a, grid) for a, b in itertools.pairwise(cuts)]
    assert parts[2].merge(parts[0]).merge(parts[1]).digest() == expected.digest()
    assert parts[1].digest() == summary_of(source, outcomes, grid, 4096, 24_576).digest()


@pytest.mark.usefixtures("on_shim")
def test_subtrees_are_folded_on_the_device():
    """More tiles than one subtree holds, beginning in the middle of one; only their roots come back."""
    trials, first = 64 * 4096 * 2 + 100, 4096 * 3
    outcomes = np.random.default_rng(2).normal(0.0, 1.0, (4, trials))
    source, grid, device = source_of(trials), grid_of(outcomes), ShimDevice()
    gpu = gpu_of(outcomes, device)
    found = gpu.summarise(source, first, trials - first, grid)
    assert found.sums == summary_of(source, outcomes, grid, first).sums
    assert device.launches.count("add_pairs") == 6


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize("memory", [850_000, 1_200_000, 2_000_000])
def test_where_memory_is_short_the_work_is_halved(case, memory):
    """The counts take 0.6 MB, all outcomes at once 1.6 MB; what is free at first is taken by somebody else later."""
    outcomes, source, grid, expected = case
    device = ShimDevice(memory=1 << 30)
    gpu = gpu_of(outcomes, device)
    gpu._division(source)
    device._memory = memory
    assert gpu.summarise(source, 0, 50_001, grid).digest() == expected.digest()
    assert gpu._division(source).section < 1 << 16
    assert device.free_bytes() == memory, "nothing is left behind"


@pytest.mark.usefixtures("on_shim")
def test_where_nothing_fits_the_error_says_so(case):
    outcomes, source, grid, _ = case
    with pytest.raises(DeviceError, match=r"shim has no room for 4,096 trials of 4 outcomes at a time: .* free"):
        gpu_of(outcomes, ShimDevice(memory=500_000)).summarise(source, 0, 50_001, grid)


@pytest.mark.usefixtures("on_shim")
def test_other_sources_make_room_for_the_tables_of_one(case):
    _, source, grid, _ = case
    device = ShimDevice(memory=4_000_000)

    class Large(OnCpu):
        def __init__(self, device, source):
            super().__init__(device, source)
            self.tables = device.zeros(2_500_000, np.uint8)

        def fill(self, first_trial, count, out, room):
            out[:] = 1.0

    gpu = Gpu(device, Large)
    for seed in (1, 2):
        other = Source(source.plan, seed, source.design, source.lattice)
        assert gpu.summarise(other, 0, 5000, grid).trials == 5000
    with pytest.raises(DeviceError, match="no room for the tables"):
        Gpu(ShimDevice(memory=2_000_000), Large).summarise(source, 0, 5000, grid)


@pytest.mark.usefixtures("on_shim")
def test_a_block_without_room_for_the_histogram_is_refused(case):
    outcomes, source, grid, _ = case
    device = ShimDevice()
    device.shared_bytes = 48 << 10
    with pytest.raises(DeviceError, match="48 KiB of shared memory"):
        gpu_of(outcomes, device).summarise(source, 0, 5000, grid)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_values_come_back_as_the_cpu_has_them(precision):
    source = Source.of(plan_of(REFERENCE_DEAL, precision=precision), 3, 20_000)
    gpu = Gpu(usual_device(), OnCpu)
    gpu._division(source).chunk = 4096
    assert np.array_equal(gpu.values(source, 1024, 9000), cpu.values(source, 1024, 9000))
    assert np.array_equal(gpu.trial_values(source, 5000), cpu.trial_values(source, 5000))
    grid = grid_of(cpu.values(source, 0, 8192))
    assert gpu.summarise(source, 4096, 9000, grid) == cpu.summarise(source, 4096, 9000, grid)


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sum[s] + shared[s * HALF + lane]", "sum[s] + shared[s * HALF + HALF - 1 - lane]"),
        ("(part[place] + part[place + 64])", "(part[place] + part[place + 32])"),
        ("for (int step = WARP / 2; step; step >>= 1) total", "for (int step = WARP / 4; step; step >>= 1) total"),
        ("fma(square, square, lane.sum[3])", "(square * square + lane.sum[3])"),
        ("of.scale), 1u", "of.scale) + 1, 1u"),
        ("y < 0.0 ? SIDE - 1 - near", "y <= 0.0 ? SIDE - 1 - near"),
        ("losses += x < of.loss", "losses += x <= of.loss"),
        ("hits += x < limit", "hits += x <= limit"),
        ("~warp_least(~key_of(found.most))", "warp_least(key_of(found.most))"),
        ("x = of.centre;", "x = 0.0;"),
        ("a < AHEAD; ++a) take", "a < AHEAD - 1; ++a) take"),
        ("(slot * outcomes + k)", "k"),
        ("- HALF] = sum[s];\n  __syncthreads();", "- HALF] = sum[s];"),
        ("+ lane];\n  __syncthreads();", "+ lane];"),
    ],
)
def test_planted_faults_are_seen(right, wrong, monkeypatch):
    outcomes = drawn(6000, spoiled=True)
    outcomes[1, 1:9] = 0.5, 200.0, -1.0, 0.0, 0.5, 0.5, 200.0, 0.0
    outcomes[2, 1:5] = -1.0
    source, grid = source_of(6000, "sobol", 2), grid_of(outcomes)
    written = texts.text_of

    def spoiled(file, precision):
        text = written(file, precision)
        assert text.count(right) == 1
        return text.replace(right, wrong)

    monkeypatch.setattr("simengine.kernels.cuda.kernels.text_of", spoiled)
    assert gpu_of(outcomes).summarise(source, 0, 6000, grid) != summary_of(source, outcomes, grid)


def test_counts_of_a_run_fit_32_bits():
    """A block counts at most 2**30 values in shared memory, whatever the device and the range."""
    from simengine.kernels.cuda.tallies import _MOST_RUN_BITS

    assert (cpu.TILE << _MOST_RUN_BITS) <= 1 << 30
