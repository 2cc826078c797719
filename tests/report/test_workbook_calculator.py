"""The calculator against plain NumPy: its numbers, their bounds, and the formulas that give them."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.calculator import share_above, value_at
from simengine.report.workbook.curves import cumulative_points, outcome_curves
from simengine.results.dossier import Dossier

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
    assert re.search(r'type="decimal".*?<formula1>1e-06</formula1><formula2>0.999999</formula2>', sheet)
    assert sheet.count("<f>") == 3 * 8
