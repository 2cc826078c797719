"""What `--until-decided` says: which strategy is best, whether that is settled, and after how many trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simengine.report.numbers import Estimate, estimate
from simengine.report.text import Cell, Column, Style, printable, table, wrap


def decision_report(found: Mapping[str, Any], style: Style) -> str:
    """The verdict in a sentence, and how far every other strategy is behind; ``found`` is a decision's document."""
    last = found["looks"][-1]
    lines = [style.bold(line) for line in wrap(decision_sentence(found), style.width)]
    rows: list[list[Cell]] = [
        [printable(name), _gap(one, share=found["share"]), "yes" if one["told_apart"] else "no"]
        for name, one in last["others"].items()
    ]
    unit = ", percentage points" if found["share"] else ""
    columns = [Column("strategy"), Column(f"worse by{unit}", "right"), Column("told apart")]
    lines += ["", *table(columns, rows, style)]
    if last["limit"] is None:
        note = "Nothing is told apart: so few trials tell no error."
    else:
        note = (
            f"Told apart: ahead by more than {last['limit']:.2f} standard errors of the paired difference, a limit "
            f"that allows for all {len(found['looks_planned'])} looks and for the number of strategies."
        )
    if any(one["se"] is None for one in last["others"].values()):
        note += (
            " An error is unknown where the difference is the same in every trial or hangs on few of them: what would "
            "turn it round may not have been drawn."
        )
    return "\n".join([*lines, "", *(style.dim(line) for line in wrap(note, style.width))])


def _gap(one: Mapping[str, Any], *, share: bool) -> Estimate:
    factor = 100.0 if share else 1.0
    value, se = (math.nan if one[key] is None else factor * one[key] for key in ("value", "se"))
    return estimate(value, se)


def decision_sentence(found: Mapping[str, Any]) -> str:
    """Whether the limit was reached first, and which strategy is best or ahead."""
    last, best = found["looks"][-1], printable(found["best"])
    if found["decided"]:
        level = f"{100 * found['confidence']:g} %"
        after = f"Decided after {found['trials']:,} trials"
        return f"{after}: {best} is best by {found['statistic']}, at {level} confidence."
    open_ = [printable(name) for name, one in last["others"].items() if not one["told_apart"]]
    return (
        f"Not decided: the limit of {found['trials']:,} trials was reached. {best} is ahead by "
        f"{found['statistic']}, but not told apart from {', '.join(open_)}."
    )
