"""What a deal over years asks of its tables, and the mistakes that its tables show."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simengine.distributions.values import brief, show
from simengine.errors import Problem
from simengine.formula import constant_value
from simengine.scenario.definition import PLAIN_INPUTS
from simengine.scenario.document import Document
from simengine.scenario.market_checks import check_market, check_partner
from simengine.scenario.namespace import Quantities
from simengine.scenario.plain import input_doubts
from simengine.scenario.positions import Path
from simengine.scenario.quantities import outside_share
from simengine.scenario.report import Report
from simengine.scenario.risk_checks import check_measures, check_risks, doubts
from simengine.scenario.term_checks import check_terms
from simengine.scenario.terms import Term, Terms

Found = Iterator[tuple[Path, Problem]]


def check_deal(document: Document, terms: Terms, found: Quantities, report: Report) -> None:
    """Report what is missing, what has no meaning where it stands, and what is probably a mistake."""
    for path, problem in check_terms(document, terms):
        report.add(problem, document, path)
    if not terms.complete:
        return  # other checks would take a value that could not be read for one that is missing
    checks: list[Found] = [
        check_market(document, terms, found),
        check_risks(terms, found),
        check_partner(terms, found),
        check_measures(terms, found),
        doubts(terms),
    ]
    for term in terms.values.values():
        wrong = _out_of_range(term, found)
        if wrong is not None:
            report.add(wrong, document, document.path_of(term.key))
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


def _out_of_range(term: Term, found: Quantities) -> Problem | None:
    """Why the number that a formula of constants is cannot stand where it does; None where it can, or is uncertain."""
    value = constant_value(term.tree, found.numbers) if term.tree is not None else None
    if value is None or not math.isfinite(value) or term.bounds.hold(value):
        return None
    written = show(f"= {term.formula}")
    return Problem(f"is {brief(value)}, which is out of range", value=written, allowed=str(term.bounds))
