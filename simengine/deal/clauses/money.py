"""From the claim to the value: what is collected, what it costs, what the state takes, what remains."""

from __future__ import annotations

from simengine.deal.book import Book, identifier
from simengine.deal.clauses.contract import EQUITY, capital_calls, distributed, upfront
from simengine.deal.clauses.course import ACTUAL, Course, ends, goes_on, rate, spot, term
from simengine.deal.clauses.market import has, sells, stage_costs
from simengine.distributions import resolve
from simengine.formula.printer import number_text
from simengine.scenario.risk_tables import CostItem
from simengine.scenario.term_tables import Deal


def timing(book: Book) -> None:
    """Discount factors of the periods, mid-period or at the end."""
    if "scenario.discount.rate" in book:
        yearly = book["scenario.discount.rate"]
        when = "year - period / 2" if book.terms.discount.timing == "mid" else "year"
        title = f"worth at the signing of money in the {'middle' if when != 'year' else 'end'} of a period"
        title = title.replace("in the end", "at the end")
        book.add("discount_factor", f"(1 + {yearly}) ** -({when})", "time", title, "scenario.discount")


def discounted(book: Book, flow: str, exit_value: str = "") -> str:
    """The value at the signing of a yearly amount, and of one that arrives at the horizon."""
    if not has(book, "discount_factor"):
        return book.total([f"sum({flow})", *([f"sum({exit_value})"] if exit_value else [])])
    worth = [f"sum({flow} * discount_factor)"]
    if exit_value:
        worth.append(f"sum({exit_value}) * (1 + {book['scenario.discount.rate']}) ** -horizon")
    return book.total(worth)


def exchange(book: Book) -> None:
    """The exchange rate of each period; constant without drift and volatility."""
    if rate(book) != "exchange_rate":
        return
    mu, sigma = book.get("crossborder.drift"), book.get("crossborder.volatility")
    change = f"{mu} * year"
    if sigma:
        normal = resolve({"dist": "normal", "mean": 0.0, "sd": 1.0})
        title = "shock to the exchange rate"
        shock = book.draw_each_year("exchange_shock", normal, "crossborder.volatility", title, "tax")
        trend = f"({mu} - {sigma} ** 2 / 2)" if mu else f"-{sigma} ** 2 / 2"
        change = f"cumsum({trend} * period + {sigma} * sqrt(period) * {shock})"
    title = "money of the scenario for one unit of the market's currency, at the end of each period"
    book.add("exchange_rate", book.product(spot(book), f"exp({change})"), "tax", title, "crossborder")


def receipts(book: Book, claim: str = "claim", course: Course = ACTUAL) -> str:
    """What arrives: the claim as far as it is collected, less the legal share, value added tax and tax withheld.

    Losses of a venture are no claim: we bear our share of them in full.
    """
    deal = book.tables.deal or Deal()
    collected = "collection" if has(book, "collection") else ""
    vat, net = _vat(book), _net(book)
    kept = _kept(book, course)
    if deal.mode == EQUITY:
        loss = f"{course.prefix}venture_loss"
        loss = loss if has(book, loss) else "venture_loss"
        text = book.product(_venture_claim(book, claim, net, vat, course), collected, kept, rate(book))
        text += f" - {book.product(loss, rate(book))}"
    else:
        text = book.product(claim, collected, kept, net, rate(book)) + vat
    return course.add(book, "receipts", text, "tax", "what arrives of the claim", "crossborder")


def initial_receipts(book: Book) -> None:
    """What arrives at the signing."""
    at_signing = upfront(book)
    if at_signing:
        paid = book.total(at_signing)
        paid = f"({paid})" if len(at_signing) > 1 else paid
        text = book.product(paid, _net(book), spot(book)) + _vat(book)
        book.add("initial_receipts", text, "tax", "what arrives at the signing", "deal.upfront")


def _vat(book: Book) -> str:
    return f" / (1 + {book['crossborder.vat']})" if "crossborder.vat" in book else ""


def _net(book: Book) -> str:
    return f"(1 - {book['crossborder.withholding']})" if "crossborder.withholding" in book else ""


