"""Latin hypercube draws: within a replicate of 2**bits trials every stratum of an input is hit exactly once.

The stratum of a trial is a keyed permutation of its index in the replicate: four rounds, each of which multiplies by
an odd number, adds another and folds the upper half of the bits into the lower.  Every step can be undone, so every
stratum has one trial.  The bits of the word below the stratum are those of the input's independent draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simengine.sampling.address import words
from simengine.sampling.sobol import randomisers

ROUNDS = 4

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]


def keys(seed: int, streams: Words, replicates: int) -> Ints:
    """Numbers of the permutations, int64 ``(replicates, streams, 2 * ROUNDS)``: factors (odd) and terms in turn."""
    found = randomisers(seed, streams, replicates, 2 * ROUNDS)
    found[:, :, 0::2] |= np.uint64(1)
    return found.view(np.int64)


def strata(index: Words, key: Ints, bits: int) -> Words:
    """The stratum of points ``index`` (uint64) of a replicate, 0 to 2**bits - 1."""
    mask, fold = np.uint64((1 << bits) - 1), np.uint64((bits + 1) // 2)
    x = index & mask
    numbers = key.view(np.uint64)
    for factor, term in zip(numbers[0::2], numbers[1::2], strict=True):
        x = (x * factor + term) & mask
        x ^= x >> fold
    return x


def lhs_words(seed: int, stream: int, trials: Ints, key: Ints, bits: int) -> Words:
    """Words of trials of one replicate: the stratum on top, independent bits below. The readable definition."""
    below = words(seed, stream, trials)
    if bits == 0:
        return below
    index = trials.astype(np.uint64) & np.uint64((1 << bits) - 1)
    return (strata(index, key, bits) << np.uint64(64 - bits)) | (below >> np.uint64(bits))
