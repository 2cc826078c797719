from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from simengine.analysis import moments, selfcheck
from simengine.analysis.doctor import examine
from simengine.analysis.ledger import ledger_of_trial
from simengine.deal.expand import expand
from simengine.engine import run as engine
from simengine.errors import Mismatch
from simengine.plan.compile import build_plan
from simengine.report.doctor import findings_text
from simengine.report.ledger import ledger_object, ledger_text, selfcheck_text
from simengine.report.text import Style
from simengine.scenario import load, loads

SCENARIO = """\
[scenario]
name = "selfcheck"
[inputs]
V = { dist = "lognormal", mean = 1000, sd = 300 }
D = { dist = "uniform", min = 0.4, max = 1.0 }
R = 0.9
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
[risks.ip_leak]
probability = 0.1
severity = { dist = "beta", alpha = 2, beta = 5 }
[strategies.licence]
[strategies.secret]
"risks.ip_leak.probability" = 0.03
costs.vault = 20
"""
TRIALS = 20_000
ROOT = Path(__file__).resolve().parents[2]
MANY_FORMULAS = (
    *("language_api", "battery_inspection_cross_border", "sensor_joint_development", "open_source_or_patents"),
)
"""Deals whose formulas by year, each an outcome here, take long."""


def models(text: str = SCENARIO):
    return expand(loads(text))


def test_a_right_engine_passes():
    check = selfcheck.selfcheck(models(), trials=TRIALS, seed=3)
    assert check.passed
    assert check.without_closed_form == ()
    compared = {(entry.name, entry.measure) for entry in check.comparisons}
    assert {("T", "mean"), ("T", "sd"), ("V", "mean"), ("ip_leak", "sd")} <= compared
    shared = next(entry for entry in check.comparisons if (entry.name, entry.measure) == ("V", "mean"))
    assert shared.strategies == ("licence", "secret")
    text = selfcheck_text(check, Style())
    assert "self-check passed" in text
    assert "20,000 trials" in text


def test_a_fault_of_two_tenths_of_a_standard_deviation_in_one_input_is_caught(monkeypatch):
    right = moments.exact_moments

    def wrong(model):
        found = right(model)
        found["D"] = replace(found["D"], mean=found["D"].mean + 0.2 * math.sqrt(found["D"].variance))
        return found

    monkeypatch.setattr(selfcheck, "exact_moments", wrong)
    check = selfcheck.selfcheck(models(), trials=TRIALS, seed=3)
    assert [(entry.name, entry.measure) for entry in check.comparisons if not entry.passed] == [("D", "mean")]
    assert "FAILED" in selfcheck_text(check, Style())
    with pytest.raises(Mismatch, match=r"mean of D \(licence, secret\): simulated 0\.69"):
        check.raise_if_failed()


def test_outcomes_without_a_closed_form_are_named():
    text = SCENARIO + '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.5\n'
    check = selfcheck.selfcheck(models(text), trials=TRIALS, seed=3)
    assert check.passed
    assert check.without_closed_form == ("T of licence, secret",)
    assert "no closed form is known for T of licence, secret" in selfcheck_text(check, Style())


def test_numbers_that_a_few_trials_decide_are_not_judged():
    text = SCENARIO.replace("mean = 1000, sd = 300", "mu = 0, sigma = 4")
    check = selfcheck.selfcheck(models(text), trials=2000, seed=3)
    assert ("V", "sd") not in {(entry.name, entry.measure) for entry in check.comparisons}


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in MANY_FORMULAS else [])
        for path in sorted((ROOT / "scenarios").glob("*.toml"))
    ],
)
def test_shipped_scenarios_pass(file):
    """Even points hold nearly the expected number of every event: no spread tells how near."""
    scenario = load(file)
    selfcheck.selfcheck(expand(scenario), trials=4000, seed=scenario.simulate.seed, sampler="sobol").raise_if_failed()


def test_constants_must_agree_exactly():
    entry = selfcheck.Comparison(("base",), "R", "input", "mean", 0.9, 0.9, 0.0)
    assert entry.passed
    assert not replace(entry, simulated=0.9001).passed
    assert not replace(entry, simulated=math.nan).passed


def test_the_ledger_repeats_the_trial_of_a_run():
    found = models()
    ledger = ledger_of_trial(found, seed=9, trial=777)
    whole = engine.draw(build_plan(found), 9, 0, 1000)[:, 777]
    values = {row.name: row.values for row in ledger.rows}
    assert values["T"] == tuple(whole)
    v, d, r, low = (values[name][0] for name in "VDRL")
    assert values["T"][0] == v * d * r * (1 - low) * (1 - values["ip_leak"][0])
    assert values["costs_vault"] == (None, 20.0)
    row = next(row for row in ledger.rows if row.name == "ip_leak_strikes")
    assert len(row.details) == 2


def test_the_ledger_as_text_and_as_json():
    used = models()
    ledger = ledger_of_trial(used, seed=9, trial=777)
    text = ledger_text(ledger, used, Style(width=120))
    assert "trial 777 of seed 9" in text
    assert "in secret" in text[text.index("the same in all strategies") :]
    assert "V * D * R * (1 - L) * (1 - ip_leak)" in text
    found = json.loads(json.dumps(ledger_object(ledger), allow_nan=False))
    assert found["strategies"]["secret"]["formulas"]["T"] == ledger.rows[-1].values[1]
    assert "costs_vault" not in found["strategies"]["licence"]["inputs"]


def test_this_installation_computes_known_answers(monkeypatch):
    findings = {finding.subject: finding for finding in examine()}
    for subject in ("random numbers", "draws", "a known deal"):
        assert findings[subject].verdict == "fine", findings[subject].text
    assert findings["numpy"].verdict == "fine"
    for name in ("resvg-py", "pyarrow", "distributed"):
        assert (findings[name].verdict == "note") == ("not installed" in findings[name].text)
    assert ("cupy" in findings) != ("CuPy is not installed" in findings["GPU"].text)
    assert "every known answer is right" in findings_text(list(findings.values()), Style())
    monkeypatch.setattr("simengine.analysis.doctor.KNOWN_WORDS", (1, 2))
    wrong = [finding for finding in examine() if finding.verdict == "wrong"]
    assert [finding.subject for finding in wrong] == ["random numbers"]
    assert "do not trust" in findings_text(wrong, Style())
