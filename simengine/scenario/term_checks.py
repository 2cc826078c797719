"""What is missing, contradicts itself, or is probably a mistake in the terms, the border and the costs of a deal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simengine.distributions.values import brief, show
from simengine.errors import Problem
from simengine.scenario import names
from simengine.scenario.document import Document
from simengine.scenario.positions import Path
from simengine.scenario.term_tables import MODE_KEYS, RUNNING, Deal, Milestone, Royalty
from simengine.scenario.terms import Terms

Found = Iterator[tuple[Path, Problem]]

_NEEDS = {"sale": ("price", "the price of the technology"), "joint-venture": ("equity", "our share of the venture")}
_PAID = ("upfront", *RUNNING)
_UNPAID = ("licence", "joint-development", "cooperation", "sharing")
"""Forms of a deal in which nothing but the payments that are named is paid."""


def check_terms(document: Document, terms: Terms) -> Found:
    """The terms of a deal, what crosses a border, and what costs."""
    deal = terms.tables.deal
    if deal is not None:
        yield from _mode(deal)
        yield from _payments(deal, terms)
        if deal.royalty is not None:
            yield from _royalty(deal.royalty, terms)
        for index in range(len(deal.milestones)):
            yield from _milestone(index, deal.milestones[index], terms, _horizon(document))
    yield from _border(document, terms)
    yield from _growth(terms)


def _mode(deal: Deal) -> Found:
    allowed = MODE_KEYS[deal.mode]
    for key in sorted(deal.model_fields_set - set(allowed)):
        modes = [f'"{mode}"' for mode, keys in MODE_KEYS.items() if key in keys]
        hint = f"it belongs to mode = {' or '.join(modes)}"
        yield ("deal", key), Problem(f'has no meaning with mode = "{deal.mode}"', hint=hint)
    if deal.mode in _NEEDS:
        key, what = _NEEDS[deal.mode]
        if getattr(deal, key) is None:
            yield ("deal", key), Problem(f'is missing for mode = "{deal.mode}"', hint=f"{key} is {what}")


def _payments(deal: Deal, terms: Terms) -> Found:
    paid = any(getattr(deal, key) for key in _PAID) or deal.cost_avoided is not None
    if deal.mode in _UNPAID and not paid:
        hint = f"give one of {', '.join(_PAID)}" + (", or cost_avoided" if deal.mode == "sharing" else "")
        yield ("deal",), Problem(f'nothing is paid in this deal of mode = "{deal.mode}"', hint=hint)
    profit = deal.profit_share
    if profit is not None and profit.cost is None and profit.cost_ratio is None:
        hint = "give cost_ratio or cost; a share of the sales is revenue_share"
        yield ("deal", "profit_share"), Problem("there is no cost, so the profit would be all sales", hint=hint)
    if deal.cost_plus is not None and not terms.costs:
        reason = "the cost is a part of the price here, and nothing says that we bear it"
        hint = "give it in [costs] too, such as support = { annual = ... }"
        yield ("deal", "cost_plus", "cost"), Problem(reason, severity="warning", hint=hint)
    uplift = _number(terms, "deal.demand_uplift")
    if uplift is not None and uplift < 1:
        meant = f"did you mean {brief(1 + uplift)}? " if 0 < uplift < 0.5 else ""
        hint = f"{meant}it is a factor: 1.2 stands for a fifth more"
        problem = Problem("lowers the demand", value=brief(uplift), severity="warning", hint=hint)
        yield ("deal", "demand_uplift"), problem


def _royalty(royalty: Royalty, terms: Terms) -> Found:
    path: Path = ("deal", "royalty")
    if not royalty.tiers and (royalty.rate is None or royalty.tiers is not None):
        yield path, Problem("needs a rate or tiers", allowed="one of them")
    elif royalty.tiers and royalty.rate is not None:
        yield path, Problem("both rate and tiers are given", allowed="one of them")
    if royalty.base == "cumulative" and royalty.tiers is None:
        yield (*path, "base"), Problem("has no meaning without tiers", hint="a rate is the same on any base")
    tiers = royalty.tiers or ()
    bounds: list[float | None] = []
    for index, tier in enumerate(tiers):
        place: Path = (*path, "tiers", index)
        last = index == len(tiers) - 1
        if last and tier.up_to is not None:
            hint = "end with a tier of a rate alone, such as { rate = 0 } for no royalty beyond"
            yield (*place, "up_to"), Problem("the last tier goes on for ever", value=show(tier.up_to), hint=hint)
        elif not last and tier.up_to is None:
            yield place, Problem("up_to is missing: only the last tier goes on for ever")
        bounds.append(_number(terms, f"deal.royalty.tiers[{index}].up_to"))
        yield from _rising((*place, "up_to"), bounds)
    least, most = _number(terms, "deal.royalty.minimum"), _number(terms, "deal.royalty.cap")
    if least is not None and most is not None and least > most:
        reason = f"the minimum is {brief(least)} a year, and the royalty can never be more than {brief(most)}"
        yield (*path, "cap"), Problem(reason, value=brief(most), allowed=f"{brief(least)} or more")


def _rising(path: Path, bounds: Sequence[float | None]) -> Found:
    """Whether the last of the bounds of tiers lies above the one before it."""
    if len(bounds) < 2 or bounds[-1] is None or bounds[-2] is None or bounds[-1] > bounds[-2]:
        return
    reason = f"is not above the tier before it, which ends at {brief(bounds[-2])}"
    yield path, Problem(reason, value=brief(bounds[-1]), hint="bounds count from 0, not from the tier before")


def _milestone(index: int, milestone: Milestone, terms: Terms, horizon: float | None) -> Found:
    path: Path = ("deal", "milestones", index)
    ways = [key for key in ("year", "sales_above", "stage") if getattr(milestone, key) is not None]
    if len(ways) != 1:
        reason = f"has both {' and '.join(ways)}" if ways else "says not when it is due"
        yield path, Problem(reason, allowed="one of year, sales_above and stage")
        return
    year = _number(terms, f"deal.milestones[{index}].year")
    if year == 0:
        problem = Problem("is the signing", value="0", allowed="above 0", hint="what is paid at the signing is upfront")
        yield (*path, "year"), problem
    elif year is not None and horizon is not None and year > horizon:
        reason = f"lies after the horizon of {brief(horizon)} years, so that it is never paid"
        yield (*path, "year"), Problem(reason, value=brief(year), severity="warning")
    if milestone.stage is not None:
        yield from _stage((*path, "stage"), milestone.stage, terms)


def _stage(path: Path, wanted: str, terms: Terms) -> Found:
    development = terms.tables.development
    stages = development.stages if development is not None else ()
    known = [stage.name for stage in stages if stage.name]
    if wanted not in known:
        hint = names.suggest(wanted, known) or "stages stand in [development], each with a name"
        allowed = ", ".join(known) or None
        yield path, Problem("is not a stage of development", value=show(wanted), allowed=allowed, hint=hint)
    elif known.count(wanted) > 1:
        hint = "give each stage a name of its own"
        yield path, Problem(f"{known.count(wanted)} stages have this name", value=show(wanted), hint=hint)
    elif not any(stage.years is not None for stage in stages[: known.index(wanted) + 1]):
        hint = "give the stage years, or pay it as upfront"
        yield path, Problem("this stage ends at the signing", value=show(wanted), hint=hint)


def _border(document: Document, terms: Terms) -> Found:
    border = terms.tables.crossborder
    if border is None:
        return
    header = document.data.get("scenario")
    home = header.get("currency") if isinstance(header, dict) else None
    if border.currency and home and border.currency != home and border.rate is None:
        reason = f"the market pays in {border.currency}, and nothing says what that is in {home}"
        hint = f"give rate, {home} for one {border.currency}"
        yield ("crossborder", "currency"), Problem(reason, value=show(border.currency), hint=hint)
    elif not border.currency:
        for key in ("rate", "drift", "volatility"):
            if getattr(border, key) is not None:
                hint = 'give currency, that of the market, such as "USD"'
                reason = "all money of the market is multiplied by an exchange rate, and nothing says of which currency"
                yield ("crossborder", key), Problem(reason, severity="warning", hint=hint)
    elif border.currency == home and _number(terms, "crossborder.rate") not in (None, 1.0):
        reason = f"{border.currency} is the currency of the scenario, and there is no rate to itself"
        yield ("crossborder", "rate"), Problem(reason, allowed="1, or another currency")


def _growth(terms: Terms) -> Found:
    """Growth of more than 100 % a year: mostly a percentage."""
    for key, term in terms.values.items():
        growth = term.constant if key.startswith(("costs.", "grants.")) and key.endswith(".growth") else None
        if growth is not None and growth > 1:
            reason = f"grows by {100 * growth:.4g} % a year"
            hint = f"did you mean {brief(growth / 100)}?"
            yield tuple(key.split(".")), Problem(reason, value=brief(growth), severity="warning", hint=hint)


def _number(terms: Terms, key: str) -> float | None:
    term = terms.values.get(key)
    return term.constant if term is not None else None


def _horizon(document: Document) -> float | None:
    """The horizon in years, as far as the header says it in plain numbers."""
    header = document.data.get("scenario")
    if not isinstance(header, dict):
        return None
    periods, length = header.get("horizon", 1), header.get("period", 1)
    return float(periods * length) if isinstance(periods, int) and isinstance(length, int | float) else None
