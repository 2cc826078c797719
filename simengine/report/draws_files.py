"""Draws as files: CSV, NetCDF and Parquet, written block by block so that memory does not grow with their number.

Numbers become text through the JSON writer that pydantic brings along: compiled, exact (the shortest digits that
identify a float64) and five times as fast as Python's own ``repr``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.errors import InvalidInput, Problem
from simengine.report.csv import PLAIN, CsvStyle, encode, text_cell
from simengine.results.dataset import common_unit
from simengine.results.draws import Column, Draws
from simengine.results.record import Record, texts
from simengine.results.reserved import ReservedFile

_PARQUET_HINT = "install it with `pip install 'simengine[parquet]'`, or write .csv or .nc"
_ROWS_OF_A_CHUNK = 1 << 14
_ATTRIBUTES = ("scenario", "title", "seed", "sampler", "precision", "stream_version", "plan_digest", "command")
"""What a NetCDF or Parquet file says of the run that its trials belong to."""

Writer = Callable[[Path], None]


def draws_writer(draws: Draws, record: Record, suffix: str, style: CsvStyle = PLAIN) -> Writer:
    """What writes the draws into a file of the type that ``suffix`` names.

    Raises
    ------
    InvalidInput
        When there is no such type, it needs what is not installed, or a style of CSV is asked for another type.
    """
    makers = {".csv": _csv_writer, ".nc": _netcdf_writer, ".parquet": _parquet_writer}
    if suffix not in makers:
        what = f"draws cannot be written as {suffix!r}" if suffix else "the name of the file has no suffix"
        raise InvalidInput(Problem(what, allowed=", ".join(makers)))
    if suffix != ".csv" and style != PLAIN:
        raise InvalidInput(Problem("a byte order mark and a decimal comma are for text", allowed=".csv"))
    return makers[suffix](draws, record, style)


def _csv_writer(draws: Draws, record: Record, style: CsvStyle) -> Writer:
    """Columns trial and one for every column of the draws; a number that is not finite is nan, inf or -inf."""
    header = ["trial", *(text_cell(column.label) for column in draws.columns)]

    def write(path: Path) -> None:
        with path.open("xb", buffering=1 << 20) as stream:
            stream.write(encode(header, (), style))
            for first, values in draws.blocks():
                stream.write(rows_text(first, values, style))

    return write


def rows_text(first: int, values: NDArray[np.float64], style: CsvStyle = PLAIN) -> bytes:
    """Lines of CSV: the number of the trial and its values; ``values`` has shape (columns, trials)."""
    from pydantic_core import to_json

    rows = list(zip(range(first, first + values.shape[1]), *values.tolist(), strict=True))
    text = to_json(rows, inf_nan_mode="constants")[2:-2].replace(b"],[", b"\n") + b"\n"
    if not np.isfinite(values).all():
        text = text.replace(b"NaN", b"nan").replace(b"Infinity", b"inf")
    return text.translate(bytes.maketrans(b",.", b";,")) if style.decimal_comma else text


def _netcdf_writer(draws: Draws, record: Record, style: CsvStyle) -> Writer:
    """Variables draws (strategy, output, trial), yearly_draws (..., year, trial) and input_draws (input, trial)."""
    layout = _Layout.of(draws)

    def write(path: Path) -> None:
        import h5netcdf

        with ReservedFile(path, layout.bytes) as stream:
            with h5netcdf.File(stream, "w") as file:
                file.attrs.update({name: record.attrs[name] for name in _ATTRIBUTES})
                file.attrs["run_trials"] = record.integer("trials")
                layout.create(file)
                for first, values in draws.blocks():
                    last = first + values.shape[1]
                    for (name, place), row in zip(layout.places, values, strict=True):
                        file.variables[name][(*place, slice(first, last))] = row
                    stream.check()
            stream.close()
            stream.check()

    return write


class _Layout:
    """Names, dimensions and labels of a NetCDF file of draws, and where each column of the draws lies in it."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.labels: dict[str, tuple[tuple[str, ...], NDArray[Any], Mapping[str, str]]] = {}
        self.arrays: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {}
        self.places: list[tuple[str, tuple[int, ...]]] = []

    @classmethod
    def of(cls, draws: Draws) -> _Layout:
        self = cls()
        single = [c for c in draws.columns if c.kind == "outcome" and c.year is None]
        yearly = [c for c in draws.columns if c.kind == "outcome" and c.year is not None]
        inputs = [c for c in draws.columns if c.kind == "input"]
        strategies = list(dict.fromkeys(c.strategies[0] for c in (*single, *yearly)))
        years = sorted({c.year for c in yearly if c.year is not None})
        self._label("trial", np.arange(draws.trials, dtype=np.int64), "trial of the run, from 0", "1")
        if strategies:
            self._label("strategy", texts(strategies), "strategy")
        outputs, yearlies = self._outcomes("output", single), self._outcomes("yearly", yearly)
        if single:
            self._array("draws", ("strategy", "output", "trial"), "outcome of every trial", single)
        if yearly:
            self._label("year", np.array(years), "end of the period, in years from the signing", "years")
            dims = ("strategy", "yearly", "year", "trial")
            self._array("yearly_draws", dims, "outcome of every trial in the period", yearly)
        if inputs:
            self._label("input", texts(c.label for c in inputs), "uncertain input, named apart where strategies differ")
            self._label("input_unit", texts(c.unit for c in inputs), "unit of the input", dim="input")
            self._label("input_title", texts(c.title for c in inputs), "title of the input", dim="input")
            together = texts(", ".join(c.strategies) for c in inputs)
            self._label("input_strategies", together, "strategies that share these draws", dim="input")
            self._array("input_draws", ("input", "trial"), "value of the input in every trial", inputs)
        for c in draws.columns:
            if c.kind == "input":
                self.places.append(("input_draws", (inputs.index(c),)))
            elif c.year is None:
                self.places.append(("draws", (strategies.index(c.strategies[0]), outputs.index(c.name))))
            else:
                place = (strategies.index(c.strategies[0]), yearlies.index(c.name), years.index(c.year))
                self.places.append(("yearly_draws", place))
        return self

    @property
    def bytes(self) -> int:
        """Bytes of all numbers: the file is hardly larger."""
        return sum(8 * math.prod(self.sizes[dim] for dim in dims) for dims, _ in self.arrays.values())

    def create(self, file: Any) -> None:
        """Make dimensions, labels, and arrays without values in an open file."""
        file.dimensions = self.sizes
        for name, (dims, values, attrs) in self.labels.items():
            kind: Any = values.dtype
            if values.dtype.kind == "O":
                import h5py

                kind = h5py.string_dtype("utf-8")
            variable = file.create_variable(name, dims, dtype=kind)
            variable[...] = values
            variable.attrs.update(attrs)
        for name, (dims, attrs) in self.arrays.items():
            shape = tuple(self.sizes[dim] for dim in dims)
            chunk = (*(1 for _ in shape[1:]), min(_ROWS_OF_A_CHUNK, shape[-1]))
            variable = file.create_variable(name, dims, dtype=np.float64, chunks=chunk, fillvalue=np.nan)
            variable.attrs.update(attrs)

    def _outcomes(self, dim: str, columns: list[Column]) -> list[str]:
        """Label the outcomes that columns belong to; their names."""
        first = {c.name: c for c in reversed(columns)}
        names = list(dict.fromkeys(c.name for c in columns))
        if names:
            prefix = "" if dim == "output" else "yearly_"
            self._label(dim, texts(names), "reported outcome")
            self._label(f"{prefix}unit", texts(first[name].unit for name in names), "unit of the outcome", dim=dim)
            titles = texts(first[name].title for name in names)
            self._label(f"{prefix or 'output_'}title", titles, "title of the outcome", dim=dim)
        return names

    def _label(self, name: str, values: NDArray[Any], meaning: str, units: str = "", *, dim: str = "") -> None:
        self.sizes.setdefault(dim or name, len(values))
        attrs = {"long_name": meaning, "units": units} if units else {"long_name": meaning}
        self.labels[name] = ((dim or name,), values, attrs)

    def _array(self, name: str, dims: tuple[str, ...], meaning: str, columns: Sequence[Column]) -> None:
        """An array of columns: with their unit, if all have one; if not, another variable lists the units."""
        unit = common_unit(column.unit for column in columns)
        self.arrays[name] = (dims, {"long_name": meaning, **({"units": unit} if unit else {})})


def _parquet_writer(draws: Draws, record: Record, style: CsvStyle) -> Writer:
    """Columns as in CSV; each field says its unit and title, the file the run that it belongs to."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        missing = Problem("Parquet needs the package pyarrow", allowed=".csv, .nc", hint=_PARQUET_HINT)
        raise InvalidInput(missing) from None

    facts = {**{name: str(record.attrs[name]) for name in _ATTRIBUTES}, "run_trials": str(record.integer("trials"))}
    fields = [pa.field("trial", pa.int64(), nullable=False)]
    for column in draws.columns:
        said = {"unit": column.unit, "title": column.title, "kind": column.kind}
        fields.append(pa.field(column.label, pa.float64(), nullable=False, metadata=said))
    schema = pa.schema(fields, metadata={f"simengine.{name}": text for name, text in facts.items()})

    def write(path: Path) -> None:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for first, values in draws.blocks():
                trials = np.arange(first, first + values.shape[1], dtype=np.int64)
                columns = [pa.array(trials), *(pa.array(np.ascontiguousarray(row)) for row in values)]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))

    return write
