"""What the technology sells: development and launch, demand over the periods, prices, and what risks leave of it."""

from __future__ import annotations

from collections.abc import Collection

from simengine.deal.book import Book, identifier
from simengine.distributions import resolve
from simengine.errors import InvalidInput, Problem
from simengine.formula import Node, Operation
from simengine.scenario.market_tables import Demand, Revenue


def development(book: Book) -> None:
    """Stages in order: each costs, takes time and may fail; then approval.  Sales begin after all of them."""
    table = book.tables.development
    starts: list[str] = []
    reached = ""
    for index, stage in enumerate(table.stages if table is not None else ()):
        key, name = f"development.stages[{index}]", f"stage_{index + 1}"
        condition = ""
        if stage.proceed_if:
            title = "whether the project goes on to this stage"
            condition = book.add(
                f"{name}_proceeds", stage.proceed_if, "market", title, f"{key}.proceed_if", single=True
            )
            condition = condition if _is_truth(book.formulas[condition].expression) else f"({condition} != 0)"
        here = book.product(reached, condition)
        if here != "1":
            reached = book.add(f"{name}_reached", here, "market", f"whether {stage.name or name} begins", key)
        if f"{key}.cost" in book:
            _stage_cost(book, name, key, reached, starts)
        if f"{key}.success" in book:
            title = f"whether {stage.name or name} succeeds"
            success = book.happens(f"{name}_succeeds", f"{key}.success", "market", title)
            reached = book.add(f"{name}_done", book.product(reached, success), "market", "", key)
        if f"{key}.years" in book and book.number(f"{key}.years") != 0.0:
            starts.append(book[f"{key}.years"])
    if "crossborder.approval_years" in book and book.number("crossborder.approval_years") != 0.0:
        starts.append(book["crossborder.approval_years"])
    if starts:
        book.add("launch_time", book.total(starts), "market", "years until sales begin", "development", single=True)
    if reached:
        book.add("technical_success", reached, "market", "whether all stages succeed", "development", single=True)
    if "crossborder.approval" in book:
        book.happens("approved", "crossborder.approval", "market", "whether the authorities approve")


def _is_truth(tree: Node) -> bool:
    """Whether the value of a formula is 0 or 1 by its last step."""
    return isinstance(tree, Operation) and tree.symbol in ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")


def _stage_cost(book: Book, name: str, key: str, reached: str, starts: list[str]) -> None:
    """The cost of a stage, at the signing or in the period in which it begins."""
    paid = book.product(book[f"{key}.cost"], reached)
    if not starts:
        book.add(f"{name}_initial_cost", paid, "market", "cost of the stage, at the signing", key, single=True)
        return
    begins = book.add(f"{name}_begins", book.total(starts), "market", "when it begins, in years", key, single=True)
    book.add(
        f"{name}_cost",
        f"{paid} * {falls(begins)}",
        "market",
        "cost of the stage, in the period in which it begins",
        key,
    )


def falls(time: str) -> str:
    """1 in the period that holds a point in time, else 0; time 0, the signing, counts in the first period."""
    return f"(({time} <= year) - lag({time} <= year))"


def stage_costs(book: Book, suffix: str) -> str:
    """The sum of the stages' costs, of those at the signing (``initial_cost``) or later (``cost``)."""
    table = book.tables.development
    stages = range(1, len(table.stages) + 1) if table is not None else ()
    return book.total(name for k in stages if (name := f"stage_{k}_{suffix}") in book.formulas)


def living(book: Book) -> str:
    """The factor for what must have succeeded before anything is sold; 1 where nothing can fail."""
    return book.product(*(name for name in ("technical_success", "approved") if has(book, name)))


def has(book: Book, name: str) -> bool:
    """Whether a formula or a draw has been written."""
    return name in book.formulas or name in book.inputs


