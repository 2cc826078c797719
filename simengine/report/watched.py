"""What `simengine watch` shows after a save: every outcome now, and how far it moved."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simengine.analysis.watched import MEASURES, Look, Movement
from simengine.report.measures import difference_estimate, measure_estimate
from simengine.report.text import Cell, Column, Style, printable, table, text_width, wrap

_HEADINGS = ("mean", "P10", "P50", "P90", "P(loss), %")
_MOST_EDITS = 6
"""Edits that are listed one by one."""


def watched_report(found: Look, saved: datetime.datetime, style: Style, *, since: str) -> str:
    """A page: when it was saved, what was edited, and a table of each outcome; ``since`` names what it is held against.

    Under each line stands how far its measures moved, on common draws, so that a small step shows through the noise.
    """
    title = found.scenario.header.title or found.scenario.name
    lines = [style.bold(line) for line in wrap(printable(title), style.width)]
    facts = f"{found.scenario.file}, saved {saved:%H:%M:%S}; {found.draws.trials:,} trials, seed {found.draws.seed}"
    lines += [style.dim(line) for line in wrap(printable(facts), style.width)]
    edits = _edits(found, since)
    if edits:
        lines += ["", *(line for edit in edits for line in wrap(edit, style.width))]
    for output in dict.fromkeys(movement.output for movement in found.movements):
        lines += ["", *_outcome([one for one in found.movements if one.output == output], found, style)]
    if any(_has_moved(movement) for movement in found.movements):
        note = f"moved: against {since}, on the same draws; {style.plus_minus} is one standard error of the difference."
        lines += ["", *(style.dim(line) for line in wrap(note, style.width))]
    return "\n".join(lines)


def _edits(found: Look, since: str) -> list[str]:
    if found.changes is None:
        return []
    differences = [(change, entry) for change in found.changes for entry in change.differences]
    if not differences:
        moved = any(_has_moved(movement) for movement in found.movements)
        return [f"Nothing differs from {since}{' but the data that are read' if moved else ''}."]
    lines = [
        printable(f"{entry.key}: {entry.old or '(not there)'} -> {entry.new or '(not there)'}")
        + ("" if change.effective else "  (no outcome depends on it)")
        for change, entry in differences[:_MOST_EDITS]
    ]
    if len(differences) > _MOST_EDITS:
        lines.append(f"and {len(differences) - _MOST_EDITS} more values")
    return [*lines, *(printable(f"gone: {name}") for name in found.gone)]


def _outcome(movements: Sequence[Movement], found: Look, style: Style) -> list[str]:
    unit = movements[0].unit
    head = style.bold(printable(movements[0].output) + (f" [{printable(unit)}]" if unit else ""))
    rest = [k for k, measure in enumerate(MEASURES) if not measure.share or _ever(movements, k)]
    lines = [head]
    while rest:
        size, block = _widest_block(movements, found, rest, style)
        lines += [*([""] if len(lines) > 1 else []), *block]
        rest = rest[size:]
    return lines


def _widest_block(
    movements: Sequence[Movement], found: Look, rest: Sequence[int], style: Style
) -> tuple[int, list[str]]:
    """As many of the measures side by side as the line has room for without breaking a name, at least one."""
    for size in range(len(rest), 0, -1):
        block = _block(movements, found, rest[:size], replace(style, color=False))
        if size == 1 or max(map(text_width, block)) <= style.width:
            break
    return size, _block(movements, found, rest[:size], style)


def _block(movements: Sequence[Movement], found: Look, shown: Sequence[int], style: Style) -> list[str]:
    rows: list[list[Cell]] = []
    for one in movements:
        errors = one.now.error(found.batches)
        rows.append(
            [one.strategy, *(measure_estimate(MEASURES[k], float(one.now.value[k]), float(errors[k])) for k in shown)]
        )
        rows += _moved(one, found, shown)
    long = max(text_width(one.strategy) for one in movements) > style.width // 3
    columns = [Column("strategy", flexible=long), *(Column(_HEADINGS[k], "right") for k in shown)]
    return table(columns, rows, style)


def _moved(one: Movement, found: Look, shown: Sequence[int]) -> list[list[Cell]]:
    change = one.change
    if change is None:
        return [["  new", *("" for _ in shown)]] if found.changes is not None else []
    if not _has_moved(one):
        return []
    errors = change.error(found.batches)
    cells: list[Cell] = [
        difference_estimate(MEASURES[k], float(change.value[k]), float(errors[k]))
        if change.value[k] or np.any(change.parts[:, k])
        else "="
        for k in shown
    ]
    return [["  moved", *cells]]


def _has_moved(one: Movement) -> bool:
    change = one.change
    return change is not None and bool(change.value.any() or change.parts.any())


def _ever(movements: Sequence[Movement], k: int) -> bool:
    """Whether a probability is anything but 0, now or before."""
    return any(one.now.value[k] or (one.before is not None and one.before.value[k]) for one in movements)
