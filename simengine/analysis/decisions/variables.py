"""What may be varied: declared decisions, and numbers of a scenario that are given a range on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simengine.analysis.decisions.path import value_at
from simengine.errors import InvalidInput, Problem
from simengine.scenario import Definition, Scenario
from simengine.scenario.deal_tables import Deals
from simengine.scenario.decisions import MOST_STEPS, stepped
from simengine.scenario.names import list_names, nearest_first, suggest

_RANGE = "PATH=LOW:HIGH, PATH=LOW:HIGH:STEP, or PATH=A,B,C"
_STRATEGY = re.compile(r"strategies\.(?P<strategy>[^.]+)\.(?P<rest>.+)", re.DOTALL)


@dataclass(frozen=True)
class Variable:
    """A number of a strategy that is searched over: a value between two bounds, or one of ``choices``, rising.

    ``name`` is that in formulas, ``key`` the dotted path, ``value`` what a run takes.  A term of a deal over years may
    shape the formulas themselves, so the scenario is read again for every value of it: ``resolved`` is the path that is
    set, and ``name`` the path as it was given.  It is empty for numbers that formulas take as they are.
    """

    name: str
    key: str
    value: float
    low: float
    high: float
    choices: tuple[float, ...] | None = None
    title: str = ""
    resolved: str = ""


@dataclass(frozen=True)
class Range:
    """Bounds or choices for a path, as ``--vary`` gives them."""

    path: str
    low: float
    high: float
    choices: tuple[float, ...] | None = None


def variables_of(scenario: Scenario, strategy: str, ranges: Sequence[Range] = ()) -> tuple[Variable, ...]:
    """The decisions of a strategy, then what ``ranges`` vary in it.

    Raises
    ------
    InvalidInput
        If a range names nothing that has a single number, or a strategy that does not exist.
    """
    definition = scenario.strategies[strategy]
    found = {
        name: Variable(name, d.key, d.value, d.low, d.high, d.choices, d.title)
        for name, d in definition.decisions.items()
    }
    problems: list[Problem] = []
    for given in ranges:
        term = _term(scenario, strategy, given.path)
        if term is not None:
            name, path, value = term
            if path:
                bounds = given.low, given.high, given.choices
                found[name] = Variable(name, given.path, value, *bounds, resolved=path)
            continue
        try:
            named = _named(scenario, definition, given.path)
        except InvalidInput as error:
            problems.extend(error.problems)
            continue
        if named is not None:
            name, value = named
            key = found[name].key if name in found else given.path
            found[name] = Variable(name, key, value, given.low, given.high, given.choices)
    if problems:
        raise InvalidInput(problems)
    return tuple(found.values())


def _term(scenario: Scenario, strategy: str, path: str) -> tuple[str, str, float] | None:
    """A plain number in the tables of a deal over years: its name, the path that sets it in a strategy, its value.

    The path is empty where another strategy has it, and not this one.  None where it is no such number.
    """
    inside = _STRATEGY.fullmatch(path)
    key = inside["rest"] if inside is not None else path
    if not any(_is_term(definition, key) for definition in scenario.strategies.values()):
        return None
    owners = [name for name in scenario.strategies if _term_value(scenario, name, key) is not None]
    if not owners or (inside is not None and inside["strategy"] not in scenario.strategies):
        return None
    value = _term_value(scenario, strategy, key)
    if value is None or (inside is not None and inside["strategy"] != strategy):
        return key, "", 0.0
    own = f"strategies.{strategy}.{key}"
    return key, own if value_at(scenario.data, own) is not None else key, value


def _is_term(definition: Definition, key: str) -> bool:
    """Whether a path leads into the tables of a deal over years, and to no number that formulas take as it is."""
    table = key.partition(".")[0].partition("[")[0]
    if definition.terms is None or table not in (*Deals.model_fields, "risks", "costs", "scenario"):
        return False
    return key not in numbers_of(definition)


def _term_value(scenario: Scenario, strategy: str, key: str) -> float | None:
    value = scenario.value(strategy, key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _named(scenario: Scenario, definition: Definition, path: str) -> tuple[str, float] | None:
    """Name and value of the number at a path; None where the path is that of another strategy."""
    inside = _STRATEGY.fullmatch(path)
    if inside is not None:
        if inside["strategy"] not in scenario.strategies:
            hint = suggest(inside["strategy"], scenario.strategies)
            raise InvalidInput(Problem("there is no such strategy", path, allowed=_strategies(scenario), hint=hint))
        if inside["strategy"] != definition.strategy:
            return None
        path_inside = inside["rest"]
    else:
        path_inside = path
    numbers = numbers_of(definition)
    by_name = {name: (name, value) for name, value in numbers.values()}  # what formulas call it: royalty, costs_fee
    plain = path_inside.removesuffix(".value")
    for known, key in ((numbers, path_inside), (numbers, plain), (by_name, plain)):
        if key in known:
            return known[key]
    uncertain = {spec.key for spec in definition.specs()}
    whole = next((key for key in uncertain if path_inside == key or path_inside.startswith(f"{key}.")), None)
    if whole is not None:
        reason = "is no single number that a formula takes as it is"
        hint = f"{whole} is a distribution or a probability; simengine breakeven varies any number of a scenario"
        raise InvalidInput(Problem(reason, path, allowed=list_names(nearest_first(path_inside, numbers)), hint=hint))
    hint = suggest(path_inside, [*by_name, *numbers])
    listed = list_names(nearest_first(path_inside, numbers))
    raise InvalidInput(Problem("the scenario has no such number", path, allowed=listed or None, hint=hint))


def numbers_of(definition: Definition) -> dict[str, tuple[str, float]]:
    """Dotted paths of all single numbers of a strategy, each with its name in formulas and its value."""
    found = {
        f"{'decisions' if name in definition.decisions else 'constants'}.{name}": (name, value)
        for name, value in definition.constants.items()
    }
    for spec in (*definition.inputs.values(), *definition.costs.values()):
        if spec.marginal.constant is not None:
            found[spec.key] = (spec.name, spec.marginal.constant)
    return found


def _strategies(scenario: Scenario) -> str:
    return list_names(scenario.strategies)


def read_range(text: str, option: str = "--vary") -> Range:
    """``PATH=LOW:HIGH``, ``PATH=LOW:HIGH:STEP`` or ``PATH=A,B,C``.

    Raises
    ------
    InvalidInput
        If it is none of them, or the bounds are reversed.
    """
    path, sign, said = text.partition("=")
    parts = said.split(":") if ":" in said else said.split(",")
    try:
        numbers = [float(part.replace("_", "")) for part in parts]
    except ValueError:
        numbers = []
    if not sign or not path.strip() or not numbers:
        raise InvalidInput(Problem("is not a range", option, text, _RANGE))
    if ":" not in said:
        choices = tuple(sorted(set(numbers)))
        return Range(path.strip(), choices[0], choices[-1], choices)
    if len(numbers) > 3:
        raise InvalidInput(Problem("has too many parts", option, text, _RANGE))
    low, high = numbers[:2]
    if not low < high:
        hint = f"{path.strip()}={parts[1]}:{parts[0]}" if low > high else None
        raise InvalidInput(Problem("the bounds are reversed or equal", option, text, "LOW below HIGH", hint))
    if len(numbers) == 2:
        return Range(path.strip(), low, high)
    step = numbers[2]
    if not (high - low) / MOST_STEPS <= step <= high - low:
        raise InvalidInput(Problem("the step does not divide the range", option, text, "above 0, up to HIGH - LOW"))
    return Range(path.strip(), low, high, stepped(low, high, step))


def setting_text(setting: Mapping[str, float]) -> str:
    """Values of variables in one line: ``upfront = 40, royalty = 0.05``."""
    return ", ".join(f"{name} = {value:.6g}" for name, value in setting.items())
