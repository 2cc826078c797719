"""The tables of a deal over years that say what is paid: the form of the deal and its clauses."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool

from simengine.distributions.values import Bounds
from simengine.scenario.fields import TermValue
from simengine.scenario.tables import Amount, AmountByYear, Factor, LabelField, Share, ShareByYear, Table, Years

Markup = Annotated[object, TermValue("share", Bounds(0, 10), by_year=True)]

Mode = Literal["value", "licence", "sale", "joint-venture", "joint-development", "sharing", "cooperation"]


class Tier(Table):
    """A tier of a royalty."""

    up_to: Amount | None = None
    """Sales up to which the rate applies; the last tier has none."""
    rate: Share
    """Royalty rate in the tier."""


class Royalty(Table):
    """A running royalty on sales."""

    also_called: ClassVar = {"floor": "minimum", "maximum": "cap", "min": "minimum", "max": "cap"}

    rate: ShareByYear | None = None
    """Royalty rate."""
    tiers: Annotated[tuple[Tier, ...], Field(max_length=50)] | None = None
    """Marginal tiers, in place of a rate."""
    base: Literal["period", "cumulative"] = "period"
    """Whether tiers count the sales of a year or all sales so far."""
    deductions: ShareByYear | None = None
    """Share of the sales that bears no royalty: returns, taxes, freight."""
    minimum: AmountByYear | None = None
    """Minimum royalty a year, owed while the partner is alive."""
    cap: AmountByYear | None = None
    """Most royalty a year."""
    lifetime_cap: Amount | None = None
    """Most royalty over the whole term."""
    years: Years | None = None
    """Term of the royalty; to the horizon without it."""


class Milestone(Table):
    """A payment that is due when something is reached."""

    name: LabelField = ""
    """What is reached."""
    amount: Amount
    """The payment."""
    year: Years | None = None
    """When it is due, in years from the signing."""
    probability: Share | None = None
    """Probability that it is reached, given that those before were."""
    sales_above: Amount | None = None
    """Cumulative sales at which it is due, in place of a year."""
    stage: LabelField | None = None
    """Name of a stage of [development]: due when that ends, if it succeeds; in place of a year."""
    independent: StrictBool = False
    """Whether it may be reached where an earlier one was not."""


class ProfitShare(Table):
    """A share of the licensee's profit."""

    share: ShareByYear
    """Our share of the profit."""
    cost_ratio: ShareByYear | None = None
    """The licensee's cost as a share of sales."""
    cost: AmountByYear | None = None
    """The licensee's fixed cost a year."""


class CostPlus(Table):
    """A price made of cost and markup."""

    cost: AmountByYear
    """Our cost a year that the price is made of; that we bear it stands in [costs]."""
    markup: Markup
    """Markup on it, 0.2 for a fifth."""


class EarnOut(Table):
    """A part of a sale's price that depends on sales."""

    share: ShareByYear
    """Share of the sales."""
    years: Years | None = None
    """How long it runs; to the horizon without it."""


class Deal(Table):
    """The terms: who pays what, when."""

    also_called: ClassVar = {"type": "mode", "lump_sum": "upfront", "royalties": "royalty"}

    mode: Mode = "value"
    """The form of the deal."""
    upfront: Amount | None = None
    """Payment at the signing."""
    milestones: Annotated[tuple[Milestone, ...], Field(max_length=100)] = ()
    """Payments when something is reached, in order."""
    royalty: Royalty | None = None
    """Running royalty on sales."""
    revenue_share: ShareByYear | None = None
    """Our share of the sales."""
    profit_share: ProfitShare | None = None
    """Our share of the licensee's profit."""
    cost_plus: CostPlus | None = None
    """A price made of cost and markup."""
    fee: AmountByYear | None = None
    """Fixed fee a year."""
    minimum_commitment: AmountByYear | None = None
    """Least that the partner pays us a year, all running payments together."""
    price: Amount | None = None
    """Price of a sale, paid at the signing."""
    earn_out: EarnOut | None = None
    """A part of a sale's price that depends on sales."""
    equity: Share | None = None
    """Our share of the joint venture."""
    capital: Amount | None = None
    """Capital of the venture at the signing; we pay our share."""
    capital_annual: AmountByYear | None = None
    """Capital of the venture a year; we pay our share."""
    margin: ShareByYear | None = None
    """Share of the venture's sales that remains after its variable cost."""
    opex: AmountByYear | None = None
    """Fixed cost of the venture a year."""
    exit_multiple: Factor | None = None
    """Value of the venture at the horizon, as a multiple of a year's sales."""
    demand_uplift: Factor | None = None
    """Factor on demand that the cooperation brings: 1.2 for a fifth more."""
    cost_avoided: AmountByYear | None = None
    """Cost a year that we save through what the partner shares with us."""


RUNNING = ("milestones", "royalty", "revenue_share", "profit_share", "cost_plus", "fee", "minimum_commitment")
"""Payments that any deal but a sale and the bare value may have."""

_COMMON = ("mode", "upfront")

MODE_KEYS: dict[str, tuple[str, ...]] = {
    "value": (*_COMMON, "milestones"),
    "licence": (*_COMMON, *RUNNING, "demand_uplift"),
    "sale": (*_COMMON, "price", "earn_out", "milestones"),
    "joint-venture": (
        *(*_COMMON, *RUNNING, "equity", "capital", "capital_annual", "margin", "opex", "exit_multiple"),
        "demand_uplift",
    ),
    "joint-development": (*_COMMON, *RUNNING, "demand_uplift"),
    "sharing": (*_COMMON, *RUNNING, "cost_avoided", "demand_uplift"),
    "cooperation": (*_COMMON, *RUNNING, "demand_uplift", "cost_avoided"),
}
"""The keys of [deal] that have a meaning in each mode."""
