"""Sums whose bits depend on the trials alone: a binary tree over tiles of trials.

Node (level, index) is the sum of its two children (level - 1, 2 index) and (level - 1, 2 index + 1); level 0 are
the tiles, in order of trial.  A :class:`SumTree` holds the roots of complete subtrees, so trees of any ranges of
tiles merge, in any order, to the same bits, in memory that grows with the logarithm of the number of tiles.  A tree
of replicated draws is not joined above the level whose nodes are the replicates, so that the sum of each can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SumTree:
    """Roots of complete subtrees: ``nodes[level, index]`` is the sum over tiles index << level and so on.

    top: the level above which subtrees are not joined before the total is asked for; None if there is none.
    """

    nodes: Mapping[tuple[int, int], Array] = field(default_factory=dict)
    top: int | None = None

    @classmethod
    def of(cls, rows: Array, first: int, top: int | None = None, level: int = 0) -> SumTree:
        """The tree over consecutive nodes of a level, by default tiles; rows has shape (nodes, ...)."""
        nodes: dict[tuple[int, int], Array] = {}
        while len(rows):
            if level == top:
                nodes.update(((level, first + place), row) for place, row in enumerate(rows))
                break
            if first & 1:
                nodes[level, first] = rows[0]
                rows, first = rows[1:], first + 1
            if len(rows) & 1:
                nodes[level, first + len(rows) - 1] = rows[-1]
                rows = rows[:-1]
            rows, first, level = rows[0::2] + rows[1::2], first >> 1, level + 1
        return cls(_joined(nodes, top), top)

    def merge(self, other: SumTree) -> SumTree:
        """The tree over the tiles of both, which must not overlap."""
        common = self.nodes.keys() & other.nodes.keys()
        if common:
            raise ValueError(f"trees overlap at {sorted(common)}")
        top = self.top if self.nodes else other.top
        if other.nodes and other.top != top:
            raise ValueError(f"trees of different layouts: replicates at level {top} and {other.top}")
        return SumTree(_joined({**self.nodes, **other.nodes}, top), top)

    def total(self) -> Array:
        """The sum over all tiles: roots from the largest to the smallest, then in order of trial."""
        if not self.nodes:
            raise ValueError("the sum of no tiles has no shape")
        return _added(_joined(dict(self.nodes), None))

    def by_replicate(self) -> dict[int, Array]:
        """The sum over each replicate, in order; all of a tree without replicates is replicate 0."""
        found: dict[int, dict[tuple[int, int], Array]] = {}
        for (level, index), value in self.nodes.items():
            replicate = 0 if self.top is None else index >> (self.top - level)
            found.setdefault(replicate, {})[level, index] = value
        return {replicate: _added(found[replicate]) for replicate in sorted(found)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SumTree):
            return NotImplemented
        return self.nodes.keys() == other.nodes.keys() and all(
            np.array_equal(value, other.nodes[node], equal_nan=True) for node, value in self.nodes.items()
        )

    __hash__ = None  # type: ignore[assignment]


def _added(nodes: Mapping[tuple[int, int], Array]) -> Array:
    """The sum of subtrees, from the largest to the smallest, then in order of trial."""
    order = sorted(nodes, key=lambda node: (-node[0], node[1]))
    total = nodes[order[0]]
    for node in order[1:]:
        total = total + nodes[node]
    return total


def _joined(nodes: dict[tuple[int, int], Array], top: int | None) -> dict[tuple[int, int], Array]:
    """Replace pairs of siblings below the level ``top`` by their parent until none is left."""
    waiting = list(nodes)
    while waiting:
        level, index = waiting.pop()
        if level == top:
            continue
        pair = (level, index & ~1), (level, index | 1)
        if pair[0] in nodes and pair[1] in nodes:
            parent = (level + 1, index >> 1)
            if parent in nodes:
                raise ValueError(f"trees overlap at {parent}")
            nodes[parent] = nodes.pop(pair[0]) + nodes.pop(pair[1])
            waiting.append(parent)
    return nodes
