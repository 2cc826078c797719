"""A workbook of a reader's own that links to the named cells of a result: the example of docs/spreadsheets.md.

    python docs/linked_sheet.py RESULT_FOLDER my-sheet.xlsx [--strategy NAME] [--outcome NAME]

RESULT_FOLDER is what `simengine run --out` wrote.  The new file must lie in the same folder as its workbook.xlsx, or be
pointed at it once with Edit Links.  What is written here as parts of a zip file, Excel and LibreOffice write themselves
when somebody types `='workbook.xlsx'!licence_T_P50` into a cell.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter

import simengine

BOOK = "workbook.xlsx"
_FIGURES = ("mean", "P10", "P50", "P90", "prob_loss")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"


@dataclass(frozen=True)
class NamedCell:
    """A cell of the result's workbook: where it stands, and the number in it."""

    place: str
    value: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the example; the exit status is 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="what `simengine run --out` wrote")
    parser.add_argument("target", type=Path, help="the workbook to write")
    parser.add_argument("--strategy", help="by default the first")
    parser.add_argument("--outcome", help="by default the first")
    given = parser.parse_args(arguments)
    result = simengine.open_result(given.folder)
    strategy, outcome = given.strategy or result.strategies[0], given.outcome or result.outputs[0]
    cells = cells_of(given.folder / BOOK)
    stem = stem_of(cells, result, strategy, outcome)
    given.target.write_bytes(linked(cells, stem, f"{strategy}: {outcome}"))
    print(f"wrote {given.target}, which links to {BOOK}", file=sys.stderr)
    return 0


def cells_of(book: Path) -> dict[str, NamedCell]:
    """The named cells of a workbook that hold a number."""
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist() if name.endswith(".xml")}
    sheets = re.findall(r'<sheet name="([^"]*)"', parts["xl/workbook.xml"])
    numbers = {
        f"{name}!{cell}": float(value)
        for k, name in enumerate(sheets, 1)
        for cell, value in re.findall(r'<c r="([A-Z]+\d+)"[^>]*?><v>([^<]*)</v>', parts[f"xl/worksheets/sheet{k}.xml"])
        if _is_number(value)
    }
    names = re.findall(r'<definedName name="([^"]*)">([^<]*)<', parts["xl/workbook.xml"])
    found = ((name, place, numbers.get(place.replace("$", ""))) for name, place in names)
    return {name: NamedCell(place, number) for name, place, number in found if number is not None}


def stem_of(cells: Mapping[str, NamedCell], result: simengine.Result, strategy: str, outcome: str) -> str:
    """What the names of an outcome begin with; the sheet Percentiles has them beside its numbers."""
    from simengine.report.cell_names import excel_name, stems

    record = result.record
    place = record.strategies.index(strategy) if strategy in record.strategies else -1
    stem = stems(record).get((place, outcome))
    if stem is None or f"{stem}_mean" not in cells:
        wanted = stem or excel_name(f"{strategy}_{outcome}")
        raise SystemExit(f"there is no name {wanted}_mean; the last column of the sheet Percentiles lists all of them")
    return stem


def linked(cells: Mapping[str, NamedCell], stem: str, title: str) -> bytes:
    """The workbook: key figures by link, and a decision of the reader's own that follows them."""
    names = [f"{stem}_{figure}{end}" for figure in _FIGURES for end in ("", "_se") if f"{stem}_{figure}{end}" in cells]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("My sheet")
        bold, number = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        typed = book.add_format({"num_format": "#,##0.00", "bg_color": "#FFF2CC", "border": 1})
        sheet.set_column(0, 0, 40)
        sheet.set_column(1, 2, 16)
        for column, text in enumerate((title, "value", "± s.e.")):
            sheet.write_string(0, column, text, bold)
        row = 0
        for name in names:
            column = 2 if name.endswith("_se") else 1
            row += column == 1
            if column == 1:
                sheet.write_string(row, 0, name.removeprefix(f"{stem}_"))
            sheet.write_formula(row, column, f"=[1]!{name}", number, cells[name].value)
        low = cells[f"{stem}_P10"].value
        hurdle = float(f"{0.8 * low:.2g}")
        sheet.write_string(row + 2, 0, "least that a bad case (P10) must bring")
        sheet.write_number(row + 2, 1, hurdle, typed)
        sheet.write_string(row + 3, 0, "what is left above it")
        sheet.write_formula(row + 3, 1, f"=[1]!{stem}_P10-B{row + 3}", number, low - hurdle)
        sheet.write_string(row + 4, 0, "go on?")
        answer = "yes" if low >= hurdle else "no"
        sheet.write_formula(row + 4, 1, f'=IF([1]!{stem}_P10>=B{row + 3},"yes","no")', None, answer)
    return _with_link(buffer.getvalue(), {name: cells[name] for name in names})


