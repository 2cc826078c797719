"""Inputs that have no title are called by what their keys mean, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simengine.report import input_titles as titles
from simengine.report.input_titles import input_titles
from simengine.report.language import is_chinese
from simengine.report.phrases import Phrase
from simengine.results.compute import expanded
from simengine.results.record import Record, texts
from simengine.scenario import load, loads
from simengine.scenario.templates import template, templates

ROOT = Path(__file__).resolve().parents[2]
PHRASES = {name: phrase for name, phrase in vars(titles._Said).items() if isinstance(phrase, Phrase)}


def record_of(rows: list[tuple[str, str, str]]) -> Record:
    names, keys, said = ([row[k] for row in rows] for k in range(3))
    return Record({"input_name": texts(names), "input_key": texts(keys), "input_title": texts(said)}, {})


def test_keys_are_said_in_both_languages():
    rows = [
        ("entry_clock", "risks.entry", "hazard used up when it happens: 竞争 / a rival enters"),
        ("entry_severity", "risks.entry.severity", ""),
        ("entry_2_severity", "risks.entry.severity", ""),
        ("leak_severity", "risks.leak.severity", ""),
        ("development_stages_2_cost", "development.stages[1].cost", ""),
        ("patents_reduces_risks_entry_rate", "mitigations.patents.reduces.risks.entry.rate", ""),
        ("price", "inputs.price", ""),
        ("V", "inputs.V", "market"),
    ]
    assert input_titles(record_of(rows), "en") == {
        "entry_severity": "“a rival enters”: share that is lost",
        "entry_2_severity": "“a rival enters”: share that is lost, no.\N{NO-BREAK SPACE}2",
        "leak_severity": "leak: share that is lost",
        "development_stages_2_cost": "cost of stage 2",
        "patents_reduces_risks_entry_rate": "patents: effect on “a rival enters”: events a year",
    }
    found = input_titles(record_of(rows), "zh")
    assert found["entry_2_severity"] == "“竞争”：损失比例（第 2 次）"
    assert found["development_stages_2_cost"] == "第 2 阶段成本"


def test_hostile_names_stay_text():
    rows = [("x", 'risks."{0}<b>".severity', ""), ("y", "costs.{name}.annual", ""), ("z", "costs.\x1b[31m.annual", "")]
    found = input_titles(record_of(rows), "en")
    assert found["y"] == "{name}: amount a year"
    assert "\x1b" not in "".join(found.values())


SHIPPED = [(path.stem, path) for path in sorted((ROOT / "scenarios").rglob("*.toml"))]


@pytest.mark.parametrize("name", [name for name, _ in SHIPPED] + list(templates()))
def test_no_input_of_a_table_that_ships_is_without_a_title(name):
    folder = ROOT / "simengine" / "scenario" / "templates"
    paths = dict(SHIPPED)
    scenario = load(paths[name]) if name in paths else loads(template(name), file=f"{name}.toml", folder=folder)
    rows = [(one.name, one.key, one.title) for model in expanded(scenario) for one in model.inputs.values()]
    without = {row[0] for row in rows if not row[2] and not re.match(r"inputs\.|costs\.\w+$", row[1])}
    for lang in ("en", "zh"):
        found = input_titles(record_of(rows), lang)
        assert without <= set(found)
        if lang == "zh":
            assert all(is_chinese(title) for title in found.values())


def test_every_phrase_is_used_and_has_the_same_gaps():
    used = {*titles._OF_TABLES.values(), *(name for one in titles._OF_ENTRIES.values() for name in one.values())}
    assert set(PHRASES) - used == {"acts_on", "again", "behind", "behind_time", "event"}
    assert used <= set(PHRASES)
    for name, phrase in PHRASES.items():
        assert sorted(re.findall(r"\{\w+\}", phrase.en)) == sorted(re.findall(r"\{\w+\}", phrase.zh)), name
