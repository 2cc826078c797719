"""Outcomes as a SIPmath library, and the way back: what the library says of itself is true."""

from __future__ import annotations

import json
import re

import jsonschema
import numpy as np
import pytest

import simengine
from simengine.errors import InvalidInput
from simengine.report.result import Result
from simengine.report.sipmath import sipmath_library
from simengine.scenario import load, loads

SCENARIO = """\
[scenario]
name = "small"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
C = { dist = "normal", mean = 200, sd = 150 }
[model]
T = "V * D"
profit = "V * D - 3 * C"
[outputs]
T = { unit = "USD" }
profit = {}
[strategies.a-b]
[strategies.sale]
"inputs.D" = { dist = "pert", min = 0.3, mode = 0.6, max = 0.9 }
[simulate]
trials = 50_000
percentiles = [1, 5, 10, 25, 50, 75, 90, 95, 99]
"""

SHAPE = {
    "type": "object",
    "required": ["name", "objectType", "libraryType", "dateCreated", "provenance", "U01", "sips", "version"],
    "properties": {
        "objectType": {"const": "sipModel"},
        "libraryType": {"const": "SIPmath_3_0"},
        "dateCreated": {"pattern": r"^\d\d-\d\d-\d{4}$"},
        "version": {"const": "1"},
        "sips": {
            "items": {
                "required": ["name", "ref", "function", "arguments", "metadata"],
                "properties": {
                    "function": {"const": "Metalog_1_0"},
                    "ref": {"required": ["source", "name", "copulaLayer"]},
                    "arguments": {
                        "required": ["aCoefficients"],
                        "properties": {"aCoefficients": {"type": "array", "minItems": 2, "maxItems": 16}},
                    },
                },
            }
        },
    },
}
"""What libraries of the Probability Management group look like."""


@pytest.fixture(scope="module")
def result() -> Result:
    return simengine.run(loads(SCENARIO, file="small.toml"))


@pytest.fixture(scope="module")
def found(result):
    content, fits, left = sipmath_library(result.record)
    return json.loads(content), fits, left


def test_the_library_has_the_shape_of_the_standard(found):
    library, fits, left = found
    jsonschema.validate(library, SHAPE)
    names = ["a_b_T", "a_b_profit", "sale_T", "sale_profit"]
    assert [entry["name"] for entry in library["sips"]] == [fit.name for fit in fits] == names
    assert left == ()
    streams = library["U01"]["rng"]
    first = streams[0]["arguments"]["varId"]
    assert [entry["arguments"]["varId"] - first for entry in streams] == [0, 1, 2, 3]
    copula = library["U01"]["copula"][0]
    assert copula["arguments"]["rng"] == [entry["name"] for entry in streams]
    assert [entry["ref"]["copulaLayer"] for entry in library["sips"]] == copula["copulaLayer"]


def test_strategies_stay_together(found, result):
    library = found[0]
    value = next(entry["value"] for entry in library["globalVariables"] if entry["name"] == "correlationMatrix")
    matrix = {(entry["row"], entry["col"]): entry["value"] for entry in value["matrix"]}
    assert matrix["a_b_T", "a_b_T"] == 1.0
    assert matrix["sale_T", "a_b_T"] > 0.95  # the same market, whatever the strategy
    assert 0.3 < matrix["a_b_profit", "a_b_T"] < 0.8
    full = np.eye(4)
    names = value["columns"]
    for (row, column), entry in matrix.items():
        full[names.index(row), names.index(column)] = full[names.index(column), names.index(row)] = entry
    assert np.linalg.eigvalsh(full).min() > -1e-9


def test_bounds_are_those_of_the_outcome(found):
    library = {entry["name"]: entry["arguments"] for entry in found[0]["sips"]}
    assert library["a_b_T"].get("lowerBound") == 0.0
    assert "lowerBound" not in library["a_b_profit"] and "upperBound" not in library["a_b_profit"]


