"""``simengine explain``."""

from __future__ import annotations

import click

from simengine.cli.arguments import Command, scenario_argument, set_option, strategy_option
from simengine.cli.options import Options
from simengine.cli.streams import style_of, write


@click.command("explain", cls=Command)
@scenario_argument
@strategy_option
@set_option
@click.option("--cuda", is_flag=True, help="Print the program that a GPU runs instead, with comments.")
def command(scenario: str, strategies: tuple[str, ...], settings: tuple[str, ...], cuda: bool) -> None:
    """Print the formulas, inputs, dependence and units that SCENARIO stands for.

    Risks and costs are shown as the formulas that they become: nothing is computed that is not printed here.
    What no outcome of a strategy depends on is marked "not used here".

    Examples
    --------
      simengine explain deal.toml
      simengine explain deal.toml --strategy licence
      simengine explain deal.toml --set costs.upfront=20
      simengine explain deal.toml --cuda
    """
    from simengine.deal.explain import explain
    from simengine.plan.compile import used_names
    from simengine.report.explain import explanation_text
    from simengine.results.compute import Request, prepare

    options = Options()
    request = Request(strategies=strategies or None, overrides=options.settings("--set", settings))
    options.check()
    prepared = prepare(scenario, request)
    if cuda:
        from simengine.kernels.cuda.explain import explained_text

        write(explained_text(prepared.plan, prepared.models))
        return
    strategies_of = prepared.scenario.strategies
    explained = [explain(model, strategies_of[model.strategy], used_names(model)) for model in prepared.models]
    write(explanation_text(explained, style_of()))
