"""What `simengine risks` prints: the risks of each strategy by expected loss, and what each measure brings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.register.mitigations import Effect
from simengine.analysis.register.question import RegisterQuestion
from simengine.analysis.register.register import MEASURES, PLACES, Line, Register, StrategyRegister
from simengine.report.csv import PLAIN, CsvStyle, rows_csv
from simengine.report.descriptions import draws_in_words
from simengine.report.measures import difference_estimate, measure_estimate, valued
from simengine.report.numbers import Estimate, alone, significant
from simengine.report.text import Cell, Column, Style, printable, table, wrap

CSV_COLUMNS = ("strategy", "unit", "part", "name", "quantity", "value", "se")
NAMES = tuple("prob_loss" if measure.share else measure.short for measure in MEASURES)
"""The statistics, as files and JSON call them."""

NO_EFFECT = "no effect here"
"""Said of a measure that changes nothing in a strategy but for what it costs."""

_NONE = "–"


def register_report(found: Register, question: RegisterQuestion, style: Style) -> str:
    """Everything as text."""
    draws = found.draws
    lines = [style.bold(line) for line in wrap(printable(question.title), style.width)]
    facts = (
        f"each strategy with and without each risk, on the same draws; {draws.trials:,} trials, seed {draws.seed}, "
        f"{draws_in_words(draws.sampler)}"
    )
    lines += wrap(facts, style.width)
    for one in found.strategies:
        lines += ["", *_strategy(one, found.batches, style)]
    note = (
        f"{style.plus_minus} is one standard error, of differences on common draws; --json and --out have those that "
        "are left out here. What single risks do does not add up to what they do together. Costs and benefits of "
        "measures are present values after tax."
    )
    return "\n".join([*lines, "", *(style.dim(line) for line in wrap(note, style.width))])


def _strategy(one: StrategyRegister, batches: Batches, style: Style) -> list[str]:
    unit = f" [{one.unit}]" if one.unit else ""
    lines = [style.bold(line) for line in wrap(printable(f"{one.strategy}: {one.outcome}{unit}"), style.width)]
    said = []
    for name in ("mean", "P10", "CVaR95", "loss"):
        place = PLACES[name]
        text = _value(one.base, place, batches).text(style.plus_minus)
        said.append(f"P({one.outcome} < 0) {text} %" if name == "loss" else f"{name} {text}")
    lines += wrap(", ".join(said), style.width)
    if not one.lines:
        lines += ["", "no risk acts in it"]
    else:
        shown = [*one.lines, *([one.together] if one.together is not None else [])]
        lines += ["", *_risks(shown, batches, style), "", *_effects(one, shown, batches, style)]
    if one.measures:
        lines += ["", *_measures(one, batches, style)]
    return lines


def _risks(lines: list[Line], batches: Batches, style: Style) -> list[str]:
    columns = [
        Column("risk", flexible=True),
        *(
            Column(header, "right")
            for header in ("P, %", "when, years", "expected loss", "in worst 5 %", "% of CVaR95")
        ),
    ]
    return table(columns, [_risk(line, batches) for line in lines], style)


def _risk(line: Line, batches: Batches) -> list[Cell]:
    when = _NONE
    if line.mean_time is not None and line.early is not None and line.late is not None:
        mean, early, late = (significant(float(one.value), 2) for one in (line.mean_time, line.early, line.late))
        when = f"{mean} ({early} to {late})"
    return [
        _name(line),
        _NONE if line.probability is None else _percent(line.probability, batches),
        when,
        _amount(line.loss, batches),
        _amount(line.tail_loss, batches),
        _NONE if line.tail_share is None else _percent(line.tail_share, batches),
    ]


def _effects(one: StrategyRegister, lines: list[Line], batches: Batches, style: Style) -> list[str]:
    places = [PLACES[name] for name in ("P10", "P50", "P90", "loss")]
    headers = [f"P({one.outcome} < 0), pp" if MEASURES[place].share else MEASURES[place].short for place in places]
    columns = [Column("what it does to", flexible=True), *(Column(header, "right") for header in headers)]
    rows: list[list[Cell]] = [
        [_name(line), *(_change(line.effects, place, batches) for place in places)] for line in lines
    ]
    return table(columns, rows, style)


def _measures(one: StrategyRegister, batches: Batches, style: Style) -> list[str]:
    headers = ("used", "cost", "brings", "net benefit", "net per cost", "P5", "CVaR95")
    columns = [Column("measure", flexible=True), *(Column(header, "right") for header in headers)]
    rows: list[list[Cell]] = []
    for effect in one.measures:
        changes, per_cost = effect.changes, effect.per_cost
        idle = _is_idle(effect)
        rows.append(
            [
                effect.title or effect.name,
                "yes" if effect.used else "no",
                _brief(effect.cost, batches),
                NO_EFFECT if idle else _brief(effect.benefit, batches, sign=True),
                _change(changes, PLACES["mean"], batches),
                _NONE if per_cost is None or idle else _brief(per_cost, batches, sign=True),
                _brief(changes[PLACES["P5"]], batches, sign=True),
                _brief(changes[PLACES["CVaR95"]], batches, sign=True),
            ]
        )
    return table(columns, rows, style)


def _is_idle(effect: Effect) -> bool:
    """Whether a measure brings nothing in any trial: what it is against does not act in the strategy."""
    return not float(effect.benefit.value) and not np.any(effect.benefit.parts)


def _name(line: Line) -> str:
    return line.risk.title or line.risk.name


def _pair(one: Linearised, batches: Batches) -> tuple[float, float]:
    return float(one.value), float(one.error(batches))


def _value(values: Linearised, place: int, batches: Batches) -> Estimate:
    return measure_estimate(MEASURES[place], *_pair(values[place], batches))


def _change(values: Linearised, place: int, batches: Batches) -> Estimate:
    return difference_estimate(MEASURES[place], *_pair(values[place], batches))


def _amount(one: Linearised, batches: Batches) -> Estimate:
    return measure_estimate(MEASURES[0], *_pair(one, batches))


def _brief(one: Linearised, batches: Batches, *, sign: bool = False) -> str:
    """A number without its error, to the digits that it deserves, at most five."""
    value, se = _pair(one, batches)
    shown = alone(value, se) if se > abs(value) * 1e-5 else significant(value, 5)
    return f"+{shown}" if sign and value > 0.0 else shown


def _percent(one: Linearised, batches: Batches) -> str:
    value, se = _pair(one, batches)
    return alone(100.0 * value, 100.0 * se)


# ---- every number ----


def register_object(found: Register, question: RegisterQuestion) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "schema": 1,
        "title": question.title,
        "trials": found.draws.trials,
        "seed": found.draws.seed,
        "sampler": found.draws.sampler,
        "strategies": [_strategy_object(one, found.batches) for one in found.strategies],
    }


def _strategy_object(one: StrategyRegister, batches: Batches) -> dict[str, Any]:
    return {
        "strategy": one.strategy,
        "title": one.title,
        "outcome": one.outcome,
        "unit": one.unit,
        "statistics": _statistics(one.base, batches),
        "risks": [_line_object(line, batches) for line in one.lines],
        "together": None if one.together is None else _line_object(one.together, batches),
        "measures": [_measure_object(effect, batches) for effect in one.measures],
    }


def _statistics(values: Linearised, batches: Batches) -> dict[str, Any]:
    errors = values.error(batches)
    return {name: valued(values.value[place], errors[place]) for place, name in enumerate(NAMES)}


def _line_object(line: Line, batches: Batches) -> dict[str, Any]:
    numbers = {name: None if one is None else valued(*_pair(one, batches)) for name, one in _numbers(line)}
    return {
        "key": line.risk.key,
        "kind": line.risk.kind,
        "title": line.risk.title,
        **numbers,
        "effects": _statistics(line.effects, batches),
    }


def _numbers(line: Line) -> Iterator[tuple[str, Linearised | None]]:
    yield "probability", line.probability
    yield "mean_time", line.mean_time
    yield "p10_time", line.early
    yield "p90_time", line.late
    yield "expected_loss", line.loss
    yield "tail_loss", line.tail_loss
    yield "tail_share", line.tail_share


def _measure_object(effect: Effect, batches: Batches) -> dict[str, Any]:
    return {
        "name": effect.name,
        "title": effect.title,
        "used": effect.used,
        "cost": valued(*_pair(effect.cost, batches)),
        "benefit": valued(*_pair(effect.benefit, batches)),
        "net_per_cost": None if effect.per_cost is None else valued(*_pair(effect.per_cost, batches)),
        "changes": _statistics(effect.changes, batches),
    }


def register_json(found: Register, question: RegisterQuestion, *, ascii_only: bool = False) -> str:
    """Everything as one JSON object."""
    return json.dumps(register_object(found, question), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def register_rows(found: Register, question: RegisterQuestion) -> list[list[str | float]]:
    """Every number with its standard error: columns :data:`CSV_COLUMNS`; those that mean nothing are left out."""
    rows: list[list[str | float]] = []
    for one in register_object(found, question)["strategies"]:
        head = [one["strategy"], one["unit"]]
        rows += _rows(head, "strategy", "", one["statistics"], "")
        for line in (*one["risks"], *([one["together"]] if one["together"] else [])):
            rows += _rows(head, "risk", line["key"], line, "")
            rows += _rows(head, "risk", line["key"], line["effects"], "effect_")
        for effect in one["measures"]:
            rows += _rows(head, "measure", effect["name"], effect, "")
            rows += _rows(head, "measure", effect["name"], effect["changes"], "change_")
    return rows


def _rows(head: list[str], part: str, name: str, values: dict[str, Any], prefix: str) -> Iterator[list[str | float]]:
    for quantity, value in values.items():
        if isinstance(value, dict) and set(value) == {"value", "se"}:
            told = [float("nan") if value[key] is None else value[key] for key in ("value", "se")]
            yield [*head, part, name, f"{prefix}{quantity}", *told]


def register_csv(found: Register, question: RegisterQuestion, style: CsvStyle = PLAIN) -> bytes:
    """The rows of :func:`register_rows` as a file."""
    return rows_csv(CSV_COLUMNS, register_rows(found, question), style)
