"""Ranks of inputs against outcomes in one pass: sums of each by the classes of the other.

Two tables say how inputs drive outcomes.  *By class*: an outcome's trials are divided into classes of about equal
probability, and the ranks of all inputs are summed in each; a rank correlation follows from it whatever ranks the
classes turn out to have.  *By cell*: an input's probability is divided into cells, and all outcomes are summed in
each; conditional means, and all that is decided by them, follow.  Every addition is of a whole row of neighbouring
numbers, in order of trial.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types

from simengine.kernels.arithmetic import fma
from simengine.kernels.jit import inline, intrinsic, kernel
from simengine.kernels.tally import bin_of

STEP = 256
"""Trials that are turned from columns into rows at a time: they stay in the first cache."""
LANES = 8
"""Rows are filled up to a multiple of this."""


@intrinsic
def add_row(typing: Any, to: Any, at: Any, x: Any, start: Any) -> Any:
    """Add x[start : start + LANES] to to[at : at + LANES], flat arrays of float64, as one vector."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.VectorType(ir.DoubleType(), LANES)

        def place(k: int) -> Any:
            array = cgutils.create_struct_proxy(signature.args[k])(context, builder, args[k])
            return builder.bitcast(builder.gep(array.data, [args[k + 1]]), lanes.as_pointer())

        target, source = place(0), place(2)
        total = builder.fadd(builder.load(target, align=8), builder.load(source, align=8))
        builder.store(total, target, align=8)
        return context.get_dummy_value()

    return types.void(to, types.int64, x, types.int64), build


@kernel
def tabulate(
    x,
    u,
    x_shift,
    u_shift,
    centre,
    scale,
    classes,
    by_class,
    class_counts,
    member_rows,
    member_levels,
    member_cuts,
    cuts,
    factor_members,
    by_cell,
    cell_counts,
    x_sums,
    u_sums,
):
    """Add the trials of x (outcomes, trials) and u (rank rows, trials) to the tables.

    x_shift, u_shift: what is subtracted of each row.  Classes of outcome k are classes[k, bin] of the grid (centre,
    scale), for the outcomes that class_counts (outcomes, classes) has.  Factor f has the members
    factor_members[f, 0]:factor_members[f, 1]; member m divides rank row member_rows[m] into member_levels[m] levels
    of equal width, or at cuts[member_cuts[m, 0]:member_cuts[m, 1]] where there are any, and a cell is one level of
    each.  Added to: by_class (outcomes, classes, rank rows, filled up), by_cell (factors, cells, outcomes, filled
    up), cell_counts (factors, cells), x_sums and u_sums (2, rows filled up): sums and sums of squares.
    """
    rows, size, ranks = x.shape[0], x.shape[1], u.shape[0]
    wide, deep = by_cell.shape[2], by_class.shape[2]
    xt = np.zeros(STEP * wide)
    ut = np.zeros(STEP * deep)
    cell = np.empty(STEP, np.int64)
    flat_classes, flat_cells = by_class.ravel(), by_cell.ravel()
    for start in range(0, size, STEP):
        count = min(STEP, size - start)
        for k in range(rows):
            shift, total, squares = x_shift[k], 0.0, 0.0
            for j in range(count):
                value = x[k, start + j] - shift
                xt[j * wide + k] = value
                total += value
                squares = fma(value, value, squares)
            x_sums[0, k] += total
            x_sums[1, k] += squares
        for r in range(ranks):
            shift, total, squares = u_shift[r], 0.0, 0.0
            for j in range(count):
                value = u[r, start + j] - shift
                ut[j * deep + r] = value
                total += value
                squares = fma(value, value, squares)
            u_sums[0, r] += total
            u_sums[1, r] += squares
        for k in range(class_counts.shape[0]):
            table, row = k * class_counts.shape[1], x[k, start : start + count]
            for j in range(count):
                cell[j] = classes[k, bin_of(row[j], centre[k], scale[k])]
            counts = class_counts[k]
            for j in range(count):
                counts[cell[j]] += 1
                place = (table + cell[j]) * deep
                for r in range(0, deep, LANES):
                    add_row(flat_classes, place + r, ut, j * deep + r)
        for f in range(factor_members.shape[0]):
            for j in range(count):
                cell[j] = 0
            for m in range(factor_members[f, 0], factor_members[f, 1]):
                levels, row = member_levels[m], u[member_rows[m], start : start + count]
                first, last = member_cuts[m, 0], member_cuts[m, 1]
                if first == last:
                    for j in range(count):
                        level = min(np.int64(row[j] * levels), levels - 1)
                        cell[j] = cell[j] * levels + level
                else:
                    for j in range(count):
                        cell[j] = cell[j] * levels
                    for q in range(first, last):
                        cut = cuts[q]
                        for j in range(count):
                            cell[j] += np.int64(row[j] >= cut)
            table, counts = f * by_cell.shape[1], cell_counts[f]
            for j in range(count):
                counts[cell[j]] += 1
                place = (table + cell[j]) * wide
                for k in range(0, wide, LANES):
                    add_row(flat_cells, place + k, xt, j * wide + k)


@kernel
def add_totals(x, begin, size, shift, contests, contest_rows, sums):
    """Add size columns of x (outcomes, room) from begin on and the best of each contest to sums, (2, rows).

    Rows of sums are outcomes, then contests; contest c is among the outcomes
    contest_rows[contests[c, 0]:contests[c, 1]].  Sums and sums of squares of values less the shift of their row are
    taken over 256 lanes, then over the lanes.
    """
    best = np.empty(size)
    one, two = np.empty(STEP), np.empty(STEP)
    for k in range(x.shape[0]):
        add_row_totals(x[k, begin : begin + size], size, shift[k], one, two, sums, k)
    for c in range(contests.shape[0]):
        first = x[contest_rows[contests[c, 0]], begin : begin + size]
        for j in range(size):
            best[j] = first[j]
        for m in range(contests[c, 0] + 1, contests[c, 1]):
            row = x[contest_rows[m], begin : begin + size]
            for j in range(size):
                best[j] = row[j] if row[j] > best[j] else best[j]
        k = x.shape[0] + c
        add_row_totals(best, size, shift[k], one, two, sums, k)


@inline
def add_row_totals(x, size, shift, one, two, sums, row):
    """Add the values of one row."""
    for lane in range(STEP):
        one[lane] = 0.0
        two[lane] = 0.0
    whole = size // STEP * STEP
    for at in range(0, whole, STEP):
        part = x[at : at + STEP]
        for lane in range(STEP):
            d = part[lane] - shift
            one[lane] += d
            two[lane] += d * d
    for j in range(whole, size):
        d = x[j] - shift
        one[j - whole] += d
        two[j - whole] += d * d
    for lane in range(STEP):
        sums[0, row] += one[lane]
        sums[1, row] += two[lane]
