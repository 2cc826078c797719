from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from simengine.errors import FileProblem, InvalidInput, Mismatch, NonFiniteOutcome
from simengine.results import compute, storage
from simengine.results.compute import Request, prepare, simulate
from simengine.results.dataset import to_dataset
from simengine.results.record import Record
from simengine.results.sources import data_names
from simengine.results.verify import differences, verify
from simengine.scenario import load, loads

SCENARIO = """\
[scenario]
name = "small"
title = "智能客服"
currency = "USD"
unit = 10_000
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[risks.ip_leak]
probability = 0.08
severity = { dist = "beta", alpha = 2, beta = 5 }
[outputs]
T = { title = "transfer value", targets = [400, 500] }
[strategies.licence]
[strategies.patent-first]
title = "patents first"
"risks.ip_leak.probability" = 0.03
costs.upfront = 20
[simulate]
trials = 5000
seed = 11
percentiles = [50, 5, 95]
"""


def run(text: str = SCENARIO, **settings) -> Record:
    return simulate(prepare(loads(text, file="small.toml"), Request(**settings)))


@pytest.fixture(scope="module")
def result() -> Record:
    return run()


def test_a_record_follows_the_registry_and_says_where_it_comes_from(result):
    assert result.problems() == []
    assert result.strategies == ("licence", "patent-first")
    assert result["quantile"].tolist() == [5.0, 50.0, 95.0]
    assert result["unit"].tolist() == ["USD 10k"]
    assert result["target_value"].tolist() == [[[400, 500]], [[400, 500]]]
    assert result.text("scenario_text") == SCENARIO
    assert result.integer("trials") == 5000
    assert result.integer("seed") == 11
    assert result.number("worst_table_error") < 1e-9
    assert {"python", "numpy", "numba", "simengine"} <= set(result.document("versions"))
    assert {"scenario", "plan", "simulate"} <= set(result.document("timings"))
    leaks = [k for k, name in enumerate(result["input_name"]) if name == "ip_leak_strikes"]
    assert sorted(result["input_mean"][leaks]) == [0.03, 0.08]
    assert "T" in result["formula_name"]


def test_settings_replace_those_of_the_scenario(result):
    found = run(trials=300, seed=5, strategies=("patent-first",), percentiles=(99.9, 1.0))
    assert (found.integer("trials"), found.integer("seed")) == (300, 5)
    assert found.strategies == ("patent-first",)
    assert found["quantile"].tolist() == [1.0, 99.9]


def test_neither_threads_nor_memory_nor_the_other_strategies_change_a_digit(result):
    alone = run(strategies=("patent-first",), threads=1, memory=0)
    for name in ("mean", "std", "quantiles", "cvar_loss", "minimum"):
        assert np.array_equal(alone[name][0], result[name][1], equal_nan=True), name


def test_two_runs_give_the_same_record(result):
    assert differences(result, run()) == []


def test_unknown_strategies_are_answered_with_the_nearest():
    with pytest.raises(InvalidInput, match="did you mean patent-first") as caught:
        run(strategies=("patent-frist", "sale"))
    assert len(caught.value.problems) == 2


def test_values_cannot_be_set_on_a_scenario_that_was_read():
    with pytest.raises(InvalidInput, match="while a scenario is read"):
        prepare(loads(SCENARIO), Request(overrides={"inputs.R": 0.5}))


def test_outcomes_that_are_not_finite():
    text = '[scenario]\nname = "x"\n[inputs]\nA = { dist = "uniform", min = -1, max = 1 }\n[model]\nB = "log(A)"\n'
    with pytest.raises(NonFiniteOutcome, match="first in trial"):
        run(text, trials=1000)
    found = run(text + '[simulate]\nnonfinite = "exclude"\n', trials=1000)
    assert found["faults"][0, 0] + found["finite"][0, 0] == 1000
    assert found["faults"][0, 0] > 400
    assert math.isfinite(found["mean"][0, 0])


def store(record: Record, folder) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "results.nc").write_bytes(storage.to_bytes(record))


def test_a_stored_result_is_verified(tmp_path, result):
    store(result, tmp_path / "out")
    found = verify(tmp_path / "out", threads=1)
    assert found.differences == ()
    assert found.numbers > 100
    found.raise_if_different()


@pytest.mark.parametrize(
    ("name", "place", "where"),
    [
        ("mean", (1, 0), "mean[strategy=patent-first, output=T]"),
        ("quantiles", (0, 0, 2), "quantiles[strategy=licence, output=T, quantile=95.0]"),
        ("histogram_counts", (0, 0, 3), "histogram_counts[strategy=licence, output=T, bin=3]"),
    ],
)
def test_one_altered_number_is_found_and_named(tmp_path, result, name, place, where):
    altered = result[name].copy()
    altered[place] = np.nextafter(altered[place], np.inf) if altered.dtype == float else altered[place] + 1
    dataset = to_dataset(replace(result, values={**result.values, name: altered}))
    dataset.assign_attrs(content_digest=result.digest()).to_netcdf(tmp_path / "results.nc", engine="h5netcdf")
    found = verify(tmp_path)
    assert [entry.place for entry in found.differences] == [where]
    with pytest.raises(Mismatch, match="could not be reproduced: 1 differences"):
        found.raise_if_different()


def test_an_altered_text_is_found(tmp_path, result):
    dataset = to_dataset(replace(result, attrs={**result.attrs, "created": "2001-01-01"}))
    dataset.assign_attrs(content_digest=result.digest()).to_netcdf(tmp_path / "results.nc", engine="h5netcdf")
    assert [entry.place for entry in verify(tmp_path).differences] == ["content digest"]


