"""The scenarios that are shipped: they load without a warning, say where each number is from, and mean something."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path

import pytest

from simengine import scenario
from simengine.deal.expand import expand
from simengine.engine.run import run as simulate
from simengine.plan.compile import build_plan

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.toml"))
UNCERTAIN = [path for path in FILES if path.stem != "base_arithmetic"]
EXPECTED = {
    *("base_arithmetic", "smart_customer_service", "medical_imaging", "fintech_risk_control"),
    *("manufacturing_inspection", "education", "smart_home"),
    *("medical_imaging_licence", "language_api", "open_source_or_patents", "battery_inspection_cross_border"),
    "sensor_joint_development",
}
OVER_YEARS = [path for path in FILES if scenario.load(path).header.horizon > 1]
TRIALS = 20_000

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{3}")


def run(path: Path, trials: int = TRIALS):
    plan = build_plan(expand(scenario.load(path)))
    return simulate(plan, trials=trials, seed=1, percentiles=(5.0, 50.0, 95.0), threads=1)


def main_outcomes(result):
    """The value of the deal in each strategy."""
    return [outcome for outcome in result.outcomes if outcome.output in ("T", "npv")]


def bilingual(text: str) -> bool:
    return bool(CHINESE.search(text)) and bool(LATIN.search(text))


def entries(definition):
    """The events, costs, grants and measures of a deal over years, by path; none of the plain model."""
    terms = definition.terms
    if terms is None:
        return {}
    tables = {"risks": terms.events, "costs": terms.costs}
    tables |= {"grants": terms.tables.grants, "mitigations": terms.tables.mitigations}
    return {f"{table}.{name}": entry for table, found in tables.items() for name, entry in found.items()}


def test_all_are_there():
    assert {path.stem for path in FILES} == EXPECTED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_without_a_warning(path):
    loaded = scenario.load(path)
    assert [str(problem) for problem in loaded.warnings if problem.severity != "note"] == []
    assert loaded.header.name == path.stem.replace("_", "-")
    assert loaded.header.currency
    assert len(loaded.strategies) >= 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_titles_are_in_chinese_and_english(path):
    loaded = scenario.load(path)
    assert bilingual(loaded.header.title)
    for definition in loaded.strategies.values():
        assert bilingual(definition.title), definition.strategy
        for output in definition.outputs:
            assert bilingual(output.title), output.key
        for risk in definition.risks.values():
            assert bilingual(risk.title), risk.key
        for name, entry in entries(definition).items():
            assert bilingual(entry.title), name
    for spec in next(iter(loaded.strategies.values())).inputs.values():
        assert bilingual(spec.title), spec.key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_has_a_source(path):
    for definition in scenario.load(path).strategies.values():
        for spec in (*definition.inputs.values(), *definition.costs.values()):
            assert spec.source, f"{definition.strategy}: {spec.key}"
        for risk in definition.risks.values():
            assert risk.source, f"{definition.strategy}: {risk.key}"
        for name, entry in entries(definition).items():
            assert entry.source, f"{definition.strategy}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_constants_and_overrides_say_why(path):
    """A bare number has no place for a source, so a comment on its line gives it."""
    table = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if heading := re.match(r"\[+([\w.-]+)\]+", line):
            table = heading[1]
        bare = re.match(r"(deal|demand|revenue|development|partners?|crossborder|tax|risks\.\w+\.litigation)\b", table)
        if bare and re.match(r"[\w.]+ = .*\d", line) and not re.match(r"(name|title) = ", line):
            assert "source = " in line or re.search(r"#\s*\S", line), f"{path.name}:{number}: {line}"
        override = re.match(r'"[\w.]+" = |\w+(\.\w+)+ = ', line) and not line.startswith("model.")
        if override or (re.match(r"constants$", table) and re.match(r"\w+ = ", line)):
            assert "source = " in line or re.search(r"#\s*\S", line), f"{path.name}:{number}: {line}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lines_fit_a_screen_and_comments_teach(path):
    text = path.read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines()) <= 120
    assert text.startswith("#:schema ../simengine/scenario/simengine.schema.json\n# ")
    assert sum(line.startswith("#") for line in text.splitlines()) >= 5
    assert tomllib.loads(text)["simulate"]["seed"] > 0


@pytest.mark.parametrize("path", UNCERTAIN, ids=lambda path: path.stem)
def test_it_runs_and_the_strategies_differ(path):
    outcomes = main_outcomes(run(path))
    assert all(outcome.faults == 0 for outcome in outcomes)
    assert all(outcome.std > 0 for outcome in outcomes)
    assert all(math.isfinite(outcome.mean_se) for outcome in outcomes)
    means = [outcome.mean for outcome in outcomes]
    assert len({f"{mean:.6g}" for mean in means}) == len(means)
    assert max(means) > 0


@pytest.mark.parametrize("path", UNCERTAIN, ids=lambda path: path.stem)
def test_no_alternative_is_a_straw_man(path):
    """None loses at P5, P50, P95, in the worst 5 % and on average to one other; the first is what they improve on."""
    outcomes = main_outcomes(run(path, trials=200_000))

    def numbers(outcome):
        return (outcome.mean, *outcome.quantiles, *-outcome.cvar_loss)

    for one in outcomes[1:]:
        for other in outcomes:
            beaten = all(b > a for a, b in zip(numbers(one), numbers(other), strict=True))
            assert not beaten, f"{one.strategy} is worse than {other.strategy} throughout"


def test_the_base_arithmetic_is_exact():
    expected = {
        "customer-service": 1000 * 0.8 * 0.9 * (1 - 0.05),
        "medical-imaging": 1000 * 0.9 * 0.95 * (1 - 0.05),
        "fintech": 1000 * 0.7 * 0.85 * (1 - 0.05),
    }
    assert list(expected.values()) == [684.0, 812.25, 565.25]
    outcomes = run(FOLDER / "base_arithmetic.toml", trials=1000).outcomes
    assert {outcome.strategy for outcome in outcomes} == set(expected)
    for outcome in outcomes:
        value = expected[outcome.strategy]
        assert (outcome.minimum, outcome.maximum, outcome.mean) == (value, value, value)
        assert list(outcome.quantiles) == [value] * 3
        assert outcome.std == 0.0


@pytest.mark.parametrize("path", OVER_YEARS, ids=lambda path: path.stem)
def test_deals_over_years_are_real_decisions(path):
    """Years enough to matter, outcomes by year, and no strategy that is the best both on average and at its worst."""
    loaded = scenario.load(path)
    assert 6 <= loaded.header.grid.horizon <= 15
    models = expand(loaded)
    assert all(model.yearly_outputs for model in models)
    result = simulate(build_plan(models, years=True), trials=TRIALS, seed=1, percentiles=(5.0, 50.0, 95.0), threads=1)
    assert all(outcome.faults == 0 and math.isfinite(outcome.mean) for outcome in result.outcomes)
    outcomes = main_outcomes(result)
    assert 4 <= len(outcomes) <= 5
    assert max(outcomes, key=lambda o: o.mean) is not max(outcomes, key=lambda o: -o.cvar_loss[0])
