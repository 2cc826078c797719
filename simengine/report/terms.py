"""What `simengine terms` prints: the price of each clause, both sides of the table, and what could be agreed."""

from __future__ import annotations

import math

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.measures import Measure
from simengine.analysis.terms.compute import StrategyTerms, TermsFound
from simengine.analysis.terms.payment import Offer, Zone, interval
from simengine.analysis.terms.question import TermsQuestion
from simengine.analysis.terms.sides import MEASURES
from simengine.report.descriptions import draws_in_words
from simengine.report.measures import difference_estimate, measure_estimate
from simengine.report.numbers import Estimate, estimate, significant
from simengine.report.text import Cell, Column, Style, printable, table, wrap

_NONE = "–"
_CLAUSES = (0, 1, 2)
"""Statistics of the table of clauses: mean, P10 and P50."""


def terms_report(found: TermsFound, question: TermsQuestion, style: Style) -> str:
    """Everything as text."""
    draws = found.draws
    lines = [style.bold(line) for line in wrap(printable(question.title), style.width)]
    facts = (
        f"each strategy with and without each clause, on the same draws; {draws.trials:,} trials, seed {draws.seed}, "
        f"{draws_in_words(draws.sampler)}"
    )
    lines += wrap(facts, style.width)
    for one in found.strategies:
        lines += ["", *_strategy(one, found.measure, found.batches, style)]
    note = (
        f"{style.plus_minus} is one standard error, of differences on common draws; intervals hold 95 %. Prices of "
        f"clauses that act on each other do not add up to the price of all of them."
    )
    return "\n".join([*lines, "", *(style.dim(line) for line in wrap(note, style.width))])


def _strategy(one: StrategyTerms, measure: Measure, batches: Batches, style: Style) -> list[str]:
    unit = f" [{one.unit}]" if one.unit else ""
    lines = [style.bold(line) for line in wrap(printable(f"{one.strategy}{unit}"), style.width)]
    lines += ["", *_clauses(one, batches, style)]
    if one.sides is not None:
        lines += ["", *_sides(one, batches, style), ""]
        for sentence in (*_shared(one, batches, style), *_zone(one, batches, style)):
            lines += wrap(sentence, style.width)
    else:
        said = "What is in it for the partner is not known: give margin in [partner], the share of sales that it keeps."
        lines += ["", *wrap(said, style.width)]
    if one.menu:
        lines += ["", *_menu(one, measure, batches, style)]
    else:
        lines += wrap("There is no royalty that a payment at the signing could be exchanged for.", style.width)
    return lines


# ---- clauses ----


def _clauses(one: StrategyTerms, batches: Batches, style: Style) -> list[str]:
    known = one.together.theirs is not None
    headers = [f"{'to us, ' if known else ''}{MEASURES[place].short}" for place in _CLAUSES]
    headers += ["to the partner, mean"] if known else []
    columns = [Column("clause", flexible=True), *(Column(header, "right") for header in headers)]
    rows: list[list[Cell]] = []
    for price in (*one.prices, one.together):
        row: list[Cell] = [price.title]
        row += [_change(price.ours, place, batches) for place in _CLAUSES]
        row += [_change(price.theirs, 0, batches)] if price.theirs is not None else []
        rows.append(row)
    return table(columns, rows, style)


# ---- both sides ----


def _sides(one: StrategyTerms, batches: Batches, style: Style) -> list[str]:
    assert one.sides is not None
    columns = [
        Column("net present value"),
        *(Column(header, "right") for header in ("to us", "to the partner", "joint")),
    ]
    rows: list[list[Cell]] = []
    for place, measure in enumerate(MEASURES):
        name = "P(loss), %" if measure.share else measure.short
        sides = (one.sides.ours, one.sides.theirs, one.sides.joint)
        rows.append([name, *(measure_estimate(measure, *_pair(side[place], batches)) for side in sides)])
    return table(columns, rows, style)


def _shared(one: StrategyTerms, batches: Batches, style: Style) -> list[str]:
    sides = one.sides
    assert sides is not None
    both = f"Both gain in {_percent(sides.both_gain, batches).text(style.plus_minus)} % of the trials."
    if sides.our_share is None:
        return [both, "Together the two sides lose on average, so there is no value to share."]
    ours = _percent(sides.our_share, batches).text(style.plus_minus)
    return [both, f"Of the mean joint value we get {ours} %."]


