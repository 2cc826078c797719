"""Mixtures: with a given probability each draw comes from one of several distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from simengine.distributions.families.common import smooth
from simengine.distributions.families.data import SUM_TOLERANCE
from simengine.distributions.families.separate import in_order, mixture_moments, separate_mixture
from simengine.distributions.family import Context, Family, Form, Parameter
from simengine.distributions.inversion import Inverse
from simengine.distributions.marginal import SMALLEST_TAIL, Array, Function, Marginal, Pieces, quiet
from simengine.distributions.pieces import knots, lines, merge, pieces_marginal, probability_below
from simengine.distributions.scores import below as normal_below
from simengine.distributions.scores import logit
from simengine.distributions.values import NOT_NEGATIVE, brief, read_number, show
from simengine.errors import InvalidInput, Problem

DEEPEST = 4
MOST_COMPONENTS = 200
_MOST_KINKS = 1000
"""A continuous component mixed with finer data than this is itself cut into lines."""
_LINES = 1 << 14
_DEEP = 0.05
"""A density lower than this share of the peaks on both sides is a valley."""
Parts = Sequence[tuple[float, Marginal]]


def mixture(context: Context, components: list[object], normalise: bool) -> Marginal:
    """Mixture of component distributions.

    Raises
    ------
    InvalidInput
        With the problems of all components, their keys under ``components[k]``.
    """
    parts = _read(context, components, normalise)
    notes = tuple(problem.under(f"components[{k}]") for _, k, part in parts for problem in part.notes)
    mixed = mix([(weight, part) for weight, _, part in parts])
    known = {f"component {k + 1}": f"{brief(weight)} of {part.description}" for weight, k, part in parts}
    return replace(mixed, family="mixture", parameters=known, notes=notes)


def mix(parts: Parts) -> Marginal:
    """The mixture of distributions with weights that sum to 1."""
    if len(parts) == 1:
        return parts[0][1]
    exact = [(weight, part.pieces) for weight, part in parts if part.pieces is not None]
    moments = mixture_moments(parts)
    finest = max((p.starts.size for _, p in exact), default=0)
    ordered = in_order(parts) if len(exact) < len(parts) else None
    if ordered is not None:
        return separate_mixture(ordered, moments)
    if len(exact) < len(parts) and finest <= _MOST_KINKS:
        return _smooth_mixture(parts, moments)
    pieces = merge([(weight, part.pieces or _as_lines(part)) for weight, part in parts])
    return pieces_marginal("mixture", pieces, parameters={}, moments=moments)


def _smooth_mixture(parts: Parts, moments: tuple[float, float]) -> Marginal:
    jumps = _Jumps(parts)

    def cdf(x: Array) -> Array:
        return np.asarray(sum(weight * part.cdf(x) for weight, part in parts))

    def sf(x: Array) -> Array:
        return np.asarray(sum(weight * part.sf(x) for weight, part in parts))

    def log_odds(x: Array) -> Array:
        return np.log(cdf(x)) - np.log(sf(x))

    inverse = Inverse(log_odds, lambda: _knots(parts))

    def low(q: Array) -> Array:
        return jumps.from_below(q, inverse(logit(q)))

    def high(q: Array) -> Array:
        return jumps.from_above(q, inverse(-logit(q)))

    return smooth(
        "mixture",
        low=low,
        high=high,
        cdf=cdf,
        sf=sf,
        support=(min(part.support[0] for _, part in parts), max(part.support[1] for _, part in parts)),
        moments=moments,
        parameters={},
        kinks=_kinks(parts, quiet(cdf), quiet(sf), jumps),
        slow=True,
        digest_key=["mixture", [[weight, part.digest_key] for weight, part in parts]],
    )


class _Jumps:
    """The atoms of a mixture and the probabilities at their edges, from below and from above."""

    def __init__(self, parts: Parts):
        exact = [part.pieces for _, part in parts if part.pieces is not None]
        self.values = np.unique(np.concatenate([np.empty(0), *(p.values[p.slopes == 0] for p in exact)]))
        self.before, self.after = np.zeros(self.values.size), np.zeros(self.values.size)
        self.beyond, self.from_here = self.before.copy(), self.before.copy()
        for weight, part in parts:
            at, over = part.cdf(self.values), part.sf(self.values)
            left = at if part.pieces is None else probability_below(part.pieces, self.values, strictly=True)
            self.before += weight * left
            self.after += weight * at
            self.beyond += weight * over
            self.from_here += weight * (over + (at - left))

    def from_below(self, q: Array, x: Array) -> Array:
        """The atom's value where a lower tail probability falls on one, else x."""
        k = np.searchsorted(self.after, q)
        inside = np.minimum(k, self.values.size - 1)
        return np.where((k < self.values.size) & (q > self.before[inside]), self.values[inside], x) if len(self) else x

    def from_above(self, q: Array, x: Array) -> Array:
        """The atom's value where an upper tail probability falls on one, else x."""
        k = self.values.size - 1 - np.searchsorted(self.from_here[::-1], q, side="right")
        inside = np.maximum(k, 0)
        return np.where((k >= 0) & (q >= self.beyond[inside]), self.values[inside], x) if len(self) else x

    def __len__(self) -> int:
        return self.values.size


