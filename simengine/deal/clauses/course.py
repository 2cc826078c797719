"""The course of a deal in time: points and terms, from the launch to the end, and the money of the market."""

from __future__ import annotations

from dataclasses import dataclass

from simengine.deal.book import Book, identifier
from simengine.deal.clauses.market import has, living


@dataclass(frozen=True)
class Course:
    """A course of events on which the terms are computed.

    The names of its formulas begin with ``prefix``.  ``spared`` are risks, by their names in formulas, that leave no
    trace in it.  A ``potential`` course is what the partner decides on at the launch: it launches, and its own default
    is left out.
    """

    prefix: str = ""
    spared: frozenset[str] = frozenset()
    potential: bool = False

    def add(self, book: Book, name: str, text: str, section: str, title: str, key: str, *, single: bool = False) -> str:
        """Write a formula under its name in this course; the name.

        What is the same without the risks that are spared keeps its one name.
        """
        if self.spared and name in book.formulas and book.formulas[name].text == text:
            return name
        return book.add(f"{self.prefix}{name}", text, section, title, key, single=single)


ACTUAL = Course()
"""The course that happens."""


def without(*names: str, prefix: str) -> Course:
    """What would have happened without some risks."""
    return Course(prefix, frozenset(names))


def decision(book: Book) -> Course:
    """The course that the claim is computed on first: what the partner decides on, where it decides."""
    return Course("potential_", potential=True) if walks(book) else ACTUAL


def due(time: str) -> str:
    """1 in the period that holds a point in time, else 0; the signing belongs to the first period."""
    return f"((year >= {time}) - lag(year >= {time}))"


def term(years: str) -> str:
    """The share of each period that lies within a term from the signing."""
    return f"clip(({years} - (year - period)) / period, 0, 1)"


def term_of_sales(book: Book, years: str) -> str:
    """The share of what is sold in each period that lies within a term from the signing: of the part after a launch."""
    if not has(book, "launch_time"):
        return term(years)
    begins = "max(year - period, launch_time)"
    return f"where(launch_time < year, clip(({years} - {begins}) / (year - {begins}), 0, 1), 0)"


def on_market(book: Book) -> str:
    """The name of the share of each period after the launch; nothing where sales begin at the signing."""
    if not has(book, "launch_time"):
        return ""
    if not has(book, "on_market"):  # adoption curves begin at the launch by themselves
        text = "clip((year - launch_time) / period, 0, 1)"
        book.add("on_market", text, "market", "share of the period after the launch", "development")
    return "on_market"


def active(book: Book, course: Course = ACTUAL) -> str:
    """The name of the share of partners that are still in business; nothing where none defaults at a time."""
    return "partner_active" if has(book, "partner_active") and not course.potential else ""


def in_force(book: Book, course: Course = ACTUAL) -> str:
    """The share of each period for which amounts a year are owed: after the launch, where all before it succeeds.

    What the partner decides on is owed if it launches.  A partner in default owes nothing for later periods.
    """
    return book.product("" if course.potential else success(book), on_market(book), active(book, course))


def success(book: Book) -> str:
    """What must have succeeded before anything is sold: development and approval, or the launch itself."""
    return "launched" if walks(book) else living(book)


def goes_on(book: Book, course: Course = ACTUAL) -> str:
    """The share of each period for which the deal costs us money a year.

    All of it, but nothing after a stage of development, the approval or the launch has failed, nor after an event has
    ended the deal.
    """
    ended = ends(book, course)
    succeeds = success(book)
    if succeeds == "1" and not ended:
        return ""
    late = on_market(book)
    if not late and not ended:
        return succeeds
    key, over = "development", ""
    if succeeds != "1" and late:
        text = _fails_at(book)
        if text != "launch_time":
            title = "when the project ends if it fails, in years"
            book.add("failure_time", text, "market", title, key, single=True)
            late = book.add("failed", "clip((year - failure_time) / period, 0, 1)", "market", "share after that", key)
        over = f"(1 - {late} * (1 - {succeeds}))"
    elif succeeds != "1":
        over = succeeds
    text = book.product(over, *ended)
    if text == over and text.startswith("("):
        text = text[1:-1]
    title = "share of the period in which the deal goes on: until it fails, or an event ends it"
    return course.add(book, "goes_on", text, "costs", title, key)


