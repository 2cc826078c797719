"""The table of families as rows to print: ``simengine distributions`` shows them."""

from __future__ import annotations

from dataclasses import dataclass

from simengine.distributions.families.table import FAMILIES
from simengine.distributions.family import Family, Form, Parameter
from simengine.distributions.forms import spell_form
from simengine.distributions.values import show


@dataclass(frozen=True)
class ParameterRow:
    """One parameter: its name and other names, what it means, which values it takes, its default as text."""

    name: str
    doc: str
    allowed: str
    default: str
    required: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class FormRow:
    """One way to give a family: ``text`` lists its keys, such as ``mean, sd``."""

    text: str
    doc: str
    parameters: tuple[ParameterRow, ...]
    percentiles: tuple[int, int] | None


@dataclass(frozen=True)
class FamilyRow:
    """One family: name, what it is for, the ways to give it, an example as in a scenario, where it is described."""

    name: str
    doc: str
    forms: tuple[FormRow, ...]
    example: str
    reference: str


GENERIC_KEYS: tuple[tuple[str, str], ...] = (
    ("shift", "a number that is added to every value, after scaling"),
    ("scale", "a positive number that every value is multiplied by, where the family has no scale of its own"),
    ("truncate", "{ min = ..., max = ... }, either or both: the distribution of the values between these limits"),
)
"""Keys that every family takes, and what they do; truncation comes last."""
SHORTHAND = '"600 to 1600" is a 90 % interval: lognormal where both ends are positive, else normal'


def describe() -> tuple[FamilyRow, ...]:
    """Every family, in the order of the table."""
    return tuple(_family(family) for family in FAMILIES.values())


def _family(family: Family) -> FamilyRow:
    forms = tuple(_form(form) for form in family.forms)
    return FamilyRow(family.name, family.doc, forms, family.example, family.reference)


def _form(form: Form) -> FormRow:
    return FormRow(spell_form(form), form.doc, tuple(_parameter(p) for p in form.parameters), form.percentiles)


def _parameter(parameter: Parameter) -> ParameterRow:
    allowed = {
        "number": str(parameter.bounds),
        "integer": f"whole number {parameter.bounds}",
        "numbers": f"list of numbers {parameter.bounds}" if str(parameter.bounds)[0] in "<>0" else "list of numbers",
        "text": "text",
        "flag": "true or false",
        "choice": " or ".join(show(choice) for choice in parameter.choices),
        "table": "table",
        "list": "list of tables",
        "distribution": "number, interval or distribution",
    }[parameter.kind]
    default = "" if parameter.required or parameter.default is None else show(parameter.default)
    return ParameterRow(parameter.name, parameter.doc, allowed, default, parameter.required, parameter.aliases)
