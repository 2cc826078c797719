"""A comparison as CSV and as one JSON object, of shapes that programs may rely on."""

from __future__ import annotations

import json
import math
from typing import Any

from simengine.report.comparison_rows import Number, numbers_of, of_all, of_pair, of_strategy
from simengine.report.comparison_verdict import verdict_of
from simengine.report.csv import PLAIN, Cell, CsvStyle, rows_csv
from simengine.report.text import Style
from simengine.results.record import Record

JSON_SCHEMA_VERSION = 1
COLUMNS = ("strategy", "against", "output", "unit", "statistic", "value", "se", "low", "high")


def comparison_csv(record: Record, style: CsvStyle = PLAIN) -> bytes:
    """All numbers, one a row: strategy, against, output, unit, statistic, value, se, low, high.

    ``against`` is empty for what belongs to one strategy, ``strategy`` too for what belongs to all; low and high are
    the ends of the 95 % interval.  Flags are 1 and 0, without an error.
    """
    rows: list[list[Cell]] = [
        [
            *(entry.strategy, entry.against, entry.output, entry.unit, entry.key),
            *(entry.value, entry.se, entry.low, entry.high),
        ]
        for entry in numbers_of(record)
    ]
    return rows_csv(COLUMNS, rows, style)


def comparison_object(record: Record) -> dict[str, Any]:
    """The comparison as plain values; numbers that do not exist are None.

    ``outputs`` maps each outcome to its unit, ``evpi``, ``verdict`` (sentences), ``strategies`` (by name, statistic)
    and ``pairs`` (by first strategy, second strategy, statistic).  A number is an object of value, se, low and high;
    a flag is true or false.
    """
    names = record.strategies
    outputs: dict[str, Any] = {}
    for o, output in enumerate(record.outputs):
        members = [s for s in range(len(names)) if record["reported"][s, o]]
        outputs[output] = {
            "unit": str(record["unit"][o]),
            **{entry.key: _value(entry) for entry in of_all(record, o)},
            "verdict": list(verdict_of(record, o, Style()).sentences),
            "strategies": {names[s]: {e.key: _value(e) for e in of_strategy(record, s, o)} for s in members},
            "pairs": {
                names[s]: {
                    names[a]: {entry.key: _value(entry) for entry in of_pair(record, s, a, o)}
                    for a in members
                    if a != s
                }
                for s in members
            },
        }
    return {
        "schema": JSON_SCHEMA_VERSION,
        "kind": record.text("kind"),
        "scenario": record.text("scenario"),
        "title": record.text("title"),
        "files": [{"name": entry["name"], "stored": entry["stored"]} for entry in record.document("files")],
        "baseline": record.text("baseline"),
        "decided": record.document("decided"),
        **{name: record.integer(name) for name in ("trials", "seed")},
        **{name: record.text(name) for name in ("sampler", "device", "precision")},
        "stream_version": record.integer("stream_version"),
        **{name: record.text(name) for name in ("plan_digest", "summary_digest")},
        **{name: _number(record.number(name)) for name in ("wealth", "risk_aversion")},
        "timings": {name: _number(seconds) for name, seconds in record.document("timings").items()},
        "warnings": record.document("warnings"),
        "notes": record.document("notes"),
        "outputs": outputs,
    }


def comparison_json(record: Record, *, ascii_only: bool = False) -> str:
    """The comparison as JSON text, one object."""
    return json.dumps(comparison_object(record), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def _value(entry: Number) -> Any:
    if entry.kind == "flag":
        return bool(entry.value)
    if entry.kind == "plain":
        return _number(entry.value)
    return {name: _number(getattr(entry, name)) for name in ("value", "se", "low", "high")}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
