"""A scenario that was read and found right: what the layers above work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from simengine.errors import Problem
from simengine.scenario.definition import Definition
from simengine.scenario.document import Document
from simengine.scenario.positions import Path as KeyPath
from simengine.scenario.report import Locator, Report
from simengine.scenario.schema import Header, Simulate


@dataclass(frozen=True, eq=False)
class Scenario:
    """All that a scenario file says, resolved.

    ``file`` is its name as given and ``folder`` what data files are relative to (None for a text).  ``text`` is the
    file as written; ``merged_text`` a TOML text that says the same without ``extends`` and with the values of
    ``--set`` filled in.  ``files`` names the files that it extends.  ``strategies`` are in the order of the file.
    """

    file: str
    folder: Path | None
    text: str
    merged_text: str
    files: tuple[str, ...]
    header: Header
    simulate: Simulate
    strategies: Mapping[str, Definition]
    _base: Document = field(repr=False)
    _documents: Mapping[str, Document] = field(repr=False)
    _report: Report = field(repr=False)
    _locator: Locator = field(repr=False)

    @property
    def name(self) -> str:
        """The short name of the scenario."""
        return self.header.name

    @cached_property
    def warnings(self) -> tuple[Problem, ...]:
        """Warnings and notes, located, in the order of the file."""
        return self._report.located()

    @property
    def data(self) -> Mapping[str, object]:
        """The tables as resolved: what the file says laid over what it extends, and options over both."""
        return self._base.data

    def value(self, strategy: str, key: str) -> object:
        """What stands at a dotted path in a strategy, with its changes made; None where nothing does."""
        document = self._documents[strategy]
        return document.value(document.path_of(key))

    def place(self, path: KeyPath) -> Problem:
        """File, line and column of what stands at ``path`` in :attr:`data`, as a problem without a reason."""
        return self._locator.locate(Problem(""), self._base, path)

    def locate(self, problem: Problem, strategy: str | None = None) -> Problem:
        """``problem`` with file, line and column of the value that its key names.

        With ``strategy`` the value is the one that holds there: where the strategy changes it, the key and the
        place are those of the change.  A span is taken as one of the characters of a text value, such as a formula.
        A problem that already has a line, or no key, is returned as it is.
        """
        if problem.line is not None or not problem.key:
            return problem
        document = self._documents[strategy] if strategy is not None else next(iter(self._documents.values()))
        return self._locator.locate(problem, document, document.path_of(problem.key))
