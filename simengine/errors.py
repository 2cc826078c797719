"""Every failure a user can cause, with its exit status and its remedy.

This is the lowest layer: nothing here imports another part of simengine.  Library code raises one of these
types and never calls :func:`sys.exit`; the command line turns them into text and an exit status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

MAX_LISTED = 50
"""How many problems of one file are printed; the rest is counted."""

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or doubtful) in a scenario, a data file or an option.

    ``key`` is the dotted path of the value, relative to whatever raised the problem until the scenario loader
    completes it (a family knows ``sigma``, the loader knows ``inputs.V.sigma`` and the line it stands on).
    ``span`` is a half-open range of characters inside the value, for formulas.
    """

    reason: str
    key: str = ""
    value: str | None = None
    allowed: str | None = None
    hint: str | None = None
    severity: Severity = "error"
    file: str | None = None
    line: int | None = None
    column: int | None = None
    span: tuple[int, int] | None = None

    def under(self, prefix: str) -> Problem:
        """The same problem, its key prefixed by the table it was found in."""
        key = f"{prefix}.{self.key}" if self.key and prefix else self.key or prefix
        return replace(self, key=key)

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        what = self.key + (f" = {self.value}" if self.value is not None else "") if self.key else ""
        if not self.key and self.value is not None:
            what = self.value
        head = " ".join(part for part in (place + ":" if place else "", what + ":" if what else "") if part)
        text = f"{head} {self.reason}" if head else self.reason
        if self.severity != "error":
            text = f"{self.severity}: {text}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.hint:
            text += f"; hint: {self.hint}"
        return text


class SimengineError(Exception):
    """Base of all errors that simengine reports without a traceback."""

    exit_code = 1


class InvalidInput(SimengineError):
    """Something the user wrote is wrong; carries every problem found, not only the first.

    Raised by every layer that reads what a user wrote.  ``problems`` holds at least one problem of severity
    ``error``.
    """

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(list_problems(self.problems))


class DeviceError(SimengineError):
    """The requested device or scheduler is not there or does not work."""

    exit_code = 3


class DeviceLost(DeviceError):
    """A device that had been found failed while it computed: out of memory, lost, or wrong."""


class NonFiniteOutcome(SimengineError):
    """An outcome overflowed or was undefined in some trials, and the scenario says that this is an error."""

    exit_code = 4


class FileProblem(SimengineError):
    """A result could not be read or written; nothing was left half-written."""

    exit_code = 5


class Mismatch(SimengineError):
    """A stored result could not be reproduced, or a built-in check failed."""

    exit_code = 6


class CacheWarning(UserWarning):
    """What is kept between runs could not be used: the same result takes longer."""


class DeviceWarning(UserWarning):
    """A GPU could not be used, or failed: the same result was computed by the processors."""


EXIT_CODES = {
    0: "success",
    1: "an unexpected failure: a defect of simengine, please report it",
    2: "the scenario, a data file or an option is wrong; every problem is listed",
    3: "the requested device or scheduler is not available",
    4: "an outcome was not a finite number in some trials",
    5: "a file could not be read or written",
    6: "verify or --selfcheck found a difference",
    130: "interrupted",
}
"""The documented exit statuses of the command line."""


def list_problems(problems: Sequence[Problem]) -> str:
    """The text of all problems, one a line, at most :data:`MAX_LISTED` of them and a count of the rest."""
    lines = [str(problem) for problem in problems[:MAX_LISTED]]
    if len(problems) > MAX_LISTED:
        lines.append(f"and {len(problems) - MAX_LISTED} more")
    return "\n".join(lines)
