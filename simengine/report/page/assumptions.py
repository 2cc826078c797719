"""What a result rests on: inputs with their sources, notes, and the formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from simengine.report.descriptions import described, discounting_in_words
from simengine.report.input_titles import internal_draws
from simengine.report.language import Words, localised
from simengine.report.numbers import UNDEFINED, Estimate, significant
from simengine.report.page.markup import (
    Column,
    Markup,
    capital,
    cell,
    code,
    code_name,
    details,
    items,
    join,
    paragraph,
    prose,
    row_head,
    signs,
    table,
    text,
)
from simengine.report.page.subject import Section, Subject
from simengine.report.stopping import stopping_lines
from simengine.results.record import Record

_DIGITS = 4
_DEPENDENCE = re.compile(
    r"(?:Gaussian copula|t copula with (?P<degrees>\S+) degrees of freedom) of (?P<names>[^;]+); "
    r"correlation of normal scores (?P<pairs>.+)"
)
_STATISTICS = ("mean", "sd", "p5", "p50", "p95")


def assumptions(subject: Subject) -> Section | None:
    """Uncertain inputs, fixed ones behind a fold, dependence, and what has to be known to read the numbers."""
    record, said = subject.record, subject.said
    places = range(record["input_name"].size)
    fixed = [k for k in places if record["input_sd"][k] == 0.0 and record["input_p5"][k] == record["input_p95"][k]]
    internal = internal_draws(record, subject.lang)
    behind = [k for k in places if str(record["input_name"][k]) in internal]
    uncertain = [k for k in places if k not in fixed and k not in behind]
    description = record.text("description")
    parts = [paragraph(prose(localised(description, subject.lang), subject.lang), "intro")] if description else []
    parts += [_uncertain(subject, uncertain)] if uncertain else []
    parts += [details(said.constants_caption, _fixed(subject, fixed), "data")] if fixed else []
    parts += [details(said.internal_draws, _internal(subject, behind, internal), "data")] if behind else []
    if record["dependence_text"].size:
        found = [_dependence(subject, k) for k in range(record["dependence_text"].size)]
        parts += [_heading(said.dependence), items(found)]
    parts += _notes(subject)
    return Section("assumptions", said.assumptions, join(parts)) if parts else None


def _heading(content: str) -> Markup:
    return Markup(f"<h3>{text(content)}</h3>")


def _uncertain(subject: Subject, places: list[int]) -> Markup:
    """A row an input: its distribution, and its exact mean, spread and percentiles."""
    record, said = subject.record, subject.said
    labels = (said.mean_of, capital(said.std_short), "P5", "P50", "P95")
    columns = [Column(text(said.input)), Column(text(said.distribution_of)), Column(text(said.unit))]
    columns += [Column(text(label), number=True) for label in labels]
    columns += [Column(text(said.source), looks="broad")]
    rows, last = [], ""
    for k in _grouped(record, places):
        name, source = str(record["input_name"][k]), str(record["input_source"][k])
        again = name == last
        rows.append(
            [
                row_head(_input_head(subject, k, again=again), "sub" if again else ""),
                cell(Markup(f'<span class="dist">{_distribution(record, k)}</span>')),
                cell(text(said.unit_of(str(record["input_unit"][k]))), "unit"),
                *(_plain(_rounded(float(record[f"input_{statistic}"][k]))) for statistic in _STATISTICS),
                cell(prose(localised(source, subject.lang), subject.lang), "source"),
            ]
        )
        last = name
    return table("inputs", text(said.inputs_caption), columns, rows)


def _grouped(record: Record, places: list[int]) -> list[int]:
    """Distributions of the same input behind each other."""
    names = [str(record["input_name"][k]) for k in places]
    return sorted(places, key=lambda k: names.index(str(record["input_name"][k])))


def _fixed(subject: Subject, places: list[int]) -> Markup:
    """A row an input that is the same in every trial."""
    record, said = subject.record, subject.said
    columns = [Column(text(said.input)), Column(text(said.value), number=True), Column(text(said.unit))]
    columns += [Column(text(said.source), looks="broad")]
    rows = [
        [
            row_head(_input_head(subject, k, again=False)),
            _plain(Estimate(significant(float(record["input_p50"][k]), 12))),
            cell(text(said.unit_of(str(record["input_unit"][k]))), "unit"),
            cell(prose(localised(str(record["input_source"][k]), subject.lang), subject.lang), "source"),
        ]
        for k in places
    ]
    return table("constants", text(said.constants_caption), columns, rows)


def _distribution(record: Record, k: int) -> Markup:
    return text(signs(described(str(record["input_description"][k]))))


def _internal(subject: Subject, places: list[int], names: Mapping[str, str]) -> Markup:
    """The engine's own draws, called what they are."""
    record, said = subject.record, subject.said
    columns = [Column(text(said.name)), Column(text(said.distribution_of))]
    rows = []
    for k in places:
        name = str(record["input_name"][k])
        title = Markup(f"{text(capital(names[name]))} {code_name(name)}")
        head = Markup(title + _strategies(subject, str(record["input_strategies"][k])))
        rows.append([row_head(head), cell(_distribution(record, k))])
    note = paragraph(text(said.internal_note), "note")
    return join([table("internal-draws", text(said.internal_draws), columns, rows), note])