def _knots(parts: Parts) -> Array:
    """Points among which every quantile of the mixture lies: quantiles of the components, far into both tails."""
    tail = np.concatenate((2.0 ** -np.arange(110.0, 6.0, -2.0), np.linspace(1 / 64, 0.5, 32)))
    sides = [side(tail) for _, part in parts for side in (part.low, part.high)]
    ends = [end for _, part in parts for end in part.support if math.isfinite(end)]
    return np.unique(np.concatenate([*sides, np.array(ends)]))


def _kinks(parts: Parts, cdf: Function, sf: Function, jumps: _Jumps) -> tuple[float, ...]:
    """Probabilities of the seams: ends and kinks of the components, and both edges of every atom."""
    places: list[float] = []
    for _, part in parts:
        places.extend(end for end in part.support if math.isfinite(end))
        places.extend(part.quantile(np.array(part.kinks)).tolist())
        if part.pieces is not None:
            places.extend(knots(part.pieces).tolist())
    x = np.unique(np.array(places))
    below, above = cdf(x), sf(x)
    seams = np.where(below <= 0.5, below, 1.0 - above)
    edges = np.where(jumps.before <= 0.5, jumps.before, 1.0 - jumps.from_here)
    found = np.unique(np.concatenate((seams, edges)))
    valleys = [v for v in _valleys(parts, cdf, sf) if not np.any(np.abs(found - v) < 1e-9)]
    found = np.unique(np.append(found, valleys))
    return tuple(found[(found > 0) & (found < 1)].tolist())


def _valleys(parts: Parts, cdf: Function, sf: Function) -> list[float]:
    """Probabilities at which hardly any density separates two peaks, so that the quantile function leaps."""
    x = _knots(parts)
    for _ in range(3):
        below, above = cdf(x), sf(x)
        density = np.where(below[1:] <= 0.5, np.diff(below), -np.diff(above)) / np.diff(x)
        banks = np.minimum(np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1])
        deep = density < _DEEP * banks
        edges = np.flatnonzero(np.diff(np.concatenate(([0], deep, [0]))))
        lowest = [begin + int(np.argmin(density[begin:end])) for begin, end in edges.reshape(-1, 2)]
        finer = [np.linspace(x[max(k - 1, 0)], x[min(k + 2, x.size - 1)], 64) for k in lowest]
        x = np.unique(np.concatenate([x, *finer]))
    middles = np.array([(x[k] + x[k + 1]) / 2 for k in lowest])
    below, above = cdf(middles), sf(middles)
    return [float(v) for v in np.where(below <= 0.5, below, 1.0 - above)]


