"""``simengine diff``."""

from __future__ import annotations

from contextlib import ExitStack

import click

from simengine.cli.answers import Delivery
from simengine.cli.arguments import Command
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar


@click.command("diff", cls=Command)
@click.argument("old", type=click.Path(), metavar="OLD")
@click.argument("new", type=click.Path(), metavar="NEW")
@draws_options
@click.option("--orders", metavar="M", help="Random orders where there are more than 8 changes; 64 by default.")
@answer_options
def command(
    old: str,
    new: str,
    trials: str | None,
    seed: str | None,
    sampler: str | None,
    replicates: str | None,
    threads: str | None,
    orders: str | None,
    as_json: bool,
    out: str | None,
    force: bool,
    bom: bool,
    decimal_comma: bool,
    quiet: bool,
) -> None:
    """List what changed between the scenarios OLD and NEW, and what each change does to every outcome.

    Either may be a result that `run --out` has written; then it is the scenario stored in it.

    All variants between the two are simulated on the same draws. The change of mean, P10, P50, P90, P(loss) and
    CVaR95 is divided among the changes by Shapley values, exact up to 8 changes; they add up to the whole difference.

    Examples
    --------
      simengine diff last-week.toml today.toml
      simengine diff last-week.toml today.toml --trials 1e6 --sampler sobol
      simengine diff last-week.toml today.toml --out changes.csv
      simengine diff results/ today.toml
      simengine diff last-week.toml today.toml --json > changes.json
    """
    from simengine.analysis.difference.attribute import DEFAULT_ORDERS, How, attribute
    from simengine.analysis.stored import scenario_of
    from simengine.report.difference import difference_csv, difference_json, difference_report

    options = Options()
    numbers = numbers_of_draws(options, trials, seed, replicates, threads)
    wanted = options.whole("--orders", orders, 2, 100_000)
    options.check()
    check_file(out, force=force)
    delivery = Delivery(as_json, out, force, bom, decimal_comma, quiet)
    how = How(numbers[0], numbers[1], sampler, numbers[2], wanted or DEFAULT_ORDERS, numbers[3])
    with ExitStack() as stack:  # data of stored results are there until all variants are simulated
        scenarios = scenario_of(old, stack), scenario_of(new, stack)
        delivery.begin(problem for one in scenarios for problem in one.warnings)
        with ProgressBar(quiet=quiet) as progress:
            found = attribute(*scenarios, how, progress)
    delivery.give(
        lambda style: difference_csv(found, style),
        lambda ascii_only: difference_json(found, ascii_only=ascii_only),
        lambda style: difference_report(found, style),
    )
