"""From a specification, as it stands in a scenario, to a distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from simengine.distributions.families.table import FAMILIES
from simengine.distributions.family import Context, Family, Values
from simengine.distributions.forms import choose_form, read_values
from simengine.distributions.marginal import SMALLEST_TAIL, Marginal
from simengine.distributions.percentiles import check_fit, is_percentile
from simengine.distributions.pieces import constant
from simengine.distributions.shorthand import read_interval
from simengine.distributions.transform import affine, truncate
from simengine.distributions.values import (
    POSITIVE,
    brief,
    nearest,
    number_hint,
    read_number,
    show,
    toml_key,
    wrong,
)
from simengine.errors import InvalidInput, Problem

DESCRIPTIVE = ("title", "unit", "source", "note")
"""Keys of a distribution that say something about it and do not change it."""
GENERIC = ("truncate", "shift", "scale")
"""Keys that any family takes, unless one of its own parameters has the name."""
_OTHER_NAMES = {
    "gaussian": "normal",
    "log-normal": "lognormal",
    "t": "student-t",
    "student": "student-t",
    "fisk": "loglogistic",
    "wald": "inverse-gaussian",
    "inverse-normal": "inverse-gaussian",
    "extreme-value": "gumbel",
    "double-exponential": "laplace",
    "betapert": "pert",
    "triangle": "triangular",
    "rectangular": "uniform",
    "fixed": "constant",
    "histogram": "cumulative",
    "data": "empirical",
    "general": "cumulative",
    "categorical": "discrete",
    "choice": "discrete",
    "pascal": "negative-binomial",
    "erlang": "gamma",
    "chi-squared": "gamma",
    "chisquare": "gamma",
}


def resolve(spec: object, *, folder: Path | None = None) -> Marginal:
    """The distribution that a specification describes.

    Parameters
    ----------
    spec
        A number, a 90 % interval as text (``"600 to 1600"``), or a table with the key ``dist`` and the parameters
        of that family, as read from TOML.
    folder
        What paths of data files are relative to; the working directory unless given.

    Raises
    ------
    InvalidInput
        With every problem found; keys are relative to the specification.
    """
    return _resolve(spec, Context(folder, _resolve))


def _resolve(spec: object, context: Context) -> Marginal:
    if isinstance(spec, Mapping):
        return _table(spec, context)
    if isinstance(spec, str):
        interval = read_interval(spec)
        if interval is not None:
            family, values, notes = interval
            return _with_notes(FAMILIES[family].build(**values), notes)
        if number_hint(spec) is None:
            example = '"600 to 1600" for a 90 % interval, or { dist = "normal", mean = 5, sd = 1 }'
            known = spec.strip().lower()
            hint = f'write {{ dist = "{known}", ... }}' if known in FAMILIES else f"write {example}"
            raise wrong(spec, "", "is neither a number nor an interval", None, hint)
    if isinstance(spec, (list, tuple)):
        hint = f'write {{ dist = "discrete", values = {show(spec)} }}'
        raise wrong(spec, "", "is a list where a number or a distribution is expected", None, hint)
    return constant(read_number(spec, ""))


def _table(spec: Mapping[str, Any], context: Context) -> Marginal:
    family = _family(spec)
    given = {key: raw for key, raw in spec.items() if key != "dist" and key not in DESCRIPTIVE}
    generic = {key: given.pop(key) for key in GENERIC if key in given and key not in family.keys}
    problems: list[Problem] = []
    base = change = None
    try:
        base = _base(family, given, context)
    except InvalidInput as error:
        problems.extend(error.problems)
    except ArithmeticError:  # overflow on the way from what was given to what is needed
        problems.append(_beyond_numbers(family.name))
    try:
        change = _changes(generic)
    except InvalidInput as error:
        problems.extend(error.problems)
    if problems or base is None or change is None:
        raise InvalidInput(problems)
    shift, scale, limits = change
    marginal = affine(base, shift, scale) if (shift, scale) != (0.0, 1.0) else base
    if limits is not None:
        marginal = truncate(marginal, *limits)
    _check_range(marginal)
    return marginal


def _family(spec: Mapping[str, Any]) -> Family:
    name = spec.get("dist")
    listed = ", ".join(FAMILIES)
    if "dist" not in spec:
        keys = {key for key in spec if key not in (*DESCRIPTIVE, *GENERIC)}
        fitting = "lognormal" if keys and all(map(is_percentile, keys)) else _fitting(keys)
        hint = f'write dist = "{fitting}"' if fitting else 'write { dist = "normal", mean = 5, sd = 1 }'
        raise InvalidInput(Problem("the name of the distribution is missing", "dist", allowed=listed, hint=hint))
    if not isinstance(name, str):
        raise InvalidInput(Problem("is not the name of a distribution", "dist", show(name), listed))
    if name not in FAMILIES:
        plain = name.strip().lower().replace("_", "-").replace(" ", "-")
        other = plain if plain in FAMILIES else _OTHER_NAMES.get(plain)
        meant = f'did you mean "{other}"?' if other else nearest(plain, FAMILIES)
        raise InvalidInput(Problem("is not a distribution", "dist", show(name), listed, meant))
    return FAMILIES[name]


def _fitting(keys: set[str]) -> str | None:
    """A family that the keys of a specification without ``dist`` could mean, the usual ones first."""
    usual = ("normal", "lognormal", "uniform", "pert")
    for name in (*usual, *(name for name in FAMILIES if name not in usual)):
        if any(keys == {p.name for p in form.parameters if p.required} for form in FAMILIES[name].forms):
            return name
    return None


def _base(family: Family, given: Mapping[str, object], context: Context) -> Marginal:
    """The distribution before shift, scale and truncation."""
    form, points = choose_form(family, given)
    values = read_values(form, given)
    converted = form.convert(points, **values) if points else form.convert(**values)
    if isinstance(converted, Marginal):
        return converted
    _check_canonical(family, converted, values)
    more = {"context": context} if family.contextual else {}
    marginal = family.build(**converted, **more)
    if points and family.name != "metalog":
        return _with_notes(marginal, check_fit(marginal, points, family.name))
    return marginal


def _check_canonical(family: Family, converted: Values, given: Values) -> None:
    """Parameters that follow from others are held to the same bounds as if they had been given."""
    problems = []
    for parameter in family.canonical:
        value = converted.get(parameter.name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or given.get(parameter.name) == value:
            continue
        if not (math.isfinite(value) and parameter.bounds.hold(value)):
            named = ", ".join(given) or "the percentiles"
            shown = brief(float(f"{value:.6g}"))
            reason = f"{parameter.name} = {shown}, which follows from {named}, is out of range"
            problems.append(Problem(reason, next(iter(given), "dist"), allowed=str(parameter.bounds)))
    if problems:
        raise InvalidInput(problems)


def _changes(generic: Mapping[str, object]) -> tuple[float, float, tuple[float, float] | None]:
    """Shift, scale and limits of truncation."""
    problems: list[Problem] = []
    shift, scale, limits = 0.0, 1.0, None
    try:
        shift = read_number(generic.get("shift", 0.0), "shift")
    except InvalidInput as error:
        problems.extend(error.problems)
    try:
        scale = read_number(generic.get("scale", 1.0), "scale", POSITIVE)
    except InvalidInput as error:
        problems.extend(error.problems)
    if "truncate" in generic:
        try:
            limits = _limits(generic["truncate"])
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return shift, scale, limits


def _limits(raw: object) -> tuple[float, float]:
    example = "truncate = { min = 0, max = 10 }, or one of the two"
    if not isinstance(raw, Mapping) or not raw:
        raise wrong(raw, "truncate", "is not a table of limits", None, f"write {example}")
    ends, problems = {"min": -math.inf, "max": math.inf}, []
    for key, value in raw.items():
        path = f"truncate.{toml_key(str(key))}"
        if key not in ends:
            problems.append(Problem("is not a limit", path, show(value), "min or max", f"write {example}"))
            continue
        try:
            ends[key] = read_number(value, path)
        except InvalidInput as error:
            problems.extend(error.problems)
    if not problems and not ends["min"] < ends["max"]:
        hint = "exchange them" if ends["min"] > ends["max"] else 'for one value write dist = "constant"'
        problems.append(
            Problem("is not below max", "truncate.min", brief(ends["min"]), f"< {brief(ends['max'])}", hint)
        )
    if problems:
        raise InvalidInput(problems)
    return ends["min"], ends["max"]


def _check_range(marginal: Marginal) -> None:
    """Refuses a distribution whose values leave the range of float64 within what a draw can reach.

    Where mean and sd are moderate, Chebyshev's inequality says that it does not, and nothing is computed.
    """
    if marginal.positive_tail or all(map(math.isfinite, marginal.support)):
        return
    spread = math.sqrt(marginal.variance) if marginal.variance >= 0 else math.nan
    if abs(marginal.mean) + 2e8 * spread < 1e300:
        return
    q = np.array([SMALLEST_TAIL])
    with np.errstate(all="ignore"):
        ends = float(marginal.low(q)[0]), float(marginal.high(q)[0])
    if not all(map(math.isfinite, ends)):
        raise InvalidInput(_beyond_numbers(marginal.family))


def _beyond_numbers(family: str) -> Problem:
    reason = "values in the tails are beyond the largest number, 1.8e308"
    return Problem(reason, "dist", show(family), hint="check the units and the parameters, or truncate")


def _with_notes(marginal: Marginal, notes: tuple[Problem, ...]) -> Marginal:
    return replace(marginal, notes=(*marginal.notes, *notes)) if notes else marginal
