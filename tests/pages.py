"""Pages taken apart, for tests: elements in their order with what they hold, by a strict reading of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "wbr", "hr", "img", "link", "input"}
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "nav", "main", "section", "footer", "div"),
    *(
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
    *("figure", "figcaption", "details", "summary", "strong", "small", "span", "code", "pre", "wbr"),
    *("svg", "desc", "g", "line", "path", "rect", "circle", "text", "polyline", "polygon", "tspan", "ellipse"),
}
"""Elements that a page is made of."""


@dataclass
class Element:
    """An element: its attributes, and children that are elements or texts."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """The element and all below it, in order."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, *tags: str) -> list[Element]:
        """Elements below it with one of these tags."""
        return [one for one in self.walk() if one.tag in tags and one is not self]

    def one(self, tag: str) -> Element:
        """The only element with this tag."""
        found = self.all(tag)
        assert len(found) == 1, (tag, len(found))
        return found[0]

    @property
    def text(self) -> str:
        """All text in it, on one line."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                apart = " " if child.tag in ("small", "code", "th", "td", "p", "li", "tr", "dt", "dd") else ""
                yield apart
                yield from child._texts()
                yield apart

    @property
    def classes(self) -> set[str]:
        """Names of its classes."""
        return set(self.attributes.get("class", "").split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.place = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        found = Element(tag, {name: value or "" for name, value in attrs}, self.place)
        self.place.children.append(found)
        if tag not in VOID:
            self.place = found

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.place.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.place))

    def handle_endtag(self, tag: str) -> None:
        assert self.place.tag == tag, f"</{tag}> within <{self.place.tag}>"
        assert self.place.parent is not None
        self.place = self.place.parent

    def handle_data(self, data: str) -> None:
        self.place.children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def parsed(page: bytes) -> Element:
    """The page as a tree; raises where an element is not closed, or closed within another."""
    reader = _Reader()
    text = page.decode("utf-8")
    assert text.startswith("<!DOCTYPE html>\n")
    reader.feed(text)
    reader.close()
    assert reader.place is reader.root, f"<{reader.place.tag}> is not closed"
    return reader.root.one("html")


def sections(page: Element) -> dict[str, Element]:
    """The sections by their anchors."""
    return {one.attributes["id"]: one for one in page.one("main").all("section")}


def table_called(page: Element, caption: str) -> Element:
    """The table with a caption that begins with a text."""
    found = [table for table in page.all("table") if table.one("caption").text.startswith(caption)]
    assert len(found) == 1, (caption, [table.one("caption").text for table in page.all("table")])
    return found[0]


def rows_of(table: Element) -> list[list[str]]:
    """The texts of the cells of the body, heads of rows included."""
    body = table.one("tbody")
    return [[cell.text for cell in row.all("th", "td")] for row in body.all("tr")]
