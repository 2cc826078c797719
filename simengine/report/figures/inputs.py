"""What inputs are called in pictures: by their titles; clocks, on which a hazard is used up, by what they time."""

from __future__ import annotations

from collections.abc import Sequence

from simengine.report.drivers_names import factor_name
from simengine.report.figures.lettering import in_language
from simengine.report.figures.wording import PHRASES
from simengine.report.text import printable
from simengine.results.record import Record, texts

_OF_CLOCKS = ("time of default of ", "time of default", "time of ")


def full_name(name: str, title: str, lang: str) -> str:
    """An input by its name and its title: ``V: market value``; a clock as ``time of default``."""
    if is_clock(name, title):
        words = PHRASES[lang]
        forms = (words.time_of_default_of, words.time_of_default, words.time_of)
        said = _known_as(name, title)
        begin, form = next((b, f) for b, f in zip(_OF_CLOCKS, forms, strict=True) if said.startswith(b))
        return form.format(name=said.removeprefix(begin))
    shown, plain = in_language(title, lang).strip(), printable(name)
    return plain if not shown or shown == plain else f"{plain}: {shown}"


def short_names(names: Sequence[str], titles: Sequence[str], lang: str) -> list[str]:
    """Inputs by their titles alone, with their names where they have no title or share one."""
    shown = [in_language(title, lang).strip() for title in titles]
    return [
        title if title and shown.count(title) == 1 and not is_clock(name, whole) else full_name(name, whole, lang)
        for name, title, whole in zip(names, shown, titles, strict=True)
    ]


def is_clock(name: str, title: str) -> bool:
    """Whether an input is the clock of something that happens once: its title is about the hazard, not the time."""
    return _known_as(name, title) != printable(name)


def _known_as(name: str, title: str) -> str:
    return factor_name(Record({"factor": texts([name]), "factor_title": texts([title])}, {}), 0)
