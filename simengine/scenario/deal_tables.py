"""The tables of a deal over years, as types.

A table that is absent costs nothing.  What each key becomes is said, with its formula, in docs/deals.md.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import StrictBool

from simengine.distributions.values import PROBABILITY, Bounds
from simengine.scenario.fields import NumberIn, TermValue
from simengine.scenario.market_tables import Demand, Development, Revenue, Segment
from simengine.scenario.partner_tables import OnePartner, Partner
from simengine.scenario.risk_tables import CostItem, Mitigation
from simengine.scenario.tables import Amount, Drift, Factor, Hazard, LabelField, Share, Table, Years
from simengine.scenario.term_tables import Deal

DiscountRate = Annotated[object, TermValue("share", Bounds(-0.5, 1))]


class Discount(Table):
    """How money of later periods is valued at the signing."""

    also_called: ClassVar = {"discount_rate": "rate", "wacc": "rate", "convention": "timing"}

    rate: DiscountRate | None = None
    """Discount rate a year; a pure rate, without premiums for risks that are simulated."""
    timing: Literal["mid", "end"] = "mid"
    """Whether money of a period counts in its middle or at its end."""


class CrossBorder(Table):
    """Money that crosses a border."""

    also_called: ClassVar = {
        "withholding_tax": "withholding",
        "wht": "withholding",
        "exchange_rate": "rate",
        "fx": "rate",
        "fx_volatility": "volatility",
    }

    withholding: Share | None = None
    """Tax withheld from all payments of the partner but a venture's distributions."""
    dividend_withholding: Share | None = None
    """Tax withheld from a venture's distributions."""
    vat: Share | None = None
    """Value added tax that the payments include and that is not refunded."""
    currency: LabelField = ""
    """The currency of the market, of the terms and of the partner, where it is not that of the scenario."""
    rate: Factor | None = None
    """Exchange rate at the signing: money of the scenario for one unit of that currency."""
    drift: Drift | None = None
    """Expected change of the exchange rate a year."""
    volatility: Hazard | None = None
    """Standard deviation of its yearly logarithmic change."""
    approval: Share | None = None
    """Probability that the authorities approve; without approval nothing is paid and nothing sold."""
    approval_years: Years | None = None
    """Time until they do; sales begin after it."""


class Relief(Table):
    """Relief for income from technology transfer."""

    exempt: Amount
    """Income a year that is free of tax."""
    above: Annotated[float, NumberIn(PROBABILITY)] = 0.5
    """Share of the income above it that is taxed."""


class Tax(Table):
    """Tax on our income from the deal."""

    rate: Share
    """Tax rate."""
    carry_forward: StrictBool = True
    """Whether losses lower the taxable income of later periods; a loss is never paid back."""
    relief: Relief | None = None
    """Relief for income from technology transfer."""


class Deals(Table):
    """The tables that make a deal over years."""

    demand: Demand | None = None
    """How the market value is spread over the periods, and how demand moves."""
    revenue: Revenue | None = None
    """How sales come about, where they are not V times D."""
    segments: dict[str, Segment] = {}
    """Parts of the market, each with a value and a demand of its own, in place of V and D."""
    development: Development | None = None
    """What has to be done before sales begin."""
    partner: Partner | None = None
    """Whether the partner pays, and what the deal is worth to it."""
    partners: dict[str, OnePartner] = {}
    """Several partners, each with a share of the sales."""
    deal: Deal | None = None
    """The terms: who pays what, when."""
    mitigations: dict[str, Mitigation] = {}
    """Measures by name."""
    grants: dict[str, CostItem] = {}
    """Money from third parties, by name."""
    crossborder: CrossBorder | None = None
    """Money that crosses a border."""
    tax: Tax | None = None
    """Tax on our income from the deal."""
