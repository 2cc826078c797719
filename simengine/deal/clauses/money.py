"""From the claim to the value: what is collected, what it costs, what the state takes, what remains."""

from __future__ import annotations

from simengine.deal.book import Book, identifier
from simengine.deal.clauses.contract import term, upfront
from simengine.deal.clauses.market import has, stage_costs
from simengine.distributions import resolve
from simengine.formula.printer import number_text
from simengine.scenario.risk_tables import CostItem
from simengine.scenario.term_tables import Deal


def timing(book: Book) -> None:
    """Discount factors of the periods, mid-period or at the end."""
    if "scenario.discount.rate" in book:
        rate = book["scenario.discount.rate"]
        when = "year - period / 2" if book.terms.discount.timing == "mid" else "year"
        title = f"money of the {'middle' if when != 'year' else 'end'} of a period in money of the signing"
        book.add("discount_factor", f"(1 + {rate}) ** -({when})", "time", title, "scenario.discount")


def discounted(book: Book, flow: str) -> str:
    """The value at the signing of a yearly amount."""
    return f"sum({flow} * discount_factor)" if has(book, "discount_factor") else f"sum({flow})"


def exchange(book: Book) -> None:
    """The exchange rate of each period; constant without drift and volatility."""
    if "crossborder.drift" not in book and "crossborder.volatility" not in book:
        return
    mu, sigma = book.get("crossborder.drift", "0"), book.get("crossborder.volatility", "0")
    start = book.get("crossborder.rate", "1")
    steps = f"{mu} * period"
    if sigma != "0":
        normal = resolve({"dist": "normal", "mean": 0.0, "sd": 1.0})
        shock = book.draw_each_year("exchange_shock", normal, "crossborder.volatility", "shock to the rate", "tax")
        steps = f"({mu} - {sigma} ** 2 / 2) * period + {sigma} * sqrt(period) * {shock}"
    title = "exchange rate at the end of each period"
    book.add("exchange_rate", f"{start} * exp(cumsum({steps}))", "tax", title, "crossborder")


def receipts(book: Book) -> None:
    """What arrives: the claim as far as it is collected, less the legal share, tax withheld and value added tax."""
    deal = book.tables.deal or Deal()
    legal = [f"{identifier(name)}_legal" for name in book.terms.events]
    legal = [name for name in legal if has(book, name)]
    share = book.get("inputs.L")
    if legal:
        text = f"min({book.total([*([share] if share else []), *legal])}, 1)"
        share = book.add("legal_share", text, "tax", "share that legal and compliance cost takes", "risks")
    kept = f"(1 - {share})" if share else ""
    collected = "collection" if has(book, "collection") else ""
    vat = f"/ (1 + {book['crossborder.vat']})" if "crossborder.vat" in book else ""
    rate = _rate(book, "exchange_rate")
    withheld = "withholding" if deal.mode != "joint-venture" else "dividend_withholding"
    net = f"(1 - {book[f'crossborder.{withheld}']})" if f"crossborder.{withheld}" in book else ""
    text = book.product("claim", collected, kept, net, rate)
    book.add("receipts", f"{text} {vat}".strip(), "tax", "what arrives of the claim", "crossborder")
    at_signing = upfront(book)
    if at_signing:
        paid = book.total(at_signing)
        paid = f"({paid})" if len(at_signing) > 1 else paid
        net = f"(1 - {book['crossborder.withholding']})" if "crossborder.withholding" in book else ""
        spot = book.get("crossborder.rate")
        text = f"{book.product(paid, net, spot)} {vat}".strip()
        book.add("initial_receipts", text, "tax", "what arrives at the signing", "deal.upfront")


def _rate(book: Book, name: str) -> str:
    return name if has(book, name) else book.get("crossborder.rate")


def costs(book: Book) -> None:
    """All that we pay: at the signing and in each period, and what others pay for us."""
    initial = [
        spec.name if book[f"costs.{name}"] == spec.name else book[f"costs.{name}"]
        for name, spec in book.definition.costs.items()
    ]
    running: list[str] = []
    for name, item in book.terms.costs.items():
        first, later = _item(book, f"costs.{name}", item)
        initial += first
        running += later
    for name in book.terms.mitigations:
        key = f"mitigations.{name}"
        initial += [book[f"{key}.upfront"]] if f"{key}.upfront" in book else []
        running += [f"{book[f'{key}.annual']} * period"] if f"{key}.annual" in book else []
    share = book.get("development.our_share", "")
    for name, listed in (("initial_cost", initial), ("cost", running)):
        total = stage_costs(book, name)
        if total != "0":
            listed.append(book.product(share, f"({total})" if "+" in total else total))
    deal = book.tables.deal or Deal()
    if has(book, "serving_cost") and deal.mode == "value":
        running.append("serving_cost")
    if "deal.capital" in book:
        initial.append(f"{book['deal.equity']} * {book['deal.capital']}")
    if "deal.capital_annual" in book:
        running.append(f"{book['deal.equity']} * {book['deal.capital_annual']} * period")
    running += [name for risk in book.terms.events if has(book, name := f"{identifier(risk)}_costs")]
    if initial:
        book.add("initial_costs", book.total(initial), "costs", "what we pay at the signing", "costs")
    if running:
        book.add("running_costs", book.total(running), "costs", "what we pay in each period", "costs")
    _recoveries(book)


