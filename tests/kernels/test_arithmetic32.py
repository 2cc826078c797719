"""exp, log and power of the float32 machine against float64, and their edges."""

import numpy as np
import pytest

from simengine.kernels import arithmetic32
from simengine.kernels.jit import kernel
from simengine.kernels.simd import LANES, load_f32, store


@kernel
def exp_all(x, out):
    for j in range(0, x.size, LANES):
        store(out, j, arithmetic32.exp_of(load_f32(x, j)))


@kernel
def log_all(x, out):
    for j in range(0, x.size, LANES):
        store(out, j, arithmetic32.log_of(load_f32(x, j)))


@kernel
def power_all(x, y, out):
    for j in range(0, x.size, LANES):
        store(out, j, arithmetic32.power(load_f32(x, j), load_f32(y, j)))


def run(function, *arguments):
    size = -(-len(arguments[0]) // LANES) * LANES
    padded = [np.resize(np.asarray(a, np.float32), size) for a in arguments]
    out = np.empty(size, np.float32)
    function(*padded, out)
    return out[: len(arguments[0])]


def ulps(got, exact):
    """Largest distance from the exact values, in units in the last place of float32."""
    spacing = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return float(np.max(np.abs(got.astype(np.float64) - exact) / spacing))


def singles(draw, low, high, count):
    return draw.uniform(low, high, count).astype(np.float32)


def test_exp_is_within_one_unit():
    x = np.concatenate([singles(np.random.default_rng(1), -103, 88.7, 200_000), np.linspace(-1e-4, 1e-4, 99)])
    x = x.astype(np.float32)
    assert ulps(run(exp_all, x), np.exp(x.astype(np.float64))) < 1.0


def test_log_is_within_one_unit():
    draw = np.random.default_rng(2)
    x = np.concatenate([10 ** draw.uniform(-37, 38, 100_000), draw.uniform(0.5, 2, 100_000), [1e-45, 1e-40]])
    x = x.astype(np.float32)
    assert ulps(run(log_all, x), np.log(x.astype(np.float64))) < 1.0


def test_power_is_correctly_rounded_but_for_ties():
    draw = np.random.default_rng(3)
    x, y = (10 ** draw.uniform(-6, 6, 200_000)).astype(np.float32), singles(draw, -6, 6, 200_000)
    assert ulps(run(power_all, x, y), np.power(x.astype(np.float64), y.astype(np.float64))) < 0.501
    near = np.concatenate([singles(draw, 0.9, 1.1, 50_000)])
    large = singles(draw, -800, 800, 50_000)
    assert ulps(run(power_all, near, large), np.power(near.astype(np.float64), large.astype(np.float64))) < 0.501


def test_edges_are_those_of_ieee():
    inf, nan = np.inf, np.nan
    special = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, inf, -inf, nan, 1e38, -1e38, 1e-38, 1e-44, 2.5]
    x, y = (a.ravel().astype(np.float32) for a in np.meshgrid(special, special))
    with np.errstate(all="ignore"):
        exact = np.power(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
        np.testing.assert_allclose(run(power_all, x, y), exact, rtol=1e-6)
        signs = np.signbit(exact) == np.signbit(run(power_all, x, y))
        assert np.all(signs | np.isnan(exact))
        few = np.array(special, np.float32)
        np.testing.assert_allclose(run(log_all, special), np.log(few), rtol=1e-6)
    edge = [0.0, -0.0, 89.0, 1000.0, -1000.0, inf, -inf, nan]
    assert np.array_equal(run(exp_all, edge), [1.0, 1.0, inf, inf, 0.0, inf, 0.0, nan], equal_nan=True)


@pytest.mark.parametrize("function", [exp_all, log_all])
def test_order_is_kept(function):
    x = np.sort(singles(np.random.default_rng(4), 0.01, 80, 100_000))
    assert np.all(np.diff(run(function, x)) >= 0)
