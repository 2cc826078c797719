"""Measures of outcomes as text: probabilities in percent, everything rounded to what its error allows."""

from __future__ import annotations

import math
from typing import Any

from simengine.analysis.measures import Measure
from simengine.report.numbers import Estimate, estimate, share, significant

_NOISE = 1e-12
"""Of a value, below which its error is that of rounding."""


def measure_estimate(measure: Measure, value: float, se: float) -> Estimate:
    """A value and its error; probabilities are in percent, without the sign."""
    if 0.0 < se < _NOISE * abs(value):
        return Estimate(significant(100.0 * value if measure.share else value, 8))
    return share(value, se) if measure.share else estimate(value, se)


def difference_estimate(measure: Measure, value: float, se: float) -> Estimate:
    """A difference of two values; that of probabilities is in percentage points.  It has a sign."""
    factor = 100.0 if measure.share else 1.0
    noise = 0.0 < se < _NOISE * abs(value)
    shown = Estimate(significant(factor * value, 8)) if noise else estimate(factor * value + 0.0, factor * se)
    return Estimate("+" + shown.value if value > 0.0 and shown.value[:1].isdigit() else shown.value, shown.error)


def heading(measure: Measure) -> str:
    """The label of a row or column: with the sign of percent, which the numbers leave out."""
    return f"{measure.label}, %" if measure.share else measure.label


def number(value: float) -> float | None:
    """A number for JSON: None where there is none."""
    return float(value) if math.isfinite(value) else None


def valued(value: Any, se: Any) -> dict[str, float | None]:
    """A value and its error for JSON."""
    return {"value": number(float(value)), "se": number(float(se))}
