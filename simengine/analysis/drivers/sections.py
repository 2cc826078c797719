"""Each question's answer, put into the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers import effects, points, shapley, sobol, tornado
from simengine.analysis.drivers.build import Builder
from simengine.analysis.drivers.factors import used_inputs
from simengine.analysis.drivers.study import Study
from simengine.analysis.drivers.tables import Tables
from simengine.analysis.drivers.tornado import Estimates
from simengine.deal.model import Model

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
    low, high = np.array(points.SWING) / 100.0
    tables, event = study.ranked_by_cell, np.array([[-1.0, 1.0]])
    builder.estimates("mean_change", _given(study, tables, lambda f: _change(study, f, low, high), event, 1))


def _change(study: Study, f: int, low: float, high: float) -> Array:
    """Weights of cells, (1, cells): the mean given that an input is at a high percentile, less that at a low one."""
    first, last = tornado.interpolation(np.array(study.divisions[f].edges), np.array([low, high]))
    return np.asarray((last - first)[None])


def _given(study: Study, tables: Tables, weights: Callable[[int], Array], event: Array | None, count: int) -> Estimates:
    """Means of outcomes given each input, (outcomes, factors, count), weighted over its cells.

    ``event`` are the weights, (count, 2), that an event's two classes have; None: those of the percentiles of the
    spider, at which it happens or does not.
    """
    shape = (len(study.rows), len(study.factors), count)
    value, se = np.full(shape, np.nan), np.full(shape, np.nan)
    for f in study.inputs:
        factor, division = study.factors[f], study.divisions[f]
        if factor.kind == "input":
            present = study.links.present[:, f]
            found = tornado.conditional_means(tables, f, weights(f))
            value[present, f], se[present, f] = found.value[present], found.se[present]
            continue
        for model in study.models:
            strikes = division.strikes.get(model.strategy)
            if strikes is not None:
                mine = _rows_of(study, model)
                happens = np.array(points.SPIDER) / 100.0 > 1.0 - study.probability(model, f)
                classes = np.stack([~happens, happens], axis=1).astype(np.float64) if event is None else event
                found = tornado.conditional_means(tables, f, classes, strikes)
                value[mine, f], se[mine, f] = found.value[mine], found.se[mine]
    value[np.isnan(se)] = np.nan
    se[np.isnan(value)] = np.nan
    return Estimates(value, se) if count > 1 else Estimates(value[..., 0], se[..., 0])


def _fill_points(study: Study, builder: Builder, percentiles: Sequence[float], name: str) -> None:
    """Outcomes at percentiles of each input, the others at their medians."""
    quantiles = points.Quantiles(percentiles)
    for s, model in enumerate(study.models):
        mine = [f for f in study.inputs if study.factors[f].drawn_in(model)]
        if not mine:
            continue
        names = [study.factors[f].name for f in mine]
        events = {n: study.probability(model, f) for n, f in zip(names, mine, strict=True) if n in model.formulas}
        found, own = points.one_at_a_time(model, names, quantiles, events)
        for place, output in enumerate(model.outputs):
            o = builder.outputs.index(output.name)
            builder.values[name][s, o, mine] = found[place]
            builder.values[f"{name}_input"][s, o, mine] = own


def fill_spider(study: Study, builder: Builder) -> None:
    """Lines of outcomes over percentiles of each input: others at their medians, and means given the input."""
    _fill_points(study, builder, points.SPIDER, "spider")
    at = np.array(points.SPIDER) / 100.0

    def weights(f: int) -> Array:
        return tornado.interpolation(np.array(study.divisions[f].edges), at)

    builder.estimates("spider_mean", _given(study, study.by_cell, weights, None, len(at)))


def fill_first_order(study: Study, builder: Builder) -> None:
    """First-order effects from the trials of the run, whether or not inputs are correlated."""
    divisions, models = study.divisions[: len(study.factors)], [model for model, _ in study.rows]
    found = effects.given_data_effects(study.by_cell, divisions, models, study.links.linked)
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
