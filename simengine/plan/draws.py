"""Uncertain inputs to graph nodes: words of their draw streams, copulas, and quantile functions.

An input on its own is a word and a table from words to values.  Inputs of a copula go word, normal score, mixed
score, value.  What a strategy changes about an input's distribution does not change its word, so strategies share
draws; equal distributions share their rows as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simengine.deal.model import Dependence, Model, UncertainInput
from simengine.distributions import standard_normal, standard_uniform, student_scale
from simengine.distributions.marginal import Marginal
from simengine.errors import InvalidInput, Problem
from simengine.plan.graph import Graph
from simengine.plan.narrow import NarrowTable, narrow_table
from simengine.plan.ops import Op
from simengine.plan.tables import WORD, NormalScore, QuantileTable, ScoreAxis, TScore, WordAxis, word_of
from simengine.sampling.copula import factor
from simengine.sampling.sobol import MOST_DIMENSIONS

Axis = WordAxis | ScoreAxis
Matrix = NDArray[np.float64]
TableBuilder = Callable[[Marginal, Axis], QuantileTable]

_DRAW_OF = {"random": Op.PHILOX, "sobol": Op.SOBOL, "lhs": Op.LHS, "antithetic": Op.ANTITHETIC}

NEAR_ZERO = 2.0**-40
"""Where t**2 / dof is below this, the t score is t itself to the last bit that matters."""


@dataclass
class Resources:
    """What lookups refer to by number: draw streams, quantile tables and piecewise functions, each once.

    dimensions: the dimension of each address, for samplers whose points have dimensions.  precision: of the plan that
    is made in the end; tables are built in float64 first, whatever it is.
    """

    build: TableBuilder
    sampler: str = "random"
    dimensions: Mapping[str, int] = field(default_factory=dict)
    precision: str = "float64"
    streams: dict[str, int] = field(default_factory=dict)
    tables: list[QuantileTable] = field(default_factory=list)
    pieces: list[Marginal] = field(default_factory=list)
    _numbers: dict[tuple[str, Axis | None], int] = field(default_factory=dict)
    _narrow: dict[int, NarrowTable] = field(default_factory=dict)

    def stream(self, address: str) -> int:
        """The number of the stream of draws with this address."""
        return self.streams.setdefault(address, len(self.streams))

    def dimension(self, address: str) -> int | None:
        """The dimension of an address, None if it has none."""
        dimension = self.dimensions.get(address)
        return dimension if dimension is not None and dimension < MOST_DIMENSIONS else None

    def draw(self, address: str) -> Op:
        """The operation that draws the words of an address."""
        if self.sampler == "sobol" and self.dimension(address) is None:
            return Op.PHILOX
        return _DRAW_OF[self.sampler]

    def table(self, marginal: Marginal, axis: Axis) -> int:
        """The number of the table of a distribution on an axis; built when it is first asked for."""
        key = (identity(marginal), axis)
        if key not in self._numbers:
            self.tables.append(self.build(marginal, axis))
            self._numbers[key] = len(self.tables) - 1
        return self._numbers[key]

    def narrowed(self, number: int) -> NarrowTable:
        """The float32 table that stands for a table; made when it is first asked for."""
        if number not in self._narrow:
            self._narrow[number] = narrow_table(self.tables[number])
        return self._narrow[number]

    def table_error(self, number: int) -> float:
        """The largest measured error in probability of a table, in the precision of the plan."""
        return self.tables[number].error if self.precision == "float64" else self.narrowed(number).error

    def piecewise(self, marginal: Marginal) -> int:
        """The number of a piecewise linear quantile function."""
        key = (identity(marginal), None)
        if key not in self._numbers:
            self._numbers[key] = len(self.pieces)
            self.pieces.append(marginal)
        return self._numbers[key]


PLACES = {"inputs": (0, 1, 4, 5), "risks": (2, 6), "costs": (3,), "some": (7,)}
"""Which of every eight dimensions belong to a table, so that tables grow without moving each other's draws; those of
``some`` belong to inputs that not all strategies have."""


def addresses_of(models: Sequence[Model]) -> tuple[str, ...]:
    """Every address that the models may draw from, at the place of its dimension; "" where a dimension is free.

    In each table addresses stand in order of first appearance.  Inputs count whether or not an outcome needs them and
    also where they are constant, so that neither the outcomes asked for nor a fixed value moves the draws of others.
    What scales the members of a t copula follows the last of them.
    """
    each = [_tables(model) for model in models]
    tables = {address: table for found in reversed(each) for address, table in found.items()}
    order = dict.fromkeys(address for found in each for address in found)
    common = {address for address in order if all(address in found for found in each)}
    return _placed({address: tables[address] if address in common else "some" for address in order})


def _tables(model: Model) -> dict[str, str]:
    """The addresses of a model in order, each with the table that it belongs to."""
    found: dict[str, str] = {}
    scaled = {group.names: set(group.names) for group in model.dependences if group.dof is not None}
    groups = {group.names: group for group in model.dependences}
    for name, entry in model.inputs.items():
        if not entry.table:
            continue
        found.setdefault(entry.stream, entry.table)
        for names, missing in scaled.items():
            if name in missing:
                missing.remove(name)
                if not missing:
                    found.setdefault(_scale_address(model, groups[names]), entry.table)
    return found


def _placed(tables: Mapping[str, str]) -> tuple[str, ...]:
    """Addresses at their dimensions, from the table of each."""
    taken = dict.fromkeys(PLACES, 0)
    dimensions: dict[str, int] = {}
    for address, table in tables.items():
        turn, place = divmod(taken[table], len(PLACES[table]))
        dimensions[address] = 8 * turn + PLACES[table][place]
        taken[table] += 1
    free = [""] * (max(dimensions.values(), default=-1) + 1)
    for address, dimension in dimensions.items():
        free[dimension] = address
    return tuple(free)


def draw_addresses(models: Sequence[Model]) -> tuple[str, ...]:
    """All addresses that draws of the models may have, each once: of inputs, and of what scales t copulas."""
    found = dict.fromkeys(entry.stream for model in models for entry in model.inputs.values())
    scaled = [(model, group) for model in models for group in model.dependences if group.dof is not None]
    return tuple(found | dict.fromkeys(_scale_address(model, group) for model, group in scaled))


def _scale_address(model: Model, group: Dependence) -> str:
    """The address of the common factor of a t copula."""
    return f"copula({','.join(model.inputs[name].stream for name in group.names)})"


def identity(marginal: Marginal) -> str:
    """A text that is equal for distributions that give equal bits."""
    return json.dumps(marginal.digest_key, sort_keys=True)


@dataclass(frozen=True)
class Drawn:
    """The node of an input's values, the number of its own table, and of all tables that its values depend on."""

    node: int
    table: int | None = None
    through: frozenset[int] = frozenset()


