"""Percentiles as keys of a specification: ``p10``, ``"p99.9"``, ``median``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

from simengine.distributions.family import Point
from simengine.distributions.marginal import Marginal
from simengine.distributions.values import brief, read_number, show, toml_key
from simengine.errors import InvalidInput, Problem

_KEY = re.compile(r"[pP](\d+(?:\.\d+)?)")
_LEVELS = "above 0 and below 100"
_EXACT, _CLOSE = 1e-7, 1e-3
"""Misses, relative to the spread of the percentiles, that are rounding and that are worth a note."""


def is_percentile(key: str) -> bool:
    """Whether a key means a percentile."""
    return key == "median" or _KEY.fullmatch(key) is not None


def read_points(given: Mapping[str, object]) -> tuple[Point, ...]:
    """The percentiles in order of level.

    Raises
    ------
    InvalidInput
        With every problem: levels outside (0, 100) or given twice, values that are no numbers or out of order.
    """
    points: list[Point] = []
    problems: list[Problem] = []
    for key, raw in given.items():
        try:
            points.append(_point(key, raw))
        except InvalidInput as error:
            problems.extend(error.problems)
    points.sort(key=lambda p: p.level)
    problems.extend(_order(points))
    if problems:
        raise InvalidInput(problems)
    return tuple(points)


def points_of_table(table: Mapping[str, object], key: str) -> tuple[Point, ...]:
    """The percentiles of a table of quantiles; its keys may leave out the p. Raises as :func:`read_points`."""
    try:
        points = read_points({f"p{k}" if re.fullmatch(r"[\d.]+", k) else k: v for k, v in table.items()})
    except InvalidInput as error:
        raise InvalidInput([problem.under(key) for problem in error.problems]) from None
    if len(points) < 2:
        raise InvalidInput(
            Problem("has fewer than two quantiles", key, show(table), hint=f"{key} = {{ p10 = 3, p90 = 8 }}")
        )
    return points


def check_fit(marginal: Marginal, points: tuple[Point, ...], family: str) -> tuple[Problem, ...]:
    """Notes on percentiles that the fitted distribution does not quite have.

    Raises
    ------
    InvalidInput
        If it misses one by more than a thousandth of their spread: then no such distribution exists.
    """
    spread = points[-1].value - points[0].value or abs(points[0].value)
    reached = [float(marginal.quantile(p.below if p.below <= 0.5 else 1 - p.above)[()]) for p in points]
    misses = [abs(x - p.value) / spread for x, p in zip(reached, points, strict=True)]
    worst = max(range(len(points)), key=misses.__getitem__)
    if misses[worst] <= _EXACT:
        return ()
    point, value = points[worst], brief(float(f"{reached[worst]:.5g}"))
    if misses[worst] <= _CLOSE:
        reason = f"the distribution through the other percentiles has {value} here"
        return (Problem(reason, point.key, brief(point.value), severity="note"),)
    reason = f"no {family} distribution has all these percentiles; the one through the outer two has {value} here"
    hint = 'give two percentiles, or use dist = "metalog", which passes through any'
    raise InvalidInput(Problem(reason, point.key, brief(point.value), hint=hint))


def _point(key: str, raw: object) -> Point:
    matched = _KEY.fullmatch(key)
    if key != "median" and matched is None:
        reason = "is not the name of a percentile"
        raise InvalidInput(Problem(reason, toml_key(key), show(raw), hint='write p10, p50, "p99.9"'))
    if isinstance(raw, Mapping) and matched:
        inner = next(iter(raw), "9")
        reason = "a decimal point in a key without quotes begins a table"
        raise InvalidInput(Problem(reason, toml_key(key), show(raw), hint=f'write "{key}.{inner}" in quotes'))
    level = Decimal(matched[1]) if matched else Decimal(50)
    if not 0 < level < 100:
        raise InvalidInput(
            Problem("is not a percentile", toml_key(key), show(raw), _LEVELS, "write bounds as min and max")
        )
    below, above = float(level / 100), float((100 - level) / 100)
    if not 0 < below < 1:
        raise InvalidInput(Problem("is too close to 0 or 100", toml_key(key), show(raw), _LEVELS))
    return Point(float(level), below, above, read_number(raw, toml_key(key)), toml_key(key))


def _order(points: list[Point]) -> list[Problem]:
    problems = []
    for first, second in pairwise(points):
        if first.level == second.level:
            reason = f"is the same percentile as {first.key}"
            problems.append(Problem(reason, second.key, brief(second.value), hint="leave one of them out"))
        elif not first.value < second.value:
            reason = f"is not above {first.key} = {brief(first.value)}: percentiles rise with their level"
            hint = "exchange them" if first.value > second.value else 'for no uncertainty write dist = "constant"'
            problems.append(Problem(reason, second.key, brief(second.value), f"> {brief(first.value)}", hint))
    return problems
