"""From a run to a reader's own numbers, both ways: a workbook that links to the result, and one that is filled."""

from __future__ import annotations

import re
import runpy
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from dossiers import YEARLY
from office import recalculated
from python_calamine import CalamineWorkbook
from workbooks import named_cells

from simengine.cli.main import main

LINKED = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "linked_sheet.py"))
STRATEGY = "open-licence"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    base = tmp_path_factory.mktemp("round")
    (base / "deal.toml").write_text(YEARLY, encoding="utf-8")
    assert main(["run", str(base / "deal.toml"), "--trials", "2048", "--out", str(base / "out"), "--quiet"]) == 0
    return base / "out"


@pytest.fixture(scope="module")
def linked(folder) -> Path:
    target = folder / "my-sheet.xlsx"
    assert LINKED["main"]([str(folder), str(target), "--strategy", STRATEGY]) == 0
    return target


def test_the_stored_result_gives_the_workbook_of_the_run(folder, tmp_path):
    assert main(["export", str(folder), "-o", str(tmp_path / "x.xlsx"), "--quiet"]) == 0
    assert (tmp_path / "x.xlsx").read_bytes() == (folder / "workbook.xlsx").read_bytes()


def links_of(book: Path) -> dict[str, str]:
    """Cells of a linked workbook that are one link, and the name that each follows."""
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    return dict(re.findall(r'<c r="([A-Z]+\d+)"[^>]*><f>\[1\]!(\w+)</f>', sheet))


def test_a_sheet_that_links_may_be_filled_instead(folder, linked, tmp_path):
    """The names that the example links to are given to cells of its like, and filled: the same numbers."""
    links = links_of(linked)
    assert len(links) == 10
    with xlsxwriter.Workbook(tmp_path / "mine.xlsx") as book:
        sheet = book.add_worksheet("My sheet")
        for cell, name in links.items():
            book.define_name(name, f"='My sheet'!${cell[0]}${cell[1:]}")
        sheet.write_formula("E2", "=MAX(B2:B10)", None, -1)
    target = tmp_path / "filled.xlsx"
    command = ["export", str(folder), "--template", str(tmp_path / "mine.xlsx"), "-o", str(target), "--quiet"]
    assert main(command) == 0
    theirs = CalamineWorkbook.from_path(linked).get_sheet_by_name("My sheet").to_python(skip_empty_area=False)
    source = named_cells((folder / "workbook.xlsx").read_bytes())
    mine = named_cells(target.read_bytes())
    assert set(mine) == set(links.values())
    for cell, name in links.items():
        there = theirs[int(cell[1:]) - 1]["ABC".index(cell[0])]
        assert mine[name] == pytest.approx(source[name], rel=1e-15)
        assert there == pytest.approx(source[name], rel=1e-15)


@pytest.mark.slow
def test_an_office_program_computes_what_follows_from_filled_cells(folder, linked, tmp_path):
    names = list(links_of(linked).values())
    with xlsxwriter.Workbook(tmp_path / "mine.xlsx") as book:
        sheet = book.add_worksheet("Mine")
        for row, name in enumerate(names, 1):
            book.define_name(name, f"=Mine!$A${row}")
            sheet.write_formula(f"B{row}", f"={name}*2", None, -1)
    target = tmp_path / "filled.xlsx"
    main(["export", str(folder), "--template", str(tmp_path / "mine.xlsx"), "-o", str(target), "--quiet"])
    rows = CalamineWorkbook.from_path(recalculated(target)).get_sheet_by_name("Mine").to_python(skip_empty_area=False)
    source = named_cells((folder / "workbook.xlsx").read_bytes())
    for name, row in zip(names, rows, strict=True):
        assert row[1] == pytest.approx(2 * source[name], rel=1e-12)  # type: ignore[operator]
