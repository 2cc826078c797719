from __future__ import annotations

import numpy as np
import pytest

from simengine.report.histogram import ASCII_BLOCKS, BLOCKS, bars, common_scale, rebin


def test_rebinning_keeps_what_lies_inside():
    edges = np.array([0.0, 1.0, 2.0, 4.0])
    counts = np.array([10, 20, 40])
    assert rebin(edges, counts, np.array([0.0, 2.0, 4.0])).tolist() == [30, 40]
    assert rebin(edges, counts, np.array([0.0, 0.5, 3.0])).tolist() == [5, 45]
    assert rebin(np.append(edges, np.nan), np.append(counts, 0), np.array([0.0, 4.0])).tolist() == [70]


def test_atoms_at_both_ends_of_the_scale_are_seen():
    target = np.linspace(565.25, 812.25, 5)
    assert rebin(np.array([565.25, 565.25]), np.array([9]), target).tolist() == [9, 0, 0, 0]
    assert rebin(np.array([812.25, 812.25]), np.array([9]), target).tolist() == [0, 0, 0, 9]
    assert rebin(np.array([684.0, 684.0]), np.array([9]), target).tolist() == [0, 9, 0, 0]


def test_the_scale_leaves_the_tails_out():
    edges = np.array([-1e6, 0.0, 1.0, 2.0, 3.0, 1e6])
    counts = np.array([1, 500, 500, 500, 1])
    assert common_scale([edges], [counts]) == (0.0, 3.0)
    low, high = common_scale([edges, edges + 5], [counts, counts])
    assert (low, high) == (0.0, 8.0)
    assert common_scale([np.array([np.nan, np.nan])], [np.array([0])]) == (0.0, 0.0)


@pytest.mark.parametrize("unicode", [True, False])
def test_the_highest_bar_is_full_and_an_empty_bin_is_blank(unicode):
    signs = BLOCKS if unicode else ASCII_BLOCKS
    line = bars(np.array([0.0, 1, 2, 3]), np.array([8, 0, 1]), (0.0, 3.0), 3, unicode=unicode)
    assert line == signs[8] + signs[0] + signs[1]
    assert line.isascii() != unicode


def test_a_constant_is_one_bar_in_the_middle():
    line = bars(np.array([684.0, 684.0]), np.array([100]), (684.0, 684.0), 5, unicode=True)
    assert line == "  █  "


def test_nothing_gives_blanks():
    assert bars(np.array([np.nan, np.nan]), np.array([0]), (0.0, 0.0), 4, unicode=True) == "    "
