"""The terms: what the partner owes us in each period, at the signing, and what a venture distributes."""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses.course import goes_on, in_force, rate, spot, stops, term, walks
from simengine.deal.clauses.market import has
from simengine.deal.clauses.milestones import early_milestones, milestones
from simengine.scenario.term_tables import Deal

EQUITY = "joint-venture"


def claim(book: Book, sales: str, prefix: str = "", spared: str = "") -> str:
    """Write what the partner owes in each period when sales are ``sales``; the name of the claim.

    With a ``prefix`` all formulas are those of another course of sales: before a walk-away, or without the event
    ``spared``.
    """
    return _Claim(book, sales, prefix, spared).written()


class _Claim:
    """The clauses of a claim on one course of sales."""

    def __init__(self, book: Book, sales: str, prefix: str, spared: str) -> None:
        self.book = book
        self.deal = book.tables.deal or Deal()
        self.sales = sales
        self.prefix = prefix
        self.spared = spared

    def add(self, name: str, text: str, title: str, key: str) -> str:
        """Write a formula under its name in this course of sales."""
        return self.book.add(f"{self.prefix}{name}", text, "deal", title, key)

    def written(self) -> str:
        """Sum up: running payments, after what ends or cuts them, and milestones."""
        book = self.book
        parts = {"value": lambda: [self.sales], "sale": self.earn_out}.get(self.deal.mode, self.running)()
        fixed = milestones(book, self.sales, self.prefix, self.spared)
        running = [_stopped(book, parts, self.spared)] if parts else []
        return self.add("claim", book.total([*running, *fixed]), "what the partner owes for the period", "deal")

    def per_year(self, key: str) -> str:
        """An amount a year, for the share of each period in which the deal is in force."""
        return self.book.product(self.book[key], "period", in_force(self.book))

    def running(self) -> list[str]:
        """The running payments by name."""
        book, deal = self.book, self.deal
        parts = []
        if deal.royalty is not None:
            parts.append(self.royalty())
        if "deal.revenue_share" in book:
            text = f"{book['deal.revenue_share']} * {self.sales}"
            parts.append(self.add("revenue_share", text, "our share of the sales", "deal.revenue_share"))
        if deal.profit_share is not None:
            parts.append(self.profit_share())
        if deal.cost_plus is not None:
            text = f"{self.per_year('deal.cost_plus.cost')} * (1 + {book['deal.cost_plus.markup']})"
            parts.append(self.add("cost_plus", text, "our cost and the markup on it", "deal.cost_plus"))
        if "deal.fee" in book:
            parts.append(self.add("fee", self.per_year("deal.fee"), "fixed fee", "deal.fee"))
        if deal.mode == EQUITY:
            parts.append(self.distribution())
        if "deal.minimum_commitment" in book:
            least = self.per_year("deal.minimum_commitment")
            text = f"floor({book.total(parts)}, {least})" if parts else least
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
        text = self._earned(base)
        if f"{key}.minimum" in book:
            text = f"floor({text}, {self.per_year(f'{key}.minimum')})"
        if f"{key}.cap" in book:
            text = f"cap({text}, {book[f'{key}.cap']} * period)"
        if f"{key}.years" in book:
            text = f"{text} * {term(book[f'{key}.years'])}"
        if f"{key}.lifetime_cap" in book:
            owed = self.add("royalty_owed", text, "royalty before the cap over the whole term", key)
            text = f"cap(cumsum({owed}), {book[f'{key}.lifetime_cap']})"
            title = "royalty up to the end of the period, at most the cap over the whole term"
            paid = self.add("royalty_to_date", text, title, f"{key}.lifetime_cap")
            text = f"{paid} - lag({paid})"
        return self.add("royalty", text, "royalty of the period", key)

    def _earned(self, base: str) -> str:
        """The royalty by its rate or its tiers, before minimum and caps."""
        book, royalty = self.book, self.deal.royalty
        assert royalty is not None
        if royalty.tiers is None:
            return f"{base} * {book['deal.royalty.rate']}"
        cumulative, key = royalty.base == "cumulative", "deal.royalty.tiers"
        steps = []
        for index, tier in enumerate(royalty.tiers):
            if tier.up_to is not None:
                bound = book[f"{key}[{index}].up_to"]
                steps.append(bound if cumulative else f"{bound} * period")
            steps.append(book[f"{key}[{index}].rate"])
        if not cumulative:
            text = f"tiers({base}, {', '.join(steps)})"
            return self.add("royalty_by_tiers", text, "royalty on the sales of the period, tier by tier", key)
        text = f"tiers(cumsum({base}), {', '.join(steps)})"
        total = self.add("royalty_so_far", text, "royalty on all sales so far, tier by tier", key)
        return self.add("royalty_by_tiers", f"{total} - lag({total})", "of which for the period", key)

    def profit_share(self) -> str:
        """A share of the profit; a loss is not shared."""
        book, key = self.book, "deal.profit_share"
        profit = self.sales
        if f"{key}.cost_ratio" in book:
            profit = f"{self.sales} * (1 - {book[f'{key}.cost_ratio']})"
        if f"{key}.cost" in book:
            profit += f" - {self.per_year(f'{key}.cost')}"
        text = f"{book[f'{key}.share']} * max({profit}, 0)"
        return self.add("profit_share", text, "our share of the licensee's profit; of no loss", key)

    def distribution(self) -> str:
        """Our share of what the venture earns; of its losses too."""
        book = self.book
        earned = book.product(self.sales, book.get("deal.margin"))
        costs = [self.per_year("deal.opex")] if "deal.opex" in book else []
        costs += ["serving_cost"] if has(book, "serving_cost") else []
        cash = self.add("venture_cash_flow", " - ".join([earned, *costs]), "what the venture earns", "deal")
        text = f"{book['deal.equity']} * {cash}"
        return self.add("distribution", text, "our share of what the venture earns or loses", "deal.equity")

    def earn_out(self) -> list[str]:
        """The part of a price that depends on sales."""
        book, key = self.book, "deal.earn_out"
        if self.deal.earn_out is None:
            return []
        text = f"{book[f'{key}.share']} * {self.sales}"
        if f"{key}.years" in book:
            text += f" * {term(book[f'{key}.years'])}"
        return [self.add("earn_out", text, "part of the price that depends on sales", key)]


