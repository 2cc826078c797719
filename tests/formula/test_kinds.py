"""Kinds of formulas: what is added to what, what is refused and where, and what must not be refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simengine.errors import Problem
from simengine.formula import parse, unit_label
from simengine.formula.functions import FUNCTIONS, OPERATORS
from simengine.formula.kinds import _RULES, RATE, SHARE, YEARS, Kind, amount, declared, exchange_rate, infer

USD, EUR = amount("USD"), amount("EUR")
FX = exchange_rate("USD", "EUR")
FLOW = USD.over(YEARS)
KINDS: dict[str, Kind | None] = {
    "V": USD,
    "W": USD,
    "E": EUR,
    "fx": FX,
    "D": SHARE,
    "R": SHARE,
    "r": RATE,
    "hazard": RATE,
    "flow": FLOW,
    "t": YEARS,
    "anything": None,
}


def kind_of(text: str) -> Kind | None:
    found, problems = infer(parse(text), text, KINDS)
    assert problems == [], [str(problem) for problem in problems]
    return found


def problems_of(text: str) -> list[Problem]:
    _, problems = infer(parse(text), text, KINDS)
    for problem in problems:
        assert problem.span is not None and problem.hint
    return problems


# ---- kinds ----


@pytest.mark.parametrize(
    ("kind", "label", "unit"),
    [
        (USD, "an amount (USD)", "USD million"),
        (amount(), "an amount", "USD million"),
        (EUR, "an amount (EUR)", "EUR"),
        (SHARE, "a share or count", ""),
        (RATE, "a rate (1/year)", "a year"),
        (YEARS, "a time (years)", "years"),
        (FLOW, "an amount a year (USD/year)", "USD million a year"),
        (EUR.over(YEARS), "an amount a year (EUR/year)", "EUR a year"),
        (amount().over(YEARS), "an amount a year (money/year)", "USD million a year"),
        (FX, "an exchange rate (USD/EUR)", "USD/EUR"),
        (USD.times(USD), "a quantity (USD^2)", "USD^2"),
        (USD.times(YEARS), "a quantity (USD year)", "USD year"),
        (USD.to_the(Fraction(-1)), "a quantity (1/USD)", "1/USD"),
        (USD.times(EUR), "a quantity (EUR USD)", "EUR USD"),
        (USD.to_the(Fraction(1, 2)), "a quantity (USD^1/2)", "USD^1/2"),
        (RATE.to_the(Fraction(2)), "a quantity (1/year^2)", "1/year^2"),
    ],
)
def test_labels(kind: Kind, label: str, unit: str) -> None:
    assert kind.label == label
    assert unit_label(kind, "USD million") == unit


def test_labels_of_scenarios_without_a_currency() -> None:
    assert unit_label(amount(), "") == "" and unit_label(amount().over(YEARS), "") == "a year"
    assert unit_label(None, "USD") == "" and unit_label(amount("US"), "USD") == "US"


def test_declared_kinds() -> None:
    assert declared("amount", "EUR") == EUR and declared("amount") == amount()
    assert (declared("share"), declared("rate"), declared("years")) == (SHARE, RATE, YEARS)


_kinds = st.builds(
    lambda usd, eur, time: USD.to_the(Fraction(usd)).times(EUR.to_the(Fraction(eur))).times(YEARS.to_the(time)),
    st.integers(-3, 3),
    st.integers(-3, 3),
    st.fractions(-2, 2, max_denominator=2),
)


@given(_kinds, _kinds, _kinds)
def test_kinds_are_a_group(a: Kind, b: Kind, c: Kind) -> None:
    assert a.times(b) == b.times(a) and a.times(b).times(c) == a.times(b.times(c))
    assert a.times(SHARE) == a and a.over(a) == SHARE and a.over(b).times(b) == a
    assert a.to_the(Fraction(2)) == a.times(a) and a.to_the(Fraction(0)) == SHARE
    assert a.agrees(b) == (a == b) and a.label and (a.units == "") == a.plain


# ---- what formulas are ----


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("V * D * R * (1 - D)", USD),
        ("V + W - 5", USD),
        ("V - W * D", USD),
        ("V / W", SHARE),
        ("E * fx + V", USD),
        ("V / fx - E", EUR),
        ("flow * t + V", USD),
        ("flow * period - V", USD),
        ("V / period + flow", FLOW),
        ("hazard * year", SHARE),
        ("exp(-hazard * t) * V", USD),
        ("exp(-(hazard + r) * (year - t))", SHARE),
        ("year - t + 2", YEARS),
        ("horizon", YEARS),
        ("V ** 2 / W", USD),
        ("sqrt(V * W) + V", USD),
        ("sqrt(hazard ** 2)", RATE),
        ("pow(t, 2) / t", YEARS),
        ("(1 + D) ** year * V", USD),
        ("max(V, W, 0)", USD),
        ("clip(D, 0, 1) + cap(D, 0.5) + floor(D, R)", SHARE),
        ("where(V > 5, W, 0)", USD),
        ("where(t > year, 0, V) - where(D, V, W)", USD),
        ("V > W and not t == year or D", SHARE),
        ("-V + +W", USD),
        ("abs(V) + lag(V, W) + sum(V) + highest(V) + lowest(V) + cumsum(V) + cummax(V) + cummin(V)", USD),
        ("cumprod(1 - D)", SHARE),
        ("by_year(0, V, W, 3)", USD),
        ("accumulate(V, D, W) + accumulate(V, 0.9)", USD),
        ("accumulate(V, exp(-hazard * period))", USD),
        ("at(V, t) + at(W, 3)", USD),
        ("npv(r, V, 0.5) + npv(D, V) + npv(0.1, W)", USD),
        ("irr(-V, W)", RATE),
        ("irr(-V, W, 0.5, V)", RATE),
        ("cumsum_in_year(V) - lag_in_year(W) + year_total(V)", USD),
        ("payback(-V, W)", YEARS),
        ("tiers(V, 100, D, W, R, D)", USD),
        ("interp(t, 0, D, 5, R)", SHARE),
        ("interp(year, 0, V, 5, 3) * D", USD),
        ("bass(year - t, hazard, r) * V", USD),
        ("normcdf((V - W) / V) * V", USD),
        ("log(V / W)", SHARE),
        ("V + anything", USD),
        # nothing is known
        ("anything + 1", None),
        ("anything * V", None),
        ("anything ** 2 + exp(anything)", None),
        ("5", None),
        ("2 * pi", None),
        ("hazard * 2", None),
        ("0.5 * year", None),
        ("D * 100", None),
        ("(1 + r) ** -year", None),
        ("where(D, 1, 0)", None),
        ("year ** -0.3", None),
        ("year ** D", None),
        ("sqrt(t)", None),
        ("1 - 0.01 * V", None),
        ("exp(-0.01 * V)", None),
    ],
)
def test_kinds_of_formulas(text: str, kind: Kind | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "1 - 0.05 * period",
        "V * (1 - 0.05 * year) - W",
        "V * 0.5 + W",
        "7.1 * E + V",
        "V * exp(-0.1 * year) - W",
        "V * (1 - 0.002 * W) + W",
        "V * 1.02 ** year - W",
        "D * 500 + V",
        "V - 0.5 * where(D > 0, 1, 0)",
        "V * (1 + 0.03 * (year - 1)) + W",
        "where(year > 3, V, 0) + where(year <= anything, V, 0)",
        "npv(r, V * (1 + r) ** year)",
        "1 / (1 + r) ** year * V + W",
        "tiers(V, 100, 0.05, 200, 0.04, 0.03) + W",
        "exp(6.9 + 0.4 * anything) - V",
        "V * year ** -0.3 - W * year ** -0.3",
        "12 / period + D",
        "min(1, 0.2 * year) * V - W",
        "flow * 0.25 + V",
        "bass(year, 0.03, 0.38) * V - W",
        "(year == 3) * V - W",
        "V * normcdf((year - 4) / 2) - W",
        "lag(V, 0) + by_year(1, 2, V)",
    ],
)
def test_what_a_careful_analyst_writes_is_not_refused(text: str) -> None:
    kind_of(text)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("text", "at_fault", "reason", "hint"),
    [
        ("V * D + r", "r", "adds a rate (1/year) to an amount (USD): 'r' to 'V * D'", "'r' by an amount and by period"),
        ("r + V", "V", "adds an amount (USD) to a rate (1/year): 'V' to 'r'", "multiply 'r' by an amount"),
        ("V - D", "D", "subtracts a share or count from an amount (USD): 'D' from 'V'", "multiply 'D' by an amount"),
        ("V + E", "E", "adds an amount (EUR) to an amount (USD)", "USD and EUR: multiply one of them by an exchange"),
        ("E * fx + E", "E", "adds an amount (EUR) to an amount (USD)", "an exchange rate"),
        ("V + flow", "flow", "adds an amount a year (USD/year) to an amount (USD)", "multiply 'flow' by period"),
        ("V * year + V", "V", "adds an amount (USD) to a quantity (USD year)", "multiply 'V' by period"),
        ("D * r - D", "D", "subtracts a share or count from a rate", "multiply 'D * r' by period"),
        ("t > V", "V", "compares a time (years) with an amount (USD): 't' with 'V'", "check what is meant"),
        ("D == V", "V", "compares a share or count with an amount (USD)", "multiply 'D' by an amount"),
        ("max(V, 0, D)", "D", "max mixes an amount (USD) and a share or count: 'V' and 'D'", ""),
        ("clip(D, 0, t)", "t", "clip mixes a share or count and a time (years)", ""),
        ("cap(V, E)", "E", "cap mixes an amount (USD) and an amount (EUR)", "exchange rate"),
        ("floor(V, r)", "r", "floor mixes", ""),
        ("where(D, V, r)", "r", "where mixes an amount (USD) and a rate", ""),
        ("lag(V, D)", "D", "lag mixes", ""),
        ("by_year(V, W, D)", "D", "by_year mixes", ""),
        ("accumulate(V, D, t)", "t", "accumulate mixes", ""),
        ("accumulate(V, W)", "W", "accumulate takes plain numbers, not an amount (USD): 'W'", ""),
        ("tiers(V, 5, D, E, R, D)", "E", "tiers mixes an amount (USD) and an amount (EUR)", ""),
        ("tiers(V, 5, D, r)", "r", "tiers mixes a share or count and a rate", ""),
        ("interp(t, 0, V, W, V)", "W", "interp mixes a time (years) and an amount", ""),
        ("interp(t, 0, V, 1, D)", "D", "interp mixes an amount (USD) and a share", ""),
        ("bass(V, r, r)", "V", "bass takes a time in years, not an amount (USD)", ""),
        ("bass(t, r, V)", "V", "bass takes rates a year, not an amount", ""),
        ("at(V, D)", "D", "at takes a time in years, not a share or count: 'D'", ""),
        ("npv(V, V)", "V", "npv takes a rate a year, not an amount (USD): 'V'", "stands first"),
        ("npv(r, V, t)", "t", "npv takes plain numbers, not a time", ""),
        ("irr(V, D)", "D", "irr mixes", ""),
        ("irr(V, W, t)", "t", "irr takes plain numbers, not a time", ""),
        ("irr(V, W, 0.5, D)", "D", "irr mixes", ""),
        ("payback(V, E)", "E", "payback mixes", ""),
        ("exp(t)", "t", "exp takes plain numbers, not a time (years)", "multiply it by a rate a year"),
        ("exp(hazard)", "hazard", "exp takes plain numbers, not a rate (1/year)", "multiply it by years"),
        ("log(V)", "V", "log takes plain numbers, not an amount (USD)", "divide it by a quantity of its own kind"),
        ("normcdf(V - W)", "V - W", "normcdf takes plain numbers", ""),
        ("cumprod(V)", "V", "cumprod takes plain numbers", ""),
        ("V ** D", "V", "raises an amount (USD) to a power that is not a number", "reference value"),
        ("2 ** V", "V", "raises to a power that is an amount (USD): 'V'", ""),
        ("V ** 2 + V", "V", "adds an amount (USD) to a quantity (USD^2)", ""),
    ],
)
def test_contradictions(text: str, at_fault: str, reason: str, hint: str) -> None:
    (problem,) = problems_of(text)
    assert reason in problem.reason and hint in (problem.hint or "")
    assert problem.severity == "error"
    assert problem.span is not None and text[slice(*problem.span)] == at_fault


def test_the_offending_term_of_a_long_sum_is_marked() -> None:
    text = "V + W + V * R + r + W"
    (problem,) = problems_of(text)
    assert problem.span == (text.index("r +"), text.index("r +") + 1)


@pytest.mark.parametrize("text", ["(V + D) * W + t", "max(V, D, r, t)", "exp(V + D) + V", "sum(log(V) + V)"])
def test_one_problem_for_one_cause(text: str) -> None:
    assert len(problems_of(text)) == 1


def test_two_causes_are_two_problems() -> None:
    assert [problem.span for problem in problems_of("(V + D) * (t + R)")] == [(5, 6), (15, 16)]


@pytest.mark.parametrize("text", ["D - 0.002 * V", "V * 1.1 + r", "max(D, V / 100)", "tiers(V, 9, 0.1, 0.2) - D"])
def test_what_a_literal_could_explain_is_a_warning(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.severity == "warning" and "an amount" in problem.reason


def test_long_parts_are_shortened_in_the_sentence() -> None:
    text = " * ".join(["V", *["D"] * 30]) + " + r"
    (problem,) = problems_of(text)
    assert "...'" in problem.reason and len(problem.reason) < 140


def test_long_formulas_need_no_recursion() -> None:
    text = " + ".join(["V"] * 990)
    assert kind_of(text) == USD


def test_every_operator_and_function_has_a_rule() -> None:
    assert set(_RULES) == set(FUNCTIONS) | {symbol for symbol, _ in OPERATORS}
