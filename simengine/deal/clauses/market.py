"""What the technology sells: development and launch, demand over the periods, prices, and what risks leave of it."""

from __future__ import annotations

from simengine.deal.book import Book, identifier
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
            condition = book.add(f"{name}_proceeds", f"({stage.proceed_if}) != 0", "market", title, key)
        here = book.product(reached, condition)
        if here != "1":
            reached = book.add(f"{name}_reached", here, "market", f"whether {stage.name or name} begins", key)
        if f"{key}.cost" in book:
            _stage_cost(book, name, key, reached, starts)
        if f"{key}.success" in book:
            title = f"whether {stage.name or name} succeeds"
            success = book.happens(f"{name}_succeeds", f"{key}.success", "market", title)
            reached = book.add(f"{name}_done", book.product(reached, success), "market", "", key)
        if f"{key}.years" in book:
            starts.append(book[f"{key}.years"])
    if "crossborder.approval_years" in book:
        starts.append(book["crossborder.approval_years"])
    if starts:
        book.add("launch_time", book.total(starts), "market", "years until sales begin", "development")
    if reached:
        book.add("technical_success", reached, "market", "whether all stages succeed", "development")
    if "crossborder.approval" in book:
        book.happens("approved", "crossborder.approval", "market", "whether the authorities approve")


def _stage_cost(book: Book, name: str, key: str, reached: str, starts: list[str]) -> None:
    """The cost of a stage, at the signing or in the period in which it begins."""
    paid = book.product(book[f"{key}.cost"], reached)
    if not starts:
        book.add(f"{name}_initial_cost", paid, "market", "cost of the stage, at the signing", key)
        return
    begins = book.add(f"{name}_begins", book.total(starts), "market", "when the stage begins, in years", key)
    text = f"{paid} * (year - period < {begins} and {begins} <= year)"
    book.add(f"{name}_cost", text, "market", "cost of the stage, in the period in which it begins", key)


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
    allocation = _allocation(book, demand)
    index = _demand_index(book, demand)
    prices = _prices(book, revenue)
    d = book.get("inputs.D")
    uplift = book.get("deal.demand_uplift")
    late = None
    if "launch_time" in book.formulas and demand.model != "bass":
        text = "clip((year - launch_time) / period, 0, 1)"
        late = book.add("on_market", text, "market", "share of the period after the launch", "development")
    if revenue.model != "value":
        volume = VOLUMES[revenue.model](book)
        factors = [volume, d, index, prices, uplift, late]
    elif book.tables.segments:
        parts = []
        for name in book.tables.segments:
            price = book.get(f"segments.{name}.price", "")
            parts.append(book.product(book[f"segments.{name}.V"], book[f"segments.{name}.D"], price))
        book.add("segments_value", book.total(parts), "market", "value times demand of all segments", "segments")
        factors = ["segments_value", allocation, index, prices, uplift, late]
    elif "inputs.V" not in book:
        return  # a formula of the user says what is sold
    else:
        factors = [book["inputs.V"], allocation, d, index, prices, uplift, late]
    book.add("market", book.product(*factors), "market", "sales before risks", "demand")


def _allocation(book: Book, demand: Demand) -> str | None:
    if demand.model == "bass":
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
        text = book["demand.index"]
    elif demand.model == "gbm":
        normal = {"dist": "normal", "mean": 0.0, "sd": 1.0}
        shock = book.draw_each_year("demand_shock", normal, "demand.volatility", "shock to demand", "market")
        mu, sigma = book.get("demand.drift", "0"), book["demand.volatility"]
        text = f"exp(cumsum(({mu} - {sigma} ** 2 / 2) * period + {sigma} * sqrt(period) * {shock}))"
    else:
        return None
    return book.add("demand_index", text, "market", "demand of each period, 1 for what D says", "demand")


