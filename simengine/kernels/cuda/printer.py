"""The tape of a plan as straight-line CUDA C: one named value for every row, in the order of the tape.

Only the shape of the tape is in the text.  Numbers, tables, streams, seeds and what randomises replicates are data, see
:mod:`simengine.kernels.cuda.evaluate`, so that a plan with other numbers meets the binary that was compiled before.
What the rows call is in the folder ``text``: the operations of the CPU's kernels in their order, hence the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from simengine.kernels.cuda.notes import Notes
from simengine.plan.ops import DRAWS, OPERANDS, Op
from simengine.plan.plan import Plan

THREADS = 256
"""Threads of a block."""
STRIDES = {"float64": 256, "float32": 128}
"""How far apart the trials of a thread stand in a group of 512: it computes two in float64, four in float32."""

LONG = 1000
"""Rows from which on a tape calls its larger functions, so that the compiler is done in seconds."""

PARAMETERS = (
    ("i64", "first_trial"),
    ("i64", "count"),
    ("real* __restrict__", "out"),
    ("i64", "room"),
    ("const real* __restrict__", "constants"),
    ("const u64* __restrict__", "cuts"),
    ("const u64* __restrict__", "streams"),
    ("const real* __restrict__", "table_rows"),
    ("const int* __restrict__", "table_placing"),
    ("const real* __restrict__", "table_scaling"),
    ("const {word}* __restrict__", "kinks"),
    ("const int* __restrict__", "piece_ends"),
    ("const {word}* __restrict__", "piece_cuts"),
    ("const real* __restrict__", "piece_values"),
    ("const real* __restrict__", "piece_slopes"),
    ("u32", "key0"),
    ("u32", "key1"),
    ("int", "bits"),
    ("int", "draws"),
    ("int", "numbers"),
    ("i64", "last_replicate"),
    ("i64", "first_replicate"),
    ("const u64* __restrict__", "lattice"),
    ("const Point* __restrict__", "points"),
    ("const Start* __restrict__", "starts"),
)
"""Parameters of ``evaluate`` in their order."""

_CALLS = {
    Op.PHILOX: "draw_philox(at, {c})",
    Op.SOBOL: "draw_sobol(at, {c})",
    Op.LHS: "draw_lhs(at, {c})",
    Op.ANTITHETIC: "draw_antithetic(at, {c})",
    Op.WORD_TO_X: "word_to_x({x}, tables, {c})",
    Op.SCORE_TO_X: "score_to_x({x}, tables, {c})",
    Op.UNIT_TO_WORD: "unit_to_word({x})",
    Op.PIECES: "piecewise({x}, tables, {c})",
    Op.STEP: "step({x}, cuts[{c}])",
    Op.ADD: "{x} + {y}",
    Op.SUBTRACT: "{x} - {y}",
    Op.MULTIPLY: "{x} * {y}",
    Op.DIVIDE: "{x} / {y}",
    Op.FMA: "fma({x}, {y}, {z})",
    Op.MINIMUM: "minimum({x}, {y})",
    Op.MAXIMUM: "maximum({x}, {y})",
    Op.NEGATE: "-{x}",
    Op.ABSOLUTE: "absolute({x})",
    Op.LESS: "less({x}, {y})",
    Op.LESS_EQUAL: "less_equal({x}, {y})",
    Op.EQUAL: "equal({x}, {y})",
    Op.NOT_EQUAL: "not_equal({x}, {y})",
    Op.SELECT: "select({x}, {y}, {z})",
    Op.EXP: "exp_of({x})",
    Op.LOG: "log_of({x})",
    Op.SQRT: "sqrt({x})",
    Op.POW: "power({x}, {y})",
}
_WORDS = DRAWS | {Op.UNIT_TO_WORD}
"""Operations that give words."""

_BEGINNING = """\
  const i64 group = (i64)blockIdx.x * (THREADS / STRIDE) + threadIdx.x / STRIDE, first_group = first_trial / 512;
  const int lane = threadIdx.x % STRIDE;
  const i64 place = group * 512 + lane;
  if (place >= count) return;
  Draws at = {streams, lattice, points, starts, first_group + group, last_replicate,
              key0, key1, lane, bits, draws, numbers};
  at.points = points_of(at, points, first_group, first_replicate);
  at.starts = starts_of(at, starts, first_group);
  const Tables tables = {table_rows, table_placing, table_scaling, kinks,
                         piece_ends, piece_cuts, piece_values, piece_slopes};
