"""Windows: which are narrowed first, and that the others stay in their places."""

from __future__ import annotations

import numpy as np
import pytest

from simengine.aggregate.windows import PARTS, Windows

# outcome, low key, high key, values before, values held; the second of outcome 0 is an atom
ROWS = [(0, 0, 9, 0, 5), (0, 20, 20, 5, 900), (0, 30, 99, 950, 40), (1, 0, 9, 10, 300), (1, 50, 60, 400, 7)]


@pytest.fixture
def windows() -> Windows:
    return Windows.of(2, ROWS)


@pytest.mark.parametrize(
    ("left", "most", "expected"),
    [(351, 9, [3]), (100, 9, [3]), (12, 9, [2, 3]), (11, 9, [2, 3, 4]), (0, 9, [0, 2, 3, 4]), (0, 2, [2, 3])],
)
def test_as_few_windows_as_leave_room_are_narrowed(windows, left, most, expected):
    assert windows.widest_held(left, most).tolist() == expected


def test_narrower_windows_take_the_places_of_wider_ones(windows):
    index = np.array([2, 3])
    histogram, extremes = np.zeros((2, PARTS), np.int64), windows.taken(index).no_extremes()
    histogram[0, [1, 6]], extremes[0, 1], extremes[0, 6] = (30, 10), (31, 33), (80, 90)
    histogram[1, 4], extremes[1, 4] = 300, (5, 5)
    counted = windows.taken(index).counted(histogram, extremes)
    found = windows.replaced(index, counted.narrowed([np.array([2, 955, 985]), np.array([100, 402])]))
    assert found.owner.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.lows.tolist() == [0, 20, 31, 80, 5, 50]
    assert found.before.tolist() == [0, 5, 950, 980, 10, 400]
    assert found.held.tolist() == [5, 900, 30, 10, 300, 7]
    assert found.atoms.tolist() == [False, True, False, False, True, False]
