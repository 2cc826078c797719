"""Correlations: conversion, groups, contradictions, the nearest matrix, factors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.errors import InvalidInput
from simengine.sampling.copula import (
    MAX_GROUP,
    Dependent,
    Kind,
    Pair,
    check_matrix,
    factor,
    groups_of,
    nearest_correlation,
    normal_correlation,
    rank_correlation,
    settle,
    smallest_eigenvalue,
    worst_pair,
)

CONTRADICTION = np.array([[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]])


def group(matrix: np.ndarray, kind: Kind = "normal") -> Dependent:
    names = [chr(ord("A") + i) for i in range(len(matrix))]
    pairs = [
        Pair(names[i], names[j], kind, float(matrix[i, j]), f"c[{i}{j}]")
        for i in range(len(matrix))
        for j in range(i + 1, len(matrix))
    ]
    (found,) = groups_of(pairs)
    return found


def random_symmetric(seed: int, size: int) -> np.ndarray:
    matrix = np.random.default_rng(seed).uniform(-1, 1, (size, size))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1)
    return matrix


def random_correlation(seed: int, size: int, rank: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(size, rank))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    matrix = rows @ rows.T
    np.fill_diagonal(matrix, 1)
    return (matrix + matrix.T) / 2


# ---- conversion ----


def test_published_conversions() -> None:
    assert normal_correlation("spearman", 0.5) == pytest.approx(0.517638090205, abs=1e-12)
    assert normal_correlation("kendall", 0.5) == pytest.approx(math.sqrt(0.5), abs=1e-15)
    assert normal_correlation("normal", 0.5) == 0.5
    for kind in ("spearman", "kendall", "normal"):
        assert [normal_correlation(kind, value) for value in (-1.0, 0.0, 1.0)] == [-1, 0, 1]


@given(st.sampled_from(["spearman", "kendall", "normal"]), st.floats(-1, 1))
def test_conversion_is_odd_and_has_an_inverse(kind: Kind, value: float) -> None:
    normal = normal_correlation(kind, value)
    assert -1 <= normal <= 1
    assert normal_correlation(kind, -value) == -normal
    assert rank_correlation(kind, normal) == pytest.approx(value, abs=2e-8)


@pytest.mark.parametrize(("kind", "value"), [("spearman", 0.6), ("spearman", -0.8), ("kendall", 0.4)])
def test_samples_have_the_rank_correlation_that_was_asked_for(kind: Kind, value: float) -> None:
    """A sample of 200,000 pairs: its rank correlation has sd .0022, so taking r for rho (off by .018) is seen."""
    from scipy.stats import kendalltau, spearmanr

    normal = normal_correlation(kind, value)
    scores = np.random.default_rng(5).normal(size=(200_000, 2)) @ factor(np.array([[1, normal], [normal, 1]])).T
    measure = spearmanr if kind == "spearman" else kendalltau
    assert measure(scores[:, 0], scores[:, 1])[0] == pytest.approx(value, abs=5 * 0.0022)


# ---- groups ----


def test_pairs_join_to_groups() -> None:
    pairs = [
        Pair("V", "D", "normal", 0.5),
        Pair("x", "y", "kendall", 0.2),
        Pair("R", "D", "normal", 0.3),
        Pair("y", "x", "kendall", 0.2),
    ]
    first, second = groups_of(pairs)
    assert first.names == ("D", "R", "V")
    np.testing.assert_array_equal(first.matrix, [[1, 0.3, 0.5], [0.3, 1, 0], [0.5, 0, 1]])
    assert second.names == ("x", "y")
    assert groups_of([]) == ()


@settings(max_examples=50)
@given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_order_of_pairs_and_names_does_not_matter(order: list[int], turned: list[bool]) -> None:
    names = [("V", "D"), ("D", "R"), ("L", "x"), ("x", "y"), ("R", "V"), ("p", "q")]
    pairs = [Pair(*pair, "normal", 0.1 * index) for index, pair in enumerate(names)]
    mixed = [Pair(p.second, p.first, p.kind, p.value) if turn else p for p, turn in zip(pairs, turned, strict=True)]
    expected, found = groups_of(pairs), groups_of([mixed[index] for index in order])
    assert [one.names for one in found] == [one.names for one in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.matrix, other.matrix)


def test_contradictory_pairs() -> None:
    with pytest.raises(InvalidInput) as caught:
        groups_of([
            Pair("V", "D", "spearman", 0.5, "c[0]"),
            Pair("D", "V", "spearman", 0.4, "c[1]"),
            Pair("D", "V", "spearman", 0.5, "c[2]"),
            Pair("V", "D", "kendall", 0.5, "c[3]"),
            Pair("V", "V", "normal", 0.5, "c[4]"),
        ])  # fmt: skip
    assert [problem.key for problem in caught.value.problems] == ["c[1]", "c[3]", "c[4]"]
    assert "correlated with itself" in caught.value.problems[2].reason


def test_a_group_has_a_limit() -> None:
    chain = [Pair(f"x{i}", f"x{i + 1}", "normal", 0.1) for i in range(MAX_GROUP)]
    assert len(groups_of(chain[:-1])[0].names) == MAX_GROUP
    with pytest.raises(InvalidInput, match=f"at most {MAX_GROUP}"):
        groups_of(chain)


# ---- matrices as written ----


def test_a_good_matrix_has_no_problems() -> None:
    assert check_matrix(["a", "b"], [[1, 0.5], [0.5, 1]]) == []


@pytest.mark.parametrize(
    ("matrix", "key", "said"),
    [
        ([[1, 0.5]], "", "1 rows of 2 numbers for 2 names"),
        ([[1, 0.5], [0.5]], "", "2 rows of 1 or 2 numbers"),
        ([], "", "0 rows of no numbers"),
        ([[1, 0.5], [0.4, 1]], "[1][0]", "not symmetric"),
        ([[1, 0.5], [0.5, 0.9]], "[1][1]", "b must have correlation 1 with itself"),
        ([[1, 2], [2, 1]], "[1][0]", "between -1 and 1"),
        ([[1, math.nan], [math.nan, 1]], "[1][0]", "not symmetric"),
    ],
)
def test_matrices_that_are_none(matrix: list[list[float]], key: str, said: str) -> None:
    (problem,) = check_matrix(["a", "b"], matrix)
    assert problem.key == key
    assert said in problem.reason


# ---- contradictions ----


def test_the_known_contradiction_is_refused_with_all_that_helps() -> None:
    one = group(CONTRADICTION)
    assert smallest_eigenvalue(one.matrix) == pytest.approx(-0.00735, abs=5e-6)
    with pytest.raises(InvalidInput) as caught:
        settle(one)
    (problem,) = caught.value.problems
    assert problem.key == "c[01]"
    assert "eigenvalue -0.00735" in problem.reason
    assert "the pair A, B contributes most" in problem.reason
    assert problem.hint is not None
    assert "A-B 0.8946 (for 0.9), A-C 0.6966 (for 0.7), B-C 0.3025 (for 0.3)" in problem.hint
    assert "at most 0.00542; repair = true accepts it" in problem.hint


def test_the_nearest_matrix_is_told_in_the_kind_that_was_given() -> None:
    one = group(np.array([[1, 0.95, 0.6], [0.95, 1, 0.2], [0.6, 0.2, 1]]), "kendall")
    nearest = nearest_correlation(one.matrix)
    with pytest.raises(InvalidInput) as caught:
        settle(one)
    expected = rank_correlation("kendall", float(nearest[0, 1]))
    assert f"A-B {expected:.4g} (for 0.95)" in str(caught.value)


def test_repair_accepts_the_nearest_matrix() -> None:
    matrix, change = settle(group(CONTRADICTION), repair=True)
    assert smallest_eigenvalue(matrix) > -1e-14
    assert change == pytest.approx(np.abs(matrix - CONTRADICTION).max())


@pytest.mark.parametrize("repair", [True, False])
def test_a_good_matrix_is_left_alone(repair: bool) -> None:
    for matrix in (np.eye(3), np.ones((4, 4)), random_correlation(1, 5, 5), random_correlation(2, 6, 2)):
        settled, change = settle(group(matrix), repair=repair)
        assert change == 0
        np.testing.assert_array_equal(settled, matrix)


def test_the_worst_pair_is_the_one_whose_loss_helps_most() -> None:
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = 0.9
    matrix[1, 2] = matrix[2, 1] = 0.9
    matrix[0, 2] = matrix[2, 0] = -0.9
    matrix[0, 3] = matrix[3, 0] = 0.1
    i, j = worst_pair(matrix)
    without = matrix.copy()
    without[i, j] = without[j, i] = 0
    others = []
    for a, b in [(0, 1), (0, 2), (1, 2), (0, 3)]:
        other = matrix.copy()
        other[a, b] = other[b, a] = 0
        others.append(smallest_eigenvalue(other))
    assert smallest_eigenvalue(without) == pytest.approx(max(others), abs=1e-9)


# ---- the nearest matrix ----


def test_the_published_nearest_matrix() -> None:
    """Higham (2002), the example of section 4: ones on the three middle diagonals."""
    found = nearest_correlation(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    np.testing.assert_allclose(found, [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]], atol=5e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_nearest_is_a_correlation_matrix_and_nearer_than_others(seed: int, size: int) -> None:
    matrix = random_symmetric(seed, size)
    found = nearest_correlation(matrix)
    np.testing.assert_array_equal(np.diag(found), 1)
    np.testing.assert_array_equal(found, found.T)
    assert smallest_eigenvalue(found) > -1e-12
    distance = np.linalg.norm(found - matrix)
    # what clipping the eigenvalues and scaling gives is a correlation matrix too, and never nearer
    values, vectors = np.linalg.eigh(matrix)
    clipped = (vectors * np.maximum(values, 0)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(clipped))
    assert distance <= np.linalg.norm(clipped * np.outer(scale, scale) - matrix) + 1e-6
    # nor is any point on the way to another correlation matrix
    for other in (np.eye(size), random_correlation(seed + 1, size, size)):
        between = 0.99 * found + 0.01 * other
        assert distance <= np.linalg.norm(between - matrix) + 1e-6


# ---- factors ----


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12))
def test_a_factor_gives_its_matrix_back(seed: int, size: int, rank: int) -> None:
    matrix = random_correlation(seed, size, rank)
    lower = factor(matrix)
    np.testing.assert_array_equal(np.triu(lower, 1), 0)
    np.testing.assert_allclose(lower @ lower.T, matrix, atol=2e-6 if rank < size else 1e-9)
    np.testing.assert_allclose(np.sum(lower**2, axis=1), 1, rtol=4e-16 * size)
    assert np.all(np.diag(lower) >= 0)


def test_known_factors() -> None:
    np.testing.assert_array_equal(factor(np.eye(3)), np.eye(3))
    np.testing.assert_array_equal(factor(np.ones((3, 3))), [[1, 0, 0], [1, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(factor(np.array([[1.0, -1.0], [-1.0, 1.0]])), [[1, 0], [-1, 0]])
    np.testing.assert_allclose(factor(np.array([[1, 0.6], [0.6, 1]])), [[1, 0], [0.6, 0.8]], rtol=1e-15)


def test_a_repaired_matrix_has_a_factor() -> None:
    for seed in range(20):
        matrix = nearest_correlation(random_symmetric(seed, 8))
        lower = factor(matrix)
        np.testing.assert_allclose(lower @ lower.T, matrix, atol=1e-6)
