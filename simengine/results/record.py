"""The record of a run or an analysis: plain arrays and attributes that follow a registry, without labels attached.

Everything that prints or writes a result works on a record, so that ``simengine run`` does not have to load
xarray (0.5 s) to print a table; :mod:`simengine.results.dataset` turns a record into a dataset and back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.results.variables import DTYPES, RESULT, Layout

AttributeValue = str | int | float


@dataclass(frozen=True)
class Record:
    """Arrays by name and attributes by name, as ``layout`` lists them; by default those of a result."""

    values: Mapping[str, NDArray[Any]]
    attrs: Mapping[str, AttributeValue]
    layout: Layout = RESULT

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.values[name]

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return tuple(self.values["strategy"].tolist())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the reported outcomes."""
        return tuple(self.values["output"].tolist())

    @property
    def yearly_outputs(self) -> tuple[str, ...]:
        """Names of the outcomes that are reported period by period."""
        return tuple(self.values["yearly"].tolist()) if "yearly" in self.values else ()

    def text(self, name: str) -> str:
        """An attribute that is a text."""
        return str(self.attrs[name])

    def integer(self, name: str) -> int:
        """An attribute that is a whole number."""
        return int(self.attrs[name])

    def number(self, name: str) -> float:
        """An attribute that is a number."""
        return float(self.attrs[name])

    def document(self, name: str) -> Any:
        """An attribute that is stored as JSON, decoded."""
        return json.loads(self.text(name))

    def problems(self) -> list[str]:
        """What contradicts the layout, empty when nothing does."""
        variables, attributes = self.layout.variables, self.layout.attributes
        found = [f"variable {name!r} is not known" for name in self.values if name not in variables]
        found += [f"attribute {name!r} is not known" for name in self.attrs if name not in attributes]
        sizes: dict[str, int] = {}
        parts = {"", *(variables[name].part for name in self.values if name in variables)}
        for name, variable in variables.items():
            value = self.values.get(name)
            if variable.part not in parts:
                continue
            if value is None:
                found.append(f"variable {name!r} is missing")
            elif value.dtype != DTYPES[variable.kind]:
                found.append(f"variable {name!r} has type {value.dtype}, not {DTYPES[variable.kind]}")
            elif value.ndim != len(variable.dims):
                found.append(f"variable {name!r} has {value.ndim} dimensions, not {len(variable.dims)}")
            else:
                found += _size_problems(name, variable.dims, value.shape, sizes)
        if "bin" in sizes and sizes.get("edge") != sizes["bin"] + 1:
            found.append("there must be one more edge than there are bins")
        for name, attribute in attributes.items():
            if name not in self.attrs:
                found.append(f"attribute {name!r} is missing")
            elif type(self.attrs[name]) is not attribute.type:
                found.append(f"attribute {name!r} is not of type {attribute.type.__name__}")
        return found

    def digest(self) -> str:
        """SHA-256 of all arrays and attributes: equal digests mean the same result, stored or not."""
        state = hashlib.sha256()
        for name in sorted(self.values):
            state.update(f"{name} {self.values[name].shape} ".encode() + _bytes_of(self.values[name]))
        for name in sorted(self.attrs):
            value = self.attrs[name]
            exact = value.hex() if isinstance(value, float) else value
            state.update(f"{name} {json.dumps(exact)}".encode())
        return state.hexdigest()


def texts(entries: Iterable[str]) -> NDArray[Any]:
    """An array of texts, as records hold them."""
    listed = list(entries)
    found = np.empty(len(listed), dtype=object)
    found[:] = listed
    return found


def _size_problems(name: str, dims: tuple[str, ...], shape: tuple[int, ...], sizes: dict[str, int]) -> list[str]:
    return [
        f"variable {name!r} has {size} entries along {dim!r}, not {sizes[dim]}"
        for dim, size in zip(dims, shape, strict=True)
        if sizes.setdefault(dim, size) != size
    ]


def _bytes_of(value: NDArray[Any]) -> bytes:
    if value.dtype == object:
        return json.dumps(value.tolist()).encode()
    if value.dtype == np.float64:
        value = np.where(np.isnan(value), np.nan, value)  # one pattern of bits for all NaN
    return value.dtype.str.encode() + np.ascontiguousarray(value).tobytes()
