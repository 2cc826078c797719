"""``simengine breakeven``."""

from __future__ import annotations

import click

from simengine.cli.answers import Delivery
from simengine.cli.arguments import Command, scenario_argument, set_option
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar


@click.command("breakeven", cls=Command)
@scenario_argument
@click.option("--vary", "path", metavar="PATH", required=True,
              help="The number that is varied, by path, such as costs.upfront; a decision; a whole input.")  # fmt: skip
@click.option("--between", nargs=2, metavar="A B", help="The two strategies that are to tie.")
@click.option("--strategy", metavar="NAME", help="The one strategy that is to reach --target.")
@click.option("--target", metavar="X", help="What the statistic of --strategy is to reach, such as 450 or 10 %.")
@click.option("--statistic", metavar="MEASURE", default="mean", show_default=True,
              help="mean, P50, P10, CE(200), CVaR95, P(T < 0); each also 'of NAME'.")  # fmt: skip
@click.option("--low", metavar="X", help="Begin of the range; that of the decision, or 0 where that is allowed.")
@click.option(
    "--high",
    metavar="X",
    help="End of the range; that of the decision, or twice the present value; more where nothing ties.",
)
@set_option
@draws_options
@answer_options
def command(
    scenario: str,
    path: str,
    between: tuple[str, str] | None,
    strategy: str | None,
    target: str | None,
    statistic: str,
    low: str | None,
    high: str | None,
    settings: tuple[str, ...],
    trials: str | None,
    seed: str | None,
    sampler: str | None,
    replicates: str | None,
    threads: str | None,
    as_json: bool,
    out: str | None,
    force: bool,
    bom: bool,
    decimal_comma: bool,
    quiet: bool,
) -> None:
    """Find the value of one number of SCENARIO at which two strategies tie, or one of them reaches a target.

    It is the price at which to walk away. All values are simulated on the same draws, so the root is exact for
    them; its interval says what other draws would leave open. All roots in the range are reported.

    Examples
    --------
      simengine breakeven deal.toml --vary costs.upfront --between licence sale
      simengine breakeven deal.toml --vary strategies.sale.inputs.price.mode --between licence sale --high 579
      simengine breakeven deal.toml --vary inputs.price --low 1 --high 800 --between licence sale
      simengine breakeven deal.toml --vary royalty --between licence sale --statistic P10
      simengine breakeven deal.toml --vary royalty --strategy licence --target 450 --low 0.01 --high 0.2
    """
    from simengine.analysis.decisions.walk_away import Sought, search_for_tie
    from simengine.analysis.variants import DrawsAsked
    from simengine.report.breakeven import Asked, breakeven_csv, breakeven_json, breakeven_report
    from simengine.scenario import load

    options = Options()
    count, first, parts, processors = numbers_of_draws(options, trials, seed, replicates, threads)
    overrides = options.settings("--set", settings)
    ends = options.number("--low", low), options.number("--high", high)
    goal = options.number("--target", target, percent=True)
    options.check()
    check_file(out, force=force)
    found = load(scenario, set_values=overrides)
    asked_draws = DrawsAsked(count, first, sampler, parts, processors)
    search = search_for_tie(found, Sought(path, between, strategy, goal, statistic, *ends, asked_draws))
    delivery = Delivery(as_json, out, force, bom, decimal_comma, quiet)
    delivery.begin((*found.warnings, *search.doubts))
    with ProgressBar(quiet=quiet) as progress:
        tie = search.answer(progress)
    asked = Asked(search.title, search.number, *tie.bounds, search.draws, search.unit)
    delivery.give(
        lambda style: breakeven_csv(tie, asked, style),
        lambda ascii_only: breakeven_json(tie, asked, ascii_only=ascii_only),
        lambda style: breakeven_report(tie, asked, style),
    )
