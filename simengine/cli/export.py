"""``simengine export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from simengine.cli.arguments import Command, force_option, lang_option, result_argument
from simengine.cli.draws import csv_options
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar
from simengine.cli.streams import say
from simengine.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from simengine.report.result import Result

_MOST_TRIALS = 10**12


@click.command("export", cls=Command)
@result_argument
@click.option("-o", "--output", "target", required=True, metavar="FILE", type=click.Path(),
              help="File to write: .csv, .xlsx, .html, .json, .nc, .sipmath.json or .parquet.")  # fmt: skip
@force_option
@click.option("--years", is_flag=True, help="With .csv: the outcomes by period instead of the percentiles.")
@click.option("--wide", is_flag=True, help="With .csv: one row an outcome and strategy, one column each statistic.")
@click.option("--draws", metavar="N", help="The first N trials of the run, or all: .csv, .nc or .parquet.")
@click.option("--inputs", is_flag=True, help="With --draws: the uncertain inputs too.")
@click.option("--template", metavar="BOOK", type=click.Path(),
              help="Fill the named cells of a copy of this workbook, .xlsx or .xlsm.")  # fmt: skip
@click.option("--allow-missing", is_flag=True, help="With --template: leave alone names that the result lacks.")
@lang_option
@csv_options
@click.option("--data", "data", multiple=True, metavar="DIR", type=click.Path(),
              help="Folder with data that are too large to be stored, for draws; repeatable.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(
    result: str,
    target: str,
    force: bool,
    years: bool,
    wide: bool,
    draws: str | None,
    inputs: bool,
    template: str | None,
    allow_missing: bool,
    bom: bool,
    decimal_comma: bool,
    data: tuple[str, ...],
    lang: str,
    quiet: bool,
) -> None:
    """Write RESULT, a folder made by `run --out` or its results.nc, in another form.

    The suffix of FILE says which: .csv for tidy percentiles, .xlsx for a workbook, .html for a page, .json for one
    object with everything, .nc for a copy of the whole result, .sipmath.json for a SIPmath 3.0 library. With
    --draws the trials of the run are drawn again, to the bit, and written one a row. With --template the cells of
    your own workbook that have names such as licence_T_P50 are filled, and nothing else in it is touched.

    Examples
    --------
      simengine export results/ -o percentiles.csv
      simengine export results/ -o outcomes.csv --wide --decimal-comma --bom
      simengine export results/ -o years.csv --years
      simengine export results/ -o draws.csv --draws 10000 --inputs
      simengine export results/results.nc -o deal.xlsx
      simengine export results/ -o report.html --lang zh
      simengine export results/ -o filled.xlsx --template budget.xlsx
      simengine export results/ -o deal.sipmath.json
      simengine export results/ -o deal.json --force
    """
    from simengine.report.result import open_result
    from simengine.report.result_exports import SIPMATH

    options = Options()
    count = None if draws is None or draws == "all" else options.whole("--draws", draws, 1, _MOST_TRIALS)
    options.check()
    kind = "draws" if draws is not None else "template" if template is not None else "table"
    if kind == "table" and target.lower().endswith(SIPMATH):
        kind = "sipmath"
    given = {
        "--years": years, "--wide": wide, "--draws": draws is not None, "--inputs": inputs,
        "--template": template is not None, "--allow-missing": allow_missing, "--bom": bom,
        "--decimal-comma": decimal_comma, "--data": bool(data),
        "--lang": click.get_current_context().get_parameter_source("lang") is not ParameterSource.DEFAULT,
    }  # fmt: skip
    _check_together(kind, given)
    if given["--lang"] and not target.lower().endswith(".html"):
        raise InvalidInput(Problem("is the language of a page", "--lang", lang, allowed=".html"))
    if kind == "table" and target.lower().endswith(".parquet"):
        raise InvalidInput(Problem("Parquet files hold draws", "--output", target, hint="add --draws N"))
    opened = open_result(result)
    if kind == "draws":
        style = {"bom": bom, "decimal_comma": decimal_comma}
        folders: list[str | Path] = [*data, _folder_of(result)]
        with ProgressBar(quiet=quiet) as progress:
            opened.export_draws(
                target, count, inputs=inputs, years=years, data=folders, progress=progress, force=force, **style
            )
    elif template is not None:
        _fill(opened, template, target, allow_missing=allow_missing, force=force, quiet=quiet)
    elif kind == "sipmath":
        fits, left = opened.export_sipmath(target, data=[*data, _folder_of(result)], force=force)
        lines = [*(fit.told() for fit in fits), *(f"left out: {entry.told()}" for entry in left)]
        for line in () if quiet else lines:
            say(line)
    else:
        opened.export(target, years=years, wide=wide, bom=bom, decimal_comma=decimal_comma, lang=lang, force=force)
        for note in () if quiet else opened.left_out:
            say(f"note: {note}")
    if not quiet:
        say(f"wrote {target}")


_ALLOWED = {
    "table": ("--years", "--wide", "--bom", "--decimal-comma", "--lang"),
    "draws": ("--draws", "--inputs", "--years", "--bom", "--decimal-comma", "--data"),
    "template": ("--template", "--allow-missing"),
    "sipmath": ("--data",),
}
"""Options that say something about each form."""
_NAMES = {
    "table": "a table or a copy of the result",
    "draws": "draws, which have one row a trial",
    "template": "a workbook that is filled",
    "sipmath": "a SIPmath library",
}


def _check_together(kind: str, given: dict[str, bool]) -> None:
    """Refuse options that say nothing about what is written.

    Raises
    ------
    InvalidInput
        With every one of them.
    """
    hints = {"--inputs": "add --draws N", "--data": "add --draws N", "--allow-missing": "add --template BOOK"}
    problems = [
        Problem(f"says nothing about {_NAMES[kind]}", name, hint=hints.get(name) if kind == "table" else None)
        for name, there in given.items()
        if there and name not in _ALLOWED[kind]
    ]
    if problems:
        raise InvalidInput(problems)


def _folder_of(result: str) -> Path:
    """The folder in which a result lies, and in which data may lie beside it."""
    path = Path(result)
    return path if path.is_dir() else path.parent


def _fill(opened: Result, template: str, target: str, *, allow_missing: bool, force: bool, quiet: bool) -> None:
    def notice(note: str) -> None:
        if not quiet:
            say(f"note: {note}")

    filled = opened.fill_template(template, target, allow_missing=allow_missing, force=force, notice=notice)
    if quiet:
        return
    for name in filled.missing:
        say(f"warning: {name}: the result has no number of this name; its cell was left alone")
    cells = sum(len(places) for places in filled.cells.values())
    say(f"filled {cells} cell{'s' if cells != 1 else ''}; formulas are computed when the workbook is opened")