def test_there_and_back_percentiles_agree_within_the_stated_error(result, found, tmp_path):
    (tmp_path / "deal.sipmath.json").write_bytes(json.dumps(found[0]).encode())
    for s, o, name in ((0, 0, "a_b_T"), (0, 1, "a_b_profit"), (1, 1, "sale_profit")):
        text = f"""
[scenario]
name = "back"
[inputs]
A = {{ dist = "sipmath", file = "deal.sipmath.json", name = "{name}" }}
[model]
T = "A"
[simulate]
trials = 50_000
percentiles = [1, 5, 10, 25, 50, 75, 90, 95, 99]
"""
        (tmp_path / "back.toml").write_text(text)
        record = simengine.run(load(tmp_path / "back.toml")).record
        metadata = next(entry["metadata"] for entry in found[0]["sips"] if entry["name"] == name)
        distance = np.abs(record["quantiles"][0, 0] - result.record["quantiles"][s, o])
        assert (distance <= metadata["fit_error"] + 4 * record["quantiles_se"][0, 0]).all()
        assert metadata["fit_error"] < 0.01 * metadata["std"] and not metadata["fit_poor"]
        assert metadata["P50"] == result.record["quantiles"][s, o, 4]
        assert record["mean"][0, 0] == pytest.approx(metadata["mean"], abs=0.01 * metadata["std"])


def test_the_library_of_another_run_is_kept_with_the_result(found, tmp_path):
    (tmp_path / "deal.sipmath.json").write_bytes(json.dumps(found[0]).encode())
    text = '[scenario]\nname = "b"\n[inputs]\nA = { dist = "sipmath", file = "deal.sipmath.json", name = "a_b_T" }\n'
    (tmp_path / "back.toml").write_text(text + '[model]\nT = "A"\n[simulate]\ntrials = 1000\n')
    simengine.run(tmp_path / "back.toml").save(tmp_path / "out")
    (tmp_path / "deal.sipmath.json").unlink()
    opened = simengine.open_result(tmp_path / "out")
    assert opened.export_draws(tmp_path / "draws.csv").read_text().count("\n") == 1001


def test_what_no_smooth_curve_can_hold_is_told_loudly():
    text = SCENARIO.replace('T = "V * D"', 'T = "where(V > 700, V * D, 0)"')
    _, fits, _ = sipmath_library(simengine.run(loads(text, file="small.toml")).record)
    poor = next(fit for fit in fits if fit.name == "a_b_T")
    assert poor.poor and poor.atom > 0.05
    assert poor.told().startswith("warning: a_b_T:") and "of the trials have one value" in poor.told()
    assert not next(fit for fit in fits if fit.name == "sale_profit").told().startswith("warning")


def test_constants_are_left_out():
    text = SCENARIO.replace('profit = "V * D - 3 * C"', 'profit = "7"')
    _, fits, left = sipmath_library(simengine.run(loads(text, file="small.toml")).record)
    assert [fit.output for fit in fits] == ["T", "T"]
    assert [entry.told() for entry in left] == ["a_b_profit is constant", "sale_profit is constant"]
    text = text.replace('T = "V * D"', 'T = "5"')
    with pytest.raises(InvalidInput, match="no outcome can be written as a metalog: a_b_T is constant; a_b_profit is"):
        sipmath_library(simengine.run(loads(text, file="small.toml")).record)


@pytest.mark.parametrize(
    "text", ["=1+1", "<script>alert(1)</script>", "\u202egpj", '"]}, \\', "\N{FACE WITH TEARS OF JOY} 智能"]
)
def test_labels_are_text_and_names_are_names(text, tmp_path):
    """Whatever units and titles say the library is JSON of its shape, and every variable has a name of its own."""
    hostile = SCENARIO.replace('unit = "USD"', f"unit = {json.dumps(text, ensure_ascii=False)}")
    for old, new in (
        ("[strategies.a-b]", "[strategies.a-b]\n[strategies.a_b]"),
        ("strategies.sale", "strategies.R1C1"),
    ):
        hostile = hostile.replace(old, new)
    hostile = hostile.replace("50_000", "2000").replace("[strategies.R1C1]", '[strategies."智能"]\n[strategies.R1C1]')
    (tmp_path / "deal.toml").write_text(hostile, encoding="utf-8")
    content, fits, _ = sipmath_library(simengine.run(load(tmp_path / "deal.toml")).record)
    library = json.loads(content)
    jsonschema.validate(library, SHAPE)
    names = [fit.name for fit in fits]
    assert names[0] == "a_b_T_412370d1" and names[2] == "a_b_T_219436e4"
    assert [entry["name"] for entry in library["sips"]] == names and len({name.casefold() for name in names}) == 8
    assert all(re.fullmatch(r"[^\W\d][\w.]*", name) for name in names)
    assert {"智能_T", "R1C1_T"} < set(names)
    shown = text.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    assert {entry["metadata"]["unit"] for entry in library["sips"] if entry["metadata"]["output"] == "T"} == {shown}
    assert [entry["metadata"]["strategy"] for entry in library["sips"]][::2] == ["a-b", "a_b", "智能", "R1C1"]
    assert "\u202e" not in content.decode()


