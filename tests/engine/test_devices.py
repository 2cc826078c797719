"""Choosing who computes: what auto chooses and says, and why there is no GPU, told by a CuPy that is made up."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace

import pytest
from fake_families import Fake
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine import settings
from simengine.engine import devices
from simengine.engine.devices import WORTH_A_GPU, choose
from simengine.engine.limits import device_problem, seconds_estimate
from simengine.engine.run import run
from simengine.engine.selftest import check, compare
from simengine.engine.selftest import plan_of as selftest_plan
from simengine.errors import DeviceError, DeviceLost, InvalidInput
from simengine.kernels.cuda import find
from simengine.kernels.cuda.cupy_device import is_of_device
from simengine.kernels.cuda.find import NoGpu
from simengine.kernels.family import CPU
from simengine.kernels.source import Source
from simengine.plan.ops import Op
from simengine.sampling.design import SAMPLERS


@pytest.fixture(scope="module")
def plan():
    return plan_of(REFERENCE_DEAL)


@pytest.fixture(autouse=True)
def untouched_environment(monkeypatch):
    """No GPU is hidden, or remembered from another test."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    devices.gpu_of_this_process.cache_clear()


class CudaError(Exception):
    pass


CudaError.__module__ = "cupy_backends.cuda.api.runtime"


class LibraryNotFound(RuntimeError):
    pass


def cupy_of(monkeypatch, *, driver=13000, built_for=12090, count=1, nvrtc=(12, 9)):
    """A module that answers as CuPy does; an exception is raised instead of an answer."""

    def answer(value):
        def ask(*_):
            if isinstance(value, Exception):
                raise value
            return value

        return ask

    runtime = SimpleNamespace(
        driverGetVersion=answer(driver),
        runtimeGetVersion=answer(built_for),
        getDeviceCount=answer(count),
        CUDARuntimeError=CudaError,
    )
    cuda = ModuleType("cupy.cuda")
    cuda.runtime, cuda.nvrtc = runtime, SimpleNamespace(getVersion=answer(nvrtc))
    cupy = ModuleType("cupy")
    cupy.cuda, cupy.__version__ = cuda, "14.0"
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupy.cuda", cuda)


def without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


# Why there is none


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        ({"driver": 0}, "there is no NVIDIA driver"),
        ({"driver": 11040, "count": CudaError("35")}, "the driver supports CUDA 11.4, and CuPy was built for 12.9"),
        ({"count": CudaError("cudaErrorNoDevice")}, r"no GPU that can be used \(cudaErrorNoDevice\)"),
        ({"count": 0}, "there is a driver and no GPU"),
        ({"nvrtc": LibraryNotFound("no libnvrtc.so.12\nnor 13")}, r"NVRTC.* is not there \(no libnvrtc.so.12\)"),
    ],
    ids=["no driver", "old driver", "no device", "none counted", "no compiler"],
)
def test_the_cause_is_named(plan, monkeypatch, found, cause):
    cupy_of(monkeypatch, **found)
    with pytest.raises(NoGpu, match=rf"^device = gpu: .*{cause}.*; hint: ") as refused:
        run(plan, trials=100, seed=1, device="gpu")
    assert refused.value.exit_code == 3 and isinstance(refused.value, DeviceError)


def test_without_cupy_the_extra_is_named(plan, monkeypatch):
    without_cupy(monkeypatch)
    sys.modules.pop("cupy")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not os.path.isdir(os.path.join(p, "cupy"))])
    with pytest.raises(NoGpu, match=r"CuPy is not installed; hint: pip install 'simengine\[gpu\]'"):
        run(plan, trials=100, seed=1, device="gpu")


