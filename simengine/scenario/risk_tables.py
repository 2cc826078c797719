"""The tables of a deal over years that say what may happen, what is paid for, and what is done about it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, StrictBool

from simengine.distributions.values import Bounds
from simengine.scenario.fields import NumberIn, items
from simengine.scenario.tables import (
    Amount,
    AmountByYear,
    Factor,
    Growth,
    Hazard,
    HazardByYear,
    LabelField,
    Share,
    ShareByYear,
    Table,
    TextField,
    Value,
    Years,
)


class Litigation(Table):
    """What is recovered in court after the event."""

    probability: Share | None = None
    """Probability that we sue; certain without it."""
    cost: Amount | None = None
    """Cost of the suit, paid in the period of the event."""
    win: Share | None = None
    """Probability of winning; certain without it."""
    recovery: Share | None = None
    """Share of the present value of what was lost that is awarded; all without it."""
    delay_years: Years | None = None
    """Time from the event to the award; an award after the horizon is not counted."""


class Event(Table):
    """A risk that happens at some time and then takes sales, money, or the deal."""

    also_called: ClassVar = {"hazard": "rate", "annual_rate": "rate", "impact": "severity", "lambda": "rate"}

    rate: HazardByYear | None = None
    """Hazard: expected events a year; a list where it differs between periods."""
    annual_probability: Share | None = None
    """Probability that it happens within a year, in place of a rate."""
    probability: Share | None = None
    """Probability that it happens at all, in place of a rate; at the signing, or at the time given."""
    time: Years | None = None
    """When it happens where it has a probability."""
    starts: Years | None = None
    """Time before which it cannot happen."""
    shape: Factor | None = None
    """Weibull shape of the waiting time; 1 for a constant hazard."""
    entrants: Annotated[int, NumberIn(Bounds(1, 20), whole=True)] = 1
    """How often it can happen, one after the other; each time it takes a severity of its own of what remains."""
    severity: Share | None = None
    """Share of the sales that is lost once it has happened."""
    ramp_years: Years | None = None
    """Time constant with which the loss builds up; at once without it."""
    duration_years: Years | None = None
    """How long the loss lasts; to the horizon without it."""
    price_erosion: Hazard | None = None
    """Continuous rate a year at which prices fall once it has happened."""
    cost: Amount | None = None
    """Cost when it happens."""
    fine: Share | None = None
    """Fine when it happens, as a share of a year's sales at that time."""
    legal_share: Share | None = None
    """What it adds to the legal share L."""
    claim_cut: Share | None = None
    """Share of the partner's payments that is lost: a dispute that ends in new terms."""
    terminates: Share | None = None
    """Probability that it ends the deal."""
    litigation: Litigation | None = None
    """What is recovered in court."""
    frequency: Annotated[float, NumberIn(Bounds(0, 1e4))] | None = None
    """Expected number of losses a year, each of the size ``loss``."""
    loss: Value | None = None
    """Size of one loss."""
    title: TextField = ""
    """What it is, for people."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


class CostItem(Table):
    """A cost, or a grant, over years."""

    upfront: Amount | None = None
    """At the signing."""
    annual: AmountByYear | None = None
    """A year."""
    growth: Growth | None = None
    """Growth of the annual amount a year."""
    share_of_sales: ShareByYear | None = None
    """As a share of sales."""
    starts: Years | None = None
    """When the annual amount begins; at the signing without it."""
    years: Years | None = None
    """How long it runs; to the horizon without it."""
    title: TextField = ""
    """What it is, for people."""
    unit: LabelField = ""
    """Its unit, where it is not an amount of money."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


class Insurance(Table):
    """What an insurer, or the other side by contract, pays of the money that a risk costs."""

    covers: Annotated[tuple[LabelField, ...], AfterValidator(items(1, 50, "risks"))]
    """Names of risks, of which costs, fines and losses are covered."""
    deductible: Amount | None = None
    """What we bear ourselves in a year."""
    limit: Amount | None = None
    """Most that is paid in a year."""
    share: Share | None = None
    """Share of the layer that is paid; all without it."""


class Mitigation(Table):
    """A measure: what it costs, and what it changes.  It acts in the strategies that list it."""

    upfront: Amount | None = None
    """Cost at the signing."""
    annual: AmountByYear | None = None
    """Cost, or premium, a year."""
    reduces: dict[str, Share] = {}
    """Values that it lowers, by dotted path, each by a share."""
    multiplies: dict[str, Factor] = {}
    """Values that it changes, by dotted path, each by a factor."""
    avoids: Annotated[tuple[LabelField, ...], AfterValidator(items(0, 50, "risks"))] = ()
    """Names of risks that it rules out."""
    insurance: Insurance | None = None
    """What is paid by an insurer, or by the other side, of the money that risks cost."""
    always: StrictBool = False
    """Whether it acts in every strategy."""
    title: TextField = ""
    """What it is, for people."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


PLAIN_RISK = frozenset({"probability", "severity", "title", "source", "note"})
"""Keys of a risk of the plain model."""
EVENT_KEYS = frozenset(Event.model_fields) - PLAIN_RISK
"""Keys that make a risk an event of a deal over years."""
COST_KEYS = frozenset({"upfront", "annual", "growth", "share_of_sales", "starts", "years"})
"""Keys that make a cost one of a deal over years."""
