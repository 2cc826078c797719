"""Measures: what they change, what they pay, and that strategies with and without them share their draws."""

from __future__ import annotations

import numpy as np
import pytest
from deal_trials import models_of, near, trials

from simengine.errors import InvalidInput

HEAD = '[scenario]\nname = "test"\nhorizon = 4\n[inputs]\nV = 1000\n'
RIVAL = "[risks.rival]\nrate = 0.5\nseverity = { dist = 'beta', alpha = 2, beta = 3 }\ncost = 10\n"
BOTH = "[strategies.bare]\n[strategies.safe]\nmitigations = ['shield']\n"


def both(text, *expressions, n=4000, **more):
    """Values without and with the measure ``shield``."""
    text = HEAD + text + BOTH
    return [trials(text, *expressions, strategy=strategy, n=n, **more) for strategy in ("bare", "safe")]


# ---- what measures change ----


def test_a_lower_rate_makes_the_same_event_later():
    bare, safe = both(RIVAL + "[mitigations.shield]\nreduces = { 'risks.rival.rate' = 0.6 }\n", "rival_time")
    assert np.allclose(safe, bare / 0.4, rtol=1e-12)


def test_measures_on_severity_cost_and_fixed_values():
    measure = (
        "[mitigations.shield]\nreduces = { 'risks.rival.severity' = 0.25, 'inputs.V' = 0.1 }\n"
        "multiplies = { 'risks.rival.cost' = 3 }\n"
    )
    bare, safe = both(RIVAL + measure, "rival_effect", "rival_costs", "market")
    assert np.allclose(safe[0], 0.75 * bare[0], rtol=1e-13)
    assert np.allclose(safe[1], 3 * bare[1], rtol=1e-13)
    assert np.allclose(safe[2], 0.9 * bare[2], rtol=1e-13)


def test_several_measures_multiply():
    text = (
        HEAD
        + RIVAL
        + (
            "[mitigations.a]\nreduces = { 'risks.rival.rate' = 0.5 }\n[mitigations.b]\n"
            "multiplies = { 'risks.rival.rate' = 0.5 }\nreduces = { 'risks.rival.rate' = 0.2 }\n"
        )
    )
    text += "[strategies.bare]\n[strategies.two]\nmitigations = ['b', 'a']\n"
    hazard = [trials(text, "rival_hazard", strategy=strategy, n=1)[0] for strategy in ("bare", "two")]
    assert hazard == pytest.approx([0.5, 0.5 * 0.5 * 0.5 * 0.8])


def test_an_uncertain_effect_is_drawn():
    measure = "[mitigations.shield]\nreduces = { 'risks.rival.rate' = { dist = 'uniform', min = 0.2, max = 0.8 } }\n"
    bare, safe = both(RIVAL + measure, "rival_hazard")
    assert np.all(bare == 0.5) and safe.min() >= 0.1 and safe.max() <= 0.4
    near(safe, 0.25)


@pytest.mark.parametrize(
    ("risk", "target", "expected"),
    [
        ("annual_probability = 0.2", "annual_probability", -np.log(1 - 0.1)),
        ("rate = [0.1, 0.2, 0.3, 0.4]", "rate", [0.05, 0.1, 0.15, 0.2]),
        ("rate = '= year / 10'", "rate", [0.05, 0.1, 0.15, 0.2]),
    ],
)
def test_every_kind_of_rate_can_be_changed(risk, target, expected):
    text = (
        f"[risks.rival]\n{risk}\nseverity = 0.5\n[mitigations.shield]\nreduces = {{ 'risks.rival.{target}' = 0.5 }}\n"
    )
    _, safe = both(text, "rival_hazard", n=1)
    assert np.allclose(safe[0], expected)


def test_probabilities_and_plain_risks_can_be_changed():
    text = "[risks.rival]\nprobability = 0.4\ncost = 1\n[risks.plain]\nprobability = 0.4\nseverity = 0.5\n"
    text += (
        "[mitigations.shield]\n"
        "reduces = { 'risks.rival.probability' = 0.5, 'risks.plain.probability' = 0.75, "
        "'risks.plain.severity' = 0.2 }\n"
    )
    bare, safe = both(text, "rival_strikes", "plain_strikes", "plain", n=40_000)
    near(safe[0], 0.2)
    near(safe[1], 0.1)
    assert set(np.unique(safe[2])) == {0.0, 0.4} and set(np.unique(bare[2])) == {0.0, 0.5}
    assert np.all(safe[0] <= bare[0]) and np.all(safe[1] <= bare[1]), "the same draw decides"


