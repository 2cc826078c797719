"""How commands that search begin and end: doubts first, then one answer as table, JSON and CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simengine.cli.draws import write_answer
from simengine.cli.progress import announce_compilation
from simengine.cli.streams import ascii_only, say, style_of, write

if TYPE_CHECKING:
    from simengine.errors import Problem
    from simengine.report.csv import CsvStyle
    from simengine.report.text import Style


@dataclass(frozen=True)
class Delivery:
    """What becomes of an answer: the values of :func:`simengine.cli.draws.answer_options`."""

    as_json: bool
    out: str | None
    force: bool
    bom: bool
    decimal_comma: bool
    quiet: bool

    def begin(self, doubts: Iterable[Problem]) -> None:
        """Say what is doubtful, each thing once, and that a kernel has to be compiled, if it has."""
        self.doubt(doubts)
        if not self.quiet:
            announce_compilation()

    def doubt(self, doubts: Iterable[Problem]) -> None:
        """Say what is doubtful, each thing once."""
        if not self.quiet:
            for text in dict.fromkeys(map(str, doubts)):
                say(text)

    def give(
        self, csv: Callable[[CsvStyle], bytes], as_object: Callable[[bool], str], report: Callable[[Style], str]
    ) -> None:
        """Write the CSV file that was asked for (given how it is to look), then print one form.

        ``as_object`` is given whether only ASCII may be printed, ``report`` the style of the terminal.
        """
        if self.out is not None:
            from simengine.report.csv import CsvStyle

            write_answer(self.out, csv(CsvStyle(self.bom, self.decimal_comma)), force=self.force)
        if self.as_json:
            write(as_object(ascii_only()))
        elif not self.quiet:
            write(report(style_of()))
        if self.out is not None and not self.quiet:
            say(f"wrote {self.out}")
