"""Results as small HTML tables, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from simengine.report.numbers import level
from simengine.report.statistics import statistics_of, statistics_of_year, yearly_places
from simengine.report.years_table import central_levels
from simengine.results.record import Record


def outcome_tables(record: Record) -> str:
    """One table an outcome, one column a strategy, and one for each outcome by year; every text is escaped."""
    parts = [f"<div><strong>{escape(record.text('title') or record.text('scenario'))}</strong>"]
    parts.append(f"<br>{record.integer('trials'):,} trials, seed {record.integer('seed')}")
    for output, name in enumerate(record.outputs):
        strategies = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
        unit = str(record["unit"][output])
        parts.append(f"<table><caption>{escape(name)}{escape(f' [{unit}]' if unit else '')}</caption>")
        header = "".join(f"<th>{escape(record.strategies[s])}</th>" for s in strategies)
        parts.append(f"<thead><tr><th></th>{header}</tr></thead><tbody>")
        listed = [statistics_of(record, s, output) for s in strategies]
        labels = {entry.key: entry.heading for entries in listed for entry in entries if entry.group != "shape"}
        for key, label in labels.items():
            found = [next((entry for entry in entries if entry.key == key), None) for entries in listed]
            cells = "".join(f"<td>{escape(entry.estimate.text()) if entry else ''}</td>" for entry in found)
            parts.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
        parts.append("</tbody></table>")
    parts += [_years(record, strategy, output, years) for strategy, output, years in yearly_places(record)]
    parts.append("</div>")
    return "".join(parts)


def _years(record: Record, strategy: int, output: int, years: Sequence[int]) -> str:
    """An outcome of one strategy by year: mean and the central percentiles, each with its error."""
    percents = record["quantile"].tolist()
    keys = ["mean", *(f"p{level(percents[k])}" for k in central_levels(percents))]
    name, unit = record.yearly_outputs[output], str(record["yearly_unit"][output])
    title = f"{name}{f' [{unit}]' if unit else ''}, {record.strategies[strategy]}"
    rows = []
    for year in years:
        found = {entry.key: entry for entry in statistics_of_year(record, strategy, output, year)}
        cells = "".join(f"<td>{escape(found[key].estimate.text())}</td>" for key in keys)
        rows.append(f"<tr><th>{level(float(record['year'][year]))}</th>{cells}</tr>")
    header = "".join(f"<th>{label}</th>" for label in ["year", "mean", *(key.upper() for key in keys[1:])])
    return (
        f"<table><caption>{escape(title)}</caption><thead><tr>{header}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
