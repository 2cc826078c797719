"""Texts of the kernels that do not depend on a plan: files of CUDA C beside this one, and constants of the package."""

from __future__ import annotations

from importlib import resources

from simengine.aggregate.exact import LIMBS
from simengine.aggregate.grid import BINS, SIDE, SUB_BITS
from simengine.aggregate.replicates import COARSE
from simengine.aggregate.windows import PARTS
from simengine.kernels.tally import LANES, MOMENTS, TAIL_MOMENTS, TILE

TALLY_THREADS = 512
"""Threads of a block of the tally: two groups of lanes share one histogram, see docs/decisions/0016."""
TALLY_BLOCKS = 2
"""Such blocks that one multiprocessor holds."""

_VALUES = {"float64": "double", "float32": "float"}
_CONSTANTS = {
    "LANES": LANES,
    "TILE": TILE,
    "MOMENTS": MOMENTS,
    "TAIL_MOMENTS": TAIL_MOMENTS,
    "BINS": BINS,
    "SIDE": SIDE,
    "SUB_BITS": SUB_BITS,
    "COARSE": COARSE,
    "LIMBS": LIMBS,
    "PARTS": PARTS,
    "TALLY_THREADS": TALLY_THREADS,
    "TALLY_BLOCKS": TALLY_BLOCKS,
}

KERNELS = {
    "tally.cu": ("tally",),
    "rows.cu": ("add_pairs",),
    "select.cu": ("count_wanted", "take_wanted", "refine"),
    "tails.cu": ("sum_tails", "sum_between"),
}
"""The kernels of each file."""


def text_of(file: str, precision: str) -> str:
    """One translation unit for outcomes of a precision: constants, what all kernels share, and those of a file.

    It includes nothing, so that NVRTC needs no folder of headers.
    """
    constants = "enum {\n" + "".join(f"  {name} = {value},\n" for name, value in _CONSTANTS.items()) + "};\n"
    folder = resources.files(__package__) / "text"
    shared, kernels = ((folder / name).read_text(encoding="utf-8") for name in ("counting.cuh", file))
    return f"typedef {_VALUES[precision]} Value;\n{constants}\n{shared}\n{kernels}"


def tally_bytes(threads: int) -> int:
    """Dynamic shared memory of a block of the tally: the histogram, and half the lanes of each group."""
    return 4 * BINS + threads // LANES * MOMENTS * (LANES // 2) * 8
