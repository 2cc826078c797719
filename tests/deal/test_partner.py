"""Who pays: collection factor, defaults in time, ratings, pools and several partners, against closed forms."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from deal_trials import models_of, near, trials
from scipy import stats

from simengine.deal.clauses.partner import DEFAULTS, conditional_defaults, cumulative_default
from simengine.errors import InvalidInput

TERMS = "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1, minimum = 30 }\n"


def deal(partner, periods=5, length=1.0, inputs="", more=""):
    text = f'[scenario]\nname = "test"\nhorizon = {periods}\nperiod = {length}\n[inputs]\nV = 1000\n{inputs}\n'
    return text + partner + "\n" + more


def survival(lines, **more):
    return deal(f"[partner]\nmode = 'survival'\n{lines}\n", **more)


# ---- factor and survival ----


def test_factor_and_survival_have_one_mean_for_one_period_and_different_distributions():
    """§2.6: with H = 1 and no recovery the mean is the factor model's."""
    factor = trials(deal("[partner]\nmode = 'factor'", 1, inputs="R = 0.85"), "npv", n=10)
    assert np.all(factor == 850)
    found = trials(survival("", periods=1, inputs="R = 0.85"), "npv", n=100_000)
    near(found, 850)
    assert set(np.unique(found)) == {0.0, 1000.0}


def test_an_uncertain_standing_keeps_its_mean():
    inputs = "R = { dist = 'beta', mean = 0.85, sd = 0.1 }"
    near(trials(survival("", periods=1, inputs=inputs), "npv", n=100_000), 850)


@pytest.mark.parametrize("length", [1.0, 0.5])
def test_R_is_the_probability_of_paying_to_the_horizon(length):
    found = trials(
        survival("", periods=round(5 / length), length=length, inputs="R = 0.7"), "partner_default_time", n=60_000
    )
    for t in (1, 2.5, 5):
        near((found > t) * 1.0, 0.7 ** (t / 5))


def test_collection_before_in_and_after_the_default():
    found, time = trials(survival("annual_default = 0.3\nrecovery = 0.4"), "collection", "partner_default_time", n=300)
    ends = np.arange(1, 6)
    expected = np.where(ends < time[:, None], 1.0, np.where(ends - 1 < time[:, None], 0.4, 0.0))
    assert np.array_equal(found, expected)


def test_a_defaulted_partner_pays_no_minimum():
    text = survival("annual_default = 0.3\nrecovery = 0.4", more=TERMS.replace("0.1", "0.01"))
    claim, paid, time = trials(text, "claim", "receipts", "partner_default_time", n=2000)
    gone = np.arange(5) >= time[:, None]
    assert np.allclose(claim, 30 * ~gone), "the minimum is owed up to the period of the default"
    assert gone.any() and np.all(paid[gone] == 0)


@pytest.mark.parametrize(
    ("lines", "inputs", "expected"),
    [("", "R = 1", 1000), ("", "R = 0", 0), ("annual_default = 0", "", 1000), ("annual_default = 1", "", 0)],
)
def test_partners_who_surely_pay_and_who_surely_do_not(lines, inputs, expected):
    npv, time = trials(survival(lines, inputs=inputs), "npv", "partner_default_time", n=200)
    assert np.allclose(npv, expected) and np.all(np.isfinite(time))


def test_a_partner_who_takes_over():
    text = survival("annual_default = 0.4\nreplacement = { years = 1.5, share = 0.6 }", periods=8)
    found, time = trials(text, "partner_active * collection", "partner_default_time", n=500)
    starts = np.arange(8)
    expected = (starts + 1 < time[:, None]) * 1.0 + 0.6 * (starts >= time[:, None] + 1.5)
    assert np.array_equal(found, expected) and found.max() <= 1


def test_halving_the_period_leaves_the_default_times_where_they_were():
    years = trials(survival("rating = 'B'", periods=5), "partner_default_time", n=300)
    assert np.array_equal(
        years, trials(survival("rating = 'B'", periods=10, length=0.5), "partner_default_time", n=300)
    )


# ---- ratings ----


