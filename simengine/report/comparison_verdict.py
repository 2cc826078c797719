"""What a comparison says in plain words, with no more certainty than its intervals have."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simengine.report.comparison_rows import Number, of_all, of_pair, of_strategy
from simengine.report.numbers import Estimate, estimate, level
from simengine.report.text import Style
from simengine.results.record import Record

CLOSE = 0.05
"""A dominance ratio up to which a strategy is said to dominate within it.

Reference: Levy, Leshno and Leibovitch, "Economically relevant preferences for all observed epsilon", Annals of
Operations Research 176, 2010: the most that no subject of their experiments refused was about 0.06.
"""
ON_TRIALS = "On these trials "
"""How every sentence begins that tells dominance from samples."""
ENDS = (10.0, 90.0)
"""The bad and the good percentile that a verdict names, among those that every comparison has."""


@dataclass(frozen=True)
class Verdict:
    """The sentences about one outcome: which strategy leads, each against the baseline, and dominance."""

    leading: tuple[str, ...]
    against_baseline: tuple[str, ...]
    dominance: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, in order."""
        return (*self.leading, *self.against_baseline, *self.dominance)


def verdict_of(record: Record, output: int, style: Style) -> Verdict:
    """The verdict on one outcome, given by its place."""
    members = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    base = _baseline(record, members)
    said = _Words(record, output, style)
    against = tuple(said.against(s, base) for s in members if s != base)
    return Verdict(tuple(said.leading(members)), against, tuple(said.dominance(members)))


def baseline_of(record: Record, output: int) -> int:
    """The place of the baseline, or of the first strategy where the baseline does not report the outcome."""
    return _baseline(record, [s for s in range(len(record.strategies)) if record["reported"][s, output]])


def _baseline(record: Record, members: list[int]) -> int:
    wanted = record.strategies.index(record.text("baseline"))
    return wanted if wanted in members else members[0]


