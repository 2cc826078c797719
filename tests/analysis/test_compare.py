"""Every number of a comparison against plain NumPy on the same trials, and what must hold whatever the scenario."""

from __future__ import annotations

import math

import numpy as np
import pytest
from comparisons import LICENCES, PAIR, areas, comparison_of, number, scenario_of

from simengine.deal.expand import expand
from simengine.engine import joint
from simengine.engine.run import draw
from simengine.errors import InvalidInput, NonFiniteOutcome
from simengine.plan.compile import build_plan
from simengine.results.variables import RESULT
from simengine.sampling.design import SAMPLERS

TRIALS = 50_003


def values_of(text: str, trials: int, seed: int, sampler: str = "random") -> dict[str, np.ndarray]:
    plan = build_plan(expand(scenario_of(text)), sampler=sampler)
    return dict(zip([o.strategy for o in plan.outputs], draw(plan, seed, 0, trials), strict=True))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_number_is_that_of_plain_arithmetic(sampler):
    found = comparison_of(LICENCES, trials=TRIALS, seed=3, sampler=sampler, percentiles=[5.0], risk_tolerance=200.0,
                          wealth=1000.0, risk_aversion=2.0)  # fmt: skip
    values = values_of(LICENCES, TRIALS, 3, sampler)
    names, record = found.strategies, found.record
    assert names == ("licence", "patent", "sale") and record["quantile"].tolist() == [5.0, 10.0, 50.0, 90.0]
    top = np.max(list(values.values()), axis=0)
    tied = np.sum([x == top for x in values.values()], axis=0)
    for name, x in values.items():
        expected = {
            "mean": x.mean(),
            "regret": (top - x).mean(),
            "prob_best": ((x == top) / tied).mean(),
            "ce_exponential": -200.0 * np.log(np.exp(-x / 200.0).mean()),
            "ce_power": 1 / (1 / (1000.0 + x)).mean() - 1000.0,
        }
        for key, value in expected.items():
            assert number(found, key, name)[0] == pytest.approx(value, rel=1e-9, abs=1e-12), (key, name)
        for level in (5.0, 10.0, 50.0, 90.0):
            assert number(found, "quantiles", name, at=level)[0] == np.percentile(x, level)
    for one, x in values.items():
        for other, y in values.items():
            if one != other:
                beats = (x > y).mean() + 0.5 * (x == y).mean()
                assert number(found, "prob_beats", one, other)[0] == pytest.approx(beats, abs=1e-15)
                area, above, highest, _ = areas(x, y)
                assert number(found, "dominance_ratio", one, other)[0] == pytest.approx(above / area, abs=1e-12)
                place = names.index(one), names.index(other), 0
                assert record["second_order"][place] == (highest <= 1e-12 * area)
                assert record["first_order"][place] == (above == 0.0)
    assert number(found, "evpi")[0] == pytest.approx(top.mean() - max(x.mean() for x in values.values()), rel=1e-9)
    assert not record.problems()


def test_perfect_information_is_the_smallest_regret():
    found = comparison_of(LICENCES)
    regrets = found.record["regret"][:, 0]
    assert number(found, "evpi")[0] == regrets.min()
    assert int(np.argmin(regrets)) == int(np.argmax(found.record["mean"][:, 0]))


def test_differences_are_antisymmetric_and_errors_are_paired():
    found = comparison_of(LICENCES)
    difference, se = found.record["mean_difference"][:, :, 0], found.record["mean_difference_se"][:, :, 0]
    assert np.array_equal(difference, -difference.T) and np.array_equal(se, se.T)
    assert se[0, 1] < 0.5 * found.record["mean_se"][0, 0]
    beats = found.record["prob_beats"][:, :, 0]
    assert beats + beats.T == pytest.approx(np.ones((3, 3)), abs=1e-15)
    assert found.record["prob_best"][:, 0].sum() == pytest.approx(1.0, abs=1e-12)
    low, high = found.record["mean_difference_low"], found.record["mean_difference_high"]
    assert high - low == pytest.approx(2 * 1.959963984540054 * found.record["mean_difference_se"], abs=1e-9)


def test_scaling_the_money_scales_the_money():
    """By a power of two, to the bit; shares, ratios and orders stay as they are."""
    one = comparison_of(LICENCES, risk_tolerance=100.0, wealth=1000.0, risk_aversion=2.0)
    four = comparison_of(
        LICENCES.replace("unit_price = 1", "unit_price = 4").replace("- fee", "- unit_price * fee"),
        risk_tolerance=400.0,
        wealth=4000.0,
        risk_aversion=2.0,
    )
    for name, variable in one.record.layout.variables.items():
        factor = 4.0 if variable.unit == "outcome" else 1.0
        if variable.kind == "float" and name not in ("quantile", "level"):
            expected = factor * one.record[name]
            assert four.record[name] == pytest.approx(expected, rel=1e-9, nan_ok=True), name
        elif variable.kind == "flag":
            assert np.array_equal(four.record[name], one.record[name]), name


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_an_unused_input_changes_no_bit(sampler):
    plain = comparison_of(PAIR, sampler=sampler)
    more = comparison_of(PAIR.replace("[[corr", 'unused = "1 to 9"\n[[corr'), sampler=sampler)
    for name, values in plain.record.values.items():
        assert np.array_equal(values, more.record[name], equal_nan=values.dtype.kind == "f"), name


