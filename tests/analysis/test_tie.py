"""Walk-away prices: closed forms, intervals that hold, several roots, none, jumps, and what cannot be varied."""

import math

import numpy as np
import pytest
from scipy import stats

from simengine.analysis.decisions.path import models_with, number_at
from simengine.analysis.decisions.tie import Root, find_tie
from simengine.analysis.measures import read_measure
from simengine.analysis.variants import Draws
from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.plan.draws import addresses_of
from simengine.report.breakeven import Asked, breakeven_csv, breakeven_object, breakeven_report
from simengine.report.text import Style
from simengine.scenario import load

DEAL = """
[scenario]
name = "tie"
currency = "USD"
[inputs]
V = { dist = "normal", mean = 100, sd = 20 }
price = 70
[constants]
share = 0.8
[model]
T = "share * V"
[strategies.licence]
[strategies.sale]
model.T = "price"
[strategies.twin]
"""


@pytest.fixture
def deal(tmp_path):
    path = tmp_path / "tie.toml"
    path.write_text(DEAL, encoding="utf-8")
    return path


def tie(path, vary, bounds, *, between=("licence", "sale"), statistic="mean", target=0.0, sampler="random", seed=1,
        trials=4096):  # fmt: skip
    scenario = load(path)
    number = number_at(scenario, vary)
    draws = Draws(trials, seed, sampler, addresses_of(expand(scenario)))
    measure = read_measure(statistic, ["T"])
    found = find_tie(lambda x: models_with(scenario, number, x), between, measure, bounds, draws, target=target)
    return found, Asked("A tie", number, *bounds, draws, "USD")


def test_a_normal_licence_ties_with_a_price_at_its_mean(deal):
    found, _ = tie(deal, "inputs.price", (50, 120))
    (root,) = found.roots
    assert root.se == pytest.approx(16 / math.sqrt(4096), rel=0.4)
    assert abs(root.value - 80.0) < 4 * root.se
    assert root.slope == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("statistic", "exact"),
    [
        ("P10", 0.8 * (100 + 20 * stats.norm.ppf(0.1))),
        ("median", 80.0),
        ("CE(50)", 80 - 256 / 100),
        ("CVaR95", 80 - 16 * stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05),
    ],
)
def test_other_statistics_tie_at_their_own_prices(deal, statistic, exact):
    found, _ = tie(deal, "inputs.price", (30, 120), statistic=statistic, sampler="sobol", trials=16384)
    (root,) = found.roots
    assert abs(root.value - exact) < 4 * root.se + 1e-4 * abs(exact)
    assert root.se < 0.1


def test_one_strategy_reaches_a_target_by_a_parameter_of_a_distribution(deal):
    """P(T < 60) = Phi((60 / 0.8 - mean) / 20) is 10 % at mean = 75 + 20 * 1.2816."""
    found, asked = tie(deal, "inputs.V.mean", (60, 160), between=("licence", None), statistic="P(T < 60)", target=0.1,
                       trials=16384)  # fmt: skip
    (root,) = found.roots
    assert abs(root.value - (75 - 20 * stats.norm.ppf(0.1))) < 4 * root.se
    assert "is below the target" in breakeven_report(found, asked, Style())


def test_intervals_hold(deal):
    """40 seeds: 95 % intervals cover at least 34 of them; errors halved cover 27, and 34 in one of 100 cases."""
    roots = [tie(deal, "share", (0.5, 1.0), seed=seed, trials=512)[0].roots[0] for seed in range(40)]
    assert sum(root.low <= 0.7 <= root.high for root in roots) >= 34
    spread = np.std([root.value for root in roots], ddof=1)
    assert np.mean([root.se for root in roots]) == pytest.approx(spread, rel=0.3)


def test_several_roots_are_all_found_and_none_is_said_plainly(tmp_path):
    text = DEAL.replace('"share * V"', '"V - 20 + 40 * (share - 1) * (share - 2) * (share - 3)"')
    path = tmp_path / "cubic.toml"
    path.write_text(text.replace("price = 70", "price = 80"), encoding="utf-8")
    found, asked = tie(path, "share", (0, 4), sampler="sobol", trials=65536)
    assert [root.value for root in found.roots] == pytest.approx([1, 2, 3], abs=0.01)
    assert "There are 3 values" in breakeven_report(found, asked, Style())
    nowhere, asked = tie(path, "share", (3.5, 4))
    assert nowhere.roots == () and nowhere.may_touch is None
    assert "Nowhere in the range: licence is above throughout." in breakeven_report(nowhere, asked, Style())


def test_a_number_that_makes_no_difference_is_said(deal):
    same, asked = tie(deal, "share", (0.5, 1.0), between=("licence", "twin"))
    assert same.constant and "Everywhere in the range" in breakeven_report(same, asked, Style())
    apart, asked = tie(deal, "inputs.price", (1, 2), between=("licence", None), target=3.0)
    assert apart.constant and "does not depend on inputs.price" in breakeven_report(apart, asked, Style())


