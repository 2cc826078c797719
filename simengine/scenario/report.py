"""Collecting the problems of a scenario, and giving each its file, line and column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simengine.distributions.values import show
from simengine.errors import InvalidInput, Problem
from simengine.scenario import names
from simengine.scenario.document import Document, Origin, key_text
from simengine.scenario.fields import REFUSED, FieldKind
from simengine.scenario.positions import Path, Positions
from simengine.scenario.source import Source
from simengine.scenario.syntax import printable

MAX_PROBLEMS = 500
"""Reading stops after this many problems: the rest would only follow from them."""

_LONGEST = 1_000
"""Characters of one part of a problem."""

M = TypeVar("M", bound=BaseModel)


class Locator:
    """Completes problems by file, line and column; parses each text at most once, and only when asked."""

    def __init__(self) -> None:
        self._positions: dict[Source, Positions] = {}

    def locate(self, problem: Problem, document: Document, path: Path, *, of_key: bool = False) -> Problem:
        """``problem``, which concerns the value at ``path``, with the key and the place where that was written.

        A place in another file that the problem already names (a row of data) is kept.
        """
        origin = document.find(path)
        problem = _visible(replace(problem, key=_key(origin)))
        if problem.file is not None:
            return problem
        if not origin.source.has_lines:
            return replace(problem, file=origin.source.file)
        positions = self._of(origin.source)
        inside = positions.inside(origin.path, problem.span[0]) if problem.span else None
        place = inside or positions.nearest(origin.path, of_key=of_key)
        return replace(problem, file=origin.source.file, line=place.line, column=place.column)

    def _of(self, source: Source) -> Positions:
        if source not in self._positions:
            self._positions[source] = Positions(source.text)
        return self._positions[source]


def _key(origin: Origin) -> str:
    """The dotted key of a place; a table of correlations is known by the inputs it joins, not by a number."""
    path = origin.path
    at = path.index("correlations") if "correlations" in path else len(path)
    if len(path) <= at + 1 or not isinstance(path[at + 1], int):
        return key_text(path)
    names = _between(origin.source.data, path[: at + 2])
    before, rest = key_text(path[: at + 1]), path[at + 2 :]
    if not names:
        return f"{before}[#{int(path[at + 1]) + 1}]" + (f".{key_text(rest)}" if rest else "")
    if rest[:1] == ("between",):
        rest = rest[:1]
    if rest[:1] == ("matrix",):
        named = [names[int(k)] if int(k) < len(names) else f"#{int(k) + 1}" for k in rest[1:]]
        rest = ("matrix" + "".join(f"[{name}]" for name in named),)
    listed = ", ".join(names if len(names) <= 4 else [*names[:3], "..."])
    return f"{before}[{listed}]" + (f".{key_text(rest)}" if rest else "")


def _between(data: object, path: Path) -> list[str]:
    """The inputs that the table of correlations at ``path`` joins; none where they cannot be told."""
    for part in (*path, "between"):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return []
    return data if isinstance(data, list) and all(isinstance(name, str) for name in data) else []


def _visible(problem: Problem) -> Problem:
    """The same problem without control characters: names in it come from the file and may hold any."""

    def visible(text: str | None) -> str | None:
        return None if text is None else printable(text, _LONGEST)

    return replace(
        problem,
        reason=printable(problem.reason, _LONGEST),
        key=printable(problem.key, _LONGEST),
        value=visible(problem.value),
        allowed=visible(problem.allowed),
        hint=visible(problem.hint),
    )


@dataclass(frozen=True)
class _Entry:
    problem: Problem
    document: Document
    path: Path
    of_key: bool


class Report:
    """All problems found so far, each with the document and path that it concerns."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator
        self._entries: list[_Entry] = []
        self._fatal = 0

    def add(self, problem: Problem, document: Document, path: Path, *, of_key: bool = False) -> None:
        """Note a problem of the value at ``path``, or of its name with ``of_key``.

        Raises
        ------
        InvalidInput
            There are so many problems already that reading on makes no sense.
        """
        self._entries.append(_Entry(problem, document, path, of_key))
        self._fatal += problem.severity == "error"
        if self._fatal >= MAX_PROBLEMS:
            self.close()

    def add_of_value(self, problem: Problem, document: Document, path: Path) -> None:
        """Note a problem of the number or distribution at ``path``; its key is relative to that.

        Where a strategy or an extending file changed one parameter and so made another one wrong, the problem is
        that of the change: there is nothing wrong with the line of the other.
        """
        target = document.path_of(problem.key, path)
        changed = document.find(path).children
        if not changed or target[len(path) : len(path) + 1] in [(key,) for key in changed]:
            self.add(problem, document, target)
            return
        change = (*path, list(changed)[-1])
        other = key_text(target) + (f" = {problem.value}" if problem.value is not None else "")
        reason = f"with this change, {other}: {problem.reason}"
        self.add(replace(problem, reason=reason, value=show(document.value(change))), document, change)

    def extend(self, error: InvalidInput, document: Document, path: Path = ()) -> None:
        """Note all problems of ``error``, whose keys are relative to ``path``."""
        for problem in error.problems:
            self.add(problem, document, document.path_of(problem.key, path))

    @property
    def failed(self) -> bool:
        """Whether there is an error among the problems."""
        return self._fatal > 0

    def close(self) -> None:
        """End the reading where there are errors.

        Raises
        ------
        InvalidInput
            There is an error; it lists all of them.  Warnings are left out: they may only follow from the errors.
        """
        if self.failed:
            raise InvalidInput(problem for problem in self.located() if problem.severity == "error")

    def located(self) -> tuple[Problem, ...]:
        """The problems in the order of the files and lines, each place and reason once."""
        order: dict[str | None, int] = {}
        found: dict[tuple[object, ...], Problem] = {}
        for entry in self._entries:
            problem = self._locator.locate(entry.problem, entry.document, entry.path, of_key=entry.of_key)
            order.setdefault(problem.file, len(order))
            found.setdefault((problem.file, problem.line, problem.column, problem.reason, problem.key), problem)
        return tuple(sorted(found.values(), key=lambda p: (order[p.file], p.line or 0, p.column or 0)))


