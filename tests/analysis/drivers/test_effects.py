"""First-order effects from the trials of a run, against closed forms, with the errors that are stated."""

import numpy as np
import pytest
from drivers_cases import by_factor, record_of
from scipy import stats

from simengine.analysis.drivers.effects import Axis

CASES = """
[inputs]
a = { dist = "lognormal", median = 1, sigma = 0.8 }
b = { dist = "lognormal", median = 1, sigma = 0.8 }
c = { dist = "lognormal", median = 1, sigma = 1.2 }
d = { dist = "lognormal", median = 1, sigma = 1.2 }
n1 = { dist = "normal", mean = 0, sd = 1 }
n2 = { dist = "normal", mean = 0, sd = 1 }
x = { dist = "normal", mean = 0, sd = 1 }
v = { dist = "uniform", min = 0, max = 1 }
w = { dist = "uniform", min = 0, max = 1 }
[risks.rival]
probability = 0.5
severity = { dist = "uniform", min = 0, max = 1 }
[[correlations]]
between = ["n1", "n2"]
normal = 0.5
[model]
heavy = "a + b"
heavier = "c + d"
correlated = "n1 + n2"
product = "x * n1"
level = "v + w"
square = "x**2 + n1"
power = "exp(0.8 * x) + exp(0.8 * n1)"
lost = "rival + v"
[outputs]
heavy = {}
heavier = {}
correlated = {}
product = {}
level = {}
square = {}
power = {}
lost = {}
"""
LOSS = 0.5 / 3 - 0.25**2
"""The variance of the loss: it strikes half the time, and its severity has mean square 1/3 and mean 1/2."""
EXPECTED = {  # share, and the largest error at a million random and Sobol draws
    ("heavy", "a"): (0.5, 0.004, 0.0015),
    ("heavier", "c"): (0.5, 0.015, 0.006),
    ("correlated", "n1"): (0.75, 0.001, 5e-5),
    ("product", "x"): (0.0, 1e-4, 5e-6),
    ("product", "n1"): (0.0, 1e-4, 5e-6),
    ("level", "v"): (0.5, 0.0015, 5e-6),
    ("square", "x"): (2 / 3, 0.05, 0.05),  # 64 cells are wide for a tail that is curved, and the error says so
    ("square", "n1"): (1 / 3, 0.002, 5e-4),
    ("power", "x"): (0.5, 0.05, 0.05),
    ("lost", "rival"): (LOSS / (LOSS + 1 / 12), 0.002, 5e-4),
    ("lost", "v"): (1 / 12 / (LOSS + 1 / 12), 0.002, 5e-4),
}


@pytest.mark.parametrize(("sampler", "place"), [("random", 1), ("sobol", 2)])
def test_effects_are_right_within_small_errors(sampler, place):
    record = record_of(CASES, "sobol", trials=1_000_000, sampler=sampler, points=256)
    for (output, factor), entry in EXPECTED.items():
        value = by_factor(record, "first_order", output=output)[factor]
        se = by_factor(record, "first_order_se", output=output)[factor]
        assert abs(value - entry[0]) < 4 * se, (output, factor, value, se)
        assert se < entry[place], (output, factor, value, se)


@pytest.mark.parametrize(
    "sampler", ["sobol", *(pytest.param(name, marks=pytest.mark.slow) for name in ("random", "lhs"))]
)
def test_effects_of_short_runs_are_centred(sampler):
    """Over 5 seeds the mean of (value - truth) / se has no side, and single ones stay small."""
    found = {place: [] for place in EXPECTED}
    for seed in range(5):
        record = record_of(CASES, "sobol", trials=20_000, seed=seed, sampler=sampler, points=256)
        for (output, factor), scores in found.items():
            value = by_factor(record, "first_order", output=output)[factor]
            scores.append(
                (value - EXPECTED[output, factor][0]) / by_factor(record, "first_order_se", output=output)[factor]
            )
    for place, scores in found.items():
        assert np.abs(scores).max() < 4.5, place
        assert abs(np.mean(scores)) < 2, place


def test_levels_tell_the_variance_inside_them_tails_included():
    edges = np.linspace(0, 1, 65)
    sigma = 1.2
    axis = Axis.of(lambda u: np.exp(sigma * stats.norm.ppf(u)), edges)
    mean, variance = np.exp(sigma**2 / 2), np.exp(sigma**2) * np.expm1(sigma**2)
    assert axis.mean.mean() == pytest.approx(mean, rel=1e-7)
    inside, between = axis.variance.mean(), axis.mean.var()
    assert inside + between == pytest.approx(variance, rel=1e-4)
    assert inside > variance / 10
    half = axis.halved()
    assert half.levels == 32
    assert half.variance.mean() + half.mean.var() == pytest.approx(inside + between, rel=1e-12)
