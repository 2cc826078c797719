"""Every number of `simengine terms`, as plain values and as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.terms.compute import Price, StrategyTerms, TermsFound
from simengine.analysis.terms.payment import End, Offer, Zone, interval
from simengine.analysis.terms.question import TermsQuestion
from simengine.analysis.terms.sides import MEASURES, Sides
from simengine.report.csv import PLAIN, CsvStyle, rows_csv
from simengine.report.measures import number, valued

CSV_COLUMNS = ("strategy", "unit", "part", "name", "side", "quantity", "value", "se")
NAMES = tuple("prob_loss" if measure.share else measure.short for measure in MEASURES)
"""The statistics, as files and JSON call them."""


def terms_object(found: TermsFound, question: TermsQuestion) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "schema": 1,
        "title": question.title,
        "statistic": found.measure.short,
        "wanted": {"ours": question.wanted[0], "theirs": question.wanted[1]},
        "trials": found.draws.trials,
        "seed": found.draws.seed,
        "sampler": found.draws.sampler,
        "strategies": [_strategy(one, found.batches) for one in found.strategies],
    }


def _strategy(one: StrategyTerms, batches: Batches) -> dict[str, Any]:
    return {
        "strategy": one.strategy,
        "title": one.title,
        "unit": one.unit,
        "statistics": _statistics(one.base, batches),
        "clauses": [_price(price, batches) for price in one.prices],
        "together": _price(one.together, batches),
        "sides": None if one.sides is None else _sides(one.sides, batches),
        "zone": None if one.zone is None else _zone(one.zone, batches),
        "kept": _valued(one.statistic, batches),
        "menu": [_offer(offer, batches) for offer in one.menu],
    }


def _valued(one: Linearised | None, batches: Batches) -> dict[str, float | None] | None:
    return None if one is None else valued(one.value, one.error(batches))


def _statistics(values: Linearised, batches: Batches) -> dict[str, Any]:
    return {name: _valued(values[place], batches) for place, name in enumerate(NAMES)}


def _price(price: Price, batches: Batches) -> dict[str, Any]:
    return {
        "key": price.key,
        "title": price.title,
        "ours": _statistics(price.ours, batches),
        "theirs": None if price.theirs is None else _statistics(price.theirs, batches),
    }


def _sides(sides: Sides, batches: Batches) -> dict[str, Any]:
    return {
        "ours": _statistics(sides.ours, batches),
        "theirs": _statistics(sides.theirs, batches),
        "joint": _statistics(sides.joint, batches),
        "both_gain": _valued(sides.both_gain, batches),
        "our_share": _valued(sides.our_share, batches),
    }


def _end(end: End, batches: Batches) -> dict[str, Any]:
    low, high = interval(end.payment, batches)
    return {
        "where": end.where,
        "payment": _valued(end.payment, batches),
        "low": number(low),
        "high": number(high),
        "slope": number(end.slope),
        "residual": number(end.residual),
    }


def _zone(zone: Zone, batches: Batches) -> dict[str, Any]:
    return {
        "key": zone.key,
        "now": number(zone.now),
        "empty": zone.empty,
        "lowest": _end(zone.lowest, batches),
        "highest": _end(zone.highest, batches),
        "width": _valued(zone.width, batches),
    }


def _offer(offer: Offer, batches: Batches) -> dict[str, Any]:
    return {
        "royalty_scale": offer.scale,
        **_end(offer.end, batches),
        "ours": _valued(offer.ours, batches),
        "theirs": _valued(offer.theirs, batches),
        "theirs_mean": _valued(offer.their_mean, batches),
    }


def terms_json(found: TermsFound, question: TermsQuestion, *, ascii_only: bool = False) -> str:
    """Everything as one JSON object."""
    return json.dumps(terms_object(found, question), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def terms_rows(found: TermsFound, question: TermsQuestion) -> list[list[str | float]]:
    """Every number with its standard error: columns :data:`CSV_COLUMNS`; those that mean nothing are left out."""
    rows: list[list[str | float]] = []
    for one in terms_object(found, question)["strategies"]:
        head = [one["strategy"], one["unit"]]
        rows += _rows(head, "strategy", "", "ours", one["statistics"])
        for price in (*one["clauses"], one["together"]):
            for side in ("ours", "theirs"):
                rows += _rows(head, "clause", price["key"], side, price[side] or {})
        if one["sides"] is not None:
            for side in ("ours", "theirs", "joint"):
                rows += _rows(head, "sides", "", side, one["sides"][side])
            rows += _rows(head, "sides", "", "both", one["sides"])
        if one["zone"] is not None:
            for name in ("lowest", "highest"):
                rows += _rows(head, "zone", name, "", one["zone"][name])
            rows += _rows(head, "zone", "", "", one["zone"])
        rows += _rows(head, "menu", "", "ours", {"kept": one["kept"]})
        for offer in one["menu"]:
            rows += _rows(head, "menu", f"royalty x {offer['royalty_scale']:g}", "", offer)
    return rows


def _rows(head: list[str], part: str, name: str, side: str, values: dict[str, Any]) -> Iterator[list[str | float]]:
    nothing = float("nan")
    for quantity, value in values.items():
        if isinstance(value, dict) and set(value) == {"value", "se"}:
            told = [nothing if value[key] is None else value[key] for key in ("value", "se")]
            yield [*head, part, name, side, quantity, *told]
        elif quantity in ("low", "high", "slope", "now") and value is not None:
            yield [*head, part, name, side, quantity, value, nothing]


def terms_csv(found: TermsFound, question: TermsQuestion, style: CsvStyle = PLAIN) -> bytes:
    """The rows of :func:`terms_rows` as a file."""
    return rows_csv(CSV_COLUMNS, terms_rows(found, question), style)
