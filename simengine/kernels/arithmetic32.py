"""Elementary functions on vectors of float32, built from correctly rounded operations like those of float64.

``exp`` and ``log`` are within 1 unit in the last place; ``power`` goes through float64 and is within 0.51.

References: exp follows the usual reduction by ln 2 in two parts (Cody and Waite, 1980); log uses the minimax
polynomial of FreeBSD's msun in single precision (Sun Microsystems, 1993).
"""

from __future__ import annotations

import numpy as np

from simengine.kernels.jit import inline
from simengine.kernels.simd import (
    all_f32,
    all_f64,
    all_i32,
    all_i64,
    bits_f32,
    bits_f64,
    bits_i32,
    bits_i64,
    choose,
    floor,
    fused,
    high_f64,
    joined_f32,
    low_f64,
    magnitude,
    opposite,
    shift_down,
    shift_left,
)

_MAGIC, _MAGIC_BITS = np.float32(12582912.0), np.int32(0x4B400000)
_LOG2_E = np.float32(1.44269504)
_LN2_HIGH, _LN2_LOW = np.float32(6.9313812256e-01), np.float32(9.0580006145e-06)
_INFINITE = np.float32(np.inf)
_TINY, _LIFT = np.float32(1.17549435e-38), np.float32(33554432.0)
_WIDE_MAGIC, _WIDE_MAGIC_BITS = 6755399441055744.0, 0x4338000000000000
_WIDE_LN2 = 6.93147180559945286227e-01


@inline
def f32(x):
    """A constant in every lane."""
    return all_f32(np.float32(x))


@inline
def exp_of(x):
    """exp x; saturates to 0 and inf, and a NaN stays one."""
    limit, low = f32(89.0), f32(-104.0)
    y = choose(x > limit, limit, x)
    y = choose(y < low, low, y)
    shifted = fused(y, all_f32(_LOG2_E), all_f32(_MAGIC))
    k = shifted - all_f32(_MAGIC)
    r = fused(k, all_f32(-_LN2_LOW), fused(k, all_f32(-_LN2_HIGH), y))
    p = f32(1.9841270e-04)
    p = fused(p, r, f32(1.3888889e-03))
    p = fused(p, r, f32(8.3333333e-03))
    p = fused(p, r, f32(4.1666667e-02))
    p = fused(p, r, f32(1.6666667e-01))
    p = fused(p, r, f32(0.5))
    out = f32(1.0) + fused(p, r * r, r)
    n = bits_i32(shifted) - all_i32(_MAGIC_BITS)
    half = shift_down(n, all_i32(1))
    bias, place = all_i32(127), all_i32(23)
    out = out * bits_f32(shift_left(half + bias, place)) * bits_f32(shift_left(n - half + bias, place))
    return choose(x != x, x, out)


@inline
def log_edges(x, y):
    """y, except where the logarithm of x is infinite or undefined."""
    zero = f32(0.0)
    y = choose(x == all_f32(_INFINITE), x, y)
    y = choose(x == zero, all_f32(-_INFINITE), y)
    return choose((x < zero) | (x != x), f32(np.nan), y)


@inline
def log_of(x):
    """log x; -inf at 0, NaN below."""
    small = x < all_f32(_TINY)
    b = bits_i32(choose(small, x * all_f32(_LIFT), x))
    k = shift_down(b - all_i32(0x3F3504F3), all_i32(23))
    m = bits_f32(b - shift_left(k, all_i32(23)))
    k_float = bits_f32(k + all_i32(_MAGIC_BITS)) - all_f32(_MAGIC)
    k_float = choose(small, k_float - f32(25.0), k_float)
    f = m - f32(1.0)
    s = f / (f32(2.0) + f)
    z = s * s
    p = fused(f32(0.24279078841), z, f32(0.28498786688))
    p = fused(p, z, f32(0.40000972152))
    p = fused(p, z, f32(0.66666662693)) * z
    square = f32(0.5) * f * f
    y = k_float * all_f32(_LN2_HIGH) - ((square - fused(s, square + p, k_float * all_f32(_LN2_LOW))) - f)
    return log_edges(x, y)


