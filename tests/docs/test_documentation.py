"""Everything that README and docs show is run: TOML blocks load, commands succeed, generated parts are current."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from simengine import scenario
from simengine.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>[\w ]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
STAND_INS = {
    "V": 'dist = "lognormal"\np10 = 620\np90 = 1600',
    "D": 'dist = "pert"\nmin = 0.4\nmode = 0.8\nmax = 1.0',
    "R": 'dist = "beta"\nmean = 0.9\nsd = 0.05',
    "L": 'dist = "triangular"\nmin = 0.02\nmode = 0.05\nmax = 0.15',
}
"""Inputs that a fragment may leave out."""


def blocks(*kinds: str) -> list:
    found = []
    for page in PAGES:
        for block in FENCE.finditer(page.read_text(encoding="utf-8")):
            if block["kind"].strip() in kinds:
                name = page.relative_to(ROOT).as_posix()
                found.append(pytest.param(name, block["body"], id=f"{name}-{len(found) + 1}"))
    return found


def completed(fragment: str) -> str:
    """A whole scenario around a fragment: the header and the inputs it uses, where it does not give them itself."""
    said = tomllib.loads(fragment)
    if said.get("scenario", {}).get("horizon", 1) > 1:
        return fragment  # deals over years are shown whole: what they leave out has a meaning
    formulas = said.get("model", {})
    used = " ".join([*formulas.values(), str(said.get("correlations", ""))])
    parts = [fragment]
    if "scenario" not in said:
        parts.append('[scenario]\nname = "fragment"')
    for name, lines in STAND_INS.items():
        plain = "T" not in formulas and "deal" not in said
        needed = plain or re.search(rf"\b{name}\b", used)
        if needed and name not in said.get("inputs", {}):
            parts.append(f"[inputs.{name}]\n{lines}")
    return "\n\n".join(parts) + "\n"


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "simengine", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory) -> Callable[[str], Path]:
    """Where the commands of a page run, one after another, as its reader would run them."""

    @cache
    def folder(page: str) -> Path:
        place = tmp_path_factory.mktemp("reader")
        shutil.copytree(ROOT / "scenarios", place / "scenarios")
        return place

    return folder


@pytest.fixture(scope="module")
def update():
    spec = importlib.util.spec_from_file_location("docs_update", ROOT / "docs" / "update.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("page", "text"), blocks("toml"))
def test_scenarios_load(page, text):
    loaded = scenario.loads(completed(text))
    assert loaded.strategies
    assert [str(problem) for problem in loaded.warnings if problem.severity == "warning"] == []


@pytest.mark.parametrize(("page", "text"), [block for block in blocks("toml") if "README" in block.id])
def test_scenarios_of_the_readme_are_whole(page, text):
    assert scenario.loads(text).strategies


@pytest.mark.parametrize(("page", "text"), blocks("toml invalid"))
def test_wrong_scenarios_are_refused(page, text):
    with pytest.raises(InvalidInput) as refused:
        scenario.loads(text)
    assert len(refused.value.problems) >= 2


@pytest.mark.parametrize(("page", "text"), blocks("console"))
def test_commands_succeed(page, text, folder_of):
    for line in text.splitlines():
        assert line.startswith("$ "), "a console block holds commands only"
        command, _, _ = line.removeprefix("$ ").partition(" #")
        if command.startswith("simengine "):
            done = run(shlex.split(command)[1:], folder_of(page))
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr
        else:
            assert re.match(r"make [a-z]+", command), f"not a command that this project provides: {command}"


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_python_examples_run(page, text, folder_of):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=folder_of(page),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_make_targets_of_the_pages_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


def test_links_lead_somewhere():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", text):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").rglob("*.md")):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert name == "index.md" or f"({name})" in index, name


def test_generated_parts_are_current(update):
    parts = 0
    for page in update.pages():
        text = page.read_text(encoding="utf-8")
        parts += len(update.PART.findall(text))
        assert settled(update.updated(text)) == settled(text), f"{page.relative_to(ROOT)}: make docs"
    assert parts >= 7


def settled(text: str) -> str:
    """Without the error of tables, which depends on the last bits of SciPy's functions."""
    return re.sub(r"(Quantile tables are exact to) \S+", r"\1 *", text)


def test_a_stale_part_is_noticed(update):
    """The check itself can fail: a changed digit in a generated table is put right."""
    text = "<!-- generated: exit-codes -->\n| 0 | failure |\n<!-- end -->\n"
    assert "| 0 | success |" in update.updated(text)
    assert update.updated(text) != text


def test_a_part_without_its_source_is_stale_and_kept(update, tmp_path, monkeypatch, capsys):
    page = tmp_path / "README.md"
    part = "<!-- generated: benchmark Weather -->\nas it was\n<!-- end -->\n"
    page.write_text(part, encoding="utf-8")
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    monkeypatch.setattr(update, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    said = "README.md has a stale part: benchmarks/results"
    for report, reason in (
        (None, " has no report"),
        ("# Benchmarks, x\n\nhere;\n\n## Other\n", "/1.md has no section"),
    ):
        if report is not None:
            (results / "1.md").write_text(report, encoding="utf-8")
        for arguments in (["--check"], []):
            assert update.main(arguments) == 1
            assert said + reason in capsys.readouterr().out
            assert page.read_text(encoding="utf-8") == part
    with pytest.raises(update.Missing, match="Weather"):
        update.updated(part)


def test_the_table_of_names_says_what_files_hold(record):
    """Every name of a statistic in summary.csv, and every variable, that the page gives is there."""
    from simengine.report.csv import summary_csv
    from simengine.results.variables import REGISTRY

    page = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in page.splitlines() if line.startswith("|")]
    start = next(k for k, row in enumerate(rows) if row[0].strip() == "on screen")
    named = [re.findall(r"`(\w+)`", cell) for cell in (rows[start + 2][1], rows[start + 3][1], rows[start + 5][1])]
    written = {line.split(",")[3] for line in summary_csv(record).decode().splitlines()[1:]}
    assert {name for names in named for name in names} == {"mean", "std", "prob_loss"} <= written
    for screen, _, stored in rows[start + 2 : start + 10]:
        variables = [name for name in re.findall(r"`(\w+)`", stored) if not name.isdecimal()]
        assert variables, screen
        assert set(variables) <= set(REGISTRY), screen


def test_every_command_is_in_the_readme():
    from simengine.cli.main import COMMANDS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"simengine {command}" in readme, command
