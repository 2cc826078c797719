"""Models to a plan: all strategies in one tape that shares whatever they have in common."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from simengine.deal.model import Model, NamedFormula, UncertainInput
from simengine.errors import InvalidInput, Problem
from simengine.formula import names_in
from simengine.formula.axis import Yearly, YearlyArithmetic
from simengine.formula.shapes import lower_over_years
from simengine.plan.assemble import assemble
from simengine.plan.draws import Drawn, Draws, Resources, TableBuilder, addresses_of, identity
from simengine.plan.graph import Graph
from simengine.plan.plan import Plan, PlanInput, PlanOutput
from simengine.plan.store import stored_table

Record = Literal["outputs", "everything"]

PERCENTILES = (0.05, 0.5, 0.95)
"""Points of an input's distribution that a plan tells."""


def build_plan(
    models: Sequence[Model],
    *,
    record: Record = "outputs",
    build: TableBuilder = stored_table,
    sampler: str = "random",
    addresses: Sequence[str] | None = None,
    parameters: Collection[str] = (),
    precision: str = "float64",
    years: bool = False,
) -> Plan:
    """The plan of one or more strategies.

    With ``record="everything"`` every input and every formula becomes an outcome, in this order, for the ledger of
    single trials; their values have the same bits as in the plan of the outputs.  ``build`` makes the quantile
    tables; by default those that were made before are read from the cache folder.  ``sampler`` says where draws come
    from, see :mod:`simengine.sampling.design`; ``addresses`` says which input has which dimension of its points, by
    default as :func:`~simengine.plan.draws.addresses_of` places those of ``models``.  ``parameters`` are
    names of constants and constant inputs whose values may be set later, strategy by strategy
    (:meth:`~simengine.plan.plan.Plan.setting`).  ``precision`` is that of words,
    tables and registers, ``"float64"`` or ``"float32"``.  With ``years`` the outcomes that are reported period by
    period are part of the plan too.

    Raises
    ------
    InvalidInput
        If a distribution cannot be tabulated, or the plan would be too large.
    """
    if not models:
        raise ValueError("a plan needs at least one model")
    graph = Graph()
    order = addresses_of(models) if addresses is None else addresses
    dimensions = {address: place for place, address in enumerate(order) if address}
    draws = Draws(graph, Resources(build, sampler, dimensions, precision))
    outputs: list[PlanOutput] = []
    outcomes: list[int] = []
    drawn: list[_Used] = []
    problems: list[Problem] = []
    for model in models:
        reported = everything(model) if record == "everything" else reported_outputs(model, years=years)
        try:
            wanted = [output.name for output in reported]
            wanted += [entry.initial for entry in model.yearly_outputs if years and entry.initial]
            nodes, used = _lowered(model, wanted, graph, draws, parameters)
        except InvalidInput as failure:
            problems.extend(problem for problem in failure.problems if problem not in problems)
            continue
        outputs.extend(reported)
        outcomes.extend(_outcome(nodes, output, model) for output in reported)
        drawn.extend(used)
    if problems:
        raise InvalidInput(problems)
    return assemble(graph, draws.resources, outcomes, tuple(outputs), _described(drawn, draws.resources))


def reported_outputs(model: Model, *, years: bool = False) -> list[PlanOutput]:
    """The outcomes that a model reports; with ``years`` those of each period after them."""
    found = [PlanOutput(model.strategy, o.name, o.unit, o.title, o.targets) for o in model.outputs]
    for output in model.yearly_outputs if years else ():
        ends = (*([0.0] if output.initial else []), *model.grid.ends)
        found += [PlanOutput(model.strategy, output.name, output.unit, output.title, year=end) for end in ends]
    return found


def everything(model: Model) -> list[PlanOutput]:
    """Every input and every formula of a model as an outcome, yearly ones period by period."""
    targets = {output.name: output.targets for output in model.outputs}
    found = []
    entries: list[UncertainInput | NamedFormula] = [*model.inputs.values(), *model.formulas.values()]
    for e in entries:
        ends = model.grid.ends if isinstance(e, NamedFormula) and e.yearly else (None,)
        found += [PlanOutput(model.strategy, e.name, e.unit, e.title, targets.get(e.name, ()), year=t) for t in ends]
    return found


