"""``simengine drivers``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from simengine.cli.arguments import Command, device_option, force_option, scenario_argument, set_option, strategy_option
from simengine.cli.devices import DeviceNotice
from simengine.cli.draws import check_folder_name, csv_options
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar, announce_compilation
from simengine.cli.streams import ascii_only, say, style_of, write
from simengine.sampling.design import FEWEST_REPLICATES, MOST_REPLICATES, SAMPLERS

_FEWEST_POINTS, _MOST_POINTS = 256, 1 << 24


@click.command("drivers", cls=Command)
@scenario_argument
@click.option("--tornado", "asked", flag_value="tornado", multiple=True, type=str,
              help="What moves each outcome: rank correlations, shares, swings (default).")  # fmt: skip
@click.option("--evppi", "asked", flag_value="evppi", multiple=True, type=str,
              help="What to find out first: EVPI, EVPPI, where the best strategy changes (default).")  # fmt: skip
@click.option("--sobol", "asked", flag_value="sobol", multiple=True, type=str,
              help="Shares of variance: Sobol indices, or Shapley effects of correlated inputs.")  # fmt: skip
@click.option("--spider", "asked", flag_value="spider", multiple=True, type=str,
              help="Outcomes along the percentiles of each input.")  # fmt: skip
@click.option("--stress", "conditions", multiple=True, metavar="EXPR",
              help='Outcomes where a condition holds, such as "V<=P10"; repeated, all must hold.')  # fmt: skip
@click.option("--reverse", "asked", flag_value="reverse", multiple=True, type=str,
              help="What the inputs look like in the worst 5 % of each outcome.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All of these (a stress test only with --stress).")
@click.option("--by-risk", is_flag=True, help="Print a risk instead of its inputs (strikes, severity).")
@click.option("--points", metavar="N", help="Points of each sample of a Sobol design; 65536 by default.")
@click.option("--trials", metavar="N", help="Number of trials, such as 1000000 or 1e6.")
@click.option("--seed", metavar="S", help="Seed of the draws; the same seed gives the same digits.")
@click.option("--sampler", type=click.Choice(SAMPLERS), help="Source of the draws; that of the scenario by default.")
@click.option("--replicates", metavar="R", help="About how many independent replicates give the standard errors.")
@strategy_option
@set_option
@click.option("--out", metavar="DIR", type=click.Path(), help="Write drivers.nc and CSV files into DIR.")
@force_option
@csv_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--quiet", is_flag=True, help="Print no table, no progress and no warnings; errors only.")
@click.option("--threads", metavar="N", help="Processors to use; the digits do not depend on it.")
@device_option
@click.option("--memory", metavar="SIZE", help="Memory for the outcomes of all trials, such as 2GB; 1 GiB by default.")
@click.pass_context
def command(
    ctx: click.Context,
    scenario: str,
    asked: tuple[str, ...],
    conditions: tuple[str, ...],
    everything: bool,
    by_risk: bool,
    points: str | None,
    trials: str | None,
    seed: str | None,
    sampler: str | None,
    replicates: str | None,
    strategies: tuple[str, ...],
    settings: tuple[str, ...],
    out: str | None,
    force: bool,
    bom: bool,
    decimal_comma: bool,
    as_json: bool,
    quiet: bool,
    threads: str | None,
    device: str | None,
    memory: str | None,
) -> None:
    """Say what drives the outcomes of SCENARIO, and what would change the decision.

    Without an option that names a question: a tornado of every outcome and strategy, and the value of finding out
    each input before choosing. All numbers come from one run of all strategies on the same draws; those that are
    not exact stand with their standard errors.

    Examples
    --------
      simengine drivers deal.toml
      simengine drivers deal.toml --sobol --by-risk
      simengine drivers deal.toml --stress "V<=P10" --stress "ip_leak_strikes>=1"
      simengine drivers deal.toml --reverse --strategy licence
      simengine drivers deal.toml --all --out drivers/
      simengine drivers deal.toml --json > drivers.json
    """
    from simengine.analysis.drivers.compute import SECTIONS, Question, drivers
    from simengine.report.drivers_result import DRIVERS_FILES, Drivers
    from simengine.results.compute import Request

    options, notice = Options(), DeviceNotice()
    request = Request(
        trials=options.whole("--trials", trials, 1, 10**12),
        seed=options.whole("--seed", seed, 0, 2**63 - 1),
        sampler=sampler,
        replicates=options.whole("--replicates", replicates, FEWEST_REPLICATES, MOST_REPLICATES),
        strategies=strategies or None,
        overrides=options.settings("--set", settings),
        threads=options.whole("--threads", threads, 1, 1024),
        device=device,
        chosen=notice,
        memory=options.size("--memory", memory),
        command=shlex.join(["simengine", *(ctx.obj or {}).get("arguments", ["drivers", scenario])]),
    )
    size = options.whole("--points", points, _FEWEST_POINTS, _MOST_POINTS)
    options.check()
    sections = [name for name in SECTIONS if name != "stress"] if everything else list(asked)
    question = Question.of(sections, conditions, size)
    if out is not None:
        _check_target(out, force=force)
    if not quiet:
        announce_compilation()
    with ProgressBar(quiet=quiet) as progress:
        found = Drivers(drivers(scenario, request, question, progress))
    if not quiet:
        for warning in found.record.document("warnings"):
            say(warning)
        notice.say()
    if out is not None:
        found.save(out, bom=bom, decimal_comma=decimal_comma, force=force)
        if not quiet:
            say(f"wrote {', '.join(reversed(DRIVERS_FILES))} into {out}")
    _print(found, as_json=as_json, by_risk=by_risk, quiet=quiet)


def _check_target(out: str, *, force: bool) -> None:
    from simengine.report.drivers_result import DRIVERS_FILES
    from simengine.results.files import check_folder

    check_folder_name(out, "results")
    check_folder(Path(out), DRIVERS_FILES, force=force)


def _print(found: object, *, as_json: bool, by_risk: bool, quiet: bool) -> None:
    from simengine.report.drivers_result import Drivers
    from simengine.report.drivers_rows import drivers_json
    from simengine.report.drivers_table import drivers_report

    assert isinstance(found, Drivers)
    if as_json:
        write(drivers_json(found.record, ascii_only=ascii_only()))
    elif not quiet:
        write(drivers_report(found.record, style_of(), by_risk=by_risk))
