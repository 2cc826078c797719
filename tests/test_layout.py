"""The folder tree is the architecture: what may stand where, import what, and read what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "simengine"
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted(path for name in ("tests", "benchmarks", "docs") for path in (ROOT / name).rglob("*.py"))
TEXTS = sorted(
    path
    for pattern in ("*.md", "*.toml", "Makefile", ".ci/*", ".github/**/*.yml", "docs/**/*.md", "scenarios/*.toml")
    for path in ROOT.glob(pattern)
    if path.is_file()
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

MOST_LINES = 400
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
LOADERS_OF_OWN_FILES = {PACKAGE / "kernels" / "cache.py"}
"""Reads machine code that this user's own program wrote, after checking owner and digest."""
UNSAFE_LOADERS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"}
HEAVY = {
    *("numpy", "numba", "llvmlite", "scipy", "xarray", "pandas", "dask", "distributed", "rich", "click"),
    *("pydantic", "h5py", "h5netcdf", "xlsxwriter", "tree_sitter", "cupy"),
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def layers_of_linter() -> list[str]:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    return next(contract["layers"] for contract in contracts if contract["type"] == "layers")


def test_there_is_something_to_look_at():
    assert len(MODULES) > 30
    assert len(TEXTS) > 15


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=relative)
def test_a_file_is_one_room(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert path.stem not in ("utils", "util", "helpers", "misc", "common_utils")


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS, *TEXTS], ids=relative)
def test_nothing_names_a_machine_or_is_left_unfinished(path):
    folders = "|".join(("home", "root", "tmp", "Users", "work", "mnt"))
    machine = re.compile(rf"(?<![\w.$~}}/])/(?:{folders})/\w|[A-Z]:\\+Users")
    unfinished = re.compile("|".join((r"\bTO" + "DO", r"\bFIX" + "ME", r"\bXX" + r"X\b")))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert not machine.search(line), f"{relative(path)}:{number} names a place on some machine: {line}"
        assert not unfinished.search(line), f"{relative(path)}:{number} is unfinished: {line}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_text_is_never_evaluated_and_nothing_is_unpickled(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, f"line {node.lineno}: {node.func.id}"
        if isinstance(node, ast.Call):
            allowed = [k for k in node.keywords if k.arg == "allow_pickle"]
            assert all(isinstance(k.value, ast.Constant) and k.value.value is False for k in allowed)
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            unsafe = UNSAFE_LOADERS & {name.split(".")[0] for name in names}
            assert not unsafe or path in LOADERS_OF_OWN_FILES, f"line {node.lineno}: {names}"


@pytest.mark.parametrize("path", [p for p in MODULES if p != PACKAGE / "settings.py"], ids=relative)
def test_only_settings_reads_the_environment(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr not in ("environ", "environb", "getenv", "getenvb", "putenv"), f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            assert not {"environ", "getenv"} & {a.name for a in node.names}, f"line {node.lineno}"
        if isinstance(node, ast.keyword):
            assert node.arg not in ("envvar", "auto_envvar_prefix"), f"line {node.value.lineno}"


@pytest.mark.parametrize("path", [p for p in MODULES if not {"cli", "__main__.py"} & set(p.parts)], ids=relative)
def test_library_code_does_not_end_the_process(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in (("sys", "exit"), ("os", "_exit"), ("os", "abort"))
        if isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            assert not (isinstance(raised, ast.Name) and raised.id == "SystemExit"), f"line {node.lineno}"


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, simengine; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "simengine" in done.stdout.split()
    assert not HEAVY & set(done.stdout.split())


def test_imports_run_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_linter_and_architecture_page_give_the_same_order():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith("`cli →"))
    assert line.strip("`").split(" → ") == [layer for layer in layers_of_linter() if layer != "__main__"]


def test_every_room_is_on_the_architecture_page():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {p.name for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    for room in rooms - {"__init__.py", "__main__.py"}:
        name = room if room.endswith(".py") else f"{room}/"
        assert f"`{name}`" in page, room
        assert room.removesuffix(".py") in layers_of_linter()


def test_every_folder_of_modules_is_a_package_and_tests_are_not():
    for folder in {path.parent for path in MODULES}:
        assert (folder / "__init__.py").is_file(), relative(folder)
    assert not list((ROOT / "tests").rglob("__init__.py"))
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names)), "two test files have the same name"


def test_the_package_is_typed_and_says_its_version():
    from importlib import metadata

    assert (PACKAGE / "py.typed").is_file()
    try:
        installed = metadata.version("simengine")
    except metadata.PackageNotFoundError:
        installed = PROJECT["project"]["version"]
    assert installed == PROJECT["project"]["version"]


def test_ci_runs_what_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "$ make run" in readme
    assert "$ make test" in readme
    assert "set -euo pipefail" in script
    assert [line for line in script if line.startswith("make")] == ["make run", "make test", "make lint"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111 == 0o111
