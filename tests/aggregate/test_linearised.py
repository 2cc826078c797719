"""Statistics with parts: their values are the usual ones, and errors of combinations hold what they promise."""

import math

import numpy as np
import pytest

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import (
    Exponential,
    Linearised,
    Power,
    certainty_equivalent_of,
    mean_of,
    probability_of,
    quantile_of,
    shortfall_of,
)
from simengine.errors import InvalidInput
from simengine.sampling.design import Design

TRIALS = 20_011
BATCHES = Batches.of(Design.of("random", TRIALS))
LOG = np.random.default_rng(3).lognormal(0, 0.5, TRIALS)

STATISTICS = {
    "mean": mean_of,
    "quantile": lambda x, b: quantile_of(x, 0.1, b),
    "probability": lambda x, b: probability_of(x < 0.8, b),
    "shortfall": lambda x, b: shortfall_of(x, 0.9, b),
    "exponential": lambda x, b: certainty_equivalent_of(x, Exponential(0.7), b),
    "power": lambda x, b: certainty_equivalent_of(x, Power(2.5, 0.1), b),
    "logarithm": lambda x, b: certainty_equivalent_of(x, Power(1.0, 0.0), b),
}


def test_values_are_the_usual_ones():
    worst = np.sort(LOG)[: TRIALS // 10]
    part = 0.1 * TRIALS - len(worst)
    expected = {
        "mean": LOG.mean(),
        "quantile": np.quantile(LOG, 0.1),
        "probability": (LOG < 0.8).mean(),
        "shortfall": -(worst.sum() + part * np.sort(LOG)[len(worst)]) / (0.1 * TRIALS),
        "exponential": -0.7 * np.log(np.exp(-LOG / 0.7).mean()),
        "power": ((LOG + 0.1) ** -1.5).mean() ** (1 / -1.5) - 0.1,
        "logarithm": math.exp(np.log(LOG).mean()),
    }
    for name, statistic in STATISTICS.items():
        found = statistic(LOG, BATCHES)
        assert float(found.value) == pytest.approx(expected[name], rel=1e-12), name
        assert float(BATCHES.pooled(found.parts)) == pytest.approx(float(found.value), rel=1e-9), name


@pytest.mark.parametrize("name", STATISTICS)
def test_errors_of_paired_differences_hold(name):
    """400 repeats: 95 % within 3.5 binomial errors; errors a fifth too small (88.3 %) would be caught."""
    batches, generator = Batches.of(Design.of("random", 3200)), np.random.default_rng(5)
    inside = []
    for _ in range(400):
        common = generator.normal(size=3200)
        one, other = (np.exp(0.5 * (0.9 * common + 0.4359 * generator.normal(size=3200))) for _ in range(2))
        difference = STATISTICS[name](one, batches) - STATISTICS[name](other, batches)
        inside.append(abs(float(difference.value)) <= 1.96 * float(difference.error(batches)))
    assert 0.912 < np.mean(inside) < 0.988


def test_the_error_of_a_difference_is_that_of_pairs():
    one, other = mean_of(LOG, BATCHES), mean_of(LOG + 0.01 * np.sin(np.arange(TRIALS)), BATCHES)
    assert float((one - other).error(BATCHES)) < 0.05 * float(one.error(BATCHES))
    assert float((one - one).error(BATCHES)) == 0.0
    assert float((2.0 * one).error(BATCHES)) == pytest.approx(2 * float(one.error(BATCHES)))
    both = Linearised.stack([one, other])
    assert float(both.weighted([1.0, -1.0]).error(BATCHES)) == pytest.approx(float((one - other).error(BATCHES)))
    assert float(both[1].value) == float(other.value) and both[1].parts.shape == (BATCHES.count,)
    assert float((one + -other).value) == pytest.approx(float((one - other).value))


def test_extreme_utilities_neither_overflow_nor_lose_digits():
    far = LOG * 1e4
    assert float(certainty_equivalent_of(far, Exponential(1.0), BATCHES).value) == pytest.approx(far.min(), abs=10.0)
    near = certainty_equivalent_of(LOG, Power(1.0 + 1e-9, 0.0), BATCHES)
    assert float(near.value) == pytest.approx(float(STATISTICS["logarithm"](LOG, BATCHES).value), rel=1e-8)
    assert float(certainty_equivalent_of(LOG, Power(0.0, 5.0), BATCHES).value) == pytest.approx(LOG.mean(), rel=1e-12)
    steep = certainty_equivalent_of(LOG, Power(80.0, 0.0), BATCHES)
    assert math.isfinite(float(steep.value)) and math.isnan(float(steep.error(BATCHES)))


def test_ruin_is_refused_with_its_count():
    with pytest.raises(InvalidInput, match=r"wealth = 1: nothing is left of it in 3 of 20,011 trials"):
        certainty_equivalent_of(np.concatenate([LOG[:-3], [-1.0, -2.0, -5.0]]), Power(2.0, 1.0), BATCHES)


def test_a_quantile_in_the_utmost_tail_has_an_unknown_error():
    assert math.isnan(float(quantile_of(LOG, 1e-5, BATCHES).error(BATCHES)))
