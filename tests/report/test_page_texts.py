"""Texts of the page: whatever a scenario says stays text, and a Chinese page is Chinese throughout."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dossiers import DEAL, YEARLY, dossier_of
from pages import ALLOWED, Element, parsed, sections

from simengine.report.page import page_bytes
from simengine.report.page.markup import named, sentence, text
from simengine.results.dossier import Dossier
from simengine.results.record import Record
from simengine.results.record import texts as texts_of

HOSTILE = {
    "formula": "=cmd|' /C calc'!A0",
    "script": "<script>alert(1)</script>",
    "closing": "</script></style></title><img src=x onerror=alert(1)>",
    "attribute": "\" onload='x' data-x=\"",
    "entity": "&lt;b&gt; &#0; &amp",
    "control": "\a bell \x1b[31m \x00 \x85 \u2028",
    "bidi": "\u202eevil\u2066 \u200fx",
    "private": "\ue000bold?\ue001 \ue002",
    "long": "x" * 200,
    "wide": "市" * 200,
    "emoji": "🚀 up & away 👩‍🔬",
    "braces": "{name} {0} {count!r} %s",
    "comment": "<!-- --> ]]> <![CDATA[",
    "link": "javascript:alert(1) https://example.org",
}
INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\u200b-\u200f\ue000-\uf8ff]")
MARK = "any-text"
TEMPLATE = """
[scenario]
name = "hostile"
title = "any-text"
description = "any-text"
[inputs.V]
dist = "lognormal"
p10 = 620
p90 = 1600
title = "any-text"
unit = "any-text"
source = "any-text"
[inputs]
D = "0.4 to 0.9"
R = 0.9
L = 0.05
[risks.leak]
title = "any-text"
probability = 0.2
severity = { dist = "uniform", min = 0.1, max = 0.3 }
[outputs]
T = { title = "any-text", unit = "any-text" }
[strategies.a]
title = "any-text"
[strategies.b]
title = "any-text too"
"inputs.V.scale" = 1.1
"""


def put(value: Any, content: str) -> Any:
    """``content`` in the place of the mark, within whatever a dossier holds."""
    if isinstance(value, str):
        return value.replace(MARK, content)
    if isinstance(value, dict):
        return {key: put(part, content) for key, part in value.items()}
    if isinstance(value, list):
        return [put(part, content) for part in value]
    if isinstance(value, np.ndarray) and value.dtype == object:
        return texts_of([put(part, content) for part in value.tolist()])
    return value


def with_text(dossier: Dossier, content: str) -> Dossier:
    """The dossier of a scenario that says ``content`` wherever it may, also what the reader of scenarios refuses."""

    def record(found: Record) -> Record:
        attrs = {name: value if _is_json(value) else put(value, content) for name, value in found.attrs.items()}
        return replace(found, values={name: put(value, content) for name, value in found.values.items()}, attrs=attrs)

    parts = record(dossier.record), record(dossier.comparison), record(dossier.drivers)
    return Dossier(*parts, put(dossier.register, content))


def _is_json(value: object) -> bool:
    return isinstance(value, str) and value[:1] in ("{", "[")


@pytest.fixture(scope="module")
def plain() -> Dossier:
    return dossier_of(TEMPLATE, trials=500)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_stay_text(plain, kind):
    dossier = with_text(plain, HOSTILE[kind])
    for lang in ("en", "zh"):
        content = page_bytes(dossier, lang)
        page = parsed(content)
        assert {one.tag for one in page.walk()} <= ALLOWED
        for one in page.walk():
            assert not [name for name in one.attributes if name.startswith("on") or name in ("src", "style", "data-x")]
            assert one.attributes.get("href", "#").startswith("#")
            assert one.tag != "strong" or one.parent.tag in ("p", "li", "caption")
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200e\u200f\ue000-\uf8ff]", content.decode()
        )
        assert len(page.all("section")) == 10
        assert len(content) < 500_000


@pytest.mark.parametrize("kind", ["formula", "script", "entity", "emoji", "braces", "long", "comment", "link"])
def test_hostile_texts_are_shown_as_they_are(plain, kind):
    page = parsed(page_bytes(with_text(plain, HOSTILE[kind])))
    shown = HOSTILE[kind].replace("\N{ZERO WIDTH JOINER}", "\N{REPLACEMENT CHARACTER}")
    assert page.one("h1").text == shown
    assert shown in sections(page)["assumptions"].text
    assert shown in sections(page)["risks"].text
    assert shown.lower() in sections(page)["verdict"].text.lower()


def test_names_within_sentences_cannot_be_forged():
    assert sentence(f"{named('a')} beats {named('b')}.") == "<strong>A</strong> beats <strong>b</strong>."
    assert "<strong>" not in text("\ue000a\ue001")
    assert sentence(named("\ue001<b>\ue000")) == "<strong>\ufffd&lt;b&gt;\ufffd</strong>"


ALLOWED_WORDS = re.compile(r"P\d[\d.]*|CVaR\d*|VaR|EVPI|Sobol|SHA|simengine|plot|UTC|P|USD|CNY|thousand")
"""Terms that are the same in Chinese texts of the field, and the names and units of the scenarios below."""


def chinese_texts(element: Element) -> list[str]:
    """Texts that a Chinese reader is meant to read: without code, commands and what is marked as English."""
    if element.tag in ("code", "pre", "style", "title") or element.attributes.get("lang") == "en":
        return []
    if element.classes & {"dist", "source", "facts", "formula"}:  # descriptions of distributions are code as well
        return []
    found = []
    for child in element.children:
        found += [child] if isinstance(child, str) else chinese_texts(child)
    return found


@pytest.mark.parametrize("source", [DEAL, YEARLY], ids=["deal", "yearly"])
def test_no_english_is_left_on_a_chinese_page(source):
    source = source.replace('title = "value of the deal"', 'title = "净现值 / value"')
    dossier = dossier_of(source)
    page = parsed(page_bytes(dossier, "zh"))
    names = {*dossier.record.strategies, *dossier.record["input_name"].tolist(), dossier.record.text("scenario")}
    names |= {*dossier.record.outputs, *dossier.record.yearly_outputs}
    names |= {str(factor) for factor in dossier.drivers["factor"]}
    left = set()
    for content in chinese_texts(page.one("body")):
        for name in sorted(names, key=len, reverse=True):
            content = re.sub(rf"(?<![a-z_]){re.escape(name)}(?![a-z_])", " ", content, flags=re.IGNORECASE)
        words = re.findall(r"(?<![\w.])[A-Z_][\w.]*(?!…|\w)", content, flags=re.ASCII | re.IGNORECASE)  # … is cut
        left |= {word for word in words if not ALLOWED_WORDS.fullmatch(word)}
    assert not left
    for one in page.all("p", "dd", "td", "li"):
        assert not re.search(r"\d %", one.text)  # in Chinese the sign follows at once


def test_an_english_page_marks_what_is_chinese():
    page = parsed(page_bytes(dossier_of(DEAL)))
    marked = [one for one in page.all("span") if one.attributes.get("lang") == "zh-Hans"]
    assert "带保护的授权" in {one.text for one in marked}
