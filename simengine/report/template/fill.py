"""From a result and a workbook to the same workbook with the named cells filled."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from simengine.errors import FileProblem, InvalidInput, Problem
from simengine.report.cell_names import (
    NamedNumber,
    asked_name,
    excel_name,
    folded,
    looks_like_ours,
    named_numbers,
    stems,
)
from simengine.report.template.charts import outdated_charts
from simengine.report.template.names import Area, Book, DefinedName, Sheet, read_book, reference_of, target_of
from simengine.report.template.package import Broken, Package, check_suffixes, local, open_package, parse, tag_end
from simengine.report.template.sheet import Place, SheetMap, read_sheet, spliced, with_numbers
from simengine.results.record import Record
from simengine.scenario.names import nearest

_EXAMPLES = 3


@dataclass(frozen=True)
class Filled:
    """A filled workbook: its bytes, the cells that were filled by name, and what a person has to know of it.

    notes: what is not as it was, or will not be until the workbook is opened.  missing: names that look like those of a
    result, and that this result does not have; their cells were left alone.
    """

    content: bytes
    cells: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]
    missing: tuple[str, ...]


def fill(record: Record, template: Path, target: Path, *, allow_missing: bool = False) -> Filled:
    """The workbook ``template`` with the numbers of a result in the cells that have their names.

    Nothing is written; ``target`` is where it will be, which must not be the template itself.

    Raises
    ------
    InvalidInput
        With every name that cannot be filled, and every name that the result does not have unless ``allow_missing``.
    FileProblem
        When the template cannot be read, is no workbook of the formats .xlsx and .xlsm, or is encrypted or damaged.
    """
    check_suffixes(template, target)
    _refuse_itself(template, target)
    package = open_package(template)
    try:
        with package.archive:
            return _filled(record, package, allow_missing=allow_missing)
    except (Broken, ValueError) as error:
        raise FileProblem(f"{template}: a damaged workbook: {error}; hint: open it and save it again") from error


def _filled(record: Record, package: Package, *, allow_missing: bool) -> Filled:
    book = read_book(package)
    numbers = {folded(number.name): number for number in named_numbers(record)}
    ours = [name for name in book.names if asked_name(name.name) in numbers]
    meant = _Meant(record)
    strange = [n.name for n in book.names if asked_name(n.name) not in numbers and meant(n.name)]
    problems = [] if allow_missing else [_missing(name, numbers) for name in dict.fromkeys(strange)]
    if not ours and not problems:
        problems.append(_none(numbers))
    targets, doubts = _targets(ours, book)
    problems += doubts
    maps = _maps(package, book, targets)
    problems += _doubts(targets, maps, package, numbers)
    if problems:
        raise InvalidInput(problems)
    filled: dict[str, dict[Place, float]] = {part: {} for part in maps}
    cells: dict[str, list[str]] = {}
    for name, sheet, area in targets:
        number = numbers[asked_name(name.name)]
        filled[sheet.part][area.top, area.left] = number.value
        cells.setdefault(number.name, []).append(f"{sheet.title}!{reference_of(area.top, area.left)}")
    changed = {part: with_numbers(maps[part], places) for part, places in filled.items()}
    changed[book.part] = _recalculated(book)
    return Filled(
        package.with_changed(changed),
        {name: tuple(places) for name, places in cells.items()},
        _notes(package, book, maps, targets),
        tuple(dict.fromkeys(strange)),
    )


class _Meant:
    """Whether a name was probably meant to be filled: it ends as those of results do, and names a part of this one.

    Somebody's own ``sales_Q1_mean`` is theirs, unless ``sales`` is a strategy or ``Q1`` an outcome.
    """

    def __init__(self, record: Record):
        outputs = dict.fromkeys((*record.outputs, *record.yearly_outputs))
        begins = [excel_name(f"{strategy}_x")[:-1] for strategy in record.strategies]
        self._begins = tuple(folded(text) for text in (*begins, *(f"{stem}_" for stem in stems(record).values())))
        self._inside = tuple(folded(f"{excel_name(f'x_{output}')[1:]}_") for output in outputs)

    def __call__(self, name: str) -> bool:
        asked = folded(name)
        known = asked.startswith(self._begins) or any(part in asked for part in self._inside)
        return known and looks_like_ours(name)


def _refuse_itself(template: Path, target: Path) -> None:
    """Whatever --force says: the template is never overwritten, by whatever name it is called."""
    try:
        same = os.path.samefile(template, target)
    except OSError:  # one of them does not exist
        same = False
    if same:
        raise FileProblem(f"{target} is the template itself, which is never changed; hint: give another name")


_Target = tuple[DefinedName, Sheet, Area]


def _targets(names: Sequence[DefinedName], book: Book) -> tuple[list[_Target], list[Problem]]:
    found: list[_Target] = []
    problems = []
    for name in names:
        target = target_of(name, book)
        if isinstance(target, str):
            hint = "let the name refer to one cell, or delete it"
            problems.append(Problem(target, name.name, hint=hint))
        else:
            found.append((name, *target))
    return found, problems


def _maps(package: Package, book: Book, targets: Sequence[_Target]) -> dict[str, SheetMap]:
    """The worksheets that change: those with cells to fill, and, since they may depend on them, those with formulas."""
    rows: dict[str, set[int]] = {sheet.part: set() for sheet in book.sheets if sheet.kind == "worksheet"}
    for _, sheet, area in targets:
        rows[sheet.part].add(area.top)
    found = {}
    for part, wanted in rows.items():
        content = read_sheet(package.read(part), part, frozenset(wanted))
        if wanted or content.computed:
            found[part] = content
    return found


def _doubts(
    targets: Sequence[_Target], maps: Mapping[str, SheetMap], package: Package, numbers: Mapping[str, NamedNumber]
) -> list[Problem]:
    """Why some of the cells cannot be filled."""
    problems = []
    tables = {part: _table_texts(package, part) for part in maps}
    taken: dict[tuple[str, Place], str] = {}
    for name, sheet, area in targets:
        place = area.top, area.left
        where = f"{sheet.title}!{reference_of(*place)}"
        doubt = maps[sheet.part].doubt(place)
        if (area.bottom, area.right) != place and not maps[sheet.part].merged_as(area):
            last = reference_of(area.bottom, area.right)
            doubt = f"refers to several cells, {where} to {last}, and is one number"
        elif found := next((why for area, why in tables[sheet.part] if area.holds(*place)), None):
            doubt = f"{where} {found}"
        elif doubt is not None:
            doubt = f"{where} {doubt}"
        asked = asked_name(name.name)
        other = taken.setdefault((sheet.part, place), asked)
        if doubt is None and other != asked:
            doubt = f"refers to {where}, and so does {numbers[other].name}"
        if doubt is not None:
            problems.append(Problem(doubt, name.name, hint="let the name refer to one empty cell or one number"))
    return problems


def _table_texts(package: Package, part: str) -> list[tuple[Area, str]]:
    """The rows of the tables on a worksheet whose content the tables themselves determine, and what they are."""
    found: list[tuple[Area, str]] = []

    def start(tag: str, attributes: dict[str, str], at: int) -> None:
        if local(tag) != "table":
            return
        area = Area.of(attributes.get("ref", ""))
        if attributes.get("headerRowCount", "1") != "0":
            heading = Area(area.top, area.left, area.top, area.right)
            found.append((heading, "is the heading of a table, which has to be a text"))
        if attributes.get("totalsRowCount", "0") != "0":
            total = Area(area.bottom, area.left, area.bottom, area.right)
            found.append((total, "is in the total row of a table, which says itself what stands there"))

    for relation in package.relationships(part).values():
        if relation.kind == "table" and not relation.external:
            parse(package.read(relation.target), relation.target, start)
    return found


def _missing(name: str, numbers: Mapping[str, NamedNumber]) -> Problem:
    near = nearest(name, [number.name for number in numbers.values()])
    hint = f"did you mean {near}?" if near else "--allow-missing leaves such cells alone"
    return Problem("the result has no number of this name", name, hint=hint)


def _none(numbers: Mapping[str, NamedNumber]) -> Problem:
    examples = ", ".join(number.name for number in list(numbers.values())[:_EXAMPLES])
    hint = f"name the cells to fill, such as {examples} (in Excel: select one, type the name left of the formula bar)"
    return Problem("no cell of the workbook has the name of a number of this result", "template", hint=hint)


def _recalculated(book: Book) -> bytes:
    """The part of the workbook, asking for all formulas to be computed when it is opened."""
    if book.calculation is not None:
        at, attributes = book.calculation
        end = tag_end(book.content, at)
        if attributes.get("fullCalcOnLoad") in ("1", "true"):
            return book.content
        kept = {key: text for key, text in attributes.items() if key != "fullCalcOnLoad"}
        said = "".join(f" {key}={quoteattr(text)}" for key, text in kept.items())
        close = b"/>" if book.content[at:end].endswith(b"/>") else b">"
        tag = f'<{book.prefix}calcPr{said} fullCalcOnLoad="1"'.encode() + close
        return spliced(book.content, [(at, end, tag)])
    assert book.behind_names is not None, "a name was found, so there is a list of names"
    tag = f'<{book.prefix}calcPr calcId="0" fullCalcOnLoad="1"/>'.encode()
    return spliced(book.content, [(book.behind_names, book.behind_names, tag)])


def _notes(package: Package, book: Book, maps: Mapping[str, SheetMap], targets: Sequence[_Target]) -> tuple[str, ...]:
    """What is not preserved, or not up to date before the workbook is opened."""
    found = []
    if any(name.startswith("_xmlsignatures/") for name in package.parts):
        found.append("the digital signature of the template does not hold for the filled workbook")
    if any("/pivotCache/" in name or "/pivotTables/" in name for name in package.parts):
        found.append("pivot tables show what they showed before, until they are refreshed")
    charts = len(outdated_charts(package, book, maps))
    if charts:
        which = f"{charts} charts keep" if charts > 1 else "1 chart keeps"
        found.append(f"{which} the numbers of the template until a program that computes opens the workbook")
    if any(maps[sheet.part].protected for _, sheet, _ in targets):
        found.append("cells of a protected sheet were filled; it stays protected")
    return tuple(found)
