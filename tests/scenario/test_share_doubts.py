"""Values that a formula of one's own uses as shares, and that are none."""

from __future__ import annotations

import pytest

from simengine.errors import Problem
from simengine.scenario import loads

TEXT = """[scenario]
name = "shares"
[inputs]
V = "600 to 1600"
x = {x}
[risks.rival]
probability = 0.4
severity = {severity}
[constants]
held = {held}
[model]
T = "{formula}"
"""
PRODUCT = "V * (1 - rival) * (1 - x) * (1 - held)"


def doubts(formula: str = PRODUCT, x: str = "0.1", severity: str = "0.3", held: str = "0.2") -> list[Problem]:
    text = TEXT
    for name, value in {"formula": formula, "x": x, "severity": severity, "held": held}.items():
        text = text.replace("{" + name + "}", value)
    found = loads(text).warnings
    return [problem for problem in found if "is not used" not in problem.reason and problem.severity == "warning"]


@pytest.mark.parametrize(
    ("changed", "key", "said"),
    [
        (
            {"severity": "30"},
            "risks.rival.severity",
            "model.T uses it as 1 - rival, and it is 30; hint: did you mean 0.3?",
        ),
        (
            {"severity": '{ dist = "pert", min = 10, mode = 30, max = 80 }'},
            "risks.rival.severity",
            "it is above 1 with probability 1; hint: did you mean a median of 0.34?",
        ),
        ({"x": "5"}, "inputs.x", "uses it as 1 - x, and it is 5; hint: did you mean 0.05?"),
        ({"x": '"0.2 to 1.5"'}, "inputs.x", "hint: truncate = { max = 1 }"),
        ({"held": "20"}, "constants.held", "uses it as 1 - held, and it is 20; hint: did you mean 0.2?"),
        ({"held": "2000"}, "constants.held", "it is 2000; hint: percentages are written as fractions"),
    ],
)
def test_shares_above_one_are_doubted(changed: dict[str, str], key: str, said: str) -> None:
    (problem,) = doubts(**changed)
    assert said in str(problem)
    assert problem.key == key and problem.line is not None


@pytest.mark.parametrize(
    ("formula", "x"),
    [
        (PRODUCT, '{ dist = "pert", min = 0.4, mode = 0.8, max = 1 }'),
        ("V * max(1 - x, 0) * (1 - rival) - held", "5"),
        ("V * (1 - rival) - x - held", "5"),
        ("V * (1 - rival) * (2 - x) * held", "5"),
    ],
)
def test_what_may_be_above_one_is_not(formula: str, x: str) -> None:
    assert doubts(formula, x) == []


def test_a_strategy_that_changes_the_formula_is_doubted_once() -> None:
    text = TEXT.replace("{formula}", "V * (1 - rival) * (1 - held) + x").replace("{x}", "0.5")
    text = text.replace("{severity}", "30").replace("{held}", "0.2")
    (problem,) = loads(text + '[strategies.a]\n[strategies.b]\nmodel.T = "V * (1 - rival) - held"\n').warnings[:1]
    assert problem.key == "risks.rival.severity"
