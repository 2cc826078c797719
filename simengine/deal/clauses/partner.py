"""Whether the partner pays: a share collected, a default in time, a pool of partners, or several of them.

Rating letters stand for the cumulative default probabilities of years 1 to 6 of a published table of the S&P type
(frm.midhafin.com, external ratings); the yearly hazard of the last year goes on.  For ratings above BBB that source
gives no table here, and ``annual_default`` says what is known.
"""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

from simengine.deal.book import Book, identifier
from simengine.errors import InvalidInput, Problem
from simengine.formula.printer import number_text
from simengine.scenario.partner_tables import Partner

DEFAULTS: dict[str, tuple[float, ...]] = {
    "BBB": (0.0018, 0.0051, 0.0088, 0.0133, 0.0178, 0.0224),
    "BB": (0.0072, 0.0224, 0.0402, 0.0580, 0.0745, 0.0897),
    "B": (0.0376, 0.0856, 0.1266, 0.1587, 0.1832, 0.2032),
    "CCC": (0.2678, 0.3588, 0.4096, 0.4406, 0.4642, 0.4738),
}
"""Cumulative probability of default by the end of years 1 to 6."""


def conditional_defaults(rating: str) -> tuple[float, ...]:
    """Probability of default in each year, given none before: ``(PD_y - PD_{y-1}) / (1 - PD_{y-1})``."""
    table = (0.0, *DEFAULTS[rating])
    return tuple((now - before) / (1.0 - before) for before, now in itertools.pairwise(table))


def cumulative_default(rating: str, years: float) -> float:
    """Probability of default by a time in years; between and after the years of the table by constant hazards."""
    return -math.expm1(-_hazard_up_to(rating, years))


def _hazard_up_to(rating: str, years: float) -> float:
    hazards = [-math.log1p(-p) for p in conditional_defaults(rating)]
    whole = min(int(years), len(hazards))
    total = sum(hazards[:whole])
    rest = years - whole
    return total + rest * (hazards[whole] if whole < len(hazards) else hazards[-1])


def collection(book: Book) -> None:
    """The share of the partner's debts of each period that is collected."""
    partner = book.tables.partner
    if book.tables.partners:
        _several(book)
    elif partner is None or partner.mode == "factor":
        if "inputs.R" in book:
            book.add("collection", book["inputs.R"], "partner", "share of the claim that is collected", "inputs.R")
    elif partner.mode == "pool":
        _pool(book)
    else:
        _time(book, "partner", "partner", partner.rating)
        text, taken, remains = _collected(book, "partner", "partner"), "", "partner_alive"
        if partner.replacement is not None:
            share, years = book.get("partner.replacement.share"), book["partner.replacement.years"]
            again = f"(year - period >= partner_default_time + {years})"
            taken, remains = f" + {book.product(share, again)}", f"{remains} + {again}"
            text += f" + {again}"
        _active(book, f"lag(partner_alive, 1){taken}", remains)
        book.add("collection", text, "partner", "share of the claim that is collected", "partner")


def _active(book: Book, text: str, remains: str) -> None:
    """Who is still in business: sells, and owes payments, through the period of its default."""
    title = "share of its business that the partner, or who takes over, runs in the period"
    book.add("partner_active", text, "partner", title, "partner")
    if "deal.exit_multiple" in book:
        title = "share of that at the end of the period"
        book.add("partner_remains", remains, "partner", title, "partner")


def _of_active(text: str) -> str:
    """A share of all as a share of the partners that are still in business."""
    return f"where(partner_active > 0, ({text}) / partner_active, 0)"


