"""--bom and --decimal-comma of every command that writes CSV: the same table, as spreadsheets abroad read it."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from pathlib import Path

import pytest
from deciding_case import DEAL

import simengine
from simengine.cli.main import COMMANDS as ALL_COMMANDS
from simengine.cli.main import main
from simengine.errors import InvalidInput

NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?")
TRIALS = ("--trials", "600", "--quiet")
RISK = '[risks.leak]\nprobability = 0.2\nseverity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }\n'
SOLD = """
[scenario]
name = "sold"
horizon = 3
[inputs]
V = "60 to 160"
[deal]
mode = "licence"
upfront = 5
royalty = { rate = 0.1 }
[partner]
margin = 0.3
launch_cost = 8
"""
BREAKEVEN = ("breakeven", "deal.toml", "--vary", "upfront", "--strategy", "lean", "--target", "40")
COMMANDS = {
    "compare": (("compare", "deal.toml"), "--out", "found", "found/comparison.csv"),
    "drivers": (("drivers", "deal.toml", "--tornado"), "--out", "found", "found/drivers.csv"),
    "run": (("run", "deal.toml", "--no-analyses"), "--out", "found", "found/summary.csv"),
    "diff": (("diff", "deal.toml", "new.toml"), "-o", "found.csv", "found.csv"),
    "optimize": (("optimize", "deal.toml"), "-o", "found.csv", "found.csv"),
    "breakeven": (BREAKEVEN, "-o", "found.csv", "found.csv"),
    "risks": (("risks", "risk.toml"), "-o", "found.csv", "found.csv"),
    "terms": (("terms", "sold.toml"), "-o", "found.csv", "found.csv"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("deal.toml").write_text(DEAL, encoding="utf-8")
    Path("new.toml").write_text(DEAL.replace("600 to 1600", "700 to 1500"), encoding="utf-8")
    Path("sold.toml").write_text(SOLD, encoding="utf-8")
    Path("risk.toml").write_text(SOLD + RISK, encoding="utf-8")
    return tmp_path


def test_both_are_offered_together():
    named = {}
    for name in ALL_COMMANDS:
        parameters = importlib.import_module(f"simengine.cli.{name}").command.params
        named[name] = {option for parameter in parameters for option in parameter.opts}
    having = {name for name, options in named.items() if {"--bom", "--decimal-comma"} & options}
    assert having == {*COMMANDS, "export"}
    assert all({"--bom", "--decimal-comma"} <= named[name] for name in having)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_is_the_same(folder, capsys, command):
    arguments, out, target, file = COMMANDS[command]
    found = {}
    for style in ((), ("--decimal-comma", "--bom")):
        assert main([*arguments, *TRIALS, out, target, "--force", *style]) == 0, capsys.readouterr().err
        found[style] = Path(file).read_bytes()
    plain, abroad = found.values()
    assert not plain.startswith(b"\xef\xbb\xbf") and abroad.startswith(b"\xef\xbb\xbf")
    before = list(csv.reader(io.StringIO(plain.decode())))
    after = list(csv.reader(io.StringIO(abroad.decode("utf-8-sig")), delimiter=";"))
    assert len(before) > 1 and [len(row) for row in before] == [len(row) for row in after]
    cells = [pair for one, other in zip(before, after, strict=True) for pair in zip(one, other, strict=True)]
    assert all(new == (old.replace(".", ",") if NUMBER.fullmatch(old) else old) for old, new in cells)
    assert any(NUMBER.fullmatch(new) and "," in new for _, new in cells)


@pytest.mark.parametrize("kind", ["compare", "optimize"])
def test_answers_in_python_write_it_too_and_refuse_it_elsewhere(folder, kind):
    found = getattr(simengine, kind)("deal.toml", trials=600)
    plain = found.export("plain.csv").read_text()
    abroad = found.export("abroad.csv", decimal_comma=True).read_text()
    assert plain.count("\n") == abroad.count("\n") and abroad.split("\n")[0] == plain.split("\n")[0].replace(",", ";")
    with pytest.raises(InvalidInput, match=r"decimal_comma: is a way to write CSV; allowed: \.csv"):
        found.export("found.json", decimal_comma=True)
    with pytest.raises(InvalidInput, match=r"bom: is a way to write CSV; allowed: \.csv"):
        found.export("found.json", bom=True)
    assert not Path("found.json").exists()


def test_what_a_comparison_writes_is_json_whatever_its_csv_looks_like(folder):
    simengine.compare("deal.toml", trials=600).save("found", bom=True)
    assert Path("found/comparison.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert json.loads(Path("found/comparison.json").read_text(encoding="utf-8"))["trials"] == 600
