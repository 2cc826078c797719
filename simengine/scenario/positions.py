"""Where each value of a TOML text stands: from a path of keys to line and column.

``tomllib`` knows no positions, so the text is parsed a second time, by tree-sitter, and only when there is a
problem to locate.  Lines and columns count from 1, columns in characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

Path = tuple[str | int, ...]
"""Keys and list indices from the top of a document to a value."""

_MOST_ITEMS = 20_000
"""Items of one list that have a place of their own; those behind them stand where the list begins."""

_QUOTES = ('"""', "'''", '"', "'")
_ESCAPES = {"b": 1, "t": 1, "n": 1, "f": 1, "r": 1, '"': 1, "\\": 1, "e": 1, "u": 5, "U": 9, "x": 3}


@dataclass(frozen=True)
class Place:
    """A position in a text, both numbers from 1."""

    line: int
    column: int


class Positions:
    """The places of all keys and values of one TOML text."""

    def __init__(self, text: str):
        import tree_sitter
        import tree_sitter_toml

        language = tree_sitter.Language(tree_sitter_toml.language())
        self._bytes = text.encode()
        tree: Tree = tree_sitter.Parser(language).parse(self._bytes)
        self._keys: dict[Path, tuple[int, int]] = {}
        self._values: dict[Path, tuple[int, int, int]] = {}
        self._lists: dict[Path, int] = {}
        for path, key, value in self._document(tree.root_node):
            self._keys.setdefault(path, (key.start_point.row, key.start_byte))
            if value is not None:
                self._values[path] = (value.start_point.row, value.start_byte, value.end_byte)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts, at = [0], self._bytes.find(b"\n")
        while at >= 0:
            starts.append(at + 1)
            at = self._bytes.find(b"\n", at + 1)
        return starts

    def key(self, path: Path) -> Place | None:
        """Where the name of the value at ``path`` stands; None where the text has no such name."""
        found = self._keys.get(path)
        return self._place(*found) if found else None

    def value(self, path: Path) -> Place | None:
        """Where the value at ``path`` begins (a table: its header); None where the text has no such value."""
        found = self._values.get(path)
        return self._place(found[0], found[1]) if found else self.key(path)

    def nearest(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of ``path``, or of the innermost table around it that the text has."""
        for length in range(len(path), 0, -1):
            whole = length == len(path)
            place = self.key(path[:length]) if of_key or not whole else self.value(path[:length])
            if place:
                return place
        return Place(1, 1)

    def inside(self, path: Path, offset: int) -> Place | None:
        """Where character ``offset`` of the string at ``path`` stands, with its escapes and line breaks undone."""
        found = self._values.get(path)
        if not found:
            return None
        row, start, end = found
        literal = self._bytes[start:end].decode()
        if not literal.startswith(_QUOTES):
            return self._place(row, start)
        before = literal[: _raw_offset(literal, offset)]
        row += before.count("\n")
        if "\n" in before:
            return Place(row + 1, len(before) - before.rfind("\n"))
        return Place(row + 1, self._place(row, start).column + len(before))

    def _place(self, row: int, byte: int) -> Place:
        return Place(row + 1, len(self._bytes[self._line_starts[row] : byte].decode()) + 1)

    def _document(self, root: Node) -> Iterator[tuple[Path, Node, Node | None]]:
        for node in root.named_children:
            if node.type == "pair":
                yield from self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                children = [child for child in node.named_children if child.type != "comment"]
                if not children:
                    continue
                base = self._header(_key_parts(children[0]), one_of_many=node.type == "table_array_element")
                for length in range(1, len(base) + 1):
                    yield base[:length], children[0], None
                for child in children[1:]:
                    if child.type == "pair":
                        yield from self._pair(base, child)

    def _header(self, parts: list[str], *, one_of_many: bool) -> Path:
        """The path of a ``[table]`` or ``[[table]]``: names of lists of tables mean their last element."""
        path: Path = ()
        for position, part in enumerate(parts):
            path += (part,)
            if one_of_many and position == len(parts) - 1:
                self._lists[path] = self._lists.get(path, -1) + 1
            if path in self._lists:
                path += (self._lists[path],)
        return path

    def _pair(self, base: Path, node: Node) -> Iterator[tuple[Path, Node, Node | None]]:
        children = [child for child in node.named_children if child.type != "comment"]
        if len(children) < 2:
            return
        key, value = children[:2]
        path = base
        parts = _key_parts(key)
        for part in parts:
            path += (part,)
            yield path, key, value if len(path) == len(base) + len(parts) else None
        yield from self._inside(path, value)

    def _inside(self, path: Path, node: Node) -> Iterator[tuple[Path, Node, Node | None]]:
        if node.type == "array":
            items = (child for child in node.named_children if child.type != "comment")
            for index, item in enumerate(islice(items, _MOST_ITEMS)):
                yield (*path, index), item, item
                yield from self._inside((*path, index), item)
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    yield from self._pair(path, child)


def _key_parts(node: Node) -> list[str]:
    text = (node.text or b"").decode()
    if node.type == "bare_key":
        return [text]
    if node.type == "quoted_key":
        return [text[1:-1] if text.startswith("'") or "\\" not in text else _unescape(text)]
    return [part for child in node.named_children for part in _key_parts(child)]


def _unescape(literal: str) -> str:
    import tomllib

    return str(tomllib.loads(f"text = {literal}")["text"])


def _raw_offset(literal: str, offset: int) -> int:
    """How many characters of a TOML string literal, quotes included, stand before its decoded ``offset``."""
    quotes = next(quotes for quotes in _QUOTES if literal.startswith(quotes))
    at = len(quotes)
    multi_line, escapes = len(quotes) == 3, quotes[0] == '"'
    if multi_line and literal[at : at + 2].startswith(("\n", "\r\n")):
        at += 2 if literal[at] == "\r" else 1
    while True:
        if escapes and multi_line and literal[at] == "\\" and literal[at + 1 : at + 2] in (" ", "\t", "\r", "\n"):
            at += 1
            while literal[at : at + 1].isspace():
                at += 1
            continue
        if offset <= 0 or at >= len(literal) - len(quotes):
            return at
        if escapes and literal[at] == "\\":
            at += 1 + _ESCAPES.get(literal[at + 1], 1)
        elif literal.startswith("\r\n", at):
            at += 2
        else:
            at += 1
        offset -= 1
