"""What a deal over years asks of its risks and measures, and the mistakes that their tables show."""

from __future__ import annotations

from collections.abc import Iterator

from simengine.errors import Problem
from simengine.formula import names_in
from simengine.scenario import names
from simengine.scenario.definition import PLAIN_INPUTS
from simengine.scenario.namespace import Quantities
from simengine.scenario.positions import Path
from simengine.scenario.risk_tables import Event
from simengine.scenario.terms import Terms

Found = Iterator[tuple[Path, Problem]]

WAYS = ("rate", "annual_probability", "probability")
"""How an event says when it happens."""

CONSEQUENCES = ("severity", "price_erosion", "cost", "fine", "legal_share", "claim_cut", "terminates")
"""What an event may do."""

_ONCE = ("legal_share", "claim_cut", "terminates", "litigation")
"""What an event does only once, however often it happens."""

_HIGH_DISCOUNT = 0.15
"""A discount rate above this usually holds a premium for risk."""


def check_risks(terms: Terms, found: Quantities) -> Found:
    """What is wrong with risks that happen in time, each with its path."""
    for name, event in terms.events.items():
        path: Path = ("risks", name)
        for key, problem in (*_when(name, event, terms), *_does(name, event, terms, found)):
            yield (*path, key) if key else path, problem


def _when(name: str, event: Event, terms: Terms) -> Iterator[tuple[str, Problem]]:
    ways = [key for key in WAYS if getattr(event, key) is not None]
    given = event.model_fields_set
    if not ways and event.frequency is None and event.loss is None:
        yield "", Problem("never happens", hint="give rate, annual_probability, probability, or frequency and loss")
    if len(ways) > 1:
        yield ways[1], Problem(f"both {ways[0]} and {ways[1]} are given", allowed="one of them")
    if event.probability is not None:
        for key in ("starts", "shape", "entrants"):
            if key in given:
                yield key, Problem("has no meaning for a risk with a probability", hint="give a rate")
    elif event.time is not None:
        yield "time", Problem("has no meaning for a risk with a rate", hint="starts is its earliest time")
    if not ways and event.frequency is not None:
        for key in (*CONSEQUENCES, "litigation", "starts", "shape", "entrants"):
            if key in given:
                hint = "give rate, annual_probability or probability too"
                yield key, Problem("belongs to an event, and this risk is losses of a frequency only", hint=hint)
    shape = terms.values.get(f"risks.{name}.shape")
    if shape is not None and shape.constant == 0.0:
        yield "shape", Problem("is out of range", value="0", allowed="above 0", hint="1 is a constant hazard")


def _does(name: str, event: Event, terms: Terms, found: Quantities) -> Iterator[tuple[str, Problem]]:
    given = event.model_fields_set
    if (event.frequency is None) != (event.loss is None):
        missing = "frequency" if event.frequency is None else "loss"
        yield missing, Problem("is missing: losses have a frequency a year and a size")
    if event.ramp_years is not None and event.duration_years is not None:
        yield "ramp_years", Problem("a loss that builds up cannot end", hint="leave out duration_years")
    lasting = {"severity", "legal_share", "claim_cut"} & given
    for key in ("ramp_years", "duration_years"):
        if key in given and not lasting:
            yield key, Problem("has no meaning without severity, legal_share or claim_cut")
    if event.litigation is not None:
        if event.severity is None and event.price_erosion is None:
            yield "litigation", Problem("recovers lost sales, and nothing is lost without a severity")
        elif "sales" in found.formulas.names:
            reason = "recovers lost sales, and the formula sales in [model] does not say what the risk takes of them"
            yield "litigation", Problem(reason, hint="write the formula market, sales before risks, instead")
        parts = event.litigation.model_fields_set
        if "cost" not in parts and not {"win", "recovery"} & parts:
            yield "litigation", Problem("says neither what is recovered nor what it costs")
    for key in _ONCE:
        if event.entrants > 1 and key in given:
            hint = "severity, price_erosion, cost and fine count every time"
            yield key, Problem(f"happens once, and there are {event.entrants} entrants", hint=hint)
    if not set(CONSEQUENCES) & given and event.frequency is None:
        used = {used for tree in found.formulas.trees.values() for used in names_in(tree)}
        used |= {used for term in terms.values.values() if term.tree is not None for used in names_in(term.tree)}
        if not any(other.startswith(f"{name}_") for other in used) and any(getattr(event, way) for way in WAYS):
            hint = f"give {', '.join(CONSEQUENCES[:-1])} or {CONSEQUENCES[-1]}"
            yield "", Problem("happens and does nothing", hint=hint)


