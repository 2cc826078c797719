"""Stress tests and reverse stress tests against closed forms; conditions as people write them."""

import math

import numpy as np
import pytest
from drivers_cases import record_of
from scipy import stats

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import quantile_of
from simengine.analysis.drivers.stress import POINTS, measure
from simengine.errors import InvalidInput

NORMALS = """
[inputs]
x = { dist = "normal", mean = 0, sd = 1 }
y = { dist = "normal", mean = 0, sd = 2 }
[model]
T = "x + y"
"""


def stressed(record, statistic, variable="stress", strategy=0):
    """Value and error of a statistic under stress."""
    k = record["statistic"].tolist().index(statistic)
    return float(record[variable][strategy, 0, k]), float(record[f"{variable}_se"][strategy, 0, k])


@pytest.mark.parametrize("sampler", ["random", "sobol"])
@pytest.mark.parametrize(("text", "share"), [("x<=P10", 0.1), ("x >= 1", 1 - stats.norm.cdf(1)), ("x<=0", 0.5)])
def test_conditions_on_one_input(text, share, sampler):
    record = record_of(NORMALS, stress=[text], trials=200_000, sampler=sampler)
    assert record["stress_trials"][0, 0] == pytest.approx(share * 200_000, rel=0.02)
    sign = -1 if "<" in text else 1
    expected = sign * stats.norm.pdf(stats.norm.ppf(share)) / share
    value, se = stressed(record, "mean")
    assert value == pytest.approx(expected, abs=4.5 * se)
    assert 0 < se < 0.03
    change, change_se = stressed(record, "mean", "stress_change")
    assert change == pytest.approx(expected, abs=4.5 * change_se)
    base, base_se = stressed(record, "p90", "stress_base")
    assert base == pytest.approx(stats.norm.ppf(0.9, scale=math.sqrt(5)), abs=4.5 * base_se)


def test_conditions_join_and_may_be_on_outcomes():
    record = record_of(NORMALS, stress=["T<=P5 and x>=0", "y<=P50"], trials=200_000)
    assert 0 < record["stress_trials"][0, 0] < 10_000
    assert stressed(record, "mean")[0] < stats.norm.ppf(0.05, scale=math.sqrt(5))
    assert stressed(record, "prob_loss") == (1.0, 0.0)
    both = record_of(NORMALS, stress=["T<=P5"], trials=200_000)
    assert both["stress_trials"][0, 0] == 10_000
    value, se = stressed(both, "mean")
    expected = -math.sqrt(5) * stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05
    assert value == pytest.approx(expected, abs=6 * se)


def test_events_are_met_exactly():
    text = """
    [inputs]
    V = { dist = "discrete", values = [1, 2, 3], weights = [0.2, 0.3, 0.5] }
    [model]
    T = "V"
    """
    for condition, kept in (("V>=2", {2.0, 3.0}), ("V<=2", {1.0, 2.0}), ("V>=2.5", {3.0}), ("V<=P20", {1.0})):
        record = record_of(text, stress=[condition], trials=20_000)
        share = sum({1.0: 0.2, 2.0: 0.3, 3.0: 0.5}[value] for value in kept)
        assert record["stress_trials"][0, 0] == pytest.approx(share * 20_000, rel=0.05)
        expected = sum(value * {1.0: 0.2, 2.0: 0.3, 3.0: 0.5}[value] for value in kept) / share
        assert stressed(record, "mean")[0] == pytest.approx(expected, abs=0.03), condition


def test_a_strategy_without_the_input_is_seen_in_the_same_trials():
    text = NORMALS + '[strategies.a]\n[strategies.b]\nmodel.T = "y + z"\n'
    text += '[strategies.b.inputs.z]\ndist = "uniform"\nmin = 0\nmax = 1\n'
    record = record_of(text, stress=["z<=P10"], trials=20_000)
    assert record["stress_trials"][0, 0] == record["stress_trials"][1, 0] == pytest.approx(2000, rel=0.1)
    change, se = stressed(record, "mean", "stress_change")
    assert abs(change) < 4.5 * se  # a does not depend on z


