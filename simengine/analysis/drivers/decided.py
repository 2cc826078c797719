"""What would change the decision, put into the record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.spread import Z95
from simengine.analysis.drivers import decision
from simengine.analysis.drivers.build import Builder
from simengine.analysis.drivers.decision import Switch
from simengine.analysis.drivers.factors import Factor, is_uncertain
from simengine.analysis.drivers.study import Study
from simengine.analysis.drivers.tables import Contest
from simengine.deal.model import Model
from simengine.plan.draws import identity

Array = NDArray[np.float64]


def find_switches(study: Study) -> list[Switch]:
    """Where the best strategy changes along each input."""
    found = []
    for number, contest in enumerate(study.contests):
        for f in study.inputs:
            if study.links.linked[list(contest.rows), f].any():
                edges, exact = _scale(study, f), study.divisions[f].exact
                if len(edges):
                    found += decision.switches(study.by_cell, contest, number, f, edges, exact)
    return found


def _scale(study: Study, f: int) -> Array:
    """Where the cells of an input end, as probabilities; none for an event that strategies do not share."""
    division = study.divisions[f]
    if study.factors[f].kind != "event":
        return np.array(division.edges)
    if division.cells > 2:
        return np.array([])
    return np.array([0.0, 1.0 - study.probability(_first_with(study, study.factors[f]), f), 1.0])


def fill_information(study: Study, builder: Builder, switches: Sequence[Switch]) -> None:
    """Values of information, and the switches."""
    own, tables = len(study.factors), study.by_cell
    builder.values["cells"][:] = [division.cells for division in study.divisions[:own]]
    if not study.contests:
        study.notes.append(
            "Only one strategy: there is no decision that information could change, so no EVPI and no EVPPI. Name at "
            "least two strategies that report the same outcome."
        )
        return
    whole = decision.perfect_information(tables, study.contests)
    builder.contests("evpi", whole.value)
    builder.contests("evpi_se", whole.se)
    matters = np.array([study.links.linked[list(contest.rows)].any(axis=0) for contest in study.contests])
    smooth = np.array([not d.exact and bool(d.edges) for d in study.divisions[:own]])
    found = decision.partial_information(tables, study.contests, matters, smooth, study.decoys)
    builder.contests("evppi", found.value.value)
    builder.contests("evppi_se", found.value.se)
    builder.contests("evppi_raw", found.raw)
    builder.contests("evppi_null", found.null)
    for c, contest in enumerate(study.contests):
        o = builder.outputs.index(contest.output)
        for f, factor in enumerate(study.factors):
            if factor.kind == "event" and matters[c, f]:
                builder.values["event_best"][o, f] = _best_by_class(study, contest, f)
    for place, switch in enumerate(switches):
        _fill_switch(study, builder, place, switch)


def _best_by_class(study: Study, contest: Contest, f: int) -> str:
    """The best strategy by whether an event happens, and in which strategies; empty where it stays the same."""
    division = study.divisions[f]
    winners = decision.best_of_classes(study.by_cell, contest, f, division.cells)
    if len(set(winners.values())) < 2:
        return ""
    found = []
    for cell in sorted(winners, reverse=True):
        struck = [strategy for strategy, strikes in division.strikes.items() if strikes[cell]]
        if not struck:
            said = "does not strike"
        elif len(struck) == len(division.strikes):
            said = "strikes"
        else:
            said = f"strikes only in {', '.join(struck)}"
        best = study.rows[contest.rows[winners[cell]]][0].strategy
        found.append(f"{said}: {best}")
    return "; ".join(found)


def _fill_switch(study: Study, builder: Builder, place: int, switch: Switch) -> None:
    contest, factor = study.contests[switch.contest], study.factors[switch.factor]
    values = np.ones(3) if factor.kind == "event" else _switch_values(study, factor, switch)
    entries = {
        "switch_output": contest.output,
        "switch_factor": factor.name,
        "switch_below": study.rows[contest.rows[switch.below]][0].strategy,
        "switch_above": study.rows[contest.rows[switch.above]][0].strategy,
        "switch_rank": switch.at,
        "switch_rank_se": switch.se,
        "switch_value": values[0],
        "switch_low": values[1],
        "switch_high": values[2],
    }
    for name, value in entries.items():
        builder.values[name][place] = value


def _switch_values(study: Study, factor: Factor, switch: Switch) -> Array:
    """The value of the input at a switch and the ends of its interval."""
    marginal = _first_with(study, factor).inputs[factor.name].marginal
    reach = Z95 * switch.se
    ranks = np.array([switch.at, switch.at - reach, switch.at + reach])
    if switch.se == 0.0:  # at the seam of two values: the upper one is meant
        ranks = np.nextafter(ranks, 1.0)
    values = marginal.quantile(np.clip(ranks, 1e-9, 1.0 - 1e-9))
    others = [other.inputs[factor.name].marginal for other in study.models if is_uncertain(other, factor.name)]
    if marginal.discrete and len({identity(other) for other in others}) > 1:
        values[:] = np.nan  # the draw decides, and means another value in each strategy
    return values


def _first_with(study: Study, factor: Factor) -> Model:
    return next(model for model in study.models if factor.drawn_in(model))
