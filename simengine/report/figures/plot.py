"""A picture of a result with all that it needs: trials drawn again, drivers that stand beside the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simengine.errors import FileProblem, InvalidInput, Problem
from simengine.report.figures.build import figure
from simengine.report.figures.draws import redrawn
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import WIDTH
from simengine.results.dossier import Dossier
from simengine.results.record import Record

FROM_DRIVERS = {"tornado": "tornado", "spider": "spider"}
"""Kinds that are drawn from drivers, and the section that each needs."""


def plotted(
    dossier: Dossier,
    kind: str,
    *,
    output: str | None = None,
    strategy: str | None = None,
    strategies: Sequence[str] | None = None,
    other: str | None = None,
    lang: str = "en",
    width: float = WIDTH,
    beside: Sequence[str] = (),
    drivers: Record | None = None,
    data: Sequence[Path] = (),
) -> Figure:
    """A picture as :func:`simengine.report.figures.figure` draws it, with trials drawn again where the kind needs them.

    ``drivers`` are used where the dossier has none with the section that the kind needs.  ``data``: folders with data
    files that are too large to be stored with a result.

    Raises
    ------
    InvalidInput
        As :func:`simengine.report.figures.figure`, and when the drivers are of another scenario.
    FileProblem
        When a data file is not stored with the result and not found in ``data``.
    Mismatch
        When the stored scenario is not valid any more.
    """
    section = FROM_DRIVERS.get(kind)
    if section and drivers is not None and not _has(dossier.drivers, section):
        if drivers.text("resolved_text") != dossier.record.text("resolved_text"):
            hint = "compute them from the scenario, and with the values, that the result was made with"
            raise InvalidInput(Problem("the drivers are those of another scenario than the result", hint=hint))
        dossier = replace(dossier, drivers=drivers)
    draws = redrawn(dossier.record, kind, data=data)
    return figure(
        dossier,
        kind,
        output=output,
        strategy=strategy,
        strategies=strategies,
        other=other,
        lang=lang,
        draws=draws,
        width=width,
        beside=beside,
    )


def drivers_beside(result: Path, kind: str) -> Record | None:
    """The drivers that `simengine drivers --out` left in the folder of a result; None where the kind needs none.

    Raises
    ------
    FileProblem
        When the file is damaged.
    """
    from simengine.analysis.drivers.variables import DRIVERS, DRIVERS_FILE
    from simengine.results.storage import read

    folder = result if result.is_dir() else result.parent
    if kind not in FROM_DRIVERS or not (folder / DRIVERS_FILE).is_file():
        return None
    try:
        return read(folder / DRIVERS_FILE, DRIVERS)
    except FileProblem as error:
        raise FileProblem(f"{error}; hint: make it again, or remove it") from error


def _has(drivers: Record | None, section: str) -> bool:
    return drivers is not None and section in drivers.document("sections")
