"""What a comparison says in plain words, with no more certainty than its intervals have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from simengine.report.comparison_rows import Number, of_all, of_pair, of_strategy
from simengine.report.language import Words, words
from simengine.report.numbers import Estimate, estimate, level
from simengine.report.text import Style
from simengine.results.record import Record

CLOSE = 0.05
"""A dominance ratio up to which a strategy is said to dominate within it.

Reference: Levy, Leshno and Leibovitch, "Economically relevant preferences for all observed epsilon", Annals of
Operations Research 176, 2010: the most that no subject of their experiments refused was about 0.06.
"""
ON_TRIALS = words().on_trials
"""How every English sentence begins that tells dominance from samples."""
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


def verdict_of(
    record: Record,
    output: int,
    style: Style,
    *,
    said: Words | None = None,
    names: Sequence[str] = (),
    told: Callable[[Number], str] | None = None,
) -> Verdict:
    """The verdict on one outcome, given by its place.

    ``said`` are the phrases of a language, English ones by default; ``names`` what the strategies are called, by
    default their names.  ``told`` says how a number reads, by default with its standard error.
    """
    members = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
    base = _baseline(record, members)
    teller = _Teller(record, output, style, said or words(), tuple(names) or record.strategies, told)
    against = tuple(teller.against(s, base) for s in members if s != base)
    return Verdict(tuple(teller.leading(members)), against, tuple(teller.dominance(members)))


def baseline_of(record: Record, output: int) -> int:
    """The place of the baseline, or of the first strategy where the baseline does not report the outcome."""
    return _baseline(record, [s for s in range(len(record.strategies)) if record["reported"][s, output]])


def leading_of(record: Record, output: int) -> int:
    """The place of the strategy with the highest mean, of those that report the outcome."""
    return _highest(record, output, [s for s in range(len(record.strategies)) if record["reported"][s, output]])


def _highest(record: Record, output: int, members: list[int]) -> int:
    return max(members, key=lambda s: float(record["mean"][s, output]))


def _baseline(record: Record, members: list[int]) -> int:
    wanted = record.strategies.index(record.text("baseline"))
    return wanted if wanted in members else members[0]


@dataclass(frozen=True)
class _Teller:
    """Sentences about one outcome, in the phrases of a language."""

    record: Record
    output: int
    style: Style
    said: Words
    names: tuple[str, ...]
    told: Callable[[Number], str] | None = None

    def leading(self, members: list[int]) -> list[str]:
        """Which strategy has the highest mean and which is best most often, and what knowing more would be worth."""
        said, names, unit = self.said, self.names, str(self.record["unit"][self.output])
        top = _highest(self.record, self.output, members)
        rest = [s for s in members if s != top]
        same = [s for s in rest if self.record["identical"][top, s, self.output]]
        close = [s for s in rest if s not in same and not self.record["different"][top, s, self.output]]
        unknown = [s for s in close if math.isnan(self.record["mean_difference_se"][top, s, self.output])]
        near = [s for s in close if s not in unknown]
        text = said.highest_mean.format(name=names[top])
        if same:
            text += (said.so_has_one if len(same) == 1 else said.so_have_many).format(names=self._listed(same))
        if near:
            text += said.near.format(names=self._listed(near))
        if unknown:
            text += said.unknown_lead.format(names=self._listed(unknown))
        if not close and len(rest) > len(same):
            text += said.clear_lead
        best = {s: self._of(s)["prob_best"] for s in members}
        often = max(members, key=lambda s: best[s].value)
        share = self._number(best[often])
        evpi = next(iter(of_all(self.record, self.output)))
        worth = said.amount(self._number(evpi), unit)
        return [
            f"{text}{said.stop}",
            self._best(often, top, share, worth),
        ]

    def _best(self, often: int, top: int, share: str, worth: str) -> str:
        """Which strategy is best most often: against the mean where that is another."""
        same = self.told is None or often == top or self.record["identical"][often, top, self.output]
        phrase = self.said.best_of_all if same else self.said.but_best_of_all
        return phrase.format(often=self.names[often], share=share, worth=worth, top=self.names[top])

    def against(self, strategy: int, baseline: int) -> str:
        """One strategy against the baseline."""
        said, a, b = self.said, self.names[strategy], self.names[baseline]
        if self.record["identical"][strategy, baseline, self.output]:
            return said.identical.format(a=a, b=b)
        found = {number.key: number for number in of_pair(self.record, strategy, baseline, self.output)}
        parts = [said.beats.format(a=a, b=b, share=self._number(found["prob_beats"]))]
        parts.append(self._of_means(found["mean_difference"]))
        parts.append(said.comma.join(self._at(percent, found[f"p{level(percent)}_difference"]) for percent in ENDS))
        return said.semicolon.join(parts) + said.stop

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
            sentences.append(
                self.said.none_dominates.format(close=f"{CLOSE:g}")
                if self.told is None
                else self.said.nothing_dominates
            )
        elif none:
            phrase = self.said.no_other_pair if self.told is None else self.said.no_more_pairs
            sentences.append(self.said.on_trials + phrase.format(close=f"{CLOSE:g}"))
        if untold:
            sentences.append(self._untold(untold))
        return sentences

    def _dominates(self, a: int, b: int) -> str:
        """One dominating the other on these trials, which is never said to be more than a ratio and its error."""
        said, place, names = self.said, (a, b, self.output), {"a": self.names[a], "b": self.names[b]}
        first, second = self.record["dominance_ratio"][place], self.record["second_order_ratio"][place]
        if self.record["dominance_ratio_se"][place] == 0.0:
            return said.constant_more.format(**names)
        if self.told is not None and (plain := self._in_words(float(first), float(second))):
            return said.on_trials + plain.format(**names)
        within = {
            "first": self._within("dominance_ratio", place),
            "second": self._within("second_order_ratio", place),
        }
        if first == 0.0:
            return said.on_trials + said.dominates_first.format(**names, **within)
        if first <= CLOSE:
            return said.on_trials + said.dominates_both.format(**names, **within)
        return said.on_trials + said.dominates_second.format(**names, **within) if second <= CLOSE else ""

    def _in_words(self, first: float, second: float) -> str:
        """Dominance in plain words, without its ratios; empty where there is none within what is close."""
        if first <= CLOSE:
            return self.said.better_everywhere if first == 0.0 else self.said.better_nearly_everywhere
        if second <= CLOSE:
            return self.said.preferred_by_cautious if second == 0.0 else self.said.preferred_by_most_cautious
        return ""

    def _untold(self, pairs: list[tuple[int, int]]) -> str:
        listed = [self.said.pair.format(a=self.names[a], b=self.names[b]) for a, b in pairs]
        if len(listed) == 1:
            return self.said.one_untold.format(pair=listed[0])
        return self.said.many_untold.format(pairs=self.said.semicolon.join(listed))

    def _listed(self, places: list[int]) -> str:
        return self.said.listed([self.names[s] for s in places])

    def _within(self, name: str, place: tuple[int, int, int]) -> str:
        return self._text(estimate(float(self.record[name][place]), float(self.record[f"{name}_se"][place])))

    def _of(self, strategy: int) -> dict[str, Number]:
        return {number.key: number for number in of_strategy(self.record, strategy, self.output)}

    def _of_means(self, difference: Number) -> str:
        said = self.said
        if math.isnan(difference.se):
            phrase = said.mean_lower_here if difference.value < 0 else said.mean_higher_here
            return phrase.format(size=self._size(difference))
        if difference.low <= 0.0 <= difference.high:
            return said.mean_no_difference.format(size=self._text(difference.estimate))
        return (said.mean_higher if difference.value > 0 else said.mean_lower).format(size=self._size(difference))

    def _at(self, percent: float, difference: Number) -> str:
        said, place = self.said, self.said.at_percentile.format(level=level(percent))
        if math.isnan(difference.se) or difference.low <= 0.0 <= difference.high:
            return said.at_untold.format(place=place)
        phrase = said.at_better if difference.value > 0 else said.at_worse
        return phrase.format(place=place, size=self._size(difference))

    def _size(self, difference: Number) -> str:
        return self._number(replace(difference, value=abs(difference.value)))

    def _number(self, number: Number) -> str:
        return self.told(number) if self.told else self._text(number.estimate)

    def _text(self, number: Estimate) -> str:
        return number.text(self.style.plus_minus)
