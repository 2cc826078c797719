"""Deals over years: every term that differs is attributed, and what no change stands for is an error."""

from pathlib import Path

import numpy as np
import pytest

from simengine.analysis.difference import attribute as module
from simengine.analysis.difference.attribute import How, attribute
from simengine.errors import Mismatch
from simengine.report.difference import difference_report
from simengine.report.text import Style
from simengine.scenario import load, loads

DEAL = """
[scenario]
name = "years"
currency = "USD"
horizon = 4
discount = { rate = 0.10, timing = "mid" }
[inputs]
V = "120 to 400"
D = 0.7
[demand]
model = "bass"
p = 0.03
q = 0.38
[partner]
mode = "survival"
rating = "BB"
[risks.leak]
rate = 0.3
severity = 0.2
cost = 4
[risks.fines]
frequency = 0.5
loss = { dist = "lognormal", mean = 2, sd = 1 }
[deal]
mode = "licence"
upfront = 5
milestones = [{ name = "first", year = 1, amount = 2 }, { name = "second", year = 2, amount = 3, probability = 0.8 }]
royalty = { tiers = [{ up_to = 15, rate = 0.05 }, { rate = 0.08 }], minimum = 0.5 }
[costs.support]
annual = 1
[mitigations.watermark]
upfront = 0.3
annual = 0.05
reduces = { "risks.leak.rate" = 0.5 }
[mitigations.escrow]
annual = 0.1
reduces = { "risks.leak.severity" = 0.5 }
[crossborder]
currency = "CNY"
rate = 0.14
withholding = 0.1
[tax]
rate = 0.25
[strategies.licence]
mitigations = ["watermark"]
[strategies.more]
"deal.upfront" = 8
"deal.royalty" = { tiers = [{ up_to = 20, rate = 0.03 }, { rate = 0.06 }] }
[strategies.sale]
deal = { mode = "sale", price = 22 }
"risks.leak.rate" = 0
"""
HOW = How(trials=1024, threads=1, orders=4)
SCENARIOS = Path(__file__).parents[2] / "scenarios"


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def differ(*edits, base=DEAL, how=HOW):
    return attribute(loads(base, file="old.toml"), loads(edited(base, *edits), file="new.toml"), how)


def assert_adds_up(found):
    for one in found.contributions:
        assert np.allclose(one.shares.value.sum(axis=1), one.total.value, rtol=0, atol=1e-9)


def moved(found, output="npv"):
    """The labels of the groups that change the mean of an outcome in some strategy."""
    return {
        found.label(group)
        for one in found.contributions
        if one.output == output
        for group in range(len(found.groups))
        if one.shares.value[0, group]
    }