def test_another_seed_in_the_file_is_another_result(tmp_path, result):
    store(replace(result, attrs={**result.attrs, "seed": 12}), tmp_path)
    found = verify(tmp_path)
    assert len(found.differences) > 20
    assert "summary_digest" in str(found.differences[0])


def test_a_stored_scenario_that_is_none_is_told(tmp_path, result):
    store(replace(result, attrs={**result.attrs, "resolved_text": "[scenario"}), tmp_path)
    with pytest.raises(Mismatch, match="cannot be run"):
        verify(tmp_path)
    store(replace(result, attrs={**result.attrs, "stream_version": 99}), tmp_path)
    with pytest.raises(Mismatch, match="stream version 99"):
        verify(tmp_path)


def test_results_of_extended_scenarios_and_set_values_are_verified(tmp_path):
    (tmp_path / "base.toml").write_text(SCENARIO)
    (tmp_path / "variant.toml").write_text('extends = "base.toml"\n[scenario]\nname = "variant"\n[inputs]\nR = 0.7\n')
    scenario = tmp_path / "variant.toml"
    record = simulate(prepare(scenario, Request(overrides={"inputs.L": "0.1"}, trials=1000)))
    store(record, tmp_path / "out")
    assert [source["name"].endswith("base.toml") for source in record.document("sources")] == [True]
    (tmp_path / "base.toml").unlink()
    assert verify(tmp_path / "out").differences == ()


def data_scenario(tmp_path, rows: int = 50) -> str:
    folder = tmp_path / "data"
    folder.mkdir()
    numbers = np.random.default_rng(2).uniform(500, 900, rows)
    (folder / "prices.csv").write_text("price\n" + "\n".join(map(str, numbers)) + "\n")
    text = SCENARIO.replace(
        'V = "600 to 1600"', 'V = { dist = "empirical", file = "data/prices.csv", column = "price" }'
    )
    (tmp_path / "data.toml").write_text(text)
    return text


def test_data_travels_with_the_result(tmp_path):
    text = data_scenario(tmp_path)
    assert data_names(text) == ["data/prices.csv"]
    record = simulate(prepare(tmp_path / "data.toml", Request(trials=1000)))
    store(record, tmp_path / "out")
    (tmp_path / "data" / "prices.csv").unlink()
    assert verify(tmp_path / "out").differences == ()


def test_data_too_large_to_be_stored_must_be_there_unchanged(tmp_path, monkeypatch):
    monkeypatch.setattr("simengine.results.sources._MOST_STORED", 10)
    data_scenario(tmp_path)
    record = simulate(prepare(tmp_path / "data.toml", Request(trials=1000)))
    assert record.document("sources")[0]["content"] is None
    store(record, tmp_path / "out")
    assert verify(tmp_path / "out", data=[tmp_path]).differences == ()
    with pytest.raises(FileProblem, match=r"data/prices\.csv .* was not found; hint: give its folder with --data"):
        verify(tmp_path / "out")
    with (tmp_path / "data" / "prices.csv").open("a") as stream:
        stream.write("1\n")
    with pytest.raises(FileProblem, match="is there, but differs"):
        verify(tmp_path / "out", data=[tmp_path])


def test_data_in_a_folder_beside_the_scenario(tmp_path):
    (tmp_path / "prices.csv").write_text("price\n1\n2\n3\n")
    (tmp_path / "deals").mkdir()
    text = SCENARIO.replace('V = "600 to 1600"', 'V = { dist = "empirical", file = "../prices.csv" }')
    (tmp_path / "deals" / "deal.toml").write_text(text)
    record = simulate(prepare(tmp_path / "deals" / "deal.toml", Request(trials=1000)))
    store(record, tmp_path / "out")
    (tmp_path / "prices.csv").unlink()
    assert verify(tmp_path / "out").differences == ()


def test_data_that_changes_during_the_run_is_noticed(tmp_path, monkeypatch):
    data_scenario(tmp_path)
    prepared = prepare(tmp_path / "data.toml", Request(trials=1000))
    with (tmp_path / "data" / "prices.csv").open("a") as stream:
        stream.write("1\n")
    with pytest.raises(FileProblem, match="changed while the simulation ran"):
        simulate(prepared)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/hostname", "unknown.csv"])
def test_a_result_cannot_name_files_of_its_choice(tmp_path, name):
    data_scenario(tmp_path)
    record = simulate(prepare(tmp_path / "data.toml", Request(trials=100)))
    text = record.text("resolved_text").replace("data/prices.csv", name)
    sources = [{**source, "name": name} for source in record.document("sources")]
    forged = {**record.attrs, "resolved_text": text}
    if name != "unknown.csv":
        forged["sources"] = json.dumps(sources)
    store(replace(record, attrs=forged), tmp_path / "out")
    try:
        verify(tmp_path / "out")
    except (FileProblem, Mismatch) as error:
        assert "root:" not in str(error)
    assert not list(tmp_path.parent.glob("etc"))


def test_versions_are_those_of_this_installation():
    assert compute.versions()["numpy"] == np.__version__


def test_a_scenario_on_disk_and_the_same_in_memory(tmp_path):
    path = tmp_path / "deal.toml"
    path.write_text(SCENARIO)
    one, other = run(trials=500), simulate(prepare(path, Request(trials=500)))
    assert one.text("summary_digest") == other.text("summary_digest")
    assert load(path).text == SCENARIO
