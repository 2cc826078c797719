"""Distributions that dependence between inputs is built from."""

from __future__ import annotations

import math

import numpy as np

from simengine.distributions.families.common import smooth
from simengine.distributions.families.gamma import log_gamma_quantile
from simengine.distributions.families.location_scale import normal, uniform
from simengine.distributions.incomplete import gamma_above, gamma_below
from simengine.distributions.marginal import Array, Marginal


def standard_normal() -> Marginal:
    """The normal distribution of mean 0 and sd 1."""
    return normal(0.0, 1.0)


def standard_uniform() -> Marginal:
    """The uniform distribution on [0, 1]."""
    return uniform(0.0, 1.0)


def student_scale(dof: float) -> Marginal:
    """The distribution of ``sqrt(dof / C)``, C chi-squared with ``dof`` degrees of freedom.

    Independent normal scores times one such draw are jointly Student-t with ``dof`` degrees of freedom.
    """
    half = dof / 2

    def log_low(q: Array) -> Array:
        return 0.5 * (math.log(half) - log_gamma_quantile(half, 1.0 - q, q))

    def log_high(q: Array) -> Array:
        return 0.5 * (math.log(half) - log_gamma_quantile(half, q, 1.0 - q))

    mean = math.nan
    if dof > 1:
        mean = math.sqrt(half) * math.exp(math.lgamma(half - 0.5) - math.lgamma(half))
    variance = dof / (dof - 2) - mean * mean if dof > 2 else math.nan
    return smooth(
        "student-scale",
        low=lambda q: np.exp(log_low(q)),
        high=lambda q: np.exp(log_high(q)),
        cdf=lambda x: gamma_above(half, half / np.square(np.maximum(x, 0))),
        sf=lambda x: gamma_below(half, half / np.square(np.maximum(x, 0))),
        support=(0.0, math.inf),
        moments=(mean, variance),
        parameters={"dof": dof},
        log=(log_low, log_high),
        positive_tail=dof < 2,
    )
