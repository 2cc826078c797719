"""What a deal over years asks of its tables, and the mistakes that its tables show."""

from __future__ import annotations

from collections.abc import Iterator

from simengine.errors import Problem
from simengine.scenario.definition import PLAIN_INPUTS
from simengine.scenario.document import Document
from simengine.scenario.market_tables import Revenue
from simengine.scenario.namespace import Quantities
from simengine.scenario.partner_tables import Partner
from simengine.scenario.plain import input_doubts
from simengine.scenario.positions import Path
from simengine.scenario.quantities import outside_share
from simengine.scenario.report import Report
from simengine.scenario.risk_tables import Event
from simengine.scenario.term_checks import check_terms
from simengine.scenario.terms import Terms

Found = Iterator[tuple[Path, Problem]]

_HIGH_DISCOUNT = 0.15
"""A discount rate above this usually holds a premium for risk."""

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
    "value": ("price_decline", "price_erosion"),
    "subscription": ("subscribers", "additions", "churn", "fee", "cost", "cost_decline", "growth"),
    "api": ("calls", "price", "cost", "cost_decline", "growth"),
    "units": ("units", "price", "maintenance", "cost", "cost_decline", "growth"),
    "service": ("days", "day_rate", "utilisation", "cost", "cost_decline", "growth"),
    "commission": ("volume", "commission", "growth"),
}

_DEMAND_KEYS = {
    "constant": (),
    "growth": ("growth",),
    "table": ("index",),
    "gbm": ("drift", "volatility"),
    "bass": ("p", "q"),
}
_DEMAND_NEEDS = {**_DEMAND_KEYS, "gbm": ("volatility",)}


def check_deal(document: Document, terms: Terms, found: Quantities, report: Report) -> None:
    """Report what is missing, what has no meaning where it stands, and what is probably a mistake."""
    for path, problem in check_terms(document, terms):
        report.add(problem, document, path)
    if not terms.complete:
        return  # other checks would take a value that could not be read for one that is missing
    tables = terms.tables
    checks: list[Found] = [
        _market(document, terms, found),
        *([_revenue(tables.revenue)] if tables.revenue is not None else []),
        *(_event(name, event) for name, event in terms.events.items()),
        _demand(terms),
        _partner(terms, found),
        _insured(terms),
        _changed(terms, found),
        _doubts(terms, found),
    ]
    for check in checks:
        for path, problem in check:
            report.add(problem, document, path)
    for name in PLAIN_INPUTS:
        if name in found.inputs:
            for problem in input_doubts(name, found.inputs[name]):
                report.add_of_value(problem, document, ("inputs", name))
    for name, risk in found.risks.items():
        severity = outside_share(risk.severity, "a severity")
        if severity:
            report.add_of_value(severity, document, ("risks", name, "severity"))


def _market(document: Document, terms: Terms, found: Quantities) -> Found:
    revenue = terms.tables.revenue
    own = "sales" in found.formulas.names or "market" in found.formulas.names
    if (revenue is None or revenue.model == "value") and not terms.tables.segments and not own:
        defined = document.data.get("inputs", {})
        if not isinstance(defined, dict) or "V" not in defined:
            hint = "give V in [inputs], or another [revenue] model, [segments.NAME], or the formula sales in [model]"
            yield ("inputs",), Problem("a deal needs V, the market value over the horizon", hint=hint)


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


def _event(name: str, event: Event) -> Found:
    path: Path = ("risks", name)
    ways = [key for key in ("rate", "annual_probability", "probability") if getattr(event, key) is not None]
    if not ways and event.frequency is None:
        yield path, Problem("never happens", hint="give rate, annual_probability, probability, or frequency and loss")
    if len(ways) > 1:
        yield (*path, ways[1]), Problem(f"both {ways[0]} and {ways[1]} are given", allowed="one of them")
    if (event.frequency is None) != (event.loss is None):
        missing = "frequency" if event.frequency is None else "loss"
        yield (*path, missing), Problem("is missing: losses have a frequency a year and a size")
    if event.probability is not None:
        for key in ("starts", "shape", "entrants"):
            if key in event.model_fields_set:
                yield (*path, key), Problem("has no meaning for a risk with a probability", hint="give a rate")
    elif event.time is not None:
        yield (*path, "time"), Problem("has no meaning for a risk with a rate", hint="starts is its earliest time")
    if event.ramp_years is not None and event.duration_years is not None:
        yield (*path, "ramp_years"), Problem("a loss that builds up cannot end", hint="leave out duration_years")
    for key in ("ramp_years", "duration_years"):
        if key in event.model_fields_set and event.severity is None and event.legal_share is None:
            yield (*path, key), Problem("has no meaning without a severity")
    if event.litigation is not None and event.severity is None:
        yield (*path, "litigation"), Problem("recovers lost sales, and nothing is lost without a severity")


