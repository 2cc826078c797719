"""What is counted and summed over the outcomes of several strategies in the same trials, batch by batch.

Values are read where a run has kept them, in chunks that stay in the first cache; every loop runs over one row of a
chunk, so that LLVM vectorises it.  Sums have lanes, and a batch is summed in order of trial: the bits depend on the
batch alone, not on threads or on the width of vectors.
"""

from __future__ import annotations

import numpy as np

from simengine.kernels.arithmetic import exp_of_sum
from simengine.kernels.jit import inline, kernel
from simengine.kernels.tally import bin_of

CHUNK = 1024
LANES = 64
MEAN, BEST, SHARE, EXPONENTIAL, EXPONENTIAL_SQUARE, REGRET_SQUARE = 0, 1, 2, 3, 4, 6
"""Places of the sums of a strategy; squares are followed by cubes."""
SUMS = 8


@inline
def add_lanes(x, size, lanes):
    """Add the first size values of a chunk to the lanes, value j to lane j % LANES."""
    whole = size // LANES * LANES
    for at in range(0, whole, LANES):
        part = x[at : at + LANES]
        for l in range(LANES):  # noqa: E741 - lane l
            lanes[l] += part[l]
    for j in range(whole, size):
        lanes[j - whole] += x[j]


@inline
def add_powers(x, size, squares, cubes):
    """Add the squares and the cubes of the first size values of a chunk to their lanes."""
    whole = size // LANES * LANES
    for at in range(0, whole, LANES):
        part = x[at : at + LANES]
        for l in range(LANES):  # noqa: E741 - lane l
            square = part[l] * part[l]
            squares[l] += square
            cubes[l] += square * part[l]
    for j in range(whole, size):
        square = x[j] * x[j]
        squares[j - whole] += square
        cubes[j - whole] += square * x[j]


@inline
def fold_lanes(lanes):
    """The sum of the lanes, by halves."""
    half = LANES >> 1
    while half:
        for j in range(half):
            lanes[j] += lanes[half + j]
        half >>= 1
    return lanes[0]


