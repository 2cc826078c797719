"""Names of cells: legal in Excel whatever the labels are, the same after every run, and at the right number."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_record
from dossiers import YEARLY, dossier_of
from python_calamine import CalamineWorkbook
from workbooks import names_of

from simengine.report.cell_names import TABLES
from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.names import MOST_BY_YEAR
from simengine.results.dossier import Dossier

LEGAL = re.compile(r"[^\W\d][\w.]{0,254}")


def book_of(record) -> bytes:
    return workbook_bytes(Dossier(record))


def cell(content: bytes, place: str) -> object:
    """The content of the cell at ``Sheet!$A$1``."""
    sheet, column, row = re.fullmatch(r"(\w+)!\$([A-Z]+)\$(\d+)", place).groups()  # type: ignore[union-attr]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()
    return rows[int(row) - 1][ord(column) - ord("A")]


def test_names_lead_to_their_numbers(record):
    content = book_of(record)
    names = names_of(content)
    for name, expected in (
        ("licence_T_P50", record["quantiles"][0, 0, 1]),
        ("licence_T_P50_se", record["quantiles_se"][0, 0, 1]),
        ("licence_T_mean", record["mean"][0, 0]),
        ("licence_T_mean_se", record["mean_se"][0, 0]),
        ("sale_T_cvar95_loss", record["cvar_loss"][1, 0, 0]),
        ("sale_T_prob_below_500", record["prob_below"][1, 0, 0]),
        ("licence_margin_P5", record["quantiles"][0, 1, 0]),
        ("licence_T_max", record["maximum"][0, 0]),
        ("ask_T_probability", 0.1),
    ):
        assert cell(content, names[name]) == pytest.approx(expected, rel=1e-15), name
    assert "licence_T_max_se" not in names
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Percentiles").to_python()
    assert [row[-1] for row in rows[1:4]] == ["licence_T_P5", "licence_T_P50", "licence_T_P95"]


def test_labels_that_become_equal_stay_apart():
    record = make_record(strategies=("a-b", "a_b"))
    content = book_of(record)
    names = names_of(content)
    assert cell(content, names["a_b_T_412370d1_P50"]) == pytest.approx(record["quantiles"][0, 0, 1], rel=1e-15)
    assert cell(content, names["a_b_T_219436e4_P50"]) == pytest.approx(record["quantiles"][1, 0, 1], rel=1e-15)
    assert {"a_b_T_P50", "a_b_T_2_P50"}.isdisjoint(names)
    folded = [name.casefold() for name in names]
    assert len(set(folded)) == len(folded)


def test_no_name_is_that_of_a_table():
    record = make_record()
    assert not {name.casefold() for name in TABLES} & {name.casefold() for name in names_of(book_of(record))}


@pytest.mark.parametrize(
    "label",
    ["=1+1", "<script>alert(1)</script>", "x" * 200, "智能客服", "\N{FACE WITH TEARS OF JOY}" * 9, "\u202egpj", "R1C1"],
)
def test_workbooks_of_any_label_have_legal_names(label):
    content = book_of(make_record(strategies=(label, label + "2"), text=label, title=label))
    for name, place in names_of(content).items():
        assert LEGAL.fullmatch(name)
        assert re.fullmatch(r"\w+!\$[A-Z]\$\d+", place)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert all(len(name) <= 31 for name in book.sheet_names)
    texts = {row[0] for row in book.get_sheet_by_name("Percentiles").to_python()[1:]}
    assert len(texts) == 2


@pytest.fixture(scope="module")
def years_record():
    return dossier_of(YEARLY, trials=2048, parts=()).record


def test_names_of_years_stop_where_nobody_could_look_through_them(years_record):
    names = names_of(book_of(years_record))
    content = book_of(years_record)
    s, o = years_record.strategies.index("open-licence"), years_record.yearly_outputs.index("cash_flow")
    middle = years_record["quantile"].tolist().index(50.0)
    expected = years_record["yearly_quantiles"][s, o, 2, middle]
    assert cell(content, names["open_licence_cash_flow_Y3_P50"]) == pytest.approx(expected, rel=1e-15)
    assert cell(content, names["open_licence_cash_flow_Y3_mean_se"]) == pytest.approx(
        years_record["yearly_mean_se"][s, o, 2], rel=1e-15
    )
    many = _with_years(years_record, MOST_BY_YEAR)
    assert not [name for name in names_of(book_of(many)) if "_Y3_" in name]


def _with_years(record, count):
    """The same result with its last period repeated."""
    values = dict(record.values)
    for name, variable in record.layout.variables.items():
        if name in values and "year" in variable.dims:
            axis = variable.dims.index("year")
            size = values[name].shape[axis]
            values[name] = np.take(values[name], np.minimum(np.arange(count // 60), size - 1), axis=axis)
    values["year"] = np.arange(1.0, count // 60 + 1)
    return replace(record, values=values)
