"""Sums whose bits depend on the trials alone: a binary tree over tiles of 4,096 trials.

Node (level, index) is the sum of its two children (level - 1, 2 index) and (level - 1, 2 index + 1); level 0 are
the tiles, in order of trial.  A :class:`SumTree` holds the roots of complete subtrees, so trees of any ranges of
tiles merge, in any order, to the same bits, in memory that grows with the logarithm of the number of tiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SumTree:
    """Roots of complete subtrees: ``nodes[level, index]`` is the sum over tiles index << level and so on."""

    nodes: Mapping[tuple[int, int], Array] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Array, first_tile: int) -> SumTree:
        """The tree over consecutive tiles; rows has shape (tiles, ...)."""
        nodes: dict[tuple[int, int], Array] = {}
        level, first = 0, first_tile
        while len(rows):
            if first & 1:
                nodes[level, first] = rows[0]
                rows, first = rows[1:], first + 1
            if len(rows) & 1:
                nodes[level, first + len(rows) - 1] = rows[-1]
                rows = rows[:-1]
            rows, first, level = rows[0::2] + rows[1::2], first >> 1, level + 1
        return cls(_joined(nodes))

    def merge(self, other: SumTree) -> SumTree:
        """The tree over the tiles of both, which must not overlap."""
        common = self.nodes.keys() & other.nodes.keys()
        if common:
            raise ValueError(f"trees overlap at {sorted(common)}")
        return SumTree(_joined({**self.nodes, **other.nodes}))

    def total(self) -> Array:
        """The sum over all tiles: roots from the largest to the smallest, then in order of trial."""
        order = sorted(self.nodes, key=lambda node: (-node[0], node[1]))
        if not order:
            raise ValueError("the sum of no tiles has no shape")
        total = self.nodes[order[0]]
        for node in order[1:]:
            total = total + self.nodes[node]
        return total

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SumTree):
            return NotImplemented
        return self.nodes.keys() == other.nodes.keys() and all(
            np.array_equal(value, other.nodes[node], equal_nan=True) for node, value in self.nodes.items()
        )

    __hash__ = None  # type: ignore[assignment]


def _joined(nodes: dict[tuple[int, int], Array]) -> dict[tuple[int, int], Array]:
    """Replace pairs of siblings by their parent until none is left."""
    waiting = list(nodes)
    while waiting:
        level, index = waiting.pop()
        pair = (level, index & ~1), (level, index | 1)
        if pair[0] in nodes and pair[1] in nodes:
            parent = (level + 1, index >> 1)
            if parent in nodes:
                raise ValueError(f"trees overlap at {parent}")
            nodes[parent] = nodes.pop(pair[0]) + nodes.pop(pair[1])
            waiting.append(parent)
    return nodes
