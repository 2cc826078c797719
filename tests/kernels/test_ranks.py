"""The kernel that sums ranks by class and outcomes by cell, against NumPy."""

import numpy as np
import pytest

from simengine.aggregate.grid import BINS, Grid
from simengine.kernels.ranks import LANES, add_totals, tabulate


@pytest.mark.parametrize("size", [1, 255, 256, 1000])
def test_tabulate(size):
    generator = np.random.default_rng(size)
    x, u = generator.normal(size=(3, size)), generator.random((2, size))
    grid = Grid.from_pilot(x)
    classes = np.tile((np.arange(BINS) // (BINS // 8)).astype(np.int16), (3, 1))
    by_class, class_counts = np.zeros((3, 8, LANES)), np.zeros((3, 8), np.int64)
    by_cell, cell_counts = np.zeros((2, 6, LANES)), np.zeros((2, 6), np.int64)
    x_sums, u_sums = np.zeros((2, LANES)), np.zeros((2, LANES))
    shift, mean, cuts = np.array([1.0, -2.0, 0.5]), np.array([0.5, 0.25]), np.array([0.3, 0.8])
    members = (np.array([0, 0, 1]), np.array([4, 2, 3]), np.array([[0, 0], [0, 0], [0, 2]]), cuts)
    factors = np.array([[0, 1], [1, 3]])  # four levels of u0; two levels of u0 with three of u1
    found = (by_class, class_counts, *members, factors, by_cell, cell_counts, x_sums, u_sums)
    tabulate(x, u, shift, mean, grid.centre, grid.scale, classes, *found)

    assert np.allclose(x_sums[0, :3], (x - shift[:, None]).sum(axis=1))
    assert np.allclose(u_sums[1, :2], ((u - mean[:, None]) ** 2).sum(axis=1))
    for k in range(3):
        mine = classes[k, grid.bins_of(k, x[k])]
        for c in range(8):
            assert class_counts[k, c] == (mine == c).sum()
            assert np.allclose(by_class[k, c, :2], (u[:, mine == c] - mean[:, None]).sum(axis=1))
    cells = (u[0] * 4).astype(int), (u[0] * 2).astype(int) * 3 + np.searchsorted(cuts, u[1], side="right")
    for f, cell in enumerate(cells):
        for c in range(6):
            assert cell_counts[f, c] == (cell == c).sum()
            assert np.allclose(by_cell[f, c, :3], (x[:, cell == c] - shift[:, None]).sum(axis=1))


@pytest.mark.parametrize("size", [1, 256, 777])
def test_add_totals(size):
    x = np.random.default_rng(size).normal(size=(3, 1000))
    shift, sums = np.array([1.0, 0.0, -1.0, 2.0, 3.0]), np.zeros((2, 5))
    begin = min(5, 1000 - size)
    add_totals(x, begin, size, shift, np.array([[0, 2], [2, 5]]), np.array([0, 2, 0, 1, 2]), sums)
    rows = np.concatenate([x, [x[[0, 2]].max(axis=0), x.max(axis=0)]])[:, begin : begin + size] - shift[:, None]
    assert np.allclose(sums, [rows.sum(axis=1), (rows**2).sum(axis=1)])
