"""What inputs are called in pictures: by their titles; clocks, on which a hazard is used up, by what they time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from simengine.report.drivers_names import factor_name
from simengine.report.figures.wording import picture_words
from simengine.report.input_titles import again, input_titles, internal_draws
from simengine.report.language import localised
from simengine.report.text import printable
from simengine.report.titles import CHINESE
from simengine.results.record import Record, texts

_DEFAULT, _DEFAULT_OF, _TIME_OF = "time of default", "time of default of ", "time of "
_OF_PERIOD = re.compile(r".+_(?P<number>\d+)")
_AGAIN = re.compile(r".+_(?P<number>\d+)_clock")
_EVENT = "hazard used up when it happens: "


def known_titles(record: Record, names: Sequence[str], titles: Sequence[str], lang: str) -> list[str]:
    """Titles of inputs; of those that have none what the key of the input in a run means."""
    known = input_titles(record, lang)
    behind = chances(record, lang)
    return [behind.get(name) or title or known.get(name, "") for name, title in zip(names, titles, strict=True)]


def chances(record: Record, lang: str) -> dict[str, str]:
    """What the draws are called that decide whether something happens, by name; people see the event instead."""
    return {name: said for name, said in internal_draws(record, lang).items() if name.endswith("_chance")}


def probability_of(record: Record, strategy: int, event: str) -> float:
    """How probable something is that happens or does not in a strategy, on average; NaN where the record has it not."""
    listed = record["input_strategies"].tolist()
    here = [k for k, names in enumerate(listed) if record.strategies[strategy] in str(names).split(", ")]
    named = {str(record["input_name"][k]): k for k in here}
    keyed = {str(record["input_key"][k]): k for k in here}
    place = named.get(event)
    if place is None and (chance := named.get(f"{event.removesuffix('_strikes')}_chance")) is not None:
        place = keyed.get(f"{record['input_key'][chance]}.probability")
    return math.nan if place is None else float(record["input_mean"][place])


def full_name(name: str, title: str, lang: str) -> str:
    """An input by its name and its title: ``V: market value``."""
    shown, plain = _title(name, title, lang), printable(name)
    return plain if not shown or shown == plain else f"{plain}: {shown}"


def short_names(names: Sequence[str], titles: Sequence[str], lang: str) -> list[str]:
    """Inputs by their titles alone, with their names where they have no title or share one."""
    shown = [_title(name, title, lang) for name, title in zip(names, titles, strict=True)]
    return [
        said if said and shown.count(said) == 1 else _told_apart(name, title, said, lang)
        for name, title, said in zip(names, titles, shown, strict=True)
    ]


def _told_apart(name: str, title: str, said: str, lang: str) -> str:
    """An input that shares its title: as the second or third time that something happens, by period, or by its name."""
    if said and is_clock(name, title):
        numbered = _AGAIN.fullmatch(name)
        return again(said, numbered["number"] if numbered else "1", lang)
    drawn = _OF_PERIOD.fullmatch(name)
    if drawn and title in CHINESE:  # the engine gives one title to all draws of a quantity
        return picture_words(lang).of_period.format(what=said, number=drawn["number"])
    return full_name(name, title, lang)


def is_clock(name: str, title: str) -> bool:
    """Whether an input is the clock of something that happens once: its title is about the hazard, not the time."""
    return _known_as(name, title) != printable(name)


def _title(name: str, title: str, lang: str) -> str:
    """The title in the language; of a clock that of what it times."""
    if not is_clock(name, title):
        return printable(localised(title, lang)).strip()
    words, said = picture_words(lang), _known_as(name, title)
    if said == _DEFAULT:
        return words.time_of_default
    if said.startswith(_DEFAULT_OF):
        return words.time_of_default_of.format(name=said.removeprefix(_DEFAULT_OF))
    event = printable(localised(title.removeprefix(_EVENT), lang)) if title.startswith(_EVENT) else ""
    return words.time_of.format(name=event.strip() or said.removeprefix(_TIME_OF))


def _known_as(name: str, title: str) -> str:
    return factor_name(Record({"factor": texts([name]), "factor_title": texts([title])}, {}), 0)
