"""HTML, piece by piece: whatever a scenario says goes through :func:`text`, and nothing else makes markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NewType

from simengine.report.language import is_chinese
from simengine.report.numbers import Estimate
from simengine.report.text import printable

Markup = NewType("Markup", str)
"""Text that is HTML already."""

EMPTY = Markup("")
_DIGIT = "\N{FIGURE SPACE}"
_NAME_BEGINS, _NAME_ENDS = "\ue000", "\ue001"
"""Characters that :func:`printable` lets no label have: they stand around names within sentences."""
_NAME = re.compile(f"({_NAME_BEGINS}[^{_NAME_ENDS}]*{_NAME_ENDS})")
_HYPHEN_OF_NUMBER = re.compile(r"(?<![\w.\-])-(?=\.?\d)|(?<=\de)-(?=\d)")


def text(content: str) -> Markup:
    """Any text, as text: on one line, escaped, its control and bidi characters replaced."""
    return Markup(escape(printable(content)))


def prose(content: str, lang: str) -> Markup:
    """A text that a scenario brings along, marked as English or Chinese where the page is not."""
    if not any(char.isalpha() for char in content) or is_chinese(content) == (lang == "zh"):
        return text(content)
    return Markup(f'<span lang="{"en" if lang == "zh" else "zh-Hans"}">{text(content)}</span>')


def capital(content: str) -> str:
    """A text that begins with a capital, also where a name in bold comes first."""
    place = 1 if content.startswith(_NAME_BEGINS) else 0
    return content[:place] + content[place : place + 1].upper() + content[place + 1 :]


def join(parts: Iterable[str], between: str = "") -> Markup:
    """Pieces of markup, one after the other."""
    return Markup(between.join(parts))


def named(name: str) -> str:
    """A name within a sentence: :func:`sentence` sets it in bold."""
    return f"{_NAME_BEGINS}{printable(name)}{_NAME_ENDS}"


def sentence(content: str) -> Markup:
    """A sentence whose texts are printable, with its names in bold; no line ends between a number and its error."""
    parts = [part if part.startswith(_NAME_BEGINS) else signs(part) for part in _NAME.split(capital(content))]
    whole = "".join(parts).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")
    return Markup(escape(whole).replace(_NAME_BEGINS, "<strong>").replace(_NAME_ENDS, "</strong>"))


def paragraph(content: Markup, looks: str = "") -> Markup:
    """A paragraph; nothing where there is nothing to say."""
    return Markup(f"<p{_class(looks)}>{content}</p>") if content else EMPTY


def code(content: str) -> Markup:
    """A name or a formula."""
    return Markup(f"<code>{text(content)}</code>")


def code_name(content: str) -> Markup:
    """A name that may be broken behind its underscores."""
    return Markup(code(content).replace("_", "_<wbr>"))


def details(summary: str, body: Markup, looks: str = "") -> Markup:
    """What opens when it is asked for."""
    return Markup(f"<details{_class(looks)}><summary>{text(summary)}</summary>{body}</details>")


def items(parts: Sequence[Markup], looks: str = "") -> Markup:
    """A list; nothing where it has no items."""
    return Markup(f"<ul{_class(looks)}>{join(f'<li>{part}</li>' for part in parts)}</ul>") if parts else EMPTY


@dataclass(frozen=True)
class Column:
    """A column of a table: its header, and whether it holds numbers.  ``span`` cells stand under the header."""

    header: Markup
    number: bool = False
    span: int = 1
    looks: str = ""


def table(key: str, caption: Markup, columns: Sequence[Column], rows: Sequence[Sequence[Markup]]) -> Markup:
    """A table with caption and scopes: ``rows`` hold cells made by :func:`cell`, :func:`number` and :func:`row_head`.

    It scrolls by itself where the page is too narrow, also by the keyboard.
    """
    heads = join(
        f"<th{_class(_looks(column))}{_span(column)}{_scope(column)}>{column.header}</th>"
        if column.header
        else f"<td{_class(column.looks)}></td>"
        for column in columns
    )
    lines = join(f"<tr>{join(row)}</tr>" for row in rows)
    return Markup(
        f'<div class="scroll" role="group" tabindex="0" aria-labelledby="{key}"><table>'
        f'<caption id="{key}">{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
    )


def row_head(content: Markup, looks: str = "") -> Markup:
    """The head of a row."""
    return Markup(f'<th scope="row"{_class(looks)}>{content}</th>')


def cell(content: Markup = EMPTY, looks: str = "") -> Markup:
    """A cell of text."""
    return Markup(f"<td{_class(looks)}>{content}</td>")


def number(content: str | Estimate, *, behind: int = 0, sign: str = "") -> Markup:
    """A number, its standard error below it; ``behind`` digits are kept free behind the last one."""
    if isinstance(content, str):
        return Markup(f'<td class="n">{text(signs(content))}{text(sign)}{_room(behind)}</td>')
    error = f"<small>± {text(signs(content.error))}{_room(0)}</small>" if content.error else ""
    return Markup(f'<td class="n">{text(signs(content.value))}{text(sign)}{_room(behind)}{error}</td>')


def pair(content: Estimate | None) -> Markup:
    """A number and its standard error in two cells."""
    if content is None:
        return Markup('<td class="n"></td><td class="se"></td>')
    error = f"± {text(signs(content.error))}" if content.error else ""
    return Markup(f'<td class="n">{text(signs(content.value))}</td><td class="se">{error}</td>')


def signs(content: str) -> str:
    """Numbers with true minus signs; hyphens within words stay."""
    return _HYPHEN_OF_NUMBER.sub("−", content)


def decimals(content: str) -> int:
    """Characters from the decimal point on."""
    place = content.find(".")
    return len(content) - place if place >= 0 else 0


def aligned(numbers: Sequence[Estimate]) -> list[Markup]:
    """Cells of a column, with their decimal points below each other."""
    most = max((decimals(one.value) for one in numbers), default=0)
    return [number(one, behind=most - decimals(one.value)) for one in numbers]


def _room(characters: int) -> str:
    """As much room as a decimal point and digits take; a lone point of a number that has none is narrower."""
    if characters <= 0:
        return ""
    return f'<span class="room" aria-hidden="true">{_DIGIT * characters}</span>'


def _class(looks: str) -> str:
    return f' class="{looks}"' if looks else ""


def _looks(column: Column) -> str:
    return " ".join(part for part in ("n" if column.number else "", column.looks) if part)


def _span(column: Column) -> str:
    return f' colspan="{column.span}"' if column.span > 1 else ""


def _scope(column: Column) -> str:
    return ' scope="colgroup"' if column.span > 1 else ' scope="col"'
