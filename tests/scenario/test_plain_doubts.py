"""Values of the plain model that make sense to the parser and to nobody else."""

from __future__ import annotations

import pytest

from simengine.errors import InvalidInput, Problem
from simengine.scenario import loads

TEXT = """[scenario]
name = "plain"
[inputs]
V = "600 to 1600"
R = 0.9
L = 0.05
D = {}
"""


def doubts(demand: str) -> list[Problem]:
    return [problem for problem in loads(TEXT.replace("{}", demand)).warnings if problem.severity == "warning"]


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        ("80", "is 80; hint: did you mean 0.8? percentages are written as fractions"),
        ("2.5", "did you mean 0.025?"),
        (
            '{ dist = "pert", min = 40, mode = 80, max = 100 }',
            "its median is 77.5; hint: did you mean a median of 0.77?",
        ),
        ('"50 to 110"', "its median is 74.2; hint: did you mean a median of 0.74?"),
        ("5000", "is 5000; hint: percentages are written as fractions"),
    ],
)
def test_a_demand_in_percent_is_doubted(demand: str, said: str) -> None:
    (problem,) = doubts(demand)
    assert said in str(problem)
    assert (problem.key, problem.line) == ("inputs.D", 7)


@pytest.mark.parametrize(
    "demand", ["0.8", "1.5", "2", '"0.5 to 3"', '{ dist = "pert", min = 0.4, mode = 0.8, max = 3 }']
)
def test_a_demand_beyond_one_is_not(demand: str) -> None:
    assert doubts(demand) == []


def test_a_formula_of_ones_own_may_mean_anything_by_demand() -> None:
    assert loads(TEXT.replace("{}", "80") + '[model]\nT = "V * D * R * L"\n').warnings == ()


@pytest.mark.parametrize(
    ("demand", "hint"),
    [
        ('{ dist = "pert", min = 0.4, mode = 60, max = 1 }', "did you mean 0.6? percentages are written as fractions"),
        (
            '{ dist = "triangular", min = 0, mode = 5, max = 1 }',
            "did you mean 0.05? percentages are written as fractions",
        ),
        ('{ dist = "pert", min = 0.4, mode = 20, max = 1 }', None),
        ('{ dist = "pert", min = 400, mode = 60, max = 1000 }', None),
    ],
)
def test_a_mode_in_percent_between_limits_that_are_not(demand: str, hint: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        loads(TEXT.replace("{}", demand))
    (problem,) = caught.value.problems
    assert (problem.key, problem.hint) == ("inputs.D.mode", hint)
