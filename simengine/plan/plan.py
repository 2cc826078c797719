"""The plan: everything a kernel needs, as plain arrays, identified by a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

STREAM_VERSION = 1
"""Version of the rule that maps (seed, input name, trial) to a word; stored with every result."""


@dataclass(frozen=True)
class PlanOutput:
    """One reported outcome of one strategy: row ``index`` of every summary is ``plan.outputs[index]``."""

    strategy: str
    name: str
    unit: str = ""
    title: str = ""
    targets: tuple[float, ...] = ()
    certain: bool = False
    """Whether the outcome is the same number in every trial because nothing it depends on is uncertain."""
    kind: int = 0
    """Outcomes of one kind have the same uncertain terms: they differ by a constant, whatever is drawn."""
    year: float | None = None
    """The end of the period that the outcome belongs to, in years; None where it belongs to no period."""

    @property
    def place(self) -> str:
        """The name, and the period where it belongs to one: ``cash_flow in year 3``."""
        return self.name if self.year is None else f"{self.name} {in_year(self.year)}"


def in_year(year: float) -> str:
    """The period that ends so many years after the signing, in words."""
    if year == 0.0:
        return "at signing"
    return f"in year {year:.0f}" if year.is_integer() else f"in the period to year {year:.6g}"


@dataclass(frozen=True)
class PlanInput:
    """What is said of an uncertain input: it is not needed to run the plan, only to report it.

    ``strategies`` are those in which the input has this distribution; an input that a strategy changes appears
    once for every distribution.  ``table_error`` is the largest measured error in probability of its table
    (0 where no table is used); mean and sd are NaN where they do not exist.  ``table`` is the number of the table of
    its distribution in the plan, -1 where it has none.
    """

    name: str
    strategies: tuple[str, ...]
    family: str
    description: str
    key: str
    unit: str
    title: str
    source: str
    mean: float
    sd: float
    p5: float
    p50: float
    p95: float
    table_error: float
    table: int = -1


@dataclass(frozen=True, eq=False)
class Plan:
    """A tape with the tables, constants and draw streams it refers to.

    tape: int64 ``(rows, 5)``, see :mod:`simengine.plan.ops`.  registers: how many registers the tape uses; the
    constants follow them.  constants: float64 ``(k,)``.  streams: uint64 ``(draws,)``, the counter words that
    address the draws of each uncertain input.  table_rows: float64 ``(segments, 6)``, polynomial coefficients
    in increasing power.  table_places: int64 ``(tables, 5)``: first row, segments in one half, log2 of segments
    per octave (word tables), first and last kink.  table_steps: float64 ``(tables,)``, segments per unit of
    score (score tables).  kinks: int64, words or the bits of scores.  piece_ends: int64 ``(functions, 2)``:
    first and last row of the piecewise linear functions in piece_cuts (uint64 words), piece_values and
    piece_slopes (float64, slope per unit of word).  sampler: where words come from, see
    :mod:`simengine.sampling.design`.  dimensions: int64 ``(draws,)``, the dimension of the Sobol points that each
    stream takes, -1 for none; empty for other samplers.  parameters: the place among the constants of each number
    that may be set, by strategy and name, see :meth:`setting`.


    A plan of precision ``"float32"`` holds constants, table_rows ``(segments, 8)``, table_steps, piece_values and
    piece_slopes in float32 and piece_cuts in uint32; its words have 32 bits, and score tables have -1 in place of the
    log2 of segments.  reference: the float64 plan of the same outcomes, which it is compared with.
    """

    tape: NDArray[np.int64]
    registers: int
    constants: NDArray[np.floating]
    streams: NDArray[np.uint64]
    table_rows: NDArray[np.floating]
    table_places: NDArray[np.int64]
    table_steps: NDArray[np.floating]
    kinks: NDArray[np.int64]
    piece_ends: NDArray[np.int64]
    piece_cuts: NDArray[np.unsignedinteger]
    piece_values: NDArray[np.floating]
    piece_slopes: NDArray[np.floating]
    outputs: tuple[PlanOutput, ...]
    inputs: tuple[PlanInput, ...] = ()
    sampler: str = "random"
    dimensions: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    parameters: Mapping[str, int] = field(default_factory=dict)
    precision: str = "float64"
    reference: Plan | None = None

    def setting(self, values: Mapping[str, float]) -> Plan:
        """The same plan with other values of its parameters; those that no outcome depends on are left out.

        Keys are those of :func:`simengine.plan.compile.parameter_of`.
        """
        constants = self.constants.copy()
        for key, value in values.items():
            if key in self.parameters:
                constants[self.parameters[key]] = value
        reference = None if self.reference is None else self.reference.setting(values)
        return replace(self, constants=constants, reference=reference)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the bits of a result, besides seed and number of trials."""
        state = hashlib.sha256(f"simengine plan 1, streams {STREAM_VERSION}, {self.sampler}".encode())
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                state.update(f"{part.name} {value.dtype.str} {value.shape}".encode())
                state.update(np.ascontiguousarray(value).tobytes())
        outputs = [
            [o.strategy, o.name, [t.hex() for t in o.targets], *([] if o.year is None else [o.year.hex()])]
            for o in self.outputs
        ]
        state.update(json.dumps([self.registers, outputs]).encode())
        return state.hexdigest()

    @property
    def value_type(self) -> np.dtype[np.floating]:
        """The type of the outcomes that a kernel gives."""
        return np.dtype(self.precision)

    def __eq__(self, other: object) -> bool:
        """Plans are equal when their digests are."""
        return self.digest == other.digest if isinstance(other, Plan) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def worst_table_error(self) -> float:
        """Largest error in probability over the tables of all inputs, as measured when they were built."""
        return max((entry.table_error for entry in self.inputs), default=0.0)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies, in the order of the scenario."""
        return tuple(dict.fromkeys(output.strategy for output in self.outputs))
