"""Shift, scale, truncation and mixtures, against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from family_cases import FAMILY_CASES
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.distributions import resolve
from simengine.distributions.families.mixture import mix
from simengine.distributions.transform import affine, truncate
from simengine.errors import InvalidInput

Q = np.array([2.0**-54, 1e-12, 1e-6, 0.01, 0.2, 0.4, 0.5])
SMOOTH = [
    {"dist": "normal", "mean": 0, "sd": 1},
    {"dist": "lognormal", "mu": 1, "sigma": 2},
    {"dist": "pert", "min": -1, "mode": 2, "max": 3},
    {"dist": "gamma", "shape": 0.3, "scale": 2},
    {"dist": "student-t", "dof": 2},
    {"dist": "triangular", "min": 0, "mode": 1, "max": 4},
    {"dist": "metalog", "p10": 1, "p50": 2, "p90": 5},
]
VARIABLE = [pytest.param(spec, id=name) for name, spec in FAMILY_CASES if resolve(spec).constant is None]


@pytest.mark.parametrize("spec", VARIABLE)
def test_truncation_is_conditioning(spec):
    """P(X < x | a <= X <= b), in the middle half of every distribution."""
    whole = resolve(spec)
    low, high = whole.quantile(np.array([0.25, 0.75])).tolist()
    if low == high:
        return
    cut = truncate(whole, low, high)
    below_low = float(whole.cdf(np.nextafter(np.array(low), -np.inf)))
    mass = float(whole.cdf(np.array(high))) - below_low
    x = np.linspace(low, high, 41)
    rounding = 4 * np.spacing(max(abs(low), abs(high))) / (high - low)
    assert cut.cdf(x) == pytest.approx((whole.cdf(x) - below_low) / mass, abs=1e-12 / mass + rounding)
    assert cut.sf(x) == pytest.approx(1 - cut.cdf(x), abs=2e-11)
    values = np.concatenate((cut.low(Q), cut.high(Q)))
    assert np.all((values >= low) & (values <= high))
    assert cut.support[0] >= low and cut.support[1] <= high
    assert low <= cut.mean <= high and cut.variance >= 0


@pytest.mark.parametrize("spec", SMOOTH, ids=lambda spec: spec["dist"])
@settings(max_examples=25, deadline=None)
@given(ends=st.tuples(st.floats(1e-9, 1 - 1e-9), st.floats(1e-9, 1 - 1e-9)))
def test_truncated_quantiles_invert_anywhere(spec, ends):
    whole = resolve(spec)
    low, high = sorted(whole.quantile(np.array(ends)).tolist())
    if float(whole.cdf(np.array(high)) - whole.cdf(np.array(low))) < 1e-4:
        return
    cut = truncate(whole, low, high)
    assert np.max(np.abs(cut.cdf(cut.low(Q)) - Q)) < 2e-12
    assert np.max(np.abs(cut.sf(cut.high(Q)) - Q)) < 2e-12


def test_truncation_keeps_the_tail_that_is_not_cut():
    """Cutting the left of a normal leaves the right tail exact to the smallest probabilities."""
    whole, cut = resolve(SMOOTH[0]), resolve({**SMOOTH[0], "truncate": {"min": -1}})
    mass = float(whole.sf(np.array(-1.0)))
    assert cut.high(Q) == pytest.approx(whole.high(Q * mass), rel=1e-14)
    far = resolve({**SMOOTH[0], "truncate": {"min": 6}})
    assert far.high(Q) == pytest.approx(whole.high(Q * float(whole.sf(np.array(6.0)))), rel=1e-14)


def test_truncation_is_not_clipping():
    cut = resolve({"dist": "normal", "mean": 0, "sd": 1, "truncate": {"min": 0}})
    assert cut.mean == pytest.approx(math.sqrt(2 / math.pi), rel=1e-12)
    assert cut.variance == pytest.approx(1 - 2 / math.pi, rel=1e-11)
    assert float(cut.cdf(np.array(1e-9))) < 1e-8


def test_truncated_counts_keep_both_limits():
    cut = resolve({"dist": "poisson", "mean": 4, "truncate": {"min": 1, "max": 3}})
    weights = np.array([4, 8, 32 / 3])
    assert cut.pieces.values.tolist() == [1, 2, 3]
    assert np.diff([*cut.pieces.starts, 1]) == pytest.approx(weights / weights.sum(), rel=1e-12)


def test_truncation_comes_last():
    spec = {"dist": "uniform", "min": 0, "max": 1, "shift": 5, "scale": 10, "truncate": {"max": 10}}
    assert resolve(spec).support == (5, 10)
    assert resolve(spec).mean == pytest.approx(7.5, rel=1e-14)


@pytest.mark.parametrize("spec", VARIABLE)
def test_shift_and_scale(spec):
    base = resolve(spec)
    if base.positive_tail:
        scaled = affine(base, scale=8.0)
        assert scaled.positive_tail and scaled.log_low(Q) == pytest.approx(base.log_low(Q) + math.log(8), rel=1e-12)
        return
    moved = affine(base, -3.0, 8.0)
    assert moved.low(Q) == pytest.approx(-3 + 8 * base.low(Q), rel=1e-15)
    assert moved.high(Q) == pytest.approx(-3 + 8 * base.high(Q), rel=1e-15)
    x = base.quantile(np.array([0.1, 0.5, 0.8]))
    assert moved.cdf(-3 + 8 * x) == pytest.approx(base.cdf(x), abs=1e-9)
    if not math.isnan(base.mean):
        assert moved.mean == pytest.approx(-3 + 8 * base.mean, rel=1e-12)
    if not math.isnan(base.variance):
        assert moved.variance == pytest.approx(64 * base.variance, rel=1e-12)
    assert moved.digest_key != base.digest_key


@pytest.mark.parametrize("first", SMOOTH, ids=lambda spec: spec["dist"])
@pytest.mark.parametrize(
    "second",
    [
        {"dist": "normal", "mean": 30, "sd": 0.5},
        {"dist": "constant", "value": 1.25},
        {"dist": "poisson", "mean": 2},
        {"dist": "uniform", "min": -2, "max": 9},
        {"dist": "empirical", "values": [0.5, 1.5, 4.0], "method": "linear"},
    ],
    ids=lambda spec: spec["dist"],
)
def test_a_mixture_is_the_weighted_sum(first, second):
    parts = [(0.7, resolve(first)), (0.3, resolve(second))]
    mixed = mix(parts)
    x = np.linspace(-5, 40, 181)
    accurate = 1e-14 if mixed.pieces is None else 1e-8
    assert mixed.cdf(x) == pytest.approx(sum(w * part.cdf(x) for w, part in parts), abs=accurate)
    assert mixed.sf(x) == pytest.approx(sum(w * part.sf(x) for w, part in parts), abs=accurate)
    slack = 1e-11 * Q + (2.0**-52 if mixed.pieces is not None or mixed.parts else 0.0)
    ulp = 8 * np.spacing(np.abs(mixed.low(Q)))
    assert np.all(mixed.cdf(mixed.low(Q) + ulp) >= Q - slack)
    assert np.all(mixed.cdf(mixed.low(Q) - ulp) <= Q + slack)
    ulp = 8 * np.spacing(np.abs(mixed.high(Q)))
    assert np.all(mixed.sf(mixed.high(Q) - ulp) >= Q - slack)
    assert np.all(mixed.sf(mixed.high(Q) + ulp) <= Q + slack)
    mean = sum(w * part.mean for w, part in parts)
    assert mixed.mean == pytest.approx(mean, rel=1e-12)


def test_atoms_of_a_mixture_are_exact():
    """Every draw that falls on the atom has its value to the last bit."""
    parts = [(0.5, resolve({"dist": "constant", "value": 0.1})), (0.5, resolve({"dist": "normal", "mean": 0, "sd": 1}))]
    mixed = mix(parts)
    begin = 0.5 * float(parts[1][1].cdf(np.array(0.1)))
    u = np.linspace(begin + 1e-9, begin + 0.5 - 1e-9, 1000)
    assert np.all(mixed.quantile(u) == 0.1)
    assert mixed.kinks == pytest.approx((begin, begin + 0.5), rel=1e-14)


def test_mixtures_of_exact_distributions_are_exact():
    parts = [(0.25, resolve({"dist": "poisson", "mean": 2})), (0.75, resolve({"dist": "discrete", "values": [1, 2.5]}))]
    mixed = mix(parts)
    assert mixed.discrete
    x = mixed.pieces.values
    assert np.append(mixed.pieces.starts[1:], 1.0) == pytest.approx(sum(w * p.cdf(x) for w, p in parts), abs=1e-15)
    lines = mix([parts[0], (0.75, resolve({"dist": "empirical", "values": [0, 3, 4], "method": "linear"}))])
    assert lines.pieces is not None and not lines.discrete
    assert lines.cdf(np.array([1.5])) == pytest.approx(0.25 * parts[0][1].cdf(np.array([1.5])) + 0.75 * 0.25)


def test_fine_data_mixed_with_a_curve_becomes_lines():
    data = np.random.default_rng(2).normal(size=3000)
    parts = [(0.5, resolve({"dist": "empirical", "values": data.tolist()})), (0.5, resolve(SMOOTH[2]))]
    mixed = mix(parts)
    assert mixed.pieces is not None
    x = np.linspace(-2, 3, 100)
    assert mixed.cdf(x) == pytest.approx(sum(w * part.cdf(x) for w, part in parts), abs=1e-7)


def test_components_that_do_not_overlap_keep_their_tails():
    mixed = resolve(
        {
            "dist": "mixture",
            "components": [
                {"weight": 0.65, "dist": "constant", "value": 0},
                {"weight": 0.35, "dist": "lognormal", "mu": 1, "sigma": 0.8},
            ],
        }
    )
    lognormal = resolve({"dist": "lognormal", "mu": 1, "sigma": 0.8})
    assert [part.start for part in mixed.parts] == [0, 0.65]
    assert mixed.high(Q[:4]) == pytest.approx(lognormal.high(Q[:4] / 0.35), rel=1e-13)
    assert np.all(mixed.low(Q) == 0)


@pytest.mark.parametrize("limits", [(0.5, 3.0), (-1.0, 2.0), (-math.inf, 5.5), (5.2, math.inf)])
def test_components_that_do_not_overlap_are_cut_one_by_one(limits):
    components = [
        {"weight": 0.2, "dist": "constant", "value": 0},
        {"weight": 0.3, "dist": "uniform", "min": 0, "max": 1},
        {"weight": 0.5, "dist": "pert", "min": 5, "mode": 6, "max": 9},
    ]
    whole = resolve({"dist": "mixture", "components": components})
    cut = truncate(whole, *limits)
    x = np.linspace(max(limits[0], -1), min(limits[1], 10), 50)
    below = float(whole.cdf(np.nextafter(np.array(limits[0]), -np.inf))) if limits[0] > -math.inf else 0.0
    mass = 1 - below - (float(whole.sf(np.array(limits[1]))) if limits[1] < math.inf else 0.0)
    assert cut.cdf(x) == pytest.approx((whole.cdf(x) - below) / mass, abs=1e-14)
    assert cut.quantile(cut.cdf(x[20:30])) == pytest.approx(np.clip(x[20:30], *cut.support), abs=3)
    moved = affine(cut, 10.0, 2.0)
    assert moved.low(Q) == pytest.approx(10 + 2 * cut.low(Q), rel=1e-14)
    for part, before in zip(moved.parts, cut.parts, strict=True):
        assert part.marginal.low(Q) == pytest.approx(10 + 2 * before.marginal.low(Q), rel=1e-14)


def two_peaks(distance):
    components = [{"weight": w, "dist": "normal", "mean": m, "sd": 1} for w, m in ((0.3, 0), (0.7, distance))]
    return resolve({"dist": "mixture", "components": components})


def test_mixtures_are_cut_in_the_valleys_between_peaks():
    assert not two_peaks(2).parts and not two_peaks(2).kinks
    cut = two_peaks(12)
    assert [part.start for part in cut.parts] == pytest.approx([0, 0.3], abs=1e-9)
    assert cut.kinks == pytest.approx((0.3,), abs=1e-9)
    far = two_peaks(100)  # no draw falls between: each component keeps its own quantile function
    assert [(part.start, part.marginal.family) for part in far.parts] == [(0, "normal"), (0.3, "normal")]
    assert far.support == (-math.inf, math.inf)


@pytest.mark.parametrize("distance", [5, 8, 12, 100])
def test_stretches_of_a_cut_mixture_make_up_the_whole(distance):
    cut = two_peaks(distance)
    normals = [
        (0.3, resolve({"dist": "normal", "mean": 0, "sd": 1})),
        (0.7, resolve({"dist": "normal", "mean": distance, "sd": 1})),
    ]
    u = np.linspace(0.001, 0.999, 999)
    x = cut.quantile(u)
    assert sum(w * part.cdf(x) for w, part in normals) == pytest.approx(u, abs=1e-14)
    starts = [part.start for part in cut.parts] + [1.0]
    for part, start, end in zip(cut.parts, starts, starts[1:], strict=False):
        share = np.linspace(0.01, 0.99, 50)
        assert part.marginal.quantile(share) == pytest.approx(cut.quantile(start + (end - start) * share), rel=1e-9)


def test_rows_of_rows_become_one_row():
    inner = [{"weight": 0.5, "dist": "constant", "value": 0}, {"weight": 0.5, "dist": "1 to 5"}]
    outer = [{"weight": 0.4, "dist": "mixture", "components": inner}, {"weight": 0.6, "dist": "constant", "value": -1}]
    marginal = resolve({"dist": "mixture", "components": outer})
    assert [part.start for part in marginal.parts] == pytest.approx([0, 0.6, 0.8])
    assert [part.marginal.constant for part in marginal.parts] == [-1, 0, None]


def test_nothing_is_left_of_a_truncation_below_the_limit():
    with pytest.raises(InvalidInput, match="at least 1e-12"):
        truncate(resolve(SMOOTH[0]), 7.1)
    assert truncate(resolve(SMOOTH[0]), 7.0).support == (7.0, math.inf)
