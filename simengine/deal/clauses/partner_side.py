"""The other side of the table: what the deal is worth to the partner, and whether it launches at all."""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses.contract import due, upfront
from simengine.deal.clauses.market import has, living, stage_costs
from simengine.scenario.partner_tables import Partner


def partner_discount(book: Book) -> None:
    """The partner's own discount factors, where it has a rate of its own."""
    if "partner.discount_rate" in book:
        when = "year - period / 2" if book.terms.discount.timing == "mid" else "year"
        text = f"(1 + {book['partner.discount_rate']}) ** -({when})"
        book.add("partner_discount_factor", text, "partner", "the partner's discount factors", "partner.discount_rate")


def _worth(book: Book, flow: str) -> str:
    for name in ("partner_discount_factor", "discount_factor"):
        if has(book, name):
            return f"sum({flow} * {name})"
    return f"sum({flow})"


def walk_away(book: Book) -> None:
    """Whether the partner launches: where, with everything known but its default, its profit is worth the cost."""
    partner = book.tables.partner or Partner()
    if not partner.walk_away:
        return
    profit = f"{_earned(book, 'potential_sales')} - potential_claim"
    cost = [f"- {book['partner.launch_cost']}"] if "partner.launch_cost" in book else []
    title = "value of the launch to the partner, once development has succeeded"
    book.add("launch_value", " ".join([_worth(book, f"({profit})"), *cost]), "partner", title, "partner.walk_away")
    live = living(book)
    text = "launch_value >= 0" if live == "1" else f"{live} * (launch_value >= 0)"
    book.add("launched", text, "partner", "whether the partner launches", "partner.walk_away")
    book.add("sales", "potential_sales * launched", "market", "sales of the technology", "partner.walk_away")
    book.add("claim", "potential_claim * launched", "deal", "what the partner owes for the period", "partner.walk_away")


def _earned(book: Book, sales: str) -> str:
    """What the partner earns on sales before it pays us."""
    text = f"{sales} * {book['partner.margin']}"
    if "partner.annual_cost" in book:
        text += f" - {book['partner.annual_cost']} * period"
    return text


def partner_value(book: Book) -> None:
    """The partner's cash flows and what they are worth to it, where its margin is known."""
    if "partner.margin" not in book:
        return
    earned = _earned(book, "sales")
    launches = "launched" if has(book, "launched") else living(book)
    if "partner.annual_cost" in book and launches != "1":
        earned = f"({earned}) * {launches}"
    if has(book, "partner_alive"):
        earned = (
            f"({earned}) * partner_alive"
            if " - " in earned and not earned.startswith("(")
            else f"{earned} * partner_alive"
        )
    paid = "claim * collection" if has(book, "collection") else "claim"
    flow = f"{earned} - {paid}"
    initial: list[str] = [f"-{payment}" for payment in upfront(book)]
    if "partner.launch_cost" in book:
        cost = book.product(book["partner.launch_cost"], None if launches == "1" else launches)
        if has(book, "launch_time"):
            flow += f" - {cost} * {due('launch_time')}"
        else:
            initial.append(f"-{cost}")
    share = f"(1 - {book['development.our_share']})" if "development.our_share" in book else ""
    if share:
        for kind, listed in (("initial_cost", initial), ("cost", None)):
            total = stage_costs(book, kind)
            if total == "0":
                continue
            part = book.product(share, f"({total})" if "+" in total else total)
            if listed is None:
                flow += f" - {part}"
            else:
                listed.append(f"-{part}")
    book.add("partner_cash_flow", flow, "partner", "cash flow of the partner", "partner.margin")
    start = " + ".join(initial).replace("+ -", "- ") or "0"
    book.add("partner_initial_cash_flow", start, "partner", "cash flow of the partner at the signing", "partner.margin")
    text = f"partner_initial_cash_flow + {_worth(book, 'partner_cash_flow')}"
    book.add("partner_npv", text, "value", "net present value to the partner", "partner.margin")
