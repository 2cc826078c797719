"""Reading the tables of a deal over years: each table typed, each value with its name in formulas."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FolderPath
from types import MappingProxyType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from simengine.distributions.values import ANY, Bounds, brief, show
from simengine.errors import InvalidInput, Problem
from simengine.formula import Node, parse
from simengine.formula.axis import Grid
from simengine.scenario import names
from simengine.scenario.deal_tables import Deals, Discount
from simengine.scenario.definition import InputSpec
from simengine.scenario.document import Document, key_text
from simengine.scenario.fields import TermValue
from simengine.scenario.kinds_of_entry import cost_items_of, events_of
from simengine.scenario.positions import Path
from simengine.scenario.quantities import Reader, probability_above, probability_below
from simengine.scenario.report import validate
from simengine.scenario.risk_tables import CostItem, Event
from simengine.scenario.tables import Table

T = TypeVar("T", bound=Table)

_RARE = 1e-9
_BARE_TABLES = frozenset({"risks", "mitigations", "segments", "partners"})
"""Tables whose entries give their own names to what they say."""


@dataclass(frozen=True)
class Term:
    """One value of a deal: a number or distribution (``input``), numbers by period, or a formula of its own.

    ``name`` is its name in formulas, ``key`` its dotted path, ``kind`` amount, share, rate or years.  With
    ``each_year`` the input is drawn anew for every period.
    """

    name: str
    key: str
    kind: str
    input: InputSpec | None = None
    periods: tuple[float, ...] = ()
    formula: str = ""
    tree: Node | None = None
    each_year: bool = False
    by_year: bool = False
    """Whether it may differ from period to period."""
    start: int = 0
    """Where the formula begins in the text that was written."""
    bounds: Bounds = ANY
    """The values that it may have."""

    @property
    def most(self) -> float:
        """The largest value that it may have: 1 for a share."""
        return self.bounds.high

    @property
    def constant(self) -> float | None:
        """The number where it is a single one, None otherwise."""
        return self.input.marginal.constant if self.input is not None else None


@dataclass(frozen=True)
class Loss:
    """Losses of a risk: how many a year are expected, and how large one is, as a specification.

    ``folder`` is what the names of data files in it are relative to.
    """

    frequency: float
    severity: object
    folder: FolderPath | None = None


@dataclass(frozen=True)
class Terms:
    """The deal tables of one strategy, and all their values by dotted path, such as ``deal.royalty.rate``."""

    tables: Deals
    discount: Discount
    events: Mapping[str, Event]
    costs: Mapping[str, CostItem]
    values: Mapping[str, Term]
    mitigations: tuple[str, ...] = ()
    """Names of the measures that act in the strategy."""
    losses: Mapping[str, Loss] = field(default_factory=lambda: MappingProxyType({}))
    """Frequency and size of losses by risk."""
    conditions: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    """The conditions under which stages of development begin, by dotted path."""
    complete: bool = True
    """Whether every value could be read; where not, the rest is there to be checked."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """The numbers and distributions among the values."""
        return tuple(term.input for term in self.values.values() if term.input is not None)


def read_terms(document: Document, grid: Grid, selected: tuple[str, ...], reader: Reader) -> Terms | None:
    """The deal tables of a document; None where one of them is none, which is reported as all that is wrong."""
    read = _TermReader(document, grid, reader)
    tables = {name: document.data[name] for name in Deals.model_fields if name in document.data}
    deals = read.table(Deals, tables, ())
    header = document.data.get("scenario", {})
    raw = header.get("discount", {}) if isinstance(header, dict) else {}
    discount = read.table(Discount, raw, ("scenario", "discount"))
    events = read.each(Event, "risks", events_of(document))
    costs = read.each(CostItem, "costs", cost_items_of(document))
    if deals is None or discount is None:
        return None
    complete = not reader.report.failed
    always = tuple(name for name, table in deals.mitigations.items() if table.always)
    chosen = tuple(dict.fromkeys((*always, *selected)))
    lossy = {name: event for name, event in events.items() if complete and event.frequency is not None}
    losses = {name: read.loss(name, event) for name, event in lossy.items()}
    conditions = MappingProxyType(read.conditions(deals))
    values, found = MappingProxyType(read.values), MappingProxyType(losses)
    return Terms(deals, discount, events, costs, values, chosen, found, conditions, complete)


def term_name(path: Path) -> str:
    """What a value is called in formulas: ``deal.royalty.rate`` is ``deal_royalty_rate``."""
    parts = path[1:] if path[0] in _BARE_TABLES or path[0] == "scenario" else path
    if path[0] == "risks" and path[-1] == "time":
        parts = (*parts[:-1], "when")  # RISK_time is when it happens, if it does
    return names.as_identifier("_".join(str(part + 1) if isinstance(part, int) else part for part in parts))


class _TermReader:
    """Reads tables of one document and collects their values."""

    def __init__(self, document: Document, grid: Grid, reader: Reader) -> None:
        self.document = document
        self.grid = grid
        self.reader = reader
        self.values: dict[str, Term] = {}

    def table(self, kind: type[T], raw: object, path: Path) -> T | None:
        """A table, and the values in it, which are read also where other keys of it are wrong."""
        found = validate(kind, raw, self.document, path, self.reader.report)
        self._walk(kind, raw, path)
        return found

    def each(self, kind: type[T], table: str, wanted: frozenset[str]) -> dict[str, T]:
        """The wanted entries of a table of tables, in their order."""
        entries = self.document.data.get(table)
        if not isinstance(entries, dict):  # which is reported where plain entries are read
            return {}
        found = {name: self.table(kind, raw, (table, name)) for name, raw in entries.items() if name in wanted}
        return {name: entry for name, entry in found.items() if entry is not None}

    def loss(self, name: str, event: Event) -> Loss:
        """Losses of a risk; their size is checked as the severity of a compound distribution is."""
        path: Path = ("risks", name, "loss")
        if event.loss is not None:
            self.reader.read_input(self.document, path, event.loss, f"{name}_loss")
        return Loss(event.frequency or 0.0, event.loss, self.reader.folder)

    def _walk(self, kind: type[BaseModel], raw: object, path: Path) -> None:
        given = raw if isinstance(raw, Mapping) else {}
        for key, info in kind.model_fields.items():
            if key not in given:
                continue
            for value_path, value_kind, value in _values(info.annotation, info.metadata, given[key], (*path, key)):
                if isinstance(value_kind, TermValue):
                    self._read(value_path, value_kind, value)
                else:
                    self._walk(value_kind, value, value_path)

    def _read(self, path: Path, kind: TermValue, raw: object) -> None:
        key = (path, self.grid.periods, self.grid.length)

        def read(_: Path, value: object) -> Term | None:
            return self._term(path, kind, value)

        term = self.reader.once(("terms", *path, str(key[1])), raw, read)
        if term is not None:
            self.values[key_text(path)] = term

    def _term(self, path: Path, kind: TermValue, raw: object) -> Term | None:
        document, name, key = self.document, term_name(path), key_text(path)
        if isinstance(raw, str) and raw.lstrip().startswith("="):
            text = raw.lstrip()[1:].strip()
            shift = raw.index("=") + 1 + len(raw.lstrip()[1:]) - len(raw.lstrip()[1:].lstrip())
            tree = self._parsed(path, text, shift)
            if tree is None:
                return None
            found = Term(name, key, kind.kind, formula=text, tree=tree, start=shift)
            return replace(found, by_year=kind.by_year, bounds=kind.bounds)
        if isinstance(raw, list):
            return self._by_period(path, kind, raw)
        spec = self.reader.read_input(document, path, raw, name)
        if spec is None or not self._within(path, kind, spec):
            return None
        return Term(name, key, kind.kind, input=spec, by_year=kind.by_year, bounds=kind.bounds)

    def _parsed(self, path: Path, text: str, shift: int = 0) -> Node | None:
        """A formula that begins ``shift`` characters into the text at ``path``; None where it is wrong."""
        try:
            return parse(text)
        except InvalidInput as error:
            for problem in error.problems:
                span = None if problem.span is None else (problem.span[0] + shift, problem.span[1] + shift)
                self.reader.report.add(replace(problem, span=span), self.document, path)
            return None

    def conditions(self, deals: Deals) -> dict[str, Node]:
        """The conditions of the stages of development, by dotted path."""
        found: dict[str, Node] = {}
        for index, stage in enumerate(deals.development.stages if deals.development is not None else ()):
            path: Path = ("development", "stages", index, "proceed_if")
            tree = self._parsed(path, stage.proceed_if) if stage.proceed_if else None
            if tree is not None:
                found[key_text(path)] = tree
        return found

    def _by_period(self, path: Path, kind: TermValue, raw: list[object]) -> Term | None:
        problem = None
        numbers = [value for value in raw if isinstance(value, int | float) and not isinstance(value, bool)]
        if not kind.by_year:
            problem = Problem("is one value for all periods", value=show(raw), allowed=kind.allowed)
        elif len(numbers) != len(raw) or not raw:
            problem = Problem("is not a list of numbers", value=show(raw), allowed="a number for each period")
        elif len(raw) != self.grid.periods:
            reason = f"has {len(raw)} values for {self.grid.periods} periods"
            problem = Problem(reason, value=show(raw), allowed=f"{self.grid.periods} numbers")
        elif wrong := [value for value in numbers if not kind.bounds.hold(float(value))]:
            problem = Problem(f"{brief(wrong[0])} is out of range", allowed=str(kind.bounds))
        if problem is not None:
            self.reader.report.add(problem, self.document, path)
            return None
        values = tuple(map(float, numbers))
        return Term(term_name(path), key_text(path), kind.kind, periods=values, by_year=True, bounds=kind.bounds)

    def _within(self, path: Path, kind: TermValue, spec: InputSpec) -> bool:
        """Whether values lie in the bounds of their kind; errors where they cannot, warnings where they may not."""
        bounds, report = kind.bounds, self.reader.report
        fixed = spec.marginal.constant
        if fixed is not None:
            if bounds.hold(fixed):
                return True
            meant = fixed / 100
            percent = kind.kind == "share" and fixed > 1 and bounds.hold(meant)
            hint = f"did you mean {brief(meant)}? percentages are written as fractions" if percent else None
            report.add_of_value(
                Problem("is out of range", value=brief(fixed), allowed=str(bounds), hint=hint), self.document, path
            )
            return False
        beyond = probability_below(spec, bounds.low) + probability_above(spec, bounds.high)
        if beyond > _RARE:
            low, high = spec.marginal.support
            reason = f"must be {bounds}, and its values reach from {low:g} to {high:g}"
            sure = kind.kind == "share" and bounds.high == 1 and beyond > 0.01
            hint = "write shares of 1, not percent" if sure and high > 2 else "truncate = { min = ..., max = ... }"
            problem = Problem(reason, allowed=str(bounds), hint=hint, severity="error" if sure else "warning")
            report.add_of_value(problem, self.document, path)
            return not sure
        return True


def _values(annotation: Any, metadata: list[Any], raw: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """The values and tables in a field, by its annotation: where each stands, what it is, and what is written."""
    own = next((item for item in metadata if isinstance(item, TermValue)), None)
    if own is not None:
        yield path, own, raw
        return
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield path, annotation, raw
    elif origin in (Union, types.UnionType):
        for choice in get_args(annotation):
            yield from _values(choice, [], raw, path)
    elif origin is dict and isinstance(raw, Mapping):
        for name, value in raw.items():
            yield from _values(get_args(annotation)[1], [], value, (*path, name))
    elif origin is tuple and isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _values(get_args(annotation)[0], [], value, (*path, index))
    elif hasattr(annotation, "__metadata__"):
        yield from _values(get_args(annotation)[0], list(annotation.__metadata__), raw, path)


def read_selected(document: Document, path: Path, raw: object, known: object, reader: Reader) -> tuple[str, ...]:
    """The measures that a strategy lists; unknown ones are reported."""
    report = reader.report
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        report.add(Problem("is not a list of measures", value=show(raw), allowed='["NAME", ...]'), document, path)
        return ()
    defined = list(known) if isinstance(known, Mapping) else []
    found = []
    for index, name in enumerate(raw):
        if name in found:
            report.add(
                Problem("is listed twice", value=show(name), allowed="each measure once"), document, (*path, index)
            )
        elif name not in defined:
            hint = names.suggest(name, defined) or "measures stand in [mitigations.NAME]"
            problem = Problem(
                "is not a measure", value=show(name), allowed=names.list_names(defined) or None, hint=hint
            )
            report.add(problem, document, (*path, index))
        else:
            found.append(str(name))
    return tuple(found)