def test_a_jump_over_zero_is_no_tie(tmp_path):
    text = DEAL.replace('"share * V"', '"where(V > 100, 90, 60) + where(share > 0.7, 50, 0)"')
    path = tmp_path / "jump.toml"
    path.write_text(text.replace("price = 70", "price = 100"), encoding="utf-8")
    found, asked = tie(path, "share", (0.51, 0.99))
    (root,) = found.roots
    assert root.jumps and math.isnan(root.se)
    assert root.value == pytest.approx(0.7, abs=1e-6)
    assert "jumps over 0" in breakeven_report(found, asked, Style())
    assert breakeven_object(found, asked)["roots"][0]["se"] is None


def test_a_touch_without_crossing_is_mentioned(tmp_path):
    text = DEAL.replace('"share * V"', '"V - 20 + 100 * (share - 1)**2"').replace("price = 70", "price = 79.7")
    path = tmp_path / "touch.toml"
    path.write_text(text, encoding="utf-8")
    found, asked = tie(path, "share", (0, 2), trials=1024)
    if not found.roots:
        assert found.may_touch == pytest.approx(1.0, abs=0.1)
        assert "comes within its error" in breakeven_report(found, asked, Style())


NOISE = """
[scenario]
name = "noise"
[inputs]
V = { dist = "normal", mean = 100, sd = 30 }
W = { dist = "normal", mean = 100, sd = 30 }
[constants]
x = 10
[model]
T = "V"
[strategies.a]
[strategies.b]
model.T = "W - SLOPE * (x - 10)"
"""
"""a ties with b at x = 10; on 1,024 draws the difference has a standard error of 1.3."""


def noisy(tmp_path, slope):
    path = tmp_path / "noise.toml"
    path.write_text(NOISE.replace("SLOPE", slope), encoding="utf-8")
    return [tie(path, "x", (0, 20), between=("a", "b"), seed=seed, trials=1024) for seed in range(12)]


def test_a_root_whose_interval_covers_the_range_is_not_located(tmp_path):
    found = [(one, asked) for one, asked in noisy(tmp_path, "0.1") if one.roots]
    assert len(found) >= 3
    for one, asked in found:
        (root,) = one.roots
        assert not root.located and math.isnan(root.se) and math.isnan(root.low)
        text = " ".join(breakeven_report(one, asked, Style()).split())
        assert "the two tie cannot be located within the range" in text and "interval 0" not in text
        assert breakeven_object(one, asked)["roots"][0]["located"] is False


def test_a_root_on_a_slope_that_may_be_nothing_is_not_located(tmp_path):
    """The slope is the difference of two means that are equal: it differs from 0 by 1.96 errors in 5 % of cases."""
    noise = NOISE.replace('T = "V"', 'T = "V * (x - 8) / 10"').replace("W - SLOPE * (x - 10)", "W * (x - 8) / 10")
    path = tmp_path / "slope.toml"
    path.write_text(noise, encoding="utf-8")
    found = [tie(path, "x", (0, 20), between=("a", "b"), seed=seed, trials=1024)[0] for seed in range(20)]
    roots = [root for one in found for root in one.roots]
    assert len(roots) == 20  # every difference is 0 at 8
    assert sum(root.located for root in roots) <= 3


def test_intervals_end_with_the_range_and_say_so(tmp_path):
    found = [(one, asked) for one, asked in noisy(tmp_path, "0.3") if one.roots and one.roots[0].clipped]
    assert found
    for one, asked in found:
        assert one.roots[0].low >= 0.0 and one.roots[0].high <= 20.0
        assert "cut off at the end of the range" in " ".join(breakeven_report(one, asked, Style()).split())


def test_paths_are_looked_up(deal):
    scenario = load(deal)
    assert number_at(scenario, "share").path == "constants.share"
    assert number_at(scenario, "inputs.V.sd").value == 20.0
    assert number_at(scenario, "inputs.V.scale").value is None
    for path, said in (
        ("inputs.prise", "did you mean inputs.price"),
        ("strategies.sale.model.T", "only a number can be varied"),
        ("simulate.seed", "no such number"),
    ):
        with pytest.raises(InvalidInput, match=said):
            number_at(scenario, path)


def test_a_value_that_makes_no_scenario_is_refused(deal):
    with pytest.raises(InvalidInput, match=r"--vary: inputs\.V\.sd = -1"):
        models_with(load(deal), number_at(load(deal), "inputs.V.sd"), -1.0)


def test_the_side_on_which_a_strategy_is_better_is_right(deal):
    found, asked = tie(deal, "inputs.price", (50, 120))
    assert "Above it sale is better, below it licence." in " ".join(breakeven_report(found, asked, Style()).split())
    loss, asked = tie(deal, "inputs.price", (30, 120), statistic="CVaR95")
    assert "Above it sale is better, below it licence." in " ".join(breakeven_report(loss, asked, Style()).split())


def test_every_number_is_in_the_files(deal):
    found, asked = tie(deal, "inputs.price", (50, 120))
    assert len(breakeven_csv(found, asked).decode().splitlines()) == 1 + len(found.at)
    assert breakeven_object(found, asked)["roots"][0]["value"] == found.roots[0].value
    assert isinstance(found.roots[0], Root)
