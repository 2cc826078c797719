"""The terms of a deal in words: what is said is what the tables say, and nothing is left out."""

from __future__ import annotations

import pytest

from simengine.deal.expand import expand
from simengine.deal.explain import explain
from simengine.deal.term_sheet import term_sheet
from simengine.report.explain import explanation_text
from simengine.report.text import Style
from simengine.scenario import loads
from simengine.scenario.templates import template

HEAD = """
[scenario]
name = "sheet"
currency = "EUR"
unit = 1_000_000
horizon = 8
discount = { rate = 0.1, timing = "end" }
[inputs]
V = 100
[crossborder]
currency = "USD"
rate = 0.9
withholding = 0.05
[costs.support]
annual = 0.5
growth = 0.03
"""

LICENCE = """
[deal]
mode = "licence"
upfront = "2 to 8"
milestones = [{ name = "clearance", year = 2, amount = 3, probability = 0.8 }, { amount = 1, sales_above = 50 }]
royalty = { tiers = [{ up_to = 10, rate = 0.05 }, { rate = 0.08 }], minimum = 0.5, cap = 4 }
[partner]
mode = "survival"
rating = "BB"
[risks.leak]
rate = 0.04
severity = 0.3
cost = 2
"""


def sheet(text: str) -> list[str]:
    (definition,) = loads(text).strategies.values()
    return list(term_sheet(definition))


def test_a_licence_reads_like_this() -> None:
    assert sheet(HEAD + LICENCE) == [
        "form: licence, 8 years",
        "at the signing: 2 to 8 USD million",
        "milestone 1 (clearance): 3 USD million in year 2, probability 80 %",
        "milestone 2: 1 USD million when sales pass 50 USD million",
        "royalty: on the sales of a year 5 % up to 10 USD million, 8 % beyond, at least 0.5 USD million a year, "
        "at most 4 USD million a year",
        "partner: pays until it defaults, rated BB",
        "border: the market pays in USD, at 0.9, 5 % withheld",
        "risk leak: 0.04 a year, takes 30 % of sales, costs 2 EUR million",
        "cost support: 0.5 EUR million a year, growing 3 % a year",
        "discounting: 10 % a year, at the end of each period",
    ]


@pytest.mark.parametrize(
    ("deal", "line"),
    [
        ('mode = "sale"\nprice = 9', "at the signing: 9 USD million"),
        ('mode = "joint-venture"\nequity = 0.4\ncapital = 6', "our share: 40 % of the venture, capital 6 USD million"),
        ('mode = "licence"\nroyalty = { rate = "= 0.01 * year" }', "royalty: (= 0.01 * year) of sales"),
        ('mode = "licence"\nfee = [1, 1, 2, 2, 2, 2, 2, 2]', "fee: 1/2 USD million a year"),
    ],
)
def test_other_forms(deal: str, line: str) -> None:
    assert line in sheet(f"{HEAD}[deal]\n{deal}\n")


@pytest.mark.parametrize("name", ["licence", "sale", "joint-venture", "api", "cross-border", "subscription"])
def test_every_template_has_a_sheet_that_stands_first(name: str) -> None:
    scenario = loads(template(name, "deal.toml"))
    models = expand(scenario)
    explained = [explain(model, scenario.strategies[model.strategy]) for model in models]
    assert all(one.terms[0].startswith("form: ") and all(": " in line for line in one.terms) for one in explained)
    text = explanation_text(explained, Style(width=100))
    assert text.index("terms in words") < text.index("discount_factor[year]")


def test_a_plain_model_has_none() -> None:
    scenario = loads(template("deal", "deal.toml"))
    assert [term_sheet(definition) for definition in scenario.strategies.values()] == [()] * len(scenario.strategies)
