"""The JSON Schema that editors use, and the scenarios that ``simengine init`` writes."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from simengine.distributions import FAMILIES
from simengine.errors import InvalidInput
from simengine.scenario import json_schema, loads, schema_text, template, templates
from simengine.scenario.schema import ScenarioFile

jsonschema = pytest.importorskip("jsonschema")

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.toml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_shipped_schema_is_the_generated_one() -> None:
    shipped = files("simengine.scenario").joinpath("simengine.schema.json").read_text(encoding="utf-8")
    assert shipped == schema_text(), "run: make schema"
    assert json.loads(shipped) == json_schema()


def test_the_schema_has_every_table_and_family() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(ScenarioFile.model_fields)
    assert {f"Distribution.{name}" for name in FAMILIES} <= set(schema["$defs"])
    text = schema_text()
    assert '"null"' not in text
    for reference in [part.split('"')[0] for part in text.split('"#/$defs/')[1:]]:
        assert reference in schema["$defs"]


def test_every_key_is_described() -> None:
    """Completion in an editor shows what a key means."""
    for name, table in json_schema()["$defs"].items():
        if not name.startswith("Distribution"):
            assert table["description"], name
            for key, entry in table["properties"].items():
                assert entry.get("description") or "$ref" in entry, f"{name}.{key}"


@pytest.mark.parametrize("name", templates())
def test_templates_load_without_a_word_and_satisfy_the_schema(name: str, validator: Any) -> None:
    text = template(name)
    scenario = loads(text, file=f"{name}.toml")
    assert scenario.warnings == ()
    assert [error.message for error in validator.iter_errors(tomllib.loads(text))] == []
    assert text.startswith("#") and text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", templates())
def test_templates_become_models(name: str) -> None:
    from simengine.deal.expand import expand

    scenario = loads(template(name))
    models = expand(scenario)
    assert [model.strategy for model in models] == list(scenario.strategies)
    assert all(model.outputs for model in models)


def test_the_default_template_shows_the_deal() -> None:
    scenario = loads(template())
    assert template() == template("deal")
    licence = scenario.strategies["licence"]
    assert licence.plain and list(licence.risks) == ["competition", "ip_leak"]
    assert len(scenario.strategies) >= 2 and licence.groups and licence.outputs[0].targets


def test_an_unknown_template() -> None:
    with pytest.raises(InvalidInput, match="formulas") as caught:
        template("formula")
    assert "did you mean formulas?" in str(caught.value)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_scenarios_satisfy_the_schema(path: Path, validator: Any) -> None:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"simulate": {"trials": 0}},
        {"simulate": {"trials": 1.5}},
        {"simulate": {"seed": -1}},
        {"simulate": {"percentiles": [100]}},
        {"simulate": {"sead": 1}},
        {"simulate": {"sampler": "sobal"}},
        {"scenario": {"name": "a b"}},
        {"scenario": {"name": "x", "unit": 0}},
        {"riks": {}},
        {"risks": {"a": {"probability": 0.5, "severity": 0.1, "sevrity": 1}}},
        {"inputs": {"V": {"dist": "nosuch"}}},
        {"inputs": {"V": {"dist": "pert", "min": 0, "mode": 1, "max": 2, "sgima": 3}}},
        {"inputs": {"V": True}},
        {"inputs": {"V": "a lot"}},
        {"correlations": [{"between": ["a", "b"], "spearman": 2}]},
        {"correlations": [{"spearman": 0.5}]},
        {"constants": {"k": "1"}},
        {"model": {"T": 5}},
        {"outputs": {"T": 5}},
    ],
    ids=str,
)
def test_what_the_schema_refuses_the_loader_refuses(change: dict[str, object], validator: Any) -> None:
    data = {"scenario": {"name": "x"}, "inputs": {"V": 1, "D": 1, "R": 1, "L": 0}} | change
    assert not validator.is_valid(data)
    from simengine.scenario.document import to_toml

    with pytest.raises(InvalidInput):
        loads(to_toml(data))
