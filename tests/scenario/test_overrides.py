"""Strategies and ``--set``: what is changed, what is shared, and where problems of a change are reported."""

from __future__ import annotations

import tomllib

import pytest

from simengine.errors import InvalidInput
from simengine.scenario import loads

BASE = """[scenario]
name = "test"
[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600, title = "Market value", unit = "USD" }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[risks.ip_leak]
probability = 0.08
severity = { dist = "beta", alpha = 2, beta = 5 }
"""
LINES = BASE.count("\n")


def strategies(text: str, **options: object):  # type: ignore[no-untyped-def]
    return loads(BASE + text, file="f", set_values=options or None).strategies


def problems(text: str, set_values: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        loads(BASE + text, file="f", set_values=set_values)
    return [str(problem) for problem in caught.value.problems]


def test_a_strategy_leaves_an_outcome_out() -> None:
    text = """[scenario]
name = "two"
[inputs]
V = 3
[model]
sales = "2 * V"
T = "sales - 1"
[outputs]
T = true
sales = true
[strategies.licence]
[strategies.sale]
outputs.sales = false
"""
    found = {name: [output.name for output in one.outputs] for name, one in loads(text).strategies.items()}
    assert found == {"licence": ["T", "sales"], "sale": ["T"]}


def test_a_path_replaces_a_value() -> None:
    found = strategies('[strategies.a]\n[strategies.b]\n"risks.ip_leak.probability" = 0.03\ncosts.upfront = 20\n')
    assert list(found) == ["a", "b"]
    assert found["a"].risks["ip_leak"].certain_probability == 0.08
    assert found["b"].risks["ip_leak"].certain_probability == 0.03
    assert found["b"].risks["ip_leak"].severity is found["a"].risks["ip_leak"].severity, "what is unchanged is shared"
    assert (dict(found["a"].costs), found["b"].costs["upfront"].marginal.constant) == ({}, 20)


@pytest.mark.parametrize(
    "change",
    [
        '[strategies.s]\n"inputs.V.p90" = 1300',
        "[strategies.s]\ninputs.V.p90 = 1300",
        "[strategies.s.inputs.V]\np90 = 1300",
        '[strategies.s]\n"inputs.V" = { p90 = 1300 }',
        "[strategies.s]\ninputs = { V = { p90 = 1300 } }",
        '[strategies.s.inputs]\n"V.p90" = 1300',
    ],
)
def test_the_ways_to_write_a_path(change: str) -> None:
    spec = strategies(change)["s"].inputs["V"]
    assert spec.spec == {"dist": "lognormal", "p10": 620, "p90": 1300}
    assert float(spec.marginal.quantile(0.9)) == pytest.approx(1300)


def test_a_percentile_with_a_point_is_one_key() -> None:
    change = '[strategies.s]\n"inputs.V" = { dist = "lognormal", p10 = 620, p90 = 1600 }\n[strategies.t]\n'
    text = BASE.replace("p90 = 1600", '"p97.5" = 1600') + change + '"inputs.V.p97.5" = 1900\n'
    assert loads(text).strategies["t"].inputs["V"].spec == {"dist": "lognormal", "p10": 620, "p97.5": 1900}


@pytest.mark.parametrize("value", ['{ dist = "uniform", min = 1, max = 2 }', "7", '"1 to 2"'])
def test_a_distribution_replaces_the_whole_value(value: str) -> None:
    spec = strategies(f"[strategies.s]\ninputs.V = {value}\n")["s"].inputs["V"]
    assert spec.spec == tomllib.loads(f"x = {value}")["x"]
    assert (spec.title, spec.unit) == ("Market value", "USD"), "it is still the same quantity"


def test_new_things_may_be_added() -> None:
    found = strategies(
        '[strategies.s]\nmodel.margin = "T - fee * rate"\ninputs.fee = "1 to 2"\nconstants.rate = 2\n'
        'outputs = ["margin"]\n[strategies.s.risks.rival]\nprobability = 0.3\nseverity = 0.2\n'
    )["s"]
    assert [output.name for output in found.outputs] == ["margin"]
    assert list(found.risks) == ["ip_leak", "rival"]
    assert found.plain


def test_correlations_are_replaced_as_a_list() -> None:
    text = '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.5\n[strategies.a]\n[strategies.b]\ncorrelations = []\n'
    found = strategies(text)
    assert len(found["a"].groups) == 1
    assert found["b"].groups == ()


def test_fixing_an_input_leaves_its_correlation_out() -> None:
    text = '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.5\n[strategies.a]\n[strategies.b]\ninputs.V = 900\n'
    scenario = loads(BASE + text, file="f")
    assert len(scenario.strategies["a"].groups) == 1
    assert scenario.strategies["b"].groups == ()
    (note,) = scenario.warnings
    assert (note.severity, note.line, note.key) == ("note", LINES + 6, "strategies.b.inputs.V")
    fixed = loads(BASE + text, set_values={"inputs.V": 900})
    assert fixed.strategies["a"].groups == ()


def test_titles_and_descriptions() -> None:
    found = strategies('[strategies.s]\ntitle = "Sell"\ndescription = "At once."\n')["s"]
    assert (found.strategy, found.title, found.description) == ("s", "Sell", "At once.")


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ('"risks.ip_leak.probability" = 3', 2, "strategies.s.risks.ip_leak.probability = 3", "did you mean 0.03?"),
        (
            '"inputs.D.max" = 0.1',
            2,
            "strategies.s.inputs.D.max = 0.1",
            "with this change, inputs.D.min = 0.4: is above max",
        ),
        ('"inputs.D.max" = 0.7', 2, "strategies.s.inputs.D.max = 0.7", "with this change, inputs.D.mode = 0.8"),
        ('"inputs.D.mx" = 2', 2, "strategies.s.inputs.D.mx", "max"),
        ('inputs.D = { dist = "pertt" }', 2, "strategies.s.inputs.D.dist", "pert"),
        ('"risks.ipleak.probability" = 0.1', 2, "strategies.s.risks.ipleak", "there is no risk ipleak|mean ip_leak?"),
        ('"inputs.Q.p90" = 0.1', 2, "strategies.s.inputs.Q.p90", "there is no input Q|allowed: V, D, R, L"),
        ('"inputs.R.mean" = 0.1', 2, "strategies.s.inputs.R.mean", "R is 0.9, a single value|R = { dist = ... }"),
        ('T = "V"', 2, "strategies.s.T", "no table T|did you mean model.T?"),
        ("V = 500", 2, "strategies.s.V", "no table V|did you mean inputs.V?"),
        ('"risk.ip_leak.probability" = 0.1', 2, "strategies.s.risk", "no table risk|did you mean risks?"),
        ('"simulate.trials" = 5', 2, "strategies.s.simulate", "cannot change simulate: it holds for all"),
        ('"scenario.unit" = 5', 2, "strategies.s.scenario", "cannot change scenario"),
        ('extends = "a.toml"', 2, "strategies.s.extends", "cannot change extends"),
        ("inputs = 5", 2, "strategies.s.inputs", "inputs is a table"),
        ('"inputs.V" = 5\ninputs = { V = 6 }', 3, "strategies.s.inputs", "inputs.V is changed twice"),
        ("title = 5", 2, "strategies.s.title = 5", "is not a text"),
        ('model.T = "V +"', 2, "strategies.s.model.T", "ends too early"),
        ('model.T = "V + W"', 2, "strategies.s.model.T", "nothing is called W"),
        ('inputs.v = "1 to 2"', 2, "strategies.s.inputs.v", "differs from V"),
    ],
)
def test_problems_of_a_change_are_reported_where_it_is_written(text: str, line: int, key: str, said: str) -> None:
    found = problems("[strategies.other]\n[strategies.s]\n" + text)
    assert len(found) == 1, found
    assert found[0].startswith(f"f:{LINES + line + 1}:")
    assert key in found[0]
    for fragment in said.split("|"):
        assert fragment in found[0]


