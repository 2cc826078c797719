"""Bins in the order of values, exact quantiles, and windows that narrow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import (
    Grouped,
    Ranks,
    bins_of_ranks,
    first_values,
    key_of,
    quantiles,
    value_of,
)
from simengine.kernels.gather import Gathered

finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50, deadline=None)
@given(st.lists(finite, min_size=2, max_size=60), finite, st.floats(1e-300, 1e300))
def test_bins_never_fall_as_values_rise(values, centre, scale):
    grid = Grid(np.array([centre]), np.array([scale]))
    bins = grid.bins_of(0, np.sort(np.array(values)))
    assert np.all(np.diff(bins) >= 0)
    assert bins.min() >= 0 and bins.max() < BINS


@pytest.mark.parametrize("seed", range(3))
def test_bins_begin_where_they_say(seed):
    draw = np.random.default_rng(seed)
    grid = Grid.from_pilot(draw.lognormal(3, 2, (1, 500)))
    bins = np.sort(draw.integers(1, BINS, 200))
    first = first_values(grid, 0, bins)
    assert np.array_equal(grid.bins_of(0, first), bins)
    assert np.all(grid.bins_of(0, np.nextafter(first, -np.inf)) == bins - 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(finite, min_size=1, max_size=80), st.sets(st.floats(0.01, 99.99), min_size=1, max_size=6))
def test_quantiles_are_numpys(values, percentiles):
    x = np.array(values)
    grid = Grid.from_pilot(x[None])
    place = grid.bins_of(0, x)
    counts = np.bincount(place, minlength=BINS)
    ranks = Ranks.of(len(x), sorted(percentiles), [0.95])
    bins = bins_of_ranks(counts, ranks.all())
    picked = x[np.isin(place, bins)]
    found = Gathered.of(grid, 0, counts, bins, picked).order_statistics(bins, ranks.all())
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.percentile(x, sorted(percentiles))
        got = quantiles(ranks, found)[0]
    assert np.array_equal(got, expected, equal_nan=True)


def test_a_missing_value_is_noticed():
    counts = np.zeros(BINS, np.int64)
    counts[5] = 10
    with pytest.raises(ValueError, match="announce 10"):
        Grouped.of(counts, np.array([5]), 9)


@settings(max_examples=50, deadline=None)
@given(st.lists(finite, min_size=2, max_size=30))
def test_keys_stand_in_the_order_of_values(values):
    x = np.sort(np.array(values) + 0.0)  # -0.0 and 0.0 are equal values with different keys
    keys = key_of(x)
    assert np.all(keys[1:] >= keys[:-1])
    assert np.array_equal(value_of(key_of(x)), x)


def test_intervals_of_ranks():
    ranks = Ranks.of(10_000, [50, 99.99], [0.95])
    assert (ranks.early[0], ranks.late[0]) == (4902, 5097)
    assert ranks.early[1] == -1  # one value beyond: no interval
    assert ranks.tail_size[0] == pytest.approx(500)
