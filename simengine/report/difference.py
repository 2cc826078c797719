"""What `simengine diff` prints: the changes, and for each outcome what every change adds to its difference."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from simengine.analysis.difference.attribute import MEASURES, Attribution, Contributions
from simengine.analysis.difference.changes import Change
from simengine.analysis.measures import Array
from simengine.report.csv import PLAIN, CsvStyle, rows_csv
from simengine.report.descriptions import draws_in_words
from simengine.report.measures import difference_estimate, measure_estimate, number, valued
from simengine.report.numbers import Estimate
from simengine.report.text import Cell, Column, Style, printable, table, text_width, wrap

NAMES = ("mean", "p10", "p50", "p90", "prob_loss", "cvar95_loss")
"""The measures in files."""

CSV_COLUMNS = ("strategy", "output", "unit", "statistic", "part", "change", "value", "se", "order_se")

_WIDEST_LABEL = 36
_HEADINGS = ("mean", "P10", "P50", "P90", "P(loss), %", "CVaR95")


def difference_report(found: Attribution, style: Style) -> str:
    """Everything as text."""
    lines = [style.bold(line) for line in wrap(f"{found.old.file} against {found.new.file}", style.width)]
    lines += wrap(_how(found), style.width)
    lines += ["", *_changes(found, style)]
    if found.groups:
        lines += _long_names(found, style)
        for one in found.contributions:
            lines += ["", *_contributions(found, one, style)]
    lines += ["", *(style.dim(line) for note in _notes(found, style) for line in wrap(note, style.width))]
    return "\n".join(lines)


def _how(found: Attribution) -> str:
    count = sum(len(change.differences) for change in found.changes)
    if not count:
        return "The files say the same."
    numbers = sum(change.effective for change in found.changes)
    facts = f"{count} value{'s differ' if count != 1 else ' differs'}"
    if not numbers:
        return f"{facts}, none of which changes an outcome."
    draws = found.draws
    drawn = f"{draws.trials:,} trials, seed {draws.seed}, {draws_in_words(draws.sampler)}"
    return f"{facts}; {drawn}, the same for every variant"


def _changes(found: Attribution, style: Style) -> list[str]:
    rows: list[list[Cell]] = [
        [entry.key, entry.old or "(not there)", entry.new or "(not there)", _short(entry.new_place or entry.old_place)]
        for change in found.changes
        for entry in change.differences
    ]
    if not rows:
        return []
    columns = [Column("value", flexible=True), Column("old", flexible=True), Column("new", flexible=True)]
    return table([*columns, Column("where", flexible=True)], rows, style)


def _short(place: str) -> str:
    """``file:line`` without the folder."""
    return place.rpartition("/")[2]


def _contributions(found: Attribution, one: Contributions, style: Style) -> list[str]:
    """The table of one outcome, in blocks of as many measures as the line has room for."""
    shown = [k for k, measure in enumerate(MEASURES) if not measure.share or _ever(one, k)]
    unit = f" [{printable(one.unit)}]" if one.unit else ""
    lines = [style.bold(f"{one.output} of {printable(one.strategy)}{unit}")]
    rest = shown
    while rest:
        for size in range(len(rest), 0, -1):
            block = _block(found, one, rest[:size], replace(style, color=False))
            if size == 1 or max(map(text_width, block)) <= style.width:
                break
        lines += ["", *_block(found, one, rest[:size], style)] if len(rest) < len(shown) else block
        rest = rest[size:]
    silent = sum(_is_silent(one, group) for group in range(len(found.groups)))
    if silent:
        what = "1 change does" if silent == 1 else f"{silent} changes do"
        lines += [style.dim(f"{what} not touch it.")]
    return lines


def _ever(one: Contributions, measure: int) -> bool:
    """Whether a measure is anything but 0, before or after."""
    return bool(one.old.value[measure] or one.new.value[measure])


def _is_silent(one: Contributions, group: int) -> bool:
    return not one.shares.value[:, group].any() and not one.shares.parts[:, :, group].any()


def _block(found: Attribution, one: Contributions, shown: list[int], style: Style) -> list[str]:
    batches = found.batches
    errors = one.error(batches)
    rows: list[list[Cell]] = [["old", *_levels(one.old.value, one.old.error(batches), shown)]]
    for group in range(len(found.groups)):
        if not _is_silent(one, group):
            rows.append([_name(found, group), *_steps(one.shares.value[:, group], errors[:, group], shown)])
    rows.append(["all changes", *_steps(one.total.value, one.total.error(batches), shown)])
    rows.append(["new", *_levels(one.new.value, one.new.error(batches), shown)])
    return table([Column(""), *(Column(_HEADINGS[k], "right") for k in shown)], rows, style)


def _name(found: Attribution, group: int) -> str:
    """The label of a group in tables: its path, or a number where that is long, which :func:`_long_names` explains."""
    label = found.label(group)
    return label if text_width(label) <= _WIDEST_LABEL else f"change {group + 1}"


def _long_names(found: Attribution, style: Style) -> list[str]:
    """What the changes are that tables call by a number: each path whole, on a line of its own."""
    lines = []
    for group in range(len(found.groups)):
        name = _name(found, group)
        if name != found.label(group):
            lines.append(f"{name}:")
            lines += [f"  {found.changes[place].label}" for place in found.groups[group]]
    return ["", *(style.dim(line) for line in lines)] if lines else []


def _levels(values: Array, errors: Array, shown: list[int]) -> list[Estimate]:
    return [measure_estimate(MEASURES[k], float(values[k]), float(errors[k])) for k in shown]


def _steps(values: Array, errors: Array, shown: list[int]) -> list[Estimate]:
    return [difference_estimate(MEASURES[k], float(values[k]), float(errors[k])) for k in shown]


def _notes(found: Attribution, style: Style) -> list[str]:
    notes = [f"{doubt.key} {doubt.reason}; {doubt.hint}." for doubt in found.doubts]
    if found.groups:
        way = (
            f"exact over all {1 << len(found.groups)} sets of changes"
            if not found.orders
            else f"from {found.orders} random orders, whose error is part of the errors"
        )
        notes.append(
            f"Each line is a Shapley value, {way}: what the change adds, in the mean over the orders in which the "
            f"changes could be made. The lines add up to all changes. {style.plus_minus} is one standard error on "
            f"common draws. CVaR95 is a loss."
        )
    for group in found.groups:
        if len(group) > 1:
            labels = " and ".join(found.changes[place].label for place in group)
            notes.append(f"Together only: {labels} make no valid scenario one without the other.")
    idle = [change.label for change in found.changes if not change.effective and not _is_strategy(change)]
    if idle:
        notes.append(f"Listed only, for no outcome depends on it: {', '.join(idle)}.")
    for names, what in ((found.strategies_added, "new"), (found.strategies_removed, "gone")):
        if names:
            notes.append(f"Strategies that are {what}, and so not compared: {', '.join(names)}.")
    return notes


def _is_strategy(change: Change) -> bool:
    return change.path[0] == "strategies" and len(change.path) == 2


def difference_object(found: Attribution) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "schema": 1,
        "old": found.old.file,
        "new": found.new.file,
        "trials": found.draws.trials,
        "seed": found.draws.seed,
        "sampler": found.draws.sampler,
        "method": "random orders" if found.orders else "exact",
        "orders": found.orders,
        "strategies_added": list(found.strategies_added),
        "strategies_removed": list(found.strategies_removed),
        "changes": [
            {"key": e.key, "kind": e.kind, "old": e.old, "new": e.new, "old_place": e.old_place,
             "new_place": e.new_place, "effective": change.effective}
            for change in found.changes
            for e in change.differences
        ],
        "notes": [f"{doubt.key} {doubt.reason}" for doubt in found.doubts],
        "groups": [[found.changes[place].label for place in group] for group in found.groups],
        "outcomes": [_outcome(found, one) for one in found.contributions],
    }  # fmt: skip


def _outcome(found: Attribution, one: Contributions) -> dict[str, Any]:
    batches = found.batches
    sides = {name: (part, part.error(batches)) for name, part in (("old", one.old), ("new", one.new))}
    total, errors = one.total.error(batches), one.error(batches)
    return {
        "strategy": one.strategy,
        "output": one.output,
        "unit": one.unit,
        "statistics": {
            name: {
                **{side: valued(part.value[k], error[k]) for side, (part, error) in sides.items()},
                "total": valued(one.total.value[k], total[k]),
                "contributions": [
                    {"changes": found.label(g), **valued(one.shares.value[k, g], errors[k, g]),
                     "order_se": number(float(one.order_error[k, g]))}
                    for g in range(len(found.groups))
                ],
            }
            for k, name in enumerate(NAMES)
        },
    }  # fmt: skip


def difference_json(found: Attribution, *, ascii_only: bool = False) -> str:
    """Everything as one JSON object."""
    return json.dumps(difference_object(found), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def difference_rows(found: Attribution) -> list[list[str | float]]:
    """One number a row: old, new, their difference (total) and the part of every change, for each statistic."""
    batches = found.batches
    rows: list[list[str | float]] = []
    for one in found.contributions:
        errors = one.error(batches)
        whole = [("old", one.old), ("new", one.new), ("total", one.total)]
        for k, name in enumerate(NAMES):
            head: list[str | float] = [one.strategy, one.output, "1" if MEASURES[k].share else one.unit, name]
            for part, side in whole:
                rows.append([*head, part, "", float(side.value[k]), float(side.error(batches)[k]), 0.0])
            for g in range(len(found.groups)):
                numbers = (one.shares.value[k, g], errors[k, g], one.order_error[k, g])
                rows.append([*head, "change", found.label(g), *map(float, numbers)])
    return rows


def difference_csv(found: Attribution, style: CsvStyle = PLAIN) -> bytes:
    """The rows of :func:`difference_rows` as a file with the columns :data:`CSV_COLUMNS`."""
    return rows_csv(CSV_COLUMNS, difference_rows(found), style)
