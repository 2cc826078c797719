"""Clusters whose workers have devices of their own: each says what it has, and a mixture must give the same bits."""

from __future__ import annotations

import pytest
from fake_families import Fake
from reproducibility_cases import cluster_of, digest, plans

from simengine.engine import workers
from simengine.engine.cluster import Cluster
from simengine.engine.parity import inexact
from simengine.engine.run import run
from simengine.engine.workers import Declared, Workers, declared, family_of_worker
from simengine.errors import DeviceError, DeviceLost, DeviceWarning
from simengine.kernels.cuda.find import NoGpu
from simengine.kernels.family import CPU
from simengine.plan.ops import Op

distributed = pytest.importorskip("distributed")

H200 = "NVIDIA H200"


@pytest.fixture(scope="module")
def mixed():
    return {sampler: plan for (_, sampler), plan in plans(("mixed outcomes",)).items()}


@pytest.fixture(scope="module")
def client():
    with cluster_of(2, processes=False) as client:
        yield client


@pytest.fixture
def gpu(monkeypatch):
    """All workers have this one; they are threads of this process."""

    def give(family):
        def found():
            if isinstance(family, Exception):
                raise family
            return family

        workers._checked_gpu.cache_clear()
        monkeypatch.setattr("simengine.engine.devices.gpu_of_this_process", found)
        return family

    yield give
    workers._checked_gpu.cache_clear()


NONE = NoGpu("there is no NVIDIA driver", "install it")


def test_workers_compute_on_their_own_devices(mixed, client, gpu):
    expected = digest(mixed["sobol"])
    for device in ("gpu", "auto", None):
        family = gpu(Fake(H200))
        found = run(
            mixed["sobol"], trials=150_000, seed=9, percentiles=(1.0, 50.0, 99.9), scheduler=client, device=device
        )
        assert (found.summary_digest, found.device, found.notes) == (expected, H200, ())
        assert family.calls["summarise"] >= 1 and family.calls["values"] == 1  # its self-test: the pilot is drawn here


def test_workers_without_a_gpu_compute_on_processors_where_none_is_asked_for(mixed, client, gpu):
    gpu(NONE)
    found = run(mixed["random"], trials=20_000, seed=9, scheduler=client)
    assert (found.device, found.notes) == ("cpu", ())


def test_workers_without_a_gpu_are_refused_where_one_is_asked_for(mixed, client, gpu):
    gpu(NONE)
    with pytest.raises(DeviceError, match="workers without a GPU") as refused:
        run(mixed["random"], trials=100, seed=1, scheduler=client, device="gpu")
    assert refused.value.exit_code == 3
    assert str(refused.value).count("there is no NVIDIA driver") == 2
    assert "dask cuda worker" in str(refused.value)


def test_processors_are_used_where_they_are_asked_for(mixed, client, gpu):
    family = gpu(Fake(H200))
    assert run(mixed["random"], trials=100, seed=1, scheduler=client, device="cpu").device == "cpu"
    assert not family.calls


def test_a_worker_whose_gpu_computes_other_numbers_uses_its_processors_and_says_so(mixed, client, gpu):
    gpu(Fake(H200, wrong=True))
    with pytest.warns(DeviceWarning, match="computes other numbers than the CPU"):
        found = run(mixed["random"], trials=20_000, seed=9, scheduler=client)
    assert found.device == "cpu"
    assert len(found.notes) == 2 and all("computes other numbers than the CPU" in note for note in found.notes)
    with pytest.raises(DeviceError, match="computes other numbers"):
        run(mixed["random"], trials=100, seed=1, scheduler=client, device="gpu")


def test_the_run_goes_on_on_processors_when_a_worker_loses_its_gpu(mixed, client, gpu, monkeypatch):
    monkeypatch.setattr("simengine.engine.cluster.MOST_FAILURES", 0)
    expected = digest(mixed["random"])
    gpu(Fake(H200, fails_in="summarise"))
    with pytest.warns(DeviceWarning, match="a worker's GPU failed while it computed"):
        told = []
        levels = (1.0, 50.0, 99.9)
        found = run(mixed["random"], trials=150_000, seed=9, percentiles=levels, scheduler=client, chosen=told.append)
    assert (found.summary_digest, found.device) == (expected, "cpu")
    assert [(one.why, one.said) for one in told] == [
        (f"on {H200}", True),
        ("on the CPUs of the cluster (a GPU failed)", True),
    ]
    assert "unspecified launch failure" in found.notes[0]
    with pytest.raises(DeviceLost, match="unspecified launch failure"):
        run(mixed["random"], trials=150_000, seed=9, scheduler=client, device="gpu")