def test_errors_of_stressed_statistics_are_true():
    found, stated = [], []
    for seed in range(40):
        record = record_of(NORMALS, stress=["x<=P20"], trials=8192, seed=seed)
        found.append(record["stress"][0, 0, :4])
        stated.append(record["stress_se"][0, 0, :4])
    ratio = np.sqrt(np.mean(np.square(stated), axis=0)) / np.std(found, axis=0, ddof=1)
    assert ratio == pytest.approx([1, 1, 1, 1], abs=0.4)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("X<=P10", "there is no input, no outcome and no formula 'X'"),
        ("xx<=P10", "did you mean x?"),
        ("x==P10", "write <=, >=, < or >"),
        ("x<=P0", "out of range"),
        ("x<=tall", "not a number"),
        ("x<=nan", "not a finite number"),
        ("nonsense", "is no condition"),
        ("k<=3", "the same number in every trial"),
        ("x<=-9", "no trial of base left"),
        ("x<=P1 and x>=P99", "no trial of base left"),
        ("x<=P0.01", "trials of base left by the condition"),
    ],
)
def test_conditions_that_cannot_be_met(condition, expected):
    text = NORMALS.replace("[model]", "k = 3\n[model]").replace("x + y", "x + y + k")
    with pytest.raises(InvalidInput) as refused:
        record_of(text, stress=[condition], trials=10_000)
    assert expected in str(refused.value)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_what_the_worst_trials_have_in_common(sampler):
    """x given that x + y is in its lowest 5 %: mean and sd of a truncated normal's component."""
    record = record_of(NORMALS, "reverse", trials=200_000, sampler=sampler)
    assert record["tail_trials"][0, 0] == 10_000
    far = -stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05  # mean of the standardised sum in the tail
    for f, weight in ((0, 1 / math.sqrt(5)), (1, 2 / math.sqrt(5))):
        shift, se = record["tail_shift"][0, 0, f], record["tail_shift_se"][0, 0, f]
        assert shift == pytest.approx(weight * far, abs=4.5 * se)
        assert 0 < se < 0.02
        sd = f + 1
        assert record["tail"][0, 0, f, 0] == pytest.approx(sd * weight * far, abs=4.5 * sd * se)
        assert record["tail_base"][0, 0, f].tolist() == pytest.approx(
            [0, *stats.norm.ppf([0.1, 0.5, 0.9], scale=sd)], abs=1e-6
        )
        assert record["tail"][0, 0, f, 1] < record["tail"][0, 0, f, 2] < record["tail"][0, 0, f, 3]


def test_errors_of_the_tail_are_true():
    found, stated = [], []
    for seed in range(40):
        record = record_of(NORMALS, "reverse", trials=8192, seed=seed)
        found.append(record["tail"][0, 0].ravel())
        stated.append(record["tail_se"][0, 0].ravel())
    ratio = np.sqrt(np.mean(np.square(stated), axis=0)) / np.std(found, axis=0, ddof=1)
    assert ratio == pytest.approx(np.ones(8), abs=0.5)
    assert ratio.mean() == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("statistic", ["p10", "p50", "p90"])
def test_no_percentile_of_something_uncertain_is_exact(statistic):
    """One input in Sobol draws: every batch has just its share of trials below the median."""
    text = '[inputs]\nx = { dist = "normal", mean = 0, sd = 1 }\n[model]\nT = "x"\n'
    record = record_of(text, "reverse", stress=["x<=P50"], trials=64_000, sampler="sobol")
    for variable in ("stress", "stress_base", "stress_change"):
        value, se = stressed(record, statistic, variable)
        assert 0 < se < 0.01, variable
    level = int(statistic[1:]) / 100
    value, se = stressed(record, statistic, "stress_base")
    assert value == pytest.approx(stats.norm.ppf(level), abs=4 * se)
    place = record["tail_statistic"].tolist().index(statistic)
    assert record["tail_se"][0, 0, 0, place] > 0


def test_a_percentile_rises_as_everywhere_else():
    """Its slope is read from the same interval as that of a run: independent draws, equal errors."""
    values = np.random.default_rng(5).standard_exponential(20_000)
    batches = Batches(np.arange(0, 20_001, 625))
    measured = measure(values, np.ones(20_000, bool), batches)
    for place, level in enumerate(POINTS):
        shared = quantile_of(values, level, batches)
        assert measured.error(batches)[1 + place] == pytest.approx(float(shared.error(batches)), rel=0.02)
