"""Sobol indices and Shapley effects with known answers."""

import math

import numpy as np
import pytest
from deal_models import model
from drivers_cases import by_factor, record_of, record_of_models

from simengine.analysis.drivers.shapley import exact_growth, growth_of

POINTS = 1 << 16

BORGONOVO = """
[inputs]
V = { dist = "uniform", min = 0, max = 1 }
D = { dist = "uniform", min = 0, max = 1 }
U = { dist = "uniform", min = 0, max = 1 }
[model]
T = "V * D + U"
"""

ISHIGAMI = """
[inputs]
sine_1 = { dist = "beta", alpha = 0.5, beta = 0.5, min = -1, max = 1 }
sine_2 = { dist = "beta", alpha = 0.5, beta = 0.5, min = -1, max = 1 }
x_3 = { dist = "uniform", min = -3.141592653589793, max = 3.141592653589793 }
[model]
T = "sine_1 + 7 * sine_2**2 + 0.1 * x_3**4 * sine_1"
"""


def indices(record, strategy="base"):
    """First-order and total indices with their errors, each by factor."""
    names = ("sobol_first", "sobol_first_se", "sobol_total", "sobol_total_se")
    return [by_factor(record, name, strategy) for name in names]


def assert_indices(record, first, total, tolerance=0.01):
    """Within the tolerance and within 4.5 of the stated errors, which must be small enough to say something."""
    found = indices(record)
    for values, errors, expected in ((found[0], found[1], first), (found[2], found[3], total)):
        for name, value in expected.items():
            assert values[name] == pytest.approx(value, abs=tolerance), name
            assert values[name] == pytest.approx(value, abs=4.5 * errors[name] + 1e-12), name
            assert errors[name] < tolerance / 2


def test_borgonovo():
    """PUB-03, OTBenchmark: S = (3, 3, 12) / 19 and ST = (4, 4, 12) / 19."""
    record = record_of(BORGONOVO, "sobol", points=POINTS, sampler="sobol")
    assert_indices(record, {"V": 3 / 19, "D": 3 / 19, "U": 12 / 19}, {"V": 4 / 19, "D": 4 / 19, "U": 12 / 19})


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_ishigami(sampler):
    """PUB-04, OpenTURNS: a = 7, b = 0.1; the sine of a uniform angle has the arcsine distribution."""
    points = POINTS if sampler == "sobol" else 4 * POINTS
    record = record_of(ISHIGAMI, "sobol", points=points, sampler=sampler)
    first = {"sine_1": 0.313905, "sine_2": 0.442411, "x_3": 0.0}
    total = {"sine_1": 0.557589, "sine_2": 0.442411, "x_3": 0.243684}
    assert_indices(record, first, total)


def product_indices(variations):
    """Closed forms of the product of independent inputs, given their squared coefficients of variation."""
    everything = math.prod(1 + c for c in variations.values())
    first = {name: c / (everything - 1) for name, c in variations.items()}
    total = {name: c / (1 + c) * everything / (everything - 1) for name, c in variations.items()}
    return first, total


def test_the_plain_model_is_the_product_function():
    """T = V D R (1 - L): first order and total in closed form from the moments that the run itself knows."""
    text = """
    [inputs]
    V = { dist = "lognormal", mean = 1000, sd = 400 }
    D = { dist = "uniform", min = 0.4, max = 1 }
    R = { dist = "uniform", min = 0.8, max = 1 }
    L = { dist = "uniform", min = 0.0, max = 0.3 }
    """
    uniform = {"D": (0.7, 0.6), "R": (0.9, 0.2), "L": (0.85, 0.3)}  # mean of the factor, width
    variations = {"V": 0.16} | {name: (width / mean) ** 2 / 12 for name, (mean, width) in uniform.items()}
    first, total = product_indices(variations)
    assert_indices(record_of(text, "sobol", points=POINTS, sampler="sobol"), first, total, tolerance=0.004)


def test_the_inputs_of_a_risk_together():
    """strikes and severity of a risk as one factor: the closed index of the factor 1 - risk of a product."""
    text = """
    [inputs]
    V = { dist = "uniform", min = 0.5, max = 1.5 }
    D = 1
    R = 1
    L = 0
    [risks.rival]
    probability = 0.4
    severity = { dist = "uniform", min = 0, max = 1 }
    """
    record = record_of(text, "sobol", points=POINTS, sampler="sobol")
    mean, square = 1 - 0.4 * 0.5, 1 - 2 * 0.4 * 0.5 + 0.4 / 3
    first, total = product_indices({"V": 1 / 12, "rival": square / mean**2 - 1})
    assert_indices(record, first, total)
    members = by_factor(record, "sobol_first")
    assert members["rival_strikes"] + members["rival_severity"] < members["rival"]


def test_correlated_inputs_have_no_sobol_indices():
    text = BORGONOVO + '[[correlations]]\nbetween = ["V", "U"]\nspearman = 0.5\n'
    record = record_of(text, "sobol", points=4096)
    assert all(math.isnan(value) for value in by_factor(record, "sobol_first").values())
    assert all(math.isnan(value) for value in by_factor(record, "sobol_total").values())
    assert sum(by_factor(record, "shapley").values()) == pytest.approx(1.0, abs=1e-12)
    assert "Shapley effects are given instead" in record.text("notes")


