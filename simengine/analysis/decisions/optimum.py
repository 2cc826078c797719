"""The best strategy and the best values of its decision variables, subject to constraints, with its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.decisions.constraints import Constraint
from simengine.analysis.decisions.evaluate import Candidate, Evaluator, ModelsAt, evaluator
from simengine.analysis.decisions.search import (
    MOST_ENUMERATED,
    Score,
    Searched,
    combinations,
    enumerate_all,
    optimise,
)
from simengine.analysis.decisions.selection import chance_of_correct, efficient, gaps_to, indistinguishable
from simengine.analysis.decisions.variables import Variable, setting_text
from simengine.analysis.measures import Measure
from simengine.analysis.variants import Draws, only_needed, reporting, variant_key
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.plan.compile import needed_names

DEFAULT_EVALUATIONS = 800
"""Candidates that are evaluated for each strategy where there are too many to evaluate all."""

_FRESH = 0x9E3779B97F4A7C15
"""What is added to the seed for draws that the search has not seen."""
_BINDS_WITHIN = 2.0
"""Standard errors from its limit within which a constraint binds."""
_PENALTY = 0.5


@dataclass(frozen=True)
class Aim:
    """What is best: an objective that is minimised or maximised, and what must hold."""

    objective: Measure
    minimise: bool
    constraints: tuple[Constraint, ...] = ()

    @property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return 1.0 if self.minimise else -1.0

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Objective, constraints, then mean and CVaR95 of the outcome of the objective, for the frontier."""
        frontier = (Measure("mean"), Measure("shortfall", 95.0))
        own = (replace(measure, output=self.objective.output) for measure in frontier)
        return (self.objective, *(constraint.measure for constraint in self.constraints), *own)


@dataclass(frozen=True)
class Margin:
    """How a constraint stands at the optimum: its value and error on the search's draws and on fresh ones."""

    constraint: Constraint
    value: float
    se: float
    fresh: float
    fresh_se: float
    binds: bool
    next_step: Mapping[str, float] | None = None
    """Where all variables have steps: the better neighbour that only this constraint forbids."""

    @property
    def holds_afresh(self) -> bool:
        """Whether it holds on draws that the search has not seen."""
        return self.constraint.holds(self.fresh)


@dataclass(frozen=True, eq=False)
class Optimum:
    """All that `simengine optimize` reports.

    best: the selected candidate on the draws of the search; fresh and current: measures of it, and of its strategy with
    the values that a run takes, on draws that the search has not seen.  today: the latter for every strategy.
    """

    aim: Aim
    variables: Mapping[str, tuple[Variable, ...]]
    searched: Mapping[str, Searched]
    candidates: tuple[Candidate, ...]
    feasible: tuple[bool, ...]
    best: Candidate
    batches: Batches
    draws: Draws
    fresh: Linearised
    current: Linearised
    today: Mapping[str, Linearised]
    fresh_batches: Batches
    margins: tuple[Margin, ...]
    chance: float
    indifference: float
    as_good: tuple[Candidate, ...]
    frontier: tuple[Candidate, ...]

    @property
    def best_today(self) -> str:
        """The best strategy with the values of the file: of those that meet the constraints, else of all."""
        values = {name: one.value.tolist() for name, one in self.today.items()}
        met = [
            name for name, own in values.items() if all(c.holds(own[k]) for k, c in enumerate(self.aim.constraints, 1))
        ]
        return min(met or values, key=lambda name: self.aim.sign * values[name][0])


Progress = Callable[[int, int, str], None]


