"""The ten-year licence of years.toml in vectorised NumPy: a yardstick and, being independent, an oracle.

Two ways of writing it, with the same draws, made once for all strategies: arrays over years and trials, as one writes
it down (``cash_flows_at_once``), and one loop over the years with arrays over the trials (``cash_flows``), which is
longer to write and kinder to memory.
"""

from __future__ import annotations

import math

import numpy as np

YEARS = 10
PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
LICENCE = {"upfront": 3.0, "tiers": ((20.0, 0.05), (40.0, 0.07), (math.inf, 0.09)), "minimum": 0.5, "entry": 0.25}
STRATEGIES = {
    "licence": LICENCE | {"leak": 0.04},
    "protected": LICENCE | {"leak": 0.02, "first": 0.3, "annual": 0.05},
    "exclusive": {
        **{"upfront": 6.0, "tiers": ((30.0, 0.06), (math.inf, 0.08)), "minimum": 1.0, "entry": 0.15, "leak": 0.04},
    },
}


def pert(draw, low, mode, high, size):
    """Beta-PERT draws on [low, high]."""
    span = high - low
    return low + span * draw.beta(1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span, size)


def drawn(seed, n):
    """What is uncertain, drawn once."""
    draw = np.random.default_rng(seed)
    return {
        "V": draw.lognormal(6.2, 0.5, n),
        "D": pert(draw, 0.4, 0.7, 0.9, n),
        "R": draw.beta(18, 2, n),
        "L": draw.triangular(0.02, 0.05, 0.15, n),
        "growth": draw.normal(0.04, 0.03, n),
        "entry": draw.exponential(1, n),
        "entry_severity": pert(draw, 0.05, 0.2, 0.6, n),
        "leak": draw.exponential(1, n),
        "leak_severity": draw.beta(2, 5, n),
        "leak_cost": draw.lognormal(1.8, 0.7, n),
        "regulation": draw.exponential(1, n) / 0.1,
        "dispute": draw.exponential(1, n) / 0.05,
        "cut": pert(draw, 0.1, 0.3, 0.6, n),
        "support": pert(draw, 0.4, 0.6, 1.2, n),
    }


def royalty_on(sales, tiers):
    """Marginal tiers."""
    total, start = 0.0, 0.0
    for limit, rate in tiers:
        part = np.clip(sales - start, 0.0, limit - start)
        total = total + rate * part
        start = limit
    return total


def cash_flows(found, terms):
    """Cash flow of each year, and at the signing, of one strategy."""
    n = found["V"].size
    entry, leak = found["entry"] / terms["entry"], found["leak"] / terms["leak"]
    ruled, disputed = found["regulation"], found["dispute"]
    initial = np.full(n, terms["upfront"] * 0.9 - terms.get("first", 0.0))
    base = found["V"] * 0.1 * found["D"]
    index = np.ones(n)
    entered_before, built_before = np.zeros(n), np.ones(n)
    leaked_before, ruled_before, active_before, disputed_before = (np.zeros(n) for _ in range(4))
    earned, taxed = initial.copy(), np.zeros(n)
    flows = []
    for year in range(1, YEARS + 1):
        entered = np.maximum(year - entry, 0.0)
        built = np.exp(-entered / 2.0)
        share = found["entry_severity"] * (entered - entered_before - 2.0 * (built_before - built))
        leaked = np.maximum(year - leak, 0.0)
        lost = found["leak_severity"] * (leaked - leaked_before)
        in_force = np.maximum(year - ruled, 0.0)
        active = np.minimum(in_force, 0.5)
        suspended = active - active_before
        price = np.exp(-0.05 * np.maximum(year - 0.5 - entry, 0.0))
        unbanned = base * index * price * (1 - share) * (1 - lost)  # what a fine is a share of
        sales = unbanned * (1 - suspended)
        in_dispute = np.maximum(year - disputed, 0.0)
        claim = np.maximum(royalty_on(sales, terms["tiers"]), terms["minimum"])
        claim *= 1 - found["cut"] * (in_dispute - disputed_before)
        legal = np.minimum(found["L"] + 0.03 * suspended, 1.0)
        receipts = claim * found["R"] * (1 - legal) * 0.9
        costs = found["support"] + terms.get("annual", 0.0)
        costs = costs + found["leak_cost"] * ((leaked > 0) & (leaked_before == 0))
        costs += 0.02 * unbanned * ((in_force > 0) & (ruled_before == 0))
        before_tax = receipts - costs
        earned += before_tax
        now_taxed = np.maximum(taxed, earned)
        flows.append(before_tax - 0.25 * (now_taxed - taxed))
        taxed = now_taxed
        index *= 1 + found["growth"]
        entered_before, built_before, leaked_before = entered, built, leaked
        ruled_before, active_before, disputed_before = in_force, active, in_dispute
    return initial, flows


