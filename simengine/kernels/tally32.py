"""Counts and sums over float32 outcomes: what kernels.tally finds for the same values in float64, to the bit.

Values are widened before anything is added, multiplied or binned, and every sum has the same tree; only where a value
is compared with a limit is the limit rounded up to a float32 instead, which decides alike.
"""

from __future__ import annotations

import numpy as np

from simengine.aggregate.grid import BINS, SIDE, SUB_BITS
from simengine.aggregate.replicates import COARSE
from simengine.kernels.arithmetic import fma
from simengine.kernels.jit import inline, kernel
from simengine.kernels.simd import (
    HALF_LANES,
    all_f32,
    all_f64,
    all_i32,
    all_i64,
    any_set,
    bits_i64,
    choose,
    fused,
    high_f64,
    joined_i32,
    load_f32,
    low_f64,
    magnitude,
    mask_i32,
    shift_right,
    store,
    total,
)
from simengine.kernels.simd import LANES as VECTOR
from simengine.kernels.tally import LANES, TILE, add_powers, add_tail, bin_of, count_some, fold


@inline
def octave(x, centre, scale):
    """The exponent and first bits of 1 + |x - centre| * scale, for eight widened values."""
    y = magnitude((x - centre) * scale) + all_f64(1.0)
    return shift_right(bits_i64(y), all_i64(52 - SUB_BITS))


@inline
def bins_of(x, centre, scale, middle):
    """The bins of sixteen values, see aggregate.grid; middle: the smallest float32 that is not below the centre."""
    k = joined_i32(octave(low_f64(x), centre, scale), octave(high_f64(x), centre, scale)) - all_i32(1023 << SUB_BITS)
    k = choose(k < all_i32(SIDE - 1), k, all_i32(SIDE - 1))
    return (k ^ mask_i32(x < middle)) + all_i32(SIDE)  # SIDE + k, or SIDE - 1 - k below the centre


@inline
def add_powers32(values, at, size, centre, one, two, three, four):
    """kernels.tally.add_powers over values[at:at + size]; the sums of sixteen lanes stay in registers."""
    whole = size // LANES * LANES
    middle, zero = all_f64(centre), all_f64(0.0)
    for l in range(0, LANES, VECTOR):  # noqa: E741 - lane l
        a1, a2, a3, a4 = zero, zero, zero, zero
        b1, b2, b3, b4 = zero, zero, zero, zero
        for j in range(at + l, at + whole, LANES):
            x = load_f32(values, j)
            d, e = low_f64(x) - middle, high_f64(x) - middle
            square, other = d * d, e * e
            a1, b1 = a1 + d, b1 + e
            a2, b2 = a2 + square, b2 + other
            a3, b3 = fused(square, d, a3), fused(other, e, b3)
            a4, b4 = fused(square, square, a4), fused(other, other, b4)
        store(one, l, a1)
        store(two, l, a2)
        store(three, l, a3)
        store(four, l, a4)
        store(one, l + HALF_LANES, b1)
        store(two, l + HALF_LANES, b2)
        store(three, l + HALF_LANES, b3)
        store(four, l + HALF_LANES, b4)
    for j in range(whole, size):
        d = np.float64(values[at + j]) - centre
        square = d * d
        one[j - whole] += d
        two[j - whole] += square
        three[j - whole] = fma(square, d, three[j - whole])
        four[j - whole] = fma(square, square, four[j - whole])


@inline
def single_bin(x, centre, scale):
    """The bin of one value, BINS if it is not finite."""
    wide = np.float64(x)
    return np.int32(bin_of(wide, centre, scale)) if wide - wide == 0.0 else np.int32(BINS)


@inline
def count_clean(x, place, middle, factor, side, low, high):
    """Bins of the values of a tile into place; whether some are not finite, and vectors of the extremes."""
    zero = all_f32(np.float32(0.0))
    bad = all_i32(0)
    centre, scale = all_f64(middle), all_f64(factor)
    limit = all_f32(side)
    for j in range(0, x.size, VECTOR):
        v = load_f32(x, j)
        bad = bad | mask_i32((v - v) != zero)
        low, high = choose(v < low, v, low), choose(v > high, v, high)
        store(place, j, bins_of(v, centre, scale, limit))
    return any_set(bad), low, high


