"""What a scenario says once it is resolved: its inputs with their moments, risks, dependence and strategies."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simengine.deal.model import Model, Output, YearlyOutput
from simengine.errors import Problem
from simengine.plan.compile import used_names
from simengine.plan.plan import PlanInput
from simengine.report.descriptions import described
from simengine.report.numbers import MISSING, level, significant
from simengine.report.text import Cell, Column, Style, indented, printable, table, wrap
from simengine.scenario import CorrelationGroup, RiskSpec, Scenario

Entry = TypeVar("Entry")

_DIGITS = 4
_MOST_CHOICES = 6
_POINTS = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class CheckReport:
    """A scenario that was found right.  Print it for the resolved table; ``warnings`` are what is doubtful.

    ``tabulated`` are the inputs of the scenario's plan, whose percentiles are known already; those of other inputs
    are computed when the report is printed.
    """

    scenario: Scenario
    models: tuple[Model, ...]
    tabulated: tuple[PlanInput, ...] = ()

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Warnings and notes, with file, line and column."""
        return self.scenario.warnings

    def text(self, style: Style) -> str:
        """All tables as text; the warnings are a matter of their own."""
        parts = [_heading(self.scenario, style), _inputs(self.models, self.tabulated, style)]
        parts += [_risks(self.scenario, style), _decisions(self.scenario, style), _dependences(self.scenario, style)]
        parts += [_outcomes(self.models, style)]
        parts += [_strategies(self.scenario, style), _sources(self.models, style)]
        return "\n\n".join("\n".join(part) for part in parts if part)

    def __repr__(self) -> str:
        style = Style(width=120)
        return "\n\n".join([self.text(style), *(["\n".join(_warnings(self.warnings, style))] if self.warnings else [])])


def _heading(scenario: Scenario, style: Style) -> list[str]:
    header, simulate = scenario.header, scenario.simulate
    lines = [style.bold(line) for line in wrap(printable(header.title or header.name), style.width)]
    lines += wrap(printable(header.description), style.width) if header.description else []
    facts = [f"amounts in {header.money}"] if header.money else []
    facts.append(f"{simulate.trials:,} trials, seed {simulate.seed}")
    facts.append("percentiles " + ", ".join(level(percent) for percent in simulate.percentiles))
    return lines + wrap(printable("; ".join(facts)), style.width)


def _inputs(models: Sequence[Model], tabulated: Sequence[PlanInput], style: Style) -> list[str]:
    known = {(strategy, entry.name): entry for entry in tabulated for strategy in entry.strategies}
    rows: list[list[Cell]] = []
    entries = [
        (entry.name, model.strategy, (entry, known.get((model.strategy, entry.name))))
        for model in models
        for entry in model.inputs.values()
    ]
    for label, (entry, found) in _labelled(entries, lambda pair: repr(pair[0].marginal.digest_key), len(models)):
        marginal = entry.marginal
        at = (found.p5, found.p50, found.p95) if found is not None else marginal.quantile(np.array(_POINTS))
        points = [_number(float(value)) for value in at]
        spread = math.sqrt(marginal.variance) if marginal.variance >= 0.0 else math.nan
        moments = [_number(marginal.mean), _number(spread)]
        rows.append([label, described(marginal.description), *moments, *points, entry.unit])
    columns = [Column("input", flexible=True), Column("distribution", flexible=True)]
    columns += [Column(name, "right") for name in ("mean", "sd", "P5", "P50", "P95")]
    return [*table([*columns, Column("unit")], rows, style), *_unused(models, style)]


def _unused(models: Sequence[Model], style: Style) -> list[str]:
    """The inputs that no outcome of a strategy depends on, a line for all strategies of which the same is true."""
    found: dict[tuple[str, ...], list[str]] = {}
    for model in models:
        used = used_names(model)
        found.setdefault(tuple(name for name in model.inputs if name not in used), []).append(model.strategy)
    texts = [f"not used in {', '.join(where)}: {', '.join(names)}" for names, where in found.items() if names]
    return [style.dim(line) for text in texts for line in wrap(printable(text), style.width)]


def _risks(scenario: Scenario, style: Style) -> list[str]:
    rows: list[list[Cell]] = []
    entries = [(name, d.strategy, risk) for d in scenario.strategies.values() for name, risk in d.risks.items()]
    if not entries:
        return []
    for label, risk in _labelled(entries, _risk_key, len(scenario.strategies)):
        probability, severity = risk.probability.marginal, risk.severity.marginal
        loss = probability.mean * severity.mean
        rows.append([label, *(_number(number) for number in (probability.mean, severity.mean, loss)), risk.title])
    columns = [Column("risk", flexible=True), Column("probability", "right"), Column("severity if it strikes", "right")]
    return table([*columns, Column("mean loss", "right"), Column("meaning", flexible=True)], rows, style)


def _decisions(scenario: Scenario, style: Style) -> list[str]:
    entries = [(name, d.strategy, one) for d in scenario.strategies.values() for name, one in d.decisions.items()]
    rows: list[list[Cell]] = []
    for label, one in _labelled(entries, repr, len(scenario.strategies)):
        few = one.choices is not None and len(one.choices) <= _MOST_CHOICES
        allowed = ", ".join(map(_number, one.choices or ())) if few else f"{_number(one.low)} to {_number(one.high)}"
        allowed += f", {len(one.choices)} values" if one.choices is not None and not few else ""
        rows.append([label, _number(one.value), allowed, one.unit, one.title])
    columns = [Column("decision", flexible=True), Column("value", "right"), Column("allowed", flexible=True)]
    return table([*columns, Column("unit"), Column("meaning", flexible=True)], rows, style) if rows else []


