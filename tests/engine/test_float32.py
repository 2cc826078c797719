"""Runs in float32: the same bits however the work is divided, near float64, and exact percentiles of their own."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.engine.run import draw, run
from simengine.errors import InvalidInput
from simengine.kernels import compare
from simengine.sampling.design import SAMPLERS

ALL_OPERATIONS = """
[inputs]
V = { dist = "lognormal", mu = 6.9, sigma = 0.4 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
N = { dist = "normal", mean = 0, sd = 1 }
K = { dist = "poisson", mean = 3 }
M = { dist = "triangular", min = -1, mode = 0.2, max = 3 }
[risks.r]
probability = 0.35
severity = { dist = "beta", alpha = 2, beta = 5 }
[[correlations]]
between = ["V", "D"]
normal = 0.5
[[correlations]]
between = ["N", "K"]
normal = 0.5
[model]
A = "V*D*(1-L)*(1-r) - 100*K"
B = "exp(N/3) + log(V) + sqrt(D) + V**0.3 + (1+D)**N"
C = "where(N < M, min(V, 900), max(D, L)) / (1 + abs(M))"
[outputs]
A = true
B = true
C = { target = 3 }
"""


@pytest.fixture(scope="module")
def plans():
    return {sampler: plan_of(REFERENCE_DEAL, sampler=sampler, precision="float32") for sampler in SAMPLERS}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_division_of_work_changes_no_bit(plans, sampler):
    expected = run(plans[sampler], trials=150_001, seed=3, threads=1)
    for threads, budget, task in ((2, 2**30, 4096), (3, 0, None), (2, 10**5, 20_000), (1, 4 * 150_001, 65_536)):
        got = run(plans[sampler], trials=150_001, seed=3, threads=threads, memory_budget=budget, task_trials=task)
        assert got.summary_digest == expected.summary_digest
        assert np.array_equal(got.differences, expected.differences)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_are_numpys(plans, sampler):
    n = 30_000
    values = draw(plans[sampler], 5, 0, n)[0]
    (t,) = run(plans[sampler], trials=n, seed=5, percentiles=(1, 50, 99)).outcomes
    assert np.array_equal(values, values.astype(np.float32))
    assert np.array_equal(t.quantiles, np.percentile(values, [1, 50, 99]))
    assert t.mean == pytest.approx(values.mean(), rel=1e-13)
    assert t.std == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert t.prob_below[0] == np.mean(values < 200)


@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic"])
def test_points_are_those_of_float64(plans, sampler):
    """The same points but for the bits that 32-bit words leave out."""
    wide = plan_of(REFERENCE_DEAL, sampler=sampler)
    one, other = draw(plans[sampler], 8, 0, 4096)[0], draw(wide, 8, 0, 4096)[0]
    assert np.max(np.abs(one - other)) < 1e-4 * other.std()


def test_independent_draws_give_the_distribution_of_float64(plans):
    (one,) = run(plans["random"], trials=200_000, seed=1).outcomes
    (other,) = run(plans["random"].reference, trials=200_000, seed=1).outcomes
    assert abs(one.mean - other.mean) < 5 * np.hypot(one.mean_se, other.mean_se)
    assert one.mean != other.mean  # four trials share a call, so the draws are others


def test_the_difference_from_float64_is_measured(plans):
    done = run(plans["random"], trials=20_000, seed=1)
    largest, mean = done.differences[0]
    assert 1e-8 < mean < largest < 1e-5
    assert not run(plans["random"].reference, trials=20_000, seed=1).differences.any()


def test_an_outcome_that_never_varies_is_compared_with_its_size():
    same = np.full((1, 1000), 2.7 - 0.3)  # whose sd is not 0 to the last bit
    assert same.std() > 0.0
    (found,) = compare.gaps(same.astype(np.float32).astype(np.float64), same)
    assert np.all(found < 1e-7)


def test_a_coarse_table_shows_in_the_difference(plans):
    from dataclasses import replace

    plan = plans["random"]
    rows = plan.table_rows.copy()
    rows[:, 6] += np.float32(0.005)
    worse = run(replace(plan, table_rows=rows), trials=20_000, seed=1)
    assert worse.differences[0, 0] > 20 * run(plan, trials=20_000, seed=1).differences[0, 0]
    rows[:, 6] += np.float32(0.05)
    with pytest.raises(InvalidInput, match=r"by 0\.000"):
        run(replace(plan, table_rows=rows), trials=20_000, seed=1)


@pytest.mark.parametrize(
    ("given", "formula"),
    [
        ("mean = 1e6, sd = 1e-3", "A"),  # closer together than float32 can tell
        ("mean = 0, sd = 1", "A * 1e30 * 1e15"),  # beyond its range
        ("mean = 0, sd = 1", "exp(40 * A)"),  # beyond it in some trials
        ("mean = 0, sd = 1", "A * 1e-42"),  # below its normal numbers
    ],
)
def test_what_float32_cannot_say_is_refused(given, formula):
    text = f'[inputs]\nA = {{ dist = "normal", {given} }}\n[model]\nT = "{formula}"\n[simulate]\nnonfinite = "exclude"'
    run(plan_of(text), trials=20_000, seed=1, nonfinite="exclude")
    with pytest.raises(InvalidInput, match="say precision = float64"):
        run(plan_of(text, precision="float32"), trials=20_000, seed=1, nonfinite="exclude")


def test_every_operation_is_near_float64():
    done = run(plan_of(ALL_OPERATIONS, precision="float32"), trials=20_000, seed=2)
    assert np.all(done.differences[:, 0] < 1e-5)
    assert np.all(done.differences[:, 1] < 2e-6)


_DIGESTS = f"""
import sys
sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})
from scenario_plans import plan_of
from simengine.engine.run import run
from simengine.kernels.simd import can_permute
print(can_permute())
for sampler in ("random", "sobol", "lhs", "antithetic"):
    for budget in (2**30, 0):
        plan = plan_of({ALL_OPERATIONS!r}, sampler=sampler, precision="float32")
        done = run(plan, trials=60_001, seed=5, threads=1, memory_budget=budget)
        print(plan.digest, done.summary_digest, done.differences.tolist())
"""


@pytest.mark.slow
def test_other_processors_give_the_same_bits():
    """With AVX-512, without it, and with nothing beyond SSE2."""
    import llvmlite.binding

    features = llvmlite.binding.get_host_cpu_features().flatten().split(",")
    plain = ",".join("-" + f[1:] if f[1:].startswith("avx512") else f for f in features)
    targets = ({}, {"NUMBA_CPU_FEATURES": plain}, {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2"})
    found = []
    for target in targets:
        ran = subprocess.run(
            [sys.executable, "-c", _DIGESTS], env={**os.environ, **target}, capture_output=True, text=True, check=True
        )
        found.append(ran.stdout.splitlines())
    assert [lines[0] for lines in found][1:] == ["False", "False"]
    assert found[0][1:] == found[1][1:] == found[2][1:]
    assert len(found[0]) == 9
