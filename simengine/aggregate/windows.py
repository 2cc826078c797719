"""Windows: intervals of values that hold wanted ranks, narrowed pass by pass until their values fit in memory.

Beyond the memory budget the bins that hold the wanted ranks may themselves hold too many values.  Each pass then
looks at the trials again and counts the windows that hold most in 4,096 parts; the parts that hold wanted ranks
take their place.  A window whose smallest and largest value are equal is an atom: it needs no more looking at.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import key_of, value_of

PART_BITS = 12
PARTS = 1 << PART_BITS

Ints = NDArray[np.int64]
Array = NDArray[np.float64]

_LARGEST, _SMALLEST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class Windows:
    """Disjoint closed intervals of keys, in order, for each outcome.

    owner: (windows,) the outcome of each.  lows, highs: keys.  before: finite values of the outcome below the
    window.  held: values inside.  histogram: (windows, parts) and extremes (windows, parts, 2) once counted.
    """

    outcomes: int
    owner: Ints
    lows: Ints
    highs: Ints
    before: Ints
    held: Ints
    histogram: Ints | None = None
    extremes: Ints | None = None

    @cached_property
    def shifts(self) -> Ints:
        """How far the key inside a window is shifted to find its part."""
        spans = [int(high) - int(low) for low, high in zip(self.lows, self.highs, strict=True)]
        return np.array([max(0, span.bit_length() - PART_BITS) for span in spans], np.int64)

    @property
    def counted_bytes(self) -> int:
        """What the counts of a range of trials take."""
        return 24 * PARTS * max(len(self.lows), 1)

    @property
    def atoms(self) -> NDArray[np.bool_]:
        """Windows that hold one value, many times or once."""
        return np.asarray(self.lows == self.highs)

    def bounds(self) -> list[tuple[int, int]]:
        """First and last window of every outcome."""
        edges = np.searchsorted(self.owner, np.arange(self.outcomes + 1))
        return [(int(a), int(b)) for a, b in itertools.pairwise(edges)]

    def bins_reached(self, grid: Grid) -> NDArray[np.uint8]:
        """Flags of the bins that windows reach into, (outcomes, bins): a value in another bin is in no window."""
        flags = np.zeros((self.outcomes, BINS), np.uint8)
        for k, (first, last) in enumerate(self.bounds()):
            lows, highs = (grid.bins_of(k, value_of(keys[first:last])) for keys in (self.lows, self.highs))
            for low, high in zip(lows, highs, strict=True):
                flags[k, low : high + 1] = 1
        return flags

    def loose(self) -> Windows:
        """The windows that are not atoms: those whose values have to be picked."""
        return self.taken(np.flatnonzero(~self.atoms))

    def widest_held(self, left: int, most: int) -> Ints:
        """The places, in order, of the fewest windows without which the others hold at most ``left`` values.

        Atoms hold nothing that has to be picked.  No more than ``most`` windows: counting one takes 96 KiB.
        """
        held = np.where(self.atoms, 0, self.held)
        order = np.argsort(-held, kind="stable")
        rest = held.sum() - np.cumsum(held[order])
        enough = 1 + int(np.count_nonzero(rest > left))
        return np.sort(order[: min(enough, most)])

    def taken(self, index: Ints) -> Windows:
        """Some of the windows, without counts."""
        return Windows(self.outcomes, *(column[index] for column in self._columns()))

    def replaced(self, index: Ints, narrower: Windows) -> Windows:
        """The windows with those at ``index`` replaced by narrower ones, again in order."""
        others = self.taken(np.setdiff1d(np.arange(len(self.lows)), index))
        columns = [np.concatenate(pair) for pair in zip(others._columns(), narrower._columns(), strict=True)]
        owner, before = columns[0], columns[3]
        order = np.lexsort((before, owner))
        return Windows(self.outcomes, *(column[order] for column in columns))

    def no_extremes(self) -> Ints:
        """Extremes of no values, shape (windows, parts, 2)."""
        out = np.empty((len(self.lows), PARTS, 2), np.int64)
        out[..., 0], out[..., 1] = _LARGEST, _SMALLEST
        return out

    def counted(self, histogram: Ints, extremes: Ints) -> Windows:
        """The same windows with counts."""
        return replace(self, histogram=histogram, extremes=extremes)

    def merge(self, other: Windows) -> Windows:
        """The counts over the trials of both."""
        assert self.histogram is not None and other.histogram is not None
        assert self.extremes is not None and other.extremes is not None
        low = np.minimum(self.extremes[..., 0], other.extremes[..., 0])
        high = np.maximum(self.extremes[..., 1], other.extremes[..., 1])
        return self.counted(self.histogram + other.histogram, np.stack([low, high], axis=-1))

    def narrowed(self, ranks: list[Ints]) -> Windows:
        """The parts that hold wanted ranks (by outcome), as new windows with exact ends."""
        assert self.histogram is not None and self.extremes is not None
        rows: list[tuple[int, int, int, int, int]] = []
        for w, owner in enumerate(self.owner):
            ends = int(self.before[w]) + np.cumsum(self.histogram[w])
            mine = ranks[owner]
            mine = mine[(mine >= self.before[w]) & (mine < self.before[w] + self.held[w])]
            for part in np.unique(np.searchsorted(ends, mine, side="right")):
                held = int(self.histogram[w, part])
                low, high = self.extremes[w, part]
                rows.append((int(owner), int(low), int(high), int(ends[part]) - held, held))
        return Windows.of(self.outcomes, rows)

    @classmethod
    def of(cls, outcomes: int, rows: list[tuple[int, int, int, int, int]]) -> Windows:
        """From rows (outcome, low key, high key, values before, values held), in order."""
        columns = np.array(rows, np.int64).reshape(-1, 5).T
        return cls(outcomes, *(np.ascontiguousarray(column) for column in columns))

    @classmethod
    def between(cls, outcomes: int, rows: list[tuple[int, float, float, int, int]]) -> Windows:
        """From rows with values in place of keys; the upper value is not inside."""
        keyed = [
            (k, int(key_of(np.array([low]))[0]), int(key_of(np.array([high]))[0]) - 1, before, held)
            for k, low, high, before, held in rows
        ]
        return cls.of(outcomes, keyed)

    def limit_of(self, outcome: int, rank: int) -> tuple[float, int]:
        """The lowest value of the window that holds a rank, and how many values lie below it."""
        first, last = self.bounds()[outcome]
        for w in range(first, last):
            if self.before[w] <= rank < self.before[w] + self.held[w]:
                return float(value_of(self.lows[w : w + 1])[0]), int(self.before[w])
        raise ValueError(f"no window of outcome {outcome} holds rank {rank}")

    def is_atom(self, outcome: int, value: float) -> bool:
        """Whether a window of the outcome begins at the value and holds nothing else."""
        first, last = self.bounds()[outcome]
        key = key_of(np.array([value]))[0]
        return bool(np.any((self.lows[first:last] == key) & self.atoms[first:last]))

    def order_statistics(self, outcome: int, picked: Array, ranks: Ints) -> dict[int, float]:
        """The values at ranks, from the atoms and from the values picked from all other windows."""
        first, last = self.bounds()[outcome]
        ordered = np.sort(picked)
        found: dict[int, float] = {}
        start = 0
        for w in range(first, last):
            inside = ranks[(ranks >= self.before[w]) & (ranks < self.before[w] + self.held[w])]
            if self.lows[w] == self.highs[w]:
                value = float(value_of(self.lows[w : w + 1])[0])
                found.update({int(rank): value for rank in inside})
            else:
                found.update({int(rank): float(ordered[start + rank - self.before[w]]) for rank in inside})
                start += int(self.held[w])
        return found

    def _columns(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        return self.owner, self.lows, self.highs, self.before, self.held
