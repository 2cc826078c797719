"""The reference deal as one compiled kernel: the arithmetic of its tape without the tape.

What a scenario-specific kernel could gain over the tape machine is what separates the two: no dispatch, and values
that pass from one elementwise operation to the next in registers of the processor instead of blocks in the cache.
Draws, tables, blocks and the order of operations are the same, and so are the bits, which :func:`outcomes` relies on.
"""

from __future__ import annotations

import numba
import numpy as np

from simengine.kernels.arithmetic import fma
from simengine.kernels.lookup import score_to_x, word_to_x
from simengine.kernels.machine import BLOCK
from simengine.kernels.words import SIGN, draw_philox, draw_sobol
from simengine.plan.ops import Op

TABLES = ("z of D", "x of R", "x of V", "x of D", "x of L", "erosion", "severity")
"""The tables of the plan, in their order; the draws are those of D, R, V, L, erosion, entry, severity and leak."""

_inlined = numba.njit(forceinline=True, error_model="numpy", boundscheck=False)
_compiled = numba.njit(nogil=True, error_model="numpy", boundscheck=False)


@_inlined
def philox(words, first_trial, draw, streams, key0, key1, bits, lattice, low):
    """Independent words of a draw."""
    draw_philox(words, first_trial, streams[draw], key0, key1)


@_inlined
def sobol(words, first_trial, draw, streams, key0, key1, bits, lattice, low):
    """Scrambled Sobol points of a draw."""
    draw_sobol(words, first_trial, bits, lattice, draw, low)


def fused(draw):
    """The compiled kernel for one source of words."""

    @_inlined
    def x_of_word(x, words, local, place, rows, places, kinks, table):
        at = places[table]
        word_to_x(x, words, local, place, rows, at[0], at[1], at[2], kinks[at[3] : at[4]])

    @_inlined
    def x_of_score(x, score, local, place, rows, places, steps, kinks, table):
        at = places[table]
        score_to_x(x, score, local, place, rows, at[0], at[1], steps[table], kinks[at[3] : at[4]])

    @_compiled
    def kernel(
        first_trial, count, out, constants, cuts, streams, rows, places, steps, kinks, key0, key1, bits, lattice
    ):
        words, hits = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
        v, d, r, share = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
        z_d, z_r, score = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
        place, local, low = np.empty(BLOCK, np.int64), np.empty(BLOCK), np.empty(64, np.int64)
        for start in range(0, count, BLOCK):
            trial = first_trial + start
            draw(words, trial, 0, streams, key0, key1, bits, lattice, low)
            x_of_word(z_d, words, local, place, rows, places, kinks, 0)
            x_of_word(d, words, local, place, rows, places, kinks, 3)
            draw(words, trial, 1, streams, key0, key1, bits, lattice, low)
            x_of_word(z_r, words, local, place, rows, places, kinks, 0)
            for j in range(BLOCK):
                score[j] = fma(constants[1], z_r[j], constants[0] * z_d[j])
            x_of_score(r, score, local, place, rows, places, steps, kinks, 1)
            draw(words, trial, 2, streams, key0, key1, bits, lattice, low)
            x_of_word(v, words, local, place, rows, places, kinks, 0)
            for j in range(BLOCK):
                score[j] = fma(constants[4], v[j], fma(constants[3], z_r[j], constants[2] * z_d[j]))
            x_of_score(v, score, local, place, rows, places, steps, kinks, 2)
            draw(words, trial, 3, streams, key0, key1, bits, lattice, low)
            x_of_word(share, words, local, place, rows, places, kinks, 4)
            for j in range(BLOCK):
                v[j] = v[j] * d[j] * r[j] * (1.0 - share[j])
            for risk in range(2):
                draw(words, trial, 4 + 2 * risk, streams, key0, key1, bits, lattice, low)
                x_of_word(share, words, local, place, rows, places, kinks, 5 + risk)
                draw(hits, trial, 5 + 2 * risk, streams, key0, key1, bits, lattice, low)
                for j in range(BLOCK):
                    v[j] *= 1.0 - (share[j] if (hits[j] ^ SIGN) >= (cuts[risk] ^ SIGN) else 0.0)
            end = min(count - start, BLOCK)
            for j in range(end):
                out[0, start + j] = v[j] + 0.0

    return kernel


DRAW_OF = {"random": philox, "sobol": sobol}


def outcomes(source):
    """A function of (first trial, trials, out) that fills ``out`` as the tape machine does, bit for bit.

    Raises
    ------
    ValueError
        If the plan is not that of the reference deal as this file spells it out.
    """
    plan, kernel = source.plan, fused(DRAW_OF[source.plan.sampler])
    cuts = np.array([row[4] for row in plan.tape if row[0] == Op.STEP])
    if (len(plan.streams), len(plan.table_steps), len(cuts)) != (8, len(TABLES), 2):
        raise ValueError("the plan of the reference deal has changed; hard_coded.py has to follow it")
    arrays = (plan.constants, cuts, plan.streams, plan.table_rows, plan.table_places, plan.table_steps, plan.kinks)
    keys = (np.uint64(source.seed & 0xFFFFFFFF), np.uint64(source.seed >> 32))

    def fill(first_trial, trials, out):
        kernel(first_trial, trials, out, *arrays, *keys, source.design.bits, source.lattice)

    return fill