def _stopped(book: Book, parts: list[str], spared: str = "") -> str:
    """Running payments after what ends or cuts them."""
    left, total = stops(book, spared), book.total(parts)
    return book.product(f"({total})" if left and len(parts) > 1 else total, *left)


def decided(book: Book) -> None:
    """The claim where the partner decides at the launch: what it owes before, and after it if it launches."""
    text = book.total([*early_milestones(book), "potential_claim * launched"])
    book.add("claim", text, "deal", "what the partner owes for the period", "partner.walk_away")


def upfront(book: Book) -> list[str]:
    """Payments at the signing, each as a product."""
    approved = "approved" if has(book, "approved") else ""
    return [book.product(book[key], approved) for key in ("deal.upfront", "deal.price") if key in book]


def distributed(book: Book) -> str:
    """The name of what a venture distributes to us, as far as it is part of the claim."""
    name = "potential_distribution" if walks(book) else "distribution"
    text = book.product(_stopped(book, [name]), "launched" if walks(book) else "")
    return name if text == name else book.add("distributed", text, "deal", "what is distributed to us", "deal.equity")


def venture(book: Book) -> None:
    """The capital that we pay into a venture, and what our share of it is worth at the horizon."""
    approved = "approved" if has(book, "approved") else ""
    if "deal.capital" in book:
        text = book.product(book["deal.equity"], book["deal.capital"], approved, spot(book))
        book.add("capital_paid", text, "costs", "our share of the venture's capital, at the signing", "deal.capital")
    if "deal.capital_annual" in book:
        text = book.product(book["deal.equity"], book["deal.capital_annual"], "period", goes_on(book), rate(book))
        book.add("capital_calls", text, "costs", "our share of the venture's capital calls", "deal.capital_annual")
    if "deal.exit_multiple" in book:
        multiple = book["deal.exit_multiple"]
        ends = [stop for stop in stops(book) if stop.endswith("_ended)")]
        worth = book.product(multiple, "sales", *ends, rate(book)) + " / period"
        text = f"where(year >= horizon, {worth}, 0)"
        book.add("venture_value", text, "deal", "value of the venture at the horizon", "deal.exit_multiple")
        text = f"{book['deal.equity']} * venture_value"
        book.add("exit_value", text, "deal", "our share of the venture's value at the horizon", "deal.equity")
