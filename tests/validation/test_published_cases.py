"""Published cases with known answers, each as a scenario run from its text to the reported number.

Tolerances are five standard errors at a million trials plus the rounding of the published value, unless a case says
otherwise.  Every case names where its answer is published; answers in closed form are computed here too.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from simengine import scenario
from simengine.deal.expand import expand
from simengine.engine.run import run
from simengine.plan.compile import build_plan

TRIALS = 1_000_000


def outcomes(text: str, *, trials: int = TRIALS, percentiles=(5.0, 50.0, 95.0), tail_levels=(0.95,)):
    """Statistics by (strategy, outcome) of a scenario given as text."""
    head = '[scenario]\nname = "case"\n'
    plan = build_plan(expand(scenario.loads(head + text)))
    done = run(plan, trials=trials, seed=20260101, percentiles=percentiles, tail_levels=tail_levels)
    return {(outcome.strategy, outcome.output): outcome for outcome in done.outcomes}


def outcome(text: str, name: str = "T", **options):
    return outcomes(text, **options)["base", name]


@pytest.mark.parametrize(
    ("d", "r", "expected", "printed"),
    [(0.8, 0.9, 684.0, 648.0), (0.9, 0.95, 812.25, 1000.0), (0.7, 0.85, 565.25, 507.5)],
)
def test_base_arithmetic_is_exact(d, r, expected, printed):
    """The article that proposes the formula prints other numbers for the same inputs: they are wrong."""
    found = outcome(f"[inputs]\nV = 1000\nD = {d}\nR = {r}\nL = 0.05\n", trials=1000)
    assert found.mean == 1000 * d * r * (1 - 0.05) == expected != printed
    assert (found.minimum, found.maximum) == (expected, expected)


def test_product_of_lognormals():
    """T is lognormal with sigma = sqrt(0.29): closed form."""
    found = outcome(
        """
        [inputs]
        V = { dist = "lognormal", mu = 6.907755278982137, sigma = 0.5 }
        D = { dist = "lognormal", mu = -0.3, sigma = 0.2 }
        R = 0.9
        L = 0.05
        """
    )
    assert found.mean == pytest.approx(732.235, abs=2.1)
    assert found.std == pytest.approx(424.714, abs=4)
    for value, (expected, tolerance) in zip(
        found.quantiles, [(261.209, 1.5), (633.400, 2.1), (1535.916, 8.7)], strict=True
    ):
        assert value == pytest.approx(expected, abs=tolerance)
    assert -found.cvar_loss[0] == pytest.approx(212.411, abs=1)


def test_borgonovo_product_and_sum():
    """Borgonovo (2017), OTBenchmark: uniform V, D and upfront; mean 3/4, variance 19/144."""
    found = outcome(
        """
        [inputs]
        V = { dist = "uniform", min = 0, max = 1 }
        D = { dist = "uniform", min = 0, max = 1 }
        U = { dist = "uniform", min = 0, max = 1 }
        [model]
        T = "V * D + U"
        """
    )
    assert found.mean == pytest.approx(0.75, abs=5 * found.mean_se)
    assert found.std**2 == pytest.approx(19 / 144, abs=0.001)
    assert abs(found.mean - 0.75) < 0.01


def test_ishigami_moments():
    """Ishigami and Homma, a = 7 and b = 0.1 (OpenTURNS): mean 3.5, variance 13.84459.

    The sine of a uniform angle has the arcsine distribution, which is the beta distribution (1/2, 1/2) on [-1, 1];
    x1 and x2 enter by their sines only.
    """
    found = outcome(
        """
        [inputs]
        sine_1 = { dist = "beta", alpha = 0.5, beta = 0.5, min = -1, max = 1 }
        sine_2 = { dist = "beta", alpha = 0.5, beta = 0.5, min = -1, max = 1 }
        x_3 = { dist = "uniform", min = -3.141592653589793, max = 3.141592653589793 }
        [model]
        T = "sine_1 + 7 * sine_2**2 + 0.1 * x_3**4 * sine_1"
        """
    )
    variance = 7**2 / 8 + 0.1 * math.pi**4 / 5 + 0.1**2 * math.pi**8 / 18 + 1 / 2
    assert variance == pytest.approx(13.84459, abs=1e-5)
    assert found.mean == pytest.approx(3.5, abs=5 * found.mean_se)
    assert found.std**2 == pytest.approx(variance, abs=10 * found.std * found.std_se)
    assert found.std**2 == pytest.approx(13.84459, abs=0.1)


def test_resistance_minus_load():
    """OTBenchmark R - S: P(loss) = Phi(-sqrt 2) = 0.0786496."""
    found = outcome(
        """
        [inputs]
        V = { dist = "normal", mean = 4, sd = 1 }
        D = 1
        R = 1
        L = 0
        [costs]
        load = { dist = "normal", mean = 2, sd = 1 }
        """
    )
    assert found.prob_loss == pytest.approx(0.0786496, abs=0.00135)


@pytest.mark.parametrize(("limit", "expected"), [(0.0, 1 / 3), (-0.5, 0.163319)])
def test_bivariate_normal(limit, expected):
    """Haug's table in QuantLib: P(X < a and Y < a) at correlation 1/2."""
    found = outcome(
        f"""
        [inputs]
        X = {{ dist = "normal", mean = 0, sd = 1 }}
        Y = {{ dist = "normal", mean = 0, sd = 1 }}
        [[correlations]]
        between = ["X", "Y"]
        normal = 0.5
        [constants]
        limit = {limit}
        [model]
        T = "X < limit and Y < limit"
        """
    )
    assert found.mean == pytest.approx(expected, abs=0.0025)
    assert {found.minimum, found.maximum} == {0.0, 1.0}


