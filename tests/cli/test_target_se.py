"""``simengine run --target-se`` end to end: what is printed, stored and refused."""

from __future__ import annotations

import json
import re

import pytest

import simengine as se
from simengine.cli.main import main

SCENARIO = """\
[scenario]
name = "small"
[inputs]
V = { dist = "normal", mean = 100, sd = 20 }
[model]
T = "V"
[strategies.licence]
[strategies.sale]
inputs.V = { dist = "normal", mean = 90, sd = 5 }
[simulate]
trials = 3000
seed = 11
sampler = "random"
"""


@pytest.fixture
def deal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    path = tmp_path / "deal.toml"
    path.write_text(SCENARIO)
    return path


def call(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_a_run_goes_on_until_it_holds(deal, capsys):
    code, out, err = call(capsys, "run", "deal.toml", "--target-se", "T.mean=0.1%", "--out", "there")
    assert code == 0
    assert "licence:T.mean ± 0.157 % (asked 0.1 %); about 41,000 trials are needed" in err
    assert "65,536 trials: every standard error that is asked for is reached" in err
    assert re.search(r"T\.mean ± 0\.07\d+ % \(asked 0\.1 %\) or less in every strategy after 65,536 trials\.", out)
    assert call(capsys, "verify", "there")[0] == 0
    fixed = se.run("deal.toml", trials=65_536)
    stored = se.open_result("there")
    assert stored.record.text("summary_digest") == fixed.record.text("summary_digest")
    assert stored.stopping["reached"] is True and stored.stopping["looks"] == [16_384, 65_536]
    assert fixed.stopping is None


def test_what_is_not_reached_is_said(deal, capsys):
    code, out, err = call(
        capsys, "run", "deal.toml", "--target-se", "licence:T.p5=0.001", "--target-se", "T.prob_loss=5%",
        "--max-trials", "2e4", "--json",
    )  # fmt: skip
    found = json.loads(out)["stopping"]
    assert code == 0 and found["reached"] is False and found["limit"] == 20_000
    assert [entry["name"] for entry in found["targets"]] == ["licence:T.p5", "T.prob_loss", "T.prob_loss"]
    assert all(not entry["reached"] for entry in found["targets"])
    assert found["targets"][0]["trials_needed"] > 1e9
    assert found["targets"][1]["trials_needed"] is None and found["targets"][1]["why"] == "rests on 0 trials"
    assert "cannot be foreseen" in err


def test_the_table_says_that_it_is_not_reached(deal, capsys):
    _, out, _ = call(capsys, "run", "deal.toml", "--target-se", "T.mean=1e-9", "--max-trials", "2e4", "--quiet")
    assert out == ""
    _, out, _ = call(capsys, "run", "deal.toml", "--target-se", "T.mean=1e-9", "--max-trials", "2e4")
    assert "NOT REACHED: licence:T.mean" in out.replace("\n", " ")
    assert "after 20,000 trials, the limit" in out.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (
            ["--target-se", "T.maen=0", "--target-se", "U.mean=100%"],
            ["did you mean mean?", "trials can reach", "'U'", "as large"],
        ),
        (["--target-se", "T.mean"], ["KEY=VALUE"]),
        (["--target-se", "T.mean=1%", "--trials", "100"], ["a number of trials and a standard error"]),
        (["--max-trials", "100"], ["limits nothing"]),
        (["--target-se", "T.mean=1%", "--max-trials", "0"], ["out of range"]),
        (["--target-se", "T.mean=1%", "--trial", "5"], ["give --trials"]),
    ],
)  # fmt: skip
def test_wrong_options(deal, capsys, arguments, messages):
    code, _, err = call(capsys, "run", "deal.toml", *arguments)
    assert code == 2
    for message in messages:
        assert message in err


def test_a_scenario_may_ask(deal, tmp_path):
    text = SCENARIO + 'target_se = { T.mean = "0.5%", "sale:T.p5" = 0.5 }\nmax_trials = 50_000\n'
    deal.write_text(text)
    result = se.run(deal)
    assert result.stopping["reached"] and result.stopping["limit"] == 50_000
    assert [entry["name"] for entry in result.stopping["targets"]] == ["T.mean", "T.mean", "sale:T.p5"]
    assert se.run(deal, trials=500).stopping is None  # a number of trials comes before it
    result.save(tmp_path / "there")
    assert main(["verify", str(tmp_path / "there"), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('target_se = { "T.mean" = 0 }', r"simulate\.target_se.*trials can reach"),
        ('target_se = { "T.mean" = "200%" }', r"simulate\.target_se.*as large as the value"),
        ('target_se = "0.1%"', "is not a table"),
        ('target_se = { mean = "0.1%" }', "names no statistic"),
        ('target_se = { "T.maen" = "0.1%" }', "did you mean mean"),
        ("max_trials = 0", r"simulate\.max_trials"),
    ],
)
def test_wrong_tables(deal, entry, message):
    deal.write_text(SCENARIO + entry + "\n")
    with pytest.raises(se.InvalidInput, match=message):
        se.run(deal)


def test_from_python(deal):
    result = se.run(deal, target_se={"T.std": "2%"}, max_trials=1e6)
    assert result.stopping["reached"]
    with pytest.raises(se.InvalidInput, match="whole number"):
        se.run(deal, target_se={"T.std": "2%"}, max_trials=1.5)


def test_the_workbook_says_what_was_asked(deal, tmp_path):
    calamine = pytest.importorskip("python_calamine")
    result = se.run(deal, target_se={"T.mean": "1%"})
    result.to_excel(tmp_path / "book.xlsx")
    rows = calamine.CalamineWorkbook.from_path(tmp_path / "book.xlsx").get_sheet_by_name("Provenance").to_python()
    said = [row[1] for row in rows if row[0] == "standard error asked for"]
    assert said[0].startswith("T.mean ± ") and "asked 1 %" in said[0]
