"""Outcomes by period in every form in which a result is written: text, CSV, JSON, workbook, HTML, and Python."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from simengine.errors import InvalidInput
from simengine.report.csv import CsvStyle, percentiles_csv, summary_csv, years_csv
from simengine.report.html import outcome_tables
from simengine.report.json import result_object
from simengine.report.key_figures import is_event
from simengine.report.result import Result
from simengine.report.table import run_report
from simengine.report.text import Style, text_width
from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.year_charts import fan_levels
from simengine.report.years_table import _bar, central_levels
from simengine.results.compute import Request, prepare, simulate
from simengine.results.dossier import Dossier
from simengine.results.record import Record
from simengine.scenario import loads

SCENARIO = """\
[scenario]
name = "licence"
title = "A licence over six years"
currency = "USD"
unit = 1000
horizon = 6
[inputs]
market = "400 to 900"
growth = { dist = "triangular", min = -0.05, mode = 0.03, max = 0.12 }
entry = { dist = "exponential", mean = 6 }
upfront = 40
royalty = 0.06
[model]
sales = "market * (1 + growth) ** year * where(year > entry, 0.6, 1)"
cash_flow = "royalty * sales - 30 * (year < 3)"
npv = "upfront + sum(cash_flow * 1.1 ** -year)"
peak_funding = "max(0, -lowest(cummin(upfront + cumsum(cash_flow))))"
loses = "npv < 0"
[outputs]
npv = { title = "value of the deal" }
peak_funding = true
loses = { unit = "", title = "the deal loses" }
cash_flow = { title = "cash flow" }
sales = true
[strategies.licence]
[strategies.open-licence]
inputs.upfront = -5
[simulate]
trials = 20_000
seed = 4
"""

GOLDEN = """\
key figures
                                       licence     open-licence
───────────────────────────────────────────────────────────────
peak_funding [USD thousand]  0.0000779 ± ?      5.9408 ± 0.0043
  P10 / P50 / P90                    0 / 0 / 0   0 / 0.5 / 20.4
loses: the deal loses [%]            0 ± 0.004   0.205 ± 0.027

cash_flow: cash flow [USD thousand]
      all strategies ────────────────────────────
year   mean   P10    P50   P90  P10 to P90
   1   5.99  -7.4   5.26  19.9   ───●───
   2   5.17  -9.4   4.2   20.6  ───●─────
   3  34.62  19.8  33.0   51.5    ┊    ────●────
   4  34.30  19.4  32.0   52.3    ┊    ───●──────
   5  34.21  19.1  31.4   53.1    ┊    ───●──────
   6  34.32  19.0  31.2   53.9    ┊    ───●──────
                                -9             54

sales [USD thousand]
      all strategies ────────────────────────
year   mean  P10  P50  P90  P10 to P90
   1  599.8  377  588  832    ─────●───────
   2  586.2  344  570  844   ──────●───────
   3  577.0  330  550  858  ──────●─────────
   4  571.7  324  533  871  ──────●─────────
   5  570.2  319  524  885  ──────●──────────
   6  572.0  316  520  899  ──────●──────────
                            320           900

