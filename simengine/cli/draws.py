"""Options of the commands that search: how many trials, from which draws, and where the answer goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from simengine.cli.options import Options
from simengine.errors import FileProblem, InvalidInput, Problem
from simengine.sampling.design import FEWEST_REPLICATES, MOST_REPLICATES, SAMPLERS

Function = TypeVar("Function", bound=Callable[..., object])

_FILES = frozenset((".csv", ".xlsx", ".json", ".nc", ".html", ".txt"))
"""Ends of names that no folder has."""

MOST_TRIALS = 10**9
MOST_SEED = 2**63 - 1


def draws_options(function: Function) -> Function:
    """Trials, seed, sampler, replicates and threads."""
    for option in reversed(
        (
            click.option(
                "--trials", metavar="N", help="Trials of every variant; those of the scenario, up to a limit."
            ),
            click.option("--seed", metavar="S", help="Seed of the draws; the same seed gives the same digits."),
            click.option("--sampler", type=click.Choice(SAMPLERS), help="Source of the draws."),
            click.option("--replicates", metavar="R", help="About how many independent replicates give the errors."),
            click.option("--threads", metavar="N", help="Processors to use; the digits do not depend on it."),
        )
    ):
        function = option(function)
    return function


def csv_options(function: Function) -> Function:
    """How CSV files are written: the fields of :class:`simengine.report.csv.CsvStyle`."""
    for option in reversed(
        (
            click.option("--bom", is_flag=True, help="Begin files of CSV with a byte order mark, for Excel."),
            click.option(
                "--decimal-comma", is_flag=True, help="Write numbers in CSV as 0,5, and semicolons between cells."
            ),
        )
    ):
        function = option(function)
    return function


def answer_options(function: Function) -> Function:
    """What becomes of the answer."""
    for option in reversed(
        (
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."),
            click.option(
                "-o", "--out", metavar="FILE", type=click.Path(), help="Write every number to a CSV file too."
            ),
            click.option("--force", is_flag=True, help="Replace a file that exists."),
            csv_options,
            click.option("--quiet", is_flag=True, help="Print no table, no progress and no warnings; errors only."),
        )
    ):
        function = option(function)
    return function


def numbers_of_draws(
    options: Options, trials: str | None, seed: str | None, replicates: str | None, threads: str | None
) -> tuple[int | None, int | None, int | None, int]:
    """The values of :func:`draws_options`; threads are those of the machine where none are given."""
    from simengine import settings

    found = options.whole("--threads", threads, 1, 1024)
    return (
        options.whole("--trials", trials, 2, MOST_TRIALS),
        options.whole("--seed", seed, 0, MOST_SEED),
        options.whole("--replicates", replicates, FEWEST_REPLICATES, MOST_REPLICATES),
        found if found is not None else settings.read().threads,
    )


def check_file(out: str | None, *, force: bool) -> None:
    """Refuse a target before any work is done.

    Raises
    ------
    InvalidInput
        If its name is not that of a CSV file.
    FileProblem
        If the file exists and may not be replaced, or its folder does not exist.
    """
    if out is None:
        return
    path = Path(out)
    if path.suffix.lower() != ".csv" and not path.is_dir():
        hint = f"name it {path.with_suffix('.csv').name}; --json prints an object, and run --out writes workbooks"
        raise InvalidInput(
            Problem("a CSV file is written, and the name says otherwise", "--out", out, "NAME.csv", hint)
        )
    if path.is_dir() or not path.parent.is_dir():
        raise FileProblem(f"cannot write {out}: it is a folder, or there is no folder {path.parent}")
    if path.exists() and not force:
        raise FileProblem(f"{out} exists; --force replaces it")


def check_folder_name(out: str, what: str) -> None:
    """Refuse a target that is meant to be a folder and is named like a file.

    Raises
    ------
    InvalidInput
        If the name is empty, or that of a file.
    """
    if not out.strip():
        raise InvalidInput(Problem("names no folder", "--out", repr(out), hint=f"say where the {what} belong"))
    path = Path(out)
    if path.suffix.lower() in _FILES and not path.is_dir():
        hint = f"--out {path.with_suffix('')} for a folder with all files"
        raise InvalidInput(Problem("a folder is written, and the name is that of a file", "--out", out, "DIR", hint))


def write_answer(out: str | None, content: bytes, *, force: bool) -> None:
    """Write the CSV file that was asked for, whole or not at all."""
    if out is not None:
        from simengine.results.files import write_file

        write_file(Path(out), content, force=force)
