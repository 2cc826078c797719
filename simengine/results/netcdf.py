"""Records as NetCDF 4, straight from their arrays: xarray reads the files, but is not needed to write or read them.

The conventions are those of xarray: texts are strings of any length, flags are bytes marked as `bool`, and nothing
stands for a missing number but NaN.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simengine.results.dataset import labels_of
from simengine.results.record import AttributeValue, Record

if TYPE_CHECKING:
    import h5py

HDF5_MARK = b"\x89HDF\r\n\x1a\n"
"""The first bytes of every NetCDF 4 file."""

_FLAG = "dtype"
"""Attribute by which a byte is known to be a flag."""
_PROPERTIES = "_NCProperties"
"""Attribute of the file that says by what it was written."""
_DIMENSION, _COORDINATES = "_Netcdf4Dimid", "_Netcdf4Coordinates"
"""Attributes of a dataset: the number of its (first) dimension in the file, and of all of them."""
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"
"""How the name of a scale begins that only stands for a dimension."""


@dataclass(frozen=True)
class Group:
    """Arrays with the names of their dimensions, attributes, and the groups below, all by name."""

    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]] = field(default_factory=dict)
    attrs: Mapping[str, AttributeValue] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Attributes of arrays, by the name of the array."""


def group_of(
    record: Record, attrs: Mapping[str, AttributeValue] | None = None, groups: Mapping[str, Group] | None = None
) -> Group:
    """The group that holds a record, with more attributes and groups below it; in the order of the layout."""
    variables = [v for name, v in record.layout.variables.items() if not v.part or name in record.values]
    ordered = {name: record.attrs[name] for name in record.layout.attributes}
    return Group(
        arrays={v.name: (v.dims, record[v.name]) for v in variables},
        attrs={**ordered, **(attrs or {})},
        groups=groups or {},
        labels={v.name: labels_of(record, v) for v in variables},
    )


def encoded(root: Group) -> bytes:
    """The bytes of a NetCDF 4 file; equal groups give equal bytes.

    References
    ----------
    NetCDF-4 file format specification, in the NetCDF User's Guide of Unidata: dimensions are HDF5 dimension scales,
    and the order in which things were made is kept.
    """
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True) as file:
        made_by = f"version=2,h5py={h5py.__version__},hdf5={h5py.version.hdf5_version}"
        file.attrs[_PROPERTIES] = np.bytes_(made_by)
        _write(file, root, 0)
    return buffer.getvalue()


def decoded(content: bytes, *, below: bool = True) -> Group:
    """What a NetCDF 4 file holds; of groups below the root only the attributes, unless ``below``.

    It is read as the HDF5 file that it is: some hundred small arrays take a tenth of the time that way.

    Raises
    ------
    Exception
        Of many types, when the file is damaged.
    """
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        found = _read(file)
        named = [name for name, entry in file.items() if isinstance(entry, h5py.Group)]
        groups = {name: _read(file[name], arrays=below) for name in named}
    return Group(found.arrays, found.attrs, groups)


def _write(target: h5py.Group, group: Group, first: int) -> int:
    """Write a group whose dimensions are numbered from ``first``, and those below; returns the next free number."""
    sizes = {dim: size for dims, array in group.arrays.values() for dim, size in zip(dims, array.shape, strict=True)}
    numbers = {dim: np.int32(first + place) for place, dim in enumerate(sizes)}
    scales = {dim: _scale(target, dim, size, group) for dim, size in sizes.items()}
    for dim, scale in scales.items():
        scale.attrs[_DIMENSION] = numbers[dim]
    for name, (dims, array) in group.arrays.items():
        dataset = scales[name] if name in scales else _dataset(target, name, array)
        if name not in scales:
            for place, dim in enumerate(dims):
                dataset.dims[place].attach_scale(scales[dim])
            if dims:
                dataset.attrs[_DIMENSION] = numbers[dims[0]]
        dataset.attrs[_COORDINATES] = np.array([numbers[dim] for dim in dims], np.int32)
        for label, text in group.labels.get(name, {}).items():
            dataset.attrs[label] = text
        if array.dtype == np.bool_:
            dataset.attrs[_FLAG] = "bool"
    for name, value in group.attrs.items():
        target.attrs[name] = value if isinstance(value, str) else np.array([value])
    following = first + len(sizes)
    for name, below in group.groups.items():
        following = _write(target.create_group(name, track_order=True), below, following)
    return following


def _scale(target: h5py.Group, dim: str, size: int, group: Group) -> h5py.Dataset:
    """The scale of a dimension: the variable of its name, or a dataset that only stands for it."""
    if dim in group.arrays:
        made = _dataset(target, dim, group.arrays[dim][1])
        made.make_scale(dim)
    else:
        made = _dataset(target, dim, np.zeros(size, ">f4"))
        made.make_scale(_NO_VARIABLE + f".{size:10}".encode())
    return made


def _dataset(target: h5py.Group, name: str, array: NDArray[Any]) -> h5py.Dataset:
    """An array in the file; a dimension without an entry is one that may grow, since NetCDF knows no other."""
    import h5py

    kind = h5py.string_dtype() if array.dtype == object else np.int8 if array.dtype == np.bool_ else array.dtype
    grows = {"maxshape": tuple(size or None for size in array.shape)} if array.size == 0 else {}
    data = array.astype(np.int8) if array.dtype == np.bool_ else array
    return target.create_dataset(name, array.shape, kind, data, track_order=True, **grows)


def _read(source: h5py.Group, *, arrays: bool = True) -> Group:
    import h5py

    found: dict[str, tuple[tuple[str, ...], NDArray[Any]]] = {}
    datasets = {name: entry for name, entry in source.items() if isinstance(entry, h5py.Dataset)} if arrays else {}
    names = {_address(dataset.id): name for name, dataset in datasets.items()}
    for name, dataset in datasets.items():
        if bytes(dataset.attrs.get("NAME", b"")).startswith(_NO_VARIABLE):
            continue
        array = (dataset.asstr() if h5py.check_string_dtype(dataset.dtype) else dataset)[()]
        if array.dtype == np.int8 and dataset.attrs.get(_FLAG) == "bool":
            array = array.astype(np.bool_)
        scales = [references[0] for references in dataset.attrs.get("DIMENSION_LIST", ())]
        dims = [names[_address(h5py.h5r.dereference(scale, source.id))] for scale in scales]
        found[name] = tuple(dims or [name] * dataset.ndim), array  # a scale has no other and is its own
    return Group(found, {name: _plain(value) for name, value in source.attrs.items() if name != _PROPERTIES})


def _address(place: Any) -> int:
    """Where an object stands in its file: to tell objects apart, without the search that asking for a name is."""
    import h5py

    return int(h5py.h5o.get_info(place).addr)


def _plain(value: Any) -> Any:
    """An attribute as it was given: the file has numbers in arrays of one, and a text without a letter as nothing."""
    import h5py

    if isinstance(value, h5py.Empty):
        return ""
    only = value[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    return only.decode() if isinstance(only, bytes) else only