# ---- measures ----


def check_measures(terms: Terms, found: Quantities) -> Found:
    """Measures that change, rule out or insure what is not there."""
    risks = [*terms.events, *found.risks]
    costly = [name for name, event in terms.events.items() if _costs_money(event)]
    targets = _targets(terms, found)
    for name, measure in terms.tables.mitigations.items():
        path: Path = ("mitigations", name)
        for index, risk in enumerate(measure.avoids):
            if risk not in risks:
                yield (*path, "avoids", index), _not_a_risk(risk, risks)
        for index, risk in enumerate(measure.insurance.covers if measure.insurance is not None else ()):
            place: Path = (*path, "insurance", "covers", index)
            if risk not in risks:
                yield place, _not_a_risk(risk, risks)
            elif risk not in costly:
                hint = "cost, fine, frequency and loss, or litigation.cost are money that can be covered"
                yield place, Problem(f"{risk} costs no money that could be covered", hint=hint)
        for key in ("reduces", "multiplies"):
            for target in getattr(measure, key):
                if target not in targets:
                    hint = _target_hint(target, targets, found)
                    yield (*path, key, target), Problem("the deal has no such value", hint=hint)


def _costs_money(event: Event) -> bool:
    suit = event.litigation is not None and event.litigation.cost is not None
    return event.cost is not None or event.fine is not None or event.frequency is not None or suit


def _targets(terms: Terms, found: Quantities) -> list[str]:
    """The values that a measure may change: those of the deal, and of the plain model that its formulas use."""
    targets = [key for key in terms.values if not key.startswith("mitigations.")]
    for name, event in terms.events.items():
        if event.frequency is not None:
            targets += [f"risks.{name}.frequency", f"risks.{name}.loss"]
    targets += [f"inputs.{name}" for name in PLAIN_INPUTS if name in found.inputs]
    targets += [f"risks.{name}.{part}" for name in found.risks for part in ("probability", "severity")]
    return [*targets, *(f"costs.{name}" for name in found.costs)]


def _target_hint(target: str, targets: list[str], found: Quantities) -> str:
    table, _, name = target.partition(".")
    if table == "inputs" and name in found.inputs:
        return f"change the value of the deal whose formula uses {name}"
    return names.suggest(target, targets) or "give the dotted path of a value, such as risks.NAME.rate"


def _not_a_risk(name: str, known: list[str]) -> Problem:
    hint = names.suggest(name, known)
    return Problem(f"{name} is not a risk of this deal", allowed=names.list_names(known) or None, hint=hint)


def doubts(terms: Terms) -> Found:
    """A premium in the discount rate for risks that are simulated too."""
    rate = terms.values.get("scenario.discount.rate")
    hazards = [name for name, event in terms.events.items() if event.rate is not None or event.annual_probability]
    partner = terms.tables.partner
    defaults = (partner is not None and partner.mode != "factor") or bool(terms.tables.partners)
    simulated = [*hazards, *(["the partner's default"] if defaults else [])]
    if rate is not None and rate.constant is not None and rate.constant > _HIGH_DISCOUNT and simulated:
        reason = (
            f"is {rate.constant:g}, and {', '.join(simulated)} {'is' if len(simulated) == 1 else 'are'} simulated: "
            "a premium for these risks in the rate would count them twice"
        )
        hint = "use a rate for time alone, often 0.05 to 0.12"
        yield ("scenario", "discount", "rate"), Problem(reason, severity="warning", hint=hint)
