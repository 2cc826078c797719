"""Insurance layers of compound distributions, what users get wrong in them, and a scenario that uses one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

import simengine
from simengine.cli.main import main
from simengine.distributions import resolve
from simengine.distributions.families.layer import Layer
from simengine.distributions.pieces import atoms
from simengine.errors import InvalidInput

SEVERITY = {"dist": "lognormal", "mu": 1.0, "sigma": 0.9}
COSTS = {"dist": "compound", "frequency": 2, "severity": SEVERITY}


def with_layer(layer, **limits):
    return resolve({**COSTS, "layer": layer, **limits})


def mass_at(marginal, value):
    """P(X = value)."""
    at = np.array([value, np.nextafter(value, -np.inf)])
    reached = marginal.cdf(at)
    return float(reached[0] - reached[1])


LIMITS = [
    {"deductible": 3, "limit": 10},
    {"deductible": 4},
    {"limit": 6},
    {"deductible": 0, "limit": 2.5},
]


@pytest.mark.parametrize("limits", LIMITS)
def test_both_parts_of_the_total_make_up_the_whole(limits):
    whole, insured, retained = resolve(COSTS), with_layer("insured", **limits), with_layer("retained", **limits)
    assert insured.mean + retained.mean == pytest.approx(whole.mean, rel=1e-7)
    u = np.linspace(0.01, 0.999, 200)  # both rise with the total, so their quantiles add up
    assert insured.quantile(u) + retained.quantile(u) == pytest.approx(whole.quantile(u), rel=1e-6)
    assert insured.support[1] <= limits.get("limit", math.inf)


@pytest.mark.parametrize("limits", LIMITS)
def test_stop_loss_premium_is_the_integral_of_the_tail(limits):
    """E min((S - d)+, l) is the integral of P(S > x) from d to d + l."""
    whole, insured = resolve(COSTS), with_layer("insured", **limits)
    begin = limits.get("deductible", 0.0)
    steps = np.concatenate((np.linspace(0, 100, 1001), np.geomspace(100, 2e5, 400)[1:]))
    panels = begin + np.append(steps[steps < limits.get("limit", 1e5)], limits.get("limit", 1e5))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = np.diff(panels)[:, None] / 2
    premium = float(np.sum(whole.sf(panels[:-1, None] + half * (1 + nodes)) * weights * half))
    assert insured.mean == pytest.approx(premium, rel=1e-7)


def test_atoms_of_layers():
    whole = resolve(COSTS)
    insured, retained = with_layer("insured", deductible=3, limit=10), with_layer("retained", deductible=3, limit=10)
    at_begin, at_end = whole.cdf(np.array([3.0, 13.0])).tolist()
    assert mass_at(insured, 0.0) == pytest.approx(at_begin, abs=1e-12)
    assert mass_at(insured, 10.0) == pytest.approx(1 - at_end, abs=1e-12)
    assert mass_at(retained, 3.0) == pytest.approx(at_end - at_begin, abs=1e-12)
    assert mass_at(retained, 0.0) == pytest.approx(math.exp(-2), abs=1e-14)
    assert np.count_nonzero(insured.pieces.slopes == 0) <= 4


@pytest.mark.parametrize(
    "limits", [{"event_deductible": 2, "event_limit": 3}, {"event_deductible": 1.5}, {"event_limit": 2}]
)
def test_layers_of_each_event(limits):
    """Mean and variance follow from the layered loss, and the atoms are those of the layered losses."""
    whole, insured, retained = resolve(COSTS), with_layer("insured", **limits), with_layer("retained", **limits)
    loss = resolve(SEVERITY)
    begin = limits.get("event_deductible", 0.0)
    end = begin + limits.get("event_limit", math.inf)
    paid = integrate.quad(lambda x: float(loss.sf(np.array(x))), begin, min(end, 5000), limit=400, epsabs=1e-11)[0]
    square = integrate.quad(
        lambda x: 2 * (x - begin) * float(loss.sf(np.array(x))), begin, min(end, 5000), limit=400, epsabs=1e-11
    )[0]
    assert insured.mean == pytest.approx(2 * paid, rel=1e-7)
    assert insured.variance == pytest.approx(2 * square, rel=1e-6)
    assert insured.mean + retained.mean == pytest.approx(whole.mean, rel=1e-8)
    nothing = math.exp(-2 * float(loss.sf(np.array(begin))))
    assert mass_at(insured, 0.0) == pytest.approx(nothing, abs=1e-9)
    if math.isfinite(end):
        full = float(loss.sf(np.array(end)))  # one event pays the limit, and no other pays
        assert mass_at(insured, end - begin) == pytest.approx(2 * full * nothing, abs=1e-9)


def test_event_layers_come_before_those_of_the_total():
    """Losses of 10: 6 of each are paid, and of that what is above 8 and at most 5."""
    ten = {"dist": "compound", "frequency": {"dist": "binomial", "n": 3, "p": 0.5}, "severity": 10, "layer": "insured"}
    marginal = resolve({**ten, "event_deductible": 4, "deductible": 8, "limit": 5})
    widths = np.diff(np.append(marginal.pieces.starts, 1.0))
    assert marginal.pieces.values.tolist() == [0, 4, 5]
    assert widths == pytest.approx([0.5, 0.375, 0.125], abs=1e-14)
    assert marginal.mean == pytest.approx(0.375 * 4 + 0.125 * 5)


@pytest.mark.parametrize("insured", [True, False])
@pytest.mark.parametrize(("deductible", "limit"), [(2.0, 3.0), (0.0, 4.0), (2.0, math.inf), (0.0, math.inf)])
def test_a_layer_by_its_definition(deductible, limit, insured):
    layer = Layer(deductible, limit, insured)
    x = np.array([0.0, 1.0, 2.0, 2.5, 5.0, 9.0])
    paid = np.minimum(np.maximum(x - deductible, 0), limit)
    assert layer.apply(x) == pytest.approx(paid if insured else x - paid)
    kept = np.array([-0.5, 0.0, 1.0, 2.0, 3.5, 7.0])
    largest = layer.largest(kept)
    inside = np.isfinite(largest) & (largest >= 0)
    assert np.all(layer.apply(largest[inside]) <= kept[inside])
    assert np.all(layer.apply(largest[inside] + 1e-6) > kept[inside])
    values = np.array([1.0, 2.0, 4.0, 8.0])
    kept_of = layer.of_pieces(atoms(values, np.full(4, 0.25)))
    u = np.array([0.1, 0.3, 0.6, 0.9])
    found = kept_of.values[np.searchsorted(kept_of.starts, u, side="right") - 1]
    assert found == pytest.approx(layer.apply(values))


REFUSED = [
    ({"frequency": -1}, ["frequency = -1: is negative", "0 to 1e6"]),
    ({"frequency": "0.1 to 0.5"}, ["frequency", "interval", "mean number of events"]),
    ({"frequency": "many"}, ["frequency", "is text where a number is expected"]),
    ({"frequency": {"dist": "normal", "mean": 3, "sd": 1}}, ["frequency", "not whole numbers"]),
    ({"frequency": {"dist": "discrete", "values": [-1, 2]}}, ["frequency", "negative values"]),
    ({"frequency": {"dist": "discrete", "values": [0.5, 2]}}, ["frequency", "not whole numbers"]),
    ({"frequency": {"dist": "constant", "value": 5000}}, ["frequency = 5000", "too large", "<= 1000"]),
    ({"frequency": {"dist": "poisson", "mean": -2}}, ["frequency.mean = -2: is negative"]),
    ({"frequency": 9e5}, ["frequency", "so many events", "normal"]),
    (
        {"severity": {"dist": "normal", "mean": 5, "sd": 1}},
        ["severity", "cannot be negative", "truncate = { min = 0 }"],
    ),
    ({"severity": {"dist": "gamma", "shape": 1e7, "scale": 1}}, ["severity", "0.00032 times its mean", "constant"]),
    ({"severity": {"dist": "lognormal", "mu": 0, "sigma": 200}}, ["beyond the largest number"]),
    ({"severity": -3}, ["severity = -3", "cannot be negative"]),
    ({"severity": {"dist": "lognormal", "mu": 1, "sigma": -1}}, ["severity.sigma = -1: is negative"]),
    ({"severity": [1, 2]}, ["severity = [1, 2]: is a list", "discrete"]),
    ({"deductible": 3}, ["deductible = 3.0", 'add layer = "retained"']),
    ({"event_limit": 3, "limit": 2}, ["event_limit = 3.0", "limit = 2.0", "which part of the loss"]),
    ({"layer": "insured"}, ['layer = "insured"', "without its limits", "event_deductible"]),
    ({"layer": "ceded", "limit": 2}, ['layer = "ceded"', '"insured" or "retained"']),
    ({"layer": "insured", "limit": 0}, ["limit = 0: must be greater than 0", "> 0"]),
    ({"layer": "insured", "limit": 5, "deductible": -1}, ["deductible = -1: is negative", ">= 0"]),
    ({"frequency": -1, "severity": -3, "limit": 2}, ["frequency = -1", "severity = -3", "limit = 2.0"]),
    ({"rate": 3}, ["rate = 3: is not a parameter of compound"]),
]


@pytest.mark.parametrize(("change", "parts"), REFUSED)
def test_errors_are_located_and_say_what_to_write(change, parts):
    with pytest.raises(InvalidInput) as refused:
        resolve({**COSTS, **change})
    text = "\n".join(str(problem) for problem in refused.value.problems)
    for part in parts:
        assert part in text


def test_nesting_has_an_end():
    spec = SEVERITY
    for _ in range(6):
        spec = {"dist": "compound", "frequency": 1, "severity": spec}
    with pytest.raises(InvalidInput, match="nested too deeply"):
        resolve(spec)


@pytest.mark.parametrize(("change", "key"), [({"frequency": 0}, "frequency"), ({"severity": 0}, "severity")])
def test_nothing_to_lose_is_the_constant_0(change, key):
    marginal = resolve({**COSTS, **change})
    assert marginal.constant == 0.0 and [note.key for note in marginal.notes] == [key]


def test_digests_tell_parameters_apart():
    specs = [
        COSTS,
        {**COSTS, "frequency": 2.0001},
        {**COSTS, "severity": {**SEVERITY, "sigma": 0.9001}},
        *({**COSTS, "layer": part, **limits} for part in ("insured", "retained") for limits in LIMITS),
    ]
    keys = [str(resolve(spec).digest_key) for spec in specs]
    assert len(set(keys)) == len(keys)
    assert resolve({**COSTS, "frequency": {"dist": "poisson", "mean": 2}}).digest_key == resolve(COSTS).digest_key


SCENARIO = """
[scenario]
name = "privacy"