def test_swapping_names_swaps_rows():
    one = comparison_of(LICENCES)
    other = comparison_of(
        LICENCES.replace("strategies.licence]", "strategies.x]")
        .replace("strategies.patent]", "strategies.licence]")
        .replace("strategies.x]", "strategies.patent]")
    )
    assert other.strategies == ("patent", "licence", "sale")
    swapped = [1, 0, 2]
    for name in ("mean", "prob_best", "regret", "ce_exponential"):
        if name != "ce_exponential":  # its default tolerance follows the baseline, which is the first of each
            found = {s: number(one, name, s) for s in one.strategies}
            renamed = {"licence": "patent", "patent": "licence", "sale": "sale"}
            assert {renamed[s]: value for s, value in found.items()} == {s: number(other, name, s) for s in found}
    order = [other.strategies.index(s) for s in one.strategies]
    assert order == swapped


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_threads_change_no_bit(sampler, monkeypatch):
    monkeypatch.setattr(joint, "_WORTH_SHARING", 0)
    one, two = (comparison_of(LICENCES, threads=threads, sampler=sampler) for threads in (1, 3))
    for name, values in one.record.values.items():
        assert np.array_equal(values, two.record[name], equal_nan=values.dtype.kind == "f"), name


def test_identical_strategies_are_said_to_be_so():
    found = comparison_of(PAIR + "[strategies.C]\n")
    record = found.record
    assert record["identical"][:, :, 0].tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    assert number(found, "mean_difference", "A", "C") == (0.0, 0.0)
    assert number(found, "prob_beats", "A", "C") == (0.5, 0.0)
    assert not record["different"][0, 2, 0]
    assert math.isnan(number(found, "dominance_ratio", "A", "C")[0])
    assert "C and A are identical: the same outcome in every trial." in found.verdict
    ties = number(found, "prob_best", "A")[0]
    assert ties == number(found, "prob_best", "C")[0] and 2 * ties + number(found, "prob_best", "B")[0] == 1.0


def test_strategies_without_uncertainty_have_no_error():
    found = comparison_of("[inputs]\nx = 1\n[model]\nT = 'x'\n[strategies.a]\n[strategies.b]\ninputs.x = 3\n")
    for name, variable in found.record.layout.variables.items():
        if name.endswith("_se") and name != "second_order_ratio_se" and "power" not in name:
            assert np.nanmax(found.record[name], initial=0.0) == 0.0, variable.name
    assert number(found, "prob_beats", "b", "a") == (1.0, 0.0)
    assert found.record["different"][0, 1, 0] and found.record["first_order"][1, 0, 0]


@pytest.mark.parametrize("trials", [1, 2, 3, 40])
def test_few_trials_give_numbers_without_errors_rather_than_a_failure(trials):
    found = comparison_of(PAIR, trials=trials)
    assert math.isfinite(number(found, "mean_difference", "A", "B")[0])
    assert "nan" not in found.verdict and "trials" in found.verdict
    assert "?" in str(found) if trials == 1 else str(found)


def test_strategies_that_settle_nothing_are_told_so():
    text = PAIR.replace('[[correlations]]\nbetween = ["x", "y"]\nnormal = 0.3\n', "")
    found = comparison_of(text.replace("mean = 0, sd = 2", "mean = 1, sd = 1"), trials=5000, seed=2)
    assert not found.record["different"][0, 1, 0]
    assert "its mean shows no difference that these trials can tell" in found.verdict
    assert "differs by no more than these trials can tell" in found.verdict


def test_efficient_strategies_by_mean_and_shortfall():
    found = comparison_of(
        """
        [inputs]
        x = { dist = "normal", mean = 0, sd = 1 }
        [model]
        T = "10 + x"
        [strategies.safe]
        [strategies.poor]
        model.T = "9 + 2 * x"
        [strategies.bold]
        model.T = "15 + 5 * x"
        """
    )
    assert found.record["efficient"][:, 0, 0].tolist() == [True, False, True]
    assert found.record["efficient_clear"].all()


