"""The kinds of values that the tables of a scenario hold: each checks a value and describes itself to editors.

Each is an annotation for pydantic.  A refused value carries reason, allowed range and hint in plain words.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simengine.distributions.values import Bounds, read_integer, read_number, show
from simengine.errors import InvalidInput
from simengine.scenario import names

T = TypeVar("T", bound=Hashable)

REFUSED = "refused"
"""The type of pydantic errors that carry our own words."""

DISTRIBUTION_MARK = {"format": "simengine-distribution"}
"""What stands in the JSON Schema of a table where a number or a distribution may stand."""


def refusal(reason: str, *, allowed: str | None = None, hint: str | None = None) -> PydanticCustomError:
    """The error by which a value is refused."""
    return PydanticCustomError(REFUSED, "{reason}", {"reason": reason, "allowed": allowed, "hint": hint})


class FieldKind(ABC):
    """What a field checks (:meth:`read`), and how it is described to people and to editors."""

    allowed: str

    @abstractmethod
    def read(self, value: object) -> object:
        """The value as it is kept; a value that is not allowed is refused by :func:`refusal`."""

    @abstractmethod
    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of the values that are allowed, as far as JSON Schema can say it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.json_schema()


@dataclass(frozen=True)
class NumberIn(FieldKind):
    """A number within bounds; a true number, not a text, a date, or true/false."""

    bounds: Bounds
    whole: bool = False

    @property
    def allowed(self) -> str:  # type: ignore[override]
        """The bounds in words."""
        return f"a whole number, {self.bounds}" if self.whole else str(self.bounds)

    def read(self, value: object) -> float:
        """``value`` as a float, or as an int where whole numbers are asked for."""
        try:
            return read_integer(value, "", self.bounds) if self.whole else read_number(value, "", self.bounds)
        except InvalidInput as error:
            problem = error.problems[0]
            raise refusal(problem.reason, allowed=self.allowed, hint=problem.hint) from None

    def json_schema(self) -> dict[str, Any]:
        """A number with its bounds."""
        found: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        low, high = self.bounds.low, self.bounds.high
        if math.isfinite(low):
            found["exclusiveMinimum" if self.bounds.low_open else "minimum"] = int(low) if low == int(low) else low
        if math.isfinite(high):
            found["exclusiveMaximum" if self.bounds.high_open else "maximum"] = int(high) if high == int(high) else high
        return found


@dataclass(frozen=True)
class Text(FieldKind):
    """A text for people; any characters but control characters, so that it is safe to print."""

    most: int = 2_000

    allowed = "a text in quotes"

    def read(self, value: object) -> str:
        """``value`` itself where it is such a text."""
        if not isinstance(value, str):
            raise refusal("is not a text", allowed=self.allowed)
        if len(value) > self.most:
            raise refusal(f"has {len(value):,} characters", allowed=f"at most {self.most:,}")
        wrong = next((c for c in value if c not in "\t\n" and (c < " " or "\x7f" <= c <= "\x9f")), None)
        if wrong is not None:
            raise refusal(f"contains the control character U+{ord(wrong):04X}", allowed="visible characters")
        return value

    def json_schema(self) -> dict[str, Any]:
        """A string."""
        return {"type": "string", "maxLength": self.most}


@dataclass(frozen=True)
class Slug(FieldKind):
    """A short name of letters (of any script), digits, - and _.  ``what`` is what it names."""

    what: str

    allowed = names.SLUG

    def read(self, value: object) -> str:
        """``value`` itself where it is such a name."""
        if not isinstance(value, str):
            raise refusal("is not a text", allowed=self.allowed)
        problem = names.check_slug(value, self.what)
        if problem:
            raise refusal(problem.reason, allowed=problem.allowed, hint=problem.hint)
        return value

    def json_schema(self) -> dict[str, Any]:
        """A string without spaces."""
        return {"type": "string", "minLength": 1, "maxLength": names.MAX_NAME, "pattern": r"^[^\s\-]\S*$"}


class DistributionValue(FieldKind):
    """A number, a shorthand such as "600 to 1600", or a distribution: read later, by the table of families."""

    allowed = 'a number, a text such as "600 to 1600", or { dist = ... }'

    def read(self, value: object) -> object:
        """``value`` itself."""
        return value

    def json_schema(self) -> dict[str, Any]:
        """A mark that stands for a reference to the one definition of all families.

        pydantic follows references, and does not know that definition; the schema of the file puts it in.
        """
        return dict(DISTRIBUTION_MARK)


@dataclass(frozen=True)
class TermValue(DistributionValue):
    """A value of a deal: also a list with a number for each period where ``by_year``, or ``"= formula"``.

    ``kind`` is amount, share, rate (a year) or years; ``share`` stands for every number without a unit.
    """

    kind: str
    bounds: Bounds
    by_year: bool = False

    @property
    def allowed(self) -> str:  # type: ignore[override]
        """The bounds in words, and how a value may be written."""
        listed = ", a list with a number for each period" if self.by_year else ""
        return f'a number, {self.bounds}, a text such as "5 to 10", {{ dist = ... }}{listed}, or "= formula"'

    def json_schema(self) -> dict[str, Any]:
        """A mark for a number or a distribution; a formula or a list of numbers beside it."""
        formula = {"type": "string", "pattern": r"^\s*=", "description": "a formula after ="}
        listed = {"type": "array", "items": {"type": "number"}, "minItems": 1}
        return {"anyOf": [dict(DISTRIBUTION_MARK), formula, *([listed] if self.by_year else [])]}


def items(least: int, most: int, what: str) -> Callable[[tuple[T, ...]], tuple[T, ...]]:
    """A check for lists: how many items there may be, and none of them twice."""

    def check(values: tuple[T, ...]) -> tuple[T, ...]:
        if not least <= len(values) <= most:
            raise refusal(f"has {len(values)} {what}", allowed=f"{least} to {most}")
        seen: set[T] = set()
        for value in values:
            if value in seen:
                raise refusal(f"names {show(value)} twice", allowed=f"different {what}")
            seen.add(value)
        return values

    return check
