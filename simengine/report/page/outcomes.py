"""Key figures of every outcome with their standard errors, and all statistics behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simengine.report.brief_numbers import alone, brief, brief_share
from simengine.report.key_figures import condensed_outputs, is_event
from simengine.report.numbers import MISSING, interval, level, significant, tail_name
from simengine.report.page.markup import (
    EMPTY,
    Column,
    Markup,
    capital,
    cell,
    details,
    join,
    number,
    pair,
    paragraph,
    row_head,
    signs,
    table,
    text,
)
from simengine.report.page.ranges import Range, range_chart
from simengine.report.page.rounding import column, column_of_shares
from simengine.report.page.subject import Section, Subject
from simengine.report.statistics import Statistic, statistics_of
from simengine.report.years_table import central_levels
from simengine.results.record import Record


def key_figures(subject: Subject) -> Section | None:
    """A table for each outcome that has pictures, one for all others of a deal, and all statistics behind a fold."""
    record = subject.record
    if not record.outputs:
        return None
    shown = [o for o in subject.pictured if subject.members(o)]
    parts = [_table(subject, output) for output in shown]
    others = [o for o in condensed_outputs(record) if record["reported"][:, o].any()]
    parts += [_further(subject, others)] if others else []
    parts.append(paragraph(text(subject.said.figures_error_note), "note"))
    every = [o for o in range(len(record.outputs)) if record["reported"][:, o].any()]
    tables = join(_all_statistics(subject, output) for output in every)
    note = paragraph(text(subject.said.error_note), "note")
    parts.append(details(subject.said.all_statistics, join([tables, note]), "data"))
    return Section("key-figures", subject.said.figures, join(parts))


def label_of(subject: Subject, entry: Statistic, record: Record, output: int) -> str:
    """The label of a statistic in the language of the page, with the sign of percent for a probability."""
    said = subject.said
    plain = {"mean": said.mean, "std": said.std, "skewness": said.skewness, "kurtosis": said.kurtosis}
    plain |= {"min": said.smallest, "max": said.largest}
    for tail in record["level"].tolist():
        name = tail_name(tail)
        plain[f"var{name}_loss"] = said.var.format(level=name)
        plain[f"cvar{name}_loss"] = said.cvar.format(level=name)
    label = plain.get(entry.key, entry.label)
    return said.percent_heading.format(label=label) if entry.share else label


def _table(subject: Subject, output: int) -> Markup:
    """One outcome: a row a strategy, with its range drawn on a common scale."""
    record, said, members = subject.record, subject.said, subject.members(output)
    event = is_event(record, output)
    found = {s: {entry.key: entry for entry in statistics_of(record, s, output)} for s in members}
    ranges = {} if event else _ranges(subject, members, output)
    columns = [Column(text(capital(said.strategy)))]
    columns += [Column(text(said.range_column.format(**_ends(record))), looks="range")] if ranges else []
    numbers: list[list[Markup]] = []
    for key, head in _columns(subject, output, event=event):
        columns.append(Column(text(head), number=True))
        numbers.append(_cells(subject, [found[s].get(key) for s in members], event=event))
    rows = []
    for place, s in enumerate(members):
        row = [row_head(subject.strategy_head(record.strategies[s]))]
        row += [cell(range_chart(ranges[s], said), "range")] if ranges else []
        rows.append([*row, *(cells[place] for cells in numbers)])
    caption = subject.outcome_heading(record, output)
    note = paragraph(text(_range_note(subject, next(iter(ranges.values())))), "note") if ranges else EMPTY
    return join([table(f"figures-{output}", caption, columns, rows), note])


def _columns(subject: Subject, output: int, *, event: bool) -> list[tuple[str, str]]:
    """Keys of statistics and what stands over them."""
    record, said = subject.record, subject.said
    if event:
        return [("mean", said.probability)]
    percents = record["quantile"].tolist()
    found = [("mean", said.mean_of)]
    found += [(f"p{name}", f"P{name}") for name in (level(percents[k]) for k in central_levels(percents))]
    found.append(("prob_loss", said.chance_below.format(value="0")))
    targets = record["target_value"][:, output]
    wanted = sorted({value for value in targets.ravel().tolist() if not math.isnan(value) and value != 0.0})
    found += [(f"prob_below_{level(v)}", said.chance_below.format(value=significant(v, 12))) for v in wanted[:2]]
    for tail in record["level"].tolist()[:1]:
        worst = level(round(100.0 * (1.0 - tail), 9))
        found.append((f"cvar{tail_name(tail)}_loss", said.tail_mean.format(share=worst)))
    return found


def _cells(subject: Subject, entries: Sequence[Statistic | None], *, event: bool) -> list[Markup]:
    """A column of numbers; the mean of the worst outcomes is the expected shortfall with its sign turned."""
    pairs = [None if entry is None else _pair(entry) for entry in entries]
    if event or any(entry is not None and entry.share for entry in entries):
        return column_of_shares(pairs, subject.said.percent(""))
    return column(pairs)


def _pair(entry: Statistic) -> tuple[float, float]:
    value = -entry.value if entry.group == "tail" else entry.value
    return value, entry.se if entry.se is not None else 0.0


def _ends(record: Record) -> dict[str, str]:
    percents = record["quantile"].tolist()
    return {"low": level(percents[0]), "high": level(percents[-1])}


def _ranges(subject: Subject, members: Sequence[int], output: int) -> dict[int, Range]:
    """The range of each strategy on a scale that all share; nothing where a single percentile is there."""
    record = subject.record
    percents, values = record["quantile"].tolist(), record["quantiles"][members, output]
    if len(percents) < 2 or not math.isfinite(float(values.sum())):
        return {}
    ends = (min(float(values.min()), 0.0 if values.min() > 0.0 else math.inf), float(values.max()))
    if not 0.0 < ends[1] - ends[0] < math.inf:
        return {}
    inner = (percents.index(25.0), percents.index(75.0)) if {25.0, 75.0} <= set(percents) else (0, len(percents) - 1)
    found = {}
    for s in members:
        errors = record["quantiles_se"][s, output]
        low, high = (signs(alone(float(record["quantiles"][s, output, k]), float(errors[k]))) for k in (0, -1))
        mean = float(record["mean"][s, output])
        said = {"a": low, "b": high, "mean": signs(alone(mean, float(record["mean_se"][s, output])))}
        said |= _ends(record)
        quantiles = record["quantiles"][s, output]
        points = (float(quantiles[0]), float(quantiles[inner[0]]), float(quantiles[inner[1]]), float(quantiles[-1]))
        found[s] = Range(points, mean, ends, subject.said.range_text.format(**said))
    return found


def _range_note(subject: Subject, one: Range) -> str:
    percents = subject.record["quantile"].tolist()
    inner = ("25", "75") if {25.0, 75.0} <= set(percents) else (level(percents[0]), level(percents[-1]))
    from_, to = map(signs, interval(*one.scale))
    phrase = subject.said.range_note if one.scale[0] < 0.0 < one.scale[1] else subject.said.range_note_positive
    return phrase.format(**_ends(subject.record), inner_low=inner[0], inner_high=inner[1], from_=from_, to=to)


def _further(subject: Subject, outputs: Sequence[int]) -> Markup:
    """The other outcomes of a deal: a row an outcome, with its mean and, below it, its central percentiles."""
    record, said = subject.record, subject.said
    strategies = [s for s in range(len(record.strategies)) if record["reported"][s, list(outputs)].any()]
    percents = record["quantile"].tolist()
    levels = central_levels(percents)
    columns = [Column(text(capital(said.outcome)))]
    columns += [Column(subject.strategy_head(record.strategies[s]), number=True) for s in strategies]
    rows = []
    for output in outputs:
        event = is_event(record, output)
        head = subject.outcome_heading(record, output)
        rows.append(
            [
                row_head(Markup(f"{head} <small>%</small>") if event else head),
                *(_mean_cell(subject, s, output, event=event) for s in strategies),
            ]
        )
        if not event:
            names = " / ".join(f"P{level(percents[k])}" for k in levels)
            cells = [_percentiles(record, s, output, levels) for s in strategies]
            rows.append([row_head(text(names), "sub"), *(number(one) for one in cells)])
    return table("figures-further", text(said.more_outcomes), columns, rows)


def _mean_cell(subject: Subject, s: int, output: int, *, event: bool) -> Markup:
    record = subject.record
    if s not in subject.members(output):
        return number(MISSING if record["reported"][s, output] else "")
    value, se = float(record["mean"][s, output]), float(record["mean_se"][s, output])
    if event and not math.isfinite(se):  # the same in every trial: what a probability of 0 or 1 has as its error
        se = float(record["prob_loss_se"][s, output])
    return number(brief_share(value, se), sign=subject.said.percent("")) if event else number(brief(value, se))


def _percentiles(record: Record, s: int, output: int, levels: Sequence[int]) -> str:
    if not record["reported"][s, output] or record["finite"][s, output] == 0:
        return ""
    values, errors = record["quantiles"][s, output], record["quantiles_se"][s, output]
    return " / ".join(alone(float(values[k]), float(errors[k])) for k in levels)


def _all_statistics(subject: Subject, output: int) -> Markup:
    """Every statistic with all its digits: a row a statistic, a column a strategy."""
    record = subject.record
    strategies = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    listed = [{entry.key: entry for entry in statistics_of(record, s, output)} for s in strategies]
    labels = {key: label_of(subject, entry, record, output) for found in listed for key, entry in found.items()}
    columns = [Column(EMPTY)]
    columns += [Column(subject.strategy_head(record.strategies[s]), number=True, span=2) for s in strategies]
    rows = [
        [row_head(text(capital(label))), *(pair(found[key].estimate if key in found else None) for found in listed)]
        for key, label in labels.items()
    ]
    caption = subject.outcome_heading(record, output)
    return table(f"statistics-{output}", caption, columns, rows)
