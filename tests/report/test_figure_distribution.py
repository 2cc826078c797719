"""What pictures read from a stored histogram: probabilities, smooth densities, atoms and single values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simengine.report.figures.distribution import Distribution

LEVELS = np.array([5.0, 25.0, 50.0, 75.0, 95.0])


def of(values: np.ndarray, bins: int = 100) -> Distribution:
    counts, edges = np.histogram(values, bins=bins)
    record = {
        "histogram_edges": np.append(edges, np.nan)[None, None],
        "histogram_counts": np.append(counts, 0)[None, None],
        "quantiles": np.percentile(values, LEVELS)[None, None],
        "quantile": LEVELS,
        "minimum": np.array([[values.min()]]),
        "maximum": np.array([[values.max()]]),
        "prob_loss": np.array([[(values < 0.0).mean()]]),
        "target_value": np.array([[[np.nan, 11.0]]]),
        "prob_below": np.array([[[np.nan, (values < 11.0).mean()]]]),
    }
    return Distribution.of(record, 0, 0)


@pytest.fixture(scope="module")
def normal() -> Distribution:
    return of(np.random.default_rng(3).normal(10.0, 2.0, 200_000))


@pytest.mark.parametrize("name", ["normal", "exponential", "uniform", "two peaks", "heavy"])
def test_the_density_integrates_to_one(name):
    rng = np.random.default_rng(5)
    values = {
        "normal": rng.normal(0.0, 1.0, 50_000),
        "exponential": rng.exponential(1.0, 50_000),
        "uniform": rng.uniform(2.0, 3.0, 50_000),
        "two peaks": np.concatenate([rng.normal(-4.0, 0.5, 20_000), rng.normal(3.0, 1.0, 30_000)]),
        "heavy": rng.pareto(3.0, 50_000),
    }[name]
    found = of(values)
    low, high = found.support
    at = np.linspace(low, high, 20_001)
    assert np.trapezoid(found.density(at), at) == pytest.approx(1.0, abs=2e-3)
    assert found.atoms == ()


def test_an_atom_is_told_from_what_lies_beside_it():
    """Half of the trials are 0, and the bin above 0 holds as many others as the next one."""
    values = np.maximum(np.random.default_rng(8).normal(0.0, 1.0, 200_000), 0.0)
    found = of(values, bins=25)
    ((value, share),) = found.atoms
    assert value == 0.0
    assert share == pytest.approx(float((values == 0.0).mean()), abs=0.005)
    assert 1.0 - found.probability([0.0])[0] == pytest.approx(float((values > 0.0).mean()), abs=0.005)


def test_a_bin_without_a_width_is_a_value_with_its_share():
    record = {
        "histogram_edges": np.array([[[0.0, 0.0, 1.0, 2.0]]]),
        "histogram_counts": np.array([[[600, 200, 200]]]),
        "quantiles": np.array([[[0.0, 0.0, 0.0, 1.25, 1.75]]]),
        "quantile": LEVELS,
        "minimum": np.array([[0.0]]),
        "maximum": np.array([[2.0]]),
        "prob_loss": np.array([[0.0]]),
        "target_value": np.empty((1, 1, 0)),
        "prob_below": np.empty((1, 1, 0)),
    }
    ((value, share),) = Distribution.of(record, 0, 0).atoms
    assert (value, share) == (0.0, pytest.approx(0.6))


def test_the_density_is_that_of_the_outcome(normal):
    at = np.linspace(5.0, 15.0, 41)
    exact = np.exp(-((at - 10.0) ** 2) / 8.0) / math.sqrt(8.0 * math.pi)
    assert np.abs(normal.density(at) - exact).max() < 0.03 * exact.max()


def test_a_bound_is_not_smoothed_away():
    """Half of the density at 0 would be lost without the reflection there."""
    found = of(np.random.default_rng(2).exponential(1.0, 100_000), bins=400)
    at_bound, below = found.density(np.array([found.minimum, -0.01]))
    assert at_bound == pytest.approx(1.0, abs=0.15)
    assert below == 0.0


def test_probabilities_and_quantiles_agree_with_the_trials(normal):
    rng = np.random.default_rng(3).normal(10.0, 2.0, 200_000)
    for value in (6.0, 10.0, 13.0):
        assert normal.probability([value])[0] == pytest.approx((rng <= value).mean(), abs=5e-3)
    assert normal.quantile(0.5) == pytest.approx(np.percentile(rng, 50.0))
    assert normal.probability([-1e9, 1e9]).tolist() == [0.0, 1.0]


def test_bars_hold_all_trials_of_their_range(normal):
    low, high = normal.view()
    edges, shares = normal.bars(low, high)
    assert edges[0] <= low
    assert edges[-1] >= high
    assert np.allclose(np.diff(edges), edges[1] - edges[0])
    expected = normal.probability(edges[-1:])[0] - normal.probability(edges[:1], strict=True)[0]
    assert shares.sum() == pytest.approx(expected)
    assert 20 <= shares.size <= 70


def test_an_atom_is_found_and_belongs_to_its_own_side():
    rng = np.random.default_rng(9)
    values = np.where(rng.random(40_000) < 0.3, 0.0, rng.normal(50.0, 8.0, 40_000))
    found = of(values)
    ((place, share),) = found.atoms
    assert place == pytest.approx(0.0, abs=1.0)
    assert share == pytest.approx((values == 0.0).mean(), abs=0.01)
    assert found.lattice == ()
    assert found.probability([0.0], strict=True)[0] == 0.0
    edges, shares = found.bars(-10.0, 80.0)
    zero = int(np.flatnonzero(edges == 0.0)[0])
    assert shares[zero - 1] == 0.0, "a value of 0 is no loss"
    assert shares[zero] == pytest.approx(0.3, abs=0.01)


def test_a_narrow_peak_is_no_atom():
    rng = np.random.default_rng(9)
    assert of(np.concatenate([rng.normal(0.0, 10.0, 50_000), rng.normal(3.0, 0.6, 20_000)])).atoms == ()


def test_few_trials_make_no_atoms():
    """Of 60 trials in 100 bins every one stands alone."""
    found = of(np.random.default_rng(6).normal(0.0, 1.0, 60))
    assert found.atoms == ()
    assert found.lattice == ()


def test_whole_numbers_are_single_values():
    values = np.random.default_rng(1).poisson(3.0, 50_000).astype(float)
    found = of(values)
    places = [place for place, _ in found.lattice]
    assert places == [float(k) for k in np.unique(values)]
    for place, share in found.lattice:
        assert share == pytest.approx((values == place).mean())


@pytest.mark.parametrize("value", [7.0, 0.0, -3e11])
def test_a_constant_is_one_value(value):
    found = of(np.full(1000, value))
    assert found.fixed
    assert found.atoms == ((value, 1.0),)
    assert found.lattice == found.atoms
    assert found.view() == (value, value)


def test_the_view_leaves_far_tails_out():
    values = np.random.default_rng(4).pareto(1.0, 100_000)
    found = of(values, bins=4000)
    low, high = found.view()
    assert low == found.minimum
    assert high < 5.0 * np.percentile(values, 95.0) < values.max()
