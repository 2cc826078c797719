"""The GPU kernel: the functions of :mod:`simengine.kernels.cpu`, with the same values to the bit, on one device.

Trials are evaluated chunk by chunk into a buffer on the device, and what counts, sums and selects reads it there;
summaries and picked values come back, and outcomes only to questions that are asked trial by trial.
See docs/decisions/0016-gpu-in-two-phases.md.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.exact import LIMBS
from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.errors import DeviceError
from simengine.kernels.cpu import BLOCK, Selection, strip_trials
from simengine.kernels.cuda.chunks import Chunk, Division, Kept, largest_section
from simengine.kernels.cuda.device import Device, DeviceMemory
from simengine.kernels.cuda.kernels import Kernels
from simengine.kernels.cuda.selections import Between, Narrowed, Picked, Tails, Wishes
from simengine.kernels.cuda.tallies import Tallies
from simengine.kernels.source import Source
from simengine.kernels.tally import EXACT_MOMENTS

Array = NDArray[np.float64]

_SOURCES = 4
"""Sources whose programs and tables stay on the device."""
_UNIT = 1 << 18
"""Ranges are multiples of this, so that what is folded on the device is whole subtrees."""


class Evaluates(Protocol):
    """Computes outcomes of one source on a device."""

    def fill(self, first_trial: int, count: int, out: Any, room: int) -> None:
        """Outcome k of trial first_trial + j, for j below count, into out[k * room + j]."""


class _Loaded:
    """What the device holds for one source."""

    def __init__(self, source: Source, evaluator: Evaluates, division: Division):
        self.source, self.evaluator, self.division = source, evaluator, division


class Gpu:
    """One device.  What it compiles and uploads is its own; one thread uses it at a time.

    evaluator: makes what evaluates a source, by default :class:`simengine.kernels.cuda.evaluate.Evaluator`.
    """

    def __init__(self, device: Device, evaluator: Callable[[Device, Source], Evaluates] | None = None):
        self.device = device
        self._make = evaluator or _evaluator
        self._kernels: dict[str, Kernels] = {}
        self._loaded: OrderedDict[tuple[Any, ...], _Loaded] = OrderedDict()

    # Ranges and keeping

    def unit_trials(self, source: Source) -> int:
        """Every range but the last is a multiple of this."""
        return _UNIT

    def range_trials(self, source: Source) -> int:
        """Trials of a range that is worth its launches, a multiple of the unit."""
        return max(_UNIT, largest_section(source))

    def keep(self, source: Source, trials: int, budget: int) -> Kept | None:
        """Room on the device for the outcomes of a run; None where it has not enough, or nothing shall be kept.

        budget: bytes of the host that may be kept, of which this takes none: only 0 has a meaning here.
        """
        return Kept.of(self.device, source, trials) if budget > 0 else None

    def kept_in(self, source: Source, kept: Kept | None, first_trial: int, n_trials: int) -> Kept | None:
        """What the passes take for a range: the same for all."""
        return kept

    def outcomes(self, source: Source, trials: int, kept: Kept | None = None) -> Array:
        """Outcomes of the trials from 0 on, on the host: (strips, outcomes, strip trials) as the CPU keeps them."""
        strip, count = strip_trials(source.plan), len(source.plan.outputs)
        strips = -(-trials // strip)
        out = np.empty((strips, count, strip))

        def bring(first: int, size: int) -> _Nothing:
            for chunk in self._chunks(source, first, size, kept):
                values, begin = self._brought(chunk, count), 0
                while begin < chunk.size:
                    place, offset = divmod(first + chunk.start + begin, strip)
                    part = values[:, begin : begin + strip - offset]
                    out[place, :, offset : offset + part.shape[1]] = part
                    begin += part.shape[1]
            return _Nothing()

        self._division(source).over(0, trials, bring)
        return out

    # The functions of kernels.cpu

    def values(self, source: Source, first_trial: int, n_trials: int) -> Array:
        """Outcomes of consecutive trials, shape (outcomes, n_trials); first_trial is a multiple of the block (1,024).

        Raises
        ------
        DeviceError
            If the device has no room even for a few trials; so do all that follow.
        """
        count = len(source.plan.outputs)
        out = np.empty((count, n_trials))

        def bring(first: int, size: int) -> _Nothing:
            for chunk in self._chunks(source, first, size, None):
                begin = first - first_trial + chunk.start
                out[:, begin : begin + chunk.size] = self._brought(chunk, count)
            return _Nothing()

        self._division(source).over(first_trial, n_trials, bring)
        return out

    def trial_values(self, source: Source, trial: int) -> Array:
        """Outcomes of one trial, shape (outcomes,)."""
        first = trial // BLOCK * BLOCK
        return self.values(source, first, trial - first + 1)[:, -1]

    def summarise(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, keep: Kept | None = None
    ) -> Summary:
        """The summary of n_trials trials from first_trial, a multiple of the tile (4,096); their outcomes are kept."""

        def count(first: int, size: int) -> Summary:
            tallies = Tallies(self.device, self._kernels_of(source), source, grid, first, size)
            for chunk in self._chunks(source, first, size, keep, draw=True):
                tallies.add(chunk)
            return tallies.summary()

        return self._division(source).over(first_trial, n_trials, count)

    def pick(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: Kept | None = None
    ) -> Selection:
        """The values in flagged bins and the tail sums, from kept outcomes or by drawing the trials again."""
        device, kernels = self.device, self._kernels_of(source)

        def select(first: int, size: int) -> Selection:
            picked = Picked(device, kernels, Wishes(device, grid, wanted.flags, None))
            tails = Tails(device, kernels, source.design, grid, wanted.tail_limits, size)
            for chunk in self._chunks(source, first, size, kept):
                tails.add(chunk)
                picked.add(chunk)
            limbs = np.zeros((*wanted.tail_limits.shape, EXACT_MOMENTS, LIMBS), np.int64)
            return Selection(picked.parts(), tails.tree(first), limbs)

        return self._division(source).over(first_trial, n_trials, select)

    def narrow(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, windows: Windows, kept: Kept | None = None
    ) -> Windows:
        """The windows with the counts of their parts over these trials, from kept outcomes or drawn again."""

        def count(first: int, size: int) -> Windows:
            narrowed = Narrowed(self.device, self._kernels_of(source), grid, windows)
            for chunk in self._chunks(source, first, size, kept):
                narrowed.add(chunk)
            return narrowed.counted()

        return self._division(source).over(first_trial, n_trials, count)

    def pick_from_windows(
        self,
        source: Source,
        first_trial: int,
        n_trials: int,
        grid: Grid,
        windows: Windows,
        tail_limits: Array,
        inner_limits: Array,
        kept: Kept | None = None,
    ) -> Selection:
        """The values in windows, the tail sums and the exact sums between the limits, from kept outcomes or drawn."""
        device, kernels = self.device, self._kernels_of(source)

        def select(first: int, size: int) -> Selection:
            picked = Picked(device, kernels, Wishes(device, grid, windows.bins_reached(grid), windows))
            tails = Tails(device, kernels, source.design, grid, tail_limits, size)
            between = Between(device, kernels, grid, tail_limits, inner_limits)
            for chunk in self._chunks(source, first, size, kept):
                tails.add(chunk)
                between.add(chunk)
                picked.add(chunk)
            return Selection(picked.parts(), tails.tree(first), between.limbs())

        return self._division(source).over(first_trial, n_trials, select)

    # What is on the device

    def _chunks(
        self, source: Source, first_trial: int, size: int, kept: Kept | None, *, draw: bool = False
    ) -> Iterator[Chunk]:
        """The outcomes of a section, chunk by chunk; drawn unless they were kept, or to be kept where ``draw`` says."""
        loaded = self._load(source)
        most = loaded.division.chunk
        if kept is None:
            room = min(most, -(-size // BLOCK) * BLOCK)
            buffer = self.device.empty(len(source.plan.outputs) * room, source.plan.value_type)
            chunks = iter([Chunk(at, min(room, size - at), buffer, room) for at in range(0, size, room)])
        else:
            chunks = kept.parts(first_trial, size, most)
        for chunk in chunks:
            if kept is None or draw:
                loaded.evaluator.fill(first_trial + chunk.start, chunk.size, chunk.values, chunk.room)
            yield chunk

    def _brought(self, chunk: Chunk, outcomes: int) -> Array:
        """The outcomes of a chunk on the host, widened: (outcomes, size)."""
        room, size, values = chunk.room, chunk.size, chunk.values
        if room <= 2 * size:  # one transfer, with little between the rows that nobody wants
            flat = self.device.download(values[: (outcomes - 1) * room + size])
            rows = [flat[k * room : k * room + size] for k in range(outcomes)]
        else:
            rows = [self.device.download(values[k * room : k * room + size]) for k in range(outcomes)]
        return np.array(rows, np.float64).reshape(outcomes, size)

    def _division(self, source: Source) -> Division:
        return self._load(source).division

    def _kernels_of(self, source: Source) -> Kernels:
        precision = source.plan.precision
        return self._kernels.setdefault(precision, Kernels(self.device, precision))

    def _load(self, source: Source) -> _Loaded:
        key = (source.plan.digest, source.seed, source.design)
        found = self._loaded.get(key)
        if found is None:
            while len(self._loaded) >= _SOURCES:
                self._loaded.popitem(last=False)
            found = _Loaded(source, self._made(source), Division.of(self.device, source))
            self._loaded[key] = found
        self._loaded.move_to_end(key)
        return found

    def _made(self, source: Source) -> Evaluates:
        """The program and tables of a source; others make room for it where they have to."""
        while True:
            try:
                return self._make(self.device, source)
            except DeviceMemory as error:
                if not self._loaded:
                    raise DeviceError(f"{self.device.name} has no room for the tables of the plan: {error}") from error
            self._loaded.popitem(last=False)


class _Nothing:
    """The value of a pass that only fills what is there."""

    def merge(self, other: _Nothing) -> _Nothing:
        return self


def _evaluator(device: Device, source: Source) -> Evaluates:
    from simengine.kernels.cuda.evaluate import Evaluator

    made: Evaluates = Evaluator(device, source)
    return made
