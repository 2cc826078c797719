"""One column of numbers from a CSV file, read carefully: what cannot be a number is reported, never guessed."""

from __future__ import annotations

import codecs
import csv
import difflib
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simengine.distributions.data_file import read_data_file
from simengine.distributions.marginal import Array
from simengine.distributions.values import number_hint, number_in, show
from simengine.errors import InvalidInput, Problem

MOST_VALUES = 1_000_000
_REPORTED = 5
"""So many bad rows of one kind are listed; the rest is counted."""
_NOT_FINITE = {"nan", "inf", "infinity"}


@dataclass(frozen=True)
class Column:
    """Values in the order of the file; ``digest`` is the SHA-256 of the file's bytes."""

    values: Array
    name: str
    path: Path
    digest: str
    notes: tuple[Problem, ...]


def read_column(
    file: str, column: str | None, *, folder: Path | None, encoding: str | None = None, decimal: str = "."
) -> Column:
    """The numbers in one column of a CSV file with a header line.

    Commas, semicolons and tabs separate; a UTF-8 byte order mark is skipped; blank cells are skipped and counted.

    Raises
    ------
    InvalidInput
        With every problem of the file; keys are ``file``, ``column`` and ``encoding``.
    """
    path = Path(file) if folder is None else folder / file
    content = read_data_file(path, file, "CSV file")
    text = _decode(content, path.name, encoding)
    rows = _rows(text, path.name)
    if not rows:
        raise InvalidInput(Problem("is empty", "file", show(file), "a CSV file with a header line and numbers"))
    index, name = _find_column(rows[0][1], column, path.name)
    values, notes = _numbers(rows, index, name, path.name, decimal)
    return Column(values, name, path, hashlib.sha256(content).hexdigest(), notes)


def _decode(content: bytes, name: str, encoding: str | None) -> str:
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            hint = 'common ones: "utf-8", "gb18030", "utf-16", "cp1252"'
            raise InvalidInput(
                Problem("is not the name of an encoding", "encoding", show(encoding), hint=hint)
            ) from None
    try:
        text = content.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"{name}:{line}: the text is not {encoding or 'UTF-8'}"
        guess = _guess(content)
        where = "encoding" if encoding else "file"
        hint = f'it looks like {guess}: add encoding = "{guess}", or save the file as UTF-8'
        raise InvalidInput(Problem(reason, where, show(encoding or name), hint=hint)) from None
    except (LookupError, ValueError) as error:  # codecs that are not for text
        raise InvalidInput(Problem(f"cannot decode text: {error}", "encoding", show(encoding))) from None
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        sixteen = 'if it is UTF-16, add encoding = "utf-16-le"' if content[1:2] == b"\0" else None
        raise InvalidInput(Problem(f"{name}:{line}: contains a NUL character", "file", show(name), hint=sixteen))
    return text


def _guess(content: bytes) -> str:
    """The likely encoding of bytes that are not UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        decoded = content.decode("gb18030")
    except UnicodeDecodeError:
        return "cp1252"
    return "gb18030" if any("\u4e00" <= letter <= "\u9fff" for letter in decoded) else "cp1252"


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Line numbers and cells, from the header on; blank lines before it are skipped."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=lambda sign: (first.count(sign), sign == ","))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if found or any(cell.strip() for cell in cells):
                found.append((reader.line_num, cells))
    except csv.Error as error:
        raise InvalidInput(Problem(f"{name}:{reader.line_num}: {error}", "file", show(name))) from None
    return found


def _find_column(header: list[str], column: str | None, name: str) -> tuple[int, str]:
    names = [cell.strip() for cell in header]
    listed = ", ".join(show(n) for n in names[:8]) + (", ..." if len(names) > 8 else "")
    if all(number_in(cell) is not None for cell in names):
        reason = f"{name}: the first line holds numbers, not names of columns"
        raise InvalidInput(Problem(reason, "file", show(name), hint="add a header line"))
    if column is None:
        if len(names) == 1:
            return 0, names[0]
        raise InvalidInput(Problem("is missing", "column", allowed=listed))
    wanted = column.strip()
    found = [index for index, n in enumerate(names) if n == wanted]
    if len(found) > 1:
        reason = f"{name}: {len(found)} columns have this name"
        raise InvalidInput(Problem(reason, "column", show(column), hint="rename one of them"))
    if not found:
        close = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean {show(close[0])}?" if close else None
        raise InvalidInput(Problem(f"{name} has no such column", "column", show(column), listed, hint))
    return found[0], wanted


def _numbers(
    rows: list[tuple[int, list[str]]], index: int, column: str, name: str, decimal: str
) -> tuple[Array, tuple[Problem, ...]]:
    width = len(rows[0][1])
    values: list[float] = []
    problems: list[Problem] = []
    counts: Counter[str] = Counter()
    for line, cells in rows[1:]:
        if not any(cell.strip() for cell in cells):
            counts["blank"] += 1
            continue
        problem = None
        if len(cells) != width:
            counts["ragged"] += 1
            reason = f"{name}:{line}: {len(cells)} cells where the header has {width}"
            hint = "a decimal comma splits a cell in two: save with a decimal point" if len(cells) > width else None
            problem = Problem(reason, "file", show(name), hint=hint)
        elif not cells[index].strip():
            counts["blank"] += 1
        else:
            number = _number(cells[index].strip(), decimal)
            if isinstance(number, float):
                values.append(number)
            else:
                counts["text"] += 1
                reason = f"{name}:{line}: column {show(column)} holds {show(cells[index].strip())}, {number[0]}"
                problem = Problem(reason, "column", show(column), hint=number[1])
        if problem and counts["ragged" if problem.key == "file" else "text"] <= _REPORTED:
            problems.append(problem)
    for kind, what in (("ragged", "rows of another length"), ("text", "cells that are no numbers")):
        if counts[kind] > _REPORTED:
            problems.append(Problem(f"{name}: {counts[kind]} {what} in all", "file", show(name)))
    if not values and not problems:
        problems.append(Problem(f"{name}: the column has no numbers", "column", show(column), "one number or more"))
    if len(values) > MOST_VALUES:
        hint = "a random sample of the rows describes the distribution as well"
        problems.append(Problem(f"{name}: more than {MOST_VALUES:,} values", "file", show(name), hint=hint))
    if problems:
        raise InvalidInput(problems)
    return np.array(values), _blanks(counts["blank"], name, column)


def _blanks(count: int, name: str, column: str) -> tuple[Problem, ...]:
    if not count:
        return ()
    reason = f"{name}: {count} blank {'cell was' if count == 1 else 'cells were'} skipped"
    return (Problem(reason, "column", show(column), severity="note"),)


def _number(cell: str, decimal: str) -> float | tuple[str, str | None]:
    """The number in a cell, or what is wrong with it and a hint."""
    plain = cell.replace(",", ".") if decimal == "," and "." not in cell else cell
    number = None if "_" in cell else number_in(plain)
    if number is not None and np.isfinite(number):
        return number
    if number is not None or cell.lower().lstrip("+-") in _NOT_FINITE:
        return "which is not a finite number", "leave the cell empty to skip it"
    if cell.startswith("#"):
        return "a spreadsheet's error value", "correct it, or leave the cell empty to skip it"
    hint = number_hint(cell)
    if decimal == "." and hint and "decimal sign" in hint:
        hint += '; or add decimal = ","'
    return "which is not a number", hint or "leave the cell empty to skip it"
