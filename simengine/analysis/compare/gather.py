"""The strategies of one or more scenarios, or of stored results, in one plan, so that they share draws and work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from simengine.analysis.compare.question import Question
from simengine.analysis.direction import less_is_better
from simengine.analysis.pinned import with_formulas
from simengine.analysis.stored import is_stored, stored_scenario
from simengine.deal.model import Model, Output
from simengine.errors import InvalidInput, Mismatch, Problem
from simengine.plan.plan import STREAM_VERSION, Plan
from simengine.results.compute import compiled, expanded, select_strategies
from simengine.results.sources import Source, sources_of
from simengine.results.storage import read
from simengine.scenario import Scenario, load
from simengine.scenario.definition import PLAIN_OUTCOME
from simengine.scenario.names import suggest

Given = str | Path | Scenario


@dataclass(frozen=True, eq=False)
class Compared:
    """One scenario that takes part: where it came from, and its strategies under the names that they have here."""

    name: str
    scenario: Scenario
    models: tuple[Model, ...]
    sources: tuple[Source, ...]
    stored: bool
    trials: int
    seed: int
    sampler: str
    replicates: int


@dataclass(frozen=True, eq=False)
class Gathered:
    """What is compared: strategies in order, the outcomes, and the one plan of all of it."""

    files: tuple[Compared, ...]
    models: tuple[Model, ...]
    outputs: tuple[str, ...]
    others: tuple[str, ...]
    """Outcomes that could be compared too."""
    baseline: str
    plan: Plan
    addresses: tuple[str, ...]
    trials: int
    seed: int
    replicates: int
    notes: tuple[str, ...]

    @property
    def first(self) -> Scenario:
        """The scenario that says what the question leaves open."""
        return self.files[0].scenario


def gather(given: Sequence[Given], question: Question) -> Gathered:
    """Read everything, choose strategies and outcomes, and compile one plan.

    Raises
    ------
    InvalidInput
        With every problem of a scenario; or if a baseline, strategy or outcome is unknown, fewer than two strategies
        are left, or their outcomes have different units.
    FileProblem
        When a file or stored result cannot be read.
    Mismatch
        When a stored result is of another stream version.
    """
    question.check()
    with ExitStack() as stack:  # data unpacked from stored results is there until the plan is compiled
        files = _renamed([_read(entry, question, stack) for entry in given])
        everyone = tuple(model for file in files for model in file.models)
        models = select_strategies(everyone, question.strategies)
        if len(models) < 2:
            raise InvalidInput(_lonely(models, everyone))
        baseline = _baseline(question.baseline, models)
        outputs, others = _outputs(question.outputs, models)
        _check_units(files, models, outputs)
        kept, outputs = _turned(tuple(_only(model, outputs) for model in models), outputs)
        first = files[0]
        sampler = question.sampler if question.sampler is not None else first.sampler
        addresses = _addresses(everyone)
        plan = compiled(kept, sampler, addresses)
    return Gathered(
        files=files,
        models=kept,
        outputs=outputs,
        others=others,
        baseline=baseline,
        plan=plan,
        addresses=addresses,
        trials=question.trials if question.trials is not None else first.trials,
        seed=question.seed if question.seed is not None else first.seed,
        replicates=question.replicates if question.replicates is not None else first.replicates,
        notes=_notes(files, question),
    )


def _read(given: Given, question: Question, stack: ExitStack) -> Compared:
    if isinstance(given, Scenario):
        if question.overrides:
            reason = "values can only be set while a scenario is read"
            raise InvalidInput(Problem(reason, hint="give them to load()"))
        return _compared(given.file, given, sources_of(given))
    path = Path(given)
    if is_stored(path):
        return _stored(path, question, stack)
    found = load(path, set_values=question.overrides)
    return _compared(str(given), found, sources_of(found))


def _compared(name: str, scenario: Scenario, sources: tuple[Source, ...]) -> Compared:
    said = scenario.simulate
    numbers = said.trials, said.seed, said.sampler, said.replicates
    return Compared(name, scenario, expanded(scenario), sources, False, *numbers)


def _stored(path: Path, question: Question, stack: ExitStack) -> Compared:
    """The scenario of a stored result, from its own text and data, and the strategies that the result has."""
    record = read(path)
    if record.integer("stream_version") != STREAM_VERSION:
        raise Mismatch(f"{path}: made with stream version {record.attrs['stream_version']}, not {STREAM_VERSION}")
    scenario = stored_scenario(path, record, question.data, question.overrides, stack)
    return Compared(
        name=str(path),
        scenario=scenario,
        models=select_strategies(expanded(scenario), record.document("selected_strategies")),
        sources=tuple(Source(**entry) for entry in record.document("sources")),
        stored=True,
        trials=record.integer("trials"),
        seed=record.integer("seed"),
        sampler=record.text("sampler"),
        replicates=record.integer("replicates"),
    )


def _renamed(files: Sequence[Compared]) -> tuple[Compared, ...]:
    """Strategies with names that differ: those that several files have get the file's name before theirs."""
    clashes = {name for name, count in Counter(m.strategy for f in files for m in f.models).items() if count > 1}
    labels = _labels([file.name for file in files])
    return tuple(
        replace(file, models=tuple(_named(m, label) if m.strategy in clashes else m for m in file.models))
        for file, label in zip(files, labels, strict=True)
    )


