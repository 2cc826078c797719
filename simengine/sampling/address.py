"""Addressed draws: the 64-bit word of (seed, input name, trial), by Philox4x32-10.

The key is the seed and the counter is (index, stream), where the stream is a hash of the input's name.  One call
gives 128 bits: the words of two trials that stand 256 apart inside a group of 512 (in the float32 mode the 32-bit
words of four that stand 128 apart).  So adding, removing or
reordering inputs leaves all other draws untouched, and any trial can be drawn alone.

This module is the readable definition, in NumPy; the kernels repeat it and the tests compare them to the bit.

References: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import hashlib
import unicodedata

import numpy as np
from numpy.typing import NDArray

GROUP = 512
"""Trials whose words share Philox calls: trial l and trial l + 256 of a group."""

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)

Words = NDArray[np.uint64]


def stream_of(name: str) -> int:
    """The 64-bit stream of an input: the first 8 bytes (little-endian) of BLAKE2b of its NFC-normal name."""
    text = unicodedata.normalize("NFC", name).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8, person=b"simengine").digest(), "little")


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Philox4x32-10 of counters given as four arrays of 32-bit numbers (held in uint64), for one key."""
    c0, c1, c2, c3 = counter
    key0, key1 = np.uint64(key[0]), np.uint64(key[1])
    for _ in range(10):
        product0, product1 = _MULTIPLIER_0 * c0, _MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ key0,
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ key1,
            product0 & _LOW,
        )
        key0, key1 = (key0 + _WEYL_0) & _LOW, (key1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


def words(seed: int, stream: int | Words, trials: NDArray[np.int64] | NDArray[np.uint64]) -> Words:
    """The words of ``trials`` (any shape) in a stream, uint64 of the same shape; streams (uint64) broadcast as well.

    ``seed`` is 0 to 2**64 - 1.
    """
    trial: Words = np.asarray(trials).astype(np.uint64)
    streams: Words = np.asarray(stream, np.uint64)
    trial, streams = np.broadcast_arrays(trial, streams)
    half = np.uint64(GROUP // 2)
    index = (trial // np.uint64(GROUP)) * half + trial % half
    counter = (index & _LOW, index >> _SHIFT, streams & _LOW, streams >> _SHIFT)
    c0, c1, c2, c3 = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    second = trial % np.uint64(GROUP) >= half
    return np.where(second, c2 | (c3 << _SHIFT), c0 | (c1 << _SHIFT))


def short_words(seed: int, stream: int, trials: NDArray[np.int64] | NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The 32-bit words of ``trials`` in a stream, for the float32 mode: one call serves four trials of a group.

    They are trials l, l + 128, l + 256 and l + 384, which get the four numbers of counter (128 group + l, stream).
    """
    trial = np.asarray(trials).astype(np.uint64)
    quarter = np.uint64(GROUP // 4)
    index = (trial // np.uint64(GROUP)) * quarter + trial % quarter
    number = np.asarray(stream, np.uint64)
    drawn = philox((index & _LOW, index >> _SHIFT, number & _LOW, number >> _SHIFT), (seed & 0xFFFFFFFF, seed >> 32))
    which = trial % np.uint64(GROUP) // quarter
    found: NDArray[np.uint32] = np.choose(which.astype(np.int64), np.broadcast_arrays(*drawn)).astype(np.uint32)
    return found


def antithetic_words(seed: int, stream: int, trials: NDArray[np.int64], bits: int) -> Words:
    """Words in pairs of opposites: trial t + r has the complement of the word of trial t.

    r is 256, or half of a replicate of 2**bits trials where that is less; t has the bit of r clear.
    """
    reach = min(1 << (bits - 1), GROUP // 2)
    second = (trials & reach) != 0
    drawn = words(seed, stream, np.where(second, trials - reach, trials))
    return np.where(second, ~drawn, drawn)


def probability_of(word: Words) -> NDArray[np.float64]:
    """The probability that a word stands for, (m + 1/2) / 2**53 of its top 53 bits, rounded to float64.

    Never 0 or 1.  Above one half the exact value is 1 - q; use the upper tail q where it matters.
    """
    return np.minimum(((word >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53, 1 - 2.0**-53)
