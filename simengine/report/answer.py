"""What results, comparisons and drivers have in common: a record, seen as a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simengine.results.record import Record

if TYPE_CHECKING:
    import xarray as xr


class Answer:
    """A record as Python code sees it."""

    def __init__(self, record: Record):
        self._record = record
        self._dataset: xr.Dataset | None = None

    @property
    def record(self) -> Record:
        """The plain arrays and attributes behind ``dataset``."""
        return self._record

    @property
    def dataset(self) -> xr.Dataset:
        """Everything, as an :class:`xarray.Dataset` with named dimensions, units and meanings."""
        if self._dataset is None:
            from simengine.results.dataset import to_dataset

            self._dataset = to_dataset(self._record)
        return self._dataset

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return self._record.strategies

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outcomes."""
        return self._record.outputs
