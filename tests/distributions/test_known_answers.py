"""Numbers that are known in closed form, published, or computed to 40 digits."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from simengine.distributions import resolve, standard_normal, standard_uniform, student_scale


def quantiles(spec, *levels):
    return resolve(spec).quantile(np.array(levels)).tolist()


def test_pert_of_the_literature():
    pert = resolve({"dist": "pert", "min": 0, "mode": 2, "max": 10})
    assert pert.mean == 3
    assert math.sqrt(pert.variance) == pytest.approx(1.7320508, abs=5e-8)
    assert pert.quantile(np.array([0.05, 0.5, 0.95])) == pytest.approx([0.58977, 2.76672, 6.21277], abs=5e-6)


def test_lognormal_by_mean_and_sd_has_them():
    lognormal = resolve({"dist": "lognormal", "mean": 3e6, "sd": 3e5})
    assert lognormal.parameters["sigma"] == pytest.approx(math.sqrt(math.log(1.01)), rel=1e-15)
    assert lognormal.mean == pytest.approx(3e6, rel=1e-13)
    assert math.sqrt(lognormal.variance) == pytest.approx(3e5, rel=1e-12)


def test_loss_magnitude_of_riskquant():
    """Expected yearly loss of 0.1 events whose size has the 90 % interval from 1e5 to 1e6."""
    assert 0.1 * resolve("1e5 to 1e6").mean == pytest.approx(40400.128269457266, rel=1e-12)


def test_shorthand_is_a_90_percent_interval():
    assert quantiles("600 to 1600", 0.05, 0.95) == pytest.approx([600, 1600], rel=1e-14)
    assert resolve("600 to 1600").family == "lognormal"
    assert quantiles("-5 to 12.5", 0.05, 0.95) == pytest.approx([-5, 12.5], rel=1e-14)
    assert resolve("-5 to 12.5").family == "normal"


def test_lognormal_median_and_ratio():
    p10, p50, p90 = quantiles({"dist": "lognormal", "median": 50, "ratio": 5}, 0.1, 0.5, 0.9)
    assert p50 == pytest.approx(50, rel=1e-14)
    assert p90 / p10 == pytest.approx(5, rel=1e-14)
    with_mean = resolve({"dist": "lognormal", "mean": 50, "ratio": 5})
    assert with_mean.mean == pytest.approx(50, rel=1e-14)
    assert with_mean.quantile(0.9) / with_mean.quantile(0.1) == pytest.approx(5, rel=1e-14)


@pytest.mark.parametrize(("mean", "sd", "low", "high"), [(0.9, 0.05, 0, 1), (0.4, 0.2, 0, 1), (3, 1, -2, 9)])
def test_beta_by_mean_and_sd_has_them(mean, sd, low, high):
    beta = resolve({"dist": "beta", "mean": mean, "sd": sd, "min": low, "max": high})
    assert beta.mean == pytest.approx(mean, rel=1e-14)
    assert math.sqrt(beta.variance) == pytest.approx(sd, rel=1e-13)


@pytest.mark.parametrize("family", ["gamma", "weibull", "logistic", "gumbel", "laplace", "inverse-gaussian", "uniform"])
@pytest.mark.parametrize("sd", [0.01, 0.7, 4.0])
def test_mean_and_sd_are_kept(family, sd):
    marginal = resolve({"dist": family, "mean": 5, "sd": sd})
    assert marginal.mean == pytest.approx(5, rel=1e-12)
    assert math.sqrt(marginal.variance) == pytest.approx(sd, rel=1e-10)


def test_infinite_moments_are_not_numbers():
    assert math.isnan(resolve({"dist": "pareto", "alpha": 2, "min": 1}).variance)
    assert resolve({"dist": "pareto", "alpha": 2, "min": 1}).mean == 2
    for spec in (
        {"dist": "pareto", "alpha": 1, "min": 1},
        {"dist": "cauchy", "loc": 0, "scale": 1},
        {"dist": "student-t", "dof": 1},
        {"dist": "loglogistic", "median": 1, "shape": 1},
    ):
        marginal = resolve(spec)
        assert math.isnan(marginal.mean)
        assert [note.severity for note in marginal.notes] == ["warning"]


def test_truncated_heavy_tail_has_moments_again():
    """E[X | X < b] of a Pareto with tail index 1 is log(b) b / (b - 1)."""
    cut = resolve({"dist": "pareto", "alpha": 1, "min": 1, "truncate": {"max": 50}})
    assert cut.mean == pytest.approx(math.log(50) * 50 / 49, rel=1e-12)
    assert cut.variance == pytest.approx(50 - cut.mean**2, rel=1e-11)


def test_metalog_passes_through_its_quantiles():
    spec = {"dist": "metalog", "p5": 1, "p25": 3, "p50": 4, "p75": 5.5, "p95": 9}
    assert quantiles(spec, 0.05, 0.25, 0.5, 0.75, 0.95) == pytest.approx([1, 3, 4, 5.5, 9], rel=1e-12)
    bounded = {"dist": "metalog", "p10": 0.2, "p50": 0.45, "p90": 0.6, "min": 0, "max": 1}
    assert quantiles(bounded, 0.1, 0.5, 0.9) == pytest.approx([0.2, 0.45, 0.6], rel=1e-12)
    assert resolve(bounded).support == (0, 1)
    above = {"dist": "metalog", "p10": -9, "p50": -5, "p90": -4, "max": 0}
    assert quantiles(above, 0.1, 0.5, 0.9) == pytest.approx([-9, -5, -4], rel=1e-12)


def test_metalog_of_two_quantiles_is_logistic_and_knows_its_special_cases():
    """Two terms are the logistic distribution; with a lower bound of 0 the loglogistic."""
    u = np.array([1e-9, 0.01, 0.3, 0.5, 0.99])
    logistic = resolve({"dist": "logistic", "p10": 2, "p90": 6})
    metalog = resolve({"dist": "metalog", "p10": 2, "p90": 6})
    assert metalog.quantile(u) == pytest.approx(logistic.quantile(u), rel=1e-12)
    assert (metalog.mean, metalog.variance) == pytest.approx((logistic.mean, logistic.variance), rel=1e-11)
    bounded = resolve({"dist": "metalog", "p10": 2, "p90": 6, "min": 0})
    loglogistic = resolve({"dist": "loglogistic", "p10": 2, "p90": 6})
    assert bounded.quantile(u) == pytest.approx(loglogistic.quantile(u), rel=1e-12)
    assert bounded.mean == pytest.approx(loglogistic.mean, rel=1e-10)


def test_metalog_of_fewer_terms_says_how_far_it_passes():
    spec = {"dist": "metalog", "p10": 1, "p30": 2.5, "p50": 3, "p70": 4, "p90": 9, "terms": 3}
    marginal = resolve(spec)
    assert [note.severity for note in marginal.notes] == ["note"]
    assert marginal.parameters["terms"] == 3


def test_triangular_from_percentiles_and_mode_is_not_from_limits():
    triangular = resolve({"dist": "triangular", "p10": 3, "mode": 5, "p90": 11})
    assert triangular.quantile(np.array([0.1, 0.9])) == pytest.approx([3, 11], rel=1e-10)
    assert triangular.parameters["mode"] == pytest.approx(5, rel=1e-12)
    assert triangular.parameters["min"] < 3 and triangular.parameters["max"] > 11


def test_three_percentiles_move_a_lognormal():
    marginal = resolve({"dist": "lognormal", "p10": 12, "p50": 20, "p90": 45})
    assert marginal.quantile(np.array([0.1, 0.5, 0.9])) == pytest.approx([12, 20, 45], rel=1e-12)
    sigma = math.log(25 / 8) / float(standard_normal().quantile(0.9))
    assert marginal.parameters["sigma"] == pytest.approx(sigma, rel=1e-12)
    assert marginal.parameters["offset"] == pytest.approx(20 - 8 * 25 / 17, rel=1e-12)
    plain = resolve({"dist": "lognormal", "p10": 10, "p50": 20, "p90": 40})
    assert "offset" not in plain.parameters


def test_smoothed_data_keeps_mean_and_widens_by_the_kernel():
    values = [3.0, 1.0, 4.0, 1.5, 5.0, 9.2]
    marginal = resolve({"dist": "empirical", "values": values, "method": "smoothed", "bandwidth": 0.5})
    assert marginal.mean == pytest.approx(np.mean(values), rel=1e-9)
    assert marginal.variance == pytest.approx(np.var(values) + 0.25, rel=1e-3)
    x = np.array([0.0, 2.0, 4.5, 10.0])
    normal = [resolve({"dist": "normal", "mean": v, "sd": 0.5}).cdf(x) for v in values]
    assert marginal.cdf(x) == pytest.approx(np.mean(normal, axis=0), abs=2e-4)


def test_smoothing_much_data_collects_it_in_bins():
    values = np.random.default_rng(4).gamma(3.0, 2.0, 20_000)
    marginal = resolve({"dist": "empirical", "values": values.tolist(), "method": "smoothed"})
    assert marginal.mean == pytest.approx(values.mean(), rel=1e-6)
    assert marginal.quantile(np.array([0.1, 0.5, 0.9])) == pytest.approx(np.quantile(values, [0.1, 0.5, 0.9]), rel=0.02)


def test_linear_data_is_the_usual_interpolation():
    values = [3.0, 1.0, 4.0, 1.5, 5.0]
    u = np.linspace(0.01, 0.99, 50)
    marginal = resolve({"dist": "empirical", "values": values, "method": "linear"})
    assert marginal.quantile(u) == pytest.approx(np.quantile(values, u), rel=1e-14)


def test_steps_draw_the_data_themselves():
    marginal = resolve({"dist": "empirical", "values": [3, 1, 1, 7]})
    assert marginal.quantile(np.array([0.1, 0.49, 0.51, 0.74, 0.76])).tolist() == [1, 1, 3, 3, 7]
    assert (marginal.mean, marginal.variance) == (3, 6)


@pytest.mark.parametrize(
    ("spec", "x", "tail"),
    [
        ({"dist": "gamma", "shape": 0.3, "scale": 1}, "30", lambda x: mp.gammainc(0.3, x, mp.inf, regularized=True)),
        ({"dist": "gamma", "shape": 2, "scale": 1}, "1e-7", lambda x: mp.gammainc(2, 0, x, regularized=True)),
        ({"dist": "beta", "alpha": 2, "beta": 5}, "1e-6", lambda x: mp.betainc(2, 5, 0, x, regularized=True)),
        ({"dist": "normal", "mean": 0, "sd": 1}, "-7.5", mp.ncdf),
        ({"dist": "lognormal", "mu": 0, "sigma": 2}, "1e-5", lambda x: mp.ncdf(mp.log(x) / 2)),
        (
            {"dist": "student-t", "dof": 3},
            "-500",
            lambda x: mp.betainc(1.5, 0.5, 0, 3 / (3 + x * x), regularized=True) / 2,
        ),
        (
            {"dist": "inverse-gaussian", "mean": 1, "shape": 2},
            "0.04",
            lambda x: mp.ncdf(mp.sqrt(2 / x) * (x - 1)) + mp.exp(4) * mp.ncdf(-mp.sqrt(2 / x) * (x + 1)),
        ),
        (
            {"dist": "inverse-gaussian", "mean": 1, "shape": 2},
            "25",
            lambda x: mp.ncdf(-mp.sqrt(2 / x) * (x - 1)) - mp.exp(4) * mp.ncdf(-mp.sqrt(2 / x) * (x + 1)),
        ),
        ({"dist": "gumbel", "loc": 0, "scale": 1}, "35", lambda x: -mp.expm1(-mp.exp(-x))),
        ({"dist": "loglogistic", "median": 1, "shape": 2}, "1e-7", lambda x: 1 / (1 + mp.mpf(x) ** -2)),
    ],
    ids=lambda value: value["dist"] if isinstance(value, dict) else "",
)
def test_tails_to_40_digits(spec, x, tail):
    with mp.workdps(40):
        exact = float(tail(mp.mpf(x)))
    marginal, at = resolve(spec), np.array([float(x)])
    lower = float(x) < marginal.quantile(0.5)
    probability = marginal.cdf(at) if lower else marginal.sf(at)
    assert probability[0] == pytest.approx(exact, rel=2e-13)
    back = marginal.low(probability) if lower else marginal.high(probability)
    assert back[0] == pytest.approx(float(x), rel=1e-12)


@pytest.mark.parametrize("dof", [1.0, 3.0, 30.0])
def test_scale_of_a_t_copula(dof):
    """A standard normal times the scale is Student-t: E[scale**2] is dof / (dof - 2), and tails invert."""
    scale = student_scale(dof)
    q = np.array([0.5, 0.1, 1e-6, 2.0**-54])
    assert scale.cdf(scale.low(q)) == pytest.approx(q, rel=1e-11)
    assert scale.sf(scale.high(q)) == pytest.approx(q, rel=1e-11)
    if dof > 2:
        assert scale.variance + scale.mean**2 == pytest.approx(dof / (dof - 2), rel=1e-12)
    t, z = resolve({"dist": "student-t", "dof": dof}), resolve({"dist": "normal", "mean": 0, "sd": 1})
    u = (np.arange(4000) + 0.5) / 4000
    beyond = float(np.mean(z.sf(2.0 / scale.quantile(u))))
    assert beyond == pytest.approx(float(t.sf(np.array(2.0))), abs=2e-4)


def test_standard_distributions():
    assert standard_normal().digest_key == resolve({"dist": "normal", "mean": 0, "sd": 1}).digest_key
    assert standard_uniform().digest_key == resolve({"dist": "uniform", "min": 0, "max": 1}).digest_key