[model]
incidents = "incident_costs"
leak = "breach"
value = "revenue - incidents - leak"

[inputs]
revenue = "100 to 300"

[inputs.incident_costs]
dist = "compound"
frequency = 1.5
severity = "2 to 20"
layer = "retained"
deductible = 10
limit = 40

[risks.breach]
probability = 0.2
severity = { dist = "compound", frequency = 0.5, severity = { dist = "exponential", mean = 8 } }

[outputs]
value = true
incidents = true
leak = true
"""
TRIALS = 200_000


def test_a_scenario_that_uses_it(tmp_path):
    """As an input and as what a risk costs: means and percentiles of the run are those of the distributions."""
    file = tmp_path / "deal.toml"
    file.write_text(SCENARIO)
    result = simengine.run(file, trials=TRIALS, seed=3, percentiles=[50, 90, 99])
    incidents = resolve(
        {
            "dist": "compound",
            "frequency": 1.5,
            "severity": "2 to 20",
            "layer": "retained",
            "deductible": 10,
            "limit": 40,
        }
    )
    error = 5 * math.sqrt(incidents.variance / TRIALS)
    assert float(result.mean("incidents").iloc[0, 0]) == pytest.approx(incidents.mean, abs=error)
    found = np.sort(result.percentiles("incidents").to_numpy(np.float64).ravel())
    levels = incidents.cdf(found + 1e-9)
    assert levels[-1] == pytest.approx(0.99, abs=0.002)
    assert found[0] == pytest.approx(float(incidents.quantile(0.5)), rel=0.02)
    breach = 0.2 * 0.5 * 8
    second = 0.2 * (0.5 * 2 * 64 + 16)
    assert float(result.mean("leak").iloc[0, 0]) == pytest.approx(breach, abs=5 * math.sqrt(second / TRIALS))


def test_the_commands_know_it(tmp_path, capsys):
    file = tmp_path / "deal.toml"
    file.write_text(SCENARIO)
    assert main(["run", str(file), "--trials", "20000", "--seed", "3"]) == 0
    assert "incidents" in capsys.readouterr().out
    assert main(["explain", str(file)]) == 0
    assert "layer retained, deductible 10" in " ".join(capsys.readouterr().out.split())
    file.write_text(SCENARIO.replace("frequency = 1.5", "frequency = -1.5"))
    assert main(["check", str(file)]) == 2
    assert "deal.toml:15:13: inputs.incident_costs.frequency = -1.5: is negative" in capsys.readouterr().err


def test_a_copula_and_truncation_take_it(tmp_path):
    """Rank correlation with another input, and a total of at most 60."""
    file = tmp_path / "deal.toml"
    text = SCENARIO.replace('layer = "retained"\ndeductible = 10\nlimit = 40\n', "truncate = { max = 60 }\n")
    text += '\n[[correlations]]\nbetween = ["revenue", "incident_costs"]\nspearman = 0.6\n'
    file.write_text(text)
    result = simengine.run(file, trials=50_000, seed=3, percentiles=[50, 95])
    cut = resolve({"dist": "compound", "frequency": 1.5, "severity": "2 to 20", "truncate": {"max": 60}})
    assert cut.support == pytest.approx((0.0, 60.0), rel=1e-14)
    error = 5 * math.sqrt(cut.variance / 50_000)
    assert float(result.mean("incidents").iloc[0, 0]) == pytest.approx(cut.mean, abs=error)
