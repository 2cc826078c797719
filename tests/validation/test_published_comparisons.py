"""Published decisions with known answers, each as a scenario compared from its text to the reported number.

Tolerances are those of the published digits and five standard errors, whichever is larger.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from comparisons import comparison_of, number

TRIALS = 1_000_000


def close(found: tuple[float, float], expected: float, digits: float = 0.0) -> None:
    value, se = found
    assert value == pytest.approx(expected, abs=5 * se + digits)
    assert se < 0.01 * max(1.0, abs(expected))


def test_oil_wildcatter():
    """SAS/OR documentation, PROC DTREE: drilling is worth 140,000, and to know all before it 155,000 more."""
    found = comparison_of(
        """
        [inputs]
        cost = { dist = "discrete", values = [150, 300, 500], weights = [0.2, 0.6, 0.2] }
        deposit = { dist = "discrete", values = [0, 700, 1200], weights = [0.5, 0.3, 0.2] }
        [model]
        T = "deposit - cost"
        [strategies.drill]
        [strategies.not]
        model.T = "0 * cost"
        """,
        trials=TRIALS,
    )
    close(number(found, "mean", "drill"), 140.0)
    close(number(found, "evpi"), 155.0)
    close(number(found, "mean_difference", "drill", "not"), 140.0)
    close(number(found, "prob_beats", "drill", "not"), 0.3 + 0.2)


def test_perfect_information_about_two_normals():
    """Vignette of the R package voi: net benefits 0 and p1 - p2, p1 ~ N(1, 1), p2 ~ N(0, 2): EVPI 0.479811."""
    found = comparison_of(
        """
        [inputs]
        p1 = { dist = "normal", mean = 1, sd = 1 }
        p2 = { dist = "normal", mean = 0, sd = 2 }
        [model]
        T = "p1 - p2"
        [strategies.two]
        [strategies.one]
        model.T = "0 * p1"
        """,
        trials=TRIALS,
    )
    close(number(found, "evpi"), 0.479811)
    assert number(found, "evpi")[0] == pytest.approx(0.479811, abs=0.01)
    assert number(found, "evpi") == number(found, "regret", "two")


def test_the_right_to_exchange_is_a_regret():
    """Margrabe's formula, Haug's table in QuantLib: E (A - B)+ = 2.125."""
    t = 0.1
    found = comparison_of(
        f"""
        [inputs]
        a = {{ dist = "lognormal", mu = {math.log(22) - 0.06 * t - 0.02 * t}, sigma = {0.2 * math.sqrt(t)} }}
        b = {{ dist = "lognormal", mu = {math.log(20) - 0.04 * t - 0.01125 * t}, sigma = {0.15 * math.sqrt(t)} }}
        [[correlations]]
        between = ["a", "b"]
        normal = -0.5
        [model]
        T = "a"
        [strategies.A]
        [strategies.B]
        model.T = "b"
        """,
        trials=TRIALS,
    )
    close(number(found, "regret", "B"), 2.125, digits=0.0005)
    assert number(found, "regret", "B")[0] == pytest.approx(2.125, abs=0.01)


def test_a_minimum_royalty_is_a_put():
    """Hull, options of Black and Scholes: S = 42, K = 40, r = 0.1, sigma = 0.2, T = 0.5: call 4.76, put 0.81."""
    r, sigma, t = 0.1, 0.2, 0.5
    found = comparison_of(
        f"""
        [inputs]
        S = {{ dist = "lognormal", mu = {math.log(42) + (r - sigma**2 / 2) * t}, sigma = {sigma * math.sqrt(t)} }}
        [constants]
        K = 40
        discount = {math.exp(-r * t)}
        [model]
        T = "discount * S"
        [strategies.running]
        [strategies.fixed]
        model.T = "discount * K + 0 * S"
        [strategies.minimum]
        model.T = "discount * max(S, K)"
        """,
        trials=TRIALS,
    )
    close(number(found, "mean_difference", "minimum", "running"), 0.8086)
    close(number(found, "regret", "running"), 0.8086)
    close(number(found, "regret", "fixed"), 4.7594, digits=0.0001)
    regret, error = number(found, "regret", "minimum")
    assert regret == 0.0 and math.isnan(error)  # the same in every trial, but not certain
    assert found.record["first_order"][2, 0, 0] and found.record["second_order"][2, 0, 0]


def test_dice():
    """Stochastic dominance of dice (Wikipedia): A and C dominate B, A and C are not ordered."""
    found = comparison_of(
        """
        [inputs]
        face = { dist = "discrete", values = [1, 2, 3, 4, 5, 6], weights = [1, 1, 1, 1, 1, 1], normalise = true }
        [model]
        T = "where(face <= 3, 1, 3)"
        [strategies.A]
        [strategies.B]
        model.T = "where(face <= 3, 1, 2)"
        [strategies.C]
        model.T = "where(face <= 2, 1, 2)"
        """,
        trials=TRIALS,
    )
    order = found.record["first_order"][:, :, 0]
    assert order.tolist() == [[False, True, False], [False, False, False], [False, True, False]]
    close(number(found, "dominance_ratio", "A", "C"), 0.25)
    close(number(found, "dominance_ratio", "C", "A"), 0.75)
    assert number(found, "dominance_ratio", "A", "B")[0] == 0.0
    assert not found.record["second_order"][0, 2, 0] and not found.record["second_order"][2, 0, 0]


def test_two_correlated_normals():
    """Closed forms: A - B is normal, so P(A > B), regret and EVPI follow from its mean and standard deviation."""
    from comparisons import PAIR

    found = comparison_of(PAIR, trials=TRIALS)
    normal, gap, sd = NormalDist(), 1.0, math.sqrt(1 + 4 - 2 * 0.3 * 2)
    close(number(found, "prob_beats", "A", "B"), normal.cdf(gap / sd))
    close(number(found, "prob_best", "B"), normal.cdf(-gap / sd))
    excess = sd * normal.pdf(gap / sd) + gap * normal.cdf(gap / sd)
    close(number(found, "regret", "B"), excess)
    close(number(found, "regret", "A"), excess - gap)
    close(number(found, "evpi"), excess - gap)
    close(number(found, "mean_difference", "A", "B"), gap)
    for level in (10.0, 50.0, 90.0):
        z = normal.inv_cdf(level / 100)
        close(number(found, "quantiles_difference", "A", "B", at=level), (1 + z) - 2 * z)
    shortfall = normal.pdf(normal.inv_cdf(0.05)) / 0.05
    close(number(found, "cvar_difference", "A", "B", at=0.95), (shortfall - 1) - 2 * shortfall)


def test_certainty_equivalents():
    """CARA of N(100, 30) at 1/100: 100 - 30**2 / 200 = 95.5; CRRA 2 of a lognormal: 100 exp(-1/8) = 88.24969.

    What is cut off at 0.001, so that CRRA exists, moves the first by 100 log(Phi(100 / 30) / Phi(91 / 30)) = 0.078.
    """
    found = comparison_of(
        """
        [inputs]
        x = { dist = "normal", mean = 100, sd = 30, truncate = { min = 0.001 } }
        y = { dist = "lognormal", median = 100, sigma = 0.5 }
        [model]
        T = "x"
        [strategies.normal]
        [strategies.lognormal]
        model.T = "y"
        """,
        trials=TRIALS,
        risk_tolerance=100.0,
        wealth=0.0,
        risk_aversion=2.0,
    )
    close(number(found, "ce_exponential", "normal"), 95.5 + 0.0781, digits=1e-4)
    close(number(found, "ce_power", "lognormal"), 88.24969)
