"""The terms: what the partner owes us in each period, at the signing, and what a venture distributes."""

from __future__ import annotations

from simengine.deal.book import Book, identifier
from simengine.deal.clauses.market import has, living
from simengine.scenario.term_tables import Deal

EQUITY = "joint-venture"


def due(time: str) -> str:
    """1 in the period that holds a point in time, else 0."""
    return f"(year - period < {time} and {time} <= year)"


def term(years: str) -> str:
    """The share of each period that lies within a term from the signing."""
    return f"clip(({years} - (year - period)) / period, 0, 1)"


def reached_milestones(book: Book) -> None:
    """Which milestones with a probability are reached: each after those before it, unless it is independent."""
    deal = book.tables.deal or Deal()
    before = ""
    for index, milestone in enumerate(deal.milestones):
        key, name = f"deal.milestones[{index}]", f"milestone_{index + 1}"
        if f"{key}.probability" not in book:
            continue
        own = book.happens(f"{name}_met", f"{key}.probability", "deal", f"whether {milestone.name or name} is met")
        if milestone.independent:
            continue
        before = book.add(
            f"{name}_reached", book.product(before, own), "deal", f"whether {milestone.name or name} is reached", key
        )


def claim(book: Book, sales: str, prefix: str = "") -> str:
    """Write what the partner owes in each period when sales are ``sales``; the name of the claim.

    With a ``prefix`` all formulas are those of another course of sales: before a walk-away, or without a leak.
    """
    deal = book.tables.deal or Deal()
    writer = _Claim(book, deal, sales, prefix)
    if deal.mode == "value":
        parts, fixed = [sales], [*writer.milestones()]
    elif deal.mode == "sale":
        parts, fixed = writer.earn_out(), writer.milestones()
    else:
        parts, fixed = writer.running(), writer.milestones()
    return writer.finish(parts, fixed)


