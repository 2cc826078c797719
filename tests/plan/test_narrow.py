"""The float32 tables against the float64 tables that they are made from, and what a float32 plan decides."""

import numpy as np
import pytest
from family_cases import FAMILY_CASES
from plan_checks import table as wide_table
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.distributions import resolve
from simengine.errors import InvalidInput
from simengine.plan.narrow import (
    NARROW_TOLERANCE,
    NarrowTable,
    _Judge,
    at_scores,
    at_words,
    narrow_table,
    widened,
    word32_of,
)
from simengine.plan.tables import WORD, NormalScore


def tabulated():
    for name, spec in FAMILY_CASES:
        marginal = resolve(spec)
        if marginal.pieces is None and marginal.constant is None and not marginal.parts:
            yield pytest.param(marginal, id=name)


@pytest.mark.parametrize("marginal", list(tabulated()))
def test_every_family_comes_within_the_tolerance(marginal):
    for axis in (WORD, NormalScore()):
        narrow = narrow_table(wide_table(marginal, axis))
        assert 0.0 < narrow.error <= NARROW_TOLERANCE
        assert narrow.rows.dtype == np.float32 and narrow.rows.shape[1] == 8


def test_the_error_is_one_of_probability():
    """Against the distribution itself, at words that were not probed."""
    marginal = resolve({"dist": "beta", "alpha": 2, "beta": 5})
    narrow = narrow_table(wide_table(marginal, WORD))
    words = np.random.default_rng(99).integers(0, 2**32, 50_000, dtype=np.uint64).astype(np.uint32)
    u = (words + 0.5) / 2.0**32
    gap = np.abs(marginal.cdf(at_words(narrow, words).astype(np.float64)) - u)
    assert np.max(gap) <= NARROW_TOLERANCE


def test_a_spoiled_coefficient_is_measured():
    wide = wide_table(resolve({"dist": "normal", "mean": 0, "sd": 1}), WORD)
    narrow = narrow_table(wide)
    rows = narrow.rows.copy()
    rows[30, 0] += np.float32(1e-4)
    spoiled = NarrowTable(rows, narrow.kinks, narrow.half, narrow.sub_bits, 0.0)
    assert _Judge.of(wide).error(spoiled) > 1e-5


def test_values_beyond_float32_are_refused():
    with pytest.raises(InvalidInput, match="float32"):
        plan_of('[inputs]\nX = { dist = "normal", mean = 1e39, sd = 1 }\n[model]\nf = "X"\n[outputs]\nf = true',
                precision="float32")  # fmt: skip
    with pytest.raises(InvalidInput, match="1e\\+300 leaves the range of float32"):
        plan_of('[inputs]\nX = "1 to 2"\n[model]\nf = "X * 1e300"\n[outputs]\nf = true', precision="float32")


def test_a_word_decides_like_the_middle_of_its_cell():
    draw = np.random.default_rng(3)
    cuts = [0, 1, 2**31, 2**31 + 1, 2**32, 2**63, 2**64 - 1, *map(int, draw.integers(0, 2**63, 200))]
    for cut in cuts:
        first = word32_of(cut)
        words = np.unique(np.clip([first - 1, first, first + 1], 0, 2**32 - 1)).astype(np.uint32)
        if cut <= int(widened(np.array([2**32 - 1], np.uint32))[0]):
            assert np.array_equal(words >= first, widened(words) >= np.uint64(cut)), cut


def test_tables_do_not_fall():
    wide = wide_table(resolve({"dist": "triangular", "min": 0, "mode": 1, "max": 5}), WORD)
    words = np.linspace(0, 2**32 - 1, 200_001).astype(np.uint32)
    x = at_words(narrow_table(wide), words)
    assert np.all(np.diff(x) >= -4 * np.spacing(np.abs(x[1:])))
    scores = np.linspace(-9, 9, 100_001).astype(np.float32)
    y = at_scores(narrow_table(wide_table(resolve({"dist": "uniform", "min": 0, "max": 1}), NormalScore())), scores)
    assert np.all(np.diff(y) >= -1e-6)
    assert -1e-6 < y[0] <= y[-1] < 1 + 1e-6


def test_the_float64_plan_is_what_it_was():
    """Pinned: a change of these digests changes the digits of every existing result."""
    assert plan_of(REFERENCE_DEAL).digest == ("0cd50639773b213e741402a32abd44d4bc7b1612c4a8fa97295d52e4ee3f7457")
    narrow = plan_of(REFERENCE_DEAL, precision="float32")
    assert narrow.reference == plan_of(REFERENCE_DEAL)
    assert narrow.digest != narrow.reference.digest
    assert (narrow.precision, narrow.value_type) == ("float32", np.float32)
    assert 0.0 < narrow.worst_table_error <= NARROW_TOLERANCE
