"""The one table of families. Adding a family is adding a row to one of the modules named here, and its tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from simengine.distributions.families import (
    bounded,
    compound,
    counts,
    data,
    gamma,
    location_scale,
    metalog,
    mixture,
    positive,
    sipmath,
)
from simengine.distributions.family import Family, Form, Parameter
from simengine.distributions.pieces import constant

_CONSTANT = Family(
    "constant",
    "a number without uncertainty",
    constant,
    (Form((Parameter("value", "the number"),)),),
    '{ dist = "constant", value = 684 }',
    "",
)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            _CONSTANT,
            *location_scale.ROWS[:1],
            *bounded.ROWS,
            *location_scale.ROWS[1:2],
            *positive.ROWS,
            *gamma.ROWS,
            *location_scale.ROWS[2:],
            *metalog.ROWS,
            *data.ROWS[:1],
            *data.ROWS[1:2],
            *counts.ROWS,
            *data.ROWS[2:],
            *sipmath.ROWS,
            *mixture.ROWS,
            *compound.ROWS,
        )
    }
)
"""Every family by its name, in the order in which ``simengine distributions`` lists them."""
