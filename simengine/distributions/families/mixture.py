"""Mixtures: with a given probability each draw comes from one of several distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from simengine.distributions.families.data import SUM_TOLERANCE
from simengine.distributions.families.overlap import overlapping_mixture
from simengine.distributions.families.separate import in_order, mixture_moments, separate_mixture
from simengine.distributions.family import Context, Family, Form, Parameter
from simengine.distributions.marginal import Marginal
from simengine.distributions.pieces import merge, pieces_marginal
from simengine.distributions.values import NOT_NEGATIVE, brief, read_number, show
from simengine.errors import InvalidInput, Problem

DEEPEST = 4
MOST_COMPONENTS = 200
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
    own = mixed.notes if len(parts) > 1 else ()
    known = {f"component {k + 1}": f"{brief(weight)} of {part.description}" for weight, k, part in parts}
    return replace(mixed, family="mixture", parameters=known, notes=(*notes, *own))


def mix(parts: Parts) -> Marginal:
    """The mixture of distributions with weights that sum to 1."""
    parts = _flat(parts)
    if len(parts) == 1:
        return parts[0][1]
    moments = mixture_moments(parts)
    exact = [(weight, part.pieces) for weight, part in parts if part.pieces is not None]
    if len(exact) == len(parts):
        return pieces_marginal("mixture", merge(exact), parameters={}, moments=moments)
    ordered = in_order(parts)
    return overlapping_mixture(parts, moments) if ordered is None else separate_mixture(ordered, moments)


def _flat(parts: Parts) -> list[tuple[float, Marginal]]:
    """Components that are themselves rows of components are replaced by these."""
    found: list[tuple[float, Marginal]] = []
    for weight, part in parts:
        starts = [inner.start for inner in part.parts]
        shares = [end - start for start, end in pairwise([*starts, 1.0])] if starts else []
        inner = [(weight * share, p.marginal) for share, p in zip(shares, part.parts, strict=True)]
        found.extend(_flat(inner) if inner else [(weight, part)])
    return found


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
