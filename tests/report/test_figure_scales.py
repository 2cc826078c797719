"""Scales, ticks, lettering and colours of pictures."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simengine.report.figures.density import spread_out
from simengine.report.figures.inputs import short_names
from simengine.report.figures.lettering import cut, lines_of, text_length
from simengine.report.figures.marks import thinned
from simengine.report.figures.palette import DARK, LIGHT
from simengine.report.figures.scale import Scale, nice_step, nice_ticks, padded, tick_labels
from simengine.report.figures.svg import escaped, path_of


def test_known_ticks():
    assert nice_ticks(0.0, 1.0, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert nice_ticks(-7.3, 93.0, 5) == [0.0, 25.0, 50.0, 75.0]
    assert nice_ticks(0.1, 0.3, 4) == [0.1, 0.15, 0.2, 0.25, 0.3]
    assert nice_ticks(5.0, 5.0, 4) == [5.0]
    assert nice_step(7.0, 10) == 1.0
    assert nice_step(2.4e-7, 10) == 5e-8


@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(1e-6, 1e12),
    st.integers(2, 12),
)
def test_ticks_are_round_inside_and_neither_too_many_nor_too_few(low, width, most):
    high = low + width
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        return
    ticks = nice_ticks(low, high, most)
    step = nice_step(high - low, most, quarters=True)
    mantissa = step / 10.0 ** math.floor(math.log10(step * (1.0 + 1e-12)))
    assert any(math.isclose(mantissa, nice, rel_tol=1e-9) for nice in (1.0, 2.0, 2.5, 5.0, 10.0))
    assert len(ticks) <= most + 1
    assert len(ticks) >= most // 2.5 - 1
    assert all(low - step * 1e-6 <= tick <= high + step * 1e-6 for tick in ticks)
    assert all(math.isclose(b - a, step, rel_tol=1e-3) for a, b in itertools.pairwise(ticks))


@pytest.mark.parametrize(
    ("ticks", "unit", "lang", "expected"),
    [
        ([0.0, 500.0, 1000.0], "USD 10k", "en", ["0", "500", "1,000"]),
        ([-0.5, 0.0, 0.5], "", "en", ["−0.5", "0", "0.5"]),
        ([0.0, 0.25], "", "en", ["0", "0.25"]),
        ([0.0, 2.5e6, 5e6], "USD", "en", ["0", "2.5M", "5.0M"]),
        ([0.0, 2.5e6, 5e6], "CNY", "zh", ["0", "250万", "500万"]),
        ([0.0, 2e9, 4e9], "USD", "en", ["0", "2bn", "4bn"]),
        ([0.0, 1e8, 2e8], "CNY", "zh", ["0", "1亿", "2亿"]),
        ([0.0, 2e6], "USD million", "en", ["0", "2,000,000"]),
        ([0.0, 2e6], "万元", "zh", ["0", "2,000,000"]),
        ([0.0, 2e300], "USD", "en", ["0", "2e300"]),
        ([-2e-7, 0.0], "m", "en", ["−2e−7", "0"]),
    ],
)
def test_tick_labels(ticks, unit, lang, expected):
    assert tick_labels(ticks, unit, lang) == expected


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9), st.floats(0.0, 1.0))
def test_a_scale_is_inverted_by_itself(low, width, share):
    scale = Scale(low, low + width, 40.0, 600.0)
    value = low + share * width
    assert math.isclose(scale.value(scale.at(value)), value, rel_tol=1e-9, abs_tol=1e-6 * width)


def test_a_range_without_width_is_widened():
    for value in (0.0, 7.0, -1e300, 1e-12):
        low, high = padded(value, value)
        assert low < value < high
        assert math.isfinite(high - low)


def test_text_is_cut_to_its_room_and_wide_characters_are_square():
    assert text_length("中文", 10.0) == 20.0
    assert text_length("ab", 10.0) < 20.0
    long = "许可" * 100
    shown = cut(long, 200.0, 12.0)
    assert shown.endswith("…")
    assert text_length(shown, 12.0) <= 200.0
    assert cut("short", 200.0, 12.0) == "short"
    lines = lines_of("a title that is too long for one line and 也有中文在里面，需要换行", 120.0, 12.0, 2)
    assert len(lines) == 2
    assert all(text_length(line, 12.0) <= 120.0 for line in lines)
    assert lines_of("two words", 400.0, 12.0, 2) == ["two words"]


def test_a_line_with_fewer_points_is_the_same_line():
    x = np.linspace(0.0, 600.0, 400)
    y = 200.0 * np.exp(-(((x - 300.0) / 40.0) ** 2))
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    found = thinned(points)
    assert found[0] == points[0] and found[-1] == points[-1]
    assert len(found) < 150
    assert np.abs(np.interp(x, *np.array(found).T) - y).max() < 0.5  # upright, where the line is steep
    flat = y < 1e-3
    assert np.abs(np.interp(x[flat], *np.array(found).T) - y[flat]).max() <= 0.05
    steps = [(0.0, 0.0), (0.0, 9.0), (5.0, 9.0), (5.0, 9.0), (7.0, 9.0), (7.0, 0.0), (0.0, 0.0)]
    assert thinned(steps) == [(0.0, 0.0), (0.0, 9.0), (7.0, 9.0), (7.0, 0.0), (0.0, 0.0)]
    assert thinned([(1.0, 1.0)] * 5) == [(1.0, 1.0)] * 2
    assert thinned([]) == []


def test_inputs_are_called_by_what_the_engine_and_the_scenario_call_them():
    names = ["stage_2_succeeds", "rival_clock", "rival_2_clock", "partner_clock", "x_clock", "V"]
    titles = [
        *("whether 取得注册 / clearance succeeds", "hazard used up when it happens: 竞争 / a rival enters"),
        *("hazard used up when it happens: 竞争 / a rival enters", "hazard used up when the partner defaults"),
        *("hazard used up when it happens: ", "\x1b[31m"),
    ]
    assert short_names(names, titles, "zh") == [
        *("“取得注册”是否成功", "“竞争”发生的时间（第 1 次）", "“竞争”发生的时间（第 2 次）"),
        *("违约的时间", "“x”发生的时间", "\N{REPLACEMENT CHARACTER}[31m"),
    ]
    shocks = short_names(["shock_1", "shock_2"], ["shock to demand"] * 2, "zh")
    assert shocks == ["需求冲击（第 1 期）", "需求冲击（第 2 期）"]
    assert short_names(["a_1", "a_2"], ["mine"] * 2, "en") == ["a_1: mine", "a_2: mine"]
    assert short_names(names[:2], titles[:2], "en") == [
        "whether clearance succeeds",
        "time of “a rival enters”",
    ]


def test_labels_in_a_row_do_not_touch():
    wanted = [(100.0, 60.0), (110.0, 60.0), (120.0, 40.0), (590.0, 60.0)]
    middles = spread_out(wanted, 16.0, 624.0)
    boxes = sorted(
        (middle - width / 2.0, middle + width / 2.0) for middle, (_, width) in zip(middles, wanted, strict=True)
    )
    assert all(after[0] >= before[1] + 1.0 for before, after in itertools.pairwise(boxes))
    assert boxes[0][0] >= 16.0 - 1e-9
    assert boxes[-1][1] <= 624.0 + 1e-9
    assert spread_out([(100.0, 40.0), (300.0, 40.0)], 0.0, 640.0) == [100.0, 300.0]


def test_text_and_paths_as_markup():
    assert escaped("<b>&\x07\u202e") == "&lt;b&gt;&amp;\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    assert path_of([(0.0, 1.0), (0.001, 1.001), (2.5, 3.333)], closed=True) == "M0,1L2.5,3.33Z"


# ---- colours ----


def linear(colour: str) -> np.ndarray:
    raw = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    return np.where(raw <= 0.04045, raw / 12.92, ((raw + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted(float(linear(colour) @ weights) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


SIGHTS = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
"""Machado, Oliveira and Fernandes, IEEE TVCG 15, 2009, severity 1.0."""


def cielab(colour: str, sight: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = to_xyz @ np.clip(sight @ linear(colour), 0.0, 1.0) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_series_stand_out_from_the_paper(palette):
    assert contrast(palette.ink, palette.paper) >= 7.0
    assert contrast(palette.muted, palette.paper) >= 4.5
    assert all(contrast(colour, palette.paper) >= 3.0 for colour in palette.series)
    assert len(set(palette.series)) == 8


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_series_stay_apart_for_every_eye(palette, sight):
    places = [cielab(colour, SIGHTS[sight]) for colour in palette.series]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(places, 2))
    assert nearest >= 13.0


def test_the_measure_of_distance_notices_a_bad_pair():
    red, green = "#d62728", "#7f7f00"
    apart = np.linalg.norm(cielab(red, SIGHTS["normal"]) - cielab(green, SIGHTS["normal"]))
    confused = np.linalg.norm(cielab(red, SIGHTS["deuteranopia"]) - cielab(green, SIGHTS["deuteranopia"]))
    assert apart > 60.0
    assert confused < 25.0


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_on_a_cell_of_the_heat_map_can_be_read(palette):
    from simengine.report.figures.correlation import _STRONGEST

    for series in palette.series[:2]:
        over, paper = (np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) for c in (series, palette.paper))
        mixed = "#" + "".join(f"{round(v):02x}" for v in _STRONGEST * over + (1.0 - _STRONGEST) * paper)
        assert contrast(palette.ink, mixed) >= 4.5
