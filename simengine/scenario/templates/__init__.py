"""Scenarios to start from, written by ``simengine init``: each is a TOML file beside this one.

In the templates of deals over years a line that begins with ``#?`` is an alternative: without the mark it may stand
there, together with the ``#+`` lines that follow it.  Where its comment says ``instead of KEY``, it replaces that
key of its table, or that table.  The tests take every one of them at its word.
"""

from __future__ import annotations

import shlex
from importlib.resources import files

from simengine.errors import InvalidInput, Problem
from simengine.scenario.names import list_names, suggest

_TEMPLATES = {
    "deal": "the plain value model: market value, demand, partner, risks, correlation, strategies",
    "licence": "upfront, milestones and royalty over years, with a partner who may default",
    "sale": "one price, an earn-out and a warranty, against keeping it",
    "joint-venture": "a share of what a venture earns, its capital and its value at the end",
    "joint-development": "stages that cost and may fail, shared with a partner who then sells",
    "subscription": "subscribers, churn and fees; units, work by the day and commission as alternatives",
    "api": "calls that grow at prices that fall",
    "open-source-vs-proprietary": "reach and support against prices, patents and secrecy",
    "cross-border": "another currency, tax withheld, relief, approval, several licensees",
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
        hint = suggest(name, _TEMPLATES) or _holding(name)
        raise InvalidInput(Problem("there is no such template", value=name, allowed=list_names(_TEMPLATES), hint=hint))
    text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return text.replace(DEFAULT_FILE, shlex.quote(file)) if file.isprintable() else text


def _holding(name: str) -> str | None:
    """A hint that lists the templates of which ``name`` is a part: joint-venture and joint-development for "joint"."""
    part = "-".join(name.casefold().replace("_", " ").split())
    found = [template for template in _TEMPLATES if part and part in template]
    return f"did you mean {' or '.join(found)}?" if found else None
