"""What a scenario was resolved to, as text: formulas, inputs, dependence and units, strategy by strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simengine.deal.explain import DependenceLine, Explanation, FormulaLine, InputLine
from simengine.report.descriptions import described
from simengine.report.numbers import significant
from simengine.report.text import Style, indented, printable, wrap


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
    for title, part in (
        ("formulas, in the order of evaluation", _formulas(content.formulas, style)),
        ("uncertain inputs", _inputs([entry for entry in content.inputs if not entry.constant], style)),
        ("fixed inputs", _inputs([entry for entry in content.inputs if entry.constant], style)),
        ("dependence", _dependences(content.dependences, style)),
    ):
        if part:
            lines += ["", style.bold(title), *part]
    return "\n".join(lines)


def _formulas(formulas: Sequence[FormulaLine], style: Style) -> list[str]:
    lines = []
    for formula in formulas:
        mark = " [reported]" if formula.outcome else ""
        unit = f" [{formula.unit}]" if formula.unit else ""
        lines += indented(f"{formula.name} = {formula.text}", 2, style)
        if formula.expanded is not None and formula.outcome:
            lines += indented(f"= {formula.expanded}", 6, style)
        targets = "".join(f"; P({formula.name} < {significant(target, 12)})" for target in formula.targets)
        about = f"{formula.title}{unit}{mark}{targets}".strip()
        if about:
            lines += [style.dim(line) for line in indented(about, 6, style)]
    return lines


def _inputs(inputs: Sequence[InputLine], style: Style) -> list[str]:
    lines = []
    for entry in inputs:
        unit = f" [{entry.unit}]" if entry.unit else ""
        lines += indented(f"{entry.name} ~ {described(entry.distribution)}{unit}", 2, style)
        source = f"source: {entry.source}" if entry.source else ""
        about = "; ".join(text for text in (entry.title, source, f"from {entry.key}") if text)
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
