"""The JSON Schema of a value that may be uncertain, made from the table of families."""

from __future__ import annotations

import math
from typing import Any

from simengine.distributions.families.table import FAMILIES
from simengine.distributions.family import Family, Form, Parameter
from simengine.distributions.values import ANY, NOT_NEGATIVE, Bounds

DEFINITION = "Distribution"
"""Name under ``$defs`` of a value; the families are ``Distribution.NAME``."""
_PERCENTILE = r"^[pP][0-9]+(\.[0-9]+)?$"
_INTERVAL = r"^\s*\S+\s+to\s+\S+\s*$"
_TEXTS = {
    "title": "what the quantity is called in reports",
    "unit": "unit of the values",
    "source": "where the numbers come from; 'judgement' where they are estimates",
    "note": "anything worth remembering",
}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one input's value: a number, an interval as text, or a table with ``dist``.

    The fragment refers to definitions in its own ``$defs``, which belong under ``$defs`` of the whole schema.
    """
    families = {f"{DEFINITION}.{family.name}": _family(family) for family in FAMILIES.values()}
    value = {
        "description": "A number, a 90 % interval such as '600 to 1600', or a distribution.",
        "anyOf": [
            {"type": "number", "description": "a number without uncertainty"},
            {"type": "string", "pattern": _INTERVAL, "description": "90 % interval: 'LOW to HIGH'"},
            *({"$ref": _reference(name)} for name in families),
        ],
    }
    return {"$ref": _reference(DEFINITION), "$defs": {DEFINITION: value, **families}}


def _reference(name: str) -> str:
    return f"#/$defs/{name}"


def _family(family: Family) -> dict[str, Any]:
    properties: dict[str, Any] = {"dist": {"const": family.name, "description": family.doc}}
    for form in family.forms:
        for parameter in form.parameters:
            for key in (parameter.name, *parameter.aliases):
                properties.setdefault(key, _parameter(parameter))
    for key, schema in _generic().items():
        properties.setdefault(key, schema)
    out: dict[str, Any] = {
        "type": "object",
        "title": family.name,
        "description": f"{family.doc}. Example: {family.example}",
        "required": ["dist"],
        "properties": properties,
        "additionalProperties": False,
    }
    if family.takes_percentiles:
        properties.setdefault("median", {"type": "number", "description": "the 50th percentile"})
        out["patternProperties"] = {_PERCENTILE: {"type": "number", "description": "percentile; rising with its level"}}
    elif needs := [need for form in family.forms if (need := _needs(form))]:
        out["anyOf"] = needs
    return out


def _needs(form: Form) -> dict[str, Any]:
    """What must be there for a form."""
    plain = [p.name for p in form.parameters if p.required and not p.aliases]
    named = [
        {"anyOf": [{"required": [key]} for key in (p.name, *p.aliases)]}
        for p in form.parameters
        if p.required and p.aliases
    ]
    return {**({"required": plain} if plain else {}), **({"allOf": named} if named else {})}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    number = {"type": "number", **_bounds(parameter.bounds)}
    kinds: dict[str, dict[str, Any]] = {
        "number": number,
        "integer": {**number, "type": "integer"},
        "numbers": {"type": "array", "minItems": 1, "items": number},
        "text": {"type": "string", "minLength": 1},
        "flag": {"type": "boolean"},
        "choice": {"enum": list(parameter.choices)},
        "table": {"type": "object", "minProperties": 2, "additionalProperties": {"type": "number"}},
        "list": {"type": "array", "minItems": 1, "items": _component()},
        "distribution": {"$ref": _reference(DEFINITION)},
    }
    schema = kinds[parameter.kind]
    if not parameter.required and parameter.default is not None:
        schema = {**schema, "default": parameter.default}
    return {"description": parameter.doc, **schema}


def _component() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["weight", "dist"],
        "properties": {
            "weight": {"type": "number", **_bounds(NOT_NEGATIVE), "description": "probability of this component"},
            "dist": {"anyOf": [{"enum": list(FAMILIES)}, {"$ref": _reference(DEFINITION)}]},
        },
    }


def _generic() -> dict[str, Any]:
    limit = {"type": "number"}
    return {
        "shift": {"type": "number", "description": "added to every value, after scaling", "default": 0},
        "scale": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "every value is multiplied by it",
            "default": 1,
        },
        "truncate": {
            "type": "object",
            "description": "the distribution of the values between these limits; applied last",
            "properties": {"min": limit, "max": limit},
            "minProperties": 1,
            "additionalProperties": False,
        },
        **{key: {"type": "string", "description": text} for key, text in _TEXTS.items()},
        "kind": {"enum": ["amount", "share", "rate", "years"], "description": "what formulas may add to it"},
        "currency": {"type": "string", "description": "currency of an amount, where it is not the scenario's"},
        "each": {"enum": ["trial", "year"], "description": "year: drawn anew for every period"},
    }


def _bounds(bounds: Bounds) -> dict[str, float]:
    if bounds == ANY:
        return {}
    out: dict[str, float] = {}
    if math.isfinite(bounds.low):
        out["exclusiveMinimum" if bounds.low_open else "minimum"] = bounds.low
    if math.isfinite(bounds.high):
        out["exclusiveMaximum" if bounds.high_open else "maximum"] = bounds.high
    return out
