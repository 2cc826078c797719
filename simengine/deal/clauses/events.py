"""Risks as events in time: when they happen, what share of sales they take, what they cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simengine.deal.book import Book, identifier
from simengine.deal.clauses.course import goes_on, goes_on_at, rate
from simengine.deal.clauses.market import falls, has, sells, sold
from simengine.distributions import resolve
from simengine.errors import InvalidInput, Problem
from simengine.scenario.risk_tables import Event

NEVER = "2 * horizon + 1"
"""A time after everything."""


@dataclass(frozen=True)
class Occurrence:
    """One occurrence of a risk: ``name`` of its quantities, the risk's own for the first."""

    name: str
    risk: str
    key: str
    event: Event

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.event.title or self.risk


def events(book: Book) -> None:
    """All risks, without what their costs depend on sales for.

    A risk that a measure rules out keeps its draws and its names: its time is after everything.
    """
    _plain_risks(book)
    for risk, event in book.terms.events.items():
        name, key = identifier(risk), f"risks.{risk}"
        if happens_in_time(event):
            occurrences = [Occurrence(_nth(name, k), risk, key, event) for k in range(1, event.entrants + 1)]
            _times(book, occurrences)
            for occurrence in occurrences:
                _course(book, occurrence)
            _effects(book, name, key, event, occurrences)
        if event.frequency is not None:
            _losses(book, risk, name, key)


def avoided(book: Book, risk: str) -> bool:
    """Whether a measure that acts rules a risk out."""
    return any(risk in book.tables.mitigations[name].avoids for name in book.terms.mitigations)


def happens_in_time(event: Event) -> bool:
    """Whether a risk is an event at some time, and not only losses of a frequency."""
    return not (event.rate is None and event.annual_probability is None and event.probability is None)


def _nth(name: str, k: int) -> str:
    return name if k == 1 else f"{name}_{k}"


def _plain_risks(book: Book) -> None:
    """Risks of a probability and a severity alone: they strike or not, for all periods, as in the plain model."""
    for name, risk in book.definition.risks.items():
        for spec in (risk.probability, risk.severity):
            if spec is risk.severity or risk.certain_probability is None:
                book.write_input(spec, "risks")
        strikes = book.happens(risk.strikes, f"{risk.key}.probability", "risks", risk.title)
        text = "0" if avoided(book, name) else f"where({strikes}, {book[f'{risk.key}.severity']}, 0)"
        book.add(name, text, "risks", risk.title, risk.key)


# ---- when ----


def _times(book: Book, occurrences: list[Occurrence]) -> None:
    """When the risk happens: with a probability, or after a waiting time by its hazard."""
    one = occurrences[0]
    if one.event.probability is not None:
        address = f"{one.name}_strikes"
        title = f"whether it happens: {one.title}"
        occurs = book.happens(f"{one.name}_occurs", f"{one.key}.probability", "risks", title, address=address)
        _time(book, one, f"where({occurs}, {book.get(f'{one.key}.time', '0')}, {NEVER})")
        return
    key, name = one.key, one.name
    given = f"{key}.annual_probability" if one.event.annual_probability is not None else f"{key}.rate"
    text = book[given] if given.endswith("rate") else f"log(1 / (1 - {book[given]}))"
    hazard = book.add(f"{name}_hazard", text, "risks", "events a year, after measures", key)
    before = book.get(f"{key}.starts", "")
    for occurrence in occurrences:
        unit = {"dist": "exponential", "rate": 1.0}
        title = f"hazard used up when it happens: {one.title}"
        clock = book.draw(f"{occurrence.name}_clock", unit, key, title)
        if f"{key}.shape" in book:
            clock = f"{clock} ** (1 / {book[f'{key}.shape']})"
        if book.yearly(given):
            earlier = "" if occurrence is one else before
            before = book.add(f"{occurrence.name}_used", _sum(earlier, clock), "risks", "hazard used up", key)
            _time(book, occurrence, _time_by_period(before, hazard, book.get(f"{key}.starts", "")))
        else:
            _time(book, occurrence, _sum(before, _waiting(book, clock, hazard, given)))
            before = f"{occurrence.name}_time"