@dataclass(frozen=True)
class _Words:
    """Sentences about one outcome."""

    record: Record
    output: int
    style: Style

    def leading(self, members: list[int]) -> list[str]:
        """Which strategy has the highest mean and which is best most often, and what knowing more would be worth."""
        names, unit = self.record.strategies, str(self.record["unit"][self.output])
        means = {s: float(self.record["mean"][s, self.output]) for s in members}
        top = max(members, key=lambda s: means[s])
        rest = [s for s in members if s != top]
        same = [s for s in rest if self.record["identical"][top, s, self.output]]
        close = [s for s in rest if s not in same and not self.record["different"][top, s, self.output]]
        unknown = [s for s in close if math.isnan(self.record["mean_difference_se"][top, s, self.output])]
        near = [s for s in close if s not in unknown]
        text = f"{names[top]} has the highest mean"
        text += f", and so {_has(same)} {_listed([names[s] for s in same])}, identical to it" if same else ""
        if near:
            text += f"; that of {_listed([names[s] for s in near])} differs by no more than these trials can tell"
        if unknown:
            text += f"; these trials do not tell the error of its lead over {_listed([names[s] for s in unknown])}"
        if not close and len(rest) > len(same):
            text += ", beyond the error of its lead over every other"
        sentences = [f"{text}."]
        best = {s: self._of(s)["prob_best"] for s in members}
        often = max(members, key=lambda s: best[s].value)
        share = self._text(best[often].estimate)
        evpi = next(iter(of_all(self.record, self.output)))
        worth = self._text(evpi.estimate) + (f" {unit}" if unit else "")
        sentences.append(
            f"{names[often]} is the best of all in {share} % of trials; knowing every outcome beforehand would be "
            f"worth {worth} on top of {names[top]} (EVPI)."
        )
        return sentences

    def against(self, strategy: int, baseline: int) -> str:
        """One strategy against the baseline."""
        names = self.record.strategies
        if self.record["identical"][strategy, baseline, self.output]:
            return f"{names[strategy]} and {names[baseline]} are identical: the same outcome in every trial."
        found = {number.key: number for number in of_pair(self.record, strategy, baseline, self.output)}
        share = self._text(found["prob_beats"].estimate)
        parts = [f"{names[strategy]} beats {names[baseline]} in {share} % of trials"]
        parts.append(self._of_means(found["mean_difference"]))
        parts.append(", ".join(self._at(percent, found[f"p{level(percent)}_difference"]) for percent in ENDS))
        return "; ".join(parts) + "."

    def dominance(self, members: list[int]) -> list[str]:
        """Which strategy dominates which within a small ratio, of those whose means are told apart."""
        sentences, untold, none = [], [], False
        for place, a in enumerate(members):
            for b in members[place + 1 :]:
                if self.record["identical"][a, b, self.output]:
                    continue
                if not self.record["different"][a, b, self.output]:
                    untold.append((a, b))
                    continue
                ahead = self.record["mean_difference"][a, b, self.output] > 0.0
                line = self._dominates(*((a, b) if ahead else (b, a)))
                sentences += [line] if line else []
                none = none or not line
        if none and not (sentences or untold):
            sentences.append(f"No strategy dominates another within {CLOSE:g}.")
        elif none:
            sentences.append(f"{ON_TRIALS}no other pair does so within {CLOSE:g}.")
        if untold:
            sentences.append(self._untold(untold))
        return sentences

    def _dominates(self, a: int, b: int) -> str:
        """One dominating the other on these trials, which is never said to be more than a ratio and its error."""
        place, names = (a, b, self.output), self.record.strategies
        first, second = self.record["dominance_ratio"][place], self.record["second_order_ratio"][place]
        if self.record["dominance_ratio_se"][place] == 0.0:
            return f"{names[a]} dominates {names[b]}: it has a constant more, whatever is drawn."
        head = f"{ON_TRIALS}{names[a]} dominates {names[b]} within"
        twice = f"{self._within('second_order_ratio', place)} in the second"
        if first == 0.0:
            return f"{head} {self._within('dominance_ratio', place)} in the first order."
        if first <= CLOSE:
            return f"{head} {self._within('dominance_ratio', place)} in the first order, {twice}."
        return f"{head} {twice} order." if second <= CLOSE else ""

    def _untold(self, pairs: list[tuple[int, int]]) -> str:
        names = self.record.strategies
        listed = [f"{names[a]} and {names[b]}" for a, b in pairs]
        if len(listed) == 1:
            return f"{listed[0]} cannot be told apart by their means."
        return f"These cannot be told apart by their means: {'; '.join(listed)}."

    def _within(self, name: str, place: tuple[int, int, int]) -> str:
        return self._text(estimate(float(self.record[name][place]), float(self.record[f"{name}_se"][place])))

    def _of(self, strategy: int) -> dict[str, Number]:
        return {number.key: number for number in of_strategy(self.record, strategy, self.output)}

    def _of_means(self, difference: Number) -> str:
        if math.isnan(difference.se):
            side = "lower" if difference.value < 0 else "higher"
            return f"its mean is {self._size(difference)} {side} on these trials"
        if difference.low <= 0.0 <= difference.high:
            return f"its mean shows no difference that these trials can tell ({self._text(difference.estimate)})"
        return f"its mean is {self._size(difference)} {'higher' if difference.value > 0 else 'lower'}"

    def _at(self, percent: float, difference: Number) -> str:
        place = f"at P{level(percent)}"
        if math.isnan(difference.se) or difference.low <= 0.0 <= difference.high:
            return f"{place} no difference can be told"
        return f"{place} it is {'better' if difference.value > 0 else 'worse'} by {self._size(difference)}"

    def _size(self, difference: Number) -> str:
        return self._text(estimate(abs(difference.value), difference.se))

    def _text(self, number: Estimate) -> str:
        return number.text(self.style.plus_minus)


def _has(names: list[int]) -> str:
    return "has" if len(names) == 1 else "have"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
