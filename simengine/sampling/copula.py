"""Dependence between inputs: what the user says about pairs becomes one correlation matrix of normal scores.

A Gaussian or t copula joins the inputs of a group by the correlation of their normal scores.  Users know rank
correlations, so those are converted; what they say of several pairs may contradict itself, which shows as a
negative eigenvalue of the matrix.

References: Kruskal, "Ordinal measures of association", JASA 53 (1958); Higham, "Computing the nearest correlation
matrix", IMA J. Numer. Anal. 22 (2002); McNeil, Frey, Embrechts, "Quantitative Risk Management" (2015), section 7.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simengine.errors import InvalidInput, Problem

Matrix = NDArray[np.float64]
Kind = Literal["spearman", "kendall", "normal"]

MAX_GROUP = 100
"""Inputs that one group of correlations may join."""

SEMIDEFINITE = -1e-10
"""A matrix whose smallest eigenvalue is at least this is taken as positive semidefinite: the rest is rounding."""

_SHOWN_PAIRS = 8


def normal_correlation(kind: Kind, value: float) -> float:
    """The correlation of normal scores that has the given rank correlation.

    Spearman's rho gives ``2 sin(pi rho / 6)``, exact for the Gaussian copula; Kendall's tau ``sin(pi tau / 2)``,
    exact for the Gaussian and the t copula; the correlation of the normal scores is itself.
    """
    if kind == "spearman":
        # sin(pi/6) is not exactly one half in floating point, and 1 must stay 1
        return math.copysign(1.0, value) if abs(value) == 1 else 2.0 * math.sin(math.pi * value / 6.0)
    return math.sin(math.pi * value / 2.0) if kind == "kendall" else float(value)


def rank_correlation(kind: Kind, normal: float) -> float:
    """The inverse of :func:`normal_correlation`: how a correlation of normal scores is written in a ``kind``."""
    if kind == "spearman":
        return 6.0 / math.pi * math.asin(normal / 2.0)
    return 2.0 / math.pi * math.asin(max(-1.0, min(1.0, normal))) if kind == "kendall" else normal


@dataclass(frozen=True)
class Pair:
    """What the user says of two inputs.  ``key`` is where, for messages."""

    first: str
    second: str
    kind: Kind
    value: float
    key: str = ""

    @property
    def names(self) -> tuple[str, str]:
        """Both names in alphabetical order: a pair has no direction."""
        return (self.first, self.second) if self.first <= self.second else (self.second, self.first)


@dataclass(frozen=True)
class Dependent:
    """Inputs joined directly or through others: names in alphabetical order, so that a file's order is no matter.

    ``matrix`` is the correlation of normal scores, shape ``(k, k)``; pairs of which nothing is said have 0.
    ``said`` maps pairs (names in order) to what was said of them.
    """

    names: tuple[str, ...]
    matrix: Matrix
    said: Mapping[tuple[str, str], Pair]


def check_pairs(pairs: Sequence[Pair]) -> list[Problem]:
    """Problems of pairs taken one by one: an input paired with itself, and contradictions about one pair."""
    problems = []
    said: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        if pair.first == pair.second:
            problems.append(
                Problem(f"{pair.first} is correlated with itself", key=pair.key, allowed="two different inputs")
            )
            continue
        before = said.setdefault(pair.names, pair)
        if normal_correlation(before.kind, before.value) != normal_correlation(pair.kind, pair.value):
            problems.append(
                Problem(
                    f"{pair.first} and {pair.second} already have the {before.kind} correlation {before.value:g}",
                    key=pair.key,
                    value=f"{pair.value:g}",
                    hint="say it once",
                )
            )
    return problems


def groups_of(pairs: Sequence[Pair]) -> tuple[Dependent, ...]:
    """The connected groups of the inputs in ``pairs``, ordered by their first names.

    Raises
    ------
    InvalidInput
        A pair is contradictory (see :func:`check_pairs`), or a group has more than :data:`MAX_GROUP` inputs.
    """
    problems = check_pairs(pairs)
    if problems:
        raise InvalidInput(problems)
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for pair in pairs:
        root[find(pair.first)] = find(pair.second)
    members: dict[str, list[str]] = {}
    for name in sorted(root):
        members.setdefault(find(name), []).append(name)
    said = {pair.names: pair for pair in reversed(pairs)}
    by_group: dict[str, dict[tuple[str, str], Pair]] = {}
    for names, pair in said.items():
        by_group.setdefault(find(names[0]), {})[names] = pair
    return tuple(_dependent(names, by_group[representative]) for representative, names in members.items())


def _dependent(names: list[str], said: Mapping[tuple[str, str], Pair]) -> Dependent:
    if len(names) > MAX_GROUP:
        key = next(iter(said.values())).key
        raise InvalidInput(
            Problem(
                f"{len(names)} inputs are joined by correlations", key=key, allowed=f"at most {MAX_GROUP} in a group"
            )
        )
    place = {name: index for index, name in enumerate(names)}
    matrix = np.eye(len(names))
    for (first, second), pair in said.items():
        i, j = place[first], place[second]
        matrix[i, j] = matrix[j, i] = normal_correlation(pair.kind, pair.value)
    return Dependent(tuple(names), matrix, said)


def check_matrix(names: Sequence[str], matrix: Sequence[Sequence[float]]) -> list[Problem]:
    """Problems of a matrix as written: shape, diagonal, symmetry, range.  Keys are ``[row][column]``."""
    size = len(names)
    if len(matrix) != size or any(len(row) != size for row in matrix):
        widths = sorted({len(row) for row in matrix})
        shape = f"{len(matrix)} rows of {' or '.join(str(width) for width in widths) or 'no'} numbers"
        return [Problem(f"the matrix has {shape} for {size} names", allowed=f"{size} rows of {size} numbers")]
    problems = []
    for i in range(size):
        if matrix[i][i] != 1:
            problems.append(
                Problem(
                    f"{names[i]} must have correlation 1 with itself",
                    key=f"[{i}][{i}]",
                    value=f"{matrix[i][i]:g}",
                    allowed="1 on the diagonal",
                )
            )
        for j in range(i):
            if matrix[i][j] != matrix[j][i]:
                problems.append(
                    Problem(
                        f"the matrix is not symmetric: {names[i]} and {names[j]} have {matrix[j][i]:g} above the "
                        f"diagonal and {matrix[i][j]:g} below",
                        key=f"[{i}][{j}]",
                        value=f"{matrix[i][j]:g}",
                        allowed="the same number in both places",
                    )
                )
            elif not -1 <= matrix[i][j] <= 1:
                problems.append(
                    Problem(
                        "a correlation lies between -1 and 1",
                        key=f"[{i}][{j}]",
                        value=f"{matrix[i][j]:g}",
                        allowed="-1 to 1",
                    )
                )
    return problems


def smallest_eigenvalue(matrix: Matrix) -> float:
    """The smallest eigenvalue of a symmetric matrix; negative where the correlations contradict each other."""
    return float(np.linalg.eigvalsh(matrix)[0])


def worst_pair(matrix: Matrix) -> tuple[int, int]:
    """The pair i < j whose correlation adds most to the negative side of the smallest eigenvalue.

    With its eigenvector v the eigenvalue is the sum of ``v_i v_j c_ij``; the most negative term is meant.
    """
    vector = np.linalg.eigh(matrix)[1][:, 0]
    share = np.triu(np.outer(vector, vector) * matrix, 1)
    i, j = divmod(int(np.argmin(share)), len(matrix))
    return i, j


def nearest_correlation(matrix: Matrix, *, tolerance: float = 1e-12, most_steps: int = 500) -> Matrix:
    """The correlation matrix that is nearest in the Frobenius norm, shape ``(k, k)``.

    Alternating projections on the positive semidefinite matrices and on those of unit diagonal, with Dykstra's
    correction (Higham 2002).  The result is semidefinite up to rounding and has exact ones on its diagonal.
    """
    current = matrix.copy()
    correction = np.zeros_like(matrix)
    for _ in range(most_steps):
        shifted = current - correction
        semidefinite = _semidefinite_part(shifted)
        correction = semidefinite - shifted
        following = semidefinite.copy()
        np.fill_diagonal(following, 1.0)
        moved = np.linalg.norm(following - current)
        current = following
        if moved <= tolerance * np.linalg.norm(current):
            break
    # The last projection left the cone by a little: enter it again and scale the diagonal back to ones.
    inside = _semidefinite_part(current)
    scale = 1.0 / np.sqrt(np.diag(inside))
    result = inside * scale[:, None] * scale[None, :]
    result = np.clip((result + result.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(result, 1.0)
    return np.asarray(result, dtype=np.float64)


def _semidefinite_part(matrix: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(matrix)
    part = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return np.asarray((part + part.T) / 2.0, dtype=np.float64)


def settle(group: Dependent, *, repair: bool = False) -> tuple[Matrix, float]:
    """The matrix of a group, repaired where that is needed and allowed, and the largest change of an entry.

    Raises
    ------
    InvalidInput
        The matrix has a negative eigenvalue and ``repair`` is not set; the problem's key is that of the pair
        that contributes most.
    """
    eigenvalue = smallest_eigenvalue(group.matrix)
    if eigenvalue >= SEMIDEFINITE:
        return group.matrix, 0.0
    nearest = nearest_correlation(group.matrix)
    change = float(np.max(np.abs(nearest - group.matrix)))
    if repair:
        return nearest, change
    i, j = worst_pair(group.matrix)
    pair = group.said[group.names[i], group.names[j]]  # a pair of correlation 0 contributes nothing
    raise InvalidInput(
        Problem(
            f"the correlations of {', '.join(group.names)} contradict each other: their matrix (of normal scores) "
            f"has the eigenvalue {eigenvalue:.3g}; the pair {pair.first}, {pair.second} contributes most",
            key=pair.key,
            value=f"{pair.value:g}",
            allowed="a matrix without negative eigenvalues",
            hint=f"the nearest one has {_describe(group, nearest)}, a change of at most {change:.3g}; "
            "repair = true accepts it",
        )
    )


def _describe(group: Dependent, nearest: Matrix) -> str:
    """Pairs of the nearest matrix that moved, in the kind in which they were given, the largest move first."""
    moves = np.triu(np.abs(nearest - group.matrix), 1)
    order = np.argsort(-moves, axis=None, kind="stable")[:_SHOWN_PAIRS]
    parts = []
    for flat in order:
        i, j = divmod(int(flat), len(group.names))
        if moves[i, j] < 5e-7:
            break
        pair = group.said.get((group.names[i], group.names[j]))
        kind = pair.kind if pair else next(iter(group.said.values())).kind
        given = f"{pair.value:g}" if pair else "0"
        parts.append(f"{group.names[i]}-{group.names[j]} {rank_correlation(kind, nearest[i, j]):.4g} (for {given})")
    return ", ".join(parts)


def factor(matrix: Matrix) -> Matrix:
    """Lower triangular L with ``L @ L.T == matrix`` and rows of length 1, for a semidefinite correlation matrix.

    A Cholesky factorisation in a fixed order of operations; where nothing is left of a diagonal entry (an input
    that follows from those before it) the column is 0.
    """
    size = len(matrix)
    lower = np.zeros((size, size))
    rounding = 1e-11 * size
    for i in range(size):
        for j in range(i):
            if lower[j, j] > 0:
                dot = math.fsum(lower[i, k] * lower[j, k] for k in range(j))
                lower[i, j] = (matrix[i, j] - dot) / lower[j, j]
        rest = 1.0 - math.fsum(lower[i, k] * lower[i, k] for k in range(i))
        lower[i, i] = math.sqrt(rest) if rest > rounding else 0.0
        # A score must have variance 1 to the last bit that matters, whatever rounding did above.
        lower[i] /= math.sqrt(math.fsum(lower[i, k] * lower[i, k] for k in range(i + 1)))
    return lower
