from __future__ import annotations

import io
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from simengine.report.workbook import workbook_bytes
from simengine.report.workbook_style import amount_format, cell_text

PAYLOADS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "http://example.com", "{=1}", "<script>", "\x01\ufffe", "智能客服"]


def sheets_of(content: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def test_sheets_and_numbers(record):
    sheets = sheets_of(workbook_bytes(record))
    assert list(sheets) == ["Summary", "Percentiles", "Inputs", "Formulas", "Provenance", "Scenario"]
    percentiles = sheets["Percentiles"]
    assert percentiles[0] == ["Strategy", "Outcome", "Unit", "Percentile", "Value", "Standard error"]
    assert percentiles[2][3:5] == pytest.approx([50.0, record["quantiles"][0, 0, 1]], rel=1e-15)
    means = next(row for row in sheets["Summary"] if row[0] == "Mean")
    expected = [record[name][strategy, 0] for strategy in (0, 1) for name in ("mean", "mean_se")]
    assert means[1:5] == pytest.approx(expected, rel=1e-15)  # a cell holds 16 digits
    assert sheets["Inputs"][1][:2] == ["V", "market value"]
    assert sheets["Inputs"][1][5] == 1020.5
    facts = {row[0]: row[1] for row in sheets["Provenance"]}
    assert facts["trials"] == 10_000
    assert facts["seed"] == str(2**63 - 1)  # all digits, which a number in Excel does not keep
    assert facts["file sample.csv"].endswith("ab" * 32)
    assert sheets["Scenario"][0] == ["[scenario]"]


def test_the_same_result_gives_the_same_bytes(record_of):
    assert workbook_bytes(record_of()) == workbook_bytes(record_of())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_labels_stay_text(record_of, payload):
    content = workbook_bytes(record_of(text=payload, title=payload))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            if name.startswith("xl/worksheets/sheet"):
                assert "<f>" not in text
                assert "<hyperlink" not in text
    sheets = sheets_of(content)
    assert sheets["Summary"][0][0].strip() == cell_text(payload).strip()
    assert cell_text("USD 10k" + payload) in {row[2] for row in sheets["Percentiles"]}


def test_a_manager_can_print_and_read_it(record):
    with zipfile.ZipFile(io.BytesIO(workbook_bytes(record))) as archive:
        summary = archive.read("xl/worksheets/sheet1.xml").decode()
        percentiles = archive.read("xl/worksheets/sheet2.xml").decode()
        names = archive.namelist()
        table = archive.read("xl/tables/table1.xml").decode()
    assert 'fitToWidth="1"' in summary or "fitToPage" in summary
    assert 'fitToHeight="0"' in summary
    assert "<cols>" in summary
    assert 'state="frozen"' in percentiles
    assert 'displayName="Percentiles"' in table
    assert sum(name.startswith("xl/charts/chart") for name in names) == 2


def test_number_formats_follow_the_size():
    assert amount_format(1000.0) == "#,##0"
    assert amount_format(12.0) == "#,##0.00"
    assert amount_format(0.05) == "#,##0.00000"
    assert amount_format(1e20) == "0.0000E+00"
    assert amount_format(0.0) == "#,##0.0###"


def test_a_long_text_is_cut_and_says_so():
    assert cell_text("x" * 40_000).endswith("(cut)")
    assert len(cell_text("x" * 40_000)) < 32_767
