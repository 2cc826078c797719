"""``simengine optimize``."""

from __future__ import annotations

import click

from simengine.cli.answers import Delivery
from simengine.cli.arguments import Command, scenario_argument, set_option, strategy_option
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar


@click.command("optimize", cls=Command)
@scenario_argument
@click.option("--objective", metavar="MEASURE", default="mean", show_default=True,
              help="What is best: mean, P10, median, CE(200), CVaR95, P(T < 0); each also 'of NAME'.")  # fmt: skip
@click.option("--maximise/--minimise", "--maximize/--minimize", "maximise", default=None,
              help="The direction; losses, spreads and chances of falling short are minimised by default.")  # fmt: skip
@click.option("--subject-to", "constraints", multiple=True, metavar="CONSTRAINT",
              help='What must hold, such as "P(T < 0) < 10 %" or "P10 >= 50"; may be repeated.')  # fmt: skip
@click.option("--vary", "ranges", multiple=True, metavar="PATH=RANGE",
              help="Another number to choose: PATH=LOW:HIGH[:STEP] or PATH=A,B,C; may be repeated.")  # fmt: skip
@click.option("--output", metavar="NAME", help="The outcome that is meant where none is named.")
@strategy_option
@set_option
@click.option("--evaluations", metavar="N", help="Candidates of each strategy where not all can be tried; 800.")
@draws_options
@answer_options
def command(
    scenario: str,
    objective: str,
    maximise: bool | None,
    constraints: tuple[str, ...],
    ranges: tuple[str, ...],
    output: str | None,
    strategies: tuple[str, ...],
    settings: tuple[str, ...],
    evaluations: str | None,
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
    """Find the best strategy of SCENARIO and the best values of its decision variables, under constraints.

    The variables are those of [decisions], and numbers given by --vary. All candidates see the same draws. Where
    there are at most 2,000 combinations all are tried; otherwise differential evolution searches, and Nelder and
    Mead's simplex refines. The best is simulated again on fresh draws.

    Examples
    --------
      simengine optimize deal.toml
      simengine optimize deal.toml --objective P10 --subject-to "P(T < 0) < 5 %"
      simengine optimize deal.toml --strategy licence --vary costs.upfront=0:60:5
      simengine optimize deal.toml --objective "CE(200)" --sampler sobol --out candidates.csv
      simengine optimize deal.toml --objective CVaR95 --subject-to "mean >= 400" --json
    """
    from simengine.analysis.decisions.best import Wanted, search_for
    from simengine.analysis.decisions.optimum import DEFAULT_EVALUATIONS
    from simengine.analysis.variants import DrawsAsked
    from simengine.report.optimum import optimum_csv, optimum_json, optimum_report
    from simengine.scenario import load

    options = Options()
    count, first, parts, processors = numbers_of_draws(options, trials, seed, replicates, threads)
    budget = options.whole("--evaluations", evaluations, 20, 1_000_000)
    overrides = options.settings("--set", settings)
    options.check()
    check_file(out, force=force)
    found = load(scenario, set_values=overrides)
    wanted = Wanted(
        objective=objective,
        maximise=maximise,
        constraints=constraints,
        ranges=ranges,
        output=output,
        strategies=strategies or None,
        evaluations=budget or DEFAULT_EVALUATIONS,
        draws=DrawsAsked(count, first, sampler, parts, processors),
    )
    search = search_for(found, wanted)
    delivery = Delivery(as_json, out, force, bom, decimal_comma, quiet)
    delivery.begin((*found.warnings, *search.doubts))
    with ProgressBar(quiet=quiet) as progress:
        optimum = search.answer(progress)
    delivery.give(
        lambda style: optimum_csv(optimum, style),
        lambda ascii_only: optimum_json(optimum, search.title, ascii_only=ascii_only),
        lambda style: optimum_report(optimum, search.title, search.unit, style),
    )
