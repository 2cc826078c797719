"""The twin that the kernels are compared with is itself right: fused multiply-add, Philox, words."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_machine import fma, philox_word, slow_fma, unit_to_word

from simengine.sampling.address import probability_of, words

_number = st.one_of(
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([1.0, -1.0, 1 + 2**-52, 1 - 2**-53, 0.1, -0.0, 0.0, 2**-1074, 2.0**1000]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(_number, _number, _number), min_size=50, max_size=50))
def test_fma_is_rounded_once(drawn: list[tuple[float, float, float]]) -> None:
    x, y, z = np.array(drawn).T
    with np.errstate(all="ignore"):
        found = fma(x, y, z).tolist()
        expected = [slow_fma(*one) for one in drawn]
    for one, value, exact in zip(drawn, found, expected, strict=True):
        assert math.isnan(value) if math.isnan(exact) else value.hex() == exact.hex(), one


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 2), st.floats(0.5, 2), st.integers(-3, 3))
def test_fma_where_the_sum_cancels(x: float, y: float, ulps: int) -> None:
    z = -(x * y) + ulps * math.ulp(x * y)
    assert fma(np.array(x), np.array(y), np.array(z)).item().hex() == slow_fma(x, y, z).hex()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_words_are_those_of_the_address(seed: int, stream: int, trial: int) -> None:
    assert philox_word(seed, stream, trial) == int(words(seed, stream, np.array([trial]))[0])


def test_words_of_probabilities() -> None:
    x = np.array([0.0, 2.0**-53, 0.25, 0.5, 1 - 2.0**-53, 1.0, -1.0, 2.0])
    found = unit_to_word(x)
    assert found.tolist() == [0, 1 << 11, 1 << 62, 1 << 63, *[(2**53 - 1) << 11] * 2, 0, (2**53 - 1) << 11]
    assert np.max(np.abs(probability_of(found) - np.clip(x, 0, 1))) <= 2.0**-53