def _labels(names: Sequence[str]) -> list[str]:
    """Short names of files: their stems, numbered where several are the same."""
    stems = [PurePath(name).stem or name for name in names]
    labels = [f"{s}#{stems[: k + 1].count(s)}" if stems.count(s) > 1 else s for k, s in enumerate(stems)]
    if len(set(labels)) < len(labels):  # a stem that ends in a number already
        labels = [f"{stem}#{place}" for place, stem in enumerate(stems, 1)]
    return labels


def _named(model: Model, label: str) -> Model:
    return replace(model, strategy=f"{label}:{model.strategy}")


def _lonely(models: Sequence[Model], everyone: Sequence[Model]) -> Problem:
    name = models[0].strategy
    if len(everyone) > 1:
        rest = ", ".join(model.strategy for model in everyone if model.strategy != name)
        return Problem(f"{name} alone cannot be compared", "strategy", hint=f"ask for another one too: {rest}")
    hint = "add [strategies.NAME] tables with what differs, or give a second scenario"
    return Problem(f"there is only one strategy, {name}: nothing to compare it with", hint=hint)


def _baseline(name: str | None, models: Sequence[Model]) -> str:
    known = [model.strategy for model in models]
    if name is None:
        return known[0]
    if name not in known:
        problem = Problem(f"there is no strategy {name!r}", "baseline", None, ", ".join(known), suggest(name, known))
        raise InvalidInput(problem)
    return name


