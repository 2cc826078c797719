"""How often 1.96 standard errors hold the truth: every sampler, many models, many seeds.

Not called coverage.py: Numba imports a package of that name, and a script's own folder comes first.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import machine
import numpy as np
from models import MODELS, STATISTICS, plan_of, statistics, truth_of

from simengine.sampling.design import SAMPLERS

HERE = Path(__file__).resolve().parent
Z95 = 1.959963984540054
NOMINAL, ALLOWED = 0.95, 0.015
BINOMIAL_ERRORS = 2.0
"""A cell is marked when it is outside the allowed range by more than the chance error of so few repeats."""


def judge(model, sampler, truth, trials, repeats):
    """What the repeats of one model and sampler say of each statistic, arrays of shape (statistics,).

    told: share of runs that state an error.  covered: share of those whose interval holds the truth.  wrong: share of
    all runs that state an interval that does not.  ratio: mean square of the stated errors over the true one.
    """
    plan = plan_of(model, sampler)
    found = np.array([statistics(plan, trials, seed) for seed in range(repeats)])
    value, error = found[:, 0], found[:, 1]
    told = np.isfinite(error)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.abs(value - truth)
        edge = 1e-12 * (np.abs(truth) + np.abs(value))  # an interval that ends at an atom holds it
        inside = gap <= Z95 * np.where(told, error, 0.0) + edge
        covered = (inside & told).sum(axis=0) / told.sum(axis=0)
        ratio = np.sqrt(np.where(told, error**2, 0.0).sum(axis=0) / np.where(told, gap**2, 0.0).sum(axis=0))
    return {
        "told": told.mean(axis=0),
        "covered": covered,
        "wrong": (told & ~inside).mean(axis=0),
        "ratio": ratio,
        "exact": (np.ptp(value, axis=0) == 0.0) | (truth == 0.0) & (value == 0.0).all(axis=0),
    }


def marked(cell, repeats):
    """Whether a coverage lies outside 95 +- 1.5 % by more than chance."""
    told = cell["told"] * repeats
    if told < 50:
        return False
    slack = BINOMIAL_ERRORS * np.sqrt(NOMINAL * (1 - NOMINAL) / told)
    return abs(cell["covered"] - NOMINAL) > ALLOWED + slack


def reason(cell):
    """Why a marked cell is where it is."""
    if cell["covered"] > NOMINAL:
        if cell["exact"]:
            return "the same value in every run, which is the true one"
        if cell["discrete"]:
            return "a jump of the distribution: a quantile is right or a whole step off"
        return "wide on purpose: the error stated is the larger one of two"
    if cell["told"] < 0.95:
        return "heavy tail: told only where the trials look harmless"
    return "the trials (or replicates) that decide it are few and one-sided"


def readable(document):
    """The study as a page."""
    repeats, found = document["repeats"], document["found"]
    lines = [
        "# Coverage of 95 % intervals",
        "",
        f"{document['trials']:,} trials, {repeats:,} repeats of each model and sampler. One binomial standard error",
        f"of a cell is {100 * np.sqrt(0.95 * 0.05 / repeats):.1f} points. In brackets: share of runs that state an",
        "error, where it is not all of them;",
        "the coverage is that of the stated ones. Bold: outside 95 ± 1.5 by more than chance; the reasons are below.",
    ]
    for sampler in document["samplers"]:
        rows = [entry for entry in found if entry["sampler"] == sampler]
        if not rows:
            continue
        lines += ["", f"## {sampler}", "", "| model | " + " | ".join(STATISTICS) + " |", "|---" * 8 + "|"]
        for entry in rows:
            cells = []
            for name in STATISTICS:
                cell = entry["cells"][name]
                if cell["told"] == 0.0:
                    cells.append("never told")
                    continue
                text = f"{100 * cell['covered']:.1f}"
                text = f"**{text}**" if cell["marked"] else text
                cells.append(text + (f" ({100 * cell['told']:.0f})" if cell["told"] < 0.995 else ""))
            lines.append(f"| {entry['model']} | " + " | ".join(cells) + " |")
        lines.append(
            "| *all told intervals* | " + " | ".join(f"{100 * _pooled(rows, n):.1f}" for n in STATISTICS) + " |"
        )
    reasons = {}
    for entry in found:
        for name in STATISTICS:
            cell = entry["cells"][name]
            if cell["marked"]:
                reasons.setdefault(cell["reason"], []).append(f"{entry['model']} {name} ({entry['sampler']})")
    lines += ["", "## Outside", ""]
    lines += [f"- {text}: {', '.join(places)}." for text, places in reasons.items()] or ["None."]
    return "\n".join(lines) + "\n"


def _pooled(rows, name):
    """Coverage over all stated intervals of several models; NaN where none was stated."""
    cells = [row["cells"][name] for row in rows if row["cells"][name]["told"]]
    told = sum(cell["told"] for cell in cells)
    return sum(cell["told"] * cell["covered"] for cell in cells) / told if told else float("nan")


def study(models, samplers, trials, repeats):
    """Yield one entry for each model and sampler."""
    for model in models:
        truth, truth_se = truth_of(model)
        for sampler in samplers:
            found = judge(model, sampler, truth, trials, repeats)
            cells = {}
            for place, name in enumerate(STATISTICS):
                cell = {key: values[place].item() for key, values in found.items()}
                cell["discrete"] = bool(MODELS[model].jumps) and name.startswith("P")
                cell["marked"] = bool(marked(cell, repeats))
                cell["reason"] = reason(cell) if cell["marked"] else ""
                cell["truth"], cell["truth_se"] = float(truth[place]), float(truth_se[place])
                cells[name] = {key: _known(value) for key, value in cell.items()}
            yield {"model": model, "sampler": sampler, "cells": cells}


def _known(value):
    """A value that JSON can hold: None for numbers that are not finite."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--trials", type=float, default=16384)
    parser.add_argument("--samplers", nargs="*", default=list(SAMPLERS), choices=SAMPLERS)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    print(f"{'coverage of 95 % intervals, %':36s}" + "".join(f"{name:>12s}" for name in STATISTICS), flush=True)
    found = []
    for entry in study(options.models, options.samplers, int(options.trials), options.repeats):
        found.append(entry)
        cells = [entry["cells"][name] for name in STATISTICS]
        shown = [
            f"{100 * cell['covered']:.1f}" + (f"({100 * cell['told']:.0f})" if cell["told"] < 0.995 else "")
            + ("*" if cell["marked"] else "") if cell["told"] else "-"
            for cell in cells
        ]  # fmt: skip
        print(f"{entry['model']:24s}{entry['sampler']:12s}" + "".join(f"{text:>12s}" for text in shown), flush=True)
        write(found, options)
    print("wrote coverage.json and coverage.md")


def write(found, options):
    """Write what was found so far, so that a study that is stopped early is not lost."""
    document = {
        "date": date.today().isoformat(),
        "machine": machine.describe(),
        "trials": int(options.trials),
        "repeats": options.repeats,
        "samplers": options.samplers,
        "found": found,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "coverage.json").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (options.out / "coverage.md").write_text(readable(document), encoding="utf-8")


if __name__ == "__main__":
    main()
