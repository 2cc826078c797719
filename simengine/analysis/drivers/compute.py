"""All questions about what drives a scenario, asked of one run."""

from __future__ import annotations

import datetime
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from simengine.analysis.direction import less_is_better
from simengine.analysis.drivers import decided, sections, stressed
from simengine.analysis.drivers.build import Builder
from simengine.analysis.drivers.conditions import parse_conditions
from simengine.analysis.drivers.study import Study
from simengine.analysis.drivers.variables import SCHEMA_VERSION
from simengine.engine.schedule import Progress
from simengine.errors import InvalidInput, Problem
from simengine.plan.plan import STREAM_VERSION
from simengine.results.compute import Prepared, Request, prepare, versions
from simengine.results.record import AttributeValue, Record
from simengine.scenario import Scenario
from simengine.scenario.names import suggest

Section = Literal["tornado", "evppi", "sobol", "spider", "stress", "reverse"]
"""Questions: what moves outcomes, what to find out, shares of variance, lines, conditions, the worst trials."""

SECTIONS: tuple[str, ...] = get_args(Section)
DEFAULT_SECTIONS = ("tornado", "evppi")
SOBOL_POINTS = 1 << 16
FEWEST_POINTS, MOST_POINTS = 256, 1 << 24
SHAPLEY_SHARE = 4
"""One part in so many of the points of a Sobol design are drawn for each pair of samples of Shapley effects."""


@dataclass(frozen=True)
class Question:
    """What is asked of a scenario besides the run; ``points`` is the size of each sample of a Sobol design."""

    sections: tuple[str, ...] = DEFAULT_SECTIONS
    stress: tuple[str, ...] = ()
    points: int = SOBOL_POINTS

    @classmethod
    def of(cls, names: Sequence[str], stress: Sequence[str], points: int | None) -> Question:
        """Check what was asked for.

        Raises
        ------
        InvalidInput
            With every section that does not exist, and a number of points that is out of range.
        """
        problems = [
            Problem("there is no such section", "sections", name, ", ".join(SECTIONS), suggest(name, SECTIONS))
            for name in names
            if name not in SECTIONS
        ]
        if "stress" in names and not stress:
            problems.append(Problem("no condition is given", "stress", hint="such as V<=P10"))
        if points is not None and not FEWEST_POINTS <= points <= MOST_POINTS:
            allowed = f"{FEWEST_POINTS} to {MOST_POINTS:,}"
            problems.append(Problem("the number of points is out of range", "points", str(points), allowed))
        if problems:
            raise InvalidInput(problems)
        asked = dict.fromkeys(names)
        if stress:
            asked.setdefault("stress")
        listed = tuple(name for name in SECTIONS if name in (asked or DEFAULT_SECTIONS))
        return cls(listed, tuple(stress), SOBOL_POINTS if points is None else points)


def drivers(
    scenario: str | Path | Scenario, request: Request, question: Question, progress: Progress | None = None
) -> Record:
    """What drives the outcomes of a scenario.

    Raises
    ------
    InvalidInput
        With every problem of the scenario or of the question.
    NonFiniteOutcome
        When an outcome was not finite in some trial and the scenario says that this is an error.
    """
    return drivers_of(prepare(scenario, request, years=False), question, progress)


def drivers_of(prepared: Prepared, question: Question, progress: Progress | None = None) -> Record:
    """The same of a prepared scenario."""
    conditions = parse_conditions(question.stress, prepared.models)
    study = Study.of(prepared, progress)
    _general_notes(study)
    asked = set(question.sections)
    switches = decided.find_switches(study) if "evppi" in asked else []
    builder = Builder(study, len(switches))
    if asked - {"stress", "reverse"}:
        sections.fill_means(study, builder)
    fillers: list[tuple[str, Callable[[], None]]] = [
        ("tornado", lambda: sections.fill_tornado(study, builder)),
        ("evppi", lambda: decided.fill_information(study, builder, switches)),
        ("spider", lambda: sections.fill_spider(study, builder)),
        ("sobol", lambda: sections.fill_first_order(study, builder)),
        ("sobol", lambda: sections.fill_sobol(study, builder, question.points, _shapley_points(question))),
        ("stress", lambda: stressed.fill_stress(study, builder, conditions)),
        ("reverse", lambda: stressed.fill_reverse(study, builder)),
    ]
    for name, fill in fillers:
        if name in asked:
            began = time.perf_counter()
            fill()
            study.timings[name] = study.timings.get(name, 0.0) + time.perf_counter() - began
    return builder.record(_attributes(study, question))


def _shapley_points(question: Question) -> int:
    return max(FEWEST_POINTS, question.points // SHAPLEY_SHARE)


def _general_notes(study: Study) -> None:
    """What holds for every number of this study."""
    infinite: dict[str, None] = {}
    for model in study.models:
        for name, entry in model.inputs.items():
            if not math.isfinite(entry.marginal.variance):
                infinite.setdefault(name)
    if infinite:
        study.notes.append(
            f"{', '.join(infinite)} has no finite variance: shares of variance, and means, rest on the largest draws "
            "and may not settle with more trials; rank correlations do."
        )
    left_out = int(np.count_nonzero(~study.finite))
    if left_out:
        study.notes.append(f"{left_out:,} trials with an outcome that is not finite are left out everywhere.")


def _costs(study: Study) -> list[str]:
    """The outcomes of which less is better."""
    return [name for name in dict.fromkeys(name for _, name in study.rows) if less_is_better(study.models, name)]


def _attributes(study: Study, question: Question) -> dict[str, AttributeValue]:
    prepared = study.prepared
    scenario = prepared.scenario
    return {
        "kind": "drivers",
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.header.name,
        "title": scenario.header.title,
        "scenario_file": scenario.file,
        "resolved_text": scenario.merged_text,
        "sections": json.dumps(question.sections),
        "stress_conditions": json.dumps(question.stress, ensure_ascii=False),
        "less_is_better": json.dumps(_costs(study)),
        "trials": prepared.trials,
        "left_out": int(np.count_nonzero(~study.finite)),
        "ranked_trials": int(study.by_class.trials) if "tornado" in question.sections else 0,
        "seed": prepared.seed,
        "sampler": prepared.plan.sampler,
        "replicates": prepared.replicates,
        "sobol_points": question.points,
        "shapley_points": _shapley_points(question),
        "stream_version": STREAM_VERSION,
        "plan_digest": prepared.plan.digest,
        "notes": json.dumps(study.notes, ensure_ascii=False),
        "warnings": json.dumps([str(problem) for problem in scenario.warnings], ensure_ascii=False),
        "timings": json.dumps(study.timings | dict(prepared.timings)),
        "versions": json.dumps(versions()),
        "command": prepared.request.command,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
