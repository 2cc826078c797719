"""What the GPU selects, sums in the tails and counts in windows is what the CPU finds, to the bit and in order."""

from __future__ import annotations

import numpy as np
import pytest
from shim_device import ShimDevice
from tally_cases import (
    Given,
    drawn,
    gpu_of,
    grid_of,
    source_of,
    strips_of,
    summary_of,
    wanted_of,
    windows_of,
)

from simengine.errors import DeviceError
from simengine.kernels import cpu
from simengine.kernels.cuda import texts
from simengine.kernels.cuda.gpu import Gpu

pytestmark = pytest.mark.usefixtures("each_device")
INNER = np.array([[300.0, np.inf], [-1.0, 3.0], [1e3, 1e9], [17.25, 17.25]])


def same(found: cpu.Selection, expected: cpu.Selection) -> bool:
    values = zip(found.values, expected.values, strict=True)
    return (
        all(one.tobytes() == other.tobytes() for one, other in values)
        and found.tails == expected.tails
        and np.array_equal(found.limbs, expected.limbs)
    )


def same_windows(found, expected) -> bool:
    return np.array_equal(found.histogram, expected.histogram) and np.array_equal(found.extremes, expected.extremes)


class Case:
    def __init__(self, trials, sampler, replicates, *, single=False, spoiled=True, levels=2):
        self.trials, self.outcomes = trials, drawn(trials, single=single, spoiled=spoiled)
        self.source, self.grid = source_of(trials, sampler, replicates, single=single), grid_of(self.outcomes)
        self.wanted, self.windows = wanted_of(self.outcomes, self.grid, levels), windows_of(self.outcomes)
        kept, where = strips_of(self.source, self.outcomes), (self.source, 0, trials, self.grid)
        self.limits = self.wanted.tail_limits, np.ascontiguousarray(INNER[:, :levels])
        self.picked = cpu.pick(*where, self.wanted, kept)
        self.narrowed = cpu.narrow(*where, self.windows, kept)
        self.between = cpu.pick_from_windows(*where, self.windows, *self.limits, kept)

    def holds(self, gpu, kept=None) -> bool:
        where = self.source, 0, self.trials, self.grid
        return (
            same(gpu.pick(*where, self.wanted, kept), self.picked)
            and same_windows(gpu.narrow(*where, self.windows, kept), self.narrowed)
            and same(gpu.pick_from_windows(*where, self.windows, *self.limits, kept), self.between)
        )


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize(
    ("trials", "sampler", "replicates", "spoiled", "levels"),
    [
        (1, "random", 32, False, 2),
        (20_001, "random", 32, True, 2),
        (20_001, "sobol", 8, False, 1),
        (1501, "lhs", 16, True, 2),
    ],
)
def test_selections_are_those_of_the_cpu(trials, sampler, replicates, spoiled, levels, single):
    case = Case(trials, sampler, replicates, single=single, spoiled=spoiled, levels=levels)
    assert case.holds(gpu_of(case.outcomes))
    if trials > 1:
        assert sum(len(values) for values in case.picked.values) > 500
        assert case.between.limbs.any()
        assert case.narrowed.histogram.sum() > 500


def test_without_tails_only_values_come_back():
    case = Case(5000, "random", 32, levels=0)
    assert case.picked.tails.total().shape == (4, 0, 3)
    assert case.holds(gpu_of(case.outcomes))


@pytest.fixture(scope="module")
def case():
    return Case(20_001, "sobol", 4)


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize("flags", [(), ("-DSIM_REVERSED",)], ids=["in order", "threads reversed"])
def test_no_division_of_the_work_shows(case, flags):
    gpu = gpu_of(case.outcomes, ShimDevice(flags=flags))
    gpu._division(case.source).chunk, gpu._division(case.source).section = 4096, 8192
    assert case.holds(gpu)


