from __future__ import annotations

import html
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from simengine.report.text import text_width
from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.provenance import in_words
from simengine.report.workbook.style import cell_text, one_line
from simengine.results.dossier import Dossier

ROOT = Path(__file__).resolve().parents[2]
PAYLOADS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "http://example.com", "{=1}", "<script>", "\x01\ufffe", "智能客服"]


def book_of(record):
    """The workbook of a result alone."""
    return workbook_bytes(Dossier(record))


def sheets_of(content: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def parts_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_sheets_and_numbers(record):
    sheets = sheets_of(book_of(record))
    assert list(sheets) == [
        *("Summary", "Percentiles", "Statistics", "Calculator", "Outcomes"),
        *("Inputs", "Formulas", "Provenance", "Scenario", "Curves"),
    ]
    percentiles = sheets["Percentiles"]
    assert percentiles[0] == [
        *("Strategy", "Outcome", "Unit", "Percentile", "Value", "Standard error", "Name of the cell"),
    ]
    assert percentiles[2][3:5] == pytest.approx([50.0, record["quantiles"][0, 0, 1]], rel=1e-15)
    means = next(row for row in sheets["Outcomes"] if row[0] == "Mean")
    expected = [record[name][strategy, 0] for strategy in (0, 1) for name in ("mean", "mean_se")]
    assert means[1:5] == pytest.approx(expected, rel=1e-15)  # a cell holds 16 digits
    assert sheets["Inputs"][1][:3] == ["V", "market value", "all"]
    assert sheets["Inputs"][1][5] == 1020.5
    facts = {row[0]: row[1] for row in sheets["Provenance"]}
    assert facts["trials"] == 10_000
    assert facts["seed"] == str(2**63 - 1)  # all digits, which a number in Excel does not keep
    assert facts["file sample.csv"].endswith("ab" * 32)
    assert sheets["Scenario"][0] == ["[scenario]"]


def test_the_same_result_gives_the_same_bytes(record_of):
    assert book_of(record_of()) == book_of(record_of())


def assert_no_text_is_a_formula(parts):
    """Formulas are those of the calculator, whose every word is one of ours; nothing is a link."""
    words = {"IF", "AND", "MIN", "ISNUMBER", "SUMPRODUCT", "INDEX", "Curves"}
    for name, text in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            formulas = re.findall("<f>(.*?)</f>", text)
            assert not formulas or name == "xl/worksheets/sheet4.xml"
            for formula in formulas:
                said = re.sub(r'"[^"]*"', "", html.unescape(formula))
                assert set(re.findall(r"[A-Za-z]{2,}", said)) <= words
            assert "<hyperlink" not in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_labels_stay_text(record_of, payload):
    content = book_of(record_of(text=payload, title=payload))
    assert_no_text_is_a_formula(parts_of(content))
    sheets = sheets_of(content)
    assert sheets["Summary"][0][0].strip() == cell_text(payload).strip()
    assert cell_text("USD 10k" + payload) in {row[2] for row in sheets["Percentiles"]}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_labels_that_are_nothing_but_a_formula_stay_text(record, payload):
    names = ("unit", "output_title", "strategy_title", "formula_text", "input_source")
    changed = {name: np.array([payload] * record[name].size, dtype=object) for name in names}
    parts = parts_of(book_of(replace(record, values={**record.values, **changed})))
    assert_no_text_is_a_formula(parts)
    references = [
        ref for name, text in parts.items() if "charts/chart" in name for ref in re.findall("<c:f>(.*?)<", text)
    ]
    assert references
    assert all(ref.startswith("Curves!$") for ref in references)


def test_a_manager_can_print_and_read_it(record):
    parts = parts_of(book_of(record))
    summary, percentiles, outcomes = (parts[f"xl/worksheets/sheet{k}.xml"] for k in (1, 2, 5))
    assert re.search(r'<pageSetup paperSize="9" orientation="landscape"', summary)  # all of it on one page
    assert "<pageSetUpPr fitToPage" in summary
    assert re.search(r'<pageSetup paperSize="9" scale="\d+" orientation="landscape"', outcomes)
    assert re.search(r'<rowBreaks count="1"', outcomes)  # a page for each of two outcomes
    for k in (2, 3, 4, 6, 7, 8, 9, 10):
        assert 'fitToHeight="0"' in parts[f"xl/worksheets/sheet{k}.xml"]
    assert 'state="frozen"' in percentiles
    assert 'displayName="Percentiles"' in parts["xl/tables/table1.xml"]
    assert sum(name.startswith("xl/charts/chart") for name in parts) == 6


def test_charts_are_curves_over_a_scale_of_probability(record):
    chart = parts_of(book_of(record))["xl/charts/chart3.xml"]
    assert "<c:scatterChart>" in chart
    assert '<c:max val="1"/>' in chart and '<c:min val="0"/>' in chart
    assert 'formatCode="0%"' in chart
    assert "the licence" in chart  # the titles of the strategies are in the legend
    assert "the sale" in chart


def test_every_row_of_a_long_text_is_high_enough(record):
    long = "a long source " * 60
    values = {**record.values, "input_source": np.array([long], dtype=object)}
    inputs = parts_of(book_of(replace(record, values=values)))["xl/worksheets/sheet6.xml"]
    height = re.search(r'<row r="2"[^>]* ht="([\d.]+)" customHeight="1"', inputs)
    assert height and float(height[1]) > 150.0


def test_provenance_shows_no_data_format(record):
    attrs = {**record.attrs, "overrides": json.dumps({"inputs.V": {"dist": "pert", "min": 3.0}, "inputs.D": None})}
    for changed in (record, replace(record, attrs=attrs)):
        rows = sheets_of(book_of(changed))["Provenance"]
        assert not [row for row in rows if re.search(r"[{}\[\]\"]|null", str(row[1]))]
    facts = {row[0]: row[1] for row in rows}
    assert facts["set: inputs.V"] == "dist = pert, min = 3"
    assert facts["strategies asked for"] == "all"
    assert facts["time: simulate"] == 0.01
    assert facts["version: simengine"] == "0.1.0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (3.0, "3"),
        ([1, [2, 3]], "1, (2, 3)"),
        ({}, "none"),
        ({"a": {"b": 1}}, "a = (b = 1)"),
    ],
)
def test_values_in_words(value, text):
    assert in_words(value) == text


