"""What float32 costs in accuracy: the same words through both machines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simengine.kernels import machine32
from simengine.kernels.machine import SOBOL, evaluate
from simengine.kernels.source import Source
from simengine.plan.narrow import widened
from simengine.plan.ops import DRAWS

Array = NDArray[np.float64]

_BLOCK = machine32.BLOCK
_DRAWS = sorted(int(op) for op in DRAWS)
_WORDS_TOGETHER = 1 << 20
"""Words that are kept at once."""


def differences(source: Source, outcomes: Array) -> Array:
    """How far outcomes of the first trials are from those of float64 arithmetic on the same words.

    outcomes: (outcomes, trials), widened.  The result, (outcomes, 2), is the largest and the mean absolute difference,
    as a share of the standard deviation of the float64 outcomes (of their size, where they do not vary); NaN where no
    trial is finite, inf where one is finite in float64 alone.
    """
    return gaps(outcomes, float64_outcomes(source, outcomes.shape[1]))


def gaps(outcomes: Array, exact: Array) -> Array:
    """The largest and the mean absolute difference of outcomes from exact ones, as :func:`differences` counts them."""
    found = np.empty((len(outcomes), 2))
    for k, (one, other) in enumerate(zip(outcomes, exact, strict=True)):
        finite = np.isfinite(other)
        if not finite.any():
            found[k] = np.nan
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.abs(one[finite] - other[finite])
            apart = np.where(np.isnan(apart), np.inf, apart)
            same = other[finite].min() == other[finite].max()  # whose sd need not be 0 to the last bit
            scale = float(np.abs(other[finite]).max()) or 1.0 if same else float(other[finite].std())
            found[k] = apart.max() / scale, apart.mean() / scale
    return found


def float64_outcomes(source: Source, n_trials: int) -> Array:
    """Outcomes of the first trials by the float64 plan, on 32-bit words widened to the middle of their cells.

    The float64 machine is given the words as points of replicates of one trial each.
    """
    plan = source.plan
    assert plan.reference is not None  # a float32 plan has one
    wide = plan.reference
    tape = wide.tape.copy()
    tape[np.isin(tape[:, 0], _DRAWS), 0] = SOBOL
    out = np.empty((len(plan.outputs), n_trials))
    together = max(_BLOCK, _WORDS_TOGETHER // max(1, len(plan.streams)) // _BLOCK * _BLOCK)
    for first in range(0, n_trials, together):
        count = min(together, n_trials - first)
        points = np.ascontiguousarray(widened(words(source, first, count)).T[:, :, None]).view(np.int64)
        arguments = list(Source(wide, source.seed, source.design, points).arguments())
        arguments[0], arguments[-2] = tape, 0
        part = out if count == n_trials else np.empty((len(plan.outputs), count))
        evaluate(0, count, part, *arguments)
        out[:, first : first + count] = part
    return out


def words(source: Source, first_trial: int, n_trials: int) -> NDArray[np.uint32]:
    """The words of every draw of a float32 plan, shape (draws, trials); first_trial is a multiple of the block."""
    plan = source.plan
    drawn = plan.tape[np.isin(plan.tape[:, 0], _DRAWS)][:, [0, 4]].tolist()
    rows = [row for op, c in drawn for row in ((op, 0, 0, 0, c), (machine32.KEEP, 0, 0, 0, c))]
    out = np.empty((len(plan.streams), n_trials), np.float32)
    arguments = list(source.arguments())
    arguments[0], arguments[1] = np.array(rows, np.int64).reshape(-1, 5), max(plan.registers, 1)
    machine32.evaluate(first_trial, n_trials, out, *arguments)
    return out.view(np.uint32)
