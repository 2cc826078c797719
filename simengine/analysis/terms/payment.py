"""The payment at the signing as an unknown: for which payments both sides gain, and which make up for other royalties.

The payment, and a factor on all rates of the royalty, are parameters of one plan, so a candidate costs a simulation and
no compilation; all candidates see the same draws.  Nothing is assumed of how the payment arrives: withholding, tax and
relief may bend the way, and the root is evaluated, not extrapolated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.aggregate.spread import Z95
from simengine.analysis.decisions.evaluate import Evaluator, evaluator
from simengine.analysis.decisions.variables import Variable
from simengine.analysis.measures import Measure
from simengine.analysis.pinned import as_written, pinned, with_formulas
from simengine.analysis.terms.clauses import royalty_rates
from simengine.analysis.terms.roots import Where, found, search
from simengine.analysis.terms.sides import OURS, THEIRS, has_partner
from simengine.analysis.variants import Draws
from simengine.deal.expand import model_of
from simengine.distributions import resolve
from simengine.formula import names_in
from simengine.formula.arithmetic import FLOATS
from simengine.formula.lowering import lower
from simengine.scenario.definition import Definition, InputSpec
from simengine.scenario.terms import Term, term_name

SCALES = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Factors on the royalty in the menu."""

_SCALE = "royalty_scale_of_the_menu"
_REACH = 0.01
"""Of a payment, the distance over which slopes are taken."""


@dataclass(frozen=True, eq=False)
class End:
    """An end of the zone of agreement, or a payment of the menu.

    where: "root" for a payment at which the side has what it asks for; "below" where it has it even without any;
    "above" where it has not, however much is paid.  payment: NaN unless it is a root.
    """

    where: Where
    payment: Linearised
    slope: float
    residual: float


@dataclass(frozen=True, eq=False)
class Zone:
    """The payments at the signing at which both sides have what they ask for.

    lowest: what we ask for, by our statistic.  highest: the most that the partner can pay; of it "below" says that
    the partner is short of what it asks for even without a payment, and "above" that no payment takes it from it.  now:
    the payment of the deal, NaN where it is not a single number.
    """

    key: str
    now: float
    measure: Measure
    wanted: tuple[float, float]
    lowest: End
    highest: End

    @property
    def low(self) -> float:
        """The lower end: 0 where we ask for no payment at all, NaN where no payment is enough."""
        return 0.0 if self.lowest.where == "below" else float(self.lowest.payment.value)

    @property
    def high(self) -> float:
        """The upper end: infinite where there is none, NaN where the partner can pay nothing."""
        return math.inf if self.highest.where == "above" else float(self.highest.payment.value)

    @property
    def width(self) -> Linearised | None:
        """The upper end less the lower one, negative where they do not meet; None where they are not both roots."""
        if self.highest.where != "root" or self.lowest.where == "above":
            return None
        if self.lowest.where == "below":
            return self.highest.payment
        return self.highest.payment - self.lowest.payment

    @property
    def empty(self) -> bool:
        """Whether there is no payment at which both have what they ask for."""
        return not self.low <= self.high


@dataclass(frozen=True, eq=False)
class Offer:
    """One line of the menu: a factor on the royalty and the payment that leaves our statistic as it is.

    ours: our statistic there.  theirs, their_mean: the partner's statistic and mean, None where they are not known, or
    there is no such payment.
    """

    scale: float
    end: End
    ours: Linearised | None
    theirs: Linearised | None
    their_mean: Linearised | None