def cash_flows_at_once(found, terms):
    """The same as cash_flows, with arrays (years, trials)."""
    year = np.arange(1, YEARS + 1)[:, None]
    entry, leak = found["entry"] / terms["entry"], found["leak"] / terms["leak"]

    def before(array, first=0.0):
        return np.concatenate([np.full((1, array.shape[1]), first), array[:-1]])

    def since(times):
        return np.maximum(year - times, 0.0)

    entered, leaked, in_force, in_dispute = map(since, (entry, leak, found["regulation"], found["dispute"]))
    built = np.exp(-entered / 2.0)
    share = found["entry_severity"] * (entered - before(entered) - 2.0 * (before(built, 1.0) - built))
    lost = found["leak_severity"] * (leaked - before(leaked))
    active = np.minimum(in_force, 0.5)
    suspended = active - before(active)
    price = np.exp(-0.05 * np.maximum(year - 0.5 - entry, 0.0))
    index = (1 + found["growth"]) ** (year - 1)
    unbanned = found["V"] * 0.1 * found["D"] * index * price * (1 - share) * (1 - lost)
    sales = unbanned * (1 - suspended)
    claim = np.maximum(royalty_on(sales, terms["tiers"]), terms["minimum"])
    claim = claim * (1 - found["cut"] * (in_dispute - before(in_dispute)))
    legal = np.minimum(found["L"] + 0.03 * suspended, 1.0)
    receipts = claim * found["R"] * (1 - legal) * 0.9
    costs = found["support"] + terms.get("annual", 0.0)
    costs = costs + found["leak_cost"] * ((leaked > 0) & (before(leaked) == 0))
    costs = costs + 0.02 * unbanned * ((in_force > 0) & (before(in_force) == 0))
    before_tax = receipts - costs
    initial = np.full(found["V"].size, terms["upfront"] * 0.9 - terms.get("first", 0.0))
    taxed = np.maximum(np.maximum.accumulate(np.cumsum(before_tax, axis=0) + initial, axis=0), 0.0)
    return initial, before_tax - 0.25 * (taxed - before(taxed))


def payback(initial, flows):
    """Years after which the running total stays at 0 or above."""
    held, total = initial, np.zeros(initial.size)
    years = np.zeros(initial.size)
    for year, flow in enumerate(flows, start=1):
        total = total + flow
        reached = initial + total
        over = np.divide(reached, reached - held, out=np.zeros(initial.size), where=held < 0)
        years = np.where(held < 0, year - over, years)
        held = reached
    return np.where(held < 0, YEARS + 1.0, years)


def summarise(values):
    """Moments, percentiles, and measures of loss."""
    ordered = np.percentile(values, PERCENTILES)
    worst = max(1, math.floor(0.05 * values.size))
    return {
        "mean": values.mean(),
        "std": values.std(ddof=1),
        "percentiles": ordered,
        "prob_loss": np.mean(values < 0),
        "cvar": -np.partition(values, worst)[:worst].mean(),
    }


def run(trials, seed=1, flows_of=cash_flows):
    """Statistics of all outcomes of all strategies."""
    found = drawn(seed, trials)
    told = {}
    for name, terms in STRATEGIES.items():
        initial, flows = flows_of(found, terms)
        npv, total, lowest = initial.copy(), initial.copy(), initial.copy()
        for year, flow in enumerate(flows):
            npv += flow * 1.1 ** -(year + 0.5)
            total += flow
            np.minimum(lowest, total, out=lowest)
        peak = np.maximum(-lowest, 0.0)
        outcomes = {"npv": npv, "peak_funding": peak, "ever_negative": (peak > 0).astype(float)}
        outcomes["payback"] = payback(initial, flows)
        outcomes |= {("cash_flow", year): flow for year, flow in enumerate([initial, *flows])}
        told[name] = {key: summarise(values) for key, values in outcomes.items()}
    return told
