"""The clauses of a deal, each with the model of the deal without it.

What is an amount, a share or a rate is pinned to the number at which the clause does nothing, so formulas that name it
stay valid; what has no such number (a cap, a term, a minimum under which a venture may lose) is taken out of the deal's
tables.  Either way all other draws stay in place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from simengine.analysis.pinned import holds, pinned
from simengine.deal.expand import model_of
from simengine.deal.model import Model
from simengine.plan.compile import needed_names
from simengine.scenario.deal_tables import Deals
from simengine.scenario.definition import Definition
from simengine.scenario.terms import Terms

TIERS = "deal.royalty.tiers"

NEUTRAL: Mapping[str, tuple[float, str]] = {
    "deal.upfront": (0.0, "payment at the signing"),
    "deal.price": (0.0, "price of the sale"),
    "deal.royalty.deductions": (0.0, "deductions from the royalty's base"),
    "deal.royalty.minimum": (0.0, "minimum royalty"),
    "deal.revenue_share": (0.0, "share of the sales"),
    "deal.profit_share.share": (0.0, "share of the profit"),
    "deal.cost_plus.cost": (0.0, "cost plus markup"),
    "deal.fee": (0.0, "yearly fee"),
    "deal.earn_out.share": (0.0, "earn-out"),
    "deal.equity": (0.0, "stake in the venture, with its capital and its exit"),
    "deal.capital": (0.0, "capital at the signing"),
    "deal.capital_annual": (0.0, "capital a year"),
    "deal.margin": (1.0, "variable cost of the venture"),
    "deal.opex": (0.0, "fixed cost of the venture"),
    "deal.exit_multiple": (0.0, "exit value"),
    "deal.demand_uplift": (1.0, "uplift of demand"),
    "deal.cost_avoided": (0.0, "cost avoided"),
    "partner.recovery": (0.0, "recovery after a default"),
    "crossborder.withholding": (0.0, "withholding tax"),
    "crossborder.dividend_withholding": (0.0, "withholding tax on distributions"),
    "crossborder.vat": (0.0, "value added tax"),
    "tax.rate": (0.0, "tax on income"),
}
"""Clauses that do nothing at a number: the number, and what they are called."""

DROPPED: Mapping[str, str] = {
    "deal.royalty.cap": "cap on the royalty of a year",
    "deal.royalty.lifetime_cap": "cap on the royalty of the whole term",
    "deal.royalty.years": "end of the royalty",
    "deal.minimum_commitment": "minimum commitment",
    "deal.earn_out.years": "end of the earn-out",
}
"""Clauses that are taken out."""

PARTS: Mapping[str, str] = {
    "deal.mode": "the form of the deal is no clause",
    "deal.milestones": "each by itself",
    "deal.royalty": "all its rates and its minimum together",
    "deal.royalty.rate": "deal.royalty",
    "deal.royalty.base": "deal.royalty.tiers",
    "deal.royalty.tiers": "the later rates become the first one",
    "deal.profit_share": "deal.profit_share.share",
    "deal.profit_share.cost_ratio": "deal.profit_share.share",
    "deal.profit_share.cost": "deal.profit_share.share",
    "deal.cost_plus": "deal.cost_plus.cost",
    "deal.cost_plus.markup": "deal.cost_plus.cost",
    "deal.earn_out": "deal.earn_out.share",
}
"""Keys of the deal that are priced under another key, or as a whole, or not at all."""

_TABLES = ("deal", "partner", "partners", "crossborder", "tax")
"""The tables of clauses, in the order of the report."""

_PAID = re.compile(
    r"deal\.(upfront|price|milestones\[\d+\]\.amount|royalty\.(rate|minimum|tiers\[\d+\]\.rate)|revenue_share|fee|equity"
    r"|profit_share\.share|cost_plus\.cost|earn_out\.share|cost_avoided)"
)
"""Values without which nothing is paid."""


@dataclass(frozen=True)
class Clause:
    """A clause: its dotted path, what it is called, and the model of the deal without it.

    ``without`` raises InvalidInput where a formula of the scenario needs what is taken out.
    """

    key: str
    title: str
    without: Callable[[], Model]


def clauses_of(definition: Definition, model: Model, outcomes: Sequence[str]) -> list[Clause]:
    """The clauses of a deal on which the outcomes may depend, in the order of its tables."""
    terms = definition.terms
    assert terms is not None
    needed = needed_names(model, outcomes)
    found = list(_clauses(definition, terms, model, needed))
    return sorted(found, key=lambda clause: _place(clause.key, list(terms.values)))


def everything(definition: Definition, model: Model) -> Clause:
    """All that the partner pays, and what we pay into a venture, as one clause."""
    terms = definition.terms
    assert terms is not None
    keys = [key for key in terms.values if _PAID.fullmatch(key)]

    def without() -> Model:
        base = _without_values(definition, "deal.minimum_commitment")
        return pinned(base, {terms.values[key].name: 0.0 for key in keys if holds(base, terms.values[key].name)})

    return Clause("deal", "all payments together", without)


def _place(key: str, written: Sequence[str]) -> tuple[int, int]:
    """Where a clause belongs: by its table, then as the file has it."""
    inside = (place for place, known in enumerate(written) if known == key or known.startswith((f"{key}.", f"{key}[")))
    return _TABLES.index(key.partition(".")[0]), next(inside, len(written))


def _clauses(definition: Definition, terms: Terms, model: Model, needed: set[str]) -> Iterator[Clause]:
    names = {key: term.name for key, term in terms.values.items()}

    def pin(key: str, title: str, values: Mapping[str, float | str]) -> Iterator[Clause]:
        there = {name: value for name, value in values.items() if name in needed}
        if there:
            yield Clause(key, title, partial(pinned, model, there))

    def table(key: str, title: str, **changes: object) -> Clause:
        return Clause(key, title, partial(_with_tables, definition, **changes))

    for key, (neutral, title) in NEUTRAL.items():
        if key in names:
            yield from pin(key, title, {names[key]: neutral})
    for key, title in DROPPED.items():
        if key in names and names[key] in needed:
            yield Clause(key, title, partial(_without_values, definition, key))
    yield from (clause for key, title, values in _royalty(terms, names) for clause in pin(key, title, values))
    for index, milestone in enumerate(terms.tables.deal.milestones if terms.tables.deal is not None else ()):
        key = f"deal.milestones[{index}]"
        yield from pin(key, milestone.name or f"milestone {index + 1}", {names[f"{key}.amount"]: 0.0})
    for name in terms.tables.partners:
        if f"partners.{name}.recovery" in names:
            key = f"partners.{name}.recovery"
            yield from pin(key, f"recovery after a default of {name}", {names[key]: 0.0})
    partner, tax = terms.tables.partner, terms.tables.tax
    if partner is not None and partner.replacement is not None and "collection" in needed:
        changed = partner.model_copy(update={"replacement": None})
        yield table("partner.replacement", "replacement of a partner who defaults", partner=changed)
    if partner is not None and partner.walk_away:
        changed = partner.model_copy(update={"walk_away": False})
        yield table("partner.walk_away", "right of the partner not to launch", partner=changed)
    if tax is not None and tax.relief is not None:
        yield table("tax.relief", "tax relief", tax=tax.model_copy(update={"relief": None}))
    if tax is not None and tax.carry_forward:
        yield table("tax.carry_forward", "losses carried forward", tax=tax.model_copy(update={"carry_forward": False}))


def royalty_rates(terms: Terms) -> list[str]:
    """The names of the rates of the royalty: one, or those of its tiers."""
    keys = [key for key in terms.values if re.fullmatch(r"deal\.royalty\.(rate|tiers\[\d+\]\.rate)", key)]
    return [terms.values[key].name for key in keys]


def _royalty(terms: Terms, names: Mapping[str, str]) -> Iterator[tuple[str, str, Mapping[str, float | str]]]:
    rates = royalty_rates(terms)
    if rates:
        minimum = [names["deal.royalty.minimum"]] if "deal.royalty.minimum" in names else []
        yield "deal.royalty", "royalty, with its minimum" if minimum else "royalty", dict.fromkeys(rates + minimum, 0.0)
    if len(rates) > 1:
        yield TIERS, "tiers above the first rate", dict.fromkeys(rates[1:], rates[0])


def _without_values(definition: Definition, *keys: str) -> Model:
    """The model of the deal without some values."""
    terms = definition.terms
    assert terms is not None
    kept = {key: term for key, term in terms.values.items() if key not in keys}
    return model_of(replace(definition, terms=replace(terms, values=MappingProxyType(kept))))


def _with_tables(definition: Definition, **changes: object) -> Model:
    """The model of the deal with other tables; the values in tables that are gone are gone too."""
    terms = definition.terms
    assert terms is not None
    tables: Deals = terms.tables.model_copy(update=changes)
    return model_of(replace(definition, terms=replace(terms, tables=tables)))
