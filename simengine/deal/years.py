"""A deal over years: its tables become formulas, clause by clause, in the order in which money flows."""

from __future__ import annotations

from simengine.deal.book import Book, identifier
from simengine.deal.clauses import contract, course, events, market, milestones, money, partner, partner_side
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
    market.sales(book)
    partner.collection(book)
    milestones.reached_milestones(book)
    walks = course.walks(book)
    contract.claim(book, "potential_sales" if walks else "sales", "potential_" if walks else "")
    if walks:
        partner_side.walk_away(book)
        contract.decided(book)
    contract.venture(book)
    events.event_costs(book)
    events.awards(book, _lost_receipts(book))
    money.receipts(book)
    money.costs(book)
    money.tax(book)
    money.value(book)
    partner_side.partner_value(book)
    book.single |= set(SINGLE) & set(book.formulas)
    if book.problems:
        raise InvalidInput(book.problems)
    return book


def _lost_receipts(book: Book) -> dict[str, str]:
    """What each event with a suit cost us: the claim as it would be without the event, less the claim, as received."""
    lost = {}
    mode = book.tables.deal.mode if book.tables.deal is not None else "value"
    withheld = "crossborder.dividend_withholding" if mode == contract.EQUITY else "crossborder.withholding"
    arriving = [
        "collection" if has(book, "collection") else None,
        *(f"(1 - {book[key]})" for key in ("inputs.L", withheld) if key in book),
        events.exchange_rate(book),
    ]
    vat = f" / (1 + {book['crossborder.vat']})" if "crossborder.vat" in book else ""
    for risk in events.risks_with_suits(book):
        name = identifier(risk)
        without = market.sales_without(book, name)
        sales = book.add(f"{name}_spared_sales", without, "risks", "sales as they would be without it", f"risks.{risk}")
        claim = contract.claim(book, sales, f"{name}_spared_", name)
        decided = "launched" if course.walks(book) else None
        difference = f"({claim} - {'potential_claim' if decided else 'claim'})"
        lost[risk] = book.product(difference, decided, *arriving) + vat
    return lost


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
