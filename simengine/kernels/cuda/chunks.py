"""How a range of trials is divided so that it fits a device: chunks that are evaluated, sections that are summed up.

A *chunk* is evaluated into one buffer of outcomes.  A *section* is a few chunks whose counts and rows of sums stay on
the device until its end.  Where a device has no room, both are halved and the section begins again: sections merge to
the same bits, so nothing shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from simengine.aggregate.grid import BINS
from simengine.aggregate.replicates import COARSE
from simengine.errors import DeviceError
from simengine.kernels.cuda.device import Device, DeviceMemory
from simengine.kernels.source import Source
from simengine.sampling.design import TILE

_CHUNK_BYTES = 1 << 29
"""Outcomes of a chunk: some milliseconds of work, beside which launches and the flush of histograms are nothing."""
_COARSE_BYTES = 1 << 27
"""Counts of replicates that a section may touch."""
_SECTION_OUTCOMES = 1 << 30
"""Some tens of milliseconds of work, beside which what the host does between two sections is little."""
_MOST_CHUNK, _FEWEST_SECTION, _MOST_SECTION = 1 << 26, 1 << 24, 1 << 30
_SHARE = 4
"""A chunk takes no more than this part of what is free."""


class Mergeable(Protocol):
    """A value of disjoint ranges of trials that merges."""

    def merge(self, other: Self) -> Self:
        """The value over both ranges, self before other."""


Found = TypeVar("Found", bound=Mergeable)


@dataclass(frozen=True)
class Chunk:
    """Outcomes of consecutive trials on the device: outcome k of the j-th is values[k * room + j].

    start: the first trial, counted from the beginning of the section.
    """

    start: int
    size: int
    values: Any
    room: int


@dataclass(frozen=True, eq=False)
class Kept:
    """Outcomes of all trials of a run, kept on the device in pieces of equal size; the last may be shorter."""

    pieces: tuple[Any, ...]
    rooms: tuple[int, ...]
    piece_trials: int

    @classmethod
    def of(cls, device: Device, source: Source, trials: int) -> Kept | None:
        """Room for the outcomes of the trials from 0 on; None where they would take more than half of what is free."""
        outcomes, kind = len(source.plan.outputs), source.plan.value_type
        whole = -(-trials // TILE) * TILE
        if outcomes * whole * kind.itemsize > device.free_bytes() // 2:
            return None
        piece = largest_chunk(source, device.free_bytes())
        rooms = tuple(min(piece, whole - first) for first in range(0, whole, piece))
        try:
            return cls(tuple(device.empty(outcomes * room, kind) for room in rooms), rooms, piece)
        except DeviceMemory:  # free, but not in one place
            return None

    def parts(self, first_trial: int, size: int, most: int) -> Iterator[Chunk]:
        """The chunks of a range, each of ``most`` trials or fewer."""
        start = 0
        while start < size:
            place, offset = divmod(first_trial + start, self.piece_trials)
            taken = min(most, size - start, self.rooms[place] - offset)
            yield Chunk(start, taken, self.pieces[place][offset:], self.rooms[place])
            start += taken


def largest_chunk(source: Source, free_bytes: int) -> int:
    """Trials of a chunk, a power of two: what the device has room for, within reason."""
    each = len(source.plan.outputs) * source.plan.value_type.itemsize
    fit = min(_CHUNK_BYTES, free_bytes // _SHARE) // each
    return max(TILE, min(_MOST_CHUNK, _power_of_two(fit)))


def largest_section(source: Source) -> int:
    """Trials of a section: as many as can be counted before anything has to come back."""
    outcomes, design = len(source.plan.outputs), source.design
    most = max(_FEWEST_SECTION, min(_MOST_SECTION, _power_of_two(_SECTION_OUTCOMES // outcomes)))
    if design.replicated:
        replicates = _COARSE_BYTES // (8 * BINS // COARSE * outcomes)
        most = min(most, design.size * _power_of_two(max(1, replicates)))
    return max(TILE, most)


@dataclass
class Division:
    """The size of chunks and sections for one source on one device, found by halving what did not fit."""

    device: Device
    chunk: int
    section: int
    outcomes: int

    @classmethod
    def of(cls, device: Device, source: Source) -> Division:
        """What should fit, from what is free."""
        chunk = largest_chunk(source, device.free_bytes())
        return cls(device, chunk, largest_section(source), len(source.plan.outputs))

    def over(self, first_trial: int, n_trials: int, work: Callable[[int, int], Found]) -> Found:
        """What ``work(first trial, trials)`` finds in a range, section by section.

        Raises
        ------
        DeviceError
            If not even the smallest section fits.
        """
        found: Found | None = None
        done = 0
        while done < n_trials:
            size = min(self.section, n_trials - done)
            try:
                part = work(first_trial + done, size)
            except DeviceMemory as error:
                shortage = str(error)  # the error itself holds on to buffers, by way of its traceback
            else:
                found = part if found is None else found.merge(part)
                done += size
                continue
            self._halve(size, shortage)
        assert found is not None
        return found

    def _halve(self, tried: int, shortage: str) -> None:
        if tried <= TILE and self.chunk <= TILE:
            raise DeviceError(
                f"{self.device.name} has no room for {TILE:,} trials of {self.outcomes:,} outcomes at a time: "
                f"{shortage}\n"
                "hint: end what else uses the device, report fewer outcomes, or run on the CPU"
            )
        self.chunk = max(TILE, min(self.chunk, _power_of_two(tried)) // 2)
        self.section = max(TILE, min(self.section, _power_of_two(tried)) // 2)


def _power_of_two(most: int) -> int:
    """The largest power of two that is not above a number; 1 for less."""
    return 1 << max(0, most.bit_length() - 1)
