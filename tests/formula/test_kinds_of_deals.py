"""Kinds of whole models: scenarios that ship, expansions, and a deal over years contradict nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from simengine.deal.expand import expand
from simengine.deal.kinds import known_kinds
from simengine.formula import parse
from simengine.formula.kinds import RATE, SHARE, YEARS, Kind, amount, exchange_rate, infer
from simengine.scenario import load, loads

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").rglob("*.toml"))
USD, EUR = amount("USD"), amount("EUR")


def plausible(name: str, table: str) -> Kind | None:
    """Kinds as a reader of the scenario would give them."""
    if name == "V" or table == "costs":
        return amount()
    return SHARE if name in ("D", "R", "L") or table == "risks" else None


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenarios_that_ship_contradict_nothing(path: Path) -> None:
    scenario = load(path)
    for model in expand(scenario):
        definition = scenario.strategies[model.strategy]
        kinds = {name: plausible(name, entry.table) for name, entry in model.inputs.items()}
        if definition.terms is not None:  # whose values have the kinds that their tables say
            kinds = dict(known_kinds(definition, {}))
        for name, formula in model.formulas.items():
            kinds[name], problems = infer(formula.expression, formula.text, kinds)
            assert [str(problem) for problem in problems] == []
        if "T" in model.formulas and formula.key == "inputs":
            assert kinds["T"] == amount()


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shares_and_switches_of_a_deal_are_no_amounts(path: Path) -> None:
    """What the engine's own titles call a share, or a matter of whether, has no unit."""
    for model in expand(load(path)):
        for formula in model.formulas.values():
            title = formula.title.startswith(("share ", "whether ", "prices", "1 in "))
            assert not (title and formula.section != "model" and formula.unit), formula.name


def test_expansions_have_the_kind_that_they_should() -> None:
    text = """
[scenario]
name = "kinds"
[inputs]
V = "1 to 2"
D = 0.5
R = 0.5
L = 0.1
[risks.entry]
probability = { dist = "beta", alpha = 2, beta = 6 }
severity = 0.3
[costs]
fee = 3
"""
    (model,) = expand(loads(text))
    kinds = {name: plausible(name, entry.table) for name, entry in model.inputs.items()}
    for name, formula in model.formulas.items():
        kinds[name], problems = infer(formula.expression, formula.text, kinds)
        assert problems == []
    assert kinds["T"] == amount() and kinds["entry"] == SHARE and kinds["entry_strikes"] == SHARE
    kinds["V"] = RATE  # a planted fault is found
    tree = model.formulas["T"]
    assert "from a rate (1/year)" in infer(tree.expression, tree.text, kinds)[1][0].reason


DEAL = {
    "discount_factor": ("(1 + discount_rate) ** -(year - 0.5 * period)", None),
    "entry_time": ("entry_clock / entry_rate", YEARS),
    "entry_strikes": ("entry_time <= horizon", SHARE),
    "entry_after": ("clip((year - entry_time) / period, 0, 1)", SHARE),
    "entry_now": ("entry_time > year - period and entry_time <= year", SHARE),
    "ramp": ("clip((year - entry_time) / entry_ramp, 0, 1)", SHARE),
    "entry_effect": ("entry_severity * entry_after * exp(-entry_recovery * floor(year - entry_time, 0))", SHARE),
    "survival": ("exp(-entry_rate * year)", SHARE),
    "adopted": ("bass(year - launch, p, q) - bass(floor(year - launch - period, 0), p, q)", SHARE),
    "price": ("list_price * (1 - decline) ** (year / period)", USD),
    "sales": ("V * adopted * (1 - entry_effect) * by_year(1, 0.9, decline)", USD),
    "royalty": ("cap(floor(tiers(cumsum(sales), bound, royalty_rate, royalty_rate), minimum), V) - lag(sales, 0)", USD),
    "milestone": ("where(entry_time > 3, fee, 0) * (year == 3)", USD),
    "collection": ("where(year < entry_time, 1, recovery)", SHARE),
    "receipts": ("(royalty + milestone) * collection * (1 - withholding)", USD),
    "measure": ("annual * period * (year <= 5)", USD),
    "abroad": ("foreign_fee * fx", USD),
    "used": ("accumulate(receipts - measure, where(receipts > measure, 0, 1))", USD),
    "tax": ("tax_rate * floor(receipts - measure - abroad - cap(used, V), 0)", USD),
    "cash_flow": ("receipts - measure - abroad - tax", USD),
    "npv": ("initial + sum(discount_factor * cash_flow)", USD),
    "peak": ("floor(-min(initial, initial + lowest(cumsum(cash_flow))), 0)", USD),
    "ever_negative": ("peak > 0", SHARE),
    "rate_of_return": ("irr(initial, cash_flow)", RATE),
    "back": ("payback(initial, cash_flow)", YEARS),
    "excess": ("rate_of_return - discount_rate", RATE),
    "equivalent": ("npv / sum(discount_factor * period)", None),
    "value_at_event": ("at(cash_flow, cap(entry_time, horizon))", USD),
    "defaulted": ("normcdf((trigger - factor * loading) / sqrt(1 - loading ** 2))", SHARE),
}
"""A deal over years as it could be written, and the kind of each formula."""

DEAL_KINDS: dict[str, Kind | None] = {
    **dict.fromkeys(("V", "list_price", "bound", "minimum", "fee", "initial"), USD),
    **dict.fromkeys(("discount_rate", "entry_rate", "entry_recovery", "p", "q"), RATE),
    **dict.fromkeys(("entry_severity", "decline", "royalty_rate", "recovery", "withholding", "tax_rate"), SHARE),
    **dict.fromkeys(("entry_clock", "trigger", "factor", "loading"), SHARE),
    **dict.fromkeys(("launch", "entry_ramp"), YEARS),
    "annual": USD.over(YEARS),
    "foreign_fee": EUR,
    "fx": exchange_rate("USD", "EUR"),
}


def test_a_deal_over_years_contradicts_nothing() -> None:
    kinds = dict(DEAL_KINDS)
    for name, (text, expected) in DEAL.items():
        kinds[name], problems = infer(parse(text), text, kinds)
        assert [str(problem) for problem in problems] == [], name
        assert kinds[name] == expected, name


@pytest.mark.parametrize(
    ("name", "kind", "found_in"),
    [
        ("discount_rate", USD, "discount_factor"),
        ("entry_rate", SHARE, "entry_strikes"),
        ("annual", USD, "used"),
        ("fx", SHARE, "tax"),
        ("withholding", YEARS, "used"),
        ("launch", USD, "adopted"),
        ("fee", EUR, "receipts"),
        ("minimum", SHARE, "royalty"),
    ],
)
def test_a_wrong_kind_is_found_where_it_first_contradicts(name: str, kind: Kind, found_in: str) -> None:
    kinds = DEAL_KINDS | {name: kind}
    found = []
    for formula, (text, _) in DEAL.items():
        kinds[formula], problems = infer(parse(text), text, kinds)
        found += [formula] * bool(problems)
    assert found[:1] == [found_in]
