"""The tables of a deal over years that say what is sold: demand, revenue, segments, development."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from simengine.scenario.tables import (
    Amount,
    AmountByYear,
    Count,
    CountByYear,
    Drift,
    Factor,
    Growth,
    Hazard,
    LabelField,
    Share,
    ShareByYear,
    Table,
    TextField,
    Years,
)


class Demand(Table):
    """How the market value is spread over the periods, and how demand moves."""

    model: Literal["constant", "growth", "table", "gbm", "bass"] = "constant"
    """The path: even, growing, given by period, random (geometric Brownian motion), or adoption (Bass)."""
    growth: Growth | None = None
    """Growth of demand a year."""
    index: CountByYear | None = None
    """Demand of each period, 1 for what D says; a list."""
    allocation: ShareByYear | None = None
    """Share of the market value that falls into each period; even without it."""
    drift: Drift | None = None
    """Expected growth of a random path a year."""
    volatility: Hazard | None = None
    """Standard deviation of its yearly logarithmic change."""
    p: Hazard | None = None
    """Bass: coefficient of innovation."""
    q: Hazard | None = None
    """Bass: coefficient of imitation."""


class Revenue(Table):
    """How sales come about, where they are not V times D."""

    model: Literal["value", "subscription", "api", "units", "service", "commission"] = "value"
    """What is sold: the value itself, subscriptions, calls, units with maintenance, days of work, or transactions."""
    subscribers: Count | None = None
    """Subscribers at the signing."""
    additions: CountByYear | None = None
    """New subscribers a year."""
    churn: ShareByYear | None = None
    """Share of the subscribers that leaves in a year."""
    fee: AmountByYear | None = None
    """Fee of a subscriber a year."""
    calls: CountByYear | None = None
    """Calls a year."""
    price: AmountByYear | None = None
    """Price of a call or a unit."""
    cost: AmountByYear | None = None
    """Cost of serving a subscriber for a year, of a call, of a unit, or of a day."""
    cost_decline: Share | None = None
    """Share by which that cost falls every year."""
    units: CountByYear | None = None
    """Units sold a year."""
    maintenance: ShareByYear | None = None
    """Maintenance a year, as a share of the price of all units sold so far."""
    days: CountByYear | None = None
    """Days of work offered a year."""
    day_rate: AmountByYear | None = None
    """Price of a day."""
    utilisation: ShareByYear | None = None
    """Share of the days that is sold."""
    volume: AmountByYear | None = None
    """Transactions a year, in money."""
    commission: ShareByYear | None = None
    """Share of the transactions that is earned."""
    conversion: ShareByYear | None = None
    """Share of the users, calls, units or transactions that is paid for; all are served."""
    growth: Growth | None = None
    """Growth of the volume a year: of calls, units, days or transactions."""
    price_decline: Share | None = None
    """Share by which prices fall every year: 0.9 for a tenfold fall."""
    price_erosion: Hazard | None = None
    """The same as a continuous rate a year."""


class Segment(Table):
    """A part of the market with a value and a demand of its own."""

    V: Amount
    """Its market value over the horizon."""
    D: Count
    """Its demand as a share of the value."""
    price: Factor | None = None
    """Its price level, 1 for the usual one."""
    title: TextField = ""
    """What it is, for people."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


class Stage(Table):
    """A stage of development: it costs, takes time, and may fail."""

    name: LabelField = ""
    """What it is called."""
    cost: Amount | None = None
    """Its cost, paid when it begins."""
    years: Years | None = None
    """How long it takes."""
    success: Share | None = None
    """Probability that it succeeds; where it fails, all ends."""
    proceed_if: TextField = ""
    """A formula, such as "V * D > 300": where it does not hold, the project is given up before this stage."""


class Development(Table):
    """What has to be done before sales begin."""

    stages: Annotated[tuple[Stage, ...], AfterValidator(lambda stages: stages), Field(max_length=50)] = ()
    """Stages in order."""
    our_share: Share | None = None
    """Share of the cost of the stages that we pay; the partner pays the rest."""
