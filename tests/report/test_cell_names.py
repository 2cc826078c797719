"""The one rule by which cells are named, and that the workbook and templates both keep to it."""

from __future__ import annotations

import hashlib
import math
import re
import tempfile
from pathlib import Path

import pytest
from conftest import make_record
from dossiers import YEARLY, dossier_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from workbooks import named_cells, names_of

import simengine
from simengine.report.cell_names import (
    TABLES,
    asked_name,
    distinct_names,
    excel_name,
    folded,
    looks_like_ours,
    named_numbers,
    stems,
)
from simengine.report.template import fill
from simengine.report.workbook import workbook_bytes
from simengine.results.dossier import Dossier
from simengine.scenario import loads

LEGAL = re.compile(r"[^\W\d][\w.]{0,254}")
ADDRESS = re.compile(r"[A-Z]{1,3}\d+|R\d*(C\d*)?|C\d*|TRUE|FALSE", re.IGNORECASE)
TWICE = """\
[scenario]
name = "twice"
horizon = 2
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
income_Y1 = "V"
[outputs]
income = {}
income_Y1 = {}
[simulate]
trials = 500
"""
"""An outcome that is called as a period of another one is."""


@pytest.fixture(scope="module")
def yearly():
    return dossier_of(YEARLY, trials=1024, parts=()).record


def test_every_number_and_its_error_has_a_name(record):
    found = {number.name: number for number in named_numbers(record)}
    assert len(found) == len(named_numbers(record))
    assert found["licence_T_P50"].value == record["quantiles"][0, 0, 1]
    assert found["licence_T_P50_se"].value == record["quantiles_se"][0, 0, 1]
    assert found["sale_T_mean"].value == record["mean"][1, 0]
    assert found["sale_T_std_se"].value == record["std_se"][1, 0]
    assert found["licence_margin_prob_loss"].value == record["prob_loss"][0, 1]
    assert found["licence_T_prob_below_500"].value == record["prob_below"][0, 0, 0]
    assert {"licence_T_cvar95_loss", "licence_T_var95_loss_se", "licence_T_min", "licence_T_kurtosis"} <= set(found)
    assert "sale_margin_mean" not in found and "licence_T_min_se" not in found
    assert all(looks_like_ours(name) for name in found)


def test_periods_are_part_of_the_name(yearly):
    found = {number.name: number for number in named_numbers(yearly)}
    s, o = yearly.strategies.index("open-licence"), yearly.yearly_outputs.index("cash_flow")
    middle = yearly["quantile"].tolist().index(50.0)
    number = found["open_licence_cash_flow_Y3_P50"]
    assert (number.strategy, number.output, number.year, number.error) == (s, "cash_flow", 3.0, False)
    assert number.value == yearly["yearly_quantiles"][s, o, 2, middle]
    assert found["open_licence_cash_flow_Y1_mean_se"].value == yearly["yearly_mean_se"][s, o, 0]
    assert found["open_licence_cash_flow_Y2_prob_loss"].value == yearly["yearly_prob_loss"][s, o, 1]
    assert all(looks_like_ours(name) for name in found)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("licence_T", "licence_T"),
        ("licence-protected_T", "licence_protected_T"),
        ("授权_T", "授权_T"),
        ("T1", "_T1"),
        ("xfd1048576", "_xfd1048576"),
        ("R1C1", "_R1C1"),
        ("rc", "_rc"),
        ("C", "_C"),
        ("true", "_true"),
        ("2nd_T", "_2nd_T"),
        (".a", "_.a"),
        ("", "_"),
        ("=1+1", "_1_1"),
        ("=cmd|' /C calc'!A0_T", "_cmd____C_calc__A0_T"),
        ("a b\N{FACE WITH TEARS OF JOY}c\u202ed", "a_b_c_d"),
        ("e\u0301t", "\u00e9t"),
        ("\U00020000", "_"),
    ],
)
def test_every_label_has_a_legal_name(label, name):
    assert excel_name(label) == name


def test_a_long_label_is_cut_and_keeps_its_digest():
    first, second = excel_name("x" * 300), excel_name("x" * 300 + "y")
    assert len(first) == len(second) == 180
    assert first != second
    assert re.fullmatch(r"x{171}_[0-9a-f]{8}", first)


@given(st.text(max_size=400))
def test_no_text_makes_an_illegal_name(text):
    name = excel_name(text)
    assert LEGAL.fullmatch(name)
    assert not ADDRESS.fullmatch(name)
    assert len(name) <= 180


def test_labels_that_become_equal_have_a_digest_behind_the_outcome(record_of):
    record = record_of(strategies=("a-b", "A_b"))
    pairs = {(0, "T"): "a_b_T", (0, "margin"): "a_b_margin", (1, "T"): "A_b_T"}  # margin is reported by one alone
    texts = {(s, output): f"{record.strategies[s]}\0{output}".encode() for s, output in pairs}
    assert stems(record) == {
        pair: f"{name}_{hashlib.sha256(texts[pair]).hexdigest()[:8]}" for pair, name in pairs.items()
    }
    first, second = stems(record)[0, "T"], stems(record)[1, "T"]
    assert {f"{first}_mean", f"{second}_mean"} <= {number.name for number in named_numbers(record)}


