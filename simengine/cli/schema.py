"""``simengine schema``."""

from __future__ import annotations

from pathlib import Path

import click

from simengine.cli.arguments import Command, force_option
from simengine.cli.streams import say, write


@click.command("schema", cls=Command)
@click.option("-o", "--output", "target", metavar="FILE", type=click.Path(), help="Write to FILE instead.")
@force_option
def command(target: str | None, force: bool) -> None:
    """Print the JSON Schema of scenario files, with which editors complete and check them while you type.

    Examples
    --------
      simengine schema -o simengine.schema.json
      simengine schema | less
    and in the first line of a scenario:
      #:schema ./simengine.schema.json
    """
    from simengine.scenario.schema import schema_text

    if target is None:
        write(schema_text().rstrip("\n"))
        return
    from simengine.results.files import write_file

    write_file(Path(target), schema_text().encode(), force=force)
    say(f"wrote {target}")
