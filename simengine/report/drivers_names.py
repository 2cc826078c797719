"""What drivers are called in tables: clocks by what they time; draws of one quantity over the periods are one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simengine.report.text import printable
from simengine.results.record import Record

_NUMBERED = re.compile(r"(?P<base>.+)_(?P<period>[1-9]\d*)")
_CLOCK = "hazard used up when "
MOST_ROWS = 12
"""Rows of a table of drivers, beyond which those that do nothing are only counted."""
NOTHING = 0.0005
"""A share of variance that rounds to nothing."""


def factor_name(record: Record, factor: int) -> str:
    """The name of a factor; that of a clock, on which a hazard is used up, says what happens then."""
    name, title = str(record["factor"][factor]), str(record["factor_title"][factor])
    if not (name.endswith("_clock") and title.startswith(_CLOCK)):
        return printable(name)
    who = name.removesuffix("_clock")
    if not title.endswith("defaults"):
        return printable(f"time of {who}")
    return printable("time of default" if who == "partner" else f"time of default of {who}")


def over_periods(record: Record) -> dict[str, list[int]]:
    """Places of the inputs that are draws of one quantity, one for each period: ``shock_1``, ``shock_2``, ..."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for place, (name, kind) in enumerate(zip(record["factor"], record["factor_kind"], strict=True)):
        numbered = _NUMBERED.fullmatch(str(name))
        if numbered is not None and kind == "input":
            key = numbered["base"], str(record["factor_title"][place])
            found.setdefault(key, []).append((int(numbered["period"]), place))
    return {
        base: [place for _, place in sorted(members)]
        for (base, _), members in found.items()
        if len(members) > 1 and sorted(period for period, _ in members) == list(range(1, len(members) + 1))
    }


def joined(record: Record, shown: Sequence[int]) -> list[tuple[str, list[int]]]:
    """The rows of a table: factors by name, those of one quantity over the periods together."""
    groups = {place: base for base, places in over_periods(record).items() for place in places}
    rows: dict[str, list[int]] = {}
    for factor in shown:
        base = groups.get(factor)
        rows.setdefault(factor_name(record, factor) if base is None else f"{base} of each period", []).append(factor)
    return list(rows.items())


def summed(values: NDArray[np.float64], errors: NDArray[np.float64]) -> tuple[float, float]:
    """The sum of shares of independent draws, and its standard error."""
    return math.fsum(values.tolist()) if np.isfinite(values).all() else math.nan, float(np.hypot.reduce(errors))