def _zone(one: StrategyTerms, batches: Batches, style: Style) -> list[str]:
    zone = one.zone
    assert zone is not None
    ours, theirs = (f"{zone.measure.short} of {side}" for side in ("our npv", "the partner's npv"))
    least = [significant(amount, 6) for amount in zone.wanted]
    asked = f"{ours} at least {least[0]} and {theirs} at least {least[1]}"
    now = "" if math.isnan(zone.now) else f" Now {zone.key} is {significant(zone.now, 8)}."
    ends = f"{_lower(zone, ours, least[0], batches, style)} {_upper(zone, theirs, least[1], batches, style)}"
    if zone.empty:
        return [f"Zone of agreement: none, for no {zone.key} gives {asked}. {ends}{now}"]
    high = "any amount" if math.isinf(zone.high) else significant(zone.high, 5)
    place = f" It is {'inside' if zone.low <= zone.now <= zone.high else 'outside'} the zone." if now else ""
    return [
        f"Zone of agreement: {zone.key} from {significant(zone.low, 5)} to {high} gives {asked}. {ends}{now}{place}"
    ]


def _lower(zone: Zone, ours: str, least: str, batches: Batches, style: Style) -> str:
    end = zone.lowest
    if end.where == "below":
        return f"Even without it {ours} is above {least}."
    if end.where == "above":
        return f"However much is paid, {ours} stays below {least}."
    return f"We need at least {_payment(end.payment, batches, style)}."


def _upper(zone: Zone, theirs: str, least: str, batches: Batches, style: Style) -> str:
    end = zone.highest
    if end.where == "below":
        return f"Even without it {theirs} is below {least}."
    if end.where == "above":
        return f"However much is paid, {theirs} stays above {least}."
    return f"The partner can pay at most {_payment(end.payment, batches, style)}."


def _payment(payment: Linearised, batches: Batches, style: Style) -> str:
    se = float(payment.error(batches))
    shown = _amount(payment, batches)
    text = shown.text(style.plus_minus)
    if not shown.error or math.isnan(se):
        return text
    low, high = (estimate(end, se).value for end in interval(payment, batches))
    return f"{text} (95 % interval {low} to {high})"


# ---- the menu ----


def _menu(one: StrategyTerms, measure: Measure, batches: Batches, style: Style) -> list[str]:
    kept = _amount(one.statistic, batches).text(style.plus_minus)
    key = one.zone.key if one.zone is not None else "deal.upfront"
    said = f"Terms that leave {measure.short} of our npv at {kept}: royalty, and the {key} that goes with it"
    known = any(offer.their_mean is not None for offer in one.menu)
    headers = [key, *([f"to the partner, {measure.short}"] if known else [])]
    headers += ["to the partner, mean"] if known and measure.kind != "mean" else []
    columns = [
        Column("royalty x, rate" if one.rates else "royalty x"),
        *(Column(header, "right") for header in headers),
    ]
    rows = [_offer(offer, one.rates, len(headers), batches) for offer in one.menu]
    lines = [*wrap(said, style.width), "", *table(columns, rows, style)]
    if one.fixed:
        stays = "stays as it is" if len(one.fixed) == 1 else "stay as they are"
        sentence = f"{_listed(one.fixed)} of the royalty {stays}, whatever the rate."
        lines += wrap(sentence[0].upper() + sentence[1:], style.width)
    if any(offer.end.where == "below" for offer in one.menu):
        lines += wrap("Where no payment stands we are better off than now even without one.", style.width)
    if any(offer.end.where == "above" for offer in one.menu):
        lines += wrap("Where it says out of reach, no payment makes up for the royalty.", style.width)
    return lines


def _offer(offer: Offer, rates: tuple[float, ...], columns: int, batches: Batches) -> list[Cell]:
    scale = significant(offer.scale, 4)
    if rates:
        scale += f": {' / '.join(significant(100.0 * offer.scale * rate, 4) for rate in rates)} %"
    if offer.ours is None:
        return [scale, _NONE if offer.end.where == "below" else "out of reach", *[_NONE] * (columns - 1)]
    cells: list[Cell] = [_amount(offer.end.payment, batches)]
    for side in (offer.theirs, offer.their_mean):
        cells += [_amount(side, batches)] if side is not None else []
    return [scale, *cells[:columns]]


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _pair(one: Linearised, batches: Batches) -> tuple[float, float]:
    return float(one.value), float(one.error(batches))


def _percent(one: Linearised, batches: Batches) -> Estimate:
    return measure_estimate(MEASURES[-1], *_pair(one, batches))


def _amount(one: Linearised, batches: Batches) -> Estimate:
    return measure_estimate(MEASURES[0], *_pair(one, batches))


def _change(values: Linearised, place: int, batches: Batches) -> Estimate:
    return difference_estimate(MEASURES[place], *_pair(values[place], batches))