def _outputs(asked: Sequence[str] | None, models: Sequence[Model]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The outcomes to compare, and the others that at least two strategies report."""
    reported = Counter(output.name for model in models for output in model.outputs)
    common = [name for name, count in reported.items() if count > 1]
    if asked is None:
        if not common:
            listed = "; ".join(f"{m.strategy}: {', '.join(o.name for o in m.outputs)}" for m in models)
            reason = "no outcome is reported by two strategies"
            raise InvalidInput(Problem(reason, hint=f"name them alike in [model] and [outputs]; there is {listed}"))
        chosen: tuple[str, ...] = (PLAIN_OUTCOME if PLAIN_OUTCOME in common else common[0],)
    else:
        chosen = tuple(dict.fromkeys(asked))
        problems = []
        for name in chosen:
            if name not in reported:
                hint = suggest(name, common)
                problems.append(Problem(f"there is no outcome {name!r}", "output", None, ", ".join(common), hint))
            elif name not in common:
                reason = f"{name} is reported by one strategy only"
                problems.append(Problem(reason, "output", None, ", ".join(common) or None))
        if problems:
            raise InvalidInput(problems)
    return chosen, tuple(name for name in common if name not in chosen)


def _check_units(files: Sequence[Compared], models: Sequence[Model], outputs: Sequence[str]) -> None:
    """Refuse to hold dollars against yuan, or thousands against millions.

    Raises
    ------
    InvalidInput
        If an outcome has different units, with the place of each.
    """
    chosen = {model.strategy for model in models}
    problems = []
    for output in outputs:
        units: dict[str, tuple[Compared, str]] = {}
        for file in files:
            for model in file.models:
                for entry in model.outputs:
                    if entry.name == output and model.strategy in chosen:
                        units.setdefault(entry.unit, (file, model.strategy))
        if len(units) > 1:
            problems.append(_unit_problem(output, units))
    if problems:
        raise InvalidInput(problems)


def _unit_problem(output: str, units: Mapping[str, tuple[Compared, str]]) -> Problem:
    """The problem at the place of the second unit, which names that of the first too."""
    listed = [f"{unit or 'no unit'} in {name}" for unit, (_, name) in units.items()]
    (first, (one, held)), (second, (other, strategy)) = list(units.items())[:2]
    problem = Problem("", _unit_key(output, (one, first), (other, second)), hint="amounts of one unit can be compared")
    before, here = _located(one, held, problem), _located(other, strategy, problem)
    if before.line is not None and before.file != here.file:
        listed[0] += f" ({before.file}:{before.line})"
    return replace(here, reason=f"{output}: its unit differs: {' and '.join(listed)}")


def _unit_key(output: str, *given: tuple[Compared, str]) -> str:
    """The key that makes the units of two scenarios differ: currency, unit of amounts, or the outcome's own entry."""
    headers = [file.scenario.header for file, _ in given]
    own = any(unit != header.money or not unit for header, (_, unit) in zip(headers, given, strict=True))
    if own:
        return f"outputs.{output}"
    return "scenario.currency" if len({header.currency for header in headers}) > 1 else "scenario.unit"


def _located(file: Compared, strategy: str, problem: Problem) -> Problem:
    """The problem at its place in the file that the strategy comes from."""
    scenario = file.scenario
    own = strategy if strategy in scenario.strategies else strategy.rpartition(":")[2]
    found = scenario.locate(problem, own)
    return found if found.file is not None else replace(found, file=file.name)


def _only(model: Model, outputs: Sequence[str]) -> Model:
    """The model with the compared outcomes alone, so that nothing else is computed."""
    return replace(model, outputs=tuple(entry for entry in model.outputs if entry.name in outputs))


def _turned(models: Sequence[Model], outputs: Sequence[str]) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """The models with the negatives of those outcomes of which less is better, so that of all compared more is."""
    negated = {name: f"-{name}" for name in outputs if less_is_better(models, name)}
    if not negated:
        return tuple(models), tuple(outputs)
    found = []
    for model in models:
        entries = tuple(_negative(entry) if entry.name in negated else entry for entry in model.outputs)
        texts = {f"-{entry.name}": f"-{entry.name}" for entry in model.outputs if entry.name in negated}
        found.append(replace(with_formulas(model, texts), outputs=entries))
    return tuple(found), tuple(negated.get(name, name) for name in outputs)


def _negative(entry: Output) -> Output:
    title = f"{(entry.title or entry.name).partition(':')[0]}, negative, for less is better"
    return replace(entry, name=f"-{entry.name}", title=title, targets=())


def _addresses(models: Sequence[Model]) -> tuple[str, ...]:
    from simengine.plan.draws import addresses_of

    return addresses_of(models)


def _notes(files: Sequence[Compared], question: Question) -> tuple[str, ...]:
    """What was done that was not asked for in so many words."""
    notes = [
        f"{file.name} is a stored result: its scenario was run again, as stored in it" for file in files if file.stored
    ]
    names = [file.name for file in files]
    notes += [
        f"{label} is {name}"
        for label, name in zip(_labels(names), names, strict=True)
        if label != PurePath(name).stem and len(set(names)) > 1
    ]
    first = files[0]
    for name in ("trials", "seed", "sampler"):
        if getattr(question, name) is None and len({getattr(file, name) for file in files}) > 1:
            notes.append(f"{name}: {getattr(first, name)}, as in {first.name}; other files say otherwise")
    return tuple(notes)
