"""The families against scipy.stats, which shares no code with them beyond special functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simengine.distributions import resolve

U = np.concatenate([10.0 ** -np.arange(12, 1, -1.0), np.linspace(0.02, 0.5, 25)])
SPAN_80 = 2 * stats.norm.ppf(0.9)

CONTINUOUS = [
    ({"dist": "uniform", "min": 2, "max": 5}, stats.uniform(2, 3)),
    ({"dist": "uniform", "mean": 1, "sd": 2}, stats.uniform(1 - math.sqrt(12), 2 * math.sqrt(12))),
    ({"dist": "triangular", "min": 0, "mode": 3, "max": 10}, stats.triang(0.3, 0, 10)),
    ({"dist": "triangular", "min": 0, "mode": 0, "max": 1}, stats.triang(0, 0, 1)),
    ({"dist": "pert", "min": 0, "mode": 2, "max": 10}, stats.beta(1.8, 4.2, 0, 10)),
    ({"dist": "pert", "min": 0, "mode": 2, "max": 10, "lambda": 7}, stats.beta(2.4, 6.6, 0, 10)),
    ({"dist": "beta", "alpha": 2, "beta": 5}, stats.beta(2, 5)),
    ({"dist": "beta", "alpha": 0.2, "beta": 3, "max": 4}, stats.beta(0.2, 3, 0, 4)),
    ({"dist": "beta", "alpha": 2, "beta": 5, "min": -1, "max": 1}, stats.beta(2, 5, -1, 2)),
    ({"dist": "normal", "mean": -3, "sd": 2}, stats.norm(-3, 2)),
    ({"dist": "lognormal", "mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e)),
    ({"dist": "lognormal", "mu": 0, "sigma": 3}, stats.lognorm(3)),
    ({"dist": "lognormal", "median": 50, "ratio": 5}, stats.lognorm(math.log(5) / SPAN_80, scale=50)),
    ({"dist": "lognormal", "median": 50, "sigma": 2}, stats.lognorm(2, scale=50)),
    ({"dist": "exponential", "rate": 0.2}, stats.expon(scale=5)),
    ({"dist": "gamma", "shape": 2.5, "rate": 0.5}, stats.gamma(2.5, scale=2)),
    ({"dist": "gamma", "shape": 0.2, "scale": 3}, stats.gamma(0.2, scale=3)),
    ({"dist": "gamma", "mean": 10, "sd": 4}, stats.gamma(6.25, scale=1.6)),
    ({"dist": "weibull", "shape": 1.8, "scale": 12}, stats.weibull_min(1.8, scale=12)),
    ({"dist": "weibull", "shape": 0.4, "scale": 1}, stats.weibull_min(0.4)),
    ({"dist": "pareto", "alpha": 2.5, "min": 10}, stats.pareto(2.5, scale=10)),
    ({"dist": "pareto", "alpha": 1.5, "xm": 1}, stats.pareto(1.5)),
    ({"dist": "student-t", "dof": 4, "loc": 1, "scale": 2}, stats.t(4, 1, 2)),
    ({"dist": "student-t", "dof": 10, "mean": 1, "sd": 2}, stats.t(10, 1, 2 * math.sqrt(0.8))),
    ({"dist": "cauchy", "loc": 1, "scale": 2}, stats.cauchy(1, 2)),
    ({"dist": "logistic", "loc": 3, "scale": 0.7}, stats.logistic(3, 0.7)),
    ({"dist": "loglogistic", "median": 20, "shape": 3}, stats.fisk(3, scale=20)),
    ({"dist": "gumbel", "loc": 1013, "scale": 558}, stats.gumbel_r(1013, 558)),
    ({"dist": "laplace", "loc": 5, "scale": 2}, stats.laplace(5, 2)),
    ({"dist": "inverse-gaussian", "mean": 3, "shape": 8}, stats.invgauss(3 / 8, scale=8)),
    ({"dist": "inverse-gaussian", "mean": 2, "shape": 0.5}, stats.invgauss(4, scale=0.5)),
    ({"dist": "normal", "mean": 1, "sd": 2, "truncate": {"min": 0, "max": 4}}, stats.truncnorm(-0.5, 1.5, 1, 2)),
    ({"dist": "exponential", "rate": 1, "truncate": {"max": 2}, "shift": 0}, stats.truncexpon(2)),
    ({"dist": "gamma", "shape": 3, "rate": 1, "shift": 100}, stats.gamma(3, 100)),
    ({"dist": "lognormal", "mu": 0, "sigma": 1, "scale": 10, "shift": -2}, stats.lognorm(1, -2, 10)),
]

COUNTS = [
    ({"dist": "bernoulli", "p": 0.35}, stats.bernoulli(0.35)),
    ({"dist": "binomial", "n": 12, "p": 0.3}, stats.binom(12, 0.3)),
    ({"dist": "binomial", "n": 5000, "p": 0.999}, stats.binom(5000, 0.999)),
    ({"dist": "binomial", "n": 300000, "p": 0.5}, stats.binom(300000, 0.5)),
    ({"dist": "poisson", "mean": 0.01}, stats.poisson(0.01)),
    ({"dist": "poisson", "lambda": 3.7}, stats.poisson(3.7)),
    ({"dist": "poisson", "mean": 20000}, stats.poisson(20000)),
    ({"dist": "negative-binomial", "r": 3, "p": 0.4}, stats.nbinom(3, 0.4)),
    ({"dist": "negative-binomial", "r": 0.05, "p": 0.01}, stats.nbinom(0.05, 0.01)),
    ({"dist": "negative-binomial", "mean": 5, "sd": 4}, stats.nbinom(25 / 11, 5 / 16)),
    ({"dist": "negative-binomial", "mean": 8, "r": 2}, stats.nbinom(2, 0.2)),
]


def identifiers(cases):
    return [f"{spec['dist']}-{k}" for k, (spec, _) in enumerate(cases)]


@pytest.mark.parametrize(("spec", "reference"), CONTINUOUS, ids=identifiers(CONTINUOUS))
def test_continuous_family(spec, reference):
    ours = resolve(spec)
    with np.errstate(all="ignore"):
        low, high = reference.ppf(U), reference.isf(U)
    scale = abs(reference.ppf(0.75) - reference.ppf(0.25))
    assert np.allclose(ours.low(U), low, rtol=1e-9, atol=1e-12 * scale)
    assert np.allclose(ours.high(U), high, rtol=1e-9, atol=1e-12 * scale)
    assert np.allclose(ours.cdf(low), reference.cdf(low), rtol=1e-9, atol=1e-15)
    assert np.allclose(ours.sf(high), reference.sf(high), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("spec", "reference"), CONTINUOUS, ids=identifiers(CONTINUOUS))
def test_moments(spec, reference):
    ours = resolve(spec)
    for value, wanted in ((ours.mean, reference.mean()), (ours.variance, reference.var())):
        if math.isfinite(wanted):
            assert value == pytest.approx(wanted, rel=1e-8)
        else:
            assert math.isnan(value)


@pytest.mark.parametrize(("spec", "reference"), COUNTS, ids=identifiers(COUNTS))
def test_counts(spec, reference):
    ours = resolve(spec)
    assert ours.discrete
    k = ours.pieces.values
    assert np.all(k == np.rint(k))
    seams = ours.pieces.starts[1:]
    assert np.allclose(seams, reference.cdf(k[:-1]), rtol=0, atol=1e-12)
    assert np.allclose(np.diff(ours.pieces.starts), reference.pmf(k[:-1]), rtol=1e-7, atol=1e-15)
    assert reference.sf(k[-1]) < 2.0**-52
    assert reference.cdf(k[0] - 1) < 2.0**-52
    assert ours.mean == pytest.approx(reference.mean(), rel=1e-12)
    assert ours.variance == pytest.approx(reference.var(), rel=1e-12)


@pytest.mark.parametrize(
    ("spec", "reference"),
    [
        ({"dist": "poisson", "mean": 1e9}, stats.poisson(1e9)),
        ({"dist": "binomial", "n": 10**11, "p": 0.3}, stats.binom(10**11, 0.3)),
        ({"dist": "negative-binomial", "mean": 1e6, "r": 0.1}, stats.nbinom(0.1, 0.1 / (0.1 + 1e6))),
    ],
    ids=["poisson", "binomial", "negative-binomial"],
)
def test_huge_counts_have_exact_probabilities_at_their_knots(spec, reference):
    ours = resolve(spec)
    assert not ours.discrete and ours.notes
    u = np.linspace(0.001, 0.999, 101)
    x = ours.quantile(u)
    whole = np.rint(x)
    assert np.all(reference.cdf(whole + 1) >= u - 5e-8)
    assert np.all(reference.cdf(whole - 1) <= u + 5e-8)
    if spec["dist"] == "negative-binomial":  # small counts stay whole numbers of exact probability
        small = ours.pieces.values[:20]
        assert list(small) == list(range(20))
        assert np.allclose(ours.pieces.starts[1:20], reference.cdf(small[:19]), rtol=1e-12)


def test_far_truncation_against_the_normal_tail():
    """SciPy's own truncated normal is accurate to 1e-6 here, so the tail is mapped by hand."""
    ours = resolve({"dist": "normal", "mean": 0, "sd": 1, "truncate": {"min": 4}})
    assert ours.high(U) == pytest.approx(stats.norm.isf(U * stats.norm.sf(4)), rel=1e-13)
    assert ours.low(U) == pytest.approx(stats.norm.isf((1 - U) * stats.norm.sf(4)), rel=1e-13)


def test_the_comparison_notices_a_parameter_wrong_by_a_millionth():
    ours = resolve({"dist": "gamma", "shape": 2.5 * (1 + 1e-6), "rate": 0.5})
    assert not np.allclose(ours.low(U), stats.gamma(2.5, scale=2).ppf(U), rtol=1e-9)
