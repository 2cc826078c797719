"""From a path to parsed TOML: what may be read, in which encoding, and how large and deep it may be.

``tomllib`` needs quadratic time on a key of many parts and overflows the stack on deep nesting, so the text is
scanned once before it sees it.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from simengine.errors import InvalidInput, Problem
from simengine.scenario import syntax

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_KEY_PARTS = 16
MAX_WORD = 320
MAX_TABLES = 20_000
MAX_ENTRIES = 20_000

_TOKEN = re.compile(
    r"""
      (?P<comment>  \#[^\n]*+ )
    | (?P<string>   \"{3}(?:[^\"\\]++|\\.|\"(?!\"\"))*+\"{3,5} | '{3}(?:[^']++|'(?!''))*+'{3,5}
                  | \"(?:[^\\\"\n]++|\\[^\n])*+\" | '[^'\n]*+' )
    | (?P<unclosed> [\"'] )
    | (?P<open>     [\[{] )
    | (?P<close>    [\]}] )
    | (?P<dot>      \. )
    | (?P<end>      [\n=,] )
    | (?P<word>     [A-Za-z0-9_+\-]++ )
    """,
    re.VERBOSE | re.DOTALL,
)
_ACCENT = re.compile(rb"[A-Za-z][\xc0-\xff][A-Za-z]")
_RUN = re.compile(rb"[\x80-\xff]{4}")


@dataclass(frozen=True, eq=False)
class Source:
    """One text that was read: ``file`` is the name shown in problems, ``folder`` what its paths are relative to.

    ``has_lines`` is False for values that came from options.
    """

    file: str
    folder: Path | None
    text: str
    data: dict[str, object]
    has_lines: bool = True


def read_file(path: Path, shown: str | None = None) -> Source:
    """Read and parse a scenario file.

    Raises
    ------
    InvalidInput
        The file is missing, not a regular file, too large, not UTF-8, or not TOML.
    """
    shown = shown or str(path)
    return parse_text(decode(_read_bytes(path, shown), shown), shown, path.parent)


def parse_text(text: str, file: str, folder: Path | None) -> Source:
    """Parse a TOML text that is already in memory.

    Raises
    ------
    InvalidInput
        The text is too large, nested too deeply, or not TOML.
    """
    text = text.removeprefix("\ufeff")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        line, column = syntax.line_and_column(text, error.start)
        raise InvalidInput(Problem("half a character", file=file, line=line, column=column)) from None
    if size > MAX_BYTES:
        raise InvalidInput(Problem("the text is too large", allowed="at most 1 MiB", file=file))
    _guard(text, file)
    try:
        return Source(file, folder, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(syntax.explain(text, str(error), file)) from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(Problem(f"the text cannot be read as TOML ({error})", file=file)) from None


def parse_value(text: str) -> object:
    """The value of an option such as ``--set inputs.V=...``: TOML where it is TOML, else the text itself.

    Raises
    ------
    InvalidInput
        The text is too long or nested too deeply.
    """
    if len(text) > MAX_BYTES:
        raise InvalidInput(Problem("the value is too long", allowed="at most 1 MiB"))
    line = f"value = {text}"
    _guard(line, None)
    try:
        data = tomllib.loads(line)
    except ValueError:
        return text
    return data["value"] if len(data) == 1 else text


def _read_bytes(path: Path, shown: str) -> bytes:
    def refuse(reason: str, allowed: str | None = None, hint: str | None = None) -> InvalidInput:
        return InvalidInput(Problem(reason, allowed=allowed, hint=hint, file=shown))

    try:
        # Opening a FIFO without O_NONBLOCK would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise refuse("there is no such file", hint=_similar_file(path)) from None
    except PermissionError:
        if path.is_dir():  # what Windows says of a folder
            raise refuse("this is a folder", allowed="a TOML file") from None
        raise refuse("the file may not be read", hint="check its permissions") from None
    except (OSError, ValueError) as error:
        raise refuse(f"the file cannot be opened ({getattr(error, 'strerror', None) or error})") from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise refuse("this is a folder", allowed="a TOML file")
        if not stat.S_ISREG(status.st_mode):
            raise refuse("this is a pipe or a device", allowed="a regular file")
        if status.st_size > MAX_BYTES:
            raise refuse(f"the file has {status.st_size:,} bytes", allowed="at most 1 MiB")
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise refuse(f"the file cannot be read ({error.strerror or error})") from None
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise refuse("the file grew while it was read", allowed="at most 1 MiB")
    return data


def _similar_file(path: Path) -> str | None:
    from simengine.scenario.names import nearest

    try:
        names = sorted(entry.name for entry in path.parent.glob("*.toml"))
    except OSError:
        return None
    similar = nearest(path.name, names)
    return f"did you mean {similar!r}?" if similar else None


def decode(data: bytes, shown: str) -> str:
    """UTF-8 text with or without a byte order mark; other encodings are named and refused.

    Raises
    ------
    InvalidInput
        The bytes are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good, wrong = data[: error.start], data[error.start]
        line = good.count(b"\n") + 1
        column = len(good[good.rfind(b"\n") + 1 :].decode("utf-8-sig", "replace")) + 1
    encoding = _guess(data)
    found = f"it looks like {encoding}" if encoding else f"byte 0x{wrong:02x} is not valid there"
    raise InvalidInput(
        Problem(
            f"the file is not UTF-8: {found}",
            allowed="UTF-8",
            hint="save it again as UTF-8 in the editor"
            + (f", or convert it: iconv -f {encoding} -t UTF-8" if encoding else ""),
            file=shown,
            line=None if encoding and encoding.startswith("UTF") else line,
            column=None if encoding and encoding.startswith("UTF") else column,
        )
    )


def _guess(data: bytes) -> str | None:
    for mark, encoding in (
        (b"\xff\xfe\x00\x00", "UTF-32"),
        (b"\x00\x00\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ):
        if data.startswith(mark):
            return encoding
    if data.count(0) > len(data) // 4:
        return "UTF-16LE" if data[1::2].count(0) > data[::2].count(0) else "UTF-16BE"
    if _western(data):
        return "CP1252"
    for encoding in ("gb18030", "big5", "shift_jis"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(character.isprintable() or character.isspace() for character in text):
            return {"gb18030": "GBK"}.get(encoding, encoding)
    return None


def _western(data: bytes) -> bool:
    """Whether a byte of an accented letter stands between two ASCII letters, and no long run of such bytes anywhere.

    GBK decodes the bytes of "für" in Windows-1252 without complaint; Chinese text has runs of bytes beyond ASCII.
    """
    return bool(_ACCENT.search(data)) and not _RUN.search(data)


def _guard(text: str, file: str | None) -> None:
    """Refuse what would make the parser slow or overflow: depth, keys of many parts, endless words, NUL."""

    def refuse(position: int, reason: str, allowed: str) -> None:
        line, column = syntax.line_and_column(text, position)
        raise InvalidInput(Problem(reason, allowed=allowed, file=file, line=line, column=column))

    nul = text.find("\0")
    if nul >= 0:
        refuse(nul, "there is a NUL character", "text")
    depth = dots = tables = entries = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "unclosed":
            return  # the parser stops here too, and says so
        if kind == "open":
            depth, dots = depth + 1, 0
            if depth > MAX_DEPTH:
                refuse(token.start(), f"brackets are nested more than {MAX_DEPTH} deep", f"at most {MAX_DEPTH}")
        elif kind == "close":
            depth, dots = max(depth - 1, 0), 0
            tables += 1
            if tables > MAX_TABLES:
                refuse(token.start(), f"more than {MAX_TABLES:,} tables and lists", f"at most {MAX_TABLES:,}")
        elif kind == "dot":
            dots += 1
            if dots > MAX_KEY_PARTS:
                refuse(token.start(), f"a key of more than {MAX_KEY_PARTS} parts", f"at most {MAX_KEY_PARTS} parts")
        elif kind == "end":
            dots = 0
            entries += token.group() == "="
            if entries > MAX_ENTRIES:
                refuse(token.start(), f"more than {MAX_ENTRIES:,} values are given", f"at most {MAX_ENTRIES:,}")
        elif kind == "word" and token.end() - token.start() > MAX_WORD:
            length = token.end() - token.start()
            what = "a number" if token.group()[0] in "0123456789+-" else "a name"
            refuse(token.start(), f"{what} of {length:,} characters", f"at most {MAX_WORD} characters")
