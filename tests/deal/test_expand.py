"""A scenario's strategies as models: what risks, costs and the plain deal become."""

from __future__ import annotations

import numpy as np
import pytest
from reference_machine import run

from simengine.deal.expand import expand
from simengine.deal.explain import MAX_EXPANDED, explain
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.formula import names_in, to_text
from simengine.plan.compile import build_plan
from simengine.plan.tables import build_table
from simengine.scenario import loads

DEAL = """
[scenario]
name = "smart-customer-service"
title = "智能客服 technology transfer"
currency = "USD"
unit = 10_000
horizon = 1

[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600, title = "market value", source = "judgement" }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = { dist = "beta", mean = 0.9, sd = 0.05 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }

[risks.competition]
probability = 0.35
severity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }

[risks.ip_leak]
probability = 0.08
severity = { dist = "beta", alpha = 2, beta = 5 }

[[correlations]]
between = ["V", "D"]
spearman = 0.5

[strategies.licence]
[strategies.patent-first]
"risks.ip_leak.probability" = 0.03
costs.upfront = 20
"""

PLAIN = """
[scenario]
name = "plain"
[inputs]
V = 1000
D = 0.8
R = 0.9
L = 0.05
"""


def models(text: str) -> tuple[Model, ...]:
    return expand(loads(text))


def texts(model: Model) -> dict[str, str]:
    return {formula.name: formula.text for formula in model.formulas.values()}


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        expand(loads(text, file="deal.toml"))
    return caught.value.problems


def test_the_deal_of_the_design() -> None:
    licence, patent_first = models(DEAL)
    assert (licence.strategy, patent_first.strategy) == ("licence", "patent-first")
    plain = "V * D * R * (1 - L) * (1 - competition) * (1 - ip_leak)"
    assert texts(licence) == {
        "competition": "where(competition_strikes, competition_severity, 0)",
        "ip_leak": "where(ip_leak_strikes, ip_leak_severity, 0)",
        "T": plain,
    }
    assert texts(patent_first)["T"] == plain + " - costs_upfront"
    assert list(licence.inputs) == [
        *("V", "D", "R", "L"),
        *("competition_strikes", "competition_severity", "ip_leak_strikes", "ip_leak_severity"),
    ]
    assert list(patent_first.inputs) == [*licence.inputs, "costs_upfront"]
    strikes = [model.inputs["ip_leak_strikes"] for model in (licence, patent_first)]
    assert [entry.marginal.mean for entry in strikes] == [0.08, 0.03]
    assert strikes[0].key == "risks.ip_leak.probability"
    assert patent_first.inputs["costs_upfront"].marginal.constant == 20.0
    (group,) = licence.dependences
    assert set(group.names) == {"V", "D"} and group.dof is None
    assert group.matrix[0, 1] == pytest.approx(2 * np.sin(np.pi / 12))
    (outcome,) = licence.outputs
    assert outcome.name == "T" and "USD" in outcome.unit
    assert licence.formulas["T"].unit == outcome.unit
    assert (licence.inputs["V"].title, licence.inputs["V"].source) == ("market value", "judgement")


def test_the_plain_deal_is_exact() -> None:
    (model,) = models(PLAIN)
    assert (model.strategy, texts(model)) == ("base", {"T": "V * D * R * (1 - L)"})
    plan = build_plan([model], build=build_table)
    assert run(plan, 1, 1)[0, 0] == 684.0 == ((1000 * 0.8) * 0.9) * (1 - 0.05)


def test_risks_in_their_order_and_costs_last() -> None:
    text = PLAIN + (
        "[risks.zeta]\nprobability = 0.5\nseverity = 0.1\n[risks.alpha]\nprobability = 0.5\nseverity = 0.2\n"
        "[costs]\nupfront = 20\nlegal = '1 to 3'\n"
    )
    (model,) = models(text)
    assert texts(model)["T"] == "V * D * R * (1 - L) * (1 - zeta) * (1 - alpha) - costs_upfront - costs_legal"
    assert model.inputs["costs_legal"].key == "costs.legal"


def test_a_risk_of_uncertain_probability() -> None:
    text = PLAIN + "[risks.leak]\nprobability = { dist = 'beta', alpha = 2, beta = 18 }\nseverity = 0.5\n"
    (model,) = models(text)
    assert list(model.inputs)[4:] == ["leak_probability", "leak_chance", "leak_severity"]
    assert texts(model)["leak_strikes"] == "leak_chance > 1 - leak_probability"
    assert texts(model)["leak"] == "where(leak_strikes, leak_severity, 0)"
    struck = run(build_plan([model], build=build_table), 1, 20_000)[0] < 684.0
    assert np.mean(struck) == pytest.approx(0.1, abs=0.011)  # five standard errors


def test_a_risk_that_never_strikes_or_always_does() -> None:
    text = PLAIN + "[risks.never]\nprobability = 0\nseverity = 0.5\n[risks.always]\nprobability = 1\nseverity = 0.5\n"
    plan = build_plan(models(text), build=build_table)
    assert len(plan.tape) == 1 and run(plan, 1, 1)[0, 0] == 342.0


