"""Several scenarios and stored results in one comparison, and everything a user can get wrong about them."""

from __future__ import annotations

import numpy as np
import pytest
from comparisons import comparison_of, number

import simengine as se
from simengine.errors import FileProblem, InvalidInput

OLD = """
[scenario]
name = "deal"
currency = "USD"
unit = 10_000
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[strategies.licence]
[strategies.sale]
model.T = "440 + 0 * V"
[simulate]
trials = 4000
seed = 5
"""
NEW = OLD.replace("R = 0.9", 'R = { dist = "beta", mean = 0.9, sd = 0.05 }').replace("seed = 5", "seed = 6")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.toml").write_text(OLD)
    (tmp_path / "new.toml").write_text(NEW)
    return tmp_path


def test_files_are_compared_strategy_by_strategy_on_the_same_draws(files):
    found = se.compare(["old.toml", "new.toml"], sampler="random")
    assert found.strategies == ("old:licence", "old:sale", "new:licence", "new:sale")
    assert found.baseline == "old:licence"
    assert found.record["identical"][1, 3, 0]
    difference, error = number(found, "mean_difference", "new:licence", "old:licence")
    own = number(found, "mean", "new:licence")[1]
    assert error < 0.2 * own  # V and D are the same draws
    assert abs(difference) < 4 * error
    assert found.record.document("notes") == ["seed: 5, as in old.toml; other files say otherwise"]
    alone = se.run("old.toml", sampler="random")
    assert number(found, "mean", "old:licence")[0] == float(alone.record["mean"][0, 0])


def test_names_are_kept_where_they_do_not_clash(files):
    (files / "third.toml").write_text(
        OLD.replace("strategies.licence", "strategies.venture").replace("sale", "spin-off")
    )
    found = se.compare(["old.toml", "third.toml"], baseline="spin-off")
    assert found.strategies == ("licence", "sale", "venture", "spin-off") and found.baseline == "spin-off"
    (files / "sub").mkdir()
    (files / "sub" / "old.toml").write_text(OLD)
    numbered = se.compare(["old.toml", "sub/old.toml"])
    assert numbered.strategies[1:3] == ("old#1:sale", "old#2:licence")
    assert numbered.record.document("notes") == ["old#1 is old.toml", "old#2 is sub/old.toml"]
    (files / "old#1.toml").write_text(OLD)
    assert se.compare(["old#1.toml", "old.toml", "sub/old.toml"]).strategies[::2] == (
        "old#1#1:licence",
        "old#2:licence",
        "old#3:licence",
    )
    assert se.compare(["old.toml", "old.toml"]).strategies == (
        "old#1:licence",
        "old#1:sale",
        "old#2:licence",
        "old#2:sale",
    )


def test_a_stored_result_is_run_again_from_what_it_stores(files):
    (files / "data.csv").write_text("x\n500\n900\n1400\n")
    text = OLD.replace('V = "600 to 1600"', 'V = { dist = "empirical", file = "data.csv" }')
    (files / "data.toml").write_text(text)
    se.run("data.toml", trials=3000, strategies=["licence"]).save("results")
    (files / "data.csv").unlink()
    found = se.compare(["results", "new.toml"], strategies=["results:licence", "new:licence"], trials=5000)
    assert found.strategies == ("results:licence", "new:licence")
    assert (
        found.record.document("notes")[0] == "results is a stored result: its scenario was run again, as stored in it"
    )
    stored = se.compare(["results/results.nc", "new.toml"])
    assert stored.record.integer("trials") == 3000 and stored.record.integer("seed") == 5


