"""Milestones: payments that are due when something is reached, each at one point in time."""

from __future__ import annotations

from simengine.deal.book import Book
from simengine.deal.clauses.course import ACTUAL, Course, active, due, stops, stops_at, walks
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


def milestones(book: Book, sales: str, course: Course = ACTUAL) -> list[str]:
    """The milestones on one course of sales, together, by the name of their formula; nothing where there are none.

    Where the partner decides whether to launch, a potential course has those that its decision is about.
    """
    deal = book.tables.deal or Deal()
    parts = []
    for index, milestone in enumerate(deal.milestones):
        key = f"deal.milestones[{index}]"
        factors = [book[f"{key}.amount"], _met(book, index)]
        if milestone.sales_above is not None:
            above = f"cumsum({sales}) >= {book[f'{key}.sales_above']}"
            parts.append(book.product(*factors, f"(({above}) - lag({above}))", *stops(book, course)))
            continue
        time = _time(book, index)
        if not course.potential:
            gate = _gate(book, milestone, time)
        elif milestone.stage is not None:
            continue
        else:
            gate = f"({time} >= launch_time)" if has(book, "launch_time") else ""
        parts.append(book.product(*factors, gate, due(time), *stops_at(book, time, course)))
    if not parts:
        return []
    paid = book.total(parts)
    approved = "approved" if has(book, "approved") and not course.potential else ""
    left = book.product(approved, active(book, course))
    if left != "1":
        paid = f"({paid}) * {left}" if len(parts) > 1 else f"{paid} * {left}"
    return [course.add(book, "milestones", paid, "deal", TITLE, "deal.milestones")]


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
    """What must have succeeded by then: the stage named, or all of development, and the launch, from the launch on."""
    if milestone.stage is not None:
        return _done(book, milestone)
    success = "launched" if walks(book) else "technical_success"
    if not has(book, success):
        return ""
    return f"({time} < launch_time or {success})" if has(book, "launch_time") else success
