"""``simengine compare`` end to end, inside this process."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from simengine.cli.main import main

SCENARIO = """\
[scenario]
name = "small"
currency = "USD"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[strategies.licence]
[strategies.patent-first]
"inputs.D.min" = 0.5
costs.upfront = 20
[strategies.sale]
model.T = "440 + 0 * V"
[simulate]
trials = 3000
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
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_the_same_screen_every_time(deal, capsys):
    code, out, err = call(capsys, "compare", "deal.toml")
    assert (code, err) == (0, "")
    assert call(capsys, "compare", "deal.toml", "--threads", "1")[1] == out
    assert max(map(len, out.splitlines())) <= 100
    assert "less sale" not in out and "less sale" in call(capsys, "compare", "deal.toml", "--all")[1]
    for part in ("3 strategies on the same draws, 3,000 trials", "less licence", "row beats column, %", "its mean is"):
        assert part in out


def test_options_reach_the_comparison(deal, capsys):
    arguments = ("--baseline", "sale", "--strategy", "sale", "--strategy", "licence", "--seed", "5", "--trials", "1e3")
    more = ("--percentiles", "5,99", "--risk-tolerance", "80", "--wealth", "1e3", "--risk-aversion", "2")
    code, out, _ = call(capsys, "compare", "deal.toml", *arguments, *more, "--sampler", "sobol", "--json",
                        "--set", "inputs.R=0.8")  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert (found["kind"], found["baseline"], found["seed"], found["trials"]) == ("comparison", "sale", 5, 1000)
    assert (found["sampler"], found["wealth"], found["risk_aversion"]) == ("sobol", 1000.0, 2.0)
    outcome = found["outputs"]["T"]
    assert outcome["risk_tolerance"] == 80.0 and list(outcome["strategies"]) == ["licence", "sale"]
    pair = outcome["pairs"]["licence"]["sale"]
    keys = "p5_difference", "p10_difference", "p50_difference", "p90_difference", "p99_difference"
    assert [key for key in pair if key.startswith("p") and key[1].isdigit()] == list(keys)
    assert set(pair["ce_power_difference"]) == {"value", "se", "low", "high"}
    assert pair["identical"] is False and isinstance(outcome["verdict"][0], str)
    _, first, _ = call(capsys, "compare", "deal.toml", *arguments, "--quiet")
    assert first == ""


def test_files_are_written_all_or_none(deal, capsys):
    code, _, err = call(capsys, "compare", "deal.toml", "--out", "out")
    assert code == 0 and "wrote comparison.nc, comparison.json, comparison.csv into out" in err
    assert sorted(path.name for path in Path("out").iterdir()) == ["comparison.csv", "comparison.json", "comparison.nc"]
    rows = list(csv.DictReader(Path("out/comparison.csv").read_text().splitlines()))
    assert list(rows[0]) == ["strategy", "against", "output", "unit", "statistic", "value", "se", "low", "high"]
    code, _, err = call(capsys, "compare", "deal.toml", "--out", "out")
    assert code == 5 and "--force" in err
    assert call(capsys, "compare", "deal.toml", "--out", "out", "--force", "--bom", "--quiet") == (0, "", "")
    assert Path("out/comparison.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    for given in ("out", "out/comparison.nc"):
        code, _, err = call(capsys, "export", given, "-o", "x.csv")
        assert code == 5 and "a comparison, not a result" in err
        assert "comparison.csv and comparison.json are beside it already" in err and "open_comparison" in err


def test_existing_files_are_refused_before_anything_is_computed(deal, capsys, monkeypatch):
    assert call(capsys, "compare", "deal.toml", "--out", "out", "--quiet")[0] == 0
    monkeypatch.setattr("simengine.analysis.compare.gather.gather", lambda *_: pytest.fail("something was computed"))
    code, out, err = call(capsys, "compare", "deal.toml", "--out", "out")
    assert (code, out) == (5, "") and "exists already" in err


def test_results_and_scenarios_together(deal, capsys):
    call(capsys, "run", "deal.toml", "--out", "last-week", "--quiet", "--set", "inputs.R=0.8")
    code, out, err = call(capsys, "compare", "last-week", "deal.toml", "--strategy", "last-week:licence", "--strategy",
                          "deal:licence")  # fmt: skip
    assert (code, err) == (0, "")
    assert "last-week and deal.toml" in out
    assert "last-week is a stored result: its scenario was run again, as stored in it." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'SCENARIO|RESULT...'"),
        (["none.toml"], "there is no such file"),
        (["deal.toml", "--baseline", "licens"], "did you mean licence"),
        (["deal.toml", "--output", "U"], "output: there is no outcome 'U'; allowed: T"),
        (["deal.toml", "--strategy", "sale"], "sale alone cannot be compared"),
        (["deal.toml", "--risk-tolerance", "much"], "--risk-tolerance = much: not a finite number"),
        (["deal.toml", "--risk-tolerance", "inf"], "--risk-tolerance = inf: not a finite number"),
        (["deal.toml", "--wealth", "10"], "needs risk-aversion beside it"),
        (["deal.toml", "--trials", "0", "--percentiles", "0"], "--percentiles = 0"),
        (["deal.toml", "--set", "inputs.Q.foo=80"], "inputs.Q"),
        (["deal.toml", "--out", " "], "names no folder"),
        (["deal.toml", "--memory", "1"], "this keeps the outcomes of all 3,000 trials"),
    ],
)
def test_what_users_get_wrong_is_status_2(deal, capsys, arguments, message):
    code, out, err = call(capsys, "compare", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert [path.name for path in Path().iterdir()] == ["deal.toml"]