@kernel
def tally32(
    values,
    begin,
    end,
    first_trial,
    tile,
    centre,
    scale,
    thresholds,
    threshold_ends,
    sums,
    counts,
    below,
    extremes,
    faults,
    limits,
    sides,
    coarse,
):
    """kernels.tally.tally for values (outcomes, room) in float32.

    limits (thresholds,), sides (outcomes,): thresholds and centres as the smallest float32 that is not below them.
    coarse (outcomes, COARSE_BINS) int32: set to all counts so far, of COARSE bins together; or (outcomes, 0).
    """
    one, two, three, four = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    place = np.empty(TILE, np.int32)
    wide, clean = np.empty(TILE), np.empty(TILE)
    least, most = np.empty(VECTOR, np.float32), np.empty(VECTOR, np.float32)
    for start in range(0, end - begin, tile):
        size = min(tile, end - begin - start)
        for k in range(values.shape[0]):
            x = values[k, begin + start : begin + start + size]
            middle, factor = centre[k], scale[k]
            first, last = threshold_ends[k], threshold_ends[k + 1]
            whole = size // VECTOR * VECTOR
            infinite = all_f32(np.float32(np.inf))
            bad, low, high = count_clean(
                x[:whole], place, middle, factor, sides[k], infinite, all_f32(np.float32(-np.inf))
            )
            for j in range(whole, size):
                bad |= x[j] - x[j] != np.float32(0.0)
            if bad:
                for j in range(size):  # what is not finite counts as the centre in sums, and nowhere else
                    wide[j] = x[j]
                    finite = wide[j] - wide[j] == 0.0
                    clean[j] = wide[j] if finite else middle
                    if not finite:
                        if faults[k, 0] == 0:
                            faults[k, 1] = first_trial + start + j
                        faults[k, 0] += 1
                count_some(wide[:size], thresholds, first, last, counts[k, 0], below, extremes[k], middle, factor)
                add_powers(clean, size, middle, one, two, three, four)
            else:
                store(least, 0, low)
                store(most, 0, high)
                if whole:
                    for j in range(VECTOR):
                        extremes[k, 0] = min(extremes[k, 0], np.float64(least[j]))
                        extremes[k, 1] = max(extremes[k, 1], np.float64(most[j]))
                even, odd = counts[k, 0], counts[k, 1]
                for j in range(0, whole, 2):
                    even[np.uint64(place[j])] += 1
                    odd[np.uint64(place[j + 1])] += 1
                for t in range(first, last):
                    below[t] += count_below(x[:whole], limits[t])
                if whole < size:
                    for j in range(whole, size):
                        wide[j] = x[j]
                    count_some(
                        wide[whole:size], thresholds, first, last, counts[k, 0], below, extremes[k], middle, factor
                    )
                add_powers32(x, 0, size, middle, one, two, three, four)
            row = sums[start // tile, k]
            row[0], row[1], row[2], row[3] = fold(one), fold(two), fold(three), fold(four)
    for k in range(coarse.shape[0]):
        for b in range(coarse.shape[1]):
            even, odd = counts[k, 0, COARSE * b : COARSE * (b + 1)], counts[k, 1, COARSE * b : COARSE * (b + 1)]
            held = np.int32(0)
            for j in range(COARSE):
                held += np.int32(even[j] + odd[j])
            coarse[k, b] = held


@inline
def count_below(x, limit):
    """How many values lie below a limit; whole vectors."""
    hits, bound = all_i32(0), all_f32(limit)
    for j in range(0, x.size, VECTOR):
        hits = hits - mask_i32(load_f32(x, j) < bound)
    return total(hits)


@inline
def add_tail32(values, at, size, centre, limit, one, two):
    """kernels.tally.add_tail over the whole vectors of a tile whose size is a multiple of the lanes of a sum."""
    middle, zero = all_f64(centre), all_f64(0.0)
    bound, floor = all_f64(limit), all_f64(-np.inf)
    for l in range(0, LANES, VECTOR):  # noqa: E741
        a1, a2, b1, b2 = zero, zero, zero, zero
        for j in range(at + l, at + size, LANES):
            x = load_f32(values, j)
            p, q = low_f64(x), high_f64(x)
            d = choose((p < bound) & (p > floor), p - middle, zero)
            e = choose((q < bound) & (q > floor), q - middle, zero)
            a1, b1 = a1 + d, b1 + e
            a2, b2 = fused(d, d, a2), fused(e, e, b2)
        store(one, l, a1)
        store(two, l, a2)
        store(one, l + HALF_LANES, b1)
        store(two, l + HALF_LANES, b2)


@kernel
def select32(values, count, tile, centre, scale, flags, tail_limits, out, ends, tails, limits, sides):
    """kernels.tally.select for values in float32; out is float64.

    limits (outcomes, levels), sides (outcomes,): tail limits and centres as the smallest float32 not below them.
    """
    place = np.empty(TILE, np.int32)
    wide = np.empty(TILE)
    one, two = np.empty(LANES), np.empty(LANES)
    zero, infinite = all_f32(np.float32(0.0)), all_f32(np.float32(-np.inf))
    nowhere = all_i32(BINS)
    for start in range(0, count, tile):
        size = min(tile, count - start)
        for k in range(values.shape[0]):
            x = values[k, start : start + size]
            middle, factor, side = all_f64(centre[k]), all_f64(scale[k]), all_f32(sides[k])
            whole = size // VECTOR * VECTOR
            for j in range(0, whole, VECTOR):
                v = load_f32(x, j)
                store(place, j, choose((v - v) == zero, bins_of(v, middle, factor, side), nowhere))
            for j in range(whole, size):
                place[j] = single_bin(x[j], centre[k], scale[k])
            chosen = flags[k]
            filled = ends[k]
            fours = size // 4 * 4
            for j in range(0, fours, 4):  # one chain of additions for four values
                p, q = np.int64(chosen[np.uint64(place[j])]), np.int64(chosen[np.uint64(place[j + 1])])
                r, s = np.int64(chosen[np.uint64(place[j + 2])]), np.int64(chosen[np.uint64(place[j + 3])])
                out[np.uint64(filled)] = x[j]
                out[np.uint64(filled + p)] = x[j + 1]
                out[np.uint64(filled + p + q)] = x[j + 2]
                out[np.uint64(filled + p + q + r)] = x[j + 3]
                filled += p + q + r + s
            for j in range(fours, size):
                out[np.uint64(filled)] = x[j]
                filled += np.int64(chosen[np.uint64(place[j])])
            ends[k] = filled
            for level in range(tail_limits.shape[1]):
                row = tails[start // tile, k, level]
                if size % LANES == 0:
                    add_tail32(x, 0, size, centre[k], tail_limits[k, level], one, two)
                    bound, hits = all_f32(limits[k, level]), all_i32(0)
                    for j in range(0, size, VECTOR):
                        v = load_f32(x, j)
                        hits = hits - mask_i32((v < bound) & (v > infinite))
                    found = total(hits)
                else:
                    for j in range(size):
                        wide[j] = x[j]
                    found = add_tail(wide, size, centre[k], tail_limits[k, level], one, two)
                row[0], row[1], row[2] = fold(one), fold(two), found