def _time(book: Book, name: str, key: str, rating: str | None) -> str:
    """When a partner defaults, and whether it is there at the end of each period; the name of its clock."""
    clock = book.draw(
        f"{name}_clock", {"dist": "exponential", "rate": 1.0}, key, "hazard used up when the partner defaults"
    )
    if rating is not None:
        points = [(0.0, 0.0)] + [(_hazard_up_to(rating, year), float(year)) for year in range(1, 7)]
        last = -math.log1p(-conditional_defaults(rating)[-1])
        far = max(2.0 * book.definition.grid.horizon + 1.0, 100.0)
        points.append((points[-1][0] + last * far, 6.0 + far))
        table = ", ".join(f"{number_text(hazard)}, {number_text(time)}" for hazard, time in points)
        text = f"interp({clock}, {table})"
    else:
        hazard = f"{name}_default_hazard"
        if f"{key}.annual_default" in book:
            text, title = f"log(1 / (1 - {book[f'{key}.annual_default']}))", "defaults a year"
        else:
            text, title = f"log(1 / {book['inputs.R']}) / horizon", "defaults a year, so that R survive the horizon"
        book.add(hazard, text, "partner", title, key)
        text = f"where({hazard} > 0, {clock} / {hazard}, 2 * horizon + 1)"
    book.add(f"{name}_default_time", text, "partner", "when the partner defaults, in years", key, single=True)
    text = f"{name}_default_time > year"
    book.add(f"{name}_alive", text, "partner", "1 in periods at whose end the partner still pays", key)
    return clock


def _collected(book: Book, name: str, key: str) -> str:
    """What is collected of a claim: all while the partner lives, what is recovered in the period of its default."""
    alive = f"{name}_alive"
    if f"{key}.recovery" not in book:
        return alive
    return f"{alive} + {book[f'{key}.recovery']} * (lag({alive}, 1) - {alive})"


def _several(book: Book) -> None:
    """Partners with a share of the sales each; with a correlation their defaults share a factor (Gaussian copula)."""
    parts, clocks, before, after = [], [], [], []
    for name, one in book.tables.partners.items():
        short, key = identifier(name), f"partners.{name}"
        clocks.append(_time(book, short, key, one.rating))
        collected = _collected(book, short, key)
        share = book[f"{key}.share"]
        parts.append(f"{share} * ({collected})" if " " in collected else f"{share} * {collected}")
        before.append(f"{share} * lag({short}_alive, 1)")
        after.append(f"{share} * {short}_alive")
    partner = book.tables.partner
    if partner is not None and partner.correlation and len(clocks) > 1:
        book.joined(tuple(clocks), partner.correlation)
    _active(book, book.total(before), _of_active(book.total(after)))
    text = _of_active(book.total(parts))
    book.add("collection", text, "partner", "share of what partners in business owe that is collected", "partners")


def _pool(book: Book) -> None:
    """A large pool of equal partners with a common factor (Vasicek 1987): the share in default follows the factor."""
    partner = book.tables.partner
    assert partner is not None
    rho = partner.correlation or 0.0
    listed = f"by_year({', '.join(map(number_text, _pool_scores(book, partner)))})"
    book.add("pool_score", listed, "partner", "normal score of the default probability up to each period", "partner")
    factor = book.draw(
        "partner_factor", {"dist": "normal", "mean": 0.0, "sd": 1.0}, "partner.correlation", "state of the economy"
    )
    root, rest = number_text(math.sqrt(rho)), number_text(math.sqrt(1.0 - rho))
    text = f"normcdf((pool_score - {root} * {factor}) / {rest})"
    book.add("default_share", text, "partner", "share of the partners in default at the end of each period", "partner")
    text = "1 - default_share"
    if "partner.recovery" in book:
        text += f" + {book['partner.recovery']} * (default_share - lag(default_share))"
    _active(book, "1 - lag(default_share)", _of_active("1 - default_share"))
    title = "share of what partners in business owe that is collected"
    book.add("collection", _of_active(text), "partner", title, "partner")


def _pool_scores(book: Book, partner: Partner) -> list[float]:
    """Normal scores of the probability of default up to the end of each period."""
    ends = book.definition.grid.ends
    if partner.rating is not None:
        return [NormalDist().inv_cdf(cumulative_default(partner.rating, end)) for end in ends]
    yearly = book.number("partner.annual_default")
    if yearly is None or not 0.0 < yearly < 1.0:
        reason = "the defaults of a pool follow from one certain probability, above 0 and below 1"
        hint = "the correlation makes the share of defaults uncertain; [partners.NAME] take uncertain probabilities"
        raise InvalidInput(Problem(reason, key="partner.annual_default", allowed="one number", hint=hint))
    return [NormalDist().inv_cdf(-math.expm1(end * math.log1p(-yearly))) for end in ends]
