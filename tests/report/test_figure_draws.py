"""Trials that are drawn again for pictures: they are those of the run that the result stores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from figure_cases import dossier_of

from simengine.errors import Mismatch
from simengine.report.figures.draws import redrawn
from simengine.results.dossier import Dossier


@pytest.fixture(scope="module")
def dossier() -> Dossier:
    return dossier_of()


def test_trials_that_are_drawn_again_are_those_of_the_run():
    """A run of fewer trials than are drawn again is drawn whole: its mean and its extremes come back."""
    record = dossier_of(trials=1500).record
    found = redrawn(record, "scatter")
    for s, strategy in enumerate(record.strategies):
        for o, output in enumerate(record.outputs):
            values = found.outcomes[strategy, output]
            assert values.shape == (1500,)
            assert values.mean() == pytest.approx(record["mean"][s, o], rel=1e-12)
            assert (values.min(), values.max()) == (record["minimum"][s, o], record["maximum"][s, o])


def test_inputs_and_outcomes_are_of_the_same_trials(dossier):
    found = redrawn(dossier.record, "correlation")
    inputs = {one.name: one.values for one in found.inputs["licence"]}
    without_leak = inputs["V"] * inputs["D"] - 400.0
    outcome = found.outcomes["licence", "T"]
    spared = np.isclose(outcome, without_leak, rtol=1e-9)
    assert spared.mean() == pytest.approx(0.7, abs=0.01)
    assert (outcome[~spared] < without_leak[~spared]).all()


def test_a_look_is_the_run_of_so_many_trials(dossier):
    looks = redrawn(dossier.record, "convergence").looks["safe", "T"]
    look = next(look for look in looks if look.trials == 1024)
    record = dossier_of(trials=1024).record
    assert look.mean == record["mean"][1, 0]
    assert look.mean_se == record["mean_se"][1, 0]
    assert look.quantiles.tolist() == record["quantiles"][1, 0].tolist()


def test_draws_of_another_rule_are_refused(dossier):
    record = dossier.record
    other = replace(record, attrs={**record.attrs, "stream_version": record.attrs["stream_version"] + 1})
    with pytest.raises(Mismatch, match="stream version"):
        redrawn(other, "scatter")
    assert redrawn(other, "density") is None
