"""The record of drivers, filled question by question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers.points import SPIDER, SWING
from simengine.analysis.drivers.stress import REVERSE, STATISTICS
from simengine.analysis.drivers.study import Study
from simengine.analysis.drivers.tornado import Estimates
from simengine.analysis.drivers.variables import DRIVERS, REGISTRY
from simengine.results.record import AttributeValue, Record, texts
from simengine.results.variables import DTYPES

_EMPTY: Mapping[str, Any] = {"float": np.nan, "count": 0, "flag": False, "text": ""}


class Builder:
    """Arrays of all variables, empty (NaN, 0) until they are filled; outcomes by their row in the study."""

    def __init__(self, study: Study, switches: int):
        self._study = study
        self.strategies = [model.strategy for model in study.models]
        self.outputs = list(dict.fromkeys(name for _, name in study.rows))
        sizes = {
            "strategy": len(self.strategies),
            "output": len(self.outputs),
            "factor": len(study.factors),
            "swing_point": len(SWING),
            "spider_point": len(SPIDER),
            "statistic": len(STATISTICS),
            "tail_statistic": len(REVERSE),
            "switch": switches,
        }
        self.values: dict[str, NDArray[Any]] = {
            name: np.full([sizes[dim] for dim in row.dims], _EMPTY[row.kind], DTYPES[row.kind])
            for name, row in REGISTRY.items()
        }
        places = [(self.strategies.index(m.strategy), self.outputs.index(name)) for m, name in study.rows]
        self._places = tuple(np.array(axis) for axis in zip(*places, strict=True))
        self._label()

    def outcomes(self, name: str, values: NDArray[Any]) -> None:
        """Fill a variable of outcomes from rows of the study, (outcomes, ...)."""
        self.values[name][self._places] = values

    def estimates(self, name: str, found: Estimates) -> None:
        """Fill a variable of outcomes and its error."""
        self.outcomes(name, found.value)
        self.outcomes(f"{name}_se", found.se)

    def contests(self, name: str, values: NDArray[Any]) -> None:
        """Fill a variable of outputs from the contests of the study, (contests, ...)."""
        for place, contest in zip(values, self._study.contests, strict=True):
            self.values[name][self.outputs.index(contest.output)] = place

    def record(self, attrs: Mapping[str, AttributeValue]) -> Record:
        """The record.

        Raises
        ------
        RuntimeError
            If it contradicts the registry, which is a defect.
        """
        found = Record(self.values, attrs, DRIVERS)
        problems = found.problems()
        if problems:
            raise RuntimeError("drivers contradict their registry: " + "; ".join(problems))
        return found

    def _label(self) -> None:
        study, values = self._study, self.values
        values["strategy"] = texts(self.strategies)
        values["output"] = texts(self.outputs)
        values["factor"] = texts(factor.name for factor in study.factors)
        values["swing_point"], values["spider_point"] = np.array(SWING), np.array(SPIDER)
        values["statistic"], values["tail_statistic"] = texts(STATISTICS), texts(REVERSE)
        values["strategy_title"] = texts(model.title for model in study.models)
        entries = {output.name: output for model in reversed(study.models) for output in model.outputs}
        values["output_title"] = texts(entries[name].title for name in self.outputs)
        values["unit"] = texts(entries[name].unit for name in self.outputs)
        values["factor_kind"] = texts(factor.kind for factor in study.factors)
        values["factor_members"] = texts(" ".join(factor.parts or (factor.name,)) for factor in study.factors)
        values["factor_unit"] = texts(factor.unit for factor in study.factors)
        values["factor_title"] = texts(factor.title for factor in study.factors)
        self.outcomes("reported", np.ones(len(study.rows), bool))
        self.outcomes("used", study.links.used)
        self.outcomes("linked", study.links.linked)
        self.outcomes("correlated", study.links.correlated)
