"""NVIDIA's compiler takes the texts of all kernels that do not depend on a plan, and finds room for them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from simengine.kernels.cuda.device import OPTIONS
from simengine.kernels.cuda.texts import KERNELS, TALLY_BLOCKS, TALLY_THREADS, tally_bytes, text_of

_REGISTERS, _RESERVED = 1 << 16, 1 << 10
"""Registers of a multiprocessor; shared memory that each block takes besides what it asks for."""
_SHARED = {"sm_80": 164 << 10, "sm_90": 228 << 10}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("file", sorted(KERNELS))
def test_a_text_is_complete(file, precision):
    text = text_of(file, precision)
    assert "#include" not in text
    assert all(re.search(rf'extern "C" __global__ void [^{{;]*\b{name}\(', text) for name in KERNELS[file])
    assert len(re.findall('extern "C" __global__', text)) == len(KERNELS[file])


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs nvcc to compile for a GPU")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("file", sorted(KERNELS))
def test_nvcc_compiles_it_without_spills(file, architecture, tmp_path):
    source, built = tmp_path / "kernel.cu", tmp_path / "kernel.cubin"
    source.write_text(text_of(file, "float64" if architecture == "sm_90" else "float32"))
    command = ["nvcc", *OPTIONS, "-Werror", "all-warnings", "-cubin", f"-arch={architecture}", "-Xptxas", "-v"]
    done = subprocess.run([*command, "-o", str(built), str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    spills = re.findall(r"(\d+) bytes spill", done.stderr)
    assert spills
    assert all(size == "0" for size in spills)
    if file == "tally.cu":
        (registers,) = map(int, re.findall(r"Used (\d+) registers", done.stderr))
        assert registers * TALLY_THREADS * TALLY_BLOCKS <= _REGISTERS


def test_blocks_of_the_tally_fit_a_multiprocessor():
    each = tally_bytes(TALLY_THREADS) + _RESERVED
    assert all(each * TALLY_BLOCKS <= held for held in _SHARED.values())
