"""Each question's answer, put into the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.spread import Z95
from simengine.analysis.drivers import decision, effects, points, shapley, sobol, tornado
from simengine.analysis.drivers.build import Builder
from simengine.analysis.drivers.decision import Switch
from simengine.analysis.drivers.factors import Factor, is_uncertain, used_inputs
from simengine.analysis.drivers.study import Study
from simengine.analysis.drivers.tornado import Estimates
from simengine.deal.model import Model
from simengine.plan.draws import identity

Array = NDArray[np.float64]


def fill_means(study: Study, builder: Builder) -> None:
    """Means of the outcomes, by which strategies are judged."""
    tables = study.totals
    rows = len(study.rows)
    parts = tables.sums[:, :rows] / tables.batches.sizes[:, None]
    value = tables.batches.pooled(parts) + tables.shift[:rows]
    builder.estimates("mean", Estimates.of(tables.batches, value, parts))


def fill_tornado(study: Study, builder: Builder) -> None:
    """Rank correlations, their shares, and swings."""
    found = tornado.correlations(study.by_class, study.rank_rows, study.links.linked)
    builder.estimates("spearman", found.rho)
    builder.estimates("contribution", found.share)
    builder.outcomes("spearman_bound", found.bound)
    _fill_points(study, builder, points.SWING, "swing")


def _fill_points(study: Study, builder: Builder, percentiles: Sequence[float], name: str) -> None:
    """Outcomes at percentiles of each input, the others at their medians."""
    quantiles = points.Quantiles(percentiles)
    for s, model in enumerate(study.models):
        mine = [f for f in study.inputs if is_uncertain(model, study.factors[f].name)]
        if not mine:
            continue
        found, own = points.one_at_a_time(model, [study.factors[f].name for f in mine], quantiles)
        for place, output in enumerate(model.outputs):
            o = builder.outputs.index(output.name)
            builder.values[name][s, o, mine] = found[place]
            builder.values[f"{name}_input"][s, o, mine] = own


def fill_spider(study: Study, builder: Builder) -> None:
    """Lines of outcomes over percentiles of each input: others at their medians, and means given the input."""
    _fill_points(study, builder, points.SPIDER, "spider")
    at = np.array(points.SPIDER) / 100.0
    shape = (len(study.rows), len(study.factors), len(at))
    value, se = np.full(shape, np.nan), np.full(shape, np.nan)
    for f in study.inputs:
        edges = np.array(study.divisions[f].edges)
        lines = tornado.conditional_means(study.by_cell, f, edges, at)
        present = study.links.present[:, f]
        value[present, f], se[present, f] = lines.value[present], lines.se[present]
    builder.outcomes("spider_mean", value)
    builder.outcomes("spider_mean_se", se)


def fill_first_order(study: Study, builder: Builder) -> None:
    """First-order effects from the trials of the run, whether or not inputs are correlated."""
    divisions, models = study.divisions[: len(study.factors)], [model for model, _ in study.rows]
    found = effects.given_data_effects(study.by_cell, divisions, study.factors, models, study.links.linked)
    found.value[~study.links.present] = found.se[~study.links.present] = np.nan
    builder.estimates("first_order", found)


# ---- shares of variance ----


def fill_sobol(study: Study, builder: Builder, sobol_points: int, shapley_points: int) -> None:
    """Sobol indices of outcomes with independent inputs, Shapley effects of the others."""
    rows, factors = len(study.rows), len(study.factors)
    independent = ~study.links.correlated
    models = [m for m in study.models if any(independent[k] for k in _rows_of(study, m))]
    first, total, shapleys = (np.full((2, rows, factors), np.nan) for _ in range(3))
    if models:
        mine = [k for model in models for k in _rows_of(study, model)]
        linked = study.links.linked[mine] & independent[mine, None]
        setting = study.setting(sobol_points)
        found = sobol.sobol_indices(models, study.factors, linked, study.tape_rows(models), setting)
        for target, estimates in zip((first, total), found, strict=True):
            target[0, mine], target[1, mine] = estimates.value, estimates.se
            target[:, ~(study.links.present & independent[:, None])] = np.nan
    for model in study.models:
        mine = [k for k in _rows_of(study, model) if study.links.correlated[k]]
        if mine:
            _fill_shapley(study, model, mine, shapleys, shapley_points)
    for name, (value, se) in (("sobol_first", first), ("sobol_total", total), ("shapley", shapleys)):
        builder.estimates(name, Estimates(value, se))


def _rows_of(study: Study, model: Model) -> list[int]:
    return [k for k, (other, _) in enumerate(study.rows) if other is model]


def _fill_shapley(study: Study, model: Model, mine: list[int], shapleys: Array, shapley_points: int) -> None:
    used = frozenset[str]().union(*(used_inputs(model, study.rows[k][1]) for k in mine))
    names = [name for name in model.inputs if name in used]
    joined = next((g for g in model.dependences if g.dof is not None and not used.isdisjoint(g.names)), None)
    study.notes.append(
        f"{model.strategy}: inputs are correlated, so Sobol indices would not add up and are not given; "
        + (
            "nor are Shapley effects, since a t copula joins them. The first-order effects from the trials stand."
            if joined is not None
            else "Shapley effects are given instead."
        )
    )
    if joined is not None:
        return
    if len(names) > shapley.EXACT_INPUTS:
        study.notes.append(
            f"{model.strategy}: Shapley effects of {len(names)} inputs are averaged over {2 * shapley.ORDERS} of all "
            "orders; their errors contain that."
        )
    outputs = [study.rows[k][1] for k in mine]
    only = _reporting(model, outputs)
    sums = [[names.index(name) for name in factor.members if name in names] for factor in study.factors]
    found = shapley.shapley_effects(only, names, sums, study.tape_rows([model]), study.setting(shapley_points))
    present = np.flatnonzero(study.links.present[mine[0]])
    shapleys[0][np.ix_(np.array(mine), present)] = found.value[:, present]
    shapleys[1][np.ix_(np.array(mine), present)] = found.se[:, present]


def _reporting(model: Model, outputs: Sequence[str]) -> Model:
    return replace(model, outputs=tuple(output for output in model.outputs if output.name in outputs))


# ---- decisions ----


def find_switches(study: Study) -> list[Switch]:
    """Where the best strategy changes along each input."""
    found = []
    for number, contest in enumerate(study.contests):
        for f in study.inputs:
            if study.links.linked[list(contest.rows), f].any():
                division = study.divisions[f]
                found += decision.switches(study.by_cell, contest, number, f, np.array(division.edges), division.exact)
    return found


def fill_information(study: Study, builder: Builder, switches: Sequence[Switch]) -> None:
    """Values of information, and the switches."""
    own, tables = len(study.factors), study.by_cell
    builder.values["cells"][:] = [division.cells for division in study.divisions[:own]]
    if not study.contests:
        study.notes.append("Only one strategy: there is no decision that information could change, so no EVPI.")
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
    for place, switch in enumerate(switches):
        _fill_switch(study, builder, place, switch)


def _fill_switch(study: Study, builder: Builder, place: int, switch: Switch) -> None:
    contest, factor = study.contests[switch.contest], study.factors[switch.factor]
    model = _first_with(study, factor)
    marginal = model.inputs[factor.name].marginal
    reach = Z95 * switch.se
    ranks = np.array([switch.at, switch.at - reach, switch.at + reach])
    if switch.se == 0.0:  # at the seam of two values: the upper one is meant
        ranks = np.nextafter(ranks, 1.0)
    values = marginal.quantile(np.clip(ranks, 1e-9, 1.0 - 1e-9))
    others = [other.inputs[factor.name].marginal for other in study.models if is_uncertain(other, factor.name)]
    if marginal.discrete and len({identity(other) for other in others}) > 1:
        values[:] = np.nan  # the draw decides, and means another value in each strategy
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


def _first_with(study: Study, factor: Factor) -> Model:
    return next(model for model in study.models if is_uncertain(model, factor.name))
