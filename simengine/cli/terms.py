"""``simengine terms``."""

from __future__ import annotations

import click

from simengine.cli.answers import Delivery
from simengine.cli.arguments import Command, scenario_argument, set_option, strategy_option
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar


@click.command("terms", cls=Command)
@scenario_argument
@strategy_option
@click.option("--by", metavar="MEASURE", default="mean", show_default=True,
              help="What each side goes by: mean, P50, P10 or CE(20).")  # fmt: skip
@click.option("--ours", metavar="X", help="What we want of it at least, such as the value of our alternative; 0.")
@click.option("--theirs", metavar="X", help="What the partner wants of it at least; 0.")
@set_option
@draws_options
@answer_options
def command(
    scenario: str,
    strategies: tuple[str, ...],
    by: str,
    ours: str | None,
    theirs: str | None,
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
    """Print what each clause of SCENARIO is worth to us and to the partner, and what could be agreed.

    The price of a clause is the deal with it less the deal without it, on the same draws. Where [partner] has a
    margin: both sides of the deal, and the payments at the signing that both can accept. Where there is a royalty:
    the payments that make up for a lower or a higher one.

    Examples
    --------
      simengine terms deal.toml
      simengine terms deal.toml --strategy licence --by P50
      simengine terms deal.toml --by "CE(20)" --ours 5 --theirs 1
      simengine terms deal.toml -o terms.csv --json
    """
    from simengine.analysis.terms.question import Terms, terms_question
    from simengine.analysis.variants import DrawsAsked
    from simengine.report.terms import terms_report
    from simengine.report.terms_files import terms_csv, terms_json
    from simengine.scenario import load

    options = Options()
    count, first, parts, processors = numbers_of_draws(options, trials, seed, replicates, threads)
    overrides = options.settings("--set", settings)
    least = options.number("--ours", ours), options.number("--theirs", theirs)
    options.check()
    check_file(out, force=force)
    found = load(scenario, set_values=overrides)
    asked = DrawsAsked(count, first, sampler, parts, processors)
    question = terms_question(found, Terms(strategies or None, by, *least, asked))
    delivery = Delivery(as_json, out, force, bom, decimal_comma, quiet)
    delivery.begin((*found.warnings, *question.doubts))
    with ProgressBar(quiet=quiet) as progress:
        terms = question.answer(progress)
    delivery.doubt(terms.doubts)
    delivery.give(
        lambda style: terms_csv(terms, question, style),
        lambda ascii_only: terms_json(terms, question, ascii_only=ascii_only),
        lambda style: terms_report(terms, question, style),
    )
