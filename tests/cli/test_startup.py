"""What a run loads: the budget of imports, so that the time from the shell to the table does not creep up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simengine.bench.deal import REFERENCE_DEAL

ROOT = Path(__file__).resolve().parents[2]
NEVER = ("pandas", "xarray", "dask", "rich", "h5py", "h5netcdf", "xlsxwriter", "scipy.stats")
"""Not for a table in a terminal."""
NOT_FROM_CACHES = ("scipy.special", "scipy.linalg", "numba.np.arraymath", "numba.np.random.generator_methods")
"""What only building tables and compiling kernels need."""
MOST_MODULES = 900
"""About 700 today, of which 170 are Numba's."""


def loaded(*arguments: str) -> set[str]:
    program = (
        "import sys\nfrom simengine.cli.main import main\nassert main(sys.argv[1:]) == 0\n"
        "print('loaded', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("loaded "))
    return set(line.split()[1:])


@pytest.fixture(scope="module")
def after_a_run() -> set[str]:
    """Modules of a second run, which finds compiled kernels and tables."""
    command = ("run", str(REFERENCE_DEAL), "--trials", "5000")
    loaded(*command)
    return loaded(*command)


def test_a_run_loads_what_it_needs(after_a_run):
    assert "numba" in after_a_run
    assert not [name for name in NEVER if name in after_a_run]
    assert len(after_a_run) < MOST_MODULES


@pytest.mark.skipif(os.environ.get("SIMENGINE_CACHE", "").lower() in ("off", "none", "0"), reason="no cache")
def test_a_run_from_warm_caches_loads_no_compiler_front_end(after_a_run):
    assert not [name for name in NOT_FROM_CACHES if name in after_a_run]


@pytest.mark.skipif(os.environ.get("SIMENGINE_CACHE", "").lower() in ("off", "none", "0"), reason="no cache")
def test_every_kernel_is_linked_without_the_compiler_front_end():
    """Of each kernel, also those of unusual runs: a symbol that cannot be found would end the process."""
    loaded("doctor", "--warmup")
    assert not [name for name in NOT_FROM_CACHES if name.startswith("numba") and name in loaded("doctor", "--warmup")]


def test_check_loads_no_compiler_at_all():
    command = ("check", str(REFERENCE_DEAL))
    loaded(*command)
    modules = loaded(*command)
    assert not [name for name in (*NEVER, "numba", "llvmlite", "scipy.special") if name in modules]
