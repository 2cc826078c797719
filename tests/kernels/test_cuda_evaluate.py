"""The printed CUDA text against the CPU's kernel: the same bits for every operation, family, sampler and layout."""

from pathlib import Path

import numpy as np
import pytest
from cuda_cases import assert_same, on_device, same_bits, slow_device, source_of
from family_cases import FAMILY_CASES
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from machine_cases import formulas, model_of
from scenario_plans import REFERENCE_DEAL, plan_of
from shim_device import ShimDevice

from simengine.deal.expand import expand
from simengine.deal.model import Dependence
from simengine.errors import InvalidInput
from simengine.kernels import cpu
from simengine.kernels.cuda.device import DeviceMemory
from simengine.kernels.cuda.evaluate import Evaluator
from simengine.kernels.cuda.printer import evaluate_text
from simengine.plan.compile import build_plan
from simengine.plan.ops import Op
from simengine.scenario import load

pytestmark = pytest.mark.usefixtures("each_device")

SCENARIOS = sorted(Path(__file__).parents[2].glob("scenarios/*.toml"))
PRECISIONS = ["float64", "float32"]
MATRIX = np.array([[1.0, 0.5], [0.5, 1.0]])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("sampler", ["random", "sobol", "lhs", "antithetic"])
@pytest.mark.parametrize(
    ("trials", "replicates", "first"),
    [
        *[
            (40, 8, 0),
            (100, 32, 0),
            (300, 8, 0),
            (3000, 32, 1024),
            (3000, 8, 2048),
            (20_000, 8, 0),
            (90_000, 16, 69_632),
        ],
        (10**12, 32, 10**9 // 1024 * 1024),
    ],
)
def test_samplers_and_replicates_of_all_sizes(precision, sampler, trials, replicates, first):
    source = source_of(plan_of(REFERENCE_DEAL, sampler=sampler, precision=precision), 2**63 + 5, trials, replicates)
    assert_same(source, first, min(trials - first, 2700))


@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic"])
@pytest.mark.parametrize("trials", [40, 2000, 30_000])
def test_trials_beyond_the_last_replicate_are_those_of_the_cpu(sampler, trials):
    assert_same(source_of(plan_of(REFERENCE_DEAL, sampler=sampler), 3, trials), trials // 1024 * 1024, 4096)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("count", [1, 127, 129, 255, 257, 511, 513, 1023, 1025])
def test_a_range_of_any_length(precision, count):
    assert_same(source_of(plan_of(REFERENCE_DEAL, precision=precision)), 1024, count)


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_seeds_are_data(seed):
    assert_same(source_of(plan_of(REFERENCE_DEAL), seed), 0, 600)


def _families(precision, *, joined):
    """A plan of all families: each alone and, where they are joined, in a Gaussian and in a t copula."""
    inputs, groups, outcomes = {}, [], {}
    for k, (_, spec) in enumerate(FAMILY_CASES):
        inputs |= {f"B{k}": spec}
        outcomes |= {f"b{k}": f"B{k}"}
        if joined:
            inputs |= {f"A{k}": {"dist": "normal", "mean": 0, "sd": 1}, f"X{k}": spec, f"Y{k}": spec, f"Z{k}": spec}
            groups += [Dependence((f"A{k}", f"Y{k}"), MATRIX), Dependence((f"X{k}", f"Z{k}"), MATRIX, 4.0)]
            outcomes |= {f"x{k}": f"X{k} + 0", f"y{k}": f"Y{k}", f"z{k}": f"Z{k}"}
    return build_plan([model_of(inputs, outcomes, tuple(groups))], precision=precision)


def test_every_family_alone_and_in_copulas():
    assert_same(source_of(_families("float64", joined=True)), 0, 1500)


def test_every_family_in_float32():
    assert_same(source_of(_families("float32", joined=False)), 0, 1500)


@pytest.mark.slow
def test_every_family_in_copulas_in_float32():
    assert_same(source_of(_families("float32", joined=True)), 0, 1500)


ALL_OPERATIONS = {
    **{"sum": "A + B", "difference": "A - B", "product": "A * C", "ratio": "A / C", "chain": "A * B + C"},
    **{"least": "min(A, B)", "most": "max(A, B, C)", "opposite": "-A", "size": "abs(A)", "less": "A < B"},
    **{"at_most": "C <= 2", "alike": "C == 2", "unlike": "C != 2", "either": "where(A < 0, B, C)"},
    **{"e": "exp(A)", "overflow": "exp(200 * A)", "l": "log(B)", "fault": "log(A)", "root": "sqrt(B)"},
    **{"no_root": "sqrt(A)", "power": "pow(B, A)", "powers": "A ** C", "tiny": "B ** 400", "zero": "0 * A / C"},
    **{"nan_least": "min(log(A), B)", "nan_most": "max(B, log(A))", "nan_chosen": "where(log(A), B, C)"},
    **{"nan_compared": "log(A) < 1", "infinite": "1 / (C - C)", "event": "E", "pieces": "F + G"},
}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_operation(precision):
    inputs = {
        **{"A": "-5 to 12.5", "B": {"dist": "uniform", "min": 0, "max": 1}, "C": {"dist": "poisson", "mean": 2}},
        **{"E": {"dist": "bernoulli", "p": 0.3}, "F": {"dist": "discrete", "values": [1, 2, 4], "weights": [1, 1, 2]}},
        **{"G": {"dist": "cumulative", "values": [0, 2, 3, 10], "probabilities": [0, 0.2, 0.7, 1]}},
        **{"H": {"dist": "poisson", "mean": 3}, "I": {"dist": "poisson", "mean": 1e3}},
    }
    inputs["F"]["normalise"] = True
    model = model_of(inputs, {**ALL_OPERATIONS, "h": "H", "i": "I"}, (Dependence(("H", "I"), MATRIX),))
    plan = build_plan([model], precision=precision)
    missing = {op for op in Op if op not in {Op.SOBOL, Op.LHS, Op.ANTITHETIC}} - set(plan.tape[:, 0].tolist())
    assert not missing
    assert_same(source_of(plan), 0, 4000)


@pytest.mark.parametrize("precision", PRECISIONS)
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_drawn_formulas(precision, data):
    """Formulas over all operations, drawn at random: many in one plan, since every plan is compiled."""
    texts = data.draw(st.lists(formulas("1e300" if precision == "float64" else "1e30"), min_size=12, max_size=12))
    inputs = {"A": "-5 to 12.5", "B": {"dist": "uniform", "min": 0, "max": 1}, "C": {"dist": "poisson", "mean": 2}}
    model = model_of(inputs, {f"f{k}": text for k, text in enumerate(texts)})
    try:
        plan = build_plan([model], precision=precision)
    except InvalidInput:  # a product of constants beyond float32
        reject()
    assert_same(source_of(plan), 0, 1024)


def _shipped(path, precision, sampler, years):
    models = expand(load(path))
    return build_plan(models, precision=precision, sampler=sampler, years=years)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios(path):
    assert_same(source_of(_shipped(path, "float64", "sobol", False), trials=100_000), 2048, 1100)


LAYOUTS = [(sampler, precision) for sampler in ("random", "sobol", "lhs", "antithetic") for precision in PRECISIONS]


@pytest.mark.slow
@pytest.mark.parametrize(  # two sources of draws for each scenario by turns: all of them meet some scenario
    ("path", "sampler", "precision"),
    [
        pytest.param(path, *LAYOUTS[(3 * k + more) % len(LAYOUTS)], id=f"{path.stem}-{more}")
        for k, path in enumerate(SCENARIOS)
        for more in (0, 5)
    ],
)
def test_shipped_scenarios_with_all_that_they_report(path, sampler, precision):
    assert_same(source_of(_shipped(path, precision, sampler, True), trials=100_000), 2048, 1100)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_strategies_and_their_years(precision):
    path = next(path for path in SCENARIOS if path.stem == "medical_imaging_licence")
    plan = _shipped(path, precision, "sobol", True)
    assert any(output.year for output in plan.outputs)
    assert_same(source_of(plan, trials=5000), 0, 1100)


def test_new_numbers_have_the_same_text():
    texts = set()
    for mu, probability, target in ((6.9, 0.35, 200), (2.0, 0.08, 7)):
        scenario = REFERENCE_DEAL.replace("6.907755278982137", str(mu)).replace("0.35", str(probability))
        texts.add(evaluate_text(plan_of(scenario.replace("target = 200", f"target = {target}"))))
    assert len(texts) == 1


@pytest.mark.parametrize("sampler", ["random", "sobol"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_any_trial_is_computed_alone(sampler, precision):
    source = source_of(plan_of(REFERENCE_DEAL, sampler=sampler, precision=precision), trials=20_000)
    evaluator = Evaluator(slow_device(), source)
    for trial in (0, 511, 1024, 2047, 19_999):
        assert same_bits(evaluator.trial(trial), cpu.trial_values(source, trial))


@pytest.mark.usefixtures("on_shim")
def test_chunks_join():
    """The Sobol points of a replicate are made once for all of its chunks."""
    source = source_of(plan_of(REFERENCE_DEAL, sampler="sobol"), trials=200_000, replicates=8)
    device = slow_device()
    evaluator = Evaluator(device, source)
    out = device.empty((1, 4096), np.float64)
    for first in (0, 4096, 196_608, 12_288):
        evaluator.fill(first, 3000, out, 4096)
        assert same_bits(device.download(out)[:, :3000], cpu.values(source, first, 3000))
    assert device.launches.count("evaluate") == 4
    assert device.launches.count("prepare_points") == 3


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize("trials", [2000, 200_000])
def test_a_full_device_can_be_tried_again(trials):
    source = source_of(plan_of(REFERENCE_DEAL, sampler="sobol"), trials=trials)
    device = slow_device()
    evaluator = Evaluator(device, source)
    small, large = 1024, 1 << 22
    out = device.empty((1, small), np.float64)
    device._memory -= device.free_bytes() - (1 << 20)
    with pytest.raises(DeviceMemory):
        evaluator.fill(0, large, out, small)
    evaluator.fill(0, small, out, small)
    assert same_bits(device.download(out), cpu.values(source, 0, small))


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize("trials", [2000, 200_000])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_memory_is_what_was_said(trials, precision):
    source = source_of(plan_of(REFERENCE_DEAL, sampler="sobol", precision=precision), trials=trials)
    device = slow_device()
    evaluator = Evaluator(device, source)
    before, out = device.free_bytes(), device.empty((1, 4096), evaluator.value_type)
    evaluator.fill(1024, 4000, out, 4096)
    taken = before - device.free_bytes() - out.nbytes
    assert taken <= evaluator.scratch_bytes(4000) + 64
    assert evaluator.bytes == (1 << 40) - device.free_bytes() - out.nbytes


def test_a_range_begins_at_a_block():
    with pytest.raises(ValueError, match="multiples of 1,024"):
        on_device(source_of(plan_of(REFERENCE_DEAL)), 512, 10)


class Patched(ShimDevice):
    """A device whose texts have a fault."""

    def __init__(self, old: str, new: str):
        super().__init__(flags=("-O0",))
        self._fault = old, new

    def compile(self, text, kernels):
        assert text.count(self._fault[0]) >= 1
        return super().compile(text.replace(*self._fault), kernels)


FAULTS = {
    "fused": (
        "return fma(fma(fma(x, spot.t, middle.x), spot.t, low.y), spot.t, low.x)",
        "return fma(fma(x, spot.t, middle.x), spot.t, low.y) * spot.t + low.x",
    ),
    "lanes": (
        "return {polynomial(tables.rows, a), polynomial(tables.rows, b)}",
        "return {polynomial(tables.rows, b), polynomial(tables.rows, a)}",
    ),
    "difference": ("return {x.a - y.a, x.b - y.b};", "return {x.a - y.a, x.b - y.a};"),
    "philox": ("0xCD9E8D57u", "0xCD9E8D55u"),
    "key": ("key0 += 0x9E3779B9u", "key0 += 0x9E3779B8u"),
    "kink": ("count) - 1) <= word", "count) - 1) <= word + 0x1000000000000000ULL"),
    "step": ("w.a >= cut", "w.a >= cut + 0x0100000000000000ULL"),
    "end": ("place + 256 < count", "place + 257 < count"),
}


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize(("old", "new"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_seen(old, new):
    triangle = {"dist": "triangular", "min": 0, "mode": 1, "max": 4}
    inputs = {"A": {"dist": "bernoulli", "p": 0.4}, "B": "2 to 5", "C": triangle}
    source = source_of(build_plan([model_of(inputs, {"x": "B - C * A"})]))
    assert_same(source, 0, 2000)
    assert not same_bits(on_device(source, 0, 2000, Patched(old, new)), cpu.values(source, 0, 2000))
