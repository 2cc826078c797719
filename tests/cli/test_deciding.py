"""diff, optimize and breakeven on the command line: whole answers, files, and every mistake answered with exit 2."""

import json
import shutil
from pathlib import Path

import pytest
from deciding_case import DEAL

from simengine.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


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
        (["breakeven", "deal.toml", "--vary", "inputs.V", "--between", "lean", "licence"], "give --low and --high"),
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


def test_quiet_prints_no_table(folder, capsys):
    for arguments in (
        ["diff", "deal.toml", "new.toml"],
        ["optimize", "deal.toml"],
        ["breakeven", "deal.toml", "--vary", "upfront", "--between", "licence", "lean"],
    ):
        assert call(capsys, *arguments, "--trials", "1000", "--quiet") == (0, "", "")


def test_decisions_are_set_and_varied_by_their_short_names(folder, capsys):
    def digest(setting):
        out = call(capsys, "run", "deal.toml", "--trials", "1000", "--set", setting, "--json", "--quiet")[1]
        return json.loads(out)["summary_digest"]

    same = {digest(f"{name}=0.1") for name in ("royalty", "decisions.royalty", "decisions.royalty.value")}
    assert len(same) == 1 and digest("royalty=0.02") not in same
    code, _, err = call(capsys, "run", "deal.toml", "--set", "royalti=0.1")
    assert code == 2 and "the scenario has no table royalti" in err
    found = []
    for name in ("royalty", "decisions.royalty"):
        code, out, _ = call(
            capsys, "optimize", "deal.toml", "--trials", "1000", "--vary", f"{name}=0.04,0.08", "--json"
        )
        assert code == 0
        found.append(json.loads(out)["best"])
    assert found[0] == found[1] == {"upfront": 40.0, "royalty": 0.08}
    code, out, _ = call(capsys, "optimize", "deal.toml", "--trials", "1000", "--vary", "inputs.fee.value=5,6", "--json")
    assert code == 0 and json.loads(out)["best"]["fee"] == 5.0


def test_american_spelling_is_accepted(folder, capsys):
    answers = [
        json.loads(call(capsys, "optimize", "deal.toml", "--trials", "1000", option, "--json", "--quiet")[1])[
            "direction"
        ]
        for option in ("--maximise", "--maximize", "--minimise", "--minimize")
    ]
    assert answers == ["maximise", "maximise", "minimise", "minimise"]


def test_optimize_says_whose_now_it_is_and_which_step_would_break_a_constraint(folder, capsys):
    code, out, _ = call(capsys, "optimize", "deal.toml", "--trials", "4000", "--subject-to", "P(T < 20) < 5 %")
    text = " ".join(out.split())
    assert code == 0
    assert "Now: lean with upfront = 20, royalty = 0.06 has mean of T" in text
    assert "Of the strategies" in text and "as they are, lean is the best" in text
    assert "only this" in text
    cut = DEAL.replace("upfront * (1 - upfront / 100)", "upfront * where(V < 800, -1, 2)")
    Path("cut.toml").write_text(cut, encoding="utf-8")
    arguments = ("optimize", "cut.toml", "--trials", "4000", "--subject-to", "P(T < 10) < 24 %")
    code, out, _ = call(capsys, *arguments)
    assert code == 0 and "the next step would break it (upfront" in " ".join(out.split())
    object_ = json.loads(call(capsys, *arguments, "--json", "--quiet")[1])
    (constraint,) = object_["constraints"]
    step = {name: abs(value - object_["best"][name]) for name, value in constraint["next_step"].items()}
    assert sorted(step.values())[0] == 0.0 and max(step["upfront"] / 20, step["royalty"] / 0.02) == pytest.approx(1.0)
    assert set(object_["today"]) == {"licence", "lean"}


def test_a_strategy_without_decisions_has_nothing_to_decide(folder, capsys):
    text = DEAL + '[strategies.sale]\nmodel.T = "V / 10"\n'
    Path("sale.toml").write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "optimize", "sale.toml", "--strategy", "sale", "--trials", "1000")
    assert (code, out) == (2, "") and "there is nothing to decide: T of sale depends on no decision" in err
    assert call(capsys, "optimize", "sale.toml", "--trials", "1000")[0] == 0


