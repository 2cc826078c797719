"""Compound distributions against published probabilities, closed forms, slow recursions and direct simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from simengine.distributions import resolve
from simengine.distributions.families.frequency import frequency_of, poisson_frequency
from simengine.distributions.families.lattice import common_step, lattice_sum
from simengine.distributions.families.spectrum import _around, _slopes

PUBLISHED = 5e-8
"""Rounding of probabilities that are printed with seven digits."""


def compound(frequency, severity, **more):
    return resolve({"dist": "compound", "frequency": frequency, "severity": severity, **more})


def discrete(values, weights):
    return {"dist": "discrete", "values": values, "weights": weights, "normalise": True}


def atoms_of(marginal):
    """Values and probabilities of the steps."""
    widths = np.diff(np.append(marginal.pieces.starts, 1.0))
    return dict(zip(marginal.pieces.values.tolist(), widths.tolist(), strict=True))


def panjer(frequency, severity, count):
    """P(S = k) of a Poisson number of losses with ``severity[j]`` = P(X = j), by Panjer's recursion written out."""
    p = [math.exp(-frequency * (1 - severity.get(0, 0.0)))]
    for k in range(1, count):
        p.append(frequency / k * sum(j * f * p[k - j] for j, f in severity.items() if 0 < j <= k))
    return np.array(p)


def by_convolution(weights, severity, count):
    """P(S = k) from P(N = n) by convolving the severities n times."""
    one = np.zeros(count)
    for value, mass in severity.items():
        if value < count:
            one[value] = mass
    power, total = np.zeros(count), np.zeros(count)
    power[0] = 1.0
    for weight in weights:
        total += weight * power
        power = np.convolve(power, one)[:count]
    return total


# ---- losses on a lattice ----


def test_loss_models_example():
    """Klugman, Panjer and Willmot, Loss Models, example 9.9: rate 3, severities 1, 2, 3."""
    found = atoms_of(compound(3, discrete([1, 2, 3], [1.9, 0.8, 0.3])))
    for value, published in {0: 0.0497871, 1: 0.0945954, 2: 0.1296953}.items():
        assert found[value] == pytest.approx(published, abs=PUBLISHED)
    assert found[2] == pytest.approx(2.605 * math.exp(-3), rel=1e-14)


def test_loss_models_exercise():
    """The same, exercise 9.34: rate 5, severities 100, 500, 1000."""
    marginal = compound(5, discrete([100, 500, 1000], [0.8, 0.16, 0.04]))
    found = atoms_of(marginal)
    assert found[600] == pytest.approx(0.0598929, abs=PUBLISHED)
    exact = 4**6 * math.exp(-5) / 720 + 0.8 * 4 * math.exp(-5)  # six of 100; or 500 and 100
    assert found[600] == pytest.approx(exact, rel=1e-13)
    assert (marginal.mean, marginal.variance) == pytest.approx((1000, 5 * (8000 + 40000 + 40000)))
    assert marginal.discrete and not marginal.notes


@pytest.mark.parametrize("rate", [0.01, 0.7, 6, 40])
def test_lattice_against_the_recursion_written_out(rate):
    severity = {0: 0.1, 1: 0.4, 4: 0.3, 7: 0.2}
    found = atoms_of(compound(rate, discrete(list(severity), list(severity.values()))))
    for value, exact in enumerate(panjer(rate, severity, 300)):
        assert found.get(float(value), 0.0) == pytest.approx(exact, abs=1e-14)


