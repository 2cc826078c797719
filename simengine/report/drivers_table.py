"""The tables that ``simengine drivers`` prints."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simengine.report.descriptions import draws_in_words
from simengine.report.drivers_names import MOST_ROWS, NOTHING, factor_name, joined, over_periods, summed
from simengine.report.numbers import MISSING, estimate, level, share, significant
from simengine.report.text import Cell, Column, Style, printable, table, wrap
from simengine.results.record import Record

Array = NDArray[np.float64]

_BAR = 8
_FEW_POINTS = 8192
"""Shapley effects of fewer points carry a warning: rare events weigh much in a variance."""
_NAMED = {"prob_loss": "P(loss), %"}


def drivers_report(record: Record, style: Style, *, by_risk: bool = False) -> str:
    """All that was asked, outcome by outcome.

    With ``by_risk`` a risk stands for its inputs wherever it has numbers of its own.
    """
    asked = record.document("sections")
    lines = [*_header(record, style)]
    for o in range(len(record.outputs)):
        for section in asked:
            lines += _SECTIONS[section](record, o, style, by_risk)
    return "\n".join([*lines, "", *_notes(record, style)])


def _header(record: Record, style: Style) -> list[str]:
    title = printable(record.text("title") or record.text("scenario"))
    drawn = draws_in_words(record.text("sampler"))
    facts = f"{record.integer('trials'):,} trials, seed {record.integer('seed')}, {drawn}"
    return [*(style.bold(line) for line in wrap(title, style.width)), *wrap(facts, style.width)]


def _heading(record: Record, output: int, text: str, style: Style) -> list[str]:
    name, unit = record.outputs[output], printable(str(record["unit"][output]))
    return ["", *(style.bold(line) for line in wrap(f"{name}{f' [{unit}]' if unit else ''}: {text}", style.width))]


def _strategies(record: Record, output: int) -> list[int]:
    return [s for s in range(len(record.strategies)) if record["reported"][s, output]]


def _shown(record: Record, by_risk: bool) -> list[int]:
    """Places of factors: inputs and events, or risks instead of theirs."""
    kinds, members = record["factor_kind"], record["factor_members"]
    grouped = {name for k, kind in enumerate(kinds) if kind == "risk" for name in members[k].split()}
    if not by_risk:
        return [f for f, kind in enumerate(kinds) if kind != "risk"]
    return [f for f, kind in enumerate(kinds) if kind == "risk" or record["factor"][f] not in grouped]


def _name(record: Record, factor: int) -> str:
    return factor_name(record, factor)


# ---- what moves outcomes ----


def _tornado(record: Record, output: int, style: Style, by_risk: bool) -> list[str]:
    ranked = record.integer("ranked_trials")
    part_of_run = f", over {ranked:,} of the trials" if ranked < record.integer("trials") else ""
    lines = _heading(record, output, f"what moves it (tornado){part_of_run}", style)
    rho, rho_se = record["spearman"][:, output], record["spearman_se"][:, output]
    part, part_se = record["contribution"][:, output], record["contribution_se"][:, output]
    for s in _strategies(record, output):
        used = [f for f in _shown(record, False) if record["linked"][s, output, f] and math.isfinite(rho[s, f])]
        used.sort(key=lambda f: -abs(rho[s, f]))
        swings = record["swing"][s, output]
        rows: list[list[Cell]] = []
        quiet = 0
        for name, members in _by_share(record, used, part[s]):
            f = members[0]
            whole, whole_se = summed(part[s, members], part_se[s, members])
            if len(rows) >= MOST_ROWS and whole < NOTHING:
                quiet += 1
                continue
            if len(members) > 1:
                rows.append([name, MISSING, share(whole, whole_se), _bar(whole, style), MISSING, MISSING, MISSING])
                continue
            low, high = swings[f]
            cells: list[Cell] = [name, estimate(rho[s, f], rho_se[s, f])]
            cells += [share(part[s, f], part_se[s, f]), _bar(part[s, f], style)]
            cells += [_changed(record, (s, output, f))]
            cells += [significant(float(low), 5), significant(float(high), 5)]
            rows.append(cells)
        points = [level(point) for point in record["swing_point"].tolist()]
        columns = [Column(printable(record.strategies[s])), Column("rank correlation", "right")]
        columns += [Column("share, %", "right"), Column(""), Column("change of mean", "right")]
        columns += [Column(f"swing P{point}", "right") for point in points]
        lines += ["", *table(columns, rows, style)] if rows else []
        if quiet:
            lines += [style.dim(f"{quiet} more, each with a share below {100 * NOTHING:g} %")]
        idle = [name for name, _ in joined(record, [f for f in _shown(record, False) if _idle(record, s, output, f)])]
        if idle:
            lines += [style.dim(line) for line in wrap(f"no part in it: {', '.join(idle)}", style.width)]
    return lines


def _by_share(record: Record, used: list[int], shares: Array) -> list[tuple[str, list[int]]]:
    """The rows of a tornado: by rank correlation, or by share where the draws of several periods are one row."""
    rows = joined(record, used)
    if all(len(members) == 1 for _, members in rows):
        return rows
    return sorted(rows, key=lambda row: -_size(float(np.sum(shares[row[1]]))))


def _idle(record: Record, strategy: int, output: int, factor: int) -> bool:
    present = math.isfinite(record["swing"][strategy, output, factor, 0])
    return present and not record["linked"][strategy, output, factor]


def _changed(record: Record, place: tuple[int, int, int]) -> Cell:
    value, se = float(record["mean_change"][place]), float(record["mean_change_se"][place])
    return estimate(value, se) if math.isfinite(value) else MISSING


def _bar(value: float, style: Style) -> str:
    return ("█" if style.unicode else "#") * round(_BAR * value) if math.isfinite(value) else ""


def _sobol(record: Record, output: int, style: Style, by_risk: bool) -> list[str]:
    lines = _heading(record, output, "shares of its variance, %", style)
    for s in _strategies(record, output):
        correlated = bool(record["correlated"][s, output])
        names = ("shapley", "first_order") if correlated else ("sobol_first", "sobol_total", "first_order")
        rows: list[list[Cell]] = []
        order = [f for f in _shown(record, by_risk) if record["linked"][s, output, f]]
        order.sort(key=lambda f: -_size(record[names[-2]][s, output, f]))
        entries = joined(record, order)
        if any(len(members) > 1 for _, members in entries):
            entries.sort(key=lambda row: -_size(float(np.sum(record[names[-2]][s, output, row[1]]))))
        for label, members in entries:
            row: list[Cell] = [label]
            row += [share(*summed(record[n][s, output, members], record[f"{n}_se"][s, output, members])) for n in names]
            rows.append(row)
        headings = {"shapley": "Shapley effect", "sobol_first": "first order (Sobol)", "sobol_total": "total (Sobol)"}
        columns = [Column(printable(record.strategies[s]))]
        columns += [Column(headings.get(name, "first order, from trials"), "right") for name in names]
        lines += ["", *table(columns, rows, style)] if rows else []
    return lines


def _size(value: float) -> float:
    return value if math.isfinite(value) else -1.0


# ---- decisions ----


def _information(record: Record, output: int, style: Style, by_risk: bool) -> list[str]:
    evpi, evpi_se = float(record["evpi"][output]), float(record["evpi_se"][output])
    lines = _heading(record, output, "what to find out before signing", style)
    strategies = _strategies(record, output)
    if len(strategies) < 2:
        alone = printable(record.strategies[strategies[0]])
        text = f"Only {alone} reports it, so there is nothing to choose and no enquiry could change the choice: "
        return [*lines, *wrap(text + "EVPI and EVPPI need two strategies. Name another with --strategy.", style.width)]
    if record.outputs[output] in record.document("less_is_better"):
        text = "Less of it is better; it is not what strategies are chosen by here, so nothing is said of choosing."
        return [*lines, *wrap(text, style.width)]
    best = max(strategies, key=lambda s: float(record["mean"][s, output]))
    mean = estimate(record["mean"][best, output], record["mean_se"][best, output]).text(style.plus_minus)
    whole = estimate(evpi, evpi_se).text(style.plus_minus)
    lines += wrap(
        f"{printable(record.strategies[best])} has the highest mean, {mean}. Knowing everything before choosing would "
        f"be worth {whole} (EVPI): no enquiry is worth more.",
        style.width,
    )
    value, se = record["evppi"][output], record["evppi_se"][output]
    rows: list[list[Cell]] = []
    for f in sorted(_shown(record, by_risk), key=lambda f: -_size(value[f])):
        if math.isfinite(value[f]) and record["linked"][strategies][:, output, f].any():
            part = estimate(value[f], se[f])
            found = _switches(record, output, f, style)
            rows.append([_name(record, f), part, f"{100 * max(value[f], 0) / evpi:.0f}" if evpi > 0 else "–", found])
    columns = [Column("learning"), Column("is worth (EVPPI)", "right"), Column("% of EVPI", "right")]
    return [*lines, "", *table([*columns, Column("the best strategy", flexible=True)], rows, style)]


def _switches(record: Record, output: int, factor: int, style: Style) -> str:
    """Which strategy is best as an input rises, and where that changes."""
    if record["factor_kind"][factor] == "risk":
        return ""
    if record["factor_kind"][factor] == "event":
        return printable(str(record["event_best"][output, factor])) or "stays the same"
    mine = [
        k
        for k in range(len(record["switch_output"]))
        if record["switch_output"][k] == record.outputs[output]
        and record["switch_factor"][k] == record["factor"][factor]
    ]
    if not mine:
        return "stays the same"
    mine.sort(key=lambda k: float(record["switch_rank"][k]))
    text = str(record["switch_below"][mine[0]])
    for k in mine:
        text += f", from {_switch_place(record, k, style)} {record['switch_above'][k]}"
    return printable(text)


def _switch_place(record: Record, k: int, style: Style) -> str:
    value, rank = float(record["switch_value"][k]), float(record["switch_rank"][k])
    low, high = float(record["switch_low"][k]), float(record["switch_high"][k])
    if not math.isfinite(value):
        return f"percentile {level(round(100 * rank, 3))} of its draw"
    reach = max(high - value, value - low)
    return estimate(value, reach / 1.96).text(style.plus_minus) if reach > 0 else significant(value, 5)


# ---- lines and conditions ----


def _spider(record: Record, output: int, style: Style, by_risk: bool) -> list[str]:
    lines = []
    points = record["spider_point"].tolist()
    kinds: tuple[tuple[str, str, Callable[..., Cell]], ...] = (
        ("spider", "at percentiles of each input, the others at their medians", lambda v, _: significant(float(v), 4)),
        ("spider_mean", "mean given that an input is at a percentile", lambda v, se: _brief(float(v), float(se))),
    )
    for name, text, cell in kinds:
        lines += _heading(record, output, text, style)
        errors = record.values.get(f"{name}_se", np.zeros_like(record[name]))
        for s in _strategies(record, output):
            rows: list[list[Cell]] = []
            for f in _shown(record, False):
                values = record[name][s, output, f]
                if record["linked"][s, output, f] and np.isfinite(values).any():
                    cells = [cell(v, se) for v, se in zip(values, errors[s, output, f], strict=True)]
                    rows.append([_name(record, f), *cells])
            columns = [Column(printable(record.strategies[s]))]
            columns += [Column(f"P{level(point)}", "right") for point in points]
            lines += ["", *table(columns, rows, style)] if rows else []
    return lines


def _brief(value: float, se: float) -> str:
    """A number to the digits that its error allows, without the error: nine of them stand in a line."""
    return estimate(value, se).value


def _stress(record: Record, output: int, style: Style, by_risk: bool) -> list[str]:
    said = " and ".join(record.document("stress_conditions"))
    lines = _heading(record, output, f"where {printable(said)}", style)
    for s in _strategies(record, output):
        left = int(record["stress_trials"][s, output])
        rows: list[list[Cell]] = []
        for k, statistic in enumerate(record["statistic"].tolist()):
            show = share if statistic == "prob_loss" else estimate
            cells = [
                show(record[name][s, output, k], record[f"{name}_se"][s, output, k])
                for name in ("stress", "stress_base", "stress_change")
            ]
            rows.append([_NAMED.get(statistic, statistic.upper() if statistic[0] == "p" else statistic), *cells])
        columns = [Column(printable(record.strategies[s])), Column(f"in {left:,} trials", "right")]
        columns += [Column("in all", "right"), Column("change", "right")]
        lines += ["", *table(columns, rows, style)]
    return lines


def _reverse(record: Record, output: int, style: Style, by_risk: bool) -> list[str]:
    ends = (
        "lowest 5 %, which are its best,"
        if record.outputs[output] in record.document("less_is_better")
        else "worst 5 %"
    )
    lines = _heading(record, output, f"what its {ends} have in common", style)
    for s in _strategies(record, output):
        shift, error = record["tail_shift"][s, output], record["tail_shift_se"][s, output]
        order = [f for f in _shown(record, False) if record["linked"][s, output, f] and _present(record, s, output, f)]
        order.sort(key=lambda f: -abs(_size(shift[f])) if math.isfinite(shift[f]) else 0.0)
        rows: list[list[Cell]] = []
        events: list[str] = []
        for f in order:
            inside, errors, everywhere = (record[name][s, output, f] for name in ("tail", "tail_se", "tail_base"))
            if record["factor_kind"][f] == "event":
                events.append(_event_words(record, f, inside[0], errors[0], everywhere[0], style))
                continue
            cells: list[Cell] = [_name(record, f), estimate(shift[f], error[f])]
            cells += [estimate(inside[0], errors[0]), _plain(everywhere[0])]
            cells += [" ".join(_plain(v) for v in inside[1:]), " ".join(_plain(v) for v in everywhere[1:])]
            rows.append(cells)
        columns = [Column(printable(record.strategies[s])), Column("shift, sd", "right")]
        columns += [Column("mean there", "right"), Column("mean", "right")]
        columns += [Column("P10 P50 P90 there", "right"), Column("P10 P50 P90", "right")]
        lines += ["", *table(columns, rows, style)] if rows else []
        if events:
            lines += [*([] if rows else ["", printable(record.strategies[s])])]
            lines += [line for text in events for line in wrap(text, style.width)]
    return lines


def _event_words(record: Record, factor: int, inside: float, se: float, everywhere: float, style: Style) -> str:
    there = share(inside, se).text(style.plus_minus)
    overall = significant(100.0 * float(everywhere), 3)
    return f"{_name(record, factor)}: strikes in {there} % of the worst trials, {overall} % overall"


def _present(record: Record, strategy: int, output: int, factor: int) -> bool:
    return bool(np.isfinite(record["tail"][strategy, output, factor]).any())


def _plain(value: float) -> str:
    return significant(float(value), 3) if math.isfinite(value) else MISSING


_SECTIONS: dict[str, Callable[[Record, int, Style, bool], list[str]]] = {
    "tornado": _tornado,
    "evppi": _information,
    "sobol": _sobol,
    "spider": _spider,
    "stress": _stress,
    "reverse": _reverse,
}


def _notes(record: Record, style: Style) -> list[str]:
    asked = record.document("sections")
    notes = [f"{style.plus_minus} is one standard error."]
    if "tornado" in asked:
        low, high = (level(point) for point in record["swing_point"].tolist())
        ranked, trials = record.integer("ranked_trials"), record.integer("trials")
        rest = f"; all else that is read from trials: over all {trials:,}" if ranked < trials else ""
        notes.append(
            f"Rank correlations and changes of the mean: over {ranked:,} trials{rest}. "
            "Share: the squares of correlations over their sum. "
            f"Change of mean: of the outcome, between the input at P{low} and at P{high} with all others as they are "
            "drawn; of an event, as it strikes rather than not. "
            f"Swing P{low}, P{high}: the outcome when the input is there and all others stay at their medians, "
            "correlated ones too."
        )
    if over_periods(record) and {"tornado", "sobol"} & set(asked):
        notes.append(
            "Of each period: the draws of one quantity over the periods together, with the sum of their shares; --json "
            "and --out have each. Sums of total indices count twice what the draws do together."
        )
    if "evppi" in asked and np.isfinite(record["evpi"]).any():
        notes.append(
            "More of an outcome is taken to be better, and strategies are judged by their means. EVPPI is without the "
            "optimism of one sample, so one that is worth nothing may be slightly below 0."
        )
    if "sobol" in asked:
        notes.append(
            f"Sobol indices: {record.integer('sobol_points'):,} points a sample; Shapley effects: "
            f"{record.integer('shapley_points'):,}."
        )
        if record.integer("shapley_points") < _FEW_POINTS and np.isfinite(record["shapley"]).any():
            notes.append(
                "So few points may miss rare, hard events, and then the stated errors are too small as well: "
                "give more --points."
            )
    notes += [printable(note) for note in record.document("notes")]
    return [style.dim(line) for note in notes for line in wrap(note, style.width)]