# Mixtures


def mixture(monkeypatch):
    """The workers of a cluster, of which one says that it has a GPU."""
    said = iter((H200, "cpu") * 8)
    monkeypatch.setattr(
        "simengine.engine.workers._own", lambda device, *_: Fake(next(said)) if device != "cpu" else CPU
    )


def test_a_mixture_is_used_where_every_operation_is_exact(mixed, client, monkeypatch):
    expected = digest(mixed["random"])
    mixture(monkeypatch)
    found = run(mixed["random"], trials=150_000, seed=9, percentiles=(1.0, 50.0, 99.9), scheduler=client)
    assert (found.summary_digest, found.device) == (expected, f"{H200} and cpu")
    assert found.notes == (
        f"computed by workers with different devices, which give the same bits: 1 on {H200}, 1 on cpu",
    )


def test_a_mixture_is_refused_where_an_operation_is_not_exact(mixed, client, monkeypatch):
    monkeypatch.setattr("simengine.engine.parity.INEXACT_OPS", frozenset({Op.MULTIPLY}))
    mixture(monkeypatch)
    with pytest.raises(
        DeviceError, match=r"different devices \(1 on NVIDIA H200, 1 on cpu\), and the plan uses MULTIPLY"
    ):
        run(mixed["random"], trials=100, seed=1, scheduler=client)


def test_no_operation_is_inexact_and_one_that_were_would_be_found(mixed, monkeypatch):
    assert inexact(mixed["random"]) == ()
    monkeypatch.setattr("simengine.engine.parity.INEXACT_OPS", frozenset({Op.MULTIPLY, Op.LHS}))
    assert inexact(mixed["random"]) == (Op.MULTIPLY,)


def test_workers_that_join_later_must_have_the_same_where_bits_might_differ(mixed, monkeypatch):
    gpus, processors = (Workers.of("", "auto", {"w": Declared({}, name)}) for name in (H200, "cpu"))
    assert [found.pinned("auto", mixed["random"]) for found in (gpus, processors)] == ["auto", "auto"]
    monkeypatch.setattr("simengine.engine.parity.INEXACT_OPS", frozenset({Op.MULTIPLY}))
    assert [found.pinned("auto", mixed["random"]) for found in (gpus, processors)] == ["gpu", "cpu"]


def test_a_worker_that_joins_without_the_gpu_it_should_have_does_not_compute(gpu):
    gpu(NONE)
    assert family_of_worker("auto") is CPU
    with pytest.raises(NoGpu):
        family_of_worker("gpu")
    assert declared("gpu").why.startswith("device = gpu: there is no NVIDIA driver")


@pytest.mark.parametrize("found", [Fake(H200, wrong=True), NONE], ids=["wrong", "none"])
def test_a_gpu_that_failed_its_test_is_not_tested_for_every_task(gpu, found):
    gpu(found)
    for _ in range(3):
        assert family_of_worker("auto", "float32", "lhs") is CPU
        with pytest.raises(DeviceError):
            family_of_worker("gpu", "float32", "lhs")
    if isinstance(found, Fake):
        assert found.calls["values"] == 1


def test_a_worker_tests_its_gpu_with_the_precision_and_sampler_of_the_run(mixed, client, gpu, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "simengine.engine.selftest.plan_of",
        lambda precision, sampler: seen.append((precision, sampler)) or mixed["random"],
    )
    gpu(Fake(H200))
    run(mixed["sobol"], trials=1000, seed=1, scheduler=client, device="gpu")
    assert seen == [("float64", "sobol")]


def test_tasks_for_gpus_are_longer(client, gpu):
    gpu(Fake(H200))
    lengths = [Cluster(client, device).tasks_longer for device in ("cpu", "gpu")]
    assert lengths[0] == 1 < lengths[1]
