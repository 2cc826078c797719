"""exp, log and power of the kernel against 60-digit arithmetic, and their edges."""

import mpmath
import numpy as np
import pytest

from simengine.kernels import arithmetic
from simengine.kernels.jit import kernel


@kernel
def exp_all(x, out):
    for j in range(x.size):
        out[j] = arithmetic.exp_of_sum(x[j], 0.0)


@kernel
def log_all(x, out):
    for j in range(x.size):
        out[j] = arithmetic.log_of(x[j])


@kernel
def power_all(x, y, out):
    for j in range(x.size):
        out[j] = arithmetic.power(x[j], y[j])


def run(function, *arguments):
    out = np.empty(len(arguments[0]))
    function(*(np.array(a, np.float64) for a in arguments), out)
    return out


def ulps(got, exact):
    """Distance in units in the last place of the exact value."""
    out = []
    with mpmath.workdps(60):
        for g, e in zip(got, exact, strict=True):
            out.append(abs(mpmath.mpf(float(g)) - e) / mpmath.mpf(float(np.spacing(abs(float(e))))))
    return max(out)


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workdps(60):
        yield


def test_exp_is_within_one_unit():
    x = np.concatenate([np.random.default_rng(1).uniform(-700, 700, 1500), np.linspace(-1e-8, 1e-8, 50)])
    assert ulps(run(exp_all, x), [mpmath.exp(mpmath.mpf(float(v))) for v in x]) < 0.8


def test_log_is_within_one_unit():
    draw = np.random.default_rng(2)
    x = np.concatenate([10 ** draw.uniform(-307, 307, 1000), draw.uniform(0.5, 2, 1000), [5e-324, 1e-310]])
    assert ulps(run(log_all, x), [mpmath.log(mpmath.mpf(float(v))) for v in x]) < 0.9


def test_power_is_within_one_unit():
    draw = np.random.default_rng(3)
    x, y = 10 ** draw.uniform(-20, 20, 1500), draw.uniform(-12, 12, 1500)
    assert (
        ulps(run(power_all, x, y), [mpmath.power(mpmath.mpf(a), mpmath.mpf(b)) for a, b in zip(x, y, strict=True)])
        < 0.9
    )


def test_edges_are_those_of_ieee():
    inf, nan = np.inf, np.nan
    special = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, inf, -inf, nan, 1e300, -1e300, 1e-300]
    x, y = (a.ravel() for a in np.meshgrid(special, special))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(run(power_all, x, y), np.power(x, y), rtol=3e-16)
        np.testing.assert_allclose(run(log_all, special), np.log(special), rtol=3e-16)
    edge = [0.0, -0.0, 746.0, 1000.0, -1000.0, inf, -inf, nan]
    assert np.array_equal(run(exp_all, edge), [1.0, 1.0, inf, inf, 0.0, inf, 0.0, nan], equal_nan=True)