± is one standard error. CVaR is a loss: positive when money is lost.
? is a standard error that these trials cannot tell.
Quantile tables are exact to 1e-13 in probability.
A year is the period that ends then, 0 the signing. Percentiles of different years do not add.
"""


def simulated(text: str = SCENARIO, **settings) -> Record:
    return simulate(prepare(loads(text), Request(**settings)))


@pytest.fixture(scope="module")
def record() -> Record:
    return simulated()


@pytest.fixture(scope="module")
def many() -> Record:
    """Four strategies, and quarters over twenty years."""
    more = "".join(f"[strategies.strategy-{k}]\ninputs.upfront = {k}\ninputs.royalty = 0.0{k}\n" for k in range(1, 5))
    text = (
        SCENARIO.partition("[strategies.licence]")[0]
        .replace("horizon = 6", "horizon = 80\nperiod = 0.25")
        .replace("sales = true\n", "")
    )
    return simulated(text + more + "[simulate]\ntrials = 500\n")


def changed(record: Record, **values) -> Record:
    return replace(record, values={**record.values, **{name: np.array(value) for name, value in values.items()}})


def test_key_figures_and_years_read_like_this(record):
    text = run_report(record, Style(width=100))
    assert text[text.index("key figures") :] == GOLDEN.rstrip("\n")


def test_the_first_outcome_is_the_table_that_it_always_was(record):
    """A scenario without years prints every outcome as a table of its own."""
    found = run_report(record, Style(width=100)).splitlines()
    plain = simulate(prepare(loads(SCENARIO), Request(), years=False))
    tables = run_report(plain, Style(width=100)).splitlines()
    end = tables.index("peak_funding [USD thousand]")
    assert found[:end] == tables[:end]
    assert "key figures" not in tables


@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_too_long(record, many, width, unicode):
    for found in (record, many):
        lines = run_report(found, Style(width=width, unicode=unicode)).splitlines()
        assert max(map(text_width, lines)) <= width
        assert unicode or all(line.isascii() for line in lines)
        assert not any("\x1b" in line for line in lines)


def test_colours_change_no_character(record):
    plain, coloured = (run_report(record, Style(width=80, color=color)) for color in (False, True))
    assert coloured != plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_strategies_follow_below_each_other_where_they_do_not_fit(many):
    def places(width: int) -> list[int]:
        lines = run_report(many, Style(width=width)).splitlines()
        cash = lines[lines.index("cash_flow: cash flow [USD thousand]") :]
        return [k for k, line in enumerate(cash) if line.lstrip().startswith("strategy-")]

    assert [len(places(width)) for width in (200, 100, 50)] == [1, 2, 4]


def test_of_many_periods_some_whole_years_are_shown_and_the_last(many):
    lines = run_report(many, Style(width=80)).splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("year"))
    years = [line.split()[0] for line in lines[first + 1 : lines.index("", first)]]
    assert years == [str(year) for year in range(1, 21)]
    assert any(line.startswith("20 of 80 periods are shown") for line in lines)


@pytest.mark.parametrize(
    ("percentiles", "expected"),
    [
        ([-10.0, 0.0, 10.0], "    ----o----    "),
        ([2.5, 10.0, 20.0], "        :---o----"),
        ([-20.0, 20.0], "-" * 17),
        ([20.0, 20.0, 20.0], "        :       o"),
        ([np.nan, 1.0, 2.0], " " * 17),
    ],
)
def test_bars_show_zero_and_the_percentiles(percentiles, expected):
    found = _bar(percentiles, (-20.0, 20.0), Style(unicode=False))
    assert len(found) == 17
    assert found == expected


def test_bars_have_no_scale_without_ends():
    assert _bar([1.0, 1.0, 1.0], (1.0, 1.0), Style()) == " " * 17
    assert _bar([-1e308, 0.0, 1e308], (-1e308, 1e308), Style()) == " " * 17


def test_which_percentiles_are_shown():
    assert central_levels([5.0, 10.0, 25.0, 50.0, 90.0]) == (1, 3, 4)
    assert central_levels([1.0, 50.0, 99.0]) == (0, 1, 2)
    assert central_levels([50.0]) == (0,)
    assert fan_levels([5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0]) == (0, 1, 3, 5, 6)
    assert fan_levels([10.0, 50.0, 95.0]) == (1,)
    assert fan_levels([10.0, 90.0]) == (0, 1)


def test_an_event_is_told_from_an_amount(record):
    events = [is_event(record, o) for o in range(len(record.outputs))]
    assert record.outputs == ("npv", "peak_funding", "loses")
    assert events == [False, False, True]
    half = changed(record, std=np.where(record["std"] > 0, 0.3, 0.0), minimum=record["minimum"] * 0,
                   maximum=record["maximum"] * 0 + 1)  # fmt: skip
    assert not is_event(half, 2)  # between 0 and 1, but not only 0 and 1
    nothing = changed(record, minimum=record["minimum"] * 0, maximum=record["maximum"] * 0)
    assert is_event(nothing, 2)
    assert not is_event(nothing, 1)  # an amount that is always 0 is no event


def test_what_was_left_out_is_said_by_year(record):
    faults = record["yearly_faults"].copy()
    first = record["yearly_first_fault"].copy()
    faults[1, 0, 2:] = 7, 12, 12, 30
    first[1, 0, 2:] = 55, 40, 40, 40
    text = run_report(changed(record, yearly_faults=faults, yearly_first_fault=first), Style(width=200))
    expected = "Left out in years 3 to 6: up to 30 trials of open-licence whose cash_flow was not finite"
    assert f"{expected}; the first is trial 40." in text


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_years_as_csv(record):
    rows = rows_of(years_csv(record))
    assert list(rows[0]) == ["strategy", "output", "unit", "year", "statistic", "value", "se"]
    found = {(r["strategy"], r["output"], r["year"], r["statistic"]): r for r in rows}
    assert len(found) == len(rows) == 2 * 2 * 6 * (6 + 7)
    entry = found["open-licence", "cash_flow", "3", "p50"]
    assert float(entry["value"]) == record["yearly_quantiles"][1, 0, 2, 3]
    assert float(entry["se"]) == record["yearly_quantiles_se"][1, 0, 2, 3]
    assert entry["unit"] == "USD thousand"
    assert found["licence", "sales", "1", "prob_loss"]["unit"] == "1"
    assert found["licence", "sales", "1", "min"]["se"] == ""
    assert found["licence", "sales", "6", "faults"]["value"] == "0"
    assert years_csv(record, CsvStyle(bom=True)) == b"\xef\xbb\xbf" + years_csv(record)


def test_single_outcomes_have_the_tables_that_they_had(record):
    plain = simulate(prepare(loads(SCENARIO), Request(), years=False))
    assert percentiles_csv(record) == percentiles_csv(plain)
    assert summary_csv(record) == summary_csv(plain)
    names = {"plan_digest", "summary_digest", "timings", "worst_table_error"}
    found, before = result_object(record), result_object(plain)
    for strategy in before["strategies"]:
        for output, entry in before["strategies"][strategy].items():
            assert found["strategies"][strategy][output] == entry
    assert {name: found[name] for name in found.keys() - names - {"strategies"}} == {
        name: before[name] for name in before.keys() - names - {"strategies"}
    }


def test_years_as_json(record):
    found = json.loads(json.dumps(result_object(record), allow_nan=False))["strategies"]["open-licence"]["cash_flow"]
    assert list(found) == ["unit", "years"]
    assert list(found["years"]) == ["1", "2", "3", "4", "5", "6"]
    year = found["years"]["3"]
    assert year["mean"] == {"value": record["yearly_mean"][1, 0, 2], "se": record["yearly_mean_se"][1, 0, 2]}
    assert year["percentiles"]["90"]["value"] == record["yearly_quantiles"][1, 0, 2, 5]
    assert year["prob_loss"]["value"] == record["yearly_prob_loss"][1, 0, 2]
    assert year["finite"] == 20_000


@pytest.mark.parametrize("payload", ["=1+1", "@SUM(A1)", "-1", "\tx", "<script>"])
def test_no_text_of_years_can_become_a_formula(record, payload):
    texts = changed(record, yearly_unit=np.array([payload, payload], dtype=object),
                    yearly_title=np.array([payload, payload], dtype=object))  # fmt: skip
    assert all(not row["unit"].startswith(("=", "@", "-", "\t")) for row in rows_of(years_csv(texts)))
    assert "<script>" not in outcome_tables(texts)
    for name, text in parts_of(workbook_bytes(Dossier(texts))).items():
        if name.startswith("xl/worksheets/sheet"):
            assert "<f>" not in text or name == "xl/worksheets/sheet4.xml"  # the calculator
        if name.startswith("xl/charts/chart"):
            assert set(re.findall("<c:f>('?[^!]*!)", text)) <= {"Curves!", "'Year curves'!"}


def parts_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_years_as_sheets(record):
    content = workbook_bytes(Dossier(record))
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert [name for name in book.sheet_names if name in ("Summary", "Percentiles", "Years")] == [
        *("Summary", "Percentiles", "Years"),
    ]
    assert book.sheet_names[-1] == "Year curves"
    rows = book.get_sheet_by_name("Years").to_python()
    assert rows[0][:7] == ["Strategy", "Outcome", "Unit", "Year", "Statistic", "Value", "Standard error"]
    found = {(r[0], r[1], r[3], r[4]): r[5:7] for r in rows[1:]}
    value, se = found["open-licence", "cash_flow", 3.0, "P50"]
    assert value == pytest.approx(record["yearly_quantiles"][1, 0, 2, 3], rel=1e-15)
    assert se == pytest.approx(record["yearly_quantiles_se"][1, 0, 2, 3], rel=1e-15)
    assert len(rows) == 1 + 2 * 2 * 6 * (5 + 7)
    assert workbook_bytes(Dossier(record)) == content


def test_a_fan_is_stacked_from_the_lowest_percentile_up(record):
    content = workbook_bytes(Dossier(record))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Year curves").to_python()
    assert rows[2][0] == "cash_flow [USD thousand], licence"
    assert rows[3] == ["year", "mean", "P5", "P10", "P50", "P90", "P95", "P5 to P10", "P10 to P90", "P90 to P95"]
    for row in rows[4:10]:
        assert np.cumsum([row[2], *row[7:]]).tolist() == pytest.approx([row[2], row[3], row[5], row[6]], rel=1e-12)
    parts = parts_of(content)
    fans = [text for text in parts.values() if "<c:areaChart>" in text]
    assert len(fans) == 4  # two outcomes of two strategies
    for text in fans:
        assert text.index("<c:areaChart>") < text.index("<c:lineChart>")
        assert text.count("<c:ser>") == 6
        assert '<c:grouping val="stacked"/>' in text
        assert re.search("<c:legendEntry><c:idx val=.0./><c:delete val=.1./>", text)  # the base of the stack
    names = [name for name, text in parts.items() if name.startswith("xl/worksheets/sheet") and "tableParts" in text]
    years = parts[names[2]]
    assert 'state="frozen"' in years
    assert 'displayName="Years"' in parts["xl/tables/table3.xml"]


def test_a_workbook_of_years_alone_opens():
    text = SCENARIO.replace('npv = { title = "value of the deal" }\n', "").replace("peak_funding = true\n", "")
    found = simulated(text.replace('loses = { unit = "", title = "the deal loses" }\n', ""))
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook_bytes(Dossier(found))))
    assert {"Summary", "Years"} <= set(book.sheet_names)
    assert "cash_flow: cash flow" in run_report(found, Style())
    assert "key figures" not in run_report(found, Style())
    with pytest.raises(InvalidInput, match="every outcome is reported period by period"):
        Result(found).percentiles()


def test_years_in_python(record):
    result = Result(record)
    assert result.outputs == ("npv", "peak_funding", "loses")
    assert result.yearly_outputs == ("cash_flow", "sales")
    frame = result.years("cash_flow", "open-licence")
    assert frame.index.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert frame.index.name == "year"
    assert frame["p50"].tolist() == record["yearly_quantiles"][1, 0, :, 3].tolist()
    assert frame["mean_se"].tolist() == record["yearly_mean_se"][1, 0].tolist()
    everything = result.years()
    assert everything.index.names == ["strategy", "year"]
    assert everything.loc["open-licence"].equals(frame)
    assert len(everything) == 12
    assert "<caption>sales [USD thousand], open-licence</caption>" in result._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.years("npv"), "there is no yearly outcome 'npv'; allowed: cash_flow, sales"),
        (lambda r: r.years("sales", "lease"), "there is no strategy 'lease'"),
        (lambda r: r.mean("sales"), r"there is no single number 'sales'; hint: years\('sales'\) has it"),
        (lambda r: r.export("x.json", years=True), "is a table of outcomes by period; allowed: .csv"),
    ],
)
def test_questions_that_have_no_answer(record, call, message):
    with pytest.raises(InvalidInput, match=message):
        call(Result(record))


def test_a_result_without_years_says_so(tmp_path):
    plain = simulate(prepare(loads(SCENARIO), Request(trials=100), years=False))
    for call in (lambda r: r.years(), lambda r: r.to_csv(tmp_path / "x.csv", years=True)):
        with pytest.raises(InvalidInput, match="no outcome is reported period by period"):
            call(Result(plain))
    assert not list(tmp_path.iterdir())