def market(book: Book) -> None:
    """Sales without the effect of risks: value or volume, spread over the periods, with demand and prices."""
    revenue = book.tables.revenue or Revenue()
    demand = book.tables.demand or Demand()
    late = None
    if "launch_time" in book.formulas and demand.model != "bass":
        text = "clip((year - launch_time) / period, 0, 1)"
        late = book.add("on_market", text, "market", "share of the period after the launch", "development")
    index = _demand_index(book, demand)
    uplift = book.get("deal.demand_uplift")
    if revenue.model != "value":
        volume = VOLUMES[revenue.model](book, late)
        factors = [volume, book.get("revenue.conversion"), book.get("inputs.D"), index, _prices(book), uplift]
    elif book.tables.segments:
        parts = []
        for name in book.tables.segments:
            price = book.get(f"segments.{name}.price", "")
            parts.append(book.product(book[f"segments.{name}.V"], book[f"segments.{name}.D"], price))
        book.add("segments_value", book.total(parts), "market", "value times demand of all segments", "segments")
        factors = ["segments_value", _allocation(book, demand), index, _prices(book), uplift, late]
    elif "inputs.V" in book:
        allocation = _allocation(book, demand)
        factors = [book["inputs.V"], allocation, book.get("inputs.D"), index, _prices(book), uplift, late]
    else:
        return  # the formulas of the user say what the market is
    book.add("market", book.product(*factors), "market", "sales before risks", "demand")


def _allocation(book: Book, demand: Demand) -> str | None:
    if demand.model == "bass":
        if book.number("demand.p") == 0.0:
            reason = "nobody adopts by imitation where nobody has adopted before, so p has to be above 0"
            raise InvalidInput(Problem(reason, key="demand.p", value="0", allowed="above 0"))
        p, q = book["demand.p"], book["demand.q"]
        launched = has(book, "launch_time")
        now = "max(year - launch_time, 0)" if launched else "year"
        before = "max(year - period - launch_time, 0)" if launched else "year - period"
        text = f"(bass({now}, {p}, {q}) - bass({before}, {p}, {q})) / bass(horizon, {p}, {q})"
        return book.add("allocation", text, "market", "share of the value in each period, by adoption", "demand")
    if "demand.allocation" in book:
        return book["demand.allocation"]
    if book.definition.grid.periods == 1:
        return None
    return book.add("allocation", "period / horizon", "market", "share of the value in each period", "demand")


def _demand_index(book: Book, demand: Demand) -> str | None:
    if demand.model == "growth":
        text = f"(1 + {book['demand.growth']}) ** (year - period)"
    elif demand.model == "table":
        return book["demand.index"]
    elif demand.model == "gbm":
        normal = resolve({"dist": "normal", "mean": 0.0, "sd": 1.0})
        shock = book.draw_each_year("demand_shock", normal, "demand.volatility", "shock to demand", "market")
        mu, sigma = book.get("demand.drift", "0"), book["demand.volatility"]
        text = f"exp(cumsum(({mu} - {sigma} ** 2 / 2) * period + {sigma} * sqrt(period) * {shock}))"
    else:
        return None
    return book.add("demand_index", text, "market", "demand of each period, 1 for what D says", "demand")


def _prices(book: Book) -> str | None:
    """The index of prices, in the middle of each period."""
    parts = []
    if "revenue.price_decline" in book:
        parts.append(f"(1 - {book['revenue.price_decline']}) ** (year - period / 2)")
    if "revenue.price_erosion" in book:
        parts.append(f"exp(-{book['revenue.price_erosion']} * (year - period / 2))")
    return book.add("price_index", book.product(*parts), "market", "prices, 1 at the signing") if parts else None


def _growth(book: Book) -> str | None:
    return f"(1 + {book['revenue.growth']}) ** (year - period)" if "revenue.growth" in book else None


def _subscription(book: Book, late: str | None) -> str:
    start, new = book.get("revenue.subscribers", "0"), "0"
    if "revenue.additions" in book:
        new = book.product(book["revenue.additions"], "period", _growth(book), late)
    kept = f"(1 - {book['revenue.churn']}) ** period" if "revenue.churn" in book else "1"
    text = f"accumulate({new}, {kept}, {start})"
    book.add("subscribers", text, "market", "subscribers at the end of the period", "revenue")
    served = book.add("served", book.product("subscribers * period", late), "market", "subscriber-years", "revenue")
    return book.add("volume", f"{served} * {book['revenue.fee']}", "market", "fees", "revenue")


def _calls(book: Book, late: str | None) -> str:
    text = book.product(book["revenue.calls"], "period", _growth(book), late)
    served = book.add("served", text, "market", "calls", "revenue")
    return book.add("volume", f"{served} * {book['revenue.price']}", "market", "calls at the first price", "revenue")


def _units(book: Book, late: str | None) -> str:
    text = book.product(book["revenue.units"], "period", _growth(book), late)
    served = book.add("served", text, "market", "units sold", "revenue")
    text = book.product(served, book["revenue.price"])
    if "revenue.maintenance" in book:
        text += f" + lag(cumsum({served})) * {book['revenue.price']} * {book['revenue.maintenance']} * period"
    return book.add("volume", text, "market", "units, and maintenance of those sold before", "revenue")


