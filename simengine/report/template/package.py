"""The file of a workbook as what it is: a zip archive of XML parts, read with suspicion and copied part by part."""

from __future__ import annotations

import io
import posixpath
import re
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from simengine.errors import FileProblem, InvalidInput, Problem

LARGEST_FILE = 256 << 20
_LARGEST_PART = 256 << 20
_LARGEST_CONTENT = 512 << 20
_MOST_PARTS = 20_000
_MOST_DEPTH = 200
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SUFFIXES = (".xlsx", ".xlsm")
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")

_TAG = re.compile(rb"""<[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""")

Attributes = dict[str, str]


class Broken(ValueError):
    """A part is not what it should be; the text says how."""


@dataclass(frozen=True)
class Relationship:
    """What a part refers to: the kind (last word of its type), and the name of the part."""

    kind: str
    target: str
    external: bool


@dataclass(frozen=True)
class Package:
    """The parts of a workbook by name, in the order of the archive."""

    path: Path
    archive: zipfile.ZipFile
    parts: Mapping[str, zipfile.ZipInfo] = field(default_factory=dict)

    def read(self, name: str) -> bytes:
        """The content of a part.

        Raises
        ------
        Broken
            When it is missing, damaged, or larger than it says.
        """
        info = self.parts.get(name)
        if info is None:
            raise Broken(f"the part {name} is missing")
        try:
            with self.archive.open(info) as stream:
                content = stream.read(_LARGEST_PART + 1)
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
            raise Broken(f"the part {name} cannot be read: {error}") from error
        except Exception as error:  # zlib and lzma have errors of their own
            raise Broken(f"the part {name} is damaged: {error}") from error
        if len(content) > _LARGEST_PART:
            raise Broken(f"the part {name} is larger than any worksheet")
        return content

    def relationships(self, name: str) -> dict[str, Relationship]:
        """What a part (the whole package for an empty name) refers to, by id; nothing where it says nothing."""
        folder, base = posixpath.split(name)
        own = posixpath.join(folder, "_rels", f"{base}.rels")
        if own not in self.parts:
            return {}
        found: dict[str, Relationship] = {}

        def start(tag: str, attributes: Attributes, at: int) -> None:
            if local(tag) == "Relationship":
                external = attributes.get("TargetMode") == "External"
                target = attributes.get("Target", "")
                if not external:
                    target = target.removeprefix("/") if target.startswith("/") else posixpath.join(folder, target)
                    target = posixpath.normpath(target)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = Relationship(kind, target, external)

        parse(self.read(own), own, start)
        return found

    def with_changed(self, changed: Mapping[str, bytes]) -> bytes:
        """The archive with some parts replaced; all others have the bytes, order, dates and method they had."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as target:
            target.comment = self.archive.comment
            for name, info in self.parts.items():
                copy = zipfile.ZipInfo(info.filename, info.date_time)
                copy.compress_type = info.compress_type
                copy.external_attr, copy.create_system = info.external_attr, info.create_system
                copy.comment = info.comment
                target.writestr(copy, changed[name] if name in changed else self.read(name))
        return buffer.getvalue()


def open_package(path: Path) -> Package:
    """The workbook at ``path``, read into memory.

    Raises
    ------
    FileProblem
        When it cannot be read, or is encrypted, of another format, damaged, or suspiciously large.
    """
    content = _content(path)
    if content.startswith(_OLE2):
        hint = "open it in the spreadsheet program and save it as .xlsx, without a password"
        raise FileProblem(f"{path}: protected by a password, or a workbook of the old format .xls; hint: {hint}")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        listed = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FileProblem(f"{path}: no workbook, or a damaged one ({error}); hint: save it as .xlsx again") from error
    parts = {info.filename: info for info in listed}
    doubt = _doubt(listed, parts)
    if doubt:
        raise FileProblem(f"{path}: {doubt}")
    return Package(path, archive, parts)


def _content(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise FileProblem(f"{path} is not a file; give the workbook to fill")
        if found.st_size > LARGEST_FILE:
            raise FileProblem(f"{path}: larger than {LARGEST_FILE >> 20} MiB")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileProblem(f"{path}: no such file; hint: give the workbook to fill") from None
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error


def _doubt(listed: list[zipfile.ZipInfo], parts: Mapping[str, zipfile.ZipInfo]) -> str | None:
    """Why an archive is not taken for a workbook."""
    if "mimetype" in parts and "content.xml" in parts:
        return "an OpenDocument file; hint: save it as .xlsx"
    if "[Content_Types].xml" not in parts:
        return "a zip archive, but no workbook"
    if len(parts) != len(listed):
        return "two parts have the same name"
    if len(listed) > _MOST_PARTS or sum(info.file_size for info in listed) > _LARGEST_CONTENT:
        return "it unpacks to more than any workbook has; nothing was read"
    if any(info.flag_bits & 1 for info in listed):
        return "parts of it are encrypted; hint: save it without a password"
    return None


def check_suffixes(template: Path, target: Path) -> None:
    """Refuse names that say another format than that which is written.

    Raises
    ------
    InvalidInput
        With every name that does.
    """
    problems = []
    given, wanted = template.suffix.lower(), target.suffix.lower()
    if given not in SUFFIXES:
        hint = "open it in the spreadsheet program and save it as .xlsx"
        problems.append(Problem("is no workbook that can be filled", "template", str(template), "NAME.xlsx", hint))
    elif wanted != given:
        reason = f"a copy of a workbook {given} is a workbook {given}"
        problems.append(Problem(reason, "output", str(target), f"NAME{given}"))
    if problems:
        raise InvalidInput(problems)


def parse(
    content: bytes,
    name: str,
    start: Callable[[str, Attributes, int], None],
    end: Callable[[str, int], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Read XML, telling tags with the place in bytes at which they begin; nothing is ever expanded or fetched.

    Raises
    ------
    Broken
        When it is not well-formed, not UTF-8, nested beyond reason, or declares a document type or entities.
    """
    declared = _XML_ENCODING.match(content.removeprefix(b"\xef\xbb\xbf"))
    if (declared and declared[1].lower() not in (b"utf-8", b"us-ascii")) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Broken(f"the part {name} is not UTF-8")
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def refuse(*_: Any) -> None:
        raise Broken(f"the part {name} declares a document type, which no workbook does")

    def opened(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise Broken(f"the part {name} is nested more than {_MOST_DEPTH} deep")
        start(tag, attributes, parser.CurrentByteIndex)

    def closed(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(tag, parser.CurrentByteIndex)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    if text is not None:
        parser.buffer_text = True
        parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Broken(f"the part {name} is not well-formed XML: {error}") from error


def local(tag: str) -> str:
    """A tag without the prefix of its namespace."""
    return tag.rpartition(":")[2]


def tag_end(content: bytes, at: int) -> int:
    """The place just behind the tag that begins at ``at``."""
    found = _TAG.match(content, at)
    if found is None:
        raise Broken("a tag has no end")
    return found.end()
