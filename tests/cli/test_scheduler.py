"""--scheduler: the same output from any, and a documented exit status when there is none."""

from __future__ import annotations

import sys

import pytest
from reproducibility_cases import cluster_of

import simengine
from simengine.cli.main import main

distributed = pytest.importorskip("distributed")

SCENARIO = """\
[scenario]
name = "small"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[simulate]
trials = 40_000
"""


@pytest.fixture
def deal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "deal.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_every_scheduler_prints_the_same_and_verifies_the_others(deal, capsys):
    code, out, _ = call(capsys, "run", "deal.toml", "--out", "results", "--scheduler", "sync")
    assert code == 0
    assert "--scheduler sync" in simengine.open_result("results").dataset.attrs["command"]
    with cluster_of(2, processes=False) as client:
        for scheduler in ("sync", "threads", "processes", client.cluster.scheduler_address):
            assert call(capsys, "run", "deal.toml", "--scheduler", scheduler)[:2] == (0, out)
        assert call(capsys, "verify", "results", "--scheduler", client.cluster.scheduler_address)[0] == 0
        code, out, err = call(
            capsys, "run", "deal.toml", "--selfcheck", "--scheduler", client.cluster.scheduler_address
        )
        assert code == 0, err
        assert "mean" in out


@pytest.mark.parametrize("command", [("run", "deal.toml"), ("verify", "results")])
@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (("--scheduler", "dask"), "--scheduler = dask: there is no such scheduler; allowed: sync, threads, processes"),
        (("--scheduler", "sync", "--threads", "2"), "--scheduler = sync: uses one thread"),
        (("--scheduler", "tcp://127.0.0.1:1", "--threads", "2"), "has threads of its own"),
    ],
)
def test_a_wrong_scheduler_is_status_2(deal, capsys, command, options, fragment):
    code, out, err = call(capsys, *command, *options)
    assert (code, out) == (2, "")
    assert fragment in err


@pytest.mark.parametrize("command", [("run", "deal.toml", "--out", "another"), ("verify", "results")])
def test_a_scheduler_that_is_not_there_is_status_3(deal, capsys, monkeypatch, command):
    monkeypatch.setattr("simengine.engine.cluster.PATIENCE", 0.3)
    call(capsys, "run", "deal.toml", "--quiet", "--out", "results")
    code, out, err = call(capsys, *command, "--quiet", "--scheduler", "tcp://127.0.0.1:1")
    assert (code, out) == (3, "")
    assert "scheduler = tcp://127.0.0.1:1" in err and "hint: start one with `dask scheduler`" in err
    assert not (deal.parent / "another").exists()


def test_no_distributed_is_status_3(deal, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = call(capsys, "run", "deal.toml", "--quiet", "--scheduler", "tcp://127.0.0.1:1")
    assert code == 3
    assert "pip install 'simengine[distributed]'" in err


def test_python_takes_the_same_schedulers(deal, monkeypatch):
    monkeypatch.setattr("simengine.engine.cluster.PATIENCE", 0.3)
    assert simengine.run(deal, scheduler="sync").dataset.attrs["trials"] == 40_000
    with pytest.raises(simengine.InvalidInput, match="no such scheduler"):
        simengine.run(deal, scheduler="dask")
    with pytest.raises(simengine.DeviceError, match="cannot be reached"):
        simengine.run(deal, scheduler="tcp://127.0.0.1:1")
