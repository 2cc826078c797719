"""Reading and writing stored results (NetCDF 4).

The record of a run is what the file itself holds.  What was asked of the same scenario besides stands in groups:
`comparison` and `drivers` hold records of their own, `risks` the risk register as a JSON text.  Every group has the
digest of its content, and the file the digest of its record and of those: nothing can change or vanish unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simengine.errors import FileProblem
from simengine.results.dataset import from_arrays
from simengine.results.dossier import Dossier, register_text, text_digest
from simengine.results.netcdf import HDF5_MARK, Group, decoded, encoded, group_of
from simengine.results.record import Record
from simengine.results.variables import RESULT, Layout

RESULT_FILE = RESULT.file
"""Name of the stored result in a folder written by ``--out``."""

CONTENT_DIGEST = "content_digest"
"""Attribute of the file, and of each group, that holds the digest of what it stores, so that damage is noticed."""

LEFT_OUT = "analyses_left_out"
"""Attribute of the file, where there is need for it: JSON list of what could not be computed besides, and why."""

REGISTER = "risks"
"""Group of the risk register, and the kind that it gives."""

_REGISTER_VERSION = 1
_MAX_BYTES = 1 << 30
_ELSEWHERE = {
    "comparison": (
        "comparison.nc",
        "comparison.csv and comparison.json are beside it already; in Python simengine.open_comparison reads it",
    ),
}
"""Other kinds of stored records: the file, and what to do with it instead."""


def to_bytes(stored: Record | Dossier) -> bytes:
    """The record, or a whole dossier, as the bytes of a NetCDF 4 file; equal ones give the same bytes."""
    dossier = stored if isinstance(stored, Dossier) else Dossier(stored)
    groups = {}
    for name, record in (("comparison", dossier.comparison), ("drivers", dossier.drivers)):
        if record is not None:
            groups[name] = group_of(record, {CONTENT_DIGEST: record.digest()})
    if dossier.register is not None:
        text = register_text(dossier.register)
        groups[REGISTER] = Group(
            attrs={
                "kind": REGISTER,
                "schema_version": _REGISTER_VERSION,
                "register": text,
                CONTENT_DIGEST: text_digest(text),
            }
        )
    notes = {LEFT_OUT: json.dumps(dossier.notes, ensure_ascii=False)} if dossier.notes else {}
    digest = _digest(dossier.record, groups, notes.get(LEFT_OUT))
    return encoded(group_of(dossier.record, {**notes, CONTENT_DIGEST: digest}, groups))


def _digest(record: Record, groups: Mapping[str, Group], notes: str | None) -> str:
    """The digest of a file: that of its record, where nothing else is in it."""
    if not groups and notes is None:
        return record.digest()
    listed = {name: str(group.attrs.get(CONTENT_DIGEST)) for name, group in groups.items()}
    content = json.dumps([record.digest(), listed, notes], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def locate(path: Path, layout: Layout = RESULT) -> Path:
    """The stored record that ``path`` means: the file itself, or, for a result, ``results.nc`` in the folder.

    Raises
    ------
    FileProblem
        When there is no such file.
    """
    found = path / layout.file if path.is_dir() else path
    if not found.is_file():
        if not path.is_dir():
            raise FileProblem(f"{path}: no such file; hint: {layout.hint}")
        other = next((kind for kind, (file, _) in _ELSEWHERE.items() if (path / file).is_file()), None)
        if other is not None and other != layout.kind:
            raise FileProblem(f"{path} holds {_named(other)}, not {_named(layout.kind)}; hint: {_ELSEWHERE[other][1]}")
        raise FileProblem(f"{path} holds no {layout.file}; hint: {layout.hint}")
    return found


def read(path: Path, layout: Layout = RESULT) -> Record:
    """Read a stored record, and check it against its layout and against its own digest.

    Raises
    ------
    FileProblem
        When the file is missing, truncated, damaged, altered, or not a result.
    """
    record, intact = read_unchecked(path, layout)
    if not intact:
        raise _altered(path, layout)
    return record


def read_dossier(path: Path, layouts: Mapping[str, Layout]) -> Dossier:
    """Read a stored result with all that stands beside it; ``layouts`` are those of the groups, by their names.

    A group of a name that is not among them is passed over.

    Raises
    ------
    FileProblem
        When the file is missing, truncated, damaged, altered, or not a result; or a group is not what it should be.
    """
    dossier, intact = read_dossier_unchecked(path, layouts)
    if not intact:
        raise _altered(path, RESULT)
    return dossier


def read_dossier_unchecked(path: Path, layouts: Mapping[str, Layout]) -> tuple[Dossier, bool]:
    """The same, and whether the content is what was written: the numbers may have been altered since.

    Raises
    ------
    FileProblem
        When the file is missing, truncated, unreadable, or not a result; or a group is not what it should be.
    """
    path = locate(path)
    root = _parse(path)
    record, intact = _record(root, RESULT, path)
    found: dict[str, Record] = {}
    for name, layout in layouts.items():
        if name in root.groups:
            found[name], whole = _record(root.groups[name], layout, path, name)
            intact &= whole
    register = None
    if REGISTER in root.groups:
        register, whole = _register(root.groups[REGISTER], path)
        intact &= whole
    notes = tuple(json.loads(str(root.attrs.get(LEFT_OUT, "[]")))) if intact else ()
    return Dossier(record, found.get("comparison"), found.get("drivers"), register, notes), intact


def read_unchecked(path: Path, layout: Layout = RESULT) -> tuple[Record, bool]:
    """A stored record, and whether its content is what was written: the numbers may have been altered since.

    Of groups beside the record of a result only the digests are looked at.

    Raises
    ------
    FileProblem
        When the file is missing, truncated, unreadable, or not a result.
    """
    path = locate(path, layout)
    return _record(_parse(path, below=False), layout, path)


def _altered(path: Path, layout: Layout) -> FileProblem:
    hint = "; hint: `simengine verify` lists the numbers that differ" if layout is RESULT else ""
    return FileProblem(
        f"{locate(path, layout)}: damaged or altered: its content does not match the digest stored in it{hint}"
    )


def _record(group: Group, layout: Layout, path: Path, name: str = "") -> tuple[Record, bool]:
    """The record in a file, or in its group of this name, and whether its digest is that of its content."""
    attrs = dict(group.attrs)
    stored, notes = attrs.pop(CONTENT_DIGEST, None), attrs.pop(LEFT_OUT, None)
    version, kind = attrs.get("schema_version"), attrs.get("kind", RESULT.kind)
    where = f"{path}, group {name}" if name else str(path)
    if stored is None or not isinstance(version, int | np.integer):
        raise FileProblem(f"{where}: a NetCDF file, but not {_named(layout.kind)} of simengine")
    if kind != layout.kind:
        if name:
            raise FileProblem(f"{where}: damaged or altered: it holds {_named(str(kind))}, not {_named(layout.kind)}")
        hint = _ELSEWHERE[kind][1] if kind in _ELSEWHERE else layout.hint
        raise FileProblem(f"{where}: {_named(str(kind))}, not {_named(layout.kind)}; hint: {hint}")
    _check_version(int(version), layout.version, where)
    try:
        record = from_arrays(group.arrays, attrs, layout)
    except FileProblem as error:
        raise FileProblem(f"{where}: {error}") from error
    return record, _digest(record, group.groups, None if notes is None else str(notes)) == stored


def _named(kind: str) -> str:
    """A kind of stored record in a sentence: "a result", but "drivers", which are many."""
    return kind if kind.endswith("s") else f"a {kind}"


def _register(group: Group, path: Path) -> tuple[Mapping[str, Any], bool]:
    """The risk register in its group, and whether the digest is that of its text."""
    text, version = group.attrs.get("register"), group.attrs.get("schema_version")
    where = f"{path}, group {REGISTER}"
    if not isinstance(text, str) or not isinstance(version, int | np.integer):
        raise FileProblem(f"{where}: holds no risk register of simengine")
    _check_version(int(version), _REGISTER_VERSION, where)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise FileProblem(f"{where}: damaged: {error}") from error
    if not isinstance(found, dict):
        raise FileProblem(f"{where}: holds no risk register of simengine")
    return found, text_digest(text) == group.attrs.get(CONTENT_DIGEST)


def _check_version(version: int, known: int, where: str) -> None:
    if version > known:
        raise FileProblem(f"{where}: layout {version} is newer than this version of simengine reads ({known})")


def _parse(path: Path, *, below: bool = True) -> Group:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FileProblem(f"{path}: larger than 1 GiB, which no result is")
        content = path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error
    if not content.startswith(HDF5_MARK):
        raise FileProblem(f"{path}: not a NetCDF 4 file, so not a result of simengine")
    try:
        return decoded(content, below=below)
    except Exception as error:  # h5py answers damage with many types of exception
        raise FileProblem(f"{path}: truncated or damaged ({type(error).__name__}: {error})") from error
