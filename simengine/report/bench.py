"""A comparison with NumPy as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simengine.bench.comparison import Measured, plain
from simengine.report.text import Cell, Column, Style, table, wrap


def comparison_text(found: Sequence[Measured], about: Mapping[str, object], style: Style) -> str:
    """A table of medians, rates and ratios, with the free cores beside each amount of work."""
    columns = [Column("reference deal", flexible=True), *(Column(name, "right") for name in ("threads", "trials"))]
    columns += [Column(name, "right") for name in ("median ms", "spread ms", "trials a second", "x NumPy")]
    rows: list[list[Cell]] = []
    for entry in found:
        timings = [("NumPy script", 1, entry.numpy, 1.0)]
        timings += [
            (f"{variant}", entry.work.threads, timing, entry.ratio(variant))
            for variant, timing in entry.variants.items()
        ]
        for name, threads, timing, ratio in timings:
            milliseconds = [f"{1000 * timing.median:,.1f}", f"{1000 * timing.spread:,.1f}"]
            rate = f"{entry.work.trials / timing.median / 1e6:.1f} million"
            rows.append([name, str(threads), f"{entry.work.trials:,}", *milliseconds, rate, f"{ratio:.1f}"])
    packages = about["packages"]
    assert isinstance(packages, Mapping)
    versions = ", ".join(f"{name} {packages[name]}" for name in ("simengine", "numba", "numpy"))
    lines = wrap(f"{about['processor']}, {about['cores']} cores, {about['system']}; {versions}", style.width)
    lines += ["", *table(columns, rows, style), ""]
    for entry in found:
        lines += wrap(_cores(entry), style.width)
    lines += wrap(
        "Both compute mean, sd, 101 percentiles, a probability and the mean of the worst 5 %; simengine adds a "
        "Gaussian copula between three inputs, and a standard error to every number.",
        style.width,
    )
    return "\n".join(lines)


def _cores(entry: Measured) -> str:
    threads, (before, after) = entry.work.threads, entry.cores
    said = f"Free cores for {threads} thread{'s' if threads > 1 else ''}: {before:.2f} before, {after:.2f} after"
    return said + ("." if entry.undisturbed else ": something else was running, so measure again.")


def comparison_json(found: Sequence[Measured], about: Mapping[str, object], rounds: int) -> dict[str, object]:
    """The comparison as one JSON object."""
    return {"machine": dict(about), "rounds": rounds, "measured": plain(found)}
