"""What is counted and summed over outcomes; the order of every sum depends on the trial alone.

Sums are taken over tiles of 4,096 trials (less where replicates are shorter): lane l of 256 adds trials l, l + 256, ...
of the tile in order, then the lanes are folded by halves.  A GPU block of 256 threads does the same.
"""

from __future__ import annotations

import numpy as np

from simengine.aggregate.grid import BINS, SIDE, SUB_BITS
from simengine.kernels.arithmetic import bits_of, fma
from simengine.kernels.jit import inline, kernel

LANES = 256
TILE = 4096
MOMENTS = 4
TAIL_MOMENTS = 3
EXACT_MOMENTS = 2


@inline
def bin_of(x, centre, scale):
    """The bin of x, see aggregate.grid."""
    y = (x - centre) * scale
    k = (bits_of(abs(y) + 1.0) >> np.int64(52 - SUB_BITS)) - np.int64(1023 << SUB_BITS)
    k = k if k < SIDE - 1 else np.int64(SIDE - 1)
    return SIDE - 1 - k if y < 0.0 else SIDE + k


@inline
def fold(lanes):
    """The sum of the lanes, by halves."""
    half = LANES >> 1
    while half:
        for j in range(half):
            lanes[j] += lanes[half + j]
        half >>= 1
    return lanes[0]


@inline
def add_powers(x, size, centre, one, two, three, four):
    """Add the first four powers of x - centre to the lanes, for the first size values of a tile."""
    for l in range(LANES):  # noqa: E741 - lane l
        one[l] = 0.0
        two[l] = 0.0
        three[l] = 0.0
        four[l] = 0.0
    whole = size // LANES * LANES
    for at in range(0, whole, LANES):
        part = x[at : at + LANES]
        for l in range(LANES):  # noqa: E741
            d = part[l] - centre
            square = d * d
            one[l] += d
            two[l] += square
            three[l] = fma(square, d, three[l])
            four[l] = fma(square, square, four[l])
    for j in range(whole, size):
        d = x[j] - centre
        square = d * d
        one[j - whole] += d
        two[j - whole] += square
        three[j - whole] = fma(square, d, three[j - whole])
        four[j - whole] = fma(square, square, four[j - whole])