def test_plain_risks_and_costs_of_a_deal_are_those_of_the_plain_model():
    text = HEAD.replace("horizon = 4\n", "") + (
        "D = 0.8\nR = 0.9\nL = 0.05\n[risks.plain]\nprobability = 0.4\n"
        "severity = { dist = 'beta', alpha = 2, beta = 5 }\n[costs]\nsetup = '5 to 10'\n"
    )
    plain = trials(text, "T", n=500)
    over_years = trials(text + "[deal]\nmode = 'value'\n", "npv", n=500)
    assert np.allclose(plain, over_years, rtol=1e-13)


def test_costs_of_both_kinds_and_terms_can_be_changed():
    text = (
        "[costs]\nsetup = 10\nsupport = { annual = 4 }\n[mitigations.shield]\n"
        "reduces = { 'costs.setup' = 0.5, 'costs.support.annual' = 0.25 }\n"
    )
    bare, safe = both(text, "initial_costs", "running_costs", n=1)
    assert (bare[0][0], safe[0][0]) == (10, 5)
    assert np.sum(bare[1][0] * np.ones(4)) == 16 and np.sum(safe[1][0] * np.ones(4)) == 12


def test_shares_stay_shares():
    text = "L = 0.4\n[risks.rival]\nprobability = 0.6\ntime = 0\nseverity = 0.7\ncost = 1\n"
    text += (
        "[mitigations.shield]\n"
        "multiplies = { 'risks.rival.severity' = 2, 'risks.rival.probability' = 3, 'inputs.L' = 5 }\n"
    )
    _, safe = both(text, "sales", "rival_strikes", "receipts")
    assert np.all(safe[0] == 0) and np.all(safe[1] == 1) and np.all(safe[2] == 0)


def test_open_source_and_patents_are_declared_effects():
    """§1.5: demand up, entry and price erosion up, conversion; filing costs against lower hazards and better odds."""
    text = """
D = 0.5
[risks.rival]
rate = 0.4
severity = 0.3
price_erosion = 0.1
[risks.leak]
rate = 0.2
severity = 0.5
litigation = { win = 0.5, recovery = 0.4 }
[mitigations.open-source]
multiplies = { "inputs.D" = 1.5, "risks.rival.rate" = 2, "risks.rival.price_erosion" = 2 }
[mitigations.patents]
upfront = 3
annual = 0.5
reduces = { "risks.rival.rate" = 0.3, "risks.leak.rate" = 0.5 }
multiplies = { "risks.leak.litigation.win" = 1.4 }
[strategies.closed]
[strategies.open]
mitigations = ["open-source"]
[strategies.patented]
mitigations = ["patents"]
"""
    found = {
        name: trials(
            HEAD + text,
            "market",
            "rival_hazard",
            "leak_hazard",
            "initial_costs" if name == "patented" else "0",
            "leak_won",
            strategy=name,
            n=20_000,
        )
        for name in ("closed", "open", "patented")
    }
    assert np.allclose(found["open"][0], 1.5 * found["closed"][0])
    assert [found[name][1][0] for name in found] == pytest.approx([0.4, 0.8, 0.28])
    assert found["patented"][2][0] == pytest.approx(0.1) and found["patented"][3][0] == 3
    near(found["closed"][4], 0.5)
    near(found["patented"][4], 0.7)


def test_a_measure_that_rules_out_takes_events_losses_and_plain_risks():
    text = RIVAL + (
        "[risks.plain]\nprobability = 0.5\nseverity = 0.2\n[mitigations.shield]\n"
        "avoids = ['rival', 'plain']\nupfront = 7\n"
    )
    _, safe = both(text, "npv", "rival_strikes")
    assert np.all(safe[0] == 993) and not safe[1].any()


# ---- common random numbers ----


def test_strategies_share_all_draws():
    text = RIVAL + (
        "[risks.leak]\nrate = 0.3\nseverity = '0.1 to 0.4'\n[partner]\nmode = 'survival'\n"
        "rating = 'B'\n[demand]\nmodel = 'gbm'\nvolatility = 0.2\n"
    )
    text += (
        "[mitigations.shield]\nannual = 1\nreduces = { 'risks.rival.rate' = { dist = 'uniform', min = 0, max = 1 } }\n"
    )
    asked = ("rival_clock", "rival_severity", "leak_time", "leak_severity", "partner_default_time", "demand_index")
    bare, safe = both(text, *asked, n=500)
    for one, other in zip(bare, safe, strict=True):
        assert np.array_equal(one, other)


def test_the_benefit_of_a_measure_is_paired():
    text = RIVAL + "[mitigations.shield]\nannual = 1\nreduces = { 'risks.rival.severity' = 0.5 }\n"
    bare, safe = both(text, "npv", "sum(rival_effect) * 250")
    assert np.allclose(safe[0] - bare[0], 0.5 * bare[1] - 4, atol=1e-9)
    assert np.std(safe[0] - bare[0]) < 0.7 * np.std(bare[0])


# ---- insurance ----

