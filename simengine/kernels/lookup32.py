"""Table walks of the float32 machine: place sixteen values in their segments, then evaluate sixteen polynomials.

Most values fall into the 32 middle rows of a table of moderate size.  Where the processor can look up sixteen numbers
in two registers at once, those rows are held in registers; the few vectors that hold a value beyond them, large
tables and other processors load whole rows.  Both ways evaluate the same polynomials in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from simengine.kernels.jit import inline, intrinsic
from simengine.kernels.simd import (
    F32,
    HALF_LANES,
    LANES,
    all_f32,
    all_i32,
    any_set,
    at_least,
    bits_f32,
    bits_i32,
    can_permute,
    choose,
    fused,
    load_f32,
    load_i32,
    mask_i32,
    permute,
    shift_down,
    shift_right,
    signed_f32,
    store,
)

WIDTH = 8
"""Coefficients of a row, of which words use seven and scores five."""
WORD_ORDER, SCORE_ORDER = 7, 5
HOT = 2 * LANES
"""Rows that two registers hold."""
MOST_HOT_STEPS = np.float32(4.0)
"""Up to so many segments per unit of score, the middle rows hold nearly all scores."""
HOT_KINKS = 4
"""Up to so many kinks a table may have to be looked up in registers."""
FEW_KINKS = 24
"""Up to so many kinks, comparing with each of them beats a bisection."""
PERMUTES = can_permute()

MAGIC = np.float32(12582912.0)
"""1.5 * 2**23: adding it rounds to an integer, which is then found in the low bits."""
MAGIC_BITS = np.int64(0x4B400000)
LARGEST_TAIL = np.float32(2147483520.0)
"""The largest float32 below 2**31."""
_HALF, _ZERO = np.float32(0.5), np.float32(0.0)


def _walk(order: int) -> Any:
    @intrinsic
    def walk_rows(typing: Any, rows: Any, place: Any, at: Any, local: Any) -> Any:
        """Polynomials of the rows place[at:at + 16] at sixteen local coordinates: row loads and 4 x 4 transposes."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            single, index = ir.FloatType(), ir.IntType(32)
            four = ir.VectorType(single, 4)
            data, places = (
                context.make_array(kind)(context, builder, value).data
                for kind, value in zip(signature.args[:2], args[:2], strict=True)
            )

            def mix(x: Any, y: Any, lanes: list[int]) -> Any:
                return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(index, len(lanes)), lanes))

            def row(lane: int) -> Any:
                number = builder.load(builder.gep(places, [builder.add(args[2], ir.IntType(64)(lane))]))
                wide = builder.zext(number, ir.IntType(64))
                return builder.gep(data, [builder.mul(wide, ir.IntType(64)(WIDTH))])

            def quad(pointer: Any, part: int) -> Any:
                moved = builder.gep(pointer, [ir.IntType(64)(4 * part)])
                return builder.load(builder.bitcast(moved, four.as_pointer()), align=4)

            def transposed(pointers: list[Any], part: int) -> list[Any]:
                """Coefficients 4 part to 4 part + 3 of eight rows."""
                lines = [mix(quad(pointers[k], part), quad(pointers[k + 4], part), list(range(8))) for k in range(4)]
                low02, low13 = (mix(lines[k], lines[k + 2], [0, 8, 1, 9, 4, 12, 5, 13]) for k in (0, 1))
                high02, high13 = (mix(lines[k], lines[k + 2], [2, 10, 3, 11, 6, 14, 7, 15]) for k in (0, 1))
                first, last = [0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15]
                return [mix(low02, low13, first), mix(low02, low13, last),
                        mix(high02, high13, first), mix(high02, high13, last)]  # fmt: skip

            halves = []
            for begin in (0, HALF_LANES):
                pointers = [row(begin + lane) for lane in range(HALF_LANES)]
                halves.append([*transposed(pointers, 0), *transposed(pointers, 1)][:order])
            terms = [mix(low, high, list(range(LANES))) for low, high in zip(*halves, strict=True)]
            kind = ir.FunctionType(F32.llvm, [F32.llvm] * 3)
            vector_fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v16f32")
            value = terms.pop()
            while terms:
                value = builder.call(vector_fma, [value, args[3], terms.pop()])
            return value

        return F32(rows, place, types.int64, local), build

    return walk_rows


walk_words, walk_scores = _walk(WORD_ORDER), _walk(SCORE_ORDER)


