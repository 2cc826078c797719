"""The float32 tally and selection find what those of float64 find for the widened values, to the bit."""

import numpy as np
import pytest

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.replicates import COARSE_BINS, coarsened
from simengine.kernels.cpu import _rounded_up
from simengine.kernels.tally import select, tally
from simengine.kernels.tally32 import select32, tally32

SIZES = [1, 7, 16, 255, 256, 257, 4095, 4096, 4097, 20_000]


def outcomes(size, spoiled):
    draw = np.random.default_rng(size)
    x = np.stack([draw.lognormal(6.4, 0.5, size), np.floor(draw.normal(0, 3, size))]).astype(np.float32) + 0
    if spoiled:
        x[0, size // 2] = np.nan
        x[1, [0, size - 1]] = np.inf, -np.inf
    return x


@pytest.mark.parametrize("spoiled", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_counts_and_sums(size, spoiled):
    x = outcomes(size, spoiled)
    grid = Grid.from_pilot(outcomes(8192, False).astype(np.float64))
    thresholds, ends = np.array([0.0, 200.1, 0.0, 0.5]), np.array([0, 2, 4])
    found = []
    for kernel, values in ((tally, x.astype(np.float64)), (tally32, x)):
        sums = np.full((-(-size // 4096), 2, 4), np.nan)
        counts, below = np.zeros((2, 2, BINS), np.int32), np.zeros(4, np.int64)
        extremes = np.tile([np.inf, -np.inf], (2, 1))
        faults = np.tile(np.array([0, 2**62]), (2, 1))
        results = (sums, counts, below, extremes, faults)
        coarse = np.zeros((2, COARSE_BINS), np.int32)
        more = () if kernel is tally else (_rounded_up(thresholds), _rounded_up(grid.centre), coarse)
        kernel(values, 0, size, 100, 4096, grid.centre, grid.scale, thresholds, ends, *results, *more)
        found.append((sums, counts.sum(axis=1), below, extremes, faults))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))
    assert np.array_equal(coarse, coarsened(counts.sum(axis=1, dtype=np.int32)))
    assert counts.sum() + faults[:, 0].sum() == x.size


@pytest.mark.parametrize("spoiled", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_selection(size, spoiled):
    x = outcomes(size, spoiled)
    grid = Grid.from_pilot(outcomes(8192, False).astype(np.float64))
    flags = np.zeros((2, BINS + 1), np.uint8)
    flags[:, :BINS:14] = 1
    wanted = Wanted(flags, np.array([[215.3, 300.0], [-1.0, -np.inf]]), np.array([size, size]))
    found = []
    for kernel, values in ((select, x.astype(np.float64)), (select32, x)):
        room, ends = np.zeros(2 * (size + 1)), np.array([0, size + 1])
        tails = np.full((-(-size // 4096), 2, 2, 3), np.nan)
        more = () if kernel is select else (_rounded_up(wanted.tail_limits), _rounded_up(grid.centre))
        kernel(values, size, 4096, grid.centre, grid.scale, flags, wanted.tail_limits, room, ends, tails, *more)
        picked = [room[begin:end] for begin, end in zip((0, size + 1), ends, strict=True)]
        found.append((*picked, ends, tails))
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def test_limits_are_rounded_up():
    limits = np.array([0.1, 0.25, -0.1, 1e-50, 1e300, -1e300, np.inf, -np.inf])
    rounded = _rounded_up(limits)
    assert np.all(rounded.astype(np.float64) >= limits)
    assert np.all(np.nextafter(rounded[:4], np.float32(-np.inf)).astype(np.float64) < limits[:4])
