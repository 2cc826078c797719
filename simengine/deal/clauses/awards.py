"""What courts award after an event: a share of what it cost us, whenever that would have arrived.

What an event cost us is the difference of two courses: the one that happens, and the same without the event.  Both run
through the same clauses, so that what was spared (the cost of serving, costs that follow sales, costs of a deal that
has ended) is taken off, and collection, the legal share and taxes on payments are those of either course.
"""

from __future__ import annotations

from collections.abc import Sequence

from simengine.deal.book import Book, identifier
from simengine.deal.clauses import contract, market, money
from simengine.deal.clauses.course import Course, without
from simengine.deal.clauses.events import avoided
from simengine.deal.clauses.market import falls, has
from simengine.scenario.term_tables import Deal


def awards(book: Book) -> None:
    """Awards of all suits; together they never exceed what all those events cost us together."""
    sued = [n for n, event in book.terms.events.items() if event.litigation is not None and not avoided(book, n)]
    for risk in sued:
        name, key = identifier(risk), f"risks.{risk}"
        suit = f"{key}.litigation"
        value = _cost(book, without(name, prefix=f"{name}_spared_"), f"{name}_lost", key)
        won = [f"{name}_sued"] if f"{suit}.probability" in book else []
        if f"{suit}.win" in book:
            won.append(book.happens(f"{name}_won", f"{suit}.win", "risks", "whether we win"))
        text = book.product(book.get(f"{suit}.recovery"), *won, f"max({value}, 0)")
        book.add(f"{name}_award", text, "risks", "what is awarded, in money of the signing", key)
    together = _together(book, sued)
    for risk in sued:
        _paid(book, risk, together)


def _together(book: Book, sued: Sequence[str]) -> str:
    """The share of all awards that is paid, so that two suits do not claim the same loss; nothing for a single one."""
    if len(sued) < 2:
        return ""
    names = [identifier(risk) for risk in sued]
    value = _cost(book, without(*names, prefix="all_spared_"), "all_lost", "risks")
    book.add(
        "all_lost_value", f"max({value}, 0)", "risks", "worth of what all of them cost us, at the signing", "risks"
    )
    book.add("all_awards", book.total(f"{name}_award" for name in names), "risks", "all awards", "risks")
    text = "where(all_awards > all_lost_value, all_lost_value / all_awards, 1)"
    title = "share of the awards that is paid: together no more than the loss"
    return book.add("awarded_share", text, "risks", title, "risks")


def _paid(book: Book, risk: str, together: str) -> None:
    """The award when it is paid, carried forward from the signing to that period."""
    name, key = identifier(risk), f"risks.{risk}"
    delay, paid = f"{key}.litigation.delay_years", f"{name}_time"
    if delay in book:
        text = f"{paid} + {book[delay]}"
        paid = book.add(f"{name}_award_time", text, "risks", "when it is paid, in years", key)
    text = book.product(f"{name}_award", together, falls(paid))
    text += " / discount_factor" if has(book, "discount_factor") else ""
    book.add(f"{name}_recovered", text, "risks", "the award, in the period in which it is paid", key)


def _cost(book: Book, course: Course, lost: str, key: str) -> str:
    """Write what we lack in each period against a course without some risks; what that is worth at the signing.

    Only what differs between the courses is written.
    """
    alone = len(course.spared) == 1
    text = market.sold(book, spared=course.spared)
    sales = market.sells(book)
    if text != "sales":
        title = "sales as they would be without it" if alone else "sales without any of them"
        sales = course.add(book, "sales", text, "risks", title, key)
    deal = book.tables.deal or Deal()
    if has(book, "serving_cost") and deal.mode in ("value", contract.EQUITY):
        market.serving_cost(book, course.prefix, spared=course.spared)
    claim = contract.claim(book, sales, course)
    costs, back = money.following(book, sales, course)
    then = [money.receipts(book, claim, course), *back]
    costs_now, back = money.following(book, market.sells(book))
    now = ["receipts", *back]
    plus = _only(then, now) + _only(costs_now, costs)
    minus = _only(now, then) + _only(costs, costs_now)
    text = " - ".join([book.total(plus), *minus])
    text = book.add(lost, text, "risks", f"what we lack because of {'it' if alone else 'them'}", key)
    exit_value = contract.exit_value(book, sales, course)
    if exit_value in ("", "exit_value"):
        return money.discounted(book, text)
    late = book.add(f"{lost}_exit", f"{exit_value} - exit_value", "risks", "what the venture is worth less", key)
    return money.discounted(book, text, late)


def _only(these: Sequence[str], others: Sequence[str]) -> list[str]:
    """Those parts of a cash flow that are not among others."""
    return [part for part in these if part not in others]
