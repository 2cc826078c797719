"""What a picture is asked to show, resolved against the record: outcome, strategies, words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.draws import Draws
from simengine.report.figures.wording import PictureWords, picture_words
from simengine.report.language import outcome_title, strategy_names
from simengine.report.text import printable
from simengine.results.dossier import Dossier
from simengine.results.record import Record
from simengine.scenario.names import suggest

_FEW_COUNTS = "no outcome of the result has a histogram"


@dataclass(frozen=True)
class Asked:
    """A picture as it was asked for; names are those of the scenario, None where the kind may choose.

    ``width`` is that of the drawing in its own unit; ``beside`` are strategies whose pictures have the same scale.
    """

    dossier: Dossier
    kind: str
    output: str | None
    strategy: str | None
    strategies: tuple[str, ...] | None
    other: str | None
    lang: str
    draws: Draws | None
    width: float
    beside: tuple[str, ...] = ()

    @property
    def record(self) -> Record:
        """The result."""
        return self.dossier.record

    @property
    def words(self) -> PictureWords:
        """Phrases in the language."""
        return picture_words(self.lang)

    def outcome(self) -> int:
        """The place of the outcome that is one number a trial; the first where none is named.

        Raises
        ------
        InvalidInput
            When there is none of that name.
        """
        record = self.record
        if self.output is None:
            if not record.outputs:
                raise InvalidInput(Problem("every outcome is reported period by period", hint="plot RESULT fan"))
            return 0
        if self.output in record.yearly_outputs and self.output not in record.outputs:
            hint = f"the kind fan shows {self.output!r} period by period"
            raise InvalidInput(Problem(f"there is no single number {self.output!r}", hint=hint))
        return place_of("outcome", self.output, record.outputs)

    def one_strategy(self, output: int) -> int:
        """The place of the strategy; the first that reports the outcome where none is named."""
        record = self.record
        reporting = self._reporting(output)
        if self.strategy is None and self.strategies:
            return self.several(output)[0]
        if self.strategy is None:
            return reporting[0]
        place = place_of("strategy", self.strategy, record.strategies)
        if place not in reporting:
            allowed = ", ".join(record.strategies[s] for s in reporting)
            reason = f"the strategy {self.strategy!r} does not report {record.outputs[output]!r}"
            raise InvalidInput(Problem(reason, allowed=allowed))
        return place

    def several(self, output: int) -> list[int]:
        """Places of the strategies; all that report the outcome where none is named."""
        if self.strategies is None:
            return self._reporting(output) if self.strategy is None else [self.one_strategy(output)]
        asked = {place_of("strategy", name, self.record.strategies) for name in self.strategies}
        found = [s for s in self._reporting(output) if s in asked]
        if not found:
            raise InvalidInput(Problem(f"none of these strategies reports {self.record.outputs[output]!r}"))
        return found

    def compared(self, output: int) -> list[int]:
        """Places of the strategies that share the scale of the picture, those that report the outcome."""
        asked = self.places_beside()
        return [s for s in self._reporting(output) if s in asked]

    def places_beside(self) -> list[int]:
        """Places of all strategies that share the scale of the picture."""
        return [place_of("strategy", name, self.record.strategies) for name in self.beside]

    def first_of(self, output: int, most: int) -> tuple[list[int], str]:
        """Places of as many strategies as a picture has room for, and what is said where there are more."""
        found = self.several(output)
        said = self.words.some_strategies.format(count=most, all=len(found)) if len(found) > most else ""
        return found[:most], said

    def _reporting(self, output: int) -> list[int]:
        record = self.record
        found = [s for s in range(len(record.strategies)) if record["reported"][s, output]]
        found = [s for s in found if record["histogram_counts"][s, output].sum() > 0]
        found = [s for s in found if np.isfinite(record["histogram_edges"][s, output]).sum() > 1]
        if not found:
            reason = f"no strategy has a finite value of {record.outputs[output]!r}"
            raise InvalidInput(Problem(reason, hint=_FEW_COUNTS))
        return found

    def outcome_name(self, output: int) -> str:
        """What an outcome is called."""
        return outcome_title(self.record.outputs[output], str(self.record["output_title"][output]), self.lang)

    def headline(self, phrase: str, output: int) -> str:
        """A title about an outcome; a sentence begins with a capital, a name stays as it is."""
        name = self.outcome_name(output)
        own = name == printable(self.record.outputs[output])
        return phrase.format(outcome=name if own else name[:1].upper() + name[1:])

    def unit(self, output: int) -> str:
        """The unit of an outcome."""
        return self.unit_said(str(self.record["unit"][output]))

    def unit_said(self, unit: str) -> str:
        """A unit as it is said in the language."""
        return printable(self.words.unit_of(unit))

    def strategy_name(self, strategy: int) -> str:
        """What a strategy is called."""
        return strategy_names(self.record, self.lang)[strategy]

    def subtitle(self, *parts: str, trials: int | None = None) -> str:
        """Parts and the number of trials, in one line; that of the run where no other is given."""
        count = self.record.integer("trials") if trials is None else trials
        return " · ".join(part for part in (*parts, self.words.count_of_trials(count)) if part)


def place_of(what: str, name: str, known: Sequence[str]) -> int:
    """The place of a name.

    Raises
    ------
    InvalidInput
        When there is no such name.
    """
    if name not in known:
        raise InvalidInput(Problem(f"there is no {what} {name!r}", allowed=", ".join(known), hint=suggest(name, known)))
    return list(known).index(name)
