"""The tape machine in float32: the same tapes as kernels.machine, sixteen trials in every instruction.

Registers are blocks of :data:`BLOCK` trials; a constant is one vector, whatever the block.  Nothing here depends on
the block size, so neither do the bits of a result.
"""

from __future__ import annotations

import numpy as np

from simengine.kernels.arithmetic32 import exp_of, log_of, power
from simengine.kernels.jit import inline, kernel
from simengine.kernels.lookup32 import HOT, WIDTH, fill_hot, piecewise, score_to_x, word_to_x
from simengine.kernels.machine import (
    ABSOLUTE,
    ADD,
    ANTITHETIC,
    DIVIDE,
    EQUAL,
    EXP,
    FMA,
    LESS,
    LESS_EQUAL,
    LHS,
    LOG,
    MAXIMUM,
    MINIMUM,
    MULTIPLY,
    NEGATE,
    NOT_EQUAL,
    PHILOX,
    PIECES,
    POW,
    SCORE_TO_X,
    SELECT,
    SOBOL,
    SQRT,
    STEP,
    SUBTRACT,
    TALLY,
    UNIT_TO_WORD,
    WORD_TO_X,
)
from simengine.kernels.simd import (
    LANES,
    all_f32,
    choose,
    fused,
    load_f32,
    magnitude,
    opposite,
    root,
    store,
)
from simengine.kernels.words32 import (
    draw_antithetic32,
    draw_lhs32,
    draw_philox,
    draw_sobol,
    step,
    unit_to_word,
)

BLOCK = 1024
"""Trials in a register; a multiple of 512, the group of trials that share Philox calls."""
KEEP = 61
"""An operation of this machine alone: outcome c gets the bits of the word in a, to look at draws."""
_LINE = 64


