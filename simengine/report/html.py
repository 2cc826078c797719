"""Results as HTML tables, for notebooks: key figures with their errors, the rest one click away.

No script and no fixed colours: text takes the colour of the notebook, lines and bars are shades of it, so that light
and dark themes both work.  Without the style (some viewers drop it) plain tables are left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from simengine.report.numbers import level, significant
from simengine.report.statistics import (
    Statistic,
    statistics_of,
    statistics_of_year,
    yearly_places,
)
from simengine.report.text import printable
from simengine.report.years_table import central_levels
from simengine.results.record import Record

_STYLE = (
    "<style>"
    ".simengine{overflow-x:auto}"
    ".simengine table{border-collapse:collapse;margin:.4em 0 .8em;color:inherit;font-size:.95em}"
    ".simengine caption{text-align:left;font-weight:600;padding:.2em 0;white-space:nowrap}"
    ".simengine th,.simengine td{padding:.2em .5em;text-align:right;white-space:nowrap;background:none;"
    "border:0;border-bottom:1px solid rgba(128,128,128,.3);font-variant-numeric:tabular-nums}"
    ".simengine th:first-child{text-align:left;font-weight:400}"
    ".simengine thead th{font-weight:600;border-bottom:1px solid currentColor}"
    ".simengine .se,.simengine .note{opacity:.65;font-size:.9em}"
    ".simengine .track{position:relative;display:inline-block;width:8em;height:1em;vertical-align:middle}"
    ".simengine .track i{position:absolute;display:block;background:currentColor}"
    ".simengine summary{cursor:pointer;opacity:.8}"
    "</style>"
)
_SHADE = {"outer": ("44%", "12%", ".35"), "inner": ("25%", "50%", ".55"), "middle": ("8%", "84%", "1")}
"""Top, height and opacity of the three parts of a bar."""


def outcome_tables(record: Record) -> str:
    """A table of key figures an outcome, a strategy a row, with a bar of percentiles; then everything, and the years.

    Every text is escaped, and control characters in it are replaced.
    """
    title = _text(record.text("title") or record.text("scenario"))
    head = f"{record.integer('trials'):,} trials, seed {record.integer('seed')}; ± is one standard error"
    parts = [f'<div class="simengine">{_STYLE}<strong>{title}</strong><div class="note">{escape(head)}</div>']
    parts += [_key_figures(record, output) for output in range(len(record.outputs))]
    if record.outputs:
        everything = "".join(_everything(record, output) for output in range(len(record.outputs)))
        parts.append(f"<details><summary>all statistics</summary>{everything}</details>")
    years = "".join(_years(record, *place) for place in yearly_places(record))
    if years:
        parts.append(f"<details open><summary>by period</summary>{years}</details>")
    return "".join([*parts, "</div>"])


def _key_figures(record: Record, output: int) -> str:
    """Mean, central percentiles, probability of a loss and tail loss of every strategy, and where its values lie."""
    strategies = _strategies(record, output)
    percents = record["quantile"].tolist()
    keys = ["mean", *(f"p{level(percents[k])}" for k in central_levels(percents)), "prob_loss"]
    listed = [{entry.key: entry for entry in statistics_of(record, s, output)} for s in strategies]
    keys += [key for key in (listed[0] if listed else {}) if key.startswith("cvar")][:1]
    low, high = _scale(record, strategies, output)
    header = "".join(f"<th>{_text(listed[0][key].heading)}</th>" for key in keys) if listed else ""
    rows = []
    for s, found in zip(strategies, listed, strict=True):
        cells = "".join(f"<td>{_estimate(found[key])}</td>" for key in keys)
        bar = _bar(record["quantiles"][s, output].tolist(), low, high)
        rows.append(f"<tr><th>{_text(record.strategies[s])}</th><td>{bar}</td>{cells}</tr>")
    ends = f"{significant(low, 3)} to {significant(high, 3)}" if low < high else ""
    return (
        f"<table><caption>{_caption(record, output)}</caption><thead><tr><th>strategy</th>"
        f"<th>{escape(ends)}</th>{header}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _everything(record: Record, output: int) -> str:
    """All statistics of an outcome: one a row, one column a strategy."""
    strategies = _strategies(record, output)
    header = "".join(f"<th>{_text(record.strategies[s])}</th>" for s in strategies)
    listed = [{entry.key: entry for entry in statistics_of(record, s, output)} for s in strategies]
    labels = {key: entry.heading for found in listed for key, entry in found.items()}
    rows = []
    for key, label in labels.items():
        cells = "".join(f"<td>{_estimate(found[key]) if key in found else ''}</td>" for found in listed)
        rows.append(f"<tr><th>{_text(label)}</th>{cells}</tr>")
    return (
        f"<table><caption>{_caption(record, output)}</caption><thead><tr><th></th>{header}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _years(record: Record, strategy: int, output: int, years: Sequence[int]) -> str:
    """An outcome of one strategy by year: mean and the central percentiles, each with its error."""
    percents = record["quantile"].tolist()
    keys = ["mean", *(f"p{level(percents[k])}" for k in central_levels(percents))]
    name, unit = record.yearly_outputs[output], str(record["yearly_unit"][output])
    title = f"{name}{f' [{unit}]' if unit else ''}, {record.strategies[strategy]}"
    rows = []
    for year in years:
        found = {entry.key: entry for entry in statistics_of_year(record, strategy, output, year)}
        cells = "".join(f"<td>{_estimate(found[key])}</td>" for key in keys)
        rows.append(f"<tr><th>{level(float(record['year'][year]))}</th>{cells}</tr>")
    header = "".join(f"<th>{label}</th>" for label in ["year", "mean", *(key.upper() for key in keys[1:])])
    return (
        f"<table><caption>{_text(title)}</caption><thead><tr>{header}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _strategies(record: Record, output: int) -> list[int]:
    return [s for s in range(len(record.strategies)) if record["reported"][s, output]]


def _caption(record: Record, output: int) -> str:
    unit, title = str(record["unit"][output]), str(record["output_title"][output])
    return _text(record.outputs[output] + (f" [{unit}]" if unit else "")) + (
        f' <span class="note">{_text(title)}</span>' if title else ""
    )


def _estimate(entry: Statistic) -> str:
    """A number with its error, both rounded to what the error allows; more quietly the error."""
    found = entry.estimate
    error = f' <span class="se">± {escape(found.error)}</span>' if found.error else ""
    return escape(found.value) + error


def _scale(record: Record, strategies: Sequence[int], output: int) -> tuple[float, float]:
    """The range of all percentiles of all strategies: the bars of one table have one scale."""
    found = record["quantiles"][list(strategies), output]
    finite = [value for value in found.ravel().tolist() if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 0.0)


def _bar(percentiles: Sequence[float], low: float, high: float) -> str:
    """The outermost percentiles as a line, the next ones as a box, the middle one as a mark."""
    if not low < high or not all(map(math.isfinite, percentiles)):
        return ""
    count = len(percentiles)
    inner = percentiles[count // 4], percentiles[-1 - count // 4]
    middle = percentiles[count // 2]
    spans = {"outer": (percentiles[0], percentiles[-1]), "inner": inner, "middle": (middle, middle)}
    marks = []
    for part, (first, last) in spans.items():
        top, height, opacity = _SHADE[part]
        left, width = 100.0 * (first - low) / (high - low), 100.0 * (last - first) / (high - low)
        wide = "2px" if part == "middle" else f"{width:.1f}%"
        marks.append(f'<i style="left:{left:.1f}%;width:{wide};top:{top};height:{height};opacity:{opacity}"></i>')
    said = f"{significant(percentiles[0], 3)} to {significant(percentiles[-1], 3)}, middle {significant(middle, 3)}"
    return f'<span class="track" role="img" aria-label="{escape(said)}" title="{escape(said)}">{"".join(marks)}</span>'


def _text(text: str) -> str:
    return escape(printable(text))
