"""How much each change contributes: Shapley values, exact over all sets of changes or from random orders.

The contribution of a change is the mean, over all orders in which the changes could be made, of what it adds at its
turn.  Contributions add up to the whole difference, a change without effect has 0, and no order is preferred.

References: Shapley, "A value for n-person games", Contributions to the Theory of Games II, 1953; Castro, Gomez and
Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers and Operations Research 36, 2009;
Mitchell, Cooper, Frank and Holmes, "Sampling permutations for Shapley value estimation", JMLR 23, 2022, for orders in
pairs of opposites.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Order = tuple[int, ...]

MOST_EXACT = 8
"""Changes up to which all 2**k sets of them are computed."""


@dataclass(frozen=True)
class Steps:
    """Where one player joins: bit masks of the sets before and after, and the weight of each step, (steps,).

    Its value is the weighted sum of what the steps add; steps that add nothing make exactly 0.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    weights: Array


def exact_steps(players: int) -> list[Steps]:
    """All steps of every player, with the share of orders in which each is taken."""
    found = []
    for player in range(players):
        before = tuple(mask for mask in range(1 << players) if not mask >> player & 1)
        weights = np.array([_share(mask.bit_count(), players) for mask in before])
        found.append(Steps(before, tuple(mask | 1 << player for mask in before), weights))
    return found


def _share(before: int, players: int) -> float:
    """The share of orders in which exactly ``before`` given players come before one."""
    return math.factorial(before) * math.factorial(players - before - 1) / math.factorial(players)


def orders(players: int, pairs: int, seed: int) -> list[Order]:
    """Random orders, each followed by its reverse."""
    generator = np.random.default_rng(seed)
    found: list[Order] = []
    for _ in range(pairs):
        order = tuple(int(player) for player in generator.permutation(players))
        found += [order, order[::-1]]
    return found


def sampled_steps(used: Sequence[Order]) -> list[Steps]:
    """The step of every player in each of the orders, which have equal weights."""
    weights = np.full(len(used), 1.0 / len(used))
    found = []
    for player in range(len(used[0])):
        before = tuple(sum(1 << other for other in order[: order.index(player)]) for order in used)
        found.append(Steps(before, tuple(mask | 1 << player for mask in before), weights))
    return found


def masks_of(steps: Sequence[Steps]) -> list[int]:
    """The sets that the steps lead from and to, none and all among them, rising."""
    return sorted({0, (1 << len(steps)) - 1}.union(*(step.before for step in steps), *(step.after for step in steps)))


def order_error(added: Array) -> Array:
    """The standard error (...) that random orders leave, from what was added in each of them (..., orders)."""
    pairs = added.reshape(*added.shape[:-1], -1, 2).mean(axis=-1)
    count = pairs.shape[-1]
    return np.asarray(pairs.std(axis=-1, ddof=1) / math.sqrt(count)) if count > 1 else np.full(pairs.shape[:-1], np.nan)
