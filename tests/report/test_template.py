"""Filling somebody's own workbook: the named cells, and nothing else of it."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from simengine.errors import FileProblem, InvalidInput
from simengine.report.result import Result
from simengine.report.template import fill, package

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6364f8cf500f000e0018601"
    "68d17f56b0000000049454e44ae426082"
)
SHEET = "My sheet's"


def make(path: Path, names: dict[str, str], **more) -> Path:
    """A workbook with much in it that a library which reads and writes whole workbooks would lose."""
    with xlsxwriter.Workbook(path, more) as book:
        sheet, other = book.add_worksheet(SHEET), book.add_worksheet("Other")
        plain = book.add_worksheet("Untouched")
        looks = book.add_format({"num_format": "0.0", "bold": True, "bg_color": "#ffff00"})
        sheet.write("A1", "Report <&> 智能")
        sheet.write("B2", 0, looks)
        sheet.write_blank("B3", None, looks)
        sheet.write("B5", "old text", looks)
        sheet.write_row("A7", [1, 2, 3])
        sheet.set_row(8, None, looks)
        sheet.set_column("D:D", 20, looks)
        sheet.write_formula("C2", f"='{SHEET.replace(chr(39), chr(39) * 2)}'!B2*2", looks, 77)
        sheet.write_formula("C3", '="P50: "&TEXT(B2,"0")', None, "stale")
        sheet.write_array_formula("L1:L2", "{=A7:A8*2}")
        sheet.merge_range("E1:F2", "merged")
        sheet.conditional_format("B2:B9", {"type": "data_bar"})
        sheet.data_validation("A5", {"validate": "list", "source": ["a", "b"]})
        sheet.insert_image("H1", "x.png", {"image_data": io.BytesIO(PIXEL)})
        sheet.write_comment("A1", "a remark")
        sheet.add_table("J1:K3", {"name": "tab"})
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": [SHEET, 1, 1, 4, 1]})
        sheet.insert_chart("H5", chart)
        other.write_formula("A1", f"='{SHEET.replace(chr(39), chr(39) * 2)}'!B2+1", None, 78)
        plain.write("A1", "text")
        for name, where in names.items():
            book.define_name(name, f"={where}")
    return path


def at(cell: str, sheet: str = SHEET) -> str:
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{cell}"


NAMES = {
    "licence_T_P50": at("$B$2"),
    "licence_T_mean": at("$B$3"),
    "licence_T_P50_se": at("$B$5"),
    "LICENCE_T_p95": at("$D$30"),
    "licence_T_P5": at("$C$9"),
    "licence_margin_mean": at("$A$9"),
    "sale_T_P5": at("$B$20"),
    "sale_T_sd": at("$E$1:$F$2"),
    "sale_T_min": at("$B$7"),
    "rate": "0.5",
    "total": at("$A$7:$C$7"),
}


@pytest.fixture
def result(record) -> Result:
    return Result(record)


@pytest.fixture
def template(tmp_path) -> Path:
    return make(tmp_path / "my.xlsx", NAMES)


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, changes: dict[str, bytes]) -> Path:
    """The same file with some parts changed or added."""
    found = {**parts(path), **changes}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return path


def test_cells_are_filled_and_keep_their_looks(result, template, tmp_path, record):
    filled = result.fill_template(template, tmp_path / "out.xlsx")
    assert filled.cells["licence_T_P95"] == (f"{SHEET}!D30",)
    assert filled.missing == ()
    book = CalamineWorkbook.from_path(tmp_path / "out.xlsx")
    rows = book.get_sheet_by_name(SHEET).to_python(skip_empty_area=False)
    quantiles = record["quantiles"]
    expected = {
        (1, 1): quantiles[0, 0, 1], (2, 1): record["mean"][0, 0], (4, 1): record["quantiles_se"][0, 0, 1],
        (29, 3): quantiles[0, 0, 2], (8, 2): quantiles[0, 0, 0], (8, 0): record["mean"][0, 1],
        (19, 1): quantiles[1, 0, 0], (0, 4): record["std"][1, 0], (6, 1): record["minimum"][1, 0],
    }  # fmt: skip
    for (row, column), value in expected.items():
        assert rows[row][column] == value
    assert rows[6][0] == 1 and rows[6][2] == 3 and rows[0][0] == "Report <&> 智能"
    sheet = parts(tmp_path / "out.xlsx")["xl/worksheets/sheet1.xml"].decode()
    for cell in ("B2", "B3", "B5", "A9", "C9", "D30"):
        assert f'<c r="{cell}" s="1"><v>' in sheet, cell


def test_everything_else_has_the_bytes_it_had(result, template, tmp_path):
    before = template.read_bytes()
    result.fill_template(template, tmp_path / "out.xlsx")
    assert template.read_bytes() == before
    old, new = parts(template), parts(tmp_path / "out.xlsx")
    assert list(old) == list(new)
    changed = {name for name in old if old[name] != new[name]}
    assert changed == {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"}  # two: it has a formula
    assert any(name.startswith("xl/charts/") for name in old) and any("media" in name for name in old)
    outer = b"<sheetData>"
    one, other = old["xl/worksheets/sheet1.xml"], new["xl/worksheets/sheet1.xml"]
    assert one[: one.index(outer)] == other[: other.index(outer)]
    assert one[one.index(b"</sheetData>") :] == other[other.index(b"</sheetData>") :]
    again = fill(result.record, template, tmp_path / "out.xlsx")
    assert again.content == (tmp_path / "out.xlsx").read_bytes()


def test_formulas_keep_their_text_and_lose_their_old_values(result, template, tmp_path):
    result.fill_template(template, tmp_path / "out.xlsx")
    new = parts(tmp_path / "out.xlsx")
    sheet = new["xl/worksheets/sheet1.xml"].decode()
    assert "<f>'My sheet''s'!B2*2</f></c>" in sheet
    assert '<c r="C3"><f>"P50: "&amp;TEXT(B2,"0")</f></c>' in sheet
    assert "stale" not in sheet and ">77<" not in sheet
    assert b">78<" not in new["xl/worksheets/sheet2.xml"]
    assert b'fullCalcOnLoad="1"' in new["xl/workbook.xml"]


def test_every_formula_is_computed_on_load_where_the_template_does_not_say_so(result, template, tmp_path):
    book = parts(template)["xl/workbook.xml"]
    for changed in (
        book.replace(b' fullCalcOnLoad="1"', b' calcMode="manual"'),
        book.replace(b'<calcPr calcId="124519" fullCalcOnLoad="1"/>', b""),
        book.replace(b'fullCalcOnLoad="1"/>', b'fullCalcOnLoad="0"></calcPr>'),
    ):
        assert changed != book
        rewritten(template, {"xl/workbook.xml": changed})
        result.fill_template(template, tmp_path / "out.xlsx", force=True)
        new = parts(tmp_path / "out.xlsx")["xl/workbook.xml"]
        assert new.count(b'fullCalcOnLoad="1"') == 1
        assert new.count(b"calcMode") == changed.count(b"calcMode")
        assert CalamineWorkbook.from_path(tmp_path / "out.xlsx").sheet_names[0] == SHEET


@pytest.mark.parametrize("close", [b"</definedNames >", b"</definedNames\r\n\t>"])
def test_the_list_of_names_may_end_as_xml_allows(result, template, tmp_path, close):
    book = parts(template)["xl/workbook.xml"].replace(b'<calcPr calcId="124519" fullCalcOnLoad="1"/>', b"")
    rewritten(template, {"xl/workbook.xml": book.replace(b"</definedNames>", close)})
    result.fill_template(template, tmp_path / "out.xlsx")
    new = parts(tmp_path / "out.xlsx")["xl/workbook.xml"]
    assert close + b'<calcPr calcId="0" fullCalcOnLoad="1"/>' in new
    assert CalamineWorkbook.from_path(tmp_path / "out.xlsx").sheet_names[0] == SHEET


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed: recalculation is NOT tested")
def test_another_program_computes_what_depends_on_the_cells(result, template, tmp_path, record):
    result.fill_template(template, tmp_path / "out.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    subprocess.run(
        [*command, str(tmp_path / "computed"), str(tmp_path / "out.xlsx")], check=True, capture_output=True, timeout=120
    )
    book = CalamineWorkbook.from_path(tmp_path / "computed" / "out.xlsx")
    median = record["quantiles"][0, 0, 1]
    rows = book.get_sheet_by_name(SHEET).to_python(skip_empty_area=False)
    assert rows[1][2] == pytest.approx(2 * median)
    assert rows[2][2] == f"P50: {median:.0f}"
    assert book.get_sheet_by_name("Other").to_python()[0][0] == pytest.approx(median + 1)


BAD_NAMES = [
    ("licence_T_P50", at("$C$2"), r"My sheet's!C2 holds a formula, which is not replaced"),
    ("licence_T_P50", at("$L$2"), r"belongs to an array formula"),
    ("licence_T_P50", at("$F$2"), r"lies inside merged cells; their value is in E1"),
    ("licence_T_P50", at("$A$1:$B$2"), r"refers to several cells, My sheet's!A1 to B2"),
    ("licence_T_P50", at("$J$1"), r"is the heading of a table"),
    ("licence_T_P50", "'[budget.xlsx]Sheet'!$A$1", "refers to another workbook"),
    ("licence_T_P50", "#REF!$A$1", r"deleted \(#REF!\)"),
    ("licence_T_P50", "0.5", "refers to no single cell"),
    ("licence_T_P50", "OFFSET(Other!$A$1,1,1)", "refers to no single cell"),
    ("licence_T_P50", "Gone!$A$1", r"a sheet that does not exist \(Gone\)"),
    ("licence_T_P50", at("$A$1048577"), "is no cell"),
    ("licence_T_P60", at("$A$8"), r"has no number of this name; hint: did you mean licence_T_P50\?"),
    ("license_T_mean", at("$A$8"), "did you mean licence_T_mean"),
    ("sale_margin_mean", at("$A$8"), "has no number of this name"),
]


@pytest.mark.parametrize(("name", "where", "message"), BAD_NAMES)
def test_names_that_cannot_be_filled_are_listed_and_nothing_is_written(result, tmp_path, name, where, message):
    template = make(tmp_path / "my.xlsx", {"licence_T_sd": at("$B$2")})
    book = parts(template)["xl/workbook.xml"]
    added = f'<definedName name="{name}">{where}</definedName></definedNames>'.encode()
    rewritten(template, {"xl/workbook.xml": book.replace(b"</definedNames>", added)})
    with pytest.raises(InvalidInput, match=message):
        result.fill_template(template, tmp_path / "out.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["my.xlsx"]


def test_all_problems_are_told_at_once(result, tmp_path):
    template = make(tmp_path / "my.xlsx", {"licence_T_P50": at("$C$2"), "x_T_P50": at("$A$9"), "sale_T_sd": "0.5"})
    with pytest.raises(InvalidInput) as caught:
        result.fill_template(template, tmp_path / "out.xlsx")
    assert {problem.key for problem in caught.value.problems} == {"licence_T_P50", "x_T_P50", "sale_T_sd"}


def test_the_short_form_of_a_standard_deviation_is_known(result, tmp_path, record):
    names = {"licence_T_std": at("$B$2"), "licence_T_SD": at("$B$3"), "sale_T_sd_se": at("$B$5")}
    filled = result.fill_template(make(tmp_path / "my.xlsx", names), tmp_path / "out.xlsx")
    assert filled.cells == {"licence_T_std": (f"{SHEET}!B3", f"{SHEET}!B2"), "sale_T_std_se": (f"{SHEET}!B5",)}
    rows = CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_name(SHEET).to_python(skip_empty_area=False)
    assert [rows[k][1] for k in (1, 2, 4)] == [record["std"][0, 0], record["std"][0, 0], record["std_se"][1, 0]]


def test_names_that_the_result_lacks_may_be_left_alone(result, tmp_path):
    template = make(tmp_path / "my.xlsx", {"licence_T_P50": at("$B$2"), "x_T_P50": at("$B$5")})
    filled = result.fill_template(template, tmp_path / "out.xlsx", allow_missing=True)
    assert filled.missing == ("x_T_P50",)
    rows = CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_name(SHEET).to_python(skip_empty_area=False)
    assert rows[4][1] == "old text"


def test_a_workbook_without_our_names_is_told_what_to_do(result, tmp_path):
    template = make(tmp_path / "my.xlsx", {"rate": "0.5"})
    for more in ({}, {"allow_missing": True}):
        with pytest.raises(InvalidInput, match=r"hint: name the cells to fill, such as licence_T_mean"):
            result.fill_template(template, tmp_path / "out.xlsx", **more)


def test_names_of_sheets_and_two_names_of_a_cell(result, tmp_path, record):
    names = {"licence_T_P50": at("$B$2"), "Other!licence_T_P50": "Other!$C$3"}
    template = make(tmp_path / "my.xlsx", names)
    filled = result.fill_template(template, tmp_path / "out.xlsx")
    assert set(filled.cells["licence_T_P50"]) == {f"{SHEET}!B2", "Other!C3"}
    template = make(tmp_path / "two.xlsx", {"licence_T_P50": at("$B$2"), "licence_T_mean": at("$B$2")})
    with pytest.raises(InvalidInput, match=r"refers to My sheet's!B2, and so does licence_T_"):
        result.fill_template(template, tmp_path / "out2.xlsx")


def test_a_number_that_does_not_exist_is_an_error_value(record, tmp_path, template):
    record["quantiles"][0, 0, 1] = float("nan")
    Result(record).fill_template(template, tmp_path / "out.xlsx")
    assert '<c r="B2" s="1" t="e"><v>#N/A</v></c>' in parts(tmp_path / "out.xlsx")["xl/worksheets/sheet1.xml"].decode()


@pytest.mark.parametrize("link", ["same", "hard", "symbolic", "dotted"])
def test_the_template_is_never_changed(result, template, tmp_path, link):
    before, target = template.read_bytes(), tmp_path / "alias.xlsx"
    if link == "same":
        target = template
    elif link == "dotted":
        target = tmp_path / ".." / tmp_path.name / "my.xlsx"
    elif link == "hard":
        os.link(template, target)
    else:
        target.symlink_to(template)
    with pytest.raises(FileProblem, match="the template itself, which is never changed"):
        result.fill_template(template, target, force=True)
    assert template.read_bytes() == before


def test_macros_stay_and_the_suffix_has_to_say_so(result, tmp_path):
    template = make(tmp_path / "my.xlsm", {"licence_T_P50": at("$B$2")})
    rewritten(template, {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macros"})
    with pytest.raises(InvalidInput, match=r"a workbook \.xlsm; allowed: NAME\.xlsm"):
        result.fill_template(template, tmp_path / "out.xlsx")
    result.fill_template(template, tmp_path / "out.xlsm")
    assert parts(tmp_path / "out.xlsm")["xl/vbaProject.bin"] == b"\xd0\xcf\x11\xe0 macros"


def test_what_cannot_be_kept_is_told_before_anything_is_written(result, template, tmp_path):
    rewritten(template, {"_xmlsignatures/sig1.xml": b"<x/>", "xl/pivotTables/pivotTable1.xml": b"<x/>"})
    told = []

    def notice(note):
        assert not (tmp_path / "out.xlsx").exists()
        told.append(note)

    result.fill_template(template, tmp_path / "out.xlsx", notice=notice)
    assert len(told) == 3 and "digital signature" in told[0] and "pivot tables" in told[1]
    assert told[2].startswith("1 chart keeps the numbers of the template")


def broken_files(path: Path, content: dict[str, bytes]):
    sheet = content["xl/worksheets/sheet1.xml"]
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>'
    return {
        "entities": {"xl/workbook.xml": bomb + b"<workbook>&c;</workbook>"},
        "entities of a sheet": {"xl/worksheets/sheet1.xml": bomb + sheet[sheet.index(b"<worksheet") :]},
        "cut": {"xl/worksheets/sheet1.xml": sheet[:500]},
        "deep": {"xl/worksheets/sheet1.xml": b"<a>" * 5000 + b"</a>" * 5000},
        "other encoding": {"xl/workbook.xml": content["xl/workbook.xml"].decode().encode("utf-16")},
        "no workbook": {"xl/workbook.xml": b"<worksheet/>"},
        "no rows": {"xl/worksheets/sheet1.xml": b"<worksheet/>"},
        "rows without numbers": {"xl/worksheets/sheet1.xml": sheet.replace(b'<row r="1"', b'<row r="x"')},
        "cells without places": {"xl/worksheets/sheet1.xml": sheet.replace(b'r="A1"', b'r="1A"')},
    }


@pytest.mark.parametrize(
    "kind",
    ["entities", "entities of a sheet", "cut", "deep", "other encoding", "no workbook", "no rows",
     "rows without numbers", "cells without places"],
)  # fmt: skip
def test_damaged_and_hostile_workbooks_are_refused(result, template, tmp_path, kind):
    rewritten(template, broken_files(template, parts(template))[kind])
    with pytest.raises(FileProblem, match="a damaged workbook"):
        result.fill_template(template, tmp_path / "out.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["my.xlsx"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "protected by a password, or a workbook of the old format"),
        (b"", "no workbook, or a damaged one"),
        (b"hello", "no workbook, or a damaged one"),
        (b"PK\x03\x04" + bytes(50), "no workbook, or a damaged one"),
    ],
)
def test_other_files_are_refused(result, tmp_path, content, message):
    (tmp_path / "my.xlsx").write_bytes(content)
    with pytest.raises(FileProblem, match=message):
        result.fill_template(tmp_path / "my.xlsx", tmp_path / "out.xlsx")


def test_other_formats_are_refused(result, tmp_path, template):
    with zipfile.ZipFile(tmp_path / "ods.xlsx", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(FileProblem, match="an OpenDocument file"):
        result.fill_template(tmp_path / "ods.xlsx", tmp_path / "out.xlsx")
    for name in ("my.ods", "my.xls", "my.csv", "my"):
        with pytest.raises(InvalidInput, match="is no workbook that can be filled"):
            result.fill_template(tmp_path / name, tmp_path / "out.xlsx")
    with pytest.raises(FileProblem, match="no such file"):
        result.fill_template(tmp_path / "none.xlsx", tmp_path / "out.xlsx")
    with pytest.raises(FileProblem, match="is not a file"):
        (tmp_path / "folder.xlsx").mkdir()
        result.fill_template(tmp_path / "folder.xlsx", tmp_path / "out.xlsx")


def test_a_bomb_is_not_unpacked(result, template, tmp_path, monkeypatch):
    assert package._LARGEST_CONTENT <= 1 << 30
    monkeypatch.setattr(package, "_LARGEST_CONTENT", 1 << 22)
    rewritten(template, {"xl/media/bomb.png": bytes(1 << 23)})
    assert template.stat().st_size < 1 << 16
    with pytest.raises(FileProblem, match="unpacks to more than any workbook has"):
        result.fill_template(template, tmp_path / "out.xlsx")


def test_two_parts_of_one_name_are_refused(result, template, tmp_path):
    with zipfile.ZipFile(template, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    with pytest.raises(FileProblem, match="two parts have the same name"):
        result.fill_template(template, tmp_path / "out.xlsx")


def test_the_target_follows_the_rules_of_all_files(result, template, tmp_path, monkeypatch):
    (tmp_path / "out.xlsx").write_bytes(b"mine")
    with pytest.raises(FileProblem, match="exists already"):
        result.fill_template(template, tmp_path / "out.xlsx")

    def full(*arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(FileProblem, match="free some space"):
        result.fill_template(template, tmp_path / "out.xlsx", force=True)
    monkeypatch.undo()
    assert (tmp_path / "out.xlsx").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my.xlsx", "out.xlsx"]