def _risk_key(risk: RiskSpec) -> str:
    return repr((risk.probability.marginal.digest_key, risk.severity.marginal.digest_key))


def _labelled(
    entries: Sequence[tuple[str, str, Entry]], key: Callable[[Entry], str], strategies: int
) -> Iterator[tuple[str, Entry]]:
    """Entries (name, strategy, entry) that are equal by ``key`` once, in the order of their names.

    The first kind of a name is labelled by the name alone, when every strategy has one; others say where they hold.
    """
    found: dict[str, dict[str, tuple[Entry, list[str]]]] = {}
    for name, strategy, entry in entries:
        found.setdefault(name, {}).setdefault(key(entry), (entry, []))[1].append(strategy)
    for name, kinds in found.items():
        everywhere = sum(len(places) for _, places in kinds.values()) == strategies
        for number, (entry, places) in enumerate(kinds.values()):
            where = f"in {', '.join(places)}"
            first = name if everywhere else f"{name} {where}"
            yield (first if number == 0 else f"{name} {where}"), entry


def _sources(models: Sequence[Model], style: Style) -> list[str]:
    """What the inputs mean and where their numbers come from, each text once."""
    found: dict[tuple[str, str, str], None] = {}
    for model in models:
        for entry in model.inputs.values():
            found.setdefault((entry.name, entry.title, entry.source))
    lines = []
    for name, title, source in found:
        if title or source:
            lines += indented(f"{name}: {'; source: '.join(text for text in (title, source) if text)}", 2, style)
    return [style.bold("meaning and sources"), *lines] if lines else []


def _dependences(scenario: Scenario, style: Style) -> list[str]:
    """Each group of dependent inputs, with the correlations as written and as they are used."""
    strategies = scenario.strategies
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, definition in strategies.items():
        for group in definition.groups:
            groups.setdefault((_copula(group), *_pairs(group)), []).append(name)
    lines = []
    for (copula, *pairs), names in groups.items():
        where = "" if len(names) == len(strategies) else f" (in {', '.join(names)})"
        lines += wrap(printable(f"dependence: {copula}{where}"), style.width)
        lines += [line for pair in pairs for line in indented(pair, 2, style)]
    return lines


def _copula(group: CorrelationGroup) -> str:
    kind = "Gaussian copula" if group.dof is None else f"t copula with {group.dof:.6g} degrees of freedom"
    return f"{kind} of {', '.join(group.names)}"


def _pairs(group: CorrelationGroup) -> Iterator[str]:
    said = {pair.names: pair for pair in group.said}
    names = group.names
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            used, pair = float(group.matrix[i, j]), said.get((names[i], names[j]))
            if pair is not None and pair.kind != "normal":
                given = f"{pair.kind.capitalize()} {significant(pair.value, 6)}; "
                yield f"{pair.first} ~ {pair.second}: {given}correlation of normal scores {significant(used, 6)}"
            elif used != 0.0:
                yield f"{names[i]} ~ {names[j]}: correlation of normal scores {significant(used, 6)}"


def _outcomes(models: Sequence[Model], style: Style) -> list[str]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for model in models:
        reported: list[Output | YearlyOutput] = [*model.outputs, *model.yearly_outputs]
        for output in reported:
            formula = model.formulas.get(output.name)
            text = formula.text if formula is not None else ""
            name = f"{output.name}, by year" if isinstance(output, YearlyOutput) else output.name
            found.setdefault((name, text, output.unit, output.title), []).append(model.strategy)
    rows: list[list[Cell]] = [
        [name + ("" if len(names) == len(models) else f" ({', '.join(names)})"), text, unit, title]
        for (name, text, unit, title), names in found.items()
    ]
    headers = ("outcome", "formula", "unit", "meaning")
    return table([Column(name, flexible=True) for name in headers], rows, style)


def _strategies(scenario: Scenario, style: Style) -> list[str]:
    written = tomllib.loads(scenario.merged_text).get("strategies", {})
    lines = [style.bold("strategies")]
    for name, definition in scenario.strategies.items():
        lines += indented(f"{name}: {definition.title}" if definition.title else name, 2, style)
        changes = list(_changes(written.get(name, {})))
        for change in changes or ["as written above"]:
            lines += [style.dim(line) for line in indented(change, 6, style)]
    return lines


def _changes(value: object, path: str = "") -> Iterator[str]:
    """What a strategy changes, one text for each value."""
    if isinstance(value, Mapping) and "dist" not in value:
        for key, item in value.items():
            if path or key not in ("title", "description"):
                yield from _changes(item, f"{path}.{key}" if path else key)
    elif isinstance(value, Mapping):
        shown = ", ".join(
            f"{key} = {_toml(item)}" for key, item in value.items() if key not in ("title", "unit", "source", "note")
        )
        yield f"{path} = {{ {shown} }}"
    else:
        yield f"{path} = {_toml(value)}"


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _warnings(problems: Sequence[Problem], style: Style) -> list[str]:
    return [line for problem in problems for line in wrap(printable(str(problem)), style.width)]


def _number(value: float) -> str:
    return significant(value, _DIGITS) if math.isfinite(value) else MISSING
