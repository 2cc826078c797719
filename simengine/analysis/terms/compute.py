"""The terms of a deal: what each clause is worth to either side, what is in it for both, and what could be agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.measures import Measure
from simengine.analysis.terms.clauses import clauses_of, everything, royalty_rates
from simengine.analysis.terms.payment import Offer, Zone, menu_of, payments_of, zone_of
from simengine.analysis.terms.sides import MEASURES, OURS, THEIRS, Sides, has_partner, sides_of, with_both_sides
from simengine.analysis.variants import Draws, Progress, measured, reporting
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.scenario.definition import Definition
from simengine.scenario.terms import Terms


@dataclass(frozen=True, eq=False)
class Price:
    """What a clause is worth: (measures,), the deal with it less the deal without it; theirs None where not known."""

    key: str
    title: str
    ours: Linearised
    theirs: Linearised | None


@dataclass(frozen=True, eq=False)
class StrategyTerms:
    """The terms of one strategy.

    base: (measures,) of our npv.  together: what all payments are worth at once.  sides and zone are None where the
    partner's margin is not known, menu is empty where there is no royalty.  statistic: (), ours as it is, which
    the menu keeps.  rates: those of the royalty as the deal has them, in the order of its tiers, empty where one is
    uncertain; fixed: what the menu leaves as it is beside them (minimum, cap, lifetime cap).
    """

    strategy: str
    title: str
    unit: str
    base: Linearised
    prices: tuple[Price, ...]
    together: Price
    sides: Sides | None
    zone: Zone | None
    menu: tuple[Offer, ...]
    statistic: Linearised
    rates: tuple[float, ...] = ()
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class TermsFound:
    """All that `simengine terms` reports; ``doubts`` says what could not be told, and why."""

    strategies: tuple[StrategyTerms, ...]
    measure: Measure
    draws: Draws
    batches: Batches
    doubts: tuple[Problem, ...]


def terms_of(
    definitions: Mapping[str, Definition],
    models: Mapping[str, Model],
    measure: Measure,
    wanted: tuple[float, float],
    draws: Draws,
    progress: Progress | None = None,
) -> TermsFound:
    """The terms of strategies; ``wanted`` is what either side asks for at least, of the statistic ``measure``.

    Raises
    ------
    InvalidInput
        If a distribution cannot be tabulated, or trials are out of range.
    NonFiniteOutcome
        If an outcome is infinite or undefined in some trial.
    """
    found, doubts, batches = [], [], None
    for name, model in models.items():
        one, batches, problems = _of_strategy(definitions[name], model, measure, wanted, draws, progress)
        found.append(one)
        doubts += problems
    assert batches is not None
    return TermsFound(tuple(found), measure, draws, batches, tuple(doubts))


_FIXED = {
    "deal.royalty.minimum": "the minimum",
    "deal.royalty.cap": "the cap",
    "deal.royalty.lifetime_cap": "the lifetime cap",
}


def _rates(terms: Terms) -> tuple[float, ...]:
    """The rates of the royalty, none where one of them is no plain number."""
    named = set(royalty_rates(terms))
    values = [term.constant for term in terms.values.values() if term.name in named]
    return tuple(value for value in values if value is not None) if None not in values else ()


def _of_strategy(
    definition: Definition,
    model: Model,
    measure: Measure,
    wanted: tuple[float, float],
    draws: Draws,
    progress: Progress | None,
) -> tuple[StrategyTerms, Batches, list[Problem]]:
    known = has_partner(model)
    outcomes = [OURS, THEIRS] if known else [OURS]
    variants = {"base": with_both_sides(model)}
    titles: dict[str, str] = {}
    problems: list[Problem] = []
    whole = everything(definition, model)
    for clause in (*clauses_of(definition, model, outcomes), whole):
        try:
            variants[clause.key] = reporting(clause.without(), outcomes)
            titles[clause.key] = clause.title
        except InvalidInput as failure:
            said = "; ".join(problem.reason for problem in failure.problems)
            reason = f"{clause.title} of {definition.strategy} has no price, for a formula is not valid without it"
            problems.append(Problem(f"{reason}: {said}", clause.key, severity="warning"))
    values, batches = measured(variants, [*MEASURES, measure], draws, progress)
    base = {output: value[: len(MEASURES)] for output, value in values["base"].items()}
    prices = []
    for key, title in titles.items():
        less = values[key]
        sides = [base[output] - less[output][: len(MEASURES)] for output in outcomes]
        prices.append(Price(key, title, sides[0], sides[1] if known else None))
    payments = payments_of(definition, measure, draws)
    statistic = values["base"][OURS][len(MEASURES)]
    assert definition.terms is not None
    found = StrategyTerms(
        strategy=definition.strategy,
        title=definition.title,
        unit=definition.money,
        base=base[OURS],
        prices=tuple(price for price in prices if price.key != whole.key),
        together=next(price for price in prices if price.key == whole.key),
        sides=sides_of(base),
        zone=zone_of(payments, wanted) if known else None,
        menu=menu_of(payments, statistic) if royalty_rates(definition.terms) else (),
        statistic=statistic,
        rates=_rates(definition.terms),
        fixed=tuple(name for key, name in _FIXED.items() if key in definition.terms.values),
    )
    return found, batches, problems
