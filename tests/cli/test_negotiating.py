"""risks and terms on the command line and from Python: whole answers, files that hold every number, and mistakes."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

import simengine as se
from simengine.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "scenarios" / "negotiation" / "imaging_licence.toml"

DEAL = """
[scenario]
name = "sure"
title = "A deal without luck"
currency = "USD"
horizon = 4
[inputs]
V = 100
[partner]
margin = 0.3
launch_cost = 8
[deal]
mode = "licence"
upfront = 5
milestones = [{ name = "launch", year = 2, amount = 3 }]
royalty = { rate = 0.1 }
[crossborder]
withholding = 0.1
[risks.ban]
probability = 1
severity = 0.5
duration_years = 2
[mitigations.adviser]
upfront = 0.5
reduces = { "risks.ban.severity" = 0.4 }
"""

RISKS = """\
A deal without luck
each strategy with and without each risk, on the same draws; 1,000 trials, seed 1, scrambled Sobol
points

base: npv [USD]
mean 13.95, P10 13.95, CVaR95 -13.95, P(npv < 0) 0 %

risk  P, %  when, years  expected loss  in worst 5 %  % of CVaR95
─────────────────────────────────────────────────────────────────
ban    100   0 (0 to 0)           2.25          2.25            –

what it does to    P10    P50    P90  P(npv < 0), pp
────────────────────────────────────────────────────
ban              -2.25  -2.25  -2.25               0

measure  used  cost  brings  net benefit  net per cost    P5  CVaR95
────────────────────────────────────────────────────────────────────
adviser    no   0.5    +0.9         +0.4          +0.8  +0.4    -0.4

± is one standard error, of differences on common draws; --json and --out have those that are left
out here. What single risks do does not add up to what they do together. Costs and benefits of
measures are present values after tax.
"""

TERMS = """\
A deal without luck
each strategy with and without each clause, on the same draws; 1,000 trials, seed 1, scrambled Sobol
points

base [USD]

clause                  to us, mean  to us, P10  to us, P50  to the partner, mean
─────────────────────────────────────────────────────────────────────────────────
payment at the signing         +4.5        +4.5        +4.5                    -5
launch                         +2.7        +2.7        +2.7                    -3
royalty                       +6.75       +6.75       +6.75                  -7.5
withholding tax               -1.55       -1.55       -1.55                     0
all payments together        +13.95      +13.95      +13.95                 -15.5

net present value  to us  to the partner  joint
───────────────────────────────────────────────
mean               13.95              -1  12.95
P10                13.95              -1  12.95
P50                13.95              -1  12.95
P90                13.95              -1  12.95
P(loss), %             0             100      0

Both gain in 0 % of the trials.
Of the mean joint value we get 107.72201 %.
Zone of agreement: deal.upfront from 0 to 4 gives mean of our npv at least 9 and mean of the
partner's npv at least 0. Even without it mean of our npv is above 9. The partner can pay at most 4.
Now deal.upfront is 5. It is outside the zone.

Terms that leave mean of our npv at 13.95: royalty, and the deal.upfront that goes with it

royalty x, rate  deal.upfront  to the partner, mean
───────────────────────────────────────────────────
0: 0 %                   12.5                    -1
0.5: 5 %                 8.75                    -1
0.75: 7.5 %             6.875                    -1
1: 10 %                     5                    -1
1.25: 12.5 %            3.125                    -1
1.5: 15 %                1.25                    -1
2: 20 %                     –                     –
Where no payment stands we are better off than now even without one.

± is one standard error, of differences on common draws; intervals hold 95 %. Prices of clauses that
act on each other do not add up to the price of all of them.
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("deal.toml").write_text(DEAL, encoding="utf-8")
    Path("plain.toml").write_text("[scenario]\nname = 'plain'\n[inputs]\nV = 1\nD = 1\nR = 1\nL = 0\n")
    return tmp_path


def call(capsys, *arguments):
    code = main([*arguments])
    found = capsys.readouterr()
    assert "Traceback" not in found.err
    return code, found.out, found.err


def test_the_register_of_a_small_deal(folder, capsys):
    code, out, _ = call(capsys, "risks", "deal.toml", "--trials", "1000")
    assert (code, out.rstrip("\n") + "\n") == (0, RISKS)


def test_the_terms_of_a_small_deal(folder, capsys):
    code, out, _ = call(capsys, "terms", "deal.toml", "--trials", "1000", "--ours", "9")
    assert (code, out.rstrip("\n") + "\n") == (0, TERMS)


def numbers_in(value, found=None):
    """All values and errors in a JSON object."""
    found = [] if found is None else found
    if isinstance(value, dict):
        if set(value) == {"value", "se"}:
            found.append((value["value"], value["se"]))
        else:
            for part in value.values():
                numbers_in(part, found)
    elif isinstance(value, list):
        for part in value:
            numbers_in(part, found)
    return found


