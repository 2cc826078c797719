"""Numbers of page and pictures: never coarser than their errors, never finer, and no more digits than are read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from dossiers import DEAL, dossier_of
from hypothesis import example, given
from hypothesis import strategies as st
from pages import Element, parsed, rows_of, sections, table_called

from simengine.report.brief_numbers import MOST_ALONE, MOST_DIGITS, alone, alone_share, brief, brief_share
from simengine.report.comparison_rows import of_pair, of_strategy
from simengine.report.page import page_bytes
from simengine.report.page.risks import _touches
from simengine.results.dossier import Dossier

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def value_of(text: str) -> float:
    return float(text.replace("−", "-").replace("+", "").replace(",", "").rstrip("% "))


def most(value: float, se: float, digits: int) -> float:
    """How far a number may be shown from itself: half of its error, or half of its last digit."""
    exponent = math.floor(math.log10(abs(value))) if value else -9
    return max(se / 2.0, 0.5 * 10.0 ** (exponent - digits + 1)) * (1.0 + 1e-9) + 1e-12 * abs(value)


VALUES = st.floats(-1e9, 1e9).filter(lambda x: x == 0.0 or abs(x) > 1e-4)
ERRORS = st.floats(1e-7, 1e8)


@given(value=VALUES, se=ERRORS)
@example(478.4, 3.8)
@example(396.29, 0.33)
@example(488.661, 0.095)
@example(-4.9, 2.1)
@example(-8.0, 0.27)
@example(398.5, 0.00019)
def test_a_number_is_shown_to_half_of_its_error_or_its_last_digit(value, se):
    shown = brief(value, se)
    assert abs(value_of(shown.value) - value) <= most(value, se, MOST_DIGITS)
    assert abs(value_of(alone(value, se)) - value) <= most(value, se, MOST_ALONE)
    if "e" not in shown.value + shown.error:
        assert len(shown.value.partition(".")[2]) == len(shown.error.removeprefix("<").partition(".")[2])


@given(value=st.floats(0.0, 1.0), se=st.floats(1e-7, 0.3))
def test_a_probability_is_shown_to_half_of_its_error_or_a_tenth(value, se):
    for text in (brief_share(value, se).value, alone_share(value, se)):
        far = 100.0 * min(value, 1.0 - value)
        cap = 0.05 if far >= 0.1 else 0.5 * 10.0 ** (math.floor(math.log10(far)) - 1) if far > 0.0 else 0.0
        assert abs(value_of(text) - 100.0 * value) <= max(50.0 * se, cap) + 1e-9


@pytest.mark.parametrize(
    ("value", "se", "shown"),
    [
        (478.4, 3.8, "478.4 ± 3.8"),
        (396.29, 0.33, "396.29 ± 0.33"),
        (488.661, 0.095, "488.66 ± 0.10"),
        (-4.9, 2.1, "-4.9 ± 2.1"),
        (-8.0, 0.27, "-8.00 ± 0.27"),
        (398.5, 0.00019, "398.50 ± <0.01"),
        (1234567.0, 89000.0, "1,235,000 ± 89,000"),
        (7.0, 0.0, "7"),
    ],
)
def test_a_number_and_its_error_end_at_the_same_place(value, se, shown):
    assert brief(value, se).text() == shown


def test_a_probability_has_a_tenth_of_a_percent_at_most():
    assert brief_share(0.67567, 0.0005).text() == "67.6 ± <0.1"
    assert brief_share(0.67567, 0.011).text() == "67.6 ± 1.1"
    assert alone_share(0.67567, 0.0005) == "67.6"


def cells(table: Element) -> dict[tuple[int, str], str]:
    heads = [one.text for one in table.one("thead").all("th", "td")]
    return {(k, heads[j]): text for k, row in enumerate(rows_of(table)) for j, text in enumerate(row)}


def check(text: str, value: float, se: float, where: object) -> None:
    shown = value_of(text.partition("±")[0])
    assert abs(shown - value) <= most(value, se if math.isfinite(se) else 0.0, MOST_DIGITS), (where, text, value, se)


SOURCES = [DEAL, SCENARIOS / "smart_customer_service.toml", SCENARIOS / "base_arithmetic.toml"]


@pytest.mark.parametrize("trials", [300, 2_000, 20_000])
@pytest.mark.parametrize("source", SOURCES, ids=["deal", "customer service", "arithmetic"])
def test_the_tables_of_a_page_show_what_the_result_has(source, trials):
    parts = ("comparison", "drivers", "register") if trials == 2_000 else ("comparison",)
    dossier: Dossier = dossier_of(source, trials=trials, parts=parts)
    record, page = dossier.record, parsed(page_bytes(dossier))
    table = sections(page)["key-figures"].all("table")[0]
    found, checked = cells(table), 0
    levels = record["quantile"].tolist()
    members = [s for s in range(len(record.strategies)) if record["reported"][s, 0]]
    for row, s in enumerate(members):
        check(found[row, "Mean"], float(record["mean"][s, 0]), float(record["mean_se"][s, 0]), (s, "mean"))
        for k, level in enumerate(levels):
            if (row, f"P{level:g}") in found:
                errors = record["quantiles_se"][s, 0]
                check(found[row, f"P{level:g}"], float(record["quantiles"][s, 0, k]), float(errors[k]), (s, level))
                checked += 1
    assert checked >= len(members)
    if dossier.comparison is not None:
        compare(page, dossier)
    if dossier.register is not None:
        register(page, dossier)
    if dossier.drivers is not None:
        tornado(page, dossier)


def compare(page: Element, dossier: Dossier) -> None:
    """The tables of strategies and of their differences."""
    record = dossier.comparison
    assert record is not None
    heads = {"Mean": "mean", "P10": "p10", "P50": "p50", "P90": "p90"}
    each = cells(table_called(sections(page)["strategies"], "Each strategy"))
    base = record.strategies.index(record.text("baseline"))
    less = cells(table_called(sections(page)["strategies"], "Difference from"))
    others = [s for s in range(len(record.strategies)) if s != base]
    for head, key in heads.items():
        for s in range(len(record.strategies)):
            one = {number.key: number for number in of_strategy(record, s, 0)}[key]
            check(each[s, head], one.value, one.se, (s, key))
        for row, s in enumerate(others):
            name = "mean_difference" if key == "mean" else f"{key}_difference"
            one = {number.key: number for number in of_pair(record, s, base, 0)}[name]
            check(less[row, head], one.value, one.se, (s, name))


def register(page: Element, dossier: Dossier) -> None:
    """The tables of risks."""
    assert dossier.register is not None
    tables = [one for one in sections(page)["risks"].all("table") if one.one("caption").text.startswith("Risks of")]
    shown = [one for one in dossier.register["strategies"] if one["risks"] and _touches(one)]
    for table, one in zip(tables, shown, strict=True):
        found, lines, name = cells(table), one["risks"], one["strategy"]
        for row, line in enumerate(lines):
            for head, number in (("Expected loss", line["expected_loss"]), ("Effect on P90", line["effects"]["P90"])):
                if number["value"] is not None:
                    check(found[row, head], number["value"], number["se"] or 0.0, (name, row, head))


def tornado(page: Element, dossier: Dossier) -> None:
    """The table behind the picture of the first strategy that has one."""
    drivers = dossier.drivers
    assert drivers is not None
    found = cells(table_called(sections(page)["drivers"].all("figure")[0], ""))
    head = next(head for _, head in found if head.startswith("Change of the mean"))
    known = drivers["mean_change"][:, 0].ravel(), drivers["mean_change_se"][:, 0].ravel()
    for row in range(1 + max(row for row, _ in found)):
        shown = value_of(found[row, head])
        gaps = [abs(shown - v) - most(v, e, MOST_DIGITS) for v, e in zip(*known, strict=True) if math.isfinite(v)]
        assert min(gaps) <= 0.0, (row, shown)
