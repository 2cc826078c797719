"""Models whose answers are known: for the studies of interval coverage and of stopping rules.

Each has one outcome T with a target.  Truths are exact where T has a distribution function that can be written down;
the others come from a Sobol run of 2**23 trials with a seed of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import integrate, optimize, stats

from simengine.deal.expand import expand
from simengine.engine.run import run
from simengine.plan.compile import build_plan
from simengine.scenario import loads

TRUTH_TRIALS, TRUTH_SEED = 1 << 23, 10**9
PERCENTILES = (5.0, 50.0, 95.0)
STATISTICS = ("mean", "sd", "P5", "P50", "P95", "probability", "CVaR95")

NORMALS = 'A = { dist = "normal", mean = 1, sd = 1 }\nB = { dist = "normal", mean = 2, sd = 2 }\n'
PRODUCT = 'V = "620 to 1600"\nD = { dist = "pert", min = 0.4, mode = 0.8, max = 1 }\n'


@dataclass(frozen=True)
class Model:
    """Inputs and other tables, the formula of T, its target, and the exact answers if there are any.

    exact: mean, standard deviation and distribution function of T.  jumps: where that function may jump.
    """

    tables: str
    formula: str
    target: float
    exact: Callable[[], tuple[float, float, Callable[[float], float]]] | None = None
    jumps: tuple[float, ...] = ()
    note: str = ""


def _frozen(law):
    """Mean, sd and distribution function of a distribution of scipy.stats."""
    return lambda: (float(law.mean()), float(law.std()), lambda x: float(law.cdf(x)))


def _lognormal(mu, sigma):
    return _frozen(stats.lognorm(sigma, scale=math.exp(mu)))


def _mixture(*parts):
    """Of (weight, mean, sd) of normal distributions."""

    def exact():
        mean = sum(w * m for w, m, _ in parts)
        square = sum(w * (m * m + s * s) for w, m, s in parts)
        return (
            mean,
            math.sqrt(square - mean * mean),
            lambda x: float(sum(w * stats.norm.cdf(x, m, s) for w, m, s in parts)),
        )

    return exact


def _censored(law, floor):
    """Of max(X, floor)."""

    def exact():
        below = law.cdf(floor)
        first = floor * below + law.expect(lambda x: x, lb=floor, ub=np.inf)
        second = floor**2 * below + law.expect(lambda x: x * x, lb=floor, ub=np.inf)
        return first, math.sqrt(second - first**2), lambda x: float(law.cdf(x)) if x >= floor else 0.0

    return exact


class _MaximumOfTwo(stats.rv_continuous):
    def _cdf(self, x):
        return stats.norm.cdf(x, 1, 1) * stats.norm.cdf(x, 2, 2)


def _difference_of_counts():
    """Of a Poisson count of mean 30 minus a binomial count of 20 trials at 0.4."""
    k = np.arange(0, 120)
    j = np.arange(0, 21)
    chance = np.convolve(stats.poisson.pmf(k, 30), stats.binom.pmf(j, 20, 0.4)[::-1])
    return _discrete(np.arange(-20.0, 120.0), chance)


def _discrete(values, chances):
    chances = np.asarray(chances) / np.sum(chances)
    mean = float(values @ chances)
    total = np.cumsum(chances)

    def below(x):
        place = int(np.searchsorted(values, x, side="right"))
        return float(total[place - 1]) if place else 0.0

    return mean, math.sqrt(float((values - mean) ** 2 @ chances)), below


def _pareto_loss(alpha):
    """Of 20 - X, X a Pareto variable of exponent alpha above 1."""

    def exact():
        law = stats.pareto(alpha)
        return 20.0 - float(law.mean()), float(law.std()), lambda x: float(law.sf(20.0 - x)) if x < 19.0 else 1.0

    return exact


MODELS = {
    "sum of normals": Model(NORMALS, "A + B", 0, _frozen(stats.norm(3, math.sqrt(5)))),
    "product": Model(PRODUCT, "V * D", 500),
    "correlated product": Model(PRODUCT + '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.6\n', "V * D", 500),
    "t copula": Model(
        NORMALS + '[[correlations]]\nbetween = ["A", "B"]\nnormal = 0.5\ncopula = "t"\ndof = 4\n', "A + B", -2
    ),
    "one lognormal": Model('A = { dist = "lognormal", mu = 0, sigma = 1 }\n', "A", 0.5, _lognormal(0, 1)),
    "ratio of lognormals": Model(
        'A = { dist = "lognormal", mu = 1.5, sigma = 0.46 }\nB = { dist = "lognormal", mu = 0.55, sigma = 0.33 }\n',
        "A / B",
        1,
        _lognormal(0.95, math.hypot(0.46, 0.33)),
    ),
    "heavy gains": Model('P = { dist = "pareto", alpha = 4.5, min = 1 }\nQ = "1 to 3"\n', "P * Q", 2),
    "no fourth moment": Model(
        'P = { dist = "pareto", alpha = 3, min = 1 }\n', "20 - P", 15, _pareto_loss(3.0), note="Pareto 3"
    ),
    "no variance": Model(
        'P = { dist = "pareto", alpha = 1.5, min = 1 }\n', "20 - P", 0, _pareto_loss(1.5), note="Pareto 1.5"
    ),
    "very wide lognormal": Model('A = { dist = "lognormal", mu = 0, sigma = 2 }\n', "A", 0.5, _lognormal(0, 2)),
    "rare loss, p = 0.0005": Model(
        'S = { dist = "bernoulli", p = 0.0005 }\nN = { dist = "normal", mean = 10, sd = 2 }\n',
        "N - 200 * S",
        0,
        _mixture((0.9995, 10.0, 2.0), (0.0005, -190.0, 2.0)),
    ),
    "rare exponential loss": Model(
        'S = { dist = "bernoulli", p = 0.005 }\nX = { dist = "exponential", mean = 1 }\nN = "5 to 9"\n',
        "N - 40 * S * X",
        0,
    ),
    "counts": Model(
        'K = { dist = "poisson", mean = 30 }\nJ = { dist = "binomial", n = 20, p = 0.4 }\n',
        "K - J",
        15,
        _difference_of_counts,
        tuple(np.arange(-20.0, 120.0)),
    ),
    "edges of atoms": Model(
        'K = { dist = "discrete", values = [0, 1, 2, 3], weights = [0.0505, 0.4465, 0.454, 0.049] }\n',
        "K",
        1.5,
        lambda: _discrete(np.arange(4.0), [0.0505, 0.4465, 0.454, 0.049]),
        (0.0, 1.0, 2.0, 3.0),
    ),
    "option": Model(NORMALS, "max(A + B - 4, 0)", 1, _censored(stats.norm(-1, math.sqrt(5)), 0.0), (0.0,)),
    "maximum": Model(NORMALS + "C = 1.5\n", "max(A, B, C)", 2, _censored(_MaximumOfTwo(a=-12.0, b=20.0), 1.5), (1.5,)),
    "bimodal": Model(
        NORMALS + 'S = { dist = "bernoulli", p = 0.4 }\n',
        "where(S, A + 12, B)",
        5,
        _mixture((0.4, 13.0, 1.0), (0.6, 2.0, 2.0)),
    ),
    "difference near zero": Model(NORMALS, "A * B - 2", 0),
    "many inputs": Model(
        "".join(f'X{k} = {{ dist = "uniform", min = 0, max = 1 }}\n' for k in range(25)),
        " + ".join(f"X{k}" for k in range(25)),
        10,
    ),
    "exponential": Model('A = { dist = "exponential", mean = 3 }\n', "A", 0.2, _frozen(stats.expon(scale=3))),
}


def plan_of(model, sampler):
    """The plan of a model with one outcome T."""
    found = MODELS[model]
    text = f'[scenario]\nname = "study"\n[inputs]\n{found.tables}[model]\nT = "{found.formula}"\n'
    return build_plan(expand(loads(text + f"[outputs]\nT = {{ target = {found.target} }}")), sampler=sampler)


def statistics(plan, trials, seed):
    """Values and standard errors of every statistic, shape (2, statistics)."""
    (t,) = run(plan, trials=trials, seed=seed, percentiles=PERCENTILES, threads=1).outcomes
    values = [t.mean, t.std, *t.quantiles, t.prob_below[0], t.cvar_loss[0]]
    return np.array([values, [t.mean_se, t.std_se, *t.quantiles_se, t.prob_below_se[0], t.cvar_loss_se[0]]])


def truth_of(model):
    """The true statistics and how far they may be off (0 where they are exact), each of shape (statistics,)."""
    found = MODELS[model]
    if found.exact is None:
        return statistics(plan_of(model, "sobol"), TRUTH_TRIALS, TRUTH_SEED)
    mean, sd, below = found.exact()
    quantiles = [_quantile(below, p / 100, mean, found.jumps) for p in PERCENTILES]
    strictly = below(math.nextafter(found.target, -math.inf))
    shortfall = _shortfall(below, 0.05, quantiles[0], found.jumps)
    return np.array([[mean, sd, *quantiles, strictly, -shortfall], np.zeros(len(STATISTICS))])


def _quantile(below, p, near, jumps):
    for jump in jumps:
        if below(math.nextafter(jump, -math.inf)) < p <= below(jump):
            return jump
    low, high = near - 1.0, near + 1.0
    while below(low) > p:
        low -= 2.0 * (near - low)
    while below(high) < p:
        high += 2.0 * (high - near)
    return float(optimize.brentq(lambda x: below(x) - p, low, high, xtol=1e-13, rtol=1e-14))


def _shortfall(below, share, quantile, jumps):
    """The mean of the worst share: the quantile less the area under the distribution function below it."""
    points = sorted({quantile, *(j for j in jumps if j < quantile)})
    area = 0.0
    width = 1.0
    while below(points[0] - width) > 1e-18 and width < 1e15:
        width *= 2.0
    cuts = [points[0] - width * 2.0**-k for k in range(60)] + points
    for low, high in pairwise(cuts):
        last = math.nextafter(high, -math.inf)
        flat = below(low) == below(last)
        area += below(low) * (high - low) if flat else integrate.quad(below, low, last, epsabs=0.0, epsrel=1e-10)[0]
    return quantile - area / share
