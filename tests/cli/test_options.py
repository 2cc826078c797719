from __future__ import annotations

import pytest

from simengine.cli.options import Options
from simengine.errors import InvalidInput


def whole(text: str | None) -> int | None:
    options = Options()
    found = options.whole("--trials", text, 1, 10**30)
    options.check()
    return found


@pytest.mark.parametrize(
    ("text", "number"),
    [("1000", 1000), ("1e6", 10**6), ("1_000_000", 10**6), ("1.5e3", 1500), ("1e18", 10**18), (" 7 ", 7), (None, None)],
)
def test_whole_numbers_as_people_write_them(text, number):
    assert whole(text) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", "out of range"),
        ("-1", "out of range"),
        ("1.5", "not a whole number"),
        ("abc", "not a number"),
        ("1,000", "hint: write 1_000"),
        ("1 000 000", "hint: write 1_000_000"),
        ("10k", "hint: write 10_000"),
        ("1.5M", "hint: write 1_500_000"),
        ("1,5", "write it without separators"),
        ("nan", "not a finite number"),
        ("inf", "not a finite number"),
        ("1e999999999", "far too large"),
        ("", "not a number"),
        ("true", "not a number"),
        ("0x10", "not a number"),
    ],
)
def test_other_numbers_are_refused_with_the_range(text, reason):
    with pytest.raises(InvalidInput) as caught:
        whole(text)
    assert reason in str(caught.value)
    assert "allowed: a whole number from 1 to" in str(caught.value)
    assert f"--trials = {text}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("0", 0), ("1000", 1000), ("500MB", 500 * 10**6), ("2GiB", 2 << 30)),
        *(("1.5 G", 1_500_000_000), ("1e9", 10**9), ("64kib", 65536)),
    ],
)
def test_sizes(text, size):
    options = Options()
    assert options.size("--memory", text) == size
    options.check()


@pytest.mark.parametrize("text", ["-1", "lots", "5XB", "", "1e999"])
def test_what_is_no_size(text):
    options = Options()
    options.size("--memory", text)
    with pytest.raises(InvalidInput, match="500MB or 2GiB"):
        options.check()


def test_percentiles():
    options = Options()
    assert options.percentiles("--percentiles", "95, 5,50.5") == (5.0, 50.5, 95.0)
    options.check()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0,50", "out of range"),
        ("5,5", "twice"),
        ("5,x", "not a number"),
        ("", "not a number"),
        ("nan", "out of range"),
    ],
)
def test_wrong_percentiles(text, reason):
    options = Options()
    options.percentiles("--percentiles", text)
    with pytest.raises(InvalidInput, match=reason):
        options.check()


def test_settings():
    options = Options()
    found = options.settings("--set", ["inputs.V=600 to 1600", 'inputs.L = {dist="uniform", min=0, max=0.1}'])
    options.check()
    assert found == {"inputs.V": "600 to 1600", "inputs.L": '{dist="uniform", min=0, max=0.1}'}


def test_all_problems_are_listed_together():
    options = Options()
    options.whole("--trials", "x", 1, 9)
    options.whole("--seed", "-1", 0, 9)
    options.settings("--set", ["nothing", "=1", "a=1", "a=2"])
    options.size("--memory", "much")
    with pytest.raises(InvalidInput) as caught:
        options.check()
    assert len(caught.value.problems) == 6