@pytest.mark.usefixtures("on_shim")
def test_kept_outcomes_are_not_drawn_again(case):
    device, given = ShimDevice(), Given(case.outcomes)
    gpu = Gpu(device, given)
    gpu._division(case.source).chunk = 4096
    kept = gpu.keep(case.source, case.trials, 1)
    assert kept is not None
    summary = gpu.summarise(case.source, 0, 16_384, case.grid, kept)
    summary = summary.merge(gpu.summarise(case.source, 16_384, case.trials - 16_384, case.grid, kept))
    assert summary == summary_of(case.source, case.outcomes, case.grid)
    drawn_so_far = len(given.filled)
    assert case.holds(gpu, gpu.kept_in(case.source, kept, 0, case.trials))
    rows = gpu.outcomes(case.source, case.trials, kept).swapaxes(0, 1).reshape(4, -1)[:, : case.trials]
    assert np.array_equal(rows, case.outcomes, equal_nan=True)
    assert len(given.filled) == drawn_so_far
    held = device.free_bytes()
    del kept
    assert device.free_bytes() > held


def test_outcomes_that_were_not_kept_are_drawn_again(case):
    rows = gpu_of(case.outcomes).outcomes(case.source, case.trials).swapaxes(0, 1).reshape(4, -1)[:, : case.trials]
    assert np.array_equal(rows, case.outcomes, equal_nan=True)


@pytest.mark.usefixtures("on_shim")
def test_kept_outcomes_may_lie_in_pieces(case, monkeypatch):
    monkeypatch.setattr("simengine.kernels.cuda.chunks._MOST_CHUNK", 8192)
    given = Given(case.outcomes)
    gpu = Gpu(ShimDevice(), given)
    kept = gpu.keep(case.source, case.trials, 1)
    assert kept is not None
    assert kept.rooms == (8192, 8192, 4096)
    gpu.summarise(case.source, 0, case.trials, case.grid, kept)
    part = gpu.pick(case.source, 4096, 8192, case.grid, case.wanted, kept)
    again = gpu.pick(case.source, 4096, 8192, case.grid, case.wanted)
    assert same(part, again)


@pytest.mark.usefixtures("on_shim")
def test_only_what_fits_is_kept(case):
    needed = 4 * 8 * 20_480
    assert Gpu(ShimDevice(memory=2 * needed - 1), Given(case.outcomes)).keep(case.source, case.trials, 1) is None
    assert Gpu(ShimDevice(memory=2 * needed), Given(case.outcomes)).keep(case.source, case.trials, 1) is not None
    assert Gpu(ShimDevice(), Given(case.outcomes)).keep(case.source, case.trials, 0) is None


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize("memory", [1_200_000, 2_500_000])
def test_where_memory_is_short_the_work_is_halved(case, memory):
    device = ShimDevice()
    gpu = gpu_of(case.outcomes, device)
    gpu._division(case.source)
    device._memory = memory
    assert case.holds(gpu)
    with pytest.raises(DeviceError, match="no room"):
        gpu_of(case.outcomes, ShimDevice(memory=100_000)).pick(case.source, 0, case.trials, case.grid, case.wanted)


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("select.cu", "before[row * WARPS + warp] +", "before[row * WARPS] +"),
        ("select.cu", "sum += hits[earlier]", "sum = hits[earlier]"),
        ("select.cu", "lows[low] <= key ? low : last", "lows[low] < key ? low : last"),
        ("select.cu", "highs[middle] < key", "highs[middle] <= key"),
        ("select.cu", "if (place != held) {", "if (crowd == 0) {"),
        ("select.cu", "if (key > extremes", "if (key < extremes"),
        ("tails.cu", "x < limit && is_finite(x)", "x <= limit && is_finite(x)"),
        ("tails.cu", "x < limit && is_finite(x)", "x < limit"),
        ("tails.cu", "fma(d, d, sum[1])", "(d * d + sum[1])"),
        ("tails.cu", "x >= limits[level]", "x > limits[level]"),
        ("tails.cu", "bits < 0 ? Count(0) - parts[k]", "bits > 0 ? Count(0) - parts[k]"),
        ("tails.cu", "(high & mask), high >> 32", "(high & mask), 0"),
    ],
)
def test_planted_faults_are_seen(case, file, right, wrong, monkeypatch):
    written = texts.text_of

    def spoiled(name, precision):
        text = written(name, precision)
        assert name != file or text.count(right) == 1
        return text.replace(right, wrong) if name == file else text

    monkeypatch.setattr("simengine.kernels.cuda.kernels.text_of", spoiled)
    assert not case.holds(gpu_of(case.outcomes))
