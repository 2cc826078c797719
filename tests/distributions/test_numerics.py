"""The numerical tools under the families: inversion, incomplete functions, quadrature, exact sums."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from simengine.distributions.incomplete import (
    beta_at_above,
    beta_at_below,
    beta_below,
    gamma_above,
    gamma_at_below,
    gamma_below,
)
from simengine.distributions.inversion import Inverse, invert, least_squares, solve
from simengine.distributions.moments import quantile_moments
from simengine.distributions.pieces import cumulate
from simengine.distributions.scores import below, expit, logit, score, scores


def gamma_tail(shape, x):
    """P(X < x) by quadrature of the density to 30 digits."""
    with mp.workdps(30):
        a, at, sd = mp.mpf(shape), mp.mpf(float(x)), mp.sqrt(shape)
        scale = mp.loggamma(a)
        return float(
            mp.quad(lambda t: mp.exp((a - 1) * mp.log(t) - t - scale), [at - k * sd for k in range(9, -1, -1)])
        )


@pytest.mark.parametrize("shape", [2e5, 1e6, 1e8])
@pytest.mark.parametrize("z", [-8.0, -6.0, -4.1, -3.9])
def test_large_gamma_far_below_its_mean(shape, z):
    x = np.array([shape + z * math.sqrt(shape)])
    exact = gamma_tail(shape, x[0])
    assert gamma_below(shape, x)[0] == pytest.approx(exact, rel=2e-13)
    assert gamma_above(shape, x)[0] == pytest.approx(1 - exact, abs=1e-15)


def test_scipy_alone_would_not_do():
    """If this fails, SciPy has mended its series and the own tail can go."""
    x = 1e8 - 6e4
    assert special.gammainc(1e8, x) != pytest.approx(gamma_tail(1e8, x), rel=0.1)
    assert special.betainc(1e3, 1e8, special.betaincinv(1e3, 1e8, 0.01)) != pytest.approx(0.01, rel=1e-6)


Q = np.array([0.5, 0.3, 1e-3, 1e-6, 1e-12, 2.0**-54, 2.0**-90])


@pytest.mark.parametrize("shape", [0.01, 1.0, 300.0, 2e5, 1e7, 1e8])
def test_gamma_quantiles_invert(shape):
    x = gamma_at_below(shape, Q[:-1])
    held = x > 0  # the others are less than any float64
    assert gamma_below(shape, x)[held] == pytest.approx(Q[:-1][held], rel=2e-11)


@pytest.mark.parametrize("a", [0.3, 5.0, 1e3, 1e8])
@pytest.mark.parametrize("b", [0.3, 5.0, 1e3, 1e8])
def test_beta_quantiles_invert(a, b):
    near, far = beta_at_below(a, b, Q)
    assert beta_below(a, b, near, far) == pytest.approx(Q, rel=3e-11)
    near, far = beta_at_above(a, b, Q)
    assert beta_below(b, a, far, near) == pytest.approx(Q, rel=3e-11)
    assert near + far == pytest.approx(np.ones(Q.size), abs=1e-12)


def test_normal_scores_match_special_functions():
    q = 2.0 ** -np.linspace(1, 200, 500)
    assert scores(q) == pytest.approx(special.ndtri(q), rel=1e-14, abs=1e-16)
    assert below(scores(q)) == pytest.approx(q, rel=2e-13)
    assert score(0.975) == pytest.approx(1.959963984540054, rel=1e-15)
    assert expit(logit(q)) == pytest.approx(q, rel=1e-13)


@settings(max_examples=50, deadline=None)
@given(root=st.floats(-300, 300), power=st.sampled_from([1, 3, 5]), low=st.floats(0.1, 9), high=st.floats(0.1, 9))
def test_bracketing_finds_roots_of_any_size(root, power, low, high):
    """Roots from 1e-300 to 1e300 on brackets over many orders of magnitude, to the last bits."""
    at = math.copysign(10.0 ** (abs(root) - 150), root)
    target = np.array([at])
    found = invert(lambda x: np.cbrt(x) if power == 3 else x, np.cbrt(target) if power == 3 else target,
                   np.array([-(10.0**160) * low]), np.array([10.0**160 * high]))  # fmt: skip
    assert found[0] == pytest.approx(at, rel=1e-14)


def test_bracketing_at_jumps_and_ends():
    step = invert(lambda x: np.where(x < 0.7, -1.0, 1.0), np.zeros(3), np.zeros(3), np.full(3, 2.0))
    assert step == pytest.approx(np.full(3, 0.7), rel=1e-15)
    ends = invert(lambda x: x, np.array([-5.0, 5.0]), np.zeros(2), np.ones(2))
    assert ends.tolist() == [0, 1]
    assert invert(lambda x: x, np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 3))).shape == (0, 3)


def test_inverse_computes_its_knots_once():
    calls = []

    def knots():
        calls.append(1)
        return np.linspace(-2, 2, 50)

    cube = Inverse(lambda x: x**3, knots)
    target = np.array([[-7.9, 0.001], [1.0, 3.0]])
    assert cube(target) == pytest.approx(np.cbrt(target), rel=1e-14)
    assert cube(np.array([100.0]))[0] == 2
    assert len(calls) == 1


def test_one_root():
    assert solve(lambda x: x * x - 2, 0, 2) == pytest.approx(math.sqrt(2), rel=1e-15)
    assert solve(lambda x: x + 1, 0, 2) is None
    assert solve(lambda x: x + 1e-12, 0, 2, slack=1e-9) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=3, max_size=8))
def test_least_squares_is_numpy_s(rows):
    matrix = np.array(rows)[:, :3] + np.vander(np.arange(len(rows)), 3)
    if np.linalg.matrix_rank(matrix, tol=1e-3) < 3:
        return
    target = np.array(rows)[:, 3]
    expected = np.linalg.lstsq(matrix, target, rcond=None)[0]
    assert least_squares(matrix.tolist(), target.tolist()) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-12, 1e6), min_size=1, max_size=200))
def test_running_sums_are_exact_to_the_last_bits(weights):
    exact, total, expected = Fraction(0), sum(map(Fraction, weights)), []
    for weight in weights:
        exact += Fraction(weight)
        expected.append(float(exact / total))
    found = cumulate(np.array(weights))
    assert found == pytest.approx(expected, rel=3e-16)
    assert found[-1] == 1


def test_moments_of_heavy_tails():
    """A Pareto of tail index 2.2 has a variance that lies far out."""
    alpha = 2.2
    mean, variance = quantile_moments(lambda q: (1 - q) ** (-1 / alpha), lambda q: q ** (-1 / alpha))
    assert mean == pytest.approx(alpha / (alpha - 1), rel=1e-12)
    assert variance == pytest.approx(alpha / (alpha - 1) ** 2 / (alpha - 2), rel=1e-9)
