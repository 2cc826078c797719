"""Risks as events in time: when they happen, what share of sales they take, what they cost, what is recovered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simengine.deal.book import Book, identifier
from simengine.scenario.risk_tables import Event

NEVER = "2 * horizon + 1"
"""A time after everything."""


@dataclass(frozen=True)
class Occurrence:
    """One occurrence of a risk: ``name`` of its quantities, ``first`` where it is the first one."""

    name: str
    risk: str
    key: str
    event: Event

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.event.title or self.risk


def events(book: Book) -> None:
    """All risks of the deal that happen in time, without what their costs depend on sales for."""
    for risk, event in book.terms.events.items():
        name, key = identifier(risk), f"risks.{risk}"
        if _avoided(book, risk):
            continue
        if _happens_in_time(event):
            occurrences = [Occurrence(f"{name}_{k}" if k > 1 else name, risk, key, event) for k in _counted(event)]
            _times(book, occurrences)
            for occurrence in occurrences:
                _course(book, occurrence)
            _effects(book, name, key, event, occurrences)
        if event.frequency is not None:
            _losses(book, name, key)


def _avoided(book: Book, risk: str) -> bool:
    return any(risk in book.tables.mitigations[name].avoids for name in book.terms.mitigations)


def _happens_in_time(event: Event) -> bool:
    return not (event.rate is None and event.annual_probability is None and event.probability is None)


def _counted(event: Event) -> range:
    return range(1, event.entrants + 1)


def _times(book: Book, occurrences: list[Occurrence]) -> None:
    """When the risk happens: at once with a probability, or after a waiting time by its hazard."""
    one = occurrences[0]
    event, key, name = one.event, one.key, one.name
    if event.probability is not None:
        strikes = book.happens(f"{name}_strikes", f"{key}.probability", "risks", f"whether it happens: {one.title}")
        when = book.get(f"{key}.time", "0")
        book.add(f"{name}_time", f"where({strikes}, {when}, {NEVER})", "risks", "when it happens, in years", key)
        return
    hazard = book.add(f"{name}_hazard", _hazard(book, key, event), "risks", "events a year, after measures", key)
    varying = f"{key}.rate" in book.terms.values and bool(book.terms.values[f"{key}.rate"].periods)
    before = book.get(f"{key}.starts", "")
    for occurrence in occurrences:
        unit = {"dist": "exponential", "rate": 1.0}
        clock = book.draw(
            f"{occurrence.name}_clock", unit, f"{key}.rate", f"hazard used up when it happens: {one.title}"
        )
        if f"{key}.shape" in book:
            clock = f"{clock} ** (1 / {book[f'{key}.shape']})"
        if varying:
            total = book.add(f"{occurrence.name}_used", before_sum(before, clock), "risks", "hazard used up", key)
            text = (
                f"sum(period * clip(({total} - lag(cumsum({hazard} * period))) / ({hazard} * period), 0, 1)) "
                f"+ where({total} > sum({hazard} * period), horizon + period, 0)"
            )
            book.add(f"{occurrence.name}_time", text, "risks", "when it happens, in years", key)
            before = total
        else:
            text = book.total([*([before] if before else []), f"{clock} / {hazard}"])
            before = book.add(f"{occurrence.name}_time", text, "risks", "when it happens, in years", key)
        text = f"{occurrence.name}_time <= horizon"
        book.add(f"{occurrence.name}_strikes", text, "risks", f"whether it happens: {one.title}", key)


def before_sum(before: str, clock: str) -> str:
    """A sum with what was there before, if anything."""
    return f"{before} + {clock}" if before else clock


def _hazard(book: Book, key: str, event: Event) -> str:
    if event.annual_probability is not None:
        return f"-log(1 - {book[f'{key}.annual_probability']})"
    return book[f"{key}.rate"]


def _course(book: Book, one: Occurrence) -> None:
    """How much of each period lies after the event, and in which period it falls."""
    name, key, event = one.name, one.key, one.event
    age = book.add(f"{name}_age", f"max(year - {name}_time, 0)", "risks", "years since it happened", key)
    if f"{key}.ramp_years" in book:
        ramp = book[f"{key}.ramp_years"]
        left = f"exp(-{age} / {ramp})"
        text = f"({age} - lag({age}) - {ramp} * (lag({left}, 1) - {left})) / period"
        book.add(f"{name}_after", text, "risks", "share of the full effect reached, mean of the period", key)
    elif f"{key}.duration_years" in book:
        lasting = f"min({age}, {book[f'{key}.duration_years']})"
        text = f"({lasting} - lag({lasting})) / period"
        book.add(f"{name}_after", text, "risks", "share of the period in which it acts", key)
    else:
        text = f"({age} - lag({age})) / period"
        book.add(f"{name}_after", text, "risks", "share of the period after it happened", key)
    if event.cost is not None or event.fine is not None or event.litigation is not None:
        text = f"({age} > 0) - lag({age} > 0)"
        book.add(f"{name}_now", text, "risks", "1 in the period in which it happens", key)


def _effects(book: Book, name: str, key: str, event: Event, occurrences: list[Occurrence]) -> None:
    """The share of sales that is lost, the pressure on prices, what is added to the legal share, what ends the deal."""
    if event.severity is not None:
        shares = []
        for occurrence in occurrences:
            severity = book[f"{key}.severity"]
            if occurrence.name != name:
                severity = _another(book, f"{key}.severity", f"{occurrence.name}_severity")
            shares.append(f"{severity} * {occurrence.name}_after")
        kept = " * ".join(f"(1 - {share})" for share in shares)
        text = shares[0] if len(shares) == 1 else f"1 - {kept}"
        book.add(f"{name}_effect", text, "risks", f"share of sales lost: {event.title or name}", key)
    if f"{key}.price_erosion" in book:
        falling = [f"max(year - period / 2 - {occurrence.name}_time, 0)" for occurrence in occurrences]
        text = f"exp(-{book[f'{key}.price_erosion']} * {_in_sum(falling)})"
        book.add(f"{name}_prices", text, "risks", "prices under the pressure of it, 1 before", key)
    if f"{key}.legal_share" in book:
        text = f"{book[f'{key}.legal_share']} * {name}_after"
        book.add(f"{name}_legal", text, "risks", "what it adds to the legal share", key)
    if f"{key}.claim_cut" in book:
        book.add(f"{name}_cut", f"{book[f'{key}.claim_cut']} * {name}_after", "risks", "share of payments lost", key)
    if f"{key}.terminates" in book:
        ends = (
            ""
            if book.number(f"{key}.terminates") == 1.0
            else book.happens(f"{name}_ends", f"{key}.terminates", "risks", "whether it ends the deal")
        )
        book.add(
            f"{name}_ended", book.product(f"{name}_after", ends), "risks", "share of the period after the end", key
        )


def _in_sum(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


def _another(book: Book, key: str, name: str) -> str:
    """A further, independent draw of a value, with what measures change about it."""
    term = book.terms.values[key]
    if term.input is None or term.constant is not None:
        return book[key]
    book.inputs[name] = replace(book.inputs[term.name], name=name)
    return book[key].replace(term.name, name, 1)


def _losses(book: Book, name: str, key: str) -> None:
    """Losses of a frequency and a size, together in each period."""
    spec = book.terms.losses[name_of_risk(key)]
    frequency = spec.frequency * book.definition.grid.length
    for change in book.changes(f"{key}.frequency"):
        frequency *= change.number if change.number is not None else 1.0
    compound = {"dist": "compound", "frequency": frequency, "severity": spec.severity}
    loss = book.draw_each_year(f"{name}_loss", compound, f"{key}.loss", "losses of the period", "risks")
    changes = [change.factor for change in book.changes(f"{key}.loss")]
    book.add(f"{name}_losses", book.product(loss, *changes), "risks", "losses of the period, after measures", key)


def name_of_risk(key: str) -> str:
    """The risk that a path such as ``risks.leak`` names."""
    return key.partition(".")[2]


def event_costs(book: Book) -> None:
    """What each risk costs in each period: at the event, as a fine on sales, and as losses."""
    for risk, event in book.terms.events.items():
        name, key = identifier(risk), f"risks.{risk}"
        if _avoided(book, risk):
            continue
        parts = []
        if _happens_in_time(event):
            for k in _counted(event):
                now = f"{name}_now" if k == 1 else f"{name}_{k}_now"
                if f"{key}.cost" in book:
                    cost = book[f"{key}.cost"] if k == 1 else _another(book, f"{key}.cost", f"{name}_{k}_cost")
                    parts.append(f"{cost} * {now}")
                if f"{key}.fine" in book:
                    parts.append(f"{book[f'{key}.fine']} * sales * {now}")
            if event.litigation is not None:
                parts += _suit(book, name, key)
        if event.frequency is not None:
            parts.append(f"{name}_losses")
        if parts:
            title = f"what it costs: {event.title or risk}"
            book.add(f"{name}_costs", book.total(parts), "risks", title, key)


def _suit(book: Book, name: str, key: str) -> list[str]:
    """Whether we sue, and what that costs in the period of the event."""
    suit = f"{key}.litigation"
    sued = ""
    if f"{suit}.probability" in book:
        sued = book.happens(f"{name}_sued", f"{suit}.probability", "risks", "whether we sue")
    return [book.product(book[f"{suit}.cost"], sued, f"{name}_now")] if f"{suit}.cost" in book else []


def awards(book: Book, lost: dict[str, str]) -> None:
    """What courts award: a share of the present value of what the event cost us in claims, paid some time later.

    ``lost`` has the claim that was lost in each period, by risk.
    """
    for risk, text in lost.items():
        name, suit = identifier(risk), f"risks.{risk}.litigation"
        book.add(f"{name}_lost_claim", text, "risks", "claim of the period that the event cost us", f"risks.{risk}")
        won = []
        if f"{suit}.probability" in book:
            won.append(f"{name}_sued")
        if f"{suit}.win" in book:
            won.append(book.happens(f"{name}_won", f"{suit}.win", "risks", "whether we win"))
        share = book.get(f"{suit}.recovery", "1")
        value = "sum({0} * discount_factor)" if "discount_factor" in book.formulas else "sum({0})"
        paid = book.total([f"{name}_time", *([book[f"{suit}.delay_years"]] if f"{suit}.delay_years" in book else [])])
        text = book.product(share, *won, value.format(f"{name}_lost_claim"))
        book.add(f"{name}_award", text, "risks", "what is awarded, in money of the signing", f"risks.{risk}")
        text = f"{name}_award * (year - period < {paid} and {paid} <= year)"
        book.add(f"{name}_recovered", text, "risks", "the award, in the period in which it is paid", f"risks.{risk}")


def risks_with_suits(book: Book) -> list[str]:
    """Risks after which we may sue."""
    return [n for n, event in book.terms.events.items() if event.litigation is not None and not _avoided(book, n)]
