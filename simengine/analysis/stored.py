"""Scenarios from wherever a person has them: files, scenarios that were read, and stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from simengine.results.record import Record
from simengine.results.sources import Source, data_folder, data_names
from simengine.results.storage import read
from simengine.scenario import Scenario, load, loads


def is_stored(path: Path) -> bool:
    """Whether a path is that of a stored result: a folder, or a file of results."""
    return path.is_dir() or path.suffix.lower() == ".nc"


def scenario_of(given: str | Path | Scenario, stack: ExitStack) -> Scenario:
    """The scenario that is given, or that is stored in the result that is given.

    Data of a stored result are there until ``stack`` is closed.

    Raises
    ------
    InvalidInput
        With every problem of the scenario.
    FileProblem
        When a file or a stored result cannot be read.
    """
    if isinstance(given, Scenario):
        return given
    path = Path(given)
    return stored_scenario(path, read(path), (), {}, stack) if is_stored(path) else load(given)


def stored_scenario(
    path: Path, record: Record, data: Sequence[Path], overrides: Mapping[str, object], stack: ExitStack
) -> Scenario:
    """The scenario in the record of a result, with its own data or the same ones in the folders ``data``."""
    text, sources = record.text("resolved_text"), [Source(**entry) for entry in record.document("sources")]
    beside = path if path.is_dir() else path.parent
    folder = stack.enter_context(data_folder(sources, data_names(text), [*data, beside]))
    return loads(text, file=f"{path} ({record.text('scenario_file')})", folder=folder, set_values=overrides)
