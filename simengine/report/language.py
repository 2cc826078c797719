"""The language of a report: its phrases, the titles of a scenario that are bilingual, and how numbers are said."""

from __future__ import annotations

import datetime
import functools
import re
import unicodedata
from collections.abc import Sequence

from simengine.errors import InvalidInput, Problem
from simengine.report.phrases import PagePhrases
from simengine.report.text import printable
from simengine.report.titles import AROUND, CHINESE
from simengine.results.record import Record

LANGUAGES = ("en", "zh")
"""English and Chinese, as ``lang`` and ``--lang`` name them."""

_BETWEEN = " / "
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CURRENCIES = {"USD": "美元", "CNY": "元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元"}
_SIZES = {"": "", "10k": "万", "thousand": "千", "million": "百万", "billion": "十亿"}
_MONEY = re.compile(rf"({'|'.join(_CURRENCIES)})(?: (\w+))?")
_PLAIN_UNITS = {"years": "年", "year": "年", "thousand": "千", "million": "百万", "a year": "每年", "months": "月"}


class Words(PagePhrases):
    """All phrases in one language, and the few rules that go with it."""

    @property
    def tag(self) -> str:
        """The language tag of a document."""
        return "zh-Hans" if self.lang == "zh" else "en"

    def listed(self, names: Sequence[str]) -> str:
        """Names in a sentence: ``a, b and c``."""
        if len(names) < 2:
            return "".join(names)
        return self.list_and.join([self.list_comma.join(names[:-1]), names[-1]])

    def percent(self, number: str) -> str:
        """A number of percent with its sign."""
        return f"{number}%" if self.lang == "zh" else f"{number} %"

    def draws_of(self, sampler: str) -> str:
        """What a sampler draws."""
        known = {name: getattr(self, name) for name in ("sobol", "random", "lhs", "antithetic")}
        return str(known.get(sampler, f"{sampler} draws"))

    def count_of_trials(self, count: int) -> str:
        """A number of trials: in Chinese by ten thousands where that is exact."""
        if count == 1:
            return self.one_trial
        if self.lang == "zh" and count >= 10_000 and count % 10_000 == 0:
            return self.ten_thousands.format(count=f"{count // 10_000:,}")
        return self.trials.format(count=f"{count:,}")

    def day_of(self, moment: str) -> str:
        """The day of a time in ISO 8601; the text itself where it is none."""
        try:
            day = datetime.datetime.fromisoformat(moment)
        except ValueError:
            return moment
        return self.date.format(day=day.day, month=_MONTHS[day.month - 1], number=day.month, year=day.year)

    def unit_of(self, unit: str) -> str:
        """A unit as it is said: amounts of money and time have Chinese names, all others stay as they are."""
        if self.lang != "zh":
            return unit
        money = _MONEY.fullmatch(unit)
        if money and (money[2] or "") in _SIZES:
            return _SIZES[money[2] or ""] + _CURRENCIES[money[1]]
        return _PLAIN_UNITS.get(unit, unit)

    def amount(self, number: str, unit: str) -> str:
        """A number with its unit, as a part of a sentence."""
        return f"{number} {printable(self.unit_of(unit))}".strip()


@functools.cache
def words(lang: str = "en") -> Words:
    """The phrases of a language.

    Raises
    ------
    InvalidInput
        When there is no such language.
    """
    if lang not in LANGUAGES:
        raise InvalidInput(Problem("there is no such language", "lang", value=lang, allowed=", ".join(LANGUAGES)))
    return Words(lang)


def localised(text: str, lang: str) -> str:
    """A title in a language: the part of ``中文 / English`` that is in it, and what the engine calls things itself.

    A text that is neither stays as it is.
    """
    if lang == "zh" and text in CHINESE:
        return CHINESE[text]
    for before, behind, chinese in AROUND:
        if text.startswith(before) and text.endswith(behind) and len(text) > len(before) + len(behind):
            name = _half(text[len(before) : len(text) - len(behind)], lang)
            return chinese.format(name) if lang == "zh" else f"{before}{name}{behind}"
    return _half(text, lang)


def _half(text: str, lang: str) -> str:
    """The half of a bilingual title that is in a language; all of a text that is not bilingual."""
    head, between, tail = text.partition(_BETWEEN)
    if not between or is_chinese(head) == is_chinese(tail):
        return text
    return (head if is_chinese(head) == (lang == "zh") else tail).strip() or text


def is_chinese(text: str) -> bool:
    """Whether any character of a text is a Chinese one."""
    return any(char > "\u2e7f" and unicodedata.name(char, "").startswith("CJK ") for char in text)


def strategy_names(record: Record, lang: str) -> tuple[str, ...]:
    """What strategies are called: by title where they have one, with the name behind it where two share a title."""
    titles = [localised(printable(str(title)), lang).strip() for title in record["strategy_title"]]
    return tuple(
        (title if titles.count(title) == 1 else f"{title} ({printable(name)})") if title else printable(name)
        for title, name in zip(titles, record.strategies, strict=True)
    )


def outcome_title(name: str, title: str, lang: str) -> str:
    """What an outcome is called: its title, or its name where it has none."""
    return printable(localised(title, lang) or name)