def test_a_problem_of_the_base_is_reported_once() -> None:
    text = (BASE + "[strategies.a]\n[strategies.b]\n[strategies.c]\ninputs.R = 0.8\n").replace(
        "alpha = 2", "alpha = -2"
    )
    with pytest.raises(InvalidInput) as caught:
        loads(text.replace("[risks", "[[correlations]]\nbetween = ['V', 'X']\nspearman = 0.5\n[risks"), file="f")
    assert [problem.line for problem in caught.value.problems] == [9, 13]


def test_strategies_of_impossible_names() -> None:
    assert "write a-b" in problems('[strategies."a b"]')[0]
    assert "Sale differs from sale only in capitals" in problems("[strategies.sale]\n[strategies.Sale]")[0]
    assert "is not a table" in problems("[strategies]\na = 5")[0]
    many = "".join(f"[strategies.s{i}]\n" for i in range(101))
    assert "101 strategies" in problems(many)[0]


def test_options_are_read_as_toml_or_as_text() -> None:
    values: dict[str, object] = {
        "inputs.V": "500 to 900",
        "inputs.D": "{ dist = 'uniform', min = 0, max = 1 }",
        "inputs.R": "0.8",
        "risks.ip_leak.probability": 0.5,
        "simulate.trials": "10_000",
        "scenario.name": "other",
        "costs.fee": "3",
        "outputs": '["T", "ip_leak"]',
    }
    scenario = loads(BASE, set_values=values)
    base = scenario.strategies["base"]
    assert (scenario.name, scenario.simulate.trials) == ("other", 10_000)
    assert base.inputs["V"].spec == "500 to 900"
    assert base.inputs["D"].marginal.support == (0, 1)
    assert base.inputs["R"].marginal.constant == 0.8
    assert base.risks["ip_leak"].certain_probability == 0.5
    assert base.costs["fee"].marginal.constant == 3
    assert len(base.outputs) == 2
    again = loads(scenario.merged_text)
    assert again.simulate == scenario.simulate and again.header == scenario.header
    assert again.strategies["base"].inputs["V"].marginal.digest_key == base.inputs["V"].marginal.digest_key


