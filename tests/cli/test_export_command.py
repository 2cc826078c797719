"""`simengine export` end to end: every form, what stands together, and what is said."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from simengine.cli.main import main

SCENARIO = """\
[scenario]
name = "small"
title = "=1+1 <script>"
[inputs]
V = "600 to 1600"
D = { dist = "empirical", file = "data.csv", column = "d", method = "linear" }
[outputs]
T = { unit = "@USD" }
[model]
T = "V * D"
[strategies.licence]
[strategies.sale]
"inputs.V" = "700 to 900"
[simulate]
trials = 3000
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    (folder / "data.csv").write_text("d\n0.4\n0.5\n0.7\n0.8\n")
    (folder / "deal.toml").write_text(SCENARIO)
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert main(["run", "deal.toml", "--out", "out", "--quiet"]) == 0
    finally:
        os.chdir(before)
    (folder / "data.csv").unlink()
    return folder / "out"


@pytest.fixture
def call(stored, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def calling(*arguments: str) -> tuple[int, str, str]:
        code = main(["export", str(stored), *arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return calling


def test_draws(call):
    assert call("-o", "d.csv", "--draws", "1e2") == (0, "", "wrote d.csv\n")
    with open("d.csv", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["trial", "licence:T", "sale:T"] and len(rows) == 101
    assert call("-o", "all.csv", "--draws", "all", "--inputs", "--decimal-comma", "--bom")[0] == 0
    content = Path("all.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbftrial;licence:T;sale:T;licence:V;sale:V;D\n")
    assert content.count(b"\n") == 3001
    assert call("-o", "d.nc", "--draws", "50", "--quiet") == (0, "", "")
    code, _, err = call("-o", "e.csv", "--draws", "3001")
    assert code == 2 and "allowed: 1 to 3,000" in err


def test_wide(call, stored):
    assert call("-o", "w.csv", "--wide", "--decimal-comma")[0] == 0
    assert Path("w.csv").read_text().splitlines()[0].startswith("strategy;output;unit;trials;faults;mean;mean_se")
    assert ";'@USD;" in Path("w.csv").read_text()


def test_sipmath(call):
    code, out, err = call("-o", "deal.sipmath.json")
    assert (code, out) == (0, "")
    assert "licence_T: " in err and "% of the standard deviation) of the percentiles of the run" in err
    assert json.loads(Path("deal.sipmath.json").read_text())["libraryType"] == "SIPmath_3_0"
    assert call("-o", "deal.sipmath.json")[0] == 5
    assert call("-o", "deal.sipmath.json", "--force", "--quiet") == (0, "", "")


def test_template(call):
    with xlsxwriter.Workbook("my.xlsx") as book:
        book.add_worksheet("A").write_formula("B1", "=licence_T_P50*2", None, 0)
        book.define_name("licence_T_P50", "=A!$A$1")
        book.define_name("licence_T_P51", "=A!$A$2")
    code, _, err = call("-o", "out.xlsx", "--template", "my.xlsx")
    assert code == 2 and not Path("out.xlsx").exists()
    assert "licence_T_P51: the result has no number of this name; hint: did you mean licence_T_P5" in err
    code, _, err = call("-o", "out.xlsx", "--template", "my.xlsx", "--allow-missing")
    assert code == 0
    assert err.splitlines() == [
        "warning: licence_T_P51: the result has no number of this name; its cell was left alone",
        "filled 1 cell; formulas are computed when the workbook is opened",
        "wrote out.xlsx",
    ]
    assert CalamineWorkbook.from_path("out.xlsx").get_sheet_by_index(0).to_python()[0][0] > 100
    assert call("-o", "my.xlsx", "--template", "my.xlsx", "--allow-missing", "--force")[0] == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("-o", "a.csv", "--inputs"),
            "--inputs: says nothing about a table or a copy of the result; hint: add --dra",
        ),
        (("-o", "a.csv", "--allow-missing"), "hint: add --template BOOK"),
        (("-o", "a.csv", "--draws", "5", "--wide"), "--wide: says nothing about draws, which have one row a trial"),
        (("-o", "a.xlsx", "--template", "b.xlsx", "--bom"), "--bom: says nothing about a workbook that is filled"),
        (("-o", "a.sipmath.json", "--years"), "--years: says nothing about a SIPmath library"),
        (("-o", "a.csv", "--draws", "many"), "--draws = many: not a number"),
        (("-o", "a.csv", "--draws", "0"), "--draws = 0: out of range"),
        (("-o", "a.parquet"), "Parquet files hold draws; hint: add --draws N"),
        (("-o", "a.json", "--bom"), "bom: is a way to write CSV; allowed: .csv"),
        (("-o", "a.nc", "--draws", "5", "--bom"), "allowed: .csv"),
        (("-o", "a.csv", "--lang", "zh"), "--lang = zh: is the language of a page; allowed: .html"),
        (("-o", "a.xlsx", "--lang", "en"), "--lang = en: is the language of a page; allowed: .html"),
        (("-o", "a.csv", "--draws", "5", "--lang", "zh"), "--lang: says nothing about draws"),
        (("-o", "a.json", "--wide"), "wide: is a table with one row an outcome; allowed: .csv"),
    ],
)
def test_options_that_say_nothing_are_refused(call, arguments, message):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not list(Path().iterdir())


def test_the_files_of_a_run_may_have_decimal_commas(stored, tmp_path, monkeypatch):
    monkeypatch.chdir(stored.parent)
    (stored.parent / "data.csv").write_text("d\n0.4\n0.5\n0.7\n0.8\n")
    out = str(tmp_path / "commas")
    assert main(["run", "deal.toml", "--out", out, "--quiet", "--decimal-comma"]) == 0
    lines = (tmp_path / "commas" / "percentiles.csv").read_text().splitlines()
    assert lines[0] == "strategy;output;unit;percentile;value;se"
    assert "," in lines[1].split(";")[4]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(call):
    Path("locked").mkdir(mode=0o500)
    for more in (["--draws", "5"], ["--wide"]):
        code, _, err = call("-o", "locked/a.csv", *more)
        assert code == 5 and "nothing was changed" in err
