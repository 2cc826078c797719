"""Decisions: constants that are ours to choose, with a range or choices, which strategies may change."""

import pytest

from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.scenario import loads
from simengine.scenario.decisions import stepped

DEAL = """
[scenario]
name = "newsvendor"
[inputs]
demand = { dist = "uniform", min = 0, max = 100 }
[decisions]
order = ORDER
[model]
T = "5 * min(demand, order) - 2 * order"
"""


def deal(order: str, more: str = ""):
    return loads(DEAL.replace("ORDER", order) + more)


@pytest.mark.parametrize(
    ("order", "value", "choices"),
    [
        ("{ min = 0, max = 100 }", 50.0, None),
        ("{ min = 0, max = 100, value = 20 }", 20.0, None),
        ("{ min = 0, max = 1, step = 0.25 }", 0.5, (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("{ min = 0, max = 1, step = 0.3 }", 0.3, (0.0, 0.3, 0.6, 0.9)),
        ("{ choices = [30, 10, 20] }", 30.0, (10.0, 20.0, 30.0)),
        ("{ choices = [30, 10, 20], value = 20 }", 20.0, (10.0, 20.0, 30.0)),
    ],
)
def test_a_decision_has_a_value_for_runs_and_a_range_for_searches(order, value, choices):
    decision = deal(order).strategies["base"].decisions["order"]
    assert decision.value == value
    if choices is None:
        assert decision.choices is None
    else:
        assert decision.choices == pytest.approx(choices, abs=1e-12)
        assert (decision.low, decision.high) == (decision.choices[0], decision.choices[-1])


def test_steps_reach_the_end_although_they_are_rounded():
    assert stepped(0.0, 0.3, 0.1) == pytest.approx((0.0, 0.1, 0.2, 0.3), abs=1e-15)
    assert stepped(0.01, 0.2, 0.01)[-1] == 0.2
    assert len(stepped(0.01, 0.2, 0.01)) == 20


def test_a_decision_is_a_constant_of_formulas():
    (model,) = expand(deal("{ min = 0, max = 100 }"))
    assert model.formulas["order"].text == "50"
    assert model.formulas["order"].key == "decisions.order"


def test_a_strategy_changes_value_and_range():
    found = deal("{ min = 0, max = 100 }", '[strategies.bold]\n"decisions.order.value" = 90\n[strategies.shy]\n'
                 'decisions.order = { max = 40, value = 10 }\n')  # fmt: skip
    assert {name: d.decisions["order"].value for name, d in found.strategies.items()} == {"bold": 90.0, "shy": 10.0}
    assert found.strategies["shy"].decisions["order"].high == 40.0


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("{ min = 60, max = 0 }", r":7:27: decisions.order.max = 0: the bounds are reversed.*min = 0, max = 60"),
        ("{ min = 60, max = 60 }", r"the bounds are equal"),
        ("{ min = 60 }", r"max of the decision is missing"),
        ("{ min = 0, max = 1, step = 2 }", r"decisions.order.step = 2: is longer than the range"),
        ("{ min = 0, max = 1, step = 0 }", r"decisions.order.step"),
        ("{ min = 0, max = 1e9, step = 1 }", r"too many values"),
        ("{ min = 0, max = 1, value = 2 }", r"decisions.order.value = 2: is outside the range"),
        ("{ choices = [1, 2], value = 3 }", r"is not one of the choices; allowed: 1, 2"),
        ("{ choices = [1, 2], step = 1 }", r"decisions.order.step: is given beside choices"),
        ("{ choices = [] }", r"has 0 choices"),
        ("{ min = 0, max = 1, setp = 1 }", r"did you mean step"),
        ("30", r"is not a table"),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_where_it_stands(order, said):
    with pytest.raises(InvalidInput, match=said):
        deal(order)


def test_names_of_decisions_share_the_name_space_and_unused_ones_are_mentioned():
    with pytest.raises(InvalidInput, match=r"order is already a decision|order is already a constant"):
        deal("{ min = 0, max = 1 }", "[constants]\norder = 3\n")
    idle = deal("{ min = 0, max = 1 }\nidle = { min = 0, max = 1 }")
    assert [str(problem) for problem in idle.warnings] == [
        "warning: <text>:8:1: decisions.idle: is not used by any outcome; hint: leave it out, or use it in a formula"
    ]
