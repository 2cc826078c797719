"""The files behind a scenario: which data it reads, their digests, and small ones stored with the result."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from simengine.errors import FileProblem
from simengine.scenario.scenario import Scenario

_MOST_STORED = 1 << 20
"""Data files up to this size are stored with a result, so that it can be verified anywhere."""
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file that a scenario was read from, besides the scenario's own text.

    ``content`` is the base64 text of a data file that is stored with the result, None for others.
    """

    name: str
    sha256: str
    size: int
    content: str | None


def sources_of(scenario: Scenario) -> tuple[Source, ...]:
    """The files that ``scenario`` extends and the data that it reads, as they are now.

    Raises
    ------
    FileProblem
        When one of them cannot be read any more.
    """
    extended = [_source(name, Path(name), store=False) for name in scenario.files]
    if scenario.folder is None:
        return tuple(extended)
    data = [_source(name, scenario.folder / name, store=True) for name in data_names(scenario.merged_text)]
    return (*extended, *data)


def data_names(text: str) -> list[str]:
    """Paths of the data files that a resolved scenario text names, in order, each once."""
    found: dict[str, None] = {}
    waiting: list[object] = [tomllib.loads(text)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = value.get("file")
            if "dist" in value and isinstance(name, str):
                found[name] = None
            waiting.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            waiting.extend(reversed(value))
    return list(found)


@contextmanager
def data_folder(sources: Sequence[Source], names: Sequence[str], given: Sequence[Path]) -> Iterator[Path]:
    """A folder in which the data files ``names`` stand with the content that ``sources`` recorded.

    Stored files are unpacked into a temporary folder, others are looked for in the folders ``given``.  A file
    with an absolute name must still be there, unchanged.

    Raises
    ------
    FileProblem
        When a file is not stored and not found unchanged.
    """
    by_name = {source.name: source for source in sources}
    with tempfile.TemporaryDirectory(prefix="simengine-") as temporary:
        depth = max((PurePosixPath(name).parts.count("..") for name in names), default=0)
        folder = Path(temporary).joinpath(*["scenario"] * depth)
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            if name not in by_name:
                raise FileProblem(f"the result does not say which data {name} held")
            if os.path.isabs(name):
                _require_unchanged(by_name[name])
                continue
            target = Path(os.path.normpath(folder / name))
            if not target.is_relative_to(temporary):
                raise FileProblem(f"the data file {name} is not a file that a result may name")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_content(by_name[name], given))
        yield folder


def _require_unchanged(source: Source) -> None:
    path = Path(source.name)
    if not path.is_file() or _digest(path) != (source.sha256, source.size):
        raise FileProblem(f"the data file {path} that the result was made with is gone or was changed")


def _content(source: Source, given: Sequence[Path]) -> bytes:
    if source.content is not None:
        content = base64.b64decode(source.content)
        if hashlib.sha256(content).hexdigest() == source.sha256:
            return content
        raise FileProblem(f"the data file {source.name} stored in the result does not match its digest")
    altered = ""
    for folder in given:
        path = folder / source.name
        if path.is_file():
            if _digest(path) == (source.sha256, source.size):
                return path.read_bytes()
            altered = f" ({path} is there, but differs from it)"
    raise FileProblem(
        f"the result was made with the data file {source.name} ({source.size:,} bytes, SHA-256 {source.sha256}), "
        f"which is too large to be stored with it and was not found{altered}; hint: give its folder with --data"
    )


def _source(name: str, path: Path, *, store: bool) -> Source:
    try:
        digest, size = _digest(path)
        content = base64.b64encode(path.read_bytes()).decode() if store and size <= _MOST_STORED else None
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error
    return Source(name, digest, size, content)


def _digest(path: Path) -> tuple[str, int]:
    state, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
            size += len(chunk)
    return state.hexdigest(), size
