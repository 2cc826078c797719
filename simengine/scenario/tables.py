"""What the tables of a scenario file are made of: kinds of fields, and the table that refuses unknown keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from simengine.distributions.values import ANY, NOT_NEGATIVE, PROBABILITY, Bounds
from simengine.formula.tokens import MAX_TEXT
from simengine.scenario.fields import DistributionValue, NumberIn, TermValue, Text

TextField = Annotated[str, Text()]
LabelField = Annotated[str, Text(100)]
FORMULA = Text(MAX_TEXT)
FormulaField = Annotated[str, FORMULA]
Number = Annotated[float, NumberIn(Bounds())]
Value = Annotated[object, DistributionValue()]
Correlation = Annotated[float, NumberIn(Bounds(-1, 1))]
Percentile = Annotated[float, NumberIn(Bounds(0, 100, low_open=True, high_open=True))]
TailLevel = Annotated[float, NumberIn(Bounds(0.5, 1, low_open=True, high_open=True))]
Dof = Annotated[float, NumberIn(Bounds(0.25, 1e4))]

Amount = Annotated[object, TermValue("amount", NOT_NEGATIVE)]
AmountByYear = Annotated[object, TermValue("amount", NOT_NEGATIVE, by_year=True)]
Share = Annotated[object, TermValue("share", PROBABILITY)]
ShareByYear = Annotated[object, TermValue("share", PROBABILITY, by_year=True)]
Hazard = Annotated[object, TermValue("rate", NOT_NEGATIVE)]
HazardByYear = Annotated[object, TermValue("rate", NOT_NEGATIVE, by_year=True)]
Growth = Annotated[object, TermValue("share", Bounds(-1, 100, low_open=True))]
Years = Annotated[object, TermValue("years", NOT_NEGATIVE)]
Count = Annotated[object, TermValue("share", NOT_NEGATIVE)]
CountByYear = Annotated[object, TermValue("share", NOT_NEGATIVE, by_year=True)]
Factor = Annotated[object, TermValue("share", NOT_NEGATIVE)]
Drift = Annotated[object, TermValue("rate", ANY)]


class Table(BaseModel):
    """A table of the file: fixed keys, and no other."""

    # Types are built when first used: ScenarioFile, the largest, serves the JSON Schema only.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    also_called: ClassVar[Mapping[str, str]] = {}
    """Keys by what other programs call them."""


class Described(Table):
    """What may be said of any quantity beside its value."""

    title: TextField = ""
    """What it is, for people."""
    unit: LabelField = ""
    """Its unit, where it is not an amount of money."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""
    kind: Literal["", "amount", "share", "rate", "years"] = ""
    """What it is, so that formulas can be checked: an amount of money, a share or count, a rate a year, years."""
    currency: LabelField = ""
    """The currency of an amount, where it is not that of the scenario."""
    each: Literal["trial", "year"] = "trial"
    """Whether it is drawn once a trial, or anew for every period."""
