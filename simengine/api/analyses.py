"""What is asked of a scenario beside its run, so that a page can tell the whole story: a dossier.

The comparison of the strategies, what drives the outcomes, and the risk register, each as its own command gives it, on
the seed and the sampler of the run, but on no more than :data:`MOST_TRIALS` trials: their cost does not grow with the
run.  Each says how many trials it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from simengine.errors import FileProblem, InvalidInput, NonFiniteOutcome
from simengine.results.compute import Prepared, Progress, compiled
from simengine.results.dossier import Dossier
from simengine.results.record import Record
from simengine.results.sources import sources_of

MOST_TRIALS = 1 << 17
"""Trials of each analysis beside a run, unless the run itself has fewer."""

Found = TypeVar("Found")

SECTIONS = ("tornado", "evppi", "spider")
"""Questions about drivers that are answered from the one run of their own; the others need further runs."""


def dossier_of(
    prepared: Prepared,
    record: Record,
    progress: Progress | None = None,
    like: Dossier | None = None,
    *,
    debug: bool = False,
) -> Dossier:
    """The record of a prepared scenario with the comparison, the drivers and the risk register that belong to it.

    One that has nothing to say is None: a comparison of one strategy, drivers where nothing is uncertain, a register
    without a risk.  One that cannot be computed is None too, and a note says why; the record stands in any case, even
    where a defect is the reason.  ``like`` is a dossier that is computed again: trials and percentiles are taken from
    it.  ``debug`` raises what nobody expected, so that its place can be seen.
    """
    if not _is_unchanged(prepared):
        reason = "a file of the scenario changed since the run, so nothing else was asked of it; hint: run it again"
        return Dossier(record, notes=(reason,))
    beside = _Beside(prepared, record, progress, like, debug=debug)
    return Dossier(
        record,
        comparison=beside.tried("comparison", beside.comparison),
        drivers=beside.tried("drivers", beside.drivers),
        register=beside.tried("risk register", beside.register),
        notes=tuple(beside.notes),
    )


class _Beside:
    """The analyses of one run; ``notes`` collects why one of them is missing."""

    def __init__(
        self, prepared: Prepared, record: Record, progress: Progress | None, like: Dossier | None, *, debug: bool
    ):
        request = prepared.request
        self.prepared, self.progress, self.debug = prepared, progress, debug
        self.run_trials = record.integer("trials")
        self.trials = min(self.run_trials, MOST_TRIALS)
        self.percentiles = request.percentiles
        if like is not None:
            self.trials = _trials_of(like) or self.trials
            self.percentiles = None if like.comparison is None else like.comparison["quantile"].tolist()
        self.threads = 1 if request.scheduler == "sync" else request.threads
        self.device = request.device if request.scheduler is None else "cpu"  # workers have devices, not this machine
        self.notes: list[str] = []

    def tried(self, name: str, compute: Callable[[], Found | None]) -> Found | None:
        """What an analysis finds; None, with a note, if it cannot be computed."""
        try:
            return compute()
        except (InvalidInput, NonFiniteOutcome, FileProblem) as error:
            self._left_out(name, str(error))
        except Exception as error:  # a long run is not thrown away for a defect of what stands beside it
            if self.debug:
                raise
            self._left_out(name, f"unexpected {type(error).__name__}: {error}; please report it")
        return None

    def _left_out(self, name: str, reason: str) -> None:
        verb = "are" if name.endswith("s") else "is"
        self.notes.append(f"the {name} {verb} left out: " + "; ".join(reason.splitlines()))

    def comparison(self) -> Record | None:
        """The strategies against each other, as `simengine compare` has them."""
        from simengine.analysis.compare.build import compare
        from simengine.analysis.compare.question import Question

        prepared, request = self.prepared, self.prepared.request
        if len(prepared.models) < 2:
            return None
        question = Question(
            trials=self.trials,
            seed=prepared.seed,
            sampler=prepared.plan.sampler,
            replicates=prepared.replicates,
            strategies=request.strategies,
            percentiles=self.percentiles,
            threads=self.threads,
            device=self.device,
            command=request.command,
        )
        return self._beside_the_run(_without_data(compare([prepared.scenario], question, self.progress)), "compare")

    def drivers(self) -> Record | None:
        """What drives the outcomes, as `simengine drivers` has it."""
        from simengine.analysis.drivers.compute import Question, drivers_of
        from simengine.analysis.drivers.factors import factors_of

        prepared = self.prepared
        if not factors_of(prepared.models):
            return None
        plan = prepared.plan
        if plan.precision != "float64" or any(model.yearly_outputs for model in prepared.models):
            plan = compiled(prepared.models, plan.sampler, prepared.addresses)
        request = replace(prepared.request, threads=self.threads, memory=None, device=self.device, chosen=None)
        study = replace(prepared, request=request, plan=plan, trials=self.trials, criterion=None)
        return self._beside_the_run(drivers_of(study, Question(SECTIONS), self.progress), "drivers")

    def register(self) -> Mapping[str, Any] | None:
        """The risks and the measures against them, as `simengine risks` has them."""
        from simengine.analysis.register.question import has_risks, register_question
        from simengine.analysis.variants import DrawsAsked
        from simengine.report.register import register_object

        prepared = self.prepared
        if not has_risks(prepared.scenario, prepared.models):
            return None
        asked = DrawsAsked(self.trials, prepared.seed, prepared.plan.sampler, prepared.replicates, self.threads)
        question = register_question(prepared.scenario, prepared.request.strategies, asked)
        found = question.answer(self.progress)
        doubts = dict.fromkeys(str(problem) for problem in (*question.doubts, *found.doubts))
        return {**register_object(found, question), "notes": [*self._of_trials("risks"), *doubts]}

    def _beside_the_run(self, record: Record, command: str) -> Record:
        """The record with a note on its trials, where the run has more."""
        notes = [*self._of_trials(command), *record.document("notes")]
        return replace(record, attrs={**record.attrs, "notes": json.dumps(notes, ensure_ascii=False)})

    def _of_trials(self, command: str) -> list[str]:
        if self.trials == self.run_trials:
            return []
        from simengine.analysis.drivers.tables import RANKED_TRIALS

        most = f", and ranks inputs over at most {RANKED_TRIALS:,} of them" if command == "drivers" else ""
        return [
            f"{self.trials:,} trials, computed beside a run of {self.run_trials:,}: `simengine {command} SCENARIO` "
            f"takes as many as it is asked for{most}"
        ]


def _is_unchanged(prepared: Prepared) -> bool:
    """Whether the files behind a scenario are still there, with the content that the run read."""
    try:
        return sources_of(prepared.scenario) == prepared.sources
    except FileProblem:
        return False


def _trials_of(dossier: Dossier) -> int | None:
    """Trials of the analyses of a dossier, None where there is none."""
    for record in (dossier.comparison, dossier.drivers):
        if record is not None:
            return record.integer("trials")
    return None if dossier.register is None else int(dossier.register["trials"])


def _without_data(comparison: Record) -> Record:
    """The comparison without the content of data files, which stands in the result that it belongs to."""
    files = comparison.document("files")
    for file in files:
        file["sources"] = [{**source, "content": None} for source in file["sources"]]
    return replace(comparison, attrs={**comparison.attrs, "files": json.dumps(files, ensure_ascii=False)})
