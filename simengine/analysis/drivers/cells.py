"""Cells: how the probability of a factor is divided, so that outcomes can be averaged given what it turns out to be.

One continuous input has :data:`CELLS` cells of equal probability; one that takes few values has a cell for each.
Several inputs together have a cell for each combination, of fewer levels each.  An input that strategies distribute
differently is divided by its draw, which tells its value in each of them.  The event that a risk strikes has two
cells; where its probability differs by strategy, a cell for each combination of the strategies in which it strikes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers.factors import Factor, acts_by_striking, is_uncertain
from simengine.analysis.drivers.ranks import RankPlan, atoms_of, rank_marginal
from simengine.deal.model import Model
from simengine.plan.draws import identity

Ints = NDArray[np.int64]
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

CELLS = 64
"""Cells of one continuous input."""
MOST_CELLS = 256
"""Cells of several inputs together."""
FEWEST_IN_A_CELL = 256
"""Trials that a cell should have on average; shorter runs have fewer cells."""
FEWEST_CELLS = 4
MOST_EVENTS = 6
"""So many different events of one risk are told apart, where its uncertain probability differs by strategy."""
MOST_ATOMS = 32
"""An input that takes more values than this is divided like a continuous one."""


@dataclass(frozen=True)
class Member:
    """One input of a factor: its rank row, and either levels of equal width or the cuts between levels."""

    row: int
    levels: int
    cuts: tuple[float, ...] = ()
    name: str = ""
    """The input whose values move inside a level; none where every level is one value."""

    @property
    def edges(self) -> tuple[float, ...]:
        """The ends of the levels on the scale of the row."""
        return (0.0, *self.cuts, 1.0) if self.cuts else tuple((np.arange(self.levels + 1) / self.levels).tolist())


@dataclass(frozen=True)
class Division:
    """The cells of a factor.  exact: whether each cell is one value, so that nothing is lost by averaging in it.

    edges: where the cells of a single input end, as probabilities, (cells + 1,); empty for several inputs and events.
    strikes: of an event, for each strategy whether it strikes there, (cells,).
    """

    members: tuple[Member, ...]
    exact: bool
    edges: tuple[float, ...]
    strikes: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict, compare=False)

    @property
    def cells(self) -> int:
        """How many there are."""
        return int(np.prod([member.levels for member in self.members]))


@dataclass(frozen=True)
class _Scale:
    """How one input is divided: its row, and the probabilities at which its values change where they are few."""

    row: int
    cuts: tuple[float, ...]
    seams: tuple[float, ...]
    name: str = ""


def divisions_of(factors: Sequence[Factor], models: Sequence[Model], ranks: RankPlan, trials: int) -> list[Division]:
    """The cells of every factor, for a run of so many trials."""
    scales = {f.name: [_scale(f.name, models, ranks)] for f in factors if f.kind == "input"}
    events = {f.name: _event(f, models, ranks) for f in factors if f.kind == "event"}
    scales |= {name: found for name, (found, _) in events.items()}
    plain = min(CELLS, max(FEWEST_CELLS, trials // FEWEST_IN_A_CELL))
    most = min(MOST_CELLS, max(FEWEST_CELLS, trials // FEWEST_IN_A_CELL))
    found = []
    for factor in factors:
        parts = [part for part in factor.parts if not _is_spent(part, models)] or [factor.name]
        division = _divided([scale for part in parts for scale in scales[part]], plain, most)
        if factor.kind == "event":
            division = replace(division, edges=(), strikes=events[factor.name][1])
        found.append(division)
    return found


def _is_spent(name: str, models: Sequence[Model]) -> bool:
    """Whether an input says nothing beside the event that its risk strikes, in any strategy that draws it."""
    having = [model for model in models if is_uncertain(model, name)]
    return bool(having) and all(acts_by_striking(model, name) for model in having)


def _event(factor: Factor, models: Sequence[Model], ranks: RankPlan) -> tuple[list[_Scale], dict[str, Flags]]:
    """The scales of the event that a risk strikes, and in which of their cells it does so in each strategy."""
    having = [(model, factor.drawn_in(model)) for model in models if factor.drawn_in(model)]
    if all(name == factor.name for _, name in having) and len(having) > 1:
        scale = _scale(factor.name, [model for model, _ in having], ranks)
        if len(scale.seams) > 1:  # one draw against several probabilities: the higher one strikes wherever a lower does
            below = np.array([0.0, *scale.seams])
            starts = [float(atoms_of(model.inputs[name].marginal)[1, 0]) for model, name in having]
            return [scale], {m.strategy: below >= start for (m, _), start in zip(having, starts, strict=True)}
    rows = [
        ranks.mid_rank(model.strategy, name) if name == factor.name else ranks.formula(model.strategy, factor.name)
        for model, name in having
    ]
    distinct = list(dict.fromkeys(rows))[:MOST_EVENTS]
    scales = [_Scale(row, (0.5,), (0.5,)) for row in distinct]
    places = np.arange(1 << len(distinct))
    strikes = {
        model.strategy: (places >> (len(distinct) - 1 - distinct.index(row)) & 1).astype(bool)
        for (model, _), row in zip(having, rows, strict=True)
        if row in distinct
    }
    return scales, strikes


def decoys_of(divisions: Sequence[Division], ranks: RankPlan) -> tuple[list[Division], list[int]]:
    """The same cells over draws that nothing depends on, each shape once, and which of them belongs to each."""
    shapes: dict[tuple[int, ...], int] = {}
    found: list[Division] = []
    places = []
    for division in divisions:
        shape = tuple(member.levels for member in division.members)
        if shape not in shapes:
            shapes[shape] = len(found)
            rows = [ranks.decoy(number) for number in range(len(shape))]
            members = tuple(Member(row, levels) for row, levels in zip(rows, shape, strict=True))
            found.append(Division(members, True, ()))
        places.append(shapes[shape])
    return found, places


def _scale(name: str, models: Sequence[Model], ranks: RankPlan) -> _Scale:
    having = [model for model in models if is_uncertain(model, name)]
    first = having[0]
    marginals = [model.inputs[name].marginal for model in having]
    if all(marginal.discrete for marginal in marginals):
        edges = {edge for marginal in marginals for edge in atoms_of(marginal)[:, 0].tolist() if edge > 0.0}
        seams = tuple(sorted(edges))
        if len(seams) < MOST_ATOMS:
            if len({identity(rank_marginal(marginal)) for marginal in marginals}) == 1:
                pieces = rank_marginal(marginals[0]).pieces
                assert pieces is not None  # a discrete input has atoms
                between = (pieces.values[:-1] + pieces.values[1:]) / 2
                return _Scale(ranks.mid_rank(first.strategy, name), tuple(between.tolist()), seams)
            return _Scale(ranks.word(first.strategy, name), seams, seams)
    return _Scale(ranks.word(first.strategy, name), (), (), name)


def _divided(scales: Sequence[_Scale], plain: int, most: int) -> Division:
    few = [len(scale.cuts) + 1 for scale in scales if scale.cuts]
    smooth = sum(1 for scale in scales if not scale.cuts)
    levels = plain
    if len(scales) > 1 and smooth:
        room = max(most, plain) / float(np.prod(few))
        levels = max(2, int(room ** (1.0 / smooth)))
    members = tuple(Member(s.row, len(s.cuts) + 1 if s.cuts else levels, s.cuts, s.name) for s in scales)
    edges: tuple[float, ...] = ()
    if len(scales) == 1:
        edges = (0.0, *scales[0].seams, 1.0) if scales[0].cuts else members[0].edges
    return Division(members, not smooth, edges)
