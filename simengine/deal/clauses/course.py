"""The course of a deal in time: points and terms, from the launch to the end, and the money of the market."""

from __future__ import annotations

from simengine.deal.book import Book, identifier
from simengine.deal.clauses.market import has, living


def due(time: str) -> str:
    """1 in the period that holds a point in time, else 0; the signing belongs to the first period."""
    return f"((year >= {time}) - lag(year >= {time}))"


def term(years: str) -> str:
    """The share of each period that lies within a term from the signing."""
    return f"clip(({years} - (year - period)) / period, 0, 1)"


def on_market(book: Book) -> str:
    """The name of the share of each period after the launch; nothing where sales begin at the signing."""
    if not has(book, "launch_time"):
        return ""
    if not has(book, "on_market"):  # adoption curves begin at the launch by themselves
        text = "clip((year - launch_time) / period, 0, 1)"
        book.add("on_market", text, "market", "share of the period after the launch", "development")
    return "on_market"


def in_force(book: Book) -> str:
    """The share of each period for which amounts a year are owed: after the launch, where all before it succeeds.

    Where the partner decides whether to launch, that is left to the decision.
    """
    return book.product("" if walks(book) else living(book), on_market(book))


def goes_on(book: Book) -> str:
    """The share of each period for which the deal costs us money a year: all, but after the launch where that fails."""
    succeeds = "launched" if has(book, "launched") else living(book)
    if succeeds == "1":
        return ""
    if not on_market(book):
        return succeeds
    if not has(book, "goes_on"):
        title = "share of the period in which the deal goes on: to the launch, and after it unless that fails"
        book.add("goes_on", f"1 - on_market * (1 - {succeeds})", "costs", title, "development")
    return "goes_on"


def walks(book: Book) -> bool:
    """Whether the partner decides at the launch."""
    return book.tables.partner is not None and book.tables.partner.walk_away


def stops(book: Book, spared: str = "") -> list[str]:
    """What events other than ``spared`` leave of payments: the deal ended by them, or new terms."""
    found = []
    for risk in book.terms.events:
        name = identifier(risk)
        if name != spared:
            found += [f"(1 - {part})" for part in (f"{name}_ended", f"{name}_cut") if has(book, part)]
    return found


def stops_at(book: Book, time: str, spared: str = "") -> list[str]:
    """What such events leave of a payment that is due at a point in time: nothing once the deal has ended."""
    found = []
    for risk in book.terms.events:
        name = identifier(risk)
        if name == spared:
            continue
        if has(book, f"{name}_ended"):
            ended = f"({name}_time <= {time})"
            ended = f"{name}_ends * {ended}" if has(book, f"{name}_ends") else ended
            found.append(f"(1 - {ended})")
        if has(book, f"{name}_cut"):
            found.append(f"(1 - {name}_cut)")
    return found


# ---- the currency of the market ----


def spot(book: Book) -> str:
    """Money of the scenario for one unit of the market's currency at the signing; nothing where it is the same."""
    return book.get("crossborder.rate")


def rate(book: Book) -> str:
    """The same in each period."""
    moves = "crossborder.drift" in book or "crossborder.volatility" in book
    return "exchange_rate" if moves else spot(book)