def _kept(book: Book, course: Course) -> str:
    """The share of what is collected that legal and compliance costs leave."""
    names = [name for risk in book.terms.events if (name := identifier(risk)) not in course.spared]
    legal = [f"{name}_legal" for name in names if has(book, f"{name}_legal")]
    share = book.get("inputs.L")
    if legal:
        text = f"min({book.total([*([share] if share else []), *legal])}, 1)"
        title = "share that legal and compliance costs take"
        share = course.add(book, "legal_share", text, "tax", title, "risks")
    return f"(1 - {share})" if share else ""


def _venture_claim(book: Book, claim: str, net: str, vat: str, course: Course) -> str:
    """The claim on a venture after taxes on its payments: fees and distributions are taxed by different rates."""
    dividends = book.get("crossborder.dividend_withholding")
    if not (dividends or net or vat):
        return claim
    paid = distributed(book, course)
    shared = book.product(paid, f"(1 - {dividends})" if dividends else "")
    if book.formulas[claim].text == paid:
        return book.product(claim, f"(1 - {dividends})" if dividends else "")
    fees = book.product(f"({claim} - {paid})", net) + vat
    return f"({fees} + {shared})"


def following(book: Book, sales: str, course: Course = ACTUAL) -> tuple[list[str], list[str]]:
    """What a course of events costs us and brings back a year besides receipts, term by term.

    Costs of events, stages, insurance and awards are not among them.
    """
    deal = book.tables.deal or Deal()
    running: list[str] = []
    for name, item in book.terms.costs.items():
        running += _item(book, f"costs.{name}", item, sales, course)
    for name in book.terms.mitigations:
        if f"mitigations.{name}.annual" in book:
            running.append(book.product(book[f"mitigations.{name}.annual"], "period", goes_on(book, course)))
    if has(book, "serving_cost") and deal.mode == "value":
        serving = f"{course.prefix}serving_cost"
        serving = serving if has(book, serving) else "serving_cost"
        running.append(book.product(serving, *ends(book, course), rate(book)))
    running += capital_calls(book, course)
    back: list[str] = []
    for name, item in book.tables.grants.items():
        back += _item(book, f"grants.{name}", item, sales, course)
    if "deal.cost_avoided" in book:
        approved = "approved" if has(book, "approved") else ""
        back.append(book.product(book["deal.cost_avoided"], "period", approved, goes_on(book, course)))
    return running, back


def costs(book: Book) -> None:
    """All that we pay: at the signing and in each period, and what others pay for us."""
    initial = [book[f"costs.{name}"] for name in book.definition.costs]
    running, back = following(book, sells(book))
    initial += [book[key] for name in book.terms.costs if (key := f"costs.{name}.upfront") in book]
    initial += [book[key] for name in book.terms.mitigations if (key := f"mitigations.{name}.upfront") in book]
    share = book.get("development.our_share")
    for name, listed in (("initial_cost", initial), ("cost", running)):
        total = stage_costs(book, name)
        if total != "0":
            listed.append(book.product(share, f"({total})" if share and "+" in total else total))
    initial += ["capital_paid"] if has(book, "capital_paid") else []
    running += [name for risk in book.terms.events if has(book, name := f"{identifier(risk)}_costs")]
    if initial:
        book.add("initial_costs", book.total(initial), "costs", "what we pay at the signing", "costs")
    if running:
        book.add("running_costs", book.total(running), "costs", "what we pay in each period", "costs")
    _recoveries(book, back)


def _item(book: Book, key: str, item: CostItem, sales: str, course: Course) -> list[str]:
    """A cost or a grant in each period, as long as the deal goes on."""
    running = []
    within = _within(book, key)
    if f"{key}.annual" in book:
        growth = f"(1 + {book[f'{key}.growth']}) ** (year - period)" if f"{key}.growth" in book else ""
        running.append(book.product(book[f"{key}.annual"], "period", growth, within, goes_on(book, course)))
    if f"{key}.share_of_sales" in book:
        ended = ends(book, course)
        running.append(book.product(book[f"{key}.share_of_sales"], sales, within, *ended, rate(book)))
    return running