def test_options_reach_into_strategies() -> None:
    text = BASE + '[strategies.s]\n"inputs.R" = 0.8\n'
    found = loads(text, set_values={"strategies.s.inputs.R": "0.7", "strategies.t.costs.fee": "4"}).strategies
    assert found["s"].inputs["R"].marginal.constant == 0.7
    assert found["t"].costs["fee"].marginal.constant == 4


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("inputs.V.p90", "abc", '--set: inputs.V.p90 = "abc"|where a number is expected'),
        ("simulate.trials", "0", "--set: simulate.trials = 0|allowed: a whole number, 1 to 1e12"),
        ("simulate.trails", "5", "--set: simulate.trails|did you mean trials?"),
        ("input.V", "5", "--set: input.V|no table input|did you mean inputs?"),
        ("V", "5", "--set: V|no table V"),
        ("inputs", "5", "--set: inputs|name a value in it; hint: inputs.NAME=VALUE"),
        ("risks.leak.probability", "0.1", "--set: risks.leak.probability|there is no risk leak"),
        ("extends", "other.toml", "--set: extends|no table extends"),
        ("inputs.V", "[" * 5000, "--set: inputs.V|nested"),
        ("model.T", "V * (D", "--set: model.T"),
    ],
)
def test_problems_of_options_name_the_option(key: str, value: str, said: str) -> None:
    (found,) = problems("", {key: value})
    for fragment in said.split("|"):
        assert fragment in found


TIERS = """[scenario]
name = "tiers"
horizon = 3
[inputs]
V = "20 to 60"
D = 0.5
[deal]
mode = "licence"
milestones = [{ year = 1, amount = 2 }, { year = 2, amount = 3 }]
royalty = { tiers = [{ up_to = 4, rate = 0.05 }, { rate = 0.08 }] }
[strategies.plain]
[strategies.other]
"deal.royalty.tiers[0].rate" = 0.03
"deal.milestones[1].amount" = 7
"""


def terms(text: str, strategy: str, **values: object) -> dict[str, float | None]:
    definition = loads(text, file="f", set_values=values).strategies[strategy]
    assert definition.terms is not None
    return {key: term.constant for key, term in definition.terms.values.items()}


def test_an_item_of_a_list_is_changed_by_its_path_and_the_others_stay() -> None:
    changed, same = terms(TIERS, "other"), terms(TIERS, "plain")
    differing = {key for key in same if changed[key] != same[key]}
    assert differing == {"deal.royalty.tiers[0].rate", "deal.milestones[1].amount"}
    assert (changed["deal.royalty.tiers[0].rate"], changed["deal.milestones[1].amount"]) == (0.03, 7.0)


def test_an_option_changes_an_item_of_a_list_also_where_a_strategy_changes_another() -> None:
    found = terms(TIERS, "other", **{"deal.royalty.tiers[1].rate": "0.2", "deal.royalty.tiers[0].up_to": 9})
    assert found["deal.royalty.tiers[0].rate"] == 0.03
    assert found["deal.royalty.tiers[1].rate"] == 0.2
    assert found["deal.royalty.tiers[0].up_to"] == 9.0
    own = terms(TIERS, "other", **{"strategies.other.deal.royalty.tiers[0].rate": 0.01})
    assert own["deal.royalty.tiers[0].rate"] == 0.01


def test_the_merged_text_of_changed_items_reads_back_equal() -> None:
    scenario = loads(TIERS, set_values={"deal.royalty.tiers[1].rate": 0.2})
    again = loads(scenario.merged_text).strategies["other"].terms
    assert again is not None
    values = {key: term.constant for key, term in again.values.items()}
    assert (values["deal.royalty.tiers[0].rate"], values["deal.royalty.tiers[1].rate"]) == (0.03, 0.2)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("deal.royalty.tiers[2].rate", "the list tiers has no such item; allowed: tiers[0] to tiers[1]"),
        ("deal.fees[0]", "there is no list fees here"),
    ],
)
def test_an_item_that_is_not_there_is_refused_in_a_strategy_and_as_an_option(key: str, said: str) -> None:
    for text, values in ((TIERS + f'"{key}" = 1\n', {}), (TIERS, {key: 1})):
        with pytest.raises(InvalidInput) as caught:
            loads(text, file="f", set_values=values)
        assert said in str(caught.value)


def test_a_problem_in_a_changed_item_stands_where_it_was_written() -> None:
    text = TIERS.replace('tiers[0].rate" = 0.03', 'tiers[0].rate" = 3')
    with pytest.raises(InvalidInput, match=rf"f:{text.count(chr(10)) - 1}:.*out of range"):
        loads(text, file="f")


def test_a_correlation_is_changed_by_its_place() -> None:
    text = '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.5\n[strategies.a]\n[strategies.b]\n'
    found = strategies(text + '"correlations[0].spearman" = -0.5\n')
    assert found["a"].groups[0].matrix[0, 1] > 0.4
    assert found["b"].groups[0].matrix[0, 1] < -0.4