def _demand(terms: Terms) -> Found:
    demand = terms.tables.demand
    if demand is None:
        return
    wanted = {*_DEMAND_KEYS[demand.model], "model", "allocation"}
    for key in sorted(demand.model_fields_set - wanted):
        models = [model for model, keys in _DEMAND_KEYS.items() if key in keys]
        hint = f"it belongs to {' or '.join(models)}"
        yield ("demand", key), Problem(f'has no meaning with model = "{demand.model}"', hint=hint)
    for key in _DEMAND_NEEDS[demand.model]:
        if getattr(demand, key) is None:
            yield ("demand", key), Problem(f'is missing for model = "{demand.model}"')
    shares = terms.values.get("demand.allocation")
    if shares is not None and demand.model == "bass":
        yield ("demand", "allocation"), Problem("has no meaning for adoption, which says itself when sales come")
    elif shares is not None and shares.periods and abs(sum(shares.periods) - 1) > 1e-9:
        reason = f"the shares of the periods add up to {sum(shares.periods):.6g}"
        yield ("demand", "allocation"), Problem(reason, allowed="1")


def _partner(terms: Terms, found: Quantities) -> Found:
    partner = terms.tables.partner or Partner()
    ways = [key for key in ("rating", "annual_default") if getattr(partner, key) is not None]
    if len(ways) > 1:
        yield ("partner", "annual_default"), Problem("both rating and annual_default are given", allowed="one of them")
    if partner.mode == "factor":
        for key in (*ways, *(k for k in ("recovery", "replacement") if getattr(partner, k) is not None)):
            hint = 'mode = "survival" simulates defaults, and then R is not the share collected'
            yield ("partner", key), Problem('has no meaning with mode = "factor"', hint=hint)
    elif partner.mode == "survival" and terms.tables.partners:
        yield ("partner", "mode"), Problem("[partners.NAME] say themselves whether each of them pays")
    elif partner.mode == "survival":
        if ways and "R" in found.inputs:
            reason = f"R would be used twice: the partner's default follows from {ways[0]} already"
            yield ("inputs", "R"), Problem(reason, hint=f"leave out R, or {ways[0]}")
        elif not ways and "R" not in found.inputs:
            yield ("partner",), Problem("needs R, a rating or annual_default to say how likely a default is")
    elif not ways:
        yield ("partner",), Problem("a pool of partners needs a rating or annual_default")
    if partner.mode == "pool" and partner.correlation is None:
        yield ("partner", "correlation"), Problem("is missing for a pool of partners", allowed="0 to 1")
    if partner.walk_away and partner.margin is None:
        yield ("partner", "margin"), Problem("is missing: whether the partner launches depends on what it earns")
    for name, one in terms.tables.partners.items():
        if (one.rating is None) == (one.annual_default is None):
            yield ("partners", name), Problem("needs a rating or annual_default", allowed="one of them")


def _insured(terms: Terms) -> Found:
    known = list(terms.events)
    for name, measure in terms.tables.mitigations.items():
        lists = [("avoids", measure.avoids)]
        if measure.insurance is not None:
            lists.append(("covers", measure.insurance.covers))
        for key, listed in lists:
            for index, risk in enumerate(listed):
                if risk not in known:
                    path: Path = ("mitigations", name, *(("insurance",) if key == "covers" else ()), key, index)
                    yield path, Problem(f"{risk} is not a risk of this deal", allowed=", ".join(known) or None)


def _changed(terms: Terms, found: Quantities) -> Found:
    """Measures that change what is not there."""
    known = [*terms.values, *(f"inputs.{name}" for name in found.inputs)]
    known += [f"risks.{name}.frequency" for name, event in terms.events.items() if event.frequency is not None]
    known += [f"risks.{name}.{part}" for name in found.risks for part in ("probability", "severity")]
    known += [f"costs.{name}" for name in found.costs]
    for name, measure in terms.tables.mitigations.items():
        for key in ("reduces", "multiplies"):
            for target in getattr(measure, key):
                if target not in known:
                    from simengine.scenario import names

                    hint = names.suggest(target, known) or "give the dotted path of a value, such as risks.NAME.rate"
                    yield ("mitigations", name, key, target), Problem("the deal has no such value", hint=hint)


def _doubts(terms: Terms, found: Quantities) -> Found:
    rate = terms.values.get("scenario.discount.rate")
    hazards = [name for name, event in terms.events.items() if event.rate is not None or event.annual_probability]
    partner = terms.tables.partner
    simulated = [*hazards, *(["the partner's default"] if partner is not None and partner.mode == "survival" else [])]
    if rate is not None and rate.constant is not None and rate.constant > _HIGH_DISCOUNT and simulated:
        reason = (
            f"is {rate.constant:g}, and {', '.join(simulated)} {'is' if len(simulated) == 1 else 'are'} simulated: "
            "a premium for these risks in the rate would count them twice"
        )
        yield (
            ("scenario", "discount", "rate"),
            Problem(reason, severity="warning", hint="use a rate for time alone, often 0.05 to 0.12"),
        )
