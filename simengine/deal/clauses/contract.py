"""The terms: what the partner owes us in each period, at the signing, and what a venture distributes."""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses.course import (
    ACTUAL,
    Course,
    active,
    ends,
    goes_on,
    in_force,
    lasts,
    on_market,
    rate,
    spot,
    stops,
    term_of_sales,
)
from simengine.deal.clauses.market import has, sells
from simengine.deal.clauses.milestones import milestones
from simengine.scenario.term_tables import Deal

EQUITY = "joint-venture"


def claim(book: Book, sales: str, course: Course = ACTUAL) -> str:
    """Write what the partner owes in each period when sales are ``sales``; the name of the claim.

    In any but the actual course all formulas have the names of that course.
    """
    return _Claim(book, sales, course).written()


class _Claim:
    """The clauses of a claim on one course of sales."""

    def __init__(self, book: Book, sales: str, course: Course) -> None:
        self.book = book
        self.deal = book.tables.deal or Deal()
        self.sales = sales
        self.course = course

    def add(self, name: str, text: str, title: str, key: str) -> str:
        """Write a formula under its name in this course of sales."""
        return self.course.add(self.book, name, text, "deal", title, key)

    def written(self) -> str:
        """Sum up: running payments, after what ends or cuts them, and milestones."""
        book = self.book
        parts = {"value": lambda: [self.sales], "sale": self.earn_out}.get(self.deal.mode, self.running)()
        fixed = milestones(book, self.sales, self.course)
        running = [_stopped(book, parts, self.course)] if parts else []
        return self.add("claim", book.total([*running, *fixed]), "what the partner owes for the period", "deal")

    def per_year(self, key: str) -> str:
        """An amount a year, for the share of each period in which the deal is in force."""
        return self.book.product(self.book[key], "period", in_force(self.book, self.course))

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
            text = f"{text} * {term_of_sales(book, book[f'{key}.years'])}"
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
        """What the venture pays us: our share of what it earns; of its losses we bear that share by ourselves."""
        book, course = self.book, self.course
        earned = book.product(self.sales, book.get("deal.margin"))
        costs = [self.per_year("deal.opex")] if "deal.opex" in book else []
        serving = f"{course.prefix}serving_cost"
        costs += [serving if has(book, serving) else "serving_cost"] if has(book, "serving_cost") else []
        cash = self.add("venture_cash_flow", " - ".join([earned, *costs]), "what the venture earns", "deal")
        text = f"{book['deal.equity']} * {cash}"
        share = self.add("distribution", text, "our share of what the venture earns or loses", "deal.equity")
        text = book.product(f"max(-{share}, 0)", *ends(book, course))
        self.add("venture_loss", text, "our share of what the venture loses, borne in full", "deal.equity")
        return f"max({share}, 0)"

    def earn_out(self) -> list[str]:
        """The part of a price that depends on sales."""
        book, key = self.book, "deal.earn_out"
        if self.deal.earn_out is None:
            return []
        text = f"{book[f'{key}.share']} * {self.sales}"
        if f"{key}.years" in book:
            text += f" * {term_of_sales(book, book[f'{key}.years'])}"
        return [self.add("earn_out", text, "part of the price that depends on sales", key)]


def _stopped(book: Book, parts: list[str], course: Course) -> str:
    """Running payments after what ends or cuts them."""
    left, total = stops(book, course), book.total(parts)
    return book.product(f"({total})" if left and len(parts) > 1 else total, *left)


def upfront(book: Book) -> list[str]:
    """Payments at the signing, each as a product."""
    approved = "approved" if has(book, "approved") else ""
    return [book.product(book[key], approved) for key in ("deal.upfront", "deal.price") if key in book]


def distributed(book: Book, course: Course = ACTUAL) -> str:
    """The text of what a venture distributes to us, as far as it is part of the claim."""
    name = f"{course.prefix}distribution"
    return _stopped(book, [f"max({name if has(book, name) else 'distribution'}, 0)"], course)


def venture(book: Book) -> None:
    """The capital that we pay into a venture, and what our share of it is worth at the horizon."""
    if "deal.capital" in book:
        approved = "approved" if has(book, "approved") else ""
        text = book.product(book["deal.equity"], book["deal.capital"], approved, spot(book))
        book.add("capital_paid", text, "costs", "our share of the venture's capital, at the signing", "deal.capital")
    capital_calls(book)
    exit_value(book, sells(book))


def capital_calls(book: Book, course: Course = ACTUAL) -> list[str]:
    """Our share of the capital of each period, as long as the venture goes on: by name, nothing without any."""
    if "deal.capital_annual" not in book:
        return []
    text = book.product(book["deal.equity"], called(book, course), rate(book))
    title = "our share of the venture's capital calls"
    return [course.add(book, "capital_calls", text, "costs", title, "deal.capital_annual")]


def called(book: Book, course: Course = ACTUAL) -> str:
    """The capital that both sides pay into a venture in each period."""
    lasting = [on_market(book), *ends(book, course)] if course.potential else [goes_on(book, course)]
    return book.product(book["deal.capital_annual"], "period", *lasting, active(book, course))


def exit_value(book: Book, sales: str, course: Course = ACTUAL) -> str:
    """What our share of a venture is worth at the horizon: by name, nothing without an exit.

    A venture that an event has ended is worth nothing to either side, and so is one whose partner is in default.
    """
    if "deal.exit_multiple" not in book:
        return ""
    remains = "partner_remains" if active(book, course) else ""
    money = "" if course.potential else rate(book)
    worth = book.product(book["deal.exit_multiple"], sales, remains, *lasts(book, "horizon", course), money)
    text = f"where(year >= horizon, {worth} / period, 0)"
    title = "value of the venture at the horizon"
    value = course.add(book, "venture_value", text, "deal", title, "deal.exit_multiple")
    if course.potential:
        return value
    text = f"{book['deal.equity']} * {value}"
    title = "our share of the venture's value at the horizon"
    return course.add(book, "exit_value", text, "deal", title, "deal.equity")
