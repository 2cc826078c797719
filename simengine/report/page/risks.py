"""The risk register: what each risk of a strategy costs, and what each measure brings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simengine.report.language import localised
from simengine.report.numbers import UNDEFINED, significant
from simengine.report.page.markup import (
    Column,
    Markup,
    capital,
    cell,
    join,
    named,
    number,
    paragraph,
    prose,
    row_head,
    sentence,
    table,
    text,
)
from simengine.report.page.rounding import Pair, column, column_of_shares
from simengine.report.page.subject import Section, Subject

_EFFECTS = ("P10", "P50", "P90")


def risk_register(subject: Subject) -> Section | None:
    """A table of risks for each strategy that has any, and one of its measures."""
    register, said = subject.dossier.register, subject.said
    if register is None:
        return None
    parts: list[Markup] = []
    for place, one in enumerate(register["strategies"]):
        if one["risks"] and _touches(one):
            parts.append(_risks(subject, one, place))
        elif not one["measures"]:
            parts.append(paragraph(sentence(said.no_risk.format(name=named(subject.name(one["strategy"]))))))
        parts += [_measures(subject, one, place)] if one["measures"] else []
    note = said.risks_note.format(trials=said.count_of_trials(int(register["trials"])))
    return Section("risks", said.risks, join([*parts, paragraph(text(note), "note")]))


def _risks(subject: Subject, one: Mapping[str, Any], place: int) -> Markup:
    """The risks of a strategy, by expected loss; all of them together last."""
    said = subject.said
    lines = [*one["risks"], *([one["together"]] if one["together"] is not None else [])]
    heads = [row_head(_title(subject, line)) for line in one["risks"]]
    heads += [row_head(text(said.together))] if one["together"] is not None else []
    columns = [Column(text(said.risk)), Column(text(said.probability), number=True)]
    cells = [column_of_shares([_pair(line["probability"]) for line in lines], "")]
    if any(line["mean_time"] is not None for line in lines):
        columns.append(Column(text(said.when), number=True))
        cells.append([number(_when(subject, line)) for line in lines])
    for key, label in (("expected_loss", said.expected_loss), ("tail_loss", said.tail_loss)):
        columns.append(Column(text(label), number=True))
        cells.append(column([_pair(line[key]) for line in lines]))
    for name in _EFFECTS:
        columns.append(Column(text(said.effect_on.format(name=name)), number=True))
        cells.append(column([_pair(line["effects"][name]) for line in lines], signed=True))
    columns.append(Column(text(said.effect_on_loss), number=True))
    cells.append(column([_pair(line["effects"]["prob_loss"], 100.0) for line in lines], signed=True))
    rows = [[head, *(entries[row] for entries in cells)] for row, head in enumerate(heads)]
    return table(f"risks-{place}", _caption(subject, said.risks_caption, one), columns, rows)


def _measures(subject: Subject, one: Mapping[str, Any], place: int) -> Markup:
    """What each measure costs and brings."""
    said, measures = subject.said, one["measures"]
    labels = (said.cost, said.brings, said.net, said.per_cost)
    columns = [Column(text(said.measure)), Column(text(said.used))]
    columns += [Column(text(label), number=True) for label in labels]
    columns += [Column(text(said.effect_on.format(name=name)), number=True) for name in ("P5", "CVaR95")]
    cells = [
        [cell(text(said.yes if measure["used"] else said.no)) for measure in measures],
        column([_pair(measure["cost"]) for measure in measures]),
        column([_pair(measure["benefit"]) for measure in measures], signed=True),
        column([_pair(measure["changes"]["mean"]) for measure in measures], signed=True),
        column([_pair(measure["net_per_cost"]) for measure in measures], signed=True),
        *(column([_pair(m["changes"][name]) for m in measures], signed=True) for name in ("P5", "CVaR95")),
    ]
    heads = [row_head(prose(capital(localised(m["title"] or m["name"], subject.lang)), subject.lang)) for m in measures]
    rows = [[head, *(entries[row] for entries in cells)] for row, head in enumerate(heads)]
    return table(f"measures-{place}", _caption(subject, said.measures_caption, one), columns, rows)


def _caption(subject: Subject, phrase: str, one: Mapping[str, Any]) -> Markup:
    name = sentence(phrase.format(name=named(subject.name(one["strategy"]))))
    unit = subject.said.amount("", one["unit"])
    return Markup(f'{name} <span class="unit">{text(one["outcome"])}{text(f", {unit}" if unit else "")}</span>')


def _title(subject: Subject, line: Mapping[str, Any]) -> Markup:
    """What a risk is called: by its title, in the language of the page where it has one in both."""
    shown = localised(str(line["title"]), subject.lang)
    return prose(capital(shown), subject.lang) if shown else Markup(f"<code>{text(str(line['key']))}</code>")


def _pair(found: Mapping[str, float | None] | None, factor: float = 1.0) -> Pair | None:
    """A number and its error; None where there is none."""
    if found is None or found["value"] is None:
        return None
    return factor * found["value"], math.nan if found["se"] is None else factor * found["se"]


def _touches(one: Mapping[str, Any]) -> bool:
    """Whether any risk of a strategy makes any difference to it."""
    lines = one["risks"]
    numbers = [line["expected_loss"] for line in lines] + [
        value for line in lines for value in line["effects"].values()
    ]
    return any(number["value"] for number in numbers)


def _when(subject: Subject, line: Mapping[str, Any]) -> str:
    """When a risk strikes: its mean, and from P10 to P90."""
    times = [line[name] for name in ("mean_time", "p10_time", "p90_time")]
    if any(time is None or time["value"] is None for time in times):
        return UNDEFINED
    mean, low, high = (significant(time["value"], 2) for time in times)
    return subject.said.when_range.format(mean=mean, low=low, high=high)
