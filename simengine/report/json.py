"""Results as one JSON object, of a shape that programs may rely on."""

from __future__ import annotations

import json as _json
import math
from typing import Any

import numpy as np

from simengine.report.numbers import level
from simengine.report.statistics import statistics_of
from simengine.results.record import Record

JSON_SCHEMA_VERSION = 1


def result_object(record: Record) -> dict[str, Any]:
    """The result as plain values: strategies, outcomes, statistics; numbers that do not exist are None."""
    return {
        "schema": JSON_SCHEMA_VERSION,
        "scenario": record.text("scenario"),
        "title": record.text("title"),
        "trials": record.integer("trials"),
        "seed": record.integer("seed"),
        "sampler": record.text("sampler"),
        "device": record.text("device"),
        "precision": record.text("precision"),
        "precision_gap": _number(float(np.max(record["precision_gap"][record["reported"]], initial=0.0))),
        "stream_version": record.integer("stream_version"),
        "plan_digest": record.text("plan_digest"),
        "summary_digest": record.text("summary_digest"),
        "worst_table_error": _number(record.number("worst_table_error")),
        "timings": {name: _number(seconds) for name, seconds in record.document("timings").items()},
        "stopping": record.document("stopping"),
        "warnings": record.document("warnings"),
        "strategies": {
            name: {
                output: _outcome(record, s, o) for o, output in enumerate(record.outputs) if record["reported"][s, o]
            }
            for s, name in enumerate(record.strategies)
        },
    }


def result_json(record: Record, *, ascii_only: bool = False) -> str:
    """The result as JSON text, one object."""
    return _json.dumps(result_object(record), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def _outcome(record: Record, strategy: int, output: int) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": str(record["unit"][output])}
    percentiles: dict[str, Any] = {}
    below: dict[str, Any] = {}
    for entry in statistics_of(record, strategy, output):
        value: Any = _number(entry.value)
        if entry.se is not None:
            value = {"value": value, "se": _number(entry.se)}
        if entry.group == "percentile":
            percentiles[level(entry.level or 0.0)] = value
            found["percentiles"] = percentiles
        elif entry.key.startswith("prob_below"):
            below[level(entry.level or 0.0)] = value
            found["prob_below"] = below
        else:
            found[entry.key] = value
    found["finite"] = int(record["finite"][strategy, output])
    found["faults"] = int(record["faults"][strategy, output])
    return found


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
