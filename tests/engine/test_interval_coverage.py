"""A small coverage study: 95 % intervals hold the truth, or no interval is stated; halved errors would be caught."""

import math

import numpy as np
import pytest
from scenario_plans import plan_of

from simengine.engine.run import run

TRIALS, REPEATS = 4096, 120
Z95 = 1.959963984540054
SLACK = 3.0 * math.sqrt(0.95 * 0.05 / REPEATS)
LOGNORMAL = (
    '[inputs]\nA = { dist = "lognormal", mu = 0, sigma = 0.3 }\n[model]\nT = "A"\n[outputs]\nT = { target = 0.7 }'
)
NORMAL = '[inputs]\nA = { dist = "normal", mean = 1, sd = 2 }\n[model]\nT = "A"\n[outputs]\nT = { target = 0 }'
EDGES = """
[inputs]
A = { dist = "discrete", values = [0, 1, 2, 3], weights = [0.0505, 0.4465, 0.454, 0.049] }
[model]
T = "A"
[outputs]
T = { target = 1 }
"""


def phi(z):
    return 0.5 * math.erfc(-z / math.sqrt(2))


# exact mean, sd, P5, P50, P95, P(T < target), CVaR 95 %
TRUTHS = {
    NORMAL: (1, 2, 1 - 3.2897072539, 1, 1 + 3.2897072539, phi(-0.5), 2 * 2.0627128075 - 1),
    LOGNORMAL: (
        math.exp(0.045), math.exp(0.045) * math.sqrt(math.expm1(0.09)),
        math.exp(-0.3 * 1.6448536270), 1, math.exp(0.3 * 1.6448536270), phi(math.log(0.7) / 0.3),
        -math.exp(0.045) * phi(-1.6448536270 - 0.3) / 0.05,
    ),
    EDGES: (1.5015, math.sqrt(2.7035 - 1.5015**2), 0, 2, 2, 0.0505, 0),
}  # fmt: skip


def estimates(text, sampler, repeats=REPEATS):
    """Values and standard errors, shape (repeats, 2, statistics)."""
    plan, found = plan_of(text, sampler=sampler), []
    for seed in range(repeats):
        (t,) = run(plan, trials=TRIALS, seed=seed, percentiles=(5.0, 50.0, 95.0), threads=1).outcomes
        values = [t.mean, t.std, *t.quantiles, t.prob_below[0], t.cvar_loss[0]]
        found.append([values, [t.mean_se, t.std_se, *t.quantiles_se, t.prob_below_se[0], t.cvar_loss_se[0]]])
    return np.array(found)


def coverage(found, truth, factor=1.0):
    """Share of stated intervals that hold the truth."""
    told = np.isfinite(found[:, 1])
    assert np.all(told.mean(axis=0) > 0.8)
    inside = np.abs(found[:, 0] - truth) <= factor * Z95 * np.where(told, found[:, 1], 0.0) + 1e-12
    return (inside & told).sum(axis=0) / told.sum(axis=0)


@pytest.mark.parametrize("text", list(TRUTHS), ids=["normal", "lognormal", "edges of atoms"])
def test_intervals_of_independent_draws_cover(text):
    found = estimates(text, "random")
    assert np.all(coverage(found, TRUTHS[text]) >= 0.95 - SLACK)
    if text is not EDGES:
        halved = coverage(found, TRUTHS[text], factor=0.5)
        assert np.all(halved < 0.95 - SLACK), "a halved error would not be noticed"


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic"])
@pytest.mark.parametrize("text", list(TRUTHS), ids=["normal", "lognormal", "edges of atoms"])
def test_intervals_of_other_samplers_cover(text, sampler):
    found = estimates(text, sampler)
    assert np.all(coverage(found, TRUTHS[text]) >= 0.95 - SLACK - 0.03)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_errors_that_cannot_be_told_are_not_stated(sampler):
    """A Pareto variable without a fourth moment has an error of the mean, but none of the standard deviation."""
    text = (
        '[inputs]\nA = { dist = "pareto", alpha = 3, min = 1 }\n[model]\nT = "20 - A"\n[outputs]\nT = { target = 15 }'
    )
    found = estimates(text, sampler, 60)
    assert np.isnan(found[:, 1, 1]).mean() > 0.97
    assert np.isfinite(found[:, 1, 0]).mean() > 0.9
    assert np.isfinite(found[:, 1, 2:6]).all()


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_rare_loss_widens_the_error_of_the_mean(sampler):
    """Two events on the average: an error is stated only where there are enough, 1 / 8 each or less."""
    text = '[inputs]\nS = { dist = "bernoulli", p = 0.0005 }\n[model]\nT = "10 - 1000 * S"'
    plan = plan_of(text, sampler=sampler)
    for seed in range(20):
        (t,) = run(plan, trials=TRIALS, seed=seed, threads=1).outcomes
        events = round((10 - t.mean) / 1000 * TRIALS)
        assert math.isnan(t.std_se)
        assert math.isnan(t.mean_se) == (events < 8)