def _as_lines(part: Marginal) -> Pieces:
    """A continuous distribution as many lines; the error is below 1e-8 in probability."""
    z = np.linspace(-8.3, 8.3, _LINES)
    tail = np.clip(normal_below(-np.abs(z)), SMALLEST_TAIL, 0.5)
    probabilities = np.where(z < 0, tail, 1.0 - tail)
    values = np.where(z < 0, part.low(tail), part.high(tail))
    probabilities[0], probabilities[-1] = 0.0, 1.0
    return lines(np.maximum.accumulate(values), np.maximum.accumulate(probabilities))


def _read(context: Context, components: list[object], normalise: bool) -> list[tuple[float, int, Marginal]]:
    """Weight, position and distribution of every component of positive weight."""
    if context.depth >= DEEPEST:
        raise InvalidInput(Problem("mixtures are nested too deeply", "components", allowed=f"{DEEPEST} levels"))
    if len(components) > MOST_COMPONENTS:
        reason = f"has {len(components)} components"
        raise InvalidInput(Problem(reason, "components", allowed=f"1 to {MOST_COMPONENTS}"))
    inner = replace(context, depth=context.depth + 1)
    found: list[tuple[float, int, Marginal]] = []
    problems: list[Problem] = []
    for k, component in enumerate(components):
        weight = part = None
        try:
            weight = _weight(component)
        except InvalidInput as error:
            problems.extend(problem.under(f"components[{k}]") for problem in error.problems)
        try:
            part = context.resolve(_specification(component), inner)
        except InvalidInput as error:
            problems.extend(problem.under(f"components[{k}]") for problem in error.problems)
        if weight is not None and part is not None:
            found.append((weight, k, part))
    total = math.fsum(weight for weight, _, _ in found)
    if not problems and not total > 0:
        problems.append(Problem("all weights are 0", "components"))
    if not problems and not normalise and abs(total - 1) > SUM_TOLERANCE:
        hint = "add normalise = true to divide by their sum"
        problems.append(Problem(f"the weights sum to {brief(total)}, not to 1", "components", allowed="1", hint=hint))
    if problems:
        raise InvalidInput(problems)
    return [(weight / total, k, part) for weight, k, part in found if weight > 0]


def _weight(component: object) -> float:
    if not isinstance(component, Mapping):
        example = '{ weight = 0.3, dist = "normal", mean = 1, sd = 2 }'
        raise InvalidInput(Problem("is not a table", "", show(component), f"a table such as {example}"))
    if "weight" not in component:
        raise InvalidInput(Problem("is missing", "weight", allowed=str(NOT_NEGATIVE)))
    return read_number(component["weight"], "weight", NOT_NEGATIVE)


def _specification(component: object) -> object:
    """The distribution of a component: its keys but the weight, or all of ``dist`` where that is a whole one."""
    if not isinstance(component, Mapping):
        raise InvalidInput([])
    rest = {key: value for key, value in component.items() if key != "weight"}
    whole = rest.get("dist")
    nested = not isinstance(whole, str) or " to " in whole
    return whole if len(rest) == 1 and "dist" in rest and nested else rest


ROWS = (
    Family(
        "mixture",
        "with given probabilities one of several distributions: good and bad cases, or often nothing at all",
        mixture,
        (
            Form(
                (
                    Parameter("components", "tables, each a weight and a distribution", kind="list"),
                    Parameter(
                        "normalise",
                        "divide the weights by their sum",
                        kind="flag",
                        required=False,
                        default=False,
                    ),
                )
            ),
        ),
        '{ dist = "mixture", components = [{ weight = 0.9, dist = "constant", value = 0 }, '
        '{ weight = 0.1, dist = "lognormal", p10 = 5, p90 = 50 }] }',
        "McLachlan and Peel (2000), Finite Mixture Models",
        contextual=True,
    ),
)
