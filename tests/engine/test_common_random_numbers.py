"""Draws are addressed by name: edits of a scenario leave all other draws where they were."""

import numpy as np
from scenario_plans import plan_of

from simengine.engine.run import draw

BASE = """
[inputs]
A = { dist = "normal", mean = 1, sd = 1 }
B = { dist = "beta", alpha = 2, beta = 3 }
[model]
out_a = "A"
out_b = "B"
[outputs]
out_a = true
out_b = true
"""


def outcomes(text, seed=4, trials=3000):
    plan = plan_of(text)
    return dict(zip([(o.strategy, o.name) for o in plan.outputs], draw(plan, seed, 0, trials), strict=True))


def test_adding_removing_and_reordering_inputs_moves_no_draw():
    base = outcomes(BASE)
    added = outcomes(BASE.replace("[model]", 'C = "5 to 9"\n[model]\nout_c = "C"'))
    swapped = outcomes(
        BASE.replace('A = { dist = "normal", mean = 1, sd = 1 }\n', "").replace(
            "[model]", 'A = { dist = "normal", mean = 1, sd = 1 }\n[model]'
        )
    )
    for key, values in base.items():
        assert np.array_equal(values, added[key])
        assert np.array_equal(values, swapped[key])


def test_strategies_see_the_same_draws():
    both = outcomes(BASE + '[strategies.one]\n[strategies.two]\n"inputs.A.mean" = 3')
    assert np.array_equal(both["one", "out_b"], both["two", "out_b"])
    assert np.allclose(both["two", "out_a"] - both["one", "out_a"], 2.0, atol=1e-12)


def test_swapping_the_names_of_strategies_swaps_their_rows():
    one = outcomes(BASE + '[strategies.x]\n"inputs.A.mean" = 3\n[strategies.y]')
    two = outcomes(BASE + '[strategies.y]\n"inputs.A.mean" = 3\n[strategies.x]')
    assert np.array_equal(one["x", "out_a"], two["y", "out_a"]) and np.array_equal(one["y", "out_a"], two["x", "out_a"])


def test_correlating_others_leaves_an_input_alone():
    text = BASE.replace("[model]", 'C = "5 to 9"\n[model]\nout_c = "C"')
    text += "out_c = true\n"
    tied = text + '[[correlations]]\nbetween = ["B", "C"]\nspearman = 0.7'
    assert np.array_equal(outcomes(text)["base", "out_a"], outcomes(tied)["base", "out_a"])
    assert np.array_equal(outcomes(text)["base", "out_b"], outcomes(tied)["base", "out_b"])  # it leads the pair
    assert not np.array_equal(outcomes(text)["base", "out_c"], outcomes(tied)["base", "out_c"])


def test_a_risk_strikes_on_the_same_draw_when_its_probability_becomes_a_number():
    text = """
    [inputs]
    A = "5 to 9"
    [risks.rival]
    probability = { dist = "uniform", min = 0.3, max = 0.3000001 }
    severity = 1
    [model]
    hit = "rival + 0 * A"
    [outputs]
    hit = true
    [strategies.unsure]
    [strategies.sure]
    risks.rival.probability = 0.3
    """
    both = outcomes(text)
    assert 0.25 < both["sure", "hit"].mean() < 0.35
    assert np.array_equal(both["unsure", "hit"], both["sure", "hit"])
