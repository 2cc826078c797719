"""Drivers as tidy rows, CSV and JSON: every number with its labels and its standard error."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simengine.report.csv import PLAIN, CsvStyle, rows_csv
from simengine.report.numbers import level
from simengine.results.record import Record

COLUMNS = ("section", "strategy", "output", "factor", "statistic", "unit", "value", "se")
SWITCH_COLUMNS = ("output", "factor", "below", "above", "rank", "rank_se", "value", "low", "high")
JSON_SCHEMA_VERSION = 1

_OF_FACTORS = {
    "tornado": ("spearman", "contribution", "mean_change"),
    "sobol": ("first_order", "sobol_first", "sobol_total", "shapley"),
}
"""Numbers of an outcome and a factor, by section."""
_OF_POINTS = {"tornado": ("swing", "swing_point"), "spider": ("spider", "spider_point")}
"""Outcomes at points of an input: variable and its points; the input's own value is in ``<variable>_input``."""


@dataclass(frozen=True)
class DriverRow:
    """One number.  ``strategy`` is empty where it belongs to all, ``factor`` where it belongs to the outcome.

    ``se`` is None where the number is exact.
    """

    section: str
    strategy: str
    output: str
    factor: str
    statistic: str
    unit: str
    value: float
    se: float | None


def rows_of(record: Record) -> list[DriverRow]:
    """Every number that was asked for and exists, section by section."""
    return [row for row in _all_rows(record) if math.isfinite(row.value)]


def _all_rows(record: Record) -> list[DriverRow]:
    """Every number that was asked for, NaN where it does not exist."""
    asked = record.document("sections")
    found = [*_means(record)] if set(asked) - {"stress", "reverse"} else []
    for section in asked:
        found += _SECTIONS[section](record, section)
    return found


def _rows_with_gaps(record: Record) -> list[DriverRow]:
    """The rows that exist, and those of linked factors whose share cannot be told, with NaN."""
    linked = {
        (strategy, output, str(factor), statistic)
        for s, o, strategy, output, _ in _pairs(record)
        for f, factor in enumerate(record["factor"])
        if record["linked"][s, o, f]
        for statistic in (("contribution", "first_order") if record["factor_kind"][f] == "input" else ("first_order",))
    }
    return [
        row
        for row in _all_rows(record)
        if math.isfinite(row.value) or (row.strategy, row.output, str(row.factor), row.statistic) in linked
    ]


def _pairs(record: Record) -> Iterator[tuple[int, int, str, str, str]]:
    """Place and names of every outcome, with its unit."""
    for o, output in enumerate(record.outputs):
        for s, strategy in enumerate(record.strategies):
            if record["reported"][s, o]:
                yield s, o, strategy, output, str(record["unit"][o])


def _means(record: Record) -> Iterator[DriverRow]:
    for s, o, strategy, output, unit in _pairs(record):
        value, se = record["mean"][s, o], record["mean_se"][s, o]
        yield DriverRow("mean", strategy, output, "", "mean", unit, float(value), float(se))


def _of_factors(record: Record, section: str) -> Iterator[DriverRow]:
    for s, o, strategy, output, unit in _pairs(record):
        for f, factor in enumerate(record["factor"]):
            for name in _OF_FACTORS.get(section, ()):
                value, se = float(record[name][s, o, f]), float(record[f"{name}_se"][s, o, f])
                own = unit if name == "mean_change" else "1"
                yield DriverRow(section, strategy, output, factor, name, own, value, se)
            yield from _of_points(record, section, (s, o, f), (strategy, output, factor, unit))


def _of_points(
    record: Record, section: str, place: tuple[int, int, int], labels: tuple[str, str, str, str]
) -> Iterator[DriverRow]:
    if section not in _OF_POINTS:
        return
    variable, points = _OF_POINTS[section]
    strategy, output, factor, unit = labels
    own = str(record["factor_unit"][place[2]])
    for p, point in enumerate(record[points].tolist()):
        at = f"at_p{level(point)}"
        value = float(record[variable][(*place, p)])
        yield DriverRow(section, strategy, output, factor, f"{variable}_{at}", unit, value, None)
        value = float(record[f"{variable}_input"][(*place, p)])
        yield DriverRow(section, strategy, output, factor, f"input_{at}", own, value, None)
        if variable == "spider":
            value, se = float(record["spider_mean"][(*place, p)]), float(record["spider_mean_se"][(*place, p)])
            yield DriverRow(section, strategy, output, factor, f"mean_{at}", unit, value, se)


def _information(record: Record, section: str) -> Iterator[DriverRow]:
    for o, output in enumerate(record.outputs):
        unit = str(record["unit"][o])
        value, se = float(record["evpi"][o]), float(record["evpi_se"][o])
        yield DriverRow(section, "", output, "", "evpi", unit, value, se)
        for f, factor in enumerate(record["factor"]):
            value, se = float(record["evppi"][o, f]), float(record["evppi_se"][o, f])
            yield DriverRow(section, "", output, factor, "evppi", unit, value, se)
            for name in ("evppi_raw", "evppi_null"):
                yield DriverRow(section, "", output, factor, name, unit, float(record[name][o, f]), None)


