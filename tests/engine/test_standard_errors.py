"""Standard errors that are true for every sampler, and points that earn their keep."""

import math

import numpy as np
import pytest
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.aggregate.replicates import Replicated
from simengine.aggregate.spread import interval_factor
from simengine.engine.run import run
from simengine.sampling.design import SAMPLERS

NORMAL_SUM = """
[inputs]
A = { dist = "normal", mean = 1, sd = 1 }
B = { dist = "normal", mean = 2, sd = 2 }
[model]
T = "A + B"
[outputs]
T = { target = 0 }
"""
RARE = """
[inputs]
S = { dist = "bernoulli", p = 0.02 }
V = { dist = "exponential", mean = 1 }
[model]
T = "1 - 5 * S * V"
[outputs]
T = { target = -9 }
"""
COUNTS = """
[inputs]
K = { dist = "poisson", mean = 3 }
U = { dist = "uniform", min = 0, max = 1 }
[model]
T = "K + U"
"""
SD = math.sqrt(5)
# name, text, then exact mean, sd, P5 and P(T < target) (None where it is not asked for)
MODELS = [
    ("normal", NORMAL_SUM, 3.0, SD, 3 - 1.6448536269514722 * SD, 0.5 * math.erfc(3 / SD / math.sqrt(2))),
    ("rare", RARE, 0.9, math.sqrt(25 * (0.02 * 2 - 0.02**2)), 1.0, 0.02 * math.exp(-2)),
    ("counts", COUNTS, 3.5, math.sqrt(3 + 1 / 12), 1 + (0.05 - math.exp(-3)) / (3 * math.exp(-3)), None),
]
Z95 = 1.959963984540054


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("text", "mean", "sd", "p5", "below"), [m[1:] for m in MODELS], ids=[m[0] for m in MODELS])
def test_intervals_cover(sampler, text, mean, sd, p5, below):
    """Over 300 seeds 1.96 standard errors hold the truth in 95 % of cases, within three and a half binomial errors.

    An error that is not told (NaN) claims nothing.
    """
    plan = plan_of(text, sampler=sampler)
    inside = []
    for seed in range(300):
        (t,) = run(plan, trials=8192, seed=seed, percentiles=(5.0,), threads=1).outcomes
        found = [(t.mean, t.mean_se, mean), (t.std, t.std_se, sd)]
        if p5 != 1.0:  # an atom: the quantile is exact
            found.append((t.quantiles[0], t.quantiles_se[0], p5))
        if below is not None:
            found.append((t.prob_below[0], t.prob_below_se[0], below))
        inside.append([not abs(value - true) > Z95 * se for value, se, true in found])
    coverage = np.mean(inside, axis=0)
    assert np.all(coverage > 0.95 - 0.044), coverage
    if sampler != "antithetic":  # opposites make some means exact
        assert coverage[0] < 0.95 + 0.04, coverage  # the error of the mean is not overstated either


def test_sobol_points_earn_their_keep():
    """On the reference deal they are worth many times as many independent trials, most of all for the mean."""
    found = {}
    for sampler in ("random", "sobol"):
        plan = plan_of(REFERENCE_DEAL, sampler=sampler)
        runs = [run(plan, trials=2**17, seed=seed, percentiles=(5.0, 95.0)).outcomes[0] for seed in range(12)]
        found[sampler] = np.array([[t.mean - 638.8951, *(t.quantiles - [220.112, 1312.01])] for t in runs])
    gain = (found["random"] ** 2).mean(axis=0) / (found["sobol"] ** 2).mean(axis=0)
    assert gain[0] > 150 and np.all(gain[1:] > 2), gain


@pytest.mark.parametrize("sampler", ["lhs", "antithetic"])
def test_other_samplers_help_the_mean(sampler):
    errors = {}
    for name in ("random", sampler):
        plan = plan_of(NORMAL_SUM, sampler=name)
        errors[name] = np.mean([(run(plan, trials=4096, seed=s).outcomes[0].mean - 3.0) ** 2 for s in range(40)])
    assert errors[sampler] < errors["random"] / 50


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_share_of_nothing_has_an_error(sampler):
    (t,) = run(plan_of(REFERENCE_DEAL, sampler=sampler), trials=10_000, seed=1).outcomes
    assert t.prob_loss == 0.0
    assert 2e-5 < t.prob_loss_se < 2e-4


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("trials", [1, 2, 3, 10, 47, 100, 1000])
def test_short_runs_report_what_they_can(sampler, trials):
    (t,) = run(plan_of(REFERENCE_DEAL, sampler=sampler), trials=trials, seed=1).outcomes
    assert t.finite == trials
    assert not t.mean_se <= 0 or trials == 1  # undefined where there is one replicate only
    assert not np.any(t.quantiles_se < 0)


def test_students_factor():
    for freedom, point in ((1, 12.706), (2, 4.303), (3, 3.182), (7, 2.365), (30, 2.042)):
        assert interval_factor(freedom) * Z95 == pytest.approx(point, rel=2e-3)


def test_the_spread_of_equal_replicates_is_the_textbooks():
    values = np.array([1.0, 2.0, 4.0, 7.0])
    view = Replicated(np.full(4, 10.0), *(np.zeros((4, 4)) for _ in range(4)), np.zeros(0), 0.0)
    assert view.error(values) == pytest.approx(values.std(ddof=1) / 2 * interval_factor(3))
    assert math.isnan(Replicated(np.ones(1), *(np.zeros((1, 4)) for _ in range(4)), np.zeros(0), 0.0).error(values[:1]))
