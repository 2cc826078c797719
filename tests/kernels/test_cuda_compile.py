"""The text compiles for devices: by nvcc where it is installed, by NVRTC where its wheel is."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from machine_cases import model_of
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.deal.expand import expand
from simengine.deal.model import Dependence
from simengine.kernels.cuda.device import OPTIONS
from simengine.kernels.cuda.printer import evaluate_text, sobol_text
from simengine.kernels.cuda.texts import KERNELS, text_of
from simengine.plan.compile import build_plan
from simengine.scenario import load

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PRECISIONS = ("float64", "float32")
ARCHITECTURES = ("sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")


@cache
def texts():
    """Texts that have every function of either precision, and those of all other kernels, by name."""
    found = {}
    for precision in PRECISIONS:
        found |= {f"{file} {precision}": text_of(file, precision) for file in KERNELS}
        found[f"points {precision}"] = sobol_text(precision)
        for sampler in ("random", "sobol", "lhs", "antithetic"):
            deal = plan_of(REFERENCE_DEAL, sampler=sampler, precision=precision)
            found[f"{sampler} {precision}"] = evaluate_text(deal)
        inputs = {"A": "2 to 5", "B": {"dist": "poisson", "mean": 2}, "C": {"dist": "bernoulli", "p": 0.2}}
        formulas = {"x": "exp(A) ** B + log(sqrt(A))", "y": "where(A < B, min(A, C), max(-A, abs(B / A)))"}
        together = (Dependence(("A", "B"), np.array([[1.0, 0.5], [0.5, 1.0]])),)
        plan = build_plan([model_of(inputs, formulas, together)], precision=precision)
        found[f"operations {precision}"] = evaluate_text(plan)
    return found


@cache
def long_text():
    """A deal of ten years whose tape has more than 1,900 rows."""
    plan = build_plan(expand(load(SCENARIOS / "medical_imaging_licence.toml")), sampler="sobol", years=True)
    assert len(plan.tape) > 1900
    return evaluate_text(plan)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not on PATH")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_nvcc_compiles_the_text(architecture, tmp_path):
    for name, text in {**texts(), "long": long_text()}.items():
        source = tmp_path / "kernel.cu"
        source.write_text(text)
        command = ["nvcc", *OPTIONS, f"-arch={architecture}", "-cubin", "-Werror", "all-warnings", "-o", "kernel.cubin"]
        done = subprocess.run([*command, source], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"


def nvrtc():
    """The library of NVRTC from its wheel; None where it is not installed."""
    for name in ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvrtc-cu13", "nvidia-cuda-nvrtc"):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name.startswith("libnvrtc.so"):
                return ctypes.CDLL(str(file.locate()))
    return None


def compiled(library, text, architecture):
    """The size of the binary that NVRTC makes with the options that reach it through CuPy; fails with its log."""
    program = ctypes.c_void_p()
    assert library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"", 0, None, None) == 0
    options = [option.encode() for option in (*OPTIONS, f"-arch={architecture}", "--device-as-default-execution-space")]
    status = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    if status:
        library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        library.nvrtcGetProgramLog(program, log)
        pytest.fail(f"{architecture}: {log.value.decode()[:3000]}")
    library.nvrtcGetCUBINSize(program, ctypes.byref(size))
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return size.value


def ptx(library, text, options):
    """The instructions of a text."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"", 0, None, None)
    given = [option.encode() for option in (*options, "-arch=compute_90")]
    assert library.nvrtcCompileProgram(program, len(given), (ctypes.c_char_p * len(given))(*given)) == 0
    library.nvrtcGetPTXSize(program, ctypes.byref(size))
    found = ctypes.create_string_buffer(size.value)
    library.nvrtcGetPTX(program, found)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return found.value.decode()


def supported(library):
    """The architectures of the list that this version compiles for."""
    count = ctypes.c_int()
    library.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    numbers = (ctypes.c_int * count.value)()
    library.nvrtcGetSupportedArchs(numbers)
    return [name for name in ARCHITECTURES if int(name[3:]) in set(numbers)]


@pytest.mark.skipif(nvrtc() is None, reason="NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")
def test_nvrtc_compiles_the_text_without_any_header():
    library = nvrtc()
    every = texts()
    for name, text in every.items():
        assert "#include" not in text, name
        assert compiled(library, text, "sm_90") > 0, name
    for architecture in supported(library):
        assert compiled(library, every["points float32"], architecture) > 0
        assert compiled(library, every["tally.cu float64"], architecture) > 0


@pytest.mark.skipif(nvrtc() is None, reason="NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")
def test_the_options_keep_subnormal_numbers():
    """In PTX an instruction that flushes says so; with CuPy's own option every one of float32 would."""
    text = texts()["operations float32"]
    assert ".ftz" not in ptx(nvrtc(), text, OPTIONS)
    assert ".ftz" in ptx(nvrtc(), text, (*OPTIONS[:2], "--ftz=true"))


@pytest.mark.slow
@pytest.mark.skipif(nvrtc() is None, reason="NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")
def test_nvrtc_compiles_every_text_for_every_architecture():
    library = nvrtc()
    for architecture in supported(library):
        for text in (*texts().values(), long_text()):
            assert compiled(library, text, architecture) > 0
