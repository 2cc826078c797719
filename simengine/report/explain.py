"""What a scenario was resolved to, as text: formulas, inputs, dependence and units, strategy by strategy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from simengine.deal.explain import MAX_VALUES, DependenceLine, Explanation, FormulaLine, InputLine
from simengine.formula.axis import ONE_PERIOD, Grid
from simengine.formula.printer import shortened
from simengine.report.descriptions import described
from simengine.report.numbers import significant
from simengine.report.text import Style, indented, printable, wrap

NOT_USED = "not used here"
"""Said of what no outcome of a strategy depends on."""


def explanation_text(explanations: Sequence[Explanation], style: Style) -> str:
    """All strategies; one that reads like an earlier one is only named beside it."""
    groups: dict[Explanation, list[Explanation]] = {}
    for explanation in explanations:
        groups.setdefault(replace(explanation, strategy="", title=""), []).append(explanation)
    return "\n\n".join(_strategy_text(content, named, style) for content, named in groups.items())


def _strategy_text(content: Explanation, named: Sequence[Explanation], style: Style) -> str:
    heading = "strategy " if len(named) == 1 else "strategies "
    heading += ", ".join(f"{entry.strategy} ({entry.title})" if entry.title else entry.strategy for entry in named)
    lines = [style.bold(line) for line in wrap(printable(heading), style.width)]
    by_section = list(content.sections) != ["model"]
    terms = [line for text in content.terms for line in indented(printable(text), 2, style)]
    for title, part in (
        ("terms in words; ranges hold 90 % of the cases", terms),
        *_formula_parts(content, by_section, style),
        *_input_parts("uncertain inputs", [entry for entry in content.inputs if not entry.constant], by_section, style),
        *_input_parts("fixed inputs", [entry for entry in content.inputs if entry.constant], by_section, style),
        ("dependence", _dependences(content.dependences, style)),
    ):
        if part:
            lines += ["", style.bold(title), *part]
    return "\n".join(lines)


def _formula_parts(content: Explanation, by_section: bool, style: Style) -> Iterator[tuple[str, list[str]]]:
    """Formulas under the headings of their parts of the deal; under one where there are no parts."""
    axis = _axis(content.grid, style)
    if not by_section:
        yield "time", axis
        yield "formulas, in the order of evaluation", _formulas(content.formulas, style)
        return
    parts = {"time": [], **content.sections}
    for section, formulas in parts.items():
        yield section, (axis if section == "time" else []) + _formulas(formulas, style)


def _axis(grid: Grid, style: Style) -> list[str]:
    """The periods, where there are several."""
    if grid == ONE_PERIOD:
        return []
    about = f"end of each of {grid.periods} periods, in years; period = {significant(grid.length, 6)}"
    about += f", horizon = {significant(grid.horizon, 6)}"
    lines = indented(f"year = {_values(grid.ends)}", 2, style)
    return lines + [style.dim(line) for line in indented(about, 6, style)]


def _formulas(formulas: Sequence[FormulaLine], style: Style) -> list[str]:
    lines = []
    for formula in formulas:
        name = f"{formula.name}[year]" if formula.yearly else formula.name
        mark = "" if not formula.outcome else " [reported by year]" if formula.yearly else " [reported]"
        unit = f" [{formula.unit}]" if formula.unit else ""
        lines += indented(f"{name} = {formula.text}", 2, style)
        if formula.expanded is not None and formula.outcome:
            lines += indented(f"= {formula.expanded}", 6, style)
        if formula.figures is not None and not formula.values:
            lines += indented(f"= {formula.figures}", 6, style)
        if formula.values:
            lines += indented(f"= {_values(formula.values)}", 6, style)
        targets = "".join(f"; P({formula.name} < {significant(target, 12)})" for target in formula.targets)
        initial = f"; at year 0: {formula.initial}" if formula.initial else ""
        unused = "" if formula.used else NOT_USED
        about = "; ".join(text for text in (f"{formula.title}{unit}{mark}{targets}{initial}".strip(), unused) if text)
        if about:
            lines += [style.dim(line) for line in indented(about, 6, style)]
    return lines


def _values(values: Sequence[float]) -> str:
    """Values by year with few digits, without commas inside numbers; the middle of a long list is left out."""
    return ", ".join(shortened([significant(value, 6).replace(",", "") for value in values], MAX_VALUES))


def _input_parts(
    title: str, inputs: Sequence[InputLine], by_table: bool, style: Style
) -> Iterator[tuple[str, list[str]]]:
    """Inputs under one heading, or under one for each table of the scenario."""
    if not by_table:
        yield title, _inputs(inputs, style)
        return
    tables = dict.fromkeys(entry.table for entry in inputs)
    for table in tables:
        yield f"{title}, [{table}]", _inputs([entry for entry in inputs if entry.table == table], style)


def _inputs(inputs: Sequence[InputLine], style: Style) -> list[str]:
    lines = []
    for entry in inputs:
        unit = f" [{entry.unit}]" if entry.unit else ""
        lines += indented(f"{entry.name} ~ {described(entry.distribution)}{unit}", 2, style)
        source = f"source: {entry.source}" if entry.source else ""
        unused = "" if entry.used else NOT_USED
        about = "; ".join(text for text in (entry.title, source, f"from {entry.key}", unused) if text)
        lines += [style.dim(line) for line in indented(about, 6, style)]
    return lines


def _dependences(groups: Sequence[DependenceLine], style: Style) -> list[str]:
    lines = []
    for group in groups:
        lines += indented(f"{group.copula} of {', '.join(group.names)}; correlation of normal scores:", 2, style)
        lines += [
            line
            for one, other, r in group.pairs
            for line in indented(f"{one} ~ {other}: {significant(r, 6)}", 6, style)
        ]
    return lines
