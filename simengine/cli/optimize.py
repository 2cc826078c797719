"""``simengine optimize``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from simengine.cli.arguments import Command, scenario_argument, set_option, strategy_option
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws, write_answer
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar, announce_compilation
from simengine.cli.streams import ascii_only, say, style_of, write
from simengine.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from simengine.analysis.decisions.optimum import Aim
    from simengine.analysis.decisions.variables import Range, Variable
    from simengine.scenario import Scenario

_MOST_TRIALS = 1 << 16
"""Trials of a candidate where none are asked for, unless the scenario asks for fewer."""


@click.command("optimize", cls=Command)
@scenario_argument
@click.option("--objective", metavar="MEASURE", default="mean", show_default=True,
              help="What is best: mean, P10, median, CE(200), CVaR95, P(T < 0); each also 'of NAME'.")  # fmt: skip
@click.option("--maximise/--minimise", "maximise", default=None,
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
    from simengine.analysis.decisions.optimum import DEFAULT_EVALUATIONS, find_optimum
    from simengine.analysis.decisions.variables import read_range
    from simengine.analysis.variants import Draws, doubtful_moments
    from simengine.plan.draws import addresses_of
    from simengine.report.optimum import optimum_csv, optimum_json, optimum_report
    from simengine.results.compute import expanded, select_strategies
    from simengine.scenario import load

    options = Options()
    count, first, parts, processors = numbers_of_draws(options, trials, seed, replicates, threads)
    budget = options.whole("--evaluations", evaluations, 20, 1_000_000)
    overrides = options.settings("--set", settings)
    options.check()
    check_file(out, force=force)
    varied = [read_range(text) for text in ranges]
    found = load(scenario, set_values=overrides)
    models = expanded(found)
    chosen = {model.strategy: model for model in select_strategies(models, strategies or None)}
    aim = _aim(found, chosen, objective, maximise, constraints, output)
    variables = _variables(found, chosen, varied)
    said = found.simulate
    draws = Draws(
        trials=count if count is not None else min(said.trials, _MOST_TRIALS),
        seed=first if first is not None else said.seed,
        sampler=sampler or said.sampler,
        addresses=addresses_of(models),
        replicates=parts if parts is not None else said.replicates,
        threads=processors,
    )
    if not quiet:
        measures = [aim.objective, *(constraint.measure for constraint in aim.constraints)]
        doubts = [problem for measure in measures for problem in doubtful_moments(chosen.values(), measure)]
        for text in dict.fromkeys(str(problem) for problem in (*found.warnings, *doubts)):
            say(text)
        announce_compilation()
    with ProgressBar(quiet=quiet) as progress:
        optimum = find_optimum(
            chosen, variables, aim, draws, evaluations=budget or DEFAULT_EVALUATIONS, progress=progress
        )
    write_answer(out, optimum_csv(optimum, bom=bom), force=force)
    title = found.header.title or found.name
    if as_json:
        write(optimum_json(optimum, title, ascii_only=ascii_only()))
    else:
        unit = next(o.unit for d in found.strategies.values() for o in d.outputs if o.name == aim.objective.output)
        write(optimum_report(optimum, title, unit, style_of()))
    if out is not None and not quiet:
        say(f"wrote {out}")


def _aim(
    scenario: Scenario,
    chosen: Mapping[str, object],
    objective: str,
    maximise: bool | None,
    constraints: tuple[str, ...],
    output: str | None,
) -> Aim:
    """What is best and what must hold, of outcomes that all the strategies report."""
    from simengine.analysis.decisions.constraints import read_constraint
    from simengine.analysis.decisions.optimum import Aim
    from simengine.analysis.measures import read_measure

    lists = [[output.name for output in scenario.strategies[name].outputs] for name in chosen]
    outputs = [name for name in lists[0] if all(name in names for names in lists)]
    if not outputs:
        raise InvalidInput(Problem("the strategies report no outcome in common", "outputs", hint="choose --strategy"))
    if output is not None and output not in outputs:
        from simengine.scenario.names import list_names, suggest

        raise InvalidInput(
            Problem("nothing that is reported is called so", "--output", output, list_names(outputs),
                    suggest(output, outputs))
        )  # fmt: skip
    measure = read_measure(objective, outputs, output)
    default = output or measure.output
    return Aim(
        measure,
        measure.less_is_better if maximise is None else not maximise,
        tuple(read_constraint(text, outputs, default) for text in constraints),
    )


def _variables(
    scenario: Scenario, chosen: Mapping[str, object], varied: list[Range]
) -> dict[str, tuple[Variable, ...]]:
    """The variables of each strategy; there is at least one, or one strategy more than one."""
    from simengine.analysis.decisions.variables import variables_of

    found = {name: variables_of(scenario, name, varied) for name in chosen}
    if not any(found.values()):
        hint = "declare [decisions] in the scenario, such as upfront = { min = 0, max = 60 }, or give --vary"
        raise InvalidInput(Problem("there is nothing to decide", "decisions", hint=hint))
    return found
