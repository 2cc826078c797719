"""Table walks: place every value in its segment, then evaluate the polynomials four lanes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from simengine.kernels.arithmetic import MAGIC, MAGIC_BITS, bits_of, float_of, fma
from simengine.kernels.jit import inline, intrinsic
from simengine.kernels.words import SIGN

ORDER = 6
FEW_KINKS = 24
"""Up to so many kinks, comparing with each of them vectorises and beats a bisection."""


@intrinsic
def walk_four(typing: Any, out: Any, local: Any, place: Any, table: Any, j: Any) -> Any:
    """out[j:j+4] = the polynomials of rows place[j:j+4] at local[j:j+4].

    LLVM does not vectorise a walk over rows; whole row loads and a 4 x 4 transpose of generic vectors do it for
    any target, and run faster than gather instructions.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        double, word = ir.DoubleType(), ir.IntType(64)
        four, two = ir.VectorType(double, 4), ir.VectorType(double, 2)
        outs, locals_, places, rows = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:4], args, strict=False)
        )

        def load(pointer: Any, kind: Any) -> Any:
            return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=8)

        def mix(x: Any, y: Any, *lanes: int) -> Any:
            chosen = ir.Constant(ir.VectorType(ir.IntType(32), 4), list(lanes))
            return builder.shuffle_vector(x, y, chosen)

        row = []
        for lane in range(4):
            index = builder.load(builder.gep(places, [builder.add(args[4], word(lane))]))
            row.append(builder.gep(rows, [builder.mul(index, word(ORDER))]))
        first = [load(pointer, four) for pointer in row]
        last = [load(builder.gep(pointer, [word(4)]), two) for pointer in row]
        even01, odd01 = mix(first[0], first[1], 0, 4, 2, 6), mix(first[0], first[1], 1, 5, 3, 7)
        even23, odd23 = mix(first[2], first[3], 0, 4, 2, 6), mix(first[2], first[3], 1, 5, 3, 7)
        last02, last13 = mix(last[0], last[2], 0, 1, 2, 3), mix(last[1], last[3], 0, 1, 2, 3)
        terms = [
            mix(even01, even23, 0, 1, 4, 5),
            mix(odd01, odd23, 0, 1, 4, 5),
            mix(even01, even23, 2, 3, 6, 7),
            mix(odd01, odd23, 2, 3, 6, 7),
            mix(last02, last13, 0, 4, 2, 6),
            mix(last02, last13, 1, 5, 3, 7),
        ]
        kind = ir.FunctionType(four, [four] * 3)
        vector_fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v4f64")
        t = load(builder.gep(locals_, [args[4]]), four)
        value = terms.pop()
        while terms:
            value = builder.call(vector_fma, [value, t, terms.pop()])
        builder.store(value, builder.bitcast(builder.gep(outs, [args[4]]), four.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(out, local, place, table, types.int64), build


@inline
def walk(out, local, place, table):
    """Evaluate all lanes; the block is a multiple of four."""
    for j in range(0, out.size, 4):
        walk_four(out, local, place, table, j)


@inline
def word_to_x(out, words, local, place, table, first_row, half, sub_bits, kinks):
    """Quantiles by a word table, see plan.tables.WordAxis."""
    shift = np.int64(52) - sub_bits
    fraction = (np.int64(1) << shift) - 1
    lowest = np.int64(1022) << sub_bits
    centre = 1.0 + float_of((np.int64(1022) - sub_bits) << 52)
    mirror = 2 * half
    for j in range(out.size):
        w = words[j]
        s = w >> 63
        tail = float_of(((w ^ s) >> 11) | 0x4330000000000000) - 4503599627370495.5  # m + 1/2, exact
        b = bits_of(tail)
        segment = (b >> shift) - lowest
        local[j] = float_of((b & fraction) | 0x3FF0000000000000) - centre
        place[j] = (segment ^ s) + (s & mirror) + first_row
    if kinks.size <= FEW_KINKS:
        for kink in kinks:
            for j in range(out.size):
                place[j] += (words[j] ^ SIGN) >= (kink ^ SIGN)
    else:
        for j in range(out.size):
            low, high = 0, kinks.size
            while low < high:
                middle = (low + high) >> 1
                if (kinks[middle] ^ SIGN) <= (words[j] ^ SIGN):
                    low = middle + 1
                else:
                    high = middle
            place[j] += low
    walk(out, local, place, table)


@inline
def score_to_x(out, score, local, place, table, first_row, half, steps, kinks):
    """Quantiles by a score table, see plan.tables.ScoreAxis; scores beyond the last segment are clamped."""
    limit = np.float64(half)
    offset = first_row + half - MAGIC_BITS
    for j in range(out.size):
        y = score[j] * steps
        y = y if y < limit else limit
        y = y if y > -limit else -limit
        shifted = y + MAGIC
        place[j] = bits_of(shifted) + offset
        local[j] = y - (shifted - MAGIC)
    if kinks.size <= FEW_KINKS:
        for kink in kinks:
            for j in range(out.size):
                place[j] += score[j] >= float_of(kink)
    else:
        for j in range(out.size):
            low, high = 0, kinks.size
            while low < high:
                middle = (low + high) >> 1
                if float_of(kinks[middle]) <= score[j]:
                    low = middle + 1
                else:
                    high = middle
            place[j] += low
    walk(out, local, place, table)


@inline
def piecewise(out, words, place, first, last, cuts, values, slopes):
    """Piecewise linear quantiles: the last piece that begins at or below the word, by bisection without branches."""
    count = last - first
    span = np.int64(1)
    while span < count:
        span <<= 1
    for j in range(out.size):
        place[j] = first
    span >>= 1
    while span:
        for j in range(out.size):
            there = place[j] + span
            inside = there < last
            there = there if inside else first
            taken = inside & ((words[j] ^ SIGN) >= (np.int64(cuts[np.uint64(there)]) ^ SIGN))
            place[j] = there if taken else place[j]
        span >>= 1
    for j in range(out.size):
        p = np.uint64(place[j])
        beyond = np.float64(np.uint64(words[j]) - cuts[p])
        out[j] = fma(beyond, slopes[p], values[p])
