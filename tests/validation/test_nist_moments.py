"""NIST Statistical Reference Datasets, univariate summary statistics, through the tally that every run uses.

NumAcc1, 3 and 4 lose all digits of the standard deviation when it is computed from sums of squares; they are also
continued to more tiles than one, where mean and standard deviation stay the same by construction.
"""

from __future__ import annotations

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from simengine.aggregate.finalise import TailSums, outcome_statistics
from simengine.aggregate.grid import PILOT_TRIALS, Grid
from simengine.aggregate.order import Ranks
from simengine.aggregate.summary import NO_TRIAL, Summary
from simengine.aggregate.sums import SumTree
from simengine.kernels.tally import MOMENTS, TILE, tally
from simengine.plan.plan import PlanOutput

LOTTERY = [
    *(162, 671, 933, 414, 788, 730, 817, 33, 536, 875, 670, 236, 473, 167, 877, 980, 316, 950, 456, 92, 517, 557),
    *(956, 954, 104, 178, 794, 278, 147, 773, 437, 435, 502, 610, 582, 780, 689, 562, 964, 791, 28, 97, 848, 281),
    *(858, 538, 660, 972, 671, 613, 867, 448, 738, 966, 139, 636, 847, 659, 754, 243, 122, 455, 195, 968, 793),
    *(59, 730, 361, 574, 522, 97, 762, 431, 158, 429, 414, 22, 629, 788, 999, 187, 215, 810, 782, 47, 34, 108),
    *(986, 25, 644, 829, 630, 315, 567, 919, 331, 207, 412, 242, 607, 668, 944, 749, 168, 864, 442, 533, 805),
    *(372, 63, 458, 777, 416, 340, 436, 140, 919, 350, 510, 572, 905, 900, 85, 389, 473, 758, 444, 169, 625, 692),
    *(140, 897, 672, 288, 312, 860, 724, 226, 884, 508, 976, 741, 476, 417, 831, 15, 318, 432, 241, 114, 799),
    *(955, 833, 358, 935, 146, 630, 830, 440, 642, 356, 373, 271, 715, 367, 393, 190, 669, 8, 861, 108, 795, 269),
    *(590, 326, 866, 64, 523, 862, 840, 219, 382, 998, 4, 628, 305, 747, 247, 34, 747, 729, 645, 856, 974, 24),
    *(568, 24, 694, 608, 480, 410, 729, 947, 293, 53, 930, 223, 203, 677, 227, 62, 455, 387, 318, 562, 242, 428),
    968,
]


def alternating(middle: float, count: int) -> list[float]:
    """middle, then middle - 0.1 and middle + 0.1 in turn: mean is middle and sd 0.1 for any odd count."""
    whole = round(middle - 0.2)
    return [middle, *([whole + 0.1, whole + 0.3] * (count // 2))]


def pi_digits() -> list[float]:
    """5,000 digits of pi as NIST has them: the 957th is a 3 there and an 8 in truth."""
    with mpmath.workdps(5_010):
        digits = [float(digit) for digit in mpmath.nstr(+mpmath.pi, 5_005).replace(".", "")[:5000]]
    assert digits[956] == 8
    digits[956] = 3
    return digits


def statistics(values: list[float], cuts: tuple[int, ...] = ()):
    """Statistics of values that are tallied in ranges cut at ``cuts`` (tiles) and merged from the last to the first."""
    x = np.array([values], np.float64)
    grid = Grid.from_pilot(x[:, :PILOT_TRIALS])
    edges = [0, *(cut * TILE for cut in cuts), x.shape[1]]
    parts = [_summary(x, first, last, grid) for first, last in pairwise(edges)]
    summary = Summary.empty(1, 1)
    for part in reversed(parts):
        summary = part.merge(summary)
    tails = TailSums(np.empty(0), np.empty(0))
    ranks = Ranks.of(x.shape[1], (), ())
    return outcome_statistics(PlanOutput("base", "x"), 0, summary, summary.below, grid, ranks, {}, tails, (), ())


def _summary(x: np.ndarray, first: int, last: int, grid: Grid) -> Summary:
    size = last - first
    empty = Summary.empty(1, 1)
    counts = np.zeros((1, 2, empty.counts.shape[1]), np.int32)
    sums, below = np.empty((-(-size // TILE), 1, MOMENTS)), np.zeros(1, np.int64)
    extremes, faults = np.array([[np.inf, -np.inf]]), np.array([[0, NO_TRIAL]], np.int64)
    part = np.ascontiguousarray(x[:, first:last])
    ends = np.array([0, 1], np.int64)
    tally(part, 0, size, first, TILE, grid.centre, grid.scale, np.zeros(1), ends, sums, counts, below, extremes, faults)
    return Summary(
        trials=size,
        counts=counts.sum(axis=1, dtype=np.int64),
        below=below,
        minimum=extremes[:, 0],
        maximum=extremes[:, 1],
        faults=faults[:, 0],
        first_fault=faults[:, 1],
        sums=SumTree.of(sums, first // TILE),
    )


@pytest.mark.parametrize(
    ("values", "mean", "sd", "tolerance"),
    [
        pytest.param([10000001.0, 10000003.0, 10000002.0], 10000002.0, 1.0, 1e-15, id="NumAcc1"),
        pytest.param(alternating(1000000.2, 1001), 1000000.2, 0.1, 1e-8, id="NumAcc3"),
        pytest.param(alternating(10000000.2, 1001), 10000000.2, 0.1, 1e-7, id="NumAcc4"),
        pytest.param(LOTTERY, 518.958715596330, 291.699727470969, 1e-14, id="Lottery"),
        pytest.param(pi_digits(), 4.5348, 2.86733906028871, 1e-14, id="PiDigits"),
    ],
)
def test_certified_values(values, mean, sd, tolerance):
    found = statistics(values)
    assert found.mean == pytest.approx(mean, rel=1e-14)
    assert found.std == pytest.approx(sd, rel=tolerance)
    assert (found.minimum, found.maximum) == (min(values), max(values))


@pytest.mark.parametrize("cuts", [(), (1,), (3, 4, 11), (7, 20)])
def test_certified_values_survive_cutting_and_merging(cuts):
    values = alternating(1000000.2, 100_001)
    found = statistics(values, cuts)
    assert found.finite == len(values)
    assert found.mean == pytest.approx(1000000.2, rel=1e-14)
    assert found.std == pytest.approx(0.1, rel=1e-8)
    assert (found.mean, found.std) == (statistics(values).mean, statistics(values).std)


def test_sums_of_squares_would_fail():
    """The planted fault: the textbook formula on the same data misses by far more than the tolerance."""
    x = np.array(alternating(1000000.2, 1001))
    naive = np.sqrt(max(np.mean(x**2) - np.mean(x) ** 2, 0) * 1001 / 1000)
    assert abs(naive / 0.1 - 1) > 1e-5
