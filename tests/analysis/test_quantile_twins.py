"""Strategies equal in distribution on draws of their own: percentiles of stratified points are not taken as certain."""

from __future__ import annotations

import numpy as np
import pytest
from comparisons import comparison_of

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import quantile_of
from simengine.sampling.design import Design

TWINS = """
[inputs]
one = { dist = "normal", mean = 100, sd = 30 }
two = { dist = "normal", mean = 100, sd = 30 }
[model]
T = "one"
[strategies.A]
[strategies.B]
model.T = "two"
"""
SEEDS = 30


@pytest.mark.parametrize("sampler", ["sobol", "lhs"])
def test_percentiles_of_twins_have_errors_and_are_rarely_told_apart(sampler):
    """P25 and P50 lie between whole numbers of points of every replicate; errors of 0 flagged all of these seeds."""
    flagged = 0
    for seed in range(SEEDS):
        record = comparison_of(TWINS, seed=seed, sampler=sampler, trials=8192, percentiles=(25.0,)).record
        difference, error = (record[name][0, 1, 0] for name in ("quantiles_difference", "quantiles_difference_se"))
        assert (error > 0.0).all()
        flagged += int((abs(difference) > 1.96 * error).sum())
    assert flagged <= 0.1 * SEEDS * difference.size


def test_errors_of_a_stratified_median_are_those_of_rounding():
    """One uniform point in every stratum of 32 replicates: the pooled median is off by about a trial in all."""
    generator = np.random.default_rng(5)
    batches = Batches.of(Design.of("lhs", 32 * 256))
    assert batches.count == 32
    gaps, errors = [], []
    for _ in range(200):
        values = np.concatenate([(generator.permutation(256) + generator.random(256)) / 256 for _ in range(32)])
        found = quantile_of(values, 0.5, batches)
        gaps.append(abs(float(found.value) - 0.5))
        errors.append(float(found.error(batches)))
    assert np.mean(np.array(gaps) <= 1.96 * np.array(errors)) >= 0.93
    assert 0.5 < np.mean(errors) * 32 * 256 < 6.0  # trials