"""


def evaluate_text(plan: Plan, *, notes: Notes | None = None) -> str:
    """One translation unit with the kernel ``evaluate`` and all that it calls; equal for plans of one shape.

    With ``notes`` (:func:`simengine.kernels.cuda.notes.notes_of`) a row says what it is about.
    """
    long = "#define LONG\n" if len(plan.tape) >= LONG else ""
    return f"{long}{functions(plan.precision)}\n{kernel_text(plan, notes=notes)}"


def sobol_text(precision: str) -> str:
    """One translation unit with the kernels that prepare Sobol points for ``evaluate``; no plan is needed."""
    return f"{functions(precision)}\n{_file('sobol.cu')}"


@cache
def functions(precision: str) -> str:
    """What the rows of a kernel call, and the types of their values."""
    defined = f"#define THREADS {THREADS}\n" + ("#define SINGLE\n" if precision == "float32" else "")
    return defined + "\n".join(_file(name) for name in file_names(precision))


def file_names(precision: str) -> tuple[str, ...]:
    """The files of the folder ``text`` that a kernel of a precision is made of, in their order."""
    ending = "32.cuh" if precision == "float32" else ".cuh"
    return "philox.cuh", *(name + ending for name in ("lanes", "arithmetic", "words", "lookup"))


def kernel_text(plan: Plan, *, notes: Notes | None = None) -> str:
    """The kernel ``evaluate`` alone."""
    word = "u32" if plan.precision == "float32" else "u64"
    parameters = ", ".join(f"{kind.format(word=word)} {name}" for kind, name in PARAMETERS)
    lines = [f"  {code};" + (f"  // {note}" if note else "") for code, note in _rows(plan, notes or Notes())]
    head = f'extern "C" __global__ void __launch_bounds__({THREADS}) evaluate({parameters}) {{'
    return "\n".join([_wrapped(head), _BEGINNING, *lines, "}", ""])


def _rows(plan: Plan, notes: Notes) -> Iterator[tuple[str, str]]:
    """The constants and the rows of the tape as code, with what is noted of each."""
    names = [""] * plan.registers + [f"c{k}" for k in range(plan.constants.size)]
    for k in range(plan.constants.size):
        yield f"const Lanes c{k} = every(constants[{k}])", notes.constants.get(k, "")
    steps = 0
    for row, (op, target, a, b, c) in enumerate(plan.tape.tolist()):
        kind = Op(op)
        read = OPERANDS[kind]
        x, y, z = (names[register] if k < read else "" for k, register in enumerate((a, b, c)))
        note = notes.rows.get(row, "")
        if kind is Op.TALLY:
            yield f"store(out + {c} * room, {x}, place, count)", note
            continue
        if kind is Op.STEP:
            c, steps = steps, steps + 1
        code = _CALLS[kind].format(x=x, y=y, z=z, c=c)
        names[target] = f"v{row}"
        yield f"const {'Words' if kind in _WORDS else 'Lanes'} v{row} = {code}", note


def cuts_of(plan: Plan) -> list[int]:
    """The words that the steps of a tape compare with, in their order."""
    return [int(c) % 2**64 for op, _, _, _, c in plan.tape.tolist() if op == Op.STEP]


def _wrapped(text: str, width: int = 118) -> str:
    """A head of a function in lines of moderate length."""
    lines = [""]
    for part in text.split(", "):
        piece = part if not lines[-1] else f", {part}"
        if len(lines[-1]) + len(piece) > width:
            lines[-1] += ","
            lines.append("    " + part)
        else:
            lines[-1] += piece
    return "\n".join(lines)


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / "text" / name).read_text(encoding="utf-8")
