"""Commands end to end, inside this process: what they print where, and their exit status."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from simengine.cli.main import main

SCENARIO = """\
[scenario]
name = "small"
title = "A small deal"
currency = "USD"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[risks.ip_leak]
probability = 0.08
severity = { dist = "beta", alpha = 2, beta = 5 }
title = "the model leaks"
source = "judgement"
[outputs]
T = { target = 400 }
[strategies.licence]
[strategies.patent-first]
"risks.ip_leak.probability" = 0.03
costs.upfront = 20
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


def test_run_prints_the_same_table_every_time(deal, capsys):
    code, out, err = call(capsys, "run", "deal.toml")
    assert code == 0
    assert "3,000 trials in" in err
    assert call(capsys, "run", "deal.toml", "--threads", "1", "--memory", "0")[1] == out


def test_run_as_json(deal, capsys):
    code, out, _ = call(capsys, "run", "deal.toml", "--json", "--trials", "1e3", "--percentiles", "1,99.9")
    assert code == 0
    found = json.loads(out)
    assert found["trials"] == 1000
    assert list(found["strategies"]) == ["licence", "patent-first"]
    assert list(found["strategies"]["licence"]["T"]["percentiles"]) == ["1", "99.9"]


def test_run_options_reach_the_engine(deal, capsys):
    arguments = ("run", "deal.toml", "--json", "--strategy", "patent-first", "--seed", "5", "--sampler", "random")
    _, out, _ = call(capsys, *arguments, "--set", "costs.upfront=0", "--set", "inputs.V=1000 to 1001")
    found = json.loads(out)
    assert found["seed"] == 5
    assert list(found["strategies"]) == ["licence"] or list(found["strategies"]) == ["patent-first"]
    assert found["strategies"]["patent-first"]["T"]["mean"]["value"] == pytest.approx(
        1000 * 0.767 * 0.9 * 0.95, rel=0.05
    )


def test_quiet_prints_nothing(deal, capsys):
    assert call(capsys, "run", "deal.toml", "--quiet") == (0, "", "")
    assert call(capsys, "check", "deal.toml", "--quiet") == (0, "", "")