class _Claim:
    """The clauses of a claim on one course of sales."""

    def __init__(self, book: Book, deal: Deal, sales: str, prefix: str) -> None:
        self.book = book
        self.deal = deal
        self.sales = sales
        self.prefix = prefix

    def add(self, name: str, text: str, title: str, key: str) -> str:
        """Write a formula under its name in this course of sales."""
        return self.book.add(f"{self.prefix}{name}", text, "deal", title, key)

    def finish(self, parts: list[str], milestones: list[str]) -> str:
        """Sum up, after what stops payments: failure, the end of the contract, a dispute."""
        book, live = self.book, living(self.book)
        stops = []
        if live != "1" and self.deal.mode not in ("value",):
            stops.append(live)
        for risk in book.terms.events:
            name = identifier(risk)
            stops += [f"(1 - {part})" for part in (f"{name}_ended", f"{name}_cut") if has(book, part)]
        running = book.total(parts)
        if stops and parts:
            running = book.product(f"({running})" if len(parts) > 1 else running, *stops)
        text = book.total([*([running] if parts else []), *milestones])
        return self.add("claim", text, "what the partner owes for the period", "deal")

    def running(self) -> list[str]:
        """The running payments by name."""
        book, deal = self.book, self.deal
        parts = []
        if deal.royalty is not None:
            parts.append(self.royalty())
        if "deal.revenue_share" in book:
            text = f"{book['deal.revenue_share']} * {self.sales}"
            parts.append(self.add("revenue_share", text, "share of the sales", "deal.revenue_share"))
        if deal.profit_share is not None:
            parts.append(self.profit_share())
        if deal.cost_plus is not None:
            text = f"{book['deal.cost_plus.cost']} * period * (1 + {book['deal.cost_plus.markup']})"
            parts.append(self.add("cost_plus", text, "cost and markup", "deal.cost_plus"))
        if "deal.fee" in book:
            parts.append(self.add("fee", f"{book['deal.fee']} * period", "fixed fee", "deal.fee"))
        if deal.mode == EQUITY:
            parts.append(self.distribution())
        if "deal.minimum_commitment" in book:
            text = f"floor({book.total(parts)}, {book['deal.minimum_commitment']} * period)"
            title = "running payments, at least what the partner committed to"
            parts = [self.add("committed", text, title, "deal.minimum_commitment")]
        return parts

    def royalty(self) -> str:
        """The royalty, step by step: base, rate or tiers, minimum, cap, term, cap over the whole term."""
        book, royalty = self.book, self.deal.royalty
        assert royalty is not None
        key = "deal.royalty"
        base = self.sales
        if f"{key}.deductions" in book:
            text = f"{self.sales} * (1 - {book[f'{key}.deductions']})"
            base = self.add("royalty_base", text, "sales that bear the royalty", f"{key}.deductions")
        steps = [self._earned(base)]
        if f"{key}.minimum" in book:
            steps.append(f"floor({steps[-1]}, {book[f'{key}.minimum']} * period)")
        if f"{key}.cap" in book:
            steps.append(f"cap({steps[-1]}, {book[f'{key}.cap']} * period)")
        if f"{key}.years" in book:
            steps.append(f"{steps[-1]} * {term(book[f'{key}.years'])}")
        if f"{key}.lifetime_cap" in book:
            due_name = self.add("royalty_due", steps[-1], "royalty before the cap over the whole term", key)
            text = f"cap(cumsum({due_name}), {book[f'{key}.lifetime_cap']})"
            paid = self.add("royalty_to_date", text, "royalty up to the period, at most the cap", f"{key}.lifetime_cap")
            steps.append(f"{paid} - lag({paid})")
        return self.add("royalty", steps[-1], "royalty of the period", key)

    def _earned(self, base: str) -> str:
        book, royalty = self.book, self.deal.royalty
        assert royalty is not None
        if royalty.tiers is None:
            return f"{base} * {book['deal.royalty.rate']}"
        cumulative = royalty.base == "cumulative"
        steps = []
        for index, tier in enumerate(royalty.tiers):
            key = f"deal.royalty.tiers[{index}]"
            if tier.up_to is not None:
                steps.append(book[f"{key}.up_to"] if cumulative else f"{book[f'{key}.up_to']} * period")
            steps.append(book[f"{key}.rate"])
        if not cumulative:
            return self.add("royalty_earned", f"tiers({base}, {', '.join(steps)})", "by tiers", "deal.royalty.tiers")
        text = f"tiers(cumsum({base}), {', '.join(steps)})"
        total = self.add("royalty_total", text, "by tiers, on all sales so far", "deal.royalty.tiers")
        return self.add("royalty_earned", f"{total} - lag({total})", "by tiers", "deal.royalty.tiers")

    def profit_share(self) -> str:
        """A share of the profit; a loss is not shared."""
        book, key = self.book, "deal.profit_share"
        profit = self.sales
        if f"{key}.cost_ratio" in book:
            profit = f"{self.sales} * (1 - {book[f'{key}.cost_ratio']})"
        if f"{key}.cost" in book:
            profit += f" - {book[f'{key}.cost']} * period"
        text = f"{book[f'{key}.share']} * max({profit}, 0)"
        return self.add("profit_share", text, "share of the licensee's profit", key)

    def distribution(self) -> str:
        """Our share of what the venture earns; of its losses too."""
        book = self.book
        earned = book.product(self.sales, book.get("deal.margin", ""))
        costs = [f"{book['deal.opex']} * period"] if "deal.opex" in book else []
        costs += ["serving_cost"] if has(book, "serving_cost") else []
        cash = self.add("venture_cash_flow", " - ".join([earned, *costs]), "what the venture earns", "deal")
        return self.add("distribution", f"{book['deal.equity']} * {cash}", "our share of it", "deal.equity")

    def earn_out(self) -> list[str]:
        """The part of a price that depends on sales."""
        book, key = self.book, "deal.earn_out"
        if self.deal.earn_out is None:
            return []
        text = f"{book[f'{key}.share']} * {self.sales}"
        if f"{key}.years" in book:
            text += f" * {term(book[f'{key}.years'])}"
        return [self.add("earn_out", text, "part of the price that depends on sales", key)]

    def milestones(self) -> list[str]:
        """Payments when something is reached, together."""
        book = self.book
        parts = []
        for index, milestone in enumerate(self.deal.milestones):
            key, name = f"deal.milestones[{index}]", f"milestone_{index + 1}"
            if milestone.year is not None:
                when = due(book[f"{key}.year"])
            else:
                total, bound = f"cumsum({self.sales})", book[f"{key}.sales_above"]
                when = f"(({total} >= {bound}) - lag({total} >= {bound}))"
            met = ""
            if f"{key}.probability" in book:
                met = f"{name}_met" if milestone.independent else f"{name}_reached"
            else:
                earlier = [k for k in range(index) if f"deal.milestones[{k}].probability" in book]
                earlier = [k for k in earlier if not self.deal.milestones[k].independent]
                if earlier and not milestone.independent and milestone.year is not None:
                    met = f"milestone_{earlier[-1] + 1}_reached"
            parts.append(book.product(book[f"{key}.amount"], met, when))
        if not parts:
            return []
        paid = book.total(parts)
        if has(book, "approved"):
            paid = f"({paid}) * approved" if len(parts) > 1 else f"{paid} * approved"
        return [self.add("milestones", paid, "milestone payments of the period", "deal.milestones")]


def upfront(book: Book) -> list[str]:
    """Payments at the signing, by their names."""
    approved = "approved" if has(book, "approved") else ""
    return [book.product(book[key], approved) for key in ("deal.upfront", "deal.price") if key in book]


def exit_value(book: Book) -> None:
    """What our share of a venture is worth at the horizon."""
    if "deal.exit_multiple" in book:
        text = f"where(year >= horizon, {book['deal.equity']} * {book['deal.exit_multiple']} * sales / period, 0)"
        book.add("exit_value", text, "deal", "our share of the venture's value at the horizon", "deal.exit_multiple")
