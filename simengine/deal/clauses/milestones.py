"""Milestones: payments that are due when something is reached, each at one point in time."""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses.course import due, stops, stops_at, walks
from simengine.deal.clauses.market import has
from simengine.scenario.term_tables import Deal, Milestone

TITLE = "milestone payments of the period"


def reached_milestones(book: Book) -> None:
    """Which milestones with a probability are reached: each after those before it, unless it is independent."""
    deal = book.tables.deal or Deal()
    before = ""
    for index, milestone in enumerate(deal.milestones):
        key, name = f"deal.milestones[{index}]", f"milestone_{index + 1}"
        if f"{key}.probability" not in book:
            continue
        what = milestone.name or f"milestone {index + 1}"
        own = book.happens(f"{name}_met", f"{key}.probability", "deal", f"whether {what} is met")
        if milestone.independent:
            continue
        if before:
            title = f"whether {what} and those before it are met"
            own = book.add(f"{name}_reached", f"{before} * {own}", "deal", title, key)
        before = own


def milestones(book: Book, sales: str, prefix: str = "", spared: str = "") -> list[str]:
    """The milestones on one course of sales, together, by the name of their formula; nothing where there are none.

    Where the partner decides whether to launch, these are the ones that its decision is about.
    """
    deal = book.tables.deal or Deal()
    parts = []
    for index, milestone in enumerate(deal.milestones):
        key = f"deal.milestones[{index}]"
        factors = [book[f"{key}.amount"], _met(book, index)]
        if milestone.sales_above is not None:
            above = f"cumsum({sales}) >= {book[f'{key}.sales_above']}"
            parts.append(book.product(*factors, f"(({above}) - lag({above}))", *stops(book, spared)))
            continue
        time = _time(book, index)
        if not walks(book):
            gate = _gate(book, milestone, time)
        elif milestone.stage is not None:
            continue
        else:
            gate = f"({time} >= launch_time)" if has(book, "launch_time") else ""
        parts.append(book.product(*factors, gate, due(time), *stops_at(book, time, spared)))
    return _written(book, f"{prefix}milestones", parts)


def early_milestones(book: Book) -> list[str]:
    """Milestones before a launch that the partner decides on: it owes them either way."""
    deal = book.tables.deal or Deal()
    parts = []
    for index, milestone in enumerate(deal.milestones):
        if milestone.sales_above is not None or not (milestone.stage or has(book, "launch_time")):
            continue
        time = _time(book, index)
        gate = _done(book, milestone) if milestone.stage else f"({time} < launch_time)"
        amount = book[f"deal.milestones[{index}].amount"]
        parts.append(book.product(amount, _met(book, index), gate, due(time), *stops_at(book, time)))
    return _written(book, "early_milestones", parts)


def _written(book: Book, name: str, parts: list[str]) -> list[str]:
    if not parts:
        return []
    paid = book.total(parts)
    if has(book, "approved") and (name == "early_milestones" or not walks(book)):
        paid = f"({paid}) * approved" if len(parts) > 1 else f"{paid} * approved"
    return [book.add(name, paid, "deal", TITLE, "deal.milestones")]


def _time(book: Book, index: int) -> str:
    """When a milestone is due: its year, or the end of its stage of development."""
    milestone = (book.tables.deal or Deal()).milestones[index]
    if milestone.stage is None:
        return book[f"deal.milestones[{index}].year"]
    last = _stage(book, milestone)
    keys = (f"development.stages[{stage}].years" for stage in range(last + 1))
    return book.total(book[key] for key in keys if key in book)


def _stage(book: Book, milestone: Milestone) -> int:
    development = book.tables.development
    stages = development.stages if development is not None else ()
    return next(index for index, stage in enumerate(stages) if stage.name == milestone.stage)


def _done(book: Book, milestone: Milestone) -> str:
    """Whether a stage of development has succeeded."""
    names = [f"stage_{k}_{end}" for k in range(_stage(book, milestone) + 1, 0, -1) for end in ("done", "reached")]
    return next((name for name in names if has(book, name)), "")


def _met(book: Book, index: int) -> str:
    """Whether a milestone and those before it are met, as far as they have probabilities."""
    milestones = (book.tables.deal or Deal()).milestones

    def chancy(k: int) -> bool:
        return f"deal.milestones[{k}].probability" in book

    if milestones[index].independent:
        return f"milestone_{index + 1}_met" if chancy(index) else ""
    if milestones[index].sales_above is not None and not chancy(index):
        return ""  # sales themselves say whether it is reached
    in_turn = [k for k in range(index + 1) if chancy(k) and not milestones[k].independent]
    if not in_turn:
        return ""
    return f"milestone_{in_turn[-1] + 1}_{'met' if len(in_turn) == 1 else 'reached'}"


def _gate(book: Book, milestone: Milestone, time: str) -> str:
    """Development that must have succeeded by then: the stage named, or all of it from the launch on."""
    if milestone.stage is not None:
        return _done(book, milestone)
    if not has(book, "technical_success"):
        return ""
    return f"({time} < launch_time or technical_success)" if has(book, "launch_time") else "technical_success"
