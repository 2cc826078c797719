"""Standard output and standard error: what they can show, and writing to them without surprises."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

import click

from simengine import settings
from simengine.errors import FileProblem
from simengine.report.text import Style

PIPED_WIDTH = 100
"""Characters per line where no terminal says how wide it is."""
_NARROWEST = 40


class NobodyReads(Exception):
    """Whoever read standard output has seen enough; not an OSError, which click would turn into a failure."""


def style_of() -> Style:
    """What standard output can show."""
    stream = sys.stdout
    found = settings.read()
    terminal = is_terminal(stream)
    width = found.columns or (_terminal_width(stream) if terminal else None) or PIPED_WIDTH
    return Style(width=max(width, _NARROWEST), unicode=_encodes(stream, "±▁█─"), color=terminal and found.color)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at the stream; None is one that was closed before the program began."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed since
        return False


def write(text: str) -> None:
    """Print ``text`` and a newline to standard output.

    Characters that its encoding lacks are replaced.

    Raises
    ------
    FileProblem
        When standard output cannot be written (a full disk, ``/dev/full``).
    NobodyReads
        When nobody reads it any more; the command line ends quietly then.
    """
    if _closed(sys.stdout):
        raise FileProblem("cannot write to standard output: it is closed")
    try:
        click.echo(_shown(text, sys.stdout))
        sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise NobodyReads from error
        silence(sys.stdout)
        raise FileProblem(f"cannot write to standard output: {error.strerror or error}") from error


def say(text: str) -> None:
    """Print ``text`` to standard error, unless that is closed or full."""
    try:
        click.echo(_shown(text, sys.stderr), err=True)
    except (OSError, ValueError):
        if sys.stderr is not None:
            silence(sys.stderr)


def flush() -> None:
    """Write what standard output still holds."""
    if not _closed(sys.stdout):
        sys.stdout.flush()


def silence(stream: TextIO) -> None:
    """Send what is still buffered in ``stream`` nowhere, so that the end of the program is not another failure."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        return


def ascii_only() -> bool:
    """Whether standard output cannot show arbitrary text."""
    return not _encodes(sys.stdout, "智")


def _closed(stream: TextIO | None) -> bool:
    return stream is None or stream.closed


def _shown(text: str, stream: TextIO | None) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        plain = text.replace("±", "+/-").replace("…", "..").replace("─", "-").replace("–", "-")
        return plain.encode("ascii", "replace").decode("ascii")
    return text


def _encodes(stream: TextIO | None, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _terminal_width(stream: TextIO) -> int | None:
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None
