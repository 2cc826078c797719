"""Draws: blocks of 64-bit words by address, and what is decided on words alone."""

from __future__ import annotations

import numpy as np

from simengine.kernels.jit import inline

SIGN = np.int64(-(2**63))
LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
HALF_GROUP = 256


@inline
def philox_pair(index, stream, key0, key1):
    """Philox4x32-10 at counter (index, stream): two 64-bit words."""
    c0, c1, c2, c3 = index & LOW, index >> SHIFT, stream & LOW, stream >> SHIFT
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c0
        p1 = np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> SHIFT) ^ c1 ^ key0, p1 & LOW, (p0 >> SHIFT) ^ c3 ^ key1, p0 & LOW
        key0 = (key0 + np.uint64(0x9E3779B9)) & LOW
        key1 = (key1 + np.uint64(0xBB67AE85)) & LOW
    return c0 | (c1 << SHIFT), c2 | (c3 << SHIFT)


@inline
def draw_philox(out, first_trial, stream, key0, key1):
    """Words of the trials from first_trial on; whole groups of 512 trials, see sampling.address."""
    for start in range(0, out.size, 2 * HALF_GROUP):
        index = np.uint64((first_trial + start) >> 1)
        early = out[start : start + HALF_GROUP]
        late = out[start + HALF_GROUP : start + 2 * HALF_GROUP]
        for j in range(HALF_GROUP):
            one, two = philox_pair(index + np.uint64(j), stream, key0, key1)
            early[j] = np.int64(one)
            late[j] = np.int64(two)


@inline
def step(out, words, cut):
    """1 where the word is at least cut (both unsigned), else 0."""
    for j in range(out.size):
        out[j] = 1.0 if (words[j] ^ SIGN) >= (cut ^ SIGN) else 0.0


@inline
def unit_to_word(out, x):
    """The word whose probability is x: 53 bits, at the top."""
    for j in range(out.size):
        y = x[j] * 9007199254740992.0
        y = y if y > 0.0 else 0.0
        y = y if y < 9007199254740991.0 else 9007199254740991.0
        out[j] = np.int64(y) << 11


@inline
def draw_sobol(out, first_trial, bits, lattice, dimension, low):
    """Sobol points of the trials from first_trial on; replicates have 2**bits trials.

    lattice: (replicates, dimensions, 1 + bits), see sampling.sobol.  low: room for 64 words, those of the lowest six
    bits of an index.  Trials beyond the last replicate get words without meaning.
    """
    last = lattice.shape[0] - 1
    if bits >= 6:
        span = min(np.int64(1) << bits, np.int64(out.size))
        for begin in range(0, out.size, span):
            trial = first_trial + begin
            columns = lattice[min(trial >> bits, last), dimension]
            low[0] = columns[0]
            for k in range(6):
                for j in range(1 << k):
                    low[(1 << k) + j] = low[j] ^ columns[1 + k]
            index = trial & ((np.int64(1) << bits) - 1)
            for group in range(0, span, 64):
                base = np.int64(0)
                rest = (index + group) >> 6
                k = 7
                while rest:
                    base ^= columns[k] & -(rest & 1)
                    rest >>= 1
                    k += 1
                part = out[begin + group : begin + group + 64]
                for j in range(64):
                    part[j] = low[j] ^ base
    else:
        for j in range(out.size):
            trial = first_trial + j
            columns = lattice[min(trial >> bits, last), dimension]
            word = columns[0]
            for k in range(bits):
                word ^= columns[1 + k] & -((trial >> k) & 1)
            out[j] = word


@inline
def draw_lhs(out, first_trial, bits, keys, draw, stream, key0, key1):
    """Latin hypercube words of the trials from first_trial on, see sampling.lhs; keys: (replicates, draws, numbers)."""
    draw_philox(out, first_trial, stream, key0, key1)
    last = keys.shape[0] - 1
    size = np.int64(1) << bits
    mask, fold = np.uint64(size - 1), np.uint64((bits + 1) // 2)
    up, down = np.uint64(64 - bits), np.uint64(bits)
    span = min(size, np.int64(out.size))
    for begin in range(0, out.size if bits else 0, span):
        trial = first_trial + begin
        numbers = keys[min(trial >> bits, last), draw]
        index = np.uint64(trial & (size - 1))
        part = out[begin : begin + span]
        for j in range(span):
            x = index + np.uint64(j)
            for k in range(0, numbers.size, 2):
                x = (x * np.uint64(numbers[k]) + np.uint64(numbers[k + 1])) & mask
                x ^= x >> fold
            part[j] = np.int64((x << up) | (np.uint64(part[j]) >> down))


@inline
def draw_antithetic(out, first_trial, bits, stream, key0, key1):
    """Words in pairs: a trial and the one that stands ``reach`` after it have opposite words, see sampling.address."""
    draw_philox(out, first_trial, stream, key0, key1)
    reach = min(np.int64(1) << (bits - 1), np.int64(HALF_GROUP))
    for begin in range(0, out.size, 2 * reach):
        for j in range(begin, begin + reach):
            out[j + reach] = ~out[j]
