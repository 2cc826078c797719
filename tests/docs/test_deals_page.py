"""The page on deals over years: its examples run, and its formulas are those that ``explain`` prints for them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from simengine.deal.expand import expand
from simengine.engine.run import draw
from simengine.formula import to_text
from simengine.plan.compile import build_plan
from simengine.scenario import loads
from simengine.scenario.deal_tables import CrossBorder, Discount, Relief, Tax
from simengine.scenario.market_tables import Demand, Revenue, Stage
from simengine.scenario.partner_tables import Partner
from simengine.scenario.risk_tables import CostItem, Event, Insurance, Litigation, Mitigation
from simengine.scenario.term_tables import CostPlus, Deal, EarnOut, Milestone, ProfitShare, Royalty, Tier

TABLES = [
    *(Demand, Revenue, Stage, Event, Litigation, Partner, Mitigation, Insurance, Deal, Royalty, Tier, Milestone),
    *(ProfitShare, CostPlus, EarnOut, CostItem, CrossBorder, Tax, Relief, Discount),
]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "deals.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(toml|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples():
    """Every example with the formulas that are shown for it."""
    found = []
    for kind, body in BLOCK.findall(PAGE):
        if kind == "toml":
            found.append((body, []))
        else:
            found[-1][1].extend(re.sub(r"\n +", " ", body).splitlines())
    return [pytest.param(*one, id=re.search(r'name = "(.*?)"', one[0])[1]) for one in found]


@pytest.mark.parametrize(("text", "shown"), examples())
def test_examples_run_and_become_the_formulas_shown(text, shown):
    loaded = loads(text)
    assert [str(problem) for problem in loaded.warnings] == []
    models = expand(loaded)
    printed = {
        f"{name} = {to_text(formula.expression)}" for model in models for name, formula in model.formulas.items()
    }
    assert [line for line in shown if line not in printed] == []
    values = draw(build_plan(models, years=True), 1, 0, 512)
    assert np.all(np.isfinite(values))


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_described(table):
    keys = set(table.model_fields) - {"title", "unit", "source", "note"}
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == set()