def _prices(book: Book, revenue: Revenue) -> str | None:
    """The index of prices, in the middle of each period; what entrants do to prices is part of it."""
    parts = []
    if "revenue.price_decline" in book:
        parts.append(f"(1 - {book['revenue.price_decline']}) ** (year - period / 2)")
    if "revenue.price_erosion" in book:
        parts.append(f"exp(-{book['revenue.price_erosion']} * (year - period / 2))")
    parts += [f"{identifier(name)}_prices" for name, event in book.terms.events.items() if event.price_erosion]
    parts = [part for part in parts if not part.endswith("_prices") or part in book.formulas]
    return book.add("price_index", book.product(*parts), "market", "prices, 1 at the signing") if parts else None


def _growth(book: Book) -> str | None:
    return f"(1 + {book['revenue.growth']}) ** (year - period)" if "revenue.growth" in book else None


def _serving(book: Book, volume: str) -> None:
    """What it costs to serve the volume of a period."""
    if "revenue.cost" in book:
        falling = None
        if "revenue.cost_decline" in book:
            falling = f"(1 - {book['revenue.cost_decline']}) ** (year - period / 2)"
        text = book.product(volume, book["revenue.cost"], falling)
        book.add("serving_cost", text, "market", "cost of serving the volume", "revenue")


def _subscription(book: Book) -> str:
    churn = book.get("revenue.churn", "0")
    new = book.product(book.get("revenue.additions", "0"), "period", _growth(book))
    start = book.get("revenue.subscribers", "0")
    text = f"accumulate({new}, (1 - {churn}) ** period, {start})"
    book.add("subscribers", text, "market", "subscribers at the end of the period", "revenue")
    _serving(book, "subscribers * period")
    return book.add("volume", f"subscribers * {book['revenue.fee']} * period", "market", "fees", "revenue")


def _calls(book: Book) -> str:
    calls = book.add("calls", book.product(book["revenue.calls"], "period", _growth(book)), "market", "calls")
    _serving(book, calls)
    return book.add("volume", f"{calls} * {book['revenue.price']}", "market", "calls at the first price", "revenue")


def _units(book: Book) -> str:
    units = book.add("units", book.product(book["revenue.units"], "period", _growth(book)), "market", "units sold")
    _serving(book, units)
    price = book["revenue.price"]
    text = f"{units} * {price}"
    if "revenue.maintenance" in book:
        text += f" + lag(cumsum({units})) * {price} * {book['revenue.maintenance']} * period"
    return book.add("volume", f"({text})" if "+" in text else text, "market", "units and maintenance", "revenue")


def _service(book: Book) -> str:
    sold = book.product(book["revenue.days"], book.get("revenue.utilisation", ""), "period", _growth(book))
    days = book.add("days_sold", sold, "market", "days of work sold")
    _serving(book, days)
    return book.add("volume", f"{days} * {book['revenue.day_rate']}", "market", "fees for work", "revenue")


def _commission(book: Book) -> str:
    text = book.product(book["revenue.volume"], book["revenue.commission"], "period", _growth(book))
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
    """Sales after risks.  Where the partner may walk away they are what they would be if it launches."""
    if "market" not in book.formulas and "market" not in book.definition.model:
        return
    if _walks(book):
        title = "sales if the partner launches"
        book.add("potential_sales", sales_without(book, ""), "market", title, "partner.walk_away")
    else:
        book.add("sales", sales_without(book, ""), "market", "sales of the technology")


def sales_without(book: Book, spared: str) -> str:
    """Sales after all risks but one, which is not there."""
    effects = [f"{name}_effect" for risk in book.terms.events if (name := identifier(risk)) != spared]
    losses = [f"(1 - {effect})" for effect in effects if has(book, effect)]
    plain = [f"(1 - {name})" for name in book.definition.risks]
    return book.product("market", *losses, *plain, None if _walks(book) else living(book))


def _walks(book: Book) -> bool:
    return book.tables.partner is not None and book.tables.partner.walk_away
