"""One contract for every sampler: strata hit exactly, uniform words, independent replicates, stable addresses."""

import numpy as np
import pytest
from deal_models import model
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_plans import plan_of

from simengine.deal.expand import expand
from simengine.engine.run import draw, run
from simengine.plan.compile import build_plan
from simengine.plan.draws import addresses_of
from simengine.sampling import lhs
from simengine.sampling.address import antithetic_words, stream_of
from simengine.sampling.design import SAMPLERS, Design
from simengine.sampling.sobol import MOST_DIMENSIONS, directions, lattice, points
from simengine.scenario import loads

REPLICATED = [sampler for sampler in SAMPLERS if sampler != "random"]
UNIFORM = '[inputs]\nA = { dist = "uniform", min = 0, max = 1 }\nB = { dist = "uniform", min = 0, max = 1 }\n'
BOTH = UNIFORM + '[model]\nof_a = "A"\nof_b = "B"\n[outputs]\nof_a = true\nof_b = true'


def streams(count):
    return np.array([stream_of(f"x{k}") for k in range(count)], np.uint64)


# ---- points ----


@pytest.mark.parametrize(("dimensions", "bits"), [(3, 10), (400, 8), (MOST_DIMENSIONS, 3)])
def test_unscrambled_points_are_scipys(dimensions, bits):
    qmc = pytest.importorskip("scipy.stats.qmc")
    index = np.arange(1 << bits)
    columns = directions(dimensions, bits)
    rows = np.concatenate([np.zeros((dimensions, 1), np.uint64), columns], axis=1).view(np.int64)
    in_gray_order = index ^ (index >> 1)
    ours = np.stack([points(row, in_gray_order) for row in rows], axis=1)
    assert np.array_equal(ours * 2.0**-64, qmc.Sobol(dimensions, scramble=False, bits=60).random(1 << bits))


def test_late_columns_of_high_dimensions_are_scipys():
    """Every column of the last dimensions, by points of a single bit each."""
    qmc = pytest.importorskip("scipy.stats.qmc")
    table = qmc.Sobol(MOST_DIMENSIONS, scramble=False, bits=40)._sv
    ours = directions(MOST_DIMENSIONS, 40)
    assert np.array_equal(ours >> np.uint64(24), table.astype(np.uint64))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 12), st.sampled_from([0, 1, 2, 7, 100, 9999]), st.integers(0, 2))
def test_every_prefix_of_a_sobol_replicate_hits_every_stratum_once(seed, bits, dimension, replicate):
    row = lattice(seed, streams(1), np.array([dimension]), 3, bits)[replicate, 0]
    words = points(row, np.arange(1 << bits))
    for k in range(bits + 1):
        strata = words[: 1 << k] >> np.uint64(64 - k) if k else np.zeros(1, np.uint64)
        assert sorted(strata.tolist()) == list(range(1 << k))


@pytest.mark.parametrize("dimensions", [(0, 1), (1, 2)])
def test_two_dimensions_are_a_net(dimensions):
    """The first two pairs of dimensions are nets of quality 0 and at most 1: boxes of area 2**-k hold 2**(m - k)."""
    bits, loss = 10, dimensions[0]
    rows = lattice(5, streams(2), np.array(dimensions), 1, bits)[0]
    one, two = (points(row, np.arange(1 << bits)) for row in rows)
    for k in range(bits - loss + 1):
        for split in range(k + 1):
            cell = (one >> np.uint64(63)) * 0
            cell = (one >> np.uint64(64 - split) if split else cell) << np.uint64(k - split)
            cell |= two >> np.uint64(64 - (k - split)) if k > split else np.uint64(0)
            assert np.all(np.bincount(cell.astype(np.int64), minlength=1 << k) == 1 << (bits - k))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(1, 13))
