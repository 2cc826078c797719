"""``[strategies.NAME]`` and ``--set``: values laid over the definitions of a scenario by dotted path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from simengine.distributions.values import show
from simengine.errors import InvalidInput, Problem
from simengine.scenario import names
from simengine.scenario.deal_tables import Deals
from simengine.scenario.definition import PLAIN_OUTCOME
from simengine.scenario.document import Document, Origin, list_named, path_parts, stray_items
from simengine.scenario.positions import Path
from simengine.scenario.report import Report, validate
from simengine.scenario.risk_tables import COST_KEYS, EVENT_KEYS
from simengine.scenario.schema import ScenarioFile, StrategyTable
from simengine.scenario.source import Source, parse_value

MAX_STRATEGIES = 100

BASE = "base"
"""The strategy of a scenario without strategies."""

OVERRIDABLE = (
    *("inputs", "risks", "costs", "constants", "decisions", "correlations", "model", "outputs"),
    *Deals.model_fields,
)
"""Tables that a strategy may change."""

OPTION = "--set"
"""The file name that problems of command-line values show."""


@dataclass(frozen=True)
class Strategy:
    """A strategy as written: its document is the scenario with the changes of the strategy made."""

    name: str
    document: Document
    title: str = ""
    description: str = ""
    mitigations: tuple[object, Path] | None = None
    """The list of measures as written, and where."""


def read_strategies(base: Document, report: Report) -> tuple[Strategy, ...]:
    """All strategies in the order of the file; without any, the one strategy ``base``."""
    tables = base.data.get("strategies", {})
    if not isinstance(tables, dict):
        report.add(Problem("is not a table", value=show(tables), allowed="[strategies.NAME]"), base, ("strategies",))
        return (Strategy(BASE, base),)
    if len(tables) > MAX_STRATEGIES:
        reason = f"{len(tables):,} strategies are defined"
        report.add(Problem(reason, allowed=f"at most {MAX_STRATEGIES}"), base, ("strategies",))
        report.close()
    for name, other in names.same_name(tables).items():
        problem = Problem(f"{name} differs from {other} only in capitals", hint="rename one")
        report.add(problem, base, ("strategies", name), of_key=True)
    found = [_read(base, name, table, report) for name, table in tables.items()]
    return tuple(strategy for strategy in found if strategy is not None) or (Strategy(BASE, base),)


def _read(base: Document, name: str, raw: object, report: Report) -> Strategy | None:
    path: Path = ("strategies", name)
    problem = names.check_slug(name, "a strategy")
    if problem:
        report.add(problem, base, path, of_key=True)
    table = validate(StrategyTable, raw, base, path, report)
    if table is None or not isinstance(raw, dict):
        return None
    changes = {key: value for key, value in raw.items() if key not in StrategyTable.model_fields}
    listed = changes.get("mitigations")
    measures = None
    if isinstance(listed, list):
        measures = (changes.pop("mitigations"), (*path, "mitigations"))
    good = {key: value for key, value in changes.items() if _may_change(base, (*path, key), value, report)}
    document = _without_other_deal(base, good).overlay(good, base.find(path))
    document = _without_stray_items(document, good, report)
    return Strategy(name, _without_fragments(document, base, report), table.title, table.description, measures)


def _without_other_deal(base: Document, changes: Mapping[str, object]) -> Document:
    """``base`` without its deal where a strategy gives one of another mode: none of the old terms remain."""
    new, old = changes.get("deal"), base.data.get("deal")
    mode = new.get("mode") if isinstance(new, dict) else changes.get("deal.mode")
    if mode is None or not isinstance(old, dict) or mode == old.get("mode", "value"):
        return base
    return Document({key: value for key, value in base.data.items() if key != "deal"}, base.origin)


def _may_change(base: Document, path: Path, value: object, report: Report) -> bool:
    """Whether a strategy may change the table that ``path`` ends with; reports it where not."""
    table = str(path[-1])
    problem = None
    if list_named(table) == "correlations":
        return True  # the list, or one of its tables
    if table not in OVERRIDABLE:
        allowed = "paths that begin with " + ", ".join(OVERRIDABLE)
        if table in ScenarioFile.model_fields:
            problem = Problem(f"a strategy cannot change {table}: it holds for all of them", allowed=allowed)
        else:
            hint = _home_hint(base, table) or names.suggest(table, OVERRIDABLE)
            problem = Problem(f"the scenario has no table {table}", allowed=allowed, hint=hint)
    elif table != "outputs" and not isinstance(value, dict):
        problem = Problem(f"{table} is a table, and one value would replace it", hint=f'"{table}.NAME" = ...')
    if problem:
        report.add(problem, base, path, of_key=True)
    return problem is None


def _without_stray_items(document: Document, changed: Mapping[str, object], report: Report) -> Document:
    """``document`` without tables in which a change names an item that a list does not have; they are reported."""
    touched = {key: document.data[key] for key in changed if key in document.data}
    stray = set()
    for path, name, count in stray_items(touched):
        report.add(_no_item(name, count), document, path, of_key=True)
        stray.add(path[0])
    return Document({key: value for key, value in document.data.items() if key not in stray}, document.origin)


def _no_item(name: str, count: int | None) -> Problem:
    if count is None:
        return Problem(f"there is no list {name} here", hint=f"give it whole: {name} = [...]")
    allowed = "no item" if not count else f"{name}[0]" if count == 1 else f"{name}[0] to {name}[{count - 1}]"
    return Problem(f"the list {name} has no such item", allowed=allowed)


def _home_hint(base: Document, name: str) -> str | None:
    """Where a name that stands in a strategy by itself belongs: the table that has it."""
    tables = [table for table in OVERRIDABLE if isinstance(held := base.data.get(table), dict) and name in held]
    home = next(iter(sorted(tables, key=lambda table: table == "outputs")), None)  # an outcome is known to [model] too
    if name == PLAIN_OUTCOME and home in (None, "outputs"):
        home = "model"
    return f"did you mean {home}.{name}?" if home else None


def check_said_once(sources: Iterable[Source], report: Report) -> None:
    """Report values that one strategy changes twice in one file, as ``"inputs.V"`` and as ``inputs = { V = ... }``."""
    for source in sources:
        document = Document(source.data, Origin(source))
        tables = source.data.get("strategies")
        for name, table in tables.items() if isinstance(tables, dict) else ():
            seen: set[tuple[str, ...]] = set()
            for key, value in table.items() if isinstance(table, dict) else ():
                for target in _targets(key, value):
                    if target in seen:
                        problem = Problem(f"{'.'.join(target)} is changed twice in this strategy", hint="say it once")
                        report.add(problem, document, ("strategies", name, key), of_key=True)
                    seen.add(target)


def _targets(key: str, value: object) -> Iterator[tuple[str, ...]]:
    """The paths of the values that a change replaces."""
    head = tuple(path_parts(key))
    if isinstance(value, dict) and "dist" not in value:
        for inner, item in value.items():
            for rest in _targets(inner, item):
                yield head + rest
    else:
        yield head


def _without_fragments(document: Document, base: Document, report: Report) -> Document:
    """``document`` without changes that give only a part of something that is not there: misspelt paths."""
    data = dict(document.data)
    for table, what in (("inputs", "input"), ("costs", "cost"), ("risks", "risk")):
        entries, before = data.get(table), base.data.get(table)
        if not isinstance(entries, dict) or entries is before:
            continue
        known = before if isinstance(before, dict) else {}
        kept = dict(entries)
        for name, value in entries.items():
            problem = _fragment(table, what, name, value, known)
            if problem and isinstance(value, dict):
                part = next(iter(value), None)
                report.add(problem, document, (table, name) if part is None else (table, name, part), of_key=True)
                del kept[name]
                if name in known:
                    kept[name] = known[name]
        data[table] = kept
    return Document(data, document.origin)


def _fragment(table: str, what: str, name: str, value: object, known: Mapping[str, object]) -> Problem | None:
    """Why ``value`` is only a part of an entry; None where it is whole, or its other parts are there."""
    if not isinstance(value, dict):
        return None
    if name not in known:
        whole = {"probability", "severity"} <= set(value) if table == "risks" else "dist" in value
        whole = whole or bool(set(value) & (EVENT_KEYS if table == "risks" else COST_KEYS))
        needs = "probability and severity" if table == "risks" else "dist"
        hint = names.suggest(name, known) or f"a new {what} needs {needs}"
        allowed = names.list_names(known) if known else None
        return None if whole else Problem(f"there is no {what} {name}", allowed=allowed, hint=hint)
    if table != "risks" and "dist" not in value and not isinstance(known[name], dict):
        reason = f"{name} is {show(known[name])}, a single value of which no part can be changed"
        return Problem(reason, hint=f"give it anew: {table}.{name} = {{ dist = ... }}")
    return None


def apply_options(base: Document, values: Mapping[str, object], folder_of: Source, report: Report) -> Document:
    """``base`` with the values of ``--set KEY=VALUE`` laid over it.

    A text is read as TOML where it is TOML, so ``500``, ``"500 to 900"`` and ``{ dist = "normal", ... }`` mean
    what they mean in a file; any other text is itself, so ``500 to 900`` needs no quotes.
    """
    document = base
    for key, value in values.items():
        shown = key
        if isinstance(value, str):
            try:
                value = parse_value(value)
            except InvalidInput as error:
                raise InvalidInput(
                    [Problem(p.reason, key=key, allowed=p.allowed, file=OPTION) for p in error.problems]
                ) from None
        source = Source(OPTION, folder_of.folder, "", {}, has_lines=False)
        key = _decision_path(document, key, value)
        table, _, name = key.partition(".")
        table = list_named(table)
        known = [field for field in ScenarioFile.model_fields if field != "extends"]
        problem = None
        if table not in known:
            hint = names.suggest(table, known)
            problem = Problem(f"the scenario has no table {table}", allowed=names.list_names(known), hint=hint)
        elif not name and table not in ("correlations", "outputs"):
            problem = Problem(f"{table} is a table: name a value in it", hint=f"{table}.NAME=VALUE")
        if problem:
            report.add(problem, Document({}, Origin(source)), (shown,))
            continue
        changed = document.overlay({key: value}, Origin(source), paths_from=0)
        touched = {name: item for name, item in changed.data.items() if list_named(name) == table}
        strays = [] if table == "strategies" else list(stray_items(touched))  # a strategy says it where it is applied
        for _, listed, count in strays:
            report.add(_no_item(listed, count), Document({}, Origin(source)), (shown,))
        if not strays:
            document = _without_fragments(changed, document, report)
    return document


def _decision_path(document: Document, key: str, value: object) -> str:
    """Where a value set for ``royalty`` or ``decisions.royalty`` belongs: ``decisions.royalty.value``."""
    name = key.removeprefix("decisions.")
    declared = document.data.get("decisions")
    if isinstance(declared, dict) and isinstance(declared.get(name), dict) and not isinstance(value, dict):
        return f"decisions.{name}.value"
    return key
