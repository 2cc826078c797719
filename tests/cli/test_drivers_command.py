"""``simengine drivers`` and ``se.drivers`` end to end."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path

import pytest

import simengine as se
from simengine.analysis.drivers.variables import DIMENSIONS, DRIVERS, REGISTRY
from simengine.cli.main import main
from simengine.results.storage import read

SCENARIO = """\
[scenario]
name = "small"
title = "A small deal"
currency = "USD"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = { dist = "beta", mean = 0.9, sd = 0.05 }
L = 0.05
[risks.ip_leak]
probability = 0.2
severity = { dist = "beta", alpha = 2, beta = 5 }
title = "the model leaks"
[strategies.licence]
[strategies.patent-first]
"risks.ip_leak.probability" = 0.03
costs.upfront = 30
[simulate]
trials = 4000
seed = 11
"""


@pytest.fixture
def deal(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "deal.toml"
    path.write_text(SCENARIO)
    return path


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["drivers", *arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_the_tables(deal, capsys):
    code, out, _ = call(capsys, "deal.toml")
    assert code == 0
    assert "what moves it (tornado)" in out and "what to find out before signing" in out
    assert "rank correlation" in out and "EVPI" in out
    assert "licence" in out and "patent-first" in out and "ip_leak_strikes" in out
    assert max(map(len, out.splitlines())) <= 100
    assert call(capsys, "deal.toml", "--threads", "1")[1] == out


def test_it_says_how_many_trials_each_part_rests_on(deal, capsys, monkeypatch):
    out = call(capsys, "deal.toml")[1]
    assert "of the trials" not in out and "changes of the mean: over 4,000 trials. " in out
    monkeypatch.setattr("simengine.analysis.drivers.tables.RANKED_TRIALS", 2048)
    out = " ".join(call(capsys, "deal.toml")[1].split())
    ranked = re.search(r"what moves it \(tornado\), over ([\d,]+) of the trials", out)[1]
    assert int(ranked.replace(",", "")) <= 2048
    assert f"over {ranked} trials; all else that is read from trials: over all 4,000." in out


def test_every_section(deal, capsys):
    code, out, _ = call(capsys, "deal.toml", "--all", "--stress", "V<=P50", "--points", "512")
    assert code == 0
    for text in ("shares of its variance", "others at their medians", "mean given", "where V<=P50", "worst 5 %"):
        assert text in out, text
    assert "nan" not in out
    assert max(map(len, out.splitlines())) <= 100
    grouped = call(capsys, "deal.toml", "--sobol", "--points", "512", "--by-risk")[1]
    assert "ip_leak " in grouped and "ip_leak_severity" not in grouped


def test_json_and_files_hold_the_same_numbers(deal, capsys):
    arguments = ("deal.toml", "--all", "--stress", "V<=P50", "--points", "512", "--out", "found")
    code, out, err = call(capsys, *arguments, "--json")
    assert code == 0 and "wrote drivers.nc" in err
    document = json.loads(out)
    rho = document["outputs"]["T"]["strategies"]["licence"]["tornado"]["factors"]["V"]["spearman"]
    assert 0.5 < rho["value"] < 1 and 0 < rho["se"] < 0.1
    rows = list(csv.DictReader(io.StringIO(Path("found/drivers.csv").read_text())))
    row = next(r for r in rows if (r["strategy"], r["factor"], r["statistic"]) == ("licence", "V", "spearman"))
    assert float(row["value"]) == rho["value"] and float(row["se"]) == rho["se"]
    assert {r["section"] for r in rows} == {"mean", "tornado", "evppi", "sobol", "spider", "stress", "reverse"}
    assert all(math.isfinite(float(r["value"])) for r in rows)
    record = read(Path("found"), DRIVERS)
    assert record["spearman"][0, 0, 0] == rho["value"]
    assert call(capsys, *arguments)[0] == 5  # the files exist
    assert call(capsys, *arguments, "--force", "--quiet") == (0, "", "")


def test_from_python(deal):
    found = se.drivers("deal.toml", trials=2000, sections="tornado", strategies="licence")
    assert found.tornado("T").index[0] == "V"
    assert found.strategies == ("licence",) and found.factors[-1] == "ip_leak"
    assert float(found.dataset["spearman"].sel(strategy="licence", output="T", factor="V")) > 0.5
    assert set(found.dataset.dims) == set(DIMENSIONS)
    assert "tornado" in repr(found)
    assert set(found.rows()["section"]) == {"mean", "tornado"}
    both = se.drivers("deal.toml", trials=2000, sections=["evppi", "sobol"], points=256)
    assert both.evppi("T").loc["V", "evppi"] >= 0
    assert list(both.switches().columns)[:4] == ["output", "factor", "below", "above"]
    assert both.shares("T", "licence").loc["V", "sobol_first"] > 0.2
    assert json.loads(both.to_json())["kind"] == "drivers"
    with pytest.raises(se.InvalidInput, match="no outcome"):
        both.evppi("X")


def test_every_section_from_python(deal):
    found = se.drivers("deal.toml", trials=4000, sections=["tornado", "spider", "reverse"], stress="ip_leak>0.2")
    tornado = found.tornado("T", "licence")
    assert {"mean_change", "mean_change_se", "swing_at_p10", "input_at_p90"} <= set(tornado.columns)
    place = found.factors.index("V")
    assert tornado.loc["V", "swing_at_p90"] == found.record["swing"][0, 0, place, 1]
    assert tornado.loc["V", "input_at_p10"] == found.record["swing_input"][0, 0, place, 0]
    stress = found.stress("T", "licence").set_index("statistic")
    assert stress.loc["mean_change", "value"] < 0 < stress.loc["mean_change", "se"]
    reverse = found.reverse("T", "licence").set_index(["factor", "statistic"])
    assert reverse.loc[("ip_leak_strikes", "mean_tail"), "value"] > 0.4
    spider = found.spider("T", "patent-first").set_index(["factor", "statistic"])
    assert spider.loc[("V", "mean_at_p90"), "value"] > spider.loc[("V", "mean_at_p10"), "value"]
    for ask in (found.shares, found.evppi, found.switches):
        with pytest.raises(se.InvalidInput, match="was not asked for"):
            ask()
    path = found.to_csv("all.csv")
    assert len(path.read_text().splitlines()) == len(found.rows()) + 1
    with pytest.raises(se.FileProblem):
        found.to_csv("all.csv")


def test_stored_drivers_are_read_again(deal):
    found = se.drivers("deal.toml", trials=4000)
    found.save("kept")
    again = se.open_drivers("kept")
    assert again.to_json() == found.to_json() and repr(again) == repr(found)
    assert json.loads(again.to_json())["outputs"]["T"].get("event_best", {}) == {
        name: text for name, text in again.evppi()["event_best"].items() if text
    }
    with pytest.raises(se.FileProblem):
        se.open_drivers("nowhere")


def test_one_strategy_is_told_why_there_is_no_value_of_information(deal, capsys):
    code, out, _ = call(capsys, "deal.toml", "--strategy", "licence", "--evppi")
    assert code == 0 and "what to find out before signing" in out
    assert "Only licence reports it, so there is nothing to choose" in " ".join(out.split())


def test_the_example_of_the_help_holds_for_the_template(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["init", "deal.toml"]) == 0
    capsys.readouterr()
    conditions = ("--stress", "V<=P10", "--stress", "ip_leak_strikes>=1")
    code, out, err = call(capsys, "deal.toml", *conditions, "--trials", "20000")
    assert code == 0, err
    assert "ip_leak_strikes>=1" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--stress", "VV<=P10"], "did you mean V?"),
        (["--stress", "ip_leak_strike>=1"], "did you mean ip_leak_strikes?"),
        (["--stress", "V>=1e9"], "no trial of licence left"),
        (["--points", "3"], "out of range"),
        (["--memory", "1KB"], "give more memory"),
        (["--strategy", "sale"], "there is no strategy 'sale'"),
        (["--out", " "], "names no folder"),
    ],
)
def test_what_is_wrong_is_said(deal, capsys, arguments, expected):
    code, out, err = call(capsys, "deal.toml", *arguments)
    assert code == 2 and out == ""
    assert expected in err


def test_unknown_sections_are_refused(deal):
    with pytest.raises(se.InvalidInput, match="did you mean tornado"):
        se.drivers("deal.toml", sections="tornados")
    with pytest.raises(se.InvalidInput, match="no condition is given"):
        se.drivers("deal.toml", sections="stress")


def test_nothing_uncertain(tmp_path, capsys):
    path = tmp_path / "sure.toml"
    path.write_text('[scenario]\nname = "sure"\n[inputs]\nV = 1\nD = 1\nR = 1\nL = 0\n')
    code, _, err = call(capsys, str(path))
    assert code == 2 and "nothing is uncertain" in err


def test_infinite_variance_is_noted(tmp_path, capsys):
    path = tmp_path / "heavy.toml"
    text = '[scenario]\nname = "heavy"\n[inputs]\nV = { dist = "pareto", alpha = 1.5, min = 1 }\n[model]\nT = "V"\n'
    path.write_text(text)
    code, out, _ = call(capsys, str(path), "--trials", "2000")
    assert code == 0 and "has no finite variance" in out


def test_outcomes_that_are_not_finite(tmp_path, capsys):
    path = tmp_path / "faulty.toml"
    text = '[scenario]\nname = "faulty"\n[inputs]\nx = { dist = "normal", mean = 2, sd = 1 }\n[model]\nT = "log(x)"\n'
    path.write_text(text)
    assert call(capsys, str(path), "--trials", "5000")[0] == 4
    path.write_text(text + '[simulate]\nnonfinite = "exclude"\n')
    code, out, _ = call(capsys, str(path), "--trials", "5000", "--reverse", "--tornado", "--stress", "x>=P50")
    assert code == 0 and "are left out everywhere" in out and "n/a" not in out


def test_every_dimension_has_a_meaning():
    assert {dim for row in REGISTRY.values() for dim in row.dims} == set(DIMENSIONS)