def test_an_outcome_without_numbers_has_no_chart_and_no_formula_sheet_is_empty(record):
    values = dict(record.values)
    values["histogram_counts"] = np.zeros_like(values["histogram_counts"])
    for name in ("name", "text", "unit", "title", "strategies"):
        values[f"formula_{name}"] = np.array([], dtype=object)
    for name in ("text", "strategies"):
        values[f"dependence_{name}"] = np.array([], dtype=object)
    sheets = sheets_of(book_of(replace(record, values=values)))
    assert list(sheets) == ["Summary", "Percentiles", "Statistics", "Outcomes", "Inputs", "Provenance", "Scenario"]


def test_a_long_text_is_cut_and_says_so():
    assert cell_text("x" * 40_000).endswith("(cut)")
    assert len(cell_text("x" * 40_000)) < 32_767


def test_emoji_do_not_make_a_text_too_long_and_direction_is_not_turned():
    long = cell_text("\N{FACE WITH TEARS OF JOY}" * 20_000)
    assert long.endswith("\N{FACE WITH TEARS OF JOY} (cut)")
    assert len(long.encode("utf-16-le")) < 2 * 32_767
    assert cell_text("a\u202ecod.exe\x07\ud800\u2066b") == "a\ufffdcod.exe\ufffd\ufffd\ufffdb"
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    assert cell_text(f"智能\t{family}\n") == f"智能\t{family}\n"


def test_the_first_workbook_of_a_process_is_as_all_others():
    code = (
        "import hashlib, sys; sys.path.insert(0, 'tests'); from conftest import make_record;"
        "from simengine.report.workbook import workbook_bytes; from simengine.results.dossier import Dossier;"
        "print(len({hashlib.sha256(workbook_bytes(Dossier(make_record()))).hexdigest() for _ in range(2)}))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "1"


def test_a_heading_is_one_line_and_no_wider_than_its_room():
    assert one_line("智能客服 T", 10) == "智能客服 T"
    assert one_line("智能客服" * 9, 10) == "智能客服…"
    assert one_line("a\nb\tc", 10) == "a b c"
    assert text_width(one_line("x智" * 50, 33)) <= 33
