"""What changed and what each change does: sums, linear and multiplicative models, dependent changes, planted faults."""

import math

import numpy as np
import pytest

from simengine.analysis.difference.attribute import How, attribute
from simengine.analysis.difference.changes import changes_between
from simengine.analysis.difference.coalitions import Coalitions, Members, dependent_groups
from simengine.analysis.difference.shapley import exact_steps, masks_of, orders, sampled_steps
from simengine.errors import InvalidInput
from simengine.report.difference import difference_csv, difference_object, difference_report
from simengine.report.text import Style
from simengine.scenario import loads

LINEAR = """
[scenario]
name = "linear"
currency = "USD"
[inputs]
a = { dist = "normal", mean = 10, sd = 1, source = "guess" }
b = { dist = "normal", mean = 20, sd = 2 }
c = 5
[constants]
k = 2
[model]
T = "k * a + b - c"
[strategies.keep]
[strategies.sell]
inputs.c = 3
"""
HOW = How(trials=4096, threads=1)


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def differ(old: str, new: str, how: How = HOW):
    return attribute(loads(old, file="old.toml"), loads(new, file="new.toml"), how)


def one(found, strategy="keep", output="T"):
    return next(c for c in found.contributions if (c.strategy, c.output) == (strategy, output))


def shares(found, measure=0, strategy="keep"):
    contribution = one(found, strategy)
    return {found.label(g): float(contribution.shares.value[measure, g]) for g in range(len(found.groups))}


def test_shapley_values_of_a_linear_model_are_the_differences_themselves():
    new = edited(LINEAR, ("mean = 20", "mean = 26"), ("c = 5", "c = 9"), ("k = 2", "k = 3"))
    found = differ(LINEAR, new)
    keep = shares(found)
    mean_of_a = one(found).old.value[0] - 20.0 + 5.0 - (one(differ(LINEAR, LINEAR)).old.value[0] - 15.0)
    assert keep["inputs.b"] == pytest.approx(6.0, abs=1e-9)
    assert keep["inputs.c"] == pytest.approx(-4.0, abs=1e-9)
    assert keep["constants.k"] == pytest.approx(10.0, abs=0.1)  # the mean of a, in this sample
    assert mean_of_a == pytest.approx(0.0, abs=0.3)
    assert shares(found, strategy="sell")["inputs.c"] == 0.0  # the strategy has its own: exactly no effect
    errors = one(found).error(found.batches)[0]
    assert errors[[found.label(g) == "inputs.c" for g in range(3)]] == pytest.approx(0.0, abs=1e-12)


def test_a_product_of_two_changes_shares_their_interaction_equally():
    """T = x y from (10, 3) to (14, 8): 112 - 30 = 82; x alone 12, y alone 50, and half of the rest, 20, each."""
    text = '[scenario]\nname = "p"\n[constants]\nx = 10\ny = 3\n[model]\nT = "x * y"\n'
    found = differ(text, edited(text, ("x = 10", "x = 14"), ("y = 3", "y = 8")))
    assert shares(found, strategy="base") == pytest.approx({"constants.x": 22.0, "constants.y": 60.0}, abs=1e-9)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_contributions_add_up_in_every_measure_and_old_and_new_are_those_of_runs(sampler):
    from simengine.deal.expand import expand
    from simengine.engine.run import run
    from simengine.plan.compile import build_plan

    new = edited(LINEAR, ("sd = 1", "sd = 3"), ("mean = 20", "mean = 12"), ("k = 2", "k = -3"), ("c = 3", "c = 4"))
    found = differ(LINEAR, new, How(trials=4096, sampler=sampler, seed=7))
    for contribution in found.contributions:
        assert contribution.shares.value.sum(axis=1) == pytest.approx(contribution.total.value, abs=1e-9)
        assert contribution.total.value == pytest.approx(contribution.new.value - contribution.old.value, abs=1e-12)
        assert np.allclose(contribution.shares.parts.sum(axis=2), contribution.total.parts, rtol=0, atol=1e-8)
    for side, text in (("old", LINEAR), ("new", new)):
        plan = build_plan(expand(loads(text)), sampler=sampler)
        exact = run(plan, trials=4096, seed=7, percentiles=(10.0, 50.0, 90.0)).outcomes[0]
        value = getattr(one(found), side).value
        assert value == pytest.approx([exact.mean, *exact.quantiles, exact.prob_loss, exact.cvar_loss[0]], rel=1e-12)


