"""Writing numbers into the cells of a worksheet, the bytes of everything else being kept."""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from xml.sax.saxutils import quoteattr

from simengine.report.template.names import Area, place_of, reference_of
from simengine.report.template.package import Attributes, Broken, local, parse, tag_end

Place = tuple[int, int]
"""Row and column of a cell, from 1."""
_TYPE = re.compile(rb"""\st\s*=\s*(?:"[^"]*"|'[^']*')""")
_Edit = tuple[int, int, bytes]
"""A range of bytes, and what takes its place."""

_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_MOST_FORMULAS = 5_000_000
_MOST_AREAS = 500_000
"""Merged cells, array formulas and looks of columns: many more than people or programs make."""

_DROPPED = ("t", "cm", "vm")
"""What says of a cell that its value is no number, or belongs to a formula that gives several."""


@dataclass
class _Cell:
    """A cell as it stands in the file."""

    tag: str
    attributes: Attributes
    begin: int
    end: int = 0
    formula: bool = False
    value: tuple[int, int] | None = None
    """Begin and end of the element with the value."""


@dataclass
class _Element:
    """An element that holds others: where its first tag begins, and where its last one does."""

    tag: str
    attributes: Attributes
    begin: int
    last: int = 0

    def closes_itself(self, content: bytes) -> bool:
        """Whether it is one tag, without content."""
        return content.endswith(b"/>", self.begin, tag_end(content, self.begin))

    def opened(self, content: bytes, inner: bytes) -> _Edit:
        """The edit that gives content to an element that is one tag."""
        end = tag_end(content, self.begin)
        head = content[self.begin : end].removesuffix(b">").rstrip().removesuffix(b"/").rstrip()
        return self.begin, end, head + b">" + inner + f"</{self.tag}>".encode()


@dataclass
class _Row(_Element):
    """A row with its cells by column."""

    number: int = 0
    cells: dict[int, _Cell] = field(default_factory=dict)


@dataclass
class SheetMap:
    """Where everything that matters lies in the bytes of a worksheet, however many rows it has."""

    content: bytes
    rows: dict[int, _Row] = field(default_factory=dict)
    """Those that are wanted."""
    begins: dict[int, int] = field(default_factory=dict)
    """Where a row begins: those that are wanted, and between two of them the first."""
    merged: list[Area] = field(default_factory=list)
    spilled: list[Area] = field(default_factory=list)
    columns: list[tuple[int, int, str]] = field(default_factory=list)
    data: _Element | None = None
    protected: bool = False
    computed: array[int] = field(default_factory=lambda: array("q"))
    """Of every formula with a value: where its cell begins, and where the element with the value begins and ends; three
    numbers each, in the order of the file."""

    def doubt(self, place: Place) -> str | None:
        """Why a cell cannot be filled."""
        row, column = place
        found = self.rows.get(row)
        cell = found.cells.get(column) if found is not None else None
        if cell is not None and cell.formula:
            return "holds a formula, which is not replaced"
        if any(area.holds(row, column) for area in self.spilled):
            return "belongs to an array formula, which is not replaced"
        for area in self.merged:
            if area.holds(row, column) and place != (area.top, area.left):
                return f"lies inside merged cells; their value is in {reference_of(area.top, area.left)}"
        return None

    def merged_as(self, area: Area) -> bool:
        """Whether an area is one merged cell."""
        return area in self.merged


def read_sheet(content: bytes, name: str, wanted: frozenset[int]) -> SheetMap:
    """The map of a worksheet; rows and cells are noted for the rows ``wanted`` only, so that memory stays small.

    Raises
    ------
    Broken
        When it is not well-formed, no worksheet, or has more in it than any worksheet.
    """
    reader = _Reader(content, wanted)
    parse(content, name, reader.start, reader.end)
    if reader.map.data is None:
        raise Broken(f"the part {name} has no rows")
    return reader.map