FIRE = "[risks.fire]\nrate = 0.8\nentrants = 6\ncost = '5 to 80'\n[risks.suit]\nrate = 0.5\ncost = '1 to 20'\n"


def insured(layer):
    text = FIRE + f"[mitigations.shield]\nannual = 2\ninsurance = {{ covers = ['fire']{layer} }}\n"
    return trials(HEAD + text + BOTH, "fire_costs", "shield_payout", strategy="safe", n=4000)


@pytest.mark.parametrize(
    ("lines", "pays"),
    [
        ("", lambda x: x),
        (", deductible = 10", lambda x: np.maximum(x - 10, 0)),
        (", limit = 30", lambda x: np.minimum(x, 30)),
        (", deductible = 10, limit = 30", lambda x: np.minimum(np.maximum(x - 10, 0), 30)),
        (", share = 0.8", lambda x: 0.8 * x),
        (", deductible = 10, limit = 30, share = 0.8", lambda x: 0.8 * np.minimum(np.maximum(x - 10, 0), 30)),
    ],
)
def test_insurance_pays_its_layer_of_the_risks_it_covers(lines, pays):
    """§2.6: the insured layer pays min(max(x - d, 0), ℓ)."""
    fire, paid = insured(lines)
    assert np.allclose(paid, pays(fire), rtol=1e-12, atol=1e-12)
    assert np.all(paid <= fire + 1e-12)


def test_two_policies_never_pay_more_than_the_loss():
    text = HEAD + FIRE
    text += "[mitigations.first]\ninsurance = { covers = ['fire', 'suit'], deductible = 5 }\n"
    text += "[mitigations.second]\ninsurance = { covers = ['fire'], share = 0.8 }\n"
    text += (
        "[mitigations.other]\ninsurance = { covers = ['suit'] }\n[strategies.all]\n"
        "mitigations = ['first', 'second', 'other']\n"
    )
    first, second, other, fire, suit = trials(
        text, "first_payout", "second_payout", "other_payout", "fire_costs", "suit_costs"
    )
    total = first + second + other
    assert np.all(total <= fire + suit + 1e-9)
    assert np.all((first >= 0) & (second >= 0) & (other >= 0)) and np.all(second <= 0.8 * fire + 1e-9)
    assert (total > first).any()


def test_layers_of_two_policies_add_up():
    text = HEAD + FIRE + "[mitigations.low]\ninsurance = { covers = ['fire'], deductible = 5, limit = 20 }\n"
    text += (
        "[mitigations.high]\ninsurance = { covers = ['fire'], deductible = 25, limit = 40 }\n"
        "[strategies.all]\nmitigations = ['low', 'high']\n"
    )
    low, high, fire = trials(text, "low_payout", "high_payout", "fire_costs")
    assert np.allclose(low + high, np.clip(fire - 5, 0, 60), atol=1e-9)


def test_an_indemnity_is_a_share_without_a_premium():
    text = FIRE + "[mitigations.shield]\ninsurance = { covers = ['fire', 'suit'], share = 0.5 }\n"
    bare, safe = both(text, "npv", "sum(fire_costs + suit_costs)")
    assert np.allclose(safe[0] - bare[0], 0.5 * bare[1])


# ---- what measures cannot change ----


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("reduces = { 'risks.rivall.rate' = 0.5 }", "reduces.risks.rivall.rate", "did you mean risks.rival.rate?"),
        (
            "multiplies = { 'risks.rival.sevrity' = 0.5 }",
            "multiplies.risks.rival.sevrity",
            "did you mean risks.rival.severity?",
        ),
        ("reduces = { 'inputs.price' = 0.5 }", "reduces.inputs.price", "whose formula uses price"),
        ("avoids = ['rivall']", "avoids[0]", "did you mean rival?"),
        ("insurance = { covers = ['quiet'] }", "insurance.covers[0]", "costs no money"),
        ("insurance = { covers = ['fire'] }", "insurance.covers[0]", "is not a risk"),
    ],
)
def test_what_is_not_there_is_found_where_it_is_named(line, key, said):
    text = (
        HEAD
        + "price = 3\n"
        + RIVAL
        + "[risks.quiet]\nrate = 1\nseverity = '= 0.1 * price'\n[mitigations.shield]\nannual = 1\n"
        + line
        + "\n"
    )
    with pytest.raises(InvalidInput) as refused:
        models_of(text)
    (problem,) = refused.value.problems
    assert problem.key == f"mitigations.shield.{key}" and said in str(problem)
    assert problem.line == text.count("\n")


def test_formulas_of_the_user_see_values_before_measures():
    text = RIVAL + "[mitigations.shield]\nmultiplies = { 'inputs.V' = 2 }\n[model]\nown = 'V'\n"
    _, safe = both(text, "own", "market", n=1)
    assert safe[0][0] == 1000 and safe[1][0] == 500
