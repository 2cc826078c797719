"""``simengine run``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simengine.cli.arguments import (
    Command,
    device_option,
    force_option,
    lang_option,
    scenario_argument,
    scheduler_option,
    set_option,
    strategy_option,
)
from simengine.cli.devices import DeviceNotice
from simengine.cli.draws import check_folder_name, csv_options
from simengine.cli.options import Options
from simengine.cli.progress import ProgressBar, announce_compilation
from simengine.cli.streams import ascii_only, say, style_of, write
from simengine.errors import InvalidInput, Problem
from simengine.sampling.design import FEWEST_REPLICATES, MOST_REPLICATES, PRECISIONS, SAMPLERS

if TYPE_CHECKING:
    from simengine.engine.stopping import Look
    from simengine.report.result import Result
    from simengine.results.compute import Prepared

_MOST_SEED = 2**63 - 1
_MOST_TRIALS = 10**12
_READ_TRIALS = 10**30
"""Beyond the most trials the engine refuses them, and says how long they would take."""


@click.command("run", cls=Command)
@scenario_argument
@click.option("--trials", metavar="N", help="Number of trials, such as 1000000 or 1e6.")
@click.option("--target-se", "targets", multiple=True, metavar="STATISTIC=ERROR",
              help="Run until a standard error holds, such as T.mean=0.1% or licence:T.P5=2; repeatable.")  # fmt: skip
@click.option("--max-trials", metavar="N", help="Where --target-se stops at the latest; 100,000,000 by default.")
@click.option("--seed", metavar="S", help="Seed of the draws; the same seed gives the same digits.")
@click.option("--sampler", type=click.Choice(SAMPLERS), help="Source of the draws; sobol by default.")
@click.option("--replicates", metavar="R", help="About how many independent replicates give the standard errors.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Of the arithmetic; float32 is the fast mode.")
@strategy_option
@set_option
@click.option("--percentiles", metavar="LIST", help="Percentiles to report, such as 5,50,95.")
@click.option("--out", metavar="DIR", type=click.Path(),
              help="Write results.nc, report.html, workbook.xlsx and CSV files into DIR.")  # fmt: skip
@click.option("--no-analyses", "alone", is_flag=True,
              help="With --out: the run alone, without strategies compared, drivers and risk register.")  # fmt: skip
@lang_option
@force_option
@csv_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--quiet", is_flag=True, help="Print no table, no progress and no warnings; errors only.")
@click.option("--threads", metavar="N", help="Processors to use; the digits do not depend on it.")
@click.option("--memory", metavar="SIZE",
              help="Memory for kept outcomes, such as 500MB; beyond it trials are drawn twice.")  # fmt: skip
@scheduler_option
@device_option
@click.option("--trial", metavar="K", help="Print the ledger of trial K alone: every draw and every formula.")
@click.option("--selfcheck", is_flag=True, help="Compare simulated means and sds with closed forms; exit 6 on failure.")
@click.pass_context
def command(
    ctx: click.Context,
    scenario: str,
    trials: str | None,
    targets: tuple[str, ...],
    max_trials: str | None,
    seed: str | None,
    sampler: str | None,
    replicates: str | None,
    precision: str | None,
    strategies: tuple[str, ...],
    settings: tuple[str, ...],
    percentiles: str | None,
    out: str | None,
    alone: bool,
    lang: str,
    force: bool,
    bom: bool,
    decimal_comma: bool,
    as_json: bool,
    quiet: bool,
    threads: str | None,
    memory: str | None,
    scheduler: str | None,
    device: str | None,
    trial: str | None,
    selfcheck: bool,
) -> None:
    """Simulate SCENARIO and print percentiles, probabilities and tail measures of every strategy.

    Every number stands with its standard error and is rounded to what that allows. Results go to standard
    output, everything else to standard error. The same scenario, seed and trials give the same digits.

    With --out the strategies are compared, the drivers found and the risks registered besides, on at most 131,072
    trials each, for the workbook and for report.html, a page that any browser shows.

    Examples
    --------
      simengine run deal.toml
      simengine run deal.toml --trials 1e7 --seed 7
      simengine run deal.toml --target-se T.mean=0.1% --target-se T.prob_loss=0.0005
      simengine run deal.toml --out results/ --force
      simengine run deal.toml --out results/ --lang zh
      simengine run deal.toml --strategy licence --strategy sale
      simengine run deal.toml --set risks.ip_leak.probability=0.03 --percentiles 1,50,99
      simengine run deal.toml --json > result.json
      simengine run deal.toml --trial 482317
      simengine run deal.toml --selfcheck
      simengine run deal.toml --trials 1e10 --scheduler tcp://10.0.0.1:8786
      simengine run deal.toml --trials 1e10 --device gpu
    """
    from simengine.report.table import speed
    from simengine.results.compute import Request, prepare

    options, notice = Options(), DeviceNotice()
    workers = options.whole("--threads", threads, 1, 1024)
    request = Request(
        trials=options.whole("--trials", trials, 1, _MOST_TRIALS, accepted=_READ_TRIALS),
        seed=options.whole("--seed", seed, 0, _MOST_SEED),
        sampler=sampler,
        replicates=options.whole("--replicates", replicates, FEWEST_REPLICATES, MOST_REPLICATES),
        precision=precision,
        strategies=strategies or None,
        percentiles=options.percentiles("--percentiles", percentiles),
        overrides=options.settings("--set", settings),
        threads=workers,
        memory=options.size("--memory", memory),
        scheduler=options.scheduler("--scheduler", scheduler, workers),
        device=options.device("--device", device, scheduler),
        chosen=notice,
        target_se=options.settings("--target-se", targets) or None,
        max_trials=options.whole("--max-trials", max_trials, 1, _MOST_TRIALS),
        command=shlex.join(["simengine", *(ctx.obj or {}).get("arguments", ["run", scenario])]),
    )
    chosen = options.whole("--trial", trial, 0, 10**12 - 1)
    options.check()
    if chosen is not None and request.target_se is not None:
        raise InvalidInput(
            Problem("prints one trial of a run whose length is known", "--trial", trial, hint="give --trials")
        )
    if chosen is not None and (out is not None or selfcheck):
        raise InvalidInput(
            Problem("prints one trial and simulates nothing", "--trial", trial, hint="leave out --out and --selfcheck")
        )
    if out is not None:
        check_folder_name(out, "results")
        _check_target(Path(out), force=force, years=False)
    prepared = prepare(scenario, request)
    if out is not None and any(model.yearly_outputs for model in prepared.models):
        _check_target(Path(out), force=force, years=True)
    compiles = False
    if not quiet:
        for problem in (*_option_warnings(request.percentiles, percentiles), *prepared.scenario.warnings):
            say(str(problem))
        compiles = announce_compilation()
    if chosen is not None:
        _print_ledger(prepared, chosen, as_json=as_json)
        return
    result = _simulated(prepared, quiet=quiet)
    prepared = replace(prepared, trials=result.record.integer("trials"))
    if out is not None and not alone:
        result = _studied(prepared, result, quiet=quiet, debug=bool((ctx.obj or {}).get("debug")))
    style = {"bom": bom, "decimal_comma": decimal_comma}
    try:
        files = result.save(out, lang=lang, force=force, **style) if out is not None else ()
    except Exception:  # of a long run that cannot be stored, what it found is at least seen
        _print_result(result, as_json=as_json, quiet=quiet)
        raise
    _print_result(result, as_json=as_json, quiet=quiet)
    if not quiet:
        written = f"; wrote {', '.join(file.name for file in reversed(files))} into {out}" if out else ""
        say(speed(result.record, compiled=compiles) + (f", {notice.text}" if notice.text else "") + written)
    if selfcheck:
        _run_selfcheck(prepared, as_json=as_json, quiet=quiet)


def _option_warnings(levels: Sequence[float] | None, text: str | None) -> list[Problem]:
    """What is doubtful about options, as the same would be in the file."""
    from simengine.scenario import doubtful_percentiles

    doubt = doubtful_percentiles(levels) if levels else None
    return [replace(doubt, key="--percentiles", value=text)] if doubt is not None else []


def _check_target(folder: Path, *, force: bool, years: bool) -> None:
    from simengine.report.result import RESULT_FILES, YEARS_FILE
    from simengine.results.files import check_folder

    check_folder(folder, (*RESULT_FILES, YEARS_FILE) if years else RESULT_FILES, force=force)


def _simulated(prepared: Prepared, *, quiet: bool) -> Result:
    from simengine.report.result import Result
    from simengine.report.stopping import look_line
    from simengine.results.compute import simulate

    def notice(look: Look) -> None:
        if not quiet:
            say(look_line(look))

    with ProgressBar(quiet=quiet) as progress:
        return Result(simulate(prepared, progress, notice))


def _studied(prepared: Prepared, result: Result, *, quiet: bool, debug: bool) -> Result:
    """The result with the analyses beside it; says which of them had to be left out."""
    from simengine.api.analyses import dossier_of
    from simengine.report.result import Result

    with ProgressBar(quiet=quiet) as progress:
        dossier = dossier_of(prepared, result.record, progress, debug=debug)
    if not quiet:
        for note in dossier.notes:
            say(f"note: {note}")
    return Result(dossier.record, lambda: dossier)


def _print_result(result: Result, *, as_json: bool, quiet: bool) -> None:
    from simengine.report.json import result_json
    from simengine.report.table import run_report

    if as_json:
        write(result_json(result.record, ascii_only=ascii_only()))
    elif not quiet:
        write(run_report(result.record, style_of()))


def _print_ledger(prepared: Prepared, trial: int, *, as_json: bool) -> None:
    import json

    from simengine.analysis.ledger import ledger_of_trial
    from simengine.report.ledger import ledger_object, ledger_text

    if trial >= prepared.trials and prepared.plan.sampler != "random":  # points depend on the length of the run
        allowed = f"0 to {prepared.trials - 1:,}"
        raise InvalidInput(Problem("the run has no such trial", "--trial", f"{trial:,}", allowed, "give more --trials"))
    ledger = ledger_of_trial(
        prepared.models,
        seed=prepared.seed,
        trial=trial,
        sampler=prepared.plan.sampler,
        addresses=prepared.addresses,
        trials=prepared.trials,
        replicates=prepared.replicates,
        precision=prepared.plan.precision,
        device=prepared.request.device or "cpu",
    )
    if as_json:
        write(json.dumps(ledger_object(ledger), ensure_ascii=ascii_only(), allow_nan=False, indent=1))
    else:
        write(ledger_text(ledger, prepared.models, style_of()))


def _run_selfcheck(prepared: Prepared, *, as_json: bool, quiet: bool) -> None:
    from simengine.analysis.selfcheck import selfcheck
    from simengine.report.ledger import selfcheck_text

    with ProgressBar(quiet=quiet) as progress:
        check = selfcheck(
            prepared.models,
            trials=prepared.trials,
            seed=prepared.seed,
            sampler=prepared.plan.sampler,
            replicates=prepared.replicates,
            precision=prepared.plan.precision,
            threads=prepared.request.threads,
            scheduler=prepared.request.scheduler,
            device=prepared.request.device,
            progress=progress,
        )
    if as_json:
        say(selfcheck_text(check, style_of()))
    elif not quiet:
        write("\n" + selfcheck_text(check, style_of()))
    check.raise_if_failed()
