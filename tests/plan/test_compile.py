"""Models to plans: what is shared, what is left out, and that the tape computes what the formulas say."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from deal_models import REFERENCE_FORMULAS, REFERENCE_INPUTS, model, reference_deal
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_checks import operations, plan_of, recorded
from reference_machine import TWO, run

from simengine.errors import InvalidInput
from simengine.formula import lower, parse
from simengine.plan import assemble
from simengine.plan.compile import build_plan
from simengine.plan.graph import Graph
from simengine.plan.ops import OPERANDS, Op
from simengine.plan.schedule import allocate, registers_needed, schedule
from simengine.sampling.address import stream_of


class NumPyArithmetic:
    """Formulas as NumPy would compute them."""

    def __getattr__(self, name: str) -> Any:
        names = {"less": "LESS", "less_equal": "LESS_EQUAL", "equal": "EQUAL"}
        return TWO[Op[names.get(name, name.upper())]]

    def constant(self, value: float) -> Any:
        return np.float64(value)

    def power(self, x: Any, y: Any) -> Any:
        return math.prod([x] * int(y), start=np.float64(1.0))  # small whole exponents only

    def negate(self, x: Any) -> Any:
        return -x

    def absolute(self, x: Any) -> Any:
        return np.abs(x)

    def select(self, condition: Any, x: Any, y: Any) -> Any:
        return np.where(condition != 0.0, x, y)

    def truth(self, x: Any) -> Any:
        return (x != 0.0) * 1.0

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)


# ---- exactness ----


def test_certain_inputs_give_the_bits_of_plain_python() -> None:
    inputs = {"V": 1000, "D": 0.8, "R": 0.9, "L": 0.05}
    plan = plan_of(model(inputs, {"T": "V * D * R * (1 - L)"}))
    assert operations(plan) == Counter(TALLY=1)
    assert run(plan, 1, 3).tolist() == [[684.0] * 3]
    assert plan.registers == 0 and plan.streams.size == 0


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(0, 1e4)] * 4))
def test_the_plain_deal_is_never_reassociated(values: tuple[float, ...]) -> None:
    v, d, r, share = values
    plan = plan_of(model(dict(zip("VDRL", values, strict=True)), {"T": "V*D*R*(1-L)"}))
    assert run(plan, 1, 1)[0, 0].hex() == ((((v * d) * r) * (1.0 - share)) + 0.0).hex()


def test_the_reference_deal_has_the_bits_of_numpy() -> None:
    found = {name: values for (_, name), values in recorded(reference_deal()).items()}
    competition = np.where(found["competition_strikes"] != 0, found["competition_severity"], 0.0)
    leak = np.where(found["ip_leak_strikes"] != 0, found["ip_leak_severity"], 0.0)
    expected = found["V"] * found["D"] * found["R"] * (1 - found["L"]) * (1 - competition) * (1 - leak)
    assert np.array_equal(found["T"].view(np.int64), expected.view(np.int64))
    alone = run(plan_of(reference_deal()), 7, 300)[0]
    assert np.array_equal(alone.view(np.int64), expected.view(np.int64))


_names = ("a", "b", "c", "d")
_INPUTS = {
    "a": {"dist": "uniform", "min": -1, "max": 1},
    "b": {"dist": "bernoulli", "p": 0.4},
    "c": {"dist": "discrete", "values": [-2, 0, 3], "weights": [0.2, 0.5, 0.3]},
    "d": {"dist": "normal", "mean": 0, "sd": 2},
}
_formula_text = st.recursive(
    st.sampled_from([*_names, "0", "1", "2", "0.25", "f", "g"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "<", "==", " and ", " or "]), inner).map(
            lambda drawn: "(" + "".join(drawn) + ")"
        ),
        st.tuples(inner, inner, inner).map("where({0[0]}, {0[1]}, {0[2]})".format),
        st.tuples(inner, inner, inner).map("clip({0[0]}, {0[1]}, {0[2]})".format),
        inner.map("(-{})".format),
        inner.map("sqrt(abs({}))".format),
        st.tuples(inner, st.integers(0, 3)).map("({0[0]} ** {0[1]})".format),
    ),
    max_leaves=25,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_formula_text, min_size=3, max_size=3), st.randoms())
def test_any_model_has_the_bits_of_numpy(texts: list[str], shuffle: Any) -> None:
    """Registers are reused, rows shared and constants folded; none of it may show in a value."""
    f, g, h = texts
    formulas = {
        "f": f.replace("f", "a").replace("g", "b") if "f" in f or "g" in f else f,
        "g": g.replace("g", "d"),
        "h": h,
    }
    one = model(_INPUTS, formulas, ["h", "f", "g"], strategy="one")
    outputs = list(one.outputs)
    shuffle.shuffle(outputs)
    other = replace(one, strategy="other", outputs=tuple(outputs))
    inputs = {name: values for (_, name), values in recorded(model(_INPUTS, {}, []), trials=64).items()}
    found = run(plan_of(one, other), 7, 64)
    arithmetic: Any = NumPyArithmetic()
    with np.errstate(all="ignore"):
        known: dict[str, Any] = dict(inputs)
        for name, text in formulas.items():
            known[name] = lower(parse(text), arithmetic, known.__getitem__)
    for values, output in zip(found, [*one.outputs, *other.outputs], strict=True):
        expected = np.broadcast_to(known[output.name], values.shape)
        assert np.array_equal(values, expected, equal_nan=True), formulas
        assert not np.signbit(values[values == 0.0]).any()  # outcomes hold one zero


# ---- draws ----


def test_order_and_unused_inputs_change_nothing() -> None:
    plan = plan_of(reference_deal())
    backwards = dict(reversed(REFERENCE_INPUTS.items())) | {"unused": {"dist": "normal", "mean": 0, "sd": 1}}
    other = replace(reference_deal(), inputs=model(backwards, {}, []).inputs)
    assert plan_of(other).digest == plan.digest
    assert [entry.name for entry in plan_of(other).inputs] == list(reversed([entry.name for entry in plan.inputs]))


def test_strategies_share_draws_and_rows() -> None:
    base = reference_deal()
    single = operations(plan_of(base))
    same = operations(plan_of(base, replace(base, strategy="same")))
    assert same - single == Counter(TALLY=1)
    safer = reference_deal(strategy="safer", ip_leak_strikes={"dist": "bernoulli", "p": 0.03})
    both = plan_of(base, safer)
    assert operations(both) - single == Counter(STEP=1, SELECT=1, SUBTRACT=1, MULTIPLY=1, TALLY=1)
    values = recorded(base, safer, trials=600)
    assert np.array_equal(values["base", "V"], values["safer", "V"])
    struck, still = values["base", "ip_leak_strikes"], values["safer", "ip_leak_strikes"]
    assert np.all(struck >= still) and still.sum() < struck.sum()
    assert np.array_equal(values["base", "T"][struck == still], values["safer", "T"][struck == still])


def test_another_distribution_has_the_same_word() -> None:
    wide = {"dist": "triangular", "min": 0.02, "mode": 0.05, "max": 0.30}
    base, other = reference_deal(), reference_deal(strategy="wide", L=wide)
    plan = plan_of(base, other)
    assert plan.streams.size == 8 and operations(plan)["WORD_TO_X"] == operations(plan_of(base))["WORD_TO_X"] + 1
    values = recorded(base, other, trials=200)
    assert np.array_equal(np.argsort(values["base", "L"]), np.argsort(values["wide", "L"]))
    entries = {(entry.name, entry.strategies): entry for entry in plan.inputs}
    assert ("L", ("base",)) in entries and ("L", ("wide",)) in entries and ("V", ("base", "wide")) in entries
    assert len(plan.inputs) == 9


def test_everything_is_recorded_with_the_same_bits() -> None:
    one = reference_deal()
    everything = plan_of(one, record="everything")
    assert [o.name for o in everything.outputs] == [*REFERENCE_INPUTS, *REFERENCE_FORMULAS]
    last = run(everything, 3, np.array([0, 700, 10**12 + 5, 2**62]))[-1]
    assert np.array_equal(last, run(plan_of(one), 3, np.array([0, 700, 10**12 + 5, 2**62]))[0])


def test_inputs_say_what_they_are() -> None:
    one = reference_deal()
    for entry in plan_of(one).inputs:
        marginal = one.inputs[entry.name].marginal
        expected = marginal.quantile(np.array([0.05, 0.5, 0.95]))
        np.testing.assert_allclose([entry.p5, entry.p50, entry.p95], expected, rtol=1e-9)
        assert entry.mean == marginal.mean and entry.sd == pytest.approx(math.sqrt(marginal.variance))
        assert (entry.family, entry.description) == (marginal.family, marginal.description)
        assert 0.0 <= entry.table_error <= 1e-11
        assert (entry.table_error == 0.0) == (marginal.pieces is not None)
    certain = plan_of(model({"V": 5}, {"T": "V"})).inputs[0]
    assert (certain.mean, certain.sd, certain.p5, certain.p95) == (5.0, 0.0, 5.0, 5.0)


def test_moments_that_do_not_exist_are_nan() -> None:
    entry = plan_of(model({"x": {"dist": "student-t", "dof": 1}}, {"T": "x"})).inputs[0]
    assert math.isnan(entry.mean) and math.isnan(entry.sd)


# ---- the tape ----


def test_dead_formulas_leave_nothing_behind() -> None:
    formulas = {"unused": "exp(x) * y", "T": "x + 1"}
    plan = plan_of(model({"x": {"dist": "normal", "mean": 0, "sd": 1}, "y": "1 to 2"}, formulas))
    assert operations(plan) == Counter(PHILOX=1, WORD_TO_X=1, ADD=1, TALLY=1)
    assert plan.streams.tolist() == [stream_of("x")] and len(plan.table_places) == 1
    assert [entry.name for entry in plan.inputs] == ["x"]


def test_a_choice_that_is_known_leaves_no_draw_behind() -> None:
    inputs = {"x": {"dist": "normal", "mean": 0, "sd": 1}, "y": {"dist": "normal", "mean": 5, "sd": 1}, "k": 0}
    plan = plan_of(model(inputs, {"T": "where(k > 1, x, y)"}))
    assert plan.streams.tolist() == [stream_of("y")]


def test_registers_are_reused() -> None:
    names = [f"x{k}" for k in range(200)]
    uniform = {"dist": "uniform", "min": 0, "max": 1}
    chain = plan_of(model(dict.fromkeys(names, uniform), {"T": " + ".join(names)}))
    assert chain.registers == 3
    nested = plan_of(model(dict.fromkeys(names, uniform), {"T": " + (".join(names[:90]) + ")" * 89}))
    assert nested.registers == 3
    assert plan_of(reference_deal()).registers <= 5
    products = " + ".join(f"{a} * {b}" for a, b in zip(names[::2], names[1::2], strict=True))
    assert plan_of(model(dict.fromkeys(names, uniform), {"T": products})).registers == 4


def test_no_result_takes_the_place_of_an_operand() -> None:
    for row in plan_of(reference_deal()).tape:
        op = Op(row[0])
        read = [row[2], row[3], row[4]][: OPERANDS[op]]
        assert op is Op.TALLY or row[1] not in read, f"{op.name} {row[1:]}"


def test_registers_needed_by_trees() -> None:
    graph = Graph()
    level = [graph.apply(Op.PHILOX, immediate=k) for k in range(32)]
    leaf, depth = level[0], 0
    assert registers_needed(graph, [leaf])[leaf] == 1
    while len(level) > 1:  # a balanced tree needs one register more with every level (Ershov numbers)
        level = [graph.apply(Op.ADD, x, y) for x, y in zip(level[::2], level[1::2], strict=True)]
        depth += 1
        assert registers_needed(graph, level)[level[0]] == depth + 1
    chain = level[0]
    for k in range(32, 64):  # the big tree first, then leaves one by one
        chain = graph.apply(Op.ADD, graph.apply(Op.PHILOX, immediate=k), chain)
    assert registers_needed(graph, [chain])[chain] == depth + 1
    assert allocate(graph, schedule(graph, [chain])).computed == depth + 2  # a result stands beside its operands


def test_equal_constants_are_one() -> None:
    plan = plan_of(model({"x": "1 to 2"}, {"T": "(x + 0.5) * 0.5 - 0.5 / (x + 2)"}))
    assert sorted(plan.constants) == [0.5, 2.0]


def test_the_digest_follows_what_determines_the_result() -> None:
    plan = plan_of(reference_deal())
    assert plan.digest == plan_of(reference_deal()).digest
    assert plan.digest != plan_of(reference_deal(correlated=False)).digest
    changed = model(REFERENCE_INPUTS, REFERENCE_FORMULAS | {"T": REFERENCE_FORMULAS["T"] + " * 1.5"})
    assert plan.digest != plan_of(changed).digest


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(plan_of(reference_deal()).tape)
    monkeypatch.setattr(assemble, "MAX_ROWS", size)
    plan_of(reference_deal())
    monkeypatch.setattr(assemble, "MAX_ROWS", size - 1)
    with pytest.raises(InvalidInput, match=f"{size} operations a trial; allowed: at most {size - 1}"):
        plan_of(reference_deal())
    monkeypatch.undo()
    monkeypatch.setattr(assemble, "MAX_REGISTERS", 4)
    with pytest.raises(InvalidInput, match="values at once"):
        plan_of(reference_deal())


def test_names_that_address_the_same_draws_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "stream_of", lambda name: 5)
    with pytest.raises(InvalidInput, match="address the same draws"):
        plan_of(reference_deal())


def test_a_plan_needs_a_model() -> None:
    with pytest.raises(ValueError, match="at least one"):
        build_plan([])
