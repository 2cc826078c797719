"""The shim refuses what CUDA would take and read as something else."""

from __future__ import annotations

import numpy as np
import pytest
from shim_device import ShimDevice, needs_compiler

pytestmark = needs_compiler

TEXT = """
typedef long long i64;
typedef float real;
extern "C" __global__ void fill(i64 count, unsigned key, real* __restrict__ out, const unsigned long long* words) {
  for (i64 k = threadIdx.x; k < count; k += blockDim.x) out[k] = key + words[k];
}
"""


def arguments(**changed):
    given = {
        "count": np.int64(3),
        "key": np.uint32(5),
        "out": np.zeros(3, np.float32),
        "words": np.arange(3, dtype=np.uint64),
    }
    return list((given | changed).values())


@pytest.fixture(scope="module")
def fill():
    return ShimDevice().compile(TEXT, ["fill"])["fill"]


def test_arguments_of_the_declared_types_are_taken(fill):
    out = np.zeros(3, np.float32)
    for words in (np.arange(3, dtype=np.uint64), np.arange(3)):  # memory is the same with and without signs
        fill(1, 32, arguments(out=out, words=words))
        assert out.tolist() == [5.0, 6.0, 7.0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("count", np.int32(3), r"argument 0 of fill is declared as i8, not i4"),
        ("key", np.int32(5), r"argument 1 of fill is declared as u4, not i4"),
        ("key", np.uint64(5), r"argument 1 of fill is declared as u4, not u8"),
        ("out", np.zeros(3), r"argument 2 of fill is declared as f4\*, not f8\*"),
        ("words", np.arange(3, dtype=np.int32), r"argument 3 of fill is declared as i8\*, not i4\*"),
        ("words", np.float64(1.0), r"argument 3 of fill is declared as i8\*, not f8"),
        ("count", 3, "takes buffers and NumPy scalars, not int"),
    ],
)
def test_an_argument_of_another_type_is_refused(fill, name, value, said):
    with pytest.raises(TypeError, match=said):
        fill(1, 32, arguments(**{name: value}))