def _stress(record: Record, section: str) -> Iterator[DriverRow]:
    for s, o, strategy, output, unit in _pairs(record):
        left = float(record["stress_trials"][s, o])
        yield DriverRow(section, strategy, output, "", "trials", "1", left, None)
        for k, statistic in enumerate(record["statistic"]):
            own = "1" if statistic == "prob_loss" else unit
            for name, label in (("stress", "stressed"), ("stress_base", "all"), ("stress_change", "change")):
                value, se = float(record[name][s, o, k]), float(record[f"{name}_se"][s, o, k])
                yield DriverRow(section, strategy, output, "", f"{statistic}_{label}", own, value, se)


def _reverse(record: Record, section: str) -> Iterator[DriverRow]:
    for s, o, strategy, output, _ in _pairs(record):
        for f, factor in enumerate(record["factor"]):
            unit = str(record["factor_unit"][f])
            for k, statistic in enumerate(record["tail_statistic"]):
                value, se = float(record["tail"][s, o, f, k]), float(record["tail_se"][s, o, f, k])
                yield DriverRow(section, strategy, output, factor, f"{statistic}_tail", unit, value, se)
                value = float(record["tail_base"][s, o, f, k])
                yield DriverRow(section, strategy, output, factor, f"{statistic}_all", unit, value, None)
            value, se = float(record["tail_shift"][s, o, f]), float(record["tail_shift_se"][s, o, f])
            yield DriverRow(section, strategy, output, factor, "shift", "1", value, se)


_SECTIONS = {
    "tornado": _of_factors,
    "sobol": _of_factors,
    "spider": _of_factors,
    "evppi": _information,
    "stress": _stress,
    "reverse": _reverse,
}


def drivers_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """All numbers, one a row: section, strategy, output, factor, statistic, unit, value, se."""
    rows = [
        [*(row.section, row.strategy, row.output, row.factor, row.statistic, row.unit), row.value, row.se]
        for row in rows_of(record)
    ]
    return rows_csv(COLUMNS, rows, style)


def switches_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """Where the best strategy changes: output, factor, below, above, rank and its error, value and its interval."""
    rows: list[list[str | float]] = []
    for k in range(len(record["switch_output"])):
        names = [str(record[f"switch_{name}"][k]) for name in SWITCH_COLUMNS[:4]]
        rows.append([*names, *(float(record[f"switch_{name}"][k]) for name in SWITCH_COLUMNS[4:])])
    return rows_csv(SWITCH_COLUMNS, rows, style)


def drivers_object(record: Record) -> dict[str, Any]:
    """Everything as plain values; shares that cannot be told are None, other numbers that do not exist left out.

    Numbers of switches that do not exist are None too.
    """
    outputs: dict[str, Any] = {}
    for o, output in enumerate(record.outputs):
        outputs[output] = {"unit": str(record["unit"][o]), "strategies": {}, "switches": []}
    for row in _rows_with_gaps(record):
        entry = outputs[row.output]
        place = entry["strategies"].setdefault(row.strategy, {}) if row.strategy else entry
        place = place.setdefault(row.section, {})
        if row.factor:
            place = place.setdefault("factors", {}).setdefault(row.factor, {})
        place[row.statistic] = row.value if row.se is None else {"value": _number(row.value), "se": _number(row.se)}
    for k, output in enumerate(record["switch_output"]):
        outputs[output]["switches"].append(_switch(record, k))
    for o, f in zip(*record["event_best"].astype(bool).nonzero(), strict=True):
        entry = outputs[record.outputs[o]].setdefault("event_best", {})
        entry[str(record["factor"][f])] = str(record["event_best"][o, f])
    head = ("scenario", "title", "sampler", "plan_digest")
    numbers = ("trials", "ranked_trials", "left_out", "seed", "stream_version", "sobol_points", "shapley_points")
    documents = ("sections", "stress_conditions", "notes", "warnings", "timings")
    return {
        "schema": JSON_SCHEMA_VERSION,
        "kind": "drivers",
        **{name: record.text(name) for name in head},
        **{name: record.integer(name) for name in numbers},
        **{name: record.document(name) for name in documents},
        "factors": {
            str(name): {
                "kind": str(record["factor_kind"][f]),
                "members": str(record["factor_members"][f]).split(),
                "unit": str(record["factor_unit"][f]),
                "title": str(record["factor_title"][f]),
            }
            for f, name in enumerate(record["factor"])
        },
        "outputs": outputs,
    }


def drivers_json(record: Record, *, ascii_only: bool = False) -> str:
    """The same as JSON text, one object."""
    return json.dumps(drivers_object(record), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def _switch(record: Record, k: int) -> dict[str, Any]:
    found: dict[str, Any] = {name: str(record[f"switch_{name}"][k]) for name in ("factor", "below", "above")}
    found["rank"] = {"value": float(record["switch_rank"][k]), "se": _number(float(record["switch_rank_se"][k]))}
    return found | {name: _number(float(record[f"switch_{name}"][k])) for name in ("value", "low", "high")}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