def find_optimum(
    models: Mapping[str, Model],
    variables: Mapping[str, Sequence[Variable]],
    aim: Aim,
    draws: Draws,
    *,
    evaluations: int = DEFAULT_EVALUATIONS,
    indifference: float | None = None,
    models_at: ModelsAt | None = None,
    progress: Progress | None = None,
) -> Optimum:
    """Search all strategies given.

    Variables on which nothing that is measured depends are left out; strategies without variables are candidates as
    they are.  ``models_at`` gives the models for values of those that are resolved.  ``indifference`` is how much
    better another candidate may be without the choice being wrong; by default 0 where every candidate was evaluated,
    else a standard error or a thousandth of the range of the objective, whichever is more.

    Raises
    ------
    InvalidInput
        If no candidate meets the constraints; it says which of them, and how near the best one came.
    NonFiniteOutcome
        If an outcome is not a finite number somewhere in the range of the variables.
    """
    names = {
        name: needed_names(model, [str(measure.output) for measure in aim.measures]) for name, model in models.items()
    }
    searchable = {
        name: tuple(v for v in found if (_matters(v, name, aim, models_at) if v.resolved else v.name in names[name]))
        for name, found in variables.items()
    }
    if not any(searchable.values()):
        raise InvalidInput(_nothing_to_decide(searchable, variables, aim))
    evaluators = {
        name: evaluator(model, searchable[name], aim.measures, draws, models_at) for name, model in models.items()
    }
    searched = _search(evaluators, aim, evaluations, progress)
    candidates = [candidate for one in evaluators.values() for candidate in one.candidates.values()]
    batches = next(one.batches for one in evaluators.values() if one.batches is not None)
    feasible = [_is_feasible(candidate, aim) for candidate in candidates]
    allowed = [candidate for candidate, good in zip(candidates, feasible, strict=True) if good]
    if not allowed:
        raise InvalidInput(_infeasible(candidates, aim, batches))
    best = min(allowed, key=lambda candidate: aim.sign * float(candidate.measured.value[0]))
    others = [candidate for candidate in candidates if candidate is not best]
    gaps, errors = gaps_to(best, others, aim.sign, batches)
    if indifference is None:
        complete = all(one.method == "all combinations" for one in searched.values())
        range_ = float(np.ptp([candidate.measured.value[0] for candidate in allowed]))
        indifference = 0.0 if complete else max(float(best.measured[0].error(batches)), range_ / 1000.0)
    rivals = np.array(
        [good for candidate, good in zip(candidates, feasible, strict=True) if candidate is not best], bool
    )
    similar = indistinguishable(gaps[rivals], errors[rivals], batches)
    alike = [candidate for candidate in allowed if candidate is not best]
    certain = {name: _certain(model, aim) for name, model in models.items()}
    fresh, today, fresh_batches = _afresh(evaluators, best, draws)
    values = np.array([candidate.measured.value for candidate in allowed])
    return Optimum(
        aim=aim,
        variables=searchable,
        searched=searched,
        candidates=tuple(candidates),
        feasible=tuple(feasible),
        best=best,
        batches=batches,
        draws=draws,
        fresh=fresh,
        current=today[best.strategy],
        today=today,
        fresh_batches=fresh_batches,
        margins=_margins(best, searchable[best.strategy], candidates, aim, batches, fresh, fresh_batches),
        chance=chance_of_correct(best, others, gaps, errors, aim.constraints, batches, certain, indifference),
        indifference=indifference,
        as_good=tuple(candidate for candidate, same in zip(alike, similar, strict=True) if same),
        frontier=tuple(allowed[k] for k in efficient(values[:, -2], values[:, -1])),
    )


def _matters(variable: Variable, strategy: str, aim: Aim, models_at: ModelsAt | None) -> bool:
    """Whether the formulas of what is measured differ between the ends of the range of a term of a deal."""
    assert models_at is not None
    outputs = list(dict.fromkeys(str(measure.output) for measure in aim.measures))
    keys = set()
    for value in (variable.low, variable.value, variable.high):
        model = models_at({variable.resolved: value})[strategy]
        keys.add(variant_key(only_needed(reporting(model, outputs))))
    return len(keys) > 1


