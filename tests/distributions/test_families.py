"""Every family at ordinary and edge settings: what a Marginal promises."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from family_cases import FAMILY_CASES

from simengine.distributions import FAMILIES, resolve
from simengine.distributions.marginal import SMALLEST_TAIL
from simengine.distributions.moments import quantile_moments

CASES = [pytest.param(spec, id=name) for name, spec in FAMILY_CASES]
SMOOTH = [pytest.param(spec, id=name) for name, spec in FAMILY_CASES if resolve(spec).pieces is None]
EXACT = [pytest.param(spec, id=name) for name, spec in FAMILY_CASES if resolve(spec).pieces is not None]
ULPS = 4


def tails(count=400):
    """Tail probabilities down to the smallest that a draw can ask for, rising."""
    draw = np.random.default_rng(20)
    q = np.concatenate([draw.random(count) / 2, 2.0 ** -draw.uniform(1, 54, count), [0.5, SMALLEST_TAIL]])
    return np.sort(q)


def u_error(probability, x, q, slack):
    """How far probability(x) is from q, 0 where some value within ``slack`` of x has it."""
    here, below, above = (probability(at) - q for at in (x, x - slack, x + slack))
    met = (np.minimum(below, above) <= 0) & (np.maximum(below, above) >= 0)
    return np.where(met, 0.0, np.minimum(np.abs(here), np.minimum(np.abs(below), np.abs(above))))


def test_every_family_of_the_table_has_three_cases():
    used = [spec["dist"] if isinstance(spec, dict) else "constant" for _, spec in FAMILY_CASES]
    for name in FAMILIES:
        least = 1 if name == "cauchy" else 3
        assert used.count(name) >= least, name


@pytest.mark.parametrize("spec", SMOOTH)
def test_probabilities_and_quantiles_invert_each_other(spec):
    marginal, q = resolve(spec), tails()
    low, high = marginal.low(q), marginal.high(q)
    for probability, x in ((marginal.cdf, low), (marginal.sf, high)):
        error = u_error(probability, x, q, ULPS * np.spacing(np.abs(x)))
        assert error.max() <= 1e-12
        if "truncate" not in (spec if isinstance(spec, dict) else {}):  # cutting leaves a tail of absolute accuracy
            assert (error / q).max() <= 2e-12


@pytest.mark.parametrize("spec", CASES)
def test_quantiles_are_finite_and_rise(spec):
    marginal, q = resolve(spec), tails()
    low, high = marginal.low(q), marginal.high(q)
    assert np.all(np.isfinite(low)) and np.all(np.isfinite(high))
    noise = ULPS * np.spacing(np.maximum(np.abs(low[-1]), np.abs(low)))
    assert np.all(np.diff(low) >= -noise[1:])
    assert np.all(np.diff(high) <= noise[1:] + ULPS * np.spacing(np.abs(high[1:])))
    assert np.all((low >= marginal.support[0]) & (high <= marginal.support[1]))


@pytest.mark.parametrize("spec", CASES)
def test_functions_keep_shapes_and_agree_in_the_middle(spec):
    marginal = resolve(spec)
    for function in (marginal.low, marginal.high):
        assert function(np.array(0.25)).shape == ()
        assert function(np.full((2, 3), 0.25)).shape == (2, 3)
        assert function(np.empty(0)).shape == (0,)
    middle = marginal.quantile(np.array([0.5 - 1e-9, 0.5 + 1e-9]))
    assert middle[0] <= middle[1] + 1e-9 * abs(middle[1])
    assert marginal.quantile(0.25) == marginal.low(np.array(0.25))


@pytest.mark.parametrize("spec", CASES)
def test_probabilities_are_those_of_a_distribution(spec):
    marginal = resolve(spec)
    u = np.linspace(0.001, 0.999, 400)
    x = np.unique(marginal.quantile(u))
    cdf, sf = marginal.cdf(x), marginal.sf(x)
    assert np.all((cdf >= 0) & (cdf <= 1) & (sf >= 0) & (sf <= 1))
    assert np.allclose(cdf + sf, 1, rtol=0, atol=2e-11)
    assert np.all(np.diff(cdf) >= -1e-13)
    width = abs(x[-1]) + abs(x[0]) + 1
    beyond = np.array([marginal.support[0] - width, marginal.support[1] + width])
    below, above = marginal.cdf(beyond), marginal.sf(beyond)
    assert (below[0], above[0], below[1], above[1]) == (0.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize("spec", CASES)
def test_mean_and_variance_are_the_integrals(spec):
    marginal = resolve(spec)
    if marginal.pieces is not None:
        if not marginal.notes:
            widths = np.diff(np.append(marginal.pieces.starts, 1.0))
            ends = marginal.pieces.values + marginal.pieces.slopes * widths
            middles = (marginal.pieces.values + ends) / 2
            assert marginal.mean == pytest.approx(float(np.sum(widths * middles)), rel=1e-11, abs=1e-15)
            squares = (middles - marginal.mean) ** 2 + (ends - marginal.pieces.values) ** 2 / 12
            assert marginal.variance == pytest.approx(float(np.sum(widths * squares)), rel=1e-9, abs=1e-15)
        return
    if math.isnan(marginal.mean):
        assert math.isnan(marginal.variance) and marginal.notes
        return
    mean, variance = quantile_moments(marginal.low, marginal.high, marginal.kinks)
    assert marginal.mean == pytest.approx(mean, rel=1e-9, abs=1e-9 * math.sqrt(variance))
    if not math.isnan(marginal.variance):
        assert marginal.variance == pytest.approx(variance, rel=2e-7)


@pytest.mark.parametrize("spec", EXACT)
def test_pieces_are_the_quantile_function(spec):
    marginal = resolve(spec)
    pieces = marginal.pieces
    assert pieces.starts[0] == 0 and pieces.starts[-1] < 1
    assert np.all(np.diff(pieces.starts) > 0) and np.all(pieces.slopes >= 0)
    widths = np.diff(np.append(pieces.starts, 1.0))
    ends = pieces.values + pieces.slopes * widths
    assert np.all(ends[:-1] <= pieces.values[1:])
    u = (np.floor(np.random.default_rng(3).random(500) * 2**52) + 0.5) / 2**52
    at = np.searchsorted(pieces.starts, u, side="right") - 1
    x = pieces.values[at] + pieces.slopes[at] * (u - pieces.starts[at])
    assert np.allclose(marginal.quantile(u), x, rtol=1e-14, atol=0)
    ulp = ULPS * np.spacing(np.abs(x))
    assert np.all(marginal.cdf(x + ulp) >= u - 1e-15)
    assert np.all(marginal.cdf(x - ulp) <= u + 1e-15)


@pytest.mark.parametrize("spec", CASES)
def test_kinks_and_digests(spec):
    marginal = resolve(spec)
    assert list(marginal.kinks) == sorted(set(marginal.kinks))
    assert all(0 < kink < 1 for kink in marginal.kinks)
    assert json.dumps(marginal.digest_key, allow_nan=False) == json.dumps(resolve(spec).digest_key)
    assert marginal.description.startswith(marginal.family)


@pytest.mark.parametrize("spec", SMOOTH)
def test_logarithms_where_they_are_given(spec):
    marginal, q = resolve(spec), tails(200)
    if marginal.positive_tail:
        assert marginal.log_low is not None and marginal.log_high is not None
    for log, plain in ((marginal.log_low, marginal.low), (marginal.log_high, marginal.high)):
        if log is None:
            continue
        values, x = log(q), plain(q)
        assert np.all(np.isfinite(values))
        inside = (x > 1e-290) & (x < 1e290)
        assert np.allclose(np.exp(values[inside]), x[inside], rtol=2e-12, atol=0)


def test_equal_parameters_share_a_digest_and_others_do_not():
    keys = [json.dumps(resolve(spec).digest_key) for _, spec in FAMILY_CASES]
    assert len(set(keys)) == len(keys)
    same = [
        ({"dist": "exponential", "mean": 4}, {"dist": "exponential", "rate": 0.25}),
        ({"dist": "gamma", "shape": 2, "scale": 4}, {"dist": "gamma", "shape": 2.0, "rate": 0.25}),
        ({"dist": "normal", "mean": 0, "sd": 1}, {"dist": "normal", "mean": -0.0, "sd": 1.0}),
        ({"dist": "pert", "min": 0, "mode": 5, "max": 10}, {"dist": "beta", "alpha": 3, "beta": 3, "max": 10}),
        ({"dist": "poisson", "mean": 3}, {"dist": "poisson", "lambda": 3}),
        ({"dist": "discrete", "values": [2, 1], "weights": [0.5, 0.5]}, {"dist": "empirical", "values": [1, 2]}),
        (7, {"dist": "discrete", "values": [7]}),
    ]
    for first, second in same:
        assert resolve(first).digest_key == resolve(second).digest_key


@pytest.mark.parametrize(
    "spec",
    [
        {"dist": "gamma", "shape": 1e-8, "scale": 1},
        {"dist": "weibull", "shape": 1e-8, "scale": 1},
        {"dist": "pareto", "alpha": 1e-8, "min": 1},
        {"dist": "loglogistic", "median": 1, "shape": 1e-8},
        {"dist": "lognormal", "mu": 0, "sigma": 1000},
        {"dist": "beta", "alpha": 1e-8, "beta": 1e8},
    ],
    ids=lambda spec: spec["dist"],
)
def test_values_beyond_float64_keep_finite_logarithms(spec):
    marginal, q = resolve(spec), tails(100)
    assert marginal.positive_tail
    low, high = marginal.log_low(q), marginal.log_high(q)
    assert np.all(np.isfinite(low)) and np.all(np.isfinite(high))
    assert np.all(np.diff(low) >= -1e-15 * np.abs(low[1:]))
    assert low.max() <= high.min() + 1e-9 * abs(low.max())


@pytest.mark.parametrize(
    ("spec", "accurate"),
    [
        ({"dist": "gamma", "shape": 1e8, "scale": 1}, 1e-11),
        ({"dist": "gamma", "shape": 3e5, "scale": 2}, 1e-12),
        ({"dist": "beta", "alpha": 1000, "beta": 1e8}, 1e-11),
        ({"dist": "beta", "alpha": 1e8, "beta": 1e8}, 2e-11),
        ({"dist": "beta", "alpha": 1e8, "beta": 0.01}, 1e-12),
        ({"dist": "inverse-gaussian", "mean": 1, "shape": 1e8}, 1e-11),
        ({"dist": "inverse-gaussian", "mean": 1, "shape": 2e-8}, 1e-11),
        ({"dist": "student-t", "dof": 1e8}, 1e-11),
        ({"dist": "weibull", "shape": 1e8, "scale": 3}, 1e-11),
        ({"dist": "lognormal", "mu": 650, "sigma": 1e-8}, 1e-11),
    ],
)
def test_extreme_shapes_stay_accurate(spec, accurate):
    marginal, q = resolve(spec), tails()
    for probability, x in ((marginal.cdf, marginal.low(q)), (marginal.sf, marginal.high(q))):
        assert u_error(probability, x, q, ULPS * np.spacing(np.abs(x))).max() <= accurate
