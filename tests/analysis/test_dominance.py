"""Dominance by bins equals what sorting all values gives, whatever the distributions look like."""

from __future__ import annotations

import math

import numpy as np
import pytest
from comparisons import areas, comparison_of, number, scenario_of
from scipy import integrate, stats

from simengine.deal.expand import expand
from simengine.engine.run import draw
from simengine.plan.compile import build_plan

SHAPES = {
    "equal in distribution": ('dist = "lognormal", mu = 1, sigma = 0.5', 'dist = "lognormal", mu = 1, sigma = 0.5'),
    "heavy tails": ('dist = "pareto", alpha = 0.8, min = 1', 'dist = "pareto", alpha = 1.1, min = 1.2'),
    "counts": ('dist = "poisson", mean = 3', 'dist = "binomial", n = 6, p = 0.5'),
    "apart": ('dist = "uniform", min = 0, max = 1', 'dist = "uniform", min = 2, max = 3'),
    "far from 0": ('dist = "normal", mean = 1e9, sd = 0.01', 'dist = "normal", mean = 1e9, sd = 0.02'),
    "an atom": ('dist = "uniform", min = -1, max = 1', 'dist = "triangular", min = -1, mode = 0, max = 1'),
}  # fmt: skip


@pytest.mark.parametrize("trials", [1, 10, 999, 40_001])
@pytest.mark.parametrize("shape", SHAPES)
def test_bins_give_what_sorting_gives(shape, trials):
    one, other = SHAPES[shape]
    formula = "max({}, 0)" if shape == "an atom" else "{}"
    text = f"""
    [inputs]
    x = {{ {one} }}
    y = {{ {other} }}
    [model]
    T = "{formula.format("x")}"
    [strategies.A]
    [strategies.B]
    model.T = "{formula.format("y")}"
    """
    found = comparison_of(text, trials=trials, seed=3, sampler="random")
    a, b = draw(build_plan(expand(scenario_of(text))), 3, 0, trials)
    area, above, highest, lowest = areas(a, b)
    if area == 0.0:
        assert math.isnan(number(found, "dominance_ratio", "A", "B")[0])
        return
    assert number(found, "dominance_ratio", "A", "B")[0] == pytest.approx(above / area, abs=1e-7)
    assert number(found, "dominance_ratio", "B", "A")[0] == pytest.approx(1 - above / area, abs=1e-7)
    record = found.record
    assert record["first_order"][0, 1, 0] == (above == 0.0) and record["first_order"][1, 0, 0] == (above == area)
    assert record["second_order"][0, 1, 0] == (highest <= 1e-12 * area)
    assert record["second_order"][1, 0, 0] == (-lowest <= 1e-12 * area)
    for place in ((0, 1, 0), (1, 0, 0)):
        assert record["second_order_ratio"][place] <= record["dominance_ratio"][place] + 1e-12


def test_ratios_of_normal_distributions_and_their_errors():
    """N(1, 1) over N(0, 2): the curves cross at z = 2, where the better one has more mass in between."""
    text = """
    [inputs]
    x = { dist = "normal", mean = 1, sd = 1 }
    y = { dist = "normal", mean = 0, sd = 2 }
    [model]
    T = "x"
    [strategies.A]
    [strategies.B]
    model.T = "y"
    """
    one, other = stats.norm(1, 1), stats.norm(0, 2)
    lead = lambda z: one.cdf(z) - other.cdf(z)  # noqa: E731
    above = integrate.quad(lead, 2, 30)[0]
    expected = above / (above - integrate.quad(lead, -30, 2)[0])
    ratios = []
    for seed in range(60):
        ratio, se = number(comparison_of(text, trials=8000, seed=seed), "dominance_ratio", "A", "B")
        ratios.append((ratio - expected) / se)
    assert np.mean(np.abs(ratios) <= 1.96) >= 0.85  # 95 % within 3.5 binomial errors
    assert np.mean(np.abs(ratios) <= 0.98) <= 0.88  # errors twice too large would be caught
    found = comparison_of(text, trials=200_000, seed=1)
    ratio, se = number(found, "dominance_ratio", "A", "B")
    assert ratio == pytest.approx(expected, abs=4 * se) and se < 0.01
    assert found.record["second_order"][0, 1, 0]  # the higher mean and the lower spread
