"""The ledger of one trial, and the self-check, as text and as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from simengine.analysis.ledger import Ledger, LedgerRow
from simengine.analysis.selfcheck import Comparison, SelfCheck
from simengine.report.numbers import exact, significant
from simengine.report.text import Cell, Column, Style, table, wrap


def ledger_text(ledger: Ledger, style: Style) -> str:
    """The draw of every input and the value of every formula, a column for each strategy."""
    lines = [style.bold(f"trial {ledger.trial:,} of seed {ledger.seed}")]
    columns = [Column("name"), *[Column(name, "right") for name in ledger.strategies]]
    columns += [Column("unit", flexible=True), Column("drawn from, or computed as", flexible=True)]
    for kind, heading in (("input", "inputs"), ("formula", "formulas")):
        rows = [_cells(row) for row in ledger.rows if row.kind == kind]
        if rows:
            lines += ["", style.bold(heading), *table(columns, rows, style)]
    return "\n".join(lines)


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


def _cells(row: LedgerRow) -> list[Cell]:
    values: list[Cell] = [
        "" if value is None else exact(value) if math.isfinite(value) else str(value) for value in row.values
    ]
    return [row.name, *values, row.unit, " or ".join(row.details)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
