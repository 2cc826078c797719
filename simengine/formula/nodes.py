"""The tree of a formula.

Trees can be as deep as a formula is long (``a + b + c + ...`` leans to the left), so nothing walks them by
recursion: :func:`postorder` lists the nodes of a tree, operands before the operation that uses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from simengine.formula.axis import AXIS_NAMES
from simengine.formula.functions import CONSTANTS

Span = tuple[int, int]
"""Half-open range of characters in the text of the formula."""


@dataclass(frozen=True, eq=False, repr=False)
class Number:
    """A literal; never negative, since a sign is an operation of its own."""

    value: float
    span: Span = (0, 0)

    def __repr__(self) -> str:
        return _brief(self)


@dataclass(frozen=True, eq=False, repr=False)
class Name:
    """An input, a formula or a constant, by its name in NFKC form."""

    name: str
    span: Span = (0, 0)

    def __repr__(self) -> str:
        return _brief(self)


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    """An operator or a function applied to operands.

    ``symbol`` and the number of operands identify it: ``("-", 1)`` is the sign, ``("-", 2)`` the difference.
    A function's symbol is its name.
    """

    symbol: str
    operands: tuple[Node, ...]
    span: Span = (0, 0)

    def __repr__(self) -> str:
        return _brief(self)


Node = Number | Name | Operation


def postorder(node: Node) -> Iterator[Node]:
    """Every node of the tree, operands first, from left to right."""
    waiting: list[tuple[Node, bool]] = [(node, False)]
    while waiting:
        current, opened = waiting.pop()
        if opened or not isinstance(current, Operation):
            yield current
            continue
        waiting.append((current, True))
        waiting.extend((operand, False) for operand in reversed(current.operands))


def structure(node: Node) -> tuple[object, ...]:
    """The tree without its spans, as a flat value: equal structures are equal trees."""
    flat: list[object] = []
    for part in postorder(node):
        match part:
            case Number(value):
                flat.append(value)
            case Name(name):
                flat.append(("name", name))
            case Operation(symbol, operands):
                flat.append((symbol, len(operands)))
    return tuple(flat)


def name_spans(node: Node) -> dict[str, list[Span]]:
    """Where each name stands, in order of first appearance; words of the language (``pi``, ``year``) are left out."""
    found: dict[str, list[Span]] = {}
    for part in postorder(node):
        if isinstance(part, Name) and part.name not in CONSTANTS and part.name not in AXIS_NAMES:
            found.setdefault(part.name, []).append(part.span)
    return found


def names_in(node: Node) -> tuple[str, ...]:
    """The names that a formula uses, each once, in order of first appearance."""
    return tuple(name_spans(node))


def substitute(node: Node, replacements: Mapping[str, Node]) -> Node:
    """The tree with some names replaced by trees; spans keep their meaning only outside of those."""
    built: list[Node] = []
    for part in postorder(node):
        if isinstance(part, Name):
            built.append(replacements.get(part.name, part))
        elif isinstance(part, Operation):
            operands = tuple(built[len(built) - len(part.operands) :])
            del built[len(built) - len(part.operands) :]
            built.append(replace(part, operands=operands))
        else:
            built.append(part)
    return built.pop()


def _brief(node: Node) -> str:
    match node:
        case Number(value):
            return f"Number({value!r})"
        case Name(name):
            return f"Name({name!r})"
        case Operation(symbol, operands):
            return f"Operation({symbol!r}, {len(operands)} operands)"
