"""A slow, independent twin of the kernels: runs a plan trial by trial in plain NumPy.

Everything is written from the meaning of the operations (``simengine.plan.ops``) and of the tables, not from the
kernels: its own Philox, table walk and fused multiply-add.  Values are equal to a kernel's to the bit except
after EXP, LOG and POW, where NumPy's functions stand in for the kernels' own (both are within an ulp or so).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simengine.plan.ops import DRAWS, Op
from simengine.plan.plan import Plan
from simengine.sampling.design import Design
from simengine.sampling.sobol import directions

Array = NDArray[np.float64]
Words = NDArray[np.uint64]


def run(plan: Plan, seed: int, trials: NDArray[np.integer] | int, of: int | None = None) -> Array:
    """Outcomes of the given trials (an array of numbers, or the first so many), shape (outcomes, trials).

    ``of``: how many trials the run has; as far as the last of them by default.
    """
    numbers = np.arange(trials) if isinstance(trials, int) else np.asarray(trials)
    bits = Design.of(plan.sampler, of or int(numbers.max(initial=0)) + 1).bits
    out = np.full((len(plan.outputs), numbers.size), np.nan)
    registers = np.full((plan.registers + plan.constants.size, numbers.size), np.nan)
    registers[plan.registers :] = plan.constants[:, None]
    with np.errstate(all="ignore"):
        for op, dst, a, b, c in plan.tape.tolist():
            kind = Op(op)
            if kind is Op.TALLY:
                out[c] = registers[a] + 0.0
            elif kind in DRAWS:
                registers[dst] = drawn(plan, kind, seed, c, numbers, bits).view(np.float64)
            elif kind is Op.UNIT_TO_WORD:
                registers[dst] = unit_to_word(registers[a]).view(np.float64)
            else:
                registers[dst] = step(plan, kind, registers, a, b, c)
    return out


def step(plan: Plan, op: Op, registers: Array, a: int, b: int, c: int) -> Array:
    """The values of one row that gives numbers."""
    x = registers[a]
    words = x.view(np.uint64)
    if op is Op.WORD_TO_X:
        return table_at(plan, c, *word_place(plan, c, words))
    if op is Op.SCORE_TO_X:
        return table_at(plan, c, *score_place(plan, c, x))
    if op is Op.PIECES:
        return piecewise(plan, c, words)
    if op is Op.STEP:
        return (words >= np.uint64(c % 2**64)).astype(np.float64)
    if op is Op.FMA:
        return fma(x, registers[b], registers[c])
    if op is Op.SELECT:
        return np.where(x != 0.0, registers[b], registers[c])
    if op in TWO:
        return TWO[op](x, registers[b])
    return ONE[op](x)


ONE: dict[Op, Callable[[Array], Array]] = {
    Op.NEGATE: np.negative,
    Op.ABSOLUTE: np.abs,
    Op.EXP: np.exp,
    Op.LOG: np.log,
    Op.SQRT: np.sqrt,
}
TWO: dict[Op, Callable[[Array, Array], Array]] = {
    Op.ADD: np.add,
    Op.SUBTRACT: np.subtract,
    Op.MULTIPLY: np.multiply,
    Op.DIVIDE: np.divide,
    Op.MINIMUM: lambda x, y: np.where((x < y) | np.isnan(x), x, y),
    Op.MAXIMUM: lambda x, y: np.where((x > y) | np.isnan(x), x, y),
    Op.LESS: lambda x, y: (x < y).astype(np.float64),
    Op.LESS_EQUAL: lambda x, y: (x <= y).astype(np.float64),
    Op.EQUAL: lambda x, y: (x == y).astype(np.float64),
    Op.NOT_EQUAL: lambda x, y: (x != y).astype(np.float64),
    Op.POW: np.power,
}


# ---- words ----


def drawn(plan: Plan, op: Op, seed: int, draw: int, trials: NDArray[np.integer], bits: int) -> Words:
    """The words of a draw of any kind, trial by trial, in Python's integers."""
    stream = int(plan.streams[draw])
    if op is Op.PHILOX:
        return philox_words(seed, stream, trials)
    word = {Op.SOBOL: sobol_word, Op.LHS: lhs_word, Op.ANTITHETIC: antithetic_word}[op]
    dimension = int(plan.dimensions[draw]) if op is Op.SOBOL else 0
    return np.array([word(seed, stream, int(trial), bits, dimension) for trial in trials], np.uint64)


