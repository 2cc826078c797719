"""``simengine check``."""

from __future__ import annotations

import click

from simengine.cli.arguments import Command, scenario_argument, set_option
from simengine.cli.options import Options
from simengine.cli.streams import say, style_of, write


@click.command("check", cls=Command)
@scenario_argument
@set_option
@click.option("--quiet", is_flag=True, help="Print warnings only.")
def command(scenario: str, settings: tuple[str, ...], quiet: bool) -> None:
    """Validate SCENARIO and print what it says once everything is resolved.

    Every uncertain input is shown with its distribution, mean, sd, P5, median and P95; every risk, dependence,
    outcome and strategy with what it stands for. All problems are listed together, each with line, column,
    allowed range and a hint; then the exit status is 2. What is only doubtful is a warning, on standard error.
    Nothing is simulated.

    Examples
    --------
      simengine check deal.toml
      simengine check deal.toml --set inputs.D.mode=0.7
      simengine check deal.toml --quiet && echo fine
    """
    from simengine.report.check import CheckReport
    from simengine.results.compute import Request, prepare

    options = Options()
    overrides = options.settings("--set", settings)
    options.check()
    prepared = prepare(scenario, Request(overrides=overrides))
    for problem in prepared.scenario.warnings:
        say(str(problem))
    if not quiet:
        write(CheckReport(prepared.scenario, prepared.models, prepared.plan.inputs).text(style_of()))
