"""The sheets Risks and Measures: what each risk costs and when it comes, and what each measure brings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simengine.report.numbers import alone
from simengine.report.workbook.grid import Cell, Number, Rows, TableColumn, table_sheet
from simengine.report.workbook.style import Formats, estimate_shapes, number_shape

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

_TOGETHER = "all of them together"
_EFFECTS = ("P10", "P50", "P90", "CVaR95")
_Entry = Mapping[str, Any]


def write_risks(book: Workbook, register: _Entry, note: str, formats: Formats) -> None:
    """A row for each risk of each strategy, the costliest first, and one for all of them; no sheet without risks."""
    rows: Rows = []
    for one in register["strategies"]:
        lines = [(line["title"] or line["key"], line["key"], line) for line in one["risks"]]
        if one["together"]:
            lines.append((_TOGETHER, "", one["together"]))
        rows += [_risk(one, *line) for line in lines]
    columns = [
        *(TableColumn("Strategy", 18), TableColumn("Risk", 30), TableColumn("Place in the scenario", 20)),
        TableColumn("Unit", 12),
        *(TableColumn("Probability", 10, True), TableColumn("± prob.", 7, True)),
        *(TableColumn(f"Time, {which}", 6, True) for which in ("mean", "P10", "P90")),
        *(TableColumn("Expected loss", 8.5, True), TableColumn("± loss", 7, True)),
        *(TableColumn("In the worst 5 %", 9, True), TableColumn("± in worst", 8, True)),
        TableColumn("Share of CVaR 95", 8, True),
        *(TableColumn(f"Effect on {name}", 8, True) for name in (*_EFFECTS, "P(loss)")),
    ]
    if rows:
        table_sheet(book, "Risks", columns, rows, formats, landscape=True, note=note)


def write_measures(book: Workbook, register: _Entry, note: str, formats: Formats) -> None:
    """A row for each measure against risks, in each strategy; no sheet without measures."""
    rows: Rows = []
    for one in register["strategies"]:
        for effect in one["measures"]:
            changes = effect["changes"]
            row: list[Cell] = [one["strategy"], effect["title"] or effect["name"], "yes" if effect["used"] else "no"]
            row += [one["unit"], *_cells(effect["cost"]), *_cells(effect["benefit"]), *_cells(changes["mean"])]
            row += [_short(effect["net_per_cost"]), _short(changes["P5"]), _short(changes["CVaR95"])]
            rows.append(row)
    columns = [
        *(TableColumn("Strategy", 24), TableColumn("Measure", 44), TableColumn("Used", 9), TableColumn("Unit", 16)),
        *(column for name in ("Cost", "Brings", "Net benefit") for column in _pair(name, 13)),
        *(TableColumn(header, 13, True) for header in ("Net per cost", "Effect on P5", "Effect on CVaR95")),
    ]
    if rows:
        table_sheet(book, "Measures", columns, rows, formats, landscape=True, note=note)


def _risk(one: _Entry, title: str, key: str, line: _Entry) -> list[Cell]:
    effects = line["effects"]
    return [
        *(one["strategy"], title, key, one["unit"]),
        *_cells(line["probability"], percent=True),
        *(_short(line[name]) for name in ("mean_time", "p10_time", "p90_time")),
        *(*_cells(line["expected_loss"]), *_cells(line["tail_loss"]), _short(line["tail_share"], percent=True)),
        *(_short(effects[name]) for name in _EFFECTS),
        _short(effects["prob_loss"], percent=True),
    ]


def _pair(header: str, width: float) -> tuple[TableColumn, TableColumn]:
    return TableColumn(header, width, True), TableColumn(f"± {header[0].lower()}{header[1:]}", width, True)


def _cells(told: _Entry | None, *, percent: bool = False) -> list[Cell]:
    """A value and its standard error; empty cells where it means nothing."""
    value, se = _told(told)
    if value is None:
        return [None, None]
    shape, error = estimate_shapes(value, se, percent=percent)
    return [Number(value, shape), Number(se, error, error=True)]


def _short(told: _Entry | None, *, percent: bool = False) -> Cell:
    """A value alone, with no digit that its error does not allow."""
    value, se = _told(told)
    if value is None:
        return None
    factor = 100.0 if percent else 1.0
    return Number(value, number_shape(alone(factor * value, factor * se), percent=percent))


def _told(told: _Entry | None) -> tuple[float | None, float]:
    if told is None or told["value"] is None:
        return None, math.nan
    return float(told["value"]), math.nan if told["se"] is None else float(told["se"])
