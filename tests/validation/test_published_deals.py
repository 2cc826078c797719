"""Published cases of deals: each by the clauses that a reader of the source would write."""

from __future__ import annotations

import math

import numpy as np
import pytest
from deal_cases import deal, scenario

HORIZONS = (1, 2, 7)


def test_the_base_formula_to_the_bit():
    """T = V D R (1 - L) with one period is the plain Python expression, for every trial."""
    market = (
        "[inputs]\nV = '600 to 1600'\nD = { dist = 'pert', min = 0.4, mode = 0.7, max = 0.9 }\n"
        "R = { dist = 'beta', mean = 0.9, sd = 0.05 }\nL = { dist = 'pert', min = 0.02, mode = 0.05, max = 0.15 }\n"
    )
    for horizon in HORIZONS:
        found = deal(scenario("[deal]\nmode = 'value'\n", horizon=horizon, market=market), trials=2_000)
        base = ((found["V"] * found["D"]) * found["R"]) * (1 - found["L"])
        if horizon == 1:
            assert np.array_equal(found["npv"], base)
        else:
            assert np.allclose(found["npv"], base, rtol=1e-12, atol=0)
    for v, d, r, share, expected in ((1000, 0.8, 0.9, 0.05, 684), (1000, 0.9, 0.95, 0.05, 812.25)):
        text = scenario("[deal]\nmode = 'value'\n", horizon=1, market=f"[inputs]\nV={v}\nD={d}\nR={r}\nL={share}\n")
        assert deal(text).one("npv") == ((v * d) * r) * (1 - share) == expected


def test_the_base_formula_with_any_allocation():
    market = "[inputs]\nV = 1000\nD = 0.7\nR = 0.85\nL = 0.05\n[demand]\nallocation = [0.1, 0.2, 0.3, 0.4]\n"
    assert deal(scenario("[deal]\n", horizon=4, market=market)).one("npv") == pytest.approx(565.25, rel=1e-12)


def test_value_and_upfront_as_in_borgonovo():
    """V, D, U uniform on (0, 1): T = V D + U has mean .75 and variance 19/144 (Borgonovo 2017)."""
    unit = "{ dist = 'uniform', min = 0, max = 1 }"
    text = scenario(
        f"[deal]\nmode = 'value'\nupfront = {unit}\n", horizon=1, market=f"[inputs]\nV = {unit}\nD = {unit}\n"
    )
    found = deal(text, trials=100_000)
    assert np.array_equal(found["npv"], found["deal_upfront"] + found["V"] * found["D"])
    assert found["npv"].mean() == pytest.approx(0.75, abs=5 * math.sqrt(19 / 144 / 100_000))
    assert found["npv"].var() == pytest.approx(19 / 144, rel=0.02)


def test_a_minimum_royalty_is_a_call_on_sales():
    """S = 42, K = 40, r = 10 %, sigma = 20 %, half a year: call 4.76, put .81 (Hull); max(S, K) = K + (S - K)+."""
    rate, sigma, years, start, strike = 0.1, 0.2, 0.5, 42.0, 40.0
    mu = math.log(start) + (rate - sigma**2 / 2) * years
    text = scenario(
        f"[deal]\nmode = 'licence'\nroyalty = {{ rate = 1, minimum = {strike / years} }}\n",
        horizon=1,
        period=years,
        head=f"discount = {{ rate = {math.expm1(rate)!r}, timing = 'end' }}\n",
        market=f"[inputs]\nV = {{ dist = 'lognormal', mu = {mu!r}, sigma = {sigma * math.sqrt(years)!r} }}\nD = 1\n",
    )
    found = deal(text, trials=200_000)
    factor = math.exp(-rate * years)
    call = found["npv"] - factor * strike
    assert np.allclose(call, factor * np.maximum(found["V"] - strike, 0), atol=1e-12)
    assert call.mean() == pytest.approx(4.7594, abs=5 * call.std() / math.sqrt(200_000))
    put = found["npv"] - factor * found["V"]
    assert put.mean() == pytest.approx(0.8086, abs=5 * put.std() / math.sqrt(200_000))


def contract(u: float, royalty: float = 0.1) -> tuple[float, float, float]:
    """Values of the project, the licensor and the partner in the published contract model, exactly.

    Success 30 %, development cost 5 shared equally, launch cost 80, sales 100 (1 + u) or 100 (1 - u): the values of the
    four states come from trials, their probabilities are known.
    """
    market = (
        f"[inputs]\nD = 1\nV = {{ dist = 'discrete', values = [{100 * (1 - u)!r}, {100 * (1 + u)!r}], "
        "weights = [0.5, 0.5] }\n"
        if u
        else "[inputs]\nD = 1\nV = 100\n"
    )
    text = scenario(
        f"[deal]\nmode = 'licence'\nroyalty = {{ rate = {royalty} }}\n",
        "[development]\nour_share = 0.5\nstages = [{ name = 'development', cost = 5, success = 0.3 }]\n"
        "[partner]\nmargin = 1\nlaunch_cost = 80\nwalk_away = true\n",
        horizon=1,
        market=market,
    )
    found = deal(text, trials=400)
    sales, success = np.broadcast_to(found["V"], 400), found["technical_success"]
    states = {(s, v): int(np.flatnonzero((success == s) & (sales == v))[0]) for s in (0, 1) for v in np.unique(sales)}
    licensor = partner = 0.0
    for (s, _), trial in states.items():
        weight = (0.3 if s else 0.7) / len(np.unique(sales))
        licensor += weight * found["npv"][trial]
        partner += weight * found["partner_npv"][trial]
    return licensor + partner, licensor, partner


@pytest.mark.parametrize("u", [0, 0.01, 0.05, 0.08, 0.11])
def test_the_contract_model_where_the_partner_always_launches(u):
    assert contract(u) == pytest.approx((1, 0.5, 0.5), abs=1e-12)


@pytest.mark.parametrize("u", [0.12, 0.2, 0.5])
def test_the_contract_model_where_the_partner_may_walk_away(u):
    """In the bad state sales less 80 and the royalty are below 0: all that is sold is 100 (1 + u), half of the time."""
    up = 100 * (1 + u)
    licensor, partner = 0.15 * 0.1 * up - 2.5, 0.15 * (0.9 * up - 80) - 2.5
    assert contract(u) == pytest.approx((licensor + partner, licensor, partner), abs=1e-12)


def test_what_the_right_to_walk_away_costs_the_licensor():
    """At u = 12 % the licensor falls from .5 to -.82, and the project loses what the bad state would have earned."""
    project, licensor, partner = contract(0.12)
    assert (project, licensor, partner) == pytest.approx((-0.2, -0.82, 0.62), abs=1e-12)
    assert contract(0.12, royalty=0.0)[0] == pytest.approx(1, abs=1e-12)  # without a royalty it launches in both
