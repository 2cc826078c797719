from __future__ import annotations

import time

import numpy as np
import pytest

from simengine.bench import machine, numpy_script
from simengine.bench.comparison import Measured, Work, compare, plain, works
from simengine.bench.deal import INDEPENDENT_DEAL, PERCENTILES, VARIANTS, simulation
from simengine.bench.rounds import Timing, measured
from simengine.report.bench import comparison_json, comparison_text
from simengine.report.text import Style

ABOUT = {
    "processor": "P",
    "cores": 2,
    "system": "S",
    "packages": {"simengine": "1", "numba": "2", "numpy": "3"},
}


def entry(numpy_seconds=(0.3, 0.2, 0.4), own=(0.03, 0.01, 0.02), cores=(2.0, 1.95), work=None):
    timings = {variant: Timing(own) for variant in VARIANTS}
    return Measured(work or Work(10**6, 2), Timing(numpy_seconds), timings, cores)


def test_ratios_and_rates_are_those_of_medians():
    found = entry()
    assert found.ratio(VARIANTS[0]) == 0.3 / 0.02
    assert found.rate(VARIANTS[0]) == 10**6 / 0.02
    assert Timing((3.0, 1.0, 2.5)).spread == 2.0


@pytest.mark.parametrize(("cores", "free"), [((2.0, 1.95), True), ((2.0, 1.8), False), ((1.2, 2.0), False)])
def test_several_threads_count_only_while_their_cores_are_free(cores, free):
    found = entry(cores=cores)
    assert found.undisturbed is free
    text = comparison_text([found], ABOUT, Style(width=120))
    assert ("measure again" in text) is not free
    assert f"{cores[0]:.2f} before, {cores[1]:.2f} after" in text
    (row,) = plain([found])
    assert row["undisturbed"] is free
    assert row["free_cores"] == list(cores)


def test_the_table_and_the_json_say_what_was_measured():
    found = [entry(work=Work(10**6, 1), cores=(1.0, 1.0))]
    lines = comparison_text(found, ABOUT, Style(width=120)).splitlines()
    (numpy_line,) = (line for line in lines if line.startswith("NumPy script"))
    assert numpy_line.split()[-1] == "1.0"
    for variant in VARIANTS:
        (line,) = (line for line in lines if line.startswith(f"{variant}"))
        assert line.split()[-1] == "15.0"
        assert "50.0 million" in line
        assert "20.0" in line.split()
    told = comparison_json(found, ABOUT, 3)
    assert told["rounds"] == 3
    assert told["measured"][0]["variants"][1] | {"seconds": None} == {
        "precision": "float64",
        "sampler": "sobol",
        "seconds": None,
        "median": 0.02,
        "rate": 10**6 / 0.02,
        "ratio": 15.0,
    }


def test_cases_take_turns_and_the_first_time_does_not_count():
    calls = []
    cases = {name: lambda name=name: calls.append(name) for name in "ab"}
    said = []
    found = measured(cases, 3, said.append)
    assert calls == ["a", "b"] * 4
    assert {name: len(timing.seconds) for name, timing in found.items()} == {"a": 3, "b": 3}
    assert said == ["round 1 of 3", "round 2 of 3", "round 3 of 3"]


def test_several_threads_do_ten_times_the_work_and_one_thread_is_compared_once():
    assert works(1000, 4) == (Work(1000, 1), Work(10_000, 4))
    assert works(1000, 1) == (Work(1000, 1),)


def test_a_comparison_runs_what_it_says(monkeypatch):
    monkeypatch.setattr(machine, "free_cores", float)
    ran = []
    monkeypatch.setattr(numpy_script, "run", ran.append)
    (found,) = compare([Work(20_000, 1)], 2)
    assert ran == [20_000] * 3
    assert set(found.variants) == set(VARIANTS)
    assert all(len(timing.seconds) == 2 and timing.median > 0 for timing in found.variants.values())
    assert found.undisturbed


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_both_sides_compute_the_same_deal(variant):
    """400,000 trials each, to within 5 errors of independent draws, which is about 1 % of the sd for a percentile."""
    trials = 400_000
    theirs = numpy_script.run(trials)
    (ours,) = simulation(variant, INDEPENDENT_DEAL)(trials, 1).outcomes
    (independent,) = simulation(VARIANTS[0], INDEPENDENT_DEAL)(trials, 1).outcomes
    assert len(ours.quantiles) == len(PERCENTILES) == len(theirs["percentiles"]) == 101
    pairs = {
        "mean": (ours.mean, theirs["mean"], independent.mean_se),
        "sd": (ours.std, theirs["sd"], independent.std_se),
        "P(T<200)": (ours.prob_below[0], theirs["P(T<200)"], independent.prob_below_se[0]),
        "CVaR5": (-ours.cvar_loss[0], theirs["CVaR5"], independent.cvar_loss_se[0]),
    }
    for percent in (5, 25, 50, 75, 95):
        found = ours.quantiles[percent], theirs["percentiles"][percent]
        pairs[f"P{percent}"] = (*found, independent.quantiles_se[percent])
    for name, (mine, other, error) in pairs.items():
        assert abs(mine - other) < 5 * np.sqrt(2) * error, name


def test_cores_that_others_use_are_not_free(monkeypatch):
    assert 0 < machine.free_cores(1, seconds=0.02) < 1.01
    monkeypatch.setattr("time.thread_time", lambda: 0.3 * time.perf_counter())  # the system gives a third of a core
    assert machine.free_cores(1, seconds=0.02) < 0.31
    assert not machine.are_free(machine.free_cores(2, seconds=0.02), 2)


def test_memory_is_counted_and_the_machine_described():
    before = machine.own_peak_memory()
    block = np.ones(before // 8 + 2**23)  # as much as the process ever had, and 64 MiB
    assert machine.own_peak_memory() >= before + 2**25
    assert block[-1] == 1
    about = machine.describe()
    assert about["processor"]
    assert set(machine.PACKAGES) == set(about["packages"])
