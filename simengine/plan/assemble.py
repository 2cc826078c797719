"""A scheduled graph to the arrays of a plan; only what the tape refers to is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.marginal import Marginal, Pieces
from simengine.errors import InvalidInput, Problem
from simengine.plan.draws import Resources
from simengine.plan.graph import Graph
from simengine.plan.narrow import WIDTH, NarrowTable, widened, word32_of
from simengine.plan.ops import DRAWS, Op
from simengine.plan.plan import Plan, PlanInput, PlanOutput
from simengine.plan.schedule import Registers, Step, allocate, schedule
from simengine.plan.tables import ORDER, QuantileTable, word_of
from simengine.sampling.address import stream_of

MAX_ROWS = 100_000
"""Rows of a tape."""

MAX_REGISTERS = 4096
"""Registers of a tape with its constants: 32 MiB for each thread."""

_SMALLER = "use fewer strategies at once or a smaller model"


def assemble(
    graph: Graph,
    resources: Resources,
    outcomes: Sequence[int],
    outputs: tuple[PlanOutput, ...],
    inputs: tuple[PlanInput, ...],
) -> Plan:
    """The plan that computes ``outcomes`` (nodes, one for each of ``outputs``).

    Raises
    ------
    InvalidInput
        If it has more than :data:`MAX_ROWS` rows or :data:`MAX_REGISTERS` registers, or if the names of two
        inputs address the same draws.
    """
    steps = schedule(graph, outcomes)
    if len(steps) > MAX_ROWS:
        raise _too_large(f"the plan needs {len(steps):,} operations a trial", f"at most {MAX_ROWS:,}")
    registers = allocate(graph, steps)
    size = registers.computed + len(registers.constants)
    if size > MAX_REGISTERS:
        raise _too_large(f"the plan holds {size:,} values at once", f"at most {MAX_REGISTERS:,}")
    kept = _Kept(resources)
    tape = np.array([kept.row(graph, registers, step) for step in steps], np.int64).reshape(-1, 5)
    tables = [resources.tables[number] for number in kept.tables]
    pieces = [_pieces_of(resources.pieces[number]) for number in kept.pieces]
    plan = Plan(
        tape=tape,
        registers=registers.computed,
        constants=np.array(registers.constants, np.float64),
        streams=kept.stream_array(),
        table_rows=np.concatenate([np.empty((0, ORDER)), *(table.rows for table in tables)]),
        table_places=_table_places(tables),
        table_steps=np.array([table.steps_per_unit for table in tables], np.float64),
        kinks=np.concatenate([np.empty(0, np.int64), *(table.kinks for table in tables)]),
        piece_ends=_ranges([len(piece.starts) for piece in pieces]),
        piece_cuts=np.array([word_of(float(start)) for piece in pieces for start in piece.starts], np.uint64),
        piece_values=np.concatenate([np.empty(0), *(piece.values for piece in pieces)]),
        piece_slopes=np.concatenate([np.empty(0), *(piece.slopes * 2.0**-64 for piece in pieces)]),
        outputs=tuple(
            replace(output, certain=graph.value(node) is not None, kind=kind)
            for output, node, kind in zip(outputs, outcomes, _kinds(graph, outcomes), strict=True)
        ),
        inputs=tuple(replace(entry, table=kept.tables.get(entry.table, -1)) for entry in inputs),
        sampler=resources.sampler,
        dimensions=kept.dimension_array(),
        parameters=registers.parameters,
    )
    if resources.precision == "float64":
        return plan
    return _in_float32(plan, [resources.narrowed(number) for number in kept.tables])


def _in_float32(plan: Plan, tables: Sequence[NarrowTable]) -> Plan:
    """The same tape over 32-bit words and float32 numbers; ``tables`` are its tables in their order."""
    with np.errstate(over="ignore"):
        constants = plan.constants.astype(np.float32)
        # a piece is entered at the first word whose cell has its middle there, so its value is taken at that middle
        cuts = np.array([word32_of(int(cut)) for cut in plan.piece_cuts], np.uint32)
        beyond = (widened(cuts) - plan.piece_cuts).view(np.int64).astype(np.float64)
        values = (plan.piece_values + beyond * plan.piece_slopes).astype(np.float32)
        slopes = (plan.piece_slopes * 2.0**32).astype(np.float32)
    lost = [number for number in plan.constants[np.isinf(constants)] if np.isfinite(number)]
    if lost or not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        reason = f"the number {lost[0]:.6g}" if lost else "a distribution given by its data"
        raise InvalidInput(Problem(f"{reason} leaves the range of float32", hint='use precision = "float64"'))
    tape = plan.tape.copy()
    for row in tape:
        if row[0] == Op.STEP:
            row[4] = word32_of(int(row[4]) % 2**64)
    return replace(
        plan,
        tape=tape,
        constants=constants,
        table_rows=np.concatenate([np.empty((0, WIDTH), np.float32), *(table.rows for table in tables)]),
        table_places=_table_places(tables),
        table_steps=np.array([table.steps_per_unit for table in tables], np.float32),
        kinks=np.concatenate([np.empty(0, np.int64), *(table.kinks for table in tables)]),
        piece_cuts=cuts,
        piece_values=values,
        piece_slopes=slopes,
        precision="float32",
        reference=plan,
    )


def _kinds(graph: Graph, outcomes: Sequence[int]) -> list[int]:
    """A number for each outcome, equal for those whose uncertain terms are the same."""
    numbers: dict[tuple[tuple[int, int], ...], int] = {}
    return [numbers.setdefault(graph.uncertain_terms(node), len(numbers)) for node in outcomes]


def _ranges(sizes: Sequence[int]) -> NDArray[np.int64]:
    """First and last row of parts that stand one behind the other, shape ``(parts, 2)``."""
    ends = np.cumsum([0, *sizes]).astype(np.int64)
    return np.stack([ends[:-1], ends[1:]], axis=1)


def _table_places(tables: Sequence[QuantileTable] | Sequence[NarrowTable]) -> NDArray[np.int64]:
    """Where each table lies, see :class:`~simengine.plan.plan.Plan`."""
    rows, kinks = _ranges([len(table.rows) for table in tables]), _ranges([len(table.kinks) for table in tables])
    facts = np.array([(table.half, table.sub_bits) for table in tables], np.int64).reshape(-1, 2)
    return np.concatenate([rows[:, :1], facts, kinks], axis=1)


def _pieces_of(marginal: Marginal) -> Pieces:
    assert marginal.pieces is not None  # only such marginals are looked up as pieces
    return marginal.pieces


def _too_large(reason: str, allowed: str) -> InvalidInput:
    return InvalidInput(Problem(reason, allowed=allowed, hint=_SMALLER))


class _Kept:
    """Numbers of the resources that the tape uses, in order of first use."""

    def __init__(self, resources: Resources):
        self.addresses = list(resources.streams)
        self.resources = resources
        self.streams: dict[int, int] = {}
        self.tables: dict[int, int] = {}
        self.pieces: dict[int, int] = {}

    def row(self, graph: Graph, registers: Registers, step: Step) -> tuple[int, int, int, int, int]:
        """The row (op, dst, a, b, c) of a step."""
        if step.outcome is not None:
            return int(Op.TALLY), 0, registers.of[step.node], 0, step.outcome
        node = graph.nodes[step.node]
        assert node.op is not None  # constants are not computed
        a, b, c = (*(registers.of[operand] for operand in node.operands), 0, 0, 0)[:3]
        if node.op in DRAWS:
            c = self.streams.setdefault(node.immediate, len(self.streams))
        elif node.op in (Op.WORD_TO_X, Op.SCORE_TO_X):
            c = self.tables.setdefault(node.immediate, len(self.tables))
        elif node.op is Op.PIECES:
            c = self.pieces.setdefault(node.immediate, len(self.pieces))
        elif node.op is Op.STEP:
            c = node.immediate
        return int(node.op), registers.of[step.node], a, b, c

    def stream_array(self) -> NDArray[np.uint64]:
        """The streams of the addresses in use, which must differ for the inputs to be independent."""
        addresses = [self.addresses[number] for number in self.streams]
        first: dict[int, str] = {}
        for address in addresses:
            other = first.setdefault(stream_of(address), address)
            if other != address:
                reason = f"{other} and {address} happen to address the same draws"
                raise InvalidInput(Problem(reason, hint="give one of them another name"))
        return np.array(list(first), np.uint64)

    def dimension_array(self) -> NDArray[np.int64]:
        """The dimension of each stream in use where the sampler has dimensions."""
        if self.resources.sampler != "sobol":
            return np.empty(0, np.int64)
        dimensions = [self.resources.dimension(self.addresses[number]) for number in self.streams]
        return np.array([-1 if dimension is None else dimension for dimension in dimensions], np.int64)
