"""The sheet Compare: every number of a comparison, one a row, with its standard error and its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simengine.report.comparison_rows import SHARES, numbers_of
from simengine.report.comparison_rows import Number as Compared
from simengine.report.workbook.grid import Cell, Number, Rows, TableColumn, table_sheet
from simengine.report.workbook.style import Formats, number_shape
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

_CLEAR = "_clear"
"""Ends the key of a flag that says whether the flag before it is beyond the intervals; if not, that one is unclear."""
_WORDS = {
    "evpi": "value of perfect information (EVPI)",
    "risk_tolerance": "risk tolerance",
    "prob_best": "probability of being the best of all",
    "regret": "expected regret",
    "ce_exponential": "certain worth at that risk tolerance",
    "ce_power": "certain worth with wealth",
    "prob_beats": "probability of beating the other",
    "mean_difference": "mean, less that of the other",
    "ce_exponential_difference": "certain worth, less that of the other",
    "ce_power_difference": "certain worth with wealth, less that of the other",
    "dominance_ratio": "share that contradicts dominance, first order",
    "second_order_ratio": "share that contradicts dominance, second order",
    "first_order": "dominates the other in the first order, on these trials",
    "second_order": "dominates the other in the second order, on these trials",
    "identical": "the same outcome in every trial",
    "different": "means told apart at 95 %",
}


def write_compare(book: Workbook, comparison: Record, note: str, formats: Formats) -> None:
    """Numbers of all strategies, of each, and of each pair: differences are those of the first less the second.

    ``note`` says what they rest on.
    """
    rows: Rows = []
    numbers = list(numbers_of(comparison))
    clear = {(one.strategy, one.output, one.key): one.value != 0.0 for one in numbers if one.key.endswith(_CLEAR)}
    for number in numbers:
        if number.key.endswith(_CLEAR):
            continue
        labels: list[Cell] = [number.strategy or "all", number.against, number.output, number.unit, _label(number.key)]
        told = clear.get((number.strategy, number.output, f"{number.key}{_CLEAR}"), True)
        rows.append([*labels, *(_cells(number) if told else ["unclear", None, None, None])])
    columns = [
        *(TableColumn("Strategy", 30), TableColumn("Against", 30), TableColumn("Outcome", 20), TableColumn("Unit", 14)),
        TableColumn("Statistic", 58),
        *(TableColumn("Value", 16, True), TableColumn("Standard error", 19, True)),
        *(TableColumn("95 % from", 15, True), TableColumn("95 % to", 15, True)),
    ]
    table_sheet(book, "Compare", columns, rows, formats, landscape=True, filtered=True, note=note)


def _label(key: str) -> str:
    """A statistic in words."""
    if key in _WORDS:
        return _WORDS[key]
    plain, less = key.removesuffix("_difference"), ", less that of the other" if key.endswith("_difference") else ""
    if plain.startswith("cvar"):
        return f"CVaR {plain.removeprefix('cvar').removesuffix('_loss')} % (loss){less}"
    if plain.startswith("efficient"):
        return f"efficient: none has a higher mean and a lower CVaR {plain.removeprefix('efficient')} %"
    return f"P{plain[1:]}{less}" if plain.startswith("p") else key


def _cells(number: Compared) -> list[Cell]:
    """Value, error and interval; a flag reads yes or no."""
    if number.kind == "flag":
        return ["yes" if number.value else "no", None, None, None]
    percent, shown = number.key in SHARES, number.estimate
    value = number_shape(shown.value, percent=percent)
    if number.kind == "plain" or math.isnan(number.se):
        return [Number(number.value, value), None, None, None]
    error = Number(number.se, number_shape(shown.error, percent=percent), error=True)
    return [Number(number.value, value), error, Number(number.low, value), Number(number.high, value)]
