from __future__ import annotations

import json

import pytest

import simengine
from simengine.errors import FileProblem, InvalidInput
from simengine.report.result import RESULT_FILES, Result, open_result

SCENARIO = """\
[scenario]
name = "api"
[inputs]
V = "600 to 1600"
D = 0.8
R = 0.9
L = 0.05
[strategies.licence]
[strategies.sale]
"inputs.V" = 700
[simulate]
trials = 2000
"""


@pytest.fixture
def deal(tmp_path):
    path = tmp_path / "deal.toml"
    path.write_text(SCENARIO)
    return path


def test_percentiles_and_moments_as_tables(record):
    result = Result(record)
    table = result.percentiles("T")
    assert table.loc[50, "sale"] == record["quantiles"][1, 0, 1]
    assert table.index.tolist() == [5.0, 50.0, 95.0]
    assert result.percentiles().equals(table)
    assert result.percentiles("T", "licence").loc[5].tolist() == [record["quantiles"][0, 0, 0], 2.1]
    assert result.mean("T").loc["sale", "se"] == record["mean_se"][1, 0]
    assert result.std().loc["licence", "value"] == record["std"][0, 0]
    summary = result.summary()
    assert set(summary.columns) == {"strategy", "output", "unit", "statistic", "value", "se"}
    assert len(summary.query("strategy == 'sale'")) == 13
    assert result.warnings == ("warning: inputs.V: wide",)


def test_unknown_names_are_answered_with_the_known_ones(record):
    with pytest.raises(InvalidInput, match="there is no outcome 'NPV'; allowed: T, margin"):
        Result(record).percentiles("NPV")
    with pytest.raises(InvalidInput, match="there is no strategy 'rent'"):
        Result(record).percentiles("T", "rent")


def test_every_form_of_file(record, tmp_path):
    result = Result(record)
    assert result.to_csv(tmp_path / "a.csv").read_text().startswith("strategy,output")
    assert result.to_excel(tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    assert open_result(result.to_netcdf(tmp_path / "a.nc")).record.digest() == record.digest()
    assert json.loads(result.export(tmp_path / "a.json").read_text()) == json.loads(result.to_json())
    with pytest.raises(InvalidInput, match=r"no file of type '\.pdf'"):
        result.export(tmp_path / "a.pdf")
    with pytest.raises(InvalidInput, match="has no suffix"):
        result.export(tmp_path / "a")
    assert result.to_csv(tmp_path / "odd.name").exists()
    with pytest.raises(FileProblem, match="exists already"):
        result.to_csv(tmp_path / "a.csv")
    assert result.save(tmp_path / "out") == tuple(tmp_path / "out" / name for name in RESULT_FILES)
    assert open_result(tmp_path / "out").record.digest() == record.digest()


def test_the_python_interface(deal):
    result = simengine.run(str(deal), trials=1000, seed=3, overrides={"inputs.R": 0.5}, percentiles=[50, 10])
    assert result.strategies == ("licence", "sale")
    assert result.percentiles("T").loc[50.0, "sale"] == 700 * 0.8 * 0.5 * 0.95
    assert result.dataset.attrs["trials"] == 1000
    assert result.dataset["quantiles"].dims == ("strategy", "output", "quantile")
    assert "mean" in repr(result)
    again = simengine.run(simengine.load(deal, overrides={"inputs.R": 0.5}), trials=1000, seed=3)
    assert again.dataset["mean"].equals(result.dataset["mean"])
    only = simengine.run(deal, trials=1000, strategies=["sale"])
    assert only.strategies == ("sale",)


def test_progress_is_reported(deal):
    seen = []
    simengine.run(deal, trials=5000, threads=1, progress=lambda done, total, stage: seen.append((done, total, stage)))
    assert seen[-1][:2] == (5000, 5000)


@pytest.mark.parametrize(
    "wrong",
    [
        {"trials": 0},
        {"trials": 10**18},
        {"seed": -1},
        {"threads": 0},
        {"memory": -1},
        {"percentiles": [0]},
        {"percentiles": [5, 5]},
        {"percentiles": []},
        {"strategies": ["none"]},
        {"strategies": []},
        {"overrides": {"inputs.X9.y": 1}},
    ],
)
def test_wrong_arguments_are_refused(deal, wrong):
    with pytest.raises(InvalidInput):
        simengine.run(deal, **wrong)


def test_check_gives_the_resolved_scenario(deal):
    report = simengine.check(deal)
    assert "lognormal" in repr(report)
    assert all(problem.severity != "error" for problem in report.warnings)
    with pytest.raises(InvalidInput):
        simengine.check(deal, overrides={"inputs.R": 80})


def test_the_package_lists_what_it_offers():
    assert {"run", "load", "check", "open_result", "Result", "InvalidInput"} <= set(dir(simengine))
    for name in simengine.__all__:
        assert getattr(simengine, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        simengine.runn  # noqa: B018
    for function in (simengine.run, simengine.check, simengine.load, simengine.open_result, simengine.Result):
        assert function.__doc__
