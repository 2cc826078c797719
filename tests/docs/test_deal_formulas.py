"""The page on the terms of a deal: its examples load, and its formulas are those that ``explain`` prints for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simengine.deal.expand import expand
from simengine.formula import to_text
from simengine.scenario import loads
from simengine.scenario.deal_tables import CrossBorder, Discount, Relief, Tax
from simengine.scenario.risk_tables import CostItem
from simengine.scenario.term_tables import CostPlus, Deal, EarnOut, Milestone, ProfitShare, Royalty, Tier

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "deals-terms.part.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```toml\n(?P<toml>.*?)^```\n\n```text\n(?P<formulas>.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("toml", "formulas"), [pytest.param(*found) for found in EXAMPLE.findall(PAGE)])
def test_examples_become_the_formulas_that_are_shown(toml, formulas):
    loaded = loads(toml)
    assert loaded.warnings == ()
    (model,) = expand(loaded)
    printed = {f"{name} = {to_text(formula.expression)}" for name, formula in model.formulas.items()}
    assert [line for line in re.sub(r"\n +", " ", formulas).splitlines() if line not in printed] == []


@pytest.mark.parametrize(
    "table",
    [Deal, Royalty, Tier, Milestone, ProfitShare, CostPlus, EarnOut, CostItem, CrossBorder, Tax, Relief, Discount],
)
def test_every_key_is_described(table):
    keys = set(table.model_fields) - {"title", "unit", "source", "note"}
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == set()