class Draws:
    """Lowers the inputs of one model after another into one graph."""

    def __init__(self, graph: Graph, resources: Resources):
        self.graph = graph
        self.resources = resources
        self._normal_scores: dict[str, Drawn] = {}
        self._factors: dict[bytes, Matrix] = {}
        graph.probability_of_score = self._probability_of_score

    def drawn(self, model: Model, name: str) -> Drawn:
        """The values of an input of a model.

        Raises
        ------
        InvalidInput
            If no table can be made of its distribution.
        """
        entry = model.inputs[name]
        if entry.marginal.constant is not None:
            return Drawn(self.graph.constant(entry.marginal.constant))
        try:
            group = next((group for group in model.dependences if name in group.names), None)
            return self._alone(entry) if group is None else self._in_group(model, entry, group)
        except ValueError as failure:
            raise InvalidInput(Problem(str(failure), key=entry.key)) from failure

    def _in_group(self, model: Model, entry: UncertainInput, group: Dependence) -> Drawn:
        place = group.names.index(entry.name)
        row = self._factor(group)[place]
        if group.dof is not None:
            return self._from_score(entry.marginal, self._t_score(model, group, row), TScore(group.dof))
        if row[place] == 1.0:  # it leads: the others follow it
            return self._alone(entry)
        return self._from_score(entry.marginal, self._mixed(model, group, row), NormalScore())

    # ---- values from words and scores ----

    def _alone(self, entry: UncertainInput) -> Drawn:
        """An input that follows no other: its digits are the same in and out of a copula."""
        if entry.marginal.pieces is not None:
            return Drawn(self._piece(entry.marginal, self._word(entry.stream)))
        if entry.marginal.parts:
            word = Drawn(self._word(entry.stream))
            return self._in_parts(entry.marginal, self._looked_up(Op.WORD_TO_X, word, standard_uniform(), WORD))
        if entry.marginal.slow:  # a table of scores needs a tenth of the quantiles
            return self._from_score(entry.marginal, self._normal_score(entry.stream), NormalScore())
        return self._looked_up(Op.WORD_TO_X, Drawn(self._word(entry.stream)), entry.marginal, WORD)

    def _from_score(self, marginal: Marginal, score: Drawn, axis: ScoreAxis) -> Drawn:
        if marginal.pieces is None and not marginal.parts:
            return self._looked_up(Op.SCORE_TO_X, score, marginal, axis)
        return self._from_unit(marginal, self._looked_up(Op.SCORE_TO_X, score, standard_uniform(), axis))

    def _from_unit(self, marginal: Marginal, unit: Drawn) -> Drawn:
        """Values at probabilities."""
        if marginal.constant is not None:
            return Drawn(self.graph.constant(marginal.constant))
        if marginal.parts:
            return self._in_parts(marginal, unit)
        word = self.graph.apply(Op.UNIT_TO_WORD, unit.node)
        if marginal.pieces is not None:
            return Drawn(self._piece(marginal, word), None, unit.through)
        return self._looked_up(Op.WORD_TO_X, Drawn(word, None, unit.through), marginal, WORD)

    def _in_parts(self, marginal: Marginal, unit: Drawn) -> Drawn:
        """Each component at its own share of the probability, from the last to the first."""
        graph = self.graph
        node, through, end = -1, unit.through, 1.0
        for part in reversed(marginal.parts):
            inside = graph.subtract(unit.node, graph.constant(part.start))
            share = Drawn(graph.divide(inside, graph.constant(end - part.start)), None, unit.through)
            value = self._from_unit(part.marginal, share)
            through |= value.through
            below_end = graph.less(unit.node, graph.constant(end))
            node = value.node if node < 0 else graph.select(below_end, value.node, node)
            end = part.start
        return Drawn(node, None, through)

    def _looked_up(self, op: Op, place: Drawn, marginal: Marginal, axis: Axis) -> Drawn:
        number = self.resources.table(marginal, axis)
        table = self.resources.tables[number]
        node = self.graph.apply(op, place.node, immediate=number)
        if table.log:
            node = self.graph.exp(node)
        if table.floor is not None:
            node = self.graph.maximum(node, self.graph.constant(table.floor))
        if table.ceiling is not None:
            node = self.graph.minimum(node, self.graph.constant(table.ceiling))
        return Drawn(node, number, place.through | {number})

    def _piece(self, marginal: Marginal, word: int) -> int:
        """A piecewise linear quantile function; an event that happens or not is a mere comparison."""
        pieces = marginal.pieces
        assert pieces is not None
        if not np.any(pieces.slopes) and list(pieces.values) == [0.0, 1.0]:
            return self.graph.apply(Op.STEP, word, immediate=signed(word_of(float(pieces.starts[1]))))
        return self.graph.apply(Op.PIECES, word, immediate=self.resources.piecewise(marginal))

    # ---- words and scores ----

    def _word(self, address: str) -> int:
        return self.graph.apply(self.resources.draw(address), immediate=self.resources.stream(address))

    def _normal_score(self, stream: str) -> Drawn:
        """The normal score of an input's word."""
        if stream not in self._normal_scores:
            word = Drawn(self._word(stream))
            self._normal_scores[stream] = self._looked_up(Op.WORD_TO_X, word, standard_normal(), WORD)
        return self._normal_scores[stream]

    def _probability_of_score(self, score: int) -> int:
        """The normal distribution function at a node."""
        return self._looked_up(Op.SCORE_TO_X, Drawn(score), standard_uniform(), NormalScore()).node

    def _mixed(self, model: Model, group: Dependence, row: Matrix) -> Drawn:
        """The correlated score: the row of the triangular factor times the independent scores."""
        total: int | None = None
        through: frozenset[int] = frozenset()
        for name, weight in zip(group.names, row, strict=True):
            if weight == 0.0:
                continue
            factor, score = self.graph.constant(float(weight)), self._normal_score(model.inputs[name].stream)
            through |= score.through
            if total is None:
                total = self.graph.multiply(factor, score.node)
            else:
                total = self.graph.apply(Op.FMA, factor, score.node, total)
        assert total is not None  # rows of the factor have length 1
        return Drawn(total, None, through)

    def _t_score(self, model: Model, group: Dependence, row: Matrix) -> Drawn:
        """The t score ``t * sqrt(log(s) / (s - 1))`` of the scaled score t, see plan.tables.TScore."""
        graph, dof = self.graph, group.dof
        assert dof is not None
        word = Drawn(self._word(_scale_address(model, group)))
        scale = self._looked_up(Op.WORD_TO_X, word, student_scale(dof), WORD)
        mixed = self._mixed(model, group, row)
        t = graph.multiply(mixed.node, scale.node)
        one = graph.constant(1.0)
        s = graph.add(one, graph.divide(graph.multiply(t, t), graph.constant(dof)))
        s = graph.maximum(s, graph.constant(1.0 + NEAR_ZERO))
        score = graph.multiply(t, graph.sqrt(graph.divide(graph.log(s), graph.subtract(s, one))))
        return Drawn(score, None, mixed.through | scale.through)

    def _factor(self, group: Dependence) -> Matrix:
        """The triangular factor of a group's matrix."""
        key = group.matrix.tobytes()
        if key not in self._factors:
            self._factors[key] = factor(group.matrix)
        return self._factors[key]


def signed(word: int) -> int:
    """The signed integer that has the bits of an unsigned word."""
    return word - 2**64 if word >= 2**63 else word
