"""Reading and writing stored results (NetCDF 4 by h5netcdf)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simengine.errors import FileProblem
from simengine.results.dataset import from_dataset, to_dataset
from simengine.results.record import Record
from simengine.results.variables import RESULT, Layout

if TYPE_CHECKING:
    import xarray as xr

RESULT_FILE = RESULT.file
"""Name of the stored result in a folder written by ``--out``."""

CONTENT_DIGEST = "content_digest"
"""Attribute of the file that holds the digest of all that it stores, so that damage is noticed."""

_MAX_BYTES = 1 << 30
_ELSEWHERE = {
    "comparison": (
        "comparison.nc",
        "comparison.csv and comparison.json are beside it already; in Python simengine.open_comparison reads it",
    ),
}
"""Other kinds of stored records: the file, and what to do with it instead."""


def to_bytes(record: Record) -> bytes:
    """The record as the bytes of a NetCDF 4 file; the same record gives the same bytes."""
    dataset = to_dataset(record).assign_attrs({CONTENT_DIGEST: record.digest()})
    encoding = {name: {"_FillValue": None} for name in dataset.variables if dataset[name].dtype.kind == "f"}
    return bytes(dataset.to_netcdf(engine="h5netcdf", encoding=encoding))


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
            raise FileProblem(f"{path} holds a {other}, not a {layout.kind}; hint: {_ELSEWHERE[other][1]}")
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
        hint = "; hint: `simengine verify` lists the numbers that differ" if layout is RESULT else ""
        raise FileProblem(
            f"{locate(path, layout)}: damaged or altered: its content does not match the digest stored in it{hint}"
        )
    return record


def read_unchecked(path: Path, layout: Layout = RESULT) -> tuple[Record, bool]:
    """A stored record, and whether its content is what was written: the numbers may have been altered since.

    Raises
    ------
    FileProblem
        When the file is missing, truncated, unreadable, or not a result.
    """
    path = locate(path, layout)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FileProblem(f"{path}: larger than 1 GiB, which no result is")
        content = path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error
    dataset = _parse(content, path)
    stored = dataset.attrs.pop(CONTENT_DIGEST, None)
    version = dataset.attrs.get("schema_version")
    if stored is None or not isinstance(version, int | np.integer):
        raise FileProblem(f"{path}: a NetCDF file, but not a {layout.kind} of simengine")
    kind = dataset.attrs.get("kind", RESULT.kind)
    if kind != layout.kind:
        hint = _ELSEWHERE[kind][1] if kind in _ELSEWHERE else layout.hint
        raise FileProblem(f"{path}: a {kind}, not a {layout.kind}; hint: {hint}")
    if int(version) > layout.version:
        raise FileProblem(f"{path}: layout {version} is newer than this version of simengine reads ({layout.version})")
    try:
        record = from_dataset(dataset, layout)
    except FileProblem as error:
        raise FileProblem(f"{path}: {error}") from error
    return record, record.digest() == stored


def _parse(content: bytes, path: Path) -> xr.Dataset:
    import xarray as xr

    if not content.startswith(b"\x89HDF\r\n\x1a\n"):
        raise FileProblem(f"{path}: not a NetCDF 4 file, so not a result of simengine")
    try:
        with xr.open_dataset(io.BytesIO(content), engine="h5netcdf", decode_timedelta=False) as opened:
            return opened.load()
    except Exception as error:  # h5py answers damage with many types of exception
        raise FileProblem(f"{path}: truncated or damaged ({type(error).__name__}: {error})") from error
