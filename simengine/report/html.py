"""Results as small HTML tables, for notebooks."""

from __future__ import annotations

from html import escape

from simengine.report.statistics import statistics_of
from simengine.results.record import Record


def outcome_tables(record: Record) -> str:
    """One table an outcome, one column a strategy; every text is escaped."""
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
    parts.append("</div>")
    return "".join(parts)