def test_a_scenario_that_was_loaded_is_compared_too(files):
    assert se.compare(se.load("old.toml")).record.digest != ""
    with pytest.raises(InvalidInput, match="while a scenario is read"):
        se.compare(se.load("old.toml"), overrides={"inputs.R": 0.8})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baseline": "licens"}, "baseline: there is no strategy 'licens'; allowed: .*did you mean licence"),
        ({"strategies": ["licence", "sael"]}, "did you mean sale"),
        ({"strategies": ["sale"]}, "sale alone cannot be compared; hint: ask for another one too: licence"),
        ({"outputs": ["t"]}, "output: there is no outcome 't'; allowed: T"),
        ({"wealth": 5.0}, "wealth: needs risk-aversion beside it"),
        ({"risk_aversion": 2.0}, "risk-aversion: needs wealth beside it"),
        ({"wealth": -300.0, "risk_aversion": 2.0}, r"wealth = -300: nothing is left of it in \d+ of 4,000 trials"),
        ({"risk_tolerance": 0.0}, "risk-tolerance = 0: out of range"),
        ({"wealth": 1.0, "risk_aversion": -1.0}, "risk-aversion = -1: out of range"),
        ({"risk_tolerance": "many"}, "risk_tolerance = 'many': is not a number"),
        ({"percentiles": [0.0]}, "percentiles = 0.0: out of range"),
        ({"trials": 0}, "trials"),
    ],
)
def test_what_makes_no_sense_is_said(files, options, message):
    with pytest.raises(InvalidInput, match=message):
        se.compare("old.toml", **options)


def test_one_strategy_alone_is_no_comparison(files):
    with pytest.raises(InvalidInput, match=r"only one strategy, base: .*hint: add \[strategies.NAME\] tables"):
        comparison_of("[inputs]\nx = 1\n[model]\nT = 'x'\n")
    with pytest.raises(InvalidInput, match="no scenario is given"):
        se.compare([])


def test_different_units_are_refused_with_both_places(files):
    (files / "new.toml").write_text(NEW.replace('"USD"', '"CNY"'))
    with pytest.raises(InvalidInput) as refused:
        se.compare(["old.toml", "new.toml"])
    (said,) = map(str, refused.value.problems)
    assert said.startswith("new.toml:4:") and "scenario.currency" in said
    assert "its unit differs: USD 10k in old:licence (old.toml:4) and CNY 10k in new:licence" in said
    (files / "new.toml").write_text(NEW.replace("unit = 10_000", "unit = 1_000"))
    with pytest.raises(InvalidInput) as refused:
        se.compare(["old.toml", "new.toml"])
    (said,) = map(str, refused.value.problems)
    assert said.startswith("new.toml:5:") and "scenario.unit" in said
    own = OLD.replace("[strategies.sale]", '[strategies.sale]\noutputs.T = { unit = "EUR" }')
    with pytest.raises(InvalidInput, match="USD 10k in licence and EUR in sale"):
        comparison_of(own)


def test_outcomes_that_only_one_strategy_reports(files):
    text = """
    [inputs]
    x = "1 to 2"
    [model]
    T = "x"
    sales = "2 * x"
    [strategies.a]
    outputs = ["T", "sales"]
    [strategies.b]
    outputs = ["T", "sales"]
    [strategies.c]
    outputs = ["T"]
    model.T = "3 * x"
    """
    found = comparison_of(text)
    assert found.outputs == ("T",) and "compared with --output: sales" in str(found)
    two = comparison_of(text, outputs=["sales", "T"], baseline="c")
    assert two.outputs == ("sales", "T")
    assert two.record["reported"].tolist() == [[True, True], [True, True], [False, True]]
    assert np.isnan(two.record["mean"][2, 0]) and "b and a are identical" in two.verdict
    assert not two.record.problems()
    with pytest.raises(InvalidInput, match="no outcome is reported by two strategies"):
        comparison_of(
            text.replace('["T", "sales"]', '["T"]', 1).replace('["T", "sales"]', '["sales"]', 1), strategies=["a", "b"]
        )


def test_files_that_are_not_there(files):
    with pytest.raises(InvalidInput, match="no such file"):
        se.compare(["old.toml", "none.toml"])
    with pytest.raises(FileProblem, match=r"holds no results\.nc"):
        se.compare(["old.toml", "."])
