"""Scrambled Sobol points: the word of (seed, input, replicate, index, dimension).

The points are those of Sobol's sequence in natural order with the direction numbers of Joe and Kuo.  Every replicate
and input has its own random linear scramble (a lower triangular matrix over 64 bits) and digital shift, drawn by
:mod:`simengine.sampling.address` from the input's own stream at places that no trial reaches; so the scramble of one
input does not depend on the others.  All 64 bits of a word are random.

The table ``joe_kuo.bin`` holds the parameters of the first 10,000 dimensions of new-joe-kuo-6 (by way of SciPy's copy
of it) as 16-bit numbers, little-endian: a row is the polynomial without its first and last coefficient, its degree,
and the initial numbers m, halved (they are odd).

References: Sobol, USSR Comput. Math. Math. Phys. 7, 1967; Joe and Kuo, "Constructing Sobol sequences with better
two-dimensional projections", SIAM J. Sci. Comput. 30, 2008 (https://web.maths.unsw.edu.au/~fkuo/sobol/, under a
BSD-style licence); Matousek, "On the L2-discrepancy for anchored boxes", J. Complexity 14, 1998, for the scramble.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simengine.sampling.address import words

MOST_DIMENSIONS = 10_000
"""Inputs beyond so many have independent draws."""

SCRAMBLE_PLACE = 1 << 62
"""Where the numbers that randomise replicates stand in an input's stream, 64 for each replicate."""

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]

_ONE = np.uint64(1)
_ROW = 19
_WORDS_TOGETHER = 1 << 15
"""Words drawn in one step: enough to hide what a step costs, few enough for the cache."""


def directions(dimensions: int, bits: int) -> Words:
    """Direction numbers of the first dimensions, shape ``(dimensions, bits)``, read-only.

    Column j is added for bit j of an index.  The highest bit of column j below the top is bit 63 - j, so the first
    2**k points differ in their top k bits.
    """
    return _directions(dimensions, bits)


@lru_cache(maxsize=4)
def _directions(dimensions: int, bits: int) -> Words:
    table = Path(__file__).with_name("joe_kuo.bin")
    rows = np.fromfile(table, "<u2", dimensions * _ROW).reshape(dimensions, _ROW)
    middle, degree = rows[:, 0].astype(np.uint64), rows[:, 1].astype(np.int64)
    initial = (rows[:, 2:].astype(np.uint64) << _ONE) | _ONE
    found = np.zeros((dimensions, bits), np.uint64)
    each = np.arange(dimensions)
    for j in range(bits):
        given = initial[:, min(j, initial.shape[1] - 1)] << np.uint64(63 - j)
        if j == 0:
            found[:, j] = given
            continue
        before = np.maximum(j - degree, 0)
        value = found[each, before] ^ (found[each, before] >> degree.astype(np.uint64))
        for k in range(1, int(degree.max(initial=1))):
            bit = (middle >> np.maximum(degree - 1 - k, 0).astype(np.uint64)) & _ONE
            used = (k < degree) & (k <= j) & (bit == _ONE)
            value ^= np.where(used, found[:, max(j - k, 0)], np.uint64(0))
        found[:, j] = np.where(j < degree, given, value)
    found[:1] = _ONE << (np.uint64(63) - np.arange(bits, dtype=np.uint64))  # van der Corput's sequence
    found.flags.writeable = False  # the same array is given to every caller
    return found


def randomisers(seed: int, streams: Words, replicates: int, count: int) -> Words:
    """The first ``count`` (at most 64) words that randomise each replicate: ``(replicates, streams, count)``."""
    places = SCRAMBLE_PLACE + 64 * np.arange(replicates)[:, None, None] + np.arange(count)
    found = np.empty((replicates, streams.size, count), np.uint64)
    together = max(1, _WORDS_TOGETHER // max(1, replicates * count))
    for begin in range(0, streams.size, together):
        some = streams[begin : begin + together]
        found[:, begin : begin + together] = words(seed, some[:, None], places)
    return found


def lattice(seed: int, streams: Words, dimensions: Ints, replicates: int, bits: int) -> Ints:
    """Scrambled direction numbers, int64 ``(replicates, streams, 1 + bits)``: the shift, then a column for each bit.

    The word of point i is the shift XOR the columns of the bits that are set in i.  Streams of negative dimension
    have none.
    """
    drawn = randomisers(seed, streams, replicates, 1 + bits)
    plain = directions(int(dimensions.max(initial=-1)) + 1, bits)[dimensions] if streams.size else drawn[0, :, 1:]
    found = drawn.copy()
    if bits == 0:
        return found.view(np.int64)
    row = np.arange(bits, dtype=np.uint64)
    diagonal = _ONE << (np.uint64(63) - row)
    matrix = (
        drawn[:, :, 1:] & (diagonal - _ONE)
    ) | diagonal  # columns of the scramble: 1 on the diagonal, random below
    columns = np.zeros_like(matrix)
    for b in range(bits):
        set_ = (plain >> np.uint64(63 - b)) & _ONE
        columns ^= matrix[:, :, b : b + 1] * set_
    found[:, :, 1:] = columns
    return found.view(np.int64)


def points(lattice_row: Ints, index: Ints) -> Words:
    """Words of the points ``index`` of one replicate and input, by its row of the lattice: the readable definition."""
    row = lattice_row.view(np.uint64)
    found = np.full(index.shape, row[0])
    for bit, column in enumerate(row[1:]):
        found ^= np.where((index >> bit) & 1, column, np.uint64(0))
    return found
