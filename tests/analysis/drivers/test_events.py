"""Risks whose probability is itself uncertain: what strikes is an event, not the draw that decides it.

Known answers come from NumPy's own draws and, where strikes and severities are simple, from arithmetic.
"""

from __future__ import annotations

import numpy as np
import pytest

from simengine.analysis.drivers import compute
from simengine.errors import InvalidInput
from simengine.report.drivers_result import Drivers
from tests.drivers_cases import by_factor, learned, record_of

PROBABILITY = '{ dist = "uniform", min = 0.05, max = 0.15 }'
RISK = """
[inputs]
V = { dist = "normal", mean = 5, sd = 1 }
[risks.claim]
probability = %s
severity = { dist = "uniform", min = 1, max = 9 }
[strategies.keep]
model.T = "V - claim"
[strategies.sell]
model.T = "4 + 0 * V"
"""
UNCERTAIN, CERTAIN = RISK % PROBABILITY, RISK % "0.1"


def simulated(trials=2_000_000):
    """V and what the claim takes, drawn by NumPy alone."""
    generator = np.random.default_rng(7)
    probability = generator.uniform(0.05, 0.15, trials)
    strikes = generator.random(trials) > 1.0 - probability
    return generator.normal(5, 1, trials), np.where(strikes, generator.uniform(1, 9, trials), 0.0), strikes


def test_shares_of_variance_of_a_risk_are_those_of_a_simulation():
    """V and the claim are independent and add up, so the claim's share is Var(claim) / (Var(claim) + 1)."""
    _, claim, strikes = simulated()
    share = claim.var() / (1.0 + claim.var())
    of_strikes = 0.1 * 0.9 * 25 / (1.0 + claim.var())  # the mean differs by 5 as it strikes or not
    for text in (UNCERTAIN, CERTAIN):
        found = by_factor(record_of(text, "sobol", points=4096, trials=400_000), "first_order", "keep")
        assert found["claim"] == pytest.approx(share, abs=0.01)
        assert found["claim_strikes"] == pytest.approx(of_strikes, abs=0.01)
    assert strikes.mean() == pytest.approx(0.1, abs=1e-3)


def test_the_value_of_learning_a_risk_is_that_of_a_simulation():
    """Keep is worth 5 - claim given the claim, sell 4: learning it is worth E[max(5 - claim, 4)] less the best mean."""
    _, claim, strikes = simulated()
    whole = np.maximum(5 - claim, 4).mean() - max(5 - claim.mean(), 4)
    event = 0.9 * 5 + 0.1 * 4 - (5 - 0.5)  # it is sold where it strikes: keep is worth 0 there
    assert np.mean(np.where(strikes, 4, 5)) - 4.5 == pytest.approx(event, abs=2e-3)
    for text in (UNCERTAIN, CERTAIN):
        record = record_of(text, "evppi", trials=400_000)
        found = learned(record)
        assert found["claim"] == pytest.approx(whole, abs=0.005)
        assert found["claim_strikes"] == pytest.approx(event, abs=0.005)
        place = record["factor"].tolist().index("claim_strikes")
        assert record["event_best"][0, place] == "strikes: sell; does not strike: keep"
        k = record["switch_factor"].tolist().index("claim_strikes")
        assert record["switch_rank"][k] == pytest.approx(0.9) and record["switch_value"][k] == 1.0
        assert record["cells"][place] == 2


def test_people_see_the_event_and_not_the_draw_that_decides_it():
    record = record_of(UNCERTAIN, "tornado", "evppi", "spider", "reverse", trials=20_000)
    kinds = dict(zip(record["factor"].tolist(), record["factor_kind"].tolist(), strict=True))
    assert kinds == {
        **{"V": "input", "claim_probability": "input", "claim_severity": "input"},
        **{"claim_strikes": "event", "claim": "risk"},
    }
    assert "chance" not in repr(Drivers(record))
    certain = record_of(CERTAIN, "tornado", trials=20_000)
    one, other = (by_factor(r, "spearman", "keep")["claim_strikes"] for r in (record, certain))
    assert one == pytest.approx(other, abs=0.03) and one < -0.3