def _item(book: Book, key: str, item: CostItem) -> tuple[list[str], list[str]]:
    """A cost or a grant: amounts at the signing and in each period."""
    initial = [book[f"{key}.upfront"]] if f"{key}.upfront" in book else []
    within = ""
    if f"{key}.starts" in book or f"{key}.years" in book:
        begins = book.get(f"{key}.starts", "0")
        parts = [term(f"({begins} + {book[f'{key}.years']})")] if f"{key}.years" in book else []
        if f"{key}.starts" in book:
            waiting = term(begins)
            parts = [f"({parts[0] if parts else '1'} - {waiting})"]
        within = book.product(*parts)
    running = []
    if f"{key}.annual" in book:
        growth = f"(1 + {book[f'{key}.growth']}) ** (year - period)" if f"{key}.growth" in book else ""
        running.append(book.product(book[f"{key}.annual"], "period", growth, within))
    if f"{key}.share_of_sales" in book:
        running.append(book.product(book[f"{key}.share_of_sales"], "sales", within))
    return initial, running


def _recoveries(book: Book) -> None:
    """What comes back: from insurers, from courts, from grants, and as cost avoided."""
    initial: list[str] = []
    running: list[str] = []
    for name in book.terms.mitigations:
        if book.tables.mitigations[name].insurance is not None:
            running += _payout(book, name)
    running += [name for risk in book.terms.events if has(book, name := f"{identifier(risk)}_recovered")]
    for name, item in book.tables.grants.items():
        first, later = _item(book, f"grants.{name}", item)
        initial += first
        running += later
    if "deal.cost_avoided" in book:
        running.append(f"{book['deal.cost_avoided']} * period")
    if initial:
        book.add("initial_grants", book.total(initial), "costs", "grants at the signing", "grants")
    if running:
        book.add("recoveries", book.total(running), "costs", "what comes back in each period", "costs")


def _payout(book: Book, name: str) -> list[str]:
    """What an insurer pays of the cost of the risks that it covers, in each period; never what others paid already."""
    key = f"mitigations.{name}.insurance"
    covered = _covered(book, name)
    if not covered:
        return []
    loss = book.total(covered)
    if f"{key}.deductible" in book:
        loss = f"max({loss} - {book[f'{key}.deductible']} * period, 0)"
    if f"{key}.limit" in book:
        loss = f"min({loss}, {book[f'{key}.limit']} * period)"
    if f"{key}.share" in book:
        loss = f"{book[f'{key}.share']} * {loss if '(' in loss[:4] or len(covered) == 1 else f'({loss})'}"
    others = _sharing(book, name)
    if others:
        union = dict.fromkeys(cost for one in (name, *others) for cost in _covered(book, one))
        paid = [f"{identifier(other)}_payout" for other in others]
        loss = f"min({loss}, max({' - '.join([book.total(union), *paid])}, 0))"
    title = f"what is paid under {name}"
    return [book.add(f"{identifier(name)}_payout", loss, "costs", title, key)]


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
    """Tax on receipts less costs; capital, exit value and losses are not taxed, losses may be carried forward."""
    table = book.tables.tax
    if table is None:
        return
    taxable = " + ".join(["receipts", *(["recoveries"] if has(book, "recoveries") else [])])
    deductible = []
    if has(book, "running_costs"):
        deductible.append("running_costs")
    text = " - ".join([taxable, *deductible])
    if "deal.capital_annual" in book:
        text += f" + {book['deal.equity']} * {book['deal.capital_annual']} * period"
    at_signing = _initial(book, capital=False)
    if at_signing != "0":
        text += f" + where(year <= period, {at_signing}, 0)"
    book.add("taxable", text, "tax", "taxable income; that of the signing counts in the first period", "tax")
    if table.carry_forward:
        book.add("taxed_to_date", "max(cummax(cumsum(taxable)), 0)", "tax", "income taxed so far, after losses", "tax")
        base = "taxed_to_date - lag(taxed_to_date)"
    else:
        base = "max(taxable, 0)"
    rate = book["tax.rate"]
    if table.relief is not None:
        book.add("tax_base", base, "tax", "income that is taxed", "tax")
        exempt = f"{book['tax.relief.exempt']} * period"
        above = number_text(table.relief.above)
        text = f"{rate} * tiers(tax_base, {exempt}, 0, {above})"
    else:
        text = f"{rate} * ({base})" if "-" in base else f"{rate} * {base}"
    book.add("tax", text, "tax", "tax of the period", "tax")


def _initial(book: Book, *, capital: bool = True) -> str:
    """Money at the signing: what arrives less what is paid."""
    plus = [name for name in ("initial_receipts", "initial_grants") if has(book, name)]
    text = book.total(plus)
    if has(book, "initial_costs"):
        text = f"{text} - initial_costs" if plus else "-initial_costs"
        if not capital and "deal.capital" in book:
            text += f" + {book['deal.equity']} * {book['deal.capital']}"
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
        worth = [discounted(book, "operating_cash_flow")]
        rate = f" * (1 + {book['scenario.discount.rate']}) ** -horizon" if has(book, "discount_factor") else ""
        worth.append(f"sum(exit_value){rate}")
    else:
        book.add("cash_flow", flow, "value", "cash flow of the period", "deal")
        worth = [discounted(book, "cash_flow")]
    if initial != "0":
        worth.insert(0, "initial_cash_flow")
    book.add("npv", book.total(worth), "value", "net present value", "deal")
    lowest = "min(initial_cash_flow, lowest(initial_cash_flow + cumsum(cash_flow)))"
    book.add("peak_funding", f"max(-{lowest}, 0)", "value", "peak funding need", "deal")
    book.add("ever_negative", "peak_funding > 0", "value", "whether money is ever short", "deal")
    book.add("payback", "payback(initial_cash_flow, cash_flow)", "value", "years until paid back", "deal")
    book.add("irr", "irr(initial_cash_flow, cash_flow)", "value", "internal rate of return a year", "deal")
