"""Designs: models evaluated side by side on a first and a second draw of their inputs.

The second draw of an input has another address; a model in which some inputs read it, and the others read what they
always read, is an ordinary model.  So one tape holds a whole design and computes once what its points share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.deal.model import Dependence, Model
from simengine.engine.schedule import Progress, map_fold
from simengine.engine.tasks import Range
from simengine.kernels import cpu
from simengine.kernels.source import Source
from simengine.plan.compile import build_plan

Array = NDArray[np.float64]

MOST_ROWS = 50_000
"""Operations of a tape that a design is divided for."""


@dataclass(frozen=True)
class Setting:
    """How a design is drawn; addresses are those of the first draw, in the order of dimensions."""

    sampler: str
    seed: int
    points: int
    replicates: int
    addresses: tuple[str, ...]
    threads: int
    progress: Progress | None = None

    @property
    def both_addresses(self) -> tuple[str, ...]:
        """Those of the first draw, then those of the second."""
        return (*self.addresses, *(second(address) for address in self.addresses))


def second(address: str) -> str:
    """The address of the second draw; no input can have such a name."""
    return f"second draw of {address}"


def redrawn(model: Model, names: Collection[str]) -> Model:
    """The model with the second draw of these inputs."""
    inputs = {
        name: replace(entry, address=second(entry.stream)) if name in names else entry
        for name, entry in model.inputs.items()
    }
    return replace(model, inputs=inputs)


def led_by_others(model: Model, names: Collection[str]) -> Model:
    """The model with its dependence factored such that these inputs follow the others.

    Then a second draw of them leaves the others as they were, and draws them from their distribution given the
    others: the triangular factor of a Gaussian copula in this order is their conditional normal distribution.
    """
    return replace(model, dependences=tuple(_followed(group, names) for group in model.dependences))


def _followed(group: Dependence, names: Collection[str]) -> Dependence:
    order = sorted(range(len(group.names)), key=lambda k: group.names[k] in names)
    matrix = group.matrix[np.ix_(order, order)]
    return Dependence(tuple(group.names[k] for k in order), matrix, group.dof)


@dataclass(frozen=True, eq=False)
class _Parts:
    """What was computed of some batches, in order."""

    batches: tuple[Array, ...]

    def merge(self, other: _Parts) -> _Parts:
        return _Parts(self.batches + other.batches)


def evaluated(
    models: Sequence[Model], setting: Setting, reduce: Callable[[Array], Array], stage: str
) -> tuple[Batches, Array]:
    """``reduce`` of the outcomes (rows, points) of every batch, stacked: (batches, ...).

    Rows are the outcomes of all models, in order.
    """
    named = [replace(model, strategy=str(k)) for k, model in enumerate(models)]
    plan = build_plan(named, sampler=setting.sampler, addresses=setting.both_addresses)
    source = Source.of(plan, setting.seed, setting.points, setting.replicates)
    batches = Batches.of(source.design)

    def work(part: Range) -> _Parts:
        first = part.first // cpu.BLOCK * cpu.BLOCK
        values = cpu.values(source, first, part.first + part.size - first)[:, part.first - first :]
        return _Parts((reduce(values),))

    ranges = [Range(int(a), int(b - a)) for a, b in zip(batches.edges[:-1], batches.edges[1:], strict=True)]
    found = map_fold(work, ranges, setting.threads, setting.progress, stage)
    return batches, np.stack(found.batches)


def chunks(count: int, rows_of_one: int) -> list[range]:
    """Consecutive parts of ``count`` members of a design that fit on one tape each."""
    size = max(1, MOST_ROWS // max(rows_of_one, 1))
    return [range(first, min(first + size, count)) for first in range(0, count, size)]
