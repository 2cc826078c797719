"""Philox against its published vectors, and the promises of addressed draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.sampling.address import philox, probability_of, stream_of, words

# Random123, tests/kat_vectors, philox4x32 with 10 rounds: counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_published_vectors(counter, key, result):
    arrays = tuple(np.array([c], np.uint64) for c in counter)
    assert tuple(int(c[0]) for c in philox(arrays, key)) == result


def test_words_are_pinned():
    """Stream policy, version 1: these words never change."""
    assert stream_of("V") == 0xE9B58FA71D1A97F8
    drawn = words(1, stream_of("V"), np.array([0, 1, 255, 256, 511, 512, 10**12]))
    assert [int(w) for w in drawn] == [
        9819535415550848113,
        5760791976062077865,
        12168000938787704410,
        9408527023716914037,
        7418374727164769512,
        10709585762059988462,
        11514037876462020746,
    ]


def test_trials_256_apart_share_one_call():
    stream = 0x0123456789ABCDEF
    index = np.array([3 * 256 + 7], np.uint64)
    zero = np.zeros(1, np.uint64)
    low, high = zero + np.uint64(stream & 0xFFFFFFFF), zero + np.uint64(stream >> 32)
    c = philox((index, zero, low, high), (5, 0))
    first, second = words(5, stream, np.array([3 * 512 + 7, 3 * 512 + 7 + 256]))
    assert first == c[0] | c[1] << np.uint64(32)
    assert second == c[2] | c[3] << np.uint64(32)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**64 - 1), st.text(min_size=1, max_size=8), st.lists(st.integers(0, 2**50), min_size=1))
def test_a_word_depends_on_its_address_alone(seed, name, trials):
    together = words(seed, stream_of(name), np.array(trials))
    alone = [words(seed, stream_of(name), np.array([t]))[0] for t in trials]
    assert list(together) == alone


def test_probabilities_stay_inside():
    edge = probability_of(np.array([0, 2**64 - 1], np.uint64))
    assert edge[0] == 2.0**-54
    assert 0 < edge[0] < edge[1] == 1 - 2.0**-53


def test_names_are_compared_in_normal_form():
    assert stream_of("\u00e9") == stream_of("e\u0301")
    assert stream_of("V") != stream_of("v")
