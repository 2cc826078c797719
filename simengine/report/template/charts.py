"""The charts of a workbook that hold copies of numbers: which of them show what is not true any more."""

from __future__ import annotations

import re
from collections.abc import Collection

from simengine.report.template.names import Book
from simengine.report.template.package import Attributes, Broken, Package, local, parse

_CHART = re.compile(r"(?:^|/)charts?/[^/]+\.xml\Z", re.IGNORECASE)
_CACHES = ("numCache", "strCache", "multiLvlStrCache", "lvl")
"""What holds the numbers and texts that a chart was last drawn from; the last is that of the newer kinds of charts."""


def outdated_charts(package: Package, book: Book, changed: Collection[str]) -> list[str]:
    """The parts of charts with copies of numbers of the worksheets ``changed``, which are parts too.

    A chart that refers to a defined name, and one that cannot be read, may have them, and is taken to.
    """
    titles = {_quoted(sheet.title): sheet.part in changed for sheet in book.sheets}
    return [name for name in package.parts if _CHART.search(name) and _is_outdated(package, name, titles)]


def _is_outdated(package: Package, name: str, titles: dict[str, bool]) -> bool:
    reader = _Reader()
    try:
        parse(package.read(name), name, reader.start, reader.end, reader.text)
    except Broken:
        return True
    if not reader.cached:
        return False
    for formula in reader.formulas:
        text = formula.replace("'", "").casefold()
        meant = [changed for title, changed in titles.items() if f"{title}!" in text]
        if any(meant) or (formula and not meant):
            return True
    return False


def _quoted(title: str) -> str:
    """A title as it is found in a formula whose quotation marks were taken away."""
    return title.replace("'", "").casefold()


class _Reader:
    """Collects the formulas of a chart, and whether it holds what they gave."""

    def __init__(self) -> None:
        self.formulas: list[str] = []
        self.cached = False
        self._inside = False

    def start(self, tag: str, attributes: Attributes, at: int) -> None:
        name = local(tag)
        self.cached |= name in _CACHES
        self._inside = name == "f"
        if self._inside:
            self.formulas.append("")

    def end(self, tag: str, at: int) -> None:
        self._inside = False

    def text(self, text: str) -> None:
        if self._inside:
            self.formulas[-1] += text
