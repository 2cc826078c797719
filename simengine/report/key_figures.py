"""The outcomes of a deal besides its value in one table: payback, funding, probabilities, a row or two each."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simengine.report.descriptions import outcome_heading
from simengine.report.numbers import MISSING, Estimate, alone, estimate, level, share
from simengine.report.text import Cell, Column, Style, printable, table, text_width
from simengine.report.years_table import central_levels
from simengine.results.record import Record

_LABEL_WIDTH, _COLUMN_WIDTH = 16, 12
_ROUNDING = 1e-9


def condensed_outputs(record: Record) -> tuple[int, ...]:
    """Places of the outcomes that are printed as key figures: of a deal over years all but the first."""
    return tuple(range(1, len(record.outputs))) if record.yearly_outputs else ()


def key_figures(record: Record, style: Style) -> list[str]:
    """One row an outcome, its mean in every strategy, and a second one with percentiles where they fit.

    An outcome that is 0 or 1 is a probability, in percent.  Strategies that do not fit follow below each other.
    """
    outputs = condensed_outputs(record)
    strategies = [s for s in range(len(record.strategies)) if record["reported"][s, list(outputs)].any()]
    lines, rest = [style.bold("key figures")], strategies
    while rest:
        size, percentiles = _layout(record, outputs, rest, style)
        block = _block(record, outputs, rest[:size], style, percentiles=percentiles)
        lines += ["", *block] if len(rest) < len(strategies) else block
        rest = rest[size:]
    return lines


def is_event(record: Record, output: int) -> bool:
    """Whether an outcome is 0 or 1 in every trial of every strategy, and so its mean a probability.

    Of values within [0, 1] only those that are 0 or 1 have the variance m (1 - m).  What is 0 throughout, or 1, may be
    an amount as well: it needs a strategy in which it varies, or no unit.
    """
    there = record["reported"][:, output] & (record["finite"][:, output] > 0)
    low, high = record["minimum"][there, output], record["maximum"][there, output]
    if not there.any() or not (np.isin(low, (0.0, 1.0)) & np.isin(high, (0.0, 1.0))).all():
        return False
    varies = low < high
    n, m = record["finite"][there, output][varies], record["mean"][there, output][varies]
    variance = record["std"][there, output][varies] ** 2 * (n - 1) / n
    if not (np.abs(variance - m * (1.0 - m)) <= _ROUNDING).all():
        return False
    return bool(varies.any()) or str(record["unit"][output]) in ("", "1")


def _layout(record: Record, outputs: tuple[int, ...], rest: list[int], style: Style) -> tuple[int, bool]:
    """How many strategies stand side by side, at least one, and whether there is room for percentiles."""
    plain = replace(style, color=False)
    most = max((style.width - _LABEL_WIDTH) // _COLUMN_WIDTH, 1)
    for size in range(min(most, len(rest)), 0, -1):
        for percentiles in (True, False):
            block = _block(record, outputs, rest[:size], plain, percentiles=percentiles)
            if max(map(text_width, block)) <= style.width:
                return size, percentiles
    return 1, False


def _block(record: Record, outputs: tuple[int, ...], shown: list[int], style: Style, *, percentiles: bool) -> list[str]:
    levels = central_levels(record["quantile"].tolist())
    names = " / ".join(f"P{level(float(record['quantile'][k]))}" for k in levels)
    columns = [Column("", flexible=True), *(Column(printable(record.strategies[s]), "right") for s in shown)]
    rows: list[list[Cell]] = []
    for output in outputs:
        if not record["reported"][shown, output].any():
            continue
        event = is_event(record, output)
        title, unit = str(record["output_title"][output]), str(record["unit"][output])
        label = outcome_heading(record.outputs[output], title, "%" if event else unit)
        rows.append([label, *(_mean(record, s, output, event=event) for s in shown)])
        if percentiles and not event:
            rows.append([f"  {names}", *(_percentiles(record, s, output, levels) for s in shown)])
    return table(columns, rows, style)


def _mean(record: Record, strategy: int, output: int, *, event: bool) -> Cell:
    if not record["reported"][strategy, output] or record["finite"][strategy, output] == 0:
        return Estimate(MISSING)
    value, se = float(record["mean"][strategy, output]), float(record["mean_se"][strategy, output])
    if event and not math.isfinite(se):  # the same in every trial: what a probability of 0 or 1 has as its error
        se = float(record["prob_loss_se"][strategy, output])
    return share(value, se) if event else estimate(value, se)


def _percentiles(record: Record, strategy: int, output: int, levels: tuple[int, ...]) -> str:
    if not record["reported"][strategy, output] or record["finite"][strategy, output] == 0:
        return ""
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    return " / ".join(alone(float(values[k]), float(errors[k])) for k in levels)
