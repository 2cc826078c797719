"""A record with labels: conversion to an :class:`xarray.Dataset` and back."""

from __future__ import annotations

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
        name: (variable.dims, record[name], _labels(variable.meaning, _unit(record, variable)))
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
    values = {str(name): _array(layout.variables.get(str(name)), dataset[name].values) for name in dataset.variables}
    attrs = {str(name): _attribute(layout.attributes.get(str(name)), value) for name, value in dataset.attrs.items()}
    for name, variable in layout.variables.items():
        if name in dataset.variables and tuple(dataset[name].dims) != variable.dims:
            raise FileProblem(f"the variable {name!r} has dimensions {dataset[name].dims}, not {variable.dims}")
    record = Record(values, attrs, layout)
    problems = record.problems()
    if problems:
        raise FileProblem(f"not a {layout.kind} of simengine: " + "; ".join(problems[:5]))
    return record


def _unit(record: Record, variable: Variable) -> str:
    """The unit of an array: where all outcomes have the same one it is said, and not looked up."""
    name = "yearly_unit" if variable.part else "unit"
    if variable.unit != "outcome" or name not in record.values:
        return variable.unit
    units = set(record[name].tolist()) - {""} if len(record[name]) else set()
    alone = units.pop() if len(units) == 1 and all(record[name]) else ""
    return str(alone) or variable.unit


def _labels(meaning: str, unit: str) -> dict[str, str]:
    return {"long_name": meaning, "units": unit} if unit else {"long_name": meaning}


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
