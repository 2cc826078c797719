from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from simengine.bench import machine, numpy_script
from simengine.cli.main import main


@pytest.fixture(autouse=True)
def _quick_calibration(monkeypatch):
    monkeypatch.setattr(machine, "free_cores", float)


def test_bench_compares_on_one_thread_and_on_several(capsys):
    assert main(["bench", "--trials", "2000", "--rounds", "1", "--threads", "2"]) == 0
    text = capsys.readouterr().out
    assert text.count("NumPy script") == 2
    assert text.count("float64, sobol") == 2
    assert "Free cores for 2 threads: 2.00 before, 2.00 after." in text


def test_bench_quick_does_a_tenth_of_the_work(capsys, monkeypatch):
    ran = []
    monkeypatch.setattr(numpy_script, "run", ran.append)
    assert main(["bench", "--quick", "--threads", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert ran == [100_000] * 4  # once to warm up
    assert told["rounds"] == 3
    assert [entry["trials"] for entry in told["measured"]] == [100_000]
    assert told["machine"]["packages"]["numpy"]


def test_bench_names_every_wrong_option(capsys):
    assert main(["bench", "--trials", "none", "--rounds", "0", "--threads", "1.5"]) == 2
    said = capsys.readouterr().err
    for option in ("--trials", "--rounds", "--threads"):
        assert option in said


def test_bench_has_its_scenario_in_the_package():
    from importlib.resources import files

    assert files("simengine.bench").joinpath("reference_deal.toml").is_file()
    assert "Measure this machine" in CliRunner().invoke(_group(), ["bench", "--help"]).output


def _group():
    from simengine.cli.main import simengine

    return simengine