def _rounded(value: float) -> Estimate:
    return Estimate(significant(value, _DIGITS) if value == value else UNDEFINED)


def _plain(one: Estimate) -> Markup:
    return Markup(f'<td class="n">{text(signs(one.value))}</td>')


def _input_head(subject: Subject, k: int, *, again: bool) -> Markup:
    """The title of an input and its name, and its strategies where it does not stand in all of them."""
    record = subject.record
    name = str(record["input_name"][k])
    title = localised(str(record["input_title"][k]), subject.lang) or subject.input_titles.get(name, "")
    head = (
        Markup(f"{prose(capital(title), subject.lang)} {code_name(name)}") if title and not again else code_name(name)
    )
    return Markup(head + _strategies(subject, str(record["input_strategies"][k])))


def _strategies(subject: Subject, listed: str) -> Markup:
    """The strategies in which something reads like this; nothing where these are all."""
    if listed == ", ".join(subject.record.strategies):
        return Markup("")
    names = listed.split(", ")
    known = all(name in subject.record.strategies for name in names)
    shown = subject.said.list_comma.join(map(subject.name, names)) if known else listed
    return Markup(f" <small>{text(shown)}</small>")


def _dependence(subject: Subject, k: int) -> Markup:
    record = subject.record
    said = dependence_in_words(str(record["dependence_text"][k]), subject.said)
    return Markup(prose(said, subject.lang) + _strategies(subject, str(record["dependence_strategies"][k])))


def dependence_in_words(line: str, said: Words) -> str:
    """How inputs hang together, in the language of the page; English is how a result stores it."""
    found = _DEPENDENCE.fullmatch(line)
    if found is None or said.lang == "en":
        return line
    degrees = found["degrees"]
    copula = said.t_copula.format(degrees=degrees) if degrees else said.gaussian_copula
    pairs = said.all_zero if found["pairs"] == "all 0" else found["pairs"].replace(", ", said.semicolon)
    names = said.list_comma.join(found["names"].split(", "))
    return said.copula_of.format(copula=copula, names=names, pairs=signs(pairs))


def _notes(subject: Subject) -> Iterator[Markup]:
    """How money of later periods is valued, and what the program said of the scenario and the answers."""
    said = subject.said
    valued = discounting_in_words(subject.record.text("resolved_text"), said) if subject.record.yearly_outputs else ""
    own = [text(valued)] if valued else []
    found = list(dict.fromkeys(_remarks(subject)))
    if not own and not found:
        return
    yield _heading(said.notes)
    yield items(own)
    if found:
        yield paragraph(text(said.notes_language), "note")
        yield Markup(f'<div lang="en">{items([text(line) for line in found])}</div>')


def _remarks(subject: Subject) -> Iterator[str]:
    """Warnings and notes of the run and of every answer, as sentences."""
    dossier = subject.dossier
    asked: list[Record] = [one for one in (dossier.comparison, dossier.drivers) if one is not None]
    lines = [*subject.record.document("warnings"), *stopping_lines(subject.record, "±")]
    lines += [line for one in asked for name in ("warnings", "notes") for line in one.document(name)]
    for line in lines:
        yield line if line.endswith((".", "!", "?")) else f"{line}."


def formulas(subject: Subject) -> Section | None:
    """Every formula, in the order of evaluation."""
    record, said = subject.record, subject.said
    if not record["formula_name"].size:
        return None
    columns = [Column(text(said.name)), Column(text(said.formula), looks="broad"), Column(text(said.unit))]
    rows = []
    for k in range(record["formula_name"].size):
        title = localised(str(record["formula_title"][k]), subject.lang)
        about = Markup(f"<small>{prose(title, subject.lang)}</small>") if title else Markup("")
        about = Markup(about + _strategies(subject, str(record["formula_strategies"][k])))
        rows.append(
            [
                row_head(code(str(record["formula_name"][k]))),
                cell(Markup(f"{code(str(record['formula_text'][k]))}{about}"), "formula"),
                cell(text(said.unit_of(str(record["formula_unit"][k]))), "unit"),
            ]
        )
    body = table("formulas-table", text(said.formulas_caption), columns, rows)
    mark = "\ue002"
    head, _, tail = said.formulas_note.format(command=mark).partition(mark)
    note = paragraph(Markup(f"{text(head)}{code('simengine explain')}{text(tail)}"), "note")
    return Section("formulas", said.formulas, join([body, note]))
