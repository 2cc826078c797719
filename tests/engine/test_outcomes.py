"""Kept outcomes are those of the run, trial by trial; errors from batches hold what they promise."""

import numpy as np
import pytest
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.aggregate.batches import Batches
from simengine.engine.run import draw, run, run_and_keep
from simengine.errors import InvalidInput
from simengine.sampling.design import SAMPLERS, Design

TRIALS = 100_003


@pytest.fixture(scope="module")
def plan():
    return plan_of(REFERENCE_DEAL)


def test_keeping_changes_no_digit(plan):
    statistics, outcomes = run_and_keep(plan, trials=TRIALS, seed=3)
    assert statistics.summary_digest == run(plan, trials=TRIALS, seed=3).summary_digest
    values = outcomes.of(outcomes.index("base", "T"))
    assert np.array_equal(values, draw(plan, 3, 0, TRIALS)[0])
    (t,) = statistics.outcomes
    assert t.quantiles.tolist() == np.percentile(values, statistics.percentiles).tolist()
    assert np.array_equal(np.concatenate([strip[0] for _, strip in outcomes.strips()]), values)


def test_what_does_not_fit_is_refused_with_what_it_needs(plan):
    with pytest.raises(InvalidInput, match=r"which takes 1 MiB.*memory = 0 MiB|memory"):
        run_and_keep(plan, trials=TRIALS, seed=3, memory_budget=1000)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("trials", [1, 7, 5000, TRIALS])
def test_batches_cover_all_trials_once(sampler, trials):
    batches = Batches.of(Design.of(sampler, trials))
    assert batches.edges[0] == 0 and batches.edges[-1] == trials
    assert (batches.sizes >= 1).all()
    values = np.random.default_rng(1).normal(size=(2, trials))
    parts = batches.means(values)
    assert parts.shape == (batches.count, 2)
    assert batches.pooled(parts) == pytest.approx(values.mean(axis=-1), abs=1e-12)


def test_errors_from_batches_make_intervals_that_hold():
    """1,000 repeats, 95 % within 2.1 points: errors a tenth too small (92.2 %) would be caught."""
    batches = Batches.of(Design.of("random", 3200))
    generator = np.random.default_rng(11)
    parts = np.array([batches.means(generator.exponential(size=3200)) for _ in range(1000)])
    inside = np.array([abs(batches.pooled(p) - 1.0) <= 1.959964 * batches.error(p) for p in parts])
    assert 0.929 < inside.mean() < 0.971