def test_conditional_defaults_of_the_published_table():
    """PUB-16: BB .72 2.24 4.02 5.80 7.45 8.97 % is .72 1.53 1.82 1.85 1.75 1.64 % a year, given none before."""
    found = 100 * np.array(conditional_defaults("BB"))
    assert np.allclose(found, [0.72, 1.53, 1.82, 1.85, 1.75, 1.64], atol=0.005)


@pytest.mark.parametrize("rating", list(DEFAULTS))
def test_defaults_of_a_rating_follow_its_table_and_go_on_at_its_last_hazard(rating):
    table = DEFAULTS[rating]
    assert list(table) == sorted(table) and [cumulative_default(rating, year) for year in range(1, 7)] == pytest.approx(
        table
    )
    time = trials(survival(f"rating = '{rating}'", periods=12), "partner_default_time", n=100_000)
    for year in range(1, 7):
        near((time <= year) * 1.0, table[year - 1])
    last = conditional_defaults(rating)[-1]
    near((time <= 8) * 1.0, 1 - (1 - table[-1]) * (1 - last) ** 2)
    near((time <= 1.5) * 1.0, 1 - (1 - table[0]) * math.sqrt(1 - conditional_defaults(rating)[1]))
    assert cumulative_default(rating, 8) == pytest.approx(1 - (1 - table[-1]) * (1 - last) ** 2)


def test_ratings_are_ordered():
    by_year = np.array([DEFAULTS[rating] for rating in ("BBB", "BB", "B", "CCC")])
    assert np.all(np.diff(by_year, axis=0) > 0)


# ---- pools ----


def pool(lines, **more):
    return deal(f"[partner]\nmode = 'pool'\n{lines}\n", **{"periods": 1, **more})


@pytest.mark.parametrize(
    ("default", "rho", "expected", "tolerance"),
    [(0.01, 0.2, 0.146, 0.001), (0.001, 0.2, 0.028, 0.0005), (0.01, 0.0, 0.01, 1e-12)],
)
def test_the_worst_case_default_rate_of_a_pool(default, rho, expected, tolerance):
    """PUB-14 (Hull): the 99.9 % percentile of the share in default."""
    text = pool(f"annual_default = {default}\ncorrelation = {rho}")
    share = trials(text, "default_share", n=2**17, sampler="sobol")[:, 0]
    assert np.quantile(share, 0.999) == pytest.approx(expected, abs=tolerance)
    assert share.mean() == pytest.approx(default, rel=0.01)


def test_a_pool_over_years_with_what_is_recovered():
    text = pool("rating = 'B'\ncorrelation = 0.3\nrecovery = 0.4", periods=8)
    share, paid = trials(text, "default_share", "partner_active * collection", n=50_000)
    assert np.all(np.diff(share, axis=1) >= 0), "who is in default stays there"
    for year in range(8):
        near(share[:, year], cumulative_default("B", year + 1))
    new = np.diff(share, axis=1, prepend=0)
    assert np.allclose(paid, 1 - share + 0.4 * new, atol=1e-12)


@pytest.mark.parametrize("value", ["{ dist = 'uniform', min = 0.01, max = 0.03 }", "0", "1"])
def test_a_pool_needs_one_certain_probability(value):
    with pytest.raises(InvalidInput) as refused:
        models_of(pool(f"annual_default = {value}\ncorrelation = 0.2"))
    problem = refused.value.problems[0]
    assert problem.key == "partner.annual_default" and problem.line and "one certain probability" in problem.reason


def test_a_pool_whose_defaults_a_measure_makes_uncertain_is_refused():
    measure = (
        "[mitigations.guarantee]\n"
        "reduces = { 'partner.annual_default' = { dist = 'uniform', min = 0, max = 1 } }\n"
        "always = true\n"
    )
    with pytest.raises(InvalidInput, match="one certain probability"):
        models_of(pool("annual_default = 0.02\ncorrelation = 0.2", more=measure))
    certain = measure.replace("{ dist = 'uniform', min = 0, max = 1 }", "0.5")
    near(trials(pool("annual_default = 0.02\ncorrelation = 0.2", more=certain), "default_share")[:, 0], 0.01)