def randomiser(seed: int, stream: int, replicate: int, number: int) -> int:
    """One of the 64 words of a stream that randomise a replicate."""
    return philox_word(seed, stream, 2**62 + 64 * replicate + number)


def sobol_word(seed: int, stream: int, trial: int, bits: int, dimension: int) -> int:
    """The Sobol point of natural order, times a lower triangular matrix of bits, plus a shift."""
    replicate, index = trial >> bits, trial & ((1 << bits) - 1)
    plain = 0
    for k, direction in enumerate(directions(dimension + 1, bits)[dimension].tolist()):
        plain ^= direction if index >> k & 1 else 0
    word = randomiser(seed, stream, replicate, 0)
    for k in range(bits):  # bit k from the top
        if plain >> (63 - k) & 1:
            below = randomiser(seed, stream, replicate, 1 + k) % (1 << (63 - k))
            word ^= 1 << (63 - k) | below
    return word


def lhs_word(seed: int, stream: int, trial: int, bits: int, _: int) -> int:
    """The stratum of a trial, then the independent draw below it."""
    replicate, x, size = trial >> bits, trial & ((1 << bits) - 1), 1 << bits
    for number in range(0, 8, 2):
        x = (
            x * (randomiser(seed, stream, replicate, number) | 1) + randomiser(seed, stream, replicate, number + 1)
        ) % size
        x ^= x >> ((bits + 1) // 2)
    return (x << 64 | philox_word(seed, stream, trial)) >> bits


def antithetic_word(seed: int, stream: int, trial: int, bits: int, _: int) -> int:
    """The draw of the first of a pair, or its complement."""
    reach = min(2 ** (bits - 1), 256)
    if trial & reach:
        return philox_word(seed, stream, trial - reach) ^ (2**64 - 1)
    return philox_word(seed, stream, trial)


def philox_words(seed: int, stream: int, trials: NDArray[np.integer]) -> Words:
    """Philox4x32-10, in Python's integers: counter (index, stream), key seed, two words a call."""
    return np.array([philox_word(seed, stream, int(trial)) for trial in trials], np.uint64)


def philox_word(seed: int, stream: int, trial: int) -> int:
    """The word of one trial."""
    group, lane = trial >> 9, trial & 511
    index = group * 256 + (lane & 255)
    mask = 0xFFFFFFFF
    counter = [index & mask, index >> 32, stream & mask, stream >> 32]
    key = [seed & mask, seed >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0],
            second & mask,
            (first >> 32) ^ counter[3] ^ key[1],
            first & mask,
        ]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    pair = counter[:2] if lane < 256 else counter[2:]
    return pair[0] | pair[1] << 32


def unit_to_word(x: Array) -> Words:
    """The word of 53 bits whose probability is x."""
    scaled = np.clip(np.where(np.isnan(x), 0.0, x) * 2.0**53, 0.0, 2.0**53 - 1)
    return np.floor(scaled).astype(np.uint64) << np.uint64(11)


# ---- tables ----


def word_place(plan: Plan, table: int, words: Words) -> tuple[NDArray[np.int64], Array]:
    """Row and local coordinate of words: octaves of the tail probability, each cut in 2**sub_bits segments."""
    first, half, sub_bits, kink, last_kink = plan.table_places[table].tolist()
    sub = 1 << sub_bits
    upper = words >= np.uint64(2**63)
    tail_bits = np.where(upper, ~words, words) >> np.uint64(11)
    tail = tail_bits.astype(np.float64) + 0.5
    mantissa, octave = np.frexp(tail)
    within = (2.0 * mantissa - 1.0) * sub
    part = np.floor(within)
    segment = octave.astype(np.int64) * sub + part.astype(np.int64)
    local = (within - part - 0.5) / sub
    row = first + np.where(upper, 2 * half - 1 - segment, segment)
    for key in plan.kinks[kink:last_kink].tolist():
        row += words >= np.uint64(key % 2**64)
    return row, local


