from __future__ import annotations

import math

import numpy as np
import pytest

from simengine.analysis.moments import exact_moments
from simengine.deal.expand import expand
from simengine.scenario import loads

HEAD = '[scenario]\nname = "moments"\n'
PLAIN = """\
[inputs]
V = { dist = "lognormal", mean = 1000, sd = 300 }
D = { dist = "uniform", min = 0.4, max = 1.0 }
R = { dist = "beta", alpha = 9, beta = 1 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
"""


def moments(text: str):
    return exact_moments(expand(loads(HEAD + text))[0])


def test_the_plain_value_is_a_product_of_independent_factors():
    found = moments(PLAIN)["T"]
    mean_l, var_l = (
        (0.02 + 0.05 + 0.15) / 3,
        (0.02**2 + 0.05**2 + 0.15**2 - 0.02 * 0.05 - 0.02 * 0.15 - 0.05 * 0.15) / 18,
    )
    means = np.array([1000, 0.7, 0.9, 1 - mean_l])
    variances = np.array([300**2, 0.36 / 12, 9 / (100 * 11), var_l])
    assert found.mean == pytest.approx(means.prod())
    assert found.variance == pytest.approx(means.prod() ** 2 * (np.prod(1 + variances / means**2) - 1))


def test_risks_and_costs():
    text = PLAIN + (
        "[risks.leak_of_data]\nprobability = 0.25\nseverity = { dist = 'uniform', min = 0, max = 1 }\n"
        "[costs]\nupfront = { dist = 'normal', mean = 20, sd = 5 }\n"
    )
    found, plain = moments(text), moments(PLAIN)["T"]
    # a share of 1/2 on average with probability 1/4: the mean square of the loss is 1/12
    kept = 1 - 0.125
    second = 1 - 2 * 0.125 + 0.25 / 3
    assert found["leak_of_data"].mean == pytest.approx(0.125)
    assert found["T"].mean == pytest.approx(plain.mean * kept - 20)
    assert found["T"].variance == pytest.approx(plain.second * second - (plain.mean * kept) ** 2 + 25)


def test_a_risk_of_uncertain_probability():
    text = PLAIN + "[risks.entry]\nprobability = { dist = 'beta', alpha = 2, beta = 6 }\nseverity = 0.5\n"
    found = moments(text)
    assert found["entry"].mean == pytest.approx(0.125)
    assert found["entry"].variance == pytest.approx(0.25 * 0.25 * 0.75)


@pytest.mark.parametrize(
    ("formula", "mean", "variance"),
    [
        ("V - 2 * D", 1000 - 1.4, 300**2 + 4 * 0.03),
        ("-V / 4", -250, (300 / 4) ** 2),
        ("+V", 1000, 300**2),
        ("V * V", None, None),  # not independent of itself
        ("V + V", None, None),
        ("D / V", None, None),
        ("exp(D)", None, None),
        ("V * 0", 0, 0),
    ],
)
def test_what_has_a_closed_form_and_what_has_none(formula, mean, variance):
    found = moments(PLAIN + f'[model]\nX = "{formula}"\n')
    if mean is None:
        assert "X" not in found
    else:
        assert found["X"].mean == pytest.approx(mean)
        assert found["X"].variance == pytest.approx(variance)


def test_inputs_joined_by_a_copula_are_not_independent():
    text = PLAIN + '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.5\n'
    found = moments(text + '[model]\nX = "V * D"\nY = "V * R"\n')
    assert "X" not in found
    assert found["Y"].mean == pytest.approx(900)


def test_a_mean_that_does_not_exist_stays_unknown():
    text = '[inputs]\nV = { dist = "cauchy", loc = 0, scale = 1 }\n[model]\nX = "2 * V"\n'
    assert math.isnan(moments(text)["X"].mean)
