"""The kernel draws the words that sampling.address defines."""

import numpy as np
import pytest

from simengine.kernels.jit import kernel
from simengine.kernels.words import draw_philox, unit_to_word
from simengine.sampling.address import stream_of, words


@kernel
def draw_all(out, first, stream, key0, key1):
    draw_philox(out, first, stream, key0, key1)


@kernel
def to_words(out, x):
    unit_to_word(out, x)


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1, 0x0123456789ABCDEF])
@pytest.mark.parametrize("first", [0, 512, 1536, 2**31 * 512, 2**53 // 512 * 512])
def test_the_kernel_draws_the_words_of_the_definition(seed, first):
    stream = stream_of(f"input {seed}")
    out = np.empty(2048, np.int64)
    key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    draw_all(out, first, np.uint64(stream), *key)
    assert np.array_equal(out.view(np.uint64), words(seed, stream, np.arange(first, first + 2048)))


def test_probabilities_become_words_and_stay_in_range():
    out = np.empty(5, np.int64)
    to_words(out, np.array([0.0, 0.25, 0.5, 1.0, -1e-9]))
    assert [int(w) for w in out.view(np.uint64)] == [0, 2**62, 2**63, 2**64 - 2**11, 0]
