"""Results as data frames, as an analyst expects them: tidy, typed, with units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simengine.report.statistics import (
    Statistic,
    reported_pairs,
    statistics_of,
    statistics_of_year,
    yearly_places,
)
from simengine.results.record import Record

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

COLUMNS = ("strategy", "output", "year", "unit", "statistic", "percentile", "value", "se")
INDEX = ("strategy", "output", "year")


def tidy_frame(record: Record) -> pd.DataFrame:
    """One row a number: :data:`COLUMNS`; the texts are categories in the order of reports."""
    import pandas as pd

    rows = [
        (
            *(strategy, output, year, entry.unit_beside(unit), entry.key),
            entry.level if entry.group == "percentile" else math.nan,
            *(entry.value, math.nan if entry.se is None else entry.se),
        )
        for strategy, output, year, unit, entries in _places(record)
        for entry in entries
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("year", "percentile", "value", "se"):
        frame[name] = frame[name].astype(np.float64)
    for name in ("strategy", "output", "unit", "statistic"):
        frame[name] = pd.Categorical(frame[name], categories=list(dict.fromkeys(frame[name])))
    return frame


def wide_frame(record: Record) -> pd.DataFrame:
    """One row an outcome, strategy and period: the unit, then each statistic with its standard error behind it.

    The level ``year`` of the index is left out where no outcome is reported by period.
    """
    import pandas as pd

    index, rows = [], []
    for strategy, output, year, unit, entries in _places(record):
        row: dict[str, object] = {"unit": unit}
        for entry in entries:
            row[entry.key] = entry.value
            if entry.se is not None:
                row[f"{entry.key}_se"] = entry.se
        index.append((strategy, output, year))
        rows.append(row)
    names = pd.MultiIndex.from_tuples(index or [("", "", math.nan)], names=list(INDEX))
    frame = pd.DataFrame(rows, index=names if index else names[:0])
    return frame if record.yearly_outputs else frame.droplevel("year")


def _places(record: Record) -> Iterator[tuple[str, str, float, str, list[Statistic]]]:
    """Strategy, outcome, period, unit and statistics of everything that is reported."""
    for s, o in reported_pairs(record):
        unit = str(record["unit"][o])
        yield record.strategies[s], record.outputs[o], math.nan, unit, statistics_of(record, s, o)
    for s, o, years in yearly_places(record):
        for y in years:
            names = record.strategies[s], record.yearly_outputs[o]
            unit = str(record["yearly_unit"][o])
            yield *names, float(record["year"][y]), unit, statistics_of_year(record, s, o, y)
