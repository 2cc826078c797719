"""The tables of a deal over years that say who pays: one partner, or several."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import StrictBool

from simengine.distributions.values import Bounds
from simengine.scenario.fields import NumberIn
from simengine.scenario.tables import Amount, AmountByYear, Growth, Share, ShareByYear, Table, Years

Rating = Literal["BBB", "BB", "B", "CCC"]


class Replacement(Table):
    """A partner who takes over after a default."""

    years: Years
    """Time until it pays."""
    share: Share | None = None
    """Share of the claim that it pays; all without it."""


class Partner(Table):
    """Whether the partner pays, and what the deal is worth to it."""

    also_called: ClassVar = {"default_rate": "annual_default", "hazard": "annual_default", "royalty": "margin"}

    mode: Literal["factor", "survival", "pool"] = "factor"
    """R as the share collected, as the probability of paying to the end, or a pool of many partners."""
    rating: Rating | None = None
    """A rating letter, which stands for a table of cumulative default probabilities by year."""
    annual_default: Share | None = None
    """Probability of default within a year, instead of a rating."""
    correlation: Annotated[float, NumberIn(Bounds(0, 1, high_open=True))] | None = None
    """Correlation of defaults (one-factor Gaussian copula); for a pool, and for several partners."""
    recovery: Share | None = None
    """Share of what is unpaid that is recovered in the period of the default."""
    replacement: Replacement | None = None
    """A partner who takes over after a default."""
    margin: ShareByYear | None = None
    """Share of its sales that the partner keeps before it pays us; the value of the deal to it is then reported."""
    launch_cost: Amount | None = None
    """What it invests before sales begin."""
    annual_cost: AmountByYear | None = None
    """Its fixed cost a year."""
    discount_rate: Growth | None = None
    """Its discount rate a year; ours without it."""
    walk_away: StrictBool = False
    """Whether it launches only where, with all known, that is worth its cost under the terms."""


class OnePartner(Table):
    """One of several partners."""

    share: Share
    """Its share of the sales."""
    rating: Rating | None = None
    """A rating letter, which stands for a table of cumulative default probabilities by year."""
    annual_default: Share | None = None
    """Probability of default within a year, instead of a rating."""
    recovery: Share | None = None
    """Share of what is unpaid that is recovered in the period of the default."""
