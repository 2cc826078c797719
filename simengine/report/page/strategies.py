"""The comparison of strategies: each one, its difference from the baseline, and all pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simengine.report.brief_numbers import brief_share
from simengine.report.comparison_rows import Number, of_pair, of_strategy
from simengine.report.comparison_verdict import baseline_of
from simengine.report.numbers import level, significant, tail_name
from simengine.report.page.markup import (
    Column,
    Markup,
    capital,
    cell,
    join,
    number,
    paragraph,
    row_head,
    sentence,
    table,
    text,
)
from simengine.report.page.pictures import overlay
from simengine.report.page.rounding import column, column_of_shares
from simengine.report.page.subject import Section, Subject
from simengine.results.record import Record

_ROUNDED = 0.06
"""Relative difference that two digits make, with some of chance."""


def strategies(subject: Subject) -> Section | None:
    """What each strategy is worth and by how much they differ; nothing where there is only one."""
    record, said = subject.dossier.comparison, subject.said
    if record is None:
        return None
    parts = [paragraph(text(said.same_draws), "intro")]
    mine, all_ = record.integer("trials"), subject.record.integer("trials")
    if mine != all_:
        counts = {"trials": said.count_of_trials(mine), "all": said.count_of_trials(all_)}
        parts.append(paragraph(text(said.strategies_on.format(**counts)), "intro"))
    for output in range(len(record.outputs)):
        members = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
        if len(members) < 2:
            continue
        parts += [overlay(subject, record.outputs[output]), _each(subject, record, members, output)]
        parts.append(_less_baseline(subject, record, members, output))
        parts += [_matrix(subject, record, members, output)] if len(members) > 2 else []
    parts.append(paragraph(join(map(text, _notes(subject, record)), "" if subject.lang == "zh" else " "), "note"))
    return Section("strategies", said.strategies, join(parts))


def _each(subject: Subject, record: Record, members: Sequence[int], output: int) -> Markup:
    """A row a strategy."""
    said = subject.said
    found = {s: {one.key: one for one in of_strategy(record, s, output)} for s in members}
    labels = [("mean", said.mean_of), *_levels(subject, record, "")]
    labels += [("prob_best", said.best_share), ("regret", said.regret)]
    labels += [("ce_exponential", said.certain_worth), ("ce_power", f"{said.certain_worth}, {said.with_wealth}")]
    columns, cells = _columns(subject, labels, [found[s] for s in members])
    for tail in record["level"].tolist():
        key = f"efficient{tail_name(tail)}"
        columns.append(Column(text(capital(said.efficient))))
        cells.append([cell(text(_efficient(subject, found[s], key))) for s in members])
    heads = [row_head(subject.strategy_head(record.strategies[s])) for s in members]
    rows = [[head, *(entries[place] for entries in cells)] for place, head in enumerate(heads)]
    caption = _caption(subject, said.each_strategy, record, output)
    return table(f"each-{output}", caption, [Column(text(capital(said.strategy))), *columns], rows)


def _efficient(subject: Subject, found: dict[str, Number], key: str) -> str:
    if not found[f"{key}_clear"].value:
        return subject.said.unclear
    return subject.said.yes if found[key].value else subject.said.no


def _less_baseline(subject: Subject, record: Record, members: Sequence[int], output: int) -> Markup:
    """A row for each of the others: by how much it is above the baseline."""
    said, base = subject.said, baseline_of(record, output)
    others = [s for s in members if s != base]
    found = [{one.key: one for one in of_pair(record, s, base, output)} for s in others]
    labels = [("mean_difference", said.mean_of), *_levels(subject, record, "_difference")]
    labels += [("ce_exponential_difference", said.certain_worth)]
    labels += [("ce_power_difference", f"{said.certain_worth}, {said.with_wealth}")]
    labels += [("prob_beats", said.beats_it)]
    columns, cells = _columns(subject, labels, found)
    heads = [row_head(subject.strategy_head(record.strategies[s])) for s in others]
    rows = [[head, *(entries[place] for entries in cells)] for place, head in enumerate(heads)]
    name = subject.name(record.strategies[base])
    caption = _caption(subject, said.less_baseline, record, output, name=name)
    return table(f"less-{output}", caption, [Column(text(capital(said.strategy))), *columns], rows)


def _levels(subject: Subject, record: Record, end: str) -> list[tuple[str, str]]:
    """Keys and labels of the percentiles and the expected shortfall."""
    found = [(f"p{level(p)}{end}", f"P{level(p)}") for p in record["quantile"].tolist()]
    tails = [tail_name(t) for t in record["level"].tolist()]
    return found + [(f"cvar{name}_loss{end}", subject.said.cvar.format(level=name)) for name in tails]


def _columns(
    subject: Subject, labels: Sequence[tuple[str, str]], found: Sequence[dict[str, Number]]
) -> tuple[list[Column], list[list[Markup]]]:
    """Columns of numbers; those that no strategy has are left out."""
    columns, cells = [], []
    for key, label in labels:
        if not any(key in one for one in found):
            continue
        shares = key in ("prob_best", "prob_beats")
        columns.append(Column(text(capital(label)), number=True))
        pairs = [_pair(one.get(key)) for one in found]
        signed = key.endswith("_difference")
        cells.append(column_of_shares(pairs, subject.said.percent("")) if shares else column(pairs, signed=signed))
    return columns, cells


def _pair(one: Number | None) -> tuple[float, float] | None:
    return None if one is None else (one.value, one.se)


def _matrix(subject: Subject, record: Record, members: Sequence[int], output: int) -> Markup:
    """How often each strategy beats each other one."""
    said = subject.said
    columns = [Column(text(capital(said.strategy)))]
    columns += [Column(subject.strategy_head(record.strategies[a]), number=True) for a in members]
    rows = []
    for s in members:
        row = [row_head(subject.strategy_head(record.strategies[s]))]
        for a in members:
            value, se = (float(record[name][s, a, output]) for name in ("prob_beats", "prob_beats_se"))
            row.append(cell() if s == a else number(brief_share(value, se), sign=said.percent("")))
        rows.append(row)
    outcome = text(subject.outcome(record, output))
    caption = Markup(f'{text(said.row_beats_column)} <span class="unit">{outcome}</span>')
    return table(f"beats-{output}", caption, columns, rows)


def _caption(subject: Subject, phrase: str, record: Record, output: int, *, name: str = "") -> Markup:
    """A caption that ends in the outcome and its unit."""
    mark = "\ue002"
    filled = phrase.format(outcome=mark, name=name)
    head, _, tail = filled.partition(mark)
    return Markup(f"{sentence(head)}{subject.outcome_heading(record, output)}{sentence(tail)}")


def _notes(subject: Subject, record: Record) -> list[str]:
    said = subject.said
    notes = [said.compared_on.format(trials=said.count_of_trials(record.integer("trials"))), said.comparison_note]
    for output in range(len(record.outputs)):
        tolerance = float(record["risk_tolerance"][output])
        if not math.isnan(tolerance):
            value = said.amount(significant(tolerance, 6), str(record["unit"][output]))
            notes.append(_of_tolerance(subject, record, output, value))
    return notes


def _of_tolerance(subject: Subject, record: Record, output: int, value: str) -> str:
    """The risk tolerance and where it comes from: given, or from the baseline as a comparison chooses it by itself."""
    said, base = subject.said, baseline_of(record, output)
    mean, spread = abs(float(record["mean"][base, output])), _spread(subject, record, base, output)
    name, tolerance = subject.name(record.strategies[base]), float(record["risk_tolerance"][output])
    origin = said.tolerance_given
    if mean >= spread and float(f"{mean / 2.0:.1e}") == tolerance:
        origin = said.tolerance_of_mean.format(name=name)
    elif spread > mean and abs(2.0 * tolerance / spread - 1.0) < _ROUNDED:
        origin = said.tolerance_of_spread.format(name=name)
    return said.tolerance_note.format(outcome=subject.outcome(record, output), value=value, origin=origin)


def _spread(subject: Subject, record: Record, base: int, output: int) -> float:
    """The standard deviation of the baseline in the run, on its own trials; 0 where the run has it not."""
    run, strategy, name = subject.record, record.strategies[base], record.outputs[output]
    if strategy not in run.strategies or name not in run.outputs:
        return 0.0
    return float(run["std"][run.strategies.index(strategy), run.outputs.index(name)])
