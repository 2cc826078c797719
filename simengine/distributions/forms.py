"""Which of a family's forms a specification uses, and reading its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simengine.distributions.family import Family, Form, Parameter, Point, Values
from simengine.distributions.percentiles import is_percentile, read_points
from simengine.distributions.values import (
    nearest,
    read_choice,
    read_flag,
    read_integer,
    read_number,
    read_numbers,
    read_text,
    show,
    toml_key,
    wrong,
)
from simengine.errors import InvalidInput, Problem

_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("stdev", "stddev", "std", "standarddeviation", "sigma", "σ"), ("sd", "sigma", "scale")),
    **dict.fromkeys(("mu", "μ", "avg", "average", "expected", "expectation"), ("mean", "mu", "loc")),
    **dict.fromkeys(("minimum", "low", "lower", "lo"), ("min",)),
    **dict.fromkeys(("maximum", "high", "upper", "hi"), ("max",)),
    "a": ("alpha", "min"),
    "b": ("beta", "max"),
    **dict.fromkeys(("mostlikely", "likeliest", "likely", "best", "peak", "c"), ("mode",)),
    **dict.fromkeys(("location",), ("loc", "mean")),
    **dict.fromkeys(("prob", "probability", "chance"), ("p",)),
    **dict.fromkeys(("probs", "probabilities", "ps"), ("weights",)),
    **dict.fromkeys(("lambda", "rate"), ("rate", "mean")),
    **dict.fromkeys(("trials", "size"), ("n",)),
    **dict.fromkeys(("df", "nu", "degreesoffreedom"), ("dof",)),
}
"""What parameters are called elsewhere, each with our names for it, the likeliest first."""


def choose_form(family: Family, given: Mapping[str, object]) -> tuple[Form, tuple[Point, ...]]:
    """The form that the given keys fill, and the percentiles among them in order of level.

    Raises
    ------
    InvalidInput
        With all unknown keys; else with what is missing, or with the sets of parameters that are mixed.
    """
    unknown = [key for key in given if key not in family.keys and not (family.takes_percentiles and is_percentile(key))]
    if unknown:
        raise InvalidInput([_unknown(family, key, given[key]) for key in unknown] + _wrong_values(family, given))
    fitting = [form for form in family.forms if _accepts(form, given)]
    complete = [form for form in fitting if not _missing(form, given)]
    if complete:
        form = complete[0]
        _refuse_twice(form, given)
        percentiles = _percentiles(form, given)
        return form, read_points(percentiles) if percentiles else ()
    raise InvalidInput([*_incomplete(family, fitting, given), *_wrong_values(family, given)])


def read_values(form: Form, given: Mapping[str, object]) -> Values:
    """The typed values of a form's parameters, defaults filled in, by the names of the parameters.

    Raises
    ------
    InvalidInput
        With the problems of all values.
    """
    values: dict[str, Any] = {parameter.name: parameter.default for parameter in form.parameters}
    problems: list[Problem] = []
    for key, raw in given.items():
        parameter = form.named(key)
        if parameter is None:
            continue
        try:
            values[parameter.name] = _read(parameter, raw, toml_key(key))
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return values


def _read(parameter: Parameter, raw: object, key: str) -> object:
    match parameter.kind:
        case "number":
            return read_number(raw, key, parameter.bounds)
        case "integer":
            return read_integer(raw, key, parameter.bounds)
        case "numbers":
            return read_numbers(raw, key, parameter.bounds)
        case "text":
            return read_text(raw, key)
        case "flag":
            return read_flag(raw, key)
        case "choice":
            return read_choice(raw, key, parameter.choices)
        case "table":
            if not isinstance(raw, Mapping):
                raise wrong(raw, key, "is not a table", None, parameter.doc)
            return raw
        case "list":
            if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
                raise wrong(raw, key, "is not a list, or is empty", None, parameter.doc)
            return list(raw)
        case "distribution":
            return raw


def _percentiles(form: Form, given: Mapping[str, object]) -> dict[str, object]:
    if form.percentiles is None:
        return {}
    return {key: raw for key, raw in given.items() if form.named(key) is None and is_percentile(key)}


def _accepts(form: Form, given: Mapping[str, object]) -> bool:
    """Whether every given key belongs to the form."""
    if any(form.named(key) is None and not (form.percentiles and is_percentile(key)) for key in given):
        return False
    return form.percentiles is None or len(_percentiles(form, given)) <= form.percentiles[1]


def _missing(form: Form, given: Mapping[str, object]) -> list[str]:
    """What the form still needs."""
    present = {parameter.name for key in given if (parameter := form.named(key))}
    lacking = [p.name for p in form.parameters if p.required and p.name not in present]
    if form.percentiles:
        lacking.extend(["another percentile"] * (form.percentiles[0] - len(_percentiles(form, given))))
    return lacking


def _refuse_twice(form: Form, given: Mapping[str, object]) -> None:
    """One parameter must not be given under two names."""
    seen: dict[str, str] = {}
    problems = []
    for key in given:
        parameter = form.named(key)
        if parameter and parameter.name in seen:
            reason = f"is the same parameter as {seen[parameter.name]}"
            problems.append(Problem(reason, toml_key(key), show(given[key]), hint="leave one of them out"))
        elif parameter:
            seen[parameter.name] = key
    if problems:
        raise InvalidInput(problems)


def _unknown(family: Family, key: str, raw: object) -> Problem:
    ways = spell_forms(family)
    hint = _other_name(key, family) or nearest(key, family.keys)
    if is_percentile(key) and not hint:
        hint = 'dist = "metalog" passes through any percentiles'
    elif key in ("min", "max") and "truncate" not in family.keys:
        hint = f"to cut the distribution off write truncate = {{ {key} = {show(raw)} }}"
    return Problem(f"is not a parameter of {family.name}", toml_key(key), show(raw), ways, hint)


def _other_name(key: str, family: Family) -> str | None:
    """A hint where a parameter is known by another name elsewhere: in spreadsheets, textbooks, other programs."""
    plain = key.lower().replace("-", "").replace("_", "").replace(" ", "").replace(".", "")
    meant = next((name for name in _OTHER_NAMES.get(plain, ()) if name in family.keys), None)
    return f'did you mean "{meant}"?' if meant else None


def _incomplete(family: Family, fitting: Sequence[Form], given: Mapping[str, object]) -> list[Problem]:
    """What is wrong where no form is filled: something missing, or several forms mixed."""
    ways = spell_forms(family)
    if fitting:
        best = min(fitting, key=lambda form: len(_missing(form, given)))
        missing = _missing(best, given)
        if not given:
            return [Problem(f"{family.name} needs parameters", "dist", show(family.name), ways)]
        return [
            Problem(f"{family.name} needs {name} as well", name if name in family.keys else "dist", allowed=ways)
            for name in dict.fromkeys(missing)
        ]
    percentiles = [key for key in given if is_percentile(key) and key not in family.keys]
    most = max((form.percentiles[1] for form in family.forms if form.percentiles), default=0)
    if len(percentiles) == len(given) and len(percentiles) > most:
        reason = f"{len(percentiles)} percentiles are more than {family.name} can be fitted to"
        hint = 'dist = "metalog" passes through any number of percentiles'
        return [Problem(reason, toml_key(percentiles[-1]), show(given[percentiles[-1]]), f"at most {most}", hint)]
    keys = ", ".join(map(toml_key, given))
    reason = f"{keys} do not go together: they belong to different ways to give {family.name}"
    last = list(given)[-1]
    return [Problem(reason, toml_key(last), show(given[last]), ways, "keep the keys of one way")]


def _wrong_values(family: Family, given: Mapping[str, object]) -> list[Problem]:
    """Problems of values whose keys are known, where the form is not."""
    problems: list[Problem] = []
    for key, raw in given.items():
        meant = [p for form in family.forms if (p := form.named(key))]
        if not meant:
            continue
        try:
            _read(meant[0], raw, toml_key(key))
        except InvalidInput as error:
            problems.extend(error.problems)
    return problems


def spell_forms(family: Family) -> str:
    """The ways to give a family, in one line: ``mu, sigma | mean, sd | 2 to 3 percentiles``."""
    return " | ".join(dict.fromkeys(spell_form(form) for form in family.forms))


def spell_form(form: Form) -> str:
    """One way to give a family: its keys, optional ones in brackets."""
    parts = [p.name if p.required else f"[{p.name}]" for p in form.parameters]
    if form.percentiles:
        least, most = form.percentiles
        count = f"{least}" if least == most else f"{least} or more" if most > 3 else f"{least} to {most}"
        parts.insert(0, f"{count} percentile{'' if most == 1 else 's'} (p10, p50, ...)")
    return ", ".join(parts)
