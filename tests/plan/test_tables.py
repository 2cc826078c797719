"""Quantile tables reach their error for every family, and damage to one is noticed."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from family_cases import FAMILY_CASES

from simengine.distributions import resolve
from simengine.distributions.marginal import Marginal
from simengine.errors import CacheWarning
from simengine.plan import store, tables
from simengine.plan.tables import TOLERANCE, WORD, NormalScore, QuantileTable, TScore, build_table

TABULATED = [
    pytest.param(spec, id=name)
    for name, spec in FAMILY_CASES
    if resolve(spec).constant is None and resolve(spec).pieces is None and not resolve(spec).parts
]


def worst_error(table: QuantileTable, marginal: Marginal, seed: int = 11) -> float:
    """Largest error in probability at points the builder did not look at, a few ulp of x forgiven."""
    draw = np.random.default_rng(seed)
    q = np.concatenate([draw.random(4000) / 2, 10 ** draw.uniform(-15.5, -0.31, 2000)])
    upper = draw.random(q.size) < 0.5
    x = table.at(q, upper)
    slack = tables.ULPS * np.spacing(np.abs(x))

    def tail(at):
        low, high = marginal.support
        inside = np.clip(at, low, high)
        here = np.where(upper, marginal.sf(inside), marginal.cdf(inside))
        return np.where(at < low, upper * 1.0, np.where(at > high, ~upper * 1.0, here))

    least, here, most = np.sort([tail(x - slack), tail(x), tail(x + slack)], axis=0)
    inside = (least <= q) & (q <= most)
    return float(np.max(np.where(inside, 0.0, np.min(np.abs([least - q, here - q, most - q]), axis=0))))


@pytest.mark.parametrize("spec", TABULATED)
@pytest.mark.parametrize("axis", [WORD, NormalScore()], ids=["word", "score"])
def test_every_family_reaches_the_tolerance(spec, axis):
    marginal = resolve(spec)
    if marginal.slow and axis is WORD:
        pytest.skip("reached through its score table in every plan")
    table = build_table(marginal, axis)
    assert table.error <= TOLERANCE
    if not marginal.slow:
        assert worst_error(table, marginal) <= 2 * TOLERANCE


@pytest.mark.parametrize("spec", TABULATED)
def test_tables_rise_and_stay_inside_the_support(spec):
    marginal = resolve(spec)
    table = build_table(marginal, NormalScore())
    u = np.linspace(1e-9, 1 - 1e-9, 20_001)
    x = table.quantile(u)
    assert np.all(np.isfinite(x))
    assert np.all(np.diff(x) >= -1e-11 * np.ptp(x))
    low, high = marginal.support
    assert low <= x.min() and x.max() <= high


def test_score_tables_of_a_t_copula():
    marginal = resolve({"dist": "lognormal", "mu": 0, "sigma": 0.4})
    for dof in (1, 2.5, 4, 30):
        assert build_table(marginal, TScore(dof)).error <= TOLERANCE


def test_a_planted_error_is_seen():
    """A change of one coefficient by 1e-9 of the spread shows in the measured error."""
    marginal = resolve({"dist": "normal", "mean": 0, "sd": 1})
    table = build_table(marginal, WORD)
    assert worst_error(table, marginal) < 1e-13
    rows = table.rows.copy()
    rows[50 * 32 + 5, 0] += 1e-9
    assert worst_error(replace(table, rows=rows), marginal) > 1e-11


def test_kinks_are_exact():
    triangular = resolve({"dist": "triangular", "min": 0, "mode": 3, "max": 10})
    uncut = replace(triangular, kinks=())
    assert build_table(triangular, WORD).error < 1e-13
    coarse = replace(uncut, kinks=(0.1,))
    for wrong in (uncut, coarse):
        try:
            assert build_table(wrong, WORD).error > 1e-9
        except ValueError as refusal:
            assert "cannot be tabulated" in str(refusal)


def test_a_steep_beta_does_not_pass_one():
    """Rounding may lift a value that is 1 but for 1e-18 above 1, and 1 - x below 0."""
    marginal = resolve({"dist": "beta", "alpha": 2, "beta": 0.3})
    table = build_table(marginal, WORD)
    assert table.ceiling == 1.0
    assert table.at(np.array([2.0**-54, 1e-12, 1e-6]), np.array([True] * 3)).max() <= 1.0


def test_a_stored_table_is_the_built_one(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMENGINE_CACHE", str(tmp_path))
    marginal = resolve({"dist": "triangular", "min": 0, "mode": 3, "max": 10})
    for axis in (WORD, NormalScore(), TScore(4.0)):
        built = store.stored_table(marginal, axis)
        monkeypatch.setattr(store, "build_table", None)
        again = store.stored_table(marginal, axis)
        monkeypatch.undo()
        monkeypatch.setenv("SIMENGINE_CACHE", str(tmp_path))
        assert np.array_equal(built.rows, again.rows) and np.array_equal(built.kinks, again.kinks)
        assert (built.half, built.log, built.error) == (again.half, again.log, again.error)


@pytest.mark.parametrize("damage", ["truncate", "flip", "foreign", "empty"])
def test_a_damaged_store_is_built_again(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("SIMENGINE_CACHE", str(tmp_path))
    marginal = resolve({"dist": "normal", "mean": 0, "sd": 1})
    good = store.stored_table(marginal, NormalScore())
    (path,) = (tmp_path / "tables").iterdir()
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    damaged = {"truncate": bytes(content[:100]), "foreign": b"PK" * 90, "empty": b""}.get(damage, bytes(content))
    path.write_bytes(damaged)
    again = store.stored_table(marginal, NormalScore())
    assert np.array_equal(good.rows, again.rows)
    assert path.read_bytes() != damaged


def test_without_a_store_everything_works(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for cache in ("off", str(tmp_path / "file")):
        monkeypatch.setenv("SIMENGINE_CACHE", cache)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheWarning)  # it says so once
            table = store.stored_table(resolve({"dist": "normal", "mean": 0, "sd": 1}), NormalScore())
        assert table.error < 1e-13
