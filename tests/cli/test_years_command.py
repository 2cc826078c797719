"""Outcomes by period from the command line: files, the ledger, the self-check, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import simengine
from simengine.analysis.ledger import ledger_of_trial
from simengine.cli.main import main
from simengine.engine.run import replay_trial
from simengine.plan.compile import build_plan
from simengine.report.ledger import ledger_text
from simengine.report.text import Style, text_width
from simengine.results.compute import Request, prepare
from simengine.scenario import loads

SCENARIO = """\
[scenario]
name = "years"
currency = "USD"
horizon = 4
[inputs]
a = "10 to 20"
start = -25
[model]
sales = "a * year"
cash_flow = "sales - 6"
npv = "start + sum(cash_flow * 1.1 ** -year)"
[outputs]
npv = true
cash_flow = true
[strategies.licence]
[strategies.sale]
inputs.start = 5
inputs.a = "5 to 8"
[simulate]
trials = 2000
seed = 3
"""
SINGLE = SCENARIO.replace("cash_flow = true\n", "")


@pytest.fixture
def deal(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "single.toml").write_text(SINGLE)
    (tmp_path / "deal.toml").write_text(SCENARIO)
    return tmp_path


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_years_are_printed_and_written(deal, capsys):
    code, out, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert code == 0
    assert "cash_flow [USD]" in out
    assert "wrote results.nc, report.html, workbook.xlsx, years.csv, summary.csv, percentiles.csv into out" in err
    tables = {"years.csv", "summary.csv", "percentiles.csv"}
    assert names(deal / "out") == {"results.nc", "report.html", "workbook.xlsx"} | tables
    assert "cash_flow" not in (deal / "out" / "percentiles.csv").read_text()
    found = simengine.open_result("out")
    assert found.yearly_outputs == ("cash_flow",)
    rows = (deal / "out" / "years.csv").read_text().splitlines()
    assert rows[0] == "strategy,output,unit,year,statistic,value,se"
    mean = float(found.years("cash_flow", "sale")["mean"][2.0])
    assert any(row.startswith(f"sale,cash_flow,USD,2,mean,{mean!r},") for row in rows)
    assert call(capsys, "verify", "out")[0] == 0


def test_years_of_an_earlier_result_do_not_stay(deal, capsys):
    assert call(capsys, "run", "deal.toml", "--out", "out")[0] == 0
    code, _, err = call(capsys, "run", "single.toml", "--out", "out", "--force")
    assert code == 0
    assert "years.csv" not in err
    assert "years.csv" not in names(deal / "out")


def test_a_file_in_the_way_is_found_before_anything_is_simulated(deal, capsys):
    (deal / "out").mkdir()
    (deal / "out" / "years.csv").write_text("mine")
    code, out, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert (code, out) == (5, "")
    assert "years.csv exists already" in err
    assert call(capsys, "run", "single.toml", "--out", "out")[0] == 0
    assert (deal / "out" / "years.csv").read_text() == "mine"


def test_export_writes_years_of_a_stored_result(deal, capsys):
    call(capsys, "run", "deal.toml", "--out", "out", "--quiet")
    assert call(capsys, "export", "out", "-o", "years.csv", "--years")[0] == 0
    assert (deal / "years.csv").read_bytes() == (deal / "out" / "years.csv").read_bytes()
    code, _, err = call(capsys, "export", "out", "-o", "years.json", "--years")
    assert code == 2
    assert "is a table of outcomes by period; allowed: .csv" in err
    call(capsys, "run", "single.toml", "--out", "single", "--quiet")
    code, _, err = call(capsys, "export", "single", "-o", "none.csv", "--years")
    assert code == 2
    assert "no outcome is reported period by period" in err


def test_a_standard_error_of_years_is_refused(deal, capsys):
    code, out, err = call(capsys, "run", "deal.toml", "--target-se", "cash_flow.mean=1")
    assert (code, out) == (2, "")
    assert "cash_flow has a value for each period" in err
    assert "hint: ask it of npv" in err


def test_check_names_outcomes_by_year(deal, capsys):
    out = call(capsys, "check", "deal.toml")[1]
    assert "cash_flow, by year  sales - 6" in out


def test_the_self_check_passes_beside_years(deal, capsys):
    assert call(capsys, "run", "deal.toml", "--selfcheck", "--quiet")[0] == 0


def test_other_commands_see_single_outcomes(deal, capsys):
    for command in ("compare", "drivers"):
        code, out, _ = call(capsys, command, "deal.toml", "--trials", "2000")
        assert code == 0
        assert "npv" in out
        assert "cash_flow" not in out.partition("npv")[2].partition("CVaR")[0]
    (deal / "only.toml").write_text(SCENARIO.replace("npv = true\n", "").replace("npv =", "value ="))
    code, _, err = call(capsys, "drivers", "only.toml", "--trials", "2000")
    assert code == 2
    assert "none is one number" in err


def test_the_ledger_has_every_period(deal, capsys):
    out = call(capsys, "run", "deal.toml", "--trial", "7", "--json")[1]
    found = json.loads(out)["strategies"]
    prepared = prepare(loads(SCENARIO), Request())
    plan = prepared.plan
    values = replay_trial(plan, 3, 7, trials=2000, replicates=prepared.replicates)
    for strategy in ("licence", "sale"):
        mine = found[strategy]["formulas"]["cash_flow"]
        assert mine["years"] == [1.0, 2.0, 3.0, 4.0]
        expected = [x for x, o in zip(values.tolist(), plan.outputs, strict=True) if o.strategy == strategy and o.year]
        assert mine["values"] == expected
        assert found[strategy]["formulas"]["sales"]["values"] == [x + 6 for x in expected]
    single = build_plan(prepared.models, sampler=plan.sampler, addresses=prepared.addresses)
    assert found["sale"]["formulas"]["npv"] == replay_trial(single, 3, 7, trials=2000)[1]


def test_the_ledger_as_text(deal, capsys):
    lines = call(capsys, "run", "deal.toml", "--trial", "7", "--strategy", "sale")[1].splitlines()
    header = next(k for k, line in enumerate(lines) if line.startswith("by year"))
    assert lines[header].split() == ["by", "year", "1", "2", "3", "4"]
    rows = {line.split()[0]: [float(x) for x in line.split()[1:]] for line in lines[header + 2 :]}
    assert list(rows) == ["sales", "cash_flow"]
    assert (np.array(rows["sales"]) - 6).tolist() == pytest.approx(rows["cash_flow"], abs=1e-4)
    assert any(line.split()[:2] == ["cash_flow", "by"] and line.endswith("sales - 6") for line in lines)


def test_a_ledger_of_many_periods_goes_on_below():
    models = prepare(loads(SCENARIO.replace("horizon = 4", "horizon = 40")), Request()).models
    ledger = ledger_of_trial(models, seed=1, trial=5)
    lines = ledger_text(ledger, models, Style(width=80)).splitlines()
    assert max(map(text_width, lines)) <= 80
    years = [int(year) for line in lines if line.startswith("by year") for year in line.split()[2:]]
    assert years == 2 * list(range(1, 41))  # both strategies have values of their own
