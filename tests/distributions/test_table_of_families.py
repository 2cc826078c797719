"""The table of families as documentation, as JSON Schema, and as something that loads quickly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import pytest
from family_cases import FAMILY_CASES

from simengine.distributions import FAMILIES, Family, Form, Parameter, describe, json_schema, resolve
from simengine.distributions.marginal import Marginal
from simengine.distributions.pieces import constant
from simengine.distributions.values import NOT_NEGATIVE, POSITIVE, SHAPE, Bounds, brief

WANTED = {
    *("constant", "uniform", "triangular", "pert", "normal", "lognormal", "beta", "gamma", "exponential", "weibull"),
    *("pareto", "student-t", "logistic", "loglogistic", "gumbel", "laplace", "inverse-gaussian", "metalog"),
    *("cumulative", "discrete", "bernoulli", "binomial", "poisson", "negative-binomial", "empirical", "mixture"),
}


def test_all_families_are_there():
    assert set(FAMILIES) >= WANTED
    assert all(name == family.name == name.lower() for name, family in FAMILIES.items())


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_row_is_documented_and_its_example_works(family, tmp_path):
    assert family.doc and (family.reference or family.name == "constant")
    (tmp_path / "rates.csv").write_text("rate\n0.02\n0.05\n0.04\n")
    sip = {"name": "demand", "function": "Metalog_1_0", "arguments": {"aCoefficients": [5, 0.4, 0.1]}}
    library = {"libraryType": "SIPmath_3_0", "sips": [sip]}
    (tmp_path / "market.sipmath.json").write_text(json.dumps(library))
    spec = tomllib.loads(f"x = {family.example}")["x"]
    marginal = resolve(spec, folder=tmp_path)
    assert isinstance(marginal, Marginal)
    assert marginal.family == family.name
    assert all(parameter.doc for form in family.forms for parameter in form.parameters)


def test_describe_lists_what_the_table_holds():
    rows = describe()
    assert [row.name for row in rows] == list(FAMILIES)
    normal = next(row for row in rows if row.name == "normal")
    assert [form.text for form in normal.forms] == ["mean, sd", "2 to 3 percentiles (p10, p50, ...)"]
    assert [(p.name, p.allowed, p.required) for p in normal.forms[0].parameters] == [
        ("mean", "any finite number", True),
        ("sd", ">= 0", True),
    ]
    pert = next(row for row in rows if row.name == "pert")
    shape = pert.forms[0].parameters[-1]
    assert (shape.name, shape.default, shape.aliases, shape.required) == ("shape", "4.0", ("lambda",), False)


def test_a_new_family_is_a_row(monkeypatch):
    """Adding a row is all: it resolves, is described, and is part of the schema."""

    def double(value: float) -> Marginal:
        return constant(2 * value)

    row = Family("double", "twice a number", double, (Form((Parameter("value", "a number"),)),), "", "none")
    rows = {**FAMILIES, "double": row}
    for module in ("resolve", "describe", "schema"):
        monkeypatch.setattr(sys.modules[f"simengine.distributions.{module}"], "FAMILIES", rows)
    assert resolve({"dist": "double", "value": 4}).constant == 8
    assert describe()[-1].name == "double"
    assert "Distribution.double" in json_schema()["$defs"]


def alternatives():
    return {name.removeprefix("Distribution."): part for name, part in json_schema()["$defs"].items()}


def test_schema_has_an_alternative_for_every_family():
    schema = json_schema()
    json.dumps(schema, allow_nan=False)
    listed = [part["$ref"] for part in schema["$defs"]["Distribution"]["anyOf"] if "$ref" in part]
    assert listed == [f"#/$defs/Distribution.{name}" for name in FAMILIES]
    for name in FAMILIES:
        part = alternatives()[name]
        assert part["properties"]["dist"]["const"] == name
        assert all(prop.get("description") for prop in part["properties"].values())
        assert {"truncate", "shift", "scale", "title", "unit", "source", "note"} <= set(part["properties"])


def conforms(value, schema):
    """Whether a value meets a schema, for the few keywords that are used here."""
    definitions = json_schema()["$defs"]
    if "$ref" in schema:
        return conforms(value, definitions[schema["$ref"].removeprefix("#/$defs/")])
    kinds = {"number": (int, float), "integer": int, "string": str, "boolean": bool, "array": list, "object": dict}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return False
    if value != schema.get("const", value) or value not in schema.get("enum", [value]):
        return False
    if "anyOf" in schema and not any(conforms(value, part) for part in schema["anyOf"]):
        return False
    if not all(conforms(value, part) for part in schema.get("allOf", [])):
        return False
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return False
    if isinstance(value, list):
        return all(conforms(item, schema.get("items", {})) for item in value)
    if not isinstance(value, dict):
        within = schema.get("minimum", value) <= value <= schema.get("maximum", value)
        return within and schema.get("exclusiveMinimum", float("-inf") if value == value else 0) != value
    if not set(schema.get("required", ())) <= set(value):
        return False
    for key, item in value.items():
        patterns = [part for pattern, part in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
        known = [schema["properties"][key]] if key in schema.get("properties", {}) else patterns
        if not known and schema.get("additionalProperties") is False:
            return False
        if not all(conforms(item, part) for part in known):
            return False
    return True


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in FAMILY_CASES])
def test_legal_specifications_conform_to_the_schema(spec):
    assert conforms(spec, json_schema())


@pytest.mark.parametrize(
    "spec",
    [
        "hello",
        True,
        [1],
        {"mean": 1},
        {"dist": "nromal", "mean": 1, "sd": 1},
        {"dist": "normal", "mean": 1, "sdd": 1},
        {"dist": "beta", "alpha": 0, "beta": 1},
        {"dist": "uniform", "min": "x", "max": 1},
        {"dist": "bernoulli", "p": 80},
        {"dist": "bernoulli"},
        {"dist": "poisson"},
        {"dist": "normal", "mean": 1, "sd": 1, "truncate": {"low": 1}},
        {"dist": "mixture", "components": [{"dist": "normal"}]},
    ],
)
def test_illegal_specifications_do_not(spec):
    if spec is True:  # a bool is an int in Python, not in JSON
        assert not any(part.get("type") == "boolean" for part in json_schema()["$defs"]["Distribution"]["anyOf"])
    else:
        assert not conforms(spec, json_schema())


def test_bounds_are_said_in_words():
    texts = [str(b) for b in (Bounds(), POSITIVE, NOT_NEGATIVE, SHAPE, Bounds(high=3, high_open=True), Bounds(0, 1))]
    assert texts == ["any finite number", "> 0", ">= 0", "1e-8 to 1e8", "< 3", "0 to 1"]
    numbers = [brief(x) for x in (1e8, 1e-8, 0.35, 1000.0, 123456789.0, 1e15, 2.5e300)]
    assert numbers == ["1e8", "1e-8", "0.35", "1000", "123456789", "1e15", "2.5e300"]


def test_usual_inputs_resolve_without_scipy():
    """A scenario whose tables are cached does not wait for SciPy to load."""
    code = """
import sys
from simengine.distributions import resolve
for spec in ("600 to 1600", {"dist": "pert", "min": 0, "mode": 1, "max": 3}, {"dist": "beta", "mean": 0.9, "sd": 0.05},
             {"dist": "triangular", "min": 0, "mode": 1, "max": 3}, {"dist": "gamma", "mean": 3, "sd": 2},
             {"dist": "normal", "mean": 3, "sd": 2, "truncate": {"min": 0}}, {"dist": "poisson", "mean": 3},
             {"dist": "lognormal", "p10": 1, "p50": 2, "p90": 9}, {"dist": "weibull", "p10": 1, "p90": 2},
             {"dist": "metalog", "p10": 1, "p50": 2, "p90": 4}, {"dist": "empirical", "values": [1, 2, 3]},
             {"dist": "mixture", "components": [{"weight": 0.9, "dist": 0}, {"weight": 0.1, "dist": "1 to 5"}]}):
    resolve(spec)
print(sorted(name for name in ("scipy", "pandas", "xarray", "numba", "pydantic") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
