"""The calculator against plain NumPy: its numbers, their bounds, and the formulas that give them."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

import simengine
from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.calculator import share_above, value_at
from simengine.report.workbook.curves import cumulative_points, outcome_curves
from simengine.results.dossier import Dossier
from simengine.results.draws import draws_of

SCENARIOS = Path(__file__).parents[2] / "scenarios"
LEVELS = np.array([5.0, 25.0, 50.0, 75.0, 95.0])


def curve_of(x):
    counts, edges = np.histogram(x, bins=60)
    return cumulative_points(edges, counts, np.percentile(x, LEVELS), LEVELS)


@pytest.fixture(scope="module")
def sample():
    return np.random.default_rng(5).lognormal(3.0, 0.6, 50_000)


@pytest.mark.parametrize("share", [0.0001, 0.013, 0.1, 0.25, 0.333, 0.5, 0.77, 0.95, 0.999])
def test_the_percentile_lies_between_its_bounds(sample, share):
    found = value_at(share, *curve_of(sample))
    before, after = np.quantile(sample, [share - 1.0 / sample.size, share + 1.0 / sample.size])  # a trial less or more
    assert found.low <= found.value <= found.high
    assert found.low <= after
    assert before <= found.high
    assert found.value == pytest.approx(np.quantile(sample, share), abs=found.high - found.low)


@pytest.mark.parametrize("target", [5.0, 10.0, 20.085, 33.3, 60.0, 120.0])
def test_the_share_above_a_target_lies_between_its_bounds(sample, target):
    found = share_above(target, *curve_of(sample))
    true = float((sample > target).mean())
    assert found.low <= found.value <= found.high
    assert found.low - 1e-9 <= true <= found.high + 1e-9


def test_known_percentiles_come_back(sample):
    curve = curve_of(sample)
    for level in LEVELS:
        assert value_at(level / 100.0, *curve).value == pytest.approx(np.percentile(sample, level), rel=1e-12)


def test_targets_beyond_all_trials(sample):
    curve = curve_of(sample)
    assert share_above(sample.min() - 1.0, *curve).value == 1.0
    assert share_above(sample.max(), *curve).value == 0.0
    assert share_above(sample.max() + 1.0, *curve).value == 0.0


def test_a_step_and_a_gap():
    x = np.concatenate((np.zeros(3000), np.linspace(10.0, 12.0, 7000)))
    curve = curve_of(x)
    assert value_at(0.1, *curve).value == pytest.approx(0.0, abs=0.2)
    assert share_above(5.0, *curve).value == pytest.approx(0.7)  # nothing lies between
    assert value_at(0.3000001, *curve).high >= 9.8


def test_beside_an_atom_the_truth_lies_between_the_bounds():
    """Of max(V, 0) the bin above 0 holds the atom and trials beside it: neither may be taken for the other."""
    x = np.maximum(np.random.default_rng(8).normal(0.1, 1.0, 40_000), 0.0)
    counts, edges = np.histogram(x, bins=60)
    curve = cumulative_points(edges, counts, np.percentile(x, LEVELS), LEVELS)
    beside = float(((x > 0.0) & (x < edges[1])).mean())
    assert beside > 0.02
    for target in (0.0, *np.linspace(0.0, edges[2], 41)[1:]):
        found = share_above(target, *curve)
        assert found.low - 1e-9 <= float((x > target).mean()) <= found.high + 1e-9
        assert found.low <= found.value <= found.high


def test_of_a_scenario_with_an_atom_too():
    """The peak funding of sharing is nothing in most trials of the shipped scenario."""
    trials = 20_000
    record = simengine.run(SCENARIOS / "battery_inspection_cross_border.toml", trials=trials).record
    o, s = record.outputs.index("peak_funding"), record.strategies.index("sharing")
    curves = next(one for one in outcome_curves(record) if one.output == o)
    draws = draws_of(record, trials, data=[SCENARIOS])
    column = next(k for k, one in enumerate(draws.columns) if one.label == "sharing:peak_funding")
    values = np.concatenate([values[column] for _, values in draws.blocks()])
    assert 0.2 < float((values == 0.0).mean()) < 1.0
    found = share_above(0.0, *curves.cumulative[curves.strategies.index(s)])
    assert found.low <= float((values > 0.0).mean()) <= found.high


@pytest.mark.parametrize("bins", [5, 60])
def test_no_probability_and_all_of_it_are_the_ends_of_the_curve(sample, bins):
    counts, edges = np.histogram(sample, bins=bins)
    curve = cumulative_points(edges, counts, np.percentile(sample, LEVELS), LEVELS)
    assert value_at(0.0, *curve).value == curve[0][0] == sample.min()
    assert value_at(1.0, *curve).value == curve[0][-1] == sample.max()
    padded = np.append(curve[0], [1e4, 2e4]), np.append(curve[1], [1.0, 1.0])  # bins above that hold nothing
    assert value_at(1.0, *padded).value == sample.max()


def test_the_sheet_holds_the_answers(record):
    content = workbook_bytes(Dossier(record))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Calculator").to_python()
    heads = [k for k, row in enumerate(rows) if row[0] == "strategy"]
    assert len(heads) == 2
    for head, curves in zip(heads, outcome_curves(record), strict=True):
        share, target = rows[head - 1][1], rows[head - 1][5]
        for row, curve in zip(rows[head + 1 :], curves.cumulative, strict=False):
            at, above = value_at(share, *curve), share_above(target, *curve)
            assert row[1:4] == pytest.approx([at.value, at.low, at.high], rel=1e-14)
            assert row[5:8] == pytest.approx([above.value, above.low, above.high], rel=1e-14)
    assert rows[heads[0] - 1][5] == 500.0  # the target of the scenario
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet4.xml").decode()
    assert sheet.count("<dataValidation ") == 4
    assert re.search(r'type="decimal".*?<formula1>0.0</formula1><formula2>1.0</formula2>', sheet)
    assert sheet.count("<f>") == 3 * 8


def test_a_threshold_that_was_counted_is_answered_as_it_was_counted():
    x = np.random.default_rng(3).normal(10.0, 25.0, 40_000)
    counts, edges = np.histogram(x, bins=12)
    counted = np.array([0.0, 33.0]), np.array([(x < 0.0).mean(), (x < 33.0).mean()])
    rough = cumulative_points(edges, counts, np.percentile(x, LEVELS), LEVELS)
    curve = cumulative_points(edges, counts, np.percentile(x, LEVELS), LEVELS, counted)
    for target in counted[0]:
        exact = (x > target).mean()
        assert share_above(target, *curve).value == pytest.approx(exact, abs=1e-12)
        assert abs(share_above(target, *rough).value - exact) > 1e-4
