"""The trials of a stored run, drawn again: outcomes and inputs trial by trial, in blocks of constant size.

Nothing of single trials is stored with a result.  Scenario, seed and length of the run determine them to the bit, so
they are computed when somebody asks, and no more of them is in memory at once than a block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from simengine.deal.model import Model
from simengine.errors import InvalidInput, Mismatch, Problem
from simengine.plan.plan import STREAM_VERSION, Plan
from simengine.results.record import Record

if TYPE_CHECKING:
    from simengine.kernels.source import Source
    from simengine.results.compute import Prepared, Progress

_MOST_ROWS = 1 << 16
_BLOCK_VALUES = 1 << 20
"""Numbers of a block: 8 MiB, and about three times as much while they become text."""


@dataclass(frozen=True)
class Column:
    """An outcome of a strategy, or an input with the strategies that share its draws, in every trial.

    year: the end of the period that an outcome belongs to; None where it belongs to none.
    """

    kind: Literal["outcome", "input"]
    name: str
    strategies: tuple[str, ...]
    shared: bool
    unit: str
    title: str
    year: float | None = None

    @property
    def label(self) -> str:
        """``licence:T``, ``licence:cash_flow@3``; an input that all strategies share is ``V``."""
        name = self.name if self.year is None else f"{self.name}@{self.year:.12g}"
        return name if self.shared else f"{'+'.join(self.strategies)}:{name}"


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows of the outcomes of one plan."""

    source: Source
    rows: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Draws:
    """The first ``trials`` trials of a run: ``columns`` says what is known of each."""

    columns: tuple[Column, ...]
    trials: int
    parts: tuple[_Part, ...]
    progress: Progress | None = None
    """Hears of every block that was drawn."""

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """First trial and values, shape (columns, size), of each block in order of trial."""
        from simengine.kernels import cpu

        most = max(len(part.source.plan.outputs) for part in self.parts)
        size = max(cpu.BLOCK, min(_MOST_ROWS, _BLOCK_VALUES // most // cpu.BLOCK * cpu.BLOCK))
        for first in range(0, self.trials, size):
            count = min(size, self.trials - first)
            yield first, np.concatenate([cpu.values(part.source, first, count)[part.rows] for part in self.parts])
            if self.progress is not None:
                self.progress(first + count, self.trials, "drawing")


def draws_of(
    stored: Record,
    trials: int | None = None,
    *,
    inputs: bool = False,
    years: bool = False,
    data: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Draws:
    """The first ``trials`` trials of the run that a record is the result of; all of them for None.

    They have the bits that the run had.  With ``inputs`` the uncertain inputs that outcomes depend on, with ``years``
    the outcomes by period too.  ``data`` are folders in which large data files of the scenario are looked for.

    Raises
    ------
    InvalidInput
        When the run has not so many trials, or nothing is asked for that it reports.
    FileProblem
        When a data file that the scenario needs is not there.
    Mismatch
        When the stored scenario does not compile to the plan of the run any more, so that its trials cannot be drawn.
    """
    from simengine.results.verify import prepared_again

    length = stored.integer("trials")
    if trials is not None and not 1 <= trials <= length:
        hint = "run the scenario with more --trials to have more draws"
        raise InvalidInput(Problem("the run has not so many trials", "draws", f"{trials:,}", f"1 to {length:,}", hint))
    if stored.integer("stream_version") != STREAM_VERSION:
        made = stored.integer("stream_version")
        raise Mismatch(f"the result was made with stream version {made}, not {STREAM_VERSION}")
    with prepared_again(stored, data=data) as prepared:
        if prepared.plan.digest != stored.text("plan_digest"):
            raise Mismatch(
                "the stored scenario compiles to another plan than that of the run: its trials cannot be drawn again; "
                "hint: run the scenario with this version of simengine"
            )
        found = [_outcomes(prepared, years=years)]
        if inputs:
            found.append(_inputs(prepared))
    columns = tuple(column for listed, _ in found for column in listed)
    parts = tuple(part for _, part in found if part is not None)
    if not parts:
        hint = "with --years (years=True) they are drawn"
        raise InvalidInput(Problem("every outcome is reported period by period", "draws", hint=hint))
    return Draws(columns, trials if trials is not None else length, parts, progress)


_Found = tuple[list[Column], "_Part | None"]


def _outcomes(prepared: Prepared, *, years: bool) -> _Found:
    wanted = [k for k, output in enumerate(prepared.plan.outputs) if years or output.year is None]
    columns = [
        Column("outcome", output.name, (output.strategy,), False, output.unit, output.title, output.year)
        for output in (prepared.plan.outputs[k] for k in wanted)
    ]
    return columns, _part(prepared, prepared.plan, wanted)


def _inputs(prepared: Prepared) -> _Found:
    """Every uncertain input that some outcome depends on, once for all strategies in which it has the same draws."""
    from simengine.plan.compile import build_plan

    used = {(strategy, entry.name) for entry in prepared.plan.inputs for strategy in entry.strategies}
    groups: dict[tuple[str, str], list[str]] = {}
    for model in prepared.models:
        for name, entry in model.inputs.items():
            if (model.strategy, name) in used and entry.marginal.constant is None:
                groups.setdefault((name, _law(model, name)), []).append(model.strategy)
    models = [replace(model, formulas={}, outputs=(), yearly_outputs=()) for model in prepared.models if model.inputs]
    if not groups:
        return [], None
    plan = build_plan(
        models,
        record="everything",
        sampler=prepared.plan.sampler,
        addresses=prepared.addresses,
        precision=prepared.plan.precision,
    )
    entries = {model.strategy: model.inputs for model in prepared.models}
    places = {(output.strategy, output.name): k for k, output in enumerate(plan.outputs)}
    alone = [name for name, _ in groups]
    columns, rows = [], []
    order = list(dict.fromkeys(alone))
    for (name, _), strategies in sorted(groups.items(), key=lambda group: order.index(group[0][0])):
        entry = entries[strategies[0]][name]
        shared = alone.count(name) == 1
        columns.append(Column("input", name, tuple(strategies), shared, entry.unit, entry.title))
        rows.append(places[strategies[0], name])
    return columns, _part(prepared, plan, rows)


def _law(model: Model, name: str) -> str:
    """A text that is equal for inputs that have equal draws: their stream, distribution, and copula."""
    from simengine.plan.draws import identity

    group = next((entry for entry in model.dependences if name in entry.names), None)
    joined = "" if group is None else f"{group.names} {group.matrix.tolist()} {group.dof}"
    others = () if group is None else [model.inputs[other].stream for other in group.names if other in model.inputs]
    entry = model.inputs[name]
    return f"{entry.stream} {identity(entry.marginal)} {joined} {others}"


def _part(prepared: Prepared, plan: Plan, rows: Sequence[int]) -> _Part | None:
    from simengine.kernels.source import Source

    if not rows:
        return None
    return _Part(Source.of(plan, prepared.seed, prepared.trials, prepared.replicates), np.array(rows, np.intp))