def score_place(plan: Plan, table: int, score: Array) -> tuple[NDArray[np.int64], Array]:
    """Row and local coordinate of scores: uniform segments centred on multiples of a step, ties to even."""
    first, half, _, kink, last_kink = plan.table_places[table].tolist()
    y = np.clip(score * plan.table_steps[table], -float(half), float(half))
    nearest = np.rint(y)
    row = first + half + nearest.astype(np.int64)
    for key in plan.kinks[kink:last_kink]:
        row += score >= key.view(np.float64)
    return row, y - nearest


def table_at(plan: Plan, table: int, row: NDArray[np.int64], local: Array) -> Array:
    """Polynomials of the rows, by Horner's rule."""
    coefficients = plan.table_rows[row]
    value = coefficients[:, -1]
    for power in range(coefficients.shape[1] - 2, -1, -1):
        value = fma(value, local, coefficients[:, power])
    return value


def piecewise(plan: Plan, function: int, words: Words) -> Array:
    """The piece that begins last at or below each word, and how far the word is beyond its beginning."""
    first, last = plan.piece_ends[function].tolist()
    cuts = plan.piece_cuts[first:last]
    place = first + np.searchsorted(cuts, words, side="right") - 1
    beyond = (words - plan.piece_cuts[place]).astype(np.float64)
    return fma(beyond, plan.piece_slopes[place], plan.piece_values[place])


# ---- fused multiply-add ----


def fma(x: Array, y: Array, z: Array) -> Array:
    """x * y + z, rounded once (Boldo and Melquiond, 2008); exact fractions where that could over- or underflow."""
    x, y, z = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (x, y, z)))
    product = x * y
    extreme = ~np.isfinite(product + z) | (np.maximum(abs(x), abs(y)) > 1e150)
    extreme |= (abs(product) < 1e-200) & (x != 0.0) & (y != 0.0)
    high, low = _exact_product(x, y)
    first, rest = _exact_sum(z, low)
    total, second = _exact_sum(high, first)
    out = total + _rounded_to_odd(rest, second)
    exact_zero = (high == 0.0) & (low == 0.0)
    out = np.where(exact_zero, product + z, out)
    for place in np.argwhere(extreme):
        index = tuple(place)
        out[index] = slow_fma(float(x[index]), float(y[index]), float(z[index]))
    return out


def slow_fma(x: float, y: float, z: float) -> float:
    """x * y + z, rounded once, by exact fractions."""
    if not all(map(np.isfinite, (x, y, z))):
        return float(np.float64(x) * np.float64(y) + np.float64(z))
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if exact == 0:
        return x * y + z if x * y == 0.0 else 0.0
    try:
        return float(exact)
    except OverflowError:
        return float(np.inf if exact > 0 else -np.inf)


def _exact_sum(x: Array, y: Array) -> tuple[Array, Array]:
    total = x + y
    shadow = total - x
    return total, (x - (total - shadow)) + (y - shadow)


def _exact_product(x: Array, y: Array) -> tuple[Array, Array]:
    def split(value: Array) -> tuple[Array, Array]:
        scaled = value * 134217729.0
        high = scaled - (scaled - value)
        return high, value - high

    product = x * y
    (x_high, x_low), (y_high, y_low) = split(x), split(y)
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _rounded_to_odd(x: Array, y: Array) -> Array:
    total, error = _exact_sum(x, y)
    even = total.view(np.int64) & 1 == 0
    return np.where((error != 0.0) & even, np.nextafter(total, np.copysign(np.inf, error)), total)
