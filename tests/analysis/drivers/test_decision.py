"""The value of information, and where the best strategy changes, against closed forms."""

import math

import numpy as np
import pytest
from drivers_cases import learned, record_of
from scipy import stats

from simengine.analysis.drivers.decision import curved_crossing
from simengine.engine.run import draw
from simengine.plan.compile import build_plan

NORMAL = """
[inputs]
p1 = { dist = "normal", mean = 1, sd = 1 }
p2 = { dist = "normal", mean = 0, sd = 2 }
p3 = { dist = "normal", mean = 0, sd = 1 }
[strategies.stay]
model.T = "0 * p3"
[strategies.move]
model.T = "p1 - p2"
"""


def expected_gain(mean, sd):
    """E[max(0, X)] - max(0, mean) of a normal X: the value of learning it."""
    return mean * stats.norm.cdf(mean / sd) + sd * stats.norm.pdf(mean / sd) - max(mean, 0.0)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_normal_net_benefits(sampler):
    """PUB-11, vignette of the package voi: EVPI 0.479811 and EVPPI(p1) 0.083315."""
    assert expected_gain(1, math.sqrt(5)) == pytest.approx(0.479811, abs=1e-6)
    assert expected_gain(1, 1) == pytest.approx(0.083315, abs=1e-6)
    record = record_of(NORMAL, "evppi", trials=1_000_000, sampler=sampler)
    assert record["evpi"][0] == pytest.approx(0.479811, abs=4.5 * record["evpi_se"][0])
    assert record["evpi_se"][0] < 0.002
    found, errors = learned(record), learned(record, "evppi_se")
    for name, value in {"p1": expected_gain(1, 1), "p2": expected_gain(1, 2), "p3": 0.0}.items():
        assert found[name] == pytest.approx(value, abs=4.5 * errors[name] + 3e-4), name  # 64 cells lose up to 2e-4
        assert errors[name] < 0.002
    assert found["p3"] == 0.0  # a factor of 0: nothing depends on it, but the formula names it


def test_a_factor_that_only_seems_to_matter_has_no_value_on_average():
    """Two strategies that differ by noise alone: optimism is taken off, and the baseline shows how much there was."""
    text = """
    [inputs]
    x = { dist = "normal", mean = 0, sd = 1 }
    idle = { dist = "uniform", min = 0, max = 1 }
    [strategies.one]
    model.T = "x + 0 * idle"
    [strategies.other]
    model.T = "-x"
    """
    values, errors, raw, null = [], [], [], []
    for seed in range(24):
        record = record_of(text, "evppi", trials=16_384, seed=seed)
        values.append(learned(record)["idle"])
        errors.append(learned(record, "evppi_se")["idle"])
        raw.append(learned(record, "evppi_raw")["idle"])
        null.append(learned(record, "evppi_null")["idle"])
    spread = np.std(values, ddof=1) / math.sqrt(24)
    assert np.mean(raw) > 0.01  # what the plain estimate would claim
    assert np.mean(null) == pytest.approx(np.mean(raw), rel=0.15)
    assert abs(np.mean(values)) < 4 * spread
    assert abs(np.mean(values)) < np.mean(raw) / 4


def test_perfect_information_is_the_smallest_expected_regret():
    """The identity EVPI = min over strategies of E[max - X], on the very trials."""
    from simengine import scenario
    from simengine.deal.expand import expand

    text = '[scenario]\nname = "case"\n' + NORMAL + '[strategies.third]\nmodel.T = "p1 / 2 + p3"\n'
    values = draw(build_plan(expand(scenario.loads(text))), 20260101, 0, 50_000)
    regret = (values.max(axis=0) - values).mean(axis=1)
    record = record_of(text.partition("\n[inputs]")[2].join(["[inputs]", ""]), "evppi", trials=50_000)
    assert record["evpi"][0] == pytest.approx(regret.min(), rel=1e-12)


def test_learning_one_input_is_worth_no_more_than_learning_all():
    record = record_of(NORMAL, "evppi", trials=100_000)
    for name, value in learned(record).items():
        assert value <= record["evpi"][0] + 3 * (record["evpi_se"][0] + learned(record, "evppi_se")[name])


def test_oil_wildcatter():
    """PUB-08, SAS/OR DTREE: drilling is worth 140,000 and learning the deposit 155,000."""
    text = """
    [inputs]
    cost = { dist = "discrete", values = [150, 300, 500], weights = [0.2, 0.6, 0.2] }
    deposit = { dist = "discrete", values = [0, 700, 1200], weights = [0.5, 0.3, 0.2] }
    [strategies.leave]
    model.T = "0 * cost"
    [strategies.drill]
    model.T = "deposit - cost"
    """
    record = record_of(text, "evppi", trials=1_000_000)
    drill = record.strategies.index("drill")
    assert record["mean"][drill, 0] == pytest.approx(140, abs=2.5)
    assert learned(record)["deposit"] == pytest.approx(155, abs=2.5)
    assert learned(record)["deposit"] == pytest.approx(155, abs=4.5 * learned(record, "evppi_se")["deposit"])
    cells = dict(zip(record["factor"].tolist(), record["cells"].tolist(), strict=True))
    assert cells == {"cost": 3, "deposit": 3}
    assert learned(record)["cost"] == pytest.approx(0.2 * 50, abs=1)  # at 500 drilling loses 50
    assert record["switch_factor"].tolist() == ["cost", "deposit"]
    assert record["switch_below"].tolist() == ["drill", "leave"]
    assert record["switch_above"].tolist() == ["leave", "drill"]
    assert record["switch_value"].tolist() == [500, 700]
    assert record["switch_rank"].tolist() == pytest.approx([0.8, 0.5])


