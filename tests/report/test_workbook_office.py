"""What an office program makes of a workbook: every formula computed anew, no error, every page drawn, links followed.

The tests are skipped, and say so, where LibreOffice is missing.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from dossiers import DEAL, YEARLY, dossier_of
from office import recalculated
from python_calamine import CalamineWorkbook

from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.calculator import share_above, value_at
from simengine.report.workbook.curves import outcome_curves
from simengine.results.dossier import Dossier

pytestmark = pytest.mark.slow

ERROR = re.compile(r"#(REF|NAME|VALUE|DIV/0|NUM|N/A)|Err:\d|###")
EVERY_SHEET = "Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


def cells_of(path: Path) -> dict[tuple[str, int, int], object]:
    book = CalamineWorkbook.from_path(path)
    return {
        (name, row, column): value
        for name in book.sheet_names
        for row, line in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        for column, value in enumerate(line)
        if value != ""
    }


def typed_over(path: Path, typed: dict[str, float]) -> None:
    """Type numbers into cells of the calculator: its sheet is the fourth."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet4.xml"].decode()
    for place, value in typed.items():
        sheet, count = re.subn(rf'(<c r="{place}"[^>]*><v>)[^<]*', rf"\g<1>{value!r}", sheet)
        assert count == 1
    parts["xl/worksheets/sheet4.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("text", [DEAL, YEARLY], ids=["deal", "yearly"])
def test_recalculated_numbers_are_those_in_the_file(text, tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook_bytes(dossier_of(text)))
    before, after = cells_of(path), cells_of(recalculated(path))
    assert set(before) == set(after)
    for place, value in before.items():
        if isinstance(value, float):
            assert after[place] == pytest.approx(value, rel=1e-9, abs=1e-12), place
        else:
            assert str(after[place]) == str(value), place


def test_no_cell_shows_an_error_and_every_page_is_drawn(record_of, tmp_path):
    label = "智能客服 =1+1 <script>\N{FACE WITH TEARS OF JOY}\u202e" + "x" * 200
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook_bytes(Dossier(record_of(text=label, title=label))))
    recalculated(path, "csv", filter_=EVERY_SHEET)
    texts = {file.stem: file.read_text(encoding="utf-8") for file in (tmp_path / "office").glob("book-*.csv")}
    assert {"book-Summary", "book-Percentiles", "book-Calculator", "book-Provenance", "book-Curves"} <= set(texts)
    for name, text in texts.items():
        assert not ERROR.search(text), name
    assert "USD 10k智能客服 =1+1 <script>" in texts["book-Percentiles"]
    assert recalculated(path, "pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("share", "target"), [(0.037, 812.5), (0.95, -1e6), (0.5, 1e9), (0.0, 0.0), (1.0, 0.0)])
def test_whatever_is_typed_gets_its_answer(share, target, tmp_path):
    dossier = dossier_of(DEAL, parts=())
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook_bytes(dossier))
    typed_over(path, {"B6": share, "F6": target})
    rows = (
        CalamineWorkbook.from_path(recalculated(path)).get_sheet_by_name("Calculator").to_python(skip_empty_area=False)
    )
    (curves,) = outcome_curves(dossier.record)
    assert rows[5][1] == share
    for row, curve in zip(rows[7:10], curves.cumulative, strict=True):
        at, above = value_at(share, *curve), share_above(target, *curve)
        assert row[1:4] == pytest.approx([at.value, at.low, at.high], rel=1e-9)
        assert row[5:8] == pytest.approx([above.value, above.low, above.high], rel=1e-9, abs=1e-12)


def test_a_wrong_entry_is_answered_in_words(tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook_bytes(dossier_of(DEAL, parts=())))
    typed_over(path, {"B6": 12.0})
    cells = cells_of(recalculated(path))
    assert cells["Calculator", 7, 1] == "type a number from 0 % to 100 %"
    assert not [value for value in cells.values() if ERROR.search(str(value))]
