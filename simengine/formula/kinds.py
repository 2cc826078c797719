"""The kind of a formula from the kinds of its names: dimensional analysis, with a problem for each contradiction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from simengine.errors import Problem, Severity
from simengine.formula.axis import AXIS_NAMES
from simengine.formula.constants import constant_value
from simengine.formula.functions import CONSTANTS
from simengine.formula.kind import (
    RATE,
    SHARE,
    YEARS,
    Kind,
    Known,
    advice,
    amount,
    declared,
    exchange_rate,
    loosened,
    unit_label,
)
from simengine.formula.nodes import Name, Node, Number, Operation, postorder
from simengine.formula.problems import excerpt, problem_at

__all__ = ["RATE", "SHARE", "YEARS", "Kind", "Known", "amount", "declared", "exchange_rate", "infer", "unit_label"]


class _Anything:
    """The kind of a literal: whatever its place asks for."""


LITERAL: Final = _Anything()

Held = Kind | _Anything | None
"""What is known of a part of a formula: None is nothing, also after a contradiction, which is reported once."""

MIXES = ("{symbol} mixes {} and {}", "{} and {}")
ADDS = ("adds {1} to {0}", "{1} to {0}")
SUBTRACTS = ("subtracts {1} from {0}", "{1} from {0}")
COMPARES = ("compares {} with {}", "{} with {}")
"""Wordings of a contradiction, for the kinds and for the texts of two operands."""


def infer(node: Node, text: str, kinds: Known) -> tuple[Kind | None, list[Problem]]:
    """The kind of a formula, None where it is not known, and what contradicts itself in it.

    ``kinds`` are those of its names; names that are missing or None may be anything.  ``text`` is the formula as it
    was written; each problem has the span of the part that does not fit.
    """
    problems: list[Problem] = []
    held: list[Held] = []
    for part in postorder(node):
        match part:
            case Number():
                held.append(LITERAL)
            case Name(name):
                held.append(YEARS if name in AXIS_NAMES else LITERAL if name in CONSTANTS else kinds.get(name))
            case Operation(symbol, operands):
                taken = held[len(held) - len(operands) :]
                del held[len(held) - len(operands) :]
                held.append(_RULES[symbol](_Part(part, text, taken, problems)))
    found = held.pop()
    return (found if isinstance(found, Kind) else None), problems


@dataclass
class _Part:
    """An operation with the kinds of its operands; ``problems`` collects what is wrong."""

    node: Operation
    text: str
    taken: Sequence[Held]
    problems: list[Problem] = field(repr=False)

    def excerpt(self, place: int) -> str:
        """The text of an operand."""
        return excerpt(self.text, self.node.operands[place].span)

    def note(self, place: int, reason: str, hint: str, severity: Severity = "error") -> None:
        """A problem with an operand."""
        problem = problem_at(self.text, self.node.operands[place].span, reason, hint=hint)
        self.problems.append(replace(problem, severity=severity))

    def joined(self, places: Sequence[int], wording: tuple[str, str] = MIXES) -> Held:
        """The kind that operands have in common; a problem with the first one that has another."""
        found: Held = LITERAL
        first = 0
        for place in places:
            kind = self.taken[place]
            if not isinstance(kind, Kind):
                found = None if found is LITERAL and kind is None else found
            elif not isinstance(found, Kind) or (found.loose and found.agrees(kind)):
                found, first = kind, place
            elif not found.agrees(kind):
                self._disagree((first, found), (place, kind), wording)
                return None
        return found

    def _disagree(self, one: tuple[int, Kind], other: tuple[int, Kind], wording: tuple[str, str]) -> None:
        texts = self.excerpt(one[0]), self.excerpt(other[0])
        sentence = wording[0].format(one[1].label, other[1].label, symbol=self.node.symbol)
        self.note(
            other[0],
            f"{sentence}: {wording[1].format(*texts)}",
            advice(one[1], other[1], *texts),
            "warning" if one[1].loose or other[1].loose else "error",
        )

    def needs(self, place: int, what: str, fits: Callable[[Kind], bool], hint: str) -> bool:
        """Whether an operand may be what it has to be; a problem where it cannot.

        The literal in a loose kind may be what makes it fit, as in ``exp(-0.01 * price)``.
        """
        kind = self.taken[place]
        if not isinstance(kind, Kind) or kind.loose or fits(kind):
            return True
        self.note(place, f"{self.node.symbol} takes {what}, not {kind.label}: {self.excerpt(place)}", hint)
        return False

    def needs_plain(self, place: int = 0) -> bool:
        """Whether an operand may be a number without a dimension; a problem where it cannot."""
        kind = self.taken[place]
        hint = "divide it by a quantity of its own kind"
        if isinstance(kind, Kind) and not kind.currencies:
            hint = {-1: "multiply it by years", 1: "multiply it by a rate a year"}.get(int(kind.time), hint)
        return self.needs(place, "plain numbers", lambda kind: kind.plain, hint)


# ---- operators ----


def _product(one: Held, other: Held) -> Held:
    if one is None or other is None:
        return None
    if isinstance(one, Kind) and isinstance(other, Kind):
        product = one.times(other)
        return loosened(product) if product.loose else product
    kind = one if isinstance(one, Kind) else other
    return loosened(kind) if isinstance(kind, Kind) else LITERAL


def _inverse(held: Held) -> Held:
    return held.to_the(Fraction(-1)) if isinstance(held, Kind) else held


def _sum(part: _Part, wording: tuple[str, str]) -> Held:
    kind = part.joined((0, 1), wording)
    if isinstance(kind, Kind) and not all(isinstance(taken, Kind) for taken in part.taken):
        growth = not kind.currencies and kind.time < 0  # 1 + rate is the growth of a year
        effect = kind.loose and LITERAL in part.taken  # 1 - 0.01 * price is the effect of a price
        return None if growth or effect else kind
    return kind


def _compared(part: _Part) -> Held:
    part.joined((0, 1), COMPARES)
    return SHARE


def _truth(part: _Part) -> Held:
    return SHARE


def _same(part: _Part) -> Held:
    return part.taken[0]


def _power(part: _Part) -> Held:
    base, exponent = part.taken
    if isinstance(exponent, Kind) and exponent.currencies:
        reason = f"raises to a power that is {exponent.label}: {part.excerpt(1)}"
        part.note(1, reason, "a power is a plain number, or a number of years")
        return None
    if not isinstance(base, Kind) or base.plain:
        return base
    power = constant_value(part.node.operands[1], {})
    if power is None:
        if base.currencies:
            reason = f"raises {base.label} to a power that is not a number: {part.excerpt(0)}"
            part.note(0, reason, "divide it by a reference value first, as in (x / 100) ** k")
        return None
    return _raised(base, Fraction(power).limit_denominator(1000))


def _raised(base: Kind, power: Fraction) -> Kind | None:
    """Broken powers of years, such as those of learning curves, are not taken for dimensions."""
    found = base.to_the(power)
    return None if found.time.denominator > 1 and not found.currencies else found


# ---- functions ----


def _all_alike(part: _Part) -> Held:
    return part.joined(range(len(part.taken)))


def _chosen(part: _Part) -> Held:
    return part.joined((1, 2))


def _root(part: _Part) -> Held:
    held = part.taken[0]
    return _raised(held, Fraction(1, 2)) if isinstance(held, Kind) else held


def _pure(part: _Part) -> Held:
    held = part.taken[0]
    return held if part.needs_plain() and not (isinstance(held, Kind) and held.loose) else None


def _probability(part: _Part) -> Held:
    part.needs_plain()
    return SHARE


def _stock(part: _Part) -> Held:
    part.needs_plain(1)
    return part.joined([place for place in range(len(part.taken)) if place != 1])


def _at(part: _Part) -> Held:
    part.needs(1, "a time in years", lambda kind: kind == YEARS, "give the time in years, as the axis year is")
    return part.taken[0]


def _present_value(part: _Part) -> Held:
    part.needs(
        0, "a rate a year", lambda kind: kind in (RATE, SHARE), "the discount rate stands first: npv(rate, flow)"
    )
    if len(part.taken) > 2:
        part.needs_plain(2)
    return part.taken[1]


def _internal_rate(part: _Part) -> Held:
    part.joined([place for place in range(len(part.taken)) if place != 2])
    if len(part.taken) > 2:
        part.needs_plain(2)
    return RATE


def _giving(kind: Kind) -> Callable[[_Part], Held]:
    def rule(part: _Part) -> Held:
        _all_alike(part)
        return kind

    return rule


def _tiers(part: _Part) -> Held:
    last = len(part.taken) - 1
    base = part.joined((0, *range(1, last, 2)))
    return _product(base, part.joined((*range(2, last, 2), last)))


def _interpolated(part: _Part) -> Held:
    part.joined((0, *range(1, len(part.taken), 2)))
    return part.joined(range(2, len(part.taken), 2))


def _bass(part: _Part) -> Held:
    part.needs(0, "a time in years", lambda kind: kind in (YEARS, SHARE), "give the years since the launch")
    for place in (1, 2):
        part.needs(place, "rates a year", lambda kind: kind in (RATE, SHARE), "p and q are shares of the market a year")
    return SHARE


_RULES: Mapping[str, Callable[[_Part], Held]] = {
    **dict.fromkeys(("or", "and", "not"), _truth),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _compared),
    "+": lambda part: _sum(part, ADDS) if len(part.taken) == 2 else _same(part),
    "-": lambda part: _sum(part, SUBTRACTS) if len(part.taken) == 2 else _same(part),
    "*": lambda part: _product(*part.taken),
    "/": lambda part: _product(part.taken[0], _inverse(part.taken[1])),
    **dict.fromkeys(("**", "pow"), _power),
    **dict.fromkeys(("min", "max", "clip", "cap", "floor", "lag", "by_year"), _all_alike),
    **dict.fromkeys(("abs", "sum", "highest", "lowest", "cumsum", "cummax", "cummin"), _same),
    **dict.fromkeys(("cumsum_in_year", "lag_in_year", "year_total"), _same),
    **dict.fromkeys(("exp", "log"), _pure),
    "sqrt": _root,
    "normcdf": _probability,
    "where": _chosen,
    "tiers": _tiers,
    "interp": _interpolated,
    "bass": _bass,
    "cumprod": _pure,
    "accumulate": _stock,
    "at": _at,
    "npv": _present_value,
    "irr": _internal_rate,
    "payback": _giving(YEARS),
}
"""What each operator and function asks of the kinds of its operands, and the kind of its value."""
