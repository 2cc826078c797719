"""Whatever stands in a specification: either a distribution that keeps its promises, or an error of the user."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simengine.distributions import FAMILIES, resolve
from simengine.errors import InvalidInput

NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10, 10),
    st.floats(0, 1),
    st.integers(-(2**70), 2**70),
    st.integers(-3, 50),
    st.sampled_from([0, 1, 1e-8, 1e8, 1e-300, 1e300, 5e-324, 0.5]),
)
TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from(["1 to 2", "1,5", "80%", "steps", "linear", "smoothed", "utf-8"])
)
SIMPLE = st.one_of(NUMBERS, NUMBERS, NUMBERS, TEXTS, st.booleans(), st.none())
LIMITS = st.dictionaries(st.sampled_from(["min", "max"]), NUMBERS, max_size=2)
RARE = st.one_of(st.lists(SIMPLE, max_size=5), LIMITS)
PERCENTILES = ["p10", "p50", "p90", "p5", "p99.9", "median"]
KEYS = st.one_of(TEXTS, st.sampled_from(["dist", *PERCENTILES, "mean", "sd", "truncate"]))
TREES = st.recursive(
    SIMPLE, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)), max_leaves=8
)


@st.composite
def specifications(draw, depth=1):
    family = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
    form = draw(st.sampled_from(family.forms))
    spec = {"dist": family.name}
    for parameter in form.parameters:
        if draw(st.booleans()) or parameter.required:
            spec[parameter.name] = draw(_value(parameter.kind, depth))
    if form.percentiles:
        chosen = draw(st.lists(st.sampled_from(PERCENTILES), unique=True, max_size=form.percentiles[1]))
        values = sorted(draw(st.lists(st.floats(-5, 1e4), min_size=len(chosen), max_size=len(chosen))))
        spec |= dict(zip(sorted(chosen, key=lambda k: 50 if k == "median" else float(k[1:])), values, strict=True))
    for key in draw(st.lists(st.sampled_from(["shift", "scale", "truncate", *family.keys, "p50"]), max_size=2)):
        spec[key] = draw(LIMITS if key == "truncate" else SIMPLE)
    return spec


def _value(kind, depth):
    if kind in ("number", "integer"):
        return st.one_of(NUMBERS, NUMBERS, NUMBERS, SIMPLE)
    if kind == "numbers":
        return st.one_of(st.lists(NUMBERS, max_size=6), st.lists(st.floats(0, 1), max_size=6), SIMPLE)
    if kind == "distribution" and depth:
        return st.one_of(NUMBERS, st.floats(0, 30), specifications(depth=depth - 1))
    if kind == "list" and depth:
        component = specifications(depth=depth - 1).map(lambda spec: {"weight": 0.5, **spec})
        return st.lists(component, min_size=1, max_size=3)
    return st.one_of(SIMPLE, RARE)


def check(spec):
    """Resolve within the rules, and if that succeeds look at what came out."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            marginal = resolve(spec)
        except InvalidInput as refused:
            assert refused.problems and all(problem.reason for problem in refused.problems)
            return
        json.dumps(marginal.digest_key, allow_nan=False)
        q = np.array([2.0**-54, 1e-9, 0.1, 0.5])
        low, high = marginal.low(q), marginal.high(q)
    assert not np.any(np.isnan(low)) and not np.any(np.isnan(high))
    if marginal.positive_tail:
        assert np.all(np.isfinite(marginal.log_low(q))) and np.all(np.isfinite(marginal.log_high(q)))
    else:
        assert np.all(np.isfinite(low)) and np.all(np.isfinite(high))
        noise = 1e-9 * max(1e-300, np.abs(low).max(), np.abs(high).max())
        assert np.all(np.diff(low) >= -noise) and np.all(np.diff(high) <= noise)
        if not math.isnan(marginal.mean) and marginal.constant is None:
            assert low[0] - noise <= marginal.mean <= high[0] + noise
    assert marginal.variance >= 0 or math.isnan(marginal.variance)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specifications())
def test_specifications_of_families(spec):
    check(spec)


@settings(max_examples=50, deadline=None)
@given(TREES)
def test_anything(spec):
    check(spec)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_any_text(text):
    check(text)