@inline
def fill_hot(hot, rows, places):
    """Coefficients of the 32 middle rows of every table, coefficient by coefficient; places as in the plan."""
    for table in range(places.shape[0]):
        first, count = hot_rows(places, table)
        for k in range(HOT):
            row = first + min(k, count - 1)
            for power in range(WIDTH):
                hot[(table * WIDTH + power) * HOT + k] = rows[row, power]


@inline
def hot_rows(places, table):
    """The first of the middle rows of a table, and how many of the 32 there are; places as in the plan."""
    total = 2 * places[table, 1] + places[table, 4] - places[table, 3]
    total += 1 if places[table, 2] < 0 else 0  # scores have a middle segment
    return places[table, 0] + max((total >> 1) - LANES, 0), min(total, HOT)


@intrinsic
def single_of(typing: Any, bits: Any) -> Any:
    """The float32 that has these 32 bits."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        narrow = context.cast(builder, args[0], signature.args[0], types.int32)
        return builder.bitcast(narrow, ir.FloatType())

    return types.float32(bits), build


@intrinsic
def fused_single(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c of float32 numbers, rounded once."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType()] * 3)
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.f32"), args)

    return types.float32(types.float32, types.float32, types.float32), build


@inline
def words_reached(kinks, begin, end, word):
    """How many of many sorted kinks a word reaches."""
    low, high = begin, end
    while low < high:
        middle = (low + high) >> 1
        if kinks[middle] <= word:
            low = middle + 1
        else:
            high = middle
    return low - begin


@inline
def scores_reached(kinks, begin, end, score):
    """How many of many sorted kinks a score reaches."""
    low, high = begin, end
    while low < high:
        middle = (low + high) >> 1
        if single_of(kinks[middle]) <= score:
            low = middle + 1
        else:
            high = middle
    return low - begin


@inline
def word_segment(w, shift, fraction, centre, base, flip):
    """Row (without kinks) and local coordinate of words, see plan.axes.WordAxis; for base and flip see word_bases."""
    s = shift_down(w, all_i32(31))
    tail = signed_f32(w ^ s) + all_f32(_HALF)
    b = bits_i32(choose(tail < all_f32(LARGEST_TAIL), tail, all_f32(LARGEST_TAIL)))
    local = bits_f32((b & fraction) | all_i32(0x3F800000)) - centre
    return (shift_right(b, shift) ^ s) + (base ^ (s & flip)), local


@inline
def word_bases(lowest, half, offset):
    """What turns the exponent bits of a tail, or their complement in the upper half, into a row, and how they differ.

    A lower segment e - lowest is row e - lowest + offset; an upper one mirrors it, ~(e - lowest) + 2 half + offset.
    """
    lower, upper = np.int32(offset - lowest), np.int32(offset + lowest + 2 * half)
    return all_i32(lower), all_i32(lower ^ upper)


@inline
def word_to_x_hot(out, to, words, at, count, hot, h, rows, first_row, first_hot, half, kinks, begin, end, place):
    """Quantiles by a word table without subdivided octaves, from its middle rows where it can be.

    Two vectors at a time: a branch for each of them would cost as much as its permutations.
    """
    shift, fraction, centre = all_i32(23), all_i32(0x7FFFFF), all_f32(np.float32(1.5))
    base, flip = word_bases(126, half, first_row - first_hot)
    beyond, back = all_i32(~(HOT - 1)), all_i32(np.int32(first_hot))
    a0, b0, a1, b1 = load_f32(hot, h), load_f32(hot, h + 16), load_f32(hot, h + 32), load_f32(hot, h + 48)
    a2, b2, a3, b3 = load_f32(hot, h + 64), load_f32(hot, h + 80), load_f32(hot, h + 96), load_f32(hot, h + 112)
    a4, b4, a5, b5 = load_f32(hot, h + 128), load_f32(hot, h + 144), load_f32(hot, h + 160), load_f32(hot, h + 176)
    a6, b6 = load_f32(hot, h + 192), load_f32(hot, h + 208)
    for j in range(0, count, 2 * LANES):
        v, w = load_i32(words, at + j), load_i32(words, at + j + LANES)
        p, s = word_segment(v, shift, fraction, centre, base, flip)
        q, t = word_segment(w, shift, fraction, centre, base, flip)
        for k in range(begin, end):
            limit = all_i32(np.int32(kinks[k]))
            p, q = p - mask_i32(at_least(v, limit)), q - mask_i32(at_least(w, limit))
        if any_set((p | q) & beyond):
            store(place, 0, p + back)
            store(place, LANES, q + back)
            store(out, to + j, walk_words(rows, place, 0, s))
            store(out, to + j + LANES, walk_words(rows, place, LANES, t))
        else:
            x, y = permute(a6, p, b6), permute(a6, q, b6)
            x, y = fused(x, s, permute(a5, p, b5)), fused(y, t, permute(a5, q, b5))
            x, y = fused(x, s, permute(a4, p, b4)), fused(y, t, permute(a4, q, b4))
            x, y = fused(x, s, permute(a3, p, b3)), fused(y, t, permute(a3, q, b3))
            x, y = fused(x, s, permute(a2, p, b2)), fused(y, t, permute(a2, q, b2))
            x, y = fused(x, s, permute(a1, p, b1)), fused(y, t, permute(a1, q, b1))
            store(out, to + j, fused(x, s, permute(a0, p, b0)))
            store(out, to + j + LANES, fused(y, t, permute(a0, q, b0)))


@inline
def word_to_x_walk(out, to, words, at, count, rows, first_row, half, sub_bits, kinks, begin, end, place):
    """Quantiles by any word table."""
    step = np.int64(23) - sub_bits
    shift, fraction = all_i32(np.int32(step)), all_i32(np.int32((np.int64(1) << step) - 1))
    centre = all_f32(np.float32(1.0) + _HALF / np.float32(np.int64(1) << sub_bits))
    base, flip = word_bases(np.int64(126) << sub_bits, half, first_row)
    for j in range(0, count, LANES):
        w = load_i32(words, at + j)
        row, t = word_segment(w, shift, fraction, centre, base, flip)
        if end - begin <= FEW_KINKS:
            for k in range(begin, end):
                row = row - mask_i32(at_least(w, all_i32(np.int32(kinks[k]))))
            store(place, 0, row)
        else:
            store(place, 0, row)
            for lane in range(LANES):
                word = np.int64(words[at + j + lane]) & np.int64(0xFFFFFFFF)
                place[lane] += words_reached(kinks, begin, end, word)
        store(out, to + j, walk_words(rows, place, 0, t))


@inline
def score_segment(score, steps, limit, floor, offset):
    """Row (without kinks) and local coordinate of scores, see plan.axes.ScoreAxis."""
    magic = all_f32(MAGIC)
    y = score * steps
    y = choose(y < limit, y, limit)
    y = choose(y > floor, y, floor)
    shifted = y + magic
    return bits_i32(shifted) + offset, y - (shifted - magic)


@inline
def score_to_x_hot(
    out, to, x, at, mask, count, hot, h, rows, first_row, first_hot, half, steps, kinks, begin, end, place
):
    """Quantiles by a score table, from its middle rows where it can be."""
    every, limit, floor = all_f32(steps), all_f32(np.float32(half)), all_f32(-np.float32(half))
    offset = all_i32(np.int32(first_row - first_hot + half - MAGIC_BITS))
    beyond = all_i32(~(HOT - 1))
    a0, b0, a1, b1 = load_f32(hot, h), load_f32(hot, h + 16), load_f32(hot, h + 32), load_f32(hot, h + 48)
    a2, b2, a3, b3 = load_f32(hot, h + 64), load_f32(hot, h + 80), load_f32(hot, h + 96), load_f32(hot, h + 112)
    a4, b4 = load_f32(hot, h + 128), load_f32(hot, h + 144)
    back = all_i32(np.int32(first_hot))
    for j in range(0, count, 2 * LANES):
        v, w = load_f32(x, at + (j & mask)), load_f32(x, at + ((j + LANES) & mask))
        p, s = score_segment(v, every, limit, floor, offset)
        q, t = score_segment(w, every, limit, floor, offset)
        for k in range(begin, end):
            step = bits_f32(all_i32(np.int32(kinks[k])))
            p, q = p - mask_i32(v >= step), q - mask_i32(w >= step)
        if any_set((p | q) & beyond):
            store(place, 0, p + back)
            store(place, LANES, q + back)
            store(out, to + j, walk_scores(rows, place, 0, s))
            store(out, to + j + LANES, walk_scores(rows, place, LANES, t))
        else:
            y, z = permute(a4, p, b4), permute(a4, q, b4)
            y, z = fused(y, s, permute(a3, p, b3)), fused(z, t, permute(a3, q, b3))
            y, z = fused(y, s, permute(a2, p, b2)), fused(z, t, permute(a2, q, b2))
            y, z = fused(y, s, permute(a1, p, b1)), fused(z, t, permute(a1, q, b1))
            store(out, to + j, fused(y, s, permute(a0, p, b0)))
            store(out, to + j + LANES, fused(z, t, permute(a0, q, b0)))


@inline
def score_to_x_walk(out, to, x, at, mask, count, rows, first_row, half, steps, kinks, begin, end, place):
    """Quantiles by any score table."""
    every, limit, floor = all_f32(steps), all_f32(np.float32(half)), all_f32(-np.float32(half))
    offset = all_i32(np.int32(first_row + half - MAGIC_BITS))
    for j in range(0, count, LANES):
        score = load_f32(x, at + (j & mask))
        row, t = score_segment(score, every, limit, floor, offset)
        if end - begin <= FEW_KINKS:
            for k in range(begin, end):
                row = row - mask_i32(score >= bits_f32(all_i32(np.int32(kinks[k]))))
            store(place, 0, row)
        else:
            store(place, 0, row)
            for lane in range(LANES):
                place[lane] += scores_reached(kinks, begin, end, x[at + ((j + lane) & mask)])
        store(out, to + j, walk_scores(rows, place, 0, t))


@inline
def word_to_x_middle(out, to, words, at, count, hot, rows, places, table, kinks, place):
    """Quantiles by a word table of the plan, its middle rows in registers where they serve."""
    first, half, begin, end = places[table, 0], places[table, 1], places[table, 3], places[table, 4]
    if places[table, 2] == 0 and end - begin <= HOT_KINKS:
        first_hot, _ = hot_rows(places, table)
        h = table * WIDTH * HOT
        word_to_x_hot(out, to, words, at, count, hot, h, rows, first, first_hot, half, kinks, begin, end, place)
    else:
        word_to_x_walk(out, to, words, at, count, rows, first, half, places[table, 2], kinks, begin, end, place)


@inline
def word_to_x_rows(out, to, words, at, count, hot, rows, places, table, kinks, place):
    """The same for processors without AVX-512."""
    first, half, begin, end = places[table, 0], places[table, 1], places[table, 3], places[table, 4]
    word_to_x_walk(out, to, words, at, count, rows, first, half, places[table, 2], kinks, begin, end, place)


@inline
def score_to_x_middle(out, to, x, at, mask, count, hot, rows, places, table, steps, kinks, place):
    """Quantiles by a score table of the plan, its middle rows in registers where they serve."""
    first, half, begin, end = places[table, 0], places[table, 1], places[table, 3], places[table, 4]
    if steps <= MOST_HOT_STEPS and end - begin <= HOT_KINKS:
        hot_row, _ = hot_rows(places, table)
        h = table * WIDTH * HOT
        score_to_x_hot(out, to, x, at, mask, count, hot, h, rows, first, hot_row, half, steps, kinks, begin, end, place)
    else:
        score_to_x_walk(out, to, x, at, mask, count, rows, first, half, steps, kinks, begin, end, place)


@inline
def score_to_x_rows(out, to, x, at, mask, count, hot, rows, places, table, steps, kinks, place):
    """The same for processors without AVX-512."""
    first, half, begin, end = places[table, 0], places[table, 1], places[table, 3], places[table, 4]
    score_to_x_walk(out, to, x, at, mask, count, rows, first, half, steps, kinks, begin, end, place)


word_to_x = word_to_x_middle if PERMUTES else word_to_x_rows
score_to_x = score_to_x_middle if PERMUTES else score_to_x_rows


@inline
def piecewise(out, to, words, at, place, first, last, cuts, values, slopes):
    """Piecewise linear quantiles: the last piece that begins at or below the word, by bisection without branches."""
    count = last - first
    span = np.int64(1)
    while span < count:
        span <<= 1
    for j in range(place.size):
        place[j] = first
    span >>= 1
    while span:
        for j in range(place.size):
            there = place[j] + span
            inside = there < last
            there = there if inside else first
            word = np.uint32(words[at + j])
            taken = inside & (word >= cuts[np.uint64(there)])
            place[j] = there if taken else place[j]
        span >>= 1
    for j in range(place.size):
        p = np.uint64(place[j])
        beyond = np.float32(np.uint32(np.uint32(words[at + j]) - cuts[p]))
        out[to + j] = fused_single(beyond, slopes[p], values[p])
