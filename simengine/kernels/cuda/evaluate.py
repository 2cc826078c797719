"""Outcomes of ranges of trials on a device: what a source holds is uploaded once, then one launch fills a buffer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.kernels.cuda.device import Device, DeviceMemory
from simengine.kernels.cuda.printer import PARAMETERS, STRIDES, THREADS, cuts_of, evaluate_text, sobol_text
from simengine.kernels.source import Source
from simengine.plan.ops import Op
from simengine.plan.plan import Plan
from simengine.sampling.address import GROUP

BLOCK = 1024
"""First trials are multiples of it, as on the CPU."""
_GROUP_BITS = 9


class Evaluator:
    """Computes outcomes of one source on one device.

    value_type: of the outcomes.  bytes: memory of the device that it holds between calls.
    """

    def __init__(self, device: Device, source: Source):
        plan = source.plan
        self.device, self.source = device, source
        self.value_type = plan.value_type
        self._kernel = device.compile(evaluate_text(plan), ["evaluate"])["evaluate"]
        self._held = {name: device.upload(array) for name, array in _arrays(source).items()}
        self._numbers = _numbers(source)
        self._points = _Points(device, source, self._held["lattice"]) if Op.SOBOL in plan.tape[:, 0] else None
        self._none = {} if self._points else _point_buffers(device, plan.precision)

    @property
    def bytes(self) -> int:
        """Memory of the device that it holds: the source, and Sobol points of the last call."""
        held = (*self._held.values(), *self._none.values())
        return sum(int(buffer.nbytes) for buffer in held) + (self._points.bytes if self._points else 0)

    def scratch_bytes(self, count: int) -> int:
        """Memory of the device that a call for so many trials takes beside its outcomes, at most."""
        return self._points.bytes_for(count) if self._points else 0

    def fill(self, first_trial: int, count: int, out: Any, room: int) -> None:
        """Start to compute outcomes of ``count`` trials: that of trial first_trial + j goes to out[outcome * room + j].

        out: a buffer of the value type.  Does not wait.

        Raises
        ------
        ValueError
            If first_trial is not a multiple of 1,024.
        DeviceMemory
            If the device has no room for the Sobol points of so many trials.
        """
        if first_trial % BLOCK:
            raise ValueError(f"trials are computed from multiples of {BLOCK:,} on, not from {first_trial:,}")
        if not count:
            return
        trials_of_block = THREADS * GROUP // STRIDES[self.source.plan.precision]
        prepared = self._points.prepare(first_trial, count) if self._points else self._no_points
        values = {**self._held, **self._numbers, **prepared, "out": out}
        values |= {"first_trial": np.int64(first_trial), "count": np.int64(count), "room": np.int64(room)}
        self._kernel(-(-count // trials_of_block), THREADS, [values[name] for _, name in PARAMETERS])

    def trial(self, trial: int) -> NDArray[np.float64]:
        """Outcomes of one trial, shape (outcomes,)."""
        first = trial // BLOCK * BLOCK
        count = trial - first + 1
        outcomes = len(self.source.plan.outputs)
        out = self.device.empty((outcomes, count), self.value_type)
        self.fill(first, count, out, count)
        return self.device.download(out)[:, -1].astype(np.float64)

    @property
    def _no_points(self) -> dict[str, Any]:
        """What stands for Sobol points where there are none: memory that nothing reads."""
        return {**self._none, "first_replicate": np.int64(0)}


class _Points:
    """Sobol points of chunks of trials, as draw_sobol in words.cuh wants them.

    Replicates of at least a group of trials have points in two parts: what the replicate and the group give, and what
    the place in the group gives; the second is made once for all chunks of a replicate.
    """

    def __init__(self, device: Device, source: Source, lattice: Any):
        precision = source.plan.precision
        self._device, self._lattice, self._bits = device, lattice, source.design.bits
        self._draws, self._last = source.lattice.shape[1], max(source.lattice.shape[0] - 1, 0)
        self._stride = STRIDES[precision]
        self._point_type = _point_type(precision)
        self._kernels = device.compile(sobol_text(precision), ["prepare_starts", "prepare_points", "prepare_trials"])
        self._buffers = _point_buffers(device, precision)
        self._prepared = (-1, 0)  # the first replicate and the number of replicates whose points are there

    @property
    def bytes(self) -> int:
        return sum(int(buffer.nbytes) for buffer in self._buffers.values())

    def bytes_for(self, count: int) -> int:
        """Memory for so many trials, wherever they begin."""
        groups = -(-count // GROUP)
        if self._bits < _GROUP_BITS:
            return int(self._draws * groups * GROUP * self._point_type.itemsize)
        replicates = min((count - 1 >> self._bits) + 2, self._last + 1)
        return int(self._draws * (16 * groups + replicates * self._stride * self._point_type.itemsize))

    def prepare(self, first_trial: int, count: int) -> dict[str, Any]:
        """Make the points of a range of trials, and give what the kernel asks of them."""
        groups = -(-count // GROUP)
        first = min(first_trial >> self._bits, self._last)
        replicates = min(first_trial + count - 1 >> self._bits, self._last) + 1 - first
        of_groups = (np.int64(first_trial // GROUP), np.int64(groups), np.int64(self._last))
        if self._bits < _GROUP_BITS:
            entries = self._draws * groups * GROUP
            self._launch("prepare_trials", entries, of_groups, self._room("points", entries))
        else:
            starts = self._draws * groups
            self._launch("prepare_starts", starts, of_groups, self._room("starts", 2 * starts))
            if self._prepared != (first, replicates):
                self._prepared = (-1, 0)
                entries = replicates * self._draws * self._stride
                of_replicates = (np.int64(first), np.int64(replicates))
                self._launch("prepare_points", entries, of_replicates, self._room("points", entries))
                self._prepared = (first, replicates)
        return {**self._buffers, "first_replicate": np.int64(first)}

    def _room(self, name: str, size: int) -> Any:
        """The buffer of a name, made larger where it is too small; when that fails all of them are let go."""
        if self._buffers[name].size < size:
            kinds = {each: buffer.dtype for each, buffer in self._buffers.items()}
            try:
                self._buffers[name] = self._device.empty(0, kinds[name])  # the old goes before the new comes
                self._buffers[name] = self._device.empty(size, kinds[name])
            except DeviceMemory:
                self._buffers = {each: self._device.empty(0, kind) for each, kind in kinds.items()}
                self._prepared = (-1, 0)
                raise
        return self._buffers[name]

    def _launch(self, name: str, items: int, where: tuple[Any, ...], out: Any) -> None:
        shape = np.int32(self._bits), np.int32(self._draws)
        self._kernels[name](-(-items // THREADS), THREADS, [self._lattice, *where, *shape, out])


def _point_type(precision: str) -> np.dtype[Any]:
    return np.dtype(np.uint64 if precision == "float64" else np.uint32)


def _point_buffers(device: Device, precision: str) -> dict[str, Any]:
    """The smallest buffers of points: a start takes 16 bytes, a point as many as a word."""
    return {"starts": device.empty(2, np.uint64), "points": device.empty(2, _point_type(precision))}


def _numbers(source: Source) -> dict[str, Any]:
    """Parameters of the kernel that are numbers and do not depend on the range of trials."""
    replicates, _, numbers = source.lattice.shape
    return {
        "key0": np.uint32(source.seed & 0xFFFFFFFF),
        "key1": np.uint32(source.seed >> 32),
        "bits": np.int32(source.design.bits),
        "draws": np.int32(source.lattice.shape[1]),
        "numbers": np.int32(numbers),
        "last_replicate": np.int64(max(replicates - 1, 0)),
    }


def _arrays(source: Source) -> dict[str, NDArray[Any]]:
    """Parameters of the kernel that are arrays, as the text reads them."""
    plan = source.plan
    word = np.uint32 if plan.precision == "float32" else np.uint64
    placing, scaling = _placing(plan)
    return {
        "constants": plan.constants,
        "cuts": np.array(cuts_of(plan), np.uint64),
        "streams": plan.streams,
        "table_rows": plan.table_rows,
        "table_placing": placing,
        "table_scaling": scaling,
        "kinks": plan.kinks.astype(word),
        "piece_ends": plan.piece_ends.astype(np.int32),
        "piece_cuts": plan.piece_cuts,
        "piece_values": plan.piece_values,
        "piece_slopes": plan.piece_slopes,
        "lattice": source.lattice.view(np.uint64),
    }


def _placing(plan: Plan) -> tuple[NDArray[np.int32], NDArray[np.floating]]:
    """Numbers of every table as the text wants them, int32 ``(tables, 8)`` and ``(tables, 2)``, see lookup.cuh.

    The segment of a word is the exponent of its tail probability and the first bits of the mantissa: the lowest one is
    that of a tail of 1/2.  Rows of the lower half follow segments upwards from the table's first row, those of the
    upper half downwards from its last; a kink that the word reaches adds one.
    """
    single = plan.precision == "float32"
    mantissa, bias = (23, 126) if single else (20, 1022)  # of float64 the upper half of the bits is looked at
    placing = np.zeros((len(plan.table_places), 8), np.int32)
    scaling = np.zeros((len(plan.table_places), 2), plan.value_type)
    scores = set(plan.tape[plan.tape[:, 0] == Op.SCORE_TO_X, 4].tolist())
    for table, (first, half, sub_bits, begin, end) in enumerate(plan.table_places.tolist()):
        if table in scores or sub_bits < 0:
            placing[table, :3] = first + half, 0, 0
            scaling[table] = plan.table_steps[table], half
        else:
            lowest = bias << sub_bits
            placing[table, :3] = first - lowest, first + lowest + 2 * half - 1, mantissa - sub_bits
            scaling[table] = 1.0 + 0.5 / (1 << sub_bits), 0.0
        placing[table, 3:5] = end - begin, begin
    return placing, scaling
