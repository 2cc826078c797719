"""Rank correlations, swings and lines against exact answers and against SciPy on the trials themselves."""

import json
import math

import numpy as np
import pytest
from deal_models import model, reference_deal
from drivers_cases import by_factor, record_of, record_of_models
from scipy import stats

from simengine.engine.run import draw
from simengine.plan.compile import build_plan
from simengine.report.drivers_rows import drivers_json

NORMALS = """
[inputs]
x = { dist = "normal", mean = 0, sd = 1 }
y = { dist = "normal", mean = 0, sd = 1 }
[model]
T = "3 * x - 4 * y"
"""


def rank_correlation(normal):
    """Spearman's of a normal pair with this correlation."""
    return 6 / math.pi * math.asin(normal / 2)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_sum_of_normals(sampler):
    record = record_of(NORMALS, "tornado", trials=200_000, sampler=sampler)
    found, errors = by_factor(record, "spearman"), by_factor(record, "spearman_se")
    expected = {"x": rank_correlation(0.6), "y": rank_correlation(-0.8)}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=4.5 * errors[name] + 2e-5), name  # classes move it by 1e-5
        assert errors[name] < 3e-3
    share = expected["x"] ** 2 / (expected["x"] ** 2 + expected["y"] ** 2)
    errors = by_factor(record, "contribution_se")
    assert by_factor(record, "contribution")["x"] == pytest.approx(share, abs=4.5 * errors["x"] + 2e-5)
    assert sum(by_factor(record, "contribution").values()) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("sampler", ["random", "sobol", "lhs"])
def test_the_reference_deal_against_scipy(sampler):
    """Copula, events and ties: ranks of SciPy over the same trials, within the bound of the classes."""
    deal = reference_deal()
    record = record_of_models([deal], "tornado", trials=20_000, sampler=sampler)
    plan = build_plan([deal], record="everything", sampler=sampler)
    values = dict(zip((o.name for o in plan.outputs), draw(plan, 1, 0, 20_000, trials=20_000), strict=True))
    for name, rho in by_factor(record, "spearman").items():
        if not math.isnan(rho):
            expected = stats.spearmanr(values[name], values["T"]).statistic
            assert rho == pytest.approx(expected, abs=3e-4), name
            assert abs(rho - expected) < record["spearman_bound"][0, 0]


def test_errors_of_rank_correlations_are_true():
    """The spread over 60 seeds is what is stated, for a strong, a middling and no correlation, within 25 %."""
    text = """
    [inputs]
    x = { dist = "normal", mean = 0, sd = 1 }
    y = { dist = "bernoulli", p = 0.2 }
    z = { dist = "uniform", min = 0, max = 1 }
    [model]
    T = "x + y + 0.01 * z"
    """
    found, stated = [], []
    for seed in range(60):
        record = record_of(text, "tornado", trials=4096, seed=seed)
        found.append(list(by_factor(record, "spearman").values()))
        stated.append(list(by_factor(record, "spearman_se").values()))
    spread = np.std(found, axis=0, ddof=1)
    assert np.sqrt(np.mean(np.square(stated), axis=0)) / spread == pytest.approx([1, 1, 1], abs=0.3)


def test_one_input_alone_has_rank_correlation_one():
    text = '[inputs]\nx = { dist = "lognormal", mu = 0, sigma = 1 }\n[model]\nT = "exp(x / 9)"\n'
    record = record_of(text, "tornado")
    assert by_factor(record, "spearman")["x"] == pytest.approx(1.0, abs=3e-5)
    assert by_factor(record, "spearman_se")["x"] < 3e-5
    assert by_factor(record, "contribution") == {"x": 1.0}


def test_correlations_that_are_noise_have_no_shares():
    text = """
    [inputs]
    x = { dist = "normal", mean = 0, sd = 1 }
    y = { dist = "normal", mean = 0, sd = 1 }
    [model]
    T = "x * y"
    K = "5 + 0 * x"
    [outputs]
    T = {}
    K = {}
    """
    for seed in range(12):
        record = record_of(text, "tornado", "sobol", trials=20_000, seed=seed, points=256)
        assert all(math.isnan(value) for value in by_factor(record, "contribution").values())
        assert all(math.isnan(value) for value in by_factor(record, "contribution_se").values())
        assert all(math.isfinite(value) for value in by_factor(record, "spearman").values())
    outputs = json.loads(drivers_json(record))["outputs"]
    missing = {"value": None, "se": None}
    product = outputs["T"]["strategies"]["base"]
    assert product["tornado"]["factors"]["x"]["contribution"] == missing
    assert product["tornado"]["factors"]["x"]["spearman"]["value"] is not None
    constant = outputs["K"]["strategies"]["base"]
    assert constant["tornado"]["factors"]["x"]["contribution"] == missing
    assert constant["sobol"]["factors"]["x"]["first_order"] == missing
    weak = record_of(text.replace("x * y", "x * y + 0.2 * x"), "tornado", trials=20_000)
    assert by_factor(weak, "contribution")["x"] > 0.9