class _Reader:
    def __init__(self, content: bytes, wanted: frozenset[int]):
        self.map = SheetMap(content)
        self._wanted = sorted(wanted)
        self._first: dict[int, int] = {}
        """Number of the first row of each gap between wanted rows, by the place of the gap."""
        self._rows = 0
        self._path: list[str] = []
        self._row: _Row | None = None
        self._cell: _Cell | None = None
        self._number = self._column = 0

    def start(self, tag: str, attributes: Attributes, at: int) -> None:
        name = local(tag)
        self._path.append(name)
        match self._path[1:]:
            case ["sheetData"]:
                self.map.data = _Element(tag, attributes, at)
            case ["sheetData", "row"]:
                self._begin_row(tag, attributes, at)
            case ["sheetData", "row", "c"]:
                self._cell = _Cell(tag, attributes, at)
                if self._row is not None:
                    self._column = place_of(attributes["r"])[1] if "r" in attributes else self._column + 1
                    self._row.cells[self._column] = self._cell
                    _bound(self._column, _MOST_COLUMNS, "columns")
            case ["sheetData", "row", "c", "v"] if self._cell is not None:
                self._cell.value = (at, at)
            case ["sheetData", "row", "c", "f"]:
                if self._cell is not None:
                    self._cell.formula = True
                if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
                    self.map.spilled.append(Area.of(attributes["ref"]))
            case ["mergeCells", "mergeCell"]:
                self.map.merged.append(Area.of(attributes.get("ref", "")))
            case ["cols", "col"]:
                limits = int(attributes.get("min", 1)), int(attributes.get("max", 1))
                self.map.columns.append((*limits, attributes.get("style", "")))
            case ["sheetProtection"]:
                self.map.protected = attributes.get("sheet") in ("1", "true")
        _bound(len(self.map.merged) + len(self.map.spilled) + len(self.map.columns), _MOST_AREAS, "merged cells")

    def _begin_row(self, tag: str, attributes: Attributes, at: int) -> None:
        """Note a row that is wanted, and where the first row of each gap between such rows begins."""
        self._rows += 1
        _bound(self._rows, _MOST_ROWS, "rows")
        self._number = int(attributes.get("r", self._number + 1))
        self._column = 0
        self._row = None
        gap = bisect_left(self._wanted, self._number)
        if gap < len(self._wanted) and self._wanted[gap] == self._number:
            self._row = _Row(tag, attributes, at, number=self._number)
            self.map.rows[self._number] = self._row
            self.map.begins[self._number] = at
        elif self._number < self._first.get(gap, self._number + 1):
            self.map.begins.pop(self._first.get(gap, 0), None)
            self._first[gap] = self._number
            self.map.begins[self._number] = at

    def end(self, tag: str, at: int) -> None:
        match self._path[1:]:
            case ["sheetData"] if self.map.data is not None:
                self.map.data.last = at
            case ["sheetData", "row"] if self._row is not None:
                self._row.last = at
                self._row = None
            case ["sheetData", "row", "c", "v"] if self._cell is not None and self._cell.value is not None:
                self._cell.value = (self._cell.value[0], self._behind(self._cell.value[0], at))
            case ["sheetData", "row", "c"] if self._cell is not None:
                if self._cell.formula and self._cell.value is not None:
                    self.map.computed.extend((self._cell.begin, *self._cell.value))
                    _bound(len(self.map.computed) // 3, _MOST_FORMULAS, "formulas")
                self._cell.end = self._behind(self._cell.begin, at)
                self._cell = None
        self._path.pop()

    def _behind(self, begin: int, at: int) -> int:
        """The end of an element that begins at ``begin`` and whose end is told at ``at``.

        Of an element that is one tag, the place behind it is told; of others, that where the last tag begins.
        """
        return at if tag_end(self.map.content, begin) == at else tag_end(self.map.content, at)


def with_numbers(sheet: SheetMap, numbers: Mapping[Place, float]) -> bytes:
    """The worksheet with numbers in some cells, which keep their looks, and without the old values of formulas.

    A formula keeps its text and its looks, but not what it was when the numbers were others: a program that does not
    compute would show that beside the new numbers.
    """
    assert sheet.data is not None
    rows: dict[int, dict[int, float]] = {}
    for (row, column), value in sorted(numbers.items()):
        rows.setdefault(row, {})[column] = value
    edits: list[_Edit] = []
    for number, cells in rows.items():
        found = sheet.rows.get(number)
        if found is None:
            later = min((other for other in sheet.begins if other > number), default=None)
            place = sheet.data.last if later is None else sheet.begins[later]
            edits.append((place, place, _new_row(sheet, number, cells)))
        else:
            edits += _into_row(sheet, found, cells)
    if sheet.data.closes_itself(sheet.content):
        edits = [sheet.data.opened(sheet.content, b"".join(new for _, _, new in edits))]
    return spliced(sheet.content, edits, _forgotten(sheet))


def _forgotten(sheet: SheetMap) -> Iterator[_Edit]:
    """The edits that take the old values of formulas away, in the order of the file."""
    for k in range(0, len(sheet.computed), 3):
        begin, first, last = sheet.computed[k : k + 3]
        end = tag_end(sheet.content, begin)
        yield begin, end, _TYPE.sub(b"", sheet.content[begin:end])
        yield first, last, b""


def spliced(content: bytes, edits: Iterable[_Edit], more: Iterable[_Edit] = ()) -> bytes:
    """``content`` with each range of bytes replaced; edits of one place stay in their order.

    ``more`` are edits in the order of their places, which may be too many to be held.
    """
    found, place, view = bytearray(), 0, memoryview(content)
    for begin, end, new in merge(sorted(edits, key=_range), more, key=_range):
        found += view[place:begin]
        found += new
        place = end
    found += view[place:]
    return bytes(found)


def _range(edit: _Edit) -> tuple[int, int]:
    return edit[:2]


def _bound(count: int, most: int, what: str) -> None:
    """Refuse what no program writes, before it fills the memory.

    Raises
    ------
    Broken
        When there are more than ``most``.
    """
    if count > most:
        raise Broken(f"a worksheet has more than {most:,} {what}")


def _into_row(sheet: SheetMap, row: _Row, cells: Mapping[int, float]) -> list[_Edit]:
    edits: list[_Edit] = []
    prefix = row.tag.removesuffix("row")
    for column, value in cells.items():
        found = row.cells.get(column)
        if found is not None:
            kept = {key: text for key, text in found.attributes.items() if key not in _DROPPED}
            edits.append((found.begin, found.end, _cell(prefix, {**kept, **_kind(value)}, value)))
            continue
        later = min((other for other in row.cells if other > column), default=None)
        place = row.last if later is None else row.cells[later].begin
        edits.append((place, place, _new_cell(sheet, row, prefix, row.number, column, value)))
    if row.closes_itself(sheet.content):
        return [row.opened(sheet.content, b"".join(new for _, _, new in edits))]
    return edits


def _new_row(sheet: SheetMap, number: int, cells: Mapping[int, float]) -> bytes:
    assert sheet.data is not None
    prefix = sheet.data.tag.removesuffix("sheetData")
    inner = b"".join(_new_cell(sheet, None, prefix, number, column, value) for column, value in cells.items())
    return f'<{prefix}row r="{number}">'.encode() + inner + f"</{prefix}row>".encode()


def _new_cell(sheet: SheetMap, row: _Row | None, prefix: str, number: int, column: int, value: float) -> bytes:
    """A cell that was not there: it looks as its row or its column says."""
    style = ""
    if row is not None and row.attributes.get("customFormat") in ("1", "true"):
        style = row.attributes.get("s", "")
    if not style:
        style = next((looks for first, last, looks in sheet.columns if first <= column <= last), "")
    looks = {"s": style} if style else {}
    return _cell(prefix, {"r": reference_of(number, column), **looks, **_kind(value)}, value)


def _cell(prefix: str, attributes: Attributes, value: float) -> bytes:
    said = "".join(f" {key}={quoteattr(text)}" for key, text in attributes.items())
    text = repr(float(value)) if math.isfinite(value) else "#N/A"
    return f"<{prefix}c{said}><{prefix}v>{text}</{prefix}v></{prefix}c>".encode()


def _kind(value: float) -> Attributes:
    """A number that does not exist is a spreadsheet's own error value, which nothing that uses it can overlook."""
    return {} if math.isfinite(value) else {"t": "e"}
