from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from simengine.cli.main import COMMANDS, SECTIONS, main, simengine
from simengine.errors import EXIT_CODES
from simengine.scenario.templates import templates

HEAVY = ("numpy", "numba", "scipy", "xarray", "pandas", "dask", "pydantic", "rich", "h5py", "xlsxwriter", "tree_sitter")

MOST_OWN_MODULES = 12
"""Modules of simengine that help or version may load: the entry point, not the commands behind it."""


def help_of(*arguments: str) -> str:
    result = CliRunner().invoke(simengine, [*arguments, "--help"], prog_name="simengine")
    assert result.exit_code == 0, result.output
    return result.output


def test_the_help_groups_all_commands_and_lists_exit_statuses():
    text = help_of()
    for section, commands in SECTIONS.items():
        assert f"{section}:" in text
        for name, summary in commands.items():
            assert any(line.split()[:1] == [name] and summary in line for line in text.splitlines()), name
    for code, meaning in EXIT_CODES.items():
        assert any(line.split()[:1] == [str(code)] and meaning[:30] in line for line in text.splitlines()), code
    assert "Examples:\n" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_purpose_and_examples_that_name_it(name):
    text = help_of(name)
    assert f"Usage: simengine {name}" in text
    examples = text[text.index("Examples:\n") :]
    lines = [line for line in examples.splitlines()[1:] if line.startswith("    ")]
    assert lines
    assert lines[0].strip().startswith(f"simengine {name}")
    command = importlib.import_module(f"simengine.cli.{name}").command
    assert command.name == name
    assert command.callback.__doc__
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, option.name


def test_the_help_of_init_knows_every_template():
    text = help_of("init")
    for name in templates():
        assert f"  {name} " in text


def test_options_shown_in_examples_exist():
    import re

    for name in COMMANDS:
        text = help_of(name)
        for option in set(re.findall(r"--[a-z-]+", text[text.index("Examples:") : text.index("Options:")])):
            assert option in text[text.index("Options:") :], f"{name}: {option}"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_load_nothing_heavy(arguments):
    """What makes them quick, which depends on the machine only for the rest."""
    code = (
        "import sys\nfrom simengine.cli.main import main\nassert main(sys.argv[1:]) == 0\n"
        f"print('loaded', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "print('own', sum(name.partition('.')[0] == 'simengine' for name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    loaded, own = done.stdout.splitlines()[-2:]
    assert loaded == "loaded []"
    assert int(own.split()[1]) <= MOST_OWN_MODULES


def test_importing_the_package_does_no_work():
    code = f"import sys, simengine\nprint([name for name in {(*HEAVY, 'click')!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_that_of_the_project():
    import tomllib
    from pathlib import Path

    import simengine as package

    project = Path(__file__).parents[2] / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["version"] == package.__version__
    assert CliRunner().invoke(simengine, ["--version"]).output == f"simengine {package.__version__}\n"


def test_without_a_command_the_help_is_printed_once_and_the_status_is_that_of_a_wrong_call(capsys):
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("Usage:") == 1
    assert "error:" not in captured.err and "Commands to simulate" in captured.err
