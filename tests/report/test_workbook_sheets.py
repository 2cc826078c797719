"""What the sheets of a dossier say: verdict, comparison, drivers, risks, and that none is there without reason."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from dossiers import DEAL, YEARLY, dossier_of
from python_calamine import CalamineWorkbook

from simengine.report.comparison_verdict import verdict_of
from simengine.report.text import Style
from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.style import shown_width, with_unit
from simengine.results.dossier import Dossier, register_digest

ORDER = ["Summary", "Percentiles", "Compare", "Years", "Drivers", "Risks", "Inputs", "Formulas", "Provenance",
         "Scenario", "Curves"]  # fmt: skip


@pytest.fixture(scope="module")
def deal():
    return dossier_of(DEAL)


@pytest.fixture(scope="module")
def yearly():
    return dossier_of(YEARLY)


@pytest.fixture(scope="module")
def content(deal):
    return workbook_bytes(deal)


def sheets_of(content: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def parts_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def entries(rows: list[list[object]]) -> list[dict[object, object]]:
    """The rows of a table by the headers of their columns."""
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_sheets_stand_in_order_and_none_without_reason(deal, yearly):
    found = list(sheets_of(workbook_bytes(deal)))
    assert [name for name in found if name in ORDER] == [name for name in ORDER if name != "Years"]
    found = list(sheets_of(workbook_bytes(yearly)))
    assert [name for name in found if name in ORDER] == [name for name in ORDER if name != "Risks"]
    assert found.index("Year charts") == found.index("Years") + 1
    bare = list(sheets_of(workbook_bytes(Dossier(deal.record))))
    assert not {"Compare", "Drivers", "Tornado", "Risks", "Measures", "Years"} & set(bare)


def test_the_summary_begins_with_the_verdict(deal, content):
    texts = [str(row[0]) for row in sheets_of(content)["Summary"]]
    said = verdict_of(deal.comparison, 0, Style()).sentences
    assert texts[0] == "小交易 / a small deal"
    start = texts.index("Verdict") + 1
    assert texts[start : start + 2] == [f"•  {sentence}" for sentence in said[:2]]


def test_the_summary_has_key_figures_with_their_errors(deal, content):
    rows = sheets_of(content)["Summary"]
    head = next(k for k, row in enumerate(rows) if row[0] == "Strategy")
    assert rows[head][2::2] == ["Mean", "P10", "P50", "P90", "Best of all"]
    record, compared = deal.record, deal.comparison
    for s, row in enumerate(rows[head + 1 : head + 4]):
        assert row[0] == record.strategies[s]
        assert row[2:4] == pytest.approx([record["mean"][s, 0], record["mean_se"][s, 0]], rel=1e-15)
        assert row[10:12] == pytest.approx([compared["prob_best"][s, 0], compared["prob_best_se"][s, 0]], rel=1e-15)
    shapes = parts_of(content)["xl/styles.xml"]
    assert "#,##0.00&quot; CNY 10k&quot;" in shapes


def test_a_result_alone_says_what_it_can(deal):
    rows = sheets_of(workbook_bytes(Dossier(deal.record)))["Summary"]
    said = next(str(row[0]) for row in rows if str(row[0]).startswith("•  licence:"))
    assert re.search(r"the mean of T is [\d.]+ ± [\d.]+ CNY 10k; 90 % of trials lie between [\d.]+ and [\d,.]+", said)
    head = next(row for row in rows if row[0] == "Strategy")
    assert head[10] == "P(T < 0)"


def test_compare_has_every_number(deal, content):
    found = {
        (row["Strategy"], row["Against"], row["Statistic"]): row for row in entries(sheets_of(content)["Compare"][1:])
    }
    compared = deal.comparison
    row = found["licence-protected", "licence", "mean, less that of the other"]
    expected = [compared[f"mean_difference{end}"][1, 0, 0] for end in ("", "_se", "_low", "_high")]
    assert [row[name] for name in ("Value", "Standard error", "95 % from", "95 % to")] == pytest.approx(
        expected, rel=1e-15
    )
    assert found["licence-protected", "licence", "means told apart at 95 %"]["Value"] == "yes"
    assert found["all", "", "value of perfect information (EVPI)"]["Value"] == pytest.approx(compared["evpi"][0])


def test_efficient_is_one_answer(deal):
    """Whether it is beyond the intervals decides between an answer and none; it is no answer of its own."""
    compared, label = deal.comparison, "efficient: none has a higher mean and a lower CVaR 95 %"
    values = dict(compared.values)
    s, o = np.flatnonzero(compared["reported"][:, 0])[:3], 0
    assert s.size == 3
    values["efficient"], values["efficient_clear"] = (values[n].copy() for n in ("efficient", "efficient_clear"))
    values["efficient"][s, o, 0], values["efficient_clear"][s, o, 0] = [False, True, False], [True, True, False]
    told = workbook_bytes(replace(deal, comparison=replace(compared, values=values)))
    rows = entries(sheets_of(told)["Compare"][1:])
    found = {row["Strategy"]: row["Value"] for row in rows if row["Statistic"] == label}
    assert found == dict(zip((compared.strategies[k] for k in s), ("no", "yes", "unclear"), strict=True))
    assert [row["Statistic"] for row in rows if "efficient" in str(row["Statistic"])] == [label] * 3


def test_every_sheet_says_on_how_many_trials_it_rests(deal):
    """The analyses have trials of their own, and may have fewer than the run."""
    comparison = replace(deal.comparison, attrs={**deal.comparison.attrs, "trials": 1111})
    drivers = replace(deal.drivers, attrs={**deal.drivers.attrs, "trials": 2222, "notes": '["only a part"]'})
    register = {**deal.register, "trials": 3333, "notes": ["=few"]}
    whole = replace(deal, comparison=comparison, drivers=drivers, register=register, notes=("the moon is left out",))
    sheets = sheets_of(workbook_bytes(whole))
    run = f"rest on the {deal.record.integer('trials'):,} of the run"
    for name, trials in (("Compare", "1,111"), ("Drivers", "2,222"), ("Tornado", "2,222"), ("Risks", "3,333")):
        (said,) = (str(row[0]) for row in sheets[name][:2] if "drawn beside the run" in str(row[0]))
        assert f"{trials} trials" in said and run in said
    texts = [str(row[0]) for row in sheets["Summary"]]
    (place,) = (k for k, text in enumerate(texts) if text.startswith("The verdict rests on 1,111 trials"))
    assert texts[place - 1].startswith("•")
    facts = [tuple(row[:2]) for row in sheets["Provenance"]]
    assert {("comparison: trials", 1111), ("drivers: trials", 2222), ("risk register: trials", 3333)} <= set(facts)
    assert {("drivers: note", "only a part"), ("risk register: note", "=few")} <= set(facts)
    assert ("left out", "the moon is left out") in facts
    digests = {str(label): value for label, value in facts if "SHA-256" in str(label)}
    stored = [comparison.digest(), drivers.digest(), register_digest(register)]
    assert [value for label, value in digests.items() if label.endswith("as results.nc has it")] == stored
    assert comparison.text("summary_digest") in digests.values() and drivers.text("plan_digest") in digests.values()


def test_a_bare_result_has_no_other_trials(deal):
    sheets = sheets_of(workbook_bytes(Dossier(deal.record)))
    said = " ".join(str(cell) for rows in sheets.values() for row in rows for cell in row)
    assert "drawn beside the run" not in said and "left out, " not in said and "risk register" not in said


def test_drivers_begin_with_the_largest_change(deal, content):
    rows = [row for row in entries(sheets_of(content)["Drivers"][1:]) if row["Strategy"] == "licence"]
    sizes = [abs(float(str(row["Change of mean"]))) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    f = deal.drivers["factor"].tolist().index("V")
    first = next(row for row in rows if row["Driver"] == "V")
    assert first["Title"] == "市场价值 / market value"
    assert first["Change of mean"] == pytest.approx(deal.drivers["mean_change"][0, 0, f], rel=1e-15)
    assert first["Share"] == pytest.approx(deal.drivers["contribution"][0, 0, f], rel=1e-15)
    assert {row["Driver"] for row in rows} == {"V", "D", "L", "leak_strikes", "leak_severity"}


def test_a_tornado_is_drawn_for_every_strategy(content):
    parts = parts_of(content)
    charts = [text for name, text in parts.items() if name.startswith("xl/charts/") and "<c:barChart>" in text]
    assert len(charts) == 3
    for chart in charts:
        assert '<c:barDir val="bar"/>' in chart
        assert '<c:orientation val="maxMin"/>' in chart  # the largest on top
        assert set(re.findall("<c:f>(.*?)!", chart)) == {"Tornado"}
    assert "C55A11" in charts[0]  # what lowers the outcome has the other colour


def test_risks_and_what_they_cost(deal, content):
    rows = entries(sheets_of(content)["Risks"][1:])
    assert [row["Strategy"] for row in rows].count("licence") == 3  # the risk, collection, and both together
    line = next(x for x in deal.register["strategies"][0]["risks"] if x["key"] == "risks.leak")
    row = next(row for row in rows if row["Place in the scenario"] == "risks.leak")
    assert row["Risk"] == "泄露 / the weights leak"
    assert row["Expected loss"] == pytest.approx(line["expected_loss"]["value"], rel=1e-15)
    assert row["± loss"] == pytest.approx(line["expected_loss"]["se"], rel=1e-15)
    assert row["Effect on P10"] == pytest.approx(line["effects"]["P10"]["value"], rel=1e-15)
    assert "all of them together" in {row["Risk"] for row in rows}


def test_measures_have_a_sheet(deal):
    told = {"value": 12.5, "se": 0.25}
    changes = dict.fromkeys(("mean", "P5", "P10", "P50", "P90", "prob_loss", "CVaR95"), told)
    measure = {"name": "escrow", "title": "=托管", "used": True, "cost": told, "benefit": told, "net_per_cost": None,
               "changes": changes}  # fmt: skip
    register = {**deal.register, "strategies": [{**deal.register["strategies"][0], "measures": [measure]}]}
    rows = entries(sheets_of(workbook_bytes(replace(deal, register=register)))["Measures"][1:])
    assert rows[0]["Measure"] == "=托管"
    assert [rows[0][name] for name in ("Used", "Cost", "± cost", "Net benefit")] == ["yes", 12.5, 0.25, 12.5]
    assert rows[0]["Net per cost"] == ""


def test_every_table_is_an_excel_table_with_a_frozen_header(content):
    book = CalamineWorkbook.from_filelike(io.BytesIO(content), load_tables=True)
    tidy = {"Percentiles", "Statistics", "Compare", "Drivers", "Risks", "Inputs", "Formulas", "Provenance"}
    assert set(book.table_names) == tidy
    parts = parts_of(content)
    for name in tidy:
        k = book.sheet_names.index(name) + 1
        assert 'state="frozen"' in parts[f"xl/worksheets/sheet{k}.xml"]
        assert 'fitToHeight="0"' in parts[f"xl/worksheets/sheet{k}.xml"]
        assert book.get_table_by_name(name).sheet == name


def test_the_same_dossier_gives_the_same_bytes(deal, yearly, content):
    assert workbook_bytes(deal) == content
    assert workbook_bytes(yearly) == workbook_bytes(yearly)


def test_units_stand_behind_numbers_and_cannot_break_a_format():
    assert with_unit("#,##0.0", "USD 10k") == '#,##0.0" USD 10k"'
    assert with_unit("#,##0", 'a"b;[red]') == '#,##0" ab;[red]"'
    assert with_unit("0", "x" * 40) == "0"
    assert with_unit("0", "1") == with_unit("0", "") == "0"
    assert shown_width(-1234.5, '#,##0.00" USD"') == len("-1,234.50 USD")
    assert shown_width(0.123, "0.0%") == len("12.3%")
    assert shown_width(1.5e20, "0.00E+00") == len("1.50e+20")
