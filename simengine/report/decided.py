"""What `--until-decided` says: which strategy is best, whether that is settled, and after how many trials."""

from __future__ import annotations

import math
from typing import Any

from simengine.analysis.decisions.decided import Decision, Verdict
from simengine.report.measures import difference_estimate, valued
from simengine.report.text import Cell, Column, Style, printable, table, wrap


def decision_report(found: Decision, style: Style) -> str:
    """The verdict in a sentence, and how far every other strategy is behind."""
    last = found.last
    lines = [style.bold(line) for line in wrap(_sentence(found), style.width)]
    rows: list[list[Cell]] = [
        [printable(name), difference_estimate(found.measure, float(gap), float(error)), "yes" if apart else "no"]
        for name, gap, error, apart in zip(last.others, last.gaps, last.errors, last.separated, strict=True)
    ]
    columns = [Column("strategy"), Column("worse by", "right"), Column("told apart")]
    lines += ["", *table(columns, rows, style)]
    note = (
        f"Told apart: ahead by more than {last.limit:.2f} standard errors of the paired difference, a limit that "
        f"allows for all {len(found.planned)} looks and for the number of strategies."
    )
    if any(math.isnan(error) for error in last.errors.tolist()):
        note += (
            " An error is unknown where the difference is the same in every trial or hangs on few of them: what would "
            "turn it round may not have been drawn."
        )
    return "\n".join([*lines, "", *(style.dim(line) for line in wrap(note, style.width))])


def _sentence(found: Decision) -> str:
    last = found.last
    level = f"{100 * found.confidence:g} %"
    if found.decided:
        return (
            f"Decided after {last.trials:,} trials: {printable(last.best)} is best by {found.measure.label}, "
            f"at {level} confidence."
        )
    open_ = [printable(name) for name, apart in zip(last.others, last.separated, strict=True) if not apart]
    return (
        f"Not decided: the limit of {last.trials:,} trials was reached. {printable(last.best)} is ahead by "
        f"{found.measure.label}, but not told apart from {', '.join(open_)}."
    )


def decision_object(found: Decision) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "decided": found.decided,
        "reached": "decision" if found.decided else "trial limit",
        "best": found.last.best,
        "trials": found.last.trials,
        "statistic": found.measure.label,
        "confidence": found.confidence,
        "looks_planned": list(found.planned),
        "looks": [_look(look) for look in found.looks],
    }


def _look(look: Verdict) -> dict[str, Any]:
    return {
        "trials": look.trials,
        "best": look.best,
        "limit": look.limit,
        "others": {
            name: {**valued(gap, error), "told_apart": apart}
            for name, gap, error, apart in zip(look.others, look.gaps, look.errors, look.separated, strict=True)
        },
    }
