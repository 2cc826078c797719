"""``simengine plot``."""

from __future__ import annotations

from pathlib import Path

import click

from simengine.cli.arguments import Command, force_option, result_argument
from simengine.cli.options import Options
from simengine.cli.streams import say


@click.command("plot", cls=Command)
@result_argument
@click.argument("kind", metavar="KIND")
@click.option("-o", "--out", "target", required=True, metavar="FILE", type=click.Path(),
              help="File to write: .svg, or .png with the extra [report].")  # fmt: skip
@click.option("--output", metavar="NAME", help="The outcome; the first one by default.")
@click.option("--strategy", "strategies", multiple=True, metavar="NAME",
              help="The strategy; may be repeated for kinds that show several.")  # fmt: skip
@click.option("--other", metavar="NAME", help="With scatter: the second outcome, or a second strategy.")
@click.option("--theme", type=click.Choice(("auto", "light", "dark")), default="auto",
              help="Colours; auto: as the reader prefers (.png: light).")  # fmt: skip
@click.option("--lang", type=click.Choice(("en", "zh")), default="en", help="Language of the labels.")
@click.option("--width", metavar="PIXELS", help="Width of the picture; .svg 640, .png 1280 by default.")
@click.option("--data", multiple=True, metavar="DIR", type=click.Path(),
              help="Folder of data files that are too large to be stored with a result; may be repeated.")  # fmt: skip
@force_option
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(
    result: str,
    kind: str,
    target: str,
    output: str | None,
    strategies: tuple[str, ...],
    other: str | None,
    theme: str,
    lang: str,
    width: str | None,
    data: tuple[str, ...],
    force: bool,
    quiet: bool,
) -> None:
    """Draw RESULT, a folder made by `run --out` or its results.nc, as a picture.

    KIND is one of density, cdf, exceedance, ladder, overlay (of strategies), tornado, spider, fan (by year), scatter
    (of two outcomes or strategies), convergence and correlation.

    scatter, convergence and correlation draw trials again from the scenario stored in the result.  tornado and
    spider need drivers: those stored with the result, or a drivers.nc in its folder.

    Examples
    --------
      simengine plot results/ density -o density.svg
      simengine plot results/ exceedance -o exceedance.png --strategy licence --theme dark
      simengine plot results/ overlay -o strategies.svg --lang zh
      simengine plot results/ fan -o years.svg --output cash_flow
    """
    from simengine.report.figures.figure import NARROWEST, WIDEST, suffix_problem
    from simengine.report.figures.plot import drivers_beside
    from simengine.report.result import open_result

    options = Options()
    pixels = options.whole("--width", width, NARROWEST, WIDEST)
    path = Path(target)
    options.require(suffix_problem(path))
    options.check()
    source = Path(result)
    drawn = open_result(source).plot(
        kind,
        output=output,
        strategy=strategies[0] if len(strategies) == 1 else None,
        strategies=strategies if len(strategies) > 1 else None,
        other=other,
        lang=lang,
        drivers=drivers_beside(source, kind),
        data=[*map(Path, data), source if source.is_dir() else source.parent],
    )
    drawn.save(path, theme=theme, width=pixels, force=force)
    if not quiet:
        say(f"wrote {path}")
