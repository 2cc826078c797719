"""Comparisons of scenarios given as text, for tests; statistics of pairs by plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from simengine.analysis.compare.build import compare
from simengine.analysis.compare.question import Question
from simengine.report.comparison import Comparison
from simengine.scenario import loads

PAIR = """
[inputs]
x = { dist = "normal", mean = 1, sd = 1 }
y = { dist = "normal", mean = 0, sd = 2 }
[[correlations]]
between = ["x", "y"]
normal = 0.3
[model]
T = "x"
[strategies.A]
[strategies.B]
model.T = "y"
"""
"""Two strategies that are correlated normal variables."""

LICENCES = """
[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[constants]
unit_price = 1
[model]
T = "unit_price * V * D * R * (1 - L) - fee"
[inputs.fee]
dist = "pert"
min = 0
mode = 10
max = 30
[strategies.licence]
[strategies.patent]
"inputs.V.scale" = 1.25
[strategies.sale]
model.T = "unit_price * price"
[strategies.sale.inputs.price]
dist = "pert"
min = 380
mode = 470
max = 580
"""
"""Three strategies of a licence, of which two share most draws."""


def scenario_of(text: str, file: str = "<text>"):
    """A scenario from text; a missing [scenario] table is supplied."""
    return loads(text if "[scenario]" in text else '[scenario]\nname = "test"\n' + text, file=file)


def comparison_of(*texts: str, **options: Any) -> Comparison:
    """The comparison of scenarios given as text."""
    options = {"trials": 20_000, "seed": 7, "threads": 1, **options}
    return Comparison(
        compare([scenario_of(text, f"file{k}.toml") for k, text in enumerate(texts, 1)], Question(**options))
    )


def number(comparison: Comparison, name: str, *places: str, at: float | None = None) -> tuple[float, float]:
    """A number and its standard error: at a strategy, or a pair of them, of the first outcome."""
    record = comparison.record
    where = tuple(record.strategies.index(place) for place in places)
    level: tuple[int, ...] = ()
    if at is not None:
        dim = record.layout.variables[name].dims[-1]
        level = (record[dim].tolist().index(at),)
    return tuple(float(record[name + end][(*where, 0, *level)]) for end in ("", "_se"))  # type: ignore[return-value]


def areas(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float, float]:
    """Integral of |F_a - F_b|, its part where a is below, and the largest and smallest integral from the left."""
    z = np.sort(np.concatenate([a, b]))
    lead = np.searchsorted(np.sort(a), z[:-1], "right") / len(a) - np.searchsorted(np.sort(b), z[:-1], "right") / len(b)
    steps = lead * np.diff(z)
    reached = np.cumsum(steps)
    return np.abs(steps).sum(), steps[steps > 0].sum(), reached.max(), reached.min()
