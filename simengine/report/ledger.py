"""The ledger of one trial, and the self-check, as text and as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simengine.analysis.ledger import Ledger, LedgerRow
from simengine.analysis.selfcheck import Comparison, SelfCheck
from simengine.deal.model import Model
from simengine.report.descriptions import described
from simengine.report.numbers import significant
from simengine.report.text import Cell, Column, Style, printable, table, wrap

_DIGITS = 10
"""Significant digits of a value; the JSON object has all of them."""


@dataclass(frozen=True)
class _Line:
    """A quantity that has one value and one description in ``strategies``."""

    kind: str
    strategies: tuple[str, ...]
    cells: tuple[str, str, str, str]


def ledger_text(ledger: Ledger, models: Sequence[Model], style: Style) -> str:
    """The draw of every input and the value of every formula: what all strategies share first, each number once.

    ``models`` are the strategies of the ledger, in the same order.
    """
    blocks: dict[tuple[str, ...], list[_Line]] = {}
    for row in ledger.rows:
        for line in _lines(row, models):
            blocks.setdefault(line.strategies, []).append(line)
    lines = [style.bold(f"trial {ledger.trial:,} of seed {ledger.seed}")]
    for strategies in sorted(blocks, key=lambda names: -len(names)):
        if len(ledger.strategies) > 1:
            everywhere = strategies == ledger.strategies
            heading = "the same in all strategies" if everywhere else f"in {', '.join(strategies)}"
            lines += ["", *(style.bold(line) for line in wrap(printable(heading), style.width))]
        lines += _block(blocks[strategies], style)
    return "\n".join(lines)


def _block(lines: Sequence[_Line], style: Style) -> list[str]:
    """The inputs and the formulas of some strategies, a table each."""
    found = []
    for kind, how in (("input", "drawn from"), ("formula", "computed as")):
        rows: list[list[Cell]] = [list(line.cells) for line in lines if line.kind == kind]
        columns = [Column(kind), Column("value", "right"), Column("unit"), Column(how, flexible=True)]
        found += ["", *table(columns, rows, style)] if rows else []
    return found


def _lines(row: LedgerRow, models: Sequence[Model]) -> Iterator[_Line]:
    """A line for each different value or description of a quantity."""
    groups: dict[tuple[str, str], list[str]] = {}
    for model, value in zip(models, row.values, strict=True):
        if value is not None:
            shown = significant(value, _DIGITS) if math.isfinite(value) else str(value)
            groups.setdefault((shown, _description(row.name, model)), []).append(model.strategy)
    for (shown, description), strategies in groups.items():
        yield _Line(row.kind, tuple(strategies), (row.name, shown, row.unit, description))


def _description(name: str, model: Model) -> str:
    if name in model.inputs:
        return described(model.inputs[name].marginal.description)
    return model.formulas[name].text


def ledger_object(ledger: Ledger) -> dict[str, Any]:
    """The same as plain values; numbers that are not finite are None."""
    return {
        "schema": 1,
        "trial": ledger.trial,
        "seed": ledger.seed,
        "strategies": {
            strategy: {
                kind: {
                    row.name: _finite(row.values[k])
                    for row in ledger.rows
                    if row.kind == kind[:-1] and row.values[k] is not None
                }
                for kind in ("inputs", "formulas")
            }
            for k, strategy in enumerate(ledger.strategies)
        },
    }


def selfcheck_text(check: SelfCheck, style: Style) -> str:
    """How many numbers agree with their closed forms, the worst of them, and those that do not."""
    kinds = Counter((entry.kind, entry.measure) for entry in check.comparisons)
    counts = ", ".join(f"{n} {measure}{'s' if n != 1 else ''} of {kind}s" for (kind, measure), n in kinds.items())
    verdict = "passed" if check.passed else "FAILED"
    text = f"self-check {verdict}: {counts or 'nothing'} compared with closed forms over {check.trials:,} trials"
    worst = max(check.comparisons, key=lambda entry: abs(entry.difference), default=None)
    if worst is not None and math.isfinite(worst.difference):
        text += f"; largest difference {abs(worst.difference):.1f} standard errors ({worst.measure} of {worst.name})"
    lines = wrap(text, style.width)
    if check.without_closed_form:
        names = ", ".join(check.without_closed_form)
        lines += wrap(f"no closed form is known for {names}: only what it depends on was checked", style.width)
    failed = [entry for entry in check.comparisons if not entry.passed]
    return "\n".join([*lines, *(_failed_table(failed, style) if failed else [])])


def _failed_table(failed: Sequence[Comparison], style: Style) -> list[str]:
    columns = [Column("quantity"), Column("strategies", flexible=True), Column("exact", "right")]
    columns += [Column("simulated", "right"), Column("standard errors", "right")]
    rows: list[list[Cell]] = [
        [
            f"{entry.measure} of {entry.name}",
            ", ".join(entry.strategies),
            significant(entry.exact, 9),
            significant(entry.simulated, 9),
            f"{entry.difference:+.1f}",
        ]
        for entry in failed
    ]
    return ["", *table(columns, rows, style)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