# ---- several partners ----

TWO = (
    "[partners.east]\nshare = 0.6\nannual_default = {0}\nrecovery = 0.5\n"
    "[partners.west-coast]\nshare = 0.4\nannual_default = {0}\n"
)


def several(default, rho=None, periods=1, **more):
    joined = f"[partner]\ncorrelation = {rho}\n" if rho is not None else ""
    return deal(joined + TWO.replace("{0}", str(default)), periods, **more)


def test_partners_pay_their_shares():
    paid, east, west = trials(
        several(0.2, periods=4), "partner_active * collection", "east_alive", "west_coast_alive", n=500
    )
    fell = np.concatenate([np.ones((500, 1)), east[:, :-1]], axis=1) - east
    assert np.allclose(paid, 0.6 * (east + 0.5 * fell) + 0.4 * west)


@pytest.mark.parametrize(("z", "rho", "expected"), [(0.0, 0.5, 1 / 3), (-0.5, 0.5, 0.163319), (-1.5, 0.8, None)])
def test_joint_defaults_of_two_partners(z, rho, expected):
    """PUB-15 (Haug): Φ₂(0, 0; .5) = 1/3, Φ₂(-.5, -.5; .5) = .163319."""
    default = NormalDist().cdf(z)
    if expected is None:
        expected = stats.multivariate_normal.cdf([z, z], cov=[[1, rho], [rho, 1]])
    east, west = trials(several(default, rho), "1 - east_alive", "1 - west_coast_alive", n=100_000)
    near(east[:, 0], default)
    near((east * west)[:, 0], expected)


def test_partners_are_independent_unless_joined():
    for text in (several(0.3), several(0.3, 0)):
        east, west = trials(text, "1 - east_alive", "1 - west_coast_alive", n=100_000)
        near((east * west)[:, 0], 0.09)


def test_many_partners_with_one_factor_approach_the_pool():
    partners = "".join(f"[partners.p{k}]\nshare = 0.025\nannual_default = 0.05\n" for k in range(40))
    many = trials(deal("[partner]\ncorrelation = 0.3\n" + partners, 1), "1 - collection", n=20_000)[:, 0]
    near(many, 0.05)
    p, rho, z = 0.05, 0.3, NormalDist().inv_cdf(0.05)
    joint = stats.multivariate_normal.cdf([z, z], cov=[[1, rho], [rho, 1]])
    assert np.var(many) == pytest.approx(p * (1 - p) / 40 + 39 / 40 * (joint - p * p), rel=0.08)


def test_joint_defaults_over_years_are_those_of_the_copula_at_every_time():
    """§2.6: default before t iff √ρ M + √(1-ρ) ε < Φ⁻¹(PD(t)), for each t."""
    east, west = trials(several(0.1, 0.6, 5), "east_default_time", "west_coast_default_time", n=100_000)
    for t in (1, 3, 5):
        z = NormalDist().inv_cdf(1 - 0.9**t)
        near(((east <= t) & (west <= t)) * 1.0, stats.multivariate_normal.cdf([z, z], cov=[[1, 0.6], [0.6, 1]]))


def test_partners_may_be_correlated_with_other_inputs_where_they_are_not_joined():
    pair = "[[correlations]]\nbetween = ['east_clock', 'V']\nspearman = 0.8\n"
    text = several(0.3, periods=3, more=pair).replace("V = 1000", "V = '500 to 2000'")
    time, v = trials(text, "east_default_time", "V", n=5000)
    assert stats.spearmanr(time, v)[0] == pytest.approx(0.8, abs=0.03)
    with pytest.raises(InvalidInput, match="east_clock"):
        models_of(several(0.3, 0.4, more=pair))


def test_the_correlation_of_partners_is_shown():
    group = models_of(several(0.3, 0.4))["base"].dependences[0]
    assert group.names == ("east_clock", "west_coast_clock")
    assert group.matrix.tolist() == [[1, 0.4], [0.4, 1]]