def test_value_at_risk_of_a_normal_loss():
    """Quantitative Risk Management: a position of 10,000 with yearly volatility 20 %, one day of 250."""
    found = outcome(
        f"""
        [inputs]
        profit = {{ dist = "normal", mean = 0, sd = {10_000 * 0.2 / math.sqrt(250)} }}
        [model]
        T = "profit"
        """,
        tail_levels=(0.95, 0.99, 0.995),
    )
    assert list(found.var_loss) == pytest.approx([208.1, 294.3, 325.8], rel=0.01)
    assert list(found.cvar_loss) == pytest.approx([260.9, 337.1, 365.8], rel=0.01)


def test_gum_sum_of_four_normals():
    """JCGM 101, table 2: standard uncertainty 2.00, 95 % interval [-3.92, 3.92]."""
    names = ("a", "b", "c", "d")
    lines = "\n".join(f'{name} = {{ dist = "normal", mean = 0, sd = 1 }}' for name in names)
    text = f'[inputs]\n{lines}\n[model]\nT = "{" + ".join(names)}"\n'
    found = outcome(text, percentiles=(2.5, 97.5), trials=5_000_000)
    assert found.mean == pytest.approx(0.0, abs=5 * found.mean_se)
    assert found.std == pytest.approx(2.0, abs=0.012)
    assert list(found.quantiles) == pytest.approx([-3.92, 3.92], abs=0.012)


def test_philox_known_answers():
    """Random123 known-answer tests of philox4x32-10."""
    from simengine.sampling.address import philox

    def call(counter, key):
        return [int(word[0]) for word in philox(tuple(np.array([c], np.uint64) for c in counter), key)]

    assert call((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert call((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)) == [
        *(0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)
    ]


def test_flood():
    """OpenTURNS, river flood: P(S > 0) = 7.3e-4 with a coefficient of variation below 1 %."""
    trials = 4_000_000
    found = outcome(
        """
        [inputs]
        Q = { dist = "gumbel", loc = 1013, scale = 558, truncate = { min = 0 } }
        Ks = { dist = "normal", mean = 30, sd = 7.5, truncate = { min = 0 } }
        Zv = { dist = "uniform", min = 49, max = 51 }
        Zm = { dist = "uniform", min = 54, max = 56 }
        Hd = { dist = "uniform", min = 2, max = 4 }
        Zb = { dist = "triangular", min = 55, mode = 55.5, max = 56 }
        length = { dist = "triangular", min = 4990, mode = 5000, max = 5010 }
        width = { dist = "triangular", min = 295, mode = 300, max = 305 }
        [model]
        height = "(Q / (Ks * width * sqrt((Zm - Zv) / length))) ** 0.6"
        T = "Zb + Hd - Zv - height"
        """,
        trials=trials,
    )
    published, its_error = 7.3e-4, 7.3e-6
    error = math.hypot(math.sqrt(published / trials), its_error)
    assert found.prob_loss == pytest.approx(published, abs=5 * error)
    assert found.prob_loss == pytest.approx(7.41e-4, abs=5 * math.hypot(math.sqrt(7.41e-4 / trials), 1.4e-5))
