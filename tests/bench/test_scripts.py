"""The scripts of benchmarks/: what they claim of themselves, not how long anything takes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from simengine.bench.deal import VARIANTS, plan_of
from simengine.deal.expand import expand
from simengine.engine.run import run
from simengine.kernels import cpu
from simengine.kernels.machine import evaluate
from simengine.plan.compile import build_plan
from simengine.scenario import load

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Imports a script of the folder as it is run: with its own folder on the path."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name):
        try:
            return importlib.import_module(name)
        finally:
            for path in BENCHMARKS.glob("*.py"):
                sys.modules.pop(path.stem, None)

    return load


@pytest.mark.parametrize(  # each compiles for some seconds
    "variant", [VARIANTS[0], pytest.param(VARIANTS[1], marks=pytest.mark.slow)], ids=str
)
def test_the_hard_coded_kernel_gives_the_bits_of_the_tape(script, variant):
    trials = 5_000  # neither a whole number of blocks nor of replicates
    source = cpu.Source.of(plan_of(variant), 7, trials)
    tape, written_out = np.empty((1, trials)), np.empty((1, trials))
    evaluate(0, trials, tape, *source.arguments())
    script("hard_coded").outcomes(source)(0, trials, written_out)
    assert np.array_equal(tape.view(np.int64), written_out.view(np.int64))
    assert np.unique(tape).size == trials


def test_the_hard_coded_kernel_refuses_another_plan(script):
    from simengine.bench.deal import INDEPENDENT_DEAL

    source = cpu.Source.of(plan_of(VARIANTS[0], INDEPENDENT_DEAL), 7, 1024)
    with pytest.raises(ValueError, match="has changed"):
        script("hard_coded").outcomes(source)


def test_verdicts_follow_the_figures(script):
    tables = script("tables")

    def work(threads, trials, ratio, undisturbed=True):
        variants = [{"precision": v.precision, "sampler": v.sampler, "ratio": ratio} for v in VARIANTS]
        return {
            "threads": threads,
            "trials": trials,
            "free_cores": [threads, threads],
            "undisturbed": undisturbed,
            "variants": variants,
        }

    lines = tables._goals([work(1, 10**6, 8.9), work(2, 10**7, 34.0, undisturbed=False)])
    rows = {tuple(line.split(" | ")[:2]): line for line in lines[2:]}
    assert "**missed** |" in rows["| float64, Philox", "1"]
    assert "aim met; the cores were not free |" in rows["| float64, Philox", "2"]
    assert "aim met; the cores were not free |" in rows["| float64, Sobol", "2"]
    assert len(rows) == 2 * len(tables.GOALS)
    assert "**missed**" in tables._within(40.1, "percentiles")
    assert tables._within(40.0, "percentiles") == "met"
    assert set(VARIANTS) <= set(tables.GOALS)


def test_the_stages_of_a_start_follow_a_run(script):
    startup = script("startup")
    stages = startup._stages(0.0)
    assert next(iter(stages)) == "Python starts"
    assert all(milliseconds >= 0 for milliseconds in stages.values())
    assert len(stages) >= 10


@pytest.mark.slow
def test_the_comparison_is_timed_alone_and_with_drivers(script, tmp_path, capsys):
    script("compare").main(["--trials", "4096", "--rounds", "1", "--out", str(tmp_path)])
    table = capsys.readouterr().out
    assert "five strategies: compare, tornado and EVPI |" in table
    assert "comparison, tornado and EVPI over run, five strategies |" in table
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".md"}


def test_drivers_are_timed_beside_the_run(script):
    drivers = script("drivers")
    cases = drivers.cases(4096, "random", 1)
    assert list(cases) == ["run", "tornado and EVPI", "tornado, EVPI, EVPPI and switches"]
    for work in cases.values():
        work()
    inputs, sobol = drivers.sobol_cases(256, "random", 1)
    assert inputs == 8
    for work in sobol.values():
        work()


def test_the_ten_year_licence_in_numpy_is_the_deal_of_the_scenario(script):
    """Two models written apart: means of every outcome, percentiles and probabilities within their errors."""
    oracle = script("numpy_years")
    trials = 100_000
    plan = build_plan(expand(load(BENCHMARKS / "years.toml")), years=True)
    own = run(plan, trials=trials, seed=7, threads=1)
    told = oracle.run(trials, 7)
    at_once = oracle.run(2_000, 7, flows_of=oracle.cash_flows_at_once)
    by_year = oracle.run(2_000, 7)
    for output, found in zip(plan.outputs, own.outcomes, strict=True):
        key = output.name if output.year is None else (output.name, round(output.year))
        other = told[output.strategy][key]
        close(found.mean, other["mean"], np.hypot(found.mean_se, other["std"] / np.sqrt(trials)))
        close(found.prob_loss, other["prob_loss"], np.sqrt(2 * 0.25 / trials))
        means = [told_by[output.strategy][key]["mean"] for told_by in (at_once, by_year)]
        np.testing.assert_allclose(*means, rtol=1e-9, atol=1e-9)
        if output.name == "npv":
            for level, own_value, own_error in zip(own.percentiles, found.quantiles, found.quantiles_se, strict=True):
                if level in oracle.PERCENTILES:
                    theirs = other["percentiles"][oracle.PERCENTILES.index(level)]
                    close(own_value, theirs, 1.5 * own_error)


def close(one, other, error):
    assert abs(one - other) <= 5 * error + 1e-9


def test_reports_times_every_file_that_people_read(script, capsys, monkeypatch):
    reports = script("reports")
    monkeypatch.setattr(reports, "SCENARIOS", ("medical_imaging_licence",))
    reports.main(["--rounds", "1", "--trials", "2000"])
    told = capsys.readouterr().out
    files = ("run --out", "export .xlsx", "workbook |", "page |", "picture: density", "picture: fan")
    assert all(what in told for what in (*files, "2,000 draws to CSV"))