def test_a_formula_that_is_not_reported_is_hinted_at(folder, capsys):
    Path("more.toml").write_text(
        DEAL.replace("[model]", '[outputs]\nT = {}\n[model]\nsales = "V * 2"'), encoding="utf-8"
    )
    for arguments in (
        ["optimize", "more.toml", "--objective", "mean of sales"],
        ["optimize", "more.toml", "--output", "sales"],
        ["optimize", "more.toml", "--subject-to", "P10 of sales > 3"],
        ["breakeven", "more.toml", "--vary", "upfront", "--between", "licence", "lean", "--statistic", "P10 of sales"],
    ):
        code, _, err = call(capsys, *arguments)
        assert code == 2 and "sales is a formula: add it to [outputs]" in err, arguments


PRICES = """
[scenario]
name = "prices"
currency = "USD"
[inputs]
V = { dist = "pert", min = 50, mode = 80, max = 150 }
price = { dist = "pert", min = 40, mode = 60, max = 90 }
risk = 7
[risks.leak]
probability = 0.6
severity = 0.5
[model]
T = "V"
[strategies.licence]
model.T = "V - fee - risk - 10 * leak"
inputs.fee = 12
[strategies.sale]
model.T = "price"
"""


def test_default_ranges_are_cut_to_what_is_allowed(folder, capsys):
    Path("prices.toml").write_text(PRICES, encoding="utf-8")
    sides = ("--between", "licence", "sale", "--trials", "1000", "--json", "--quiet")
    for path, low, high in (
        ("inputs.price.mode", 40, 90),
        ("inputs.price.max", 60, 180),
        ("risks.leak.probability", 0, 1),
        ("inputs.risk", 0, 14),
    ):
        code, out, err = call(capsys, "breakeven", "prices.toml", "--vary", path, *sides)
        assert code == 0, err
        assert (json.loads(out)["low"], json.loads(out)["high"]) == (pytest.approx(low, abs=1e-9), high), path
    code, _, err = call(capsys, "breakeven", "prices.toml", "--vary", "inputs.price.mode", *sides, "--high", "120")
    assert code == 2 and "--high = 120: inputs.price.mode cannot have this value" in err and "at most 90" in err
    assert "= 0" not in err


def test_a_number_stands_in_place_of_a_distribution(folder, capsys):
    Path("prices.toml").write_text(PRICES, encoding="utf-8")
    sides = ("--between", "licence", "sale", "--trials", "4000", "--json", "--quiet")
    code, out, _ = call(
        capsys, "breakeven", "prices.toml", "--vary", "inputs.price", "--low", "1", "--high", "150", *sides
    )
    (root,) = json.loads(out)["roots"]
    mean = (50 + 4 * 80 + 150) / 6 - 12 - 7 - 10 * 0.6 * 0.5
    assert code == 0 and abs(root["value"] - mean) < 4 * root["se"] + 0.02
    code, _, err = call(capsys, "breakeven", "prices.toml", "--vary", "inputs.price", *sides)
    assert code == 2 and "give --low and --high, or name one of its numbers, such as inputs.price.min" in err


def test_numbers_are_found_by_other_ways_of_writing_them(folder, capsys):
    Path("prices.toml").write_text(PRICES, encoding="utf-8")
    sides = ("--between", "licence", "sale", "--trials", "1000", "--json", "--quiet")
    for path, meant in (("inputs.risk.value", "inputs.risk"), ("inputs.fee", "strategies.licence.inputs.fee")):
        code, out, _ = call(capsys, "breakeven", "prices.toml", "--vary", path, *sides)
        assert code == 0 and json.loads(out)["path"] == meant
    text = PRICES + "inputs.fee = 3\n"
    Path("two.toml").write_text(text, encoding="utf-8")
    code, _, err = call(capsys, "breakeven", "two.toml", "--vary", "inputs.fee", *sides)
    assert code == 2 and "strategies.licence.inputs.fee or strategies.sale.inputs.fee" in err
    code, _, err = call(capsys, "breakeven", "prices.toml", "--vary", "inputs.price.mod", *sides)
    assert code == 2