def goes_on_at(book: Book, time: str) -> list[str]:
    """Whether the deal still goes on at a point in time, or just ends then."""
    found = []
    succeeds = success(book)
    if succeeds != "1":
        goes_on(book)
        late = next((name for name in ("failure_time", "launch_time") if has(book, name)), "")
        found.append(f"({succeeds} or {time} <= {late})" if late else succeeds)
    others = without(time.removesuffix("_time"), prefix="")
    return found + [f"(1 - {ended})" for ended in _ended_by(book, time, "<", others)]


def _fails_at(book: Book) -> str:
    """When the project ends if it fails: with the first stage that fails or is given up, or at the launch."""
    table = book.tables.development
    starts: list[str] = []
    found: list[tuple[str, str]] = []
    for index in range(len(table.stages) if table is not None else 0):
        key, name = f"development.stages[{index}]", f"stage_{index + 1}"
        if has(book, f"{name}_reached") and has(book, f"{name}_proceeds"):
            found.append((f"{name}_reached", book.total(starts)))
        if f"{key}.years" in book and book.number(f"{key}.years") != 0.0:
            starts.append(book[f"{key}.years"])
        if has(book, f"{name}_done"):
            found.append((f"{name}_done", book.total(starts)))
    launch = book.formulas["launch_time"].text
    text = "launch_time"
    for done, time in reversed(found):
        if time != launch:
            text = f"where({done}, {text}, {time})"
    return text


def walks(book: Book) -> bool:
    """Whether the partner decides at the launch."""
    return book.tables.partner is not None and book.tables.partner.walk_away


def ends(book: Book, course: Course = ACTUAL) -> list[str]:
    """What is left of each period by events that end the deal."""
    names = [f"{name}_ended" for name in _risks(book, course)]
    return [f"(1 - {name})" for name in names if has(book, name)]


def cuts(book: Book, course: Course = ACTUAL) -> list[str]:
    """What is left of payments by events that end in new terms."""
    names = [f"{name}_cut" for name in _risks(book, course)]
    return [f"(1 - {name})" for name in names if has(book, name)]


def stops(book: Book, course: Course = ACTUAL) -> list[str]:
    """What events leave of payments: the deal ended by them, or new terms."""
    return [*ends(book, course), *cuts(book, course)]


def stops_at(book: Book, time: str, course: Course = ACTUAL) -> list[str]:
    """What such events leave of a payment that is due at a point in time: before them all, after the end nothing."""
    found = [f"(1 - {ended})" for ended in _ended_by(book, time, "<=", course)]
    for name in _risks(book, course):
        if has(book, f"{name}_cut"):
            risk = next(risk for risk in book.terms.events if identifier(risk) == name)
            found.append(f"(1 - {book[f'risks.{risk}.claim_cut']} * {_level(book, risk, name, time)})")
    return found


def lasts(book: Book, time: str, course: Course = ACTUAL) -> list[str]:
    """Whether no event has ended the deal by a point in time."""
    return [f"(1 - {ended})" for ended in _ended_by(book, time, "<=", course)]


def _ended_by(book: Book, time: str, before: str, course: Course) -> list[str]:
    """For each event that may end the deal, whether it has by then."""
    found = []
    for name in _risks(book, course):
        if has(book, f"{name}_ended"):
            ended = f"({name}_time {before} {time})"
            found.append(f"{name}_ends * {ended}" if has(book, f"{name}_ends") else ended)
    return found


def _level(book: Book, risk: str, name: str, time: str) -> str:
    """How much of the effect of an event has been reached at a point in time."""
    key, begun = f"risks.{risk}", f"({name}_time <= {time})"
    if f"{key}.ramp_years" in book and book.number(f"{key}.ramp_years") != 0.0:
        return f"(1 - exp(-max({time} - {name}_time, 0) / {book[f'{key}.ramp_years']}))"
    if f"{key}.duration_years" in book:
        return f"{begun} * ({time} < {name}_time + {book[f'{key}.duration_years']})"
    return begun


def _risks(book: Book, course: Course) -> list[str]:
    """The risks that happen in a course, by their names in formulas."""
    return [name for risk in book.terms.events if (name := identifier(risk)) not in course.spared]


# ---- the currency of the market ----


def spot(book: Book) -> str:
    """Money of the scenario for one unit of the market's currency at the signing; nothing where it is the same."""
    return book.get("crossborder.rate")


def rate(book: Book) -> str:
    """The same in each period."""
    moves = "crossborder.drift" in book or "crossborder.volatility" in book
    return "exchange_rate" if moves else spot(book)
