"""What tests of the CUDA text share: outcomes by the text on the shim beside those of the CPU's kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from cuda_devices import device as usual_device

from simengine.kernels import cpu
from simengine.kernels.cuda.evaluate import Evaluator
from simengine.kernels.cuda.printer import functions
from simengine.kernels.source import Source
from simengine.plan.plan import Plan


def slow_device() -> Any:
    """The device of the tests; the shim's compiler does not optimise: it is done with a long tape in seconds."""
    return usual_device("-O0")


def on_device(source: Source, first: int, count: int, device: Any = None) -> np.ndarray:
    """Outcomes by the printed text, float64 (outcomes, count); what no trial may touch is checked too."""
    device = device or slow_device()
    evaluator = Evaluator(device, source)
    room = count + 5
    out = device.upload(np.full((len(source.plan.outputs), room), -7.0, evaluator.value_type))
    evaluator.fill(first, count, out, room)
    found = device.download(out)
    assert np.all(found[:, count:] == -7.0)
    return found[:, :count].astype(np.float64)


def assert_same(source: Source, first: int, count: int, device: Any = None) -> None:
    """The text and the CPU's kernel give the same bits."""
    found, expected = on_device(source, first, count, device), cpu.values(source, first, count)
    assert same_bits(found, expected), f"{different(found, expected)} outcomes differ"


def same_bits(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two arrays hold the same numbers to the bit; a NaN is one whatever its bits."""
    return different(found, expected) == 0


def different(found: np.ndarray, expected: np.ndarray) -> int:
    """How many numbers of two arrays differ."""
    bits = np.dtype(f"i{found.itemsize}")
    same = np.ascontiguousarray(found).view(bits) == np.ascontiguousarray(expected).view(bits)
    return int(np.count_nonzero(~(same | (np.isnan(found) & np.isnan(expected)))))


def source_of(plan: Plan, seed: int = 11, trials: int = 3000, replicates: int = 32) -> Source:
    """A source for a run of so many trials."""
    return Source.of(plan, seed, trials, replicates)


def call(name: str, precision: str, *arguments: Sequence[float], text: str | None = None) -> np.ndarray:
    """What a function of the text gives for numbers, lane by lane the same; ``text`` stands for the functions."""
    kind = np.dtype(precision)
    columns = [np.asarray(column, kind) for column in arguments]
    given = "".join(f", const real* {'xyz'[k]}" for k in range(len(columns)))
    loaded = ", ".join(f"every({'xyz'[k]}[place])" for k in range(len(columns)))
    kernel = f"""
extern "C" __global__ void apply(i64 count, real* out{given}) {{
  const i64 place = (i64)blockIdx.x * blockDim.x + threadIdx.x;
  if (place >= count) return;
  const Lanes found = {name}({loaded});
  out[place] = found.a;
  out[count + place] = found.b;
}}
"""
    device = usual_device()
    apply = device.compile((functions(precision) if text is None else text) + kernel, ["apply"])["apply"]
    count = columns[0].size
    out = device.empty((2, count), kind)
    apply(-(-count // 256), 256, [np.int64(count), out, *(device.upload(column) for column in columns)])
    first, second = device.download(out)
    assert same_bits(first, second)  # the lanes are alike
    return first
