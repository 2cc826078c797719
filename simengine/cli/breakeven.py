"""``simengine breakeven``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from simengine.cli.arguments import Command, scenario_argument, set_option
from simengine.cli.draws import answer_options, check_file, draws_options, numbers_of_draws, write_answer
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar, announce_compilation
from simengine.cli.streams import ascii_only, say, style_of, write
from simengine.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from simengine.analysis.decisions.path import Number
    from simengine.analysis.measures import Measure
    from simengine.deal.model import Model
    from simengine.scenario import Scenario

_MOST_TRIALS = 1 << 17
"""Trials where none are asked for, unless the scenario asks for fewer."""


@click.command("breakeven", cls=Command)
@scenario_argument
@click.option("--vary", "path", metavar="PATH", required=True,
              help="The number that is varied, by its dotted path, such as costs.upfront, or a decision.")  # fmt: skip
@click.option("--between", nargs=2, metavar="A B", help="The two strategies that are to tie.")
@click.option("--strategy", metavar="NAME", help="The one strategy that is to reach --target.")
@click.option("--target", metavar="X", help="What the statistic of --strategy is to reach.")
@click.option("--statistic", metavar="MEASURE", default="mean", show_default=True,
              help="mean, P50, P10, CE(200), CVaR95, P(T < 0); each also 'of NAME'.")  # fmt: skip
@click.option("--low", metavar="X", help="Begin of the range; that of the decision, or 0.")
@click.option("--high", metavar="X", help="End of the range; that of the decision, or twice the present value.")
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
    quiet: bool,
) -> None:
    """Find the value of one number of SCENARIO at which two strategies tie, or one of them reaches a target.

    It is the price at which to walk away. All values are simulated on the same draws, so the root is exact for
    them; its interval says what other draws would leave open. All roots in the range are reported.

    Examples
    --------
      simengine breakeven deal.toml --vary costs.upfront --between licence sale
      simengine breakeven deal.toml --vary strategies.sale.inputs.price.mode --between licence sale --high 579
      simengine breakeven deal.toml --vary royalty --between licence sale --statistic P10
      simengine breakeven deal.toml --vary royalty --strategy licence --target 450 --low 0.01 --high 0.2
    """
    from simengine.analysis.decisions.path import models_with, number_at
    from simengine.analysis.decisions.tie import find_tie
    from simengine.analysis.variants import Draws, doubtful_moments
    from simengine.plan.draws import addresses_of
    from simengine.report.breakeven import Asked, breakeven_csv, breakeven_json, breakeven_report
    from simengine.results.compute import expanded
    from simengine.scenario import load

    options = Options()
    count, first, parts, processors = numbers_of_draws(options, trials, seed, replicates, threads)
    overrides = options.settings("--set", settings)
    ends = options.number("--low", low), options.number("--high", high)
    goal = options.number("--target", target)
    options.check()
    check_file(out, force=force)
    found = load(scenario, set_values=overrides)
    models = expanded(found)
    sides = _sides(found, between, strategy, goal)
    measure = _measure(found, sides, statistic)
    number = number_at(found, path)
    bounds = _bounds(number, *ends)
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
        involved = [model for model in models if model.strategy in sides]
        for problem in (*found.warnings, *doubtful_moments(involved, measure)):
            say(str(problem))
        announce_compilation()

    def models_at(value: float) -> Mapping[str, Model]:
        return models_with(scenario, overrides, number, value)

    with ProgressBar(quiet=quiet) as progress:
        tie = find_tie(models_at, sides, measure, bounds, draws, target=goal or 0.0, progress=progress)
    unit = next(o.unit for o in found.strategies[sides[0]].outputs if o.name == measure.output)
    asked = Asked(found.header.title or found.name, number, *bounds, draws, unit)
    write_answer(out, breakeven_csv(tie, asked, bom=bom), force=force)
    if as_json:
        write(breakeven_json(tie, asked, ascii_only=ascii_only()))
    else:
        write(breakeven_report(tie, asked, style_of()))
    if out is not None and not quiet:
        say(f"wrote {out}")


def _sides(
    scenario: Scenario, between: tuple[str, str] | None, strategy: str | None, target: float | None
) -> tuple[str, str | None]:
    """The two strategies, or the one that is to reach a target."""
    from simengine.scenario.names import list_names, suggest

    known = scenario.strategies
    if (between is None) == (strategy is None) or (strategy is None) != (target is None):
        allowed = "--between A B, or --strategy NAME with --target X"
        raise InvalidInput(Problem("it is not clear what is to tie with what", "--between", allowed=allowed))
    named = between if between is not None else (str(strategy),)
    problems = [
        Problem(f"there is no strategy {name!r}", "--between" if between else "--strategy",
                allowed=list_names(known), hint=suggest(name, known))
        for name in named
        if name not in known
    ]  # fmt: skip
    if problems:
        raise InvalidInput(problems)
    if between is not None and between[0] == between[1]:
        raise InvalidInput(Problem("a strategy ties with itself everywhere", "--between", between[0], "two strategies"))
    return named[0], named[1] if len(named) == 2 else None


def _measure(scenario: Scenario, sides: tuple[str, str | None], statistic: str) -> Measure:
    """The statistic, of an outcome that the strategies report."""
    from simengine.analysis.measures import read_measure

    lists = [[output.name for output in scenario.strategies[name].outputs] for name in sides if name is not None]
    outputs = [name for name in lists[0] if all(name in names for names in lists)]
    if not outputs:
        raise InvalidInput(Problem("the strategies report no outcome in common", "--between"))
    return read_measure(statistic, outputs, option="--statistic")


def _bounds(number: Number, low: float | None, high: float | None) -> tuple[float, float]:
    """The range: as asked for, that of a decision, or from 0 to twice the present value."""
    begin, end = (low, number.low), (high, number.high)
    first, last = (given if given is not None else declared for given, declared in (begin, end))
    if number.value:
        first = first if first is not None else min(0.0, 2.0 * number.value)
        last = last if last is not None else max(0.0, 2.0 * number.value)
    if first is None or last is None:
        raise InvalidInput(Problem("the range is not known", "--vary", number.path, hint="give --low and --high"))
    if not first < last:
        reason = "the bounds are reversed" if first > last else "the bounds are equal"
        raise InvalidInput(Problem(reason, "--low", f"{first:g}", f"below --high = {last:g}"))
    return first, last
