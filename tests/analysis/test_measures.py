"""What a decision goes by: reading it, and its value and error by independent means."""

import numpy as np
import pytest
from scipy import stats

from simengine.aggregate.batches import Batches
from simengine.analysis.decisions.constraints import read_constraint
from simengine.analysis.measures import Measure, measures_of, read_measure
from simengine.errors import InvalidInput
from simengine.sampling.design import Design

OUTPUTS = ["T", "sales"]


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("mean", Measure("mean", 0.0, "T")),
        ("median", Measure("percentile", 50.0, "T")),
        ("P10", Measure("percentile", 10.0, "T")),
        ("p99.9 of sales", Measure("percentile", 99.9, "sales")),
        ("P(T < 0)", Measure("below", 0.0, "T")),
        ("P(sales<=1_000)", Measure("below", 1000.0, "sales", strict=False)),
        ("P(T > -5e2)", Measure("above", -500.0, "T")),
        ("P(loss)", Measure("below", 0.0, "T")),
        ("CVaR95", Measure("shortfall", 95.0, "T")),
        ("CE(200) of sales", Measure("equivalent", 200.0, "sales")),
        ("sd", Measure("sd", 0.0, "T")),
    ],
)
def test_measures_are_read_as_people_write_them(text, measure):
    found = read_measure(text, OUTPUTS)
    assert found == measure
    assert read_measure(found.label, OUTPUTS) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("avrage", "is not a measure"),
        ("maen", "did you mean mean"),
        ("P100", "is no percentile"),
        ("CVaR0.95", "CVaR95 is usual"),
        ("CE(-3)", "is no risk tolerance"),
        ("mean of sale", "did you mean sales"),
        ("P(U < 0)", "nothing that is reported is called U"),
    ],
)
def test_what_is_no_measure_is_explained(text, said):
    with pytest.raises(InvalidInput, match=said):
        read_measure(text, OUTPUTS)


@pytest.mark.parametrize(
    ("text", "limit", "inside", "outside"),
    [
        ("P(T < 0) < 10 %", 0.1, 0.0999, 0.1),
        ("P(T<0)<=0.1", 0.1, 0.1, 0.1001),
        ("P10 >= 50", 50.0, 50.0, 49.9),
        ("mean of sales > -1e3", -1000.0, -999.0, -1000.0),
    ],
)
def test_constraints_hold_on_one_side(text, limit, inside, outside):
    found = read_constraint(text, OUTPUTS)
    assert found.limit == pytest.approx(limit)
    assert found.holds(inside) and not found.holds(outside)
    assert not found.holds(float("nan"))
    assert read_constraint(found.label, OUTPUTS) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("P(T < 0)", "is not a constraint"),
        ("P(T < 0) < 10", "write 10 %"),
        ("mean < 10 %", "is no probability"),
        ("mean = 10", "is not a constraint"),
        ("P(U < 0) < 0.1", "nothing that is reported"),
    ],
)
def test_what_is_no_constraint_is_explained(text, said):
    with pytest.raises(InvalidInput, match=said):
        read_constraint(text, OUTPUTS)


def test_values_and_errors_of_a_normal_outcome():
    """Known moments of N(100, 30); planted errors of 10 % in any standard error would be seen (32 batches: 13 %)."""
    texts = ("mean", "sd", "P10", "median", "P(T < 70)", "P(T > 130)", "CVaR95", "CE(100)")
    measures = [read_measure(text, ["T"]) for text in texts]
    quantile, density = stats.norm.ppf(0.05), stats.norm.pdf(stats.norm.ppf(0.05))
    exact = [100, 30, 100 + 30 * stats.norm.ppf(0.1), 100, stats.norm.cdf(-1), stats.norm.cdf(-1)]
    exact += [-(100 - 30 * density / 0.05), 95.5]
    n = 40_000
    variance = 900.0
    tail = np.minimum(np.random.default_rng(0).normal(100, 30, 10**6) - (100 + 30 * quantile), 0.0)
    p = stats.norm.cdf(-1)
    errors = [
        np.sqrt(variance / n),
        30 / np.sqrt(2 * n),
        np.sqrt(0.1 * 0.9 / n) / (stats.norm.pdf(stats.norm.ppf(0.1)) / 30),
        np.sqrt(0.25 / n) / (stats.norm.pdf(0) / 30),
        np.sqrt(p * (1 - p) / n),
        np.sqrt(p * (1 - p) / n),
        tail.std() / 0.05 / np.sqrt(n),
        100 * np.sqrt((np.exp(0.09) - 1) / n),
    ]
    batches = Batches.of(Design.of("random", n))
    found = [measures_of(np.random.default_rng(k).normal(100, 30, n), measures, batches) for k in range(40)]
    values = np.array([one.value for one in found])
    assert np.all(np.abs(values.mean(axis=0) - exact) < 4 * np.array(errors) / np.sqrt(40))
    assert np.array([one.error(batches) for one in found]).mean(axis=0) == pytest.approx(errors, rel=0.10)


def test_together_and_alone_they_are_the_same():
    measures = [read_measure(text, ["T"]) for text in ("P10", "CVaR95", "mean", "P90", "P(T < 0)")]
    batches = Batches.of(Design.of("sobol", 5000))
    values = np.random.default_rng(2).standard_t(3, 5000)
    together = measures_of(values, measures, batches)
    for k, measure in enumerate(measures):
        alone = measure.of(values, batches)
        assert together.value[k] == alone.value
        assert np.allclose(together.parts[:, k], alone.parts, rtol=0, atol=1e-12)
