"""Scenarios to start from, written by ``simengine init``: each is a TOML file beside this one."""

from __future__ import annotations

import shlex
from importlib.resources import files

from simengine.errors import InvalidInput, Problem
from simengine.scenario.names import list_names, suggest

_TEMPLATES = {
    "deal": "the plain value model: market value, demand, partner, risks, correlation, strategies",
    "formulas": "outcomes by formulas of your own, such as the margin of a subscription",
    "data": "distributions taken from observed data and from estimated percentiles",
}


def templates() -> dict[str, str]:
    """The templates by name, each with one line that says what it is."""
    return dict(_TEMPLATES)


DEFAULT_FILE = "scenario.toml"
"""What the scenario is called in the comments of a template, unless another name is given."""


def template(name: str = "deal", file: str = DEFAULT_FILE) -> str:
    """The text of a template; commands in its comments name the scenario ``file``.

    Raises
    ------
    InvalidInput
        There is no template of that name.
    """
    if name not in _TEMPLATES:
        hint = suggest(name, _TEMPLATES)
        raise InvalidInput(Problem("there is no such template", value=name, allowed=list_names(_TEMPLATES), hint=hint))
    text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return text.replace(DEFAULT_FILE, shlex.quote(file)) if file.isprintable() else text