def test_a_latin_hypercube_hits_every_stratum_once(seed, bits):
    key = lhs.keys(seed, streams(1), 2)[1, 0]
    words = lhs.lhs_words(seed, 7, np.arange(1 << bits, 2 << bits), key, bits)
    assert sorted((words >> np.uint64(64 - bits)).tolist()) == list(range(1 << bits))


def test_strata_of_different_inputs_and_replicates_are_unrelated():
    bits, index = 12, np.arange(1 << 12, dtype=np.uint64)
    keys = lhs.keys(3, streams(3), 3).reshape(9, -1)
    found = np.corrcoef([lhs.strata(index, key, bits).astype(float) for key in keys])
    assert np.abs(found - np.eye(9)).max() < 5 / np.sqrt(1 << bits)
    steps = np.diff(lhs.strata(index, keys[0], bits).astype(np.int64)) % (1 << bits)
    assert np.unique(steps).size > 0.55 * (1 << bits)  # no step between neighbours is preferred


def test_pairs_are_opposite():
    trials = np.arange(2048)
    words = antithetic_words(3, 9, trials, 12)
    assert np.array_equal(words[trials & 256 == 0], ~words[trials & 256 != 0])


def test_words_are_pinned():
    """Stream policy, version 1: these words never change.  Replicate 2 of input D, the second of V and D, seed 1."""
    both = np.array([stream_of("V"), stream_of("D")], np.uint64)
    sobol = points(lattice(1, both, np.array([0, 1]), 3, 15)[2, 1], np.array([0, 1, 2, 32767]))
    assert [int(w) for w in sobol] == [
        14065906397735907418,
        7656457209662386822,
        3927929400488721973,
        2099667618479476146,
    ]
    hypercube = lhs.lhs_words(1, int(both[1]), np.array([65536, 65537, 98303]), lhs.keys(1, both, 3)[2, 1], 15)
    assert [int(w) for w in hypercube] == [16792753346705296043, 17267476727872970886, 13913783342823578966]


# ---- words, through the kernel ----


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_words_are_uniform_and_inputs_independent(sampler):
    plan, n = plan_of(BOTH, sampler=sampler), 40_000
    u = draw(plan, 11, 0, n)
    assert u.min() > 0 and u.max() < 1
    for row in u:
        expected = n / 50
        assert np.sum((np.histogram(row, 50, (0, 1))[0] - expected) ** 2) / expected < 95  # 99.99 % point of 49
    assert abs(np.corrcoef(u)[0, 1]) < 5 / np.sqrt(n)