def validate(model: type[M], value: object, document: Document, path: Path, report: Report) -> M | None:
    """``value`` as a table of type ``model``; None where it is not, with the problems reported in plain words."""
    if not isinstance(value, dict):
        report.add(Problem("is not a table", value=show(value), allowed=_keys(model)), document, path)
        return None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problem, of_key = _in_plain_words(model, detail)
            report.add(problem, document, (*path, *detail["loc"]), of_key=of_key)
        return None


def _in_plain_words(model: type[BaseModel], detail: Any) -> tuple[Problem, bool]:
    """The problem that an error detail of pydantic stands for, and whether it is one of the key itself."""
    kind, loc, context = detail["type"], detail["loc"], detail.get("ctx", {})
    key = str(loc[-1]) if loc else ""
    model = _inner(model, loc)
    value = show(detail["input"])
    if kind == REFUSED:
        return Problem(context["reason"], value=value, allowed=context["allowed"], hint=context["hint"]), False
    if kind == "missing":
        return Problem("is missing", allowed=_allowed(model, key)), False
    if kind == "extra_forbidden":
        known = getattr(model, "also_called", {}).get(key)
        hint = f"did you mean {known}?" if known else names.suggest(key, model.model_fields)
        return Problem("is not a key of this table", value=value, allowed=_keys(model), hint=hint), True
    if kind == "literal_error":
        choices = _choices_of(model.model_fields[key].annotation)
        hint = names.suggest(str(detail["input"]), choices)
        return Problem("is not one of the choices", value=value, allowed=_choices(choices), hint=hint), False
    if kind == "bool_type":
        return Problem("is neither true nor false", value=value, allowed="true or false, without quotes"), False
    if kind == "model_type":
        table = next(iter(_tables(model.model_fields[key].annotation)), model) if key in model.model_fields else model
        single = isinstance(detail["input"], int | float | str)
        hint = f"write {{ {next(iter(table.model_fields))} = {value} }}" if single else None
        return Problem("is not a table", value=value, allowed=_keys(table), hint=hint), False
    if kind == "tuple_type":
        return Problem("is not a list", value=value, allowed="a list in [ ]"), False
    return Problem("cannot be read", value=value), False


def _inner(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The table that the last step of a place is a key of: tables stand in tables, in lists, and by name."""
    inner = [model]
    for step in loc[:-1]:
        field = inner[-1].model_fields.get(str(step))
        if field is not None:
            inner += _tables(field.annotation)[:1]
    return inner[-1]


def _tables(annotation: Any) -> list[type[BaseModel]]:
    """The types of tables that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [table for part in get_args(annotation) for table in _tables(part)]


def _choices_of(annotation: Any) -> list[str]:
    """The words of the literal in an annotation."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices_of(part)]


def _allowed(model: type[BaseModel], key: str) -> str | None:
    field = model.model_fields.get(key)
    kinds = [item for item in (field.metadata if field is not None else ()) if isinstance(item, FieldKind)]
    return kinds[0].allowed if kinds else None


def _keys(model: type[BaseModel]) -> str:
    return "the keys " + ", ".join(model.model_fields)


def _choices(choices: list[str]) -> str:
    return " or ".join(f'"{choice}"' for choice in choices)
