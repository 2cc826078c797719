"""What bounds the speed of the CUDA kernels: instructions in the machine code of their text, and bytes of outcomes.

Counted and computed, not measured.  Every instruction is counted once, whether a trial comes by or not.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cuda_instructions

from simengine.bench.deal import plan_of
from simengine.kernels.cuda.device import OPTIONS
from simengine.kernels.cuda.printer import STRIDES, evaluate_text
from simengine.sampling.address import GROUP

TALLY = 40
"""Instructions of the tally for a value and its threshold, see docs/decisions/0016-gpu-in-two-phases.md."""
BYTES = {"float64": 8, "float32": 4}
"""Of one outcome, which is written once and read once."""
ISSUED_LANES = 128
"""Instructions that a multiprocessor begins in a cycle: four warps of 32 lanes, since compute capability 7.0."""


@dataclass(frozen=True)
class Limits:
    """What a device can do at most.

    clock: cycles a second, the highest.  bandwidth: bytes a second between the device and its memory.  Either is None
    where the device does not say.
    """

    multiprocessors: int
    clock: float | None
    bandwidth: float | None

    def issue(self, instructions: float) -> float | None:
        """Trials a second if every multiprocessor began as many instructions as it can in every cycle."""
        return None if self.clock is None else self.multiprocessors * self.clock * ISSUED_LANES / instructions

    def __str__(self) -> str:
        clock = "an unknown clock" if self.clock is None else f"{self.clock / 1e9:.2f} GHz"
        memory = "an unknown bandwidth" if self.bandwidth is None else f"{self.bandwidth / 1e12:.2f} TB/s"
        return f"{self.multiprocessors} multiprocessors at {clock}, {memory}"


DATA_SHEETS = {"H100 SXM": Limits(132, 1.98e9, 3.35e12), "H200": Limits(132, 1.98e9, 4.8e12)}
"""34 TFLOP/s of float64 are 132 x 64 lanes x 2 x 1.98 GHz."""


def limits_of_device(place=0):
    """The limits of a GPU, from its attributes."""
    import cupy

    device = cupy.cuda.Device(place)
    known = dict(device.attributes)
    wires, memory_clock = known.get("GlobalMemoryBusWidth", 0), known.get("MemoryClockRate", 0)
    bandwidth = 2 * memory_clock * 1e3 * wires / 8  # two transfers in a cycle; clocks are told in kHz
    return Limits(known["MultiProcessorCount"], known.get("ClockRate", 0) * 1e3 or None, bandwidth or None)


def architecture_of_device(place=0):
    """The compute capability of a GPU: ``90``."""
    import cupy

    return str(cupy.cuda.Device(place).compute_capability)


@dataclass(frozen=True)
class Counted:
    """The kernel ``evaluate`` of a variant for one architecture; registers and spilled bytes None where not told."""

    precision: str
    architecture: str
    registers: int | None
    spilled: int | None
    instructions: int

    @property
    def for_a_trial(self) -> float:
        """Instructions to evaluate one trial."""
        return self.instructions * STRIDES[self.precision] / GROUP

    def with_tally(self, outcomes: int = 1) -> float:
        """Instructions for one trial and the tally of its outcomes."""
        return self.for_a_trial + TALLY * outcomes


def compiler():
    """What can make machine code here: ``nvcc``, ``NVRTC`` (CuPy's), or None."""
    if cuda_instructions.shutil.which("nvcc") is not None:
        return "nvcc"
    try:
        from cupy.cuda import nvrtc

        nvrtc.getVersion()
    except (ImportError, OSError, RuntimeError):
        return None
    return "NVRTC"


def counted(variant, architecture):
    """Compile the kernel that evaluates the reference deal and count its instructions.

    Raises
    ------
    RuntimeError
        When there is no compiler; the compiler's own error, when it refuses the text.
    """
    text, name = evaluate_text(plan_of(variant)), compiler()
    if name is None:
        raise RuntimeError("there is no compiler of CUDA C")
    registers = spilled = None
    if name == "nvcc":
        with tempfile.TemporaryDirectory() as folder:
            path, said, _ = cuda_instructions.compiled(text, f"sm_{architecture}", Path(folder))
            binary = path.read_bytes()
        registers = max(int(number) for number in re.findall(r"Used (\d+) registers", said))
        spilled = sum(int(number) for number in re.findall(r"(\d+) bytes spill stores", said))
    else:
        binary = _made_by_nvrtc(text, architecture)
    codes = cuda_instructions.program_bytes(binary).values()
    count = sum(cuda_instructions.instructions(code) for code in codes)
    return Counted(variant.precision, architecture, registers, spilled, count)


def _made_by_nvrtc(text, architecture):
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(text, "evaluate.cu", (), ())
    try:
        nvrtc.compileProgram(program, (*OPTIONS, f"--gpu-architecture=sm_{architecture}"))
        return nvrtc.getCUBIN(program)
    finally:
        nvrtc.destroyProgram(program)