@inline
def aligned(count):
    """Room for float32 numbers that begins at a line of the cache."""
    room = np.empty(count + _LINE // 4, np.float32)
    skip = (-room.ctypes.data & (_LINE - 1)) >> 2
    return room[skip : skip + count]


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
    """Outcomes of count trials from first_trial (a multiple of 512) on, into out[outcome, 0:count], float32.

    All arrays are those of a :class:`simengine.plan.plan.Plan` of this precision; the rest is as in kernels.machine.
    """
    R = aligned(registers * BLOCK + constants.size * LANES)
    W, bits_out = R.view(np.int32), out.view(np.int32)
    wide = np.empty(BLOCK, np.int64)
    place = np.empty(BLOCK, np.int32)
    masks = np.empty(4 * LANES, np.int32)
    lanes = np.empty(LANES, np.int64)
    for k in range(LANES):
        lanes[k] = 2 * (k & 7) + (k >> 3)
        for bit in range(4):
            masks[bit * LANES + k] = -((k >> bit) & 1)
    hot = aligned(table_places.shape[0] * WIDTH * HOT)
    fill_hot(hot, table_rows, table_places)
    for k in range(constants.size):
        for lane in range(LANES):
            R[registers * BLOCK + k * LANES + lane] = constants[k]
    one, zero = all_f32(np.float32(1.0)), all_f32(np.float32(0.0))
    for start in range(0, count, BLOCK):
        first = first_trial + start
        for row in range(tape.shape[0]):
            op, a, b, c = tape[row, 0], tape[row, 2], tape[row, 3], tape[row, 4]
            to = tape[row, 1] * BLOCK
            # lane j of a register stands at x + (j & u); of a constant, every j does
            x, u = (a * BLOCK, -1) if a < registers else (registers * BLOCK + (a - registers) * LANES, 0)
            y, v = (b * BLOCK, -1) if b < registers else (registers * BLOCK + (b - registers) * LANES, 0)
            if op == PHILOX:
                draw_philox(W, to, BLOCK, first, streams[c], key0, key1, lanes)
            elif op == SOBOL:
                draw_sobol(W, to, BLOCK, first, bits, lattice, c, masks)
            elif op == LHS:
                draw_lhs32(W, to, wide, first, bits, lattice, c, streams[c], key0, key1)
            elif op == ANTITHETIC:
                draw_antithetic32(W, to, wide, first, bits, streams[c], key0, key1)
            elif op == WORD_TO_X:
                word_to_x(R, to, W, x, BLOCK, hot, table_rows, table_places, c, kinks, place)
            elif op == SCORE_TO_X:
                steps = table_steps[c]
                score_to_x(R, to, R, x, u, BLOCK, hot, table_rows, table_places, c, steps, kinks, place)
            elif op == STEP:
                step(R, to, W, x, BLOCK, c)
            elif op == PIECES:
                ends = piece_ends[c, 0], piece_ends[c, 1]
                piecewise(R, to, W, x, place, ends[0], ends[1], piece_cuts, piece_values, piece_slopes)
            elif op == UNIT_TO_WORD:
                unit_to_word(W, to, R, x, u, BLOCK)
            elif op == ADD:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, load_f32(R, x + (j & u)) + load_f32(R, y + (j & v)))
            elif op == SUBTRACT:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, load_f32(R, x + (j & u)) - load_f32(R, y + (j & v)))
            elif op == MULTIPLY:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, load_f32(R, x + (j & u)) * load_f32(R, y + (j & v)))
            elif op == DIVIDE:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, load_f32(R, x + (j & u)) / load_f32(R, y + (j & v)))
            elif op in (FMA, SELECT):
                z, w = (c * BLOCK, -1) if c < registers else (registers * BLOCK + (c - registers) * LANES, 0)
                if op == FMA:
                    for j in range(0, BLOCK, LANES):
                        p, q, r = load_f32(R, x + (j & u)), load_f32(R, y + (j & v)), load_f32(R, z + (j & w))
                        store(R, to + j, fused(p, q, r))
                else:
                    for j in range(0, BLOCK, LANES):
                        p, q, r = load_f32(R, x + (j & u)), load_f32(R, y + (j & v)), load_f32(R, z + (j & w))
                        store(R, to + j, choose(p != zero, q, r))
            elif op == MINIMUM:  # a NaN in either operand stays one
                for j in range(0, BLOCK, LANES):
                    p, q = load_f32(R, x + (j & u)), load_f32(R, y + (j & v))
                    store(R, to + j, choose((p < q) | (p != p), p, q))
            elif op == MAXIMUM:
                for j in range(0, BLOCK, LANES):
                    p, q = load_f32(R, x + (j & u)), load_f32(R, y + (j & v))
                    store(R, to + j, choose((p > q) | (p != p), p, q))
            elif op == NEGATE:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, opposite(load_f32(R, x + (j & u))))
            elif op == ABSOLUTE:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, magnitude(load_f32(R, x + (j & u))))
            elif op == LESS:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, choose(load_f32(R, x + (j & u)) < load_f32(R, y + (j & v)), one, zero))
            elif op == LESS_EQUAL:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, choose(load_f32(R, x + (j & u)) <= load_f32(R, y + (j & v)), one, zero))
            elif op == EQUAL:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, choose(load_f32(R, x + (j & u)) == load_f32(R, y + (j & v)), one, zero))
            elif op == NOT_EQUAL:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, choose(load_f32(R, x + (j & u)) != load_f32(R, y + (j & v)), one, zero))
            elif op == EXP:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, exp_of(load_f32(R, x + (j & u))))
            elif op == LOG:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, log_of(load_f32(R, x + (j & u))))
            elif op == SQRT:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, root(load_f32(R, x + (j & u))))
            elif op == POW:
                for j in range(0, BLOCK, LANES):
                    store(R, to + j, power(load_f32(R, x + (j & u)), load_f32(R, y + (j & v))))
            elif op in (TALLY, KEEP):
                end = min(count - start, BLOCK)
                target = c * out.shape[1] + start
                whole = end // LANES * LANES
                if op == KEEP:
                    for j in range(end):
                        bits_out[c, start + j] = W[x + j]
                else:
                    for j in range(0, whole, LANES):  # -0.0 becomes 0.0: equal values have equal bits
                        store(out, target + j, load_f32(R, x + (j & u)) + zero)
                    for j in range(whole, end):
                        out[c, start + j] = R[x + (j & u)] + np.float32(0.0)
