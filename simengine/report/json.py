"""Results as one JSON object, of a shape that programs may rely on."""

from __future__ import annotations

import json as _json
import math
from collections.abc import Sequence
from typing import Any

from simengine.report.numbers import level
from simengine.report.statistics import Statistic, largest_gap, statistics_of, statistics_of_year, yearly_places
from simengine.results.record import Record

JSON_SCHEMA_VERSION = 1


def result_object(record: Record) -> dict[str, Any]:
    """The result as plain values: strategies, outcomes, statistics; numbers that do not exist are None.

    An outcome that is reported period by period has ``years`` in place of statistics: by the end of each period.
    """
    yearly = yearly_places(record)
    return {
        "schema": JSON_SCHEMA_VERSION,
        "scenario": record.text("scenario"),
        "title": record.text("title"),
        "trials": record.integer("trials"),
        "seed": record.integer("seed"),
        "sampler": record.text("sampler"),
        "device": record.text("device"),
        "precision": record.text("precision"),
        "precision_gap": _number(largest_gap(record, "precision_gap")),
        "stream_version": record.integer("stream_version"),
        "plan_digest": record.text("plan_digest"),
        "summary_digest": record.text("summary_digest"),
        "worst_table_error": _number(record.number("worst_table_error")),
        "timings": {name: _number(seconds) for name, seconds in record.document("timings").items()},
        "stopping": record.document("stopping"),
        "warnings": record.document("warnings"),
        "strategies": {
            name: {
                output: _outcome(record, place, o)
                for o, output in enumerate(record.outputs)
                if record["reported"][place, o]
            }
            | {record.yearly_outputs[o]: _by_year(record, s, o, years) for s, o, years in yearly if s == place}
            for place, name in enumerate(record.strategies)
        },
    }


def result_json(record: Record, *, ascii_only: bool = False) -> str:
    """The result as JSON text, one object."""
    return _json.dumps(result_object(record), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def _outcome(record: Record, strategy: int, output: int) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": str(record["unit"][output])}
    found |= _statistics(statistics_of(record, strategy, output))
    found["finite"] = int(record["finite"][strategy, output])
    found["faults"] = int(record["faults"][strategy, output])
    return found


def _statistics(entries: Sequence[Statistic]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    percentiles: dict[str, Any] = {}
    below: dict[str, Any] = {}
    for entry in entries:
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
    return found


def _by_year(record: Record, strategy: int, output: int, years: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for year in years:
        entry = _statistics(statistics_of_year(record, strategy, output, year))
        entry["finite"] = int(record["yearly_finite"][strategy, output, year])
        entry["faults"] = int(record["yearly_faults"][strategy, output, year])
        found[level(float(record["year"][year]))] = entry
    return {"unit": str(record["yearly_unit"][output]), "years": found}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