def test_errors_are_paired_and_hold():
    """A change of b's mean by 6 has no error; of its sd, the errors are those of 60 seeds (10 % off: seen)."""
    new = edited(LINEAR, ("mean = 20, sd = 2", "mean = 26, sd = 2"))
    found = differ(LINEAR, new)
    assert one(found).error(found.batches)[0, 0] == pytest.approx(0.0, abs=1e-12)
    assert one(found).error(found.batches)[1, 0] < 0.1 * one(found).old.error(found.batches)[1]
    wider = edited(LINEAR, ("mean = 20, sd = 2", "mean = 20, sd = 4"))
    runs = [differ(LINEAR, wider, How(trials=2048, sampler="random", seed=seed)) for seed in range(60)]
    values = np.array([one(run).shares.value[0, 0] for run in runs])
    errors = np.array([one(run).error(run.batches)[0, 0] for run in runs])
    assert errors.mean() == pytest.approx(2.0 / math.sqrt(2048), rel=0.1)
    assert values.std(ddof=1) == pytest.approx(errors.mean(), rel=0.3)


def test_many_changes_are_sampled_and_the_sampling_error_is_told():
    """Eleven factors of a product: random orders against the exact values, within their errors."""
    names = [f"x{k}" for k in range(11)]
    text = '[scenario]\nname = "many"\n[inputs]\ne = { dist = "normal", mean = 1, sd = 0.1 }\n[constants]\n'
    text += "".join(f"{name} = 1\n" for name in names) + f'[model]\nT = "e * {" * ".join(names)}"\n'
    ends = [1.0 + 0.05 * (k + 1) for k in range(11)]
    new = edited(text, *((f"x{k} = 1\n", f"x{k} = {end}\n") for k, end in enumerate(ends)))
    found = differ(text, new, How(trials=256, orders=64))
    assert found.orders == 64
    contribution = one(found, "base")
    assert contribution.shares.value.sum(axis=1) == pytest.approx(contribution.total.value, abs=1e-9)
    assert (contribution.order_error[0] > 0).all()
    mean = contribution.old.value[0]
    exact = []
    for k in range(11):
        rest = np.array([end for j, end in enumerate(ends) if j != k])
        polynomial = np.poly1d([1.0])  # coefficients: sums of products of so many of the others
        for end in rest:
            polynomial *= np.poly1d([end, 1.0])
        by_size = polynomial.coeffs[::-1]
        shares_ = [math.factorial(s) * math.factorial(10 - s) / math.factorial(11) for s in range(11)]
        exact.append(mean * (ends[k] - 1.0) * float(np.dot(by_size, shares_)))
    assert sum(exact) == pytest.approx(contribution.total.value[0], rel=1e-9)
    z = (contribution.shares.value[0] - exact) / contribution.order_error[0]
    assert np.abs(z).max() < 4.0
    assert contribution.shares.value[0] == pytest.approx(exact, rel=0.1)


def test_steps_of_random_orders_are_those_of_the_orders():
    used = orders(5, 40, 1)
    for order, reverse in zip(used[::2], used[1::2], strict=True):
        assert order == reverse[::-1]
    steps = sampled_steps(used)
    assert set(masks_of(steps)) <= set(range(32))
    for player, step in enumerate(steps):
        assert all(
            before | 1 << player == after != before for before, after in zip(step.before, step.after, strict=True)
        )
    for step in exact_steps(5):
        assert step.weights.sum() == pytest.approx(1.0)
        assert len(step.before) == 16


