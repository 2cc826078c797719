"""Draws of the float32 machine: blocks of 32-bit words by address, see sampling.address."""

from __future__ import annotations

import numpy as np

from simengine.kernels.jit import inline
from simengine.kernels.simd import (
    HALF_LANES,
    LANES,
    all_f32,
    all_i32,
    all_i64,
    at_least,
    choose,
    load_f32,
    load_i32,
    load_i64,
    shift_right,
    store,
    unsigned_i32,
    zipped,
)
from simengine.kernels.words import draw_antithetic, draw_lhs

QUARTER_GROUP = 128
_LOW = np.int64(0xFFFFFFFF)
_FACTOR_0, _FACTOR_1 = np.int64(0xD2511F53), np.int64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.int64(0x9E3779B9), np.int64(0xBB67AE85)
_TWO_32 = np.float32(4294967296.0)
_BELOW_TWO_32 = np.float32(4294967040.0)


@inline
def philox_eight(c0, c1, c2, c3, key0, key1):
    """Philox4x32-10 of eight counters; only the low 32 bits of each lane mean anything, before and after."""
    low, shift = all_i64(_LOW), all_i64(32)
    for _ in range(10):
        p0 = all_i64(_FACTOR_0) * (c0 & low)
        p1 = all_i64(_FACTOR_1) * (c2 & low)
        c0, c1, c2, c3 = (
            shift_right(p1, shift) ^ c1 ^ all_i64(key0),
            p1,
            shift_right(p0, shift) ^ c3 ^ all_i64(key1),
            p0,
        )
        key0 = (key0 + _WEYL_0) & _LOW
        key1 = (key1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


@inline
def draw_philox(out, at, count, first_trial, stream, key0, key1, lanes):
    """Words of ``count`` trials (whole groups of 512) into out[at:]; one call serves trials l + 0, 128, 256, 384.

    lanes: 0, 2, 4, ... 14 and 1, 3, 5, ... 15 as int64.
    """
    even, odd = load_i64(lanes, 0), load_i64(lanes, HALF_LANES)
    stream_low, stream_high = all_i64(np.int64(stream) & _LOW), all_i64(np.int64(stream >> np.uint64(32)))
    key0, key1 = np.int64(key0), np.int64(key1)
    for start in range(0, count, 4 * QUARTER_GROUP):
        index = np.int64((first_trial + start) >> 2)
        high = all_i64(index >> 32)
        to = at + start
        for j in range(0, QUARTER_GROUP, LANES):
            low = all_i64(index + j)
            a0, a1, a2, a3 = philox_eight(low + even, high, stream_low, stream_high, key0, key1)
            b0, b1, b2, b3 = philox_eight(low + odd, high, stream_low, stream_high, key0, key1)
            store(out, to + j, zipped(a0, b0))
            store(out, to + j + QUARTER_GROUP, zipped(a1, b1))
            store(out, to + j + 2 * QUARTER_GROUP, zipped(a2, b2))
            store(out, to + j + 3 * QUARTER_GROUP, zipped(a3, b3))


@inline
def top(column):
    """The upper half of a 64-bit number."""
    return np.int32(column >> 32)


@inline
def draw_sobol(out, at, count, first_trial, bits, lattice, dimension, masks):
    """Sobol points, the upper halves of those of kernels.words.draw_sobol.

    masks: four times 16 numbers, -1 in the lanes whose number has bit 0, 1, 2, 3 set, else 0.
    """
    last = lattice.shape[0] - 1
    size = lattice.shape[2]
    if bits >= 6:
        span = min(np.int64(1) << bits, np.int64(count))
        for begin in range(0, count, span):
            trial = first_trial + begin
            r = min(trial >> bits, last)
            one = all_i32(top(lattice[r, dimension, 0]))
            for k in range(4):
                one = one ^ (load_i32(masks, k * LANES) & all_i32(top(lattice[r, dimension, 1 + k])))
            five, six = all_i32(top(lattice[r, dimension, 5])), all_i32(top(lattice[r, dimension, 6]))
            two, three = one ^ five, one ^ six
            four = two ^ six
            rest = (trial & ((np.int64(1) << bits) - 1)) >> 6
            base = np.int32(0)
            for k in range(7, size):
                base ^= top(lattice[r, dimension, k]) & -np.int32((rest >> (k - 7)) & 1)
            for to in range(at + begin, at + begin + span, 4 * LANES):
                every = all_i32(base)
                store(out, to, one ^ every)
                store(out, to + LANES, two ^ every)
                store(out, to + 2 * LANES, three ^ every)
                store(out, to + 3 * LANES, four ^ every)
                rest += 1  # flips the bits up to the first that was clear
                k = 7
                while k < size:
                    base ^= top(lattice[r, dimension, k])
                    if (rest >> (k - 7)) & 1:
                        break
                    k += 1
    else:
        for j in range(count):
            trial = first_trial + j
            r = min(trial >> bits, last)
            word = lattice[r, dimension, 0]
            for k in range(bits):
                word ^= lattice[r, dimension, 1 + k] & -((trial >> k) & 1)
            out[at + j] = top(word)


@inline
def draw_lhs32(out, at, wide, first_trial, bits, keys, draw, stream, key0, key1):
    """The upper halves of Latin hypercube words; wide: room for as many 64-bit words."""
    draw_lhs(wide, first_trial, bits, keys, draw, stream, key0, key1)
    for j in range(wide.size):
        out[at + j] = top(wide[j])


@inline
def draw_antithetic32(out, at, wide, first_trial, bits, stream, key0, key1):
    """The upper halves of words in pairs of opposites."""
    draw_antithetic(wide, first_trial, bits, stream, key0, key1)
    for j in range(wide.size):
        out[at + j] = top(wide[j])


@inline
def step(out, to, words, at, count, cut):
    """1 where the word is at least cut (both unsigned), else 0."""
    one, zero, limit = all_f32(np.float32(1.0)), all_f32(np.float32(0.0)), all_i32(np.int32(cut))
    for j in range(0, count, LANES):
        store(out, to + j, choose(at_least(load_i32(words, at + j), limit), one, zero))


@inline
def unit_to_word(out, to, x, at, mask, count):
    """The word whose probability is x."""
    scale, zero, limit = all_f32(_TWO_32), all_f32(np.float32(0.0)), all_f32(_BELOW_TWO_32)
    for j in range(0, count, LANES):
        y = load_f32(x, at + (j & mask)) * scale
        y = choose(y > zero, y, zero)
        store(out, to + j, unsigned_i32(choose(y < limit, y, limit)))
