"""diff, optimize and breakeven from Python: the same numbers as the commands, as tables, values, text and files."""

import json

import pytest
from deciding_case import DEAL

import simengine as se


@pytest.fixture
def deal(tmp_path):
    (tmp_path / "deal.toml").write_text(DEAL, encoding="utf-8")
    (tmp_path / "new.toml").write_text(DEAL.replace("600 to 1600", "700 to 1500"), encoding="utf-8")
    return tmp_path / "deal.toml"


def test_diff(deal):
    found = se.diff(deal, se.load(deal.parent / "new.toml"), trials=1000)
    assert found.changes == ("inputs.V",)
    frame = found.rows()
    mean = frame[(frame["statistic"] == "mean") & (frame["strategy"] == "lean")].set_index("part")["value"]
    assert mean["old"] + mean["change"] == pytest.approx(mean["new"])
    assert "inputs.V" in str(found)


def test_optimize(deal):
    found = se.optimize(deal, strategies="lean", vary="royalty=0.04,0.08", trials=1000)
    assert (found.strategy, found.best) == ("lean", {"upfront": 40.0, "royalty": 0.08})
    assert len(found.rows()) == 8 and found.rows()["best"].sum() == 1
    assert found.to_dict()["measures"][0]["fresh"] == {"value": found.value, "se": found.se}
    assert 0.0 <= found.chance_of_correct_selection <= 1.0


def test_breakeven(deal):
    found = se.breakeven(se.load(deal), "strategies.lean.inputs.fee", between=("licence", "lean"), high=60, trials=1000)
    assert found.path == "strategies.lean.inputs.fee"
    assert [root.value for root in found.roots] == pytest.approx([30.0])
    assert len(found.rows()) == 33
    assert json.loads(found.to_json()) == found.to_dict()


def test_answers_are_exported(deal, tmp_path):
    found = se.breakeven(deal, "upfront", between=("licence", "lean"), trials=1000)
    assert found.export(tmp_path / "a.csv").read_text().startswith("path,value,difference,se")
    assert json.loads(found.export(tmp_path / "a.json").read_text())["path"] == "decisions.upfront.value"
    with pytest.raises(se.FileProblem):
        found.export(tmp_path / "a.csv")
    with pytest.raises(se.InvalidInput, match="can be written"):
        found.export(tmp_path / "a.xlsx")


def test_a_comparison_stops_on_the_decision(deal):
    found = se.compare(deal, until_decided="mean", max_trials=40_000)
    assert found.decided["decided"] and found.decided["trials"] == found.record.integer("trials") == 8192
    assert se.compare(deal, trials=1000).decided is None


@pytest.mark.parametrize(
    "call",
    [
        lambda deal: se.diff(deal, deal, trials=0.5),
        lambda deal: se.optimize(deal, sampler="dice"),
        lambda deal: se.optimize(deal, objective="maen"),
        lambda deal: se.optimize(se.load(deal), overrides={"royalty": 0.1}),
        lambda deal: se.breakeven(deal, "upfront", between="lean"),
        lambda deal: se.breakeven(deal, "upfront", between=("lean", "licence"), low="x"),
        lambda deal: se.compare(deal, until_decided="mean", trials=10),
    ],
)
def test_mistakes_are_refused(deal, call):
    with pytest.raises(se.InvalidInput):
        call(deal)
