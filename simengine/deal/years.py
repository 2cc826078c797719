"""A deal over years: its tables become formulas, clause by clause, in the order in which money flows."""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses import awards, contract, course, events, market, milestones, money, partner, partner_side
from simengine.deal.clauses.market import has
from simengine.deal.model import Output, YearlyOutput
from simengine.errors import InvalidInput
from simengine.scenario.definition import Definition
from simengine.scenario.terms import Terms

MAIN_OUTCOME = "npv"
"""The outcome of a deal over years."""

CASH_FLOW = "cash_flow"

SINGLE = (
    "initial_receipts",
    "initial_costs",
    "initial_grants",
    "initial_cash_flow",
    "partner_initial_cash_flow",
    "npv",
)
"""Formulas of the signing and of the whole: none has a value for each period."""


def written(definition: Definition, terms: Terms) -> Book:
    """The formulas and draws of a deal over years.

    Raises
    ------
    InvalidInput
        If two things of the deal have one name, or a value cannot be what its clause needs; keys are the scenario's.
    """
    book = Book(definition, terms)
    book.write_values()
    money.timing(book)
    money.exchange(book)
    partner_side.partner_discount(book)
    market.development(book)
    events.events(book)
    market.market(book)
    partner.collection(book)
    market.sales(book)
    milestones.reached_milestones(book)
    decision = course.decision(book)
    if decision.potential:
        contract.claim(book, "potential_sales", decision)
        partner_side.walk_away(book, decision)
        market.launched_sales(book)
    contract.claim(book, market.sells(book))
    contract.venture(book)
    events.event_costs(book)
    money.receipts(book)
    money.initial_receipts(book)
    awards.awards(book)
    money.costs(book)
    money.tax(book)
    money.value(book)
    partner_side.partner_value(book)
    book.single |= set(SINGLE) & set(book.formulas)
    if book.problems:
        raise InvalidInput(book.problems)
    return book


def default_outputs(book: Book) -> tuple[Output, ...]:
    """The outcomes that are reported unless others are asked for."""
    money_unit = book.definition.money
    outputs = [Output(MAIN_OUTCOME, money_unit, "net present value")]
    if has(book, "initial_costs") or has(book, "running_costs"):
        outputs += [
            Output("peak_funding", money_unit, "peak funding need"),
            Output("payback", "years", "time until paid back"),
            Output("ever_negative", "", "money is short at some time"),
        ]
    if has(book, "partner_npv") and "partner.margin" in book:
        outputs.append(Output("partner_npv", money_unit, "net present value to the partner"))
    return tuple(outputs)


def default_yearly(book: Book) -> tuple[YearlyOutput, ...]:
    """The yearly outcomes that are reported unless others are asked for."""
    return (YearlyOutput(CASH_FLOW, book.definition.money, "cash flow of the period", "initial_cash_flow"),)


INITIAL = {CASH_FLOW: "initial_cash_flow", "partner_cash_flow": "partner_initial_cash_flow"}
"""What yearly formulas are at the signing."""
