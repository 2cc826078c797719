"""What a good scenario is read as: names, defaults, risks, costs, formulas, outputs, groups, warnings, places."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simengine.errors import InvalidInput, Problem
from simengine.scenario import load, loads

PLAIN = """[scenario]
name = "test"
currency = "USD"
unit = 10_000
[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600, title = "Market value", unit = "USD 10k", source = "judgement" }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = "0.02 to 0.05"
"""


def warnings_of(text: str) -> list[str]:
    return [str(problem) for problem in loads(text, file="f").warnings if problem.severity == "warning"]


def test_the_plain_model() -> None:
    scenario = loads(PLAIN.replace('"0.02 to 0.05"', "0.05"))
    assert scenario.warnings == ()
    assert scenario.header.money == "USD 10k"
    assert (scenario.simulate.trials, scenario.simulate.seed, scenario.simulate.sampler) == (1_000_000, 1, "sobol")
    assert scenario.simulate.percentiles == (5, 10, 25, 50, 75, 90, 95)
    assert scenario.simulate.tail_levels == (0.95,)
    assert list(scenario.strategies) == ["base"]
    base = scenario.strategies["base"]
    assert base.plain and list(base.inputs) == ["V", "D", "R", "L"]
    assert [(o.name, o.unit, o.targets) for o in base.outputs] == [("T", "USD 10k", ())]
    v = base.inputs["V"]
    assert (v.name, v.key, v.title, v.unit, v.source) == ("V", "inputs.V", "Market value", "USD 10k", "judgement")
    assert v.spec == {"dist": "lognormal", "p10": 620, "p90": 1600}
    assert math.isclose(float(v.marginal.quantile(0.9)), 1600)
    assert base.inputs["R"].marginal.constant == 0.9


@pytest.mark.parametrize(
    ("currency", "unit", "label"),
    [
        ("USD", "1", "USD"),
        ("USD", "1_000", "USD thousand"),
        ("USD", "10_000", "USD 10k"),
        ("CNY", "1e8", "CNY 100 million"),
        ("USD", "1_000_000", "USD million"),
        ("EUR", "1e9", "EUR billion"),
        ("USD", "12_345", "USD x 12345"),
        ("", "1", ""),
    ],
)
def test_the_label_of_money(currency: str, unit: str, label: str) -> None:
    text = PLAIN.replace('"USD"', f'"{currency}"', 1).replace("10_000", unit)
    assert loads(text).header.money == label


def test_risks_give_derived_inputs() -> None:
    text = PLAIN + (
        '[risks.rival]\nprobability = 0.35\nseverity = { dist = "beta", alpha = 2, beta = 5 }\ntitle = "A rival"\n'
        '[risks.leak]\nprobability = { dist = "uniform", min = 0, max = 0.2 }\nseverity = 0.5\n'
        '[[correlations]]\nbetween = ["leak_strikes", "rival_severity"]\nnormal = 0.3\n'
    )
    base = loads(text).strategies["base"]
    rival, leak = base.risks["rival"], base.risks["leak"]
    assert (rival.certain_probability, rival.strikes, rival.title) == (0.35, "rival_strikes", "A rival")
    assert (rival.severity.name, rival.severity.key) == ("rival_severity", "risks.rival.severity")
    assert leak.certain_probability is None
    assert leak.probability.name == "leak_probability"
    # a risk of uncertain probability strikes where its chance is high, so that is what is correlated
    assert base.groups[0].names == ("leak_chance", "rival_severity")
    assert [spec.name for spec in base.specs()][4:] == [
        "rival_probability", "rival_severity", "leak_probability", "leak_severity",
    ]  # fmt: skip


def test_costs_and_constants() -> None:
    base = loads(PLAIN + '[costs]\nupfront = 20\nsupport = "1 to 2"\n[constants]\nk = 2\n').strategies["base"]
    assert [(name, spec.name, spec.key) for name, spec in base.costs.items()] == [
        ("upfront", "costs_upfront", "costs.upfront"),
        ("support", "costs_support", "costs.support"),
    ]
    assert base.constants == {"k": 2.0}


def test_formulas_of_the_user() -> None:
    text = '[scenario]\nname = "x"\n[inputs]\na = 1\n[model]\nb = "a + 1"\nc = "b * 2"\nd = "b / 3"\n'
    base = loads(text).strategies["base"]
    assert not base.plain
    assert base.model == {"b": "a + 1", "c": "b * 2", "d": "b / 3"}
    assert list(base.expressions) == ["b", "c", "d"]
    assert [output.name for output in base.outputs] == ["c", "d"], "formulas that no other uses"


def test_the_plain_outcome_beside_formulas() -> None:
    used = loads(PLAIN + '[model]\nmargin = "T - 20"\n').strategies["base"]
    assert used.plain and [output.name for output in used.outputs] == ["margin"]
    asked = loads('outputs = ["T", "x"]\n' + PLAIN + '[model]\nx = "V"\n').strategies["base"]
    assert asked.plain and [output.name for output in asked.outputs] == ["T", "x"]
    own = loads(PLAIN + '[model]\nT = "V * D * R * L"\n').strategies["base"]
    assert not own.plain and [output.name for output in own.outputs] == ["T"]


def test_leak_is_another_name_of_ip_leak() -> None:
    risk = "[risks.ip_leak]\nprobability = 0.1\nseverity = 0.5\n"
    model = '[model]\nT = "V * D * R * (1 - L) * (1 - leak)"\n'
    assert loads(PLAIN + risk + model).warnings == ()
    with pytest.raises(InvalidInput, match="nothing is called leak"):
        loads(PLAIN + model)


def test_outputs_as_a_table() -> None:
    text = PLAIN + (
        '[model]\nshare = "T / V"\n[outputs]\nT = { target = 500, title = "Value" }\n'
        'share = { unit = "", targets = [0.1, 0.5] }\n'
    )
    found = loads(text).strategies["base"].outputs
    assert [(o.name, o.unit, o.title, o.targets) for o in found] == [
        ("T", "USD 10k", "Value", (500.0,)),
        ("share", "", "", (0.1, 0.5)),
    ]
    off = loads(PLAIN + "[risks.a]\nprobability = 0.1\nseverity = 0.5\n[outputs]\nT = true\na = false\n")
    assert [output.name for output in off.strategies["base"].outputs] == ["T"]
    risk = loads('outputs = ["a"]\n' + PLAIN + "[risks.a]\nprobability = 0.1\nseverity = 0.5\n")
    assert [(o.name, o.unit) for o in risk.strategies["base"].outputs] == [("a", "")]


def test_correlations_become_groups() -> None:
    text = PLAIN.replace("R = 0.9", 'R = { dist = "beta", mean = 0.9, sd = 0.05 }') + (
        '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.5\n'
        '[[correlations]]\nbetween = ["R", "L"]\nkendall = -0.2\ncopula = "t"\ndof = 5\n'
    )
    first, second = loads(text).strategies["base"].groups
    assert (first.names, first.dof, first.key) == (("D", "V"), None, "correlations[0]")
    np.testing.assert_allclose(first.matrix, [[1, 0.5176380902050415], [0.5176380902050415, 1]], rtol=1e-15)
    assert (second.names, second.dof) == (("L", "R"), 5.0)
    assert math.isclose(second.matrix[0, 1], -math.sin(math.pi * 0.1))


def test_repair_is_reported() -> None:
    text = PLAIN + (
        '[[correlations]]\nbetween = ["V", "D", "L"]\nkind = "normal"\n'
        "matrix = [[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]]\nrepair = true\n"
    )
    scenario = loads(text)
    group = scenario.strategies["base"].groups[0]
    assert group.names == ("D", "L", "V")
    assert abs(group.largest_change - 0.0054247) < 1e-6
    assert np.linalg.eigvalsh(group.matrix)[0] > -1e-12
    assert any("were repaired; the largest change is 0.00542" in str(problem) for problem in scenario.warnings)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (PLAIN + 'spare = 5\nextra = "1 to 2"\n', 10, "inputs.spare: is not used by any outcome"),
        (PLAIN + "[constants]\nk = 2\n", 11, "constants.k: is not used"),
        (PLAIN + '[model]\nT = "V * D * R * L"\n[costs]\nfee = 2\n', 13, "costs.fee: is not used"),
        (PLAIN + '[model]\nT = "V"\nx = "D * R * L"\n', 12, "model.x: is not used"),
        (PLAIN.replace("R = 0.9", 'R = { dist = "normal", mean = 0.9, sd = 0.1 }'), 8, "0 to 1 with probability 0.16"),
        (PLAIN.replace("D = {", 'D = { dist = "normal", mean = 1, sd = 1 }\n#'), 7, "negative with probability 0.16"),
        (PLAIN + '[model]\nT = "V * D * R * L * Т"\n"Т" = "2"\n', 12, "Т looks like T but is spelt with 'Т' (U+0422"),
        (PLAIN + '"mаrk" = 2\n', 10, "mixes Latin letters with 'а' (U+0430"),
        (PLAIN + "[simulate]\npercentiles = [0.05, 0.5, 0.95]\n", 11, "did you mean 5, 50, 95?"),
        (PLAIN + "[simulate]\ntrials = 50\npercentiles = [1, 50, 99.9]\n", 12, "percentiles 1, 99.9 rest on less"),
    ],
)  # fmt: skip
def test_warnings(text: str, line: int, said: str) -> None:
    scenario = loads(text, file="f")
    found = [problem for problem in scenario.warnings if said in str(problem)]
    assert len(found) == 1, [str(problem) for problem in scenario.warnings]
    assert (found[0].severity, found[0].file, found[0].line) == ("warning", "f", line)


def test_a_certain_scenario_needs_no_trials() -> None:
    text = '[scenario]\nname = "x"\n[inputs]\nV = 1000\nD = 0.8\nR = 0.9\nL = 0.05\n[simulate]\ntrials = 1\n'
    assert loads(text).warnings == ()


def test_all_problems_of_all_stages_at_once_in_order() -> None:
    text = PLAIN.replace("mode = 0.8", "mode = 8").replace("10_000", "0") + (
        '[[correlations]]\nbetween = ["V", "E"]\nspearman = 2\n'
        '[model]\nmargin = "T -"\nother = "nosuch + 1"\n[simulate]\ntrials = "many"\nsead = 1\n'
        '[strategies."a b"]\n"inputs.V" = "900 to 600"\n'
    )
    with pytest.raises(InvalidInput) as caught:
        loads(text, file="f")
    problems = caught.value.problems
    assert [problem.line for problem in problems] == sorted(problem.line or 0 for problem in problems)
    lines = {problem.line for problem in problems}
    assert lines >= {4, 7, 12, 14, 15, 17, 18, 19, 20}
    assert all(problem.severity == "error" and problem.file == "f" and problem.column for problem in problems)


def test_problems_of_the_layers_above_are_located() -> None:
    text = PLAIN + '[model]\nT = """V * D\n  + R * L"""\n[strategies.a]\n[strategies.b]\nmodel.T = "V * D * R * L"\n'
    scenario = loads(text, file="f")
    at = scenario.locate(Problem("odd", key="model.T", span=(10, 11)))
    assert (at.file, at.line, at.column, at.key) == ("f", 12, 5, "model.T")
    at = scenario.locate(Problem("odd", key="model.T", span=(4, 5)), "b")
    assert (at.line, at.column, at.key) == (15, 16, "strategies.b.model.T")
    assert scenario.locate(Problem("odd", key="inputs.V.p90")).line == 6
    assert scenario.locate(Problem("odd", key="nothing.here")).line == 1
    done = Problem("odd", key="model.T", file="other", line=3)
    assert scenario.locate(done) is done


def test_a_file_and_its_name(tmp_path: Path) -> None:
    path = tmp_path / "deal.toml"
    path.write_text(PLAIN, encoding="utf-8")
    scenario = load(str(path))
    assert (scenario.file, scenario.folder, scenario.text) == (str(path), tmp_path, PLAIN)
    assert scenario.merged_text == PLAIN
    assert scenario.files == ()
    assert scenario.name == "test"


def test_names_in_chinese() -> None:
    text = '[scenario]\nname = "智能客服"\n[inputs]\n"价值" = "600 to 1600"\n'
    text += '[model]\n"收益" = "价值 * 0.5"\n[strategies."许可"]\n'
    scenario = loads(text)
    assert scenario.warnings == ()
    assert list(scenario.strategies) == ["许可"]
    assert list(scenario.strategies["许可"].inputs) == ["价值"]


def test_messages_hold_no_control_characters() -> None:
    """A name may not clear the terminal of who reads that it is wrong."""
    for text in (
        PLAIN + '"a\\u001b[2J\\n" = 1\n',
        PLAIN + '["b\\u001b[2J\\n"]\n',
        PLAIN + '[strategies."c\\u001b[2J\\n"]\n"risks.\\u001b[2J\\n.x" = 1\n"q\\u001b[2J.x" = 1\n',
        PLAIN
        + '[outputs]\n"d\\u001b[2J\\n" = true\n[[correlations]]\nbetween = ["\\u001b[2J\\n", "V"]\nspearman = 0\n',
    ):
        with pytest.raises(InvalidInput) as caught:
            loads(text)
        for problem in caught.value.problems:
            assert str(problem).isprintable(), repr(str(problem))
