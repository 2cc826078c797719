"""``simengine init``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from simengine.cli.arguments import Command, force_option
from simengine.cli.streams import say
from simengine.errors import InvalidInput, Problem
from simengine.scenario.templates import DEFAULT_FILE


@click.command("init", cls=Command)
@click.argument("words", nargs=-1, metavar="[TEMPLATE] [FILE]")
@force_option
def command(words: tuple[str, ...], force: bool) -> None:
    """Write a commented scenario to start from into FILE (scenario.toml).

    TEMPLATE is one of
      deal        the plain value model: market value, demand, partner, risks, strategies (this one by default)
      formulas    outcomes by formulas of your own
      data        distributions taken from observed data and from estimated percentiles

    Examples
    --------
      simengine init
      simengine init deal.toml
      simengine init formulas
      simengine init data market.toml --force
    """
    from simengine.results.files import write_file
    from simengine.scenario.templates import template

    name, file = _read(words)
    write_file(Path(file), template(name, file).encode(), force=force)
    say(f"wrote {file}; try: simengine check {shlex.quote(file)}")


def _read(words: tuple[str, ...]) -> tuple[str, str]:
    """The template and the file that the words mean: what ends in .toml is the file."""
    files = [word for word in words if word.endswith(".toml")]
    names = [word for word in words if not word.endswith(".toml")]
    if len(files) > 1 or len(names) > 1:
        raise InvalidInput(Problem("at most one template and one file can be given", value=" ".join(words)))
    return (names[0] if names else "deal"), (files[0] if files else DEFAULT_FILE)