def test_a_folder_of_results_from_run_to_verify_and_export(deal, capsys):
    code, _, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert code == 0
    assert "wrote results.nc, report.html, workbook.xlsx, summary.csv, percentiles.csv into out" in err
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "percentiles.csv", "report.html", "results.nc", "summary.csv", "workbook.xlsx",
    ]  # fmt: skip
    code, out, _ = call(capsys, "verify", "out")
    assert code == 0
    assert "from the scenario and data stored in it, and agree to the bit" in out
    for suffix in ("csv", "xlsx", "html", "json", "nc"):
        code, out, err = call(capsys, "export", "out", "-o", f"copy.{suffix}")
        assert (code, out) == (0, ""), err
        assert Path(f"copy.{suffix}").stat().st_size > 500
    assert Path("copy.csv").read_bytes() == Path("out/percentiles.csv").read_bytes()
    assert json.loads(Path("copy.json").read_text())["scenario"] == "small"
    assert call(capsys, "verify", "copy.nc", "--quiet") == (0, "", "")
    code, _, err = call(capsys, "export", "out", "-o", "copy.csv")
    assert code == 5
    assert "--force" in err
    assert call(capsys, "export", "out", "-o", "copy.csv", "--force", "--bom")[0] == 0
    assert Path("copy.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_existing_results_are_refused_before_anything_is_computed(deal, capsys, monkeypatch):
    assert call(capsys, "run", "deal.toml", "--out", "out", "--quiet")[0] == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    monkeypatch.setattr("simengine.results.compute.prepare", lambda *_: pytest.fail("something was computed"))
    code, out, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert (code, out) == (5, "")
    assert "exists already" in err
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before
    monkeypatch.undo()
    assert call(capsys, "run", str(deal), "--out", str(deal.parent / "out"), "--quiet", "--force")[0] == 0


def test_the_command_is_stored(deal, capsys):
    call(capsys, "run", "deal.toml", "--out", "my out", "--quiet", "--set", "inputs.R=0.8")
    from simengine import open_result

    stored = open_result("my out")
    assert stored.dataset.attrs["command"] == "simengine run deal.toml --out 'my out' --quiet --set inputs.R=0.8"
    assert json.loads(stored.dataset.attrs["overrides"]) == {"inputs.R": "0.8"}


def test_the_ledger_of_one_trial(deal, capsys):
    code, out, _ = call(capsys, "run", "deal.toml", "--trials", "1e8", "--trial", "48231777")
    assert code == 0
    assert "trial 48,231,777 of seed 11" in out
    assert "V * D * R * (1 - L) * (1 - ip_leak)" in out
    code, out, _ = call(capsys, "run", "deal.toml", "--trials", "1e8", "--trial", "48231777", "--json")
    assert set(json.loads(out)["strategies"]["licence"]) == {"inputs", "formulas"}
    code, _, err = call(capsys, "run", "deal.toml", "--trial", "482317", "--sampler", "sobol")
    assert code == 2
    assert "no such trial" in err and "0 to 2,999" in err
    code, _, err = call(capsys, "run", "deal.toml", "--trial", "5", "--out", "x")
    assert code == 2
    assert "prints one trial" in err


def test_the_ledger_tells_each_number_once(deal, capsys):
    code, out, _ = call(capsys, "run", "deal.toml", "--trials", "1e8", "--trial", "48231777")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 100
    shared, *own = out.split("\nin ")
    assert "the same in all strategies" in shared
    assert sum(line.startswith("V ") for line in lines) == 1
    assert sum(line.startswith("T ") for line in lines) == 2  # 20 of costs make the difference
    assert [part.splitlines()[0] for part in own] == ["licence", "patent-first"]
    values = [line.split()[1] for line in lines if line.startswith(("V ", "D ", "T "))]
    assert all(sum(c.isdigit() for c in value.lstrip("-0.")) <= 10 for value in values)


def test_a_ledger_of_data_has_no_digests(deal, capsys):
    Path("data.csv").write_text("x\n1\n2\n4\n")
    code, out, _ = call(
        capsys, "run", "deal.toml", "--trial", "3", "--set", 'inputs.V={ dist = "empirical", file = "data.csv" }'
    )
    assert code == 0
    assert "file data.csv" in out
    assert "sha256" not in out


def test_warnings_of_check_are_on_standard_error_also_when_quiet(deal, capsys):
    code, out, err = call(capsys, "check", "deal.toml", "--set", "inputs.D=80")
    assert code == 0
    assert "warning" not in out
    assert "did you mean 0.8?" in err
    assert call(capsys, "check", "deal.toml", "--set", "inputs.D=80", "--quiet") == (0, "", err)


def test_fractions_for_percentiles_are_doubted_in_an_option_too(deal, capsys):
    code, _, err = call(capsys, "run", "deal.toml", "--percentiles", "0.05,0.5,0.95")
    assert code == 0
    assert "warning: --percentiles = 0.05,0.5,0.95: all percentiles are below 1; hint: did you mean 5, 50, 95?" in err
    assert "--percentiles" not in call(capsys, "run", "deal.toml", "--percentiles", "0.5,50")[2]


def test_few_trials_are_not_called_certain(deal, capsys):
    one = call(capsys, "run", "deal.toml", "--trials", "1")[1]
    row = next(line for line in one.splitlines() if line.startswith("sd "))
    assert row.split()[1:] == ["–", "–"]
    assert "– stands for a number that one trial does not have" in one
    two = call(capsys, "run", "deal.toml", "--trials", "2")[1]
    assert "± ?" in two
    assert "? is a standard error" in two
    some = call(capsys, "run", "deal.toml")[1]
    assert "stands for" not in some
    many = call(capsys, "run", "deal.toml", "--trials", "30000")[1]
    assert "? is" not in many


def test_the_self_check(deal, capsys, monkeypatch):
    code, out, _ = call(capsys, "run", "deal.toml", "--selfcheck")
    assert code == 0
    assert "self-check passed" in out
    code, out, err = call(capsys, "run", "deal.toml", "--selfcheck", "--json")
    assert json.loads(out)
    assert "self-check passed" in err
    monkeypatch.setattr("simengine.analysis.selfcheck.LIMIT", 1e-9)
    code, out, err = call(capsys, "run", "deal.toml", "--selfcheck")
    assert code == 6
    assert "self-check failed" in err


def test_check_prints_the_resolved_scenario(deal, capsys):
    code, out, _ = call(capsys, "check", "deal.toml")
    assert code == 0
    for text in ("A small deal", "lognormal", "pert: min 0.4", "the model leaks", "costs.upfront = 20", "judgement"):
        assert text in out, text
    assert max(map(len, out.splitlines())) <= 100


def test_explain_prints_formulas_and_inputs(deal, capsys):
    code, out, _ = call(capsys, "explain", "deal.toml", "--strategy", "licence", "--set", "inputs.R=0.5")
    assert code == 0
    assert "T = V * D * R * (1 - L) * (1 - ip_leak)" in out
    assert "ip_leak = where(ip_leak_strikes, ip_leak_severity, 0)" in out
    assert "constant: value 0.5" in out
    assert "patent-first" not in out


def test_init_writes_scenarios_that_are_right(tmp_path, monkeypatch, capsys):
    from simengine.scenario.templates import templates

    monkeypatch.chdir(tmp_path)
    assert call(capsys, "init")[0] == 0
    assert call(capsys, "check", "scenario.toml", "--quiet")[0] == 0
    code, _, err = call(capsys, "init")
    assert code == 5
    assert "scenario.toml exists already" in err
    for name in templates():
        assert call(capsys, "init", name, f"{name}.toml")[0] == 0
        assert tomllib.loads(Path(f"{name}.toml").read_text(encoding="utf-8"))
        assert call(capsys, "check", f"{name}.toml", "--quiet") == (0, "", "")
        assert "scenario.toml" not in Path(f"{name}.toml").read_text(encoding="utf-8")
    assert "simengine check deal.toml " in Path("deal.toml").read_text(encoding="utf-8")
    assert call(capsys, "init", "my deal.toml")[2] == "wrote my deal.toml; try: simengine check 'my deal.toml'\n"
    assert "simengine run 'my deal.toml' " in Path("my deal.toml").read_text(encoding="utf-8")
    code, _, err = call(capsys, "init", "deel")
    assert code == 2
    assert "did you mean deal" in err
    assert call(capsys, "init", "a.toml", "b.toml")[0] == 2


def test_distributions(capsys):
    code, out, _ = call(capsys, "distributions")
    assert code == 0
    for name in ("lognormal", "metalog", "empirical", "truncate"):
        assert name in out
    code, out, _ = call(capsys, "distributions", "lognormal")
    assert "standard deviation of the logarithm" in out
    code, _, err = call(capsys, "distributions", "lognorml")
    assert code == 2
    assert "did you mean lognormal" in err


def test_schema(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "schema")
    assert code == 0
    assert json.loads(out)["$schema"]
    assert call(capsys, "schema", "-o", "s.json")[0] == 0
    assert Path("s.json").read_text(encoding="utf-8").strip() == out.strip()


def test_doctor(capsys):
    code, out, _ = call(capsys, "doctor")
    assert code == 0
    assert "every known answer is right" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "deal.toml", "--unknown"], "No such option"),
        (["run", "deal.toml", "--sampler", "sobel"], "is not one of 'sobol'"),
        (["rum", "deal.toml"], "Did you mean 'run'?"),
        (["run", "none.toml"], "there is no such file"),
        (["run", "deal.toml", "--trials", "0"], "--trials = 0"),
        (["run", "deal.toml", "--trials", "-1"], "allowed: a whole number from 1 to 1,000,000,000,000\n"),
        (["run", "deal.toml", "--trials", "10k"], "hint: write 10_000"),
        (["run", "deal.toml", "--trials", "1.5"], "not a whole number"),
        (["run", "deal.toml", "--trials", "1e18"], "would take about"),
        (["run", "deal.toml", "--seed", "-1"], "--seed = -1"),
        (["run", "deal.toml", "--seed", "abc"], "--seed = abc"),
        (["run", "deal.toml", "--threads", "0"], "--threads = 0"),
        (["run", "deal.toml", "--strategy", "licens"], "did you mean licence"),
        (["run", "deal.toml", "--set", "inputs.R"], "KEY=VALUE"),
        (["run", "deal.toml", "--set", "inputs.R=80"], "inputs.R"),
        (["run", "deal.toml", "--set", "inputs.Q.foo=80"], "inputs.Q"),
        (["check", "deal.toml", "--set", "imputs.R=1"], "imputs"),
        (["export", "out"], "Missing option"),
    ],
)
def test_what_users_get_wrong_is_status_2(deal, capsys, arguments, message):
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert [path.name for path in Path().iterdir()] == ["deal.toml"]