@pytest.mark.parametrize(
    ("frequency", "weights"),
    [
        ({"dist": "bernoulli", "p": 0.3}, [0.7, 0.3]),
        ({"dist": "binomial", "n": 12, "p": 0.4}, stats.binom.pmf(np.arange(13), 12, 0.4)),
        ({"dist": "negative-binomial", "r": 0.6, "p": 0.3}, stats.nbinom.pmf(np.arange(120), 0.6, 0.3)),
        ({"dist": "negative-binomial", "mean": 3, "r": 4}, stats.nbinom.pmf(np.arange(120), 4, 4 / 7)),
        ({"dist": "poisson", "mean": 2.5}, stats.poisson.pmf(np.arange(60), 2.5)),
        ({"dist": "discrete", "values": [0, 2, 5], "weights": [0.5, 0.3, 0.2]}, [0.5, 0, 0.3, 0, 0, 0.2]),
        ({"dist": "poisson", "mean": 2, "truncate": {"min": 1, "max": 3}}, np.array([0, 6, 6, 4]) / 16),
        ({"dist": "constant", "value": 3}, [0, 0, 0, 1]),
        (3, stats.poisson.pmf(np.arange(60), 3)),
    ],
)
def test_every_law_of_the_number_of_events(frequency, weights):
    severity = {1: 0.5, 2: 0.25, 5: 0.25}
    marginal = compound(frequency, discrete(list(severity), list(severity.values())))
    exact = by_convolution(weights, severity, 400)
    found = atoms_of(marginal)
    values = np.array([found.get(float(k), 0.0) for k in range(400)])
    assert np.max(np.abs(values - exact)) < 1e-12
    assert marginal.mean == pytest.approx(float(np.sum(exact * np.arange(400))), rel=1e-9)
    assert marginal.variance == pytest.approx(
        float(np.sum(exact * (np.arange(400) - marginal.mean) ** 2)), rel=1e-8, abs=1e-12
    )


def test_events_of_one_size_are_the_law_itself():
    assert compound(3, 1).pieces.starts == pytest.approx(
        resolve({"dist": "poisson", "mean": 3}).pieces.starts[:], abs=1e-14
    )


def test_many_events_on_a_lattice():
    """By transform where the probability of no event is no float64: the law itself again, 1e-12 in probability."""
    marginal = compound(2000, 0.25)
    exact = stats.poisson.cdf(np.arange(1500, 2500), 2000)
    assert np.max(np.abs(marginal.cdf(np.arange(1500, 2500) * 0.25) - exact)) < 1e-12


@pytest.mark.parametrize(
    ("values", "step"),
    [([1, 2, 3], (1, 1)), ([0.1, 0.25], (1, 20)), ([100.0, 250.0], (50, 1)), ([0.0], (1, 1)), ([1e-9, 1e9], None)],
)
def test_common_step(values, step):
    assert common_step(np.array(values, np.float64)) == step


def test_planted_fault_in_the_recursion_is_seen():
    """A step too few in the severities, or a rate off by 1e-9, leaves the tolerance of the tests above."""
    severity = {1: 0.5, 2: 0.3, 3: 0.2}
    exact = panjer(3, severity, 60)
    sums, found = lattice_sum(poisson_frequency(3.0), np.array([1.0, 2, 3]), np.array([0.5, 0.3, 0.2]), (1, 1))
    assert np.max(np.abs(found[:40] - exact[:40])) < 1e-15 and sums[7] == 7
    for rate, masses in ((3 + 1e-9, [0.5, 0.3, 0.2]), (3.0, [0.5, 0.3 + 1e-9, 0.2 - 1e-9])):
        wrong = lattice_sum(poisson_frequency(rate), np.array([1.0, 2, 3]), np.array(masses), (1, 1))[1]
        assert np.max(np.abs(wrong[:40] - exact[:40])) > 1e-11


# ---- continuous losses ----


def closed_form(weights, of_count, x):
    """P(S <= x) from P(N = n) and the distribution function of the sum of n losses."""
    total = np.full(x.shape, weights[0])
    for n, weight in enumerate(weights[1:], 1):
        if weight > 1e-18:
            total += weight * of_count(n, x)
    return total


def gamma_sums(shape, scale):
    return lambda n, x: special.gammainc(n * shape, x / scale)


def inverse_gaussian_sums(mean, shape):
    return lambda n, x: stats.invgauss.cdf(x, n * mean / (n * n * shape), scale=n * n * shape)


