"""Which names of a template are meant to be filled, and which cells cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import xlsxwriter

from simengine.errors import InvalidInput
from simengine.report.result import Result


def make(path: Path, names: Mapping[str, str]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("S").write("A1", "text")
        for name, cell in names.items():
            book.define_name(name, f"=S!{cell}")
    return path


@pytest.fixture
def result(record) -> Result:
    return Result(record)


def test_names_of_somebody_else_are_theirs(result, tmp_path):
    theirs = ("sales_Q1_mean", "cost_per_head_P50", "licences_Q1_sd", "budget_T2_max")
    names = {name: f"$B${k + 10}" for k, name in enumerate(theirs)}
    template = make(tmp_path / "my.xlsx", {**names, "licence_T_P50": "$B$2"})
    filled = result.fill_template(template, tmp_path / "out.xlsx")
    assert (list(filled.cells), filled.missing) == (["licence_T_P50"], ())
    for name in ("licence_Q1_mean", "LICENCE_TT_P50", "sales_T_mean", "sales_margin_Y3_mean"):
        template = make(tmp_path / "more.xlsx", {name: "$B$9", "licence_T_P50": "$B$2"})
        with pytest.raises(InvalidInput, match=f"{name}: the result has no number of this name"):
            result.fill_template(template, tmp_path / "no.xlsx")


def test_the_total_row_of_a_table_is_refused(result, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "my.xlsx") as book:
        sheet = book.add_worksheet("S")
        columns = [{"header": "a", "total_string": "all"}, {"header": "b", "total_function": "sum"}, {"header": "c"}]
        sheet.add_table("B2:D5", {"columns": columns, "total_row": True})
        book.define_name("licence_T_P50", "=S!$D$5")
        book.define_name("licence_T_mean", "=S!$B$5")
        book.define_name("licence_T_P5", "=S!$D$4")
    with pytest.raises(InvalidInput) as caught:
        result.fill_template(tmp_path / "my.xlsx", tmp_path / "out.xlsx")
    assert {problem.key for problem in caught.value.problems} == {"licence_T_P50", "licence_T_mean"}
    assert "S!D5 is in the total row of a table" in str(caught.value)
