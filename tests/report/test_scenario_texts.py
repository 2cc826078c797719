"""What `check`, `explain` and `distributions` print."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from simengine.deal.expand import expand
from simengine.deal.explain import explain
from simengine.distributions.families.table import FAMILIES
from simengine.plan.compile import build_plan, used_names
from simengine.report.check import CheckReport
from simengine.report.explain import explanation_text
from simengine.report.families import families_text, family_text
from simengine.report.text import Style, text_width
from simengine.scenario import loads

SCENARIO = """\
[scenario]
name = "texts"
title = "教育 / tutoring"
currency = "CNY"
unit = 10_000
[inputs.V]
dist = "lognormal"
p10 = 620
p90 = 1600
unit = "CNY 10k"
title = "市场价值 / market value"
source = "three comparable licences, and a long explanation of why they are thought to be comparable"
[inputs.D]
dist = "cauchy"
loc = 1
scale = 0.1
[inputs.R]
dist = "constant"
value = 0.9
[inputs.L]
dist = "uniform"
min = 0.02
max = 0.08
[risks.entry]
probability = { dist = "beta", alpha = 2, beta = 6 }
severity = 0.5
title = "a competitor enters"
[[correlations]]
between = ["V", "L"]
spearman = -0.3
[strategies.alone]
title = "on our own"
[strategies.together]
"risks.entry.severity" = { dist = "uniform", min = 0.1, max = 0.3, source = "judgement" }
costs.office = 12
"""


@pytest.fixture(scope="module")
def scenario():
    return loads(SCENARIO)


@pytest.fixture(scope="module")
def report(scenario):
    return CheckReport(scenario, expand(scenario))


def test_percentiles_from_the_plan_are_those_of_the_distributions(scenario, report):
    """Both to the digits shown; the plan's are there already, and the others need SciPy."""
    models = expand(scenario)
    tabulated = build_plan(models).inputs
    assert {entry.name for entry in tabulated} >= {"V", "D", "L"}
    style = Style(width=200)
    assert CheckReport(scenario, models, tabulated).text(style) == report.text(style)
    moved = tuple(replace(entry, p50=4321.0) for entry in tabulated)
    assert CheckReport(scenario, models, moved).text(style).count(" 4,321 ") == len(tabulated)


def test_check_shows_every_input_with_its_moments(report):
    lines = report.text(Style(width=120)).splitlines()
    row = next(line for line in lines if line.startswith("V "))
    assert "lognormal" in row
    assert row.split()[-2:] == ["CNY", "10k"]
    assert row.split()[-5:-2] == ["542", "996", "1,830"]  # P5, P50, P95
    assert "n/a" in next(line for line in lines if line.startswith("D "))
    assert any(line.startswith("entry_severity in together") for line in lines)
    assert any(line.startswith("costs_office in together") for line in lines)


def test_check_shows_risks_dependence_strategies_and_sources(report):
    text = report.text(Style(width=120))
    row = next(line for line in text.splitlines() if line.startswith("entry  "))
    assert row.split()[1:4] == ["0.25", "0.5", "0.125"]
    assert "V ~ L: Spearman -0.3; correlation of normal scores -0.312869" in text
    assert "  alone: on our own\n      as written above" in text
    assert 'risks.entry.severity = { dist = "uniform", min = 0.1, max = 0.3 }' in text
    assert "costs.office = 12" in text
    assert "source: three comparable licences" in text


def test_what_no_outcome_of_a_strategy_depends_on_is_marked():
    text = """
[scenario]
name = "two-ways"
[inputs]
V = "600 to 1600"
price = "300 to 500"
[model]
sales = "V * share"
T = "sales"
[constants]
share = 0.1
[strategies.licence]
[strategies.sale]
model.T = "price"
"""
    models = expand(loads(text))
    licence, sale = (explanation_text([explain(model, None, used_names(model))], Style()) for model in models)

    def marked(said):
        heads = [line.split()[0] for line in said.splitlines() if line.startswith("  ") and line[2] != " "]
        parts = [part for part in re.split(r"\n(?=  \S)", said) if part.startswith("  ")]
        assert len(parts) == len(heads)
        return {head for head, part in zip(heads, parts, strict=True) if "not used here" in part}

    assert marked(licence) == {"price"} and marked(sale) == {"V", "share", "sales"}
    checked = CheckReport(loads(text), models).text(Style())
    assert "not used in licence: price\nnot used in sale: V\n" in checked


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit(report, scenario, width):
    explained = explanation_text([explain(model) for model in expand(scenario)], Style(width=width))
    listed = families_text(Style(width=width))
    for text in (explained, listed) if width < 80 else (explained, listed, report.text(Style(width=width))):
        assert max(map(text_width, text.splitlines())) <= width


def test_plain_ascii_but_for_the_texts_of_the_user(report):
    text = report.text(Style(width=100, unicode=False))
    assert "─" not in text


def test_warnings_are_no_part_of_the_tables_but_of_what_python_shows(report):
    assert any(problem.severity == "warning" for problem in report.warnings)
    assert "warning:" not in report.text(Style(width=120))
    assert "warning:" in repr(report)


def test_weights_are_shown_as_written():
    text = SCENARIO.replace(
        'dist = "cauchy"\nloc = 1\nscale = 0.1',
        'dist = "discrete"\nvalues = [1, 2, 3, 4]\nweights = [0.2, 0.4, 0.3, 0.1]',
    )
    scenario = loads(text)
    models = expand(scenario)
    assert "weights [0.2, 0.4, 0.3, 0.1]" in CheckReport(scenario, models).text(Style(width=200))
    assert "weights [0.2, 0.4, 0.3, 0.1]" in explanation_text([explain(model) for model in models], Style(width=200))


def test_explain_shows_formulas_in_the_order_of_evaluation(scenario):
    text = explanation_text([explain(model) for model in expand(scenario)], Style(width=120))
    assert text.index("entry_strikes = entry_chance > 1 - entry_probability") < text.index("  T = ")
    assert "= V * D * R * (1 - L) * (1 - where(" in text
    assert "strategy alone (on our own)" in text
    assert "Gaussian copula of" in text
    assert "R ~ constant: value 0.9" in text[text.index("fixed inputs") :]


def test_strategies_that_read_alike_are_told_once():
    text = SCENARIO[: SCENARIO.index("[strategies.alone]")] + "[strategies.a]\n[strategies.b]\n"
    explained = explanation_text([explain(model) for model in expand(loads(text))], Style())
    assert explained.startswith("strategies a, b\n")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_explained_with_an_example(name):
    text = family_text(name, Style(width=100))
    assert FAMILIES[name].example in text
    for form in FAMILIES[name].forms:
        for parameter in form.parameters:
            assert parameter.name in text
    assert f"\n{name} " in "\n" + families_text(Style(width=100))
