"""A run with the analyses beside it, and the files that show both: stored result, workbook and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simengine.analysis.compare.variables import COMPARISON
from simengine.analysis.drivers.variables import DRIVERS
from simengine.report.answer import Answer
from simengine.results.dossier import Dossier
from simengine.results.record import Record

if TYPE_CHECKING:
    from simengine.report.comparison import Comparison
    from simengine.report.drivers_result import Drivers

LAYOUTS = {"comparison": COMPARISON, "drivers": DRIVERS}
"""Layouts of the records beside a run, by the names of their groups in a stored result."""


class Studied(Answer):
    """A record of a run that knows its dossier, or how to come by it."""

    def __init__(self, record: Record, analyses: Callable[[], Dossier] | Dossier | None = None):
        """Of the record of a run; ``analyses`` is or gives the dossier that it belongs to, by default it alone."""
        super().__init__(record)
        self._dossier = analyses if isinstance(analyses, Dossier) else None
        self._analyses = None if isinstance(analyses, Dossier) else analyses

    @property
    def dossier(self) -> Dossier:
        """The run with the analyses beside it: what a workbook and a page are drawn from."""
        if self._dossier is None:
            self._dossier = Dossier(self._record) if self._analyses is None else self._analyses()
            self._analyses = None  # it holds the compiled scenario
        return self._dossier

    def __getstate__(self) -> dict[str, Any]:
        """What a copy in another process has: the analyses, computed now, in place of the compiled scenario."""
        return {**vars(self), "_dossier": self.dossier, "_analyses": None}

    @property
    def comparison(self) -> Comparison | None:
        """The strategies against each other, on trials of their own; None where there is only one, or none was made."""
        from simengine.report.comparison import Comparison

        found = self.dossier.comparison
        return None if found is None else Comparison(found)

    @property
    def drivers(self) -> Drivers | None:
        """What drives the outcomes, on trials of its own; None where nothing is uncertain, or none were made."""
        from simengine.report.drivers_result import Drivers

        found = self.dossier.drivers
        return None if found is None else Drivers(found)

    @property
    def risks(self) -> Mapping[str, Any] | None:
        """The risk register as plain values, as `simengine risks --json` prints it; None without a risk, or a register.

        ``notes`` says in words what has to be known of it besides.
        """
        return self.dossier.register

    @property
    def left_out(self) -> tuple[str, ...]:
        """Which of these could not be computed, and why, as text."""
        return self.dossier.notes

    @property
    def known_left_out(self) -> tuple[str, ...]:
        """The same without computing anything: empty until the analyses are known."""
        return () if self._dossier is None else self._dossier.notes


def dossier_makers(result: Studied, lang: str = "en") -> dict[str, Callable[[], bytes]]:
    """How each type of file is made that shows the dossier of a result, by suffix; a page in the language ``lang``."""

    def of_workbook() -> bytes:
        from simengine.report.workbook import workbook_bytes

        return workbook_bytes(result.dossier)

    def of_page() -> bytes:
        from simengine.report.page import page_bytes

        return page_bytes(result.dossier, lang=lang)

    def of_netcdf() -> bytes:
        from simengine.results.storage import to_bytes

        return to_bytes(result.dossier)

    return {".xlsx": of_workbook, ".html": of_page, ".nc": of_netcdf}
