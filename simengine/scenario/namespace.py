"""The one flat name space of formulas: who has which name, names that clash, names that nobody uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from simengine.errors import Problem
from simengine.formula import names_in
from simengine.scenario import names
from simengine.scenario.definition import (
    LEAK_ALIAS,
    PLAIN_INPUTS,
    PLAIN_OUTCOME,
    DecisionSpec,
    InputSpec,
    OutputSpec,
    RiskSpec,
)
from simengine.scenario.document import Document
from simengine.scenario.formulas import Formulas
from simengine.scenario.positions import Path
from simengine.scenario.quantities import ONE_OF
from simengine.scenario.report import Report
from simengine.scenario.terms import Terms


@dataclass(frozen=True)
class Quantities:
    """All that has a name in one strategy, as far as it could be read."""

    inputs: Mapping[str, InputSpec]
    risks: Mapping[str, RiskSpec]
    costs: Mapping[str, InputSpec]
    constants: Mapping[str, float]
    decisions: Mapping[str, DecisionSpec]
    formulas: Formulas

    @property
    def numbers(self) -> dict[str, float]:
        """The constants, and the decisions at the values that a run takes."""
        return {**self.constants, **{name: decision.value for name, decision in self.decisions.items()}}

    def described_as(self, shared: Quantities) -> Quantities:
        """The same, where titles and units that a strategy leaves out are those that the scenario gives."""

        def described(spec: InputSpec, other: InputSpec | None) -> InputSpec:
            if other is None or spec is other:
                return spec
            return replace(spec, title=spec.title or other.title, unit=spec.unit or other.unit)

        return replace(
            self,
            inputs={name: described(spec, shared.inputs.get(name)) for name, spec in self.inputs.items()},
            costs={name: described(spec, shared.costs.get(name)) for name, spec in self.costs.items()},
        )

    def failed(self, document: Document) -> set[str]:
        """Names that the document defines by something that could not be read."""
        read = {"inputs": self.inputs, "risks": self.risks, "costs": self.costs}
        return {name for name, path, _ in entries(document) if path[0] in read and path[1] not in read[str(path[0])]}


def entries(found: Document) -> Iterator[tuple[str, Path, str]]:
    """Every name that the tables of a document define, where, and as what; risks and costs give derived names.

    Entries that could not be read are named too, so that a formula that uses one is not wrong as well.
    """
    for table in ("inputs", "constants", "decisions", "model"):
        what = ONE_OF[table]
        for name in _keys(found, table):
            yield name, (table, name), what
    for name in _keys(found, "costs"):
        yield f"costs_{name}", ("costs", name), f"the cost {name}"
    for name in _keys(found, "risks"):
        yield name, ("risks", name), "a risk"
        for part in ("strikes", "severity", "probability", "chance"):
            yield f"{name}_{part}", ("risks", name), f"a part of the risk {name}"


def _keys(document: Document, table: str) -> list[str]:
    found = document.data.get(table)
    return list(found) if isinstance(found, dict) else []


def check_clashes(document: Document, plain: bool, report: Report) -> dict[str, Path]:
    """All names and where they are defined; names that two things claim, or that look the same, are reported."""
    owners: dict[str, tuple[Path, str]] = {PLAIN_OUTCOME: ((), "the outcome of the plain model")} if plain else {}
    for name, path, what in entries(document):
        if name in owners:
            reason = f"{name} is already {owners[name][1]}"
            report.add(Problem(reason, allowed="one thing for each name"), document, path, of_key=True)
        else:
            owners[name] = (path, what)
    for name, other in names.same_name(owners).items():
        reason = f"{name} differs from {other} ({owners[other][1]}) only in capitals"
        hint = "files and readers do not tell them apart: rename one"
        if owners[name][0]:
            report.add(Problem(reason, hint=hint), document, owners[name][0], of_key=True)
    own = [name for name, (path, _) in owners.items() if not path or path[-1] == name]
    for problem in names.look_alikes({name: name for name in own}):
        report.add(problem, document, owners[problem.key][0], of_key=True)
    return {name: path for name, (path, _) in owners.items()}


def unused(
    quantities: Quantities, plain: bool, outputs: tuple[OutputSpec, ...], terms: Terms | None = None
) -> set[Path]:
    """Where inputs, risks, constants, costs and formulas are defined that no outcome depends on."""
    trees = quantities.formulas.trees
    waiting = [output.name for output in outputs]
    if terms is not None:
        waiting += [*PLAIN_INPUTS, *quantities.risks, *(cost.name for cost in quantities.costs.values())]
        waiting += [name for term in terms.values.values() if term.tree is not None for name in names_in(term.tree)]
        waiting += [name for tree in terms.conditions.values() for name in names_in(tree)]
        waiting += [name for name in trees if name not in waiting]  # formulas may replace those of the deal
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in trees:
            waiting += names_in(trees[name])
        elif name == PLAIN_OUTCOME and plain:
            waiting += ["V", "D", "R", "L", *quantities.risks, *(cost.name for cost in quantities.costs.values())]
        elif name == LEAK_ALIAS[0]:
            waiting.append(LEAK_ALIAS[1])
    paths: set[Path] = {("inputs", name) for name in quantities.inputs if name not in seen}
    paths |= {("constants", name) for name in quantities.constants if name not in seen}
    paths |= {("decisions", name) for name in quantities.decisions if name not in seen}
    paths |= {("model", name) for name in trees if name not in seen}
    paths |= {("costs", name) for name, spec in quantities.costs.items() if spec.name not in seen}
    for name in quantities.risks:
        parts = {name, *(f"{name}_{part}" for part in ("strikes", "severity", "probability", "chance"))}
        if not parts & seen:
            paths.add(("risks", name))
    return paths