@dataclass(eq=False)
class Payments:
    """A deal whose payment at the signing, and factor on the royalty, may be set."""

    key: str
    now: float
    measure: Measure
    unit: float
    """A payment of the size that matters here: the first that is tried, and the least that slopes are taken over."""
    scaled: bool
    evaluator: Evaluator

    @property
    def batches(self) -> Batches:
        """The batches of the draws; there are some once something was evaluated."""
        assert self.evaluator.batches is not None
        return self.evaluator.batches

    def at(self, points: Sequence[tuple[float, float]]) -> list[Linearised]:
        """The statistics (ours, theirs, their mean) at payments and factors on the royalty."""
        rows = [point if self.scaled else point[:1] for point in points]
        return [candidate.measured for candidate in self.evaluator.at(rows)]

    def solved(self, place: int, wanted: Sequence[Linearised], scales: Sequence[float], sign: float) -> list[End]:
        """The payments at which one of the statistics is what is wanted, for factors on the royalty.

        sign: 1.0 where the statistic rises with the payment, -1.0 where it falls.
        """

        def values(asked: Sequence[tuple[int, float]]) -> list[float]:
            rows = self.at([(payment, scales[number]) for number, payment in asked])
            return [
                sign * float(row.value[place] - wanted[number].value)
                for (number, _), row in zip(asked, rows, strict=True)
            ]

        ends = found([search(self.unit) for _ in scales], values)
        points = []
        for (payment, where), scale in zip(ends, scales, strict=True):
            reach = _REACH * max(payment, self.unit)
            points += [(payment + side * reach, scale) for side in (-1.0, 0.0, 1.0)] if where == "root" else []
        rows = iter(self.at(points) if points else [])
        return [
            self._end(payment, where, place, goal, rows) for (payment, where), goal in zip(ends, wanted, strict=True)
        ]

    def _end(self, payment: float, where: Where, place: int, wanted: Linearised, rows: Iterator[Linearised]) -> End:
        nowhere = Linearised(np.asarray(math.nan), np.full(wanted.parts.shape, math.nan))
        if where != "root":
            return End(where, nowhere, math.nan, math.nan)
        left, here, right = (next(rows)[place] for _ in range(3))
        slope = float(right.value - left.value) / (2.0 * _REACH * max(payment, self.unit))
        off = here - wanted
        if slope == 0.0:
            return End(where, Linearised(np.asarray(payment), nowhere.parts), slope, float(off.value))
        parts = payment - (off.parts - off.value) / slope
        return End(where, Linearised(np.asarray(payment), parts), slope, float(off.value))

    def following(self, place: int, end: End, scale: float) -> Linearised:
        """A statistic at a payment that was solved for, with the error of the payment in its own."""
        payment = float(end.payment.value)
        reach = _REACH * max(payment, self.unit)
        left, here, right = (row[place] for row in self.at([(payment + s * reach, scale) for s in (-1.0, 0.0, 1.0)]))
        slope = float(right.value - left.value) / (2.0 * reach)
        return Linearised(here.value, here.parts + slope * (end.payment.parts - payment))


def payments_of(definition: Definition, measure: Measure, draws: Draws) -> Payments:
    """The deal of a strategy with its payment at the signing as a parameter.

    Raises
    ------
    InvalidInput
        If a formula of the deal is not valid.
    """
    terms = definition.terms
    assert terms is not None
    key = "deal.price" if "deal.price" in terms.values else "deal.upfront"
    term = terms.values.get(key)
    now = 0.0 if term is None else _number(definition, term)
    name = term_name(tuple(key.split(".")))
    if term is None:
        spec = InputSpec(name, key, resolve(0.0), 0.0)
        values = {**terms.values, key: Term(name, key, "amount", input=spec)}
        definition = replace(definition, terms=replace(terms, values=MappingProxyType(values)))
    model = pinned(model_of(definition), {name: 0.0 if math.isnan(now) else now})
    rates = royalty_rates(terms)
    names = [name, _SCALE] if rates else [name]
    if rates:
        model = with_formulas(model, {_SCALE: "1"})
        model = pinned(model, {rate: f"{_SCALE} * {as_written(rate)}" for rate in rates})
    variables = [Variable(one, one, 1.0, 0.0, math.inf) for one in names]
    measures = [replace(measure, output=OURS)]
    if has_partner(model):
        measures += [replace(measure, output=THEIRS), Measure("mean", output=THEIRS)]
    found = Payments(key, now, measure, now, bool(rates), evaluator(model, variables, measures, draws))
    if not now > 0.0:
        found.unit = abs(float(found.at([(0.0, 1.0)])[0].value[0])) or 1.0
    return found


def _number(definition: Definition, term: Term) -> float:
    """What a payment is where it is the same in every trial: a number, or a formula of constants and decisions."""
    if term.constant is not None:
        return term.constant
    if term.tree is None or not all(name in definition.constants for name in names_in(term.tree)):
        return math.nan
    return float(lower(term.tree, FLOATS, definition.constants.__getitem__))


def zone_of(payments: Payments, wanted: tuple[float, float]) -> Zone:
    """The zone of agreement: what we want at least, and what the partner wants at least."""
    payments.at([(0.0, 1.0)])
    parts = payments.batches.count
    goals = [Linearised(np.asarray(amount), np.full(parts, amount)) for amount in wanted]
    (lowest,) = payments.solved(0, goals[:1], [1.0], 1.0)
    (highest,) = payments.solved(1, goals[1:], [1.0], -1.0)
    return Zone(payments.key, payments.now, payments.measure, wanted, lowest, highest)


def menu_of(payments: Payments, base: Linearised) -> tuple[Offer, ...]:
    """The menu: for each factor on the royalty the payment at which our statistic is ``base``."""
    ends = payments.solved(0, [base] * len(SCALES), SCALES, 1.0)
    known = len(payments.evaluator.measures) == 3
    offers = []
    for scale, end in zip(SCALES, ends, strict=True):
        if end.where != "root":
            offers.append(Offer(scale, end, None, None, None))
            continue
        sides = [payments.following(place, end, scale) for place in ((0, 1, 2) if known else (0,))]
        offers.append(Offer(scale, end, sides[0], *(sides[1:] if known else (None, None))))
    return tuple(offers)


def interval(payment: Linearised, batches: Batches) -> tuple[float, float]:
    """The 95 % interval of a payment."""
    reach = Z95 * float(payment.error(batches))
    return float(payment.value) - reach, float(payment.value) + reach
