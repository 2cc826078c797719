"""Uncertain inputs in a plan: quantiles of their words, alone and joined by copulas."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from deal_models import model, reference_deal
from plan_checks import operations, plan_of, recorded, table
from reference_machine import Array, run

from simengine.deal.model import UncertainInput
from simengine.distributions.marginal import Marginal
from simengine.errors import InvalidInput
from simengine.plan import draws
from simengine.plan.compile import build_plan
from simengine.plan.tables import QuantileTable
from simengine.sampling.address import probability_of, stream_of, words


def test_an_input_is_the_quantile_of_its_word() -> None:
    inputs = {
        "x": {"dist": "gamma", "shape": 2.5, "scale": 3.0},
        "n": {"dist": "discrete", "values": [1, 5, 9], "weights": [0.25, 0.5, 0.25]},
        "u": {"dist": "cumulative", "values": [3, 4, 9], "probabilities": [0, 0.3, 1]},
        "s": {"dist": "bernoulli", "p": 0.2},
    }
    one = model(inputs, {"T": "x + n + u + s"})
    found = {name: values for (_, name), values in recorded(one, trials=1500, seed=99).items()}
    for name, entry in one.inputs.items():
        u = probability_of(words(99, stream_of(name), np.arange(1500)))
        np.testing.assert_allclose(found[name], entry.marginal.quantile(u), rtol=1e-9, err_msg=name)
    assert np.array_equal(
        found["n"], one.inputs["n"].marginal.quantile(probability_of(words(99, stream_of("n"), np.arange(1500))))
    )


def test_slow_distributions_use_the_smaller_table() -> None:
    one = model({"x": {"dist": "gamma", "shape": 2.5, "scale": 3.0}}, {"T": "x"})
    entry = one.inputs["x"]
    slow = replace(one, inputs={"x": replace(entry, marginal=replace(entry.marginal, slow=True, digest_key="slow"))})
    assert operations(plan_of(slow))["SCORE_TO_X"] == 1
    np.testing.assert_allclose(run(plan_of(slow), 1, 200), run(plan_of(one), 1, 200), rtol=1e-9)


def test_logarithmic_tables_and_clamps() -> None:
    one = model({"x": {"dist": "gamma", "shape": 0.1, "scale": 1.0}}, {"T": "x"})
    made = table(one.inputs["x"].marginal, draws.WORD)
    assert (operations(plan_of(one))["EXP"] == 1) == made.log
    clamped = build_plan([one], build=lambda m, axis: replace(table(m, axis), log=True, floor=0.0, ceiling=2.0))
    assert operations(clamped) >= Counter(EXP=1, MAXIMUM=1, MINIMUM=1)
    assert run(clamped, 1, 500).max() <= 2.0


def test_impossible_tables_are_refused_with_the_input() -> None:
    def broken(marginal: Marginal, axis: draws.Axis) -> QuantileTable:
        raise ValueError("too many kinks")

    with pytest.raises(InvalidInput) as caught:
        build_plan([reference_deal(), reference_deal(strategy="two")], build=broken)
    first = caught.value.problems[0]
    assert (first.key, first.reason) == ("inputs.V", "too many kinks")
    assert len(caught.value.problems) == len({p.key for p in caught.value.problems}) == 6


# ---- copulas ----


def scores(entry: UncertainInput, values: Array) -> Array:
    from scipy import special

    return special.ndtri(entry.marginal.cdf(values))


def test_a_gaussian_copula_joins_normal_scores() -> None:
    one = reference_deal()
    found = {name: values for (_, name), values in recorded(one, trials=20_000).items()}
    z = np.array([scores(one.inputs[name], found[name]) for name in ("V", "D", "R")])
    sample = np.corrcoef(z)
    # standard error of a correlation is at most 1/sqrt(n) = 0.0071: a factor wrong by 0.03 would show
    assert np.max(np.abs(sample - one.dependences[0].matrix)) < 0.025
    assert np.max(np.abs(z.mean(axis=1))) < 0.03 and np.max(np.abs(z.std(axis=1) - 1)) < 0.02


def test_an_input_that_leads_or_stands_alone_keeps_its_digits() -> None:
    joined, apart = recorded(reference_deal(), trials=200), recorded(reference_deal(correlated=False), trials=200)
    for name in ("V", "L", "ip_leak_severity"):
        assert np.array_equal(joined["base", name], apart["base", name])
    assert not np.array_equal(joined["base", "D"], apart["base", "D"])


def test_fused_steps_belong_to_copulas_only() -> None:
    assert operations(plan_of(reference_deal(correlated=False)))["FMA"] == 0
    assert operations(plan_of(reference_deal()))["FMA"] == 2  # D on V, R on D


@pytest.mark.parametrize("dof", [None, 3.0])
def test_comonotone_inputs_rise_together(dof: float | None) -> None:
    inputs = {"x": {"dist": "normal", "mean": 0, "sd": 1}, "n": {"dist": "exponential", "mean": 2}}
    one = model(inputs, {"T": "x + n"}, groups=[(("x", "n"), [[1, 1], [1, 1]])], dof=dof)
    found = recorded(one, trials=400)
    np.testing.assert_allclose(scores(one.inputs["n"], found["base", "n"]), found["base", "x"], atol=1e-7)


@pytest.mark.parametrize("dof", [None, 4.0])
def test_discrete_inputs_in_a_copula_keep_their_distribution(dof: float | None) -> None:
    inputs = {
        "x": {"dist": "normal", "mean": 0, "sd": 1},
        "s": {"dist": "bernoulli", "p": 0.3},
        "n": {"dist": "discrete", "values": [1, 2, 3], "weights": [0.2, 0.3, 0.5]},
    }
    matrix = [[1, 0.6, -0.4], [0.6, 1, 0], [-0.4, 0, 1]]
    one = model(inputs, {"T": "x + s + n"}, groups=[(("x", "s", "n"), matrix)], dof=dof)
    found = {name: values for (_, name), values in recorded(one, trials=10_000).items()}
    share = [np.mean(found["s"]), *(np.mean(found["n"] == k) for k in (1, 2, 3))]
    # five standard errors of a share are at most 0.025
    assert np.max(np.abs(np.array(share) - [0.3, 0.2, 0.3, 0.5])) < 0.025
    assert np.corrcoef(found["x"], found["s"])[0, 1] > 0.3 and np.corrcoef(found["x"], found["n"])[0, 1] < -0.2


def test_a_t_copula_has_exact_marginals_and_joint_tails() -> None:
    from scipy import special, stats

    inputs = {"x": {"dist": "normal", "mean": 0, "sd": 1}, "y": {"dist": "exponential", "mean": 1}}
    one = model(inputs, {"T": "x + y"}, groups=[(("x", "y"), [[1, 0.5], [0.5, 1]])], dof=2.0)
    found = {name: values for (_, name), values in recorded(one, trials=15_000).items()}
    u = np.array([special.ndtr(found["x"]), -np.expm1(-found["y"])])
    for row in u:
        assert stats.kstest(row, "uniform").pvalue > 1e-3
    tau = stats.kendalltau(found["x"], found["y"]).statistic
    assert tau == pytest.approx(2 / math.pi * math.asin(0.5), abs=0.025)  # five standard errors
    # P(both above the 99 % quantile | one is): 0.41 for this t copula, 0.13 for the Gaussian one
    joint = np.mean((u[0] > 0.99) & (u[1] > 0.99)) / 0.01
    assert 0.28 < joint < 0.55
