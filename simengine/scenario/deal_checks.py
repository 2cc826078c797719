"""What a deal over years asks of its tables, and the mistakes that its tables show."""

from __future__ import annotations

from collections.abc import Iterator

from simengine.errors import Problem
from simengine.scenario.definition import PLAIN_INPUTS
from simengine.scenario.document import Document
from simengine.scenario.market_checks import check_market, check_partner
from simengine.scenario.namespace import Quantities
from simengine.scenario.plain import input_doubts
from simengine.scenario.positions import Path
from simengine.scenario.quantities import outside_share
from simengine.scenario.report import Report
from simengine.scenario.risk_checks import check_measures, check_risks, doubts
from simengine.scenario.term_tables import MODE_KEYS, Deal
from simengine.scenario.terms import Terms

Found = Iterator[tuple[Path, Problem]]


def check_deal(document: Document, terms: Terms, found: Quantities, report: Report) -> None:
    """Report what is missing, what has no meaning where it stands, and what is probably a mistake."""
    tables = terms.tables
    checks: list[Found] = [
        check_market(document, terms, found),
        *([_deal(tables.deal)] if tables.deal is not None else []),
        check_risks(terms, found),
        check_partner(terms, found),
        check_measures(terms, found),
        doubts(terms),
    ]
    for check in checks:
        for path, problem in check:
            report.add(problem, document, path)
    for name in PLAIN_INPUTS:
        if name in found.inputs:
            for problem in input_doubts(name, found.inputs[name]):
                report.add_of_value(problem, document, ("inputs", name))
    for name, risk in found.risks.items():
        severity = outside_share(risk.severity, "a severity")
        if severity:
            report.add_of_value(severity, document, ("risks", name, "severity"))


def _deal(deal: Deal) -> Found:
    allowed = MODE_KEYS[deal.mode]
    for key in sorted(deal.model_fields_set - set(allowed)):
        modes = [mode for mode, keys in MODE_KEYS.items() if key in keys]
        yield (
            ("deal", key),
            Problem(f'has no meaning with mode = "{deal.mode}"', hint=f"it belongs to {' or '.join(modes)}"),
        )
    needs = {"sale": "price", "joint-venture": "equity"}.get(deal.mode)
    if needs and getattr(deal, needs) is None:
        yield ("deal", needs), Problem(f'is missing for mode = "{deal.mode}"', allowed="an amount or a share")
    royalty = deal.royalty
    if royalty is not None:
        if (royalty.rate is None) == (royalty.tiers is None):
            both = royalty.rate is not None
            reason = "both rate and tiers are given" if both else "needs a rate or tiers"
            yield ("deal", "royalty"), Problem(reason, allowed="one of them")
        for index, tier in enumerate(royalty.tiers or ()):
            last = index == len(royalty.tiers or ()) - 1
            if last != (tier.up_to is None):
                reason = "the last tier has no up_to" if last else "is missing: only the last tier goes on for ever"
                yield ("deal", "royalty", "tiers", index, "up_to"), Problem(reason)
    for index, milestone in enumerate(deal.milestones):
        if (milestone.year is None) == (milestone.sales_above is None):
            reason = "needs a year, or sales_above" if milestone.year is None else "has both a year and sales_above"
            yield ("deal", "milestones", index), Problem(reason, allowed="one of them")
