"""The search for the best candidate of a strategy: all of them where they are few, else an optimiser of SciPy.

Differential evolution looks everywhere, with discrete variables as whole numbers; Nelder and Mead's simplex then
walks down from its best in the continuous ones.  Both only compare, so objective and constraints become one score:
candidates that meet the constraints are below 0 and ordered by the objective, the others are above by how far they
miss them (Deb's rule).

References: Storn and Price, Journal of Global Optimization 11, 1997; Deb, "An efficient constraint handling method
for genetic algorithms", Computer Methods in Applied Mechanics and Engineering 186, 2000; Nelder and Mead, Computer
Journal 7, 1965.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simengine.analysis.decisions.evaluate import Candidate, Evaluator
from simengine.analysis.decisions.variables import Variable
from simengine.analysis.measures import Array

MOST_ENUMERATED = 2_000
"""Candidates of all strategies up to which every one is evaluated."""

_POPULATION = (16, 64)
_EVOLUTION_SHARE = 0.75
"""Of the evaluations, those before the walk down."""

Score = Callable[[Candidate], float]


@dataclass(frozen=True)
class Searched:
    """How a strategy was searched, and how many candidates that took."""

    method: str
    evaluations: int


def combinations(variables: Sequence[Variable]) -> int | None:
    """How many candidates there are; None where a variable is continuous."""
    if any(variable.choices is None for variable in variables):
        return None
    return math.prod(len(variable.choices or ()) for variable in variables)


def enumerate_all(evaluator: Evaluator, progress: Callable[[int], None] | None = None) -> Searched:
    """Evaluate every candidate."""
    points = list(itertools.product(*(variable.choices or () for variable in evaluator.variables)))
    for first in range(0, len(points), 64):
        evaluator.at(points[first : first + 64])
        if progress is not None:
            progress(len(evaluator.candidates))
    return Searched("all combinations", len(points))


def optimise(
    evaluator: Evaluator,
    score_of: Callable[[Sequence[Candidate]], Score],
    budget: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> Searched:
    """Search with a budget of evaluations; all that was evaluated stays in the evaluator.

    ``score_of`` makes the score, less is better, from the candidates of a first look at the whole range.
    """
    from scipy.optimize import differential_evolution
    from scipy.stats import qmc

    variables = evaluator.variables
    bounds = [(0.0, len(v.choices) - 1.0) if v.choices is not None else (v.low, v.high) for v in variables]
    size = int(min(max(_POPULATION[0], 8 * len(variables)), _POPULATION[1], max(5, budget // 4)))
    low, high = np.array(bounds).T
    unit = qmc.Halton(len(variables), rng=seed).random(size)
    unit[0] = (_place_of_value(variables) - low) / np.where(high > low, high - low, 1.0)
    score = score_of(evaluator.at([_point(variables, row) for row in low + unit * (high - low)]))

    def scores(columns: Array) -> Array:
        candidates = evaluator.at([_point(variables, column) for column in np.atleast_2d(columns.T)])
        if progress is not None:
            progress(len(evaluator.candidates))
        return np.array([score(candidate) for candidate in candidates])

    generations = max(0, int(_EVOLUTION_SHARE * budget / size) - 1)
    found = differential_evolution(
        scores,
        bounds,
        init=low + unit * (high - low),
        maxiter=generations,
        tol=1e-6,
        atol=1e-12,
        polish=False,
        vectorized=True,
        updating="deferred",
        integrality=[variable.choices is not None for variable in variables],
        rng=np.random.default_rng(seed),
    )
    method = "differential evolution"
    if any(variable.choices is None for variable in variables):
        _walk_down(scores, np.asarray(found.x), variables, low, high, budget - len(evaluator.candidates))
        method += ", then Nelder and Mead's simplex"
    return Searched(method, len(evaluator.candidates))


def _walk_down(
    scores: Callable[[Array], Array],
    start: Array,
    variables: Sequence[Variable],
    low: Array,
    high: Array,
    budget: int,
) -> None:
    """Nelder and Mead's simplex in the continuous variables, the others as they are."""
    from scipy.optimize import minimize

    free = np.array([variable.choices is None for variable in variables])
    if budget < 2:
        return

    def score(inner: Array) -> float:
        whole = start.copy()
        whole[free] = inner
        return float(scores(whole[:, None])[0])

    width = (high - low)[free]
    simplex = np.vstack([start[free], start[free] + np.diag(_steps(start[free], low[free], high[free]))])
    options = {"maxfev": budget, "initial_simplex": simplex, "xatol": 1e-7 * float(width.max()), "fatol": 1e-13}
    minimize(score, start[free], method="Nelder-Mead", bounds=list(zip(low[free], high[free], strict=True)),
             options=options)  # fmt: skip


def _steps(start: Array, low: Array, high: Array) -> Array:
    """A fiftieth of each range, towards its inside."""
    step = (high - low) / 50.0
    return np.where(start + step <= high, step, -step)


def _point(variables: Sequence[Variable], row: Array) -> list[float]:
    """Values of the variables from what the optimiser moves: numbers of choices, or the values themselves."""
    return [
        float(x)
        if variable.choices is None
        else variable.choices[min(max(round(float(x)), 0), len(variable.choices) - 1)]
        for variable, x in zip(variables, row, strict=True)
    ]


def _place_of_value(variables: Sequence[Variable]) -> Array:
    """Where the values that a run takes lie."""
    return np.array(
        [
            min(max(v.value, v.low), v.high)
            if v.choices is None
            else float(np.argmin([abs(choice - v.value) for choice in v.choices]))
            for v in variables
        ]
    )
