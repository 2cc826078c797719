"""``simengine risks``."""

from __future__ import annotations

import click

from simengine.cli.answers import Delivery
from simengine.cli.arguments import Command, scenario_argument, set_option, strategy_option
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar


@click.command("risks", cls=Command)
@scenario_argument
@strategy_option
@set_option
@draws_options
@answer_options
def command(
    scenario: str,
    strategies: tuple[str, ...],
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
    """Print the risk register of SCENARIO: what each risk costs, and what each measure brings.

    Of every risk: how likely it is and when it happens, its expected loss, its part in the worst 5 % of trials, and
    what it does to percentiles. Of every measure: cost, benefit, and what it does to the bad cases. Each is the
    strategy with it less the strategy without it, on the same draws.

    Examples
    --------
      simengine risks deal.toml
      simengine risks deal.toml --strategy licence --trials 1e6
      simengine risks deal.toml --set risks.ip_leak.rate=0.1
      simengine risks deal.toml -o register.csv --json
    """
    from simengine.analysis.register.question import register_question
    from simengine.analysis.variants import DrawsAsked
    from simengine.report.register import register_csv, register_json, register_report
    from simengine.scenario import load

    options = Options()
    numbers = numbers_of_draws(options, trials, seed, replicates, threads)
    overrides = options.settings("--set", settings)
    options.check()
    check_file(out, force=force)
    found = load(scenario, set_values=overrides)
    count, first, parts, processors = numbers
    question = register_question(found, strategies or None, DrawsAsked(count, first, sampler, parts, processors))
    delivery = Delivery(as_json, out, force, bom, decimal_comma, quiet)
    delivery.begin((*found.warnings, *question.doubts))
    with ProgressBar(quiet=quiet) as progress:
        register = question.answer(progress)
    delivery.doubt(register.doubts)
    delivery.give(
        lambda style: register_csv(register, question, style),
        lambda ascii_only: register_json(register, question, ascii_only=ascii_only),
        lambda style: register_report(register, question, style),
    )
