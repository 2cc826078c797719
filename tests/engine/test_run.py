"""Runs: right numbers, the same bits however the work is divided, and honest reports of what went wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.engine.run import draw, replay_trial, run
from simengine.errors import InvalidInput, NonFiniteOutcome
from simengine.sampling.design import SAMPLERS

PERCENTILES = (1.0, 5.0, 50.0, 95.0, 99.9)


@pytest.fixture(scope="module")
def reference():
    return plan_of(REFERENCE_DEAL)


MIXED = """
[inputs]
X = { dist = "pareto", alpha = 0.7, min = 1 }
N = { dist = "normal", mean = 0, sd = 1 }
K = { dist = "poisson", mean = 3 }
[model]
heavy = "X * N"
atom = "max(N, 0)"
whole = "K"
fixed = "7"
far = "1e9 + N"
[outputs]
heavy = { target = -3 }
atom = { targets = [0, 1] }
whole = true
fixed = true
far = true
"""


@pytest.fixture(scope="module")
def mixed():
    """Atoms, heavy tails, both signs and a constant: everything that is hard to bin."""
    return plan_of(MIXED)


def bits(statistics):
    """Everything a run reports, to the bit."""
    parts = [statistics.summary_digest]
    for outcome in statistics.outcomes:
        for value in vars(outcome).values():
            parts.append(value.tobytes() if isinstance(value, np.ndarray) else repr(value))
    return parts


def test_the_reference_deal(reference):
    """Reference values from replicated long Sobol runs; five standard errors."""
    result = run(reference, trials=1_000_000, seed=20260101, percentiles=(5.0, 50.0, 95.0))
    (t,) = result.outcomes
    expected = [
        (t.mean, t.mean_se, 638.8951),
        (t.quantiles[0], t.quantiles_se[0], 220.112),
        (t.quantiles[1], t.quantiles_se[1], 563.895),
        (t.quantiles[2], t.quantiles_se[2], 1312.01),
        (-t.cvar_loss[0], t.cvar_loss_se[0], 174.143),
        (t.prob_below[0], t.prob_below_se[0], 0.035675),
    ]
    for value, se, true in expected:
        assert 0 < se < 0.01 * true
        assert abs(value - true) < 5 * se


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("text", [REFERENCE_DEAL, MIXED], ids=["reference", "mixed"])
def test_every_number_is_numpys(text, sampler):
    plan = plan_of(text, sampler=sampler)
    n = 30_011
    result = run(plan, trials=n, seed=5, percentiles=PERCENTILES, tail_levels=(0.95, 0.99))
    for x, t in zip(draw(plan, 5, 0, n), result.outcomes, strict=True):
        assert np.array_equal(t.quantiles, np.percentile(x, PERCENTILES))
        assert t.mean == pytest.approx(x.mean(), rel=1e-13)
        assert t.std == pytest.approx(x.std(ddof=1), rel=1e-9)
        assert (t.minimum, t.maximum) == (x.min(), x.max())
        assert t.prob_loss == np.mean(x < 0)
        assert t.histogram_counts.sum() == n
        ordered = np.sort(x)
        for k, level in enumerate((0.95, 0.99)):
            size = (1 - level) * n
            whole = int(size)
            shortfall = (ordered[:whole].sum() + (size - whole) * ordered[whole]) / size
            assert t.cvar_loss[k] == pytest.approx(-shortfall, rel=1e-12)
            assert t.var_loss[k] == -np.quantile(x, 1 - level)


@pytest.fixture(scope="module")
def mixed_by_sampler(mixed):
    return {"random": mixed} | {sampler: plan_of(MIXED, sampler=sampler) for sampler in SAMPLERS if sampler != "random"}


@settings(max_examples=50, deadline=None)
@given(
    sampler=st.sampled_from(SAMPLERS),
    trials=st.one_of(st.integers(1, 60_000), st.integers(60_000, 300_000)),
    threads=st.integers(1, 3),
    budget=st.sampled_from([0, 100_000, 2**24]),
    task=st.sampled_from([1, 4096, 70_000, None]),
)
def test_the_division_of_work_changes_no_bit(mixed_by_sampler, sampler, trials, threads, budget, task):
    mixed = mixed_by_sampler[sampler]
    plain = run(mixed, trials=trials, seed=9, percentiles=PERCENTILES, threads=1)
    other = run(
        mixed, trials=trials, seed=9, percentiles=PERCENTILES, threads=threads, memory_budget=budget, task_trials=task
    )
    assert bits(plain) == bits(other)


def test_percentiles_in_bounded_memory_take_more_passes_and_are_the_same(mixed):
    kept = run(mixed, trials=300_000, seed=1, percentiles=PERCENTILES)
    drawn_again = run(mixed, trials=300_000, seed=1, percentiles=PERCENTILES, memory_budget=10**7)
    narrowed = run(mixed, trials=300_000, seed=1, percentiles=PERCENTILES, memory_budget=0)
    assert kept.passes == 1 and drawn_again.passes == 2 and narrowed.passes >= 3
    assert bits(kept) == bits(drawn_again) == bits(narrowed)


def test_another_seed_changes_everything(reference):
    one, two = (run(reference, trials=5000, seed=seed) for seed in (1, 2))
    assert one.summary_digest != two.summary_digest
    assert one.outcomes[0].mean != two.outcomes[0].mean


def test_any_trial_can_be_drawn_alone(reference):
    values = draw(reference, 3, 0, 10_000)[0]
    for trial in (0, 511, 512, 4095, 9999):
        assert replay_trial(reference, 3, trial)[0] == values[trial]
    assert draw(reference, 3, 777, 5)[0].tolist() == values[777:782].tolist()
    for sampler in SAMPLERS:
        plan = plan_of(REFERENCE_DEAL, sampler=sampler)
        values = draw(plan, 3, 0, 10_000, trials=50_000)[0]
        for trial in (0, 511, 4095, 9999):
            assert replay_trial(plan, 3, trial, trials=50_000)[0] == values[trial]
    assert np.isfinite(replay_trial(reference, 3, 10**12 - 1)[0])


def test_one_trial_is_reported_without_false_precision(reference):
    (t,) = run(reference, trials=1, seed=1).outcomes
    assert t.minimum == t.maximum == t.mean == t.quantiles[0]
    assert np.isnan([t.mean_se, t.std, t.std_se]).all() and t.prob_loss_se > 0.1
    two = run(reference, trials=2, seed=1).outcomes[0]
    assert np.isnan(two.quantiles_se).all() and np.isnan(two.std_se) and two.mean_se > 0


def test_a_constant_is_exact():
    plan = plan_of("[inputs]\nV = 1000\nD = 0.8\nR = 0.9\nL = 0.05")
    (t,) = run(plan, trials=10_000, seed=1).outcomes
    assert t.mean == t.minimum == t.maximum == 1000 * 0.8 * 0.9 * (1 - 0.05) == 684.0
    assert np.all(t.quantiles == 684.0) and t.std == 0.0 and t.prob_loss == 0.0
    assert t.mean_se == 0.0 and np.all(t.quantiles_se == 0.0)


def test_the_error_of_a_share_is_not_zero_when_nothing_was_counted(reference):
    (t,) = run(reference, trials=10_000, seed=1).outcomes
    assert t.prob_loss == 0.0
    assert 2e-5 < t.prob_loss_se < 2e-4


FAULTY = '[inputs]\nX = { dist = "uniform", min = -1, max = 999 }\n[model]\ny = "log(X)"\n[outputs]\ny = true'


def test_values_that_are_not_finite_are_counted_and_located():
    plan = plan_of(FAULTY)
    n = 50_000
    bad = np.flatnonzero(~np.isfinite(draw(plan, 1, 0, n)[0]))
    with pytest.raises(NonFiniteOutcome) as failure:
        run(plan, trials=n, seed=1)
    assert f"{bad.size:,} of {n:,} trials" in str(failure.value)
    assert f"first in trial {bad[0]}" in str(failure.value)
    (t,) = run(plan, trials=n, seed=1, nonfinite="exclude").outcomes
    x = draw(plan, 1, 0, n)[0]
    good = x[np.isfinite(x)]
    assert (t.finite, t.faults, t.first_fault) == (good.size, bad.size, bad[0])
    assert np.array_equal(t.quantiles, np.percentile(good, [5, 10, 25, 50, 75, 90, 95]))
    assert t.mean == pytest.approx(good.mean(), rel=1e-13)
    assert t.std == pytest.approx(good.std(ddof=1), rel=1e-12)


def test_nothing_finite_is_reported_as_nothing():
    plan = plan_of('[inputs]\nX = { dist = "uniform", min = -2, max = -1 }\n[model]\ny = "log(X)"')
    (t,) = run(plan, trials=100, seed=1, nonfinite="exclude").outcomes
    assert t.finite == 0 and np.isnan(t.mean) and np.isnan(t.quantiles).all()


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"trials": 0}, "at least one trial"),
        ({"trials": -1}, "at least one trial"),
        ({"trials": 10**18}, "years"),
        ({"trials": 10, "seed": -1}, "seed"),
        ({"trials": 10, "seed": 2**64}, "2**64"),
        ({"trials": 10, "threads": 0}, "threads"),
        ({"trials": 10, "memory_budget": -1}, "memory"),
        ({"trials": 10, "replicates": 2}, "8 to 1,024"),
    ],
)
def test_settings_out_of_range_are_refused(reference, options, fragment):
    with pytest.raises(InvalidInput, match="allowed") as failure:
        run(reference, **{"seed": 1, **options})
    assert fragment in str(failure.value)


def test_all_settings_are_named_at_once(reference):
    with pytest.raises(InvalidInput) as failure:
        run(reference, trials=0, seed=-1, threads=0)
    assert len(failure.value.problems) == 3


def test_progress_counts_every_trial(reference):
    seen = []
    run(reference, trials=100_000, seed=1, threads=2, task_trials=1, progress=lambda *step: seen.append(step))
    assert seen[-1][0] == seen[-1][1] == 100_000
    assert {stage for _, _, stage in seen} == {"simulating", "selecting percentiles"}


def test_a_sample_that_happens_to_be_constant_is_not_certain():
    """One chance in a thousand million of a ruinous loss, and a hundred thousand trials that did not meet it."""
    plan = plan_of(
        '[inputs]\nhit = { dist = "bernoulli", p = 1e-9 }\n[model]\ny = "100 - 1e12 * hit"\n'
        "[outputs]\ny = { target = 50 }"
    )
    (t,) = run(plan, trials=100_000, seed=2).outcomes
    assert (t.mean, t.std, t.prob_below[0]) == (100.0, 0.0, 0.0)
    assert np.isnan(t.mean_se) and t.prob_below_se[0] > 1e-6


def test_outcomes_at_the_ends_of_float64_are_reported_or_left_open():
    plan = plan_of(
        """
        [inputs]
        X = { dist = "pareto", alpha = 0.07, min = 1 }
        [model]
        wide = "X"
        tiny = "min(X, 9) * 1e-300"
        [outputs]
        wide = true
        tiny = true
        """
    )
    wide, tiny = run(plan, trials=100_000, seed=1).outcomes
    x = draw(plan, 1, 0, 100_000)
    assert np.array_equal(wide.quantiles, np.percentile(x[0], [5, 10, 25, 50, 75, 90, 95]))
    assert np.isnan(tiny.std) and np.isnan(tiny.mean_se)
    assert tiny.mean == pytest.approx(x[1].mean())


@pytest.mark.parametrize(
    ("options", "fragment"),
    [({"percentiles": (101.0,)}, "percentile"), ({"tail_levels": (1.0,)}, "tail"), ({"nonfinite": "maybe"}, "policy")],
)
def test_reports_that_do_not_exist_are_refused(reference, options, fragment):
    with pytest.raises(InvalidInput, match=fragment):
        run(reference, trials=100, seed=1, **options)


def test_an_interrupt_drops_what_is_queued(reference):
    class Interrupt(BaseException):
        pass

    seen = []

    def progress(done, total, stage):
        seen.append(done)
        if len(seen) == 2:
            raise Interrupt

    with pytest.raises(Interrupt):
        run(reference, trials=10**9, seed=1, threads=2, memory_budget=0, progress=progress)
    assert seen[-1] < 10**8
