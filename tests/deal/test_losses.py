"""What risks cost and what comes back: costs, fines, disputes, courts, losses of a frequency."""

from __future__ import annotations

import math

import numpy as np
import pytest
from deal_trials import models_of, near, trials
from deal_trials import with_rival as deal

from simengine.errors import InvalidInput

# ---- what it costs ----


@pytest.mark.parametrize("length", [1.0, 0.5])
def test_costs_and_fines_do_not_depend_on_the_period(length):
    risk = "rate = 0.25\ncost = { dist = 'uniform', min = 2, max = 6 }\nfine = 0.1"
    found = trials(deal(risk, round(4 / length), length), "sum(rival_costs)", n=60_000)
    near(found, (1 - math.exp(-1)) * (4 + 0.1 * 250))


def test_the_legal_share_never_exceeds_1():
    text = deal("probability = 1\ntime = 1\nlegal_share = 0.7", 3, more="[deal]\nmode = 'value'\n").replace(
        "V = 1000", "V = 300\nL = 0.5"
    )
    share, receipts = trials(text, "legal_share", "receipts", n=1)
    assert np.allclose(share[0], [0.5, 1, 1]) and np.allclose(receipts[0], [50, 0, 0])


def test_a_dispute_cuts_the_payments_and_may_end_the_deal():
    terms = "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1 }\n"
    cut = deal("probability = 1\ntime = 1.5\nclaim_cut = 0.4", 3, more=terms)
    assert np.allclose(trials(cut, "claim", n=1)[0], np.array([1, 0.8, 0.6]) * 100 / 3)
    for_a_while = deal("probability = 1\ntime = 1\nclaim_cut = 0.4\nduration_years = 1", 3, more=terms)
    assert np.allclose(trials(for_a_while, "claim", n=1)[0], np.array([1, 0.6, 1]) * 100 / 3)
    ended = deal("probability = 1\ntime = 1.5\nterminates = 1", 3, more=terms)
    assert np.allclose(trials(ended, "claim", n=1)[0], np.array([1, 0.5, 0]) * 100 / 3)
    chance = deal("probability = 1\ntime = 0\nterminates = 0.25", 3, more=terms)
    near(trials(chance, "sum(claim)", n=20_000), 75.0)


def test_an_end_is_an_end_where_losses_build_up_or_pass():
    terms = "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1 }\n"
    for course in ("ramp_years = 3", "duration_years = 0.5"):
        text = deal(f"probability = 1\ntime = 1\nseverity = 0.5\nterminates = 1\n{course}", 3, more=terms)
        assert np.allclose(trials(text, "claim", n=1)[0], [100 / 3, 0, 0])


# ---- courts ----

SUIT = "rate = 0.4\nseverity = { dist = 'beta', alpha = 2, beta = 5 }\ncost = 2\n"
SUIT += "litigation = { probability = 0.6, cost = 3, win = 0.7, recovery = 1, delay_years = 1.5 }"


def test_a_recovery_never_exceeds_the_loss():
    for terms in (
        "",
        "[deal]\nmode = 'licence'\nroyalty = { tiers = [{ up_to = 100, rate = 0.02 }, { rate = 0.1 }], minimum = 3 }\n",
    ):
        for header in ("", "discount = { rate = 0.1 }"):
            text = deal(SUIT, 5, more=terms, header=header).replace("V = 1000", "V = 1000\nR = 0.9\nL = 0.05")
            worth = "sum(rival_{} * discount_factor)" if header else "sum(rival_{})"
            names = ("lost", "recovered", "spared_claim")
            lost, back, spared = trials(text, *map(worth.format, names), n=20_000)
            assert np.all(lost >= -1e-9) and np.all(back <= lost + 1e-9) and (back > 0).mean() > 0.1
            assert np.all(lost <= spared)


def test_the_loss_is_what_would_have_arrived():
    """Receipts without the risk, trial by trial, are receipts with it and what it cost."""
    risk = SUIT.replace("litigation", "price_erosion = 0.1\nlitigation")
    border = "[crossborder]\nwithholding = 0.1\nrate = 7\nvat = 0.06\n[partner]\nmode = 'survival'\nrating = 'B'\n"
    terms = "[deal]\nmode = 'licence'\nroyalty = { rate = 0.1 }\n"
    with_it = trials(deal(risk, 5, more=border + terms), "receipts + rival_lost", n=2000)
    without = trials(deal(more=border + terms), "receipts", n=2000)
    assert np.allclose(with_it, without, rtol=1e-11, atol=1e-11)


