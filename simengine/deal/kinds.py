"""The kinds of what a deal is made of: amounts of which currency, shares, rates and times; and what does not fit.

Names of the deal language say what they are.  Formulas of the user are checked against them, part by part, with the
place; formulas of the deal itself are not, and have the kind that their name says.
"""

from __future__ import annotations

from collections.abc import Mapping

from simengine.deal.model import NamedFormula
from simengine.errors import Problem
from simengine.formula.kinds import RATE, SHARE, YEARS, Kind, amount, declared, exchange_rate, infer, unit_label
from simengine.scenario.definition import PLAIN_INPUTS, Definition, InputSpec
from simengine.scenario.terms import Term

_TIMES = ("_time", "_age", "_begins", "_default_time")
_NUMBERS = (
    *("_strikes", "_after", "_now", "_effect", "_prices", "_legal", "_cut", "_ended", "_alive", "_index", "_used"),
    *(
        "_proceeds",
        "_reached",
        "_succeeds",
        "_done",
        "_sued",
        "_won",
        "_occurs",
        "_ends",
        "_met",
        "_score",
        "_share_in_default",
        "_goes_on",
    ),
)
_SHARES = frozenset(
    {
        *("discount_factor", "partner_discount_factor", "allocation", "on_market", "collection", "legal_share"),
        *("technical_success", "approved", "launched", "ever_negative", "irr", "roi", "subscribers", "served"),
        *("default_share", "demand_shock", "exchange_shock", "goes_on", "failed", "partner_active", "partner_remains"),
    }
)
_A_YEAR = ("tax.relief.exempt", "insurance.deductible", "insurance.limit")
"""Amounts that are so much a year, or a whole year's, as the periods ask for: left open."""
_IN_MARKET_CURRENCY = frozenset({"market", "deal", "partner"})
"""Parts of the deal whose money is that of the market, which may be a foreign one; what risks cost is our own."""


def known_kinds(definition: Definition, formulas: Mapping[str, NamedFormula]) -> dict[str, Kind | None]:
    """The kinds of inputs, of values of the deal, and of its own formulas; formulas of the user are left out."""
    home, foreign = _currencies(definition)
    terms = definition.terms
    kinds: dict[str, Kind | None] = {name: _of_input(spec, home) for name, spec in definition.inputs.items()}
    if terms is not None or definition.plain:
        for name in PLAIN_INPUTS:
            if name in kinds and kinds[name] is None:
                kinds[name] = amount(foreign) if name == "V" else SHARE
    for risk in definition.risks.values():
        kinds |= dict.fromkeys((risk.name, risk.strikes, risk.severity.name, risk.probability.name), SHARE)
    kinds |= {spec.name: amount(home) for spec in definition.costs.values()}
    if terms is None:
        return kinds
    kinds |= {term.name: _of_term(term, home, foreign) for term in terms.values.values()}
    for formula in formulas.values():
        if formula.section != "model" and formula.name not in kinds:
            kinds[formula.name] = _of_formula(formula, home, foreign)
    return kinds


def _currencies(definition: Definition) -> tuple[str, str]:
    """The currency of the scenario, and that of the market."""
    home, terms = definition.currency, definition.terms
    border = terms.tables.crossborder if terms is not None else None
    return home, (border.currency if border is not None else "") or home


def amount_unit(definition: Definition, term: Term) -> str:
    """The unit of an amount of the deal, for people."""
    home, foreign = _currencies(definition)
    return definition.money.replace(home, foreign, 1) if home and _abroad(term) else definition.money


def units_of(definition: Definition, kinds: Mapping[str, Kind | None]) -> dict[str, str]:
    """The unit of every name of a deal, for people; amounts of either currency are in the multiple of the scenario."""
    home, foreign = _currencies(definition)
    terms = definition.terms
    open_amounts = (term for term in terms.values.values() if term.kind == "amount") if terms is not None else ()
    known = {term.name: amount(foreign if _abroad(term) else home) for term in open_amounts}
    known |= {name: kind for name, kind in kinds.items() if kind is not None}
    abroad = definition.money.replace(home, foreign, 1) if home else definition.money
    labels = {name: unit_label(kind, definition.money) for name, kind in known.items()}
    return {name: abroad if label == foreign and foreign != home else label for name, label in labels.items()}


def _of_input(spec: InputSpec, home: str) -> Kind | None:
    if spec.currency:
        return amount(spec.currency)
    return declared(spec.kind, home) if spec.kind else None  # type: ignore[arg-type]


def _of_term(term: Term, home: str, foreign: str) -> Kind | None:
    """The kind of a value of the deal; amounts that may be so much a year are left open."""
    if term.key == "scenario.discount.rate":
        return SHARE
    if term.key == "crossborder.rate":
        return exchange_rate(home, foreign)
    if term.key.endswith(_A_YEAR):
        return None
    if term.kind == "amount":
        by_year = term.by_year or term.key.startswith(("revenue.", "deal.royalty.tiers"))
        return None if by_year else amount(foreign if _abroad(term) else home)
    return {"share": SHARE, "rate": RATE, "years": YEARS}[term.kind]


def _abroad(term: Term) -> bool:
    """Whether an amount is in the currency of the market."""
    return term.key.partition(".")[0] in ("deal", "segments", "partner", "revenue") and term.key != "deal.cost_avoided"


def _of_formula(formula: NamedFormula, home: str, foreign: str) -> Kind:
    name = formula.name
    if name == "exchange_rate":
        return exchange_rate(home, foreign)
    if name.endswith("_hazard"):
        return RATE
    if name in ("launch_time", "payback") or name.endswith(_TIMES):
        return YEARS
    if name in _SHARES or name.endswith(_NUMBERS):
        return SHARE
    abroad = formula.section in _IN_MARKET_CURRENCY or name.endswith("_spared_sales")
    return amount(foreign if abroad else home)


def inferred(
    formulas: Mapping[str, NamedFormula], kinds: Mapping[str, Kind | None]
) -> tuple[dict[str, Kind | None], list[Problem]]:
    """The kinds of all formulas, each standing after those that it uses, and what contradicts itself in the user's."""
    found = dict(kinds)
    problems: list[Problem] = []
    for name, formula in formulas.items():
        if formula.section == "model" or formula.key.startswith("model."):
            kind, wrong = infer(formula.expression, formula.text, found)
            found[name] = kind
            problems += [problem.under(formula.key) for problem in wrong if problem.severity == "error"]
    return found, problems
