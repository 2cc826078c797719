"""Scenario files: TOML with positions, typed tables, ``extends``, strategies, JSON Schema, templates.

``load`` reads a file and ``loads`` a text; both give a :class:`Scenario` or raise one
:class:`~simengine.errors.InvalidInput` that lists every problem with file, line and column.
"""

from simengine.scenario.definition import (
    LEAK_ALIAS,
    PLAIN_INPUTS,
    PLAIN_OUTCOME,
    CorrelationGroup,
    DecisionSpec,
    Definition,
    InputSpec,
    OutputSpec,
    RiskSpec,
)
from simengine.scenario.load import doubtful_percentiles, load, loads, with_values
from simengine.scenario.scenario import Scenario
from simengine.scenario.schema import Header, Simulate, json_schema, schema_text
from simengine.scenario.templates import template, templates

__all__ = [
    "LEAK_ALIAS",
    "PLAIN_INPUTS",
    "PLAIN_OUTCOME",
    "CorrelationGroup",
    "DecisionSpec",
    "Definition",
    "Header",
    "InputSpec",
    "OutputSpec",
    "RiskSpec",
    "Scenario",
    "Simulate",
    "doubtful_percentiles",
    "json_schema",
    "load",
    "loads",
    "schema_text",
    "template",
    "templates",
    "with_values",
]