@pytest.mark.parametrize(("command", "least"), [("risks", 150), ("terms", 150)])
def test_files_hold_every_number(folder, capsys, command, least):
    shown = ("--strategy", "licence", "--strategy", "sale", "--json", "-o", "all.csv", "--quiet")
    arguments = (command, str(EXAMPLE), "--trials", "2000", *shown)
    code, out, err = call(capsys, *arguments)
    assert (code, err) == (0, "")
    with open("all.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def number(text):
        return float(text) if text else None

    told = {(number(row["value"]), number(row["se"])) for row in rows}
    inside = numbers_in(json.loads(out)["strategies"])
    assert len(inside) >= least and set(inside) <= told
    keys = [tuple(value for name, value in row.items() if name not in ("value", "se")) for row in rows]
    assert len(set(keys)) == len(keys)
    assert call(capsys, *arguments)[0] == 5
    assert call(capsys, *arguments, "--force")[0] == 0


def test_the_example_loads_without_a_warning():
    loaded = se.load(EXAMPLE)
    assert loaded.warnings == () and list(loaded.strategies) == ["licence", "licence-protected", "sale"]


def test_the_same_from_python(folder, capsys):
    code, out, _ = call(capsys, "risks", str(EXAMPLE), "--trials", "2000", "--json", "--strategy", "licence")
    found = se.risks(EXAMPLE, trials=2000, strategies="licence")
    assert code == 0 and found.to_dict() == json.loads(out)
    assert next(iter(found.expected_losses("licence"))) == "risks.ip_leak"
    assert found.net_benefits("licence")["escrow-and-watermark"] > 0.0 > found.net_benefits("licence")["leak-insurance"]
    assert set(found.rows()["part"]) == {"strategy", "risk", "measure"}
    assert found.strategies == ("licence",) and "ip_leak" in found.to_json() and "expected loss" in repr(found)
    code, out, _ = call(capsys, "terms", str(EXAMPLE), "--trials", "2000", "--json", "--by", "P50", "--ours", "3")
    terms = se.terms(se.load(EXAMPLE), trials=2000, by="P50", ours=3)
    assert code == 0 and terms.to_dict() == json.loads(out)
    assert terms.strategies == ("licence", "licence-protected", "sale")
    assert terms.prices("licence")["deal.upfront"] == pytest.approx(4.5)
    assert 0.0 < terms.zone("licence").low < terms.zone("licence").high
    menu = terms.menu("licence")
    assert menu[1.0] == pytest.approx(5.0) and menu[0.5] > menu[1.5]
    assert terms.menu("sale") == {} and "Zone of agreement" in repr(terms)
    assert json.loads(terms.export(folder / "terms.json").read_text())["statistic"] == "P50"


def test_what_is_worth_nothing_or_cannot_be_reached_is_said_in_words(folder, capsys):
    Path("bare.toml").write_text(DEAL.replace("margin = 0.3\nlaunch_cost = 8\n", "").replace("[partner]\n", ""))
    code, out, _ = call(capsys, "terms", "bare.toml", "--trials", "500")
    assert code == 0 and "What is in it for the partner is not known: give margin in [partner]" in out
    assert "royalty x" in out and "Zone" not in out
    text = DEAL.replace("royalty = { rate = 0.1 }\n", "")
    Path("lump.toml").write_text(text)
    code, out, _ = call(capsys, "terms", "lump.toml", "--trials", "500", "--ours", "20")
    said = " ".join(out.split())
    assert code == 0 and "There is no royalty that a payment at the signing could be exchanged for." in said
    assert "Zone of agreement: none" in said and "We need at least 19.2222" in said
    Path("heavy.toml").write_text(DEAL.replace("V = 100", 'V = { dist = "cauchy", loc = 100, scale = 1 }'))
    code, _, err = call(capsys, "risks", "heavy.toml", "--trials", "500")
    assert code == 0 and "inputs.V: has no mean" in err
    code, out, _ = call(capsys, "terms", "deal.toml", "--trials", "500", "--theirs", "50")
    assert code == 0 and "Even without it mean of the partner's npv is below 50." in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["risks", "none.toml"], "there is no such file"),
        (["risks", "deal.toml", "--trials", "x"], "not a number"),
        (["risks", "deal.toml", "--strategy", "bass"], "did you mean base"),
        (["risks", "plain.toml"], "there is no risk in this scenario"),
        (["risks", "deal.toml", "--set", "risks.ban.severity=2"], "out of range"),
        (["terms", "deal.toml", "--by", "sd"], "does not say what a side gains"),
        (["terms", "deal.toml", "--by", "maen"], "did you mean mean"),
        (["terms", "deal.toml", "--by", "P0"], "is no percentile"),
        (["terms", "deal.toml", "--ours", "x", "--theirs", "y"], "--theirs = y: not a finite number"),
        (["terms", "deal.toml", "--strategy", "bass"], "did you mean base"),
        (["terms", "plain.toml"], "base has no terms to price"),
        (["terms", "plain.toml", "--by", "sd"], "does not say what a side gains"),
        (["terms", str(ROOT / "scenarios" / "medical_imaging.toml")], "have no terms to price"),
    ],
)
def test_mistakes_are_explained(folder, capsys, arguments, said):
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_python_refuses_what_is_no_number():
    for wrong in (lambda: se.terms(EXAMPLE, ours="x"), lambda: se.risks(EXAMPLE, trials=0.5)):
        with pytest.raises(se.InvalidInput):
            wrong()


def test_quiet_prints_no_table(folder, capsys):
    for command in ("risks", "terms"):
        assert call(capsys, command, "deal.toml", "--trials", "500", "--quiet") == (0, "", "")


def test_a_nan_in_a_file_is_an_empty_cell(folder, capsys):
    call(capsys, "terms", "deal.toml", "--trials", "500", "-o", "terms.csv", "--quiet")
    with open("terms.csv", encoding="utf-8", newline="") as file:
        last = [row for row in csv.DictReader(file) if row["name"] == "royalty x 2"]
    assert last[0]["quantity"] == "payment" and last[0]["value"] == ""
    assert math.isnan(se.terms("deal.toml", trials=500).menu("base")[2.0])
