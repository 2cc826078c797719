"""Formulas over years evaluated on plain floats, for tests that compare them with references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simengine.formula import Grid, is_yearly, parse
from simengine.formula.arithmetic import FLOATS
from simengine.formula.axis import Yearly, YearlyArithmetic
from simengine.formula.shapes import lower_over_years

LENGTHS = st.sampled_from([1.0, 0.25, 0.1, 2.0, 1 / 12])
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))
FLOWS = st.lists(NUMBERS, min_size=1, max_size=12)


def value(text: str, periods: int = 10, length: float = 1.0, **names: float | Sequence[float]) -> Any:
    """The value of a formula: a number, or an array of one number a period."""
    on = YearlyArithmetic(FLOATS, Grid(periods, length))
    held = {name: x if isinstance(x, float | int) else Yearly(tuple(x)) for name, x in names.items()}
    found = lower_over_years(parse(text), on, held.__getitem__)
    yearly = {name: isinstance(x, Yearly) for name, x in held.items()}
    assert isinstance(found, Yearly) == is_yearly(parse(text), yearly)
    return np.array(found.values) if isinstance(found, Yearly) else found


def same(found: Any, expected: Any, rel: float = 0.0) -> None:
    np.testing.assert_allclose(found, expected, rtol=rel, atol=0.0)
