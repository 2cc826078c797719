"""How the trials of a run are laid out: samplers, and replicates as equal ranges of trials.

A replicate is one independent randomisation of the sampler's points.  It has 2**bits trials, a power of two: only
then are Sobol points perfectly balanced, and only then is a replicate one complete subtree of the summation tree.
The last replicate of a run may be cut short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Sampler = Literal["sobol", "random", "lhs", "antithetic"]
"""Sources of draws: scrambled Sobol points, independent draws, Latin hypercubes, pairs of opposite draws."""

SAMPLERS: tuple[str, ...] = get_args(Sampler)
DEFAULT_SAMPLER: Sampler = "sobol"

Precision = Literal["float64", "float32"]
"""Of words, tables and arithmetic: the reference, and the fast mode."""

PRECISIONS: tuple[str, ...] = get_args(Precision)
DEFAULT_REPLICATES = 32
FEWEST_REPLICATES, MOST_REPLICATES = 8, 1024

TILE = 4096
"""Trials of a tile of the summation tree, where replicates are not shorter."""


@dataclass(frozen=True)
class Design:
    """The layout of a run of ``trials`` trials.

    Trial t is point t % 2**bits of replicate t // 2**bits.  Independent draws have no replicates: ``bits`` is 63.
    """

    trials: int
    bits: int
    replicated: bool

    @classmethod
    def of(cls, sampler: str, trials: int, replicates: int = DEFAULT_REPLICATES) -> Design:
        """The layout whose number of replicates is nearest, as a ratio, to the one asked for.

        Raises
        ------
        ValueError
            If there is no such sampler.
        """
        if sampler not in SAMPLERS:
            raise ValueError(f"no sampler {sampler!r}; one of {', '.join(SAMPLERS)}")
        if sampler == "random":
            return cls(trials, 63, False)
        bits = max(0, (trials * trials // (replicates * replicates)).bit_length() - 1)
        bits = (bits + 1) // 2  # 2**bits is within a factor of sqrt(2) of trials / replicates
        return cls(trials, max(bits, 1) if sampler == "antithetic" else bits, True)

    @property
    def size(self) -> int:
        """Trials in a whole replicate."""
        return 1 << self.bits

    @property
    def replicates(self) -> int:
        """How many replicates the run begins; 0 for independent draws."""
        return -(-self.trials // self.size) if self.replicated else 0

    @property
    def tile(self) -> int:
        """Trials of a tile: every tile lies in one replicate."""
        return min(TILE, self.size)

    @property
    def top(self) -> int | None:
        """The level of the summation tree whose nodes are whole replicates; None without replicates."""
        return self.bits - self.tile.bit_length() + 1 if self.replicated else None