def test_diff_takes_stored_results_and_puts_long_names_on_lines_of_their_own(folder, capsys):
    assert call(capsys, "run", "deal.toml", "--trials", "1000", "--out", "old", "--quiet")[0] == 0
    answers = [
        json.loads(call(capsys, "diff", old, "new.toml", "--trials", "1000", "--json", "--quiet")[1])["outcomes"]
        for old in ("deal.toml", "old", "old/results.nc")
    ]
    assert answers[0] == answers[1] == answers[2]
    long = DEAL.replace("[decisions]", "royalties_of_the_second_licensee_in_japan = 4\n[decisions]").replace(
        "- fee", "- fee + royalties_of_the_second_licensee_in_japan"
    )
    Path("long.toml").write_text(long, encoding="utf-8")
    code, out, _ = call(capsys, "diff", "deal.toml", "long.toml", "--trials", "1000")
    assert code == 0
    lines = out.splitlines()
    place = lines.index("change 1:")
    assert lines[place + 1 : place + 3] == ["  model.T", "  inputs.royalties_of_the_second_licensee_in_japan"]
    assert any(line.startswith("change 1  ") for line in lines)
    assert "scrambled Sobol points" in out


def test_until_decided_stops_and_compares_exactly_those_trials(folder, capsys):
    code, out, err = call(capsys, "compare", "deal.toml", "--until-decided", "--max-trials", "40000")
    assert code == 0 and out.startswith("Decided after 8,192 trials: lean is best by mean of T, at 95 % confidence.")
    assert "8,192 trials: lean is ahead, told apart from 1 of 1" in err
    found, plain = (
        json.loads(call(capsys, "compare", "deal.toml", *options, "--json", "--quiet")[1])
        for options in (("--until-decided", "P10", "--max-trials", "40000"), ("--trials", "8192"))
    )
    assert found["trials"] == 8192 and found["outputs"] == plain["outputs"]
    assert found["decided"]["reached"] == "decision" and plain["decided"] is None


def test_until_decided_says_that_the_limit_was_reached(folder, capsys):
    Path("tie.toml").write_text(DEAL.replace("inputs.fee = 10", "title = 'the same'"), encoding="utf-8")
    arguments = ("compare", "tie.toml", "--until-decided", "CE(200)", "--max-trials", "20000")
    code, out, _ = call(capsys, *arguments, "--out", "kept")
    assert code == 0 and out.startswith("Not decided: the limit of 20,000 trials was reached.")
    from simengine import open_comparison

    assert [look["trials"] for look in open_comparison("kept").decided["looks"]] == [8192, 16384, 20000]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--until-decided", "bset"], "is not a measure"),
        (["--until-decided", "ce"], "needs a risk tolerance"),
        (["--until-decided", "mean", "--trials", "9"], "give the most trials by --max-trials"),
        (["--max-trials", "9"], "is the limit of --until-decided"),
        (["--until-decided", "mean", "--max-trials", "1e12"], "give more --memory"),
    ],
)
def test_mistakes_about_when_to_stop_are_explained(folder, capsys, arguments, said):
    code, out, err = call(capsys, "compare", "deal.toml", *arguments)
    assert (code, out) == (2, "") and said in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diff", "deal.toml", "new.toml", "-o", "changes.xlsx"), "name it changes.csv"),
        (("breakeven", "deal.toml", "--vary", "fee", "--between", "lean", "full", "-o", "tie"), "name it tie.csv"),
        (("compare", "deal.toml", "--out", "table.xlsx"), "--out table for a folder"),
        (("drivers", "deal.toml", "--out", "drivers.csv"), "--out drivers for a folder"),
        (("run", "deal.toml", "--out", "results.json"), "--out results for a folder"),
    ],
)
def test_a_target_whose_name_says_something_else_is_refused_before_any_work(folder, capsys, arguments, said):
    code, out, err = call(capsys, *arguments)
    assert code == 2 and said in err and out == ""
    assert sorted(path.name for path in folder.iterdir()) == ["deal.toml", "new.toml"]


def test_a_target_may_be_a_percentage():
    from simengine.cli.options import Options
    from simengine.errors import InvalidInput

    options = Options()
    assert options.number("--target", "10 %", percent=True) == 0.1
    assert options.number("--target", "2.5%", percent=True) == 0.025
    options.number("--low", "10%")
    with pytest.raises(InvalidInput, match="--low = 10%"):
        options.check()
