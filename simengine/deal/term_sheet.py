"""The terms of a deal over years in words: who pays what, when, and what may happen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simengine.deal.kinds import amount_unit
from simengine.scenario.definition import Definition
from simengine.scenario.risk_tables import Event
from simengine.scenario.term_tables import Deal
from simengine.scenario.terms import Term, Terms

_FORMS = {
    "value": "the value itself is ours: no terms are agreed",
    "licence": "licence",
    "sale": "outright sale",
    "joint-venture": "joint venture",
    "joint-development": "joint development",
    "sharing": "technology sharing",
    "cooperation": "strategic cooperation",
}


def term_sheet(definition: Definition) -> tuple[str, ...]:
    """The terms line by line, each ``heading: text``; nothing for plain models."""
    return tuple(_Sheet(definition, definition.terms).lines()) if definition.terms is not None else ()


class _Sheet:
    """Words for the tables of one strategy."""

    def __init__(self, definition: Definition, terms: Terms) -> None:
        self.definition = definition
        self.terms = terms

    def lines(self) -> Iterator[str]:
        """All lines, in the order in which a term sheet has them."""
        deal = self.terms.tables.deal or Deal()
        grid = self.definition.grid
        periods = "" if grid.length == 1.0 else f" in {grid.periods} periods"
        yield f"form: {_FORMS[deal.mode]}, {grid.horizon:g} years{periods}"
        at_signing = [self.amount(key) for key in ("deal.upfront", "deal.price") if key in self.terms.values]
        if at_signing:
            yield f"at the signing: {' and '.join(at_signing)}"
        yield from self._milestones(deal)
        yield from self._royalty(deal)
        yield from self._running(deal)
        yield from self._venture(deal)
        yield from self._partner()
        yield from self._border()
        for name, event in self.terms.events.items():
            yield f"risk {name}: {self._risk(f'risks.{name}', event)}"
        yield from self._costs()
        if self.terms.mitigations:
            yield f"measures: {', '.join(self.terms.mitigations)}"
        rate = "scenario.discount.rate"
        if rate in self.terms.values:
            when = "at the end" if self.terms.discount.timing == "end" else "in the middle"
            yield f"discounting: {self.share(rate)} a year, {when} of each period"

    # ---- values ----

    def amount(self, key: str) -> str:
        """An amount with its unit."""
        term = self.terms.values[key]
        return f"{self._shown(term, 1.0)} {amount_unit(self.definition, term)}".strip()

    def number(self, key: str) -> str:
        """A number as it is."""
        return self._shown(self.terms.values[key], 1.0)

    def share(self, key: str) -> str:
        """A share in percent."""
        term = self.terms.values[key]
        return self._shown(term, 1.0) if term.formula else f"{self._shown(term, 100.0)} %"

    def _shown(self, term: Term, times: float) -> str:
        if term.formula:
            return f"(= {term.formula})"
        if term.periods:
            listed = [f"{times * value:.4g}" for value in term.periods]
            return (
                "/".join(dict.fromkeys(listed)) if len(set(listed)) < 4 else f"{listed[0]}/{listed[1]}/.../{listed[-1]}"
            )
        assert term.input is not None
        marginal = term.input.marginal
        if marginal.constant is not None:
            return f"{times * marginal.constant:.6g}"
        low, high = (times * float(value) for value in marginal.quantile(np.array([0.05, 0.95])))
        return f"{low:.3g} to {high:.3g}"

    def _has(self, key: str) -> bool:
        return key in self.terms.values

    def _optional(self, text: str, key: str, show: str = "amount") -> str:
        """``text`` with the value put in, where there is one."""
        return text.format(getattr(self, show)(key)) if self._has(key) else ""

    # ---- clauses ----

    def _milestones(self, deal: Deal) -> Iterator[str]:
        for index, milestone in enumerate(deal.milestones):
            key = f"deal.milestones[{index}]"
            name = f" ({milestone.name})" if milestone.name else ""
            when = self._optional("in year {}", f"{key}.year", "number")
            when = when or self._optional("when sales pass {}", f"{key}.sales_above")
            when = when or (f"when {milestone.stage} is done" if getattr(milestone, "stage", "") else "")
            odds = self._optional(", probability {}", f"{key}.probability", "share")
            yield f"milestone {index + 1}{name}: {self.amount(f'{key}.amount')} {when}{odds}"

    def _royalty(self, deal: Deal) -> Iterator[str]:
        key = "deal.royalty"
        if deal.royalty is None:
            return
        parts = []
        if deal.royalty.tiers is None:
            parts.append(f"{self.share(f'{key}.rate')} of sales")
        else:
            base = "all sales so far" if deal.royalty.base == "cumulative" else "the sales of a year"
            for index, tier in enumerate(deal.royalty.tiers):
                rate = self.share(f"{key}.tiers[{index}].rate")
                bound = f" up to {self.amount(f'{key}.tiers[{index}].up_to')}" if tier.up_to is not None else " beyond"
                parts.append(f"{rate}{bound}")
            parts[0] = f"on {base} {parts[0]}"
        parts.append(self._optional("less deductions of {}", f"{key}.deductions", "share"))
        parts.append(self._optional("at least {} a year", f"{key}.minimum"))
        parts.append(self._optional("at most {} a year", f"{key}.cap"))
        parts.append(self._optional("at most {} in all", f"{key}.lifetime_cap"))
        parts.append(self._optional("for {} years", f"{key}.years", "number"))
        yield f"royalty: {', '.join(part for part in parts if part)}"

    def _running(self, deal: Deal) -> Iterator[str]:
        phrases = (
            ("share of sales", "{}", "deal.revenue_share", "share"),
            ("share of profit", "{}", "deal.profit_share.share", "share"),
            ("cost plus", "cost with a markup of {}", "deal.cost_plus.markup", "share"),
            ("fee", "{} a year", "deal.fee", "amount"),
            ("least in all", "{} a year", "deal.minimum_commitment", "amount"),
            ("earn-out", "{} of sales", "deal.earn_out.share", "share"),
            ("cost avoided", "{} a year", "deal.cost_avoided", "amount"),
            ("demand", "times {}", "deal.demand_uplift", "number"),
        )
        for heading, text, key, show in phrases:
            if self._has(key):
                yield f"{heading}: {self._optional(text, key, show)}"

    def _venture(self, deal: Deal) -> Iterator[str]:
        if deal.mode != "joint-venture":
            return
        parts = [f"{self.share('deal.equity')} of the venture" if self._has("deal.equity") else ""]
        parts.append(self._optional("capital {}", "deal.capital"))
        parts.append(self._optional("{} a year", "deal.capital_annual"))
        parts.append(self._optional("margin {}", "deal.margin", "share"))
        parts.append(self._optional("exit at {} times a year's sales", "deal.exit_multiple", "number"))
        yield f"our share: {', '.join(part for part in parts if part)}"

    def _partner(self) -> Iterator[str]:
        partner = self.terms.tables.partner
        if self.terms.tables.partners:
            yield f"partners: {', '.join(self.terms.tables.partners)}, each may default"
        elif partner is None or partner.mode == "factor":
            if "R" in self.definition.inputs:
                yield "partner: pays the share R of what it owes"
        else:
            how = f"rated {partner.rating}" if partner.rating else "as likely as R says"
            if self._has("partner.annual_default"):
                how = f"{self.share('partner.annual_default')} a year"
            kind = "a pool of partners, defaults" if partner.mode == "pool" else "pays until it defaults,"
            recovery = self._optional("; {} of what is unpaid is recovered", "partner.recovery", "share")
            yield f"partner: {kind} {how}{recovery}"
        if partner is not None and partner.walk_away:
            yield "walk-away: the partner launches only where that is worth its cost"

    def _border(self) -> Iterator[str]:
        border = self.terms.tables.crossborder
        if border is not None:
            parts = [f"the market pays in {border.currency}" if border.currency else ""]
            parts.append(self._optional("at {}", "crossborder.rate", "number"))
            parts.append(self._optional("{} withheld", "crossborder.withholding", "share"))
            parts.append(self._optional("value added tax {}", "crossborder.vat", "share"))
            parts.append(self._optional("approved with probability {}", "crossborder.approval", "share"))
            yield f"border: {', '.join(part for part in parts if part)}"
        tax = self.terms.tables.tax
        if tax is not None:
            carried = ", losses carried forward" if tax.carry_forward else ""
            relief = self._optional(", {} a year exempt", "tax.relief.exempt")
            yield f"tax: {self.share('tax.rate')}{carried}{relief}"

    def _costs(self) -> Iterator[str]:
        """Costs and grants over years, and those at the signing."""
        for name, spec in self.definition.costs.items():
            term = Term(spec.name, spec.key, "amount", input=spec)
            yield f"cost {name}: {self._shown(term, 1.0)} {self.definition.money}".rstrip()
        named = [*((f"cost {n}", f"costs.{n}") for n in self.terms.costs)]
        named += [(f"grant {n}", f"grants.{n}") for n in self.terms.tables.grants]
        for heading, key in named:
            parts = [self._optional("{} at the signing", f"{key}.upfront")]
            growing = self._optional(", growing {} a year", f"{key}.growth", "share")
            parts.append(self._optional("{} a year", f"{key}.annual") + growing)
            parts.append(self._optional("{} of sales", f"{key}.share_of_sales", "share"))
            yield f"{heading}: {', '.join(part for part in parts if part)}"

    def _risk(self, key: str, event: Event) -> str:
        """When a risk happens and what it does."""
        parts = [
            self._optional("{} a year", f"{key}.rate", "number"),
            self._optional("{} a year", f"{key}.annual_probability", "share"),
            self._optional("probability {}", f"{key}.probability", "share"),
            f"{event.frequency:g} losses a year" if event.frequency is not None else "",
            f"up to {event.entrants} times" if event.entrants > 1 else "",
            self._optional("takes {} of sales", f"{key}.severity", "share"),
            self._optional("prices fall {} a year", f"{key}.price_erosion", "share"),
            self._optional("costs {}", f"{key}.cost"),
            self._optional("fine {} of a year's sales", f"{key}.fine", "share"),
            self._optional("cuts payments by {}", f"{key}.claim_cut", "share"),
            self._optional("ends the deal with probability {}", f"{key}.terminates", "share"),
            "we may sue" if event.litigation is not None else "",
        ]
        return ", ".join(part for part in parts if part)
