"""``extends = "base.toml"``: a scenario that builds on another, within one folder tree."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from simengine.distributions.values import show
from simengine.errors import InvalidInput, Problem
from simengine.scenario.document import Document, Origin
from simengine.scenario.positions import Path as KeyPath
from simengine.scenario.report import Locator
from simengine.scenario.source import Source, read_file

MAX_DEPTH = 8
"""Files that may stand behind each other."""

_ALLOWED = "a path below the folder of the scenario, such as base.toml"


@dataclass(frozen=True)
class _Link:
    """The ``extends`` of a source: its value and where it stands."""

    source: Source
    value: object
    path: KeyPath


def compose(source: Source, locator: Locator) -> tuple[Document, tuple[Source, ...]]:
    """The document of a scenario laid over all that it extends, and all those sources, the scenario first.

    Raises
    ------
    InvalidInput
        A path leads out of the folder, a file cannot be read, or files extend each other.
    """
    chain = [source]
    seen = {_real(Path(source.file))} if source.folder is not None else set()
    root = None if source.folder is None else source.folder
    while (link := _link(chain[-1], locator)) is not None:
        target = _target(link, root, locator)
        real = _real(target)
        if real in seen:
            circle = " -> ".join([*(part.file for part in chain), _shown(target)])
            raise _wrong(link, f"the files extend each other: {circle}", locator)
        if len(chain) > MAX_DEPTH:
            raise _wrong(link, "too many files stand behind each other", locator, f"at most {MAX_DEPTH}")
        seen.add(real)
        try:
            chain.append(read_file(target, _shown(target)))
        except InvalidInput as error:
            if error.problems[0].line is None:
                reason = f"{_shown(target)}: {error.problems[0].reason}"
                raise _wrong(link, reason, locator, error.problems[0].allowed, error.problems[0].hint) from None
            raise
    document = Document({}, Origin(source))
    for part in reversed(chain):
        own = _rebased(_own(part), _prefix(part, source))
        strategies = {key: own.pop(key) for key in ("strategies",) if key in own}
        document = document.overlay(own, Origin(part))
        document = document.overlay(strategies, Origin(part), paths_from=2)
    return document, tuple(chain)


def _prefix(part: Source, main: Source) -> str:
    """What leads from the folder of the scenario to that of a file that it extends: ``""`` or ``sub/``."""
    if part.folder is None or main.folder is None:
        return ""
    below = os.path.relpath(_real(part.folder), _real(main.folder)).replace(os.sep, "/")
    return "" if below == "." else f"{below}/"


def _rebased(value: object, prefix: str) -> Any:
    """``value`` with the names of data files made relative to the folder of the scenario."""
    if not prefix or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_rebased(item, prefix) for item in value]
    table = {key: _rebased(item, prefix) for key, item in value.items()}
    file = table.get("file")
    if "dist" in table and isinstance(file, str) and file and not PurePosixPath(file).is_absolute():
        table["file"] = prefix + file
    return table


def _own(source: Source) -> dict[str, object]:
    """The data of a source without its ``extends``."""
    data = {key: value for key, value in source.data.items() if key != "extends"}
    header = data.get("scenario")
    if isinstance(header, dict):
        data["scenario"] = {key: value for key, value in header.items() if key != "extends"}
    return data


def _link(source: Source, locator: Locator) -> _Link | None:
    header = source.data.get("scenario")
    places: list[_Link] = []
    if "extends" in source.data:
        places.append(_Link(source, source.data["extends"], ("extends",)))
    if isinstance(header, dict) and "extends" in header:
        places.append(_Link(source, header["extends"], ("scenario", "extends")))
    if len(places) > 1:
        raise _wrong(places[1], "is given twice", locator, "once, at the top or in [scenario]")
    return places[0] if places else None


def _target(link: _Link, root: Path | None, locator: Locator) -> Path:
    """The file that a link names, refused where it is not below the folder of the scenario."""
    value = link.value
    if not isinstance(value, str) or not value.strip():
        raise _wrong(link, "is not the path of a file", locator, _ALLOWED)
    if link.source.folder is None or root is None:
        raise _wrong(link, "a scenario that is not a file cannot extend one", locator)
    windows = PureWindowsPath(value)
    if PurePosixPath(value).is_absolute() or windows.drive or windows.root:
        raise _wrong(link, "is an absolute path", locator, _ALLOWED)
    if "\\" in value:
        raise _wrong(link, "has a backslash", locator, _ALLOWED, f"write {value.replace(chr(92), '/')}")
    if ".." in PurePosixPath(value).parts:
        raise _wrong(link, "leads out of the folder by '..'", locator, _ALLOWED)
    if any(not character.isprintable() for character in value):
        raise _wrong(link, "holds an invisible character", locator, _ALLOWED)
    target = link.source.folder / value
    if not _real(target).is_relative_to(_real(root)):
        raise _wrong(link, "leads out of the folder by a symbolic link", locator, _ALLOWED)
    return target


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _shown(path: Path) -> str:
    return os.path.normpath(path)


def _wrong(
    link: _Link, reason: str, locator: Locator, allowed: str | None = None, hint: str | None = None
) -> InvalidInput:
    problem = Problem(reason, value=show(link.value), allowed=allowed, hint=hint)
    return InvalidInput(locator.locate(problem, Document(link.source.data, Origin(link.source)), link.path))