@kernel
def tally(
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
):
    """Count and sum columns begin to end - 1 of values (outcomes, room), tile by tile (the last may be short).

    first_trial is that of column begin, the first of a tile.  thresholds of outcome k are
    thresholds[ends[k]:ends[k + 1]].  Results: sums (tiles, outcomes, 4); counts (outcomes, 2, bins) int32, added to;
    below (thresholds,) added to; extremes (outcomes, 2) lowered and raised; faults (outcomes, 2): count of values that
    are not finite, first such trial.
    """
    one, two, three, four = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    place = np.empty(TILE, np.int64)
    clean = np.empty(TILE)
    for start in range(0, end - begin, tile):
        size = min(tile, end - begin - start)
        for k in range(values.shape[0]):
            x = values[k, begin + start : begin + start + size]
            middle, factor = centre[k], scale[k]
            bad = 0
            for j in range(size):
                bad += (x[j] - x[j]) != 0.0
            if bad:
                for j in range(size):  # what is not finite counts as the centre in sums, and nowhere else
                    finite = x[j] - x[j] == 0.0
                    clean[j] = x[j] if finite else middle
                    if not finite:
                        if faults[k, 0] == 0:
                            faults[k, 1] = first_trial + start + j
                        faults[k, 0] += 1
                first, last = threshold_ends[k], threshold_ends[k + 1]
                count_some(x, thresholds, first, last, counts[k, 0], below, extremes[k], middle, factor)
                x = clean[:size]
            else:
                low, high = extremes[k, 0], extremes[k, 1]
                for j in range(size):
                    place[j] = bin_of(x[j], middle, factor)
                for j in range(size):
                    low = x[j] if x[j] < low else low
                for j in range(size):
                    high = x[j] if x[j] > high else high
                extremes[k, 0], extremes[k, 1] = low, high
                even, odd = counts[k, 0], counts[k, 1]
                for j in range(0, size - 1, 2):
                    even[np.uint64(place[j])] += 1
                    odd[np.uint64(place[j + 1])] += 1
                if size & 1:
                    even[np.uint64(place[size - 1])] += 1
                for t in range(threshold_ends[k], threshold_ends[k + 1]):
                    limit, hits = thresholds[t], 0
                    for j in range(size):
                        hits += x[j] < limit
                    below[t] += hits
            add_powers(x, size, middle, one, two, three, four)
            row = sums[start // tile, k]
            row[0], row[1], row[2], row[3] = fold(one), fold(two), fold(three), fold(four)


@inline
def count_some(x, thresholds, first, last, counts, below, extremes, centre, scale):
    """Counts of the finite values only; the slow path for tiles in which some are not."""
    for j in range(x.size):
        if x[j] - x[j] == 0.0:
            counts[bin_of(x[j], centre, scale)] += 1
            extremes[0] = min(extremes[0], x[j])
            extremes[1] = max(extremes[1], x[j])
            for t in range(first, last):
                below[t] += x[j] < thresholds[t]


@kernel
def select(values, count, tile, centre, scale, flags, tail_limits, out, ends, tails):
    """Pick those of the first count values that lie in flagged bins, and sum the tails below limits.

    values: (outcomes, room).  flags: (outcomes, bins + 1) uint8, the last is 0 and stands for what is not finite.
    tail_limits: (outcomes, levels).  Results: out (room,), filled from ends[k] on for outcome k with the values in
    order of trial, ends (outcomes,) moved on; one place more than the values is needed for each outcome.
    tails: (tiles, outcomes, levels, 3), sums of x - centre and of its square over x < limit, and their number.
    """
    place = np.empty(TILE, np.int64)
    one, two = np.empty(LANES), np.empty(LANES)
    for start in range(0, count, tile):
        size = min(tile, count - start)
        for k in range(values.shape[0]):
            x = values[k, start : start + size]
            middle, factor = centre[k], scale[k]
            for j in range(size):
                place[j] = bin_of(x[j], middle, factor)
            for j in range(size):
                place[j] = place[j] if x[j] - x[j] == 0.0 else np.int64(BINS)
            chosen = flags[k]
            filled = ends[k]
            for j in range(size):
                out[np.uint64(filled)] = x[j]
                filled += chosen[np.uint64(place[j])]
            ends[k] = filled
            for level in range(tail_limits.shape[1]):
                hits = add_tail(x, size, middle, tail_limits[k, level], one, two)
                row = tails[start // tile, k, level]
                row[0], row[1], row[2] = fold(one), fold(two), hits


@inline
def key_of(x):
    """The integer that stands in the order of the floats, see aggregate.order."""
    bits = bits_of(x)
    return bits ^ ((bits >> 63) & np.int64(2**63 - 1))


@inline
def window_of(key, lows, highs, first, last):
    """The window from first to last - 1 that holds the key; last if none does."""
    low, high = first, last
    while low < high:
        middle = (low + high) >> 1
        if highs[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < last and lows[low] <= key else last


@kernel
def refine(values, count, centre, scale, flags, lows, highs, shifts, first, last, histogram, extremes):
    """Count one outcome's values in equal parts of disjoint windows.

    values: (room,).  flags: (bins,) uint8, the bins that windows reach into; other values are passed over.
    lows, highs: (windows,) keys, ordered, both ends inside; shifts: (windows,), part p of window w holds keys from
    lows[w] + (p << shifts[w]) on.  Only windows first to last - 1 belong to this outcome.
    Results: histogram (windows, parts) added to; extremes (windows, parts, 2) keys lowered and raised.
    """
    place = np.empty(TILE, np.int64)
    for start in range(0, count, TILE):
        size = min(TILE, count - start)
        for j in range(size):
            place[j] = bin_of(values[start + j], centre, scale)
        for j in range(size):
            x = values[start + j]
            if not flags[np.uint64(place[j])] or x - x != 0.0:
                continue
            key = key_of(x)
            low = window_of(key, lows, highs, first, last)
            if low == last:
                continue
            part = (np.uint64(key) - np.uint64(lows[low])) >> np.uint64(shifts[low])  # may exceed int64
            histogram[low, part] += 1
            extremes[low, part, 0] = min(extremes[low, part, 0], key)
            extremes[low, part, 1] = max(extremes[low, part, 1], key)


@kernel
def pick_windows(values, count, centre, scale, flags, lows, highs, first, last, out):
    """The values of one outcome that lie in windows first to last - 1, in order of trial; returns how many.

    flags: as in :func:`refine`.
    """
    place = np.empty(TILE, np.int64)
    filled = 0
    for start in range(0, count, TILE):
        size = min(TILE, count - start)
        for j in range(size):
            place[j] = bin_of(values[start + j], centre, scale)
        for j in range(size):
            x = values[start + j]
            if flags[np.uint64(place[j])] and x - x == 0.0 and window_of(key_of(x), lows, highs, first, last) < last:
                out[filled] = x
                filled += 1
    return filled


@kernel
def sum_tails(values, count, tile, centre, tail_limits, inner_limits, tails, limbs):
    """The tail sums of :func:`select`, and exact sums between each tail limit and a higher inner limit.

    limbs: (outcomes, levels, 2, LIMBS), added to: x and (x - centre)**2 over tail_limit <= x < inner_limit.
    """
    one, two = np.empty(LANES), np.empty(LANES)
    for start in range(0, count, tile):
        size = min(tile, count - start)
        for k in range(values.shape[0]):
            x = values[k, start : start + size]
            for level in range(tail_limits.shape[1]):
                low, high = tail_limits[k, level], inner_limits[k, level]
                hits = add_tail(x, size, centre[k], low, one, two)
                row = tails[start // tile, k, level]
                row[0], row[1], row[2] = fold(one), fold(two), hits
                for j in range(size):
                    if (x[j] >= low) & (x[j] < high):
                        d = x[j] - centre[k]
                        add_exact(x[j], limbs[k, level, 0])
                        add_exact(d * d, limbs[k, level, 1])


@kernel
def sum_exactly(values, centre, limbs):
    """Add every value, and (value - centre)**2, to limbs (2, LIMBS)."""
    for j in range(values.size):
        d = values[j] - centre
        add_exact(values[j], limbs[0])
        add_exact(d * d, limbs[1])


@inline
def add_exact(x, limbs):
    """Add a finite x to limbs of 32 bits, see aggregate.exact."""
    bits = bits_of(x)
    exponent = (bits >> 52) & 0x7FF
    if exponent == 0x7FF:  # a square beyond float64 makes the sum larger than any float64
        limbs[limbs.size - 1] += 1 << 40
        return
    mantissa = bits & 0xFFFFFFFFFFFFF
    if exponent:
        mantissa |= 0x10000000000000
        exponent -= 1
    at, shift = exponent >> 5, exponent & 31
    low = (mantissa & 0xFFFFFFFF) << shift
    high = (mantissa >> 32) << shift
    middle = (low >> 32) + (high & 0xFFFFFFFF)
    sign = -1 if bits < 0 else 1
    limbs[at] += sign * (low & 0xFFFFFFFF)
    limbs[at + 1] += sign * (middle & 0xFFFFFFFF)
    limbs[at + 2] += sign * ((middle >> 32) + (high >> 32))


@inline
def add_tail(x, size, centre, limit, one, two):
    """Sums of x - centre and its square over finite x < limit, in lanes, for a tile of size values; their number."""
    for l in range(LANES):  # noqa: E741
        one[l] = 0.0
        two[l] = 0.0
    whole = size // LANES * LANES
    for at in range(0, whole, LANES):
        part = x[at : at + LANES]
        for l in range(LANES):  # noqa: E741
            d = part[l] - centre if (part[l] < limit) & (part[l] > -np.inf) else 0.0
            one[l] += d
            two[l] = fma(d, d, two[l])
    for j in range(whole, size):
        d = x[j] - centre if (x[j] < limit) & (x[j] > -np.inf) else 0.0
        one[j - whole] += d
        two[j - whole] = fma(d, d, two[j - whole])
    hits = 0
    for j in range(size):
        hits += (x[j] < limit) & (x[j] > -np.inf)
    return hits
