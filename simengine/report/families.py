"""The table of families of distributions, and one family in full."""

from __future__ import annotations

from simengine.distributions.describe import GENERIC_KEYS, SHORTHAND, FormRow, ParameterRow, describe
from simengine.errors import InvalidInput, Problem
from simengine.report.text import Cell, Column, Style, table, wrap

_MORE = (
    f"A number alone is a constant, and {SHORTHAND}. Percentiles are written p5 = ..., p50 = ..., p99.9 = ... . "
    "`simengine distributions FAMILY` explains one family."
)


def families_text(style: Style) -> str:
    """Every family with the forms in which its parameters may be given."""
    rows: list[list[Cell]] = [
        [family.name, family.doc, "; or ".join(form.text for form in family.forms)] for family in describe()
    ]
    columns = [Column("dist"), Column("meaning", flexible=True), Column("parameters", flexible=True)]
    generic: list[list[Cell]] = [[key, meaning] for key, meaning in GENERIC_KEYS]
    on_any = table([Column("on any of them"), Column("meaning", flexible=True)], generic, style)
    return "\n".join([*table(columns, rows, style), "", *on_any, "", *wrap(_MORE, style.width)])


def family_text(name: str, style: Style) -> str:
    """One family: its forms, what each parameter means and which values it takes, and an example.

    Raises
    ------
    InvalidInput
        When there is no such family.
    """
    families = {family.name: family for family in describe()}
    if name not in families:
        from simengine.scenario.names import suggest

        allowed, hint = ", ".join(families), suggest(name, families)
        raise InvalidInput(Problem("there is no such distribution", value=name, allowed=allowed, hint=hint))
    family = families[name]
    lines = [style.bold(line) for line in wrap(f"{family.name}: {family.doc}", style.width)]
    lines += ["", f"  x = {family.example}"]
    for form in family.forms:
        head = form.text + (f": {form.doc}" if form.doc else "")
        lines += ["", *(style.bold(line) for line in wrap(head, style.width)), *_form_lines(form, style)]
    if family.reference:
        lines += ["", *wrap(f"Reference: {family.reference}", style.width)]
    return "\n".join(lines)


def _form_lines(form: FormRow, style: Style) -> list[str]:
    rows: list[list[Cell]] = []
    if form.percentiles:
        rows.append(["p1 ... p99.9", "the value that so many percent of all values lie below", "any finite number", ""])
    for row in form.parameters:
        rows.append([_names(row), row.doc, row.allowed, "required" if row.required else row.default])
    columns = [Column("key"), Column("meaning", flexible=True), Column("allowed", flexible=True), Column("if left out")]
    return table(columns, rows, style) if rows else []


def _names(parameter: ParameterRow) -> str:
    return " or ".join((parameter.name, *parameter.aliases))
