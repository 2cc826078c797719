"""Shapley effects: shares of variance that add up to 1 whether or not inputs are correlated.

The cost of a set of inputs is the variance that is left when all others are known, E[Var(Y | the others)].  It is
half the mean square of what changes when the set is drawn again given the others, which a Gaussian copula allows
exactly.  An input's effect is what it adds to the cost of a set, averaged over all orders in which sets can grow.

References: Owen, SIAM/ASA J. Uncertainty Quantification 2, 2014; Song, Nelson, Staum, "Shapley effects for global
sensitivity analysis", SIAM/ASA J. Uncertainty Quantification 4, 2016; Broto, Bachoc, Depecker, "Variance reduction
for estimation of Shapley effects", SIAM/ASA J. Uncertainty Quantification 8, 2020, for the pick-freeze form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.analysis.drivers.designs import Setting, chunks, evaluated, led_by_others, redrawn
from simengine.analysis.drivers.tornado import Estimates
from simengine.deal.model import Model

Array = NDArray[np.float64]
Growth = dict[int, Array]
"""For each set (bits), the weight with which its cost enters the effect of each input."""

EXACT_INPUTS = 9
"""Up to so many inputs all orders are taken; above, a sample of them."""
ORDERS = 24
"""Orders that are sampled, each with its reverse."""


def shapley_effects(
    model: Model, names: Sequence[str], sums: Sequence[Sequence[int]], rows: int, setting: Setting
) -> Estimates:
    """Effects of the named inputs (all that the outcomes use) on every outcome of a model, (outcomes, sums).

    ``sums`` are places of names whose effects are added up.  ``rows``: of the tape of the model.  The dependence must
    be Gaussian.  Where orders are sampled, the error contains that of the sample.
    """
    pairs = [] if len(names) <= EXACT_INPUTS else sampled_orders(len(names), setting.seed)
    each = [growth_of(pair) for pair in pairs]
    growth = _mean_growth(each) if each else exact_growth(len(names))
    sets = sorted(growth)
    batches, parts = _costs(model, names, sets, rows, setting)
    weights = np.array([growth[s] for s in sets])
    shares = np.einsum("bso,si->boi", parts, weights)
    total = shares.sum(axis=2, keepdims=True)  # the variance: the effects in any order add up to it
    added = np.array([[float(i in places) for places in sums] for i in range(len(names))])
    shares = shares @ added
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = batches.pooled(total)
        value = batches.pooled(shares) / variance
        found = Estimates.of(batches, value, (shares - value * total) / variance)
        if not each:
            return found
        cost = dict(zip(sets, batches.pooled(parts), strict=True))
        one = np.array([sum(np.outer(cost[s], w) for s, w in some.items()) for some in each]) @ added / variance
    return Estimates(value, np.hypot(found.se, one.std(axis=0, ddof=1) / math.sqrt(len(each))))


def _costs(
    model: Model, names: Sequence[str], sets: Sequence[int], rows: int, setting: Setting
) -> tuple[Batches, Array]:
    """The cost of every set in every batch, (batches, sets, outcomes)."""
    found = []
    for chunk in chunks(len(sets), 2 * rows):
        models = []
        for k in chunk:
            chosen = [name for place, name in enumerate(names) if sets[k] >> place & 1]
            first = led_by_others(model, chosen)
            models += [first, redrawn(first, chosen)]
        batches, parts = evaluated(models, setting, _Costs(len(model.outputs)), "Shapley effects")
        found.append(parts)
    return batches, np.concatenate(found, axis=1)


class _Costs:
    """Half the mean squares of what changes in one batch, (sets, outcomes)."""

    def __init__(self, outcomes: int):
        self._outcomes = outcomes

    def __call__(self, values: Array) -> Array:
        pairs = values.reshape(-1, 2, self._outcomes, values.shape[-1])
        return np.asarray(((pairs[:, 0] - pairs[:, 1]) ** 2).mean(axis=2) / 2)


def exact_growth(inputs: int) -> Growth:
    """The weights of all sets, the empty one (which costs nothing) left out."""
    found: Growth = {}
    for s in range(1, 1 << inputs):
        size = s.bit_count()
        inside = 1.0 / (inputs * math.comb(inputs - 1, size - 1))
        outside = -1.0 / (inputs * math.comb(inputs - 1, size)) if size < inputs else 0.0
        found[s] = np.array([inside if s >> i & 1 else outside for i in range(inputs)])
    return found


def sampled_orders(inputs: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Random orders, each with its reverse."""
    generator = np.random.Generator(np.random.Philox(seed))
    orders = [generator.permutation(inputs).tolist() for _ in range(ORDERS)]
    return [(order, order[::-1]) for order in orders]


def growth_of(orders: Sequence[Sequence[int]]) -> Growth:
    """The weights of the sets that these orders grow through."""
    found: Growth = {}
    for order in orders:
        s = 0
        for i in order:
            if s:
                found[s][i] -= 1.0 / len(orders)
            s |= 1 << i
            found.setdefault(s, np.zeros(len(order)))[i] += 1.0 / len(orders)
    return found


def _mean_growth(each: Sequence[Growth]) -> Growth:
    found: Growth = {}
    for growth in each:
        for s, weights in growth.items():
            found[s] = found.get(s, 0.0) + weights / len(each)
    return found
