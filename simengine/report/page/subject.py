"""What a page is about: the dossier, the language, and what things are called in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from simengine.report.input_titles import input_titles
from simengine.report.key_figures import condensed_outputs
from simengine.report.language import Words, localised, outcome_title, strategy_names
from simengine.report.page.markup import Markup, capital, code, prose, text
from simengine.report.text import printable
from simengine.results.dossier import Dossier
from simengine.results.record import Record


@dataclass(frozen=True)
class Section:
    """A part of the page: ``key`` is its anchor."""

    key: str
    title: str
    body: Markup


@dataclass(frozen=True)
class Subject:
    """A dossier in a language; ``most`` strategies have a picture of their own where there is one for each."""

    dossier: Dossier
    said: Words
    most: int = 8

    @property
    def lang(self) -> str:
        """The language of the page."""
        return self.said.lang

    @property
    def record(self) -> Record:
        """The run."""
        return self.dossier.record

    @cached_property
    def names(self) -> dict[str, str]:
        """What strategies are called, by name; those of a comparison too."""
        records = [self.dossier.comparison, self.record] if self.dossier.comparison else [self.record]
        return {
            name: shown
            for record in records
            for name, shown in zip(record.strategies, strategy_names(record, self.lang), strict=True)
        }

    @cached_property
    def input_titles(self) -> dict[str, str]:
        """What inputs without a title are called, by name."""
        return input_titles(self.record, self.lang)

    @property
    def title(self) -> str:
        """The title of the scenario."""
        return localised(self.record.text("title"), self.lang) or self.record.text("scenario")

    @property
    def pictured(self) -> tuple[int, ...]:
        """Places of the outcomes that have pictures and a table each; of a deal over years the first."""
        return tuple(range(min(len(self.record.outputs), 1 if condensed_outputs(self.record) else 99)))

    def members(self, output: int) -> list[int]:
        """Places of the strategies that report an outcome, and have a number for it."""
        there = self.record["reported"][:, output] & (self.record["finite"][:, output] > 0)
        return [s for s in range(len(self.record.strategies)) if there[s]]

    def name(self, strategy: str) -> str:
        """What a strategy is called."""
        return self.names.get(strategy, printable(strategy))

    def outcome(self, record: Record, output: int) -> str:
        """What an outcome is called."""
        return outcome_title(record.outputs[output], str(record["output_title"][output]), self.lang)

    def heading(self, name: str, title: str, unit: str) -> Markup:
        """An outcome with its name and unit, for a caption."""
        shown = outcome_title(name, title, self.lang)
        parts = [prose(capital(shown), self.lang) if shown != name else text(name)]
        parts += [code(name)] if shown != printable(name) else []
        parts += [Markup(f'<span class="unit">{text(self.said.unit_of(unit))}</span>')] if unit else []
        return Markup(" ".join(parts))

    def outcome_heading(self, record: Record, output: int) -> Markup:
        """An outcome given by its place, for a caption."""
        title, unit = str(record["output_title"][output]), str(record["unit"][output])
        return self.heading(record.outputs[output], title, unit)

    def strategy_head(self, strategy: str) -> Markup:
        """A strategy for the head of a row or column: what it is called, and its name where that is another."""
        shown = self.name(strategy)
        if shown == printable(strategy):
            return text(shown)
        return Markup(f"{prose(capital(shown), self.lang)} <code>{text(strategy)}</code>")
