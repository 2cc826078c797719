"""The ledger of one trial, and the self-check, as text and as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simengine.analysis.ledger import Ledger, LedgerRow, LedgerValue
from simengine.analysis.selfcheck import Comparison, SelfCheck
from simengine.deal.model import Model
from simengine.report.descriptions import described
from simengine.report.numbers import level, significant
from simengine.report.text import Cell, Column, Style, printable, table, text_width, wrap

_DIGITS = 10
"""Significant digits of a value; the JSON object has all of them."""
_YEARLY_DIGITS = 6
"""The same where the values of several periods stand side by side."""
_BY_YEAR = "by year"


@dataclass(frozen=True)
class _Line:
    """A quantity that has one value and one description in ``strategies``.

    ``years`` are the ends of its periods and ``values`` its values in them, both empty where it has one value.
    """

    kind: str
    strategies: tuple[str, ...]
    cells: tuple[str, str, str, str]
    years: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def ledger_text(ledger: Ledger, models: Sequence[Model], style: Style) -> str:
    """The draw of every input and the value of every formula: what all strategies share first, each number once.

    ``models`` are the strategies of the ledger, in the same order.
    """
    blocks: dict[tuple[str, ...], list[_Line]] = {}
    for row in ledger.rows:
        for line in _lines(row, ledger, models):
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
    """The inputs and the formulas of some strategies, a table each, and one of formulas over the years."""
    found = []
    for kind, how in (("input", "drawn from"), ("formula", "computed as")):
        rows: list[list[Cell]] = [list(line.cells) for line in lines if line.kind == kind]
        columns = [Column(kind), Column("value", "right"), Column("unit"), Column(how, flexible=True)]
        found += ["", *table(columns, rows, style)] if rows else []
    by_years: dict[tuple[str, ...], list[_Line]] = {}
    for line in lines:
        if line.years:
            by_years.setdefault(line.years, []).append(line)
    for years, mine in by_years.items():
        found += _years_tables(years, mine, style)
    return found


def _years_tables(years: Sequence[str], lines: Sequence[_Line], style: Style) -> list[str]:
    """Formulas in rows, periods in columns; the periods that do not fit follow below in tables of their own."""
    name = max(text_width(label) for label in (_BY_YEAR, *(line.cells[0] for line in lines)))
    widths = [2 + max(map(len, (year, *(line.values[k] for line in lines)))) for k, year in enumerate(years)]
    found, first = list[str](), 0
    while first < len(years):
        last, used = first, name
        while last < len(years) and (last == first or used + widths[last] <= style.width):
            used += widths[last]
            last += 1
        columns = [Column(_BY_YEAR), *(Column(year, "right") for year in years[first:last])]
        rows: list[list[Cell]] = [[line.cells[0], *line.values[first:last]] for line in lines]
        found += ["", *table(columns, rows, style)]
        first = last
    return found


def _lines(row: LedgerRow, ledger: Ledger, models: Sequence[Model]) -> Iterator[_Line]:
    """A line for each different value or description of a quantity."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...], str], list[str]] = {}
    for k, (model, value) in enumerate(zip(models, row.values, strict=True)):
        if value is None:
            continue
        years: tuple[str, ...] = ()
        if isinstance(value, tuple):
            shown = tuple(_shown(entry, _YEARLY_DIGITS) for entry in value)
            years = tuple(level(end) for end in ledger.years[k])
        else:
            shown = (_shown(value, _DIGITS),)
        groups.setdefault((years, shown, _description(row.name, model)), []).append(model.strategy)
    for (years, shown, description), strategies in groups.items():
        cells = (row.name, _BY_YEAR if years else shown[0], row.unit, description)
        yield _Line(row.kind, tuple(strategies), cells, years, shown if years else ())


def _shown(value: float, digits: int) -> str:
    return significant(value, digits) if math.isfinite(value) else str(value)


def _description(name: str, model: Model) -> str:
    if name in model.inputs:
        return described(model.inputs[name].marginal.description)
    return model.formulas[name].text


def ledger_object(ledger: Ledger) -> dict[str, Any]:
    """The same as plain values; numbers that are not finite are None.

    A yearly formula has the ends of its periods, ``years``, and its ``values`` in them.
    """
    return {
        "schema": 1,
        "trial": ledger.trial,
        "seed": ledger.seed,
        "strategies": {
            strategy: {
                kind: {
                    row.name: _plain(row.values[k], ledger.years[k])
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


def _plain(value: LedgerValue, years: tuple[float, ...]) -> object:
    if isinstance(value, tuple):
        return {"years": list(years), "values": [_finite(entry) for entry in value]}
    return _finite(value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
