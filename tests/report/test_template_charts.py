"""Charts of a filled workbook: the copies of numbers in them are told, where they are of what was filled."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from simengine.report.result import Result

SHEET = "My sheet's"
QUOTED = "'My sheet''s'"


def book_with(path: Path, *formulas: str) -> Path:
    """A workbook with a filled sheet, one that depends on it, one that does not, and a chart for every formula."""
    with xlsxwriter.Workbook(path) as book:
        filled, dependent, apart = (book.add_worksheet(name) for name in (SHEET, "Dependent", "Apart"))
        filled.write("B2", 1.5)
        dependent.write_formula("B2", f"={QUOTED}!B2*2", None, 3)
        apart.write("B2", 7)
        book.define_name("licence_T_P50", f"={QUOTED}!$B$2")
        for formula in formulas:
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": f"={formula}", "values_data": [1.5]})
            apart.insert_chart("D2", chart)
    return path


@pytest.fixture
def result(record) -> Result:
    return Result(record)


def charts(result, template, tmp_path) -> list[str]:
    notes = result.fill_template(template, tmp_path / "out.xlsx").notes
    return [note for note in notes if "chart" in note]


@pytest.mark.parametrize(
    "formula",
    [f"{QUOTED}!$B$2:$B$3", "Dependent!$B$2", f"(Apart!$B$2,{QUOTED}!$B$2)"],
    ids=["filled", "dependent", "two"],
)
def test_a_chart_of_what_was_filled_is_told(result, tmp_path, formula):
    template = book_with(tmp_path / "my.xlsx", formula, "Apart!$B$2")
    (note,) = charts(result, template, tmp_path)
    assert note.startswith("1 chart keeps the numbers of the template")


def test_charts_are_counted(result, tmp_path):
    template = book_with(tmp_path / "my.xlsx", f"{QUOTED}!$B$2", "Dependent!$B$2", "Apart!$B$2")
    (note,) = charts(result, template, tmp_path)
    assert note.startswith("2 charts keep the numbers of the template")


def test_other_charts_are_not(result, tmp_path):
    assert charts(result, book_with(tmp_path / "my.xlsx", "Apart!$B$2"), tmp_path) == []
