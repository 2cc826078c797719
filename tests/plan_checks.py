"""Plans of models built by hand, each checked as a well-formed tape; tables are built once for all tests."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from reference_machine import Array, run

from simengine.deal.model import Model
from simengine.distributions.marginal import Marginal
from simengine.plan import draws
from simengine.plan.compile import build_plan
from simengine.plan.ops import DRAWS, IMMEDIATE_C, OPERANDS, Op
from simengine.plan.plan import Plan
from simengine.plan.tables import QuantileTable, build_table

TABLES: dict[str, QuantileTable] = {}


def table(marginal: Marginal, axis: draws.Axis) -> QuantileTable:
    """Tables are built once for all tests, and no cache folder is touched."""
    key = f"{draws.identity(marginal)} {axis}"
    if key not in TABLES:
        TABLES[key] = build_table(marginal, axis)
    return TABLES[key]


def plan_of(*models: Model, record: Any = "outputs") -> Plan:
    plan = build_plan(models, record=record, build=table)
    check_tape(plan)
    return plan


def operations(plan: Plan) -> Counter[str]:
    return Counter(Op(op).name for op in plan.tape[:, 0])


WORD_RESULTS = {*DRAWS, Op.UNIT_TO_WORD}
WORD_OPERANDS = {Op.WORD_TO_X, Op.PIECES, Op.STEP}


def check_tape(plan: Plan) -> None:
    """Every register that is read was written before, holds what the operation expects, and constants stay."""
    holds: dict[int, str] = {plan.registers + k: "number" for k in range(plan.constants.size)}
    tallied = []
    written = set()
    for op, dst, *operands in plan.tape.tolist():
        kind = Op(op)
        for operand in operands[: OPERANDS[kind]]:
            expected = "word" if kind in WORD_OPERANDS else "number"
            assert holds.get(operand) == expected, (kind, operand)
        if kind is Op.TALLY:
            tallied.append(operands[2])
            continue
        assert 0 <= dst < plan.registers
        written.add(dst)
        holds[dst] = "word" if kind in WORD_RESULTS else "number"
        sizes = {
            **dict.fromkeys(DRAWS, plan.streams.size),
            Op.WORD_TO_X: len(plan.table_places),
            Op.SCORE_TO_X: len(plan.table_places),
            Op.PIECES: len(plan.piece_ends),
        }
        assert kind not in IMMEDIATE_C or operands[2] < sizes.get(kind, math.inf)
    assert written == set(range(plan.registers))
    assert tallied == list(range(len(plan.outputs)))
    arrays = {
        "tape": np.int64,
        "constants": np.float64,
        "streams": np.uint64,
        "table_rows": np.float64,
        "table_places": np.int64,
        "table_steps": np.float64,
        "kinks": np.int64,
        "piece_ends": np.int64,
        "piece_cuts": np.uint64,
        "piece_values": np.float64,
        "piece_slopes": np.float64,
    }
    for name, kind_of in arrays.items():
        array = getattr(plan, name)
        assert array.dtype == kind_of and array.flags.c_contiguous, name
    assert plan.tape.shape[1] == 5 and plan.table_rows.shape[1] == 6 and plan.table_places.shape[1] == 5
    assert plan.piece_ends.shape[1] == 2


def recorded(*models: Model, trials: int = 300, seed: int = 7) -> dict[tuple[str, str], Array]:
    """The values of every input and formula, by strategy and name."""
    plan = plan_of(*models, record="everything")
    return dict(zip([(o.strategy, o.name) for o in plan.outputs], run(plan, seed, trials), strict=True))
