"""exp, log and pow of the CUDA text: the bits of the CPU's, and so within the same bounds of the exact values."""

import ast
import inspect
import re
import struct
from pathlib import Path

import mpmath
import numpy as np
import pytest
from cuda_cases import call, same_bits

from simengine.kernels import arithmetic, arithmetic32
from simengine.kernels.cuda.printer import functions
from simengine.kernels.jit import kernel
from simengine.kernels.simd import LANES, load_f32, store

pytestmark = pytest.mark.usefixtures("each_device")

EDGES = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, np.inf, -np.inf, np.nan, 1e-30, -1e-30),
    *(1e30, -1e30, 88.7, 89.5, -103.9, -104.5, 709.7, 746.5, -745.1, -746.5, 5e-324, 1e-310, 2.2e-308, 1.7e308),
    *(1e-45, 1.1e-38, 3.4e38, 0.70710678, 0.70710679, 1.4142135, 2.0**53 + 2, 9007199254740991.0, 16777217.0),
]


@kernel
def exp_all(x, out):
    for j in range(x.size):
        out[j] = arithmetic.exp_of_sum(x[j], 0.0)


@kernel
def log_all(x, out):
    for j in range(x.size):
        out[j] = arithmetic.log_of(x[j])


@kernel
def power_all(x, y, out):
    for j in range(x.size):
        out[j] = arithmetic.power(x[j], y[j])


@kernel
def exp_all32(x, out):
    for j in range(0, x.size, LANES):
        store(out, j, arithmetic32.exp_of(load_f32(x, j)))


@kernel
def log_all32(x, out):
    for j in range(0, x.size, LANES):
        store(out, j, arithmetic32.log_of(load_f32(x, j)))


@kernel
def power_all32(x, y, out):
    for j in range(0, x.size, LANES):
        store(out, j, arithmetic32.power(load_f32(x, j), load_f32(y, j)))


ON_CPU = {
    "float64": {"exp_of": exp_all, "log_of": log_all, "power": power_all},
    "float32": {"exp_of": exp_all32, "log_of": log_all32, "power": power_all32},
}