def test_the_same_result_gives_the_same_bytes(result, tmp_path):
    fits, left = result.export_sipmath(tmp_path / "a.sipmath.json")
    result.export_sipmath(tmp_path / "b.sipmath.json")
    assert (tmp_path / "a.sipmath.json").read_bytes() == (tmp_path / "b.sipmath.json").read_bytes()
    assert len(fits) == 4 and left == ()
    result.export(tmp_path / "c.SIPmath.json")
    assert (tmp_path / "c.SIPmath.json").read_bytes() == (tmp_path / "a.sipmath.json").read_bytes()


def library_of(text: str):
    content, fits, left = sipmath_library(simengine.run(loads(text, file="small.toml"), analyses=False).record)
    return json.loads(content), fits, left


def test_strategies_that_differ_by_a_constant_have_a_copula_that_can_be_used(found):
    library, fits, _ = library_of(
        SCENARIO.replace('profit = "V * D - 3 * C"', 'profit = "T - 3"').replace(
            '"inputs.D" = { dist = "pert", min = 0.3, mode = 0.6, max = 0.9 }', 'model.T = "V * D + 7"'
        )
    )
    value = next(entry["value"] for entry in library["globalVariables"] if entry["name"] == "correlationMatrix")
    names, full = value["columns"], np.eye(len(fits))
    for entry in value["matrix"]:
        row, column = names.index(entry["row"]), names.index(entry["col"])
        full[row, column] = full[column, row] = entry["value"]
    np.linalg.cholesky(full)
    assert np.linalg.eigvalsh(full)[0] > 0.9e-6
    assert full.min() > 1 - 1e-4
    shrinkage = library["sips"][0]["metadata"]["copula_shrinkage"]
    assert 0 < shrinkage < 1e-4
    assert "correlations shrunk by 1e-06 to be positive definite" in library["provenance"]
    assert found[0]["sips"][0]["metadata"]["copula_shrinkage"] == 0.0
    assert "shrunk" not in found[0]["provenance"]


def test_two_libraries_in_one_model_are_independent(found):
    def streams(library):
        return [tuple(entry["arguments"].values()) for entry in library["U01"]["rng"]]

    mine, other = streams(found[0]), streams(library_of(SCENARIO.replace("V * D - 3 * C", "V * D - 2 * C"))[0])
    assert len({*mine, *other}) == 8
    for k in range(1, 5):  # each of the four numbers, not only their whole
        assert {entry[k] for entry in mine}.isdisjoint(entry[k] for entry in other)
    assert streams(library_of(SCENARIO)[0]) == mine
    assert all(0 < number < 1e7 for entry in (*mine, *other) for number in entry[1:])


def test_what_hardly_ever_changes_is_not_called_constant():
    text = SCENARIO.replace('profit = "V * D - 3 * C"', 'profit = "where(V > 2600, 1, 0)"')
    library, _, left = library_of(text)
    assert [entry.name for entry in left] == ["a_b_profit", "sale_profit"]
    assert all(re.fullmatch(r"has one value in 99\.9\d* % of the trials, .*", entry.reason) for entry in left)
    assert {entry["metadata"]["output"] for entry in library["sips"]} == {"T"}


def test_outcomes_by_period_are_said_to_be_left_out():
    text = """
[scenario]
name = "by-year"
horizon = 3
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
T = "sum(income)"
[outputs]
T = {}
income = {}
[simulate]
trials = 2000
"""
    _, fits, left = library_of(text)
    assert [fit.name for fit in fits] == ["base_T"]
    (entry,) = left
    assert entry.told().startswith("base_income is reported period by period")
