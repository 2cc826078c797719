"""diff, optimize and breakeven on the command line: whole answers, files, and every mistake answered with exit 2."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from simengine.cli.decide import decide
from simengine.cli.main import main
from simengine.errors import InvalidInput
from simengine.results.compute import Request, prepare

ROOT = Path(__file__).resolve().parents[2]
DEAL = """
[scenario]
name = "offer"
title = "An offer"
currency = "USD"
[inputs]
V = "600 to 1600"
fee = 30
[decisions]
upfront = { value = 20, min = 0, max = 60, step = 20 }
royalty = { min = 0.02, max = 0.10, step = 0.02 }
[model]
T = "upfront * (1 - upfront / 100) + royalty * V * exp(-8 * royalty) - fee"
[strategies.licence]
[strategies.lean]
inputs.fee = 10
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("deal.toml").write_text(DEAL, encoding="utf-8")
    Path("new.toml").write_text(DEAL.replace("600 to 1600", "700 to 1500").replace("fee = 30", "fee = 25"))
    return tmp_path


def call(capsys, *arguments):
    code = main([*arguments])
    found = capsys.readouterr()
    assert "Traceback" not in found.err
    return code, found.out, found.err


def test_diff_prints_the_changes_and_writes_every_number(folder, capsys):
    code, out, err = call(capsys, "diff", "deal.toml", "new.toml", "--trials", "2000", "--out", "changes.csv")
    assert code == 0
    assert "inputs.V    " in out and "new.toml:7" in out and "T of lean [USD]" in out
    assert "wrote changes.csv" in err
    assert len(Path("changes.csv").read_text().splitlines()) == 1 + 2 * 6 * (3 + 2)
    code, out, err = call(capsys, "diff", "deal.toml", "new.toml", "--trials", "2000", "--json", "--quiet")
    assert json.loads(out)["groups"] == [["inputs.V"], ["inputs.fee"]]
    assert err == ""
    code, _, err = call(capsys, "diff", "deal.toml", "new.toml", "--out", "changes.csv")
    assert code == 5 and "--force replaces it" in err


def test_optimize_prints_the_best_and_writes_all_candidates(folder, capsys):
    code, out, _ = call(capsys, "optimize", "deal.toml", "--trials", "2000", "--subject-to", "P(T < 0) < 40 %",
                        "--out", "all.csv")  # fmt: skip
    assert code == 0, out
    assert "strategy  2 strategies" in out and "lean" in out
    assert "all combinations: licence (20), lean (20)" in out
    assert len(Path("all.csv").read_text().splitlines()) == 41
    code, out, _ = call(capsys, "optimize", "deal.toml", "--trials", "2000", "--json", "--strategy", "lean")
    assert code == 0
    assert json.loads(out)["best"] == {"upfront": 40.0, "royalty": 0.1}


def test_breakeven_prints_the_price(folder, capsys):
    code, out, _ = call(capsys, "breakeven", "deal.toml", "--vary", "strategies.lean.inputs.fee",
                        "--between", "licence", "lean", "--high", "60", "--trials", "2000")  # fmt: skip
    assert code == 0
    assert "strategies.lean.inputs.fee = 30: the two tie" in " ".join(out.split())
    code, out, _ = call(capsys, "breakeven", "deal.toml", "--vary", "upfront", "--strategy", "lean", "--target", "40",
                        "--trials", "2000", "--json", "--out", "price.csv")  # fmt: skip
    assert code == 0
    assert json.loads(out)["high"] == 60.0
    assert Path("price.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff", "deal.toml", "none.toml"], "there is no such file"),
        (["diff", "deal.toml", "new.toml", "--trials", "x"], "not a number"),
        (["optimize", "deal.toml", "--objective", "maen"], "did you mean mean"),
        (["optimize", "deal.toml", "--strategy", "lena"], "did you mean lean"),
        (["optimize", "deal.toml", "--output", "U"], "nothing that is reported"),
        (["optimize", "deal.toml", "--vary", "inputs.fe=0:1"], "did you mean inputs.fee"),
        (["optimize", "deal.toml", "--subject-to", "mean > 1e6", "--trials", "2000"], "no candidate of 40 meets it"),
        (["optimize", "deal.toml", "--subject-to", "mean"], "is not a constraint"),
        (["breakeven", "deal.toml", "--vary", "upfront"], "it is not clear what is to tie"),
        (["breakeven", "deal.toml", "--vary", "upfron", "--between", "licence", "lean"], "did you mean upfront"),
        (["breakeven", "deal.toml", "--vary", "upfront", "--between", "licence", "lene"], "did you mean lean"),
        (["breakeven", "deal.toml", "--vary", "upfront", "--between", "lean", "lean"], "ties with itself"),
        (["breakeven", "deal.toml", "--vary", "upfront", "--between", "lean", "licence", "--low", "9", "--high", "3"],
         "the bounds are reversed"),
        (["breakeven", "deal.toml", "--vary", "inputs.V", "--between", "lean", "licence"], "only a number"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(folder, capsys, arguments, said):
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_check_lists_decisions(folder, capsys):
    code, out, _ = call(capsys, "check", "deal.toml")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "upfront 20 0, 20, 40, 60" in lines and "royalty 0.06 0.02, 0.04, 0.06, 0.08, 0.1" in lines


def test_an_objective_that_may_be_infinite_is_doubted(folder, capsys):
    heavy = DEAL.replace("fee = 30", 'fee = { dist = "cauchy", loc = 30, scale = 1 }')
    Path("heavy.toml").write_text(heavy.replace("[strategies.lean]\ninputs.fee = 10\n", ""), encoding="utf-8")
    code, _, err = call(capsys, "optimize", "heavy.toml", "--trials", "2000")
    assert code == 0 and "inputs.fee: has no mean, so mean of T may be infinite or undefined" in err
    code, _, err = call(capsys, "optimize", "heavy.toml", "--trials", "2000", "--objective", "P10")
    assert code == 0 and "has no mean, so" not in err


def test_there_must_be_something_to_decide(folder, capsys):
    shutil.copy(ROOT / "scenarios" / "smart_customer_service.toml", "plain.toml")
    code, _, err = call(capsys, "optimize", "plain.toml")
    assert code == 2 and "there is nothing to decide" in err and "declare [decisions]" in err


def test_until_decided_takes_a_prepared_scenario(folder):
    Path("drawn.toml").write_text(DEAL.replace("inputs.fee = 10", 'inputs.fee = "5 to 15"'), encoding="utf-8")
    prepared = prepare("drawn.toml", Request(trials=20_000))
    found = decide(prepared, "P10")
    assert found.decided and found.last.best == "lean"
    same_in_every_trial = decide(prepare("deal.toml", Request(trials=20_000)), "P10")
    assert not same_in_every_trial.decided  # no error can be read from a difference that never varies
    with pytest.raises(InvalidInput, match="--until-decided"):
        decide(prepared, "bset")


def test_the_option_can_be_attached():
    import click

    from simengine.cli.decide import until_decided_option

    @click.command()
    @until_decided_option
    def show(until_decided: str | None) -> None:
        click.echo(until_decided)

    assert CliRunner().invoke(show, ["--until-decided", "mean"]).output == "mean\n"
