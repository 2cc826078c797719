"""``simengine distributions``."""

from __future__ import annotations

import click

from simengine.cli.arguments import Command
from simengine.cli.streams import style_of, write


@click.command("distributions", cls=Command)
@click.argument("family", required=False)
def command(family: str | None) -> None:
    """List the families of distributions, or explain one FAMILY: its parameters, forms and an example.

    Examples
    --------
      simengine distributions
      simengine distributions lognormal
      simengine distributions pert
    """
    from simengine.report.families import families_text, family_text

    write(families_text(style_of()) if family is None else family_text(family, style_of()))