def _nothing_to_decide(
    searchable: Mapping[str, Sequence[Variable]], variables: Mapping[str, Sequence[Variable]], aim: Aim
) -> Problem:
    which = " and ".join(searchable)
    given = list(dict.fromkeys(variable.name for found in variables.values() for variable in found))
    reason = f"there is nothing to decide: {aim.objective.output} of {which} depends on no decision"
    reason += f", also not on {', '.join(given)}" if given else ""
    hint = "simengine compare holds strategies as they are against each other" if len(searchable) > 1 else None
    return Problem(reason, "--strategy" if len(searchable) == 1 else "decisions", hint=hint or "name another strategy")


def _search(
    evaluators: Mapping[str, Evaluator], aim: Aim, evaluations: int, progress: Progress | None
) -> dict[str, Searched]:
    counts = {name: combinations(one.variables) for name, one in evaluators.items()}
    few = sum(count or 0 for count in counts.values()) <= MOST_ENUMERATED
    sizes = {name: count if count is not None and few else evaluations for name, count in counts.items()}
    total, done = sum(sizes.values()), 0
    searched = {}
    for name, one in evaluators.items():

        def tell(count: int, before: int = done) -> None:
            if progress is not None:
                progress(min(before + count, total), total, "candidates")

        if counts[name] is not None and few:
            searched[name] = enumerate_all(one, tell)
        else:
            searched[name] = optimise(one, lambda first: _score(first, aim), evaluations, one.draws.seed, tell)
        done += sizes[name]
    return searched


def _score(first: Sequence[Candidate], aim: Aim) -> Score:
    """A score that orders candidates by Deb's rule, with the spread of the first look as the unit of everything."""
    values = np.array([candidate.measured.value for candidate in first])
    centre, spread = float(np.median(values[:, 0])), _positive(float(np.ptp(values[:, 0])))
    units = [
        _positive(max(abs(constraint.limit), float(np.ptp(values[:, 1 + k]))))
        for k, constraint in enumerate(aim.constraints)
    ]

    def score(candidate: Candidate) -> float:
        excess = [
            constraint.excess(float(candidate.measured.value[1 + k])) / units[k]
            for k, constraint in enumerate(aim.constraints)
            if not constraint.holds(float(candidate.measured.value[1 + k]))
        ]
        if excess:
            return _PENALTY + math.fsum(max(one, 0.0) for one in excess)
        ahead = aim.sign * (float(candidate.measured.value[0]) - centre) / spread
        return -1.0 + ahead / (1.0 + abs(ahead))  # between -2 and 0

    return score


def _positive(number: float) -> float:
    return number if number > 0.0 and math.isfinite(number) else 1.0


def _is_feasible(candidate: Candidate, aim: Aim) -> bool:
    values = candidate.measured.value[1:].tolist()
    return all(constraint.holds(values[k]) for k, constraint in enumerate(aim.constraints))


def _certain(model: Model, aim: Aim) -> list[bool]:
    """Of which measures the outcome depends on nothing uncertain, whatever the values of the variables."""
    uncertain = {name for name, entry in model.inputs.items() if entry.marginal.constant is None}
    return [uncertain.isdisjoint(needed_names(model, [str(measure.output)])) for measure in aim.measures]


def _infeasible(candidates: Sequence[Candidate], aim: Aim, batches: Batches) -> list[Problem]:
    """Which constraints cannot be met, and how near the best candidates come."""
    problems = []
    for k, constraint in enumerate(aim.constraints):
        nearest = min(candidates, key=lambda one: constraint.excess(float(one.measured.value[1 + k])))
        value = float(nearest.measured.value[1 + k])
        if not constraint.holds(value):
            where = _where(nearest)
            reason = f"no candidate of {len(candidates):,} meets it; the nearest is {_shown(constraint, value)} {where}"
            error = float(nearest.measured[1 + k].error(batches))
            hint = f"its standard error is {_shown(constraint, error)}; loosen the limit or widen the variables"
            problems.append(Problem(reason, "--subject-to", constraint.label, hint=hint))
    if not problems:
        score = _score(candidates, aim)
        nearest = min(candidates, key=score)
        values = nearest.measured.value[1:].tolist()
        missed = [c for k, c in enumerate(aim.constraints) if not c.holds(values[k])]
        reason = f"each can be met, but not together; {_where(nearest)} comes nearest and misses "
        reason += " and ".join(f"{c.label} by {_shown(c, c.excess(values[aim.constraints.index(c)]))}" for c in missed)
        labels = " and ".join(c.label for c in aim.constraints)
        problems.append(Problem(reason, "--subject-to", labels, hint="loosen one of them"))
    return problems


