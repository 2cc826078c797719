"""`explain` of a deal over years: parts of the deal, yearly formulas, the values of constants by year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from deal_models import model

from simengine.deal.expand import expand
from simengine.deal.explain import MAX_EXPANDED_OVER_YEARS, MAX_VALUES, explain
from simengine.deal.model import SECTIONS, Model, NamedFormula, Output, YearlyOutput
from simengine.formula import Grid, is_yearly, parse
from simengine.formula.nodes import postorder
from simengine.report.explain import explanation_text
from simengine.report.text import Style, text_width
from simengine.scenario import loads

FORMULAS = {  # section, text, unit, title
    "npv": ("value", "initial + sum(discount_factor * cash_flow)", "USD million", "net present value"),
    "entry_after": ("risks", "clip((year - entry_time) / period, 0, 1)", "", "share of the period after entry"),
    "sales": ("market", "V * by_year({prices}) * (1 - entry_after * severity)", "USD million a year", ""),
    "discount_rate": ("time", "0.1", "a year", ""),
    "discount_factor": ("time", "(1 + discount_rate) ** -(year - 0.5)", "", "worth at signing"),
    "initial": ("deal", "upfront", "USD million", ""),
    "royalty": ("deal", "tiers(sales, 10, 0.05, 0.03)", "USD million a year", "running royalty"),
    "cash_flow": ("value", "royalty - costs_support", "USD million a year", "what we keep"),
}
ORDER = ("discount_rate", "discount_factor", "entry_after", "sales", "initial", "royalty", "cash_flow", "npv")


def deal(periods: int = 10, formulas: Mapping[str, tuple[str, str, str, str]] = FORMULAS) -> Model:
    uniform = {"dist": "uniform", "min": 1, "max": 2}
    names = ("V", "severity", "entry_time", "upfront", "costs_support")
    plain = model(dict.fromkeys(names, uniform) | {"upfront": {"dist": "constant", "value": 5.0}}, {}, ())
    tables = {"severity": "risks", "entry_time": "risks", "costs_support": "costs"}
    prices = ", ".join(f"{1 - k / 100:.2g}" for k in range(periods))
    yearly: dict[str, bool] = {}
    made = {}
    for name in ORDER:
        section, text, unit, title = formulas[name]
        tree = parse(text.format(prices=prices))
        yearly[name] = is_yearly(tree, yearly)
        made[name] = NamedFormula(name, text, tree, "deal", unit, title, yearly[name], section)
    return replace(
        plain,
        inputs={
            name: replace(entry, key=f"{tables.get(name, 'inputs')}.{name}") for name, entry in plain.inputs.items()
        },
        formulas=made,
        outputs=(Output("npv", "USD million", "net present value", (0.0,)),),
        yearly_outputs=(YearlyOutput("cash_flow", initial="initial"),),
        grid=Grid(periods, 1.0),
    )


def shown(width: int = 120, periods: int = 10) -> str:
    return explanation_text([explain(deal(periods))], Style(width=width))


def test_formulas_stand_by_part_of_the_deal() -> None:
    lines = shown().splitlines()
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == [
        "strategy base",
        *("time", "market", "risks", "deal", "value"),
        *("uncertain inputs, [inputs]", "uncertain inputs, [risks]", "uncertain inputs, [costs]"),
        "fixed inputs, [inputs]",
    ]
    assert [heading for heading in headings if heading in SECTIONS] == sorted(headings[1:6], key=SECTIONS.index)
    for above, below in (("risks", "  entry_after[year]"), ("deal", "  initial = upfront"), ("value", "  cash_flow[")):
        assert lines[lines.index(above) + 1].startswith(below)


def test_a_clause_is_shown_with_its_figures() -> None:
    text = "min(sales * rate * period, upfront) / 1 * horizon"
    clause = NamedFormula("royalty", text, parse(text), "deal", yearly=True, section="deal")
    inputs = dict(deal().inputs)
    inputs["rate"] = replace(inputs["upfront"], name="rate")
    explained = explain(replace(deal(), inputs=inputs, formulas={**deal().formulas, "royalty": clause}))
    (line,) = [line for line in explained.formulas if line.name == "royalty"]
    assert line.figures == "min(sales * 5, 5) * 10"
    assert [line.figures for line in explained.formulas if line.section == "model"] == []
    assert "      = min(sales * 5, 5) * 10" in explanation_text([explained], Style(width=120)).splitlines()


def test_yearly_formulas_are_marked() -> None:
    text = shown()
    assert "\n  royalty[year] = tiers(sales, 10, 0.05, 0.03)\n      running royalty [USD million a year]\n" in text
    assert "\n  npv = initial + sum(discount_factor * cash_flow)\n" in text
    assert "net present value [USD million] [reported]; P(npv < 0)" in text
    assert "what we keep [USD million a year] [reported by year]; at year 0: initial" in text


def test_constants_by_year_are_shown_with_their_values() -> None:
    text = shown()
    assert "  discount_factor[year] = (1 + discount_rate) ** -(year - 0.5)\n      = 0.953463, 0.866784, " in text
    assert "year = 1, 2, 3, 4, 5, 6, ..., 9, 10\n" in text
    assert "end of each of 10 periods, in years; period = 1, horizon = 10" in text
    (line,) = [line for line in explain(deal()).formulas if line.name == "discount_factor"]
    assert line.values == pytest.approx([1.1 ** -(k + 0.5) for k in range(10)], rel=1e-14)
    (fixed,) = [line for line in explain(deal()).formulas if line.name == "discount_rate"]
    assert fixed.values == ()


def test_long_lists_by_year_are_shortened_in_the_middle() -> None:
    assert "by_year(1, 0.99, 0.98, 0.97, 0.96, 0.95, ..., 0.72, 0.71)" in shown(periods=30)
    assert "by_year(1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93)" in shown(periods=MAX_VALUES)


def test_only_short_formulas_are_expanded() -> None:
    lines = {line.name: line for line in explain(deal()).formulas}
    assert lines["npv"].expanded is None and lines["cash_flow"].expanded is None
    for line in lines.values():
        assert line.expanded is None or sum(1 for _ in postorder(parse(line.expanded))) <= MAX_EXPANDED_OVER_YEARS


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit(width: int) -> None:
    assert max(map(text_width, shown(width, 30).splitlines())) <= width


def test_large_amounts_are_told_apart_in_a_list() -> None:
    formulas = FORMULAS | {"discount_factor": ("time", "12345.5 * year", "", "")}
    text = explanation_text([explain(deal(4, formulas))], Style())
    assert "= 12345.5, 24691, 37036.5, 49382\n" in text


def test_unknown_parts_stand_last() -> None:
    formulas = FORMULAS | {"royalty": ("addenda", "sales", "", "")}
    assert list(explain(deal(10, formulas)).sections)[-1] == "addenda"


def test_own_formulas_over_years_stand_together() -> None:
    text = """
[scenario]
name = "own"
horizon = 3
period = 0.5
[inputs]
V = "1 to 2"
[model]
flow = "V * growth"
growth = "1.1 ** year"
total = "sum(flow)"
[outputs]
total = true
flow = true
"""
    (own,) = expand(loads(text))
    said = explanation_text([explain(own)], Style())
    assert "time\n  year = 0.5, 1, 1.5\n      end of each of 3 periods, in years; period = 0.5, horizon = 1.5" in said
    assert "formulas, in the order of evaluation\n  growth[year] = 1.1 ** year\n      = 1.04881, 1.1, 1.15369" in said
    assert "  flow[year] = V * growth\n      = V * 1.1 ** year\n      [reported by year]" in said
