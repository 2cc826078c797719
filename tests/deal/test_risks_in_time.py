"""Risks that happen in time: closed forms, numerical integration, and what must never happen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from deal_trials import models_of, near, of_model, trials
from deal_trials import with_rival as deal
from scipy import integrate

from simengine.errors import InvalidInput

# ---- shares of sales ----


@pytest.mark.parametrize(("periods", "length"), [(5, 1.0), (10, 0.5), (20, 0.25)])
def test_the_mean_share_after_an_entry_is_the_closed_form_whatever_the_period(periods, length):
    """§2.5: E[mean M] = 1 - s (1 - (1 - exp(-λY)) / (λY)) = .828318 for λ = .25, Y = 5, s = .4."""
    rate, horizon, severity = 0.25, 5, 0.4
    expected = 1 - severity * (1 - (1 - math.exp(-rate * horizon)) / (rate * horizon))
    assert expected == pytest.approx(0.828318, abs=5e-7)
    text = deal(f"rate = {rate}\nseverity = {severity}", periods, length)
    near(trials(text, "sum(sales) / 1000", n=100_000), expected)


def test_the_share_of_a_period_after_the_event():
    after, time = trials(deal("rate = 0.25\nseverity = 0.4"), "rival_after", "rival_time", n=5000)
    ends = np.arange(1, 6)
    assert np.allclose(after, np.clip(ends - time[:, None], 0, 1), atol=1e-12)


@pytest.mark.parametrize("length", [1.0, 0.5])
def test_a_ramp_is_averaged_over_the_period(length):
    periods = round(4 / length)
    text = deal("rate = 0.4\nseverity = 1\nramp_years = 1.7", periods, length)
    after, time = trials(text, "rival_after", "rival_time", n=20)
    assert (time < 4).sum() > 8
    for row, start in zip(after, time, strict=True):
        for k, found in enumerate(row):
            low, high = k * length, (k + 1) * length
            area, _ = integrate.quad(
                lambda t, s=start: 1 - math.exp(-max(t - s, 0) / 1.7),
                low,
                high,
                points=[start] if low < start < high else None,
            )
            assert found == pytest.approx(area / length, abs=1e-10)


def test_a_ramp_of_0_years_is_none():
    at_once = trials(deal("rate = 0.4\nseverity = 0.5"), "sales", n=200)
    assert np.array_equal(trials(deal("rate = 0.4\nseverity = 0.5\nramp_years = 0"), "sales", n=200), at_once)


def test_a_loss_that_ends():
    text = deal("probability = 1\ntime = 0.5\nduration_years = 2\nseverity = 0.4")
    assert np.allclose(trials(text, "rival_after", n=1)[0], [0.5, 1, 0.5, 0, 0], atol=1e-15)


def test_prices_erode_from_the_middle_of_the_period():
    """§2.5: P_k = exp(-κ max(τ_k - T, 0)), τ_k the middle of the period."""
    prices, time, sold = trials(deal("rate = 0.3\nprice_erosion = 0.2"), "rival_prices", "rival_time", "sales", n=500)
    expected = np.exp(-0.2 * np.maximum(np.arange(5) + 0.5 - time[:, None], 0))
    assert np.allclose(prices, expected, rtol=1e-12)
    assert np.allclose(sold, 200 * expected, rtol=1e-12)


def test_several_entrants_come_as_a_poisson_process_and_each_takes_of_the_rest():
    text = deal("rate = 0.7\nseverity = 0.3\nentrants = 12", 4)
    names = ["rival", *(f"rival_{k}" for k in range(2, 13))]
    strikes = trials(text, " + ".join(f"{name}_strikes" for name in names), n=50_000)
    near(strikes, 0.7 * 4)
    assert np.var(strikes) == pytest.approx(0.7 * 4, rel=0.03)
    effect, *after = trials(
        text, "rival_effect", *(f"rival_{k}_after" if k > 1 else "rival_after" for k in range(1, 13)), n=300
    )
    assert np.allclose(1 - effect, np.prod([1 - 0.3 * share for share in after], axis=0), rtol=1e-12)
    # E prod (1 - s φ) of a Poisson process: exp(-λ s t) where all were there for the whole period
    effect = trials(deal("rate = 0.7\nseverity = 0.3\nentrants = 20", 400, 0.01), "at(rival_effect, 4)", n=20_000)
    near(1 - effect, math.exp(-0.7 * 0.3 * 3.995))


def test_each_entrant_has_a_severity_of_its_own():
    text = deal("rate = 9\nseverity = { dist = 'uniform', min = 0, max = 1 }\nentrants = 3")
    model = models_of(text)["base"]
    one, two, three = of_model(model, "rival_severity", "rival_2_severity", "rival_3_severity", n=4000)
    assert np.abs(np.corrcoef([one, two, three]) - np.eye(3)).max() < 0.06
    entry = model.inputs["rival_2_severity"]
    assert (entry.table, entry.stream, entry.key) == ("risks", "rival_2_severity", "risks.rival.severity")


def test_each_entrant_takes_its_own_severity_and_costs_its_own_amount():
    risk = "rate = 2\nseverity = { dist = 'uniform', min = 0, max = 1 }\ncost = '1 to 9'\nentrants = 2"
    shield = (
        "[mitigations.shield]\nalways = true\nreduces = { 'risks.rival.severity' = 0.5, 'risks.rival.cost' = 0.5 }\n"
    )
    asked = (
        "rival_effect",
        "rival_costs",
        *(f"rival{k}_{part}" for k in ("", "_2") for part in ("severity", "after", "cost", "now")),
    )
    effect, costs, s1, after1, c1, now1, s2, after2, c2, now2 = trials(deal(risk, more=shield), *asked, n=500)
    kept = (1 - 0.5 * s1[:, None] * after1) * (1 - 0.5 * s2[:, None] * after2)
    assert np.allclose(1 - effect, kept, rtol=1e-12)
    assert np.allclose(costs, 0.5 * (c1[:, None] * now1 + c2[:, None] * now2), rtol=1e-12)


# ---- when ----


def survival_of(text, n=60_000):
    return trials(text, "rival_time", n=n)


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.5])
def test_waiting_times_are_weibull(shape):
    time = survival_of(deal(f"rate = 0.3\nshape = {shape}\nseverity = 0.1"))
    for t in (0.5, 2, 5):
        near((time > t) * 1.0, math.exp(-((0.3 * t) ** shape)))


@pytest.mark.parametrize("shape", ["", "shape = 2\n"])
@pytest.mark.parametrize("starts", [0.0, 1.5])
def test_rates_by_year_add_up_to_the_hazard(starts, shape):
    rates = [0.1, 0.6, 0, 0.3, 1.0]
    risk = f"rate = {rates}\nseverity = 0.1\n{shape}" + (f"starts = {starts}" if starts else "")
    time = survival_of(deal(risk))
    for t in (0.4, 1, 1.7, 2.5, 3, 4.2, 5):
        used = sum(rate * max(min(t, k + 1) - max(k, starts), 0) for k, rate in enumerate(rates))
        near((time > t) * 1.0, math.exp(-(used ** (2 if shape else 1))))
    assert not np.any((time > 2) & (time < 3)), "no hazard, no event"
    assert time.min() > starts


def test_rates_by_formula_are_rates_by_year():
    listed = trials(deal("rate = [0.1, 0.2, 0.3, 0.4, 0.5]\nseverity = 0.1"), "rival_time", n=500)
    formula = trials(deal('rate = "= 0.1 * year"\nseverity = 0.1'), "rival_time", n=500)
    own = trials(deal('rate = "= rising / 10"\nseverity = 0.1', more='[model]\nrising = "year"\n'), "rival_time", n=500)
    assert np.allclose(listed, formula, rtol=1e-12) and np.allclose(listed, own, rtol=1e-12)


def test_entrants_with_rates_by_year():
    text = deal("rate = [0.1, 0.6, 0, 0.3, 1.0]\nseverity = 0.1\nentrants = 10")
    strikes = trials(text, "rival_strikes + " + " + ".join(f"rival_{k}_strikes" for k in range(2, 11)), n=30_000)
    near(strikes, 2.0)


def test_a_probability_a_year_is_a_hazard():
    """§5.14: p within a year is λ = -ln(1 - p)."""
    text = deal("annual_probability = 0.2\nseverity = 0.1")
    time, hazard = trials(text, "rival_time", "rival_hazard", n=60_000)
    assert hazard[0] == pytest.approx(-math.log(0.8))
    near((time <= 1) * 1.0, 0.2)
    near((time <= 3) * 1.0, 1 - 0.8**3)


@pytest.mark.parametrize("when", ["rate = 0", "annual_probability = 0", "rate = [0, 0, 0, 0, 0]", "probability = 0"])
@pytest.mark.parametrize("course", ["", "ramp_years = 2", "duration_years = 1"])
def test_without_a_hazard_nothing_happens(when, course):
    text = deal(
        f"{when}\nseverity = 0.5\nprice_erosion = 0.1\ncost = 3\nentrants = 2\n{course}".replace(
            "entrants = 2", "" if when == "probability = 0" else "entrants = 2"
        )
    )
    time, sold, npv = trials(text, "rival_time", "sales", "npv", n=300)
    assert np.all(np.isfinite(time)) and np.all(time > 5)
    assert np.all(sold == 200) and np.all(npv == 1000)


def test_an_uncertain_rate_may_be_0():
    text = deal("rate = { dist = 'discrete', values = [0, 1], weights = [0.5, 0.5] }\nseverity = 0.5")
    time, rate, strikes = trials(text, "rival_time", "rival_rate", "rival_strikes", n=2000)
    assert np.all(np.isfinite(time)) and np.all(strikes[rate == 0] == 0) and strikes[rate == 1].mean() > 0.95


def test_what_is_certain_happens_at_once():
    time = trials(deal("annual_probability = 1\nseverity = 0.5"), "rival_time", n=10)
    assert np.all(time == 0)


@pytest.mark.parametrize(
    ("at", "period", "after"), [(0, 0, [1, 1, 1]), (1, 0, [0, 1, 1]), (1.25, 1, [0, 0.75, 1]), (3, 2, [0, 0, 0])]
)
def test_a_time_belongs_to_the_period_that_ends_with_it(at, period, after):
    text = deal(f"probability = 1\ntime = {at}\nseverity = 0.5\ncost = 7", 3)
    now, share, cost, strikes = trials(text, "rival_now", "rival_after", "rival_costs", "rival_strikes", n=1)
    assert np.array_equal(now[0], np.eye(3)[period]) and np.allclose(share[0], after)
    assert np.array_equal(cost, 7 * now) and strikes[0] == 1


@pytest.mark.parametrize("risk", ["probability = 1\ntime = 5.01", "rate = 1e-9", "probability = 1\ntime = 9"])
def test_events_after_the_horizon_are_not_counted(risk):
    text = deal(
        f"{risk}\nseverity = 0.5\ncost = 9\nfine = 0.2\nlegal_share = 0.5\nterminates = 1\n"
        f"litigation = {{ cost = 1, recovery = 0.5 }}"
    )
    npv, strikes = trials(text, "npv", "rival_strikes", n=50)
    assert np.all(npv == 1000) and np.all(strikes == 0)


def test_a_probability_strikes_on_the_same_draw_as_a_plain_risk():
    plain = trials(deal(more="[risks.rival]\nprobability = 0.3\nseverity = 0.5\n"), "rival_strikes", n=500)
    event = trials(deal("probability = 0.3\nseverity = 0.5\ncost = 1"), "rival_strikes", n=500)
    uncertain = trials(
        deal("probability = { dist = 'uniform', min = 0.2999, max = 0.3001 }\nseverity = 0.5\ncost = 1"),
        "rival_strikes",
        n=500,
    )
    assert np.array_equal(plain, event) and np.mean(plain == uncertain) > 0.99


# ---- names, dependence, measures that rule out ----


@pytest.mark.parametrize("name", ["泄密", "fuite_é", "R_1"])
def test_risks_may_have_names_of_any_script(name):
    text = deal(more=f'[risks."{name}"]\nrate = 0.3\nseverity = 0.5\ncost = 2\n')
    sold, effect = trials(text, "sales", f"{name}_effect", n=100)
    assert np.allclose(sold, 200 * (1 - effect))


def test_names_of_risks_are_names_of_formulas():
    with pytest.raises(InvalidInput, match="write ip_leak"):
        models_of(deal(more="[risks.ip-leak]\nrate = 0.3\nseverity = 0.5\n"))


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ("[risks.partner]\nrate = 1\nseverity = 0.1\n[partner]\nmode = 'survival'\nrating = 'B'\n", "partner_clock"),
        (
            "[risks.rival_2]\nrate = 1\nseverity = 0.1\n[risks.rival]\nrate = 1\nseverity = 0.1\nentrants = 2\n",
            "rival_2_clock",
        ),
        (
            "[segments.a]\nV = 1\nD = 1\n[partners.a]\nshare = 1\nrating = 'B'\n[risks.a]\nrate = 1\nseverity = 0.1\n",
            "a_clock",
        ),
        ("[segments.a-b]\nV = 1\nD = 1\n[segments.a_b]\nV = 1\nD = 1\n", "a_b_V"),
        ("[constants]\nnpv = 3\n", "npv"),
        (
            (
                "[decisions]\nroyalty = { value = 0.1, min = 0, max = 1 }\n[deal]\nmode = 'licence'\n"
                "royalty = { rate = '= royalty' }\n"
            ),
            "royalty",
        ),
        ("[risks.rival]\nrate = 1\nseverity = 0.1\n[model]\nrival_clock = '1'\n", "rival_clock"),
    ],
)
def test_names_that_two_things_claim_are_refused(more, name):
    text = deal(more=more) if "segments" not in more else deal(more=more).replace("[inputs]\nV = 1000\n", "")
    with pytest.raises(InvalidInput) as refused:
        models_of(text)
    assert any(name in problem.reason and problem.line for problem in refused.value.problems), refused.value


def test_events_can_be_correlated():
    text = deal(
        "rate = 0.3\nseverity = 0.5",
        more=(
            "[risks.leak]\nprobability = 0.4\ncost = 1\n[[correlations]]\n"
            "between = ['rival_clock', 'leak_strikes']\nspearman = -0.9\n"
        ),
    )
    time, strikes = trials(text, "rival_time", "leak_strikes", n=4000)
    assert time[strikes == 1].mean() < time[strikes == 0].mean() / 2


def test_a_measure_that_rules_a_risk_out_leaves_names_and_correlations():
    text = deal(
        "rate = 0.3\nseverity = 0.5\ncost = 3\nlitigation = { recovery = 0.5 }",
        more=(
            "[risks.leak]\nrate = 0.4\ncost = 1\n[[correlations]]\n"
            "between = ['rival_clock', 'leak_clock']\nspearman = 0.5\n"
            "[mitigations.exclusive]\navoids = ['rival']\nupfront = 1\n[strategies.open]\n"
            "[strategies.safe]\nmitigations = ['exclusive']\n"
        ),
    )
    sold, strikes, leak = trials(text, "sales", "rival_strikes", "leak_time", strategy="safe", n=500)
    assert np.all(sold == 200) and not strikes.any()
    assert np.array_equal(trials(text, "leak_time", strategy="open", n=500), leak)
