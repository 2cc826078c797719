"""Kinds of quantities: amounts of a currency, shares, rates a year, years, and what formulas make of them.

A kind is the powers of currencies and of years in a quantity, as dimensions are in physics.  Nothing is known of
names without a kind, so nothing is refused for their sake.  Numbers as literals take the kind that their place
asks for.  What is left of an amount after multiplication by one is most likely money still, but the literal may be an
exchange rate, or a number of years: such a kind is ``loose``, and contradictions that rest on it are only warnings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

Word = Literal["amount", "share", "rate", "years"]
"""What a scenario calls the kind of an input or a constant."""


@dataclass(frozen=True)
class Kind:
    """Powers of currencies, each other than 0 and in order of their labels, and the power of years."""

    currencies: tuple[tuple[str, Fraction], ...] = ()
    time: Fraction = Fraction(0)
    loose: bool = False
    """Whether a literal had its part in it, so that only the total power of money is known."""

    @property
    def money(self) -> Fraction:
        """The powers of all currencies together: 1 for an amount, 0 for an exchange rate."""
        return sum((power for _, power in self.currencies), Fraction(0))

    @property
    def plain(self) -> bool:
        """Whether it is a number without a dimension: a share, a count, a ratio."""
        return not self.currencies and self.time == 0

    @property
    def units(self) -> str:
        """In what it is measured, such as ``USD/year``; empty for plain numbers."""
        parts = [(label or "money", power) for label, power in self.currencies] + [("year", self.time)]
        above = " ".join(_power(label, power) for label, power in parts if power > 0)
        below = " ".join(_power(label, -power) for label, power in parts if power < 0)
        return f"{above or '1'}/{below}" if below else above

    @property
    def label(self) -> str:
        """What it is, as a part of a sentence: ``an amount (USD)``, ``a rate (1/year)``."""
        if self.plain:
            return "a share or count"
        powers = [power for _, power in self.currencies]
        name = _NAMES.get((self.money, self.time), "a quantity") if len(powers) < 2 else "a quantity"
        if powers in ([1, -1], [-1, 1]) and self.time == 0:
            name = "an exchange rate"
        units = "years" if self == YEARS else self.units
        return name if self == amount() else f"{name} ({units})"

    def times(self, other: Kind) -> Kind:
        """The kind of a product."""
        powers = dict(self.currencies)
        for label, power in other.currencies:
            powers[label] = powers.get(label, Fraction(0)) + power
        kept = tuple(sorted((label, power) for label, power in powers.items() if power))
        return Kind(kept, self.time + other.time, self.loose or other.loose)

    def over(self, other: Kind) -> Kind:
        """The kind of a quotient."""
        return self.times(other.to_the(Fraction(-1)))

    def to_the(self, power: Fraction) -> Kind:
        """The kind of a power."""
        kept = tuple((label, held * power) for label, held in self.currencies if power)
        return Kind(kept, self.time * power, self.loose)

    def agrees(self, other: Kind) -> bool:
        """Whether the two can be added and compared, as far as is known."""
        if self.loose or other.loose:
            return self.money == other.money
        return replace(self, loose=False) == replace(other, loose=False)


_NAMES = {
    (Fraction(1), Fraction(0)): "an amount",
    (Fraction(1), Fraction(-1)): "an amount a year",
    (Fraction(0), Fraction(-1)): "a rate",
    (Fraction(0), Fraction(1)): "a time",
}
"""What quantities are called, by their powers of money and of years."""

SHARE = Kind()
"""Plain numbers: shares, counts, probabilities, ratios."""

RATE = Kind(time=Fraction(-1))
"""So much a year: a discount rate, a growth rate, a hazard."""

YEARS = Kind(time=Fraction(1))
"""Times and durations."""


def amount(currency: str = "") -> Kind:
    """Money of a currency; without a label that of the scenario, where it names none."""
    return Kind(((currency, Fraction(1)),))


def exchange_rate(into: str, of: str) -> Kind:
    """How much of one currency another one is worth."""
    return amount(into).over(amount(of))


def declared(word: Word, currency: str = "") -> Kind:
    """The kind that a scenario names; ``currency`` is that of an amount."""
    return amount(currency) if word == "amount" else {"share": SHARE, "rate": RATE, "years": YEARS}[word]


def unit_label(kind: Kind | None, money: str) -> str:
    """The unit of a quantity for people; ``money`` is what the scenario counts in, such as ``USD million``.

    Amounts of that currency read as ``money``, of another one as its own label.  Empty for plain numbers and for what
    has no known kind.
    """
    if kind is None or kind.plain:
        return ""
    if not kind.currencies and abs(kind.time) == 1:
        return "years" if kind.time == 1 else "a year"
    if len(kind.currencies) == 1 and kind.money == 1 and kind.time in (0, -1):
        ((label, _),) = kind.currencies
        unit = money if not label or money == label or money.startswith(f"{label} ") else label
        return f"{unit} a year".strip() if kind.time else unit
    return kind.units


def loosened(kind: Kind) -> Kind | None:
    """What is known of a product of a quantity and a literal, which may have any kind itself."""
    return replace(kind, loose=True) if kind.money else None


def advice(one: Kind, other: Kind, text: str, other_text: str) -> str:
    """How two quantities that do not agree could be made to; the texts are theirs."""
    ratio = one.over(other)
    powers = {"an amount": ratio.money, "period": Fraction(0) if ratio.loose else ratio.time}
    powers = {word: power for word, power in powers.items() if power}
    if not powers:
        labels = " and ".join(label or "the currency of the scenario" for label, _ in reversed(ratio.currencies))
        return f"{labels}: multiply one of them by an exchange rate"
    lesser = {text if power < 0 else other_text for power in powers.values()}
    if len(lesser) > 1 or any(abs(power) != 1 for power in powers.values()):
        return "check what is meant, or give one of their inputs another kind"
    return f"multiply {lesser.pop()} by {' and by '.join(powers)}, or give it another kind"


def _power(label: str, power: Fraction) -> str:
    return label if power == 1 else f"{label}^{power}"


Known = Mapping[str, Kind | None]
"""Kinds by name; None for what nothing is known of."""