@pytest.mark.parametrize("labels", [("a_b", "a-b"), ("A_B", "a-b", "a_b"), ("a b", "a-b", "x"), ("x", "a-b", "a_b")])
def test_no_name_passes_to_another_label(labels, record_of):
    """A link by name finds the number of its label or nothing, whichever labels are put before it."""
    before, after = (
        {number.name: (record.strategies[number.strategy], number.output) for number in named_numbers(record)}
        for record in (record_of(strategies=("a-b", "a_b")), record_of(strategies=labels))
    )
    assert all(before[name] == after[name] for name in before.keys() & after.keys())
    if len({excel_name(label).casefold() for label in labels}) < len(labels):  # it is crowded in both
        wanted = {name for name, place in before.items() if place == ("a-b", "T")}
        assert {name for name, place in after.items() if place == ("a-b", "T")} == wanted


def test_a_label_that_reads_as_another_with_its_digest_is_told_apart():
    first, second = distinct_names([("a-b", "T"), ("a_b", "T")])
    names = distinct_names([("a-b", "T"), ("a_b", "T"), (first.removesuffix("_T"), "T"), tuple(second.rsplit("_", 1))])
    assert names[:2] == [first, second]
    assert len({folded(name) for name in names}) == 4
    assert len(set(distinct_names([("a_b", "c"), ("a", "b_c")]))) == 2


def test_a_whole_name_that_two_outcomes_want_goes_to_neither():
    record = simengine.run(loads(TWICE, file="twice.toml")).record
    means = [number for number in named_numbers(record) if number.statistic.key == "mean"]
    assert {(number.output, number.year, number.error): number.name for number in means} == {
        ("income_Y1", None, False): "base_income_Y1_60e98293_mean",
        ("income_Y1", None, True): "base_income_Y1_60e98293_mean_se",
        ("income", 1.0, False): "base_income_bc0f11cd_Y1_mean",
        ("income", 1.0, True): "base_income_bc0f11cd_Y1_mean_se",
        ("income", 2.0, False): "base_income_bc0f11cd_Y2_mean",
        ("income", 2.0, True): "base_income_bc0f11cd_Y2_mean_se",
    }
    _check_workbook_is_its_own_template(record)


HARD = ("a-b", "a_b", "A_B", "\uff21_b", "T1", "=1+1", "ask", "Percentiles", "x" * 200, "a_T_2", "授权")
LABELS = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=12),
        st.sampled_from(
            ("a-b", "a_b", "A_B", "\uff21_b", "T1", "=1+1", "ask", "Percentiles", "x" * 200, "a_T_2", "授权")
        ),
    ),
    min_size=2,
    max_size=3,
    unique=True,
)


@settings(max_examples=25, deadline=None)
@given(LABELS)
@example(["a-b", "a_b", "a_b_T_2"])
@example(["ask", "=ask"])
def test_the_workbook_has_the_names_that_a_template_is_filled_by(labels):
    _check_workbook_is_its_own_template(make_record(strategies=tuple(labels)))


def test_the_same_holds_by_period(yearly):
    _check_workbook_is_its_own_template(yearly)


def _check_workbook_is_its_own_template(record) -> None:
    """Every named cell of a number is filled, none is left, and each has the number that stood there."""
    content, numbers = workbook_bytes(Dossier(record)), {number.name: number.value for number in named_numbers(record)}
    assert len({folded(name) for name in (*numbers, *TABLES)}) == len(numbers) + len(TABLES)
    cells, places = named_cells(content), names_of(content)
    assert {name for name in cells if not places[name].startswith("Calculator!")} == set(numbers)
    finite = {name: value for name, value in numbers.items() if math.isfinite(value)}
    assert {name: cells[name] for name in finite} == pytest.approx(finite, rel=1e-15)
    assert all(cells[name] == "n/a" for name in numbers if name not in finite)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(content)
        filled = fill(record, path, path.with_name("filled.xlsx"))
    assert set(filled.cells) == set(numbers)
    assert filled.missing == ()
    after = named_cells(filled.content)
    assert {name: after[name] for name in finite} == finite


@pytest.mark.parametrize(
    "name", ["licence_T_P5", "old_T_mean_se", "a_b_prob_loss", "A_B_VAR95_LOSS", "x_T_Y3_p50", "x_T_std", "x_T_sd_se"]
)
def test_what_looks_like_ours(name):
    assert looks_like_ours(name)


@pytest.mark.parametrize("name", ["rate", "my_mean", "T_P50", "Print_Area", "total_2030", "licence_T_P50_old"])
def test_what_does_not(name):
    assert not looks_like_ours(name)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("licence_T_SD", "licence_t_std"),
        ("licence_T_sd_se", "licence_t_std_se"),
        ("sd_T_mean", "sd_t_mean"),
        ("a_sd_se_P50", "a_sd_se_p50"),
        ("\uff21_T_P50", "a_t_p50"),
    ],
)
def test_sd_is_another_word_for_std(name, asked):
    assert asked_name(name) == asked