def _where(candidate: Candidate) -> str:
    setting = setting_text(candidate.setting)
    return f"at {setting} of {candidate.strategy}" if setting else f"of {candidate.strategy}"


def _shown(constraint: Constraint, value: float) -> str:
    return f"{100 * value:.3g} %" if constraint.measure.share else f"{value:.4g}"


def _afresh(
    evaluators: Mapping[str, Evaluator], best: Candidate, draws: Draws
) -> tuple[Linearised, dict[str, Linearised], Batches]:
    """The best candidate, and every strategy with the values that a run takes, on draws not seen by the search."""
    seed = (draws.seed + _FRESH) % 2**64
    fresh, today = best.measured, {}
    for name, one in evaluators.items():
        again = evaluator(one.model, one.variables, one.measures, replace(draws, seed=seed), one.models_at)
        points = [[variable.value for variable in one.variables]]
        points += [list(best.setting.values())] if name == best.strategy else []
        found = again.at(points)
        today[name] = found[0].measured
        if name == best.strategy:
            fresh, batches = found[1].measured, again.batches
    assert batches is not None
    return fresh, today, batches


def _margins(
    best: Candidate,
    variables: Sequence[Variable],
    candidates: Sequence[Candidate],
    aim: Aim,
    batches: Batches,
    fresh: Linearised,
    fresh_batches: Batches,
) -> tuple[Margin, ...]:
    errors, fresh_errors = best.measured.error(batches), fresh.error(fresh_batches)
    margins = []
    for k, constraint in enumerate(aim.constraints, 1):
        value = float(best.measured.value[k])
        near = abs(constraint.excess(value)) <= _BINDS_WITHIN * float(errors[k])
        binds = near or _is_in_the_way(k, best, candidates, aim)
        margins.append(
            Margin(
                constraint,
                value,
                float(errors[k]),
                float(fresh.value[k]),
                float(fresh_errors[k]),
                bool(binds),
                _next_step(k, best, variables, candidates, aim),
            )
        )
    return tuple(margins)


def _is_in_the_way(place: int, best: Candidate, candidates: Sequence[Candidate], aim: Aim) -> bool:
    """Whether a better candidate was seen that only this constraint forbids."""
    return any(_only_forbidden(place, one, best, aim) for one in candidates)


def _only_forbidden(place: int, one: Candidate, best: Candidate, aim: Aim) -> bool:
    """Whether a candidate is better than the best and meets all constraints but that one."""
    values = one.measured.value.tolist()
    return aim.sign * (values[0] - float(best.measured.value[0])) < 0.0 and all(
        c.holds(values[k]) != (k == place) for k, c in enumerate(aim.constraints, 1)
    )


def _next_step(
    place: int, best: Candidate, variables: Sequence[Variable], candidates: Sequence[Candidate], aim: Aim
) -> Mapping[str, float] | None:
    """The best of the better neighbours, one step away in one variable, that only this constraint forbids."""
    if not variables or any(variable.choices is None for variable in variables):
        return None
    neighbours = []
    for variable in variables:
        choices = list(variable.choices or ())
        here = choices.index(best.setting[variable.name])
        for value in (*choices[max(here - 1, 0) : here], *choices[here + 1 : here + 2]):
            neighbours.append({**best.setting, variable.name: value})
    forbidden = [
        one
        for one in candidates
        if one.strategy == best.strategy and one.setting in neighbours and _only_forbidden(place, one, best, aim)
    ]
    if not forbidden:
        return None
    return min(forbidden, key=lambda one: aim.sign * float(one.measured.value[0])).setting
