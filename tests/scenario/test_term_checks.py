"""What users get wrong in the terms of a deal: where the problem is, and what must be said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.scenario import loads

HEAD = '[scenario]\nname = "test"\ncurrency = "USD"\nhorizon = 5\n[inputs]\nV = 100\nD = 1\n'
DEAL = HEAD + '[deal]\nmode = "licence"\n'
PAID = DEAL + "royalty = { rate = 0.05 }\n"

# (text before, line with the mistake, key = value as shown, what is said besides)
MISTAKES = [
    (PAID, "price = 3", "deal.price", 'has no meaning with mode = "licence"|mode = "sale"'),
    (PAID, "equity = 0.3", "deal.equity", 'has no meaning with mode = "licence"|mode = "joint-venture"'),
    (HEAD + "[deal]\n", "royalty = { rate = 0.05 }", "deal.royalty", 'no meaning with mode = "value"|"licence"'),
    (
        HEAD,
        '[deal]\nmode = "licenze"',
        'deal.mode = "licenze"',
        'one of the choices|"joint-venture"|did you mean licence',
    ),
    (HEAD, '[deal]\nmode = "sale"', "deal.price", 'is missing for mode = "sale"|price is the price of the technology'),
    (HEAD, '[deal]\nmode = "joint-venture"', "deal.equity", "is missing|equity is our share of the venture"),
    (HEAD, '[deal]\nmode = "licence"', "deal", "nothing is paid|upfront, milestones, royalty"),
    (HEAD, '[deal]\nmode = "sharing"', "deal", "nothing is paid|or cost_avoided"),
    (DEAL, "royalty = 0.05", "deal.royalty = 0.05", "is not a table|write { rate = 0.05 }"),
    (DEAL, 'royalty = "0.03 to 0.07"', "deal.royalty", 'write { rate = "0.03 to 0.07" }'),
    (DEAL, "royalty = {}", "deal.royalty", "needs a rate or tiers"),
    (DEAL, "royalty = { tiers = [] }", "deal.royalty", "needs a rate or tiers"),
    (DEAL, "royalty = { rate = 0.1, tiers = [{ rate = 0.1 }] }", "deal.royalty", "both rate and tiers"),
    (DEAL, "royalty = { rate = 5 }", "deal.royalty.rate = 5", "allowed: 0 to 1|did you mean 0.05"),
    (DEAL, "royalty = { rate = [0.1, 0.2] }", "deal.royalty.rate", "2 values for 5 periods|5 numbers"),
    (DEAL, "royalty = { rate = [0.1, 0.2, 0.3, 0.4, 5] }", "deal.royalty.rate", "5 is out of range"),
    (DEAL, 'royalty = { rate = 0.1, base = "cumulative" }', "deal.royalty.base", "no meaning without tiers"),
    (DEAL, "royalty = { rate = 0.1, floor = 2 }", "deal.royalty.floor = 2", "did you mean minimum?"),
    (DEAL, "royalty = { rate = 0.1, minimum = -2 }", "deal.royalty.minimum = -2", "out of range|>= 0"),
    (DEAL, "royalty = { rate = 0.1, minimum = 5, cap = 2 }", "deal.royalty.cap = 2", "minimum is 5 a year|5 or more"),
    (
        DEAL,
        "royalty = { tiers = [{ up_to = 50, rate = 0.1 }, { up_to = 50, rate = 0.2 }, { rate = 0.3 }] }",
        "deal.royalty.tiers[1].up_to = 50",
        "not above the tier before it, which ends at 50|count from 0",
    ),
    (
        DEAL,
        "royalty = { tiers = [{ up_to = 50, rate = 0.1 }, { up_to = 90, rate = 0.2 }] }",
        "deal.royalty.tiers[1].up_to = 90",
        "the last tier goes on for ever|{ rate = 0 }",
    ),
    (DEAL, "royalty = { tiers = [{ rate = 0.1 }, { rate = 0.2 }] }", "deal.royalty.tiers[0]", "up_to is missing"),
    (DEAL, "royalty = { tiers = [{ upto = 5, rate = 0.1 }, { rate = 0.2 }] }", "deal.royalty.tiers[0].upto", "up_to"),
    (DEAL, "royalty = { tiers = [{ up_to = 5 }, { rate = 0.2 }] }", "deal.royalty.tiers[0].rate", "is missing|0 to 1"),
    (PAID, "milestones = [{ year = 0, amount = 1 }]", "deal.milestones[0].year = 0", "the signing|upfront"),
    (PAID, "milestones = [{ amount = 1 }]", "deal.milestones[0]", "not when it is due|year, sales_above and stage"),
    (
        PAID,
        "milestones = [{ year = 1, sales_above = 5, amount = 1 }]",
        "deal.milestones[0]",
        "both year and sales_above",
    ),
    (PAID, "milestones = [{ year = 1 }]", "deal.milestones[0].amount", "is missing"),
    (PAID, "milestones = { year = 1, amount = 1 }", "deal.milestones", "is not a list"),
    (
        PAID + "milestones = [{ stage = 'II', amount = 1 }]\n",
        "[development]\nstages = [{ name = 'Ia', years = 1 }]",
        'deal.milestones[0].stage = "II"',
        "is not a stage of development|allowed: Ia",
    ),
    (
        PAID + "milestones = [{ stage = 'I', amount = 1 }]\n",
        "[development]\nstages = [{ name = 'I', success = 0.5 }]",
        "deal.milestones[0].stage",
        "ends at the signing|upfront",
    ),
    (DEAL, "profit_share = { share = 0.3 }", "deal.profit_share", "cost_ratio or cost|revenue_share"),
    (DEAL, "profit_share = 0.3", "deal.profit_share = 0.3", "{ share = 0.3 }"),
    (DEAL, "upfront = 'a lot'", 'deal.upfront = "a lot"', ""),
    (DEAL, "upfront = '= V *'", "deal.upfront", ""),
    (DEAL, "upfront = '= V * Z'", "deal.upfront", "nothing is called Z; allowed: V, "),
    (DEAL, "upfront = '= exp(1/0)'", "deal.upfront", "divides by 0"),
    (PAID, "upfront = '= sum(sales) + sales * year'", "deal.upfront", "period|sum"),
    (PAID, "upfront = [1, 2, 3, 4, 5]", "deal.upfront", "one value for all periods"),
    (PAID, "[crossborder]\nwithholding = 10", "crossborder.withholding = 10", "did you mean 0.1?"),
    (PAID, "[crossborder]\nwithholding_tax = 0.1", "crossborder.withholding_tax", "did you mean withholding?"),
    (PAID, '[crossborder]\ncurrency = "CNY"', 'crossborder.currency = "CNY"', "give rate, USD for one CNY"),
    (PAID, '[crossborder]\ncurrency = "USD"\nrate = 2', "crossborder.rate", "no rate to itself"),
    (PAID, "tax = 0.25", "deal.tax", "is not a key of this table"),
    (PAID, "[tax]\nrate = 25", "tax.rate = 25", "did you mean 0.25?"),
    (PAID, "[tax]\ncarry_forward = true", "tax.rate", "is missing"),
    (PAID, "[tax]\nrate = 0.25\nrelief = 5", "tax.relief = 5", "{ exempt = 5 }"),
    (
        HEAD.replace("horizon = 5", "horizon = 5\ndiscount = { rate = 10 }") + "[deal]",
        "",
        "scenario.discount.rate = 10",
        "did you mean 0.1?",
    ),
    (
        HEAD.replace("horizon = 5", "horizon = 5\ndiscount = 0.1") + "[deal]",
        "",
        "scenario.discount = 0.1",
        "{ rate = 0.1 }",
    ),
    (PAID, "[costs.support]\nannual = 1\ngrow = 0.1", "costs.support.grow", "did you mean growth?"),
]


@pytest.mark.parametrize(
    ("before", "mistake", "key", "said"), MISTAKES, ids=[m[1].split("\n")[-1] or m[2] for m in MISTAKES]
)
def test_a_mistake_is_refused_where_it_stands(before, mistake, key, said):
    with pytest.raises(InvalidInput) as caught:
        expand(loads(f"{before}{mistake}\n", file="deal.toml"))
    (problem,) = caught.value.problems
    text = str(problem)
    assert problem.file == "deal.toml" and problem.line is not None and problem.column is not None
    shown = problem.key + (f" = {problem.value}" if problem.value is not None else "")
    assert shown.startswith(key), text
    for part in said.split("|"):
        assert part in text, text
    own = key.split(" = ")[0].split(".")[-1].split("[")[0]
    line = f"{before}{mistake}\n".splitlines()[problem.line - 1]
    assert own in line or any(own in k for k in ("price", "equity", "amount", "rate")), line


@pytest.mark.parametrize(
    ("formula", "at"), [("= V * Z", "Z"), ("=   Z", "Z"), ("= 2 + 1/0", "1/0"), ("= V * (2", "(2")]
)
def test_mistakes_in_formulas_have_their_place(formula, at):
    line = f'upfront = "{formula}"'
    with pytest.raises(InvalidInput) as caught:
        expand(loads(f"{DEAL}{line}\n"))
    (problem,) = caught.value.problems
    assert problem.column is not None and line[problem.column - 1 :].startswith(at)


def test_all_mistakes_are_told_at_once():
    text = (
        '[scenario]\nname = "t"\ncurrency = "USD"\nhorizon = 5\n[inputs]\nV = 100\nD = 1\n'
        '[deal]\nmode = "licence"\nprice = 3\nroyalty = { rate = 0.1, tiers = [{ rate = 0.2 }] }\n'
        "milestones = [{ year = 0, amount = 1 }, { amount = 2 }]\n[crossborder]\ncurrency = 'EUR'\nwithholding = 10\n"
    )
    with pytest.raises(InvalidInput) as caught:
        loads(text)
    assert [p.line for p in caught.value.problems] == [10, 11, 12, 12, 14, 15]


DOUBTS = [
    ("demand_uplift = 0.2", "deal.demand_uplift", "did you mean 1.2?"),
    ("demand_uplift = 0.8", "deal.demand_uplift", "it is a factor"),
    ("milestones = [{ year = 6, amount = 1 }]", "deal.milestones[0].year", "after the horizon of 5 years"),
    ("cost_plus = { cost = 3, markup = 0.2 }", "deal.cost_plus.cost", "[costs]"),
    ("[costs.support]\nannual = 1\ngrowth = 3", "costs.support.growth", "did you mean 0.03?"),
]


@pytest.mark.parametrize(("line", "key", "said"), DOUBTS)
def test_doubtful_terms_are_warned_of(line, key, said):
    (warning,) = loads(f"{PAID}{line}\n").warnings
    assert (warning.severity, warning.key) == ("warning", key) and said in str(warning)


def test_a_discount_rate_with_a_premium_and_risks_is_warned_of():
    risk = "[risks.rival]\nrate = 0.2\nseverity = 0.3\n"
    high = PAID.replace("horizon = 5", "horizon = 5\ndiscount = { rate = 0.2 }")
    assert "count them twice" in " ".join(map(str, loads(high + risk).warnings))
    assert not loads(high).warnings and not loads(high.replace("0.2 }", "0.1 }") + risk).warnings


def test_sound_terms_raise_no_doubts():
    text = (
        PAID
        + "milestones = [{ year = 5, amount = 1 }]\ndemand_uplift = 1.2\n[costs.support]\nannual = 1\ngrowth = 0.5\n"
    )
    assert loads(text).warnings == ()


def test_the_command_ends_with_status_2(tmp_path: Path):
    file = tmp_path / "deal.toml"
    file.write_text(PAID + "price = 3\n[crossborder]\nwithholding = 10\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "simengine", "check", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "deal.toml:11" in done.stderr and "deal.toml:13" in done.stderr
