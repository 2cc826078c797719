"""Plain text that lines up: display width, wrapping, and columns that fit a terminal or a pipe."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simengine.report.numbers import Estimate

Cell = str | Estimate

TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What sets the direction of text; what joins the parts of one emoji (U+200D) is not among it."""


@dataclass(frozen=True)
class Style:
    """How text may look: characters per line, whether signs beyond ASCII and colours can be shown."""

    width: int = 100
    unicode: bool = True
    color: bool = False

    @property
    def plus_minus(self) -> str:
        """The sign between a number and its error."""
        return "±" if self.unicode else "+/-"

    def bold(self, text: str) -> str:
        """Emphasised, where colours can be shown."""
        return f"\x1b[1m{text}\x1b[0m" if self.color and text.strip() else text

    def dim(self, text: str) -> str:
        """Less prominent, where colours can be shown."""
        return f"\x1b[2m{text}\x1b[0m" if self.color and text.strip() else text

    def rule(self, length: int) -> str:
        """A horizontal line."""
        return self.dim(("─" if self.unicode else "-") * length)


@dataclass(frozen=True)
class Column:
    """A column of a table.  ``flexible`` columns give way (their text is wrapped) when the line is too long."""

    header: str
    align: Literal["left", "right"] = "left"
    flexible: bool = False


def printable(text: str) -> str:
    """``text`` on one line, control characters replaced, so that no title can steer the terminal."""
    return "".join(
        " " if char in "\t\n\r" else char if _is_shown(char) else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def text_width(text: str) -> int:
    """Columns that a line of text takes in a terminal: wide East Asian characters take two."""
    return len(text) if text.isascii() else sum(_char_width(char) for char in text)


def pad(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """``text`` filled with spaces to ``width`` columns."""
    space = " " * max(width - text_width(text), 0)
    return text + space if align == "left" else space + text


def wrap(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        while text_width(word) > width:
            room = width - text_width(line) - (1 if line else 0)
            head = _fitting(word, room if room > 4 else width)
            if room > 4:
                line = f"{line} {head}" if line else head
                word = word[len(head) :]
            elif not line:
                line, word = head, word[len(head) :]
            lines.append(line)
            line = ""
        if not word:
            continue
        if line and text_width(line) + 1 + text_width(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line or not lines else lines


def indented(text: str, indent: int, style: Style) -> list[str]:
    """``text`` wrapped behind ``indent`` spaces, with 4 more from the second line on."""
    lines = wrap(printable(text), max(style.width - indent - 4, 20))
    return [" " * (indent + (4 if k else 0)) + line for k, line in enumerate(lines)]


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], style: Style, *, gap: int = 2) -> list[str]:
    """Lines of a table: a header, a rule, and the rows; values and errors stand aligned at their ± sign."""
    cells = [[_printable_cell(cell) for cell in row] for row in rows]
    splits = [_split(k, cells) for k in range(len(columns))]
    widths = [
        max([text_width(column.header)] + [_cell_width(row[k], splits[k], style) for row in cells])
        for k, column in enumerate(columns)
    ]
    widths = _shrink(columns, widths, style.width - gap * (len(columns) - 1))
    space = " " * gap
    header = space.join(pad(column.header, width, column.align) for column, width in zip(columns, widths, strict=True))
    lines = [style.bold(header.rstrip()), style.rule(sum(widths) + gap * (len(columns) - 1))]
    for row in cells:
        blocks = [_block(cell, columns[k], widths[k], splits[k], style) for k, cell in enumerate(row)]
        for line in range(max(len(block) for block in blocks)):
            parts = [block[line] if line < len(block) else " " * widths[k] for k, block in enumerate(blocks)]
            lines.append(space.join(parts).rstrip())
    return lines


def _block(cell: Cell, column: Column, width: int, split: tuple[int, int], style: Style) -> list[str]:
    """The lines of one cell, each padded to ``width``."""
    if isinstance(cell, str):
        if text_width(cell) <= width:
            return [pad(cell, width, column.align)]
        return [pad(line, width, column.align) for line in wrap(cell, width)]
    value = pad(cell.value, split[0], "right")
    if not split[1]:
        return [pad(value, width, column.align)]
    behind = f" {style.plus_minus} {cell.error}" if cell.error else ""
    space = " " * (len(style.plus_minus) + 2 + split[1] - text_width(behind))
    blank = " " * max(width - split[0] - len(style.plus_minus) - 2 - split[1], 0)
    return [(blank if column.align == "right" else "") + value + style.dim(behind) + space]


def _split(k: int, rows: Sequence[Sequence[Cell]]) -> tuple[int, int]:
    """Widths of the values and of the errors in column ``k``."""
    estimates = [cell for row in rows if isinstance(cell := row[k], Estimate)]
    values = max((text_width(cell.value) for cell in estimates), default=0)
    return values, max((text_width(cell.error) for cell in estimates), default=0)


def _cell_width(cell: Cell, split: tuple[int, int], style: Style) -> int:
    if isinstance(cell, str):
        return text_width(cell)
    return split[0] + (split[1] + len(style.plus_minus) + 2 if split[1] else 0)


def _shrink(columns: Sequence[Column], widths: list[int], room: int) -> list[int]:
    """Take columns from the widest flexible ones until the line fits (or they are as narrow as 8)."""
    widths = list(widths)
    while sum(widths) > room:
        flexible = [k for k, column in enumerate(columns) if column.flexible and widths[k] > 8]
        if not flexible:
            break
        widths[max(flexible, key=lambda k: widths[k])] -= 1
    return widths


def _printable_cell(cell: Cell) -> Cell:
    return printable(cell) if isinstance(cell, str) else cell


def _fitting(word: str, width: int) -> str:
    used = 0
    for place, char in enumerate(word):
        used += _char_width(char)
        if used > width:
            return word[: max(place, 1)]
    return word


def _is_shown(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _char_width(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
