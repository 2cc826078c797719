"""How long the files take that people read: workbook, page, pictures, draws; each from a stored result.

A scenario is run once and stored; then every file is made again and again from what was stored, in this process, and
whole commands are timed from the shell.  ``--write`` leaves benchmarks/results/reports.md.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import machine
import startup

from simengine.report.figures import KINDS
from simengine.report.page import page_bytes
from simengine.report.result import open_result
from simengine.report.workbook import workbook_bytes

SCENARIOS = ("smart_customer_service", "medical_imaging_licence")
ROOT = machine.HERE.parent
ASKED = {"workbook": 1.0, "page": 2.0, "10⁶ draws to CSV": 3.0}
"""Seconds that each may take."""
DRAWS = 1_000_000


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--trials", type=int, default=DRAWS)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/reports.md")
    options = parser.parse_args(arguments)
    text = "\n".join(page(measure(options.rounds, options.trials), options)) + "\n"
    print(text, end="")
    if options.write:
        (machine.HERE / "results" / "reports.md").write_text(text, encoding="utf-8")


def measure(rounds, trials):
    """Rows (scenario, what, median seconds, kilobytes) by scenario."""
    with tempfile.TemporaryDirectory() as folder:
        return [row for name in SCENARIOS for row in _of_scenario(name, Path(folder) / name, rounds, trials)]


def _of_scenario(name, folder, rounds, trials):
    scenario = str(ROOT / "scenarios" / f"{name}.toml")
    command = [*startup.PROGRAM, "run", scenario, "--trials", str(trials), "--quiet", "--force", "--out", str(folder)]
    machine.timed_process(command)
    yield name, "run --out, whole command", _median(lambda: machine.timed_process(command), rounds), None
    command = [*startup.PROGRAM, "export", str(folder), "--quiet", "--force", "-o"]
    for suffix in ("xlsx", "html"):
        target = str(folder.parent / f"again.{suffix}")
        yield (
            name,
            f"export .{suffix}, whole command",
            _median(lambda target=target: machine.timed_process([*command, target]), rounds),
            None,
        )
    result = open_result(folder)
    dossier = result.dossier
    for what, make in (("workbook", lambda: workbook_bytes(dossier)), ("page", lambda: page_bytes(dossier))):
        yield name, what, _timed(make, rounds), len(make()) / 1000
    for kind in KINDS:
        if kind == "fan" and not result.yearly_outputs:
            continue
        drawn = {} if kind != "scatter" else {"other": None}
        try:
            result.plot(kind, **drawn)
        except ValueError:  # the result has not what the kind needs, such as a second outcome
            continue
        yield name, f"picture: {kind}", _timed(lambda kind=kind: result.plot(kind).svg(), rounds), None
    target = folder.parent / "draws.csv"
    draws = _timed(lambda: result.export_draws(target, force=True), max(1, rounds // 3))
    yield (
        name,
        f"{trials:,} draws to CSV" if trials != DRAWS else "10⁶ draws to CSV",
        draws,
        target.stat().st_size / 1000,
    )


def _timed(make, rounds):
    def once():
        began = time.perf_counter()
        make()
        return time.perf_counter() - began

    once()
    return _median(once, rounds)


def _median(once, rounds):
    return statistics.median(once() for _ in range(rounds))


def page(rows, options):
    """Lines of the results file."""
    here = machine.describe()
    lines = ["# Files that people read", "", f"`python benchmarks/reports.py --rounds {options.rounds} --write`", ""]
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in here.items()]
    lines += [f"- {options.trials:,} trials; median of {options.rounds} rounds", ""]
    lines += ["| scenario | what | seconds | asked | kB |", "|---|---|---:|---|---:|"]
    for scenario, what, seconds, size in rows:
        limit = ASKED.get(what)
        asked = "" if limit is None else f"under {limit:g}: {'met' if seconds < limit else 'MISSED'}"
        lines.append(f"| {scenario} | {what} | {seconds:.3f} | {asked} | {'' if size is None else f'{size:,.0f}'} |")
    return lines


if __name__ == "__main__":
    main()
