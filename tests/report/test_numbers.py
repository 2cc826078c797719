from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.report.descriptions import described
from simengine.report.numbers import alone, duration, estimate, exact, interval, level, plain, share, tail_name


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (732.2351, 0.4248, "732.24 ± 0.42"),
        (1535.916, 8.7, "1,535.9 ± 8.7"),
        (12_345_678, 12_345, "12,346,000 ± 12,000"),
        (9.996, 0.0996, "10.00 ± 0.10"),  # the error gains a digit when it is rounded
        (-0.001, 0.3, "0.00 ± 0.30"),  # no negative zero
        (684.0, 0.0, "684"),
        (565.25, 0.0, "565.25"),
        (0.1 + 0.2, 0.0, "0.3"),
        (1e300, 1e297, "1.0000e300 ± 1.0e297"),
        (5e-12, 1e-13, "5.00e-12 ± 1.0e-13"),
        (812.25, math.nan, "812 ± ?"),
        (math.nan, 1.0, "n/a"),
        (math.inf, 1.0, "n/a"),
    ],
)
def test_an_estimate_ends_at_the_second_digit_of_its_error(value, se, text):
    assert estimate(value, se).text() == text


@pytest.mark.parametrize(
    ("value", "se", "text"), [(732.2351, 0.4248, "732"), (732.2351, 0.15, "732.2"), (684.0, 0.0, "684")]
)
def test_a_number_without_its_error_ends_at_half_an_error(value, se, text):
    assert alone(value, se) == text


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (0.078653, 0.00027, "7.865 ± 0.027"),
        (0.0, 0.0, "0"),
        (1.0, 0.0, "100"),
        (0.0, 7e-7, "0 ± 0.00007"),
        (math.nan, math.nan, "n/a"),
    ],
)
def test_probabilities_are_in_percent(value, se, text):
    assert share(value, se).text() == text


@settings(max_examples=50)
@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e9))
def test_rounding_moves_an_estimate_by_less_than_a_tenth_of_its_error(value, se):
    found = estimate(value, se)
    assert abs(float(found.value.replace(",", "")) - value) <= 0.051 * se + 1e-9 * abs(value)
    assert float(found.error.replace(",", "")) == pytest.approx(se, rel=0.051)


@settings(max_examples=50)
@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e9))
def test_no_digit_alone_is_worth_less_than_half_an_error(value, se):
    text = alone(value, se).replace(",", "")
    places = len(text.partition(".")[2])
    assert places == 0 or 10.0**-places >= se / 2
    assert abs(float(text) - value) <= 0.5 * max(10 * se / 2, 1e-9)


@settings(max_examples=50)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_for_machines_read_back_to_the_same_bits(value):
    assert float(plain(value)) == value
    assert "," not in plain(value)


def test_numbers_for_machines():
    assert plain(684.0) == "684"
    assert plain(math.nan) == ""
    assert exact(1234567.891) == "1,234,567.891"
    assert [level(x) for x in (5.0, 99.9, 500.0, 0.1)] == ["5", "99.9", "500", "0.1"]
    assert [tail_name(x) for x in (0.95, 0.999, 0.975)] == ["95", "99.9", "97.5"]


def test_durations_and_scales():
    assert duration(0.042) == "42 ms"
    assert duration(0.21) == "0.21 s"
    assert duration(100) == "100 s"
    assert duration(3e9) == "95 years"
    assert interval(-20.3, 2134.2) == ("0", "2,100")
    assert interval(684.0, 684.0) == ("684", "684")


DISCRETE = "discrete: values [1.0, 2500000.0], weights [0.19999999999999996, 0.8]"
DATA = "empirical: file data_2025.1234567890.csv, values 12345678"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (DISCRETE, "discrete: values [1, 2500000], weights [0.2, 0.8]"),
        (f"mixture: component 1 0.5 of {DISCRETE}", "mixture: component 1 0.5 of discrete: values [1, 2500000], "
         "weights [0.2, 0.8]"),
        ("cumulative: values [0.30000000000000004, 1e-07]", "cumulative: values [0.3, 1e-7]"),
        ("normal: mean -3, sd 0.123457", "normal: mean -3, sd 0.123457"),
        (DATA, DATA),
        (f"{DATA}, sha256 {'ab' * 32}, bandwidth 1.5", f"{DATA}, bandwidth 1.5"),
    ],
)  # fmt: skip
def test_distributions_are_described_with_the_digits_that_were_written(text, shown):
    assert described(text) == shown
