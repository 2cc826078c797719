"""Count the instructions of the CUDA program of a scenario: counted in the compiled text, not measured.

Compiles the printed text with nvcc and reads the binary; needs no GPU.  Every instruction is counted once, whether or
not a trial comes by (a search among kinks is one), so what runs is less.  With nvdisasm on PATH the kinds of
instructions are listed too.

    python benchmarks/cuda_instructions.py [SCENARIO ...] [--strategy NAME] [--architecture sm_90]
"""

from __future__ import annotations

import argparse
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import product
from pathlib import Path

from simengine.deal.expand import expand
from simengine.kernels.cuda.device import OPTIONS
from simengine.kernels.cuda.printer import STRIDES, evaluate_text
from simengine.plan.compile import build_plan
from simengine.plan.plan import Plan
from simengine.sampling.address import GROUP
from simengine.scenario import load

SCENARIOS = Path(__file__).parents[1] / "scenarios"
INSTRUCTION = 16
"""Bytes of an instruction since Volta."""
NOTHING = 0x918
"""The last twelve bits of an instruction that does nothing: the end of a function is filled with it."""


def program_bytes(binary: bytes) -> dict[str, bytes]:
    """The code of every function of an ELF file of 64 bits, by name."""
    (start,) = struct.unpack_from("<Q", binary, 40)
    size, count, names = struct.unpack_from("<HHH", binary, 58)
    headers = [struct.unpack_from("<IIQQQQ", binary, start + k * size) for k in range(count)]
    text = headers[names][4]
    found = {}
    for name, _, _, _, offset, length in headers:
        begin = text + name
        title = binary[begin : binary.index(b"\0", begin)].decode()
        if title.startswith(".text."):
            found[title[6:]] = binary[offset : offset + length]
    return found


def instructions(code: bytes) -> int:
    """Instructions of a function, less those that do nothing."""
    words = struct.unpack(f"<{len(code) // 8}Q", code)[::2]
    return sum(1 for word in words if word & 0xFFF != NOTHING)


def compiled(text: str, architecture: str, folder: Path) -> tuple[Path, str, float]:
    """The binary of a text, what the assembler says of registers and spills, and the seconds that it took."""
    source, binary = folder / "evaluate.cu", folder / "evaluate.cubin"
    source.write_text(text)
    began = time.perf_counter()
    command = ["nvcc", *OPTIONS, f"-arch={architecture}", "-cubin", "-Xptxas", "-v", "-o", binary, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"nvcc refuses the text:\n{done.stderr}")
    return binary, done.stderr, time.perf_counter() - began


def kinds(binary: Path) -> Counter[str]:
    """How often each kind of instruction stands in the kernel."""
    listing = subprocess.run(["nvdisasm", "-c", binary], capture_output=True, text=True, check=True).stdout
    pattern = re.compile(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P[0-9T]+\s+)?([A-Z][A-Z0-9_]*)", re.M)
    return Counter(name for name in pattern.findall(listing) if name != "NOP")


def counted(plan: Plan, architecture: str) -> tuple[str, str]:
    """A line of figures of a plan, and the kinds of instructions where they can be told."""
    with tempfile.TemporaryDirectory() as folder:
        binary, said, seconds = compiled(evaluate_text(plan), architecture, Path(folder))
        count = sum(instructions(code) for code in program_bytes(binary.read_bytes()).values())
        each = count * STRIDES[plan.precision] / GROUP
        registers = max(int(number) for number in re.findall(r"Used (\d+) registers", said))
        spilled = sum(int(number) for number in re.findall(r"(\d+) bytes spill stores", said))
        figures = f"{len(plan.tape):6}{each:10.0f}{registers:10}{spilled:9}{seconds:6.1f}"
        most = kinds(binary).most_common(12) if shutil.which("nvdisasm") else []
        return figures, ", ".join(f"{name} {number}" for name, number in most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenarios", nargs="*", type=Path, default=[SCENARIOS / "smart_customer_service.toml"])
    parser.add_argument("--strategy", help="count this strategy alone")
    parser.add_argument("--architecture", default="sm_90")
    options = parser.parse_args()
    if shutil.which("nvcc") is None:
        sys.exit("nvcc is not on PATH")
    print(f"counted in code for {options.architecture}, not measured on a device\n")
    print(
        f"{'scenario':34}{'precision':10}{'draws':8}{'rows':>6}{'per trial':>10}{'registers':>10}{'spilled':>9}{'s':>6}"
    )
    for path in options.scenarios:
        models = [model for model in expand(load(path)) if options.strategy in (None, model.strategy)]
        for precision, sampler in product(("float64", "float32"), ("random", "sobol")):
            figures, most = counted(build_plan(models, sampler=sampler, precision=precision), options.architecture)
            print(f"{path.stem[:33]:34}{precision:10}{sampler:8}{figures}")
            if most:
                print(f"    of a thread: {most}")


if __name__ == "__main__":
    main()
