"""benchmarks/gpu.py where there is no GPU: it says so, measures nothing, and marks what it has computed."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from simengine.kernels.cuda.find import NoGpu

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

PTX = """\
.visible .entry evaluate(
\t.param .u64 evaluate_param_0
)
{
\t.reg .f64 \t%fd<3>;
$L__BB0_1:
\tld.global.nc.v2.f64 \t{%fd1, %fd2}, [%rd1];
\tfma.rn.f64 \t%fd2, %fd1, %fd1, 0d3FF0000000000000;
\t@%p1 bra \t$L__BB0_1;
\tmul.wide.u32 \t%rd2, %r1, %r2;
\tadd.rn.f32 \t%f2, %f1, %f1;
\tst.global.f64 \t[%rd1], %fd2;
\tret;
}
"""
SASS = """\
        /*0000*/                   LDC R1, c[0x0][0x28] ;        /* 0x00000a00ff017b82 */
                                                                 /* 0x000fe20000000800 */
        /*0010*/              @!P0 DFMA R2, R4, R6, R8 ;         /* 0x000000060402722b */
        /*0020*/                   IMAD.WIDE.U32 R2, R4, R6, RZ ;
        /*0030*/                   STG.E.64 desc[UR4][R2.64], R4 ;
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

    monkeypatch.setattr(gpu, "find_gpu", none)
    monkeypatch.setattr(gpu.gpu_text, "compiler", lambda: None)
    return gpu


def test_without_a_gpu_the_page_says_so_and_claims_nothing(without, tmp_path, capsys):
    assert without.main(["--write", str(tmp_path)]) == 0
    page = (tmp_path / "gpu.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == page.strip()
    assert "**No GPU was to be had: nothing here is measured, and no speed is claimed.**" in page
    assert "there is no NVIDIA driver" in page
    assert "outcomes/s" not in page and "goal" not in page
    assert "Instructions were not counted" in page


def test_a_gpu_that_is_required_is_an_error(without, capsys):
    assert without.main(["--require", "--write", ""]) == 3
    assert "device = gpu: there is no NVIDIA driver" in capsys.readouterr().err


def test_instructions_are_counted_by_what_they_need(script):
    text = script("gpu_text")
    ptx, sass = Counter(text._INSTRUCTION.findall(PTX)), Counter(text._SASS.findall(SASS))
    assert ptx.total() == 7 and ptx["fma.rn.f64"] == ptx["bra"] == ptx["ret"] == 1
    assert text.groups(ptx) == {"memory": 2, "float64": 1, "float32": 1, "integers and the rest": 3}
    assert sass == {"LDC": 1, "DFMA": 1, "IMAD": 1, "STG": 1}
    assert text.groups(sass) == {"memory": 2, "float64": 1, "integers and the rest": 1}


def test_the_bound_follows_from_the_count(script):
    text = script("gpu_text")
    counted = text.Counted("float64", "random", "90", 62, 0, "SASS", Counter({"IMAD": 1_500, "DFMA": 500}))
    assert counted.for_a_trial == 1_000
    assert counted.bound == pytest.approx(132 * 1.98e9 * 128 / 1_000)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="needs nvcc")
def test_what_is_computed_is_marked_as_such(script, monkeypatch):
    gpu = script("gpu")
    monkeypatch.setattr(gpu.gpu_text, "ARCHITECTURES", ("90",))
    page = "\n".join(gpu._computed())
    assert page.startswith("## Computed, not measured")
    assert page.count("| sm_90 | ") == 4


def test_verdicts_follow_the_figures(script):
    gpu = script("gpu")
    variant = gpu.VARIANTS[0]
    assert [gpu._rate_row(variant, rate).split(" | ")[-1] for rate in (7.9e9, 8e9, 25e9)] == [
        "**missed** |",
        "goal met |",
        "aim met |",
    ]


def test_peers_are_those_that_can_be_imported(script, monkeypatch):
    peers = script("gpu_peers")
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: object() if name == "cupy" else None)
    assert list(peers.available()) == ["CuPy script"]
