"""Arguments and options that several commands share."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

DEVICES = ("auto", "cpu", "gpu")
"""As the engine names them; it is imported when something is computed."""
_UNDERLINE = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
"""A heading as docstrings have it."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose help keeps the lines of indented paragraphs, such as examples, as they are written."""

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.help = keep_indented(self.help)


def keep_indented(text: str | None) -> str | None:
    """``text`` with click's mark for "do not wrap" before each paragraph that has an indented line."""
    if text is None:
        return None
    paragraphs = _UNDERLINE.sub(r"\1:\n", inspect.cleandoc(text)).split("\n\n")
    marked = (f"\b\n{part}" if any(line[:1] == " " for line in part.splitlines()) else part for part in paragraphs)
    return "\n\n".join(marked)


def scenario_argument(function: Function) -> Function:
    """The scenario file."""
    return click.argument("scenario", type=click.Path(), metavar="SCENARIO")(function)


def result_argument(function: Function) -> Function:
    """A stored result: a folder written by ``run --out``, or its results.nc."""
    return click.argument("result", type=click.Path(), metavar="RESULT")(function)


def set_option(function: Function) -> Function:
    """Values laid over the scenario."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help='Set a value of the scenario by its dotted path, such as inputs.V="500 to 900"; may be repeated.',
    )(function)


def scheduler_option(function: Function) -> Function:
    """What computes the trials."""
    return click.option(
        "--scheduler",
        metavar="NAME|ADDRESS",
        help="Computed by: sync, threads (default), processes, or a dask cluster at tcp://HOST:PORT; changes no digit.",
    )(function)


def device_option(function: Function) -> Function:
    """What computes the trials: processors, or a GPU."""
    return click.option(
        "--device",
        type=click.Choice(DEVICES),
        help="Computed on: cpu, gpu, or auto (default), a GPU where there is one and it is worth it; changes no digit.",
    )(function)


def strategy_option(function: Function) -> Function:
    """The strategies to look at."""
    return click.option(
        "--strategy", "strategies", multiple=True, metavar="NAME", help="Only this strategy; may be repeated."
    )(function)


def force_option(function: Function) -> Function:
    """Permission to replace."""
    return click.option("--force", is_flag=True, help="Replace files that exist.")(function)


def lang_option(function: Function) -> Function:
    """The language of a page; those of :data:`simengine.report.language.LANGUAGES`."""
    text = "Language of the page: English (en, the default) or Chinese (zh)."
    return click.option("--lang", type=click.Choice(("en", "zh")), default="en", help=text)(function)
