"""The verdict: a paragraph that is read first, the numbers that it rests on, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simengine.report.brief_numbers import alone, alone_share
from simengine.report.comparison_rows import SHARES, Number
from simengine.report.comparison_verdict import ENDS, Verdict, leading_of, verdict_of
from simengine.report.numbers import level, significant
from simengine.report.page.markup import Markup, capital, details, items, join, named, paragraph, sentence, signs, text
from simengine.report.page.rounding import Pair
from simengine.report.page.subject import Section, Subject
from simengine.report.text import Style
from simengine.report.years_table import central_levels
from simengine.results.record import Record


def verdict(subject: Subject) -> Section | None:
    """What a manager reads first; nothing where no outcome is a single number."""
    record, comparison = subject.record, subject.dossier.comparison
    if not record.outputs or not subject.members(0):
        return None
    output = record.outputs.index(comparison.outputs[0]) if _compares(subject) and comparison else 0
    told = _told(subject, comparison) if comparison is not None else None
    first = leader(subject, output)
    parts = [told[0].leading[0]] if told else []
    parts += _of_leader(subject, first, output)
    between = "" if subject.lang == "zh" else " "
    body = [paragraph(join(map(sentence, parts), between), "lead"), _tiles(subject, first, output)]
    if told:
        plain, exact = told
        body.append(items([sentence(line) for line in (*plain.leading[1:], *plain.against_baseline)], "told"))
        lines = (*plain.dominance, *exact.leading[1:], *exact.against_baseline)
        body.append(details(subject.said.dominance, items([sentence(line) for line in lines], "told")))
    return Section("verdict", subject.said.verdict, join(body))


def _compares(subject: Subject) -> bool:
    """Whether the comparison is about an outcome of the run."""
    comparison = subject.dossier.comparison
    return comparison is not None and comparison.outputs[0] in subject.record.outputs


def _told(subject: Subject, comparison: Record) -> tuple[Verdict, Verdict]:
    """The sentences for a manager, whose numbers stand without their errors, and the same with all of them."""
    names = [named(subject.name(strategy)) for strategy in comparison.strategies]
    plain = verdict_of(comparison, 0, Style(), said=subject.said, names=names, told=_plainly)
    return plain, verdict_of(comparison, 0, Style(), said=subject.said, names=names)


def _plainly(number: Number) -> str:
    """A number of a comparison as a manager reads it; one whose error is unknown keeps its three digits."""
    return (alone_share if number.key in SHARES else alone)(number.value, number.se)


def leader(subject: Subject, output: int) -> int:
    """The place of the strategy with the highest mean of an outcome; the comparison says which where it is about it."""
    record, comparison = subject.record, subject.dossier.comparison
    members = subject.members(output)
    if comparison is not None and record.outputs[output] in comparison.outputs:
        name = comparison.strategies[leading_of(comparison, comparison.outputs.index(record.outputs[output]))]
        if name in record.strategies and record.strategies.index(name) in members:
            return record.strategies.index(name)
    return max(members, key=lambda s: float(record["mean"][s, output]))


def _of_leader(subject: Subject, s: int, output: int) -> Iterator[str]:
    """What to expect of a strategy: its mean, where most trials lie, how often money is lost, and what is safer."""
    record, said = subject.record, subject.said
    several = len(record.strategies) > 1
    worse = _safer(subject.dossier.comparison)
    mean, *rest = (alone(*one) for one in [*_middle(record, s, output), *(worse.numbers if worse else ())])
    filled = {"outcome": capital(subject.outcome(record, output)), "name": named(subject.name(record.strategies[s]))}
    filled["mean"] = said.amount(mean, str(record["unit"][output]))
    if record["minimum"][s, output] == record["maximum"][s, output]:
        yield (said.always_the_same if several else said.always_the_same_alone).format(**filled) + said.stop
        return
    parts = [(said.on_average if several else said.on_average_alone).format(**filled)]
    if within := _within(record):
        parts.append(said.lies_between.format(share=within, low=rest[0], high=rest[1]))
    if record["prob_loss"][s, output] == 0.0:
        parts.append(said.never_below_zero)
    else:
        chance = alone_share(float(record["prob_loss"][s, output]), float(record["prob_loss_se"][s, output]))
        parts.append(said.below_zero.format(share=chance))
    yield said.semicolon.join(parts) + said.stop
    if worse:
        name = named(subject.name(worse.strategy))
        yield said.bad_case.format(level=level(ENDS[0]), name=name, value=rest[-2], other=rest[-1])


def _within(record: Record) -> str:
    """The share of trials between the low and the high percentile that are named; empty where there is only one."""
    percents = record["quantile"].tolist()
    places = central_levels(percents)
    return level(percents[places[-1]] - percents[places[0]]) if len(places) > 1 else ""


def _middle(record: Record, s: int, output: int) -> list[Pair]:
    """The mean, and the low and the high percentile where there are two."""
    places = central_levels(record["quantile"].tolist())
    ends = (places[0], places[-1]) if len(places) > 1 else ()
    return [_mean(record, s, output), *(_quantile(record, s, output, k) for k in ends)]


def _mean(record: Record, s: int, output: int) -> Pair:
    return float(record["mean"][s, output]), float(record["mean_se"][s, output])


def _quantile(record: Record, s: int, output: int, k: int) -> Pair:
    return float(record["quantiles"][s, output, k]), float(record["quantiles_se"][s, output, k])


@dataclass(frozen=True)
class _Safer:
    """A strategy that is better where things go badly: its low percentile, and that of the one that leads."""

    strategy: str
    numbers: tuple[Pair, Pair]


def _safer(comparison: Record | None) -> _Safer | None:
    """The strategy with the best low percentile, if it is not the one that leads and the difference can be told."""
    if comparison is None:
        return None
    k = comparison["quantile"].tolist().index(ENDS[0])
    top = leading_of(comparison, 0)
    there = [s for s in range(len(comparison.strategies)) if comparison["reported"][s, 0]]
    best = max(there, key=lambda s: float(comparison["quantiles"][s, 0, k]))
    if best == top or not float(comparison["quantiles_difference_low"][best, top, 0, k]) > 0.0:
        return None
    return _Safer(comparison.strategies[best], (_quantile(comparison, best, 0, k), _quantile(comparison, top, 0, k)))


def _tiles(subject: Subject, s: int, output: int) -> Markup:
    """The numbers of the strategy, large."""
    record, said = subject.record, subject.said
    mean, *ends = (signs(alone(*one)) for one in _middle(record, s, output))
    found = [(said.mean_of, mean)]
    varies = record["minimum"][s, output] < record["maximum"][s, output]
    if ends and varies:
        found.append((said.middle.format(share=_within(record)), said.span.format(low=ends[0], high=ends[1])))
    for value, chance, se in _chances(record, s, output):
        label = said.chance_below.format(value=signs(significant(value, 12)))
        found.append((label, said.percent(alone_share(chance, se))))
    for k, tail in enumerate(record["level"].tolist()[: 1 if varies else 0]):
        worst = alone(-float(record["cvar_loss"][s, output, k]), float(record["cvar_loss_se"][s, output, k]))
        found.append((said.tail_mean.format(share=level(round(100.0 * (1.0 - tail), 9))), signs(worst)))
    parts = [f"<div><dt>{text(label)}</dt><dd>{text(value)}</dd></div>" for label, value in found]
    about = subject.outcome_heading(record, output)
    if len(record.strategies) > 1:
        about = Markup(f"{sentence(named(subject.name(record.strategies[s])))} · {about}")
    return Markup(f'<p class="tiles-of">{about}</p><dl class="tiles">{join(parts)}</dl>')


def _chances(record: Record, s: int, output: int) -> Iterator[tuple[float, float, float]]:
    """Thresholds, with the chance of less: 0, and the first that was asked for."""
    yield 0.0, float(record["prob_loss"][s, output]), float(record["prob_loss_se"][s, output])
    for k, target in enumerate(record["target_value"][s, output].tolist()[:1]):
        if target == target and target != 0.0:
            yield target, float(record["prob_below"][s, output, k]), float(record["prob_below_se"][s, output, k])
