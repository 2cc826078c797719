"""What a run that stops by itself has to say: after every look, and in the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simengine.report.numbers import significant
from simengine.results.record import Record

if TYPE_CHECKING:
    from simengine.engine.stopping import Finding, Look


def look_line(look: Look) -> str:
    """One line after a look: the statistic that is farthest from what is asked, and the trials that are foreseen."""
    trials = look.statistics.trials
    if look.verdict.met:
        return f"{trials:,} trials: every standard error that is asked for is reached"
    worst = max((finding for finding in look.verdict.findings if not finding.met), key=_farness)
    said = _said(vars(worst) | {"se_bound": worst.bound}, "±", named=True)
    needed = look.verdict.needed
    foreseen = f"about {_rounded(needed)} trials are needed" if needed else "how many are needed cannot be foreseen yet"
    return f"{trials:,} trials: {said}; {foreseen}"


def stopping_lines(record: Record, plus_minus: str) -> list[str]:
    """What was asked for and what was reached, a line for each statistic; nothing where nothing was asked."""
    found: Mapping[str, Any] | None = record.document("stopping")
    if found is None:
        return []
    trials = record.integer("trials")
    lines = []
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for entry in found["targets"]:
        by_name.setdefault(entry["name"], []).append(entry)
    for entries in by_name.values():
        missed = [entry for entry in entries if not entry["reached"]]
        for entry in missed:
            said = _said(entry, plus_minus, named=len(record.strategies) > 1)
            needed = entry["trials_needed"]
            more = f"about {_rounded(needed)} are needed" if needed else "how many are needed cannot be foreseen"
            lines.append(f"NOT REACHED: {said} after {trials:,} trials, the limit; {more}.")
        if not missed:
            worst = max(entries, key=_reached_share)
            least = " or less in every strategy" if len(entries) > 1 else ""
            lines.append(f"{_said(worst, plus_minus, named=False)}{least} after {trials:,} trials.")
    lines.append(f"In these lines {plus_minus} is an upper bound of the standard error, with 95 % confidence.")
    return lines


def _reached_share(entry: Mapping[str, Any]) -> float:
    """How much of what is asked for was needed."""
    return float(entry["se_bound"] / entry["asked"])


def _said(entry: Mapping[str, Any], plus_minus: str, *, named: bool) -> str:
    """A statistic, the bound of its error and what is asked, as shares of the value where a share is asked for."""
    name = entry["name"] if ":" in entry["name"] or not named else f"{entry['strategy']}:{entry['name']}"
    value, bound, share = _number(entry["value"]), _number(entry["se_bound"]), entry["share"]
    if share:
        goal = f"{significant(100.0 * share, 3)} %"
        reached = f"{significant(100.0 * bound / abs(value), 3)} %" if value and math.isfinite(bound) else "?"
    else:
        goal, reached = significant(entry["asked"], 3), significant(bound, 3) if math.isfinite(bound) else "?"
    why = f"; {entry['why']}" if entry["why"] else ""
    return f"{name} {plus_minus} {reached} (asked {goal}{why})"


def _farness(finding: Finding) -> float:
    return finding.needed if finding.needed is not None else math.inf


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _rounded(trials: float) -> str:
    """Two digits of a forecast say more than it knows."""
    return f"{float(f'{trials:.2g}'):,.0f}"