@pytest.mark.parametrize("sampler", REPLICATED)
def test_a_point_is_uniform_over_seeds_and_independent_of_the_next_replicate(sampler):
    """Randomisation makes every single draw uniform, so no estimate is biased; replicates share nothing."""
    plan, size = plan_of(BOTH, sampler=sampler), Design.of(sampler, 4096).size
    one, two = np.array([draw(plan, seed, 300, size + 1, trials=4096)[0, [0, size]] for seed in range(1000)]).T
    assert abs(one.mean() - 0.5) < 5 / np.sqrt(12 * one.size)
    assert np.sum((np.histogram(one, 20, (0, 1))[0] - 50) ** 2) / 50 < 55  # 99.997 % point of 19
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(one.size)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(REPLICATED), st.integers(1, 10**12), st.sampled_from([8, 32, 1000]))
def test_layouts(sampler, trials, replicates):
    design = Design.of(sampler, trials, replicates)
    assert design.replicates == -(-trials // design.size)
    if trials > 4 * replicates:
        assert replicates / 1.42 <= trials / design.size <= replicates * 1.42
    assert design.size % design.tile == 0 and (design.size // design.tile) == 1 << (design.top or 0)


# ---- addresses ----


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_adding_an_input_at_the_end_moves_no_draw(sampler):
    added = BOTH.replace("[model]", 'C = "5 to 9"\n[model]\nof_c = "C"') + "\nof_c = true"
    one, two = (draw(plan_of(text, sampler=sampler), 4, 0, 3000) for text in (BOTH, added))
    assert np.array_equal(one, two[:2])


GROWING = """
[scenario]
name = "growing"
[inputs]
V = "600 to 1600"
D = 0.8
R = 0.9
L = 0.05
[risks.competition]
probability = 0.35
severity = { dist = "beta", alpha = 2, beta = 5 }
[costs]
filing = "5 to 9"
[strategies.licence]
[strategies.sale]
model.T = "price"
inputs.price = "400 to 500"
"""
LATER_INPUT, LATER_RISK = (
    'L = 0.05\nE = "1 to 2"',
    '[risks.leak]\nprobability = { dist = "beta", alpha = 2, beta = 9 }\nseverity = 0.5\n[costs]',
)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_table_grows_without_moving_the_draws_of_others(sampler):
    """An input at the end of [inputs], a risk at the end of [risks], a cost: everything else stays where it was."""
    grown = GROWING.replace("L = 0.05", LATER_INPUT).replace("[costs]", LATER_RISK)
    grown = grown.replace('filing = "5 to 9"', 'filing = "5 to 9"\naudit = "1 to 2"')
    before, after = (build_plan(expand(loads(text)), sampler=sampler, record="everything") for text in (GROWING, grown))
    one, two = (draw(plan, 4, 0, 3000) for plan in (before, after))
    names = [(output.strategy, output.name) for output in after.outputs]
    for k, output in enumerate(before.outputs):
        if (output.strategy, output.name) != ("licence", "T"):  # which has the new risk and cost
            assert np.array_equal(one[k], two[names.index((output.strategy, output.name))]), output


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_fixing_an_input_or_asking_for_less_moves_no_other_draw(sampler):
    fixed = BOTH.replace('A = { dist = "uniform", min = 0, max = 1 }', "A = 0.5")
    less = UNIFORM + '[model]\nof_b = "B"'
    everything = draw(plan_of(BOTH, sampler=sampler), 4, 0, 3000)
    assert np.array_equal(everything[1], draw(plan_of(fixed, sampler=sampler), 4, 0, 3000)[1])
    assert np.array_equal(everything[1], draw(plan_of(less, sampler=sampler), 4, 0, 3000)[0])


def test_what_a_new_first_input_moves():
    """The documented limit: inputs after a new one take other dimensions, though their scrambles stay."""
    before = BOTH.replace("[inputs]", '[inputs]\nFirst = "1 to 2"')
    one, two = (draw(plan_of(text, sampler="sobol"), 4, 0, 3000) for text in (BOTH, before))
    assert not np.array_equal(one, two)
    one, two = (draw(plan_of(text, sampler="lhs"), 4, 0, 3000) for text in (BOTH, before))
    assert np.array_equal(one, two)


def test_inputs_beyond_the_table_have_independent_draws():
    names = [f"x{k}" for k in range(3)]
    one = model({name: {"dist": "uniform", "min": 0, "max": 1} for name in names}, {"T": "x0 + x1 + x2"})
    order = [*(f"filler{k}" for k in range(MOST_DIMENSIONS - 2)), *names]
    plan = build_plan([one], sampler="sobol", addresses=order)
    assert sorted(plan.dimensions.tolist()) == [-1, MOST_DIMENSIONS - 2, MOST_DIMENSIONS - 1]
    (y,) = run(plan, trials=20_000, seed=1).outcomes
    assert abs(y.mean - 1.5) < 5 * y.mean_se


def test_the_factor_of_a_copula_follows_its_members():
    text = '[scenario]\nname = "c"\n[inputs]\nA = "1 to 2"\nB = "1 to 2"\nC = "1 to 2"\n[model]\nT = "A + B + C"\n'
    text += '[[correlations]]\nbetween = ["A", "B"]\nspearman = 0.5\ncopula = "t"\ndof = 4\n'
    assert addresses_of(expand(loads(text))) == ("A", "B", "", "", "copula(A,B)", "C")
