"""--device: the same output from any, a line that says which and why, and exit status 3 where there is none."""

from __future__ import annotations

import json

import pytest
from fake_families import Fake

import simengine
from simengine.analysis import doctor_gpu
from simengine.cli.main import main
from simengine.errors import DeviceWarning, InvalidInput
from simengine.kernels.cuda.find import NoGpu

H200 = "NVIDIA H200"
SCENARIO = """\
[scenario]
name = "small"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[strategies.sale]
inputs.R = 0.7
[strategies.licence]
inputs.R = 0.8
[simulate]
trials = 20_000
"""


@pytest.fixture
def deal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "deal.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture
def gpu(monkeypatch):
    """This machine has one, or none for a reason, and every run is worth it."""

    def give(family):
        def found():
            if isinstance(family, Exception):
                raise family
            return family

        monkeypatch.setattr("simengine.engine.devices.WORTH_A_GPU", 0.0)
        monkeypatch.setattr("simengine.engine.devices.has_cupy", lambda: True)
        monkeypatch.setattr("simengine.engine.devices.gpu_of_this_process", found)
        return family

    return give


NONE = NoGpu("there is no NVIDIA driver", "install the driver")


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_every_device_prints_the_same_and_verifies_the_others(deal, capsys, gpu):
    family = gpu(Fake(H200))
    code, out, err = call(capsys, "run", "deal.toml", "--device", "cpu", "--out", "results")
    assert code == 0 and not family.calls and H200 not in err
    for device in (("--device", "gpu"), ("--device", "auto"), ()):
        code, again, err = call(capsys, "run", "deal.toml", *device)
        assert (code, again) == (0, out)
        assert f", on {H200}" in err.splitlines()[-1]
    assert call(capsys, "verify", "results", "--device", "gpu")[0] == 0
    code, _, err = call(capsys, "run", "deal.toml", "--device", "gpu", "--out", "by-gpu")
    assert code == 0 and f", on {H200}; wrote " in err.splitlines()[-1]
    assert simengine.open_result("by-gpu").dataset.attrs["device"] == H200
    assert call(capsys, "verify", "by-gpu", "--device", "cpu")[0] == 0


@pytest.mark.parametrize(
    "command", [("run",), ("run", "--trial", "7"), ("run", "--selfcheck"), ("compare",), ("drivers",)], ids=" ".join
)
def test_commands_compute_on_the_device(deal, capsys, gpu, command):
    family = gpu(Fake(H200))
    name, *options = command
    code, expected, err = call(capsys, name, "deal.toml", *options, "--device", "cpu")
    assert code == 0, err
    assert not family.calls
    code, out, err = call(capsys, name, "deal.toml", *options, "--device", "gpu")
    assert (code, out) == (0, expected)
    assert family.calls


@pytest.mark.parametrize("command", ["run", "compare", "drivers"])
def test_a_gpu_that_is_not_there_is_status_3(deal, capsys, gpu, command):
    gpu(NONE)
    code, out, err = call(capsys, command, "deal.toml", "--device", "gpu", "--out", "another")
    assert (code, out) == (3, "")
    assert "device = gpu: there is no NVIDIA driver; hint: install the driver" in err
    assert not (deal.parent / "another").exists()


def test_who_asks_for_auto_is_told_why_not_and_others_are_not(deal, capsys, gpu):
    gpu(NONE)
    asked = call(capsys, "run", "deal.toml", "--device", "auto")
    assert asked[2].splitlines()[-1].endswith(", on the CPU (no GPU: there is no NVIDIA driver)")
    silent = call(capsys, "run", "deal.toml")
    assert silent[:2] == asked[:2] and "CPU" not in silent[2]
    assert "simulated on the CPU (no GPU" in call(capsys, "compare", "deal.toml", "--device", "auto")[2]
    assert "CPU" not in call(capsys, "drivers", "deal.toml", "--device", "auto", "--quiet")[2]


@pytest.mark.filterwarnings("default::simengine.errors.DeviceWarning")
@pytest.mark.parametrize("command", ["run", "compare", "drivers"])
def test_a_gpu_that_fails_is_told_in_a_line_and_noted_in_the_result(deal, capsys, gpu, command):
    expected = call(capsys, command, "deal.toml", "--device", "cpu")[1]
    gpu(Fake(H200, fails_in="summarise"))
    code, out, err = call(capsys, command, "deal.toml", "--json")
    assert code == 0
    told = (
        f"{H200} failed while it computed ({H200}: unspecified launch failure); the run was computed again on the CPU"
    )
    assert f"warning: {told}" in err
    last = err.splitlines()[-1]
    assert "on the CPU (the GPU failed)" in last and H200 not in last
    assert told in json.dumps(json.loads(out))
    assert call(capsys, command, "deal.toml", "--device", "gpu")[0] == 3
    if command != "drivers":
        assert expected == call(capsys, command, "deal.toml")[1]


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
@pytest.mark.parametrize("command", [("run", "deal.toml"), ("verify", "results")])
def test_a_gpu_and_a_scheduler_of_processors_are_status_2(deal, capsys, command, scheduler):
    code, out, err = call(capsys, *command, "--device", "gpu", "--scheduler", scheduler)
    assert (code, out) == (2, "")
    assert "--device = gpu: is not used by the scheduler" in err and "hint: leave out the scheduler" in err


def test_from_python(deal, gpu):
    gpu(Fake(H200))
    assert simengine.run("deal.toml", device="gpu").dataset.attrs["device"] == H200
    assert simengine.run("deal.toml", threads=1).dataset.attrs["device"] == "cpu"
    assert simengine.compare("deal.toml", device="gpu").record.text("device") == H200
    assert simengine.drivers("deal.toml", device="gpu").record.integer("trials") == 20_000
    with pytest.raises(InvalidInput, match="there is no such device; allowed: auto, cpu, gpu"):
        simengine.run("deal.toml", device="cuda")
    gpu(Fake(H200, fails_in="pick"))
    with pytest.warns(DeviceWarning):
        assert "again on the CPU" in simengine.run("deal.toml").dataset.attrs["warnings"]


# doctor


def test_doctor_says_why_there_is_none(capsys, monkeypatch):
    monkeypatch.setattr(doctor_gpu.find, "versions", lambda: (_ for _ in ()).throw(NONE))
    code, out, _ = call(capsys, "doctor")
    assert code == 0
    assert "none: there is no NVIDIA driver; install the driver" in " ".join(out.split())


@pytest.mark.parametrize(("wrong", "code", "said"), [(False, 0, "agrees"), (True, 6, "differs in 1 of 120,000")])
def test_doctor_tests_a_gpu_that_is_there(capsys, monkeypatch, gpu, wrong, code, said):
    gpu(Fake(H200, wrong=wrong))
    monkeypatch.setattr(doctor_gpu.find, "versions", lambda: {"cupy": "14.0", "nvrtc": "12.9"})
    monkeypatch.setattr(doctor_gpu.find, "details", lambda: "compute capability 9.0, 140.4 GiB of memory")
    found, out, _ = call(capsys, "doctor")
    text = " ".join(out.split())
    assert found == code
    assert f"{H200}, compute capability 9.0, 140.4 GiB of memory" in text
    for case in ("float64, sobol", "float64, random", "float32, lhs", "float32, antithetic"):
        assert f"{case}: {said}" in text
