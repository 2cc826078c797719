"""Fitting from percentiles: what is fitted has the percentiles, and a known distribution is found again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simengine.distributions import resolve
from simengine.errors import InvalidInput

EVERYWHERE = ("normal", "uniform", "logistic", "gumbel", "laplace", "cauchy", "metalog")
POSITIVE = ("lognormal", "gamma", "weibull", "pareto", "loglogistic", "inverse-gaussian")
LEVELS = st.sampled_from([(10, 90), (5, 95), (25, 75), (1, 50), (50, 99), (0.1, 99.9), (30, 40), (5, 50)])


def levels_of(spec):
    return {key: float(key[1:]) / 100 for key in spec if key[0] == "p" and key[1].isdigit()}


def assert_has_its_percentiles(spec, accurate=1e-7):
    marginal, levels = resolve(spec), levels_of(spec)
    if not levels:
        assert marginal.quantile(0.5) == pytest.approx(spec["median"], rel=accurate)
        return marginal
    values = np.array([spec[key] for key in levels])
    reached = marginal.quantile(np.array(list(levels.values())))
    spread = np.ptp(values) if values.size > 1 else values[0]
    assert np.max(np.abs(reached - values)) <= accurate * spread + 4 * np.max(np.spacing(np.abs(values)))
    return marginal


@pytest.mark.parametrize("family", EVERYWHERE)
@settings(max_examples=20, deadline=None)
@given(levels=LEVELS, low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6))
def test_two_percentiles_anywhere(family, levels, low, width):
    spec = {"dist": family, f"p{levels[0]:g}": low, f"p{levels[1]:g}": low + width}
    assert_has_its_percentiles(spec)


@pytest.mark.parametrize("family", POSITIVE)
@settings(max_examples=20, deadline=None)
@given(levels=LEVELS, low=st.floats(1e-3, 1e3), ratio=st.floats(1.05, 200))
def test_two_positive_percentiles(family, levels, low, ratio):
    spec = {"dist": family, f"p{levels[0]:g}": low, f"p{levels[1]:g}": low * ratio}
    try:
        assert_has_its_percentiles(spec)
    except InvalidInput as refused:
        assert family in ("gamma", "inverse-gaussian") and "range of accuracy" in str(refused)


@settings(max_examples=40, deadline=None)
@given(levels=LEVELS, low=st.floats(0.001, 0.99), share=st.floats(0.02, 0.98))
def test_beta_of_two_percentiles(levels, low, share):
    high = low + (1 - low) * share
    assume(high < 0.999)
    spec = {"dist": "beta", f"p{levels[0]:g}": low, f"p{levels[1]:g}": high}
    try:
        assert_has_its_percentiles(spec)
    except InvalidInput as refused:
        assert "shapes" in str(refused)


@pytest.mark.parametrize("family", ["triangular", "pert"])
@settings(max_examples=20, deadline=None)
@given(least=st.floats(-100, 100), width=st.floats(0.1, 1000), peak=st.floats(0, 1), levels=LEVELS)
def test_limits_are_found_again(family, least, width, peak, levels):
    """From percentiles and the mode, and from three percentiles."""
    limits = {"min": least, "mode": least + peak * width, "max": least + width}
    limits["mode"] = min(max(limits["mode"], limits["min"]), limits["max"])
    known = resolve({"dist": family, **limits})
    at = {f"p{level:g}": float(known.quantile(level / 100)) for level in levels}
    assume(len(set(at.values())) == 2)
    found = resolve({"dist": family, **at, "mode": limits["mode"]})
    for key, value in limits.items():
        assert found.parameters[key] == pytest.approx(value, abs=1e-4 * width)
    three = {f"p{level}": float(known.quantile(level / 100)) for level in (10, 50, 90)}
    again = assert_has_its_percentiles({"dist": family, **three})
    if 0.1 < peak < 0.9:  # a triangle whose mode lies beyond its P10 or P90 looks the same between them
        for key, value in limits.items():
            assert again.parameters[key] == pytest.approx(value, abs=1e-4 * width)


@pytest.mark.parametrize(
    "known",
    [
        {"dist": "gamma", "shape": 0.05, "scale": 3},
        {"dist": "gamma", "shape": 40, "scale": 0.1},
        {"dist": "weibull", "shape": 0.4, "scale": 3},
        {"dist": "beta", "alpha": 0.3, "beta": 0.4},
        {"dist": "beta", "alpha": 300, "beta": 20},
        {"dist": "beta", "alpha": 2, "beta": 5, "min": -4, "max": 12},
        {"dist": "inverse-gaussian", "mean": 3, "shape": 0.2},
        {"dist": "inverse-gaussian", "mean": 3, "shape": 900},
        {"dist": "student-t", "dof": 3, "loc": 4, "scale": 0.5},
        {"dist": "pareto", "alpha": 0.7, "min": 4},
    ],
    ids=lambda spec: f"{spec['dist']}",
)
@pytest.mark.parametrize("levels", [(10, 90), (5, 60), (40, 99)])
def test_a_known_distribution_is_found_again(known, levels):
    marginal = resolve(known)
    fixed = {key: known[key] for key in ("dist", "min", "max", "dof") if key in known and known["dist"] != "pareto"}
    spec = {"dist": known["dist"], **fixed, **{f"p{level}": float(marginal.quantile(level / 100)) for level in levels}}
    found = assert_has_its_percentiles(spec, 1e-8)
    for name, value in marginal.parameters.items():
        assert found.parameters[name] == pytest.approx(value, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(low=st.floats(-50, 50), first=st.floats(0.1, 10), lean=st.floats(1.01, 20))
def test_three_percentiles_of_a_moved_lognormal(low, first, lean):
    spec = {"dist": "lognormal", "p10": low, "p50": low + first, "p90": low + first + first * lean}
    marginal = assert_has_its_percentiles(spec, 1e-9)
    assert marginal.support[0] < low


@pytest.mark.parametrize("spec", [
    {"dist": "exponential", "median": 3},
    {"dist": "exponential", "p90": 3},
    {"dist": "pareto", "min": 2, "p90": 30},
    {"dist": "student-t", "dof": 3, "p5": -2, "p95": 5},
    {"dist": "pert", "p10": 1, "mode": 2, "p90": 9, "shape": 6},
])  # fmt: skip
def test_forms_with_one_percentile_or_something_fixed(spec):
    assert_has_its_percentiles(spec)


def test_median_is_the_50th_percentile():
    by_name = resolve({"dist": "gamma", "median": 3, "p90": 9})
    assert by_name.digest_key == resolve({"dist": "gamma", "p50": 3, "p90": 9}).digest_key
    assert by_name.quantile(0.5) == pytest.approx(3, rel=1e-9)


def test_three_percentiles_that_agree_are_accepted_and_a_rounded_one_is_noted():
    normal = resolve({"dist": "normal", "mean": 10, "sd": 2})
    exact = {f"p{level}": float(normal.quantile(level / 100)) for level in (10, 50, 90)}
    assert not resolve({"dist": "normal", **exact}).notes
    rounded = resolve({"dist": "normal", **exact, "p50": 10.004})
    assert [note.severity for note in rounded.notes] == ["note"]
    with pytest.raises(InvalidInput, match="p50 = 11: no normal distribution has all these percentiles"):
        resolve({"dist": "normal", **exact, "p50": 11})


def test_metalog_refuses_what_is_no_distribution_and_names_a_way_out():
    with pytest.raises(InvalidInput, match="no metalog passes through these quantiles") as refused:
        resolve({"dist": "metalog", "p10": 1, "p50": 1.05, "p90": 100})
    assert "terms = 2" in str(refused.value)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.05, 20), min_size=2, max_size=6))
def test_metalog_passes_through_or_is_refused(steps):
    levels = np.round(np.linspace(10, 90, len(steps)), 3)
    spec = {"dist": "metalog", **{f"p{level:g}": float(x) for level, x in zip(levels, np.cumsum(steps), strict=True)}}
    try:
        marginal = resolve(spec)
    except InvalidInput:
        return
    assert marginal.quantile(levels / 100) == pytest.approx(np.cumsum(steps), rel=1e-8)
    u = 1 / (1 + np.exp(-np.linspace(-37, 37, 2000)))
    q = np.minimum(u, 1 / (1 + np.exp(np.linspace(-37, 37, 2000))))
    x = np.where(u <= 0.5, marginal.low(q), marginal.high(q))
    assert np.all(np.diff(x) >= -1e-11 * np.ptp(x))
    assert math.isfinite(marginal.mean)
