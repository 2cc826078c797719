"""From what the engine returns to a record: arrays by strategy and outcome, inputs, formulas, and provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.statistics import OutcomeStatistics, RunStatistics
from simengine.deal.model import Dependence, Model
from simengine.plan.plan import STREAM_VERSION, Plan
from simengine.results.record import AttributeValue, Record
from simengine.results.record import texts as _texts
from simengine.results.sources import Source
from simengine.results.variables import DTYPES, REGISTRY, SCHEMA_VERSION
from simengine.results.years import yearly_values


@dataclass(frozen=True)
class Provenance:
    """What a result says of its origin besides its numbers."""

    scenario: str
    title: str = ""
    description: str = ""
    money_unit: str = ""
    scenario_file: str = ""
    scenario_text: str = ""
    resolved_text: str = ""
    sources: tuple[Source, ...] = ()
    selected_strategies: tuple[str, ...] | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    nonfinite: str = "error"
    replicates: int = 0
    stopping: str = "null"
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    created: str = ""


def build_record(statistics: RunStatistics, plan: Plan, models: Sequence[Model], provenance: Provenance) -> Record:
    """The record of a run; ``models`` are the strategies that ``plan`` was built from, in the same order."""
    single = [k for k, output in enumerate(plan.outputs) if output.year is None]
    reported = [plan.outputs[k] for k in single]
    strategies, outputs = plan.strategies, tuple(dict.fromkeys(output.name for output in reported))
    places = [(strategies.index(output.strategy), outputs.index(output.name)) for output in reported]
    titles = {model.strategy: model.title for model in models}
    described = {output.name: output for output in reversed(reported)}
    values: dict[str, NDArray[Any]] = {
        "strategy": _texts(strategies),
        "output": _texts(outputs),
        "quantile": np.array(statistics.percentiles, dtype=np.float64),
        "level": np.array(statistics.tail_levels, dtype=np.float64),
        "strategy_title": _texts(titles.get(name, "") for name in strategies),
        "output_title": _texts(described[name].title for name in outputs),
        "unit": _texts(described[name].unit for name in outputs),
    }
    if single:
        values |= _outcomes([statistics.outcomes[k] for k in single], places, (len(strategies), len(outputs)))
        values["target_value"] = _spread(
            [np.array(output.targets, dtype=np.float64) for output in reported],
            places,
            (len(strategies), len(outputs)),
            math.nan,
        )
        for column, name in enumerate(("precision_gap", "precision_gap_mean")):
            gaps = [np.asarray(gap) for gap in statistics.differences[single, column]]
            values[name] = _spread(gaps, places, (len(strategies), len(outputs)), math.nan)
    else:
        values |= _no_outcomes(values)
    values |= yearly_values(statistics, plan)
    values |= _inputs(plan) | _formulas(models) | _dependences(models)
    return Record(values, _attributes(statistics, plan, provenance))


def _outcomes(
    outcomes: Sequence[OutcomeStatistics], places: Sequence[tuple[int, int]], shape: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    def of(read: Callable[[OutcomeStatistics], object], empty: float | int | bool) -> NDArray[Any]:
        """An array over strategies and outcomes, longer arrays filled up by ``empty``."""
        return _spread([np.asarray(read(outcome)) for outcome in outcomes], places, shape, empty)

    def plain(name: str) -> NDArray[Any]:
        return of(attrgetter(name), math.nan)

    numbers = ("mean", "std", "prob_loss", "quantiles", "prob_below", "var_loss", "cvar_loss")
    others = ("skewness", "kurtosis", "minimum", "maximum")
    found = {name: plain(name) for name in (*numbers, *(f"{name}_se" for name in numbers), *others)}
    found["finite"] = of(lambda o: np.int64(o.finite), 0)
    found["faults"] = of(lambda o: np.int64(o.faults), 0)
    found["first_fault"] = of(lambda o: np.int64(o.first_fault if o.faults else -1), -1)
    found["reported"] = of(lambda o: np.bool_(True), False)
    found["histogram_counts"] = of(lambda o: o.histogram_counts, 0)
    found["histogram_edges"] = plain("histogram_edges")
    return found


def _no_outcomes(labels: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same of a scenario that reports every outcome period by period: arrays of the right shapes, all empty."""
    sizes = {"target": 0, "bin": 0, "edge": 1} | {name: len(value) for name, value in labels.items()}
    return {
        name: np.empty([sizes[dim] for dim in row.dims], DTYPES[row.kind])
        for name, row in REGISTRY.items()
        if row.dims[:2] == ("strategy", "output")
    }


