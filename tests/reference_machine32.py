"""The slow twin of the float32 kernels: as reference_machine, written from the meaning of the operations.

Values are equal to the kernel's to the bit except after EXP, LOG and POW, where NumPy's functions stand in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import reference_machine as wide
from numpy.typing import NDArray

from simengine.plan.ops import DRAWS, Op
from simengine.plan.plan import Plan
from simengine.sampling.design import Design

Singles = NDArray[np.float32]
Words = NDArray[np.uint32]


def run(plan: Plan, seed: int, trials: NDArray[np.integer] | int, of: int | None = None) -> Singles:
    """Outcomes of the given trials (an array of numbers, or the first so many), shape (outcomes, trials)."""
    numbers = np.arange(trials) if isinstance(trials, int) else np.asarray(trials)
    bits = Design.of(plan.sampler, of or int(numbers.max(initial=0)) + 1).bits
    out = np.full((len(plan.outputs), numbers.size), np.nan, np.float32)
    registers = np.full((plan.registers + plan.constants.size, numbers.size), np.nan, np.float32)
    registers[plan.registers :] = plan.constants[:, None]
    with np.errstate(all="ignore"):
        for op, dst, a, b, c in plan.tape.tolist():
            kind = Op(op)
            if kind is Op.TALLY:
                out[c] = registers[a] + np.float32(0.0)
            elif kind in DRAWS:
                registers[dst] = drawn(plan, kind, seed, c, numbers, bits).view(np.float32)
            elif kind is Op.UNIT_TO_WORD:
                registers[dst] = unit_to_word(registers[a]).view(np.float32)
            else:
                value = step(plan, kind, registers, a, b, c)
                assert value.dtype == np.float32, kind
                registers[dst] = value
    return out


def step(plan: Plan, op: Op, registers: Singles, a: int, b: int, c: int) -> Singles:
    """The values of one row that gives numbers."""
    x = registers[a]
    words = np.ascontiguousarray(x).view(np.uint32)
    if op is Op.WORD_TO_X:
        return table_at(plan, c, *word_place(plan, c, words))
    if op is Op.SCORE_TO_X:
        return table_at(plan, c, *score_place(plan, c, x))
    if op is Op.PIECES:
        return piecewise(plan, c, words)
    if op is Op.STEP:
        return (words >= np.uint32(c)).astype(np.float32)
    if op is Op.FMA:
        return fma(x, registers[b], registers[c])
    if op is Op.SELECT:
        return np.where(x != 0.0, registers[b], registers[c])
    if op in wide.TWO:
        return wide.TWO[op](x, registers[b]).astype(np.float32)
    return ONE.get(op, wide.ONE.get(op))(x)


ONE: dict[Op, Callable[[Singles], Singles]] = {
    Op.EXP: lambda x: np.exp(x.astype(np.float64)).astype(np.float32),
    Op.LOG: lambda x: np.log(x.astype(np.float64)).astype(np.float32),
}


def drawn(plan: Plan, op: Op, seed: int, draw: int, trials: NDArray[np.integer], bits: int) -> Words:
    """The words of a draw: a quarter of a Philox call, or the upper half of the point of the float64 mode."""
    if op is Op.PHILOX:
        return np.array([philox_word(seed, int(plan.streams[draw]), int(trial)) for trial in trials], np.uint32)
    return (wide.drawn(plan, op, seed, draw, trials, bits) >> np.uint64(32)).astype(np.uint32)


def philox_word(seed: int, stream: int, trial: int) -> int:
    """Number (trial % 512) // 128 of the four that counter (trial // 512 * 128 + trial % 128, stream) gives."""
    index = trial // 512 * 128 + trial % 128
    mask = 2**32 - 1
    counter = [index & mask, index >> 32, stream & mask, stream >> 32]
    key = [seed & mask, seed >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [second >> 32 ^ counter[1] ^ key[0], second & mask, first >> 32 ^ counter[3] ^ key[1], first & mask]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return counter[trial % 512 // 128]


def unit_to_word(x: Singles) -> Words:
    """The word of 32 bits whose probability is x; the largest is the last that a float32 holds."""
    scaled = np.where(np.isnan(x), np.float32(0.0), x) * np.float32(2.0**32)
    return np.floor(np.clip(scaled, 0.0, 2.0**32 - 256.0)).astype(np.uint32)


def word_place(plan: Plan, table: int, words: Words) -> tuple[NDArray[np.int64], Singles]:
    """Row and local coordinate of words: octaves of the tail probability, each cut in 2**sub_bits segments."""
    first, half, sub_bits, kink, last_kink = plan.table_places[table].tolist()
    sub = 2**sub_bits
    upper = words >= 2**31
    tail = np.where(upper, ~words, words).astype(np.float32) + np.float32(0.5)
    mantissa, octave = np.frexp(np.minimum(tail, np.nextafter(np.float32(2.0**31), np.float32(0.0))))
    within = (mantissa.astype(np.float64) * 2.0 - 1.0) * sub
    part = np.floor(within)
    segment = octave.astype(np.int64) * sub + part.astype(np.int64)
    row = first + np.where(upper, 2 * half - 1 - segment, segment)
    for key in plan.kinks[kink:last_kink].tolist():
        row += words >= key
    return row, ((within - part - 0.5) / sub).astype(np.float32)


def score_place(plan: Plan, table: int, score: Singles) -> tuple[NDArray[np.int64], Singles]:
    """Row and local coordinate of scores: uniform segments centred on multiples of a step, ties to even."""
    first, half, _, kink, last_kink = plan.table_places[table].tolist()
    y = np.clip(score * plan.table_steps[table], np.float32(-half), np.float32(half))
    nearest = np.rint(y)
    row = first + half + nearest.astype(np.int64)
    for key in plan.kinks[kink:last_kink].astype(np.int32).view(np.float32):
        row += score >= key
    return row, y - nearest


def table_at(plan: Plan, table: int, row: NDArray[np.int64], local: Singles) -> Singles:
    """Polynomials of the rows, by Horner's rule: seven coefficients for words, five for scores."""
    coefficients = plan.table_rows[row]
    order = 5 if plan.table_places[table, 2] < 0 else 7
    value = coefficients[:, order - 1]
    for power in range(order - 2, -1, -1):
        value = fma(value, local, coefficients[:, power])
    return value


def piecewise(plan: Plan, function: int, words: Words) -> Singles:
    """The piece that begins last at or below each word, and how far the word is beyond its beginning."""
    first, last = plan.piece_ends[function].tolist()
    cuts = plan.piece_cuts[first:last]
    place = first + np.maximum(np.searchsorted(cuts, words, side="right") - 1, 0)
    beyond = (words - plan.piece_cuts[place]).astype(np.float32)
    return fma(beyond, plan.piece_slopes[place], plan.piece_values[place])


def fma(x: Singles, y: Singles, z: Singles) -> Singles:
    """x * y + z, rounded once: the product is exact in float64, the sum is rounded to odd there."""
    x, y, z = np.broadcast_arrays(*(np.asarray(value, np.float32).astype(np.float64) for value in (x, y, z)))
    product = x * y
    plain = product + z
    odd = wide._rounded_to_odd(product, z)
    return np.where(np.isfinite(plain) & (plain != 0.0), odd, plain).astype(np.float32)