def uniform_sums(low, high):
    def cdf(n, x):
        y = np.clip((x - n * low) / (high - low), 0, n)
        return sum((-1) ** k * math.comb(n, k) * np.maximum(y - k, 0) ** n for k in range(n + 1)) / math.factorial(n)

    return cdf


GAMMA = {"dist": "gamma", "shape": 2.5, "scale": 3}
EXPONENTIAL = {"dist": "exponential", "mean": 2}
CLOSED = [
    *((rate, EXPONENTIAL, gamma_sums(1, 2)) for rate in (1e-3, 0.1, 1, 10, 100, 1000)),
    (2, GAMMA, gamma_sums(2.5, 3)),
    (30, {"dist": "gamma", "shape": 0.5, "scale": 1}, gamma_sums(0.5, 1)),
    (2, {"dist": "gamma", "shape": 300, "scale": 1}, gamma_sums(300, 1)),
    ({"dist": "binomial", "n": 4, "p": 0.3}, {"dist": "gamma", "shape": 0.5, "scale": 2}, gamma_sums(0.5, 2)),
    ({"dist": "negative-binomial", "r": 0.5, "p": 0.1}, GAMMA, gamma_sums(2.5, 3)),
    (0.5, {"dist": "inverse-gaussian", "mean": 2, "shape": 0.5}, inverse_gaussian_sums(2, 0.5)),
    ({"dist": "binomial", "n": 6, "p": 0.3}, {"dist": "uniform", "min": 2, "max": 5}, uniform_sums(2, 5)),
    (0.02, {"dist": "uniform", "min": 0, "max": 1}, uniform_sums(0, 1)),
]


def weights_of(frequency):
    n = np.arange(1500 if frequency == 1000 else 400)
    if not isinstance(frequency, dict):
        return stats.poisson.pmf(n, frequency)
    if frequency["dist"] == "binomial":
        return stats.binom.pmf(n[: frequency["n"] + 1], frequency["n"], frequency["p"])
    return stats.nbinom.pmf(n, frequency["r"], frequency["p"])


@pytest.mark.parametrize(("frequency", "severity", "of_count"), CLOSED)
def test_continuous_losses_against_closed_forms(frequency, severity, of_count):
    marginal = compound(frequency, severity)
    u = np.concatenate((np.linspace(0.002, 0.998, 400), 1 - 10.0 ** -np.linspace(1, 12, 60)))
    x = np.unique(marginal.quantile(u))
    exact = closed_form(weights_of(frequency), of_count, x)
    assert np.max(np.abs(marginal.cdf(x) - exact)) < 8e-9
    assert float(marginal.cdf(np.array(0.0))) == pytest.approx(weights_of(frequency)[0], abs=1e-14)


def test_the_exponential_tail_keeps_relative_accuracy():
    """Far beyond the grids the quantile is extrapolated: still right to 2 % of the probability at 1e-14."""
    marginal = compound(1, EXPONENTIAL)
    n = np.arange(1, 200)
    for tail in (1e-6, 1e-9, 1e-12, 1e-14):
        x = float(marginal.high(np.array(tail)))
        exact = float(np.sum(stats.poisson.pmf(n, 1) * special.gammaincc(n, x / 2)))
        assert exact == pytest.approx(tail, rel=2e-2)


def test_a_heavy_tail_is_one_large_loss():
    """Of subexponential losses P(S > x) is E N P(X > x - E S) in the far tail."""
    severity = {"dist": "lognormal", "mu": 0, "sigma": 2}
    marginal, one = compound(3, severity), resolve(severity)
    for tail in (1e-8, 1e-11, 1e-14):
        x = float(marginal.high(np.array(tail)))
        assert 3 * float(one.sf(np.array(x - 3 * one.mean))) == pytest.approx(tail, rel=2e-3)