def test_a_new_input_and_the_formula_that_uses_it_are_one_change():
    new = edited(LINEAR, ("c = 5", 'c = 5\nd = { dist = "uniform", min = 0, max = 2 }'), ("- c", "- c - d"),
                 ("mean = 20", "mean = 21"))  # fmt: skip
    found = differ(LINEAR, new)
    labels = [found.label(g) for g in range(len(found.groups))]
    assert labels == ["inputs.b", "inputs.d + model.T"] or labels == ["inputs.b", "model.T + inputs.d"]
    assert shares(found)[labels[1]] == pytest.approx(-1.0, abs=0.05)
    assert shares(found)["inputs.b"] == pytest.approx(1.0, abs=1e-9)
    assert "Together only: " in difference_report(found, Style())


def test_an_input_that_is_added_moves_no_other_draw():
    """Also of Sobol points, where the new input comes in between: the change of the others is exactly 0."""
    new = edited(LINEAR, ("b = {", 'a2 = { dist = "uniform", min = 0, max = 2 }\nb = {'), ("- c", "- c + 0 * a2"))
    found = differ(LINEAR, new, How(trials=4096, sampler="sobol"))
    assert np.array_equal(one(found).old.value, one(found).new.value)
    assert not one(found).shares.value.any()


def test_removing_what_a_formula_used_is_one_change_too():
    found = differ(edited(LINEAR, ("c = 5\n", "c = 5\nd = 1\n"), ("- c", "- c - d")), LINEAR)
    assert [found.label(g) for g in range(len(found.groups))] in (["inputs.d + model.T"], ["model.T + inputs.d"])
    assert list(shares(found).values()) == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        (lambda s: True, [{0}, {1}, {2}, {3}]),
        (lambda s: 0 not in s or 2 in s, [{0, 2}, {1}, {3}]),
        (lambda s: (0 not in s or 2 in s) and (2 not in s or 3 in s), [{0, 2, 3}, {1}]),
        (lambda s: (0 in s) == (1 in s) and (2 in s) == (3 in s), [{0, 1}, {2, 3}]),
    ],
)
def test_changes_that_need_each_other_are_joined_and_others_are_not(rule, groups):
    assert sorted(map(sorted, dependent_groups(4, rule))) == sorted(map(sorted, groups))


def test_what_two_changes_break_together_is_found_where_each_alone_is_fine():
    """x and y without z divide by zero: z is joined with one of them, and every set that is left is valid."""
    text = '[scenario]\nname = "v"\n[inputs]\nV = { dist = "normal", mean = 1, sd = 1 }\n'
    text += "[constants]\nx = 1\ny = 1\nz = 1\n"
    text += '[model]\nT = "V + 1 / (3 - x - y + z - 1)"\n'
    new = edited(text, ("x = 1", "x = 1.5"), ("y = 1", "y = 1.5"), ("z = 1", "z = 2"))
    found = differ(text, new)
    assert [found.label(g) for g in range(len(found.groups))] == ["constants.x + constants.z", "constants.y"]
    assert sum(shares(found, strategy="base").values()) == pytest.approx(1.0 / 1.0 - 1.0 / 1.0, abs=1e-9)


def test_values_that_differ_are_listed_with_their_places():
    new = edited(LINEAR, ("mean = 10", "mean = 11"), ('"guess"', '"survey"'), ("inputs.c = 3", "inputs.c = 4"),
                 ('currency = "USD"', 'currency = "USD"\ntitle = "new"'))  # fmt: skip
    changes = changes_between(loads(LINEAR, file="old.toml"), loads(new, file="new.toml"))
    listed = {d.key: (d.kind, d.old, d.new, d.old_place, d.new_place) for c in changes for d in c.differences}
    assert listed == {
        "inputs.a.mean": ("changed", "10", "11", "old.toml:6", "new.toml:7"),
        "inputs.a.source": ("changed", '"guess"', '"survey"', "old.toml:6", "new.toml:7"),
        "strategies.sell.inputs.c": ("changed", "3", "4", "old.toml:15", "new.toml:16"),
        "scenario.title": ("added", "", '"new"', "", "new.toml:5"),
    }
    assert [change.label for change in changes if change.effective] == ["inputs.a", "strategies.sell.inputs.c"]