def test_strategies_of_different_probability_have_a_class_for_each_combination():
    """Protection halves the probability on the same draw: it strikes nowhere, without protection only, or in both."""
    base = """
    [inputs]
    V = 5
    [risks.claim]
    probability = %s
    severity = 4
    [strategies.bare]
    model.T = "V - claim"
    [strategies.protected]
    "risks.claim.probability" = %s
    model.T = "V - 0.6 - claim"
    """
    narrow = (
        '{ dist = "uniform", min = 0.199999, max = 0.200001 }',
        '{ dist = "uniform", min = 0.099999, max = 0.100001 }',
    )
    for first, second in (("0.2", "0.1"), narrow):
        record = record_of(base % (first, second), "evppi", "tornado", trials=200_000)
        place = record["factor"].tolist().index("claim_strikes")
        said = record["event_best"][0, place]
        assert said.count("strikes only in bare: protected") == 1 and "does not strike: bare" in said
        # 5 with probability 0.8, 4.4 in the 0.1 that protection saves, 1 in the rest; at once bare is worth 4.2
        assert learned(record)["claim_strikes"] == pytest.approx(0.8 * 5 + 0.1 * 4.4 + 0.1 * 1 - 4.2, abs=0.02)
        for strategy in ("bare", "protected"):
            assert by_factor(record, "mean_change", strategy)["claim_strikes"] == pytest.approx(-4.0)


@pytest.mark.parametrize(
    ("condition", "share"),
    [
        ("claim_strikes>=1", 0.1),
        ("claim_strikes<1", 0.9),
        ("claim>0", 0.1),
        ("claim>=5", 0.05),
        ("claim<5", 0.95),
        ("left>4.5 and claim_strikes<=0", 0.9 * 0.6914625),
    ],
)
def test_conditions_on_events_risks_and_formulas(condition, share):
    text = UNCERTAIN.replace('model.T = "V - claim"', 'model.left = "V - claim"\nmodel.T = "left"')
    record = record_of(text, "stress", stress=[condition], trials=100_000, strategies=("keep",))
    assert record["stress_trials"][0, 0] / 100_000 == pytest.approx(share, abs=0.005)


def test_strict_conditions_leave_the_value_itself_out():
    text = '[inputs]\nx = { dist = "discrete", values = [1, 2, 3], weights = [0.25, 0.5, 0.25] }\n[model]\nT = "x"\n'
    for condition, share in (("x<2", 0.25), ("x<=2", 0.75), ("x>2", 0.25), ("x>=2", 0.75), ("x>P50", 0.25)):
        record = record_of(text, "stress", stress=[condition])
        assert record["stress_trials"][0, 0] / 100_000 == pytest.approx(share, abs=0.01), condition


def test_formulas_of_constants_are_refused():
    with pytest.raises(InvalidInput, match="same number in every trial"):
        compute.parse_conditions(["fee<=1"], _models('[inputs]\nx = "1 to 2"\n[model]\nfee = "2 * 3"\nT = "x - fee"\n'))


def _models(text):
    from simengine import scenario
    from simengine.deal.expand import expand
    from tests.drivers_cases import HEAD

    return expand(scenario.loads(HEAD + text))


def test_the_worst_trials_tell_how_often_a_risk_strikes():
    v, claim, strikes = simulated()
    worst = v - claim
    share = strikes[worst <= np.quantile(worst, 0.05)].mean()
    record = record_of(UNCERTAIN, "reverse", trials=100_000, strategies=("keep",))
    place = record["factor"].tolist().index("claim_strikes")
    assert record["tail"][0, 0, place, 0] == pytest.approx(share, abs=0.01)
    assert record["tail_base"][0, 0, place, 0] == pytest.approx(0.1)
    assert "claim_strikes: strikes in" in repr(Drivers(record)) and "10 % overall" in repr(Drivers(record))


def test_too_few_of_the_worst_trials_say_nothing():
    record = record_of(UNCERTAIN, "reverse", trials=200, strategies=("keep",))
    assert np.isnan(record["tail"]).all() and record["tail_trials"][0, 0] == 10
    assert "draw at least 640 trials" in record.text("notes")


def test_the_change_of_the_mean_between_p10_and_p90():
    """Of a sum of normals 2 x + y: 2 * 2 * 1.2816 in x; of an event the whole severity, and 0 of what is not used."""
    text = """
    [inputs]
    x = { dist = "normal", mean = 0, sd = 1 }
    y = { dist = "normal", mean = 0, sd = 1 }
    z = { dist = "normal", mean = 0, sd = 1 }
    [risks.fire]
    probability = 0.03
    severity = { dist = "uniform", min = 2, max = 4 }
    [model]
    T = "2 * x + y - fire"
    """
    record = record_of(text, "tornado", trials=400_000)
    found, errors = by_factor(record, "mean_change"), by_factor(record, "mean_change_se")
    for name, expected in (("x", 4 * 1.2815516), ("y", 2 * 1.2815516), ("z", 0.0), ("fire_strikes", -3.0)):
        assert found[name] == pytest.approx(expected, abs=4.5 * errors[name] + 0.005), name
    # severity moves the mean by its range from P10 to P90 times the probability, though its swing is 0
    assert found["fire_severity"] == pytest.approx(-0.03 * 1.6, abs=4.5 * errors["fire_severity"])
    assert np.ptp(record["swing"][0, 0, record["factor"].tolist().index("fire_severity")]) == 0.0
