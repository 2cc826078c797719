"""The book of a deal over years: values under their names, what measures change about them, and the formulas so far."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from simengine.deal.model import Dependence, NamedFormula, UncertainInput
from simengine.distributions import resolve
from simengine.distributions.marginal import Marginal
from simengine.errors import Problem
from simengine.formula import is_yearly, names_in, parse
from simengine.formula.nodes import Node
from simengine.formula.printer import number_text
from simengine.scenario.definition import Definition, InputSpec
from simengine.scenario.names import as_identifier
from simengine.scenario.terms import Term, Terms

_TABLES = {"risks": "risks", "costs": "costs", "mitigations": "costs", "grants": "costs"}
"""The table of dimensions that values of other tables than [inputs] belong to."""

identifier = as_identifier
"""The name of an entry as part of names in formulas."""


@dataclass(frozen=True)
class Change:
    """What a measure does to a value: ``factor`` is a term of a product, ``number`` its value where it is certain.

    ``raises`` says whether the factor may be above 1.
    """

    factor: str
    number: float | None
    raises: bool = False


class Book:
    """Formulas and draws of one strategy as they are written, clause by clause.

    ``book["deal.upfront"]`` is the text by which a formula uses a value, with all that the measures of the strategy
    change about it; ``"deal.upfront" in book`` says whether the deal has it.
    """

    def __init__(self, definition: Definition, terms: Terms) -> None:
        self.definition = definition
        self.terms = terms
        self.tables = terms.tables
        self.formulas: dict[str, NamedFormula] = {}
        self.inputs: dict[str, UncertainInput] = {}
        self.dependences: list[Dependence] = []
        self.single: set[str] = set()
        """Formulas that cannot have a value for each period."""
        self.problems: list[Problem] = []
        """Names that two things of the deal claim; other mistakes that only the written deal shows."""
        self._changes = _changes(terms)

    # ---- values ----

    def __contains__(self, key: str) -> bool:
        return key in self.terms.values or self._spec(key) is not None

    def __getitem__(self, key: str) -> str:
        """The text by which formulas use a value.

        Raises
        ------
        KeyError
            If the deal has no such value.
        """
        term, spec = self.terms.values.get(key), self._spec(key)
        if term is not None:
            name, most = term.name, term.most
        elif spec is not None:
            name, most = spec.name, _most(key)
        else:
            raise KeyError(key)
        changes = self._changes.get(key, ())
        if not changes:
            return name
        product = " * ".join([name, *(change.factor for change in changes)])
        beyond = math.isfinite(most) and any(change.raises for change in changes)
        return f"min({product}, {number_text(most)})" if beyond else f"({product})"

    def get(self, key: str, default: str = "") -> str:
        """The text of a value, or ``default`` where the deal has none."""
        try:
            return self[key]
        except KeyError:
            return default

    def number(self, key: str) -> float | None:
        """A value that is the same number in every trial and period, measures included; None for any other."""
        term, spec = self.terms.values.get(key), self._spec(key)
        value = term.constant if term is not None else spec.marginal.constant if spec is not None else None
        for change in self._changes.get(key, ()):
            value = None if value is None or change.number is None else value * change.number
        return value if value is None else min(value, term.most if term is not None else _most(key))

    def positive(self, key: str) -> bool:
        """Whether a value is above 0 in every trial, measures included, as far as that can be told beforehand."""
        if any(change.number is None or change.number <= 0.0 for change in self._changes.get(key, ())):
            return False
        term, spec = self.terms.values.get(key), self._spec(key)
        given = term.input if term is not None else spec
        if given is None:
            return term is not None and bool(term.periods) and min(term.periods) > 0.0
        fixed = given.marginal.constant
        return fixed > 0.0 if fixed is not None else given.marginal.support[0] > 0.0

    def yearly(self, key: str) -> bool:
        """Whether a value differs between periods: a list, or a formula over the periods."""
        term = self.terms.values.get(key)
        if term is None:
            return False
        return bool(term.periods) or (term.tree is not None and self._yearly(term.tree, frozenset()))

    def _yearly(self, tree: Node, above: frozenset[str]) -> bool:
        shapes = {}
        for name in names_in(tree):
            given = self.definition.inputs.get(name)
            if given is not None and given.yearly:
                shapes[name] = True
                continue
            if name in self.formulas:
                found: Node | None = self.formulas[name].expression
            else:
                found = self.definition.expressions.get(name)
            if found is not None and name not in above:
                shapes[name] = self._yearly(found, above | {name})
        return is_yearly(tree, shapes)

    def changes(self, key: str) -> tuple[Change, ...]:
        """What measures change about a value."""
        return self._changes.get(key, ())

    def product(self, *factors: str | None) -> str:
        """A product of those factors that there are."""
        return " * ".join(factor for factor in factors if factor and factor != "1") or "1"

    def total(self, terms: Iterable[str]) -> str:
        """A sum, 0 without terms."""
        return " + ".join(terms) or "0"

    def _spec(self, key: str) -> InputSpec | None:
        """A value of the tables that the plain model has too: an input, a part of a risk, a cost."""
        table, _, name = key.partition(".")
        if table == "inputs":
            return self.definition.inputs.get(name)
        if table == "costs":
            return self.definition.costs.get(name)
        risk, _, part = name.rpartition(".")
        if table != "risks" or risk not in self.definition.risks:
            return None
        found = self.definition.risks[risk]
        return {"probability": found.probability, "severity": found.severity}.get(part)

    # ---- writing ----

    def add(self, name: str, text: str, section: str, title: str = "", key: str = "", *, single: bool = False) -> str:
        """Write a formula; its name.  With ``single`` it may not differ between periods."""
        if single:
            self.single.add(name)
        self._claim(name, key or section, text)
        self.formulas[name] = NamedFormula(name, text, parse(text), key or section, title=title, section=section)
        return name

    def draw(self, name: str, spec: object, key: str, title: str = "", *, address: str = "") -> str:
        """Write an input that the deal draws; its name."""
        table = _TABLES.get(key.partition(".")[0], "inputs")
        self._claim(name, key)
        self.inputs[name] = UncertainInput(name, resolve(spec), key, title=title, address=address, table=table)
        return name

    def draw_each_year(self, name: str, spec: Marginal, key: str, title: str, section: str) -> str:
        """Write an input that is drawn anew for every period; its name."""
        periods = range(1, self.definition.grid.periods + 1)
        for k in periods:
            table = _TABLES.get(key.partition(".")[0], "inputs")
            self._claim(f"{name}_{k}", key)
            self.inputs[f"{name}_{k}"] = UncertainInput(f"{name}_{k}", spec, key, title=title, table=table)
        return self.add(name, f"by_year({', '.join(f'{name}_{k}' for k in periods)})", section, title, key)

    def happens(self, name: str, key: str, section: str, title: str = "", *, address: str = "") -> str:
        """Write whether something of the probability ``key`` happens, 0 or 1; its name.

        It is decided by the same draw, ``address`` or the name, whether the probability is certain or not.
        """
        probability = self.number(key)
        if probability is not None:
            return self.draw(name, {"dist": "bernoulli", "p": probability}, key, title, address=address)
        uniform = {"dist": "uniform", "min": 0.0, "max": 1.0}
        chance = self.draw(f"{address or name}_chance", uniform, key, title, address=address or name)
        return self.add(name, f"{chance} > 1 - {self[key]}", section, title, key)

    def joined(self, names: tuple[str, ...], correlation: float) -> None:
        """Let draws share one factor: each two of their normal scores have this correlation (Gaussian copula)."""
        matrix = np.full((len(names), len(names)), correlation)
        np.fill_diagonal(matrix, 1.0)
        self.dependences.append(Dependence(names, matrix))

    def _claim(self, name: str, key: str, text: str = "") -> None:
        """Note a name that something else of the deal has already."""
        other = self.inputs.get(name) or self.formulas.get(name)
        if other is None or (isinstance(other, NamedFormula) and other.text == text):
            return
        reason = f"{name} would be the name of two quantities: one is of {other.key}, one of {key}"
        self.problems.append(Problem(reason, key=key, hint="rename one of the two"))

    # ---- all values as inputs and formulas ----

    def write_values(self) -> None:
        """Write every value of the tables that act in the strategy: inputs, lists by period, formulas of the user."""
        for term in self.terms.values.values():
            parts = term.key.split(".")
            if parts[0] == "mitigations" and not self._acts(term.key):
                continue
            self._write_value(term, parts[0])

    def _acts(self, key: str) -> bool:
        return any(key.startswith(f"mitigations.{name}.") for name in self.terms.mitigations)

    def _write_value(self, term: Term, table: str) -> None:
        section = section_of(table)
        self._claim(term.name, term.key)
        if term.formula:
            assert term.tree is not None
            self.formulas[term.name] = NamedFormula(term.name, term.formula, term.tree, term.key, section=section)
        elif term.periods:
            text = f"by_year({', '.join(map(number_text, term.periods))})"
            self.formulas[term.name] = NamedFormula(term.name, text, parse(text), term.key, section=section)
        elif term.input is not None:
            fixed = term.input.marginal.constant is not None
            self.write_input(term.input, "" if fixed else _TABLES.get(table, "inputs"))

    def write_input(self, spec: InputSpec, table: str) -> None:
        """Write a number or a distribution of the scenario; ``table`` is that of its dimensions."""
        entry = UncertainInput(spec.name, spec.marginal, spec.key, spec.unit, spec.title, spec.source)
        self.inputs[spec.name] = replace(entry, table=table)


def section_of(table: str) -> str:
    """The part of the deal that the values of a table belong to."""
    return {
        "scenario": "time",
        "inputs": "market",
        "demand": "market",
        "revenue": "market",
        "segments": "market",
        "development": "market",
        "risks": "risks",
        "partner": "partner",
        "partners": "partner",
        "deal": "deal",
        "costs": "costs",
        "grants": "costs",
        "mitigations": "costs",
        "crossborder": "tax",
        "tax": "tax",
    }[table]


def _changes(terms: Terms) -> dict[str, tuple[Change, ...]]:
    """What the measures that act change, by the path of the value."""
    found: dict[str, list[Change]] = {}
    for name in terms.mitigations:
        measure = terms.tables.mitigations[name]
        for verb, targets in (("reduces", measure.reduces), ("multiplies", measure.multiplies)):
            for target in targets:
                term = terms.values[f"mitigations.{name}.{verb}.{target}"]
                text = term.name if term.constant is None else number_text(term.constant)
                factor, number = (text, term.constant)
                if verb == "reduces":
                    factor, number = f"(1 - {text})", None if number is None else 1.0 - number
                raises = verb == "multiplies" and (number is None or number > 1.0)
                found.setdefault(target, []).append(Change(factor, number, raises))
    return {target: tuple(changes) for target, changes in found.items()}


def _most(key: str) -> float:
    """The largest sensible value of what the plain model has too: a share, or anything."""
    return 1.0 if key in ("inputs.R", "inputs.L") or key.startswith("risks.") else math.inf
