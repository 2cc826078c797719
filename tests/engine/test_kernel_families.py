"""Runs on another family of kernels: everything goes through it, and the digits stay."""

from __future__ import annotations

import numpy as np
import pytest
from fake_families import FUNCTIONS, Fake
from reproducibility_cases import MIXED, SEED, TRIALS, digest
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.analysis.ledger import ledger_of_trial
from simengine.deal.expand import expand
from simengine.engine.devices import CHECKED_TRIALS
from simengine.engine.run import draw, replay_trial, run, run_and_keep
from simengine.errors import DeviceLost, DeviceWarning, InvalidInput
from simengine.kernels import cpu
from simengine.kernels.family import Family
from simengine.scenario import loads


@pytest.fixture(scope="module")
def mixed():
    return plan_of(MIXED)


@pytest.fixture
def no_cpu(monkeypatch):
    """A run that calls the processors' kernels, and not those of the family it was given, fails."""

    def refused(*_, **__):
        raise AssertionError("the processors computed something")

    def forbid():
        for function in FUNCTIONS:
            monkeypatch.setattr(cpu, function, refused)

    return forbid


def on(family: Family, plan, *, budget=2**27, trials=TRIALS, **options):
    asked = {"percentiles": (1.0, 50.0, 99.9), "memory_budget": budget, "device": family, **options}
    return run(plan, trials=trials, seed=SEED, **asked)


@pytest.mark.parametrize(
    ("budget", "passes"),
    [
        (2**27, {"values": 1, "summarise": 3, "pick": 3}),
        (3 * 10**6, {"values": 1, "summarise": 3, "narrow": 3, "pick_from_windows": 3}),
        (0, {"values": 1, "summarise": 3, "narrow": 3, "pick_from_windows": 3}),
    ],
    ids=["kept", "drawn again", "windows"],
)
def test_every_pass_goes_through_the_family(mixed, no_cpu, budget, passes):
    expected = digest(mixed, budget=budget)
    family = Fake()
    no_cpu()
    found = on(family, mixed, budget=budget)
    assert found.summary_digest == expected
    assert found.device == "a device"
    for function, least in passes.items():
        assert family.calls[function] >= least
    assert set(family.calls) == set(passes)


def test_ranges_are_those_of_the_family_and_it_may_keep_nothing(mixed):
    whole, parts = Fake(keeps=False, range_trials=1 << 30), Fake(keeps=False, range_trials=1 << 14)
    found = [on(family, mixed) for family in (whole, parts)]
    assert {one.summary_digest for one in found} == {digest(mixed)}
    assert whole.calls["summarise"] == 1 and parts.calls["summarise"] == -(-TRIALS // (1 << 14))
    assert [one.passes for one in found] == [2, 2]


def test_float32_and_its_gap_go_through_the_family(no_cpu):
    plan = plan_of(REFERENCE_DEAL, precision="float32", sampler="sobol")
    expected = run(plan, trials=20_000, seed=3)
    family = Fake()
    no_cpu()
    found = run(plan, trials=20_000, seed=3, device=family)
    assert found.summary_digest == expected.summary_digest
    assert np.array_equal(found.differences, expected.differences)
    assert family.calls["differences"] == 1


def test_outcomes_come_back_to_this_machine(mixed, no_cpu):
    _, expected = run_and_keep(mixed, trials=TRIALS, seed=SEED)
    family = Fake()
    no_cpu()
    statistics, found = run_and_keep(mixed, trials=TRIALS, seed=SEED, device=family)
    assert all(np.array_equal(found.of(k), expected.of(k)) for k in range(len(mixed.outputs)))
    assert statistics.device == "a device" and family.calls["outcomes"] == 1


def test_single_trials_are_drawn_by_the_family(mixed, no_cpu):
    models = expand(loads('[scenario]\nname = "ledger"\n' + MIXED))
    expected = [replay_trial(mixed, 1, 70_000), draw(mixed, 1, 5_000, 10), ledger_of_trial(models, seed=1, trial=9)]
    family = Fake()
    no_cpu()
    assert np.array_equal(replay_trial(mixed, 1, 70_000, device=family), expected[0])
    assert np.array_equal(draw(mixed, 1, 5_000, 10, device=family), expected[1])
    assert ledger_of_trial(models, seed=1, trial=9, device=family) == expected[2]
    assert family.calls == {"trial_values": 2, "values": 1}


# A device that fails


@pytest.mark.parametrize("function", ["values", "summarise", "pick"])
def test_a_device_that_was_asked_for_and_fails_ends_the_run(mixed, function):
    with pytest.raises(DeviceLost, match="unspecified launch failure") as lost:
        on(Fake(fails_in=function), mixed)
    assert lost.value.exit_code == 3


@pytest.mark.parametrize("function", ["values", "summarise", "pick"])
def test_the_processors_take_over_from_a_device_that_nobody_asked_for(mixed, function, monkeypatch):
    """It passed its check, and failed later: the digits stay, and the failure is told and noted."""
    family = Fake(fails_in=function, after=1)
    expected = digest(mixed)
    _with_gpu(monkeypatch, family)
    with pytest.warns(DeviceWarning, match="a device failed while it computed"):
        found = on(None, mixed)
    assert found.summary_digest == expected
    assert found.device == "cpu"
    (note,) = found.notes
    assert "unspecified launch failure" in note and "again on the CPU" in note


def test_outcomes_are_kept_by_the_processors_when_the_device_fails(mixed, monkeypatch):
    _, expected = run_and_keep(mixed, trials=TRIALS, seed=SEED)
    _with_gpu(monkeypatch, Fake(fails_in="outcomes"))
    with pytest.warns(DeviceWarning):
        _, found = run_and_keep(mixed, trials=TRIALS, seed=SEED)
    assert np.array_equal(found.of(0), expected.of(0))


def test_a_device_that_computes_other_numbers_is_not_used(mixed, monkeypatch):
    family = Fake(wrong=True)
    _with_gpu(monkeypatch, family)
    choices = []
    with pytest.warns(DeviceWarning, match=f"other numbers than the CPU for 1 of {CHECKED_TRIALS * 4:,} outcomes"):
        found = on(None, mixed, chosen=choices.append)
    assert found.device == "cpu" and set(family.calls) == {"values"}
    assert [(choice.why, choice.said) for choice in choices] == [("on the CPU (the GPU is not healthy)", True)]


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_a_device_and_a_scheduler_of_processors_exclude_each_other(mixed, scheduler):
    with pytest.raises(InvalidInput, match="one of processors"):
        on(Fake(), mixed, scheduler=scheduler)


def _with_gpu(monkeypatch, family):
    """This machine has a GPU, and every run is worth it."""
    monkeypatch.setattr("simengine.engine.devices.WORTH_A_GPU", 0.0)
    monkeypatch.setattr("simengine.engine.devices.has_cupy", lambda: True)
    monkeypatch.setattr("simengine.engine.devices.gpu_of_this_process", lambda: family)
