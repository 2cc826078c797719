"""What `simengine compare` prints: the verdict, each strategy, each against the baseline, and all pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from simengine.report.comparison_rows import Number, of_pair, of_strategy
from simengine.report.comparison_verdict import ON_TRIALS, Verdict, baseline_of, verdict_of
from simengine.report.decided import decision_report
from simengine.report.descriptions import draws_in_words
from simengine.report.numbers import MISSING, Estimate, level, share, significant, tail_name
from simengine.report.text import Cell, Column, Style, indented, printable, table, text_width, wrap
from simengine.results.record import Record

_MOST_DOMINANCE = 3
"""Phrases on dominance that are printed unless everything is asked for."""
_SINGLE = {
    "prob_best": "best of all, %",
    "regret": "expected regret",
    "ce_exponential": "certain worth",
    "ce_power": "with wealth",
}
_PAIR = {
    "prob_beats": "beats it, %",
    "mean_difference": "mean",
    "ce_exponential_difference": "certain worth",
    "ce_power_difference": "with wealth",
}


def comparison_report(record: Record, style: Style, *, everything: bool = False) -> str:
    """What a comparison has to say, as text: one screen, or differences of all pairs with ``everything``."""
    lines = _header(record, style)
    decided = record.document("decided")
    if decided is not None:
        lines = [*decision_report(decided, style).splitlines(), "", *lines]
    for output in range(len(record.outputs)):
        lines += [*([""] if output else []), *_outcome(record, output, style, everything=everything)]
    return "\n".join([*lines, "", *_notes(record, style)])


def _header(record: Record, style: Style) -> list[str]:
    title = printable(record.text("title") or record.text("scenario"))
    files = [printable(entry["name"]) for entry in record.document("files")]
    trials = record.integer("trials")
    facts = [f"{len(record.strategies)} strategies on the same draws", f"{trials:,} trial{'' if trials == 1 else 's'}"]
    facts += [f"seed {record.integer('seed')}", draws_in_words(record.text("sampler"))]
    if len(files) > 1:
        title = f"{', '.join(files[:-1])} and {files[-1]}"
    return [*(style.bold(line) for line in wrap(title, style.width)), *wrap(", ".join(facts), style.width)]


def _outcome(record: Record, output: int, style: Style, *, everything: bool) -> list[str]:
    name, title = record.outputs[output], printable(str(record["output_title"][output]))
    unit = printable(str(record["unit"][output]))
    heading = (f"{name}: {title}" if title and title != name else name) + (f" [{unit}]" if unit else "")
    members = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    base, verdict = baseline_of(record, output), verdict_of(record, output, style)
    lines = [style.bold(heading)]
    for sentence in (*verdict.leading, *verdict.against_baseline, *_dominance(verdict, everything=everything)):
        lines += indented(f"- {sentence}", 0, style)

    def alone(shown: Sequence[int]) -> list[str]:
        return _columns(record, "", shown, lambda s: _single(record, s, output), style)

    def less(from_: int) -> list[str]:
        def against(shown: Sequence[int]) -> list[str]:
            head = f"less {printable(record.strategies[from_])}"
            return _columns(record, head, shown, lambda s: _against(record, s, from_, output, beats=not matrix), style)

        return _blocks([s for s in members if s != from_], against, style)

    matrix = len(members) > 2
    lines += ["", *_blocks(members, alone, style)]
    for from_ in (base, *(s for s in members if everything and s != base)):
        lines += ["", *less(from_)]
    if matrix:
        lines += ["", *_blocks(members, lambda shown: _matrix(record, members, shown, output, style), style)]
    return lines


def _dominance(verdict: Verdict, *, everything: bool) -> tuple[str, ...]:
    """What is said on dominance: all, or so much that it does not fill the screen."""
    found = [said.removeprefix(ON_TRIALS) for said in verdict.dominance if said.startswith(ON_TRIALS)]
    shown = found if everything or len(found) <= _MOST_DOMINANCE else found[: _MOST_DOMINANCE - 1]
    phrases = [said.removesuffix(".") for said in shown]
    if len(found) > len(shown):
        phrases.append(f"{len(found) - len(shown)} more with --all")
    together = [f"{ON_TRIALS}{'; '.join(phrases)}."] if phrases else []
    others = [said for said in verdict.dominance if not said.startswith(ON_TRIALS)]
    if not everything and len(others) > 1:
        others = [others[0], f"{len(others) - 1} more on this: --all shows them."]
    return (*together, *others)


def _blocks(columns: Sequence[int], block: Callable[[Sequence[int]], list[str]], style: Style) -> list[str]:
    """As many columns side by side as the line has room for, the others below."""
    lines: list[str] = []
    rest = list(columns)
    while rest:
        size = len(rest)
        while size > 1 and max(text_width(_plain(line)) for line in block(rest[:size])) > style.width:
            size -= 1
        lines += [*([""] if lines else []), *block(rest[:size])]
        rest = rest[size:]
    return lines


def _plain(line: str) -> str:
    """A line without the marks for bold and dim."""
    for mark in ("\x1b[1m", "\x1b[2m", "\x1b[0m"):
        line = line.replace(mark, "")
    return line


def _columns(
    record: Record, head: str, shown: Sequence[int], column: Callable[[int], dict[str, Cell]], style: Style
) -> list[str]:
    cells = {s: column(s) for s in shown}
    labels = dict.fromkeys(label for found in cells.values() for label in found)
    rows = [[label, *(cells[s].get(label, Estimate(MISSING)) for s in shown)] for label in labels]
    headers = [Column(head), *(Column(printable(record.strategies[s]), "right") for s in shown)]
    return table(headers, rows, style)


def _single(record: Record, strategy: int, output: int) -> dict[str, Cell]:
    found = {number.key: number for number in of_strategy(record, strategy, output)}
    cells = {label: found[key].estimate for key, label in _levels(record, "mean", "", found)}
    cells |= {label: found[key].estimate for key, label in _SINGLE.items() if key in found}
    rows: dict[str, Cell] = dict(cells)
    for tail in record["level"].tolist():
        key = f"efficient{tail_name(tail)}"
        clear = found[f"{key}_clear"].value
        rows[_efficient_label(record, tail)] = ("yes" if found[key].value else "no") if clear else "unclear"
    return rows


def _efficient_label(record: Record, tail: float) -> str:
    return "efficient" if record["level"].size == 1 else f"efficient {tail_name(tail)} %"


def _against(record: Record, strategy: int, base: int, output: int, *, beats: bool) -> dict[str, Cell]:
    """One column of differences; P(beats) only where no matrix has it."""
    found = {number.key: number for number in of_pair(record, strategy, base, output)}
    cells: dict[str, Cell] = {_PAIR["prob_beats"]: found["prob_beats"].estimate} if beats else {}
    cells |= {label: found[key].estimate for key, label in _levels(record, "mean_difference", "_difference", found)}
    for key in ("ce_exponential_difference", "ce_power_difference"):
        if key in found:
            cells[_PAIR[key]] = found[key].estimate
    return cells


def _levels(record: Record, mean: str, end: str, found: dict[str, Number]) -> list[tuple[str, str]]:
    """Keys and labels of the mean, the percentiles and the expected shortfall."""
    keys = [(mean, "mean")]
    keys += [(f"p{level(p)}{end}", f"P{level(p)}") for p in record["quantile"].tolist()]
    keys += [(f"cvar{tail_name(t)}_loss{end}", f"CVaR {tail_name(t)} % (loss)") for t in record["level"].tolist()]
    return [(key, label) for key, label in keys if key in found]


def _matrix(record: Record, members: Sequence[int], shown: Sequence[int], output: int, style: Style) -> list[str]:
    """P(row beats column), for all pairs."""
    rows: list[list[Cell]] = []
    for s in members:
        cells: list[Cell] = [printable(record.strategies[s])]
        for a in shown:
            value, se = record["prob_beats"][s, a, output], record["prob_beats_se"][s, a, output]
            cells.append(Estimate("") if s == a else share(float(value), float(se)))
        rows.append(cells)
    headers = [Column("row beats column, %"), *(Column(printable(record.strategies[a]), "right") for a in shown)]
    return table(headers, rows, style)


def _notes(record: Record, style: Style) -> list[str]:
    sign = style.plus_minus
    legend = [
        f"{sign} is one standard error (? unknown); a difference is told if its 95 % interval leaves out 0. "
        "efficient: none has a higher mean and a lower CVaR (a loss)."
    ]
    for o, name in enumerate(record.outputs):
        tolerance = float(record["risk_tolerance"][o])
        if not math.isnan(tolerance):
            worth = printable(f"{significant(tolerance, 6)} {record['unit'][o]}".strip())
            legend.append(f"certain worth of {name}: for risk tolerance {worth}.")
    if not np.all(np.isnan(record["risk_tolerance"])):
        legend.append("--risk-tolerance sets it; by default half of the baseline's mean, or sd if larger.")
    notes = [" ".join(legend)]
    if not math.isnan(record.number("wealth")):
        wealth, aversion = record.number("wealth"), record.number("risk_aversion")
        said = f"wealth {significant(wealth, 6)} and relative risk aversion {significant(aversion, 6)}"
        notes.append(f"with wealth: the same at {said}.")
    others = record.document("other_outputs")
    if others:
        notes.append(f"Also reported, and compared with --output: {', '.join(map(printable, others))}.")
    notes += [f"{printable(note)}." for note in record.document("notes")]
    return [style.dim(line) for note in notes for line in wrap(note, style.width)]