@kernel
def joint(
    kept,
    rows,
    first,
    last,
    mean,
    limits,
    tails,
    tolerance,
    origin,
    wins,
    below,
    gaps,
    lanes,
    pair_lanes,
    sums,
    under,
    middle,
    scale,
    lowest,
    bins,
    coarse,
):
    """Count and sum trials first to last - 1 of kept (strips, outcomes, strip), of the outcomes ``rows`` (strategies,).

    limits (strategies, levels): values below them are counted.  tails (strategies, levels): (limit - x)+ is summed.
    mean (strategies,): powers are taken about what follows from it.  tolerance: of the exponential utility, 0 for
    none; its terms are exp((origin - x) / tolerance) less the same at the mean, origin (strategies,) being the least
    value.  middle, scale: of the common grid, of which bin ``lowest`` is the first that holds a value.

    Results that are overwritten: wins (strategies, strategies), trials in which the first is above the second; below
    like limits, under like tails; sums (strategies, SUMS) of x - middle, of the best - middle (the same for all), of
    the share of being best, of the terms of the exponential utility, their squares and cubes, and of squares and
    cubes of regret * scale about its value at the means; gaps (strategies, strategies, 2), for the first before the
    second, of squares and cubes of their difference * scale about that of the means.  Results that are added to: bins
    (strategies, bins, 2), how many values lie in each bin from the lowest on and their sum about the middle; coarse
    (strategies, groups, 2) becomes their sums over groups of bins.  Room: lanes (strategies, SUMS + tail levels,
    LANES), pair_lanes (strategies, strategies, 2, LANES).
    """
    strategies, strip = rows.size, kept.shape[2]
    best, term = np.empty(CHUNK), np.empty(CHUNK)
    places = np.empty(CHUNK, np.int32)
    tops = np.empty(strategies, np.int64)
    sole = np.zeros(strategies, np.int64)
    wins[:] = 0
    below[:] = 0
    lanes[:] = 0.0
    gaps[:] = 0.0
    pair_lanes[:] = 0.0
    highest = mean[0]
    for s in range(1, strategies):
        highest = max(highest, mean[s])
    trial = first
    while trial < last:
        begin = trial % strip
        size = min(CHUNK, strip - begin, last - trial)
        block = kept[trial // strip]
        trial += size
        _best_of(block, rows, begin, size, best)
        found = 0
        for s in range(strategies):
            tops[s] = _equal(block[rows[s], begin : begin + size], best, size)
            found += tops[s]
        if found == size:
            for s in range(strategies):
                sole[s] += tops[s]
        else:
            _share(block, rows, begin, size, best, term, lanes)
        for j in range(size):
            term[j] = best[j] - middle
        add_lanes(term, size, lanes[0, BEST])
        for s in range(strategies):
            x = block[rows[s], begin : begin + size]
            for j in range(size):
                term[j] = x[j] - middle
            add_lanes(term, size, lanes[s, MEAN])
            _count(x, size, term, middle, scale, lowest, places, bins[s])
            if tolerance > 0.0:
                rate = 1.0 / tolerance
                usual = exp_of_sum((origin[s] - mean[s]) * rate, 0.0)
                for j in range(size):
                    term[j] = exp_of_sum((origin[s] - x[j]) * rate, 0.0) - usual
                add_lanes(term, size, lanes[s, EXPONENTIAL])
                add_powers(term, size, lanes[s, EXPONENTIAL_SQUARE], lanes[s, EXPONENTIAL_SQUARE + 1])
            usual = highest - mean[s]
            for j in range(size):
                term[j] = (best[j] - x[j] - usual) * scale
            add_powers(term, size, lanes[s, REGRET_SQUARE], lanes[s, REGRET_SQUARE + 1])
            for q in range(limits.shape[1]):
                below[s, q] += _below(x, size, limits[s, q])
            for q in range(tails.shape[1]):
                limit = tails[s, q]
                for j in range(size):
                    gap = limit - x[j]
                    term[j] = gap if gap > 0.0 else 0.0
                add_lanes(term, size, lanes[s, SUMS + q])
            for t in range(s + 1, strategies):
                y = block[rows[t], begin : begin + size]
                more, less = _compared(x, y, size)
                wins[s, t] += more
                wins[t, s] += less
                usual = mean[s] - mean[t]
                for j in range(size):
                    term[j] = (x[j] - y[j] - usual) * scale
                add_powers(term, size, pair_lanes[s, t, 0], pair_lanes[s, t, 1])
    top = fold_lanes(lanes[0, BEST])
    for s in range(strategies):
        sums[s, MEAN] = fold_lanes(lanes[s, MEAN])
        sums[s, BEST] = top
        sums[s, SHARE] = sole[s] + fold_lanes(lanes[s, SHARE])
        for k in range(EXPONENTIAL, SUMS):
            sums[s, k] = fold_lanes(lanes[s, k])
        for t in range(s + 1, strategies):
            for k in range(2):
                gaps[s, t, k] = fold_lanes(pair_lanes[s, t, k])
        for q in range(tails.shape[1]):
            under[s, q] = fold_lanes(lanes[s, SUMS + q])
        _group(bins[s], coarse[s])


@inline
def _best_of(block, rows, begin, size, best):
    """The largest outcome of each trial."""
    x = block[rows[0], begin : begin + size]
    for j in range(size):
        best[j] = x[j]
    for s in range(1, rows.size):
        x = block[rows[s], begin : begin + size]
        for j in range(size):
            best[j] = x[j] if x[j] > best[j] else best[j]


@inline
def _share(block, rows, begin, size, best, term, lanes):
    """Add the shares of being best of a chunk in which strategies tie."""
    tied = np.zeros(CHUNK)
    for s in range(rows.size):
        x = block[rows[s], begin : begin + size]
        for j in range(size):
            tied[j] += 1.0 if x[j] == best[j] else 0.0
    for s in range(rows.size):
        x = block[rows[s], begin : begin + size]
        for j in range(size):
            term[j] = (1.0 if x[j] == best[j] else 0.0) / tied[j]
        add_lanes(term, size, lanes[s, SHARE])


@inline
def _group(bins, coarse):
    """Sums over groups of neighbouring bins."""
    each = bins.shape[0] // coarse.shape[0]
    for k in range(coarse.shape[0]):
        counted, about = 0.0, 0.0
        for j in range(k * each, (k + 1) * each):
            counted += bins[j, 0]
            about += bins[j, 1]
        coarse[k, 0] = counted
        coarse[k, 1] = about


@inline
def _equal(x, y, size):
    found = 0
    for j in range(size):
        found += x[j] == y[j]
    return found


@inline
def _below(x, size, limit):
    found = 0
    for j in range(size):
        found += x[j] < limit
    return found


@inline
def _compared(x, y, size):
    more, less = 0, 0
    for j in range(size):
        more += x[j] > y[j]
        less += x[j] < y[j]
    return more, less


@inline
def _count(x, size, about, middle, scale, lowest, places, bins):
    for j in range(size):
        places[j] = bin_of(x[j], middle, scale) - lowest
    for j in range(size):
        at = places[j]
        bins[at, 0] += 1.0
        bins[at, 1] += about[j]


@kernel
def pick_bins(kept, row, trials, middle, scale, lowest, wanted, room):
    """Values of one outcome that lie in wanted bins, in order of trial, into room; how many there are.

    wanted: (bins,) from the lowest on.  room has one place more than values are picked.
    """
    places = np.empty(CHUNK, np.int32)
    strip, found = kept.shape[2], 0
    for start in range(0, trials, strip):
        end = min(strip, trials - start)
        for begin in range(0, end, CHUNK):
            size = min(CHUNK, end - begin)
            x = kept[start // strip, row, begin : begin + size]
            for j in range(size):
                places[j] = bin_of(x[j], middle, scale) - lowest
            for j in range(size):
                room[found] = x[j]
                found += wanted[places[j]]
    return found


@kernel
def sweep(edges, bins_a, bins_b, middle, values_a, starts_a, values_b, starts_b, resolved, crossing, out):
    """Integrals of the difference of two distribution functions, F_a - F_b, bin by bin along the grid.

    edges (bins + 1,), rising; bins_a, bins_b (bins, 2) as of :func:`joint`.  Where the difference may change its sign
    within a bin, or its integral from the left may, the bin is flagged in crossing (bins,) and, if ``resolved``,
    walked value by value: values_a and values_b are sorted, those of bin k begin at starts_a[k] and starts_b[k].
    out (8,): the integrals of the positive and of the negative part; those of them where the integral from the left
    has the same sign; the largest and smallest integral from the left; how often F_a > F_b and F_a < F_b between
    values.  All but the last two are in trials times the unit of the outcome.
    """
    lead, area = np.int64(0), 0.0
    out[:] = 0.0
    for k in range(edges.size - 1):
        more, less = np.int64(bins_a[k, 0]), np.int64(bins_b[k, 0])
        if lead == 0 and more == 0 and less == 0:
            continue
        low, high = edges[k], edges[k + 1]
        end = high - middle
        inside = lead * (high - low) + (more * end - bins_a[k, 1]) - (less * end - bins_b[k, 1])
        rising, falling = lead - less >= 0, lead + more <= 0
        if rising:
            inside = max(inside, 0.0)
        elif falling:
            inside = min(inside, 0.0)
        if not (rising or falling) or (area < 0.0 < area + inside) or (area > 0.0 > area + inside):
            crossing[k] = 1
        if crossing[k] and resolved:
            a = values_a[starts_a[k] : starts_a[k] + more]
            b = values_b[starts_b[k] : starts_b[k] + less]
            inside = _walk(low, high, lead, area, a, b, out)
        elif rising:
            out[0] += inside
            out[2] += inside if area >= 0.0 else 0.0
        elif falling:
            out[1] -= inside
            out[3] -= inside if area <= 0.0 else 0.0
        area += inside
        lead += more - less
        out[4] = max(out[4], area)
        out[5] = min(out[5], area)
        out[6] += lead > 0
        out[7] += lead < 0


@inline
def _walk(low, high, lead, area, a, b, out):
    """One bin, from value to value: adds to out and gives the integral over the bin."""
    i, j, total, z = 0, 0, 0.0, low
    while True:
        left = i < a.size or j < b.size
        follows = high
        if i < a.size:
            follows = a[i]
        if j < b.size and (i == a.size or b[j] < follows):
            follows = b[j]
        step = lead * max(follows - z, 0.0)  # rounding may put an edge of a bin beyond its first value
        total += step
        reached = area + total
        if step > 0.0:
            out[0] += step
            out[2] += min(step, max(reached, 0.0))
            out[6] += 1
        elif step < 0.0:
            out[1] -= step
            out[3] += min(-step, max(-reached, 0.0))
            out[7] += 1
        out[4] = max(out[4], reached)
        out[5] = min(out[5], reached)
        if not left:
            return total
        z = follows
        while i < a.size and a[i] == z:
            lead += 1
            i += 1
        while j < b.size and b[j] == z:
            lead -= 1
            j += 1
