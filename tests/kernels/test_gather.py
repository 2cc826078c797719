from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simengine.kernels.gather import Split, lowest


@given(
    atom=st.floats(-5, 5),
    share=st.floats(0, 1),
    seed=st.integers(0, 10_000),
    size=st.integers(20, 400),
    data=st.data(),
)
def test_values_around_an_atom_are_selected_as_sorting_does(atom, share, seed, size, data):
    draw = np.random.default_rng(seed)
    values = np.where(draw.random(size) < share, atom, draw.normal(size=size))
    ordered = np.sort(values)
    count = data.draw(st.integers(0, size))
    split = Split.of(values)
    if split is not None:
        assert 2 * split.equal >= size
        np.testing.assert_array_equal(split.at(np.arange(size)), ordered)
        np.testing.assert_array_equal(np.sort(split.lowest(count)), ordered[:count])
    np.testing.assert_array_equal(np.sort(lowest(values, count)), ordered[:count])


def test_a_bin_that_one_value_crowds_is_selected_exactly():
    draw = np.random.default_rng(5)
    for share in (0.3, 0.7, 0.999, 1.0):
        values = np.where(draw.random(20_000) < share, 0.25, draw.normal(0.25, 1e-9, 20_000))
        assert (Split.of(values) is not None) == (share > 0.5)
        for count in (0, 1, 10_000, 19_999, 20_000):
            np.testing.assert_array_equal(np.sort(lowest(values, count)), np.sort(values)[:count])
