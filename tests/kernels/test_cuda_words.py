"""The words that the CUDA text draws are those of the definitions in simengine.sampling."""

import numpy as np
import pytest
from cuda_cases import slow_device

from simengine.kernels.cuda import evaluate
from simengine.kernels.cuda.printer import functions, sobol_text
from simengine.kernels.source import Source
from simengine.plan.compile import build_plan
from simengine.sampling import address, lhs, sobol

pytestmark = pytest.mark.usefixtures("each_device")


def words_of(sampler, precision, seed, first, count, trials):
    """Words of the three draws of a plan by the text, and the source: (draws, count)."""
    from machine_cases import model_of

    inputs = {name: {"dist": "uniform", "min": 0, "max": 1} for name in ("A", "B", "C")}
    model = model_of(inputs, {"x": "A + B + C"})
    plan = build_plan([model], sampler=sampler, precision=precision, addresses=("A", "B", "C"))
    source = Source.of(plan, seed, trials)
    wide = precision == "float64"
    draw = {"random": "draw_philox"}.get(sampler, f"draw_{sampler}")
    names = "ab" if wide else "abcd"
    stores = "\n".join(
        f"    if (place + {k} * STRIDE < count) out[draw * count + place + {k} * STRIDE] = w.{name};"
        for k, name in enumerate(names)
    )
    kernel = f"""
extern "C" __global__ void words(i64 first_trial, i64 count, Point* out, const u64* streams, const u64* lattice, u32 key0, u32 key1, int bits, int draws, int numbers, i64 last, i64 first_replicate, const Point* points, const Start* starts) {{
  const i64 group = (i64)blockIdx.x * (THREADS / STRIDE) + threadIdx.x / STRIDE;
  const i64 place = group * 512 + threadIdx.x % STRIDE;
  if (place >= count) return;
  Draws at = {{streams, lattice, points, starts, first_trial / 512 + group, last, key0, key1, (int)(threadIdx.x % STRIDE), bits, draws, numbers}};
  at.points = points_of(at, points, first_trial / 512, first_replicate);
  at.starts = starts_of(at, starts, first_trial / 512);
  for (int draw = 0; draw < 3; ++draw) {{
    const Words w = {draw}(at, draw);
{stores}
  }}
}}
"""  # noqa: E501
    device = slow_device()
    evaluator = evaluate.Evaluator(device, source)
    prepared = evaluator._points.prepare(first, count) if evaluator._points else evaluator._no_points
    given = {**evaluator._held, **evaluator._numbers, **prepared}
    out = device.empty((3, count), np.uint64 if wide else np.uint32)
    arguments = [np.int64(first), np.int64(count), out, given["streams"], given["lattice"], given["key0"]]
    arguments += [given[name] for name in ("key1", "bits", "draws", "numbers", "last_replicate", "first_replicate")]
    run = device.compile(functions(precision) + kernel, ["words"])["words"]
    run(-(-count // (512 if wide else 1024)), 256, [*arguments, given["points"], given["starts"]])
    return device.download(out), source


@pytest.mark.parametrize("seed", [0, 2**64 - 1, 0x0123456789ABCDEF])
@pytest.mark.parametrize("first", [0, 2**31 * 1024, 2**53])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_independent_words(seed, first, precision):
    found, source = words_of("random", precision, seed, first, 2000, 3000)
    trials = np.arange(first, first + 2000)
    define = address.words if precision == "float64" else address.short_words
    for k, stream in enumerate(source.plan.streams.tolist()):
        assert np.array_equal(found[k], define(seed, stream, trials))


@pytest.mark.parametrize("trials", [40, 1000, 3000, 12_000, 100_000])
@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_words_of_replicates(sampler, trials, precision):
    count = min(trials, 2000)
    found, source = words_of(sampler, precision, 77, 0, count, trials)
    bits, number = source.design.bits, np.arange(count)
    for k, stream in enumerate(source.plan.streams.tolist()):
        for replicate in np.unique(number >> bits):
            own = number[number >> bits == replicate]
            if sampler == "sobol":
                expected = sobol.points(source.lattice[replicate, k], own & (1 << bits) - 1)
            elif sampler == "lhs":
                expected = lhs.lhs_words(77, stream, own, source.lattice[replicate, k], bits)
            else:
                expected = address.antithetic_words(77, stream, own, bits)
            if precision == "float32":
                expected = (expected >> np.uint64(32)).astype(np.uint32)
            assert np.array_equal(found[k][own], expected)


def test_the_text_of_sobol_points_needs_no_plan():
    for precision in ("float64", "float32"):
        assert "prepare_points" in slow_device().compile(sobol_text(precision), ["prepare_points", "prepare_starts"])