def on_cpu(name, precision, *arguments):
    count = -(-arguments[0].size // LANES) * LANES
    padded = [np.concatenate([a, np.zeros(count - a.size, a.dtype)]) for a in arguments]
    out = np.empty(count, precision)
    ON_CPU[precision][name](*padded, out)
    return out[: arguments[0].size]


def numbers(precision, span):
    """10**5 numbers of all sizes and signs, edges first; 10**5 more near 1 and 0."""
    draw = np.random.default_rng(5)
    with np.errstate(over="ignore", under="ignore"):
        wide = (draw.choice([-1.0, 1.0], 100_000) * 10.0 ** draw.uniform(-span, span, 100_000)).astype(precision)
        return np.concatenate([np.array(EDGES, precision), wide, draw.uniform(-4, 4, 100_000).astype(precision)])


@pytest.mark.parametrize(("precision", "span"), [("float64", 320), ("float32", 44)])
@pytest.mark.parametrize("name", ["exp_of", "log_of"])
def test_the_text_has_the_bits_of_the_cpu(name, precision, span):
    x = numbers(precision, span)
    if name == "exp_of":
        x = np.concatenate([x, np.random.default_rng(6).uniform(-750, 750, 100_000).astype(precision)])
    assert same_bits(call(name, precision, x), on_cpu(name, precision, x))


@pytest.mark.parametrize(("precision", "span"), [("float64", 320), ("float32", 44)])
def test_powers_have_the_bits_of_the_cpu(precision, span):
    with np.errstate(over="ignore", under="ignore"):
        x, y = (grid.ravel().astype(precision) for grid in np.meshgrid(EDGES, EDGES))
    more, draw = numbers(precision, span), np.random.default_rng(7)
    x, y = np.concatenate([x, more, more]), np.concatenate([y, draw.permutation(more), draw.uniform(-9, 9, more.size)])
    y = y.astype(precision)
    assert same_bits(call("power", precision, x, y), on_cpu("power", precision, x, y))


def exact_ulps(found, exact, precision):
    """The largest distance in units in the last place of the exact value."""
    worst = mpmath.mpf(0)
    for one, true in zip(found, exact, strict=True):
        spacing = float(np.spacing(np.abs(np.dtype(precision).type(float(true)))))
        worst = max(worst, abs(mpmath.mpf(float(one)) - true) / mpmath.mpf(spacing))
    return float(worst)


@pytest.mark.parametrize(
    ("precision", "name", "bound"),
    [
        *[("float64", "exp_of", 0.8), ("float64", "log_of", 0.9), ("float64", "power", 0.9)],
        *[("float32", "exp_of", 1.0), ("float32", "log_of", 1.0), ("float32", "power", 0.51)],
    ],
)
def test_the_bound_in_units_in_the_last_place(precision, name, bound):
    draw = np.random.default_rng(8)
    reach = 700 if precision == "float64" else 85
    x = draw.uniform(-reach, reach, 800) if name == "exp_of" else 10.0 ** draw.uniform(-18, 18, 800)
    arguments = [x.astype(precision)]
    if name == "power":
        arguments.append(draw.uniform(-2, 2, 800).astype(precision))
    with mpmath.workdps(60):
        function = {"exp_of": mpmath.exp, "log_of": mpmath.log, "power": mpmath.power}[name]
        exact = [function(*(mpmath.mpf(float(a)) for a in row)) for row in zip(*arguments, strict=True)]
        assert exact_ulps(call(name, precision, *arguments), exact, precision) < bound


# ---- the two texts hold the same numbers ----


def numbers_of_python(module, name):
    """The numbers of a function, in their order, constants of the module among them."""
    source = inspect.getsource(getattr(module, name).py_func)
    found = []
    for node in _in_order(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _both_constant(node):
            found.append(node.left.value / node.right.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(node.value)
    return found


def _both_constant(node):
    return isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)


def _in_order(node):
    yield node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _both_constant(node):
        return
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def numbers_of_text(file, name):
    """The numbers of the function of the text, in their order."""
    text = re.sub(r"//.*", "", (Path(arithmetic.__file__).parent / "cuda" / "text" / file).read_text())
    start = re.search(rf"^INLINE \w+ {name}\((?:double|float) .*?^}}", text, re.M | re.S)
    found = re.findall(r"(?<![\w.])(\d+ / )?(\d+\.\d*(?:e[+-]?\d+)?)f?\b", start.group(0))
    return [float(left.strip(" /")) / float(right) if left else float(right) for left, right in found]


SAME = [(arithmetic, "arithmetic.cuh", name) for name in ("exp_of_sum", "log_of", "log_in_two", "log_split")]
SAME += [(arithmetic32, "arithmetic32.cuh", name) for name in ("exp_of", "log_of", "wide_power")]


@pytest.mark.parametrize(("module", "file", "name"), SAME, ids=[f"{file}-{name}" for _, file, name in SAME])
def test_both_texts_hold_the_same_numbers(module, file, name):
    text, python = numbers_of_text(file, name), numbers_of_python(module, name)
    assert text
    bits = {struct.pack("d", number) for number in python}
    assert {struct.pack("d", number) for number in text} == bits


@pytest.mark.parametrize(
    ("file", "define", "module", "names"),
    [
        ("arithmetic.cuh", "MAGIC", arithmetic, "MAGIC"),
        ("arithmetic.cuh", "LN2_HIGH", arithmetic, "LN2_HIGH"),
        ("arithmetic.cuh", "LN2_LOW", arithmetic, "LN2_LOW"),
        ("arithmetic.cuh", "TWO_THIRDS_LOW", arithmetic, "TWO_THIRDS_LOW"),
        *[("arithmetic32.cuh", name, arithmetic32, f"_{name}") for name in ("MAGIC", "LOG2_E", "LN2_HIGH", "LN2_LOW")],
        *[("arithmetic32.cuh", name, arithmetic32, f"_{name}") for name in ("TINY", "LIFT", "WIDE_MAGIC", "WIDE_LN2")],
    ],
)
def test_both_texts_define_the_same_constants(file, define, module, names):
    text = (Path(arithmetic.__file__).parent / "cuda" / "text" / file).read_text()
    value = float(re.search(rf"^#define {define} ([\d.e+-]+)f?", text, re.M).group(1))
    held = getattr(module, names)
    assert type(held)(value) == held


# ---- faults ----


@pytest.mark.usefixtures("on_shim")
@pytest.mark.parametrize(
    ("precision", "name", "old", "new"),
    [
        ("float64", "exp_of", "1.388888888888889e-03", "1.388888888888999e-03"),
        ("float64", "exp_of", "p = fma(p, r, 0.5)", "p = p * r + 0.5"),
        ("float64", "log_of", "2.222219843214978396e-01", "2.222219843224978396e-01"),
        ("float64", "power", "fma(s, z, -cube)", "(s * z - cube)"),
        ("float32", "exp_of", "4.1666667e-02f", "4.1666767e-02f"),
        ("float32", "log_of", "fma(s, square + p, k_float * LN2_LOW)", "(s * (square + p) + k_float * LN2_LOW)"),
        ("float32", "power", "2 / 5.0", "2 / 5.0001"),
    ],
)
def test_a_planted_fault_is_seen(precision, name, old, new):
    text = functions(precision)
    assert text.count(old) == 1
    draw = np.random.default_rng(9)
    arguments = [draw.uniform(0.1, 9, 20_000).astype(precision)]
    if name == "power":
        arguments.append(draw.uniform(-9, 9, 20_000).astype(precision))
    expected = on_cpu(name, precision, *arguments)
    assert same_bits(call(name, precision, *arguments), expected)
    assert not same_bits(call(name, precision, *arguments, text=text.replace(old, new)), expected)