def test_only_words_changed_and_nothing_changed():
    words = differ(LINEAR, edited(LINEAR, ('"guess"', '"survey"')))
    assert words.groups == () and len(words.changes) == 1
    assert "none of which changes an outcome" in difference_report(words, Style())
    same = differ(LINEAR, LINEAR)
    assert difference_report(same, Style()).splitlines()[1] == "The files say the same."


def test_correlations_are_compared_by_what_they_join():
    text = LINEAR + '[[correlations]]\nbetween = ["a", "b"]\nspearman = 0.5\n'
    found = differ(text, edited(text, ("spearman = 0.5", "spearman = -0.5")))
    assert [found.label(0)] == ["correlations[a, b]"]
    assert found.changes[0].differences[0].new_place == "new.toml:18"
    assert shares(found, measure=1)["correlations[a, b]"] > 0.1  # less spread, higher P10


def test_strategies_in_one_file_only_are_named_and_left_out():
    found = differ(LINEAR, edited(LINEAR, ("[strategies.sell]", "[strategies.buy]")))
    assert (found.strategies_added, found.strategies_removed) == (("buy",), ("sell",))
    assert [c.strategy for c in found.contributions] == ["keep"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (('currency = "USD"', 'currency = "EUR"'), "counts in USD and new.toml in EUR"),
        (("[strategies.keep]\n[strategies.sell]\ninputs.c = 3\n", "[strategies.other]\n"), "no strategy in common"),
        (('T = "', 'U = "'), "no outcome in common"),
    ],
)
def test_what_cannot_be_compared_is_refused(edit, said):
    with pytest.raises(InvalidInput, match=said):
        differ(LINEAR, edited(LINEAR, edit))


def test_a_planted_fault_in_the_weights_is_seen(monkeypatch):
    """Weights of the wrong size of set still add up for linear models, but not for products."""
    from simengine.analysis.difference import shapley

    monkeypatch.setattr(shapley, "_share", lambda before, players: 1.0 / 2 ** (players - 1))
    text = '[scenario]\nname = "p"\n[constants]\nx = 1\ny = 1\nz = 1\n[model]\nT = "x * y * z"\n'
    found = differ(text, edited(text, ("x = 1", "x = 2"), ("y = 1", "y = 3"), ("z = 1", "z = 4")))
    assert sum(shares(found, strategy="base").values()) != pytest.approx(23.0, abs=0.1)


def test_every_number_is_in_the_csv_and_the_object():
    found = differ(LINEAR, edited(LINEAR, ("mean = 20", "mean = 26"), ("k = 2", "k = 3")))
    lines = difference_csv(found).decode().splitlines()
    assert lines[0] == "strategy,output,unit,statistic,part,change,value,se,order_se"
    assert len(lines) == 1 + 2 * 6 * (3 + 2)
    outcome = difference_object(found)["outcomes"][0]["statistics"]["mean"]
    parts = [entry["value"] for entry in outcome["contributions"]]
    assert sum(parts) == pytest.approx(outcome["total"]["value"])


def test_coalitions_are_read_once():
    new = edited(LINEAR, ("mean = 20", "mean = 26"))
    old_, new_ = loads(LINEAR), loads(new)
    coalitions = Coalitions.of(old_, new_, changes_between(old_, new_), {"keep": ("T",)})
    assert coalitions.models(Members({0})) is coalitions.models(Members({0}))
    assert list(coalitions.models(Members())) == ["keep"]


def test_a_mean_that_may_not_exist_is_said():
    """A Pareto of exponent 0.9 has no mean; the note names the input once, and only where something depends on it."""
    old = LINEAR.replace("[constants]", 'p = { dist = "pareto", alpha = 0.9, min = 1 }\n[constants]')
    used = edited(old, ("k * a + b - c", "k * a + b - c + p"))
    new = edited(used, ("mean = 20", "mean = 26"))
    found = differ(used, new)
    assert [doubt.key for doubt in found.doubts] == ["inputs.p"]
    text = " ".join(difference_report(found, Style()).split())
    assert text.count("inputs.p has no mean, so mean of T may be infinite or undefined") == 1
    assert difference_object(found)["notes"]
    assert differ(old, edited(old, ("mean = 20", "mean = 26"))).doubts == ()
