"""The other side of the table: what the deal is worth to the partner, and whether it launches at all.

What the partner earns and pays is in the currency of the market, and so is its decision; its cash flow is reported in
the money of the scenario, at the same exchange rates as ours, so that both sides add up.
"""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses.contract import EQUITY, called, exit_value, upfront
from simengine.deal.clauses.course import ACTUAL, Course, active, due, ends, in_force, lasts, rate, spot, success
from simengine.deal.clauses.market import has, living, sells, stage_costs
from simengine.scenario.term_tables import Deal


def partner_discount(book: Book) -> None:
    """The partner's own discount factors, where it has a rate of its own."""
    if "partner.discount_rate" in book:
        when = "year - period / 2" if book.terms.discount.timing == "mid" else "year"
        text = f"(1 + {book['partner.discount_rate']}) ** -({when})"
        book.add("partner_discount_factor", text, "partner", "the partner's discount factors", "partner.discount_rate")


def _worth(book: Book, flow: str, exit_value: str = "") -> str:
    """The value to the partner, at the signing, of a yearly amount, and of one that arrives at the horizon."""
    for name, key in (
        ("partner_discount_factor", "partner.discount_rate"),
        ("discount_factor", "scenario.discount.rate"),
    ):
        if has(book, name):
            late = [f"sum({exit_value}) * (1 + {book[key]}) ** -horizon"] if exit_value else []
            return book.total([f"sum({flow} * {name})", *late])
    return book.total([f"sum({flow})", *([f"sum({exit_value})"] if exit_value else [])])


def walk_away(book: Book, course: Course) -> None:
    """Whether the partner launches: where, with everything known but its default, its profit is worth the cost.

    It launches nothing after the horizon, nor after the end of the deal.
    """
    flow = f"{_earned(book, course)} - potential_claim"
    launch_cost = book.get("partner.launch_cost")
    if launch_cost and has(book, "launch_time"):
        flow += f" - {launch_cost} * {due('launch_time')}"
        launch_cost = ""
    if "deal.capital_annual" in book:
        flow += f" - {_other_share(book)} * {called(book, course)}"
    late = exit_value(book, "potential_sales", course)
    worth = _worth(book, f"({flow})", f"{_other_share(book)} * {late}" if late else "")
    if launch_cost:
        worth += f" - {launch_cost}"
    title = "what the launch is worth to the partner, once development has succeeded"
    book.add("launch_value", worth, "partner", title, "partner.walk_away")
    live = [living(book), "(launch_value >= 0)"]
    if has(book, "launch_time"):
        live += ["(launch_time < horizon)", *lasts(book, "launch_time")]
    else:
        live += lasts(book, "0")
    text = book.product(*live)
    text = "launch_value >= 0" if text == "(launch_value >= 0)" else text
    book.add("launched", text, "partner", "whether the partner launches", "partner.walk_away")


def _earned(book: Book, course: Course = ACTUAL) -> str:
    """What the partner earns before it pays us; in a venture, what that earns and what we bear of its losses."""
    deal = book.tables.deal or Deal()
    if deal.mode == EQUITY:
        cash = book.product(f"{course.prefix}venture_cash_flow", *ends(book, course))
        return f"{cash} + {course.prefix}venture_loss"
    sold = f"{course.prefix}sales" if course.prefix else sells(book)
    text = f"{sold} * {book['partner.margin']}"
    if has(book, "serving_cost") or has(book, "potential_serving_cost"):
        text += f" - {course.prefix}serving_cost" if deal.mode != "value" else ""
    if "partner.annual_cost" in book:
        text += f" - {book.product(book['partner.annual_cost'], 'period', in_force(book, course))}"
    return text


def _other_share(book: Book) -> str:
    """The partner's share of a venture."""
    return f"(1 - {book['deal.equity']})"


def partner_value(book: Book) -> None:
    """The partner's cash flows and what they are worth to it, where its margin is known or it shares a venture."""
    deal = book.tables.deal or Deal()
    venture = deal.mode == EQUITY
    if "partner.margin" not in book and not venture:
        return
    earned = _earned(book)
    initial = [f"-{book.product(payment, spot(book))}" for payment in upfront(book)]
    launches = success(book)
    cost = book.product(book["partner.launch_cost"], launches) if "partner.launch_cost" in book else ""
    if cost and has(book, "launch_time"):
        earned += f" - {book.product(cost, active(book), due('launch_time'))}"
    elif cost:
        initial.append(f"-{book.product(cost, spot(book))}")
    paid = "claim * collection" if has(book, "collection") else "claim"
    flow = f"{earned} - {paid}"
    if "deal.capital" in book:
        approved = "approved" if has(book, "approved") else ""
        initial.append(f"-{book.product(_other_share(book), book['deal.capital'], approved, spot(book))}")
    if "deal.capital_annual" in book:
        flow += f" - {_other_share(book)} * {called(book)}"
    if rate(book):
        flow = f"({flow}) * {rate(book)}"
    share = f"(1 - {book['development.our_share']})" if "development.our_share" in book else ""
    if share and (total := stage_costs(book, "initial_cost")) != "0":
        initial.append(f"-{book.product(share, f'({total})' if '+' in total else total)}")
    if share and (total := stage_costs(book, "cost")) != "0":
        flow += f" - {book.product(share, f'({total})' if '+' in total else total)}"
    _write(book, flow, initial)


def _write(book: Book, flow: str, initial: list[str]) -> None:
    """Cash flow, its exit from a venture, and what both are worth."""
    key, title = "partner", "cash flow of the partner"
    exit_value = ""
    if has(book, "venture_value"):
        book.add("partner_operating_cash_flow", flow, "partner", f"{title} before the exit", key)
        text = f"{_other_share(book)} * venture_value"
        exit_value = book.add("partner_exit_value", text, "partner", "the partner's share of the venture's value", key)
        book.add("partner_cash_flow", f"partner_operating_cash_flow + {exit_value}", "partner", title, key)
        worth = _worth(book, "partner_operating_cash_flow", exit_value)
    else:
        book.add("partner_cash_flow", flow, "partner", title, key)
        worth = _worth(book, "partner_cash_flow")
    start = " + ".join(initial).replace("+ -", "- ") or "0"
    book.add("partner_initial_cash_flow", start, "partner", f"{title} at the signing", key)
    text = f"partner_initial_cash_flow + {worth}" if initial else worth
    book.add("partner_npv", text, "value", "net present value to the partner", key)
