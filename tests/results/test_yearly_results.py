"""Outcomes that are reported period by period: their numbers, and that they survive storing, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simengine.deal.expand import expand
from simengine.deal.model import YearlyOutput
from simengine.engine.limits import DEFAULT_MEMORY, YEARLY_MEMORY, default_memory
from simengine.engine.run import draw, run
from simengine.errors import InvalidInput, Mismatch, NonFiniteOutcome
from simengine.plan.compile import build_plan
from simengine.results import storage
from simengine.results.build import build_record
from simengine.results.compute import Prepared, Request, prepare, simulate
from simengine.results.record import Record
from simengine.results.variables import REGISTRY
from simengine.results.verify import differences, numbers_compared, verify
from simengine.results.years import yearly_values
from simengine.scenario import load, loads

SCENARIO = """\
[scenario]
name = "years"
currency = "USD"
horizon = 4
[inputs]
a = "10 to 20"
t = { dist = "exponential", mean = 3 }
start = -25
[model]
sales = "a * year * (t > year)"
cash_flow = "sales - 6"
first = "start"
npv = "first + sum(cash_flow * 1.1 ** -year)"
[outputs]
npv = true
cash_flow = { title = "cash flow after tax" }
sales = true
[strategies.licence]
[strategies.sale]
inputs.start = 5
inputs.a = "5 to 8"
[simulate]
trials = 6000
seed = 3
"""
YEARS = (1.0, 2.0, 3.0, 4.0)
PERCENTILES = (5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0)


def with_initial(text: str = SCENARIO) -> Prepared:
    """The scenario with `first` as what the cash flow is at signing, which deal tables say and [outputs] cannot."""
    found = prepare(loads(text), Request())
    models = tuple(
        replace(model, yearly_outputs=(YearlyOutput("cash_flow", "USD", "", "first"), *model.yearly_outputs[1:]))
        for model in found.models
    )
    plan = build_plan(models, sampler=found.plan.sampler, addresses=found.addresses, years=True)
    return replace(found, models=models, plan=plan)


def simulated(text: str = SCENARIO, **settings) -> Record:
    return simulate(prepare(loads(text, file="years.toml"), Request(**settings)))


@pytest.fixture(scope="module")
def record() -> Record:
    return simulate(with_initial())


def test_single_outcomes_stay_what_they_are(record):
    assert record.problems() == []
    assert record.outputs == ("npv",)
    assert record.yearly_outputs == ("cash_flow", "sales")
    assert record["year"].tolist() == [0.0, *YEARS]
    assert record["yearly_unit"].tolist() == ["USD", "USD"]
    alone = simulate(prepare(loads(SCENARIO), Request(), years=False))
    assert alone.yearly_outputs == ()
    for name in alone.values:
        if REGISTRY[name].dims[:2] == ("strategy", "output"):
            np.testing.assert_array_equal(record[name], alone[name], err_msg=name)


def test_every_number_of_a_year_is_numpys(record):
    prepared = with_initial()
    values = draw(prepared.plan, prepared.seed, 0, prepared.trials, replicates=prepared.replicates)
    seen = 0
    for row, output in zip(values, prepared.plan.outputs, strict=True):
        if output.year is None:
            continue
        place = (
            record.strategies.index(output.strategy),
            record.yearly_outputs.index(output.name),
            record["year"].tolist().index(output.year),
        )
        assert record["yearly_quantiles"][place].tolist() == np.percentile(row, PERCENTILES).tolist(), output
        assert record["yearly_minimum"][place] == row.min()
        assert record["yearly_maximum"][place] == row.max()
        assert record["yearly_prob_loss"][place] == (row < 0.0).mean()
        assert record["yearly_mean"][place] == pytest.approx(row.mean(), rel=1e-13)
        assert record["yearly_std"][place] == pytest.approx(row.std(ddof=1), rel=1e-11)
        assert record["yearly_finite"][place] == prepared.trials
        seen += 1
    assert seen == record["yearly_reported"].sum() == 2 * (5 + 4)
    assert np.isnan(record["yearly_mean"][:, 1, 0]).all()  # sales have no value at signing
    assert record["yearly_mean"][:, 0, 0].tolist() == [-25.0, 5.0]
    assert record["yearly_mean_se"][:, 0, 0].tolist() == [0.0, 0.0]


def test_the_value_is_the_sum_of_the_years(record):
    """Means add, whatever depends on what: npv is the discounted sum of the means."""
    discount = np.concatenate([[1.0], 1.1 ** -np.array(YEARS)])
    found = (record["yearly_mean"][:, 0] * discount).sum(axis=1)
    assert found.tolist() == pytest.approx(record["mean"][:, 0].tolist(), rel=1e-12)


def test_scenarios_without_years_have_the_plan_and_the_variables_that_they_had():
    deal = load("scenarios/base_arithmetic.toml")
    found = prepare(deal, Request(trials=500))
    assert found.plan.digest == build_plan(expand(deal), sampler="sobol", addresses=found.addresses).digest
    values = simulate(found).values
    assert not [name for name in values if REGISTRY[name].part]


def test_a_stored_result_reads_back_and_verifies(tmp_path, record):
    stored = simulated()
    path = tmp_path / "results.nc"
    path.write_bytes(storage.to_bytes(stored))
    back = storage.read(path)
    assert back.digest() == stored.digest()
    assert back["yearly_quantiles"].shape == (2, 2, 4, 7)
    found = verify(path, threads=1)
    assert found.differences == ()
    assert found.numbers == numbers_compared(stored) > stored["yearly_quantiles"].size


def test_a_number_of_a_year_that_was_altered_is_found(tmp_path):
    stored = simulated()
    quantiles = stored["yearly_quantiles"].copy()
    quantiles[1, 0, 2, 3] = np.nextafter(quantiles[1, 0, 2, 3], np.inf)
    path = tmp_path / "results.nc"
    path.write_bytes(storage.to_bytes(replace(stored, values={**stored.values, "yearly_quantiles": quantiles})))
    found = verify(path, threads=1)
    place = "yearly_quantiles[strategy=sale, yearly=cash_flow, year=3.0, quantile=50.0]"
    assert [entry.place for entry in found.differences] == [place]
    with pytest.raises(Mismatch, match="1 differences"):
        found.raise_if_different()


def test_years_are_stored_whole_or_not_at_all(record):
    without = {name: value for name, value in record.values.items() if not REGISTRY[name].part}
    older = replace(record, values=without)
    assert older.problems() == []
    assert older.yearly_outputs == ()
    one_less = {name: value for name, value in record.values.items() if name != "yearly_std"}
    assert replace(record, values=one_less).problems() == ["variable 'yearly_std' is missing"]
    missing = {entry.place for entry in differences(older, record)}
    assert missing == {name for name, row in REGISTRY.items() if row.part}


def test_a_dataset_has_the_axis_year(record):
    from simengine.results.dataset import from_dataset, to_dataset

    dataset = to_dataset(record)
    found = dataset["yearly_quantiles"].sel(strategy="sale", yearly="cash_flow", year=2.0, quantile=50.0)
    assert float(found) == record["yearly_quantiles"][1, 0, 2, 3]
    assert dataset["year"].attrs["units"] == "years"
    assert from_dataset(dataset).digest() == record.digest()


DIVIDED = SCENARIO.replace('"sales - 6"', '"sales - 6 + 1 / (t > year - 2)"')


def test_a_number_that_is_not_finite_is_named_with_its_year():
    with pytest.raises(NonFiniteOutcome) as failure:
        simulated(DIVIDED)
    lines = str(failure.value).splitlines()
    assert lines[0].startswith("npv of strategy licence is not a finite number in ")
    assert lines[1].startswith("cash_flow in year 3 of strategy licence is not a finite number in ")
    assert lines[1].endswith(", and in 1 later period")
    assert sum("cash_flow" in line for line in lines) == 2  # a line a strategy, not one a year


def test_excluded_trials_are_counted_by_year():
    found = simulated(DIVIDED.replace("[simulate]", '[simulate]\nnonfinite = "exclude"'))
    faults = found["yearly_faults"][:, 0]
    assert faults[:, :2].tolist() == [[0, 0], [0, 0]]
    assert (faults[:, 2] > 0).all()
    assert (faults[:, 3] > faults[:, 2]).all()
    assert (found["yearly_finite"][:, 0] + faults == 6000).all()
    assert (found["yearly_first_fault"][:, 0, :2] == -1).all()
    assert np.isfinite(found["yearly_mean"]).all()


def test_float32_says_how_far_every_year_is():
    found = simulated(precision="float32")
    gaps = found["yearly_precision_gap"][found["yearly_reported"]]
    assert (gaps > 0.0).any()
    assert gaps.max() < 1e-4
    assert (found["yearly_precision_gap_mean"] <= found["yearly_precision_gap"]).all()
    assert (simulated()["yearly_precision_gap"] == 0.0).all()


def test_float32_that_is_too_coarse_names_the_year():
    text = SCENARIO.replace('"sales - 6"', '"sales + (year > 3) * 1e9 - 6"')
    with pytest.raises(InvalidInput, match="float32 moves cash_flow in year 4 of strategy licence"):
        simulated(text, precision="float32")


@pytest.mark.parametrize("name", ["cash_flow.mean", "sale:cash_flow.P50"])
def test_a_standard_error_is_asked_of_one_number(name):
    with pytest.raises(InvalidInput) as failure:
        prepare(loads(SCENARIO), Request(target_se={name: 0.1}))
    assert "cash_flow has a value for each period" in str(failure.value)
    assert "ask it of npv" in str(failure.value)


def test_a_run_that_stops_by_itself_has_years_too():
    found = simulated(target_se={"npv.mean": 0.05}, max_trials=1 << 16)
    assert found.integer("trials") >= 1 << 14
    assert found["yearly_finite"].max() == found.integer("trials")


ONLY_YEARS = SCENARIO.replace("npv = true\n", "").replace('npv = "first + sum(cash_flow * 1.1 ** -year)"\n', "")


def test_nothing_but_years(tmp_path):
    found = simulated(ONLY_YEARS)
    assert found.problems() == []
    assert found.outputs == ()
    assert found["quantiles"].shape == (2, 0, 7)
    np.testing.assert_array_equal(found["yearly_mean"], simulated()["yearly_mean"])
    path = tmp_path / "r.nc"
    path.write_bytes(storage.to_bytes(found))
    assert storage.read(path).digest() == found.digest()
    plan = prepare(loads(ONLY_YEARS), Request(), years=False).plan
    with pytest.raises(InvalidInput, match="none is one number"):
        run(plan, trials=10, seed=1)


def test_a_signing_that_one_outcome_has_is_no_period_left_out(record):
    from simengine.report.table import run_report
    from simengine.report.text import Style

    lines = run_report(record, Style(width=100)).splitlines()
    assert "periods are shown" not in "".join(lines)
    years = [line.split()[:5] for line in lines if line.startswith("   0  ")]
    assert years == [["0", "-25", "-25", "-25", "-25"]]


def test_a_year_that_only_one_strategy_reports(record):
    """Strategies may differ in what they report: the others have no number there."""
    prepared = with_initial()
    plan = prepared.plan
    kept = [k for k, o in enumerate(plan.outputs) if not (o.strategy == "sale" and o.year == 4.0)]
    statistics = run(plan, trials=500, seed=1)
    fewer = replace(statistics, outcomes=tuple(statistics.outcomes[k] for k in kept),
                    differences=statistics.differences[kept])  # fmt: skip
    values = yearly_values(fewer, replace(plan, outputs=tuple(plan.outputs[k] for k in kept)))
    assert values["yearly_reported"][:, :, -1].tolist() == [[True, True], [False, False]]
    assert np.isnan(values["yearly_quantiles"][1, :, -1]).all()
    assert values["yearly_finite"][1, :, -1].tolist() == [0, 0]


def test_neither_memory_nor_threads_change_a_digit_where_many_values_repeat():
    """Most sales are 0: the bins of those zeros hold more than there is room for, kept or not."""
    plan = prepare(loads(SCENARIO.replace("mean = 3", "mean = 1")), Request()).plan
    budgets = [DEFAULT_MEMORY, 10 * 60_000 * len(plan.outputs), 3_000_000, 0]
    stages: list[set[str]] = [set() for _ in budgets]
    runs = [
        run(
            plan, trials=60_000, seed=5, memory_budget=budget, threads=2, progress=lambda *at, k=k: stages[k].add(at[2])
        )
        for k, budget in enumerate(budgets)
    ]
    assert len({found.summary_digest for found in runs}) == 1
    assert [found.passes for found in runs] == [1, 1, 3, 3]
    assert ["narrowing percentiles" in stage for stage in stages] == [False, True, True, True]
    for one, other in zip(runs[0].outcomes, runs[-1].outcomes, strict=True):
        assert one.quantiles.tolist() == other.quantiles.tolist()
        assert one.cvar_loss.tolist() == other.cvar_loss.tolist()


PEAK = """
import re, sys
from simengine.results.compute import Request, prepare, simulate
simulate(prepare(sys.argv[1], Request(trials=1_000_000, threads=2)))
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""
"""Not getrusage, which begins with what the process that forked had."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_ten_years_of_three_strategies_take_less_than_500_megabytes(tmp_path):
    """Sixty yearly outcomes, half of them mostly 0: 480 MB of values, and bins that hold nearly all trials."""
    text = SCENARIO.replace("horizon = 4", "horizon = 10") + "[strategies.lease]\ninputs.start = 0\n"
    (tmp_path / "deal.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "deal.toml")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500


def test_years_are_drawn_again_rather_than_kept():
    assert default_memory(prepare(loads(SCENARIO), Request()).plan) == YEARLY_MEMORY
    assert default_memory(prepare(loads(SCENARIO), Request(), years=False).plan) == DEFAULT_MEMORY


def test_the_record_follows_the_models(record):
    prepared = with_initial()
    again = build_record(run(prepared.plan, trials=50, seed=1), prepared.plan, prepared.models, _nothing())
    assert again.problems() == []


def _nothing():
    from simengine.results.build import Provenance

    return Provenance("years")
