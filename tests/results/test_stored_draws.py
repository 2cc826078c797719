"""Draws of a stored run: the trials that the run had, bit for bit, whatever is asked of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simengine
from simengine.engine.run import run_and_keep
from simengine.errors import InvalidInput, Mismatch
from simengine.results import draws as draws_module
from simengine.results.compute import Request, prepare
from simengine.results.draws import draws_of
from simengine.scenario import loads

SCENARIO = """\
[scenario]
name = "small"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0, unit = "1", title = "degree" }
R = 0.9
L = { dist = "empirical", values = [0.02, 0.05, 0.07] }
[risks.ip_leak]
probability = 0.08
severity = { dist = "beta", alpha = 2, beta = 5 }
[[correlations]]
between = ["V", "D"]
spearman = 0.5
[strategies.licence]
[strategies.patent-first]
"risks.ip_leak.probability" = 0.03
[strategies.narrow]
"inputs.V" = "900 to 1100"
[simulate]
trials = 5000
seed = 11
"""

YEARS = """\
[scenario]
name = "by-year"
horizon = 3
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
T = "sum(income)"
[outputs]
T = {}
income = {}
[simulate]
trials = 2000
"""


def table(draws):
    return np.concatenate([block for _, block in draws.blocks()], axis=1)


def stored(text=SCENARIO, **more):
    return simengine.run(loads(text, file="small.toml"), **more).record


@pytest.mark.parametrize("sampler", ["sobol", "random", "lhs", "antithetic"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_they_are_the_trials_of_the_run(sampler, precision):
    record = stored(sampler=sampler, precision=precision)
    request = Request(sampler=sampler, precision=precision)
    prepared = prepare(loads(SCENARIO, file="small.toml"), request)
    _, kept = run_and_keep(prepared.plan, trials=5000, seed=11, replicates=prepared.replicates)
    draws = draws_of(record)
    assert [column.label for column in draws.columns] == ["licence:T", "patent-first:T", "narrow:T"]
    found = table(draws)
    assert found.shape == (3, 5000)
    for k, column in enumerate(draws.columns):
        wanted = kept.of(kept.index(column.strategies[0], column.name))
        assert found[k].tobytes() == wanted.tobytes()
    assert table(draws_of(record, 1234)).tobytes() == np.ascontiguousarray(found[:, :1234]).tobytes()


def test_what_a_run_was_given_is_what_its_draws_are_given():
    """Values that were set, strategies that were left out, and a length that the run found itself."""
    whole = dict(zip(["licence", "patent-first", "narrow"], table(draws_of(stored())), strict=True))
    only = table(draws_of(stored(strategies=["patent-first"])))
    assert only.tobytes() == whole["patent-first"].tobytes()
    scenario = loads(SCENARIO, file="small.toml", set_values={"inputs.R": "0.45"})
    record = simengine.run(scenario).record
    assert table(draws_of(record))[0] == pytest.approx(whole["licence"] / 2, rel=1e-13)
    record = stored(target_se={"T.mean": "0.5%"})
    found = table(draws_of(record))
    assert found.shape[1] == record.integer("trials") != 5000
    assert np.percentile(found[0], record["quantile"]) == pytest.approx(record["quantiles"][0, 0], rel=1e-13)


def test_blocks_join_without_a_seam(monkeypatch):
    record = stored()
    whole = table(draws_of(record, inputs=True))
    monkeypatch.setattr(draws_module, "_MOST_ROWS", 1024)
    seen = []
    blocks = list(draws_of(record, inputs=True, progress=lambda *told: seen.append(told)).blocks())
    assert seen[0] == (1024, 5000, "drawing") and seen[-1] == (5000, 5000, "drawing")
    assert [first for first, _ in blocks] == [0, 1024, 2048, 3072, 4096]
    assert np.concatenate([block for _, block in blocks], axis=1).tobytes() == whole.tobytes()


def test_percentiles_of_the_draws_are_those_of_the_result():
    record = stored()
    found = table(draws_of(record))
    for k in range(3):
        wanted = record["quantiles"][k, 0]
        assert np.percentile(found[k], record["quantile"]) == pytest.approx(wanted, rel=1e-13)


def test_inputs_stand_beside_the_outcomes_that_they_give():
    draws = draws_of(stored(), inputs=True)
    values = dict(zip([column.label for column in draws.columns], table(draws), strict=True))
    assert set(values) == {
        *("licence:T", "patent-first:T", "narrow:T", "licence+patent-first:V", "narrow:V", "D", "L"),
        *("licence+narrow:ip_leak_strikes", "patent-first:ip_leak_strikes", "ip_leak_severity"),
    }
    v, d = values["licence+patent-first:V"], values["D"]
    leak = values["licence+narrow:ip_leak_strikes"] * values["ip_leak_severity"]
    assert values["licence:T"] == pytest.approx(v * d * 0.9 * (1 - values["L"]) * (1 - leak), rel=1e-13)
    assert set(np.unique(values["L"])) == {0.02, 0.05, 0.07}
    leak = values["patent-first:ip_leak_strikes"] * values["ip_leak_severity"]
    assert values["patent-first:T"] == pytest.approx(v * d * 0.9 * (1 - values["L"]) * (1 - leak), rel=1e-13)


def test_outcomes_by_period_on_request():
    record = stored(YEARS)
    assert [column.label for column in draws_of(record).columns] == ["base:T"]
    draws = draws_of(record, years=True)
    assert [column.label for column in draws.columns] == ["base:T", "base:income@1", "base:income@2", "base:income@3"]
    found = table(draws)
    assert found[0] == pytest.approx(found[1:].sum(axis=0), rel=1e-13)
    with pytest.raises(InvalidInput, match="period by period"):
        draws_of(stored(YEARS.replace("T = {}\n", "")))


@pytest.mark.parametrize("count", [0, -1, 5001])
def test_more_trials_than_the_run_has_are_refused(count):
    with pytest.raises(InvalidInput, match=r"the run has not so many trials; allowed: 1 to 5,000"):
        draws_of(stored(), count)


def test_another_plan_or_stream_is_noticed():
    record = stored()
    with pytest.raises(Mismatch, match="another plan"):
        draws_of(replace(record, attrs={**record.attrs, "plan_digest": "0" * 64}))
    with pytest.raises(Mismatch, match="stream version 0, not 1"):
        draws_of(replace(record, attrs={**record.attrs, "stream_version": 0}))
    other = SCENARIO.replace('"600 to 1600"', '"600 to 1700"')
    with pytest.raises(Mismatch, match="another plan"):
        draws_of(replace(record, attrs={**record.attrs, "resolved_text": other}))