@pytest.mark.parametrize(
    ("old", "new", "label"),
    [
        ("upfront = 5", "upfront = 6", "deal.upfront"),
        ('"deal.upfront" = 8', '"deal.upfront" = 9', "strategies.more.deal.upfront"),
        ("rate = 0.05 }, { rate = 0.08", "rate = 0.05 }, { rate = 0.09", "deal.royalty.tiers[1].rate"),
        ("up_to = 20, rate = 0.03", "up_to = 30, rate = 0.03", "strategies.more.deal.royalty.tiers[0].up_to"),
        ("{ up_to = 15, rate = 0.05 }, ", "", "deal.royalty.tiers"),
        ("minimum = 0.5", "cap = 0.5", "deal.royalty.minimum + deal.royalty.cap"),
        ("year = 2, amount = 3", "year = 2, amount = 4", "deal.milestones[1].amount"),
        ('price = 22 }', "price = 22, earn_out = { share = 0.02 } }", "strategies.sale.deal.earn_out"),
        ('{ mode = "sale", price = 22 }', '{ mode = "joint-venture", equity = 0.3 }', "strategies.sale.deal"),
        ('rating = "BB"', 'rating = "CCC"', "partner.rating"),
        ("rate = 0.14", "rate = 0.15", "crossborder.rate"),
        ("withholding = 0.1", "withholding = 0.2", "crossborder.withholding"),
        ("q = 0.38", "q = 0.5", "demand.q"),
        ("discount = { rate = 0.10", "discount = { rate = 0.12", "scenario.discount.rate"),
        ('timing = "mid"', 'timing = "end"', "scenario.discount.timing"),
        ("horizon = 4", "horizon = 5", "scenario.horizon"),
        ("horizon = 4", "horizon = 4\nperiod = 0.5", "scenario.period"),
        ("annual = 0.05", "annual = 0.09", "mitigations.watermark.annual"),
        ('mitigations = ["watermark"]', 'mitigations = ["escrow"]', "strategies.licence.mitigations"),
        ('"risks.leak.rate" = 0.5', '"risks.leak.rate" = 0.9', "mitigations.watermark.reduces.risks.leak.rate"),
        ("[tax]\nrate = 0.25", "[tax]\nrate = 0.15", "tax.rate"),
        ("[tax]\nrate = 0.25", "", "tax"),
        ("frequency = 0.5", "frequency = 0.9", "risks.fines.frequency"),
        ('"risks.leak.rate" = 0\n', '"risks.leak.rate" = 0.1\n', "strategies.sale.risks.leak.rate"),
    ],
)  # fmt: skip
def test_every_term_that_changes_is_attributed(old, new, label):
    found = differ((old, new))
    assert_adds_up(found)
    changed = moved(found)
    assert changed and (changed == {label} or changed <= set(label.split(" + ")))
    assert "Listed only" not in difference_report(found, Style())


def test_many_changes_at_once_add_up():
    found = differ(
        ("upfront = 5", "upfront = 6"),
        ("horizon = 4", "horizon = 6"),
        ('rating = "BB"', 'rating = "B"'),
        ("[mitigations.escrow]\nannual = 0.1", "[mitigations.vault]\nannual = 0.2"),
        ('mitigations = ["watermark"]', 'mitigations = ["vault"]'),
    )
    assert_adds_up(found)
    assert any("mitigations.vault" in label and "strategies.licence.mitigations" in label for label in moved(found))


def test_words_and_the_length_of_the_run_are_listed_only():
    found = differ(
        ('currency = "USD"', 'currency = "USD"\ntitle = "new"'),
        ("[costs.support]\n", '[costs.support]\nnote = "asked"\n'),
        ("[strategies.sale]\n", '[strategies.sale]\ntitle = "Sold"\n'),
    )
    assert found.groups == () and len(found.changes) == 3


def test_outcomes_by_year_are_left_out_and_units_are_those_of_the_models():
    base = DEAL + "[outputs]\ncash_flow = true\nnpv = true\n"
    found = differ(("upfront = 5", "upfront = 6"), base=base)
    assert {(one.output, one.unit) for one in found.contributions} == {("npv", "USD")}


def test_a_change_that_is_taken_for_words_is_an_error_and_not_silence(monkeypatch):
    """Planted: changes of terms are said to change nothing, as they were before deals over years."""
    from simengine.analysis.difference import changes

    monkeypatch.setattr(changes, "_TERMS", frozenset())
    with pytest.raises(Mismatch, match="do not add up"):
        differ(("upfront = 5", "upfront = 6"))


def test_a_fault_in_making_changes_is_an_error(monkeypatch):
    """Planted: the sets of changes are made of the old file only."""
    make = module.Coalitions._read
    monkeypatch.setattr(module.Coalitions, "_read", lambda self, members: make(self, frozenset()))
    with pytest.raises(Mismatch):
        differ(("upfront = 5", "upfront = 6"))


def test_a_shipped_deal_over_years_against_an_edited_copy(tmp_path):
    path = SCENARIOS / "medical_imaging_licence.toml"
    copy = tmp_path / path.name
    text = path.read_text(encoding="utf-8")
    copy.write_text(text.replace("[deal]\n", "[deal]\n", 1).replace("upfront = ", "upfront = 1", 1), encoding="utf-8")
    found = attribute(load(path), load(copy), How(trials=512, threads=1))
    assert_adds_up(found)
    assert len(moved(found)) == 1
