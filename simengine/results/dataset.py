"""A record with labels: conversion to an :class:`xarray.Dataset` and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simengine.errors import FileProblem
from simengine.results.record import AttributeValue, Record
from simengine.results.variables import DTYPES, RESULT, Attribute, Layout, Variable

if TYPE_CHECKING:
    import xarray as xr


def to_dataset(record: Record) -> xr.Dataset:
    """The record as a dataset with named dimensions, coordinates, ``long_name`` and ``units``.

    Dimensions and variables are those of the record's layout, for a result :mod:`simengine.results.variables`.
    """
    import xarray as xr

    variables = record.layout.variables
    arrays = {
        name: (variable.dims, record[name], labels_of(record, variable))
        for name, variable in variables.items()
        if not variable.part or name in record.values
    }
    coordinates = {name: arrays.pop(name) for name in list(arrays) if variables[name].coordinate}
    return xr.Dataset(arrays, coords=coordinates, attrs=dict(record.attrs))


def from_dataset(dataset: xr.Dataset, layout: Layout = RESULT) -> Record:
    """The record of this layout that a dataset holds.

    Raises
    ------
    FileProblem
        When a variable or an attribute is missing, unknown, or of another shape or type than the layout says.
    """
    arrays = {str(name): (tuple(map(str, dataset[name].dims)), dataset[name].values) for name in dataset.variables}
    return from_arrays(arrays, {str(name): value for name, value in dataset.attrs.items()}, layout)


def from_arrays(
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]], attrs: Mapping[str, Any], layout: Layout = RESULT
) -> Record:
    """The record of this layout that arrays, each with its dimensions, and attributes make.

    Raises
    ------
    FileProblem
        As :func:`from_dataset`.
    """
    for name, variable in layout.variables.items():
        if name in arrays and arrays[name][0] != variable.dims:
            raise FileProblem(f"the variable {name!r} has dimensions {arrays[name][0]}, not {variable.dims}")
    values = {name: _array(layout.variables.get(name), array) for name, (_, array) in arrays.items()}
    known = {name: _attribute(layout.attributes.get(name), value) for name, value in attrs.items()}
    record = Record(values, known, layout)
    problems = record.problems()
    if problems:
        raise FileProblem(f"not a {layout.kind} of simengine: " + "; ".join(problems[:5]))
    return record


def labels_of(record: Record, variable: Variable) -> dict[str, str]:
    """What an array of the dataset says of itself: ``long_name``, and ``units`` where all of it has the same."""
    unit = _unit(record, variable)
    return {"long_name": variable.meaning, **({"units": unit} if unit else {})}


def _unit(record: Record, variable: Variable) -> str:
    """The unit of an array; empty where outcomes or inputs have their own, which other variables list."""
    if variable.unit not in ("outcome", "input"):
        return variable.unit
    name = "yearly_unit" if variable.part else "unit"
    if variable.unit == "input" or name not in record.values:
        return ""
    return common_unit(record[name].tolist())


def common_unit(units: Iterable[str]) -> str:
    """The unit that all have; empty where there is none."""
    found = set(units)
    return str(found.pop()) if len(found) == 1 else ""


def _array(variable: Variable | None, value: NDArray[Any]) -> NDArray[Any]:
    if variable is None or value.dtype == DTYPES[variable.kind]:
        return value
    if value.size == 0:  # NetCDF forgets what an empty array of texts was
        return np.empty(value.shape, DTYPES[variable.kind])
    safe = {"text": "UTO", "flag": "b", "count": "iu", "float": "f"}[variable.kind]
    if value.dtype.kind not in safe:
        return value  # the check against the registry names it
    if variable.kind == "text":
        return np.array([str(entry) for entry in value.ravel()], dtype=object).reshape(value.shape)
    return value.astype(DTYPES[variable.kind])


def _attribute(known: Attribute | None, value: Any) -> AttributeValue:
    plain = value.item() if isinstance(value, np.generic) else value
    if known is not None and known.type is float and isinstance(plain, int):
        return float(plain)
    return plain  # type: ignore[no-any-return]
