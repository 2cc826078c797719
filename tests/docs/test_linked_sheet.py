"""The example of docs/spreadsheets.md: a reader's own workbook finds its numbers again after every run."""

from __future__ import annotations

import io
import re
import runpy
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from dossiers import DEAL
from python_calamine import CalamineWorkbook

import simengine

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = runpy.run_path(str(ROOT / "docs" / "linked_sheet.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("deal")
    simengine.run(simengine.scenario.loads(DEAL), trials=2048, seed=7, threads=1).save(path)
    return path


def test_links_hold_the_numbers_of_the_result(folder, capsys):
    target = folder / "my-sheet.xlsx"
    assert EXAMPLE["main"]([str(folder), str(target), "--strategy", "买断"]) == 0
    assert "links to workbook.xlsx" in capsys.readouterr().err
    result = simengine.open_result(folder)
    rows = CalamineWorkbook.from_path(target).get_sheet_by_name("My sheet").to_python()
    found = {row[0]: row[1:3] for row in rows}
    assert found["P10"][0] == pytest.approx(result.percentiles("T").loc[10, "买断"], rel=1e-15)
    assert found["mean"] == pytest.approx([float(x) for x in result.mean("T").loc["买断"]], rel=1e-15)
    assert found["go on?"][0] == "yes"
    formulas = formulas_of(target.read_bytes())
    assert "[1]!买断_T_P50" in formulas
    assert all(
        re.fullmatch(r"(IF\()?\[1\]!买断_T_\w+([->=]+B\d+(,\"yes\",\"no\"\))?)?", formula) for formula in formulas
    )


def test_every_link_finds_its_number_in_the_workbook_of_another_run(folder, tmp_path):
    target = folder / "again.xlsx"
    EXAMPLE["main"]([str(folder), str(target)])
    names = {name for text in formulas_of(target.read_bytes()) for name in re.findall(r"\[1\]!(\w+)", text)}
    other = simengine.run(simengine.scenario.loads(DEAL.replace("R = 0.9", "R = 0.5")), trials=1024, seed=8, threads=1)
    other.save(tmp_path)
    cells = EXAMPLE["cells_of"](tmp_path / "workbook.xlsx")
    assert len(names) == 10
    assert names <= set(cells)
    assert cells["licence_T_P50"].value == pytest.approx(other.percentiles("T").loc[50, "licence"], rel=1e-15)
    assert cells["licence_T_mean"].value == pytest.approx(float(other.mean("T").loc["licence", "value"]), rel=1e-15)


def test_the_file_knows_what_it_is_linked_to(folder):
    target = folder / "parts.xlsx"
    EXAMPLE["main"]([str(folder), str(target)])
    with zipfile.ZipFile(target) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for text in parts.values():
        ElementTree.fromstring(text)
    assert "externalLink+xml" in parts["[Content_Types].xml"]
    reference = re.search(r'<externalReference r:id="(\w+)"/>', parts["xl/workbook.xml"])
    assert reference and f'Id="{reference[1]}"' in parts["xl/_rels/workbook.xml.rels"]
    assert 'Target="workbook.xlsx" TargetMode="External"' in parts["xl/externalLinks/_rels/externalLink1.xml.rels"]
    link = parts["xl/externalLinks/externalLink1.xml"]
    result = simengine.open_result(folder)
    assert f"<v>{float(result.percentiles('T').loc[50, 'licence'])!r}</v>" in link


def test_a_name_that_is_not_there_is_told(folder):
    with pytest.raises(SystemExit, match="there is no name rent_T_mean; the last column"):
        EXAMPLE["main"]([str(folder), str(folder / "x.xlsx"), "--strategy", "rent"])
    assert not (folder / "x.xlsx").exists()


def formulas_of(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    return [part.replace("&gt;", ">") for part in re.findall("<f>(.*?)</f>", text)]
