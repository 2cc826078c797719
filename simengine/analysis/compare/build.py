"""From what was measured to a record: arrays by strategy, pair and outcome, and where all of it came from."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.spread import Z95
from simengine.analysis.compare.decide import decide
from simengine.analysis.compare.gather import Gathered, Given, gather
from simengine.analysis.compare.measure import Estimates, Measured, OutcomeComparison, Progress, measure
from simengine.analysis.compare.question import Question
from simengine.analysis.compare.unreliable import unreliable_notes
from simengine.analysis.compare.variables import COMPARISON, EVPI, PAIRS, SCHEMA_VERSION, SINGLE
from simengine.analysis.decisions.decided import Decision, Verdict
from simengine.errors import FileProblem, NonFiniteOutcome
from simengine.plan.plan import STREAM_VERSION
from simengine.results.compute import versions
from simengine.results.record import AttributeValue, Record, texts
from simengine.results.sources import sources_of
from simengine.results.variables import DTYPES, Variable

Arrays = dict[str, NDArray[Any]]


def compare(given: Sequence[Given], question: Question, progress: Progress | None = None) -> Record:
    """Compare the strategies of scenarios or stored results: the record of a comparison.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the scenarios or the question.
    NonFiniteOutcome
        When an outcome was not finite in some trial.
    FileProblem
        When a file cannot be read, or changed meanwhile.
    Mismatch
        When a stored result is of another stream version.
    """
    began = time.perf_counter()
    return answer(gather(given, question), question, progress, began)


def answer(
    gathered: Gathered,
    question: Question,
    progress: Progress | None = None,
    began: float | None = None,
    watch: Callable[[Verdict], None] | None = None,
) -> Record:
    """The record of a comparison whose strategies have been gathered; ``watch`` is told of every look of a decision.

    Raises
    ------
    InvalidInput, NonFiniteOutcome, FileProblem
        As :func:`compare`.
    """
    prepared = time.perf_counter()
    decision: Decision | None = None
    try:
        if question.until_decided is not None:
            decision = decide(gathered, question, progress, watch)
            gathered = replace(gathered, trials=decision.last.trials)
        looked = time.perf_counter() - prepared
        measured = measure(gathered, question, progress)
    except NonFiniteOutcome as error:
        more = "a comparison needs the outcome of every strategy in every trial, and leaves none out"
        raise NonFiniteOutcome(f"{error}\nnote: {more}") from error
    for file in gathered.files:
        if not file.stored and sources_of(file.scenario) != file.sources:
            raise FileProblem(f"a file of {file.name} was changed while the simulation ran; hint: run it again")
    timings = {
        **({} if began is None else {"scenario": prepared - began}),
        **({} if decision is None else {"looks": looked}),
        **measured.statistics.timings,
        "compare": time.perf_counter() - prepared - looked - sum(measured.statistics.timings.values()),
    }
    return Record(_values(gathered, measured), _attributes(gathered, measured, question, timings, decision), COMPARISON)


def _values(gathered: Gathered, measured: Measured) -> Arrays:
    names = [model.strategy for model in gathered.models]
    described = {entry.name: entry for model in reversed(gathered.models) for entry in model.outputs}
    origin = {model.strategy: file.name for file in gathered.files for model in file.models}
    values: Arrays = {
        "strategy": texts(names),
        "against": texts(names),
        "output": texts(gathered.outputs),
        "quantile": np.array(measured.levels, np.float64),
        "level": np.array(measured.tail_levels, np.float64),
        "strategy_title": texts(model.title for model in gathered.models),
        "strategy_file": texts(origin[name] for name in names),
        "output_title": texts(described[name].title for name in gathered.outputs),
        "unit": texts(described[name].unit for name in gathered.outputs),
        "risk_tolerance": np.array([found.tolerance for found in measured.outcomes], np.float64),
    }
    sizes = {
        "strategy": len(names),
        "against": len(names),
        "output": len(gathered.outputs),
        "quantile": len(measured.levels),
        "level": len(measured.tail_levels),
    }
    for variable in COMPARISON.variables.values():
        if variable.name not in values:
            shape = tuple(sizes[dim] for dim in variable.dims)
            empty = math.nan if variable.kind == "float" else False
            values[variable.name] = np.full(shape, empty, DTYPES[variable.kind])
    for place, found in enumerate(measured.outcomes):
        _enter(values, place, found)
    return values


def _enter(values: Arrays, place: int, found: OutcomeComparison) -> None:
    """Put the comparison of one outcome where it belongs."""
    members = np.array(found.members)
    one: Any = (members, place)
    two: Any = (*np.ix_(members, members), place)
    for group in SINGLE:
        if group[0].name in found.single:
            _enter_estimates(values, group, one, found.single[group[0].name])
    for group in PAIRS:
        if group[0].name in found.pairs:
            _enter_estimates(values, group, two, found.pairs[group[0].name])
    _enter_estimates(values, EVPI, (place,), found.evpi)
    difference = found.pairs["mean_difference"]
    values["reported"][one] = True
    values["efficient"][one] = found.efficient
    values["efficient_clear"][one] = found.efficient_clear
    values["identical"][two] = found.identical
    with np.errstate(invalid="ignore"):
        # an unknown error (NaN) tells nothing; a zero stands for certainty alone, see Paired.error
        values["different"][two] = (np.abs(difference.value) > Z95 * difference.se) & ~found.identical
    values["first_order"][two] = found.dominance.first_order
    values["second_order"][two] = found.dominance.second_order


def _enter_estimates(values: Arrays, group: tuple[Variable, ...], where: Any, found: Estimates) -> None:
    half, (least, most) = Z95 * found.se, found.bounds
    low, high = np.maximum(found.value - half, least), np.minimum(found.value + half, most)
    for variable, array in zip(group, (found.value, found.se, low, high), strict=True):
        values[variable.name][where] = array


def _attributes(
    gathered: Gathered, measured: Measured, question: Question, timings: dict[str, float], decision: Decision | None
) -> dict[str, AttributeValue]:
    first = gathered.first
    files = [
        {
            "name": file.name,
            "stored": file.stored,
            "text": file.scenario.merged_text,
            "sources": [vars(source) for source in file.sources],
        }
        for file in gathered.files
    ]
    warnings = [str(problem) for file in gathered.files for problem in file.scenario.warnings]
    unset = math.nan
    return {
        "kind": COMPARISON.kind,
        "schema_version": SCHEMA_VERSION,
        "scenario": first.header.name,
        "title": first.header.title,
        "files": json.dumps(files, ensure_ascii=False),
        "baseline": gathered.baseline,
        "other_outputs": json.dumps(list(gathered.others), ensure_ascii=False),
        "notes": json.dumps(
            [*gathered.notes, *_moment_notes(gathered), *unreliable_notes(gathered, measured)], ensure_ascii=False
        ),
        "warnings": json.dumps(list(dict.fromkeys([*warnings, *measured.statistics.notes])), ensure_ascii=False),
        "overrides": json.dumps(dict(question.overrides), ensure_ascii=False, default=str),
        "wealth": float(question.wealth) if question.wealth is not None else unset,
        "risk_aversion": float(question.risk_aversion) if question.risk_aversion is not None else unset,
        "trials": measured.statistics.trials,
        "decided": json.dumps(None if decision is None else decision.document(), ensure_ascii=False),
        "seed": measured.statistics.seed,
        "sampler": gathered.plan.sampler,
        "replicates": gathered.replicates,
        "device": measured.statistics.device,
        "precision": "float64",
        "stream_version": STREAM_VERSION,
        "plan_digest": gathered.plan.digest,
        "summary_digest": measured.statistics.summary_digest,
        "timings": json.dumps(timings),
        "versions": json.dumps(versions()),
        "command": question.command,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _moment_notes(gathered: Gathered) -> list[str]:
    """Inputs without a finite mean or variance, which leave means and their errors without a meaning."""
    notes = []
    for entry in gathered.plan.inputs:
        missing = "mean" if not math.isfinite(entry.mean) else "variance" if not math.isfinite(entry.sd) else ""
        if missing:
            notes.append(
                f"{entry.name} ({', '.join(entry.strategies)}) has no finite {missing}: means, CVaR, regret and "
                "certainty equivalents that depend on it may not settle; compare percentiles and P(beats)"
            )
    return notes