def test_awards_are_paid_after_their_delay_and_not_after_the_horizon():
    text = deal("probability = 1\ntime = 2\nseverity = 0.5\nlitigation = { recovery = 0.5, delay_years = 1.5 }")
    lost, back = trials(text, "rival_lost", "rival_recovered", n=1)
    assert np.allclose(lost[0], [0, 0, 100, 100, 100]) and np.allclose(back[0], [0, 0, 0, 150, 0])
    late = text.replace("1.5 }", "3.5 }")
    assert trials(late, "sum(rival_recovered)", n=1)[0] == 0
    discounted = text.replace("period = 1.0", "period = 1.0\ndiscount = { rate = 0.1, timing = 'end' }")
    expected = 0.5 * sum(100 / 1.1**k for k in (3, 4, 5))
    assert trials(discounted, "rival_award", n=1)[0] == pytest.approx(expected, rel=1e-14)


def test_suits_are_brought_and_won_with_their_probabilities():
    text = deal(
        "probability = 1\ntime = 1\nseverity = 0.5\n"
        "litigation = { probability = 0.6, cost = 10, win = 0.7, recovery = 0.5, delay_years = 1 }"
    )
    cost, back = trials(text, "sum(rival_costs)", "sum(rival_recovered)", n=40_000)
    near(cost, 6.0)
    near(back, 0.6 * 0.7 * 0.5 * 400)


# ---- losses of a frequency ----


def test_yearly_losses_have_the_published_mean():
    """PUB-06 (riskquant): .1 a year, lognormal with a 90 % interval of 1e5 to 1e6: 40,400.13 a year."""
    loss = "{ dist = 'lognormal', p5 = 1e5, p95 = 1e6 }"
    text = deal(f"frequency = 0.1\nloss = {loss}", 2)
    costs = trials(text, "rival_costs", n=200_000)
    near(costs[:, 0], 40_400.128269457266)
    near(costs.sum(axis=1), 2 * 40_400.128269457266)
    assert abs(np.corrcoef(costs.T)[0, 1]) < 0.01, "years are independent"
    halves = trials(deal(f"frequency = 0.1\nloss = {loss}", 4, 0.5), "sum(rival_costs)", n=200_000)
    near(halves, 2 * 40_400.128269457266)


def test_compound_losses_have_the_published_probabilities():
    """PUB-07: λ = 5, severities 100, 500, 1000 with .8, .16, .04: P(S = 600) = .0598929 (Loss Models)."""
    loss = "{ dist = 'discrete', values = [100, 500, 1000], weights = [0.8, 0.16, 0.04] }"
    costs = trials(deal(f"frequency = 5\nloss = {loss}", 1), "sum(rival_costs)", n=200_000)
    near((np.abs(costs - 600) < 1e-6) * 1.0, 0.0598929)


def test_measures_on_losses():
    text = deal(
        "frequency = 2\nloss = { dist = 'lognormal', mean = 10, sd = 5 }",
        more="[mitigations.shield]\n"
        "reduces = { 'risks.rival.frequency' = 0.5, 'risks.rival.loss' = { dist = 'uniform', min = 0, max = 0.5 } }\n"
        "[mitigations.wall]\nreduces = { 'risks.rival.frequency' = 1 }\n"
        "[mitigations.exit]\navoids = ['rival']\n"
        "[strategies.bare]\n[strategies.safe]\nmitigations = ['shield']\n[strategies.walled]\n"
        "mitigations = ['wall']\n[strategies.out]\nmitigations = ['exit']\n",
    )
    near(trials(text, "sum(running_costs)", strategy="bare", n=50_000), 100)
    near(trials(text, "sum(running_costs)", strategy="safe", n=50_000), 100 * 0.5 * 0.75)
    assert trials(text, "npv", strategy="walled", n=3)[0] == 1000
    assert trials(text, "npv", strategy="out", n=3)[0] == 1000


def test_insurance_of_losses_pays_its_layer():
    text = deal(
        "frequency = 2\nloss = { dist = 'lognormal', mean = 10, sd = 5 }",
        more=(
            "[mitigations.policy]\nannual = 4\nalways = true\n"
            "insurance = { covers = ['rival'], deductible = 15, limit = 30 }\n"
        ),
    )
    costs, paid = trials(text, "rival_costs", "policy_payout", n=2000)
    assert np.allclose(paid, np.minimum(np.maximum(costs - 15, 0), 30))


def test_an_uncertain_measure_on_the_frequency_is_refused_with_a_remedy():
    text = deal(
        "frequency = 2\nloss = 10",
        more="[mitigations.shield]\nalways = true\nreduces = { 'risks.rival.frequency' = '0.2 to 0.5' }\n",
    )
    with pytest.raises(InvalidInput, match=r"risks\.rival\.loss") as refused:
        models_of(text)
    assert refused.value.problems[0].line
