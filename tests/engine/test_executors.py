"""Executors: the same bits from threads, processes and clusters, whatever happens to the workers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from reproducibility_cases import TRIALS, cluster_of, digest, plans

import simengine
from simengine.engine.cluster import Cluster
from simengine.engine.processes import Processes
from simengine.engine.run import run
from simengine.engine.tasks import Range, Trials, ranges_of
from simengine.engine.workers import Workers
from simengine.errors import DeviceError
from simengine.kernels import cpu

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def mixed():
    return {sampler: plan for (_, sampler), plan in plans(("mixed outcomes",)).items()}


@pytest.fixture(scope="module")
def client():
    """A cluster in this process: dask's own protocol and scheduler, without the wait for processes."""
    with cluster_of(2, processes=False) as client:
        yield client


# Names and addresses


def test_schedulers_are_named(mixed, client):
    expected = digest(mixed["sobol"])
    for scheduler in ("sync", "threads", "processes", client, client.cluster.scheduler_address):
        assert digest(mixed["sobol"], scheduler) == expected


@pytest.mark.parametrize(
    ("address", "fragment"),
    [
        ("smoke://signal", "unknown address scheme"),
        ("tcp://localhost:port", "HOST:PORT"),
        ("tcp://127.0.0.1:1", "cannot be reached ("),
    ],
)
def test_an_address_that_leads_nowhere_is_said(mixed, monkeypatch, address, fragment):
    monkeypatch.setattr("simengine.engine.cluster.PATIENCE", 0.3)
    with pytest.raises(DeviceError, match="scheduler = ") as refused:
        run(mixed["random"], trials=100, seed=1, scheduler=address)
    assert fragment in str(refused.value)


def test_something_else_that_listens_is_no_scheduler(mixed):
    import socket

    def answer():
        with listener.accept()[0] as caller:
            caller.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" * 8)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(DeviceError, match="did not answer as one would"):
            run(mixed["random"], trials=100, seed=1, scheduler=f"tcp://127.0.0.1:{listener.getsockname()[1]}")


def test_without_distributed_its_absence_is_said(mixed, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DeviceError, match=r"pip install 'simengine\[distributed\]'"):
        run(mixed["random"], trials=100, seed=1, scheduler="tcp://127.0.0.1:8786")


def test_a_run_without_a_cluster_does_not_load_distributed():
    code = (
        "import sys, simengine as se; se.run('scenarios/base_arithmetic.toml', trials=1000); "
        "assert 'distributed' not in sys.modules and 'multiprocessing.connection' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    surroundings = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", code], cwd=root, env=surroundings, check=True)


# Processes


class Deadly:
    """A task that kills every process that tries it."""

    def __call__(self, trials, part):
        os.kill(os.getpid(), signal.SIGKILL)


def test_processes_that_always_die_end_the_run(mixed, monkeypatch):
    monkeypatch.setattr("simengine.engine.processes.MOST_FAILURES", 1)
    trials = Trials(cpu.Source.of(mixed["random"], 1, 5000))
    with contextlib.closing(Processes(1)) as executor:
        executor.start(trials)
        with pytest.raises(DeviceError, match=r"begun 2 times.*signal 9"):
            executor.fold(Deadly(), ranges_of(5000, 4096), Silent(), 8)
    assert not workers_alive()


class Wrong:
    """A task with a defect."""

    def __call__(self, trials, part):
        raise ArithmeticError(f"trial {part.first}")


class Silent:
    stage = "testing"

    def done(self, part):
        pass


def test_a_defect_in_a_worker_is_raised_where_the_run_was_asked_for(mixed, client):
    for executor in (Processes(1), Cluster(client)):
        with contextlib.closing(executor):
            executor.start(Trials(cpu.Source.of(mixed["random"], 1, 5000)))
            with pytest.raises(ArithmeticError, match="trial 0"):
                executor.fold(Wrong(), [Range(0, 4096)], Silent(), 8)
    assert not workers_alive()


class Interrupt(BaseException):
    pass


@pytest.mark.parametrize("where", ["processes", "client"])
def test_an_interrupt_stops_workers_and_takes_back_what_is_queued(mixed, client, where):
    def progress(done, total, stage):
        raise Interrupt

    began = time.monotonic()
    with pytest.raises(Interrupt):
        scheduler = client if where == "client" else where
        digest(mixed["random"], scheduler, budget=0, task=100_000, trials=10**9, progress=progress)
    assert not workers_alive()
    while where == "client" and client.cluster.scheduler.tasks:
        time.sleep(0.01)
        assert time.monotonic() - began < 10.0


def workers_alive():
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


# Clusters


def test_progress_counts_the_ranges_of_a_cluster(mixed, client):
    seen = []
    digest(mixed["random"], client, task=1, progress=lambda *step: seen.append(step))
    assert [done for done, _, stage in seen if stage == "simulating"][-1] == TRIALS
    assert {stage for _, _, stage in seen} == {"simulating", "selecting percentiles"}
    assert [done for done, _, _ in seen if done > TRIALS] == []


def test_nothing_of_a_run_stays_on_a_cluster(mixed, client):
    digest(mixed["sobol"], client, task=1)
    deadline = time.monotonic() + 10.0
    while client.cluster.scheduler.tasks:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_cluster_that_loses_all_workers_ends_the_run(mixed, monkeypatch):
    monkeypatch.setattr("simengine.engine.cluster.PATIENCE", 0.3)
    monkeypatch.setattr("simengine.engine.cluster.DESERTED", 0.5)
    with cluster_of(1, processes=False) as client:

        def progress(done, total, stage):
            client.cluster.scale(0)

        with pytest.raises(DeviceError, match=r"all workers are gone.*hint"):
            digest(mixed["random"], client, task=200_000, trials=10**8, progress=progress)


def test_a_cluster_without_workers_is_no_cluster(mixed, monkeypatch):
    monkeypatch.setattr("simengine.engine.cluster.PATIENCE", 0.2)
    with (
        cluster_of(0, processes=False) as client,
        pytest.raises(DeviceError, match=r"no workers.*dask worker"),
    ):
        run(mixed["random"], trials=100, seed=1, scheduler=client)


def test_workers_of_another_version_are_refused(mixed, tmp_path):
    """A worker process with another kernel: before it computes anything, and when it joins a run that goes on."""
    package = Path(simengine.__file__).parent
    shutil.copytree(package, tmp_path / "simengine", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "simengine" / "kernels" / "arithmetic.py").open("a", encoding="utf-8") as file:
        file.write("# another\n")
    with cluster_of(0, processes=False) as client:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", client.cluster.scheduler_address]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        arguments = ["--no-dashboard", "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path)]
        worker = subprocess.Popen(
            [*command, *arguments], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            client.wait_for_workers(1, timeout=60)
            with pytest.raises(DeviceError, match="other digits") as refused:
                run(mixed["random"], trials=100, seed=1, scheduler=client)
            assert "has kernels" in str(refused.value)
            assert "numpy" not in str(refused.value).splitlines()[1]
            with (
                pytest.MonkeyPatch.context() as patch,
                contextlib.closing(Cluster.__new__(Cluster)) as unexamined,
            ):
                patch.setattr("simengine.engine.cluster._checked_workers", lambda *_: (1, Workers("", {}, ())))
                unexamined.__init__(client)
                with pytest.raises(DeviceError, match="that joined has kernels"):
                    digest(mixed["random"], unexamined)
        finally:
            worker.terminate()
            worker.wait(30)