def _outcome(nodes: Mapping[str, Any], output: PlanOutput, model: Model) -> int:
    """The node of an outcome."""
    if output.year == 0.0:
        initial = next(entry.initial for entry in model.yearly_outputs if entry.name == output.name)
        node: int = nodes[initial]
        return node
    value = nodes[output.name]
    if isinstance(value, Yearly):
        assert output.year is not None, f"{output.name} is reported period by period"
        place: int = value.values[model.grid.ends.index(output.year)]
        return place
    single: int = value
    return single


@dataclass(frozen=True)
class _Used:
    """An input that some outcome of a strategy depends on."""

    strategy: str
    entry: UncertainInput
    drawn: Drawn


def parameter_of(strategy: str, name: str) -> str:
    """The key of a number of a strategy that may be set in a plan."""
    return f"{strategy}.{name}"


def _lowered(
    model: Model, wanted: Sequence[str], graph: Graph, draws: Draws, parameters: Collection[str]
) -> tuple[dict[str, Any], list[_Used]]:
    """Nodes of all names that the wanted ones depend on (yearly: one a period), and the inputs among them."""
    needed = needed_names(model, wanted)
    nodes: dict[str, Any] = {}
    on = YearlyArithmetic(graph, model.grid)
    used: list[_Used] = []
    problems: list[Problem] = []

    def settable(name: str, node: Any) -> Any:
        value = None if isinstance(node, Yearly) else graph.value(node)
        if name not in parameters or value is None:
            return node
        return graph.parameter(parameter_of(model.strategy, name), value)

    for name, entry in model.inputs.items():
        if name in needed:
            try:
                drawn = draws.drawn(model, name)
            except InvalidInput as failure:
                problems.extend(failure.problems)
                continue
            nodes[name] = settable(name, drawn.node)
            used.append(_Used(model.strategy, entry, drawn))
    if problems:
        raise InvalidInput(problems)
    for name, formula in model.formulas.items():
        if name in needed:
            nodes[name] = settable(name, lower_over_years(formula.expression, on, nodes.__getitem__))
    return nodes, used


def used_names(model: Model) -> set[str]:
    """All names that some reported outcome depends on, those by period and their values at year 0 among them."""
    wanted = [output.name for output in model.outputs]
    for output in model.yearly_outputs:
        wanted += [output.name, output.initial] if output.initial else [output.name]
    return needed_names(model, wanted)


def needed_names(model: Model, wanted: Sequence[str]) -> set[str]:
    """The wanted names and all that they depend on."""
    needed = set(wanted)
    for formula in reversed(list(model.formulas.values())):  # every formula stands after those that it uses
        if formula.name in needed:
            needed.update(names_in(formula.expression))
    return needed


def _described(drawn: Sequence[_Used], resources: Resources) -> tuple[PlanInput, ...]:
    """One entry for every input and distribution, with the strategies in which it has that distribution."""
    found: dict[tuple[str, str], list[_Used]] = {}
    for used in drawn:
        found.setdefault((used.entry.name, identity(used.entry.marginal)), []).append(used)
    return tuple(_plan_input(entries, resources) for entries in found.values())


def _plan_input(entries: list[_Used], resources: Resources) -> PlanInput:
    entry, marginal = entries[0].entry, entries[0].entry.marginal
    own = next((used.drawn.table for used in entries if used.drawn.table is not None), None)
    if marginal.constant is not None:
        points = np.full(len(PERCENTILES), marginal.constant)
    else:
        points = (marginal if own is None else resources.tables[own]).quantile(np.array(PERCENTILES))
    through = frozenset[int]().union(*(used.drawn.through for used in entries))
    try:
        table_error = max((resources.table_error(number) for number in through), default=0.0)
    except ValueError as failure:  # no float32 table can be made of it
        raise InvalidInput(Problem(str(failure), key=entry.key, hint='use precision = "float64"')) from failure
    return PlanInput(
        name=entry.name,
        strategies=tuple(dict.fromkeys(used.strategy for used in entries)),
        family=marginal.family,
        description=marginal.description,
        key=entry.key,
        unit=entry.unit,
        title=entry.title,
        source=entry.source,
        mean=marginal.mean,
        sd=math.sqrt(marginal.variance) if marginal.variance >= 0.0 else math.nan,
        p5=float(points[0]),
        p50=float(points[1]),
        p95=float(points[2]),
        table_error=table_error,
        table=-1 if own is None else own,
    )
