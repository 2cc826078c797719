"""``simengine bench``."""

from __future__ import annotations

import json
import sys

import click

from simengine import settings
from simengine.cli.arguments import Command
from simengine.cli.options import Options
from simengine.cli.progress import announce_compilation
from simengine.cli.streams import ascii_only, is_terminal, say, style_of, write

_TRIALS, _QUICK_TRIALS = 1_000_000, 100_000
_ROUNDS, _QUICK_ROUNDS = 5, 3
_MOST_TRIALS = 100_000_000
"""The NumPy script keeps every draw: a hundred bytes a trial, and ten times the trials in the second row."""


@click.command("bench", cls=Command)
@click.option("--trials", metavar="N", help="Trials on one thread, 1000000 by default; ten times it on several.")
@click.option("--rounds", metavar="R", help="Rounds in which all cases take turns; 5 by default.")
@click.option("--threads", metavar="N", help="The larger number of threads; by default every processor.")
@click.option("--quick", is_flag=True, help="A tenth of the trials, and 3 rounds: a few seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
def command(trials: str | None, rounds: str | None, threads: str | None, quick: bool, as_json: bool) -> None:
    """Measure this machine: simengine against the same deal written with NumPy alone.

    Both simulate the reference deal in this process and take turns, so that only the ratio matters. NumPy runs on
    one thread, as its programs do. A calibration loop before and after says how many cores were free: figures of
    several threads mean something when all of them were. By default it takes about a minute and 1 GB of memory.

    Examples
    --------
      simengine bench
      simengine bench --quick
      simengine bench --threads 8 --rounds 9
      simengine bench --json > bench.json
    """
    options = Options()
    wanted = options.whole("--trials", trials, 1, _MOST_TRIALS)
    turns = options.whole("--rounds", rounds, 1, 1000)
    several = options.whole("--threads", threads, 1, 1024)
    options.check()

    from simengine.bench import machine
    from simengine.bench.comparison import compare, works
    from simengine.report.bench import comparison_json, comparison_text

    announce_compilation()
    amounts = works(
        wanted or (_QUICK_TRIALS if quick else _TRIALS), several if several is not None else settings.read().threads
    )
    turns = turns or (_QUICK_ROUNDS if quick else _ROUNDS)
    found = compare(amounts, turns, said=say if is_terminal(sys.stderr) else lambda _: None)
    about = machine.describe()
    if as_json:
        write(json.dumps(comparison_json(found, about, turns), ensure_ascii=ascii_only(), indent=1))
    else:
        write(comparison_text(found, about, style_of()))
