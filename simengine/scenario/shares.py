"""Quantities that formulas use as shares, as ``1 - x`` in a product, and that are not: percentages, mostly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from simengine.distributions.values import brief
from simengine.errors import Problem
from simengine.formula import Name, Node, Number, Operation
from simengine.formula.nodes import postorder
from simengine.scenario.definition import InputSpec, RiskSpec
from simengine.scenario.document import Document
from simengine.scenario.positions import Path
from simengine.scenario.quantities import probability_above
from simengine.scenario.report import Report

_RARE = 1e-9
"""A probability of values above 1 below this is not worth a warning."""


def check_shares(
    document: Document,
    trees: Mapping[str, Node],
    inputs: Mapping[str, InputSpec],
    risks: Mapping[str, RiskSpec],
    constants: Mapping[str, float],
    report: Report,
) -> None:
    """Warn of inputs, severities and constants above 1 that a formula multiplies by as ``1 - x``."""
    where: dict[str, str] = {}
    for formula, tree in trees.items():
        for name in _left_of_one(tree):
            where.setdefault(name, formula)
    for name, formula in where.items():
        if name in risks:
            _check(document, ("risks", name, "severity"), name, formula, risks[name].severity, report)
        elif name in inputs:
            _check(document, ("inputs", name), name, formula, inputs[name], report)
        elif constants.get(name, 0.0) > 1.0:
            report.add_of_value(_fixed(name, formula, constants[name]), document, ("constants", name))


def _left_of_one(tree: Node) -> Iterator[str]:
    """Names x of which ``1 - x`` is a factor; what is compared or bounded, as in ``max(1 - x, 0)``, may be negative."""
    for part in postorder(tree):
        if isinstance(part, Operation) and part.symbol in ("*", "/"):
            for factor in part.operands:
                match factor:
                    case Operation("-", (Number(1.0), Name(name))):
                        yield name


def _check(document: Document, path: Path, name: str, formula: str, spec: InputSpec, report: Report) -> None:
    fixed = spec.marginal.constant
    if fixed is not None:
        if fixed > 1.0:
            report.add_of_value(_fixed(name, formula, fixed), document, path)
        return
    beyond = probability_above(spec, 1.0)
    if beyond <= _RARE:
        return
    reason = f"model.{formula} uses it as 1 - {name}, and it is above 1 with probability {beyond:.2g}"
    median = float(spec.marginal.quantile(0.5)) if beyond > 0.5 else 0.0
    hint = _percent_hint(median, "a median of ") if median else "truncate = { max = 1 }, or a beta or pert distribution"
    report.add_of_value(Problem(reason, severity="warning", hint=hint), document, path)


def _fixed(name: str, formula: str, value: float) -> Problem:
    reason = f"model.{formula} uses it as 1 - {name}, and it is {brief(value)}"
    return Problem(reason, severity="warning", hint=_percent_hint(value, ""))


def _percent_hint(value: float, what: str) -> str:
    general = "percentages are written as fractions"
    meant = float(f"{value / 100.0:.2g}")
    return f"did you mean {what}{brief(meant)}? {general}" if math.isfinite(meant) and meant <= 1.0 else general
