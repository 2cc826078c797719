"""The operations of a tape and what their operands mean.

A tape is an int64 array of rows ``(op, dst, a, b, c)``.  ``dst``, ``a`` and ``b`` are registers, unless the table
below says otherwise; a register holds one block of trials, as float64 values or as 64-bit words.  Registers from
``Plan.registers`` upwards hold the constants.  The same numbers are used by every kernel, so a row means the
same on any device; they are part of the stream policy and are only ever added to.
"""

from __future__ import annotations

from enum import IntEnum


class Op(IntEnum):
    """One row of a tape.  x, y, z are the values of registers a, b, c."""

    PHILOX = 0
    """dst = words of draw stream c."""
    WORD_TO_X = 1
    """dst = quantile of the word in a, by the word table c."""
    SCORE_TO_X = 2
    """dst = quantile of the score in a, by the score table c."""
    UNIT_TO_WORD = 3
    """dst = the word whose probability is x, for 0 <= x <= 1."""
    PIECES = 4
    """dst = the piecewise linear quantile function c at the word in a."""
    STEP = 5
    """dst = 1 if the word in a is at least the word c (an immediate), else 0."""
    SOBOL = 6
    """dst = scrambled Sobol points of draw stream c."""
    LHS = 7
    """dst = Latin hypercube words of draw stream c."""
    ANTITHETIC = 8
    """dst = words of draw stream c, in pairs of opposites."""
    ADD = 10
    SUBTRACT = 11
    MULTIPLY = 12
    DIVIDE = 13
    FMA = 14
    """dst = x * y + z, rounded once."""
    MINIMUM = 15
    MAXIMUM = 16
    NEGATE = 17
    ABSOLUTE = 18
    LESS = 20
    """dst = 1 if x < y, else 0; likewise the comparisons that follow."""
    LESS_EQUAL = 21
    EQUAL = 22
    NOT_EQUAL = 23
    SELECT = 24
    """dst = y if x is not 0, else z."""
    EXP = 30
    LOG = 31
    SQRT = 32
    POW = 33
    TALLY = 60
    """Count the value in a as outcome c (an immediate)."""


DRAWS = frozenset({Op.PHILOX, Op.SOBOL, Op.LHS, Op.ANTITHETIC})
"""Operations that draw words."""

IMMEDIATE_C = frozenset({*DRAWS, Op.WORD_TO_X, Op.SCORE_TO_X, Op.PIECES, Op.STEP, Op.TALLY})
"""Operations whose c is a number or an index and not a register."""

OPERANDS = {
    Op.PHILOX: 0,
    Op.SOBOL: 0,
    Op.LHS: 0,
    Op.ANTITHETIC: 0,
    Op.WORD_TO_X: 1,
    Op.SCORE_TO_X: 1,
    Op.UNIT_TO_WORD: 1,
    Op.PIECES: 1,
    Op.STEP: 1,
    Op.ADD: 2,
    Op.SUBTRACT: 2,
    Op.MULTIPLY: 2,
    Op.DIVIDE: 2,
    Op.FMA: 3,
    Op.MINIMUM: 2,
    Op.MAXIMUM: 2,
    Op.NEGATE: 1,
    Op.ABSOLUTE: 1,
    Op.LESS: 2,
    Op.LESS_EQUAL: 2,
    Op.EQUAL: 2,
    Op.NOT_EQUAL: 2,
    Op.SELECT: 3,
    Op.EXP: 1,
    Op.LOG: 1,
    Op.SQRT: 1,
    Op.POW: 2,
    Op.TALLY: 1,
}
"""How many of a, b, c are registers that the operation reads, counted from a."""