def test_infinite_moments_are_noted():
    text = """
    [inputs]
    x = { dist = "pareto", alpha = 1.5, min = 1 }
    [model]
    T = "x"
    [strategies.a]
    [strategies.b]
    model.T = "2 * x"
    """
    notes = comparison_of(text).record.document("notes")
    assert notes[0].startswith("x (a, b) has no finite variance")
    assert [note for note in notes[1:] if "few trials" in note] == notes[1:]


def test_outcomes_that_are_not_finite_end_the_comparison():
    text = """
    [inputs]
    x = { dist = "uniform", min = -1, max = 1 }
    [model]
    T = "log(x)"
    [strategies.a]
    [strategies.b]
    model.T = "x"
    [simulate]
    nonfinite = "exclude"
    """
    with pytest.raises(NonFiniteOutcome, match="a comparison needs the outcome of every strategy in every trial"):
        comparison_of(text)


def test_what_does_not_fit_into_memory_is_refused():
    with pytest.raises(InvalidInput, match="memory"):
        comparison_of(PAIR, memory=1000)


def test_a_result_and_a_comparison_are_not_taken_for_each_other(tmp_path):
    import simengine as se
    from simengine.errors import FileProblem
    from simengine.results.storage import read

    found = comparison_of(PAIR, trials=500)
    found.save(tmp_path / "out")
    assert se.open_comparison(tmp_path / "out").record.digest() == found.record.digest()
    with pytest.raises(FileProblem, match="a comparison, not a result"):
        read(tmp_path / "out" / "comparison.nc", RESULT)


HEAVY = """
[inputs]
x = { dist = "normal", mean = 10, sd = 1 }
claim = { dist = "lognormal", mu = 0, sigma = 1.2 }
[model]
T = "x - claim"
[strategies.bold]
[strategies.insured]
model.T = "x - min(claim, 4)"
"""


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_certain_worth_that_a_few_trials_decide_has_no_error(sampler):
    found = comparison_of(HEAVY, risk_tolerance=1.0, wealth=1000.0, risk_aversion=2.0, sampler=sampler)
    value, se = number(found, "ce_exponential", "bold")
    assert math.isfinite(value) and math.isnan(se)
    assert number(found, "ce_exponential", "insured")[1] > 0.0
    assert math.isnan(number(found, "ce_exponential_difference", "insured", "bold")[1])
    assert number(found, "ce_power", "bold")[1] > 0.0 and number(found, "mean_difference", "insured", "bold")[1] > 0.0
    (note,) = found.record.document("notes")
    assert "certain worth of T is unreliable for bold: decided by a few trials" in note
    assert "may have no finite value" in note and "± ?" in repr(found)
    ruinous = comparison_of(HEAVY, wealth=300.0, risk_aversion=60.0, risk_tolerance=1e4, sampler=sampler)
    assert math.isnan(number(ruinous, "ce_power", "bold")[1]) and number(ruinous, "ce_power", "insured")[1] > 0.0
    assert number(ruinous, "ce_exponential", "bold")[1] > 0.0
    assert "certain worth with wealth of T is unreliable for bold" in ruinous.record.document("notes")[0]


def test_the_error_of_a_certain_worth_is_that_of_a_normal_outcome():
    found = comparison_of(PAIR, risk_tolerance=4.0, trials=200_000, sampler="random")
    for name, mean, sd in (("A", 1.0, 1.0), ("B", 0.0, 2.0)):
        value, se = number(found, "ce_exponential", name)
        assert abs(value - (mean - sd**2 / 8.0)) < 4.0 * se  # Pratt: mean - variance / (2 tolerance)
        assert se == pytest.approx(4.0 * math.sqrt(math.expm1(sd**2 / 16.0) / 200_000), rel=0.5)


def test_a_difference_that_a_few_trials_decide_has_no_error():
    rare = """
    [inputs]
    x = { dist = "normal", mean = 10, sd = 1 }
    u = { dist = "uniform", min = 0, max = 1 }
    [model]
    T = "x"
    [strategies.plain]
    [strategies.exposed]
    model.T = "x - 5 * (u < CHANCE)"
    """
    few = comparison_of(rare.replace("CHANCE", "0.0002"), sampler="random")
    value, se = number(few, "mean_difference", "exposed", "plain")
    assert value < 0.0 and math.isnan(se)  # about four of 20,000 trials
    assert math.isnan(number(few, "regret", "exposed")[1]) and number(few, "regret", "plain")[0] == 0.0
    assert not few.record["different"].any() and "exposed" in few.record.document("notes")[0]
    assert "for plain and exposed" in few.record.document("notes")[0]
    more = comparison_of(rare.replace("CHANCE", "0.002"), sampler="random")
    value, se = number(more, "mean_difference", "exposed", "plain")
    assert se == pytest.approx(5.0 * math.sqrt(0.002 / 20_000), rel=0.5) and more.record["different"].any()
