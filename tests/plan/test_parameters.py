"""Numbers of a plan that may be set: the same bits as a plan that was compiled with them."""

import numpy as np
import pytest

from simengine.deal.expand import expand
from simengine.engine.run import draw
from simengine.plan.compile import build_plan, parameter_of
from simengine.scenario import loads

DEAL = """
[scenario]
name = "set"
[inputs]
V = "600 to 1600"
fee = 0
[constants]
share = 1
[costs]
upfront = 20
[model]
T = "fee + share * V * (1 + where(share, fee, 2)) / (2 * share) - costs_upfront"
[strategies.a]
[strategies.b]
constants.share = 0.25
"""


def models(**values: str):
    return expand(loads(DEAL, set_values=values))


def test_parameters_change_no_bit_until_they_are_set():
    plain = build_plan(models())
    settable = build_plan(models(), parameters=("share", "fee", "costs_upfront"))
    assert np.array_equal(draw(plain, 1, 0, 1000), draw(settable, 1, 0, 1000))
    assert not plain.parameters
    assert len(settable.parameters) == 6


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, 0.05])
def test_a_set_plan_has_the_bits_of_one_compiled_with_the_values(value):
    """0 and 1 are what folding would have treated in a special way: x * 1 is x, where(1, x, y) is x."""
    plan = build_plan(models(), parameters=("share", "fee", "costs_upfront"))
    share = value if value else 0.5
    set_ = plan.setting(
        {
            parameter_of("a", "fee"): value,
            parameter_of("a", "share"): share,
            parameter_of("b", "fee"): value,
            parameter_of("b", "share"): share,
        }
    )
    changed = {"inputs.fee": str(value), "strategies.b.constants.share": str(share), "constants.share": str(share)}
    compiled = build_plan(models(**changed))
    assert np.array_equal(draw(set_, 1, 0, 1000), draw(compiled, 1, 0, 1000))
    assert np.array_equal(draw(plan, 1, 0, 1000), draw(build_plan(models()), 1, 0, 1000))  # untouched


def test_strategies_are_set_one_by_one_and_unknown_keys_do_nothing():
    plan = build_plan(models(), parameters=("fee",))
    before, after = (
        draw(plan, 1, 0, 1000),
        draw(plan.setting({parameter_of("b", "fee"): 7.0, "c.fee": 1.0}), 1, 0, 1000),
    )
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])
    assert plan.setting({parameter_of("b", "fee"): 7.0}).digest != plan.digest
