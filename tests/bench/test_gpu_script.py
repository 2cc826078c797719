"""benchmarks/gpu.py: without a GPU it measures nothing and says so; what fails on one costs its own figures alone."""

from __future__ import annotations

import importlib
import shutil
import sys
import time
from pathlib import Path

import gpu_cases
import numpy as np
import pytest
from shim_device import needs_compiler

from simengine.bench.deal import PERCENTILES, VARIANTS, plan_of
from simengine.engine.run import run
from simengine.engine.selftest import Compared
from simengine.kernels.cuda import find
from simengine.kernels.cuda.find import NoGpu
from simengine.kernels.cuda.texts import KERNELS

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
FAILS = "print('| a row |', flush=True); raise ValueError('the device fell over')"
HANGS = """
import subprocess, sys, time
print('| a row |', flush=True)
print('still there', file=sys.stderr, flush=True)
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name):
        try:
            return importlib.import_module(name)
        finally:
            for path in BENCHMARKS.glob("*.py"):
                sys.modules.pop(path.stem, None)

    return load


@pytest.fixture
def without(script, monkeypatch):
    """The script on a machine that has neither a GPU nor a compiler."""
    gpu = script("gpu")

    def none():
        raise NoGpu("there is no NVIDIA driver", "install it")

    monkeypatch.setattr(gpu.gpu_sections, "find_gpu", none)
    monkeypatch.setattr(gpu.gpu_sections.gpu_text, "compiler", lambda: None)
    monkeypatch.setattr(gpu, "run_section", gpu_cases.inside(gpu))
    return gpu


@pytest.fixture
def faked(script, monkeypatch):
    """The script with a shim for a GPU; other processes give the figures that the test asks for."""
    gpu = script("gpu")
    sections = gpu.gpu_sections
    text = sections.gpu_text
    answers = {"whole": (3.25, "", None), "starts": (2.0, "0.75\n", None), "CuPy script": (9.0, "1e9\n", None)}

    def process(arguments, limit, **changes):
        if arguments[0] == "-m":
            return answers["whole"]
        if arguments[0] == "-c":
            return answers["starts"]
        assert changes == {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        return answers.get(arguments[1], (9.0, "4e9\n", None))

    monkeypatch.setitem(sys.modules, "cupy", gpu_cases.cupy())
    monkeypatch.setattr(sections, "find_gpu", gpu_cases.Recording)
    monkeypatch.setattr(sections, "details", lambda: "80 GiB of memory")
    monkeypatch.setattr(sections, "versions", lambda: {"cupy": "14.0"})
    monkeypatch.setattr(sections, "compare", lambda family: [Compared("float64", "random", 9, 0, ("a", "a"))])
    monkeypatch.setattr(sections, "CHECKED_TRIALS", 5000)
    monkeypatch.setattr(sections, "CHUNK", 2048)
    monkeypatch.setattr(sections.OnDevice, "range_trials", lambda self, source: 4096)
    monkeypatch.setattr(sections, "_process", process)
    monkeypatch.setattr(sections.gpu_peers, "installed", lambda name: name != "JAX script")
    monkeypatch.setattr(text, "compiler", lambda: "nvcc")
    monkeypatch.setattr(text, "counted", lambda variant, arch: text.Counted(variant.precision, arch, 62, 0, 1400))
    monkeypatch.setattr(gpu, "run_section", gpu_cases.inside(gpu))
    gpu.answers = answers
    return gpu


def page_of(folder):
    return (folder / "gpu.md").read_text(encoding="utf-8")


# Without a GPU


def test_without_a_gpu_the_page_says_so_and_claims_nothing(without, tmp_path, capsys):
    assert without.main(["--write", str(tmp_path)]) == 0
    page = page_of(tmp_path)
    assert capsys.readouterr().out.strip() == page.strip()
    assert "**No GPU was to be had: nothing here is measured, and no speed is claimed.**" in page
    assert "there is no NVIDIA driver" in page
    assert "outcomes/s" not in page and "goal" not in page and "failed" not in page and "## Measured" not in page
    assert "Instructions were not counted" in page


def test_a_gpu_that_is_required_is_an_error(without):
    assert without.main(["--require", "--write", ""]) == without.NO_GPU == NoGpu("", "").exit_code


def test_the_page_that_is_kept_says_that_nothing_was_measured_or_on_what():
    page = page_of(BENCHMARKS / "results")
    assert ("**No GPU was to be had" in page) != ("Device: " in page)
    assert "**No GPU was to be had" not in page or "## Measured" not in page
    assert "the aim of 75 × 10⁹ outcomes/s in float32 cannot be met by the text as it stands" in page


def test_git_may_be_missing(script, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script("machine").commit() == "unknown"


# With one


@needs_compiler
def test_every_section_runs(faked, tmp_path):
    assert faked.main(["--write", str(tmp_path), "--seconds", "0.01", "--rounds", "2"]) == 0
    page = page_of(tmp_path)
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        f"## {section.title}" for section in faked.SECTIONS if section.title
    ]
    assert "Device: shim, 80 GiB of memory; cupy 14.0." in page
    assert "132 multiprocessors at 1.98 GHz, 3.35 TB/s" in page
    assert "whole runs of the reference deal (5,000 trials)" in page
    assert "medians of 2 rounds" in page
    assert page.count("% of 45.2 |") == 2 and page.count("% of 85.8 |") == 2  # the limits of issuing with the tally
    assert page.count("% of 47.8 |") == 2 and page.count("% of 95.6 |") == 2  # and without
    assert page.count("| 3.2 | 10, met |") == 4
    assert page.count(" | 0.75 | 0.75 |") == 4
    assert "| CuPy script | float64 | 1.000 | 4.0 |" in page
    assert "| JAX script | float32 | not installed | |" in page
    assert "failed" not in page


@needs_compiler
def test_rows_and_sections_that_fail_leave_the_others(faked, tmp_path, monkeypatch):
    faked.answers["CuPy script"] = 9.0, "", "failed with exit status 1: out of memory"

    def broken(*_):
        raise RuntimeError("not today")

    monkeypatch.setattr(faked.gpu_sections.gpu_text, "limits_of_device", broken)
    monkeypatch.setattr(faked.gpu_sections.gpu_text, "architecture_of_device", broken)
    monkeypatch.setattr(faked.gpu_sections, "Evaluator", broken)
    assert faked.main(["--write", str(tmp_path), "--seconds", "0.01", "--rounds", "1"]) == 1
    page = page_of(tmp_path)
    assert page.count("| not counted |") == 4 and page.count("| unknown |") == 4
    assert page.count("**This section failed: exit status 1.**") == 2  # peers, alone
    assert page.index("## Measured: evaluation alone") < page.index("RuntimeError: not today")
    assert "| CuPy script | float32 | failed with exit status 1: out of memory |  |" in page
    assert page.count("| 3.2 | 10, met |") == 4


@needs_compiler
def test_times_of_kernels_that_differ_from_the_cpu_are_in_doubt(faked, tmp_path, monkeypatch):
    wrong = Compared("float32", "sobol", 9, 4, ("a", "b"))
    monkeypatch.setattr(faked.gpu_sections, "compare", lambda family: [wrong])
    sections = [one for one in faked.SECTIONS if one.name in ("check", "whole")]
    monkeypatch.setattr(faked, "SECTIONS", sections)
    assert faked.main(["--write", str(tmp_path)]) == 1
    page = page_of(tmp_path)
    assert "- **float32, sobol: differs in 4 of 9 outcomes**" in page
    assert page.index("does not compute what the CPU computes") < page.index("**The check above did not pass")


def test_a_section_that_fails_and_one_that_hangs_cost_their_own_figures(script, monkeypatch, tmp_path, capfd):
    gpu = script("gpu")
    codes = {"check": FAILS, "rates": HANGS}

    def started(section, limit, options):
        code = codes.get(section.name, f"print('the figures of {section.name}')")
        return gpu.machine.watched([sys.executable, "-c", code], min(limit, 1.5))

    monkeypatch.setattr(gpu, "run_section", started)
    assert gpu.main(["--write", str(tmp_path)]) == 1
    page = page_of(tmp_path)
    check, rates, whole = (page.index(part) for part in ("## Checked", "outcomes a second\n", "## Measured: from"))
    assert "| a row |" in page[check:rates] and "ValueError: the device fell over" in page[check:rates]
    assert "**This section failed: exit status 1.**" in page[check:rates]
    assert "| a row |" in page[rates:whole] and "still there" in page[rates:whole]
    assert "**This section failed: stopped after" in page[rates:whole]
    for name in ("device", "computed", "whole", "starts", "peers", "alone"):
        assert f"the figures of {name}\n" in page
    err = capfd.readouterr().err
    assert "still there" in err and "failed: check, rates" in err
    grandchild = Path("/proc") / next(line for line in page[rates:whole].splitlines() if line.isdigit())
    for _ in range(50):
        if not grandchild.exists() or "State:\tZ" in (grandchild / "status").read_text():
            break
        time.sleep(0.1)
    else:
        pytest.fail("what the section started is still running")


def test_what_is_known_is_on_the_page_before_the_next_section_begins(script, monkeypatch, tmp_path):
    gpu = script("gpu")

    def interrupted(section, limit, options):
        if section.name == "rates":
            raise KeyboardInterrupt
        return gpu.machine.Ended(0.1, 0, f"figures of {section.name}", "")

    monkeypatch.setattr(gpu, "run_section", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gpu.main(["--write", str(tmp_path)])
    assert all(f"figures of {name}" in page_of(tmp_path) for name in ("device", "computed", "check"))


def test_a_call_ends_in_its_time(script, monkeypatch, tmp_path):
    gpu = script("gpu")
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr(gpu.time, "perf_counter", lambda: float(next(clock)))
    limits = []

    def took_a_minute(section, limit, options):
        limits.append(limit)
        return gpu.machine.Ended(60.0, 0, "", "")

    monkeypatch.setattr(gpu, "run_section", took_a_minute)
    status = gpu.main(["--write", str(tmp_path), "--budget", "200"])
    monkeypatch.undo()
    assert status == 1 and limits == [45, 45, 20]
    assert page_of(tmp_path).count("**Not run: the time of this call was used up.**") == 5


def test_a_section_knows_its_name_and_its_limit(script, monkeypatch):
    gpu, seen = script("gpu"), []
    monkeypatch.setattr(gpu.machine, "watched", lambda command, limit: seen.append((command, limit)))
    gpu.run_section(gpu.SECTIONS[3], 77.0, gpu._options(["--rounds", "2"]))
    ((command, limit),) = seen
    asked = gpu._options(command[2:])
    assert (asked.section, asked.limit, limit, asked.rounds, asked.peer_trials) == ("rates", 77.0, 77.0, 2, 10**8)
    assert set(gpu.gpu_sections.SECTIONS) == {section.name for section in gpu.SECTIONS}


# Figures


@needs_compiler
def test_the_first_launch_takes_every_kernel_of_an_ordinary_run(script, monkeypatch, capsys):
    device = gpu_cases.Recording()
    monkeypatch.setattr(find, "find_gpu", lambda: device)
    monkeypatch.setattr(sys, "argv", ["-c", "float64", "sobol"])
    exec(script("gpu_sections")._FIRST, {})
    assert 0 < float(capsys.readouterr().out) < 60
    assert {"evaluate", "prepare_points", *(name for names in KERNELS.values() for name in names)} <= device.compiled


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs nvcc")
def test_what_is_computed_is_marked_as_such(script, monkeypatch, capsys):
    sections = script("gpu_sections")
    monkeypatch.setattr(sections, "ARCHITECTURES", ("90",))
    assert sections.computed(None) == 0
    page = capsys.readouterr().out
    assert page.count("| sm_90 | ") == 4
    assert "As computed for sm_90, not measured" in page


def test_a_limit_follows_from_instructions_clock_and_bytes(script, monkeypatch):
    text = script("gpu_text")
    counted = text.Counted("float64", "90", 62, 0, 2_000)
    assert counted.for_a_trial == 1_000 and counted.with_tally() == 1_000 + text.TALLY
    monkeypatch.setitem(sys.modules, "cupy", gpu_cases.cupy())
    limits = text.limits_of_device()
    assert limits.issue(1_000) == pytest.approx(132 * 1.98e9 * 128 / 1_000)
    assert limits.bandwidth == pytest.approx(3.35e12, rel=0.01)
    assert text.Counted("float32", "90", 62, 0, 2_000).for_a_trial == 500


def test_a_device_that_keeps_its_clocks_to_itself_has_no_limits(script, monkeypatch):
    text = script("gpu_text")
    monkeypatch.setattr(gpu_cases, "ATTRIBUTES", {"MultiProcessorCount": 10})
    monkeypatch.setitem(sys.modules, "cupy", gpu_cases.cupy())
    limits = text.limits_of_device()
    assert str(limits) == "10 multiprocessors at an unknown clock, an unknown bandwidth"
    assert limits.issue(1_000) is None


def test_verdicts_and_shares_follow_the_figures(script):
    sections = script("gpu_sections")
    limits = sections.gpu_text.DATA_SHEETS["H200"]
    counts = sections.gpu_text.Counted("float64", "90", 62, 0, 1_400)
    rows = [sections.rate_row(VARIANTS[0], [rate], counts, limits) for rate in (7.9e9, 8e9, 25e9)]
    assert [row.split(" | ")[-1] for row in rows] == ["**missed** |", "goal met |", "aim met |"]
    assert rows[2] == "| float64, random | 25.0 | 25.0, 25.0 | 55% of 45.2 | 400 | 8.3% | 8 | 25 | aim met |"
    assert "| not counted |" in sections.rate_row(VARIANTS[0], [1e9], None, limits)


def test_a_process_that_fails_or_hangs_says_so(script, capsys):
    process = script("gpu_sections")._process
    _, out, error = process(["-c", "print(1.5)"], 20)
    assert float(out) == 1.5 and error is None
    assert process(["-c", "raise ValueError('no | room')"], 20)[2] == (
        "failed with exit status 1: ValueError: no / room"
    )
    assert "Traceback" in capsys.readouterr().err
    assert process(["-c", "import time; time.sleep(20)"], 0.5)[2] == "stopped after 0.5 s"


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_cupy_script_simulates_the_deal_of_the_engine(script, monkeypatch, precision):
    monkeypatch.setitem(sys.modules, "cupy", gpu_cases.cupy())
    found = script("gpu_peers").cupy_simulation(400_000, precision)(1)
    own = run(plan_of(VARIANTS[0]), trials=400_000, seed=1, percentiles=PERCENTILES, tail_levels=(0.95,), device="cpu")
    outcome = own.outcomes[0]
    assert found["percentiles"].dtype == precision
    assert found["mean"] == pytest.approx(outcome.mean, abs=6 * outcome.mean_se)
    np.testing.assert_allclose(found["percentiles"][1:100], outcome.quantiles[1:100], rtol=0.02)


def test_a_simulation_is_made_once_for_all_its_runs(script):
    seeds = []
    rate = script("gpu_peers").rate_of(seeds.append, 1000, 0.0)
    assert seeds == [0, 1] and rate > 0


def test_the_jax_script_simulates_the_same_deal(script, monkeypatch):
    pytest.importorskip("jax")
    peers = script("gpu_peers")
    monkeypatch.setitem(sys.modules, "cupy", gpu_cases.cupy())
    simulate = peers.jax_simulation(200_000, "float64")
    mine, other = simulate(1), peers.cupy_simulation(200_000, "float64")(1)
    assert mine["mean"] == pytest.approx(other["mean"], rel=0.01)
    assert mine["sd"] == pytest.approx(other["sd"], rel=0.02)