def _with_link(book: bytes, cells: Mapping[str, NamedCell]) -> bytes:
    """A workbook in whose formulas ``[1]`` means the workbook of the result, as it lies beside it."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {info: archive.read(info).decode("utf-8") for info in archive.infolist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, text in parts.items():
            archive.writestr(info, _changed(info.filename, text))
        for name, text in _link(cells).items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def _changed(name: str, text: str) -> str:
    """A part of the file that has to know of the link."""
    if name == "[Content_Types].xml":
        override = f'<Override PartName="/xl/externalLinks/externalLink1.xml" ContentType="{_KIND}"/>'
        return text.replace("</Types>", f"{override}</Types>")
    if name == "xl/workbook.xml":
        reference = '<externalReferences><externalReference r:id="rIdResult"/></externalReferences>'
        return text.replace("</sheets>", f"</sheets>{reference}")
    if name == "xl/_rels/workbook.xml.rels":
        relation = (
            f'<Relationship Id="rIdResult" Type="{_OFFICE}/externalLink" Target="externalLinks/externalLink1.xml"/>'
        )
        return text.replace("</Relationships>", f"{relation}</Relationships>")
    return text


def _link(cells: Mapping[str, NamedCell]) -> dict[str, str]:
    """The link itself: the names that are used, the sheets that they are on, and the numbers of the last time."""
    sheets = list(dict.fromkeys(cell.place.partition("!")[0] for cell in cells.values()))
    listed = "".join(f"<sheetName val={quoteattr(name)}/>" for name in sheets)
    names = "".join(
        f"<definedName name={quoteattr(name)} refersTo={quoteattr('=' + cell.place)}/>" for name, cell in cells.items()
    )
    data = "".join(f'<sheetData sheetId="{k}">{_rows(cells, name)}</sheetData>' for k, name in enumerate(sheets))
    book = f'<externalBook xmlns:r="{_OFFICE}" r:id="rId1"><sheetNames>{listed}</sheetNames>'
    book += f"<definedNames>{names}</definedNames><sheetDataSet>{data}</sheetDataSet></externalBook>"
    relation = (
        f'<Relationship Id="rId1" Type="{_OFFICE}/externalLinkPath" Target="{escape(BOOK)}" TargetMode="External"/>'
    )
    return {
        "xl/externalLinks/externalLink1.xml": f'{_HEAD}<externalLink xmlns="{_MAIN}">{book}</externalLink>',
        "xl/externalLinks/_rels/externalLink1.xml.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}">{relation}</Relationships>'
        ),
    }


def _rows(cells: Mapping[str, NamedCell], sheet: str) -> str:
    rows: dict[int, list[tuple[str, float]]] = {}
    for cell in cells.values():
        name, _, place = cell.place.replace("$", "").partition("!")
        if name == sheet:
            rows.setdefault(int(re.sub("[A-Z]", "", place)), []).append((place, cell.value))
    return "".join(
        f'<row r="{row}">'
        + "".join(f'<cell r="{place}"><v>{value!r}</v></cell>' for place, value in sorted(found))
        + "</row>"
        for row, found in sorted(rows.items())
    )


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text) is not None


if __name__ == "__main__":
    sys.exit(main())
