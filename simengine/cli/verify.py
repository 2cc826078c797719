"""``simengine verify``."""

from __future__ import annotations

from pathlib import Path

import click

from simengine.cli.arguments import Command, device_option, result_argument, scheduler_option
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar, announce_compilation
from simengine.cli.streams import say, write


@click.command("verify", cls=Command)
@result_argument
@click.option("--data", multiple=True, metavar="DIR", type=click.Path(),
              help="Folder of data files that are too large to be stored with a result; may be repeated.")  # fmt: skip
@click.option("--threads", metavar="N", help="Processors to use; changes no digit.")
@click.option("--memory", metavar="SIZE", help="Memory for kept outcomes, such as 500MB; changes no digit.")
@scheduler_option
@device_option
@click.option("--quiet", is_flag=True, help="Print nothing when everything agrees.")
def command(
    result: str,
    data: tuple[str, ...],
    threads: str | None,
    memory: str | None,
    scheduler: str | None,
    device: str | None,
    quiet: bool,
) -> None:
    """Compute RESULT again from the scenario and the data stored in it, and compare every number bit by bit.

    What was found out beside the run is computed and compared too: the comparison of strategies, the drivers and the
    risk register.

    The copies inside the result are used: that your own scenario or data files changed since makes no difference.
    A data file that was too large to be stored is looked for in --data and beside RESULT, and must be the same.

    The exit status is 6, with a list of what differs, when anything does; 5 when the file cannot be read.

    Examples
    --------
      simengine verify results/
      simengine verify results/results.nc --threads 1
      simengine verify results/ --data market-data/
    """
    from simengine.api.analyses import dossier_of
    from simengine.report.studied import LAYOUTS
    from simengine.results.verify import verify

    options = Options()
    workers, budget = options.whole("--threads", threads, 1, 1024), options.size("--memory", memory)
    chosen = options.scheduler("--scheduler", scheduler, workers)
    computed_on = options.device("--device", device, scheduler)
    options.check()
    path = Path(result)
    if not quiet:
        announce_compilation()
    with ProgressBar(quiet=quiet) as progress:
        found = verify(
            path,
            data=[*map(Path, data), path if path.is_dir() else path.parent],
            threads=workers,
            memory=budget,
            scheduler=chosen,
            device=computed_on,
            progress=progress,
            layouts=LAYOUTS,
            again=lambda prepared, record, stored: dossier_of(prepared, record, progress, like=stored),
        )
    found.raise_if_different()
    if not quiet:
        computed = f"{found.numbers:,} numbers were computed again from the scenario and data stored in it"
        write(f"{result}: verified; {computed}, and agree to the bit")
        if found.other_versions:
            say(f"note: the result was made with other versions: {', '.join(found.other_versions)}")