def _spread(
    rows: Sequence[NDArray[Any]],
    places: Sequence[tuple[int, int]],
    shape: tuple[int, int],
    empty: float | int | bool,
) -> NDArray[Any]:
    """Rows put at their (strategy, output); shape ``(strategies, outputs)`` or with the longest row as third."""
    longest = max((row.size for row in rows), default=0)
    tail = (longest,) if rows and rows[0].ndim else ()
    found = np.full((*shape, *tail), empty, dtype=rows[0].dtype if rows else np.float64)
    for row, (strategy, output) in zip(rows, places, strict=True):
        if tail:
            found[strategy, output, : row.size] = row
        else:
            found[strategy, output] = row
    return found


def _inputs(plan: Plan) -> dict[str, NDArray[Any]]:
    entries = plan.inputs
    found: dict[str, NDArray[Any]] = {
        f"input_{name}": _texts(getattr(entry, name) for entry in entries)
        for name in ("name", "family", "description", "key", "unit", "title", "source")
    }
    found["input_strategies"] = _texts(", ".join(entry.strategies) for entry in entries)
    for name in ("mean", "sd", "p5", "p50", "p95", "table_error"):
        found[f"input_{name}"] = np.array([getattr(entry, name) for entry in entries], dtype=np.float64)
    return found


def _formulas(models: Sequence[Model]) -> dict[str, NDArray[Any]]:
    wordings: dict[tuple[str, str, str, str], list[str]] = {}
    for model in models:
        for formula in model.formulas.values():
            wording = (formula.name, formula.text, formula.unit, formula.title)
            wordings.setdefault(wording, []).append(model.strategy)
    columns = zip(*wordings, strict=True) if wordings else ((),) * 4
    found = {
        f"formula_{label}": _texts(column)
        for label, column in zip(("name", "text", "unit", "title"), columns, strict=True)
    }
    found["formula_strategies"] = _texts(", ".join(names) for names in wordings.values())
    return found


def _dependences(models: Sequence[Model]) -> dict[str, NDArray[Any]]:
    groups: dict[str, list[str]] = {}
    for model in models:
        for dependence in model.dependences:
            groups.setdefault(describe_dependence(dependence), []).append(model.strategy)
    return {
        "dependence_text": _texts(groups),
        "dependence_strategies": _texts(", ".join(names) for names in groups.values()),
    }


def describe_dependence(dependence: Dependence) -> str:
    """A group of dependent inputs in one line: the copula and the correlations of the normal scores."""
    names = dependence.names
    pairs = [
        f"{names[i]} ~ {names[j]}: {dependence.matrix[i, j]:.6g}"
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if dependence.matrix[i, j] != 0.0
    ]
    copula = "Gaussian copula" if dependence.dof is None else f"t copula with {dependence.dof:.6g} degrees of freedom"
    return f"{copula} of {', '.join(names)}; correlation of normal scores {', '.join(pairs) or 'all 0'}"


def _attributes(statistics: RunStatistics, plan: Plan, provenance: Provenance) -> dict[str, AttributeValue]:
    selected = provenance.selected_strategies
    sources = [vars(source) for source in provenance.sources]
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": provenance.scenario,
        "title": provenance.title,
        "description": provenance.description,
        "money_unit": provenance.money_unit,
        "scenario_file": provenance.scenario_file,
        "scenario_text": provenance.scenario_text,
        "resolved_text": provenance.resolved_text,
        "sources": json.dumps(sources, ensure_ascii=False),
        "selected_strategies": json.dumps(list(selected) if selected is not None else None, ensure_ascii=False),
        "overrides": json.dumps(dict(provenance.overrides), ensure_ascii=False, default=str),
        "warnings": json.dumps(list(provenance.warnings), ensure_ascii=False),
        "nonfinite": provenance.nonfinite,
        "trials": statistics.trials,
        "seed": statistics.seed,
        "sampler": plan.sampler,
        "replicates": provenance.replicates,
        "stopping": provenance.stopping,
        "device": statistics.device,
        "precision": plan.precision,
        "stream_version": STREAM_VERSION,
        "plan_digest": plan.digest,
        "summary_digest": statistics.summary_digest,
        "worst_table_error": float(plan.worst_table_error),
        "passes": statistics.passes,
        "timings": json.dumps(statistics.timings),
        "versions": json.dumps(dict(provenance.versions)),
        "command": provenance.command,
        "created": provenance.created,
    }
