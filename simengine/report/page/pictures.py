"""Pictures on the page: each with its title, and behind a fold a sentence on what is seen and the numbers of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from simengine.errors import InvalidInput
from simengine.report.figures import Figure, figure
from simengine.report.figures.distribution import Distribution
from simengine.report.figures.fan import ends_of
from simengine.report.page.markup import (
    EMPTY,
    Column,
    Markup,
    capital,
    cell,
    details,
    join,
    paragraph,
    prose,
    row_head,
    table,
    text,
)
from simengine.report.page.subject import Section, Subject
from simengine.report.page.verdict import leader
from simengine.results.record import Record

_WIDE, _HALF, _PHONE = 920.0, 440.0, 360.0
"""Widths of pictures: across the page, beside another, and across a phone."""
_TIMES_WIDER = 20.0
"""A scale this many times as wide as what one picture shows would leave nothing to see there."""


def density(subject: Subject) -> Section | None:
    """How each outcome is distributed, strategy by strategy."""
    found = [
        _multiples(subject, "density", subject.record.outputs[output]) for output in _varying(subject, subject.pictured)
    ]
    return _section("distribution", subject.said.distribution, found)


def exceedance(subject: Subject) -> Section | None:
    """How probable more than a value is, all strategies in one picture."""
    found = [
        _across(subject, "exceedance", subject.record.outputs[output], None)
        for output in _varying(subject, subject.pictured)
    ]
    return _section("exceedance", subject.said.exceedance, found)


def drivers(subject: Subject) -> Section | None:
    """What moves each outcome most: with the strategy that leads, and behind a fold with the others."""
    record, said = subject.dossier.drivers, subject.said
    if record is None:
        return None
    shown = [output for output in subject.pictured if subject.record.outputs[output] in record.outputs]
    found = [_tornados(subject, output) for output in shown if subject.members(output)]
    note = paragraph(text(said.drivers_note.format(trials=said.count_of_trials(record.integer("trials")))), "note")
    return _section("drivers", said.drivers, found, note)


def years(subject: Subject) -> Section | None:
    """Outcomes by period; strategies that have the same numbers share a picture."""
    said = subject.said
    found = [_multiples(subject, "fan", output) for output in subject.record.yearly_outputs]
    return _section("years", said.years, found, paragraph(text(said.years_note), "note"))


def overlay(subject: Subject, output: str) -> Markup:
    """The strategies on one scale; nothing of an outcome that is the same in every trial."""
    varying = [subject.record.outputs[place] for place in _varying(subject, range(len(subject.record.outputs)))]
    return _across(subject, "overlay", output, None) if output in varying else EMPTY


def _varying(subject: Subject, outputs: Iterable[int]) -> list[int]:
    """The outcomes that are not the same in every trial of every strategy."""
    record = subject.record
    return [
        output
        for output in outputs
        if any(record["minimum"][s, output] < record["maximum"][s, output] for s in subject.members(output))
    ]


def _section(key: str, title: str, pictures: Sequence[Markup], note: Markup = EMPTY) -> Section | None:
    shown = [one for one in pictures if one]
    return Section(key, title, join([*shown, note])) if shown else None


def _tornados(subject: Subject, output: int) -> Markup:
    record, first = subject.record, leader(subject, output)
    name = record.outputs[output]
    others = [record.strategies[s] for s in subject.members(output) if s != first]
    behind = _side_by_side(subject, "tornado", name, others)
    folded = details(subject.said.other_strategies, behind, "others") if behind else EMPTY
    return join([_across(subject, "tornado", name, record.strategies[first]), folded])


def _across(subject: Subject, kind: str, output: str, strategy: str | None) -> Markup:
    """A picture across the page, and a narrow one that takes its place on a phone."""
    drawn = _drawn(subject, kind, output, strategy, _WIDE)
    narrow = _drawn(subject, kind, output, strategy, _PHONE)
    if drawn is None or narrow is None:
        return EMPTY
    both = Markup(
        f'<div class="wide">{drawn.svg(inline=True)}</div><div class="narrow">{narrow.svg(inline=True)}</div>'
    )
    title = Markup(f"<h3>{prose(capital(drawn.title), subject.lang)}</h3>")
    return _figure(
        subject, drawn, Markup(f'{title}<span class="of">{prose(drawn.subtitle, subject.lang)}</span>'), both
    )


def _multiples(subject: Subject, kind: str, output: str) -> Markup:
    """A picture for each strategy that reports an outcome; across the page where it is the only one."""
    asked = [name for name in subject.record.strategies if _reports(subject, output, name)]
    return _across(subject, kind, output, asked[0]) if len(asked) == 1 else _side_by_side(subject, kind, output, asked)


def _side_by_side(subject: Subject, kind: str, output: str, strategies: Sequence[str]) -> Markup:
    """A picture for each strategy, two in a row; those that are equal stand once."""
    alike: dict[tuple[tuple[str, ...], ...], tuple[Figure, list[str]]] = {}
    shown = _shown(subject, output, strategies)
    beside = shown if _comparable(subject, kind, output, shown) else []
    for strategy in shown:
        drawn = _drawn(subject, kind, output, strategy, _HALF, beside)
        if drawn is not None:
            alike.setdefault(tuple(drawn.rows), (drawn, []))[1].append(strategy)
    figures = [
        _figure(subject, drawn, _names(subject, names), Markup(drawn.svg(inline=True)))
        for drawn, names in alike.values()
    ]
    left = len(strategies) - len(shown)
    note = paragraph(text(subject.said.pictures_left_out.format(count=left)), "note") if left else EMPTY
    if not figures:
        return note
    title = prose(capital(next(iter(alike.values()))[0].title), subject.lang)
    several = len(figures) > 1 and kind in _RANGES
    scale = text(subject.said.one_scale if beside else subject.said.own_scales) if several else EMPTY
    head = Markup(f'<h3 class="of-multiples">{title}</h3>{paragraph(scale, "scale")}')
    return Markup(f'{head}<div class="multiples">{join(figures)}</div>{note}')


def _comparable(subject: Subject, kind: str, output: str, strategies: Sequence[str]) -> bool:
    """Whether pictures of strategies may have one scale of values: none of them would be too narrow to read."""
    if kind not in _RANGES:
        return False
    record = subject.record
    ranges = [_RANGES[kind](record, record.strategies.index(name), output) for name in strategies]
    widths = [high - low for low, high in ranges if high > low]
    whole = max((high for _, high in ranges), default=0.0) - min((low for low, _ in ranges), default=0.0)
    return bool(widths) and min(widths) * _TIMES_WIDER >= whole


def _view(record: Record, strategy: int, output: str) -> tuple[float, float]:
    return Distribution.of(record, strategy, record.outputs.index(output)).view()


def _years_range(record: Record, strategy: int, output: str) -> tuple[float, float]:
    return ends_of(record, record.yearly_outputs.index(output), [strategy])


_RANGES: Mapping[str, Callable[[Record, int, str], tuple[float, float]]] = {"density": _view, "fan": _years_range}
"""Kinds whose pictures stand beside each other on one scale, and the range that each shows by itself."""


def _shown(subject: Subject, output: str, strategies: Sequence[str]) -> list[str]:
    """The strategies that have a picture: the first ones, and the one that leads."""
    first = [name for name in strategies if output in subject.record.outputs and name == _leading(subject, output)]
    chosen = {*(first + [name for name in strategies if name not in first])[: subject.most]}
    return [name for name in strategies if name in chosen]


def _leading(subject: Subject, output: str) -> str:
    return subject.record.strategies[leader(subject, subject.record.outputs.index(output))]


def _names(subject: Subject, strategies: Sequence[str]) -> Markup:
    return Markup(f"<h4>{join(map(subject.strategy_head, strategies), ', ')}</h4>")


def _reports(subject: Subject, output: str, strategy: str) -> bool:
    record = subject.record
    s = record.strategies.index(strategy)
    if output in record.outputs:
        return bool(record["reported"][s, record.outputs.index(output)])
    return bool(record["yearly_reported"][s, record.yearly_outputs.index(output)].any())


def _drawn(
    subject: Subject, kind: str, output: str, strategy: str | None, width: float, beside: Sequence[str] = ()
) -> Figure | None:
    """A picture; None where the dossier has not what it needs, as of an outcome that is the same in every trial."""
    try:
        return figure(
            subject.dossier, kind, output=output, strategy=strategy, lang=subject.lang, width=width, beside=beside
        )
    except InvalidInput:
        return None


def _figure(subject: Subject, drawn: Figure, caption: Markup, picture: Markup) -> Markup:
    """The picture under its caption, and what is behind it."""
    seed = f"{drawn.kind}{drawn.title}{drawn.subtitle}{drawn.rows}"
    key = f"data-{hashlib.sha256(seed.encode()).hexdigest()[:10]}"
    columns = [Column(text(head), number=place > 0) for place, head in enumerate(drawn.header)]
    rows = [[row_head(text(first)), *(cell(text(value), "n") for value in rest)] for first, *rest in drawn.rows]
    numbers = table(key, text(f"{capital(drawn.title)}, {drawn.subtitle}"), columns, rows)
    behind = join([paragraph(prose(capital(drawn.description), subject.lang)), numbers])
    return Markup(
        f'<figure class="{drawn.kind}"><figcaption>{caption}</figcaption>{picture}'
        f"{details(subject.said.data_behind, behind, 'data')}</figure>"
    )