def _service(book: Book, late: str | None) -> str:
    text = book.product(book["revenue.days"], book.get("revenue.utilisation"), "period", _growth(book), late)
    served = book.add("served", text, "market", "days of work sold", "revenue")
    return book.add("volume", f"{served} * {book['revenue.day_rate']}", "market", "fees for work", "revenue")


def _commission(book: Book, late: str | None) -> str:
    text = book.product(book["revenue.volume"], book["revenue.commission"], "period", _growth(book), late)
    return book.add("volume", text, "market", "commission on transactions", "revenue")


VOLUMES = {
    "subscription": _subscription,
    "api": _calls,
    "units": _units,
    "service": _service,
    "commission": _commission,
}
"""What each kind of sales brings in a period, before demand, prices and risks."""


def sales(book: Book) -> None:
    """Sales after risks, and what serving them costs.

    Where the partner may walk away, sales are what they would be if it launches.
    """
    if not _known(book):
        return  # a formula of the user says what sales are
    potential = _walks(book)
    name, title = ("potential_sales", "sales if the partner launches") if potential else ("sales", "sales")
    title = title if potential else "sales of the technology"
    book.add(name, sold(book, potential=potential), "market", title, "partner.walk_away" if potential else "")
    if "revenue.cost" in book:
        serving_cost(book, "potential_" if potential else "", potential=potential)


def launched_sales(book: Book) -> None:
    """Sales, and what serving them costs, once the partner has decided."""
    left = book.product("launched", "partner_active" if has(book, "partner_active") else "")
    book.add("sales", f"potential_sales * {left}", "market", "sales of the technology", "partner.walk_away")
    if has(book, "potential_serving_cost"):
        title = "cost of serving what is sold"
        book.add("serving_cost", f"potential_serving_cost * {left}", "market", title, "revenue.cost")


def serving_cost(book: Book, prefix: str, *, spared: Collection[str] = (), potential: bool = False) -> str:
    """What serving costs when some risks are not there; its name."""
    falling = None
    if "revenue.cost_decline" in book:
        falling = f"(1 - {book['revenue.cost_decline']}) ** (year - period / 2)"
    index = book.get("demand.index") or ("demand_index" if has(book, "demand_index") else "")
    demanded = [book.get("inputs.D"), index, book.get("deal.demand_uplift")]
    kept = _kept(book, spared, potential=potential)
    text = book.product("served", book["revenue.cost"], falling, *demanded, *kept)
    if spared and has(book, "serving_cost") and book.formulas["serving_cost"].text == text:
        return "serving_cost"
    return book.add(f"{prefix}serving_cost", text, "market", "cost of serving what is sold", "revenue.cost")


def sold(book: Book, *, spared: Collection[str] = (), potential: bool = False) -> str:
    """The text of sales after all risks but those spared; potential ones are those of a partner that launches."""
    if not _known(book):
        return "sales"
    names = [name for risk in book.terms.events if (name := identifier(risk)) not in spared]
    prices = [f"{name}_prices" for name in names if has(book, f"{name}_prices")]
    return book.product("market", *prices, *_kept(book, spared, potential=potential))


def sells(book: Book) -> str:
    """The name of the sales that claims are computed on: those of partners that are still there."""
    if not (has(book, "partner_active") and "sales" in book.definition.model):
        return "sales"
    title = "sales of partners that are still in business"
    return book.add("active_sales", "sales * partner_active", "market", title, "partner")


def _known(book: Book) -> bool:
    """Whether sales follow from the tables, and not from a formula of the user alone."""
    return "market" in book.formulas or "market" in book.definition.model


def _kept(book: Book, spared: Collection[str], *, potential: bool) -> list[str]:
    """The shares of what could be sold that risks leave, whether there is anything to sell, and who still sells it."""
    effects = [f"{name}_effect" for risk in book.terms.events if (name := identifier(risk)) not in spared]
    left = [f"(1 - {effect})" for effect in effects if has(book, effect)]
    left += [f"(1 - {name})" for name in book.definition.risks]
    if potential:
        return left
    success = "launched" if _walks(book) else living(book)
    return [*left, *([success] if success != "1" else []), *(["partner_active"] if has(book, "partner_active") else [])]


def _walks(book: Book) -> bool:
    return book.tables.partner is not None and book.tables.partner.walk_away
