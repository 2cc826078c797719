"""Reading ``[[correlations]]``: names of inputs that are drawn, pairs, groups, one matrix a group."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from simengine.errors import InvalidInput, Problem
from simengine.sampling.copula import Dependent, Kind, Pair, check_matrix, groups_of, settle
from simengine.scenario import names
from simengine.scenario.definition import CorrelationGroup, InputSpec, RiskSpec
from simengine.scenario.document import Document
from simengine.scenario.positions import Path
from simengine.scenario.quantities import Reader
from simengine.scenario.report import Report, validate
from simengine.scenario.schema import CorrelationTable
from simengine.scenario.terms import Terms

MAX_TABLES = 5_000


@dataclass(frozen=True)
class Drawn:
    """What a name in ``between`` stands for: the input that is drawn, where it is defined, whether it is fixed."""

    name: str
    path: Path
    fixed: bool


@dataclass(frozen=True)
class _Names:
    drawn: Mapping[str, Drawn]
    failed: Container[str]


def drawn_names(
    inputs: Mapping[str, InputSpec],
    risks: Mapping[str, RiskSpec],
    costs: Mapping[str, InputSpec],
    terms: Terms | None = None,
) -> dict[str, Drawn]:
    """Every name that may be correlated, and what is drawn for it."""
    found = {}
    if terms is not None:
        for term in terms.values.values():
            if term.input is not None and not term.each_year:
                fixed = term.input.marginal.constant is not None
                found[term.name] = Drawn(term.name, tuple(term.key.split(".")), fixed)
        found |= _clocks(terms)
    for table, specs in (("inputs", inputs), ("costs", costs)):
        for name, spec in specs.items():
            if spec.yearly:
                continue
            found[spec.name] = Drawn(spec.name, (table, name), spec.marginal.constant is not None)
    for name, risk in risks.items():
        path: Path = ("risks", name)
        certain = risk.certain_probability
        strikes = risk.strikes if certain is not None else risk.chance
        found[risk.strikes] = Drawn(strikes, (*path, "probability"), certain in (0.0, 1.0))
        for spec, part in ((risk.severity, "severity"), (risk.probability, "probability")):
            found[spec.name] = Drawn(spec.name, (*path, part), spec.marginal.constant is not None)
    return found


def _clocks(terms: Terms) -> dict[str, Drawn]:
    """What decides when, or whether, the events of a deal happen and its partners default: low means early."""
    found = {}
    for name, event in terms.events.items():
        if event.rate is not None or event.annual_probability is not None:
            found[f"{name}_clock"] = Drawn(f"{name}_clock", ("risks", name), False)
        elif event.probability is not None:
            path: Path = ("risks", name, "probability")
            certain = terms.values[f"risks.{name}.probability"].constant
            drawn = f"{name}_occurs" if certain is not None else f"{name}_strikes_chance"
            found[f"{name}_strikes"] = Drawn(drawn, path, certain in (0.0, 1.0))
    partner = terms.tables.partner
    if partner is not None and partner.mode == "survival":
        found["partner_clock"] = Drawn("partner_clock", ("partner",), False)
    if partner is None or partner.correlation is None:  # else they are joined already
        for name in terms.tables.partners:
            clock = f"{names.as_identifier(name)}_clock"
            found[clock] = Drawn(clock, ("partners", name), False)
    return found


def read_groups(
    document: Document, drawn: Mapping[str, Drawn], failed: Container[str], reader: Reader
) -> tuple[CorrelationGroup, ...]:
    """The groups of correlated inputs; what is wrong is reported.

    ``drawn`` are the names that may be correlated; ``failed`` those of which something wrong was said already.
    """
    report = reader.report

    def table_of(path: Path, item: object) -> CorrelationTable | None:
        return validate(CorrelationTable, item, document, path, report)

    raw = document.data.get("correlations", [])
    if not isinstance(raw, list) or len(raw) > MAX_TABLES:
        problem = Problem("is not a list of tables", allowed=f"[[correlations]], at most {MAX_TABLES:,} times")
        report.add(problem, document, ("correlations",))
        return ()
    tables: dict[int, CorrelationTable] = {}
    pairs: list[Pair] = []
    for index, item in enumerate(raw):
        path: Path = ("correlations", index)
        table = reader.once(path, item, table_of)
        if table is not None:
            tables[index] = table
            pairs += _drawn_pairs(table, document, path, _Names(drawn, failed), report)
    try:
        groups = groups_of(pairs)
    except InvalidInput as error:
        report.extend(error, document)
        return ()
    settled = (_settle(group, tables, document, report) for group in groups)
    return tuple(group for group in settled if group is not None)


def _drawn_pairs(
    table: CorrelationTable, document: Document, path: Path, usable: _Names, report: Report
) -> Iterator[Pair]:
    """The pairs of one table, by the names that are drawn; pairs with a fixed input are left out."""
    known = {name: _known(name, index, document, path, usable, report) for index, name in enumerate(table.between)}
    if (table.copula == "t") != (table.dof is not None):
        reason = 'is missing for copula = "t"' if table.dof is None else "belongs to a t copula"
        hint = "dof = 4 is a usual choice" if table.dof is None else 'add copula = "t"'
        report.add(Problem(reason, allowed="a number above 0", hint=hint), document, (*path, "dof"))
    for pair in _pairs(table, document, path, report):
        first, second = known[pair.first], known[pair.second]
        if first is not None and second is not None:
            yield Pair(first.name, second.name, pair.kind, pair.value, pair.key)


def _known(name: str, index: int, document: Document, path: Path, usable: _Names, report: Report) -> Drawn | None:
    place = (*path, "between", index)
    drawn, found = usable.drawn, usable.drawn.get(name)
    if found is None and name in usable.failed:
        return None
    if found is None:
        uncertain = [other for other, entry in drawn.items() if not entry.fixed]
        parts = [part for part in (f"{name}_severity", f"{name}_strikes") if part in uncertain]
        risk = f"{name}_severity" in drawn
        hint = f"write {' or '.join(parts)}" if parts else names.suggest(name, uncertain)
        reason = "is a risk, and it is its parts that are drawn" if risk else "is not an input that is drawn"
        report.add(Problem(reason, value=name, allowed=names.list_names(uncertain) or None, hint=hint), document, place)
        return None
    if not found.fixed:
        return found
    defined, correlated = document.find(found.path), document.find(path)
    in_strategy = defined.path[0] == "strategies" and correlated.path[0] != "strategies"
    if defined.source is correlated.source and not in_strategy:
        reason = f"{name} is a fixed number and cannot be correlated"
        hint = f"give {name} a distribution, or leave the correlation out"
        report.add(Problem(reason, value=name, hint=hint), document, place)
    else:
        # A strategy or an option fixed an input that the scenario correlates: a usual question, not a mistake.
        reason = f"{name} is fixed here, so its correlations have no effect"
        report.add(Problem(reason, severity="note"), document, found.path)
    return None


def _pairs(table: CorrelationTable, document: Document, path: Path, report: Report) -> list[Pair]:
    """The pairs of one table, by the names as written."""
    kinds: tuple[Kind, ...] = ("spearman", "kendall", "normal")
    given = [kind for kind in (*kinds, "matrix") if getattr(table, kind) is not None]
    if len(given) != 1:
        reason = f"both {given[0]} and {given[1]} are given" if given else "no correlation is given"
        allowed = "one of spearman, kendall, normal and matrix"
        report.add(Problem(reason, allowed=allowed), document, (*path, given[1]) if given else path)
        return []
    if table.matrix is not None:
        problems = check_matrix(table.between, table.matrix)
        if problems:
            report.extend(InvalidInput(problems), document, (*path, "matrix"))
            return []
        rows = range(len(table.between))
        return [
            _pair(table.between[i], table.between[j], table.kind, table.matrix[i][j], path, f"matrix[{i}][{j}]")
            for i in rows
            for j in range(i + 1, len(rows))
        ]
    if len(table.between) != 2:
        same = " (a pair of two different inputs)" if len(table.between) == 1 else ""
        reason = f"{given[0]} stands between two inputs, and {len(table.between)} are named{same}"
        hint = "give a matrix, or one [[correlations]] for each pair" if len(table.between) > 2 else None
        report.add(Problem(reason, allowed="two names", hint=hint), document, (*path, "between"))
        return []
    kind: Kind = given[0]  # type: ignore[assignment]
    return [_pair(table.between[0], table.between[1], kind, getattr(table, kind), path, kind)]


def _pair(first: str, second: str, kind: Kind, value: float, path: Path, key: str) -> Pair:
    return Pair(first, second, kind, value, f"{path[0]}[{path[1]}].{key}")


def _settle(
    group: Dependent, tables: Mapping[int, CorrelationTable], document: Document, report: Report
) -> CorrelationGroup | None:
    """One group with its copula and a matrix that is free of contradictions."""
    paths = sorted({document.path_of(pair.key)[:2] for pair in group.said.values()}, key=lambda path: int(path[1]))
    members = [tables[int(path[1])] for path in paths]
    for table, path in zip(members, paths, strict=True):
        if (table.copula, table.dof) != (members[0].copula, members[0].dof):
            shape = f'copula = "{members[0].copula}"' + (f", dof = {members[0].dof:g}" if members[0].dof else "")
            reason = f"{', '.join(group.names)} are joined, and a group has one copula; another table says {shape}"
            report.add(Problem(reason, hint="say the same in each table"), document, path)
            return None
    if members[0].dof is not None and any(pair.kind == "spearman" for pair in group.said.values()):
        reason = "with a t copula, Spearman's correlation is met approximately"
        report.add(Problem(reason, severity="note", hint="kendall is met exactly"), document, paths[0])
    try:
        matrix, change = settle(group, repair=any(table.repair for table in members))
    except InvalidInput as error:
        report.extend(error, document)
        return None
    if change > 0:
        reason = f"the correlations of {', '.join(group.names)} were repaired; the largest change is {change:.3g}"
        report.add(Problem(reason, severity="warning"), document, paths[0])
    said = tuple(group.said.values())
    return CorrelationGroup(group.names, matrix, members[0].dof, f"{paths[0][0]}[{paths[0][1]}]", change, said)