def _within(book: Book, key: str) -> str:
    """The share of each period between the start and the end of a cost."""
    starts, years = book.get(f"{key}.starts"), book.get(f"{key}.years")
    if starts and years:
        return f"({term(f'({starts} + {years})')} - {term(starts)})"
    if starts:
        return f"(1 - {term(starts)})"
    return term(years) if years else ""


def _recoveries(book: Book, back: list[str]) -> None:
    """What comes back: from insurers, from courts, from grants, and as cost avoided (``back``)."""
    initial = [book[key] for name in book.tables.grants if (key := f"grants.{name}.upfront") in book]
    running: list[str] = []
    for name in book.terms.mitigations:
        if book.tables.mitigations[name].insurance is not None:
            running += _payout(book, name)
    running += [name for risk in book.terms.events if has(book, name := f"{identifier(risk)}_recovered")]
    running += back
    if initial:
        book.add("initial_grants", book.total(initial), "costs", "grants at the signing", "grants")
    if running:
        title = "what comes back in each period: insurance, awards, grants, cost avoided"
        book.add("recoveries", book.total(running), "costs", title, "costs")


def _payout(book: Book, name: str) -> list[str]:
    """What an insurer pays of the cost of the risks that it covers, in each period; never what others paid already."""
    key = f"mitigations.{name}.insurance"
    covered = _covered(book, name)
    if not covered:
        return []
    others = _sharing(book, name)
    within = _within_year(book) and (others or f"{key}.deductible" in book or f"{key}.limit" in book)
    loss, single = book.total(covered), len(covered) == 1
    if within:
        loss, single = f"cumsum_in_year({loss})", True
    if f"{key}.deductible" in book:
        loss, single = f"max({loss} - {_a_year(book, f'{key}.deductible')}, 0)", True
    if f"{key}.limit" in book:
        loss, single = f"min({loss}, {_a_year(book, f'{key}.limit')})", True
    if f"{key}.share" in book:
        loss = f"{book[f'{key}.share']} * {loss if single else f'({loss})'}"
    if others:
        union = dict.fromkeys(cost for one in (name, *others) for cost in _covered(book, one))
        left = " - ".join([book.total(union), *(f"{identifier(other)}_payout" for other in others)])
        loss = f"min({loss}, max({f'cumsum_in_year({left})' if within else left}, 0))"
    if within:
        title = f"what is paid under {name} in the year so far"
        paid = book.add(f"{identifier(name)}_paid", loss, "costs", title, key)
        loss = f"{paid} - lag_in_year({paid})"
    title = f"what is paid under {name}"
    return [book.add(f"{identifier(name)}_payout", loss, "costs", title, key)]


def _within_year(book: Book) -> bool:
    """Whether a year has several periods, so that what is settled once a year needs sums of the year."""
    return book.definition.grid.length < 1.0


def _a_year(book: Book, key: str) -> str:
    """An amount a year of what is settled once a year: of one year, or of a period where that is longer."""
    return book[key] if _within_year(book) else book.product(book[key], "period")


def _sharing(book: Book, name: str) -> list[str]:
    """Earlier measures that pay for costs that this one covers too, or that share a cost with one that does."""
    earlier = list(book.terms.mitigations[: book.terms.mitigations.index(name)])
    reach, found = set(_covered(book, name)), []
    while more := [other for other in earlier if other not in found and reach & set(_covered(book, other))]:
        found += more
        reach |= {cost for other in more for cost in _covered(book, other)}
    return [other for other in earlier if other in found]


def _covered(book: Book, name: str) -> list[str]:
    """The costs that a measure insures."""
    insurance = book.tables.mitigations[name].insurance
    covers = insurance.covers if insurance is not None else ()
    return [cost for risk in covers if has(book, cost := f"{identifier(risk)}_costs")]


