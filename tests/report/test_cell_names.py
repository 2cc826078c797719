"""The one rule by which cells are named."""

from __future__ import annotations

import pytest

import simengine
from simengine.report.cell_names import LONGEST_NAME, cell_name, looks_like_ours, named_numbers
from simengine.scenario import loads

YEARS = """\
[scenario]
name = "by-year"
horizon = 2
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
[outputs]
income = {}
[simulate]
trials = 500
"""


def test_every_number_and_its_error_has_a_name(record):
    found = {number.name: number for number in named_numbers(record)}
    assert len(found) == len(named_numbers(record))
    assert found["licence_T_P50"].value == record["quantiles"][0, 0, 1]
    assert found["licence_T_P50_se"].value == record["quantiles_se"][0, 0, 1]
    assert found["sale_T_mean"].value == record["mean"][1, 0]
    assert found["sale_T_sd_se"].value == record["std_se"][1, 0]
    assert found["licence_margin_prob_loss"].value == record["prob_loss"][0, 1]
    assert found["licence_T_prob_below_500"].value == record["prob_below"][0, 0, 0]
    assert {"licence_T_cvar95_loss", "licence_T_var95_loss_se", "licence_T_min", "licence_T_kurtosis"} <= set(found)
    assert "sale_margin_mean" not in found and "licence_T_min_se" not in found
    assert all(looks_like_ours(name) for name in found)


def test_periods_are_part_of_the_name():
    record = simengine.run(loads(YEARS, file="years.toml")).record
    found = {number.name: number for number in named_numbers(record)}
    assert found["base_income_Y2_P50"].value == record["yearly_quantiles"][0, 0, 1, 3]
    assert found["base_income_Y2_P50"].year == 2.0
    assert found["base_income_Y1_mean_se"].value == record["yearly_mean_se"][0, 0, 0]
    assert all(looks_like_ours(name) for name in found)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("licence", "T", "P50"), "licence_T_P50"),
        (("patent-first", "T", "P99.9_se"), "patent_first_T_P99.9_se"),
        (("许可", "净现值", "mean"), "许可_净现值_mean"),
        (("2030", "T", "mean"), "_2030_T_mean"),
        ((".x", "T"), "_.x_T"),
        (("=cmd|' /C calc'!A0", "T"), "_cmd____C_calc__A0_T"),
        (("a\u202eb\x00🚀", "T"), "a_b___T"),
        (("e\u0301", "T"), "\u00e9_T"),
        (("T50",), "_T50"),
        (("XFD1048576",), "_XFD1048576"),
        (("XFE1",), "XFE1"),
        (("A0",), "A0"),
        (("R1C1",), "_R1C1"),
        (("r",), "_r"),
        (("C",), "_C"),
        (("",), "_"),
    ],
)
def test_names_are_legal(parts, name):
    assert cell_name(*parts) == name


def test_long_names_are_cut_and_stay_apart():
    names = {cell_name("x" * 300 + end, "T", "P50") for end in "ab"}
    assert len(names) == 2
    assert all(len(name) == LONGEST_NAME for name in names)


def test_names_that_differ_in_case_or_signs_only_are_numbered(record_of):
    found = [number.name for number in named_numbers(record_of(strategies=("a-b", "A_b")))]
    assert len({name.casefold() for name in found}) == len(found)
    assert "a_b_T_mean" in found and "A_b_T_mean_2" in found


@pytest.mark.parametrize("name", ["licence_T_P5", "old_T_mean_se", "a_b_prob_loss", "A_B_VAR95_LOSS", "x_T_Y3_p50"])
def test_what_looks_like_ours(name):
    assert looks_like_ours(name)


@pytest.mark.parametrize("name", ["rate", "my_mean", "T_P50", "Print_Area", "total_2030", "licence_T_P50_old"])
def test_what_does_not(name):
    assert not looks_like_ours(name)
