"""The tape machine: one compiled function that runs any plan, block after block.

Registers are blocks of :data:`BLOCK` trials that stay in the first two caches; every row of the tape is one simple
loop over a block.  Nothing here depends on the block size, so neither do the bits of a result.
"""

from __future__ import annotations

import numpy as np

from simengine.kernels.arithmetic import exp_of_sum, fma, log_of, power
from simengine.kernels.jit import kernel
from simengine.kernels.lookup import piecewise, score_to_x, word_to_x
from simengine.kernels.words import draw_antithetic, draw_lhs, draw_philox, draw_sobol, step, unit_to_word
from simengine.plan.ops import Op

BLOCK = 1024
"""Trials in a register; a multiple of 512, the group of trials that share Philox calls."""

PHILOX, WORD_TO_X, SCORE_TO_X = int(Op.PHILOX), int(Op.WORD_TO_X), int(Op.SCORE_TO_X)
SOBOL, LHS, ANTITHETIC = int(Op.SOBOL), int(Op.LHS), int(Op.ANTITHETIC)
UNIT_TO_WORD, PIECES, STEP = int(Op.UNIT_TO_WORD), int(Op.PIECES), int(Op.STEP)
ADD, SUBTRACT, MULTIPLY, DIVIDE = int(Op.ADD), int(Op.SUBTRACT), int(Op.MULTIPLY), int(Op.DIVIDE)
FMA, MINIMUM, MAXIMUM, NEGATE = int(Op.FMA), int(Op.MINIMUM), int(Op.MAXIMUM), int(Op.NEGATE)
ABSOLUTE, LESS, LESS_EQUAL = int(Op.ABSOLUTE), int(Op.LESS), int(Op.LESS_EQUAL)
EQUAL, NOT_EQUAL, SELECT = int(Op.EQUAL), int(Op.NOT_EQUAL), int(Op.SELECT)
EXP, LOG, SQRT, POW, TALLY = int(Op.EXP), int(Op.LOG), int(Op.SQRT), int(Op.POW), int(Op.TALLY)


@kernel
def evaluate(
    first_trial,
    count,
    out,
    tape,
    registers,
    constants,
    streams,
    table_rows,
    table_places,
    table_steps,
    kinks,
    piece_ends,
    piece_cuts,
    piece_values,
    piece_slopes,
    key0,
    key1,
    bits,
    lattice,
):
    """Outcomes of count trials from first_trial (a multiple of 512) on, into out[outcome, 0:count].

    All arrays are those of :class:`simengine.plan.plan.Plan`; key0 and key1 are the halves of the seed.
    Replicates have 2**bits trials; lattice holds what randomises each, int64 (replicates, draws, numbers), see
    sampling.sobol and sampling.lhs.
    """
    R = np.empty((registers + constants.size, BLOCK))
    W = R.view(np.int64)
    place = np.empty(BLOCK, np.int64)
    local = np.empty(BLOCK)
    low = np.empty(64, np.int64)
    for k in range(constants.size):
        R[registers + k] = constants[k]
    for start in range(0, count, BLOCK):
        for row in range(tape.shape[0]):
            op, d, c = tape[row, 0], tape[row, 1], tape[row, 4]
            to, x, y = R[d], R[tape[row, 2]], R[tape[row, 3]]
            if op == PHILOX:
                draw_philox(W[d], first_trial + start, streams[c], key0, key1)
            elif op == SOBOL:
                draw_sobol(W[d], first_trial + start, bits, lattice, c, low)
            elif op == LHS:
                draw_lhs(W[d], first_trial + start, bits, lattice, c, streams[c], key0, key1)
            elif op == ANTITHETIC:
                draw_antithetic(W[d], first_trial + start, bits, streams[c], key0, key1)
            elif op == WORD_TO_X:
                word_to_x(
                    to,
                    W[tape[row, 2]],
                    local,
                    place,
                    table_rows,
                    table_places[c, 0],
                    table_places[c, 1],
                    table_places[c, 2],
                    kinks[table_places[c, 3] : table_places[c, 4]],
                )
            elif op == SCORE_TO_X:
                score_to_x(
                    to,
                    x,
                    local,
                    place,
                    table_rows,
                    table_places[c, 0],
                    table_places[c, 1],
                    table_steps[c],
                    kinks[table_places[c, 3] : table_places[c, 4]],
                )
            elif op == STEP:
                step(to, W[tape[row, 2]], c)
            elif op == PIECES:
                piecewise(
                    to,
                    W[tape[row, 2]],
                    place,
                    piece_ends[c, 0],
                    piece_ends[c, 1],
                    piece_cuts,
                    piece_values,
                    piece_slopes,
                )
            elif op == UNIT_TO_WORD:
                unit_to_word(W[d], x)
            elif op == ADD:
                for j in range(BLOCK):
                    to[j] = x[j] + y[j]
            elif op == SUBTRACT:
                for j in range(BLOCK):
                    to[j] = x[j] - y[j]
            elif op == MULTIPLY:
                for j in range(BLOCK):
                    to[j] = x[j] * y[j]
            elif op == DIVIDE:
                for j in range(BLOCK):
                    to[j] = x[j] / y[j]
            elif op == FMA:
                z = R[c]
                for j in range(BLOCK):
                    to[j] = fma(x[j], y[j], z[j])
            elif op == MINIMUM:  # a NaN in either operand stays one
                for j in range(BLOCK):
                    to[j] = x[j] if (x[j] < y[j]) | (x[j] != x[j]) else y[j]
            elif op == MAXIMUM:
                for j in range(BLOCK):
                    to[j] = x[j] if (x[j] > y[j]) | (x[j] != x[j]) else y[j]
            elif op == NEGATE:
                for j in range(BLOCK):
                    to[j] = -x[j]
            elif op == ABSOLUTE:
                for j in range(BLOCK):
                    to[j] = abs(x[j])
            elif op == LESS:
                for j in range(BLOCK):
                    to[j] = 1.0 if x[j] < y[j] else 0.0
            elif op == LESS_EQUAL:
                for j in range(BLOCK):
                    to[j] = 1.0 if x[j] <= y[j] else 0.0
            elif op == EQUAL:
                for j in range(BLOCK):
                    to[j] = 1.0 if x[j] == y[j] else 0.0
            elif op == NOT_EQUAL:
                for j in range(BLOCK):
                    to[j] = 1.0 if x[j] != y[j] else 0.0
            elif op == SELECT:
                z = R[c]
                for j in range(BLOCK):
                    chosen, other = y[j], z[j]  # both are loaded, so that nothing branches
                    to[j] = chosen if x[j] != 0.0 else other
            elif op == EXP:
                for j in range(BLOCK):
                    to[j] = exp_of_sum(x[j], 0.0)
            elif op == LOG:
                for j in range(BLOCK):
                    to[j] = log_of(x[j])
            elif op == SQRT:
                for j in range(BLOCK):
                    to[j] = np.sqrt(x[j])
            elif op == POW:
                for j in range(BLOCK):
                    to[j] = power(x[j], y[j])
            elif op == TALLY:
                end = min(count - start, BLOCK)
                target = out[c, start : start + end]
                for j in range(end):
                    target[j] = x[j] + 0.0  # -0.0 becomes 0.0: equal values have equal bits
