"""What `simengine optimize` prints: the best values, what they are worth, and how sure that is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from simengine.analysis.decisions.evaluate import Candidate
from simengine.analysis.decisions.optimum import Margin, Optimum
from simengine.analysis.decisions.variables import setting_text
from simengine.analysis.measures import Measure
from simengine.report.csv import PLAIN, CsvStyle, rows_csv
from simengine.report.descriptions import draws_in_words
from simengine.report.measures import difference_estimate, heading, measure_estimate, number, valued
from simengine.report.numbers import Estimate, significant
from simengine.report.text import Cell, Column, Style, printable, table, wrap

_ONLY = "only this"
"""Where the draws tell the best apart from everything else."""
MOST_SHOWN = 10
"""Points of the frontier that are printed; all are in the file and in the JSON object."""


def optimum_report(found: Optimum, title: str, unit: str, style: Style) -> str:
    """Everything as text."""
    lines = [style.bold(line) for line in wrap(title, style.width)]
    lines += [line for fact in _asked(found, unit) for line in wrap(fact, style.width)]
    lines += ["", *_variables(found, style), "", *_worth(found, style)]
    lines += ["", *(line for fact in _today(found, style) for line in wrap(fact, style.width))]
    lines += ["", *(line for fact in _sure(found, style) for line in wrap(fact, style.width))]
    if len(found.frontier) > 1:
        lines += ["", *_frontier(found, style)]
    note = f"{style.plus_minus} is one standard error. CVaR is a loss: positive when money is lost."
    return "\n".join([*lines, "", *(style.dim(line) for line in wrap(note, style.width))])


def _asked(found: Optimum, unit: str) -> list[str]:
    aim, draws = found.aim, found.draws
    verb = "smallest" if aim.minimise else "largest"
    shown = "" if aim.objective.share or not unit else f" [{unit}]"
    drawn = f"{draws.trials:,} trials, seed {draws.seed}, {draws_in_words(draws.sampler)}"
    facts = [f"{verb} {aim.objective.label}{shown}; {drawn}"]
    if aim.constraints:
        facts.append("subject to " + ", ".join(constraint.label for constraint in aim.constraints))
    methods: dict[str, list[str]] = {}
    for name, one in found.searched.items():
        methods.setdefault(one.method, []).append(f"{name} ({one.evaluations:,})")
    facts += [f"{method}: {', '.join(names)}" for method, names in methods.items()]
    return facts


def _variables(found: Optimum, style: Style) -> list[str]:
    best = found.best
    rows: list[list[Cell]] = []
    if len(found.variables) > 1:
        similar = list(dict.fromkeys(one.strategy for one in found.as_good if one.strategy != best.strategy))
        alike_too = ", ".join(map(printable, similar)) or _ONLY
        rows.append(["strategy", f"{len(found.variables)} strategies", "", printable(best.strategy), alike_too])
    for variable in found.variables[best.strategy]:
        alike = [candidate.setting[variable.name] for candidate in _alike(found)]
        spread = f"{significant(min(alike), 4)} to {significant(max(alike), 4)}" if min(alike) < max(alike) else _ONLY
        if variable.choices is None or len(variable.choices) > 6:
            allowed = f"{significant(variable.low, 6)} to {significant(variable.high, 6)}"
        else:
            allowed = ", ".join(significant(choice, 6) for choice in variable.choices)
        now = significant(variable.value, 6)
        value = significant(best.setting[variable.name], 5)
        rows.append([variable.name, allowed, now, style.bold(value), spread])
    if not rows:
        return []
    columns = [Column("decision"), Column("allowed", flexible=True), Column("now", "right"), Column("best", "right")]
    return table([*columns, Column("as good", flexible=True)], rows, replace(style, color=False))


def _alike(found: Optimum) -> list[Candidate]:
    """The best candidate, and those of its strategy that the draws do not tell apart from it."""
    return [found.best, *(one for one in found.as_good if one.strategy == found.best.strategy)]


def _worth(found: Optimum, style: Style) -> list[str]:
    errors = found.best.measured.error(found.batches)
    fresh_errors = found.fresh.error(found.fresh_batches)
    gain = found.fresh - found.current
    gain_errors = gain.error(found.fresh_batches)
    rows: list[list[Cell]] = []
    seen: set[Measure] = set()
    for k, measure in enumerate(found.aim.measures):
        if measure in seen:
            continue
        seen.add(measure)
        rows.append(
            [
                heading(measure),
                measure_estimate(measure, float(found.best.measured.value[k]), float(errors[k])),
                measure_estimate(measure, float(found.fresh.value[k]), float(fresh_errors[k])),
                difference_estimate(measure, float(gain.value[k]), float(gain_errors[k])),
            ]
        )
    headers = ("draws of the search", "fresh draws", "change from now")
    return table([Column(""), *(Column(header, "right") for header in headers)], rows, style)


def _today(found: Optimum, style: Style) -> list[str]:
    """Whose values the change is from, and what the best of the strategies has as they are."""
    objective, own = found.aim.objective, found.best.strategy
    setting = setting_text({variable.name: variable.value for variable in found.variables[own]})

    def worth(name: str) -> str:
        error = float(found.today[name].error(found.fresh_batches)[0])
        shown = measure_estimate(objective, float(found.today[name].value[0]), error)
        return f"{shown.text(style.plus_minus)}{' %' if objective.share else ''}"

    values = f" with {setting}" if setting else ""
    facts = [f"Now: {printable(own)}{values} has {objective.label} {worth(own)}."]
    best = found.best_today
    if len(found.today) > 1:
        among = " that meet the constraints" if _meets(found, best) else ""
        facts[0] += f" Of the strategies{among} as they are, {printable(best)} is the best: {worth(best)}."
    return facts


def _meets(found: Optimum, strategy: str) -> bool:
    """Whether there are constraints, which a strategy meets as it is."""
    values = found.today[strategy].value.tolist()
    constraints = found.aim.constraints
    return bool(constraints) and all(c.holds(values[k]) for k, c in enumerate(constraints, 1))


def _sure(found: Optimum, style: Style) -> list[str]:
    facts = []
    for margin in found.margins:
        facts.append(_margin_text(margin, style))
    chance = found.chance
    within = f" by more than {significant(found.indifference, 2)}" if found.indifference > 0.0 else ""
    count = len(found.candidates)
    if not math.isnan(chance):
        met = "that it meets the constraints and " if found.aim.constraints else ""
        facts.append(
            f"Chance of correct selection: {_percent(chance)} {met}that none of the {count:,} candidates that were "
            f"evaluated{' and meets them' if met else ''} is better{within} (Bonferroni's bound with Student's tails "
            f"on paired differences)."
        )
    else:
        facts.append("Chance of correct selection: unknown, for an error that it needs is unknown or seems to be 0.")
    edge = [
        f"{variable.name} = {significant(found.best.setting[variable.name], 5)}"
        for variable in found.variables[found.best.strategy]
        if found.best.setting[variable.name] in (variable.low, variable.high)
    ]
    if edge:
        facts.append(f"At the end of its range: {', '.join(edge)}. A wider range may hold a better value.")
    facts.append(
        "The best of many is lucky on the draws that chose it: read its worth from the fresh draws, which the search "
        "has not seen."
    )
    return facts


def _percent(chance: float) -> str:
    """A lower bound in percent, never rounded up."""
    percent = math.floor(1e4 * chance) / 100.0
    return "more than 99.99 %" if chance > 0.9999 else f"at least {percent:.2f} %"


def _margin_text(margin: Margin, style: Style) -> str:
    constraint = margin.constraint
    fresh: Estimate = measure_estimate(constraint.measure, margin.fresh, margin.fresh_se)
    text = f"{constraint.label} {'binds' if margin.binds else 'does not bind'}"
    if margin.next_step is not None:
        text = f"{constraint.label}: the next step would break it ({setting_text(margin.next_step)})"
    state = "holds" if margin.holds_afresh else "does not hold"
    sign = " %" if constraint.measure.share else ""
    return f"{text}; on fresh draws it {state}: {fresh.text(style.plus_minus)}{sign}."


def _frontier(found: Optimum, style: Style) -> list[str]:
    shown = _thinned(found.frontier, MOST_SHOWN)
    names = list(dict.fromkeys(name for candidate in shown for name in candidate.setting))
    several = len({candidate.strategy for candidate in shown}) > 1
    columns = [*([Column("strategy")] if several else []), *(Column(name, "right") for name in names)]
    columns += [Column("mean", "right"), Column("CVaR95", "right")]
    rows: list[list[Cell]] = []
    for candidate in shown:
        errors = candidate.measured.error(found.batches)
        own: list[Cell] = [printable(candidate.strategy)] if several else []
        own += [significant(candidate.setting[name], 4) if name in candidate.setting else "" for name in names]
        for k in (-2, -1):
            own.append(measure_estimate(found.aim.measures[k], float(candidate.measured.value[k]), float(errors[k])))
        rows.append(own)
    more = f" ({len(shown)} of {len(found.frontier)})" if len(shown) < len(found.frontier) else ""
    head = f"Efficient frontier, mean against expected shortfall of {found.aim.objective.output}{more}"
    return [style.bold(head), *table(columns, rows, style)]


def _thinned(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """At most so many, evenly along the means, the ends among them."""
    if len(candidates) <= most:
        return list(candidates)
    means = [float(candidate.measured.value[-2]) for candidate in candidates]
    low, high = means[0], means[-1]
    wanted = [low + (high - low) * k / (most - 1) for k in range(most)]
    places = {min(range(len(means)), key=lambda k: abs(means[k] - goal)) for goal in wanted}
    return [candidates[place] for place in sorted({*places, len(means) - 1})]


def optimum_object(found: Optimum, title: str) -> dict[str, Any]:
    """Everything as plain values."""
    aim, errors = found.aim, found.best.measured.error(found.batches)
    fresh, fresh_errors = found.fresh, found.fresh.error(found.fresh_batches)
    gain = found.fresh - found.current
    gain_errors = gain.error(found.fresh_batches)
    measures = [
        {
            "measure": measure.label,
            "search": valued(found.best.measured.value[k], errors[k]),
            "fresh": valued(fresh.value[k], fresh_errors[k]),
            "gain": valued(gain.value[k], gain_errors[k]),
        }
        for k, measure in enumerate(aim.measures)
    ]
    return {
        "schema": 1,
        "title": title,
        "objective": aim.objective.label,
        "direction": "minimise" if aim.minimise else "maximise",
        "trials": found.draws.trials,
        "seed": found.draws.seed,
        "sampler": found.draws.sampler,
        "searched": {n: {"method": s.method, "evaluations": s.evaluations} for n, s in found.searched.items()},
        "strategy": found.best.strategy,
        "best": dict(found.best.setting),
        "now": {variable.name: variable.value for variable in found.variables[found.best.strategy]},
        "today": {name: _today_object(found, name) for name in found.today},
        "best_today": found.best_today,
        "measures": measures,
        "constraints": [
            {
                "constraint": margin.constraint.label,
                "search": valued(margin.value, margin.se),
                "fresh": valued(margin.fresh, margin.fresh_se),
                "binds": margin.binds,
                "next_step": None if margin.next_step is None else dict(margin.next_step),
                "holds_afresh": margin.holds_afresh,
            }
            for margin in found.margins
        ],
        "chance_of_correct_selection": number(found.chance),
        "indifference": number(found.indifference),
        "as_good": [{"strategy": one.strategy, **one.setting} for one in found.as_good],
        "frontier": [_point(found, candidate) for candidate in found.frontier],
    }


def _today_object(found: Optimum, name: str) -> dict[str, Any]:
    """The measures of a strategy with the values of the file, on fresh draws."""
    today = found.today[name]
    errors = today.error(found.fresh_batches)
    return {m.label: valued(today.value[k], errors[k]) for k, m in enumerate(found.aim.measures)}


def _point(found: Optimum, candidate: Candidate) -> dict[str, Any]:
    errors = candidate.measured.error(found.batches)
    return {
        "strategy": candidate.strategy,
        "setting": dict(candidate.setting),
        "mean": valued(candidate.measured.value[-2], errors[-2]),
        "cvar95_loss": valued(candidate.measured.value[-1], errors[-1]),
    }


def optimum_json(found: Optimum, title: str, *, ascii_only: bool = False) -> str:
    """Everything as one JSON object."""
    return json.dumps(optimum_object(found, title), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def optimum_rows(found: Optimum) -> tuple[list[str], list[list[str | float]]]:
    """Every candidate that was evaluated: its values, every measure with its error, and what it is."""
    names = list(dict.fromkeys(v.name for variables in found.variables.values() for v in variables))
    labels = [measure.label for measure in found.aim.measures]
    unique = [k for k, label in enumerate(labels) if labels.index(label) == k]
    header = ["strategy", *names, *(part for k in unique for part in (labels[k], f"{labels[k]} se"))]
    header += ["allowed", "efficient", "best"]
    efficient = {id(candidate) for candidate in found.frontier}
    rows: list[list[str | float]] = []
    for candidate, feasible in zip(found.candidates, found.feasible, strict=True):
        errors = candidate.measured.error(found.batches)
        row: list[str | float] = [candidate.strategy]
        row += [candidate.setting.get(name, float("nan")) for name in names]
        for k in unique:
            row += [float(candidate.measured.value[k]), float(errors[k])]
        row += [float(feasible), float(id(candidate) in efficient), float(candidate is found.best)]
        rows.append(row)
    return header, rows


def optimum_csv(found: Optimum, style: CsvStyle = PLAIN) -> bytes:
    """The rows of :func:`optimum_rows` as a file."""
    return rows_csv(*optimum_rows(found), style)