def test_the_place_where_the_best_strategy_changes():
    """Stay is worth 0.2 and move x - y: at x = 0.2 they tie, rank Phi(0.2); the interval holds it."""
    text = """
    [inputs]
    x = { dist = "normal", mean = 0, sd = 1 }
    y = { dist = "normal", mean = 0, sd = 1 }
    [strategies.stay]
    model.T = "0.2"
    [strategies.move]
    model.T = "x - y"
    """
    record = record_of(text, "evppi", trials=400_000)
    switches = dict(zip(record["switch_factor"].tolist(), range(2), strict=True))
    assert set(switches) == {"x", "y"}
    k = switches["x"]
    assert record["switch_rank"][k] == pytest.approx(stats.norm.cdf(0.2), abs=4.5 * record["switch_rank_se"][k] + 1e-3)
    assert record["switch_low"][k] < 0.21 and record["switch_high"][k] > 0.19
    assert record["switch_high"][k] - record["switch_low"][k] < 0.05
    assert record["switch_below"][k] == "stay" and record["switch_above"][k] == "move"
    assert record["switch_below"][switches["y"]] == "move"


@pytest.mark.parametrize(("level", "widest"), [(4.0, 0.02), (0.25, 0.003), (9.0, 0.01)])
def test_the_error_of_a_switch_knows_that_differences_are_curved(level, widest):
    """Move is worth exp(x): equal to stay at x = log(level), where it bends along probability."""
    text = f"""
    [inputs]
    x = {{ dist = "normal", mean = 0, sd = 1 }}
    [strategies.stay]
    model.T = "{level} + 0 * x"
    [strategies.move]
    model.T = "exp(x)"
    """
    record = record_of(text, "evppi", trials=1_000_000, sampler="sobol")
    assert record["switch_factor"].tolist() == ["x"]
    at, se = float(record["switch_rank"][0]), float(record["switch_rank_se"][0])
    assert abs(at - stats.norm.cdf(math.log(level))) < 3 * se
    assert se < widest


def test_a_parabola_through_cells():
    edges = np.array([0.0, 0.1, 0.3, 0.4, 0.6])
    weight = np.diff(edges) / 0.6

    def means(root, other):
        """Means in cells of (u - root) (u - other)."""
        whole = edges**3 / 3 - (root + other) * edges**2 / 2 + root * other * edges
        return np.diff(whole) / np.diff(edges)

    assert curved_crossing(means(0.25, 2.0), weight, edges, 0.3) == pytest.approx(0.25)
    assert curved_crossing(means(0.1, 0.5), weight, edges, 0.4) == pytest.approx(0.5)
    assert curved_crossing(means(0.3, 0.3) + 1, weight, edges, 0.2) == pytest.approx(0.3)  # where it is least
    assert curved_crossing(np.array([-1.0, 1.0]), np.ones(2) / 2, np.array([0, 0.1, 0.2]), 0.1) > 0.12


def test_equal_strategies_never_switch():
    text = """
    [inputs]
    x = { dist = "normal", mean = 0, sd = 1 }
    y = { dist = "normal", mean = 0, sd = 1 }
    z = { dist = "normal", mean = 0, sd = 1 }
    [strategies.one]
    model.T = "x + y + 0 * z"
    [strategies.other]
    model.T = "x - y + 0 * z"
    """
    for seed in range(10):
        record = record_of(text, "evppi", trials=16_384, seed=seed)
        assert "z" not in record["switch_factor"] and "x" not in record["switch_factor"]


def test_a_risk_is_learned_as_a_whole():
    """Whether and how hard a risk strikes together are worth more than each, and what the formula says."""
    text = """
    [inputs]
    V = { dist = "uniform", min = 0.5, max = 1.5 }
    D = 1
    R = 1
    L = 0
    [risks.rival]
    probability = 0.5
    severity = { dist = "uniform", min = 0, max = 1 }
    [strategies.go]
    [strategies.sell]
    model.T = "0.6 + 0 * V"
    """
    record = record_of(text, "evppi", trials=400_000)
    # given the risk, T is worth 1 or a uniform number: E[max(., 0.6)] = 0.5 * 1 + 0.5 * (0.36 + 0.32)
    found, errors = learned(record), learned(record, "evppi_se")
    assert found["rival"] == pytest.approx(0.5 + 0.5 * 0.68 - 0.75, abs=4.5 * errors["rival"] + 1e-3)
    assert found["rival"] > found["rival_strikes"] + 0.01 > found["rival_severity"]


def test_one_strategy_leaves_nothing_to_decide():
    record = record_of('[inputs]\nV = "1 to 2"\n[model]\nT = "V"\n', "evppi")
    assert math.isnan(record["evpi"][0])
    assert "Only one strategy" in record.text("notes")
