"""CSV as spreadsheets of other places want it: wide tables, decimal commas, byte order marks."""

from __future__ import annotations

import csv
import io

import pytest

import simengine
from simengine.errors import InvalidInput
from simengine.report.csv import (
    CsvStyle,
    encode,
    percentiles_csv,
    rows_csv,
    summary_csv,
    text_cell,
    wide_csv,
    wide_years_csv,
    years_csv,
)
from simengine.report.result import Result
from simengine.report.statistics import statistics_of
from simengine.scenario import loads

COMMA = CsvStyle(decimal_comma=True)
YEARS = """\
[scenario]
name = "by-year"
horizon = 2
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
T = "sum(income)"
[outputs]
T = {}
income = { unit = "=1+1" }
[strategies.a]
[strategies.b]
"inputs.V" = "1.5 to 2.5"
[simulate]
trials = 500
percentiles = [2.5, 50, 97.5]
"""


@pytest.fixture(scope="module")
def yearly():
    return simengine.run(loads(YEARS, file="years.toml")).record


def rows_of(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_wide_has_a_row_an_outcome_and_a_column_a_statistic(record):
    rows = rows_of(wide_csv(record))
    assert [(row["strategy"], row["output"]) for row in rows] == [
        ("licence", "T"),
        ("licence", "margin"),
        ("sale", "T"),
    ]
    assert list(rows[0])[:9] == [
        "strategy", "output", "unit", "trials", "faults", "mean", "mean_se", "std", "std_se",
    ]  # fmt: skip
    for row, (s, o) in zip(rows, ((0, 0), (0, 1), (1, 0)), strict=True):
        for entry in statistics_of(record, s, o):
            assert float(row[entry.key]) == entry.value
            assert entry.se is None or float(row[f"{entry.key}_se"]) == entry.se
    assert rows[1]["prob_below_500"] == "" and rows[2]["prob_below_500"] != ""
    assert rows[0]["trials"] == "10000" and rows[0]["faults"] == "0"


def test_wide_by_period(yearly):
    rows = rows_of(wide_years_csv(yearly))
    assert [(row["strategy"], row["year"]) for row in rows] == [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
    assert float(rows[3]["p97.5_se"]) == yearly["yearly_quantiles_se"][1, 0, 1, 2]
    assert rows[0]["unit"] == "'=1+1"


@pytest.mark.parametrize("table", [percentiles_csv, summary_csv, years_csv, wide_csv, wide_years_csv])
def test_a_decimal_comma_changes_signs_and_no_digit(yearly, table):
    plain, comma = rows_of(table(yearly)), rows_of(table(yearly, COMMA), ";")
    labels = {"strategy", "output", "unit", "statistic"}
    assert len(plain) == len(comma) > 0
    for one, other in zip(plain, comma, strict=True):
        assert one.keys() == other.keys()
        for key, cell in one.items():
            assert other[key] == (cell if key in labels else cell.replace(".", ","))
    assert table(yearly, CsvStyle(bom=True, decimal_comma=True)) == b"\xef\xbb\xbf" + table(yearly, COMMA)


def test_the_levels_of_percentiles_take_the_comma_too(yearly):
    assert {row["percentile"] for row in rows_of(percentiles_csv(yearly, COMMA), ";")} == {"2,5", "50", "97,5"}


def test_texts_keep_their_signs_and_are_quoted_where_they_have_separators():
    content = rows_csv(("a", "b"), [("1.5; 2,5", 1.5), ("=x", None)], COMMA).decode()
    assert content == 'a;b\n"1.5; 2,5";1,5\n\'=x;\n'
    assert rows_csv(("a",), [("1,5",)]).decode() == 'a\n"1,5"\n'


LABELS = [
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("a\x00b\x1b[31mc\x85", "a\ufffdb\ufffd[31mc\ufffd"),
    ("\u202egnp.exe\u2066", "\ufffdgnp.exe\ufffd"),
    ("x" * 200, "x" * 200),
    ("智能客服 技术转让", "智能客服 技术转让"),
    ("👩\u200d💻", "👩\u200d💻"),
    ("a\nb", "a b"),
    ("\uff1d1+1", "'\uff1d1+1"),
    ("\uff0b1", "'\uff0b1"),
    ("\uff0d1", "'\uff0d1"),
    ("\uff20SUM(A1)", "'\uff20SUM(A1)"),
    ("  =1+1", "'  =1+1"),
    ("\u3000\uff1d1", "'\u3000\uff1d1"),
    ("\n=1+1", "' =1+1"),
    ("\ufeff\u200b=1+1", "'\ufeff\u200b=1+1"),
    ("\u202e=1+1", "'\ufffd=1+1"),
    ("  a = 1", "  a = 1"),
    ("\u4f30\u503c+1", "\u4f30\u503c+1"),
]


@pytest.mark.parametrize(("label", "shown"), LABELS)
@pytest.mark.parametrize("style", [CsvStyle(), COMMA])
def test_labels_stay_text(record, label, shown, style):
    record["unit"][:] = label
    for table in (percentiles_csv, wide_csv):
        rows = rows_of(table(record, style), style.separator)
        assert {row["unit"] for row in rows} == {shown}
    header = encode([text_cell(label)], (), style).decode()
    assert header.count("\n") == 1


def test_files_say_it_and_other_files_refuse_it(record, tmp_path):
    result = Result(record)
    path = result.to_csv(tmp_path / "a.csv", wide=True, decimal_comma=True, bom=True)
    assert path.read_bytes() == wide_csv(record, CsvStyle(True, True))
    for name, more in (
        ("a.json", {"decimal_comma": True}),
        ("a.json", {"bom": True}),
        ("a.html", {"bom": True}),
        ("a.nc", {"wide": True}),
        ("a.xlsx", {"wide": True}),
    ):
        with pytest.raises(InvalidInput, match=r"allowed: \.csv"):
            result.export(tmp_path / name, **more)
    with pytest.raises(InvalidInput) as caught:
        result.export(tmp_path / "a.json", wide=True, years=True, bom=True, decimal_comma=True)
    assert [problem.key for problem in caught.value.problems] == ["years", "wide", "bom", "decimal_comma"]
    result.save(tmp_path / "out", decimal_comma=True)
    assert (tmp_path / "out" / "percentiles.csv").read_bytes() == percentiles_csv(record, COMMA)
    assert (tmp_path / "out" / "summary.csv").read_bytes() == summary_csv(record, COMMA)
