"""Strategies that are equal in distribution, on different draws, are flagged as different in 5 % of cases, no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from comparisons import scenario_of

from simengine.analysis.compare.gather import gather
from simengine.analysis.compare.measure import measure
from simengine.analysis.compare.question import Question

Z95 = 1.959963984540054
TWINS = """
[inputs]
one = { dist = "lognormal", median = 100, sigma = 0.6 }
two = { dist = "lognormal", median = 100, sigma = 0.6 }
shared = { dist = "normal", mean = 0, sd = 20 }
[model]
T = "one + shared"
[strategies.A]
[strategies.B]
model.T = "two + shared"
"""
NUMBERS = {
    "mean": lambda pairs: pairs["mean_difference"],
    "P10": lambda pairs: pairs["quantiles_difference"],
    "P90": lambda pairs: pairs["quantiles_difference"],
    "CVaR": lambda pairs: pairs["cvar_difference"],
    "beats": lambda pairs: pairs["prob_beats"],
    "certain worth": lambda pairs: pairs["ce_exponential_difference"],
}
LAST = {"P10": (0,), "P90": (2,), "CVaR": (0,)}
HALF = {"beats": 0.5}


def ratios(repeats: int, trials: int, sampler: str = "random") -> dict[str, np.ndarray]:
    """Differences over their standard errors, of each repeat."""
    gathered = gather([scenario_of(TWINS)], Question(sampler=sampler, trials=trials))
    question = Question(threads=1, risk_tolerance=60.0)
    found: dict[str, list[float]] = {name: [] for name in NUMBERS}
    for seed in range(repeats):
        (outcome,) = measure(replace(gathered, seed=seed), question).outcomes
        for name, read in NUMBERS.items():
            place = (0, 1, *LAST.get(name, ()))
            estimates = read(outcome.pairs)
            found[name].append((estimates.value[place] - HALF.get(name, 0.0)) / estimates.se[place])
    return {name: np.abs(values) for name, values in found.items()}


@pytest.mark.slow
def test_equal_strategies_are_flagged_in_five_percent_of_cases():
    """2,000 repeats, 5 +- 1 %; errors a tenth too small would flag about 8 %, and are caught."""
    for name, ratio in ratios(2000, 4096).items():
        flagged, planted = float((ratio > Z95).mean()), float((ratio > 0.9 * Z95).mean())
        assert 0.04 <= flagged <= 0.06, (name, flagged)
        assert planted > 0.06, (name, planted)


def test_equal_strategies_are_rarely_flagged():
    """200 repeats, 5 % within 3.5 binomial errors; errors halved would flag a third of them."""
    for name, ratio in ratios(200, 2048).items():
        assert float((ratio > Z95).mean()) <= 0.105, name
        assert float((ratio > 0.5 * Z95).mean()) > 0.2, name


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic"])
def test_so_are_they_with_other_samplers(sampler):
    """500 repeats: at most 5 % and 3.5 binomial errors."""
    for name, ratio in ratios(500, 8192, sampler).items():
        assert float((ratio > Z95).mean()) <= 0.085, name
