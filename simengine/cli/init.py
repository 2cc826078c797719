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
      deal                        the plain value model in one period (this one by default)
      formulas                    outcomes by formulas of your own
      data                        distributions taken from observed data and from estimated percentiles
    or a deal over years:
      licence                     upfront, milestones and royalty, a partner who may default
      sale                        one price, an earn-out and a warranty, against keeping it
      joint-venture               a share of what a venture earns, its capital, its value at the end
      joint-development           stages that cost and may fail, shared with a partner who then sells
      subscription                subscribers, churn and fees; or units, days of work, commission
      api                         calls that grow at prices that fall
      open-source-vs-proprietary  reach and support against prices, patents and secrecy
      cross-border                another currency, tax withheld, relief, approval, several licensees

    Examples
    --------
      simengine init
      simengine init licence my-licence.toml
      simengine init joint-venture
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
