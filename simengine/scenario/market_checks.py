"""What a deal over years asks of its market and its partners, and the mistakes that their tables show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simengine.errors import Problem
from simengine.formula import names_in
from simengine.scenario import names
from simengine.scenario.document import Document
from simengine.scenario.market_tables import Demand, Revenue
from simengine.scenario.namespace import Quantities
from simengine.scenario.partner_tables import Partner
from simengine.scenario.positions import Path
from simengine.scenario.terms import Term, Terms

Found = Iterator[tuple[Path, Problem]]

REVENUE_NEEDS = {
    "value": (),
    "subscription": ("fee",),
    "api": ("calls", "price"),
    "units": ("units", "price"),
    "service": ("days", "day_rate"),
    "commission": ("volume", "commission"),
}
"""What each kind of sales cannot do without."""

_REVENUE_KEYS = {
    "value": (),
    "subscription": ("subscribers", "additions", "churn", "fee", "conversion", "cost", "cost_decline", "growth"),
    "api": ("calls", "price", "conversion", "cost", "cost_decline", "growth"),
    "units": ("units", "price", "maintenance", "conversion", "cost", "cost_decline", "growth"),
    "service": ("days", "day_rate", "utilisation", "cost", "cost_decline", "growth"),
    "commission": ("volume", "commission", "conversion", "growth"),
}

_DEMAND_KEYS = {
    "constant": (),
    "growth": ("growth",),
    "table": ("index",),
    "gbm": ("drift", "volatility"),
    "bass": ("p", "q"),
}
_DEMAND_NEEDS = {**_DEMAND_KEYS, "gbm": ("volatility",)}


def check_market(document: Document, terms: Terms, found: Quantities) -> Found:
    """What is wrong with demand, revenue, segments and development, each with its path."""
    tables = terms.tables
    revenue = tables.revenue or Revenue()
    volume = revenue.model != "value"
    yield from _value(document, terms, found, volume)
    if tables.revenue is not None:
        yield from _revenue(revenue)
    if tables.demand is not None:
        yield from _demand(tables.demand, terms, volume)
    for table, what in (("segments", "a segment"), ("partners", "a partner"), ("mitigations", "a measure")):
        for name in getattr(tables, table):
            problem = names.check_slug(name, what)
            if problem is not None:
                yield (table, name), problem


def _value(document: Document, terms: Terms, found: Quantities, volume: bool) -> Found:
    """What sales are made of: V, segments, a volume or formulas of the user; one of them."""
    segments = terms.tables.segments
    own = {"sales", "market"} & set(found.formulas.names)
    defined = document.data.get("inputs", {})
    if not volume and not segments and not own and not (isinstance(defined, dict) and "V" in defined):
        hint = "give V in [inputs], or another [revenue] model, [segments.NAME], or the formula market in [model]"
        yield ("inputs",), Problem("a deal needs V, the market value over the horizon", hint=hint)
    if volume and segments:
        reason = f'has no meaning with model = "{terms.tables.revenue.model}"'  # type: ignore[union-attr]
        yield ("segments",), Problem(reason, hint="segments say values, and this kind of sales follows from volume")
    used = {name for tree in found.formulas.trees.values() for name in names_in(tree)}
    used |= {name for tree in terms.conditions.values() for name in names_in(tree)}
    used |= {name for term in terms.values.values() if term.tree is not None for name in names_in(term.tree)}
    for name in ("V", "D") if segments else ("V",) if volume else ():
        if name in found.inputs and name not in used:
            why = "each segment has its own" if segments else "sales follow from the volume in [revenue]"
            yield ("inputs", name), Problem(f"has no effect: {why}", hint="leave it out")


def _revenue(revenue: Revenue) -> Found:
    common = {"model", "price_decline", "price_erosion"}
    for key in sorted(revenue.model_fields_set - {*_REVENUE_KEYS[revenue.model], *common}):
        models = [model for model, keys in _REVENUE_KEYS.items() if key in keys]
        hint = f"it belongs to {' or '.join(models)}"
        yield ("revenue", key), Problem(f'has no meaning with model = "{revenue.model}"', hint=hint)
    for key in REVENUE_NEEDS[revenue.model]:
        if getattr(revenue, key) is None:
            yield ("revenue", key), Problem(f'is missing for model = "{revenue.model}"')
    if revenue.model == "subscription" and revenue.subscribers is None and revenue.additions is None:
        yield ("revenue", "additions"), Problem("nobody subscribes: give subscribers, additions, or both")
    if revenue.cost_decline is not None and revenue.cost is None:
        yield ("revenue", "cost_decline"), Problem("has no meaning without cost")


def _demand(demand: Demand, terms: Terms, volume: bool) -> Found:
    wanted = {*_DEMAND_KEYS[demand.model], "model", "allocation"}
    for key in sorted(demand.model_fields_set - wanted):
        models = [model for model, keys in _DEMAND_KEYS.items() if key in keys]
        hint = f"it belongs to {' or '.join(models)}"
        yield ("demand", key), Problem(f'has no meaning with model = "{demand.model}"', hint=hint)
    for key in _DEMAND_NEEDS[demand.model]:
        if getattr(demand, key) is None:
            yield ("demand", key), Problem(f'is missing for model = "{demand.model}"')
    if volume and demand.model == "bass":
        hint = 'adoption of a volume: additions = "= 5000 * (bass(year, p, q) - bass(year - period, p, q)) / period"'
        yield (
            ("demand", "model"),
            Problem("adoption spreads the market value V, and sales follow from volume", hint=hint),
        )
    shares = terms.values.get("demand.allocation")
    if shares is None:
        return
    path: Path = ("demand", "allocation")
    if volume:
        yield path, Problem("spreads the market value V, and here sales follow from volume", hint="leave it out")
    elif demand.model == "bass":
        yield path, Problem("has no meaning for adoption, which says itself when sales come")
    elif shares.periods and abs(sum(shares.periods) - 1) > 1e-9:
        reason = f"the shares of the periods add up to {sum(shares.periods):.6g}"
        yield path, Problem(reason, allowed="1")
    elif shares.input is not None:
        yield path, Problem("is one share for all periods", allowed="a list with a share for each period, 1 in total")


def check_partner(terms: Terms, found: Quantities) -> Found:
    """What is wrong with the partner, or the partners."""
    partner = terms.tables.partner or Partner()
    ways = [key for key in ("rating", "annual_default") if getattr(partner, key) is not None]
    if len(ways) > 1:
        yield ("partner", "annual_default"), Problem("both rating and annual_default are given", allowed="one of them")
    if terms.tables.partners:
        yield from _several(terms, partner, found)
    elif partner.mode == "factor":
        for key in (*ways, *_given(partner, "recovery", "replacement")):
            hint = 'mode = "survival" simulates defaults, and then R is not the share collected'
            yield ("partner", key), Problem('has no meaning with mode = "factor"', hint=hint)
    elif ways and "R" in found.inputs:
        reason = f"R would be used twice: the partner's default follows from {ways[0]} already"
        yield ("inputs", "R"), Problem(reason, hint=f"leave out R, or {ways[0]}")
    elif partner.mode == "survival" and not ways and "R" not in found.inputs:
        yield ("partner",), Problem("needs R, a rating or annual_default to say how likely a default is")
    elif partner.mode == "pool" and not ways:
        yield ("partner",), Problem("a pool of partners needs a rating or annual_default", hint="R says it of one")
    if partner.mode == "pool":
        if partner.correlation is None:
            yield ("partner", "correlation"), Problem("is missing for a pool of partners", allowed="0 to 1")
        if partner.replacement is not None:
            yield ("partner", "replacement"), Problem("has no meaning for a pool of partners")
    elif partner.correlation is not None and not terms.tables.partners:
        hint = 'it joins the defaults of [partners.NAME], or of a pool: mode = "pool"'
        yield ("partner", "correlation"), Problem("has no meaning for a single partner", hint=hint)
    if partner.walk_away and partner.margin is None:
        yield ("partner", "margin"), Problem("is missing: whether the partner launches depends on what it earns")
    if partner.walk_away and "sales" in found.formulas.names:
        reason = "whether the partner launches decides on sales, and sales are a formula of [model]"
        yield ("partner", "walk_away"), Problem(reason, hint="write the formula market instead")
    if partner.walk_away and (terms.tables.deal is None or terms.tables.deal.mode == "value"):
        reason = 'has no meaning with mode = "value": the partner would owe us all its sales'
        yield ("partner", "walk_away"), Problem(reason, hint="give the terms in [deal]")


def _given(partner: Partner, *keys: str) -> list[str]:
    return [key for key in keys if getattr(partner, key) is not None]


def _several(terms: Terms, partner: Partner, found: Quantities) -> Found:
    if partner.mode != "factor":
        yield ("partner", "mode"), Problem("[partners.NAME] say themselves whether each of them pays")
    for key in _given(partner, "rating", "annual_default", "recovery", "replacement"):
        yield ("partner", key), Problem("has no meaning beside [partners.NAME]", hint="say it of each partner")
    if "R" in found.inputs:
        reason = "R would be used twice: [partners.NAME] say whether each of them pays"
        yield ("inputs", "R"), Problem(reason, hint="leave out R")
    for name, one in terms.tables.partners.items():
        if (one.rating is None) == (one.annual_default is None):
            yield ("partners", name), Problem("needs a rating or annual_default", allowed="one of them")
    total = _total(terms.values, [f"partners.{name}.share" for name in terms.tables.partners])
    if total is not None and abs(total - 1) > 1e-9:
        last = list(terms.tables.partners)[-1]
        yield ("partners", last, "share"), Problem(f"the shares of the partners add up to {total:.6g}", allowed="1")


def _total(values: Mapping[str, Term], keys: list[str]) -> float | None:
    """The sum of values that are the same number in every trial; None where one is not."""
    numbers = [values[key].constant if key in values else None for key in keys]
    return (
        None if any(number is None for number in numbers) else sum(number for number in numbers if number is not None)
    )
