"""The book of a deal over years: values under their names, what measures change about them, and the formulas so far."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from simengine.deal.model import NamedFormula, UncertainInput
from simengine.distributions import resolve
from simengine.formula import parse
from simengine.formula.printer import number_text
from simengine.scenario.definition import Definition, InputSpec
from simengine.scenario.terms import Term, Terms

_TABLES = {"risks": "risks", "costs": "costs", "mitigations": "costs", "grants": "costs"}
"""The table of dimensions that values of other tables than [inputs] belong to."""


@dataclass(frozen=True)
class Change:
    """What a measure does to a value: ``factor`` is a term of a product, ``number`` its value where it is certain."""

    factor: str
    number: float | None


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
        if term is None and spec is None:
            raise KeyError(key)
        name = term.name if term is not None else spec.name  # type: ignore[union-attr]
        changes = self._changes.get(key, ())
        return f"({' * '.join([name, *(change.factor for change in changes)])})" if changes else name

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
        return value

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
        table, _, name = key.partition(".")
        entries = {"inputs": self.definition.inputs, "costs": self.definition.costs}.get(table)
        return entries.get(name) if entries is not None else None

    # ---- writing ----

    def add(self, name: str, text: str, section: str, title: str = "", key: str = "") -> str:
        """Write a formula; its name."""
        self.formulas[name] = NamedFormula(name, text, parse(text), key or section, title=title, section=section)
        return name

    def draw(self, name: str, spec: object, key: str, title: str = "", *, address: str = "") -> str:
        """Write an input that the deal draws; its name."""
        table = _TABLES.get(key.partition(".")[0], "inputs")
        self.inputs[name] = UncertainInput(name, resolve(spec), key, title=title, address=address, table=table)
        return name

    def draw_each_year(self, name: str, spec: object, key: str, title: str, section: str) -> str:
        """Write an input that is drawn anew for every period; its name."""
        periods = range(1, self.definition.grid.periods + 1)
        marginal = resolve(spec)
        for k in periods:
            table = _TABLES.get(key.partition(".")[0], "inputs")
            self.inputs[f"{name}_{k}"] = UncertainInput(f"{name}_{k}", marginal, key, title=title, table=table)
        return self.add(name, f"by_year({', '.join(f'{name}_{k}' for k in periods)})", section, title, key)

    def happens(self, name: str, key: str, section: str, title: str = "") -> str:
        """Write whether something of the probability ``key`` happens, 0 or 1; its name."""
        probability = self.number(key)
        if probability is not None:
            return self.draw(name, {"dist": "bernoulli", "p": probability}, key, title)
        chance = self.draw(f"{name}_chance", {"dist": "uniform", "min": 0.0, "max": 1.0}, key, title, address=name)
        return self.add(name, f"{chance} > 1 - {self[key]}", section, title, key)

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
        if term.formula:
            assert term.tree is not None
            self.formulas[term.name] = NamedFormula(term.name, term.formula, term.tree, term.key, section=section)
        elif term.periods:
            self.add(term.name, f"by_year({', '.join(map(number_text, term.periods))})", section, key=term.key)
        elif term.input is not None:
            spec = term.input
            addressed = "" if spec.marginal.constant is not None else _TABLES.get(table, "inputs")
            entry = UncertainInput(term.name, spec.marginal, term.key, spec.unit, spec.title, spec.source)
            self.inputs[term.name] = replace(entry, table=addressed)


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
                found.setdefault(target, []).append(Change(factor, number))
    return {target: tuple(changes) for target, changes in found.items()}


def identifier(name: str) -> str:
    """The name of an entry as part of names in formulas."""
    return re.sub(r"\W", "_", name)
