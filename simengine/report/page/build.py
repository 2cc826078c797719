"""The page as a whole: its sections in order, the frame around them, and its style."""

from __future__ import annotations

import functools
import hashlib
from base64 import b64encode
from collections.abc import Callable
from importlib.resources import files

from simengine.report.figures.palette import DARK, LIGHT, Palette
from simengine.report.language import words
from simengine.report.page.assumptions import assumptions, formulas
from simengine.report.page.markup import Markup, code, join, prose, text
from simengine.report.page.outcomes import key_figures
from simengine.report.page.pictures import density, drivers, exceedance, years
from simengine.report.page.provenance import provenance
from simengine.report.page.risks import risk_register
from simengine.report.page.strategies import strategies
from simengine.report.page.subject import Section, Subject
from simengine.report.page.verdict import verdict
from simengine.results.dossier import Dossier

_SECTIONS: tuple[Callable[[Subject], Section | None], ...] = (
    *(verdict, key_figures, density, exceedance, drivers, years),
    *(strategies, risk_register, assumptions, formulas, provenance),
)
"""In the order of the page; a section is None where the dossier has nothing for it."""


LARGEST = 490_000
"""Bytes beyond which fewer strategies have pictures of their own."""
_PICTURES = (8, 5, 3, 2, 1, 0)
"""Strategies with pictures of their own that are tried, one after the other."""


def page_bytes(dossier: Dossier, lang: str = "en") -> bytes:
    """The report as one HTML file in UTF-8; the same dossier gives the same bytes.

    Every text of the scenario is escaped; a policy within the file forbids scripts, requests and forms.

    Parameters
    ----------
    dossier
        The result, and what was computed with it; parts that are None are left out.
    lang
        ``"en"`` or ``"zh"``.

    Raises
    ------
    InvalidInput
        When there is no such language.
    """
    for most in _PICTURES:
        subject = Subject(dossier, words(lang), most)
        found = [section for make in _SECTIONS if (section := make(subject)) is not None]
        content = _document(subject, found).encode()
        if len(content) <= LARGEST:
            break
    return content


def _document(subject: Subject, sections: list[Section]) -> str:
    said, style = subject.said, _style()
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    links = join(f'<li><a href="#{one.key}">{text(one.title)}</a></li>' for one in sections)
    body = join(
        f'<section id="{one.key}" aria-labelledby="{one.key}-title"><h2 id="{one.key}-title">{text(one.title)}</h2>'
        f"{one.body}</section>\n"
        for one in sections
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{said.tag}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        '<meta name="format-detection" content="telephone=no">\n'
        f"<title>{text(subject.title)} – {text(said.report)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#{sections[0].key}">{text(said.skip)}</a>\n'
        f"{_header(subject)}\n"
        f'<nav aria-label="{text(said.contents)}"><ul>{links}</ul></nav>\n'
        f"<main>\n{body}</main>\n{_footer(subject)}\n</body>\n</html>\n"
    )


def _header(subject: Subject) -> Markup:
    """The title and, in a line, what was run and when."""
    record, said = subject.record, subject.said
    facts = [record.text("scenario"), said.count_of_trials(record.integer("trials"))]
    facts += [said.seed_is.format(seed=record.integer("seed")), said.draws_of(record.text("sampler"))]
    facts.append(said.day_of(record.text("created")))
    return Markup(
        f'<header><p class="kicker">{text(said.report)}</p><h1>{prose(subject.title, subject.lang)}</h1>'
        f'<p class="facts">{join(map(text, facts), " · ")}</p></header>'
    )


def _footer(subject: Subject) -> Markup:
    record, said = subject.record, subject.said
    version = str(record.document("versions").get("simengine", ""))
    digest = code(f"SHA-256 {record.text('summary_digest')[:16]}")
    return Markup(f"<footer><p>{text(said.footer.format(version=version))} {digest}</p></footer>")


@functools.cache
def _style() -> str:
    """The style sheet, with the colours of the pictures."""
    sheet = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return sheet.replace("/*light*/", _properties(LIGHT)).replace("/*dark*/", _properties(DARK))


def _properties(palette: Palette) -> str:
    return "".join(f"--sim-{name}:{colour};" for name, colour in palette.by_name.items())