def test_a_cupy_that_cannot_be_loaded_is_told_from_none(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text("import library_of_cuda\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    with pytest.raises(NoGpu, match=r"CuPy cannot be loaded \(No module named 'library_of_cuda'\)") as refused:
        find.find_gpu()
    assert refused.value.likely


@pytest.mark.parametrize("hidden", ["", "-1", "NoDevFiles", " "])
def test_hidden_gpus_are_told_from_none(monkeypatch, hidden):
    cupy_of(monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    with pytest.raises(NoGpu, match=r"CUDA_VISIBLE_DEVICES is .* hides every GPU"):
        find.find_gpu()


def test_versions_are_told_as_far_as_they_can_be(monkeypatch):
    cupy_of(monkeypatch, driver=0, nvrtc=LibraryNotFound("gone"))
    assert find.versions() == {
        "cupy": "14.0",
        "driver": "none",
        "runtime": "12.9",
        "nvrtc": "cannot be loaded (gone)",
    }


def test_exceptions_of_the_device_are_told_from_defects():
    assert is_of_device(CudaError())
    assert not is_of_device(ValueError())


# What is chosen


def chosen(plan, device=None, trials=10**12, **options):
    return choose(device, Source.of(plan, 1, trials), **options)


def test_a_gpu_that_is_there_healthy_and_worth_it_is_chosen(plan, monkeypatch):
    monkeypatch.setattr(devices, "has_cupy", lambda: True)
    monkeypatch.setattr(devices, "gpu_of_this_process", lambda: Fake("NVIDIA H200"))
    choice = chosen(plan)
    assert (choice.family.name, choice.why, choice.said, choice.may_fail) == (
        *("NVIDIA H200", "on NVIDIA H200"),
        *(True, True),
    )
    assert set(choice.family.calls) == {"values"}


def test_a_gpu_is_not_looked_for_where_it_is_not_worth_it(plan, monkeypatch):
    monkeypatch.setattr(devices, "has_cupy", lambda: pytest.fail("looked for"))
    trials = int(0.9 * WORTH_A_GPU / seconds_estimate(plan, 1, settings.read().threads))
    for device, said in ((None, False), ("auto", True)):
        choice = chosen(plan, device, trials=trials)
        assert choice.family is CPU and choice.said is said
        assert "of work: a GPU would take longer to start" in choice.why


@pytest.mark.parametrize("options", [{"threads": 2}, {"scheduler": "threads"}])
def test_who_asks_for_threads_asks_for_processors(plan, monkeypatch, options):
    monkeypatch.setattr(devices, "has_cupy", lambda: pytest.fail("looked for"))
    assert chosen(plan, **options).family is CPU


def test_those_without_a_gpu_are_told_nothing_unless_they_ask(plan, monkeypatch):
    monkeypatch.setattr(devices, "has_cupy", lambda: False)
    quiet, asked = chosen(plan), chosen(plan, "auto")
    assert quiet.why == asked.why == "on the CPU (no GPU: CuPy is not installed)"
    assert (quiet.said, asked.said) == (False, True)


@pytest.mark.parametrize(("found", "said"), [({"driver": 0}, False), ({"nvrtc": LibraryNotFound("gone")}, True)])
def test_an_installation_that_is_only_half_there_is_told(plan, monkeypatch, found, said):
    monkeypatch.setattr(devices, "has_cupy", lambda: True)
    cupy_of(monkeypatch, **found)
    choice = chosen(plan)
    assert choice.family is CPU and choice.said is said and "(no GPU: " in choice.why


@pytest.mark.parametrize(
    ("device", "scheduler", "reason"),
    [
        ("cuda", None, "no such device"),
        (7, None, "is no device"),
        ("gpu", "threads", "one of processors"),
        (Fake(), "tcp://10.0.0.1:8786", "cannot be sent"),
    ],
)
def test_a_device_that_cannot_be_is_refused(plan, device, scheduler, reason):
    assert reason in str(device_problem(device, scheduler))
    with pytest.raises(InvalidInput, match=reason):
        run(plan, trials=100, seed=1, device=device, scheduler=scheduler)


@pytest.mark.parametrize("device", [None, "auto", "cpu", "gpu"])
def test_a_cluster_may_have_any_device_that_has_a_name(device):
    assert device_problem(device, "tcp://10.0.0.1:8786") is None


# The self-test


def test_the_self_test_covers_every_operation():
    used = {int(op) for sampler in SAMPLERS for op in selftest_plan("float64", sampler).tape[:, 0]}
    assert used == {int(op) for op in Op}


def test_the_self_test_finds_one_outcome_that_is_off():
    check(Fake())
    with pytest.raises(DeviceLost, match="other numbers than the CPU for 1 of 120,000 outcomes"):
        check(Fake(wrong=True))
    found = list(compare(Fake(wrong=True)))
    assert len(found) == 8 and not any(one.agrees for one in found)
    assert "float64, sobol: differs in 1 of 120,000 outcomes" in map(str, found)
    assert all(one.agrees for one in compare(Fake()))