@inline
def wide_power(x, y):
    """x**y for finite x > 0 in float64, to about 1e-13 times the size of y log x; saturates like float32."""
    b = bits_i64(x)
    k = shift_down(b - all_i64(0x3FE6A09E667F3BCD), all_i64(52))
    m = bits_f64(b - shift_left(k, all_i64(52)))
    k_float = bits_f64(k + all_i64(_WIDE_MAGIC_BITS)) - all_f64(_WIDE_MAGIC)
    f = m - all_f64(1.0)
    s = f / (all_f64(2.0) + f)
    z = s * s
    p = all_f64(2 / 19.0)
    p = fused(p, z, all_f64(2 / 17.0))
    p = fused(p, z, all_f64(2 / 15.0))
    p = fused(p, z, all_f64(2 / 13.0))
    p = fused(p, z, all_f64(2 / 11.0))
    p = fused(p, z, all_f64(2 / 9.0))
    p = fused(p, z, all_f64(2 / 7.0))
    p = fused(p, z, all_f64(2 / 5.0))
    p = fused(p, z, all_f64(2 / 3.0))
    logarithm = fused(k_float, all_f64(_WIDE_LN2), fused(s * z, p, all_f64(2.0) * s))
    t = logarithm * y
    t = choose(t > all_f64(110.0), all_f64(110.0), t)
    t = choose(t < all_f64(-110.0), all_f64(-110.0), t)
    shifted = fused(t, all_f64(1.4426950408889634), all_f64(_WIDE_MAGIC))
    n = shifted - all_f64(_WIDE_MAGIC)
    r = fused(n, all_f64(-_WIDE_LN2), t)
    e = all_f64(1 / 3628800.0)
    e = fused(e, r, all_f64(1 / 362880.0))
    e = fused(e, r, all_f64(1 / 40320.0))
    e = fused(e, r, all_f64(1 / 5040.0))
    e = fused(e, r, all_f64(1 / 720.0))
    e = fused(e, r, all_f64(1 / 120.0))
    e = fused(e, r, all_f64(1 / 24.0))
    e = fused(e, r, all_f64(1 / 6.0))
    e = fused(e, r, all_f64(0.5))
    e = fused(e, r, all_f64(1.0))
    e = fused(e, r, all_f64(1.0))
    power_of_two = bits_i64(shifted) - all_i64(_WIDE_MAGIC_BITS) + all_i64(1023)
    return e * bits_f64(shift_left(power_of_two, all_i64(52)))


@inline
def power(x, y):
    """x**y as IEEE 754 ``pow`` gives it: negative x is accepted for integer y, and x**0 is 1."""
    one, zero, infinite, nan = f32(1.0), f32(0.0), all_f32(_INFINITE), f32(np.nan)
    size = magnitude(x)
    out = joined_f32(wide_power(low_f64(size), low_f64(y)), wide_power(high_f64(size), high_f64(y)))
    vanishing = (size == zero) & (y > zero) | (size == infinite) & (y < zero)
    vanishing = vanishing | (y == infinite) & (size < one) | (y == opposite(infinite)) & (size > one)
    growing = (size == zero) & (y < zero) | (size == infinite) & (y > zero)
    growing = growing | (y == infinite) & (size > one) | (y == opposite(infinite)) & (size < one)
    out = choose(vanishing, zero, choose(growing, infinite, out))
    out = choose(x != x, x, choose(y != y, y, out))
    whole = floor(y)
    integer = whole == y
    odd = integer & (floor(y * f32(0.5)) * f32(2.0) != y)
    finite = magnitude(y) < infinite
    negative = bits_i32(x) < all_i32(0)
    out = choose(negative & odd & finite, opposite(out), out)
    out = choose((x < zero) & (size < infinite) & (whole != y) & finite, nan, out)
    out = choose((y == zero) | (x == one), one, out)
    return choose((x == opposite(one)) & (magnitude(y) == infinite), one, out)