def test_a_correlation_with_what_is_not_used_does_no_harm():
    text = BORGONOVO + '[[correlations]]\nbetween = ["V", "W"]\nspearman = 0.5\n'
    text = text.replace("[model]", 'W = { dist = "uniform", min = 0, max = 1 }\n[model]')
    record = record_of(text, "sobol", points=POINTS, sampler="sobol")
    assert_indices(record, {"V": 3 / 19, "D": 3 / 19, "U": 12 / 19, "W": 0.0}, {"W": 0.0})


def normal_model(weights, matrix, dof=None):
    names = list(weights)
    inputs = {name: {"dist": "normal", "mean": 0, "sd": 1} for name in names}
    formula = " + ".join(f"{weight} * {name}" for name, weight in weights.items())
    return model(inputs, {"T": formula}, groups=[(names, matrix)], dof=dof)


def linear_shapley(weights, matrix):
    """Effects on a weighted sum of normal inputs, from the conditional variances of all sets."""
    size = len(weights)
    cost = np.zeros(1 << size)
    for s in range(1, 1 << size):
        inside = [i for i in range(size) if s >> i & 1]
        others = [i for i in range(size) if not s >> i & 1]
        left = matrix[np.ix_(inside, inside)]
        if others:
            cross = matrix[np.ix_(inside, others)]
            left = left - cross @ np.linalg.solve(matrix[np.ix_(others, others)], cross.T)
        cost[s] = weights[inside] @ left @ weights[inside]
    effects = sum(cost[s] * weight for s, weight in exact_growth(size).items())
    return effects / cost[-1]


CORRELATION = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]])


def test_shapley_effects_of_a_linear_normal_model():
    """Owen and Prieur 2017: closed forms; for two inputs b1 = 1, b2 = 2, r = 0.5 they are written out."""
    two = record_of_models([normal_model({"x": 1.0, "y": 2.0}, [[1, 0.5], [0.5, 1]])], "sobol", points=POINTS)
    variance = 1 + 4 + 2 * 0.5 * 2
    x = (1 * (1 - 0.25 / 2) + 0.5 * 2 + 4 * 0.25 / 2) / variance
    found, errors = by_factor(two, "shapley"), by_factor(two, "shapley_se")
    assert found["x"] == pytest.approx(x, abs=4 * errors["x"])
    assert errors["x"] < 0.01
    weights = {"a": 1.0, "b": -0.5, "c": 2.0}
    three = record_of_models([normal_model(weights, CORRELATION)], "sobol", points=POINTS, sampler="sobol")
    expected = linear_shapley(np.array(list(weights.values())), CORRELATION)
    found, errors = by_factor(three, "shapley"), by_factor(three, "shapley_se")
    for value, (name, effect) in zip(expected, found.items(), strict=True):
        assert effect == pytest.approx(value, abs=4.5 * errors[name]), name
        assert errors[name] < 0.01


def test_shapley_effects_from_a_sample_of_orders():
    """Twelve inputs in pairs: more than all orders are taken of."""
    names = [f"x{k}" for k in range(12)]
    weights = {name: 1.0 + k / 4 for k, name in enumerate(names)}
    matrix = np.eye(12)
    for k in range(0, 12, 2):
        matrix[k, k + 1] = matrix[k + 1, k] = 0.5
    inputs = {name: {"dist": "normal", "mean": 0, "sd": 1} for name in names}
    formula = " + ".join(f"{weight} * {name}" for name, weight in weights.items())
    groups = [((names[k], names[k + 1]), [[1, 0.5], [0.5, 1]]) for k in range(0, 12, 2)]
    record = record_of_models([model(inputs, {"T": formula}, groups=groups)], "sobol", points=1 << 14)
    expected = linear_shapley(np.array(list(weights.values())), matrix)
    found, errors = by_factor(record, "shapley"), by_factor(record, "shapley_se")
    for value, name in zip(expected, names, strict=True):
        assert found[name] == pytest.approx(value, abs=5 * errors[name]), name
        assert errors[name] < 0.02
    assert "all orders" in record.text("notes")


def test_a_t_copula_gets_the_estimate_from_trials_only():
    record = record_of_models([normal_model({"x": 1.0, "y": 2.0}, [[1, 0.5], [0.5, 1]], dof=4)], "sobol", points=1024)
    assert all(math.isnan(value) for value in by_factor(record, "shapley").values())
    assert 0.3 < by_factor(record, "first_order")["x"] < 0.8
    assert "t copula" in record.text("notes")


def test_effects_from_given_data():
    """First order from the trials of a run: Borgonovo's model, and 0 on average where there is no effect."""
    record = record_of(BORGONOVO, "sobol", points=256, trials=200_000)
    found, errors = by_factor(record, "first_order"), by_factor(record, "first_order_se")
    for name, value in {"V": 3 / 19, "D": 3 / 19, "U": 12 / 19}.items():
        assert found[name] == pytest.approx(value, abs=4.5 * errors[name] + 2e-4), name  # 64 cells lose 1 / 4096


def test_the_weights_of_sets_are_those_of_all_orders():
    from itertools import permutations

    some = growth_of(list(permutations(range(4))))
    for s, weights in exact_growth(4).items():
        assert weights == pytest.approx(some[s], abs=1e-15)
