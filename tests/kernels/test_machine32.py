"""The compiled float32 machine against its slow twin: the same bits, trial by trial."""

import numpy as np
import pytest
from family_cases import FAMILY_CASES
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from machine_cases import formulas, model_of
from reference_machine32 import run as run_slowly
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.deal.model import Dependence
from simengine.engine.run import draw, replay_trial
from simengine.errors import InvalidInput
from simengine.kernels import compare
from simengine.kernels.source import Source
from simengine.plan.compile import build_plan
from simengine.plan.ops import Op
from simengine.sampling.address import short_words

USES_A_LIBRARY_FUNCTION = {Op.EXP, Op.LOG, Op.POW}


def assert_same(plan, seed=11, first=0, trials=300):
    """Equal to the bit; within a few ulp where the twin calls NumPy's exp, log or power."""
    expected = run_slowly(plan, seed, np.arange(first, first + trials))
    got = draw(plan, seed, first, trials)
    if USES_A_LIBRARY_FUNCTION & set(plan.tape[:, 0].tolist()):
        np.testing.assert_allclose(got, expected, rtol=2e-5)
    else:
        assert np.array_equal(got, expected, equal_nan=True)


@pytest.fixture(scope="module")
def deal():
    return plan_of(REFERENCE_DEAL, precision="float32")


@pytest.mark.parametrize("seed", [0, 1, 2**63 + 12345])
@pytest.mark.parametrize("first", [0, 511, 10**11 + 7])
def test_the_reference_deal(deal, seed, first):
    assert_same(deal, seed, first, 600)


@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic"])
@pytest.mark.parametrize(("first", "of"), [(0, 1), (0, 40), (0, 200), (0, 3000), (70_000, 90_000), (10**9 + 3, 10**12)])
def test_replicated_draws(sampler, first, of):
    plan = plan_of(REFERENCE_DEAL, sampler=sampler, precision="float32")
    trials = min(80, of - first)
    expected = run_slowly(plan, 2**63 + 5, np.arange(first, first + trials), of)
    assert np.array_equal(draw(plan, 2**63 + 5, first, trials, trials=of), expected)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_any_trial_is_drawn_alone(sampler):
    plan = plan_of(REFERENCE_DEAL, sampler=sampler, precision="float32")
    together = draw(plan, 3, 0, 2000)
    for trial in (0, 127, 128, 700, 1023, 1024, 1999):
        assert np.array_equal(replay_trial(plan, 3, trial, trials=2000), together[:, trial])


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in FAMILY_CASES])
def test_every_family_alone_and_in_copulas(spec):
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    inputs = {"A": {"dist": "normal", "mean": 0, "sd": 1}, "X": spec, "Y": spec, "Z": spec}
    groups = (Dependence(("A", "Y"), matrix), Dependence(("X", "Z"), matrix, 4.0))
    model = model_of(inputs, {"x": "X + 0", "y": "Y", "z": "Z", "a": "A"}, groups)
    assert_same(build_plan([model], precision="float32"), trials=120)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_drawn_formulas(data):
    """Formulas over all operations, drawn at random."""
    texts = data.draw(st.lists(formulas("1e30"), min_size=1, max_size=3))
    inputs = {"A": "-5 to 12.5", "B": {"dist": "uniform", "min": 0, "max": 1}, "C": {"dist": "poisson", "mean": 2}}
    model = model_of(inputs, {f"f{k}": text for k, text in enumerate(texts)})
    try:
        plan = build_plan([model], precision="float32")
    except InvalidInput:  # a product of constants beyond float32
        reject()
    assert_same(plan, trials=64)


def test_library_functions_are_close():
    inputs = {"A": {"dist": "uniform", "min": 0.1, "max": 9}, "B": "-5 to 12.5"}
    model = model_of(inputs, {"e": "exp(B)", "l": "log(A)", "p": "pow(A, B)", "q": "A**0.5"})
    assert_same(build_plan([model], precision="float32"))


@pytest.mark.parametrize("first", [0, 2048])
def test_words_are_those_that_the_twin_draws(deal, first):
    from reference_machine32 import drawn

    source = Source.of(deal, 9, 4000)
    found = compare.words(source, first, 1000)
    trials = np.arange(first, first + 1000)
    for k in range(len(deal.streams)):
        assert np.array_equal(found[k], drawn(deal, Op.PHILOX, 9, k, trials, 63))
        assert np.array_equal(found[k], short_words(9, int(deal.streams[k]), trials))


def test_a_planted_fault_in_a_tape_is_seen(deal):
    expected = draw(deal, 1, 0, 100)
    before = deal.constants[0]
    deal.constants[0] = np.nextafter(before, np.float32(2.0))
    changed = draw(deal, 1, 0, 100)
    deal.constants[0] = before
    assert not np.array_equal(changed, expected)
