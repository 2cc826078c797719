"""Descriptions of fields, read from the docstrings that stand below them.

Only the JSON Schema needs them.  pydantic can collect them itself, but does so whenever a class is made, by parsing
the source again, and every run would wait for that.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def with_descriptions(schema: dict[str, Any], models: dict[str, type[BaseModel]]) -> dict[str, Any]:
    """A table of a JSON Schema, and its definitions, with the description of every property.

    ``models`` are the classes by name, as pydantic names the definitions; the table itself is known by its title.
    A property that only refers to a definition is not given the description that the definition has.
    """
    definitions = schema.get("$defs", {})
    there = {f"#/$defs/{name}": part.get("description") for name, part in definitions.items()}

    def described(table: dict[str, Any]) -> dict[str, Any]:
        said = field_docstrings(models[table["title"]]) if table.get("title") in models else {}
        properties = {
            name: dict(sorted({**part, "description": said[name]}.items()))
            if name in said and said[name] != there.get(part.get("$ref"))
            else part
            for name, part in table.get("properties", {}).items()
        }
        return {**table, "properties": properties} if properties else table

    found = described(schema)
    return {**found, "$defs": {name: described(part) for name, part in definitions.items()}} if definitions else found


def field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring below each field of a class and of those that it builds on; the nearest one counts."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part is not BaseModel:
            found.update(_own_docstrings(part))
    return found


def _own_docstrings(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield field.target.id, inspect.cleandoc(text.value)
