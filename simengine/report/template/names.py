"""The defined names of a workbook: which cells they mean, or why they mean none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simengine.report.template.package import Attributes, Broken, Package, local, parse, tag_end

_SHEET = r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!:\[\]]+))"
_CELL = r"\$?(?P<{0}c>[A-Za-z]{{1,3}})\$?(?P<{0}r>[0-9]{{1,7}})"
_REFERENCE = re.compile(rf"{_SHEET}!{_CELL.format('a')}(?::{_CELL.format('b')})?")
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, rows and columns counted from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def of(cls, text: str) -> Area:
        """The area that ``B3`` or ``B3:C4`` means.

        Raises
        ------
        Broken
            When it is no area.
        """
        first, _, last = text.replace("$", "").partition(":")
        top, left = place_of(first)
        bottom, right = place_of(last) if last else (top, left)
        return cls(min(top, bottom), min(left, right), max(top, bottom), max(left, right))

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell lies in the area."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True)
class Sheet:
    """A sheet of the workbook: its title and the part that holds it; ``kind`` is worksheet, chartsheet, ..."""

    title: str
    part: str
    kind: str


@dataclass(frozen=True)
class DefinedName:
    """A name and what it refers to, as the workbook says it; ``sheet`` is where it is known, None for everywhere."""

    name: str
    text: str
    sheet: str | None


@dataclass(frozen=True)
class Book:
    """What the part of the workbook itself says: sheets, names, and places in bytes for what may be changed.

    calculation: begin and end of the tag ``calcPr``; None where there is none.  behind_names: the place behind the
    list of names.  prefix: what stands before the tags of the workbook, mostly nothing.
    """

    part: str
    content: bytes
    sheets: tuple[Sheet, ...]
    names: tuple[DefinedName, ...]
    calculation: tuple[int, Attributes] | None
    behind_names: int | None
    prefix: str


def read_book(package: Package) -> Book:
    """Sheets and defined names.

    Raises
    ------
    Broken
        When the package holds no workbook, or a damaged one.
    """
    main = next((r for r in package.relationships("").values() if r.kind == "officeDocument"), None)
    if main is None or main.external:
        raise Broken("the file holds no workbook")
    content = package.read(main.target)
    related = package.relationships(main.target)
    found = _Reader(content)
    parse(content, main.target, found.start, found.end, found.text)
    sheets = []
    for title, identity in found.sheets:
        relation = related.get(identity)
        part, kind = (relation.target, relation.kind) if relation and not relation.external else ("", "missing")
        sheets.append(Sheet(title, part, kind))
    names = []
    for name, scope, pieces in found.names:
        if scope is not None and not (scope.isdecimal() and int(scope) < len(sheets)):
            raise Broken(f"the name {name} belongs to a sheet that does not exist")
        names.append(DefinedName(name, "".join(pieces).strip(), None if scope is None else sheets[int(scope)].title))
    return Book(main.target, content, tuple(sheets), tuple(names), found.calculation, found.behind_names, found.prefix)


class _Reader:
    """Collects what :func:`read_book` needs while the part is read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.sheets: list[tuple[str, str]] = []
        self.names: list[tuple[str, str | None, list[str]]] = []
        self.calculation: tuple[int, Attributes] | None = None
        self.behind_names: int | None = None
        self.prefix = ""
        self._path: list[str] = []

    def start(self, tag: str, attributes: Attributes, at: int) -> None:
        name = local(tag)
        self._path.append(name)
        if len(self._path) == 1:
            self.prefix = tag.removesuffix(name)
            if name != "workbook":
                raise Broken("the main part of the file is no workbook")
        if self._path == ["workbook", "sheets", "sheet"]:
            identity = next((value for key, value in attributes.items() if key != "id" and local(key) == "id"), "")
            self.sheets.append((attributes.get("name", ""), identity))
        elif self._path == ["workbook", "definedNames", "definedName"]:
            self.names.append((attributes.get("name", ""), attributes.get("localSheetId"), []))
        elif self._path == ["workbook", "calcPr"]:
            self.calculation = (at, attributes)

    def end(self, tag: str, at: int) -> None:
        self._path.pop()
        if self._path == ["workbook"] and local(tag) == "definedNames" and self.names:
            self.behind_names = tag_end(self._content, at)

    def text(self, text: str) -> None:
        if self._path == ["workbook", "definedNames", "definedName"]:
            self.names[-1][2].append(text)


def target_of(name: DefinedName, book: Book) -> tuple[Sheet, Area] | str:
    """The area that a name means, or why it means none."""
    text = name.text.removeprefix("=")
    if "#REF!" in text:
        return "refers to a cell that was deleted (#REF!)"
    if re.match(r"'?[^'!]*\[", text):
        return f"refers to another workbook ({text[:60]})"
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return f"refers to no single cell ({text[:60]})"
    title = found["quoted"].replace("''", "'") if found["quoted"] else found["plain"]
    sheet = next((sheet for sheet in book.sheets if sheet.title.casefold() == title.casefold()), None)
    if sheet is None:
        return f"refers to a sheet that does not exist ({title[:60]})"
    if sheet.kind != "worksheet":
        return f"refers to {title[:60]}, which has no cells"
    try:
        return sheet, Area.of(text.rpartition("!")[2])
    except Broken as error:
        return str(error)


def place_of(reference: str) -> tuple[int, int]:
    """Row and column of ``B3``, counted from 1.

    Raises
    ------
    Broken
        When it is no cell.
    """
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3 or not 1 <= len(digits) <= 7:
        raise Broken(f"{reference[:20]!r} is no cell")
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    row = int(digits)
    if not (1 <= row <= _LAST_ROW and column <= _LAST_COLUMN):
        raise Broken(f"{reference[:20]!r} is no cell")
    return row, column


def reference_of(row: int, column: int) -> str:
    """``B3`` for row 3 and column 2."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"
