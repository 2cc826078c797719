"""Insurance layers: what of a loss lies between a deductible and the limit above it, and what remains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simengine.distributions.marginal import Array, Pieces
from simengine.distributions.pieces import lines, probability_below, value_at


@dataclass(frozen=True)
class Layer:
    """The insured part ``min(max(x - deductible, 0), limit)`` of a loss x, or what is retained: the rest."""

    deductible: float
    limit: float
    insured: bool

    @property
    def edges(self) -> Array:
        """The losses at which the layer begins and ends."""
        return np.array([self.deductible, self.deductible + self.limit])

    @property
    def flat(self) -> tuple[tuple[float, float], ...]:
        """The stretches of losses of which one and the same value is kept, ends included."""
        begin, end = self.edges.tolist()
        if not self.insured:
            return ((begin, end),)
        return ((-math.inf, begin), (end, math.inf)) if math.isfinite(end) else ((-math.inf, begin),)

    def apply(self, x: Array) -> Array:
        """What is kept of losses x >= 0."""
        if self.insured:
            return np.asarray(np.minimum(np.maximum(x - self.deductible, 0.0), self.limit))
        beyond = np.maximum(x - self.edges[1], 0.0) if math.isfinite(self.limit) else 0.0
        return np.asarray(np.minimum(x, self.deductible) + beyond)

    def largest(self, kept: Array) -> Array:
        """The largest loss of which no more than ``kept`` is kept."""
        kept = np.asarray(kept, np.float64)
        if self.insured:
            loss = np.where(kept < self.limit, kept + self.deductible, np.inf)
            return np.asarray(np.where(kept < 0, -1.0, loss))
        return np.asarray(np.where(kept < self.deductible, kept, kept + self.limit))

    def of_pieces(self, pieces: Pieces) -> Pieces:
        """The distribution of what is kept of a loss with a piecewise linear quantile function."""
        cuts = self.edges[np.isfinite(self.edges)]
        at_edges = np.concatenate([probability_below(pieces, cuts, strictly=True), probability_below(pieces, cuts)])
        inside = at_edges[(at_edges > 0) & (at_edges < 1)]
        begin = np.unique(np.concatenate((pieces.starts, inside)))
        end = np.append(begin[1:], 1.0)
        left = value_at(pieces, begin)
        k = np.searchsorted(pieces.starts, begin, side="right") - 1
        right = pieces.values[k] + pieces.slopes[k] * (end - pieces.starts[k])
        for cut in cuts.tolist():  # a piece that is cut ends where it is cut, whatever rounding makes of that
            rounding = 4 * np.spacing(cut) + 4 * np.spacing(1.0) * pieces.slopes[k]
            for side in (left, right):
                side[np.abs(side - cut) <= rounding] = cut
        first, last = self.apply(left), self.apply(right)
        flat = (first == last) & (np.append(np.nan, last[:-1]) == first) & (np.append(True, first[:-1] == last[:-1]))
        keep = ~flat  # a stretch of one value is one piece
        begin, first = begin[keep], first[keep]
        last = np.append(last[np.flatnonzero(keep)[1:] - 1], last[-1])
        values = np.column_stack((first, last)).ravel()
        probabilities = np.column_stack((begin, np.append(begin[1:], 1.0))).ravel()
        return lines(np.maximum.accumulate(values), probabilities)