def test_swings_are_the_formula_at_the_percentiles():
    text = """
    [inputs]
    V = { dist = "uniform", min = 0, max = 100 }
    D = { dist = "triangular", min = 0.2, mode = 0.5, max = 0.8 }
    R = 0.9
    L = 0
    [risks.rival]
    probability = 0.4
    severity = 0.5
    """
    record = record_of(text, "tornado", "spider", trials=1000)
    swings = by_factor(record, "swing")
    assert swings["V"] == pytest.approx([10 * 0.5 * 0.9, 90 * 0.5 * 0.9], rel=1e-9)
    low = 0.2 + math.sqrt(0.1 * 0.6 * 0.3)
    assert swings["D"] == pytest.approx([50 * low * 0.9, 50 * (1 - low) * 0.9], rel=1e-9)
    assert swings["rival_strikes"] == pytest.approx([50 * 0.5 * 0.9, 50 * 0.5 * 0.9 * 0.5], rel=1e-9)
    assert by_factor(record, "swing_input")["V"] == pytest.approx([10, 90])
    assert by_factor(record, "spider")["V"] == pytest.approx([v * 0.45 for v in (1, 5, 10, 25, 50, 75, 90, 95, 99)])


def test_correlated_inputs_stay_at_their_medians_in_a_swing():
    deal = reference_deal()
    record = record_of_models([deal], "tornado", trials=2000)
    alone = record_of_models([reference_deal(correlated=False)], "tornado", trials=2000)
    assert np.array_equal(record["swing"], alone["swing"], equal_nan=True)


def test_means_given_an_input():
    """E[T | V] of V * D with independent D is V * E[D]; of a correlated normal pair it is a straight line too."""
    record = record_of_models(
        [
            model(
                {"x": {"dist": "normal", "mean": 0, "sd": 1}, "y": {"dist": "normal", "mean": 0, "sd": 1}},
                {"T": "x + y"},
                groups=[(("x", "y"), [[1, 0.5], [0.5, 1]])],
            )
        ],
        "spider",
        trials=400_000,
    )
    levels = record["spider_point"] / 100
    expected = 1.5 * stats.norm.ppf(levels)
    found, errors = np.array(by_factor(record, "spider_mean")["x"]), np.array(by_factor(record, "spider_mean_se")["x"])
    middle = slice(1, -1)  # P1 and P99 lie in the outermost cells, where a mean is not a straight line
    assert found[middle] == pytest.approx(expected[middle], abs=0.01 + 4.5 * errors[middle].max())
    assert errors[middle].max() < 0.03


def test_an_input_that_nothing_uses_adds_a_row_of_zeros_and_changes_no_other_number():
    base = NORMALS + '[strategies.one]\n[strategies.two]\nmodel.T = "2 * x"\n'
    more = base.replace("[model]", 'w = { dist = "normal", mean = 5, sd = 2 }\n[model]')
    everything = ("tornado", "evppi", "sobol", "spider", "reverse")
    before = record_of(base, *everything, trials=20_000, points=1024)
    after = record_of(more, *everything, trials=20_000, points=1024)
    place = after["factor"].tolist().index("w")
    kept = [f for f in range(len(after["factor"])) if f != place]
    zero = ("spearman", "spearman_se", "contribution", "first_order", "sobol_first", "sobol_total", "evppi", "evppi_se")
    for name, values in after.values.items():
        dims = after.layout.variables[name].dims
        if "factor" in dims:
            axis = dims.index("factor")
            assert np.array_equal(np.take(values, kept, axis), before[name], equal_nan=values.dtype.kind == "f"), name
            if name in zero:
                assert not np.take(values, place, axis).any(), name
        else:
            same = np.array_equal(values, before[name], equal_nan=values.dtype.kind == "f")
            assert same, name


def test_threads_change_no_digit():
    one = record_of(NORMALS, "tornado", "sobol", threads=1, points=1024)
    two = record_of(NORMALS, "tornado", "sobol", threads=3, points=1024)
    for name, values in one.values.items():
        assert np.array_equal(values, two[name], equal_nan=values.dtype.kind == "f"), name
