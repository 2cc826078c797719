"""``simengine export``."""

from __future__ import annotations

import click

from simengine.cli.arguments import Command, force_option, lang_option, result_argument
from simengine.cli.streams import say


@click.command("export", cls=Command)
@result_argument
@click.option("-o", "--output", "target", required=True, metavar="FILE", type=click.Path(),
              help="File to write: .csv (percentiles), .xlsx, .html, .json or .nc.")  # fmt: skip
@force_option
@click.option("--years", is_flag=True, help="With .csv: the outcomes by period instead of the percentiles.")
@lang_option
@click.option("--bom", is_flag=True, help="Begin a CSV or JSON file with a byte order mark, for Excel.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(result: str, target: str, force: bool, years: bool, lang: str, bom: bool, quiet: bool) -> None:
    """Write RESULT, a folder made by `run --out` or its results.nc, in another form.

    The suffix of FILE says which: .csv for tidy percentiles, .xlsx for a workbook, .html for a page, .json for one
    object with everything, .nc for a copy of the whole result.

    Examples
    --------
      simengine export results/ -o percentiles.csv
      simengine export results/ -o years.csv --years
      simengine export results/results.nc -o deal.xlsx
      simengine export results/ -o report.html --lang zh
      simengine export results/ -o deal.json --force
    """
    from simengine.report.result import open_result

    path = open_result(result).export(target, years=years, bom=bom, lang=lang, force=force)
    if not quiet:
        say(f"wrote {path}")
