"""Stopping by itself: looks, bounds that hold, forecasts, and claims that are true."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scenario_plans import plan_of

from simengine.engine import stopping
from simengine.engine.run import run
from simengine.engine.stopping import FIRST_LOOK, Look, StandardErrors, Verdict, look_sizes, run_until, upper_bound
from simengine.errors import InvalidInput
from simengine.results.targets import targets_of

NORMAL = """
[inputs]
A = { dist = "normal", mean = 10, sd = 2 }
[model]
T = "A"
[outputs]
T = { target = 8 }
"""
PRODUCT = """
[inputs]
A = { dist = "normal", mean = 10, sd = 2 }
B = { dist = "uniform", min = 0.5, max = 1.5 }
[model]
T = "A * B"
[outputs]
T = { target = 8 }
"""
RARE = """
[inputs]
S = { dist = "bernoulli", p = 0.0005 }
N = { dist = "normal", mean = 10, sd = 2 }
[model]
T = "N - 200 * S"
"""
Z95 = 1.959963984540054


def criterion_of(plan, **asked):
    names = {f"T.{name}": amount for name, amount in asked.items()}
    return StandardErrors(targets_of(names, plan, (5.0, 50.0, 95.0), (0.95,)))


def looks_of(plan, criterion, seed=1, limit=2**20, first=FIRST_LOOK, notice=None):
    def simulate(trials):
        return run(plan, trials=trials, seed=seed, percentiles=(5.0, 50.0, 95.0), threads=1)

    return run_until(simulate, criterion, limit, first, notice)


def test_looks_are_fixed_in_advance():
    assert list(look_sizes(100_000)) == [16_384, 32_768, 65_536, 100_000]
    assert list(look_sizes(10_000)) == [10_000]
    assert list(look_sizes(16_384)) == [16_384]


def test_any_criterion_can_stop_a_run():
    """The loop knows of a criterion only what is met, and below which size it surely is not."""
    plan = plan_of(NORMAL)
    seen = []

    class AfterTwo:
        def judge(self, looks):
            seen.append([look.trials for look in looks])
            return Verdict(len(looks) == 2, ())

    looks = run_until(lambda trials: run(plan, trials=trials, seed=1), AfterTwo(), limit=4000, first=1000)
    assert [look.statistics.trials for look in looks] == [1000, 2000]
    assert seen == [[1000], [1000, 2000]]


def test_the_forecast_is_right_and_useless_looks_are_left_out():
    plan, said = plan_of(NORMAL), []
    looks = looks_of(plan, criterion_of(plan, mean="0.04%"), notice=said.append)
    assert said == list(looks) and all(isinstance(look, Look) for look in said)
    assert [look.statistics.trials for look in looks] == [16_384, 2**18]  # (0.2 / 0.0004)**2 = 250,000
    assert looks[0].verdict.needed == pytest.approx(250_000, rel=0.05)
    finding = looks[-1].verdict.findings[0]
    assert finding.met and finding.se < finding.bound <= finding.asked == pytest.approx(0.004, rel=1e-3)


def test_the_result_is_that_of_the_number_of_trials():
    plan = plan_of(NORMAL, sampler="sobol")
    last = looks_of(plan, criterion_of(plan, p5="0.1%"))[-1].statistics
    again = run(plan, trials=last.trials, seed=1, percentiles=(5.0, 50.0, 95.0))
    assert last.summary_digest == again.summary_digest


def test_the_limit_ends_a_run_that_does_not_reach():
    plan = plan_of(NORMAL)
    looks = looks_of(plan, criterion_of(plan, mean=1e-6), limit=50_000)
    assert [look.statistics.trials for look in looks] == [16_384, 50_000]
    assert not looks[-1].verdict.met
    assert looks[-1].verdict.needed == pytest.approx((2 / 1e-6) ** 2, rel=0.05)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_rare_event_is_waited_for(sampler):
    """Events of probability 0.0005: 8 in the first look, and no share of what was never seen is believed."""
    plan = plan_of(RARE, sampler=sampler)
    for seed in range(4):
        looks = looks_of(plan, criterion_of(plan, prob_loss="20%"), seed=seed)
        outcome = looks[-1].statistics.outcomes[0]
        assert looks[-1].verdict.met and outcome.prob_loss * outcome.finite >= stopping.FEWEST_EVENTS
    (look,) = looks_of(plan, criterion_of(plan, prob_loss="99%"), limit=200)
    assert not look.verdict.met and look.verdict.needed is None
    assert look.verdict.findings[0].why == "rests on 0 trials"


def test_a_number_is_reached_without_events():
    """What was never seen in 16,384 trials has a probability below 3 / 16,384, whatever it is."""
    plan = plan_of(NORMAL)
    (look,) = looks_of(plan, criterion_of(plan, prob_loss=0.0005))
    assert look.verdict.met and look.statistics.trials == FIRST_LOOK
    assert not looks_of(plan, criterion_of(plan, prob_loss=1e-5), limit=FIRST_LOOK)[-1].verdict.met


def test_an_unknown_error_is_never_reached():
    """A Pareto variable of exponent 1.1: the mean of trials says nothing of its own error."""
    plan = plan_of('[inputs]\nA = { dist = "pareto", alpha = 1.1, min = 1 }\n[model]\nT = "A"')
    look = looks_of(plan, criterion_of(plan, mean="90%", std=1e9), limit=60_000)[-1]
    assert not look.verdict.met and look.verdict.needed is None
    assert any("cannot be told" in finding.why for finding in look.verdict.findings)


def test_a_value_near_zero_has_no_share():
    plan = plan_of('[inputs]\nA = { dist = "normal", mean = 0, sd = 2 }\n[model]\nT = "A"')
    look = looks_of(plan, criterion_of(plan, mean="1%"), seed=3, limit=20_000)[-1]
    assert abs(look.verdict.findings[0].value) < 0.01  # within a standard error of 0
    assert not look.verdict.met and look.verdict.needed is None
    assert "told from 0" in look.verdict.findings[0].why


def test_a_value_of_zero_is_refused():
    plan = plan_of('[inputs]\nA = { dist = "normal", mean = -9, sd = 1 }\n[model]\nT = "max(A, 0)"')
    with pytest.raises(InvalidInput, match="exactly 0"):
        looks_of(plan, criterion_of(plan, p50="1%"))


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_the_bound_is_seldom_exceeded(sampler):
    """The true error, from the spread of 150 runs, is above the bound in few of them."""
    plan = plan_of(PRODUCT, sampler=sampler)
    names = ("mean", "std", "p5", "p95", "prob_below_8", "cvar95_loss", "var95_loss")
    runs = [run(plan, trials=4096, seed=seed, percentiles=(5.0, 50.0, 95.0), threads=1) for seed in range(150)]
    for target in criterion_of(plan, **dict.fromkeys(names, 1.0)).targets:
        values = np.array([stopping.read(r.outcomes[0], target.kind, target.item)[0] for r in runs])
        bounds = np.array([upper_bound(r, target) for r in runs])
        true = values.std(ddof=1)
        least = true * (1 - 1.645 / math.sqrt(2 * 149))  # that so many runs allow
        assert (bounds < least).mean() <= 0.08, target.name  # 5 % and chance
        assert np.median(bounds) < 1.7 * true, target.name


def claims(plan, criterion, truth, asked, seeds):
    """Share of converged runs within 1.96 of what was asked."""
    kept = [looks_of(plan, criterion, seed, limit=2**16, first=512)[-1] for seed in seeds]
    errors = np.array([look.verdict.findings[0].value - truth for look in kept if look.verdict.met])
    assert len(errors) > 0.9 * len(seeds)
    return (np.abs(errors) <= Z95 * asked).mean()


@pytest.mark.parametrize("sampler", ["random", pytest.param("sobol", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "truth", "asked"),
    [("prob_below_8", 0.3344156, 0.006), ("p5", 4.91233, 0.05)],
    ids=["probability", "percentile"],
)
def test_claims_are_true(sampler, name, truth, asked, monkeypatch):
    """At most 6 % of claims are wrong; with a bound of a sixth (a planted fault) many are."""
    plan = plan_of(PRODUCT, sampler=sampler)
    criterion = criterion_of(plan, **{name: asked})
    assert claims(plan, criterion, truth, asked, range(60)) >= 0.94
    whole = stopping.upper_bound
    monkeypatch.setattr(stopping, "upper_bound", lambda run, target: whole(run, target) / 6)
    assert claims(plan, criterion, truth, asked, range(60)) < 0.9


def test_names_find_their_statistics():
    plan = plan_of(NORMAL.replace("target = 8", "targets = [0.5, -3]"))
    names = ("mean", "sd", "P5", "p99.9", "prob_loss", "prob_below_0.5", "prob_below_-3", "var97.5_loss")
    found = targets_of({f"T.{name}": 1 for name in names}, plan, (5.0, 99.9), (0.975,))
    assert [(target.kind, target.item) for target in found] == [
        ("mean", 0), ("std", 0), ("quantile", 0), ("quantile", 1), ("loss", 0), ("below", 0), ("below", 1), ("var", 0),
    ]  # fmt: skip
    assert found[3].tail == pytest.approx(0.001)


def test_a_strategy_may_ask_for_less_or_more():
    text = NORMAL + "[strategies.one]\n[strategies.other]\ninputs.A = 4\n"
    plan = plan_of(text)
    found = targets_of({"T.mean": "1%", "other:T.mean": 0.5}, plan, (5.0,), ())
    assert [(target.strategy, target.asked, target.relative) for target in found] == [
        ("one", 0.01, True), ("other", 0.5, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"T.maen": 1}, "did you mean mean"),
        ({"T.p7": 1}, "no statistic 'p7'"),
        ({"U.mean": 1}, "no reported outcome 'U'"),
        ({"bas:T.mean": 1}, "no strategy 'bas'.*did you mean base"),
        ({"T.mean": 0}, "trials can reach"),
        ({"T.mean": -1.0}, "trials can reach"),
        ({"T.mean": "nan"}, "trials can reach"),
        ({"T.mean": "100%"}, "as large as the value"),
        ({"T.mean": "much"}, "not a number"),
        ({"T.mean": True}, "not a number"),
        ({"mean": 1}, "names no statistic"),
        ({":T.mean": 1}, "names no statistic"),
        ({"T.sd": 1, "T.std": 2}, None),
    ],
)
def test_what_cannot_be_asked_for_is_refused(asked, message):
    plan = plan_of(NORMAL)
    if message is None:  # two names of one statistic: the last holds
        assert [target.asked for target in targets_of(asked, plan, (5.0,), ())] == [1.0]
        return
    with pytest.raises(InvalidInput, match=message):
        targets_of(asked, plan, (5.0,), ())


def test_every_problem_is_listed():
    with pytest.raises(InvalidInput) as caught:
        targets_of({"T.maen": -1, "U.mean": "100%", "x": 1}, plan_of(NORMAL), (5.0,), ())
    assert len(caught.value.problems) == 5


def test_a_finding_without_trials_says_so():
    plan = plan_of(NORMAL)
    statistics = run(plan, trials=100, seed=1, percentiles=(5.0, 50.0, 95.0))
    outcome = replace(statistics.outcomes[0], finite=0, mean=math.nan, mean_se=math.nan)
    verdict = criterion_of(plan, mean=1.0).judge([replace(statistics, outcomes=(outcome,))])
    assert not verdict.met and verdict.findings[0].why == "no trial was finite"
