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
