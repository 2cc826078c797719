"""The summation tree and the exact sums: the same bits for any division, and the right value."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.aggregate.exact import LIMBS, carried, rounded
from simengine.aggregate.sums import SumTree
from simengine.kernels.cpu import exact_limbs


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_division_in_any_order_gives_the_same_bits(data):
    tiles = data.draw(st.integers(1, 70))
    rows = np.random.default_rng(tiles).lognormal(0, 9, (tiles, 3))
    cuts = sorted(data.draw(st.sets(st.integers(1, tiles), max_size=8)) | {0, tiles})
    parts = [SumTree.of(rows[a:b], a) for a, b in itertools.pairwise(cuts)]
    merged = SumTree()
    for part in data.draw(st.permutations(parts)):
        merged = merged.merge(part)
    whole = SumTree.of(rows, 0)
    assert merged == whole
    assert np.array_equal(merged.total(), whole.total())
    assert np.allclose(whole.total(), rows.sum(axis=0), rtol=1e-14)


@pytest.mark.parametrize("top", [None, 2, 5])
@pytest.mark.parametrize(("first", "tiles"), [(0, 64), (3, 50), (8, 9), (5, 2)])
def test_subtrees_that_were_summed_elsewhere_take_their_places(first, tiles, top):
    rows = np.random.default_rng(tiles).lognormal(0, 9, (tiles, 3))
    level = 2
    head = min(-first % 4, tiles)
    fours = (tiles - head) // 4
    tail = head + 4 * fours
    four = rows[head:tail].reshape(fours, 4, 3)
    roots = (four[:, 0] + four[:, 1]) + (four[:, 2] + four[:, 3])
    parts = [SumTree.of(rows[:head], first, top), SumTree.of(roots, (first + head) >> level, top, level)]
    parts.append(SumTree.of(rows[tail:], first + tail, top))
    assert parts[1].merge(parts[2]).merge(parts[0]) == SumTree.of(rows, first, top)


def test_a_tree_stays_small():
    tree = SumTree.of(np.ones((10_000, 1)), 0)
    assert len(tree.nodes) <= 14
    assert tree.total() == 10_000


def test_overlapping_ranges_are_refused():
    rows = np.ones((4, 1))
    with pytest.raises(ValueError, match="overlap"):
        SumTree.of(rows, 0).merge(SumTree.of(rows[:1], 3)).merge(SumTree.of(rows[:1], 3))


def test_the_order_of_addition_would_show():
    """The planted fault: adding the same tiles in another order changes the bits, so equality means something."""
    rows = np.random.default_rng(3).lognormal(0, 9, (64, 1))
    assert SumTree.of(rows, 0).total() != rows.sum(axis=0) or SumTree.of(rows[::-1], 0).total() != rows.sum(axis=0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=40), st.integers(0, 1000))
def test_exact_sums_are_rounded_once(values, times):
    limbs = exact_limbs(np.array(values, np.float64), 0.0)[0]
    exact = sum((Fraction(v) for v in values), Fraction(0)) + times * Fraction(0.1)
    try:
        expected = float(exact)
    except OverflowError:
        assert math.isinf(rounded(limbs, times, 0.1))
        return
    assert rounded(limbs, times, 0.1) == expected
    assert rounded(carried(limbs), times, 0.1) == expected


def test_limbs_merge_like_integers():
    values = np.random.default_rng(1).normal(0, 1e5, 3001)
    halves = exact_limbs(values[:1000], 2.0) + exact_limbs(values[1000:], 2.0)
    whole = exact_limbs(values[::-1], 2.0)
    assert halves.shape == (2, LIMBS)
    assert rounded(halves[0]) == rounded(whole[0]) == math.fsum(values)
    assert rounded(halves[1]) == math.fsum((values - 2.0) ** 2)