def test_lognormal_losses_against_a_slow_convolution():
    """Sums of two and three lognormals by quadrature, with a law that has no more events."""
    severity = {"dist": "lognormal", "mu": 0, "sigma": 0.8}
    law = {"dist": "discrete", "values": [0, 1, 2, 3], "weights": [0.4, 0.3, 0.2, 0.1]}
    marginal, one = compound(law, severity), stats.lognorm(0.8)
    nodes, weights = np.polynomial.legendre.leggauss(400)

    def two(x):
        y = x / 2 * (1 + nodes)
        return float(np.sum(weights * x / 2 * one.pdf(y) * one.cdf(x - y)))

    def three(x):
        return integrate.quad(lambda y: one.pdf(y) * two(x - y), 0, x, epsabs=1e-12, epsrel=1e-12, limit=200)[0]

    for x in (0.4, 1.0, 2.5, 6.0, 15.0):
        exact = 0.4 + 0.3 * one.cdf(x) + 0.2 * two(x) + 0.1 * three(x)
        assert float(marginal.cdf(np.array(x))) == pytest.approx(exact, abs=8e-9)


def test_rate_and_interval_of_a_simple_loss():
    """The mean of riskquant's example, which its documentation prints: rate 0.1, 90 % of losses in 1e5 to 1e6."""
    marginal = compound(0.1, "1e5 to 1e6")
    assert marginal.mean == pytest.approx(40400.128269457266, rel=1e-14)
    n, draws = 4_000_000, np.random.default_rng(7)
    sigma = math.log(10) / (2 * 1.6448536269514722)
    losses = np.exp(math.log(1e5 * 1e6) / 2 + sigma * draws.standard_normal(draws.poisson(0.1 * n)))
    assert losses.sum() / n == pytest.approx(marginal.mean, abs=5 * math.sqrt(marginal.variance / n))
    assert marginal.variance == pytest.approx(0.1 * math.exp(math.log(1e11) + 2 * sigma**2), rel=1e-12)
    widths = np.diff(np.append(marginal.pieces.starts, 1.0))
    middles = marginal.pieces.values + marginal.pieces.slopes * widths / 2
    assert float(np.sum(widths * middles)) == pytest.approx(marginal.mean, rel=1e-7)


def simulated(rate, severity, n=200_000):
    """Sorted sums of a Poisson number of losses, drawn event by event."""
    draws = np.random.default_rng(11)
    count = draws.poisson(rate, n)
    losses = resolve(severity).quantile(draws.random(count.sum()) * (1 - 1e-15) + 1e-16)
    return np.sort(np.bincount(np.repeat(np.arange(n), count), weights=losses, minlength=n))


def distance(total, marginal):
    """How far the distribution function of simulated sums is from that of the marginal, in tolerances.

    Values may differ by a thousandth of P90: losses without a common step are rounded.  The tolerance is exceeded
    with probability 1e-6 at most (Dvoretzky, Kiefer, Wolfowitz and Massart).
    """
    n = total.size
    slack = 1e-3 * float(marginal.quantile(0.9))
    upto, lower, upper = np.arange(1, n + 1) / n, marginal.cdf(total - slack), marginal.cdf(total + slack)
    return max(np.max(lower - upto), np.max(upto - 1 / n - upper)) / math.sqrt(math.log(2 / 1e-6) / (2 * n))


@pytest.mark.parametrize("rate", [0.3, 4])
@pytest.mark.parametrize(
    "severity",
    [
        "100 to 1000",
        {"dist": "pareto", "alpha": 1.2, "min": 3},
        {"dist": "mixture", "components": [{"weight": 0.4, "dist": 2}, {"weight": 0.6, "dist": "1 to 9"}]},
        {"dist": "empirical", "values": [12.31, 7.77, 120.5, 3.14, 19.99], "method": "steps"},
        {"dist": "beta", "alpha": 0.5, "beta": 0.5},
    ],
    ids=["lognormal", "pareto", "mixture", "empirical", "beta"],
)
def test_against_direct_simulation(rate, severity):
    assert distance(simulated(rate, severity), compound(rate, severity)) < 1


