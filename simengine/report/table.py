"""What `simengine run` prints: one table an outcome, one column a strategy, and outcomes by year."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simengine.report.descriptions import draws_in_words, outcome_heading
from simengine.report.histogram import bars, common_scale
from simengine.report.key_figures import condensed_outputs, key_figures
from simengine.report.numbers import MISSING, UNDEFINED, UNKNOWN_ERROR, Estimate, duration, exact, interval, significant
from simengine.report.statistics import Statistic, largest_gap, reported_pairs, statistics_of
from simengine.report.stopping import stopping_lines
from simengine.report.text import Cell, Column, Style, printable, table, text_width, wrap
from simengine.report.years_table import years_notes, years_table
from simengine.results.record import Record

_LABELS = {"std": "sd"}
_BARS = 16
_FEWEST_FOR_SPEED = 1_000_000
"""With fewer trials the time to get ready is most of it."""
_STAGES_BEFORE = ("scenario", "plan", "pilot")
"""Stages of a run before the trials; the first call of the kernel, which loads it, is in the pilot."""
_LABEL_WIDTH = 12
_COLUMN_WIDTH = 10


def run_report(record: Record, style: Style) -> str:
    """All that a run has to say, as text: what was run, a table for each outcome, and notes."""
    lines = [*_header(record, style)]
    condensed = condensed_outputs(record)
    for output in range(len(record.outputs)):
        if output not in condensed:
            lines += ["", *outcome_table(record, output, style)]
    if condensed:
        lines += ["", *key_figures(record, style)]
    for output in range(len(record.yearly_outputs)):
        lines += ["", *years_table(record, output, style)]
    lines += ["", *_notes(record, style)]
    return "\n".join(lines)


def outcome_table(record: Record, output: int, style: Style) -> list[str]:
    """The lines of one outcome: its heading, then its statistics, with a column for each strategy.

    When the strategies do not fit side by side they follow below each other in groups.
    """
    strategies = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    lines = [style.bold(_heading(record, output))]
    rest = strategies
    while rest:
        size, block = _widest_block(record, output, rest, strategies, style)
        lines += ["", *block] if len(rest) < len(strategies) else block
        rest = rest[size:]
    return lines


def _widest_block(
    record: Record, output: int, rest: list[int], compared: list[int], style: Style
) -> tuple[int, list[str]]:
    """As many of the strategies side by side as the line has room for, at least one."""
    most = max((style.width - _LABEL_WIDTH) // _COLUMN_WIDTH, 1)
    for size in range(min(most, len(rest)), 0, -1):
        block = _block(record, output, rest[:size], compared, replace(style, color=False))
        if size == 1 or max(map(text_width, block)) <= style.width:
            break
    return size, _block(record, output, rest[:size], compared, style)


def _block(record: Record, output: int, shown: list[int], compared: list[int], style: Style) -> list[str]:
    columns = [Column("")] + [Column(printable(record.strategies[s]), "right") for s in shown]
    losses = not _cannot_be_lost(record, output, compared)
    asked = _asks_of_zero(record, output, compared)
    listed = [_printed(statistics_of(record, s, output), losses, asked) for s in shown]
    rows: list[list[Cell]] = []
    for key, label in {entry.key: entry.heading for entries in listed for entry in entries}.items():
        found = [next((entry for entry in entries if entry.key == key), None) for entries in listed]
        if key == "prob_loss" and not asked and _never_lost(record, output, compared):
            continue
        cells = [_cell(entry, record, s, output, style) for entry, s in zip(found, shown, strict=True)]
        rows.append([_LABELS.get(key, label), *cells])
    rows += _shape_rows(record, output, shown, compared, style)
    return table(columns, rows, style)


def _printed(entries: list[Statistic], losses: bool, asked: bool = False) -> list[Statistic]:
    """The statistics that a person compares: not the shape numbers, nor VaR, which repeats a percentile.

    ``asked`` says that the scenario asks for P(outcome < 0) by a target.
    """
    hidden = () if losses or asked else ("prob_loss",)
    return [
        entry
        for entry in entries
        if entry.key not in hidden
        and (entry.group in ("moment", "percentile", "below") or (losses and entry.key.startswith("cvar")))
    ]


def _cannot_be_lost(record: Record, output: int, strategies: list[int]) -> bool:
    """Whether an outcome beside the value T never falls below 0, as sales or costs do: losses say nothing of it."""
    least = record["minimum"][strategies, output]
    return record.outputs[output] != "T" and bool(np.all(least[np.isfinite(least)] >= 0))


def _cell(entry: Statistic | None, record: Record, strategy: int, output: int, style: Style) -> Cell:
    if entry is None or record["finite"][strategy, output] == 0:
        return Estimate(MISSING)
    if entry.key == "std" and record["finite"][strategy, output] == 1:
        return Estimate(_undefined(style))
    return entry.estimate


def _asks_of_zero(record: Record, output: int, strategies: list[int]) -> bool:
    """Whether 0 is a target of the outcome in any of the strategies."""
    return bool((record["target_value"][strategies, output] == 0.0).any())


def _never_lost(record: Record, output: int, strategies: list[int]) -> bool:
    """Whether P(outcome < 0) is a row of zeros beside targets that say more."""
    targets = record["target_value"][strategies, output]
    return bool(np.isfinite(targets).any()) and not record["prob_loss"][strategies, output].any()


def _shape_rows(record: Record, output: int, shown: list[int], compared: list[int], style: Style) -> list[list[Cell]]:
    edges, counts = record["histogram_edges"], record["histogram_counts"]
    scale = common_scale([edges[s, output] for s in compared], [counts[s, output] for s in compared])
    drawn = [bars(edges[s, output], counts[s, output], scale, _BARS, unicode=style.unicode) for s in shown]
    if not any(line.strip() for line in drawn):
        return []
    low, high = interval(*scale)
    rows: list[list[Cell]] = [["shape", *drawn]]
    if low != high:
        rows.append(["", *[low + high.rjust(_BARS - len(low)) for _ in shown]])
    return rows


def _heading(record: Record, output: int) -> str:
    return outcome_heading(record.outputs[output], str(record["output_title"][output]), str(record["unit"][output]))


def _header(record: Record, style: Style) -> list[str]:
    title = printable(record.text("title") or record.text("scenario"))
    trials = record.integer("trials")
    facts = [f"{trials:,} trial{'' if trials == 1 else 's'}", f"seed {record.integer('seed')}"]
    facts.append(draws_in_words(record.text("sampler")))
    if record.text("precision") != "float64":
        facts.append(f"{record.text('precision')} arithmetic")
    return [*(style.bold(line) for line in wrap(title, style.width)), *wrap(", ".join(facts), style.width)]


def speed(record: Record, *, compiled: bool = False) -> str:
    """How long the run took, and how fast it was; not part of the table, which is the same for every run.

    The rate is that of the trials alone: reading the scenario, and compiling or loading the kernel, are no part of it.
    ``compiled`` says that the kernel was compiled on the way: then no rate is given.
    """
    timings: dict[str, float] = record.document("timings")
    simulation = sum(seconds for stage, seconds in timings.items() if stage not in _STAGES_BEFORE)
    trials = record.integer("trials")
    stopping = record.document("stopping")
    drawn = sum(stopping["looks"]) if stopping else trials
    rate = drawn / simulation / 1e6 if simulation > 0.0 and trials >= _FEWEST_FOR_SPEED and not compiled else 0.0
    shown = f", simulated at {significant(rate, 2)} million trials a second" if rate >= 0.1 else ""
    return f"{trials:,} trial{'' if trials == 1 else 's'} in {duration(sum(timings.values()))}{shown}{_gap(record)}"


def _gap(record: Record) -> str:
    """How far a float32 run is from float64, for the outcome that is farthest."""
    if record.text("precision") == "float64":
        return ""
    largest, mean = (largest_gap(record, name) for name in ("precision_gap", "precision_gap_mean"))
    return (
        f"; {record.text('precision')} is within {largest:.1e} sd of float64 on the same draws ({mean:.1e} on average)"
    )


def _undefined(style: Style) -> str:
    return UNDEFINED if style.unicode else "-"


def _sign_notes(record: Record, style: Style) -> list[str]:
    """What the signs for numbers that are not there mean, where they stand in the tables."""
    pairs = reported_pairs(record)
    printed = [entry for s, o in pairs for entry in _printed(statistics_of(record, s, o), losses=True)]
    notes = []
    if any(record["finite"][pair] == 1 for pair in pairs):
        notes.append(f"{_undefined(style)} stands for a number that one trial does not have.")
    if any(entry.estimate.error == UNKNOWN_ERROR for entry in printed):
        notes.append(f"{UNKNOWN_ERROR} is a standard error that these trials cannot tell.")
    return notes


def _notes(record: Record, style: Style) -> list[str]:
    notes = [f"{style.plus_minus} is one standard error. CVaR is a loss: positive when money is lost."]
    notes = [*stopping_lines(record, style.plus_minus), *notes, *_sign_notes(record, style)]
    error = record.number("worst_table_error")
    if error > 0.0:
        bound = math.ceil(math.log10(error) + 1e-9)  # a bound, since the last bits differ between SciPy's versions
        notes.append(f"Quantile tables are exact to 1e{bound} in probability.")
    if gap := _gap(record):
        notes.append(f"{gap[2:3].upper()}{gap[3:]}, measured on the first trials.")
    faults = record["faults"]
    for strategy, output in zip(*np.nonzero(faults), strict=True):
        notes.append(
            f"Left out: {exact(float(faults[strategy, output]))} trials of {record.strategies[strategy]} whose "
            f"{record.outputs[output]} was not finite; the first is trial {record['first_fault'][strategy, output]}."
        )
    notes += years_notes(record, style)
    for strategy, name in enumerate(record.strategies):
        title = printable(str(record["strategy_title"][strategy]))
        if title and title != name:
            notes.append(f"{printable(name)}: {title}")
    return [style.dim(line) for note in notes for line in wrap(note, style.width)]
