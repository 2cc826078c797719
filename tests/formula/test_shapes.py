"""What has a value for each period, and problems of formulas with the periods of the horizon."""

from __future__ import annotations

import pytest

from simengine.errors import InvalidInput, Problem
from simengine.formula import Grid, is_yearly, parse
from simengine.formula.functions import FUNCTIONS
from simengine.formula.shapes import shape_problems, yearly_formulas
from simengine.scenario import loads

YEARLY = {"s": True, "V": False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("V + 1", False),
        ("V + s", True),
        ("period + horizon", False),
        ("year", True),
        ("sum(s) + V", False),
        ("npv(0.1, s)", False),
        ("irr(V, s) + payback(V, s) + at(s, V)", False),
        ("irr(V, s, 0.5, V)", False),
        ("cumsum(V)", True),
        ("cumsum_in_year(V)", True),
        ("lag_in_year(V)", True),
        ("year_total(V)", True),
        ("by_year(1, 2)", True),
        ("where(V > 1, V, s)", True),
        ("highest(s - lag(s)) * V", False),
        ("tiers(s, 1, 0.1, V)", True),
    ],
)
def test_is_yearly(text: str, expected: bool) -> None:
    assert is_yearly(parse(text), YEARLY) is expected


def test_shapes_of_formulas_in_any_order() -> None:
    texts = {"total": "sum(c)", "c": "b - V", "b": "a * 2", "a": "royalty", "round": "round + c", "lone": "V"}
    found = yearly_formulas({name: parse(text) for name, text in list(texts.items())[:4]}, {"royalty": True})
    assert found == {"total": False, "c": True, "b": True, "a": True}
    assert yearly_formulas({"a": parse("b + year"), "b": parse("a")}, {}).keys() == {"a", "b"}  # a circle: no crash


def problems_of(text: str, periods: int = 10, length: float = 1.0) -> list[Problem]:
    return shape_problems(parse(text), text, Grid(periods, length), YEARLY)


@pytest.mark.parametrize(
    ("text", "at_fault", "reason"),
    [
        ("V + at(s, year)", "year", "'time' of at(x, time) is a single value; 'year' has one a period"),
        ("irr(s * 2, s)", "s * 2", "'initial' of irr(initial, flow, early, final) is a single value; 's * 2' has one"),
        ("irr(V, s, 0.5, s)", "s", "'final' of irr"),
        ("irr(V, s, year)", "year", "'early' of irr"),
        ("payback(cumsum(V), s)", "cumsum(V)", "'initial' of payback"),
        ("accumulate(s, 0.9, s)", "s", "'start' of accumulate"),
        ("at(s, 12) + V", "12", "no period holds the time 12"),
        ("at(s, -1)", "-1", "no period holds the time -1"),
        ("at(s, 0)", "0", "no period holds the time 0"),
        ("tiers(s, 5, 0.1, V, 0.2, 3, 0.3, 3, 0.1, 0.2)", "3", "the bounds of tiers do not rise: 3 follows 3"),
        ("interp(V, 1, 2, 1, 3)", "1", "the places x1, x2, ... of interp do not rise: 1 follows 1"),
    ],
)
def test_problems_stand_at_their_place(text: str, at_fault: str, reason: str) -> None:
    (problem,) = problems_of(text)
    assert reason in problem.reason
    assert problem.span is not None and text[slice(*problem.span)] == at_fault


def test_more_values_than_periods() -> None:
    text = "V * by_year(1, 2, s, 4, 5)"
    (problem,) = problems_of(text, 3)
    assert problem.reason == "by_year has 5 values for 3 periods" and problem.allowed == "at most 3"
    assert problem.span is not None and text[slice(*problem.span)] == "4, 5"
    assert problems_of(text, 5) == []
    assert "for 1 period" in problems_of(text, 1)[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "at(s, 10) + at(s, V) + at(s, 0.001)",
        "irr(V, s) + payback(sum(s), V) + irr(V, s, 0.5, sum(s))",
        "npv(0.1 + 0 * year, s, 0.5)",
        "lag(s, s)",
        "tiers(s, V, 0.1, 2 * V, 0.2, 0.3) + tiers(s, 1, 0.1, 2, 0.2, 0.3) + tiers(s, 0.1)",
        "interp(year, -1, 2, 0, 3, 4, V)",
        "by_year(s, s, s)",
    ],
)
def test_what_fits(text: str) -> None:
    assert problems_of(text) == []


def test_times_count_in_years_not_in_periods() -> None:
    assert problems_of("at(s, 3)", 12, 0.25) == []
    (problem,) = problems_of("at(s, 3.25)", 12, 0.25)
    assert problem.allowed == "above 0, up to 3 years (12 periods)"


def test_single_places_exist() -> None:
    for function in FUNCTIONS.values():
        names = function.parameters.split(", ")
        assert all(place < len(names) for place in function.single)


SCENARIO = """\
[scenario]
name = "shapes"
horizon = 3
[inputs]
V = "1 to 2"
[model]
s = "by_year(1, 2, 3) * V"
total = "sum(s)"
"""


def refused(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        loads(text)
    return [str(problem) for problem in caught.value.problems]


def test_scenarios_are_checked_with_file_and_column() -> None:
    assert loads(SCENARIO).strategies
    (said,) = refused(SCENARIO.replace("1, 2, 3", "1, 2, 3, 4"))
    assert said.startswith('<text>:7:23: model.s = "by_year(1, 2, 3, 4) * V": by_year has 4 values for 3 periods')


def test_targets_need_single_values() -> None:
    assert loads(SCENARIO + "[outputs]\ntotal = { target = 3 }\ns = true\n").strategies
    (said,) = refused(SCENARIO + "[outputs]\ntotal = true\ns = { target = 3 }\n")
    assert "outputs.s: a target needs a single value, and s has one for each period" in said


def test_a_function_without_its_parentheses() -> None:
    (said,) = refused(SCENARIO.replace("sum(s)", "sum(s) - npv"))
    assert "nothing is called npv; hint: npv is a function: write npv(rate, flow, early)" in said


@pytest.mark.parametrize("name", ["year", "period", "horizon"])
def test_words_of_the_axis_are_no_names(name: str) -> None:
    for text in (
        SCENARIO.replace("V =", f"{name} = 3\nV ="),
        SCENARIO.replace("[model]", f"[constants]\n{name} = 3\n[model]"),
        SCENARIO + f'{name} = "V"\n',
    ):
        said = "\n".join(refused(text))
        assert f"{name} is a word of the formula language" in said and f"write {name}_" in said


def test_functions_over_years_may_be_names() -> None:
    text = SCENARIO.replace("V =", "irr = 0.1\nV =").replace("sum(s)", "sum(s) * irr + irr(-V, s)")
    assert loads(text).strategies
