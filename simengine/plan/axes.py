"""How the segments of a quantile table lie along words or scores.

A 64-bit word is read as its top bit, which chooses the half, and 52 bits that are an exact tail probability
q = (m + 1/2) / 2**53.  A score is a number whose distribution is known, such as a normal score after correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.marginal import Marginal

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

OCTAVES = 53
"""Octaves of the tail probability that a word resolves."""
SCORE_LIMIT = 8.25
"""Normal scores beyond are clamped; P(|z| > 8.25) is 1.6e-16, less than a word resolves."""
_FEW = 16


class Axis(Protocol):
    """How segments lie along words or scores."""

    @property
    def half(self) -> int:
        """Segments in one half."""

    @property
    def count(self) -> int:
        """Segments in all, before kinks cut some of them."""

    @property
    def radius(self) -> float:
        """Largest local coordinate of a segment."""

    def evaluate(self, marginal: Marginal, segment: Indices, local: Array, log: bool) -> Array:
        """The exact quantile, or its logarithm, at local coordinates of segments (broadcast)."""

    def place(self, q: Array, upper: NDArray[np.bool_]) -> tuple[Indices, Array]:
        """Segment and local coordinate of tail probabilities q."""

    def kink_key(self, probability: float) -> int:
        """The kink as the kernel compares it: a word, or the bits of a score, as a signed integer."""

    def falling(self, segment: int) -> bool:
        """Whether x falls along the local coordinate of the segment."""


@dataclass(frozen=True)
class WordAxis:
    """Segments of the tail probability: 2**sub_bits for each octave, in both halves, in order of u."""

    sub_bits: int = 5

    @property
    def half(self) -> int:
        """Segments in one half."""
        return OCTAVES << self.sub_bits

    @property
    def count(self) -> int:
        """Segments in all."""
        return 2 * self.half

    @property
    def radius(self) -> float:
        """Largest local coordinate."""
        return 0.5 / (1 << self.sub_bits)

    def evaluate(self, marginal: Marginal, segment: Indices, local: Array, log: bool) -> Array:
        """Exact quantiles (or their logarithms) at local coordinates of segments."""
        upper = segment >= self.half
        j = np.where(upper, self.count - 1 - segment, segment)
        sub = 1 << self.sub_bits
        q = np.exp2(j // sub - 54.0) * (1 + (j % sub + 0.5) / sub + local)
        return _in_tails(marginal, np.clip(q, 2.0**-54, 0.5), upper, log)

    def place(self, q: Array, upper: NDArray[np.bool_]) -> tuple[Indices, Array]:
        """Segment and local coordinate of tail probabilities."""
        mantissa, exponent = np.frexp(q)
        sub = 1 << self.sub_bits
        within = (2 * mantissa - 1) * sub
        j = (exponent + 53).astype(np.int64) * sub + np.floor(within).astype(np.int64)
        j, at_end = np.minimum(j, self.half - 1), j >= self.half  # q = 1/2 ends the last segment
        local = np.where(at_end, self.radius, (within - np.floor(within) - 0.5) / sub)
        return np.where(upper, self.count - 1 - j, j), local

    def kink_key(self, probability: float) -> int:
        """The first word or score at or beyond the kink, as a signed integer."""
        return _signed(word_of(probability))

    def falling(self, segment: int) -> bool:
        """Whether x falls along the local coordinate."""
        return segment >= self.half


@dataclass(frozen=True)
class ScoreAxis:
    """Uniform segments of a score, centred on multiples of a step.

    Without ``dof`` the score is a normal score.  With it, the score is Wallace's transformation of Student's t,
    ``y = sign(t) sqrt(dof log(1 + t**2 / dof))``, which grows like a normal score where t has heavy tails.
    """

    steps_per_unit: int = 16
    dof: float | None = None
    cells: int | None = None
    """Segments in one half where they are known already (a stored table); else they follow from the rest."""

    @property
    def half(self) -> int:
        """Segments below the middle one."""
        if self.cells is not None:
            return self.cells
        if self.dof is None:
            limit = SCORE_LIMIT
        else:
            from scipy import special

            limit = float(_t_to_score(special.stdtrit(self.dof, 2.0**-53), self.dof))
        return int(abs(limit) * self.steps_per_unit)

    @property
    def count(self) -> int:
        """Segments in all."""
        return 2 * self.half + 1

    @property
    def radius(self) -> float:
        """Largest local coordinate."""
        return 0.5

    def evaluate(self, marginal: Marginal, segment: Indices, local: Array, log: bool) -> Array:
        """Exact quantiles (or their logarithms) at local coordinates of segments."""
        score = (segment - self.half + local) / self.steps_per_unit
        q = np.clip(self.tail(np.abs(score)), 2.0**-54, 0.5)
        return _in_tails(marginal, q, score >= 0, log)

    def place(self, q: Array, upper: NDArray[np.bool_]) -> tuple[Indices, Array]:
        """Segment and local coordinate of tail probabilities."""
        y = np.where(upper, -1.0, 1.0) * self.score(q) * self.steps_per_unit
        y = np.clip(y, -self.half, self.half)
        segment = np.rint(y).astype(np.int64)
        return segment + self.half, y - segment

    def kink_key(self, probability: float) -> int:
        """The first word or score at or beyond the kink, as a signed integer."""
        upper = probability > 0.5
        score = self.score(np.float64(1 - probability if upper else probability))
        return int(np.float64(-score if upper else score).view(np.int64))

    def falling(self, segment: int) -> bool:
        """Whether x falls along the local coordinate."""
        return False

    def tail(self, score: Array) -> Array:
        """P(score beyond), for score >= 0."""
        from scipy import special

        if self.dof is None:
            return np.asarray(special.ndtr(-score))
        t = np.sqrt(self.dof * np.expm1(score**2 / self.dof))
        return np.asarray(special.stdtr(self.dof, -t))

    def score(self, q: Array | np.float64) -> Array:
        """The score (not above 0) whose lower tail is q, for q <= 1/2."""
        if self.dof is None and np.size(q) <= _FEW:  # not worth the quarter of a second that SciPy takes to load
            normal = NormalDist()
            return np.array([normal.inv_cdf(float(tail)) for tail in np.ravel(q)]).reshape(np.shape(q))
        from scipy import special

        if self.dof is None:
            return np.asarray(special.ndtri(q))
        return _t_to_score(special.stdtrit(self.dof, q), self.dof)


WORD = WordAxis()


def NormalScore() -> ScoreAxis:
    """The axis of normal scores."""
    return ScoreAxis()


def TScore(dof: float) -> ScoreAxis:
    """The axis of t scores: ``y = t * sqrt(log(s) / (s - 1))`` with ``s = max(1 + t*t/dof, 1 + 2**-40)``."""
    return ScoreAxis(dof=dof)


def word_of(probability: float) -> int:
    """The smallest word whose probability is at least ``probability``; 2**64 - 1 beyond the last one."""
    return min(round(probability * 2.0**53) << 11, 2**64 - 1)


def _in_tails(marginal: Marginal, q: Array, upper: NDArray[np.bool_], log: bool) -> Array:
    """Quantiles, or their logarithms, at tail probabilities."""
    low, high = marginal.low, marginal.high
    if log:
        assert marginal.log_low is not None and marginal.log_high is not None
        low, high = marginal.log_low, marginal.log_high
    q, upper = np.broadcast_arrays(q, upper)
    out = np.empty(q.shape)
    out[upper], out[~upper] = high(q[upper]), low(q[~upper])
    return out


def _t_to_score(t: Array, dof: float) -> Array:
    return np.sign(t) * np.sqrt(dof * np.log1p(np.square(t) / dof))


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word