def test_leak_is_another_name_of_ip_leak() -> None:
    risk = "[risks.ip_leak]\nprobability = 0.5\nseverity = 0.5\n"
    (model,) = models(PLAIN + risk + "[model]\nT = 'V * (1 - leak)'\n")
    assert texts(model)["leak"] == "ip_leak"
    (without,) = models(PLAIN + risk + "[model]\nT = 'V * (1 - ip_leak)'\n")
    assert "leak" not in texts(without)
    (own,) = models(PLAIN + risk + "[constants]\nleak = 0.25\n[model]\nT = 'V * (1 - leak) * (1 - ip_leak)'\n")
    assert texts(own)["leak"] == "0.25"


def test_formulas_stand_after_those_that_they_use() -> None:
    text = PLAIN + (
        "[constants]\ntax = 0.25\nshift = -3\n[model]\nnet = 'gross * (1 - tax) + shift'\ngross = 'T - 100'\n"
        "[outputs]\nnet = { unit = 'USD', title = 'after tax', target = 500 }\nT = true\n"
    )
    (model,) = models(text)
    seen: set[str] = set(model.inputs)
    for name, formula in model.formulas.items():
        assert set(names_in(formula.expression)) <= seen, name
        seen.add(name)
    assert (texts(model)["tax"], texts(model)["shift"]) == ("0.25", "-3")
    assert [(o.name, o.targets) for o in model.outputs] == [("net", (500.0,)), ("T", ())]
    assert (model.formulas["net"].unit, model.formulas["net"].title) == ("USD", "after tax")
    assert model.formulas["net"].key == "model.net" and model.formulas["tax"].key == "constants.tax"
    values = run(build_plan([model], build=build_table), 1, 1)[:, 0]
    assert values.tolist() == [(684.0 - 100.0) * 0.75 - 3.0, 684.0]


def test_every_strategy_that_shares_all_shares_the_tape() -> None:
    plan = build_plan(models(DEAL), build=build_table)
    alone = build_plan(models(DEAL)[:1], build=build_table)
    assert plan.strategies == ("licence", "patent-first")
    assert len(plan.tape) == len(alone.tape) + 6  # strike, share, factor, product, cost, tally


def test_impossible_constants_are_placed_and_listed_once() -> None:
    text = PLAIN + (
        "[constants]\nzero = 0\n[model]\nT = 'V * D'\na = 'T / (1 / zero)'\nb = '9**9**9 - log(-1)'\n"
        "[strategies.one]\n[strategies.two]\nD = 0.5\n"
    ).replace("\nD = 0.5", '\n"inputs.D" = 0.5')
    found = problems_of(text)
    assert [(p.key, p.reason) for p in found] == [
        ("model.a", "the constant '(1 / zero)' divides by 0"),
        ("model.b", "the constant '9**9**9' is infinite"),
        ("model.b", "the constant 'log(-1)' is not defined"),
    ]
    lines = text.splitlines()
    for problem, part in zip(found, ("(1 / zero)", "9**9**9", "log(-1)"), strict=True):
        assert problem.file == "deal.toml" and problem.line is not None and problem.column is not None
        assert lines[problem.line - 1][problem.column - 1 :].startswith(part)


def test_explanation() -> None:
    licence = explain(models(DEAL)[0])
    assert licence.strategy == "licence"
    first = licence.inputs[0]
    assert (first.name, first.constant, first.title, first.source) == ("V", False, "market value", "judgement")
    assert first.distribution.startswith("lognormal")
    (group,) = licence.dependences
    assert group.copula == "Gaussian copula" and len(group.pairs) == 1
    outcome = licence.formulas[-1]
    assert (outcome.name, outcome.outcome) == ("T", True)
    assert outcome.text == "V * D * R * (1 - L) * (1 - competition) * (1 - ip_leak)"
    assert outcome.expanded == (
        "V * D * R * (1 - L) * (1 - where(competition_strikes, competition_severity, 0))"
        " * (1 - where(ip_leak_strikes, ip_leak_severity, 0))"
    )
    assert licence.formulas[0].expanded is None


def test_explanation_keeps_precedence_and_stays_short() -> None:
    text = PLAIN + "[model]\nT = 'V - D'\nx = 'R - T'\ny = 'x * x'\n"
    lines = {line.name: line for line in explain(models(text)[0]).formulas}
    assert lines["x"].expanded == "R - (V - D)"
    assert lines["y"].expanded == "(R - (V - D)) * (R - (V - D))"
    doubling = "".join(f"t{k} = 't{k - 1} * t{k - 1}'\n" for k in range(1, 40))
    grown = {line.name: line for line in explain(models(PLAIN + "[model]\nt0 = 'V + 1'\n" + doubling)[0]).formulas}
    assert grown["t3"].expanded is not None and grown["t39"].expanded is None
    assert grown["t39"].text == "t38 * t38" and MAX_EXPANDED < 2**39


def test_derived_text_is_canonical() -> None:
    for model in models(DEAL):
        for formula in model.formulas.values():
            assert to_text(formula.expression) == formula.text
