"""Arguments of the Python interface: numbers, names and choices, each refused with what it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, TypeGuard

from simengine.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from distributed import Client


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number, of Python or of NumPy, and not a truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)


def whole_numbers_of(values: Mapping[str, object]) -> dict[str, int | None]:
    """Whole numbers, where 1e6 counts as one; all that are none are refused together."""
    found: dict[str, int | None] = {}
    problems = []
    for name, value in values.items():
        if value is None:
            found[name] = None
        elif is_number(value) and float(value).is_integer():
            found[name] = int(value)
        else:
            problems.append(Problem("is not a whole number", name, repr(value), "a whole number, such as 1_000_000"))
    if problems:
        raise InvalidInput(problems)
    return found


def amounts_of(values: Mapping[str, object]) -> dict[str, float | None]:
    """Numbers; all that are none are refused together."""
    wrong = [name for name, value in values.items() if value is not None and not is_number(value)]
    if wrong:
        raise InvalidInput([Problem("is not a number", name, repr(values[name])) for name in wrong])
    return {name: float(value) if is_number(value) else None for name, value in values.items()}


def names_of(strategies: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of strategies; a single one may stand alone."""
    if strategies is None:
        return None
    return (strategies,) if isinstance(strategies, str) else tuple(strategies)


def sampler_of(name: str | None) -> str | None:
    """A sampler that there is."""
    from simengine.sampling.design import SAMPLERS

    if name is not None and name not in SAMPLERS:
        raise InvalidInput(Problem("there is no such sampler", "sampler", repr(name), ", ".join(SAMPLERS)))
    return name


def precision_of(name: str | None) -> str | None:
    """A precision that exists."""
    from simengine.sampling.design import PRECISIONS

    if name is not None and name not in PRECISIONS:
        raise InvalidInput(Problem("there is no such precision", "precision", repr(name), ", ".join(PRECISIONS)))
    return name


def scheduler_of(scheduler: str | Client | None, threads: int | None) -> str | Client | None:
    """A scheduler that goes with so many threads."""
    from simengine.engine.limits import scheduler_problem

    problem = scheduler_problem(scheduler, threads)
    if problem is not None:
        raise InvalidInput(problem)
    return scheduler


def device_of(name: str | None, scheduler: str | Client | None = None) -> str | None:
    """A device that has a name, and goes with a scheduler."""
    from simengine.engine.limits import device_problem

    problem = device_problem(name, scheduler)
    if problem is not None:
        raise InvalidInput(problem)
    return name


def percentiles_of(levels: Sequence[float] | None) -> tuple[float, ...] | None:
    """Different percentile levels, in percent."""
    if levels is None:
        return None
    levels = list(levels)
    allowed = "different numbers between 0 and 100"
    problems = [
        Problem("out of range", "percentiles", repr(level), allowed)
        for level in levels
        if not (is_number(level) and 0.0 < level < 100.0)
    ]
    if not levels or len(set(levels)) != len(levels):
        problems.append(Problem("none, or one twice", "percentiles", str(list(levels)), allowed))
    if problems:
        raise InvalidInput(problems)
    return tuple(float(level) for level in levels)