def test_direct_simulation_sees_faults():
    total = simulated(4, "100 to 1000")
    for wrong in (compound(4.1, "100 to 1000"), compound(4, "104 to 1040"), compound(4, "90 to 1111")):
        assert distance(total, wrong) > 1


def test_quantiles_rise_and_begin_with_the_chance_of_no_loss():
    marginal = compound(0.3, "100 to 1000")
    u = np.concatenate(
        (10.0 ** -np.arange(15.0, 1, -0.5), np.linspace(0.1, 0.9, 500), 1 - 10.0 ** -np.arange(1, 15, 0.5))
    )
    assert np.all(np.diff(marginal.quantile(u)) >= 0)
    assert np.all(marginal.quantile(u[u < math.exp(-0.3)]) == 0)
    assert float(marginal.quantile(math.exp(-0.3) + 1e-6)) > 0
    assert marginal.support[0] == 0 and not marginal.discrete


def test_infinite_moments_are_stated():
    heavy = compound(0.5, {"dist": "pareto", "alpha": 0.8, "min": 1})
    assert math.isnan(heavy.mean) and math.isnan(heavy.variance)
    assert any("infinite" in note.reason and note.key == "severity.alpha" for note in heavy.notes)
    wide = compound(0.5, {"dist": "pareto", "alpha": 1.5, "min": 1})
    assert wide.mean == pytest.approx(1.5) and math.isnan(wide.variance)


def test_losses_of_losses():
    """Incidents of which each has several claims: severities may be compound themselves."""
    inner = {"dist": "compound", "frequency": 2, "severity": EXPONENTIAL}
    marginal = compound(0.4, inner)
    assert marginal.mean == pytest.approx(0.4 * 2 * 2)
    assert float(marginal.cdf(np.array(0.0))) == pytest.approx(math.exp(-0.4 * (1 - math.exp(-2))), abs=1e-12)
    claims = by_convolution(
        stats.poisson.pmf(np.arange(20), 0.4), dict(enumerate(stats.poisson.pmf(np.arange(40), 2))), 80
    )
    x = np.linspace(0.1, 30, 60)
    assert np.max(np.abs(marginal.cdf(x) - closed_form(claims, gamma_sums(1, 2), x))) < 2e-8


# ---- pieces of the method ----


def test_spreading_over_points_keeps_three_moments():
    t = np.linspace(0, 1, 11)
    for power in range(4):
        moment = sum(weight * float(point) ** power for point, weight in zip((-1, 0, 1, 2), _around(t), strict=True))
        assert moment == pytest.approx(t**power, abs=1e-15)


def test_slopes_of_cells():
    line = 3.0 + 0.1 * np.arange(20)
    assert _slopes(line)[1:-1] == pytest.approx(0.1)
    jump = np.where(np.arange(20) < 8, 0.0, line)
    assert _slopes(jump)[7:10] == pytest.approx([0.0, 0.1, 0.1])


@pytest.mark.parametrize("s", [0.0, 0.3, 1.0])
def test_generating_functions_have_the_slopes_and_moments_of_their_laws(s):
    laws = [
        poisson_frequency(2.5),
        *(
            frequency_of(resolve(spec))
            for spec in (
                {"dist": "binomial", "n": 7, "p": 0.3},
                {"dist": "negative-binomial", "r": 0.7, "p": 0.4},
                {"dist": "discrete", "values": [0, 1, 4], "weights": [0.2, 0.3, 0.5]},
            )
        ),
    ]
    for law in laws:
        step = 1e-6
        left, right = (float(law.generating(np.float64(at))) for at in (s - step, s + step))
        assert law.slope(s) == pytest.approx((right - left) / (2 * step), rel=1e-7)
        assert law.generating(np.float64(1.0)) == pytest.approx(1.0, abs=1e-15)
        assert law.slope(1.0) == pytest.approx(law.mean, rel=1e-13)