def test_every_problem_of_a_scenario_is_listed_with_its_place(deal, capsys):
    wrong = {"mode = 0.8": "mode = 8", "R = 0.9": "R = 0.9\nL2 = nan", "alpha = 2": "alfa = 2"}
    text = SCENARIO
    for right, instead in wrong.items():
        text = text.replace(right, instead)
    deal.write_text(text)
    code, out, err = call(capsys, "check", "deal.toml")
    assert (code, out) == (2, "")
    assert len([line for line in err.splitlines() if line.startswith("deal.toml:")]) >= 3
    assert "deal.toml:7:" in err


def test_outcomes_that_are_not_finite_are_status_4(deal, capsys):
    deal.write_text('[scenario]\nname = "x"\n[inputs]\nA = "-1 to 1"\n[model]\nB = "log(A)"\n')
    code, out, err = call(capsys, "run", "deal.toml", "--trials", "1000")
    assert (code, out) == (4, "")
    assert "--trial" in err


@pytest.mark.parametrize("command", [["verify"], ["export", "-o", "x.csv"]])
def test_files_that_cannot_be_read_are_status_5(deal, capsys, command):
    Path("bad.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + b"x" * 100)
    for name, message in (
        ("none.nc", "no such file"),
        ("bad.nc", "truncated or damaged"),
        ("deal.toml", "not a NetCDF"),
    ):
        code, out, err = call(capsys, *command, name)
        assert (code, out) == (5, "")
        assert message in err


def test_a_result_that_differs_is_status_6(deal, capsys):
    from simengine import open_result
    from simengine.results.dataset import to_dataset

    call(capsys, "run", "deal.toml", "--out", "out", "--quiet")
    dataset = to_dataset(open_result("out").record)
    dataset["mean"].values[0, 0] += 1e-9
    dataset.attrs["content_digest"] = "0"
    dataset.to_netcdf("altered.nc", engine="h5netcdf")
    code, out, err = call(capsys, "verify", "altered.nc")
    assert (code, out) == (6, "")
    assert "mean[strategy=licence, output=T]: stored" in err


def test_a_defect_is_one_line_and_the_traceback_only_on_request(deal, capsys, monkeypatch):
    def broken(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr("simengine.results.compute.prepare", broken)
    code, out, err = call(capsys, "run", "deal.toml")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "unexpected RuntimeError: planted" in err
    assert main(["--debug", "run", "deal.toml"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_status_130(deal, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("simengine.results.compute.simulate", interrupted)
    code, out, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert (code, out) == (130, "")
    assert "interrupted" in err
    assert not Path("out").exists()


@pytest.mark.parametrize("sampler", ["sobol", "lhs", "antithetic", "random"])
def test_a_result_of_any_sampler_is_verified_and_a_strategy_alone_draws_the_same(deal, capsys, sampler):
    arguments = ("run", "deal.toml", "--sampler", sampler, "--replicates", "16", "--json")
    code, out, _ = call(capsys, *arguments, "--out", "results")
    assert code == 0
    assert json.loads(out)["sampler"] == sampler
    code, out_verified, _ = call(capsys, "verify", "results", "--threads", "1")
    assert code == 0 and "agree to the bit" in out_verified
    strategies = json.loads(out)["strategies"]
    last = list(strategies)[-1]
    _, alone, _ = call(capsys, *arguments, "--strategy", last)
    assert json.loads(alone)["strategies"][last] == strategies[last]
