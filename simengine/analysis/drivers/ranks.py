"""Plans that record the ranks or the values of inputs, on the very draws of a run.

The rank of a draw is known exactly: it is the probability that its word stands for.  A model whose inputs are
uniform, with the same addresses and the same dependence, therefore draws the ranks of the run's inputs; everything
else is the machinery of plans.  An input that takes a few values only has the middle of each value's probability as
its rank (ties count half); where it takes two, the values 0 and 1 have the same rank correlation and cost less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simengine.deal.model import Model, NamedFormula, Output, UncertainInput
from simengine.distributions import Marginal, resolve, standard_uniform
from simengine.distributions.marginal import Pieces
from simengine.distributions.pieces import pieces_marginal
from simengine.plan.compile import build_plan, needed_names
from simengine.plan.draws import identity
from simengine.plan.plan import Plan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RankRow:
    """One recorded rank: about its mean and standard deviation over all draws."""

    mean: float
    sd: float


class RankPlan:
    """Collects the ranks that are asked for, each once, and compiles them."""

    def __init__(self, models: Sequence[Model]):
        self._models = {model.strategy: model for model in models}
        self._rows: dict[tuple[object, ...], int] = {}
        self._asked: list[tuple[str, str, Marginal | None]] = []
        self.rows: list[RankRow] = []

    def mid_rank(self, strategy: str, name: str) -> int:
        """The row of an input's rank in a strategy; ties have the middle rank."""
        return self._row(strategy, name, rank_marginal(self._models[strategy].inputs[name].marginal))

    def word(self, strategy: str, name: str) -> int:
        """The row of the probability that an input's draw stands for, whatever its distribution."""
        return self._row(strategy, name, standard_uniform())

    def value(self, strategy: str, name: str) -> int:
        """The row of an input's value."""
        return self._row(strategy, name, self._models[strategy].inputs[name].marginal)

    def formula(self, strategy: str, name: str) -> int:
        """The row of the value of a formula, such as whether a risk strikes."""
        model = self._models[strategy]
        needed = needed_names(model, [name])
        key: list[object] = ["formula", name]
        key += [(f.name, f.text) for f in model.formulas.values() if f.name in needed]
        key += [self._address(model, n, entry.marginal) for n, entry in model.inputs.items() if n in needed]
        return self._add(tuple(key), strategy, name, None)

    def decoy(self, number: int) -> int:
        """The row of a draw that nothing depends on."""
        return self._add(("decoy", number), "", f"decoy({number})", standard_uniform())

    def _row(self, strategy: str, name: str, marginal: Marginal) -> int:
        return self._add(self._address(self._models[strategy], name, marginal), strategy, name, marginal)

    @staticmethod
    def _address(model: Model, name: str, marginal: Marginal) -> tuple[object, ...]:
        """What says whether two inputs have the same value in every trial."""
        group = next((g for g in model.dependences if name in g.names), None)
        joined: object = None
        if group is not None:
            streams = tuple(model.inputs[member].stream for member in group.names)
            joined = (streams, group.matrix.tobytes(), group.dof, group.names.index(name))
        return (model.inputs[name].stream, joined, identity(marginal))

    def _add(self, key: tuple[object, ...], strategy: str, name: str, marginal: Marginal | None) -> int:
        if key not in self._rows:
            self._rows[key] = len(self.rows)
            self._asked.append((strategy, name, marginal))
            centre = (0.5, 0.5) if marginal is None else (marginal.mean, float(np.sqrt(marginal.variance)))
            self.rows.append(RankRow(*centre))
        return self._rows[key]

    def plan(self, sampler: str, addresses: Sequence[str]) -> Plan:
        """The plan whose outcome k is row k."""
        models = []
        for k, (strategy, name, marginal) in enumerate(self._asked):
            formulas: Mapping[str, NamedFormula] = {}
            if marginal is None:
                model = self._models[strategy]
                inputs, formulas = dict(model.inputs), model.formulas
            elif strategy:
                model = self._models[strategy]
                inputs = {**model.inputs, name: replace(model.inputs[name], marginal=marginal)}
            else:
                model = replace(next(iter(self._models.values())), dependences=())
                inputs = {name: UncertainInput(name, marginal, name)}
            models.append(replace(model, strategy=str(k), inputs=inputs, formulas=formulas, outputs=(Output(name),)))
        return build_plan(models, sampler=sampler, addresses=addresses)


def values_plan(
    models: Sequence[Model], names: Sequence[Sequence[str]], sampler: str, addresses: Sequence[str]
) -> Plan:
    """The plan that records values of every model: of the inputs and formulas named for it."""
    recorded = [
        replace(model, outputs=tuple(Output(name) for name in mine)) for model, mine in zip(models, names, strict=True)
    ]
    return build_plan(recorded, sampler=sampler, addresses=addresses)


def rank_marginal(marginal: Marginal) -> Marginal:
    """The distribution of an input's rank."""
    if marginal.discrete and marginal.pieces is not None and len(marginal.pieces.starts) == 2:
        return resolve({"dist": "bernoulli", "p": 1.0 - float(marginal.pieces.starts[1])})
    atoms = atoms_of(marginal)
    if not len(atoms):
        return standard_uniform()
    edges = np.unique(np.concatenate([[0.0, 1.0], atoms.ravel()]))
    starts, ends = edges[:-1], edges[1:]
    inside = np.isin(starts, atoms[:, 0])
    values = np.where(inside, (starts + ends) / 2, starts)
    pieces = Pieces(starts, values, np.where(inside, 0.0, 1.0))
    variance = (1.0 - float(((atoms[:, 1] - atoms[:, 0]) ** 3).sum())) / 12.0
    return pieces_marginal("rank", pieces, parameters={}, moments=(0.5, variance))


def atoms_of(marginal: Marginal) -> Array:
    """The probabilities (first, last) that each single value holds, (atoms, 2): one that is drawn more than once."""
    found: list[tuple[float, float]] = []
    if marginal.constant is not None:
        found.append((0.0, 1.0))
    elif marginal.parts:
        ends = [*(part.start for part in marginal.parts[1:]), 1.0]
        for part, end in zip(marginal.parts, ends, strict=True):
            width = end - part.start
            found += [(part.start + width * a, part.start + width * b) for a, b in atoms_of(part.marginal)]
    elif marginal.pieces is not None:
        pieces = marginal.pieces
        ends_ = np.append(pieces.starts[1:], 1.0)
        found += [(float(a), float(b)) for a, b, s in zip(pieces.starts, ends_, pieces.slopes, strict=True) if s == 0.0]
    return np.array(found, np.float64).reshape(-1, 2)
