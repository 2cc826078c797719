"""``simengine watch``."""

from __future__ import annotations

import datetime
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simengine.cli.arguments import Command, scenario_argument, set_option
from simengine.cli.draws import draws_options, numbers_of_draws
from simengine.cli.options import Options
from simengine.cli.streams import is_terminal, say, style_of, write
from simengine.errors import SimengineError

if TYPE_CHECKING:
    from simengine.analysis.variants import DrawsAsked
    from simengine.scenario import Scenario

_POLL = 0.1
"""Seconds between two looks at the files: short beside a person's patience, and no load for any disk."""
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Time, size and identity of every file; None for one that is not there (an editor is replacing it)."""


@click.command("watch", cls=Command)
@scenario_argument
@draws_options
@set_option
@click.option("--output", "outputs", multiple=True, metavar="NAME",
              help="Outcome to watch; the first three of each strategy by default; repeatable.")  # fmt: skip
@click.option("--since", type=click.Choice(("last", "start")), default="last", show_default=True,
              help="Hold each save against the last one, or against the file as it was at the start.")  # fmt: skip
@click.option("--saves", metavar="N",
              help="End after N saves that could be simulated; 0: after the first page. Never by default.")  # fmt: skip
def command(
    scenario: str,
    trials: str | None,
    seed: str | None,
    sampler: str | None,
    replicates: str | None,
    threads: str | None,
    settings: tuple[str, ...],
    outputs: tuple[str, ...],
    since: str,
    saves: str | None,
) -> None:
    """Simulate SCENARIO whenever it is saved, and show what moved against the last save.

    Both are simulated on the same draws, so that a small step shows through the noise. Files that the scenario
    extends and data that it reads are watched too. What is wrong in the file is said, and waited for to be mended.
    Ctrl-C ends it.

    Examples
    --------
      simengine watch deal.toml
      simengine watch deal.toml --since start
      simengine watch deal.toml --output npv --trials 1e6
      simengine watch deal.toml --saves 0
    """
    from simengine.analysis.variants import DrawsAsked

    options = Options()
    numbers = numbers_of_draws(options, trials, seed, replicates, threads)
    overrides = options.settings("--set", settings)
    most = options.whole("--saves", saves, 0, 1_000_000)
    options.check()
    asked = DrawsAsked(numbers[0], numbers[1], sampler, numbers[2], numbers[3])
    watched = _Watched(scenario, overrides, asked, outputs, since)
    for _ in saves_of(watched.files):
        if watched.redraw() and most is not None and watched.shown > most:  # the first page is no save
            return


@dataclass
class _Watched:
    """A scenario that somebody edits: how it was, and what is watched of it."""

    path: str
    overrides: Mapping[str, object]
    asked: DrawsAsked
    outputs: Sequence[str]
    since: str
    held: Scenario | None = None
    last: Scenario | None = None
    shown: int = 0

    def files(self) -> list[Path]:
        """The scenario, what it extends, and the data that it reads, as far as they are known."""
        found = [Path(self.path)]
        if self.last is not None:
            from simengine.results.sources import data_names

            found += [Path(name) for name in self.last.files]
            if self.last.folder is not None:
                found += [self.last.folder / name for name in data_names(self.last.merged_text)]
        return found

    def redraw(self) -> bool:
        """Simulate the file as it is now and show it; False where something in it is wrong, which is said."""
        from simengine.analysis.watched import look
        from simengine.report.watched import watched_report
        from simengine.scenario import load

        saved = datetime.datetime.fromtimestamp(_modified(Path(self.path)))
        try:
            scenario = load(self.path, set_values=self.overrides)
            self.last = scenario
            found = look(scenario, self.held, self.asked, self.outputs)
        except SimengineError as error:
            if self.shown == 0:
                raise
            _page(f"saved {saved:%H:%M:%S}: this cannot be simulated; it is tried again at the next save\n\n{error}")
            return False
        against = "the file at the start" if self.since == "start" else "the last save"
        _page(watched_report(found, saved, style_of(), since=against))
        if self.held is None or self.since == "last":
            self.held = scenario
        self.shown += 1
        return True


def saves_of(files: Callable[[], Sequence[Path]], wait: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """Count up at once, and then whenever one of ``files`` has been saved; an editor may take a few writes for that."""
    for count in itertools.count():
        before = _stamp(files())
        yield count
        names = files()  # what is read may have changed with the file
        if len(names) != len(before):
            before = _stamp(names)
        while True:
            wait(_POLL)
            now = _stamp(files())
            if now != before and None not in now:
                wait(_POLL / 2)
                if _stamp(files()) == now:
                    break


def _stamp(files: Sequence[Path]) -> Stamp:
    found: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            state = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append((state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


def _page(text: str) -> None:
    """A page in place of the last one on a terminal, below it elsewhere."""
    if is_terminal(sys.stdout):
        write(_CLEAR + text)
        say("watching; Ctrl-C ends it")
    else:
        write(text + "\n")