def _time(book: Book, one: Occurrence, text: str) -> None:
    if avoided(book, one.risk):
        text = NEVER
    title = f"when it happens, in years: {one.title}"
    book.add(f"{one.name}_time", text, "risks", title, one.key, single=True)
    text = f"{one.name}_time <= horizon"
    book.add(f"{one.name}_strikes", text, "risks", f"whether it happens: {one.title}", one.key)


def _waiting(book: Book, clock: str, hazard: str, key: str) -> str:
    """The time that uses up the hazard of the clock; never where there is none."""
    if book.positive(key):
        return f"{clock} / {hazard}"
    if book.number(key) is not None:
        return f"({NEVER})"
    return f"where({hazard} > 0, {clock} / {hazard}, {NEVER})"


def _time_by_period(used: str, hazard: str, starts: str) -> str:
    """The time up to which a hazard of its own in each period has been used up."""
    exposed = f"clip(year - {starts}, 0, period)" if starts else "period"
    risk = f"({hazard} * {exposed})"
    spent = f"clip(({used} - lag(cumsum{risk})) / {risk}, 0, 1)"
    after = f"where({used} > sum{risk}, {NEVER}, 0)"
    return f"{_sum(starts, f'sum({exposed} * {spent})')} + {after}"


def _sum(before: str, text: str) -> str:
    """A sum with what was there before, if anything."""
    return f"{before} + {text}" if before else text


# ---- what it does ----


def _course(book: Book, one: Occurrence) -> None:
    """How much of each period lies after the event, and in which period it falls."""
    name, key = one.name, one.key
    age = book.add(f"{name}_age", f"max(year - {name}_time, 0)", "risks", "years since it happened", key)
    text, title = _past(age), "share of the period after it happened"
    if f"{key}.ramp_years" in book and book.number(f"{key}.ramp_years") != 0.0:
        ramp = book[f"{key}.ramp_years"]
        left = f"exp(-{age} / {ramp})"
        text = f"({age} - lag({age}) - {ramp} * (lag({left}, 1) - {left})) / period"
        title = "share of the full effect reached, mean of the period"
    elif f"{key}.duration_years" in book:
        lasting = f"min({age}, {book[f'{key}.duration_years']})"
        text, title = f"({lasting} - lag({lasting})) / period", "share of the period in which it acts"
    book.add(f"{name}_after", text, "risks", title, key)
    book.add(f"{name}_now", falls(f"{name}_time"), "risks", "1 in the period in which it happens", key)


def _past(age: str) -> str:
    return f"({age} - lag({age})) / period"


def _effects(book: Book, name: str, key: str, event: Event, occurrences: list[Occurrence]) -> None:
    """The share of sales that is lost, the pressure on prices, what is added to the legal share, what ends the deal."""
    what = event.title or name
    if event.severity is not None:
        shares = []
        for occurrence in occurrences:
            severity = _own(book, f"{key}.severity", name, occurrence.name)
            shares.append(f"{severity} * {occurrence.name}_after")
        kept = " * ".join(f"(1 - {share})" for share in shares)
        text = shares[0] if len(shares) == 1 else f"1 - {kept}"
        book.add(f"{name}_effect", text, "risks", f"share of sales lost: {what}", key)
    if f"{key}.price_erosion" in book:
        falling = [f"max(year - period / 2 - {occurrence.name}_time, 0)" for occurrence in occurrences]
        under = falling[0] if len(falling) == 1 else f"({' + '.join(falling)})"
        text = f"exp(-{book[f'{key}.price_erosion']} * {under})"
        book.add(f"{name}_prices", text, "risks", f"prices under the pressure of it, 1 before: {what}", key)
    if f"{key}.legal_share" in book:
        text = f"{book[f'{key}.legal_share']} * {name}_after"
        book.add(f"{name}_legal", text, "risks", f"what it adds to the legal share: {what}", key)
    if f"{key}.claim_cut" in book:
        text = f"{book[f'{key}.claim_cut']} * {name}_after"
        book.add(f"{name}_cut", text, "risks", f"share of payments lost: {what}", key)
    if f"{key}.terminates" in book:
        ends = None
        if book.number(f"{key}.terminates") != 1.0:
            ends = book.happens(f"{name}_ends", f"{key}.terminates", "risks", f"whether it ends the deal: {what}")
        text = book.product(_past(f"{name}_age"), ends)
        book.add(f"{name}_ended", text, "risks", f"share of the period after the end of the deal: {what}", key)


