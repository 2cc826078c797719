"""The report of :mod:`run` as Markdown, with what is asked of each figure and whether it was reached."""

from __future__ import annotations

import stages
import startup

from simengine.bench.deal import VARIANTS, Variant

GOALS = {
    Variant("float64", "random"): ((9, 13), (16, 26)),
    Variant("float64", "sobol"): ((11, 17), (20, 34)),
    Variant("float32", "random"): ((30, 45), (55, 90)),
    Variant("float32", "sobol"): ((40, 65), (75, 125)),
}
"""Times as fast as NumPy, at least and aimed for: on one thread, and on several with ten times the trials."""
NAMES = {"random": "Philox", "sobol": "Sobol"}

MOST_EXTRA = {"percentiles": 40, "tape": 25}
"""Percent that exact percentiles may add, and that the tape machine may be slower than a hard-coded kernel."""
SHELL_GOALS = (1.3, 0.9)
"""Seconds from the shell to the table for a million trials, at most and aimed for."""


def markdown(report):
    """The whole report."""
    about = report["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    parts = [
        [f"# Benchmarks, {report['date']}"],
        [
            f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']};"
            f" {packages}; commit {about['commit']}.",
            f"Command: `{report['command']}`.",
        ],
        [
            "The reference deal: four uncertain inputs, two risks of uncertain severity (eight draws a trial), a"
            " Gaussian copula, one outcome; out come mean, standard deviation, 101 exact percentiles, P(T < 200) and"
            " the mean of the worst 5 %. simengine adds a standard error to each. The NumPy script computes the same"
            " with independent inputs, which is less work, on one thread.",
        ],
        ["## Against NumPy", "", *_goals(report["comparison"])],
        _medians(report["comparison"]),
        ["## Exact percentiles", "", *_percentiles(report["percentiles"])],
        ["## Tape machine", "", *_tape(report["tape"])],
        ["## Cycles by stage", "", *stages.table(report["stages"])],
        ["## Other ways to compute the deal", "", *_others(report["others"])],
        ["## Agreement with reference values", "", *_agreement(report["agreement"])],
        ["## From the shell to the table", "", *_shell(report)],
        _memory(report["memory"]) if "memory" in report else [],
        [f"Free cores at the end: {report['free_cores_after']:.2f}."],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _goals(comparison):
    """What is asked for and what was measured, row by row; several threads count where their cores were free."""
    lines = [
        "| | threads | trials | at least | aim for | × NumPy | free cores before, after | |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for variant, goals in GOALS.items():
        for work, (least, aim) in zip(comparison, goals, strict=False):
            label = f"| {variant.precision}, {NAMES[variant.sampler]} | {work['threads']} | {work['trials']:,}"
            if variant not in VARIANTS:
                lines.append(f"{label} | {least} | {aim} | | | not in this version |")
                continue
            ratio = next(v["ratio"] for v in work["variants"] if _is(variant, v))
            cores = ", ".join(f"{found:.2f}" for found in work["free_cores"])
            verdict = _verdict(ratio >= least, ratio >= aim)
            verdict += "" if work["undisturbed"] else "; the cores were not free"
            lines.append(f"{label} | {least} | {aim} | {ratio:.1f} | {cores} | {verdict} |")
    return lines


def _is(variant, entry):
    return (variant.precision, variant.sampler) == (entry["precision"], entry["sampler"])


def _verdict(met, aimed):
    return "aim met" if aimed else "met" if met else "**missed**"


def _medians(comparison):
    lines = [
        "| trials | case | threads | median s | spread s | million trials a second | × NumPy |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for work in comparison:
        rows = [("NumPy script", 1, work["numpy"])]
        rows += [(f"simengine, {v['precision']}, {v['sampler']}", work["threads"], v) for v in work["variants"]]
        for name, threads, timing in rows:
            spread = max(timing["seconds"]) - min(timing["seconds"])
            lines.append(
                f"| {work['trials']:,} | {name} | {threads} | {timing['median']:.4f} | {spread:.4f} |"
                f" {work['trials'] / timing['median'] / 1e6:.2f} | {work['numpy']['median'] / timing['median']:.1f} |"
            )
    return lines


def _percentiles(rows):
    lines = [
        f"At most {MOST_EXTRA['percentiles']} % more than a run that counts and sums only, while values are kept.",
        "",
        "| | trials | threads | ms with 101 | ms without | extra | |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        extra = 100 * (row["with"] / row["without"] - 1)
        lines.append(
            f"| {row['variant']} | {row['trials']:,} | {row['threads']} | {1000 * row['with']:.1f} |"
            f" {1000 * row['without']:.1f} | {extra:.0f} % | {_within(extra, 'percentiles')} |"
        )
    return lines


def _tape(rows):
    lines = [
        f"At most {MOST_EXTRA['tape']} % slower than one kernel in which the deal is written out"
        " (`benchmarks/hard_coded.py`: same draws, tables and order of operations, no dispatch).",
        "",
        "| | trials | tape ms | hard-coded ms | slower | same bits | |",
        "|---|---:|---:|---:|---:|---|---|",
    ]
    for row in rows:
        extra = 100 * (row["tape"] / row["hard_coded"] - 1)
        lines.append(
            f"| {row['variant']} | {row['trials']:,} | {1000 * row['tape']:.3f} | {1000 * row['hard_coded']:.3f} |"
            f" {extra:.0f} % |"
            f" {'yes' if row['same_bits'] else '**no**'} | {_within(extra, 'tape')} |"
        )
    return lines


def _within(extra, what):
    return "met" if extra <= MOST_EXTRA[what] else "**missed**"


def _others(others):
    yardstick = next(iter(others["cases"].values()))["median"]
    lines = [f"| {others['trials']:,} trials, one thread | median s | × NumPy |", "|---|---:|---:|"]
    lines += [f"| {n} | {t['median']:.3f} | {yardstick / t['median']:.2f} |" for n, t in others["cases"].items()]
    if others["not_installed"]:
        lines += ["", f"Not installed, and so not measured: {', '.join(others['not_installed'])}."]
    return lines


def _agreement(found):
    lines = ["| | trials | number | reference | simengine | standard errors apart |", "|---|---:|---|---:|---:|---:|"]
    return lines + [
        f"| {entry['variant']} | {entry['trials']:,} | {row['number']} | {row['reference']:g} | {row['got']:.7g} |"
        f" {row['z']:+.2f} |"
        for entry in found
        for row in entry["rows"]
    ]


def _shell(report):
    most, aim = SHELL_GOALS
    run = next(iter(report["startup"]["commands"].values())) / 1000
    return [
        f"10⁶ trials, caches warm: {run:.2f} s (at most {most} s, aim for {aim} s: {_verdict(run < most, run < aim)})."
        f" The very first run of an installation, compiling: {report['first_run']:.1f} s.",
        "",
        *startup.tables(report["startup"]),
    ]


def _memory(memory):
    return [
        "## Memory",
        "",
        f"Peak of a process with {memory['trials']:,} trials: {memory['peak_bytes'] / 1e6:.0f} MB,"
        f" {memory['passes']} passes, {memory['seconds']:.1f} s.",
    ]
