"""How few trials decide an error, from a histogram; and quantiles at the edges of atoms."""

import math

import numpy as np
import pytest

from simengine.aggregate.concentration import (
    FEWEST_FOR_STD,
    concentration_of,
    skewness_factor,
    square_concentration,
    values_concentration,
)
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Ranks, atoms, quantiles


def both(x):
    """The concentration of squares of a sample: from its histogram, and exactly."""
    grid = Grid.from_pilot(x[None, :8192])
    counts = np.bincount(grid.bins_of(0, x), minlength=BINS)
    gap = x - x.mean()
    m2, m4 = (gap**2).mean(), (gap**4).mean()
    found = square_concentration(counts, grid, 0, x.mean(), m2, m4, x.min(), x.max())
    y = gap**2 - m2
    return found, (y**3).mean() ** 2 / (y**2).mean() ** 3 / len(x)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "draw",
    [
        lambda d: d.normal(1e6, 1.0, 50_000),
        lambda d: d.lognormal(0.0, 1.0, 50_000),
        lambda d: -d.exponential(3.0, 50_000),
        lambda d: d.uniform(0, 1, 50_000),
        lambda d: d.normal(10, 2, 50_000) - 200 * (d.random(50_000) < 0.001),
        lambda d: d.poisson(3.0, 50_000).astype(float),
    ],
    ids=["normal", "lognormal", "exponential", "uniform", "rare", "counts"],
)
def test_the_histogram_tells_the_concentration(draw, seed):
    found, exact = both(draw(np.random.default_rng(seed)))
    assert found == pytest.approx(exact, rel=0.02, abs=1e-6)


def test_beyond_the_last_bin_it_is_an_upper_bound():
    x = np.random.default_rng(1).pareto(0.8, 50_000)
    found, exact = both(x)
    assert exact * 0.98 < found < max(3 * exact, 1.01)
    assert math.isnan(skewness_factor(found, FEWEST_FOR_STD))


def test_like_trials_are_counted():
    """Where 200 of the trials decide alike, the concentration is 1 / 200."""
    x = np.concatenate([np.random.default_rng(1).normal(0, 0.001, 99_800), np.full(200, 50.0)])
    assert both(x)[0] == pytest.approx(1 / 200, rel=0.02)


def test_the_factor():
    assert skewness_factor(0.0, 8.0) == 1.0
    assert skewness_factor(0.1, 8.0) == pytest.approx(1.11)
    assert skewness_factor(0.02, 40.0, 10.0) == pytest.approx(1.2)
    assert math.isnan(skewness_factor(0.13, 8.0))
    assert math.isnan(skewness_factor(math.nan, 8.0))


def quantile(x, percent):
    """Value, standard error and whether there is an atom."""
    x = np.sort(np.asarray(x, float))
    ranks = Ranks.of(len(x), [percent], [0.95])
    found = {int(rank): float(x[rank]) for rank in ranks.all()}
    value, error = quantiles(ranks, found)
    return value[0], error[0], bool(atoms(ranks, found)[0])


def test_the_error_at_the_edge_of_an_atom_reaches_the_next():
    """The median is 0, but by chance it might have been 1: the error must reach it, although the other side is 0."""
    x = np.repeat([0.0, 1.0], [5010, 4990])
    assert quantile(x, 50) == (0.0, pytest.approx(1 / 1.959964), True)
    assert quantile(1.0 - x, 50) == (1.0, pytest.approx(1 / 1.959964), True)


def test_within_an_atom_there_is_no_error():
    assert quantile(np.repeat([0.0, 1.0], [7000, 3000]), 50) == (0.0, 0.0, True)


def test_an_atom_beside_values_that_spread():
    """Just above an atom the interval is lopsided: the error is its longer side."""
    x = np.concatenate([np.zeros(4980), np.linspace(0.01, 10.0, 5020)])
    value, error, atom = quantile(x, 50)
    late = np.sort(x)[Ranks.of(10_000, [50], [0.95]).late[0]]
    assert not atom and 0.0 < value < 0.1
    assert error * 1.959964 == pytest.approx(max(value, late - value))


def test_without_atoms_the_sides_are_averaged():
    x = np.random.default_rng(2).normal(size=10_000)
    ranks = Ranks.of(10_000, [50], [0.95])
    ordered = np.sort(x)
    _, error, atom = quantile(x, 50)
    assert not atom
    assert error == pytest.approx((ordered[ranks.late[0]] - ordered[ranks.early[0]]) / 2 / 1.959964)


def test_concentration_of_values_and_of_their_sums_agree():
    values = np.random.default_rng(5).lognormal(0.0, 1.5, 4_000)
    expected = both_of(values)
    assert values_concentration(values) == pytest.approx(expected, rel=1e-10)
    about = values - 1.3
    sums = [(about**k).sum() for k in (1, 2, 3)]
    assert float(concentration_of(*sums, len(values))) == pytest.approx(expected, rel=1e-9)
    assert values_concentration(np.full(100, 0.1)) == 0.0
    alike = np.zeros(10_000)
    alike[:5] = 1.0
    assert values_concentration(alike) == pytest.approx(1 / 5, rel=1e-2)


def both_of(values):
    """g by its definition."""
    return float(((values - values.mean()) ** 3).mean() ** 2 / values.var() ** 3 / len(values))
