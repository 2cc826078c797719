"""Draws of every family follow their distribution, through words, tables and kernel; and a fault would be seen.

The largest distance between the empirical and the exact distribution function of n draws exceeds
``sqrt(log(2 / a) / (2 n))`` with probability at most a (Dvoretzky, Kiefer, Wolfowitz, with Massart's constant).
With n = 200,000 and a = 1e-6 the limit is 0.0060, and seeds are fixed, so a failure is a defect.
"""

import math

import numpy as np
import pytest
from family_cases import FAMILY_CASES

from simengine.deal.model import Dependence, Model, NamedFormula, Output, UncertainInput
from simengine.distributions import resolve
from simengine.engine.run import draw
from simengine.formula import parse
from simengine.plan.compile import build_plan

N = 200_000
LIMIT = math.sqrt(math.log(2 / 1e-6) / (2 * N))


def draws_of(marginal, *, correlated=False, dof=None, n=N):
    """Draws of one input, alone or behind another one in a copula."""
    inputs = {"X": UncertainInput("X", marginal, "inputs.X")}
    dependences = ()
    if correlated:
        lead = UncertainInput("A", resolve({"dist": "normal", "mean": 0, "sd": 1}), "inputs.A")
        inputs = {"A": lead, **inputs}
        dependences = (Dependence(("A", "X"), np.array([[1.0, 0.6], [0.6, 1.0]]), dof),)
    names = tuple(inputs)
    formulas = {f"out_{name}": NamedFormula(f"out_{name}", name, parse(name), "model") for name in names}
    model = Model("base", inputs, dependences, formulas, tuple(Output(name) for name in formulas))
    return draw(build_plan([model]), 20260101, 0, n)[-1]


def distance(x, marginal):
    """The largest distance between the empirical distribution function of x and that of the marginal."""
    x = np.sort(x)
    if marginal.constant is not None:
        return float(np.mean(x != marginal.constant))
    values, counts = np.unique(x, return_counts=True)
    upto = np.cumsum(counts) / x.size
    if len(values) > 20_000:  # the distance at every tenth draw is as good
        values, counts, upto = values[::10], counts[::10], upto[::10]
    here, just_below = marginal.cdf(values), marginal.cdf(np.nextafter(values, -np.inf))
    return float(max(np.max(np.abs(here - upto)), np.max(np.abs(just_below - (upto - counts / x.size)))))


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in FAMILY_CASES])
def test_draws_follow_the_distribution(spec):
    marginal = resolve(spec)
    assert distance(draws_of(marginal), marginal) < LIMIT


@pytest.mark.parametrize("dof", [None, 3.0], ids=["gaussian", "t"])
@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in FAMILY_CASES])
def test_a_copula_leaves_the_distribution_alone(spec, dof):
    marginal = resolve(spec)
    assert distance(draws_of(marginal, correlated=True, dof=dof), marginal) < LIMIT


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda x: x + 0.02 * x.std(), id="shifted by 2 % of sd"),
        pytest.param(lambda x: x * 1.03, id="3 % too wide"),
        pytest.param(lambda x: np.minimum(x, np.quantile(x, 0.99)), id="upper 1 % clipped"),
        pytest.param(lambda x: np.where(np.arange(x.size) % 100 == 0, 0.0, x), id="1 % of draws lost"),
        pytest.param(lambda x: np.concatenate([x[: x.size // 2]] * 2), id="nothing: half of the draws twice"),
    ],
)
def test_planted_faults(fault, request):
    """The size of fault that the tests above catch, on normal draws."""
    marginal = resolve({"dist": "normal", "mean": 0, "sd": 1})
    caught = distance(fault(draws_of(marginal)), marginal) >= LIMIT
    assert caught == ("nothing" not in request.node.callspec.id)
