"""Reading a scenario: every problem of every stage at once, or a :class:`Scenario`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from simengine.errors import InvalidInput, Problem
from simengine.formula.axis import ONE_PERIOD, Grid
from simengine.scenario import names
from simengine.scenario.correlations import drawn_names, read_groups
from simengine.scenario.deal_checks import check_deal
from simengine.scenario.decisions import read_decisions
from simengine.scenario.definition import PLAIN_OUTCOME, Definition
from simengine.scenario.document import Document, to_toml
from simengine.scenario.extends import compose
from simengine.scenario.formulas import check_formulas, plain_is_needed, read_formulas
from simengine.scenario.kinds_of_entry import is_deal
from simengine.scenario.namespace import Quantities, check_clashes, unused
from simengine.scenario.outputs import read_outputs
from simengine.scenario.plain import check_plain
from simengine.scenario.positions import Path as KeyPath
from simengine.scenario.quantities import Reader
from simengine.scenario.report import Locator, Report, validate
from simengine.scenario.scenario import Scenario
from simengine.scenario.schema import Header, ScenarioFile, Simulate
from simengine.scenario.shares import check_shares
from simengine.scenario.source import Source, parse_text, read_file
from simengine.scenario.strategies import Strategy, apply_options, check_said_once, read_strategies
from simengine.scenario.terms import Terms, read_selected, read_terms


def load(path: str | Path, *, set_values: Mapping[str, object] | None = None) -> Scenario:
    """Read a scenario file.

    ``set_values`` are values laid over it by dotted path, as ``{"inputs.V": "500 to 900", "simulate.seed": 7}``;
    texts among them are read as TOML where they are TOML.

    Raises
    ------
    InvalidInput
        Something in the file, in a file that it extends, or in ``set_values`` is wrong; all problems are listed,
        each with file, line and column.
    """
    return _read(read_file(Path(path), str(path)), set_values or {})


def loads(
    text: str,
    *,
    file: str = "<text>",
    folder: str | Path | None = None,
    set_values: Mapping[str, object] | None = None,
) -> Scenario:
    """Read a scenario from a text; ``file`` is how messages call it and ``folder`` what its paths are relative to.

    Raises
    ------
    InvalidInput
        As :func:`load`.
    """
    return _read(parse_text(text, file, None if folder is None else Path(folder)), set_values or {})


def _read(source: Source, set_values: Mapping[str, object]) -> Scenario:
    locator = Locator()
    report = Report(locator)
    written, sources = compose(source, locator)
    if not written.data and not set_values:
        hint = "simengine init writes a scenario to start from"
        raise InvalidInput(Problem("the scenario is empty", hint=hint, file=source.file))
    check_said_once(sources, report)
    base = apply_options(written, set_values, source, report)
    text = source.text if len(sources) == 1 and not set_values else None
    return _resolved(base, source, tuple(part.file for part in sources[1:]), text, report, locator)


def with_values(scenario: Scenario, values: Mapping[str, object]) -> Scenario:
    """A scenario that was read, with more values laid over it by dotted path.

    Raises
    ------
    InvalidInput
        If it is not valid with them.
    """
    report = Report(scenario._locator)
    source = Source(scenario.file, scenario.folder, scenario.text, {})
    base = apply_options(scenario._base, values, source, report)
    return _resolved(base, source, scenario.files, None, report, scenario._locator)


def _resolved(
    base: Document, source: Source, files: tuple[str, ...], text: str | None, report: Report, locator: Locator
) -> Scenario:
    """The scenario that resolved tables say; ``text`` is a text that says the same, if there is one."""
    _check_tables(base, report)
    header = validate(Header, base.data.get("scenario", {}), base, ("scenario",), report)
    simulate = validate(Simulate, base.data.get("simulate", {}), base, ("simulate",), report)
    reader = Reader(report, source.folder)
    money = header.money if header is not None else ""
    currency = header.currency if header is not None else ""
    strategies = read_strategies(base, report)
    shared = _quantities(base, reader)
    grid = header.grid if header is not None else ONE_PERIOD
    count = Count(money, currency, grid)
    parts = [_define(strategy, shared, count, reader) for strategy in strategies]
    _warn_of_unused(parts, report)
    definitions = {part.definition.strategy: part.definition for part in parts}
    if simulate is not None:
        _check_percentiles(simulate, definitions, base, report)
    report.close()
    assert header is not None and simulate is not None
    return Scenario(
        file=source.file,
        folder=source.folder,
        text=source.text,
        merged_text=to_toml(base.data) if text is None else text,
        files=files,
        header=header,
        simulate=simulate,
        strategies=MappingProxyType(definitions),
        _base=base,
        _documents=MappingProxyType({strategy.name: strategy.document for strategy in strategies}),
        _report=report,
        _locator=locator,
    )


@dataclass(frozen=True)
class Count:
    """In what a scenario counts: the unit of amounts, their currency, the periods."""

    money: str
    currency: str
    grid: Grid


@dataclass(frozen=True)
class _Part:
    """A strategy as far as it could be read, and where things are defined that it does not use."""

    definition: Definition
    document: Document
    unused: set[KeyPath]
    defined: set[KeyPath]


def _check_tables(base: Document, report: Report) -> None:
    known = list(ScenarioFile.model_fields)
    for key in base.data:
        if key not in known:
            hint = names.suggest(key, known)
            problem = Problem("is not a table of a scenario", allowed=names.list_names(known, 20), hint=hint)
            report.add(problem, base, (key,), of_key=True)


def _quantities(document: Document, reader: Reader) -> Quantities:
    return Quantities(
        inputs=reader.inputs(document),
        risks=reader.risks(document),
        costs=reader.costs(document),
        constants=reader.constants(document),
        decisions=read_decisions(document, reader),
        formulas=read_formulas(document, reader),
    )


def _define(strategy: Strategy, shared: Quantities, count: Count, reader: Reader) -> _Part:
    """One strategy as a full definition; what is wrong in it is reported."""
    document, report = strategy.document, reader.report
    money, grid = count.money, count.grid
    found = _quantities(document, reader).described_as(shared)
    deal = is_deal(document)
    terms = _terms(strategy, grid, reader) if deal else None
    plain = not deal and plain_is_needed(document, found.formulas)
    known = check_clashes(document, plain, report)
    yearly = {name: spec.yearly for name, spec in found.inputs.items()}
    yearly |= {spec.name: spec.yearly for spec in found.costs.values()}
    check_formulas(document, found.formulas, known, found.numbers, grid, report, yearly, deal=deal)
    if plain:
        check_plain(document, found.inputs, found.risks, report)
    if terms is not None:
        check_deal(document, terms, found, report)
    check_shares(document, found.formulas.trees, found.inputs, found.risks, found.constants, report)
    drawn = drawn_names(found.inputs, found.risks, found.costs, terms)
    groups = read_groups(document, drawn, found.failed(document), reader)
    units = dict.fromkeys(found.risks, "") | dict.fromkeys(found.formulas.names, money)
    outputs = read_outputs(
        document, found.formulas, units | ({PLAIN_OUTCOME: money} if plain else {}), report, yearly, deal=deal
    )
    definition = Definition(
        strategy=strategy.name,
        title=strategy.title,
        description=strategy.description,
        inputs=MappingProxyType(found.inputs),
        risks=MappingProxyType(found.risks),
        costs=MappingProxyType(found.costs),
        constants=MappingProxyType(found.numbers),
        decisions=MappingProxyType(found.decisions),
        model=MappingProxyType(found.formulas.texts),
        expressions=MappingProxyType(found.formulas.trees),
        groups=groups,
        outputs=outputs,
        plain=plain,
        grid=grid,
        terms=terms,
        money=money,
        currency=count.currency,
    )
    return _Part(definition, document, unused(found, plain, outputs, terms), set(known.values()))


def _terms(strategy: Strategy, grid: Grid, reader: Reader) -> Terms | None:
    """The deal tables of a strategy, with the measures that it lists."""
    selected: tuple[str, ...] = ()
    if strategy.mitigations is not None:
        raw, path = strategy.mitigations
        selected = read_selected(strategy.document, path, raw, strategy.document.data.get("mitigations"), reader)
    return read_terms(strategy.document, grid, selected, reader)


def _warn_of_unused(parts: list[_Part], report: Report) -> None:
    """Warn of what no strategy that defines it uses."""
    defined = Counter(path for part in parts for path in part.defined)
    unused = Counter(path for part in parts for path in part.unused)
    everywhere = {path for path, count in unused.items() if count == defined[path]}
    for part in parts:
        for path in sorted(part.unused & everywhere, key=str):
            problem = Problem(
                "is not used by any outcome", severity="warning", hint="leave it out, or use it in a formula"
            )
            report.add(problem, part.document, path, of_key=True)
        everywhere -= part.unused


def doubtful_percentiles(levels: Sequence[float]) -> Problem | None:
    """A warning where percentiles seem to be given as fractions; None where they do not."""
    if any(level >= 1 for level in levels):
        return None
    meant = ", ".join(f"{level * 100:g}" for level in levels[:5])
    return Problem("all percentiles are below 1", severity="warning", hint=f"did you mean {meant}?")


def _check_percentiles(
    simulate: Simulate, definitions: Mapping[str, Definition], base: Document, report: Report
) -> None:
    path: KeyPath = ("simulate", "percentiles")
    doubt = doubtful_percentiles(simulate.percentiles)
    if doubt is not None:
        report.add(doubt, base, path)
    certain = all(spec.marginal.constant is not None for one in definitions.values() for spec in one.specs())
    needed = {level: math.ceil(round(100 / min(level, 100 - level), 9)) for level in simulate.percentiles}
    most = max(needed.values())
    if simulate.trials < most and not certain:
        short = ", ".join(f"{level:g}" for level in simulate.percentiles if needed[level] > simulate.trials)
        reason = f"percentiles {short} rest on less than one trial beyond them, with {simulate.trials:,} trials"
        place = path if "percentiles" in simulate.model_fields_set else ("simulate", "trials")
        report.add(Problem(reason, severity="warning", allowed=f"{most:,} trials or more"), base, place)
