"""Reading what has a value: inputs, costs, the probability and severity of risks, constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from pathlib import Path as FolderPath
from typing import TypeVar

import numpy as np

from simengine.distributions.marginal import Marginal
from simengine.distributions.values import ANY, PROBABILITY, brief, read_number
from simengine.errors import InvalidInput, Problem
from simengine.scenario import names
from simengine.scenario.definition import InputSpec, RiskSpec
from simengine.scenario.document import Document, key_text
from simengine.scenario.kinds_of_entry import cost_items_of, events_of
from simengine.scenario.positions import Path
from simengine.scenario.report import Report, validate
from simengine.scenario.schema import Risk
from simengine.scenario.tables import Described

S = TypeVar("S")

MAX_NAMES = 2_000
"""Names that one strategy may define."""

ONE_OF = {
    "inputs": "an input",
    "risks": "a risk",
    "costs": "a cost",
    "constants": "a constant",
    "decisions": "a decision",
    "model": "a formula",
}
"""What an entry of each table is."""


class Reader:
    """Reads entries of the tables of a scenario, each value once: strategies share what they do not change.

    ``folder`` is what the names of data files are relative to.
    """

    def __init__(self, report: Report, folder: FolderPath | None) -> None:
        self.report = report
        self.folder = folder
        self._read: dict[tuple[Path, int], object] = {}

    def table(self, document: Document, key: str) -> Mapping[str, object]:
        """The entries of a table whose names are free; those of impossible names are reported and left out."""
        table = document.data.get(key, {})
        if not isinstance(table, dict):
            self.report.add(Problem("is not a table", allowed=f"[{key}] with NAME = value"), document, (key,))
            return {}
        if len(table) > MAX_NAMES:
            problem = Problem(f"has {len(table):,} entries", allowed=f"at most {MAX_NAMES:,}")
            self.report.add(problem, document, (key,))
            self.report.close()
        return {
            name: raw for name, raw in table.items() if self.once(("names", key, name), name, self._named(document))
        }

    def inputs(self, document: Document) -> dict[str, InputSpec]:
        """The table ``[inputs]``; what is wrong is reported and left out."""
        return self.read_all(document, "inputs", lambda path, raw: self.read_input(document, path, raw, path[-1]))

    def costs(self, document: Document) -> dict[str, InputSpec]:
        """The table ``[costs]``."""

        def cost(path: Path, raw: object) -> InputSpec | None:
            return self.read_input(document, path, raw, f"costs_{path[-1]}")

        return self.read_all(document, "costs", cost, cost_items_of(document))

    def risks(self, document: Document) -> dict[str, RiskSpec]:
        """The tables ``[risks.NAME]``."""
        events = events_of(document)
        return self.read_all(document, "risks", lambda path, raw: self._risk(document, path, raw), events)

    def constants(self, document: Document) -> dict[str, float]:
        """The table ``[constants]``."""

        def constant(path: Path, raw: object) -> float | None:
            try:
                return read_number(raw, "", ANY)
            except InvalidInput as error:
                self.report.extend(error, document, path)
                return None

        return self.read_all(document, "constants", constant)

    def read_all(
        self, document: Document, key: str, read: Callable[[Path, object], S | None], but: Container[str] = ()
    ) -> dict[str, S]:
        """The entries of a table by name but some, each as ``read(path, raw)`` gives it, or left out for None."""
        entries = self.table(document, key)
        found = {name: self.once((key, name), raw, read) for name, raw in entries.items() if name not in but}
        return {name: entry for name, entry in found.items() if entry is not None}

    def once(self, path: Path, raw: object, read: Callable[[Path, object], S]) -> S:
        """``read(path, raw)``, done once for the same object at the same path (documents share what is equal)."""
        key = (path, id(raw))
        if key not in self._read:
            self._read[key] = read(path, raw)
        return self._read[key]  # type: ignore[return-value]

    def _named(self, document: Document) -> Callable[[Path, object], bool]:
        def check(path: Path, name: object) -> bool:
            problem = names.check_identifier(str(name), ONE_OF[str(path[1])])
            if problem:
                self.report.add(problem, document, path[1:], of_key=True)
            return problem is None

        return check

    def read_input(self, document: Document, path: Path, raw: object, name: str | int) -> InputSpec | None:
        """A number or a distribution with what is said of it; None where it is wrong, which is reported."""
        described, spec = Described(), raw
        if isinstance(raw, dict):
            words = {key: item for key, item in raw.items() if key in Described.model_fields}
            checked = validate(Described, words, document, path, self.report)
            spec = {key: item for key, item in raw.items() if key not in words}
            if checked is None:
                return None
            described = checked
        marginal = self._marginal(document, path, spec)
        if marginal is None:
            return None
        return InputSpec(str(name), key_text(path), marginal, spec, **described.model_dump())

    def _marginal(self, document: Document, path: Path, spec: object) -> Marginal | None:
        from simengine.distributions import resolve

        try:
            marginal = resolve(spec, folder=self.folder)
        except InvalidInput as error:
            for problem in error.problems:
                hint = problem.hint or _percent_hint(problem.key, spec)
                self.report.add_of_value(replace(problem, hint=hint), document, path)
            return None
        for note in marginal.notes:
            self.report.add_of_value(note, document, path)
        return marginal

    def _risk(self, document: Document, path: Path, raw: object) -> RiskSpec | None:
        table = validate(Risk, raw, document, path, self.report)
        if not isinstance(raw, dict):
            return None
        name = str(path[-1])

        def part_of_risk(place: Path, value: object) -> InputSpec | None:
            return self.read_input(document, place, value, f"{name}_{place[-1]}")

        parts = {
            part: self.once((*path, part), raw[part], part_of_risk)
            for part in ("probability", "severity")
            if part in raw
        }
        probability, severity = parts.get("probability"), parts.get("severity")
        if probability is not None:
            problem = outside_share(probability, "a probability")
            if problem:
                self.report.add_of_value(problem, document, (*path, "probability"))
        if table is None or probability is None or severity is None:
            return None
        return RiskSpec(name, key_text(path), probability, severity, table.title, table.source, table.note)


def _percent_hint(key: str, spec: object) -> str | None:
    """What a parameter was meant to be that lies outside ``min`` and ``max`` and would lie between them in percent."""
    if not isinstance(spec, Mapping) or key in ("min", "max"):
        return None
    low, value, high = (spec.get(name) for name in ("min", key, "max"))
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in (low, value, high)):
        return None
    assert isinstance(low, int | float) and isinstance(value, int | float) and isinstance(high, int | float)
    if low <= value <= high or not low <= value / 100 <= high:
        return None
    return f"did you mean {brief(value / 100)}? percentages are written as fractions"


def outside_share(spec: InputSpec, what: str) -> Problem | None:
    """Why a quantity that must lie in [0, 1] does not; None where it does."""
    constant = spec.marginal.constant
    if constant is not None:
        try:
            read_number(constant, "", PROBABILITY)
        except InvalidInput as error:
            return replace(error.problems[0], reason=f"{error.problems[0].reason} for {what}")
        return None
    low, high = spec.marginal.support
    if low >= 0 and high <= 1:
        return None
    hint = "write shares of 1, not percent" if high > 2 and math.isfinite(high) else "truncate = { min = 0, max = 1 }"
    reason = f"{what} must lie between 0 and 1, and its values reach from {low:g} to {high:g}"
    return Problem(reason, allowed="0 to 1", hint=hint)


def probability_below(spec: InputSpec, bound: float) -> float:
    """The probability of values below a bound; one that is certain costs no look at the distribution."""
    if spec.marginal.constant is not None:
        return float(spec.marginal.constant < bound)
    if spec.marginal.support[0] >= bound:
        return 0.0
    return float(spec.marginal.cdf(np.array([math.nextafter(bound, -math.inf)]))[0])


def probability_above(spec: InputSpec, bound: float) -> float:
    """The same of values above it."""
    if spec.marginal.constant is not None:
        return float(spec.marginal.constant > bound)
    if spec.marginal.support[1] <= bound:
        return 0.0
    return float(spec.marginal.sf(np.array([bound]))[0])
