"""Number formats, heights of rows, and curves."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from simengine.report.statistics import Statistic, statistics_of
from simengine.report.workbook import workbook_bytes
from simengine.report.workbook.curves import axis_over, cumulative_points, outcome_curves
from simengine.report.workbook.pages import page_scale
from simengine.report.workbook.style import estimate_shapes, number_shape, row_height, spread_shape, statistic_shapes
from simengine.results.dossier import Dossier

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def shapes_of(content: bytes, sheet: int) -> dict[str, str]:
    """The number format of every cell of a sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        styles = ElementTree.fromstring(archive.read("xl/styles.xml"))
        cells = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    codes = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter(f"{MAIN}numFmt")}
    codes |= {"0": "General", "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%"}
    table = styles.find(f"{MAIN}cellXfs")
    assert table is not None
    used = [codes.get(str(one.get("numFmtId")), "?") for one in table]
    return {str(cell.get("r")): used[int(cell.get("s", "0"))] for cell in cells.iter(f"{MAIN}c")}


@pytest.mark.parametrize(
    ("value", "se", "share", "expected"),
    [
        (0.0526, 0.0001, False, ("#,##0.00000", "#,##0.00000")),
        (221.7523, 0.2854, False, ("#,##0.00", "#,##0.00")),
        (438.6163, 0.03738, False, ("#,##0.000", "#,##0.000")),
        (1222.9, 1.2, False, ("#,##0.0", "#,##0.0")),
        (123456.0, 1200.0, False, ("#,##0", "#,##0")),
        (0.350782, 0.000472, True, ("0.000%", "0.000%")),
        (0.0, 0.0000007, True, ("0%", "0.00000%")),
        (5.0, 0.0, False, ("#,##0", "#,##0")),
        (6.0, 3.9e-18, False, ("#,##0", "0.0E+00")),
        (3e20, 2e18, False, ("0.000E+00", "0.0E+00")),
    ],
)
def test_digits_of_a_row_follow_its_standard_error(value, se, share, expected):
    assert statistic_shapes(Statistic("x", "x", value, se, "moment", share=share)) == expected


def test_every_row_of_percentiles_has_its_own_format(record):
    errors = record["quantiles_se"].copy()
    errors[0, 0] = [0.0001, 1.2, 35.0]
    shapes = shapes_of(workbook_bytes(Dossier(replace(record, values={**record.values, "quantiles_se": errors}))), 2)
    assert [shapes[f"E{row}"] for row in (2, 3, 4)] == ["#,##0.00000", "#,##0.0", "#,##0"]
    assert [shapes[f"F{row}"] for row in (2, 3, 4)] == ["#,##0.00000", "#,##0.0", "#,##0"]


def test_value_and_error_of_the_summary_have_the_same_decimals(record):
    shapes = shapes_of(workbook_bytes(Dossier(record)), 5)
    pairs = [statistic_shapes(entry) for entry in statistics_of(record, 0, 0) if entry.group == "percentile"]
    found = [(shapes[f"B{row}"], shapes[f"C{row}"]) for row in range(1, 40) if f"C{row}" in shapes]
    assert all(pair in found for pair in pairs)
    assert all(value == error for value, error in pairs)


def test_formats_of_exact_numbers_follow_their_spread():
    assert spread_shape(1067.0, 407.6) == "#,##0"
    assert spread_shape(0.767, 0.11) == "#,##0.000"
    assert spread_shape(0.5, 0.0) == "#,##0.0"
    assert spread_shape(1e20, 1e19) == "0.0000E+00"
    assert number_shape("n/a") == "#,##0"


def test_rows_grow_with_their_text_and_wide_characters_count_double():
    assert row_height([("short", 20)]) == 15.0
    assert row_height([("x " * 100, 20)]) > 100.0
    assert row_height([("智能" * 30, 20)]) > row_height([("ab" * 30, 20)])
    assert row_height([("x" * 1_000_000, 3)]) == 409.0
    assert row_height([("a\nb\nc", 20)]) > 35.0


def test_pages_shrink_to_fit_but_stay_legible():
    assert page_scale(500.0, [300.0]) == 100
    assert page_scale(1430.0, [300.0]) == 50
    assert page_scale(500.0, [5000.0]) == 60


def test_cumulative_points_pass_through_every_percentile():
    x = np.sort(np.random.default_rng(3).lognormal(0.0, 1.0, 20_000))
    counts, edges = np.histogram(x, bins=30)
    levels = np.array([5.0, 50.0, 95.0])
    values, shares = cumulative_points(edges, counts, np.percentile(x, levels), levels)
    assert np.all(np.diff(values) >= 0.0) and np.all(np.diff(shares) >= 0.0)
    assert shares[0] == 0.0 and shares[-1] == 1.0
    for level in levels:
        assert np.interp(np.percentile(x, level), values, shares) == pytest.approx(level / 100.0, abs=1e-4)


def test_an_atom_is_a_step_between_what_is_known_of_it():
    x = np.concatenate((np.zeros(300), np.linspace(0.001, 10.0, 700)))
    counts, edges = np.histogram(x, bins=50)
    levels = np.array([5.0, 10.0, 50.0])
    values, shares = cumulative_points(edges, counts, np.percentile(x, levels), levels)
    true = float((x <= 0.0).mean())
    assert np.array_equal(shares[values == 0.0], [0.0, 0.05, 0.1])
    assert shares[values == 0.0].max() <= true <= shares[values > 0.0][0]


def test_axes_have_round_ends():
    axis = axis_over(-3.4, 1893.0)
    assert axis is not None
    assert (axis.low, axis.high, axis.step, axis.shape) == (-500.0, 2000.0, 500.0, "#,##0")
    constant = axis_over(5.0, 5.0)
    assert constant is not None and constant.low < 5.0 < constant.high
    assert axis_over(-1e308, 1e308) is None
    small = axis_over(0.0, 0.008)
    assert small is not None and small.shape == "#,##0.000"


def test_shares_of_a_histogram_add_up_within_the_scale(record):
    for curves in outcome_curves(record):
        assert curves.shares.size
        assert np.all(curves.shares.sum(axis=1) > 0.98)
        assert math.isclose(curves.edges[1] - curves.edges[0], curves.edges[-1] - curves.edges[-2])


@pytest.mark.parametrize(
    ("value", "se", "percent", "expected"),
    [
        (3.6e-13, 6e-15, True, ("0.0000%", "0.0000%")),
        (0.35, 0.001, True, ("0.00%", "0.00%")),
        (-0.9999999235449, 6.3e-10, False, ("#,##0.00000000", "0.0E+00")),
        (4.243, 0.038, False, ("#,##0.000", "#,##0.000")),
        (3e20, 2e18, False, ("0.000E+00", "0.0E+00")),
    ],
)
def test_columns_stay_narrow(value, se, percent, expected):
    assert estimate_shapes(value, se, percent=percent) == expected
