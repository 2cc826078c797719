"""Instructions and bytes of the CUDA kernels, counted in what a compiler makes of their text; nothing is measured."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from simengine.kernels.cuda.device import OPTIONS

ARCHITECTURES = ("80", "90")
TRIALS_A_THREAD = {"float64": 2, "float32": 4}
"""A thread computes the trials that share a call of Philox."""
BYTES = {"float64": 8, "float32": 4}
"""Of one outcome."""
MULTIPROCESSORS, CLOCK = 132, 1.98e9
"""Of an H100 SXM or H200, by the data sheet: 34 TFLOP/s of float64 are 132 x 64 lanes x 2 x 1.98 GHz."""
ISSUED_LANES = 128
"""Instructions that a multiprocessor begins in a cycle: four warps of 32 lanes."""
BANDWIDTH = {"H100": 3.35e12, "H200": 4.8e12}
"""Bytes a second between a device and its memory, by the data sheets."""
_INSTRUCTION = re.compile(r"^\s+(?:@!?%?\w+\s+)?([a-z][a-z0-9_]*(?:\.[a-z0-9_:]+)*)\b.*;", re.MULTILINE)
_SASS = re.compile(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_]*)", re.MULTILINE)


@dataclass(frozen=True)
class Counted:
    """One kernel for one architecture.

    kind: ``SASS``, what the device runs, or ``PTX``, from which that is made where there is no disassembler.  Both are
    counted as they stand in the text: branches that are rarely taken, too, and loops once.
    """

    precision: str
    sampler: str
    architecture: str
    registers: int
    spilled: int
    kind: str
    instructions: Counter[str]

    @property
    def for_a_trial(self) -> float:
        """Instructions for one trial."""
        return self.instructions.total() / TRIALS_A_THREAD[self.precision]

    @property
    def bound(self) -> float:
        """Trials a second if every multiprocessor began as many instructions as it can in every cycle."""
        return MULTIPROCESSORS * CLOCK * ISSUED_LANES / self.for_a_trial


def compiler():
    """The path of nvcc, None where there is none."""
    return shutil.which("nvcc")


def counted(text, precision, sampler, architecture):
    """Compile a text and count its instructions.

    Raises
    ------
    RuntimeError
        With what the compiler says, when it refuses the text.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, cubin, ptx = (Path(folder) / name for name in ("kernel.cu", "kernel.cubin", "kernel.ptx"))
        source.write_text(text, encoding="utf-8")
        said = _nvcc("-cubin", f"-arch=sm_{architecture}", "-Xptxas=-v", str(source), "-o", str(cubin))
        sass = _disassembled(cubin)
        if sass is not None:
            kind, instructions = "SASS", Counter(_SASS.findall(sass))
            instructions.pop("NOP", None)
        else:
            _nvcc("-ptx", f"-arch=compute_{architecture}", str(source), "-o", str(ptx))
            kind, instructions = "PTX", Counter(_INSTRUCTION.findall(ptx.read_text(encoding="utf-8")))
    registers = re.search(r"Used (\d+) registers", said)
    spilled = re.search(r"(\d+) bytes spill stores", said)
    assert registers is not None and spilled is not None, said
    return Counted(precision, sampler, architecture, int(registers[1]), int(spilled[1]), kind, instructions)


def _nvcc(*arguments):
    done = subprocess.run([compiler(), *OPTIONS, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"nvcc refuses the text:\n{done.stderr}")
    return done.stdout + done.stderr


def _disassembled(cubin):
    for command in (("cuobjdump", "-sass"), ("nvdisasm", "-c")):
        if shutil.which(command[0]):
            return subprocess.run([*command, str(cubin)], capture_output=True, text=True, check=True).stdout
    return None


def groups(instructions):
    """Instructions by what they need: float64 lanes, float32 lanes, memory, and integers with everything else."""
    found = Counter()
    for name, count in instructions.items():
        parts = name.lower().split(".")
        if parts[0] in ("ld", "st", "ldg", "stg", "ldc", "lds", "sts"):
            found["memory"] += count
        elif parts[0] in ("dfma", "dmul", "dadd", "dsetp") or (parts[-1] == "f64" and parts[0] != "mov"):
            found["float64"] += count
        elif parts[0] in ("ffma", "fmul", "fadd", "fsetp", "fsel") or (parts[-1] == "f32" and parts[0] != "mov"):
            found["float32"] += count
        else:
            found["integers and the rest"] += count
    return found
