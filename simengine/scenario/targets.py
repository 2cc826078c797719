"""Standard errors that are asked for: ``T.mean = "0.1%"``, read from a scenario, an option or an argument.

``[STRATEGY:]OUTCOME.STATISTIC``: a strategy has no colon in its name and an outcome no point, so the first of each
divides, whatever the statistic is called (``prob_below_0.5``, ``P99.9``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simengine.distributions.values import show
from simengine.errors import Problem
from simengine.scenario.fields import FieldKind, refusal

_FORM = "[STRATEGY:]OUTCOME.STATISTIC, such as T.mean or licence:T.P5"
_AMOUNT = 'a number above 0 in the unit of the outcome, or a share of the value such as "0.1%"'
_MOST = 100


@dataclass(frozen=True)
class TargetError:
    """The standard error that one statistic is to have.

    strategy: None for all that report the outcome.  asked: a share of the value where ``relative``, else in the unit of
    the statistic.
    """

    strategy: str | None
    outcome: str
    statistic: str
    asked: float
    relative: bool

    @property
    def name(self) -> str:
        """What is asked for, as it is written."""
        return (f"{self.strategy}:" if self.strategy is not None else "") + f"{self.outcome}.{self.statistic}"


def read_targets(asked: Mapping[str, object], key: str) -> tuple[list[TargetError], list[Problem]]:
    """All targets of a table whose names can be read, and everything that is wrong; ``key`` is what problems call it.

    An amount that is wrong is NaN in the target, so that what it names can still be looked up.
    """
    found, problems = [], []
    flat = flattened(asked)
    for name, value in flat.items():
        shown = f"{name}={value if isinstance(value, str) else show(value)}"
        parts = _parts(name)
        amount = _amount(value)
        if parts is None:
            problems.append(Problem("names no statistic", key, shown, _FORM))
        if isinstance(amount, tuple):
            problems.append(Problem(amount[0], key, shown, amount[1]))
        if parts is not None:
            number = amount if isinstance(amount, float) else math.nan
            relative = isinstance(value, str) and value.strip().endswith("%")
            found.append(TargetError(*parts, number, relative=relative))
    if len(flat) > _MOST:
        problems.append(Problem(f"has {len(flat)} entries", key, allowed=f"at most {_MOST}"))
    return found, problems


def flattened(table: Mapping[str, object], before: str = "") -> dict[str, object]:
    """Tables in tables by dotted path: in TOML, ``T.mean = 1`` without quotes is a table T."""
    found: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def _parts(name: str) -> tuple[str | None, str, str] | None:
    """Strategy, outcome and statistic of a name; None where it is no such name."""
    strategy, colon, rest = name.partition(":") if ":" in name else ("", "", name)
    outcome, _, statistic = rest.partition(".")
    if not (outcome and statistic) or (colon and not strategy):
        return None
    return strategy or None, outcome, statistic


def _amount(value: object) -> float | tuple[str, str]:
    """What is asked for, shares as shares; or what is wrong with it, and what is allowed."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "is not a number", _AMOUNT
    relative = isinstance(value, str) and value.strip().endswith("%")
    try:
        amount = float(value.strip().removesuffix("%")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return "is not a number", _AMOUNT
    if not math.isfinite(amount) or amount <= 0.0:
        return "is not a standard error that trials can reach", _AMOUNT
    if relative and amount >= 100.0:
        return "is as large as the value itself", "above 0 and below 100 %"
    return amount / 100.0 if relative else amount


class TargetTable(FieldKind):
    """A table of targets by name."""

    allowed = f"a table of {_FORM}, each with {_AMOUNT}"

    def read(self, value: object) -> dict[str, object]:
        """The table, flattened; every entry that is wrong is named."""
        if not isinstance(value, Mapping):
            raise refusal("is not a table", allowed=self.allowed)
        _, problems = read_targets(value, "")
        if problems:
            allowed = dict.fromkeys(problem.allowed for problem in problems if problem.allowed)
            raise refusal("; ".join(f"{p.value} {p.reason}" for p in problems[:10]), allowed="; ".join(allowed))
        return flattened(value)

    def json_schema(self) -> dict[str, Any]:
        """Numbers and percentages by name; tables in it are dotted names."""
        number = {"type": "number", "exclusiveMinimum": 0}
        share = {"type": "string", "pattern": r"^\s*[0-9.eE+-]+\s*%?\s*$"}
        return {"type": "object", "additionalProperties": {"anyOf": [number, share, {"type": "object"}]}}