def tax(book: Book) -> None:
    """Tax on receipts less costs of a year; capital, exit and losses are not taxed, losses may be carried forward."""
    table = book.tables.tax
    if table is None:
        return
    plus = ["receipts", *(["recoveries"] if has(book, "recoveries") else [])]
    at_signing = _initial(book)
    plus += ["capital_calls"] if has(book, "capital_calls") else []
    if at_signing != "0":
        at_signing += " + capital_paid" if has(book, "capital_paid") else ""
        plus.append(f"where(year <= period, {at_signing}, 0)")
    text = book.total(plus) + (" - running_costs" if has(book, "running_costs") else "")
    book.add("taxable", text, "tax", "income before tax; that of the signing counts in the first period", "tax")
    income, when = "taxable", "period"
    if _within_year(book):
        income, when = "year_total(taxable)", "year, in its last period"
    if table.carry_forward:
        title = "income taxed up to the end of the period, after losses carried forward"
        book.add("taxed_to_date", f"max(cummax(cumsum({income})), 0)", "tax", title, "tax")
        base = "taxed_to_date - lag(taxed_to_date)"
    else:
        base = f"max({income}, 0)"
    book.add("tax_base", base, "tax", f"income that is taxed, of the {when}", "tax")
    if table.relief is not None:
        exempt = _a_year(book, "tax.relief.exempt")
        base = f"tiers(tax_base, {exempt}, 0, {number_text(table.relief.above)})"
    else:
        base = "tax_base"
    book.add("tax", f"{book['tax.rate']} * {base}", "tax", f"tax of the {when}", "tax")


def _initial(book: Book) -> str:
    """Money at the signing: what arrives less what is paid."""
    plus = [name for name in ("initial_receipts", "initial_grants") if has(book, name)]
    text = book.total(plus)
    if has(book, "initial_costs"):
        text = f"{text} - initial_costs" if plus else "-initial_costs"
    return text


def value(book: Book) -> None:
    """Cash flows and what they are worth."""
    flow = "receipts"
    flow += " + recoveries" if has(book, "recoveries") else ""
    flow += " - running_costs" if has(book, "running_costs") else ""
    flow += " - tax" if has(book, "tax") else ""
    initial = _initial(book)
    book.add("initial_cash_flow", initial, "value", "cash flow at the signing", "deal")
    if has(book, "exit_value"):
        book.add("operating_cash_flow", flow, "value", "cash flow of the period before the exit", "deal")
        book.add("cash_flow", "operating_cash_flow + exit_value", "value", "cash flow of the period", "deal")
        worth = discounted(book, "operating_cash_flow", "exit_value")
    else:
        book.add("cash_flow", flow, "value", "cash flow of the period", "deal")
        worth = discounted(book, "cash_flow")
    signed = initial != "0"
    book.add("npv", f"initial_cash_flow + {worth}" if signed else worth, "value", "net present value", "deal")
    balance = "initial_cash_flow + cumsum(cash_flow)" if signed else "cumsum(cash_flow)"
    low = f"initial_cash_flow, lowest({balance})" if signed else f"lowest({balance})"
    title = "peak funding need: the largest sum that is out of pocket at a time"
    book.add("peak_funding", f"-min({low}, 0)", "value", title, "deal")
    book.add("ever_negative", "peak_funding > 0", "value", "whether money is ever short", "deal")
    book.add("payback", "payback(initial_cash_flow, cash_flow)", "value", "years until paid back", "deal")
    book.add("irr", _internal_rate(book), "value", "internal rate of return a year", "deal")
    _return_on_costs(book)


def _internal_rate(book: Book) -> str:
    """The rate at which npv, with its times of payment, is 0."""
    if book.terms.discount.timing == "end":
        return "irr(initial_cash_flow, cash_flow)"
    if has(book, "exit_value"):
        return "irr(initial_cash_flow, operating_cash_flow, 0.5, sum(exit_value))"
    return "irr(initial_cash_flow, cash_flow, 0.5)"


def _return_on_costs(book: Book) -> None:
    """What is earned on what is paid: on costs at the signing and later, at their present value."""
    paid = ["initial_costs"] if has(book, "initial_costs") else []
    if has(book, "running_costs"):
        paid.append(discounted(book, "running_costs"))
    text = "0"
    if paid:
        title = "present value of what we pay, before tax"
        book.add("discounted_costs", book.total(paid), "value", title, "deal")
        text = "where(discounted_costs > 0, npv / discounted_costs, 0)"
    book.add("roi", text, "value", "return on investment: net present value for each unit of what we pay", "deal")