def _own(book: Book, key: str, first: str, name: str) -> str:
    """A value of one occurrence: a further, independent draw of it, with what measures change, but for the first."""
    term = book.terms.values[key]
    if name == first or term.input is None or term.constant is not None:
        return book[key]
    drawn = f"{name}{term.name.removeprefix(first)}"
    book.inputs[drawn] = replace(book.inputs[term.name], name=drawn)
    return book[key].replace(term.name, drawn, 1)


def _losses(book: Book, risk: str, name: str, key: str) -> None:
    """Losses of a frequency and a size, together in each period."""
    spec = book.terms.losses[risk]
    frequency = spec.frequency * book.definition.grid.length
    for change in book.changes(f"{key}.frequency"):
        if change.number is None:
            reason = "the distribution of losses is computed once, so a measure changes their frequency by a number"
            hint = f'let it change "{key}.loss", the amount, by an uncertain share'
            raise InvalidInput(Problem(reason, key=f"{key}.frequency", hint=hint))
        frequency *= change.number
    losses = {"dist": "compound", "frequency": frequency, "severity": spec.severity}
    if frequency == 0.0 or avoided(book, risk):
        book.add(f"{name}_losses", "0", "risks", "losses of the period, after measures", key)
        return
    try:
        together = resolve(losses, folder=spec.folder)
    except InvalidInput as failure:
        raise InvalidInput(problem.under(f"{key}.loss") for problem in failure.problems) from failure
    loss = book.draw_each_year(f"{name}_loss", together, f"{key}.loss", "losses of the period", "risks")
    text = book.product(loss, *(change.factor for change in book.changes(f"{key}.loss")))
    book.add(f"{name}_losses", text, "risks", "losses of the period, after measures", key)


# ---- what it costs ----


def event_costs(book: Book) -> None:
    """What each risk costs in each period while the deal goes on: at the event, as a fine on sales, and as losses."""
    for risk, event in book.terms.events.items():
        name, key = identifier(risk), f"risks.{risk}"
        parts = []
        if happens_in_time(event):
            for k in range(1, event.entrants + 1):
                one = _nth(name, k)
                now = [f"{one}_now", *goes_on_at(book, f"{one}_time")]
                if f"{key}.cost" in book:
                    parts.append(book.product(_own(book, f"{key}.cost", name, one), *now))
                if f"{key}.fine" in book:
                    turnover = f"{_turnover(book, name)} / period"
                    parts.append(book.product(book[f"{key}.fine"], turnover, rate(book), *now))
            parts += _suit(book, risk, name) if event.litigation is not None else []
        if has(book, f"{name}_losses"):
            parts.append(book.product(f"{name}_losses", goes_on(book)))
        if parts:
            book.add(f"{name}_costs", book.total(parts), "risks", f"what it costs: {event.title or risk}", key)


def _turnover(book: Book, name: str) -> str:
    """The sales that a fine is a share of: without what the same event takes of them."""
    if not (has(book, f"{name}_effect") or has(book, f"{name}_prices")):
        return sells(book)
    text = sold(book, spared=(name,))
    title = "sales as they would be without it"
    return sells(book) if text == "sales" else book.add(f"{name}_spared_sales", text, "risks", title, f"risks.{name}")


def _suit(book: Book, risk: str, name: str) -> list[str]:
    """Whether we sue, and what that costs in the period of the event."""
    suit = f"risks.{risk}.litigation"
    sued = None
    if f"{suit}.probability" in book:
        sued = book.happens(f"{name}_sued", f"{suit}.probability", "risks", "whether we sue")
    if f"{suit}.cost" not in book:
        return []
    return [book.product(book[f"{suit}.cost"], sued, f"{name}_now", *goes_on_at(book, f"{name}_time"))]
