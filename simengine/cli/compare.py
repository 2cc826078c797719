"""``simengine compare``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simengine.cli.arguments import Command, device_option, force_option, set_option, strategy_option
from simengine.cli.decide import look_line, until_decided_option
from simengine.cli.devices import DeviceNotice
from simengine.cli.draws import check_folder_name, csv_options
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar, announce_compilation
from simengine.cli.streams import ascii_only, say, style_of, write
from simengine.sampling.design import FEWEST_REPLICATES, MOST_REPLICATES, SAMPLERS

if TYPE_CHECKING:
    from simengine.analysis.decisions.decided import Verdict
    from simengine.report.comparison import Comparison

_MOST_SEED = 2**63 - 1
_MOST_TRIALS = 10**12


@click.command("compare", cls=Command)
@click.argument("scenarios", type=click.Path(), nargs=-1, required=True, metavar="SCENARIO|RESULT...")
@click.option("--baseline", metavar="NAME", help="Strategy that the others are held against; the first by default.")
@click.option("--output", "outputs", multiple=True, metavar="NAME",
              help="Outcome to compare; by default T, or the first that two report. May be repeated.")  # fmt: skip
@strategy_option
@set_option
@click.option("--trials", metavar="N", help="Number of trials, such as 1000000 or 1e6.")
@until_decided_option
@click.option("--max-trials", metavar="N", help="Where --until-decided stops at the latest; by default at the trials "
              "of the scenario.")  # fmt: skip
@click.option("--seed", metavar="S", help="Seed of the draws; the same seed gives the same digits.")
@click.option("--sampler", type=click.Choice(SAMPLERS), help="Source of the draws; by default that of the scenario.")
@click.option("--replicates", metavar="R", help="About how many independent replicates give the standard errors.")
@click.option("--percentiles", metavar="LIST", help="Percentiles to compare beside 10,50,90, such as 5,95.")
@click.option("--risk-tolerance", metavar="X",
              help="Of the exponential utility, an amount; by default half of the baseline's mean.")  # fmt: skip
@click.option("--wealth", metavar="W", help="Wealth, for certainty equivalents of constant relative risk aversion.")
@click.option("--risk-aversion", metavar="G", help="That risk aversion, 0 to 100; 1 is the logarithm.")
@click.option("--data", multiple=True, metavar="DIR", type=click.Path(),
              help="Folder of data files that are too large to be stored with a result; may be repeated.")  # fmt: skip
@click.option("--out", metavar="DIR", type=click.Path(),
              help="Write comparison.nc, comparison.csv and comparison.json into DIR.")  # fmt: skip
@force_option
@csv_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--all", "everything", is_flag=True, help="Print the differences and the dominance of all pairs.")
@click.option("--quiet", is_flag=True, help="Print no table, no progress and no warnings; errors only.")
@click.option("--threads", metavar="N", help="Processors to use; the digits do not depend on it.")
@device_option
@click.option("--memory", metavar="SIZE", help="Memory that all compared outcomes have to fit into, such as 2GB.")
@click.pass_context
def command(
    ctx: click.Context,
    scenarios: tuple[str, ...],
    baseline: str | None,
    outputs: tuple[str, ...],
    strategies: tuple[str, ...],
    settings: tuple[str, ...],
    trials: str | None,
    until_decided: str | None,
    max_trials: str | None,
    seed: str | None,
    sampler: str | None,
    replicates: str | None,
    percentiles: str | None,
    risk_tolerance: str | None,
    wealth: str | None,
    risk_aversion: str | None,
    data: tuple[str, ...],
    out: str | None,
    force: bool,
    bom: bool,
    decimal_comma: bool,
    as_json: bool,
    everything: bool,
    quiet: bool,
    threads: str | None,
    device: str | None,
    memory: str | None,
) -> None:
    """Compare strategies on the same draws: which is better, how often, by how much, and how sure that is.

    All strategies of SCENARIO are simulated in one pass and held against the baseline and against each other.
    Several scenarios, or results written by `run --out`, are compared strategy by strategy; a strategy that more
    than one of them has is named FILE:NAME. The scenario stored in a result is run again, on the common draws.

    Examples
    --------
      simengine compare deal.toml
      simengine compare deal.toml --baseline sale --percentiles 5,95
      simengine compare deal.toml --risk-tolerance 250 --wealth 1000 --risk-aversion 2
      simengine compare last-week.toml today.toml --strategy last-week:licence --strategy today:licence
      simengine compare results/ today.toml --trials 1e6 --seed 7
      simengine compare deal.toml --until-decided P10 --max-trials 1e6
      simengine compare deal.toml --out comparison/ --force
      simengine compare deal.toml --json > comparison.json
    """
    from simengine.analysis.compare.gather import gather
    from simengine.analysis.compare.question import Question
    from simengine.report.comparison import COMPARISON_FILES

    options, notice = Options(), DeviceNotice()
    question = Question(
        baseline=baseline,
        outputs=outputs or None,
        trials=options.whole("--trials", trials, 1, _MOST_TRIALS),
        until_decided=until_decided,
        max_trials=options.whole("--max-trials", max_trials, 1, _MOST_TRIALS),
        seed=options.whole("--seed", seed, 0, _MOST_SEED),
        sampler=sampler,
        replicates=options.whole("--replicates", replicates, FEWEST_REPLICATES, MOST_REPLICATES),
        strategies=strategies or None,
        percentiles=options.percentiles("--percentiles", percentiles),
        overrides=options.settings("--set", settings),
        risk_tolerance=options.number("--risk-tolerance", risk_tolerance),
        wealth=options.number("--wealth", wealth),
        risk_aversion=options.number("--risk-aversion", risk_aversion),
        threads=options.whole("--threads", threads, 1, 1024),
        device=device,
        chosen=notice,
        memory=options.size("--memory", memory),
        data=tuple(map(Path, data)),
        command=shlex.join(["simengine", *(ctx.obj or {}).get("arguments", ["compare", *scenarios])]),
    )
    options.check()
    if out is not None:
        _check_target(out, COMPARISON_FILES, force=force)
    gathered = gather(scenarios, question)
    if not quiet:
        for text in dict.fromkeys(str(problem) for file in gathered.files for problem in file.scenario.warnings):
            say(text)
        announce_compilation()
    with ProgressBar(quiet=quiet) as progress:
        from simengine.analysis.compare.build import answer
        from simengine.report.comparison import Comparison

        def looked(look: Verdict) -> None:
            if not quiet:
                say(look_line(look))

        comparison = Comparison(answer(gathered, question, progress, watch=looked))
    if not quiet:
        notice.say()
    if out is not None:
        comparison.save(out, bom=bom, decimal_comma=decimal_comma, force=force)
    _print(comparison, as_json=as_json, everything=everything, quiet=quiet)
    if out is not None and not quiet:
        say(f"wrote {', '.join(reversed(COMPARISON_FILES))} into {out}")


def _check_target(out: str, names: tuple[str, ...], *, force: bool) -> None:
    from simengine.results.files import check_folder

    check_folder_name(out, "results of the comparison")
    check_folder(Path(out), names, force=force)


def _print(comparison: Comparison, *, as_json: bool, everything: bool, quiet: bool) -> None:
    from simengine.report.comparison_files import comparison_json
    from simengine.report.comparison_table import comparison_report

    if as_json:
        write(comparison_json(comparison.record, ascii_only=ascii_only()))
    elif not quiet:
        write(comparison_report(comparison.record, style_of(), everything=everything))
